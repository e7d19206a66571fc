"""Small corpora in their official layouts, and the scripts run as a user runs them."""

import runpy
import shutil
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from thlab.data import open_corpus

SCRIPTS = Path(__file__).parents[2] / "data_scripts"
GRID_CLIPS = ("s1/bbaf3s", "s1/bbaf4p", "s2/swwp2s", "s3/sbia1a")


@pytest.fixture
def run_script(monkeypatch, capsys):
    """Run a script of data_scripts in this process: (exit status, its output, its errors)."""

    def run(name, *arguments):
        monkeypatch.syspath_prepend(str(SCRIPTS))
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(SCRIPTS / name), run_name="__main__")
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return run


@pytest.fixture(scope="session")
def grid_root(real_data, tmp_path_factory):
    """Four real clips of three GRID talkers, three with the official .align."""
    root = tmp_path_factory.mktemp("grid")
    for clip in GRID_CLIPS:
        speaker, name = clip.split("/")
        for source in (
            real_data / f"grid/{speaker}/video/{name}.mpg",
            real_data / f"grid/{speaker}/align/{name}.align",
        ):
            if source.exists():
                target = root / source.relative_to(real_data / "grid")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
    return root


@pytest.fixture(scope="session")
def grid_out(grid_root, tmp_path_factory):
    """Those clips prepared in one go by one process."""
    from thlab.data.prepare import prepare

    out = tmp_path_factory.mktemp("prepared")
    assert prepare("grid", grid_root, out, size=64) == {"prepared": 4, "skipped": 0, "unusable": 0}
    return out


@pytest.fixture(scope="session")
def talking_head(tiny_corpus):
    """A second of a rendered face that speaks, (25, 64, 64, 3), and two seconds of its sound."""
    clip = open_corpus("embedded", tiny_corpus, check="none")[0]
    return clip.frames[10:35], clip.audio[6400:38400]


# muxer, codecs of video and sound
CODECS = {
    ".mp4": ("mp4", "libx264", "aac"),
    ".m4a": ("mp4", None, "aac"),
    ".flv": ("flv", "flv", "aac"),
}


@pytest.fixture(scope="session")
def write_media(talking_head):
    """Write a face (or other frames) with sound in the format of the path's suffix."""
    import soundfile

    face, speech = talking_head
    audio = speech[: 16000 * 29 // 25]

    def write(path, frames=None, fps=25):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".wav":
            soundfile.write(path, audio, 16000)
        else:
            write_container(path, face if frames is None else frames, fps, audio)

    return write


def write_container(path, frames, fps, audio):
    """Pictures, where the format has any, then sound."""
    import av

    muxer, video_codec, audio_codec = CODECS[path.suffix]
    with av.open(str(path), "w", format=muxer) as container:
        video = container.add_stream(video_codec, rate=fps) if video_codec else None
        sound = container.add_stream(audio_codec, rate=16000, layout="mono")
        if video:
            video.height, video.width, video.pix_fmt = *frames.shape[1:3], "yuv420p"
            video.options = {"crf": "12", "b": "4000000"}
            for frame in frames:
                container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            container.mux(video.encode())
        samples = (audio[None] * 32767).astype(np.int16)
        block = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        block.sample_rate, block.pts, block.time_base = 16000, 0, Fraction(1, 16000)
        container.mux(sound.encode(block))
        container.mux(sound.encode())
