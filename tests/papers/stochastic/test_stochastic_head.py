"""Takes of one voice: what they depend on, the changes that they are, what is written, and what is
refused.
"""

from dataclasses import asdict, replace

import pytest
import torch
from PIL import Image

from thlab.cli import main
from thlab.data import open_corpus, read_video
from thlab.inference import ChangingHead, Speech, TalkingHead
from thlab.nn.warp import apply_changes
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.head import Take, make_head, takes_of
from thlab.papers.stochastic.model import TalkingFace, audio_features
from thlab.training import save_weights
from thlab.training.optim import build_seeded

SOUND = Speech(torch.randn(3 * 640, generator=torch.Generator().manual_seed(0)))
PUBLISHED = {"as_published": True, "fine": False, "widths": (8, 8, 8, 16, 16)}


def made(**changes):
    """A head of random weights, with residuals to draw from."""
    config = replace(StochasticConfig.fast(), **changes)
    model = build_seeded(lambda: TalkingFace(config), 0)
    if config.stochastic:
        model.residuals.copy_(
            torch.randn(model.residuals.shape, generator=torch.Generator().manual_seed(0))
        )
    return make_head(model.eval().requires_grad_(False))


@pytest.fixture(scope="module")
def clip(tiny_corpus):
    return open_corpus("embedded", tiny_corpus, check="none", split="test")[0]


@pytest.fixture
def command(clip, tmp_path):
    """`thlab generate` up to the options of takes, with weights that are saved where it looks for
    them.
    """
    Image.fromarray(clip.frames[0]).save(tmp_path / "face.png")
    inputs = ["--audio", str(clip.audio_path), "--image", str(tmp_path / "face.png")]

    def with_weights(**changes):
        head = made(**changes)
        save_weights(
            tmp_path / "stochastic-latent", head.model, {"config": asdict(head.model.config)}
        )
        out = ["--weights", str(tmp_path), "-o", str(tmp_path / "out.mp4")]
        return ["generate", "--paper", "stochastic", *inputs, *out]

    return with_weights


def test_takes_are_the_same_however_many_are_made():
    head, image = made(), torch.rand(3, 64, 64)
    rows = head.content(SOUND)
    # Sums of float32 are taken in another order in another batch, at another place in it and on
    # another number of threads. A layer of n terms then differs by up to about n * 6e-8 of its
    # size, n some hundreds, and layers follow each other: 5e-6 was seen. Takes differ by .2.
    rounding = 1e-4
    many = head.takes(image, rows, takes_of(4, seed=7))
    assert many.shape == (4, 3, 3, 64, 64)
    for k in (0, 2):
        alone = head.render(image, rows, Take(seed=7, number=k))
        torch.testing.assert_close(alone, many[k], rtol=0, atol=rounding)
    assert (many[1:] - many[0]).abs().amax((1, 2, 3, 4)).min() > 100 * rounding
    still = head.takes(image, rows, takes_of(2, seed=7, temperature=0.0))
    torch.testing.assert_close(still[0], still[1], rtol=0, atol=rounding)


def test_an_offset_moves_what_a_take_shows():
    head, image = made(), torch.rand(3, 64, 64)
    rows = head.content(SOUND)
    moved = head.render(image, rows, Take(latent_offset=torch.tensor([0.0, 0.0, 1.5, 0.0])))
    assert (moved - head.render(image, rows)).abs().max() > 1e-5


def test_what_is_heard_is_a_row_a_frame():
    torch.testing.assert_close(made().content(SOUND), audio_features(SOUND.audio, 3))


@pytest.mark.parametrize("take", [None, Take(seed=3, number=1, samples=2, temperature=0.7)])
def test_a_take_is_its_picture_with_its_changes(take):
    head, image = made(), torch.rand(3, 64, 64)
    rows = head.content(SOUND)
    changes = head.changes(image, rows, take)
    frames = head.render(image, rows, take)
    torch.testing.assert_close(
        apply_changes(image.expand_as(frames), changes), frames, rtol=0, atol=1e-5
    )


def test_only_a_head_that_bends_has_changes():
    assert isinstance(made(), ChangingHead)
    painter = made(**PUBLISHED)
    assert isinstance(painter, TalkingHead)
    assert not isinstance(painter, ChangingHead)
    assert painter.render(torch.rand(3, 64, 64), painter.content(SOUND)).shape == (3, 3, 64, 64)


def test_several_takes_are_written_one_a_file(command, clip, tmp_path, capsys):
    arguments = [*command(), "--samples", "2", "--seed", "5", "--temperature", "0.8"]
    assert main(arguments) == 0
    paths = [str(tmp_path / f"out-{k}.mp4") for k in (1, 2)]
    assert capsys.readouterr().out.split() == paths
    for path in paths:
        frames, fps = read_video(path)
        assert (frames.shape, fps) == (clip.frames.shape, 25)
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--samples", "0"], "--samples 0"),
        (["--seed", "-1"], "--seed -1"),
        (["--temperature", "-0.5"], "--temperature -0.5"),
        (["--temperature", "nan"], "--temperature nan"),
        (["--temperature", "inf"], "--temperature inf"),
    ],
)
def test_what_cannot_be_made_gets_one_line(options, complaint, refused):
    paths = ["--audio", "{}/a.wav", "--image", "{}/f.png", "-o", "{}/out.mp4"]
    refused(["generate", "--paper", "stochastic", *paths, *options], complaint)


def test_weights_without_a_latent_have_one_take(command, tmp_path, capsys):
    arguments = command(stochastic=False, fine=False)
    assert main([*arguments, "--samples", "2"]) == 2
    error = capsys.readouterr().err
    assert "--samples 2: these weights have no latent" in error
    assert error.count("\n") == 1
    assert not list(tmp_path.glob("*.mp4"))
    assert main(arguments) == 0
    assert (tmp_path / "out.mp4").is_file()
