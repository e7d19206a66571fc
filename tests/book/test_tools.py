"""The book's own tools: staging keeps what a reader's run made, the API page is right."""

import api_page
import nbformat
import pytest
import run_notebooks
import stage


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A small book with one chapter and one stored model, and a folder for its copy."""
    folder = tmp_path / "book"
    (folder / "static" / "models").mkdir(parents=True)
    (folder / "static" / "models" / "m.onnx.js").write_text("stored")
    (folder / "a.md").write_text("# A")
    (tmp_path / "constraints.txt").write_text("")
    write_chapter(
        folder / "one.ipynb", "import os; print(6 * 7, os.path.basename(os.environ['THLAB_BOOK']))"
    )
    for module in (stage, run_notebooks):
        monkeypatch.setattr(module, "BOOK", folder)
    monkeypatch.setenv("THLAB_PRESET", "fast")
    monkeypatch.setenv("THLAB_BOOK", "")
    return folder


def write_chapter(path, source):
    cell = nbformat.v4.new_code_cell(source, id="a")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)


def test_stage_copies_the_book_and_forgets_what_it_lost(book, tmp_path):
    copy = tmp_path / "copy"
    stage.stage(copy)
    (book / "a.md").unlink()
    stage.stage(copy)
    assert not (copy / "a.md").exists()
    assert (copy / "api.md").read_text().startswith("# API")
    assert (copy / "static" / "models" / "m.onnx.js").read_text() == "stored"


def test_chapter_runs_in_the_copy_once_and_again_when_it_changes(book, tmp_path, capsys):
    copy = tmp_path / "copy"
    before = (book / "one.ipynb").read_bytes()
    run_notebooks.run_copy(copy)
    (copy / "static" / "models").mkdir(parents=True, exist_ok=True)
    (copy / "static" / "models" / "m.onnx.js").write_text("own")
    printed = nbformat.read(copy / "one.ipynb", as_version=4).cells[0].outputs[0].text
    assert printed == "42 copy\n"
    assert (book / "one.ipynb").read_bytes() == before
    run_notebooks.run_copy(copy)
    assert "one: unchanged, not executed again" in capsys.readouterr().out
    assert (copy / "static" / "models" / "m.onnx.js").read_text() == "own"
    write_chapter(book / "one.ipynb", "print('new')")
    run_notebooks.run_copy(copy)
    assert nbformat.read(copy / "one.ipynb", as_version=4).cells[0].outputs[0].text == "new\n"


def test_failing_cell_ends_the_run_and_leaves_the_stored_chapter(book, tmp_path):
    write_chapter(book / "one.ipynb", "1 / 0")
    before = (book / "one.ipynb").read_bytes()
    with pytest.raises(SystemExit, match="ZeroDivisionError"):
        run_notebooks.run_in_place([book / "one.ipynb"])
    assert (book / "one.ipynb").read_bytes() == before


def test_stored_widgets_keep_what_was_set(book):
    write_chapter(
        book / "one.ipynb", "import ipywidgets as w\nw.IntSlider(value=3, description='frame')"
    )
    run_notebooks.run_in_place([book / "one.ipynb"])
    state = nbformat.read(book / "one.ipynb", as_version=4).metadata["widgets"]
    models = next(iter(state.values()))["state"].values()
    slider = next(m["state"] for m in models if m["model_name"] == "IntSliderModel")
    assert (slider["value"], slider["description"]) == (3, "frame")
    assert all(value is not None for model in models for value in model["state"].values())


def test_docstring_becomes_markdown_with_links():
    text = api_page.prose(
        "Cost d(a_i, b_j), Eq. 1 of [ji2021].\n\n    x = 1\n\nSee `a_b`. Chapter: book/dtw.ipynb"
    )
    assert text == (
        "Cost d(a\\_i, b\\_j), Eq. 1 of {cite}`ji2021`.\n\n"
        "```text\nx = 1\n```\n\n"
        "See `a_b`. Chapter: {doc}`dtw`"
    )


def test_api_page_lists_what_is_public(tmp_path):
    package = tmp_path / "thlab" / "part"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('"""A part."""\n')
    (package / "room.py").write_text(
        '"""A room."""\n'
        'def seen(x: int) -> int:\n    """What is seen.\n\n    Chapter: book/dtw.ipynb\n    """\n'
        'def step():\n    """A hidden step."""\n'
        'class Kept:\n    """A record."""\n    def ask(self):\n        """An answer."""\n'
    )
    page = api_page.api_page(tmp_path)
    assert "## thlab.part\n\nA part." in page
    assert "### thlab.part.room\n\nA room." in page
    assert "seen(x: int) -> int" in page
    assert "class Kept" in page
    assert "`ask(self)`: An answer." in page
    assert "hidden" not in page
