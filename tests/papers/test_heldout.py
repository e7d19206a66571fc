"""What the corpus holds out of its training speakers: never trained on, yet opened."""

import json

import pytest

from thlab.data import open_corpus, open_splits
from thlab.papers import PAPERS, load_paper


@pytest.fixture(scope="module")
def held(tiny_corpus) -> set[str]:
    """Ids of what the manifest holds out."""
    rows = [json.loads(line) for line in (tiny_corpus / "manifest.jsonl").read_text().splitlines()]
    return {row["id"] for row in rows if row["heldout"]}


def trained_ids(data) -> set[str]:
    """Ids of the clips in what a paper's `load` gives to its trainings."""
    train = getattr(data, "train", data)
    return set(getattr(train, "tensors", train).ids)


@pytest.mark.parametrize("key", PAPERS)
def test_no_paper_trains_on_what_is_held_out(key, tiny_corpus, held):
    splits = open_splits(tiny_corpus)
    ids = trained_ids(load_paper(key).load(splits, False))
    assert ids == {clip.id for clip in splits["train"]}
    assert ids.isdisjoint(held)


def test_it_is_opened_by_its_name(tiny_corpus, held):
    assert len(held) == 4 * 8  # one of four sentences of each of four speakers, in eight emotions
    opened = open_corpus("embedded", tiny_corpus, check="none", split="heldout")
    assert {clip.id for clip in opened} == held
    assert opened.speakers == open_splits(tiny_corpus)["train"].speakers
