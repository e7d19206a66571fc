"""What the tests of [ji2021] share: speech and faces of the tiny corpus."""

import pytest


@pytest.fixture(scope="session")
def speeches(tiny_corpus):
    from thlab.data import open_splits
    from thlab.papers.evp.speech import load_speeches

    return load_speeches(open_splits("tiny"), False)


@pytest.fixture(scope="session")
def pairs(speeches):
    from thlab.papers.evp.pairs import pseudo_pairs

    return pseudo_pairs(speeches.train)


@pytest.fixture(scope="session")
def faces(speeches):
    """Of both splits, some clips' landmarks."""
    from thlab.papers.evp.landmarks.data import spoken_landmarks

    of_train = spoken_landmarks(speeches.train, range(0, len(speeches.train.texts), 2))
    return of_train, spoken_landmarks(speeches.val, range(len(speeches.val.texts)))
