"""The version of the corpus: it changes when a clip's bytes do."""

CORPUS_VERSION = "3"


def check_version(name: str, version: str | None) -> None:
    """ValueError where a corpus or clip is of a version that is not made here.

    Its people, sentences and moods are others.
    """
    if version != CORPUS_VERSION:
        made = f"version {CORPUS_VERSION} is made here"
        ask = "build it again, in another folder"
        raise ValueError(f"{name} is of corpus version {version}, and {made}: {ask}")
