"""The digest of code: what changes it, and what does not."""

import sys

import pytest

from thlab.evaluation.source import imported_modules, source_digest


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a module of a package called thlab, for the digest, and give its digest."""
    import thlab

    monkeypatch.setattr(thlab, "__path__", [*thlab.__path__, str(tmp_path)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def digest(name, text, of="one"):
        from thlab.evaluation import source

        (tmp_path / f"{name}.py").write_text(text)
        for kept in (source._imports, source._code, source._is_module):
            kept.cache_clear()
        return source_digest([f"thlab.{of}"])

    return digest


def test_comments_docstrings_and_layout_do_not_count(write):
    first = write("one", "def f(x):\n    return x + 1\n")
    assert (
        write("one", '"""What it does."""\n\n\ndef f(x):  # why\n    """Doc."""\n    return x+1\n')
        == first
    )
    assert write("one", "def f(x):\n    return x + 2\n") != first


def test_what_is_imported_counts_wherever_it_is_imported(write):
    write("two", "A = 1\n", of="two")
    first = write("one", "def f():\n    from thlab.two import A\n    return A\n")
    assert write("two", "A = 2\n") != first
    assert write("three", "A = 2\n") == write("three", "A = 3\n")  # nobody imports it


def test_modules_of_a_training():
    found = imported_modules(["thlab.nn.face_encoder"])
    assert {"thlab.nn.face_encoder", "thlab.nn.blocks"} <= found
    assert not any(
        name.startswith(("thlab.papers", "thlab.explore", "thlab.cli")) for name in found
    )
    with pytest.raises(ValueError, match=r"no module thlab\.nowhere"):
        source_digest(["thlab.nowhere"])
