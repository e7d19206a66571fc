"""open_corpus on the embedded layout and on any: what is refused, checked and dealt to whom."""

import pytest

from thlab.data import Segment, open_corpus, split_speakers
from thlab.data.readers import READERS


def reasons(corpus) -> dict[str, str]:
    return {row["path"]: row["reason"] for row in corpus.unusable}


def test_embedded(tmp_path, make_embedded, make_clip):
    make_embedded(tmp_path, ["s00_happy_01", "s01_sad_01", "s02_fear_01"])
    make_clip(tmp_path / "stray.mp4")
    (tmp_path / "s02_fear_01.wav").unlink()
    corpus = open_corpus("embedded", tmp_path)
    assert [clip.split for clip in corpus] == ["train", "val"]
    clip = corpus[0]
    assert (clip.speaker, clip.emotion, clip.intensity, clip.text) == (
        "s00",
        "happy",
        0.5,
        "bin blue",
    )
    assert clip.words == (Segment(0.1, 0.4, "bin"), Segment(0.4, 0.9, "blue"))
    assert clip.phones[1].label == "ɪ"
    assert clip.labels["landmarks"].shape == (25, 68, 2)
    assert len(clip.audio) == 16000
    assert reasons(corpus)["stray.mp4"].startswith("no 'stray'")
    assert "No such file" in reasons(corpus)["s02_fear_01.mp4"]


def test_embedded_that_was_really_built(tiny_corpus):
    corpus = open_corpus("embedded", tiny_corpus)
    assert corpus.unusable == []
    assert len(corpus) == 6 * 8 * 4
    clip = corpus[0]
    assert len(clip.audio) == 640 * len(clip.frames)
    assert len(clip.labels["viseme"]) == len(clip.frames)
    assert clip.timed
    assert len(clip.words) == 6
    splits = {
        s: {c.speaker for c in open_corpus("embedded", tiny_corpus, check="none", split=s)}
        for s in ("train", "val", "test")
    }
    assert sum(map(len, splits.values())) == len(set.union(*splits.values())) == 6


def test_a_manifest_that_is_none(tmp_path, make_embedded):
    make_embedded(tmp_path, ["s00_happy_01"])
    (tmp_path / "manifest.jsonl").write_text("{broken\n")
    with pytest.raises(ValueError, match=r"manifest\.jsonl.*build the corpus again"):
        open_corpus("embedded", tmp_path)


def test_wrong_names_and_roots(tmp_path):
    with pytest.raises(ValueError, match="no corpus 'grit': known are grid, cremad"):
        open_corpus("grit", tmp_path)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        open_corpus("grid", tmp_path / "missing")
    with pytest.raises(ValueError, match="check='all' is none of decode, probe, none"):
        open_corpus("grid", tmp_path, check="all")
    for name, reader in READERS.items():
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            open_corpus(name, tmp_path)
        assert reader.expects in str(caught.value)


def test_checks_grow_stricter(tmp_path, make_clip):
    make_clip(tmp_path / "s1/video/bbaf2n.mpg", 3.0, rate=44100)
    make_clip(tmp_path / "s1/video/bbaf3n.mpg", 1.0, rate=44100)  # truncated: only decoding tells
    (tmp_path / "s1/video/bbaf4n.mpg").write_bytes(b"nothing")  # no stream: a probe tells
    for check, usable in (("none", 3), ("probe", 2), ("decode", 1)):
        assert len(open_corpus("grid", tmp_path, check=check)) == usable


def test_workers_change_nothing(tmp_path, make_embedded):
    make_embedded(tmp_path, [f"s{i:02}_happy_01" for i in range(6)])
    (tmp_path / "s03_happy_01.wav").write_bytes(b"")
    one, many = (open_corpus("embedded", tmp_path, workers=n) for n in (1, 4))
    assert one.table == many.table
    assert (len(one), len(one.speakers)) == (5, 5)
    (unusable,) = one.unusable
    assert (unusable["path"], unusable["reason"]) == ("s03_happy_01.mp4", "empty file")


def test_a_corpus_gives_fresh_clips(tmp_path, make_embedded):
    corpus = open_corpus(
        "embedded",
        make_embedded(tmp_path, [f"s{i:02}_happy_01" for i in range(3)]),
    )
    assert corpus[0] is not corpus[0]
    _ = corpus[0].frames
    assert "_video" not in vars(corpus[0])
    assert [clip.id for clip in corpus[1:]] == ["s01_happy_01", "s02_happy_01"]


@pytest.mark.parametrize("counts", [(28, 3, 3), (73, 9, 9), (1, 0, 0)])
def test_split_speakers(counts):
    names = [f"s{i}" for i in range(sum(counts))]
    dealt = split_speakers(names, counts, seed=0)
    assert [len(dealt[split]) for split in ("train", "val", "test")] == list(counts)
    assert sorted(name for part in dealt.values() for name in part) == sorted(names)
    assert dealt == split_speakers(reversed(names * 2), counts, seed=0)
    assert sum(counts) == 1 or dealt != split_speakers(names, counts, seed=1)


@pytest.mark.parametrize("counts", [(28, 3, 3), (2, 1), (5, -1, 1), ()])
def test_split_speakers_that_do_not_add_up(counts):
    with pytest.raises(ValueError, match="5 found"):
        split_speakers("abcde", counts, seed=0)


def test_open_a_split_by_speakers(tmp_path, make_clip):
    for i in range(5):
        for name in ("bbaf2n", "bbaf3n"):
            make_clip(tmp_path / f"s{i}/video/{name}.mpg", 0.4, rate=44100)
    counts = (3, 1, 1)
    dealt = split_speakers([f"s{i}" for i in range(5)], counts, 4)
    parts = {}
    for s in ("train", "val", "test"):
        parts[s] = open_corpus("grid", tmp_path, "none", split=s, counts=counts, seed=4)
        assert parts[s].speakers == sorted(dealt[s])
    assert {s: len(part) for s, part in parts.items()} == {"train": 6, "val": 2, "test": 2}
    assert {row["split"] for row in parts["val"].table} == {"train", "val", "test"}
    with pytest.raises(ValueError, match=r"28\+3\+3 speakers asked for, 5 found"):
        open_corpus("grid", tmp_path, "none", split="train")
    with pytest.raises(ValueError, match="no split 'dev' in grid"):
        open_corpus("grid", tmp_path, "none", split="dev", counts=(3, 1, 1))
    assert len(open_corpus("grid", tmp_path).unusable) == 10
