"""The book holds together: chapters follow the template, links lead somewhere."""

import base64
import re
from pathlib import Path

import yaml
from chapter import METADATA, SECTIONS, meta_box, read
from results_page import BUILT

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
IMAGES = ("image/png", "image/jpeg", "image/svg+xml")


def code_cells(notebook: Path) -> list:
    return [cell for cell in read(notebook).cells if cell.cell_type == "code"]


def markdown(notebook: Path) -> str:
    return "\n\n".join(cell.source for cell in read(notebook).cells if cell.cell_type == "markdown")


def section(notebook: Path, name: str) -> list:
    """The cells from one second-level heading to the next."""
    inside = False
    found = []
    for cell in read(notebook).cells:
        if cell.cell_type == "markdown" and re.search(r"^## ", cell.source, re.M):
            inside = cell.source.startswith(f"## {name}")
        if inside:
            found.append(cell)
    return found


def outputs(notebook: Path) -> list[tuple]:
    return [(cell, output) for cell in code_cells(notebook) for output in cell.outputs]


def test_metadata_is_complete(notebook):
    meta = read(notebook).metadata["thlab"]
    assert set(meta) == set(METADATA)
    for key, kind in METADATA.items():
        assert isinstance(meta[key], kind), key
    assert meta["minutes_cpu"] <= 2.5, "a chapter takes at most 150 s in the preset fast"


def test_page_agrees_with_metadata(notebook):
    meta = read(notebook).metadata["thlab"]
    first = read(notebook).cells[0].source
    assert first.startswith(f"# {meta['title']}\n")
    assert meta_box(meta) in first
    words = "\n".join(cell.source for cell in section(notebook, "Objectives"))
    assert 3 <= len(meta["objectives"]) <= 5
    assert re.findall(r"^- (.+)$", words, re.M) == meta["objectives"]
    needs = "\n".join(cell.source for cell in section(notebook, "Prerequisites"))
    for need in meta["prerequisites"]:
        assert need in needs


def test_sections_follow_the_template(notebook):
    headings = re.findall(r"^## (.+)$", markdown(notebook), re.M)
    places = [
        next((i for i, h in enumerate(headings) if h.startswith(name)), None) for name in SECTIONS
    ]
    missing = [name for name, place in zip(SECTIONS, places, strict=True) if place is None]
    assert not missing, f"no such sections: {missing}"
    assert places == sorted(places), headings


def test_cells_were_run_in_order(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_no_output_is_an_error_or_a_warning(notebook):
    for cell, output in outputs(notebook):
        assert output.output_type != "error", cell.source
        assert output.get("name") != "stderr", f"{cell.source}\n{output.get('text')}"


def test_output_pictures_have_alt_text(notebook):
    for cell, output in outputs(notebook):
        data = output.get("data", {})
        if any(kind in data for kind in IMAGES) and "text/html" not in data:
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) >= 20, f"this cell's metadata needs mystnb.image.alt:\n{cell.source}"


def test_written_pictures_have_alt_text():
    for path in [*BOOK.glob("*.md"), *BOOK.glob("*.ipynb")]:
        text = path.read_text() if path.suffix == ".md" else markdown(path)
        assert not re.search(r"!\[\s*\]\(", text), path
        for directive in re.findall(
            r"^(?:`{3,}|:{3,})\{(?:figure|image)\}.*?^(?:`{3,}|:{3,})\s*$", text, re.M | re.S
        ):
            assert re.search(r"^:alt: \S", directive, re.M), directive


def test_figures_and_notebook_are_small(notebook):
    assert notebook.stat().st_size <= 1_500_000
    for cell, output in outputs(notebook):
        for kind in IMAGES[:2]:
            size = len(base64.b64decode(output.get("data", {}).get(kind, "")))
            assert size <= 300_000, f"{size} bytes:\n{cell.source}"


def test_exercises_have_hidden_tested_solutions(notebook):
    cells = section(notebook, "Exercises")
    starts = [i for i, cell in enumerate(cells) if cell.source.startswith("### ")]
    assert len(starts) >= 3
    for start, end in zip(starts, [*starts[1:], len(cells)], strict=True):
        hidden = [cell for cell in cells[start:end] if "hide-cell" in cell.metadata.get("tags", [])]
        assert hidden, f"no solution tagged hide-cell: {cells[start].source}"
        assert any("assert" in cell.source for cell in hidden), (
            f"untested solution: {cells[start].source}"
        )


def test_check_cells_check(notebook):
    assert any(
        "assert" in cell.source
        for cell in section(notebook, "Check yourself")
        if cell.cell_type == "code"
    )


def test_every_page_of_the_table_exists():
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text())
    pages = [toc["root"], *(chapter["file"] for chapter in toc["chapters"])]
    made = {"api", "claims", *(f"results-{key}" for key in BUILT)}  # by book/tools/stage.py
    missing = [
        p
        for p in pages
        if p not in made and not any((BOOK / f"{p}{end}").exists() for end in (".md", ".ipynb"))
    ]
    assert not missing
    listed = {path.stem for path in BOOK.glob("*.ipynb")} - set(pages)
    assert not listed, "chapters that the table of contents leaves out"
