"""Fixtures that every test may use: the real clips, and a tiny corpus built once a session."""

import os
from pathlib import Path

import beartype
import pytest
from jaxtyping import install_import_hook
from PIL import Image

# every jaxtyping annotation in thlab is checked by beartype while tests run; an int may stand for a
# float (PEP 484)
beartype.with_tower = beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))
install_import_hook("thlab", "beartype.with_tower")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real clips, or a skip that says what to set."""
    root = os.environ.get("THLAB_REAL_DATA")
    if not root:
        ask = "point it at a folder with grid/ and ravdess/ to run this test"
        pytest.skip(f"THLAB_REAL_DATA is not set: {ask}")
    path = Path(root)
    if not (path / "grid").is_dir():
        pytest.fail(f"THLAB_REAL_DATA={root} has no grid/ folder")
    return path


@pytest.fixture(scope="session")
def tiny_corpus() -> Path:
    """Root of the embedded corpus's `tiny` preset in the `face` view, built where it is missing."""
    from thlab.corpus import ensure

    return ensure("tiny", view="face")


@pytest.fixture(scope="session")
def clip(tiny_corpus):
    """The first clip of the tiny corpus."""
    from thlab.data import open_corpus

    return open_corpus("embedded", tiny_corpus, check="none")[0]


@pytest.fixture
def face(clip, tmp_path) -> Path:
    """A picture file: frame 1 of the first clip."""
    Image.fromarray(clip.frames[0]).save(tmp_path / "face.png")
    return tmp_path / "face.png"
