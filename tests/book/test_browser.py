"""Every page in headless Chromium without network, over http and from file://, light and dark."""

import functools
import http.server
import os
import threading
from pathlib import Path

import browser as system_browser
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "_build" / "screenshots"
LOCAL = ("http://127.0.0.1:", "file:", "data:", "blob:", "about:")

# one picture as text, through a canvas: the same for <img> and <canvas>, and allowed from file://
PICTURE = """e => { const c = document.createElement('canvas'); c.width = e.naturalWidth || e.width;
c.height = e.naturalHeight || e.height;
c.getContext('2d').drawImage(e, 0, 0);
return c.toDataURL(); }"""

# of each text's colour to the nearest painted background below it, WCAG 2.1; the worst one and its
# text
CONTRAST = """() => {
const rgb = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
const light = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => v / 255)
  .map((v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  return .2126 * r + .7152 * g + .0722 * b; };
const painted = (e) => { while (e) { const c = rgb(getComputedStyle(e).backgroundColor);
  if (c.length === 3 || c[3] > .9) return c; e = e.parentElement; } return [255, 255, 255]; };
const texts = 'p, li, td, th, figcaption, .caption-text, .thlab-live label, [role=status]';
const kinds = `main :is(${texts})`;
const all = [...document.querySelectorAll(kinds)]
  .filter((e) => e.offsetParent && e.textContent.trim());
const contrasts = all.map((e) => {
  const lights = [light(rgb(getComputedStyle(e).color)), light(painted(e))];
  const [a, b] = lights.sort((x, y) => y - x);
  return [(a + .05) / (b + .05), e.textContent.trim().slice(0, 60)]; });
return contrasts.sort((x, y) => x[0] - y[0])[0]; }"""

pytestmark = pytest.mark.browser


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    program = system_browser.find()
    if program is None:
        pytest.fail(system_browser.HELP)
    arguments = [
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        "--disable-background-networking",
    ]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium's sandbox does not run as root
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=arguments)
        yield running
        running.close()


@pytest.fixture(scope="module")
def addresses(html):
    """Where the book lies: scheme -> address of its folder."""
    handler = functools.partial(QuietHandler, directory=str(html))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield {"http": f"http://127.0.0.1:{server.server_port}/", "file": html.as_uri() + "/"}
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def opened(chromium, addresses, page, scheme, theme):
    """The page, opened.

    Anything that goes wrong in it is collected in `problems` and fails the test at its end.
    """
    problems = []
    context = chromium.new_context(color_scheme=theme, viewport={"width": 1200, "height": 900})
    tab = context.new_page()
    tab.on(
        "request",
        lambda r: (
            None if r.url.startswith(LOCAL) else problems.append(f"left the machine: {r.url}")
        ),
    )
    tab.on("requestfailed", lambda r: problems.append(f"{r.url}: {r.failure}"))
    tab.on(
        "response", lambda r: problems.append(f"{r.status} {r.url}") if r.status >= 400 else None
    )
    tab.on(
        "console", lambda m: problems.append(f"console: {m.text}") if m.type == "error" else None
    )
    tab.on("pageerror", lambda e: problems.append(f"script: {e}"))
    tab.goto(f"{addresses[scheme]}{page}.html", wait_until="load")
    yield tab
    context.close()
    assert problems == []


def picture(element) -> str:
    return element.evaluate(PICTURE)


def shown(tab, strip) -> str:
    """The strip's picture, once the widget has redrawn."""
    tab.wait_for_timeout(200)
    images = strip.locator("img")
    assert images.count() == 1
    return picture(images)


def wait_for_change(tab, read, before, seconds=10):
    for _ in range(seconds * 10):
        if read() != before:
            return read()
        tab.wait_for_timeout(100)
    pytest.fail("the picture did not change")


def check_equations(tab):
    if tab.locator(".math").count() == 0:
        return  # MathJax is loaded where there is a formula
    tab.wait_for_function(
        "window.MathJax && MathJax.startup && MathJax.startup.promise", timeout=20_000
    )
    tab.evaluate("MathJax.startup.promise")
    # widget labels may add containers of their own, so each formula is looked at
    untouched = tab.evaluate(
        "[...document.querySelectorAll('.math')]"
        ".filter(m => !m.querySelector('mjx-container')).length"
    )
    assert untouched == 0
    assert tab.locator("mjx-merror").count() == 0


