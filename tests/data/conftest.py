"""Fixtures that write the small files of clip_files.py."""

import pytest
from clip_files import write_clip, write_embedded


@pytest.fixture(scope="session")
def make_clip():
    return write_clip


@pytest.fixture(scope="session")
def make_embedded():
    return write_embedded
