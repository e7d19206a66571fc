"""Which corpus is made: version 2, on which the committed weights were trained, or 3, which is being built.

Version 3 differs in its people, sentences, sound and looks; code that makes it asks NEXT. Once all weights are trained
on it, version 2 goes, and this switch with it.
"""

import os

CORPUS_VERSION = os.environ.get("THLAB_CORPUS_VERSION", "2")
NEXT = CORPUS_VERSION == "3"
if CORPUS_VERSION not in ("2", "3"):
    raise ValueError(f"THLAB_CORPUS_VERSION={CORPUS_VERSION}: there are 2 and 3")


def check_version(name: str, version: str | None) -> None:
    """ValueError where a clip is of the version that is not made here: people and moods look otherwise."""
    if version != CORPUS_VERSION:
        hint = f"set THLAB_CORPUS_VERSION={version}, or build it again"
        raise ValueError(f"{name} is of corpus version {version}, and {CORPUS_VERSION} is made here: {hint}")
