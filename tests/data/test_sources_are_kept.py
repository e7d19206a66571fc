"""Nothing of the user's is overwritten: inputs, existing outputs, folders of recordings."""

import os
import shutil

import pytest

from thlab.cli import main
from thlab.data import open_corpus
from thlab.data.prepare import attempt, prepare
from thlab.inference import check_paths


@pytest.fixture
def speech(tiny_corpus, tmp_path):
    """A folder of the user's: a film with sound, its sound alone, a picture."""
    clip = open_corpus("embedded", tiny_corpus, check="none")[0]
    for name, source in (("film.mp4", clip.path), ("sound.wav", clip.audio_path)):
        shutil.copy(source, tmp_path / name)
    (tmp_path / "face.png").write_bytes(b"a picture that is never opened")
    return tmp_path


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("paper", ["priors", "stochastic", "davs"])
@pytest.mark.parametrize("overwrite", [(), ("--overwrite",)])
def test_an_output_that_is_its_own_input_is_refused(paper, overwrite, speech, capsys):
    before = contents(speech)
    command = [
        "generate",
        "--paper",
        paper,
        "--audio",
        str(speech / "film.mp4"),
        "--image",
        str(speech / "face.png"),
    ]
    assert main([*command, "-o", str(speech / "film.mp4"), *overwrite]) == 2
    assert "film.mp4 is the input" in capsys.readouterr().err
    assert contents(speech) == before


def test_the_film_whose_lips_are_read_is_kept(speech, capsys):
    film = str(speech / "film.mp4")
    before = contents(speech)
    command = [
        "generate",
        "--paper",
        "davs",
        "--video",
        film,
        "--image",
        str(speech / "face.png"),
        "-o",
        film,
    ]
    assert main([*command, "--overwrite"]) == 2
    assert "film.mp4 is the input" in capsys.readouterr().err
    assert contents(speech) == before


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_link_to_an_input_is_that_input(link, speech):
    link(speech / "film.mp4", speech / "other.mp4")
    with pytest.raises(ValueError, match=r"other\.mp4 is the input .*film\.mp4 itself"):
        check_paths([speech / "other.mp4"], [speech / "film.mp4"], overwrite=True)


@pytest.mark.parametrize("paper", ["priors", "stochastic", "davs"])
def test_an_output_that_exists_needs_overwrite(paper, speech, capsys):
    shutil.copy(speech / "film.mp4", speech / "out.mp4")
    before = contents(speech)
    command = [
        "generate",
        "--paper",
        paper,
        "--audio",
        str(speech / "sound.wav"),
        "--image",
        str(speech / "face.png"),
    ]
    assert main([*command, "-o", str(speech / "out.mp4")]) == 2
    assert "out.mp4 exists already: give another name, or --overwrite" in capsys.readouterr().err
    assert contents(speech) == before


def test_one_of_several_takes_that_exists_stops_all(speech, capsys):
    shutil.copy(speech / "film.mp4", speech / "out-2.mp4")
    before = contents(speech)
    command = [
        "generate",
        "--paper",
        "stochastic",
        "--audio",
        str(speech / "sound.wav"),
        "--samples",
        "3",
    ]
    assert main([*command, "--image", str(speech / "face.png"), "-o", str(speech / "out.mp4")]) == 2
    assert "out-2.mp4 exists already" in capsys.readouterr().err
    assert contents(speech) == before


def test_a_folder_is_never_overwritten(speech):
    (speech / "out.mp4").mkdir()
    with pytest.raises(ValueError, match="is no file"):
        check_paths([speech / "out.mp4"], [speech / "sound.wav"], overwrite=True)


def test_what_may_be_written_passes(speech):
    check_paths([speech / "new.mp4"], [speech / "sound.wav"])
    shutil.copy(speech / "film.mp4", speech / "out.mp4")
    check_paths([speech / "out.mp4"], [speech / "sound.wav"], overwrite=True)


@pytest.mark.parametrize("out", [".", "VideoFlash", "link"])
def test_a_preparation_into_its_own_recordings_is_refused(out, tmp_path, make_clip):
    root = tmp_path / "root"
    make_clip(root / "VideoFlash/1001_DFA_ANG_XX.flv")
    make_clip(root / "AudioWAV/1001_DFA_ANG_XX.wav")
    (root / "link").symlink_to(root / "AudioWAV")
    before = sorted(root.rglob("*"))
    with pytest.raises(
        ValueError,
        match="holds the recordings themselves: prepare into another folder",
    ):
        prepare("cremad", root, root / out, size=64)
    assert sorted(root.rglob("*")) == before


def test_both_splits_of_lrw_are_kept_apart(tmp_path, make_clip):
    for split in ("train", "val", "test"):
        make_clip(tmp_path / f"ABOUT/{split}/ABOUT_00001.mp4", 1.16)
    corpus = open_corpus("lrw", tmp_path)
    assert [clip.id for clip in corpus] == [
        "test_ABOUT_00001",
        "train_ABOUT_00001",
        "val_ABOUT_00001",
    ]


def test_a_second_clip_of_one_id_is_an_error(tmp_path, make_clip):
    for file in ("s1/bbaf2n.mpg", "s1/video/bbaf2n.mpg"):
        make_clip(tmp_path / file, 3.0, rate=44100)
    corpus = open_corpus("grid", tmp_path)
    assert [clip.id for clip in corpus] == ["s1_bbaf2n"]
    (row,) = corpus.unusable
    assert row["reason"] == "its id s1_bbaf2n is also that of s1/bbaf2n.mpg"
    assert row["path"] == "s1/video/bbaf2n.mpg"


def test_whatever_one_file_does_the_others_are_read_and_prepared(tmp_path, make_clip, monkeypatch):
    for name in ("1001_DFA_ANG_XX", "1002_DFA_ANG_XX"):
        make_clip(tmp_path / f"AudioWAV/{name}.wav")
    from thlab.data import corpora

    def check(clip, how):
        if clip.speaker == "1001":
            raise RuntimeError("a library fell over")

    monkeypatch.setattr(corpora, "check_clip", check)
    corpus = open_corpus("cremad", tmp_path)
    assert [clip.speaker for clip in corpus] == ["1002"]
    assert corpus.unusable[0]["reason"] == "RuntimeError: a library fell over"
    monkeypatch.undo()

    def fail(clip, out, size):
        raise TypeError("float() argument must be a string or a real number")

    monkeypatch.setattr("thlab.data.prepare.prepare_clip", fail)
    row = attempt(corpus[0], tmp_path / "out", 64)
    assert row["reason"].startswith("TypeError: float() argument")


def test_a_film_without_duration_or_rate_is_a_row_of_the_table(tmp_path, make_clip):
    import av
    import numpy as np

    make_clip(tmp_path / "root/VideoFlash/1002_DFA_ANG_XX.flv")
    film = tmp_path / "root/VideoFlash/1001_DFA_ANG_XX.flv"
    with av.open(
        str(film),
        "w",
        format="flv",
        options={"flvflags": "no_duration_filesize+no_metadata"},
    ) as container:
        stream = container.add_stream("flv", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        black = np.zeros((48, 64, 3), np.uint8)
        for _ in range(2):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(black, format="rgb24")))
        container.mux(stream.encode())
    counts = prepare("cremad", tmp_path / "root", tmp_path / "out", size=64)
    assert counts == {"prepared": 0, "skipped": 0, "unusable": 2}  # neither shows a face
    assert (tmp_path / "out/unusable.jsonl").read_text().count("\n") == 2
