"""The rules of check.py that the fuzz test leaves to chance."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from clip_files import tone

from thlab.data import Clip, Segment, open_corpus
from thlab.data.check import check_clip, check_file


def clip_of(path: Path, **fields) -> Clip:
    return Clip("a", path, "s1", **fields)


def test_a_good_clip_passes(tmp_path, make_clip):
    for suffix in (".mp4", ".mov", ".flv", ".mpg", ".wav", ".flac"):
        check_clip(clip_of(make_clip(tmp_path / f"a{suffix}", rate=44100)), "decode")


def test_an_mp4_cut_after_its_index_is_truncated(tmp_path, make_clip):
    av = pytest.importorskip("av")
    source = make_clip(tmp_path / "a.mp4", 2.0)
    whole = tmp_path / "fast.mp4"
    with (
        av.open(str(source)) as old,
        av.open(str(whole), "w", options={"movflags": "faststart"}) as new,
    ):
        streams = {s: new.add_stream_from_template(s) for s in old.streams}
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream]
                new.mux(packet)
    check_clip(clip_of(whole), "decode")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    with pytest.raises(ValueError, match=r"truncated|not a readable|damaged"):
        check_clip(clip_of(cut), "decode")


def test_a_cut_wav_is_truncated_and_a_streamed_one_is_not(tmp_path, make_clip):
    data = make_clip(tmp_path / "a.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(data[:20000])
    with pytest.raises(ValueError, match="truncated: 20000 bytes of the 32044"):
        check_clip(clip_of(tmp_path / "cut.wav"), "decode")
    (tmp_path / "streamed.wav").write_bytes(
        data[:4] + b"\xff\xff\xff\xff" + data[8:40] + b"\xff\xff\xff\xff" + data[44:]
    )
    check_clip(clip_of(tmp_path / "streamed.wav"), "decode")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_sound_must_be_finite(tmp_path, value):
    audio = tone(1.0)
    audio[500] = value
    soundfile.write(tmp_path / "a.wav", audio, 16000, subtype="FLOAT")
    with pytest.raises(ValueError, match="not finite"):
        check_clip(clip_of(tmp_path / "a.wav"), "decode")


@pytest.mark.parametrize(("level", "silent"), [(0.0, True), (2e-4, True), (5e-3, False)])
def test_silence_is_a_peak_below_a_thousandth(tmp_path, level, silent):
    soundfile.write(tmp_path / "a.wav", tone(1.0) / 0.3 * level, 16000, subtype="FLOAT")
    if silent:
        with pytest.raises(ValueError, match="silent"):
            check_clip(clip_of(tmp_path / "a.wav"), "decode")
    else:
        check_clip(clip_of(tmp_path / "a.wav"), "decode")


@pytest.mark.parametrize("times", [(-0.1, 0.5), (0.5, 0.5), (0.6, 0.5), (0.5, 1.3)])
def test_words_must_lie_in_the_clip(tmp_path, make_clip, times):
    path = make_clip(tmp_path / "a.wav")
    check_clip(clip_of(path, words=(Segment(0.1, 0.2, "bin"), Segment(0.2, 0.9, "blue"))), "decode")
    with pytest.raises(ValueError, match="mislabelled: 'bin' at"):
        check_clip(clip_of(path, words=(Segment(*times, "bin"),)), "decode")
    with pytest.raises(ValueError, match="mislabelled: 'bin' at"):
        check_clip(
            clip_of(path, words=(Segment(0.3, 0.4, "blue"), Segment(0.1, 0.2, "bin"))),
            "decode",
        )


def test_a_file_that_may_not_be_read(make_clip):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        path = make_clip(root / "AudioWAV/1001_DFA_ANG_XX.wav")
        for part in (root, path.parent):
            part.chmod(0o755)
        path.chmod(0)
        user = os.geteuid()
        try:
            if user == 0:
                os.seteuid(65534)  # root may read everything
            with pytest.raises(ValueError, match="not readable: Permission denied"):
                check_file(path, (".wav",))
            (unusable,) = open_corpus("cremad", root).unusable
            assert unusable["reason"] == "not readable: Permission denied"
        finally:
            os.seteuid(user)
