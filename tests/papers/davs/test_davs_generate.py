"""One face, speech that is heard or seen: what is written, and what is refused."""

import av
import numpy as np
import pytest
import torch
from PIL import Image

from thlab.data import open_corpus, read_audio, read_video
from thlab.inference import read_lips
from thlab.media import wav_bytes, write_mp4
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.generate import generate
from thlab.papers.davs.model import DAVS
from thlab.training.optim import build_seeded


@pytest.fixture(scope="module")
def model():
    return build_seeded(lambda: DAVS(DAVSConfig.fast(), 5, 2), 0).eval()


@pytest.fixture(scope="module")
def clip(tiny_corpus):
    return open_corpus("embedded", tiny_corpus, check="none")[0]


@pytest.fixture
def face(tiny_corpus, tmp_path):
    other = open_corpus("embedded", tiny_corpus, check="none", split="test")[0]
    Image.fromarray(other.frames[0]).save(tmp_path / "face.png")
    return tmp_path / "face.png"


@pytest.mark.parametrize("source", ["audio_path", "video_path"])
def test_sound_or_lips_become_a_tagged_video_with_sound(source, model, clip, face, tmp_path):
    speech = clip.audio_path if source == "audio_path" else clip.path
    assert generate(face, tmp_path / "out.mp4", model=model, **{source: speech}) == tmp_path / "out.mp4"
    frames, fps = read_video(tmp_path / "out.mp4")
    assert (frames.shape, fps) == (clip.frames.shape, 25)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.metadata["comment"].startswith("synthetic")
    sound = read_audio(tmp_path / "out.mp4")
    n = min(len(sound), len(clip.audio))
    assert np.corrcoef(sound[:n], clip.audio[:n])[0, 1] > 0.9


def test_lips_are_read_frame_by_frame_as_the_model_sees_them(clip):
    frames, audio = read_lips(clip.path, 64)
    assert torch.equal((255 * frames).round().byte(), torch.from_numpy(clip.frames).permute(0, 3, 1, 2))
    assert len(audio) == 640 * len(frames)


def test_a_video_without_sound_is_read_by_its_lips_alone(model, clip, face, tmp_path):
    write_mp4(tmp_path / "mute.mp4", clip.frames)
    generate(face, tmp_path / "out.mp4", video_path=tmp_path / "mute.mp4", model=model)
    assert np.abs(read_audio(tmp_path / "out.mp4")).max() < 1e-3


def test_a_video_that_is_no_aligned_face_is_aligned_first(model, clip, tmp_path, monkeypatch):
    asked = []

    def found(clip, size):
        asked.append((clip.path, size))
        return np.zeros((7, size, size, 3), np.uint8), {}

    monkeypatch.setattr(talking, "face_view", found)
    write_mp4(tmp_path / "large.mp4", clip.frames.repeat(2, 1).repeat(2, 2))
    frames, audio = read_lips(tmp_path / "large.mp4", 64)
    assert asked == [(tmp_path / "large.mp4", 64)]
    assert (len(frames), len(audio)) == (7, 7 * 640)


def test_what_cannot_be_made_is_refused_and_nothing_written(model, clip, face, tmp_path):
    quiet, out = tmp_path / "quiet.wav", tmp_path / "made" / "out.mp4"
    quiet.write_bytes(wav_bytes(np.zeros(16000, np.float32)))
    (tmp_path / "text.mp4").write_text("no video")
    out.parent.mkdir()
    sound, video = {"audio_path": clip.audio_path}, {"video_path": clip.path}
    for options, image, target, message in [
        ({}, face, out, "give one source of speech"),
        (sound | video, face, out, "give one source of speech"),
        ({"audio_path": quiet}, face, out, "no speech in it"),
        ({"video_path": tmp_path / "none.mp4"}, face, out, "none.mp4: no such file"),
        ({"video_path": tmp_path / "text.mp4"}, face, out, "not a readable .mp4 file"),
        (video, tmp_path / "none.png", out, "none.png: no such file"),
        (sound, face, out.with_suffix(".avi"), "ending in .mp4"),
        (video, face, tmp_path / "missing" / "out.mp4", "a folder that exists"),
    ]:
        with pytest.raises(ValueError, match=message):
            generate(image, target, model=model, **options)
    assert not list(out.parent.iterdir())
