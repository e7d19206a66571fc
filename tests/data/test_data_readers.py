"""Each reader on small files in its corpus's official layout; wrong names and texts."""

import math
from pathlib import Path

import pytest

from thlab.data import Clip, Segment, open_corpus
from thlab.data.readers.grid import words_of

ALIGN_ROWS = [
    "0 2000 sil",
    "2000 5000 bin",
    "5000 8000 blue",
    "8000 10000 at",
    "10000 12000 f",
    "12000 15000 two",
]
ALIGN = "".join(f"{row}\r\n" for row in ALIGN_ROWS)
ALIGN += "15000 20000 now\r\n20000 74500 sil\r\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, newline="")
    return path


def only(corpus) -> Clip:
    assert corpus.unusable == []
    assert len(corpus) == 1
    return corpus[0]


def reasons(corpus) -> dict[str, str]:
    return {Path(row["path"]).name: row["reason"] for row in corpus.unusable}


@pytest.mark.parametrize(
    ("video", "align"),
    [
        ("s1/video/bbaf2n.mpg", "s1/align/bbaf2n.align"),
        ("s1/bbaf2n.mpg", "s1/align/bbaf2n.align"),
        ("s1/bbaf2n.mpg", "alignments/s1/bbaf2n.align"),
        # the archive's folders are said to be mixed up
        ("s1/bbaf2n.mpg", "alignments/s7/bbaf2n.align"),
    ],
)
def test_grid(tmp_path, make_clip, video, align):
    make_clip(tmp_path / video, 3.0, rate=44100)
    write(tmp_path / align, ALIGN)
    clip = only(open_corpus("grid", tmp_path))
    assert (clip.id, clip.speaker, clip.emotion, clip.text) == (
        "s1_bbaf2n",
        "s1",
        "neutral",
        "bin blue at f two now",
    )
    assert clip.words[0] == Segment(0.08, 0.2, "bin")
    assert clip.words[-1].end == 0.8
    assert clip.timed
    assert clip.frames.shape == (75, 48, 64, 3)


def test_grid_without_align_knows_its_words(tmp_path, make_clip):
    make_clip(tmp_path / "s1/video/swwz3p.mpg", 3.0, rate=44100)
    clip = only(open_corpus("grid", tmp_path))
    assert clip.text == "set white with z three please"
    assert not clip.timed
    assert all(math.isnan(word.start) for word in clip.words)


@pytest.mark.parametrize(
    "name",
    ["bbaf2", "bbaf2nn", "xbaf2n", "bxaf2n", "bbxf2n", "bbaw2n", "bbaf0n", "bbaf2x", ""],
)
def test_grid_names_that_spell_no_sentence(name):
    with pytest.raises(ValueError, match="mislabelled"):
        words_of(name)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the .align says ''"),
        ("0 2000 sil\n", "the .align says ''"),
        (ALIGN.replace("two", "three"), "bin blue at f three now"),
        (ALIGN.replace("15000 20000 now\r\n", ""), "bin blue at f two'"),
        (ALIGN.replace("5000 8000", "8000 5000"), "'blue' at 0.32–0.20 s"),
        (ALIGN.replace("15000 20000", "15000 200000"), "'now' at 0.60–8.00 s"),
        (ALIGN.replace("2000 5000 bin", "-2000 5000 bin"), "has not the form"),
        (ALIGN.replace("2000 5000 bin", "2000 bin"), "has not the form"),
        (ALIGN.replace("2000", "9" * 5000), "has not the form"),
    ],
)
def test_grid_with_a_broken_align(tmp_path, make_clip, text, reason):
    make_clip(tmp_path / "s1/video/bbaf2n.mpg", 3.0, rate=44100)
    write(tmp_path / "s1/align/bbaf2n.align", text)
    corpus = open_corpus("grid", tmp_path)
    assert len(corpus) == 0
    assert reason in corpus.unusable[0]["reason"]


def test_grid_with_a_binary_or_missing_align(tmp_path, make_clip):
    for name in ("bbaf2n", "bbaf3n", "bbaf4n"):
        make_clip(tmp_path / f"s1/video/{name}.mpg", 3.0, rate=44100)
    write(tmp_path / "s1/align/bbaf2n.align", "").write_bytes(bytes(range(256)))
    (tmp_path / "s1/align/bbaf3n.align").mkdir()
    corpus = open_corpus("grid", tmp_path)
    assert [clip.id for clip in corpus] == ["s1_bbaf4n"]
    assert all("not a readable text" in reason for reason in reasons(corpus).values())


def test_grid_shorter_than_75_frames_is_truncated(tmp_path, make_clip):
    make_clip(tmp_path / "s1/video/bbaf2n.mpg", 2.96, rate=44100)
    assert reasons(open_corpus("grid", tmp_path)) == {
        "bbaf2n.mpg": "truncated: 74 frames decode, 75 are expected",
    }