def check_strip(tab, strip):
    strip.locator("img").wait_for(timeout=20_000)
    handle = strip.locator(".noUi-handle")
    bar = strip.locator(".noUi-base")
    handle.scroll_into_view_if_needed()
    first = shown(tab, strip)
    assert strip.locator("img").get_attribute("alt")
    assert handle.get_attribute("aria-label")

    place = bar.bounding_box()
    width = bar.bounding_box()["width"]
    y = place["y"] + place["height"] / 2
    tab.mouse.move(place["x"], y)
    tab.mouse.down()
    tab.mouse.move(place["x"] + width / 2, y, steps=4)
    middle = shown(tab, strip)
    tab.mouse.move(place["x"] + width, y, steps=4)
    tab.mouse.up()
    last = shown(tab, strip)
    assert len({first, middle, last}) == 3, "dragging does not change the picture"

    handle.focus()
    tab.keyboard.press("Home")
    assert shown(tab, strip) == first
    tab.keyboard.press("ArrowRight")
    assert shown(tab, strip) != first, "the arrow key does not change the picture"

    buttons = strip.locator(".widget-play button")
    if buttons.count():
        before = shown(tab, strip)
        buttons.first.click()
        wait_for_change(tab, lambda: shown(tab, strip), before)
        buttons.first.click()


def check_live(tab, figure):
    figure.scroll_into_view_if_needed()
    tab.wait_for_function(
        "f => ['ready', 'failed'].includes(f.dataset.state)",
        arg=figure.element_handle(),
        timeout=60_000,
    )
    assert figure.get_attribute("data-state") == "ready", figure.locator(
        "[role=status]"
    ).text_content()
    canvas = figure.locator("canvas")
    assert canvas.get_attribute("aria-label")
    start = picture(canvas)
    sliders = figure.locator("label input[type=range]")
    for i in range(sliders.count()):
        before = picture(canvas)
        sliders.nth(i).focus()
        tab.keyboard.press("End")
        wait_for_change(tab, lambda: picture(canvas), before)
    place = sliders.first.bounding_box()
    before = picture(canvas)
    tab.mouse.click(place["x"] + place["width"] * 0.2, place["y"] + place["height"] / 2)
    wait_for_change(tab, lambda: picture(canvas), before)
    for i in range(figure.locator("label select").count()):
        before = picture(canvas)
        figure.locator("label select").nth(i).select_option(index=1)
        wait_for_change(tab, lambda: picture(canvas), before)
    figure.get_by_role("button", name="Reset").click()
    wait_for_change(tab, lambda: picture(canvas) == start, False)


@pytest.mark.parametrize("scheme", ["http", "file"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_page_is_alive_offline(opened, page, scheme, theme):
    assert opened.evaluate("document.documentElement.dataset.theme") == theme
    check_equations(opened)
    strips = opened.locator(".thlab-strip")
    figures = opened.locator("figure.thlab-live")
    state = opened.locator("script[type='application/vnd.jupyter.widget-state+json']")
    if state.count() and "thlab-strip" in (state.first.text_content() or ""):
        strips.first.wait_for(timeout=20_000)
    for i in range(strips.count()):
        check_strip(opened, strips.nth(i))
    for i in range(figures.count()):
        check_live(opened, figures.nth(i))
    silent = opened.evaluate(
        "[...document.querySelectorAll('main img')]"
        ".filter(i => !i.alt).map(i => i.src.slice(0, 80))"
    )
    assert silent == []
    contrast, text = opened.evaluate(CONTRAST)
    assert contrast >= 4.5, text
    if scheme == "http":
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        opened.evaluate("window.scrollTo(0, 0)")
        opened.wait_for_timeout(300)
        height = min(opened.evaluate("document.documentElement.scrollHeight"), 20_000)
        top = {"x": 0, "y": 0, "width": 1200, "height": height}
        opened.screenshot(path=SCREENSHOTS / f"{page}-{theme}.png", full_page=True, clip=top)


@pytest.mark.parametrize(
    ("chapter", "strips", "figures"),
    [
        ("sound-and-faces", 1, 1),
        ("dtw", 1, 0),
        ("priors", 1, 1),
        ("latent-kl", 1, 1),
        ("davs", 1, 1),
        ("evp-disentangle", 0, 1),
        ("evp-portrait", 1, 1),
    ],
)
def test_chapter_has_its_widgets(html, chapter, strips, figures):
    text = (html / f"{chapter}.html").read_text()
    assert text.count('"thlab-strip"') >= strips
    assert text.count('class="thlab-live"') >= figures
