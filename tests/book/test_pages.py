"""The rendered pages load nothing from elsewhere, and their links and pictures are whole."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {
    "script": "src",
    "img": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
}


class Page(HTMLParser):
    """Collects what a page loads, where it links, its ids, and its pictures."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.images: list[dict] = []
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids |= {found[key] for key in ("id", "name") if found.get(key)}
        if found.get(LOADS.get(tag, "")):
            self.loads.append(found[LOADS[tag]])
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag == "img":
            self.images.append(found)


@cache
def parsed(path: Path) -> Page:
    """A page, read once: the one of the package's functions links to itself thousands of times."""
    return Page(path)


def test_page_loads_only_its_own_files(html, page):
    loads = parsed(html / f"{page}.html").loads
    assert loads
    for address in loads:
        parts = urlsplit(address)
        assert parts.scheme in ("", "data"), address
        assert not parts.netloc, address
        if not parts.scheme:
            assert (html / unquote(parts.path)).exists(), address


def test_page_names_no_content_network(html, page):
    text = (html / f"{page}.html").read_text()
    assert not re.search(r"unpkg\.com|jsdelivr|cdnjs|googleapis", text)


def test_tables_are_drawn_as_tables(html, page):
    """A table that a cell prints as Markdown must not come out as a paragraph of bars."""
    text = re.sub(r"<pre>.*?</pre>", "", (html / f"{page}.html").read_text(), flags=re.S)
    assert not re.search(r"\|\s*:?(—|-{3,}):?\s*\|", text)


def test_links_lead_somewhere(html, page):
    for link in parsed(html / f"{page}.html").links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = html / unquote(parts.path) if parts.path else html / f"{page}.html"
        assert target.exists(), link
        if parts.fragment and target.suffix == ".html":
            assert unquote(parts.fragment) in parsed(target).ids | {""}, link


def test_pictures_have_alt_text(html, page):
    silent = [
        image.get("src", "")[:60]
        for image in parsed(html / f"{page}.html").images
        if not image.get("alt")
    ]
    assert not silent


def test_api_page_has_every_package(html):
    text = (html / "api.html").read_text()
    for name in (
        "thlab.audio.time_warping",
        "thlab.corpus",
        "thlab.data",
        "thlab.explore.strip",
        "thlab.face",
    ):
        assert name in text, name
