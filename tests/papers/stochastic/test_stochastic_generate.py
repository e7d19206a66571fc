"""Takes of one voice: what their chance depends on, what is written, and what is refused."""

from dataclasses import replace

import av
import numpy as np
import pytest
import torch
from PIL import Image

from thlab.corpus.media import wav_bytes
from thlab.data import open_corpus, read_video
from thlab.nn.train import seeded
from thlab.papers.stochastic.generate import generate, noises, takes
from thlab.papers.stochastic.model import StochasticConfig, TalkingFace

RHO = torch.tensor([0.0, 0.5, 0.9, 0.99])


def made(**changes) -> TalkingFace:
    return seeded(lambda: TalkingFace(replace(StochasticConfig.fast(), **changes)), 0)


@pytest.fixture(scope="module")
def clip(tiny_corpus):
    return open_corpus("embedded", tiny_corpus, check="none")[0]


@pytest.fixture
def face(clip, tmp_path):
    Image.fromarray(clip.frames[0]).save(tmp_path / "face.png")
    return tmp_path / "face.png"


def test_a_take_depends_on_seed_and_number_alone():
    assert torch.equal(noises(3, 2, 6, RHO), noises(3, 5, 6, RHO)[:2])
    numbers = noises(3, 40, 50, torch.zeros(4))
    assert numbers.flatten(1).corrcoef().fill_diagonal_(0).abs().max() < 0.35
    assert (noises(4, 2, 6, RHO) != noises(3, 2, 6, RHO)).all()


def test_chance_lasts_as_long_as_rho_says_and_its_variance_is_one():
    numbers = noises(0, 300, 60, RHO)
    torch.testing.assert_close(numbers.var((0, 1)), torch.ones(4), rtol=0.15, atol=0)
    torch.testing.assert_close(numbers[:, -1].var(0), torch.ones(4), rtol=0.3, atol=0)  # at the end as at the start
    found = (numbers[:, 1:] * numbers[:, :-1]).mean((0, 1)) / numbers.square().mean((0, 1))
    torch.testing.assert_close(found, RHO, rtol=0, atol=0.05)
    assert torch.equal(noises(0, 2, 9, RHO, lasting=False), noises(0, 2, 9, torch.zeros(4)))


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