def test_cremad(tmp_path, make_clip):
    make_clip(tmp_path / "VideoFlash/1001_DFA_ANG_XX.flv")
    make_clip(tmp_path / "AudioWAV/1001_DFA_ANG_XX.wav")
    make_clip(tmp_path / "AudioWAV/1002_IEO_SAD_HI.wav")  # no video of its name
    for bad in ("1002_XXX_SAD_HI", "1002_IEO_BAD_HI", "1002_IEO_SAD_ZZ", "12_IEO_SAD_HI"):
        make_clip(tmp_path / f"AudioWAV/{bad}.wav")
    corpus = open_corpus("cremad", tmp_path)
    assert len(corpus.table) == 6
    assert len(reasons(corpus)) == 4
    sound, film = corpus
    assert (film.id, film.speaker, film.emotion, film.intensity) == (
        "1001_DFA_ANG_XX",
        "1001",
        "angry",
        None,
    )
    assert film.text == "don't forget a jacket"
    assert film.audio_path == tmp_path / "AudioWAV/1001_DFA_ANG_XX.wav"
    assert film.frames.shape[0] == 25
    assert (sound.emotion, sound.intensity, sound.text, sound.has_video) == (
        "sad",
        0.8,
        "it's eleven o'clock",
        False,
    )


@pytest.mark.parametrize("top", ["", "Video_Speech_Actor_12/"])
def test_ravdess_video(tmp_path, make_clip, top):
    folder = tmp_path / f"{top}Actor_12"
    make_clip(folder / "01-01-06-02-02-01-12.mp4", fps=30)
    make_clip(folder / "02-01-06-02-02-01-12.mp4", sound=False)
    for bad in (
        "01-01-09-02-02-01-12",
        "01-01-06-03-02-01-12",
        "01-01-06-02-03-01-12",
        "01-01-06-02-02-01-13",
        "x",
    ):
        make_clip(folder / f"{bad}.mp4")
    corpus = open_corpus("ravdess", tmp_path)
    assert len(corpus) == 1
    clip = corpus[0]
    assert (clip.speaker, clip.emotion, clip.intensity) == ("12", "fear", 1.0)
    assert clip.text == "dogs are sitting by the door"
    assert not clip.timed
    assert clip.extra == {"channel": "speech", "take": 1}
    assert clip.fps == 30
    assert "no sound in video-only files" in reasons(corpus)["02-01-06-02-02-01-12.mp4"]
    assert sum("mislabelled" in reason for reason in reasons(corpus).values()) == 5


def test_mead(tmp_path, make_clip):
    make_clip(tmp_path / "M003/video/front/disgusted/level_2/001.mp4", fps=30, sound=False)
    make_clip(tmp_path / "M003/audio/disgusted/level_2/001.m4a")
    make_clip(tmp_path / "W009/video/left_30/happy/level_1/002.mp4")
    clip = only(open_corpus("mead", tmp_path))
    assert (clip.id, clip.speaker) == ("M003_front_disgusted_level_2_001", "M003")
    assert (clip.emotion, clip.intensity) == ("disgust", 2 / 3)
    assert abs(len(clip.audio) - 16000) < 1100
    assert only(open_corpus("mead", tmp_path, camera="left_30")).speaker == "W009"
    with pytest.raises(ValueError, match="camera 'back' is none of front"):
        open_corpus("mead", tmp_path, camera="back")


def test_mead_mislabelled(tmp_path, make_clip):
    wrong = [
        "X003/video/front/happy/level_1/001",
        "M003/video/front/glad/level_1/001",
        "M003/video/front/happy/level_4/001",
        "M003/video/front/happy/level_1/1",
    ]
    for where in wrong:
        make_clip(tmp_path / f"{where}.mp4")
    corpus = open_corpus("mead", tmp_path)
    assert len(corpus.unusable) == 4
    assert all("M003_front_angry_level_1_001" in row["reason"] for row in corpus.unusable)


@pytest.mark.parametrize("top", ["", "lipread_mp4/"])
def test_lrw(tmp_path, make_clip, top):
    make_clip(tmp_path / f"{top}ABOUT/val/ABOUT_00001.mp4", 1.16)
    text = "Disk reference: 6244505535268453060\nChannel: BBC One HD\nDuration: 0.26 seconds\n"
    write(tmp_path / f"{top}ABOUT/val/ABOUT_00001.txt", text)
    clip = only(open_corpus("lrw", tmp_path))
    assert (clip.id, clip.speaker, clip.split, clip.text) == (
        "val_ABOUT_00001",
        "unknown",
        "val",
        "about",
    )
    assert clip.words[0].start == pytest.approx(0.45)
    assert clip.words[0].end == pytest.approx(0.71)
    make_clip(tmp_path / f"{top}ABOUT/val/WORLD_00001.mp4", 1.16)
    make_clip(tmp_path / f"{top}ABOUT/test/ABOUT_00002.mp4", 1.16)
    write(tmp_path / f"{top}ABOUT/test/ABOUT_00002.txt", "no such line")
    assert set(reasons(open_corpus("lrw", tmp_path))) == {"WORLD_00001.mp4", "ABOUT_00002.mp4"}


