"""The book's files, as its own tools see them."""

import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book" / "tools"))


def toc_pages() -> list[str]:
    toc = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text())
    return [toc["root"], *(chapter["file"] for chapter in toc["chapters"])]


@pytest.fixture(scope="session")
def html() -> Path:
    """The rendered book, or a failure that says how to render it."""
    folder = ROOT / "_build" / "html"
    if not (folder / "intro.html").exists():
        pytest.fail("the book is not rendered: run `make book` first")
    return folder


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that ask for `notebook` run for each chapter, for `page` for each page."""
    if "notebook" in metafunc.fixturenames:
        paths = sorted((ROOT / "book").glob("*.ipynb"))
        assert paths, "book/ has no chapters"
        metafunc.parametrize("notebook", paths, ids=[p.stem for p in paths])
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", toc_pages())
