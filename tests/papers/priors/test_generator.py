"""The two generators: shapes, range, what the frame before and the content do, and that they are small and quick."""

from dataclasses import replace

import pytest
import torch

from thlab.papers.priors.generator import Generator, GeneratorConfig, lips_mask, mouth, roll_out
from thlab.papers.priors.temporal import NOISE, TemporalGenerator


@pytest.fixture
def inputs():
    rng = torch.Generator().manual_seed(0)
    return torch.rand(2, 3, 64, 64, generator=rng), torch.randn(2, 4, 32, generator=rng)


def made(kind=Generator, config=None, **changes):
    torch.manual_seed(0)
    return kind(config or GeneratorConfig.fast(**changes))


def test_book_has_about_a_million_parameters_and_paper_makes_256_pixels():
    assert 0.5e6 < sum(p.numel() for p in made(config=GeneratorConfig.book()).parameters()) < 2.5e6
    config = GeneratorConfig.paper()
    frame = roll_out(made(config=config), torch.rand(1, 3, 256, 256), torch.zeros(1, 1, 32))
    assert frame.shape == (1, 1, 3, 256, 256)


@pytest.mark.parametrize("kind", [Generator, TemporalGenerator])
def test_frames_are_pictures_that_depend_on_the_content(kind, inputs):
    image, content = inputs
    generator = made(kind)
    video = roll_out(generator, image, content)
    assert video.shape == (2, 4, 3, 64, 64)
    assert video.min() >= 0
    assert video.max() <= 1
    assert (roll_out(generator, image, -content) - video).abs().max() > 1e-3


@pytest.mark.parametrize("kind", [Generator, TemporalGenerator])
def test_a_video_knows_its_past_and_not_its_future(kind, inputs):
    image, content = inputs
    generator = made(kind)
    video = roll_out(generator, image, content)
    torch.testing.assert_close(roll_out(generator, image, content[:, :2]), video[:, :2])
    other = content.clone()
    other[:, 0] += 1
    assert (roll_out(generator, image, other)[:, 1] - video[:, 1]).abs().max() > 1e-6


def test_roll_out_is_frame_after_frame(inputs):
    image, content = inputs
    generator, previous = made(), image
    for n in range(content.shape[1]):
        previous = generator.frame(image, previous, content[:, n])
        torch.testing.assert_close(previous, generator(image, content)[:, n])


def test_a_frame_gets_no_gradient_from_its_successors(inputs):
    image, content = inputs
    content.requires_grad_()
    made()(image, content)[:, 1].sum().backward()
    assert content.grad[:, 1].abs().sum() > 0
    assert content.grad[:, [0, 2, 3]].abs().sum() == 0


def test_the_mouth_box_is_painted_and_the_rest_of_the_image_kept(inputs):
    image, content = inputs
    changed = (roll_out(made(), image, content)[:, 0] - image).abs().amax((0, 1))
    assert mouth(changed).max() > 0.01
    mouth(changed).zero_()
    assert changed.max() == 0


def test_lips_mask_is_1_inside_0_on_the_rim_and_scales():
    for side in (32, 64, 128):
        mask = lips_mask(side)
        assert mask[side // 2, side // 2] == 1
        assert max(mask[0].max(), mask[-1].max(), mask[:, 0].max(), mask[:, -1].max()) == 0
        assert mask.mean() == pytest.approx(21 * 22 / 32**2, abs=0.01)


@pytest.mark.parametrize("hide", [True, False])
def test_hidden_lips_reach_the_net_through_the_looks_alone(hide, inputs):
    """With the looks' path cut, other lips in the image change nothing where they are hidden."""
    image, content = inputs
    generator = made(config=replace(GeneratorConfig.fast(), hide_lips=hide))
    for encode in generator.looks:
        encode.register_forward_hook(lambda module, x, out: torch.zeros_like(out))
    other = image.clone()
    mouth(other)[..., lips_mask(32) == 1] += 0.3
    core = lips_mask(32) == 1
    painted, again = (mouth(generator.frame(i, i, content[:, 0]))[..., core] for i in (image, other))
    assert ((painted - again).abs().max() < 1e-6) == hide


def test_layout_does_not_change_the_picture(inputs):
    image, content = inputs
    generator = made()
    video = roll_out(generator, image, content)
    generator.to(memory_format=torch.channels_last)
    torch.testing.assert_close(roll_out(generator, image, content), video, rtol=0, atol=1e-5)


def test_noise_moves_the_temporal_generator_and_its_face_is_encoded_alone(inputs):
    image, content = inputs
    generator = made(TemporalGenerator)
    noise = torch.randn((2, 4, NOISE), generator=torch.Generator().manual_seed(1))
    assert (generator(image, content, noise) - generator(image, content)).abs().max() > 1e-6
    torch.testing.assert_close(generator(image[1:], content[1:]), generator(image, content)[1:], rtol=0, atol=1e-5)