LRS3 = """Text:  SO WE'RE HERE
Conf:  4
Ref:   0Fi83BHQsMA

FRAME X Y W H
000 0.382 0.217 0.177 0.315

WORD START END ASDSCORE
SO 0.04 0.21 4.3
WE'RE 0.21 0.40 5.5
HERE 0.50 0.93 6.7
"""


def test_lrs3(tmp_path, make_clip):
    for split, text in (
        ("trainval", LRS3),
        ("pretrain", LRS3),
        ("test", LRS3.partition("WORD")[0]),
    ):
        make_clip(tmp_path / f"{split}/0Fi83BHQsMA/00002.mp4")
        write(tmp_path / f"{split}/0Fi83BHQsMA/00002.txt", text)
    corpus = open_corpus("lrs3", tmp_path)
    assert [clip.split for clip in corpus] == ["pretrain", "test", "trainval"]
    assert {clip.text for clip in corpus} == {"so we're here"}
    assert corpus[0].words[2] == Segment(0.5, 0.93, "here")
    assert [clip.timed for clip in corpus] == [True, False, True]
    assert corpus[0].id == "pretrain_0Fi83BHQsMA_00002"
    assert [clip.split for clip in open_corpus("lrs3", tmp_path, split="test")] == ["test"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "not a readable text"),
        ("", "no line that begins with Text:"),
        ("Text:  \nConf: 4\n", "no line that begins with Text:"),
        (LRS3.replace("HERE 0", "THERE 0"), "times other words"),
        (LRS3.replace("0.50 0.93", "0.50 9.93"), "9.93"),
    ],
)
def test_lrs3_with_a_broken_text(tmp_path, make_clip, text, reason):
    make_clip(tmp_path / "trainval/0Fi83BHQsMA/00002.mp4")
    if text is not None:
        write(tmp_path / "trainval/0Fi83BHQsMA/00002.txt", text)
    assert reason in reasons(open_corpus("lrs3", tmp_path))["00002.mp4"]


def test_voxceleb2(tmp_path, make_clip):
    make_clip(tmp_path / "dev/mp4/id00012/21Uxsk56VDQ/00001.mp4", sound=False)
    make_clip(tmp_path / "dev/aac/id00012/21Uxsk56VDQ/00001.m4a")
    make_clip(tmp_path / "test/mp4/id00017/01dfn2spqyE/00003.mp4")
    make_clip(tmp_path / "test/mp4/somebody/01dfn2spqyE/00003.mp4")
    make_clip(tmp_path / "dev/mp4/id00012/21Uxsk56VDQ/00002.mp4", sound=False)
    corpus = open_corpus("voxceleb2", tmp_path)
    assert [(clip.speaker, clip.split) for clip in corpus] == [
        ("id00012", "dev"),
        ("id00017", "test"),
    ]
    assert corpus[0].id == "id00012_21Uxsk56VDQ_00001"
    assert corpus[0].audio_path.name == "00001.m4a"
    assert "mislabelled" in reasons(corpus)["00003.mp4"]
    assert reasons(corpus)["00002.mp4"] == "has no audio stream"


def test_hdtf(tmp_path, make_clip):
    write(
        tmp_path / "HDTF_dataset/WDA_annotion_time.txt",
        "AmyKlobuchar1.mp4 00:35-02:45 03:25-04:00\n",
    )
    write(tmp_path / "HDTF_dataset/WDA_video_url.txt", "AmyKlobuchar1 https://example.org/v\n")
    make_clip(tmp_path / "WDA_AmyKlobuchar1_001.mp4", sound=False)
    make_clip(tmp_path / "WDA_AmyKlobuchar1_001.wav")
    make_clip(tmp_path / "RD_Radio11_000.mp4")
    make_clip(tmp_path / "WRA_Nobody.mp4")
    corpus = open_corpus("hdtf", tmp_path)
    assert [clip.speaker for clip in corpus] == ["Radio11", "AmyKlobuchar"]
    assert corpus[1].extra == {"url": "https://example.org/v", "source": "03:25-04:00"}
    assert corpus[0].extra == {"url": "", "source": ""}
    assert "WDA_BarackObama_000" in reasons(corpus)["WRA_Nobody.mp4"]
