"""One face, speech that is heard or seen: what a head makes of it, what is written, and what is
refused.
"""

import av
import numpy as np
import pytest
import torch
from PIL import Image

from thlab import inference
from thlab.cli import main
from thlab.data import open_corpus, read_audio, read_video
from thlab.inference import ChangingHead, Speech, read_lips
from thlab.media import wav_bytes, write_mp4
from thlab.nn.warp import apply_changes
from thlab.papers import load_paper
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.head import LipSpeech, make_head
from thlab.papers.davs.model import DAVS, audio_features
from thlab.papers.runner import save_stage
from thlab.training.job import Job
from thlab.training.optim import build_seeded


def made(**changes) -> DAVS:
    config = (
        DAVSConfig.fast() if not changes else DAVSConfig(**{**vars(DAVSConfig.fast()), **changes})
    )
    return build_seeded(lambda: DAVS(config, 5, 2), 0).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def weights(clips, fabric, tmp_path_factory):
    """A folder with the weights of an untrained model."""
    out = tmp_path_factory.mktemp("weights")
    model = build_seeded(lambda: DAVS(DAVSConfig.fast(), len(clips.words), 4), 0)
    save_stage(
        load_paper("davs"), Job(model.config, clips, out, "disentangled", fabric, 0), model, {}
    )
    return out


@pytest.fixture
def face(tiny_corpus, tmp_path):
    other = open_corpus("embedded", tiny_corpus, check="none", split="test")[0]
    Image.fromarray(other.frames[0]).save(tmp_path / "face.png")
    return tmp_path / "face.png"


@pytest.fixture
def generate(weights, face, tmp_path):
    """The command, from a face and some options to tmp_path/out.mp4; its status."""

    def run(*options, image=face, out=tmp_path / "out.mp4"):
        own = ["--image", str(image), "-o", str(out), "--weights", str(weights)]
        return main(["generate", "--paper", "davs", *map(str, options), *own])

    return run


def test_content_is_of_the_sound_or_of_the_lips_as_it_is_asked_for():
    model, head = made(), make_head(made())
    speech = Speech(
        torch.randn(5 * 640, generator=torch.Generator().manual_seed(0)), torch.rand(5, 3, 64, 64)
    )
    rows = audio_features(speech.audio, 5)
    torch.testing.assert_close(head.content(speech), model.e_w_a(rows[None])[0])
    torch.testing.assert_close(head.content(LipSpeech(*speech)), model.e_w_v(speech.lips[None])[0])


def test_a_head_that_bends_says_how_and_one_that_paints_does_not():
    image, content = torch.rand(3, 64, 64), torch.randn(4, DAVSConfig.fast().dim)
    bends, paints = make_head(made()), make_head(made(bends=False))
    assert isinstance(bends, ChangingHead)
    assert not isinstance(paints, ChangingHead)
    changed = apply_changes(image.expand(4, -1, -1, -1), bends.changes(image, content))
    torch.testing.assert_close(changed, bends.render(image, content), rtol=0, atol=1e-5)
    assert paints.render(image, content).shape == (4, 3, 64, 64)


def test_the_committed_head_hears():
    head = load_paper("davs").head(None)
    audio = torch.randn(5 * 640, generator=torch.Generator().manual_seed(0))
    content = head.content(Speech(audio, torch.rand(5, 3, 64, 64)))
    assert torch.equal(content, head.content(Speech(audio)))
    assert head.render(torch.rand(3, 64, 64), content).shape == (5, 3, 64, 64)


def test_lips_become_a_tagged_video_with_the_videos_sound(generate, clip, tmp_path, capsys):
    assert generate("--video", clip.path) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "out.mp4")
    frames, fps = read_video(tmp_path / "out.mp4")
    assert (frames.shape, fps) == (clip.frames.shape, 25)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.metadata["comment"].startswith("synthetic")
    sound = read_audio(tmp_path / "out.mp4")
    n = min(len(sound), len(clip.audio))
    assert np.corrcoef(sound[:n], clip.audio[:n])[0, 1] > 0.9


def test_sound_and_lips_give_other_videos(generate, clip, tmp_path):
    assert generate("--video", clip.path) == 0
    assert generate("--audio", clip.audio_path, out=tmp_path / "heard.mp4") == 0
    seen, heard = (read_video(tmp_path / name)[0] for name in ("out.mp4", "heard.mp4"))
    assert (seen[:20] != heard[:20]).any()


def test_lips_are_read_frame_by_frame_as_the_model_sees_them(clip):
    speech = read_lips(clip.path, 64)
    assert torch.equal(
        (255 * speech.lips).round().byte(), torch.from_numpy(clip.frames).permute(0, 3, 1, 2)
    )
    assert len(speech.audio) == 640 * len(speech.lips)


def test_a_video_without_sound_is_read_by_its_lips_alone(generate, clip, tmp_path):
    write_mp4(tmp_path / "mute.mp4", clip.frames)
    assert generate("--video", tmp_path / "mute.mp4") == 0
    assert np.abs(read_audio(tmp_path / "out.mp4")).max() < 1e-3


def test_a_video_that_is_no_aligned_face_is_aligned_first(clip, tmp_path, monkeypatch):
    asked = []

    def found(clip, size):
        asked.append((clip.path, size))
        return np.zeros((7, size, size, 3), np.uint8), {}

    monkeypatch.setattr(inference, "face_view", found)
    write_mp4(tmp_path / "large.mp4", clip.frames.repeat(2, 1).repeat(2, 2))
    speech = read_lips(tmp_path / "large.mp4", 64)
    assert asked == [(tmp_path / "large.mp4", 64)]
    assert (len(speech.lips), len(speech.audio)) == (7, 7 * 640)


def test_what_cannot_be_made_is_refused_and_nothing_written(generate, clip, face, tmp_path, capsys):
    quiet, out = tmp_path / "quiet.wav", tmp_path / "made" / "out.mp4"
    quiet.write_bytes(wav_bytes(np.zeros(16000, np.float32)))
    (tmp_path / "text.mp4").write_text("no video")
    out.parent.mkdir()
    sound, video = ("--audio", clip.audio_path), ("--video", clip.path)
    for options, image, target, message in [
        ((), face, out, "give one source of speech"),
        ((*sound, *video), face, out, "give one source of speech"),
        (("--audio", quiet), face, out, "no speech in it"),
        (("--video", tmp_path / "none.mp4"), face, out, "none.mp4: no such file"),
        (("--video", tmp_path / "text.mp4"), face, out, "not a readable .mp4 file"),
        (video, tmp_path / "none.png", out, "none.png: no such file"),
        (sound, face, out.with_suffix(".avi"), "ending in .mp4"),
        (video, face, tmp_path / "missing" / "out.mp4", "a folder that exists"),
    ]:
        assert generate(*options, image=image, out=target) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    assert not list(out.parent.iterdir())
