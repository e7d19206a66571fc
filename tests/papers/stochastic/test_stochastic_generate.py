"""Takes of one voice: what their chance depends on, what is written, and what is refused."""

from dataclasses import replace

import av
import numpy as np
import pytest
import torch
from PIL import Image

from thlab.data import open_corpus, read_video
from thlab.media import wav_bytes
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.generate import generate, noises, takes
from thlab.papers.stochastic.model import TalkingFace
from thlab.training.optim import build_seeded

# clips told apart by their number, frames by their place
CHANCE = torch.arange(1.0, 6)[:, None, None] * torch.tensor([1.0, 100.0]) + torch.linspace(0, 0.5, 24)[:, None]


def made(**changes) -> TalkingFace:
    config = replace(StochasticConfig.fast(), fine=changes.get("stochastic", True), **changes)
    model = build_seeded(lambda: TalkingFace(config), 0)
    if model.config.stochastic:
        model.chance.copy_(torch.randn(model.chance.shape, generator=torch.Generator().manual_seed(0)))
    return model


@pytest.fixture(scope="module")
def clip(tiny_corpus):
    return open_corpus("embedded", tiny_corpus, check="none")[0]


@pytest.fixture
def face(clip, tmp_path):
    Image.fromarray(clip.frames[0]).save(tmp_path / "face.png")
    return tmp_path / "face.png"


def test_a_take_depends_on_seed_and_number_alone():
    for lasting in (True, False):
        assert torch.equal(noises(3, 2, 6, CHANCE, lasting), noises(3, 5, 6, CHANCE, lasting)[:2])
        assert not torch.equal(noises(4, 2, 6, CHANCE, lasting), noises(3, 2, 6, CHANCE, lasting))
    assert torch.equal(noises(3, 2, 6, CHANCE), noises(3, 2, 90, CHANCE)[:, :6])


def test_chance_is_stretches_of_the_recorded_one_after_another():
    numbers = noises(0, 200, 70, CHANCE)
    clip = ((numbers[..., 1] - numbers[..., 0]) / 99).round(decimals=3)  # as in CHANCE, but where two fade
    whole = clip == clip.round()
    assert whole.float().mean() > 0.8
    assert set(clip[whole].tolist()) == {1, 2, 3, 4, 5}
    on = whole[:, 1:] & whole[:, :-1] & (clip[:, 1:] == clip[:, :-1])
    step = numbers[:, 1:, 0] - numbers[:, :-1, 0]
    assert ((step - 0.5 / 23).abs() < 1e-4)[on].float().mean() > 0.95  # its frames in order
    assert (~whole).any(1).all()  # and no take of 70 frames from one stretch of 24


def test_where_two_stretches_fade_their_variance_is_kept():
    white = torch.randn((400, 24, 3), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(noises(0, 600, 70, white).var(0), torch.ones(70, 3), rtol=0.25, atol=0)


def test_without_lasting_noise_is_white_in_each_frame():
    numbers = noises(0, 300, 60, CHANCE, lasting=False)
    torch.testing.assert_close(numbers.var((0, 1)), torch.ones(2), rtol=0.05, atol=0)
    assert (numbers[:, 1:] * numbers[:, :-1]).mean().abs() < 0.05


def test_takes_are_the_same_however_many_are_made():
    model = made()
    image, audio = torch.rand(3, 64, 64), torch.randn(3 * 640, generator=torch.Generator().manual_seed(0))
    many = takes(model, image, audio, samples=4, seed=7)
    assert many.shape == (4, 3, 3, 64, 64)
    torch.testing.assert_close(takes(model, image, audio, samples=1, seed=7), many[:1], rtol=0, atol=1e-5)
    assert (many[1:] - many[0]).abs().amax((1, 2, 3, 4)).min() > 1e-5
    still = takes(model, image, audio, samples=2, seed=7, temperature=0.0)
    torch.testing.assert_close(still[0], still[1], rtol=0, atol=1e-6)


def test_files_become_tagged_videos_with_sound_one_a_take(clip, face, tmp_path):
    paths = generate(clip.audio_path, face, tmp_path / "out.mp4", made(), samples=2)
    assert [path.name for path in paths] == ["out-1.mp4", "out-2.mp4"]
    for path in paths:
        frames, fps = read_video(path)
        assert (frames.shape, fps) == (clip.frames.shape, 25)
        with av.open(str(path)) as container:
            assert container.metadata["comment"].startswith("synthetic")
            assert container.streams.audio
    assert generate(clip.audio_path, face, tmp_path / "one.mp4", made()) == [tmp_path / "one.mp4"]
    assert {path.name for path in tmp_path.glob("*.mp4")} == {"out-1.mp4", "out-2.mp4", "one.mp4"}


def test_what_cannot_be_made_is_refused_and_nothing_written(clip, face, tmp_path):
    quiet, out = tmp_path / "quiet.wav", tmp_path / "made" / "out.mp4"
    quiet.write_bytes(wav_bytes(np.zeros(16000, np.float32)))
    out.parent.mkdir()
    sound = clip.audio_path
    for audio, image, target, options, message in [
        (tmp_path / "none.wav", face, out, {}, r"none\.wav: no such file"),
        (quiet, face, out, {}, "no speech"),
        (sound, quiet, out, {}, "not a readable picture"),
        (sound, face, out.with_suffix(".avi"), {}, r"ending in \.mp4"),
        (sound, face, out, {"samples": 0}, "samples=0"),
        (sound, face, out, {"seed": -1}, "seed=-1"),
        (sound, face, out, {"temperature": -0.5}, "temperature=-0.5"),
        (sound, face, out, {"model": made(stochastic=False), "samples": 2}, "no latent"),
    ]:
        with pytest.raises(ValueError, match=message):
            generate(audio, image, target, **{"model": made()} | options)
    assert not list(out.parent.iterdir())
