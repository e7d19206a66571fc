"""open_splits: what a corpus says itself, else by speaker, else by clip.

Never is one speaker or clip in two splits.
"""

from dataclasses import replace

import pytest

from thlab.data import Corpus, corpora, open_splits


def unsplit(found: Corpus, speakers: int) -> Corpus:
    """The corpus as `thlab.data.prepare` leaves a real one: no split, so many speakers."""
    names = found.speakers[:speakers]
    return Corpus(
        found.name,
        [replace(clip, split=None) for clip in found if clip.speaker in names],
        found.table,
    )


def test_the_corpus_splits_itself(tiny_corpus):
    splits = open_splits(tiny_corpus)
    assert [len(splits[name].speakers) for name in ("train", "val", "test")] == [4, 1, 1]


@pytest.mark.parametrize(("speakers", "by"), [(6, "speaker"), (2, "id")])
def test_what_has_no_split_is_dealt_by_speaker_or_by_clip(tiny_corpus, monkeypatch, speakers, by):
    found = unsplit(corpora.open_corpus("embedded", tiny_corpus, check="none"), speakers)
    monkeypatch.setattr(corpora, "open_corpus", lambda *_, **__: found)
    splits = open_splits(tiny_corpus)
    groups = [{getattr(clip, by) for clip in split} for split in splits.values()]
    assert all(groups)
    assert sum(map(len, groups)) == len(set.union(*groups))
    assert sum(map(len, splits.values())) == len(found)
    assert [c.id for c in splits["test"]] == [c.id for c in open_splits(tiny_corpus)["test"]]


def test_an_unknown_corpus_is_named(tmp_path):
    with pytest.raises(
        ValueError,
        match="enormous: neither a folder of prepared clips nor one of tiny",
    ):
        open_splits("enormous")
