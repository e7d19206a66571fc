"""The two generators: shapes, range, what the frame before and the content do, and that they are
small and quick.
"""

import pytest
import torch

from thlab.face.align import mouth
from thlab.nn.mouth import LOWER, POINTS, SIDE, UPPER, mouth_box, mouth_mask, to_box
from thlab.nn.warp import apply_changes
from thlab.papers.priors.head.geometry import DEPTH, bend_mouth, place_teeth
from thlab.papers.priors.head.model import Generator, GeneratorConfig, generate
from thlab.papers.priors.head.temporal import NOISE, TemporalGenerator


@pytest.fixture
def inputs():
    rng = torch.Generator().manual_seed(0)
    return torch.rand(2, 3, 64, 64, generator=rng), torch.randn(2, 4, 32, generator=rng)


def made(kind=Generator, config=None):
    torch.manual_seed(0)
    return kind(config or GeneratorConfig.fast(), 32)


def test_book_has_about_a_million_parameters_and_paper_makes_256_pixels():
    assert 0.5e6 < sum(p.numel() for p in made(config=GeneratorConfig.book()).parameters()) < 2.5e6
    config = GeneratorConfig.paper()
    frame = generate(made(config=config), torch.rand(1, 3, 256, 256), torch.zeros(1, 1, 32))
    assert frame.shape == (1, 1, 3, 256, 256)


@pytest.mark.parametrize("kind", [Generator, TemporalGenerator])
def test_frames_are_pictures_that_depend_on_the_content(kind, inputs):
    image, content = inputs
    generator = made(kind)
    video = generate(generator, image, content)
    assert video.shape == (2, 4, 3, 64, 64)
    assert video.min() >= 0
    assert video.max() <= 1
    assert (generate(generator, image, -content) - video).abs().max() > 1e-3


@pytest.mark.parametrize("kind", [Generator, TemporalGenerator])
def test_a_video_knows_its_past_and_not_its_future(kind, inputs):
    image, content = inputs
    generator = made(kind)
    video = generate(generator, image, content)
    torch.testing.assert_close(generate(generator, image, content[:, :2]), video[:, :2])
    other = content.clone()
    other[:, 0] += 1
    assert (generate(generator, image, other)[:, 1] - video[:, 1]).abs().max() > 1e-6


def test_a_video_is_frame_after_frame(inputs):
    image, content = inputs
    generator, previous = made(), image
    for n in range(content.shape[1]):
        previous = generator.painter.frame(
            image, previous, content[:, n], generator.painter.find(image)
        )
        torch.testing.assert_close(previous, generator(image, content)[:, n])


@pytest.mark.parametrize("kind", [Generator, TemporalGenerator])
def test_frames_with_the_points_where_content_puts_them_are_those_of_content_alone(kind, inputs):
    image, content = inputs
    generator = made(kind)
    points = generator.painter.find(image)
    goal = points[:, None] + generator.moves(content, points)
    torch.testing.assert_close(generator(image, content, None, goal), generator(image, content))
    assert (
        generator(image, content, None, goal + 3) - generator(image, content)
    ).abs().max() > 1e-2


@pytest.mark.parametrize("kind", [Generator, TemporalGenerator])
def test_unseen_frames_are_painted_as_in_use_and_teach_nothing(kind, inputs):
    image, content = inputs
    content.requires_grad_()
    generator = made(kind)
    part = generator(image, content, unseen=3)
    torch.testing.assert_close(part, generator(image, content)[:, 3:])
    part.sum().backward()
    if kind is Generator:  # the other one remembers in its states, which do learn
        assert content.grad[:, :3].abs().sum() == 0
    assert content.grad[:, 3].abs().sum() > 0


def test_a_frame_gets_no_gradient_from_its_successors(inputs):
    image, content = inputs
    content.requires_grad_()
    made()(image, content)[:, 1].sum().backward()
    assert content.grad[:, 1].abs().sum() > 0
    assert content.grad[:, [0, 2, 3]].abs().sum() == 0


def test_the_mouth_box_is_painted_and_the_rest_of_the_image_kept(inputs):
    image, content = inputs
    changed = (generate(made(), image, content)[:, 0] - image).abs().amax((0, 1))
    assert mouth(changed).max() > 0
    mouth(changed).zero_()
    assert changed.max() == 0


def test_what_is_at_a_point_comes_to_where_it_is_moved():
    """A bright spot at a moved point: its centre of mass follows, and where nothing moves nothing
    changes.
    """
    points = torch.tensor([[[12.0, 16.0], [20.0, 16.0], [16.0, 26.0]]])
    moves = torch.tensor([[[0.0, 0.0], [0.0, 3.0], [0.0, 0.0]]])
    for side in (32, 64):
        ticks = (torch.arange(side) + 0.5) * SIDE / side
        y, x = torch.meshgrid(ticks, ticks, indexing="ij")
        spot = torch.exp(-((x - 20) ** 2 + (y - 16) ** 2) / 2).expand(1, 3, -1, -1)
        bent = bend_mouth(spot, points, moves)[0, 0]
        centre = torch.stack([(bent * x).sum(), (bent * y).sum()]) / bent.sum()
        torch.testing.assert_close(centre, torch.tensor([20.0, 19.0]), rtol=0, atol=0.35)
        torch.testing.assert_close(bend_mouth(spot, points, 0 * moves), spot, rtol=0, atol=1e-4)


def test_points_in_the_box_are_those_of_the_picture():
    landmarks = torch.zeros(1, 68, 2)
    landmarks[:, 48] = torch.tensor([16.0, 30.0])  # the box's corner at 64 px
    landmarks[:, 8] = torch.tensor([48.0, 62.0])  # the opposite one
    inside = to_box(landmarks, 64)[0]
    assert inside[POINTS.index(48)].tolist() == [0, 0]
    assert inside[POINTS.index(8)].tolist() == [SIDE, SIDE]
    torch.testing.assert_close(to_box(4 * landmarks, 256)[0], inside)


def test_moves_hear_content_and_know_the_image_apart_from_its_place(inputs):
    _, content = inputs
    points = 16 + torch.randn((2, len(POINTS), 2), generator=torch.Generator().manual_seed(0))
    for kind in (Generator, TemporalGenerator):
        generator = made(kind)
        moves = generator.moves(content, points)
        assert moves.shape == (2, 4, len(POINTS), 2)
        assert (generator.moves(-content, points) - moves).abs().max() > 1e-3
        torch.testing.assert_close(generator.moves(content, points + 2), moves, rtol=0, atol=1e-5)


def test_pixels_do_not_teach_the_moves(inputs):
    generator = made()
    generator(*inputs).sum().backward()
    assert all(p.grad is None for p in generator.painter.geometry.parameters())
    assert all(p.grad is None for p in generator.painter.finder.parameters())


def test_layout_does_not_change_the_picture(inputs):
    image, content = inputs
    generator = made()
    video = generate(generator, image, content)
    generator.to(memory_format=torch.channels_last)
    torch.testing.assert_close(generate(generator, image, content), video, rtol=0, atol=1e-5)


def test_noise_moves_the_temporal_generator_and_its_face_is_encoded_alone(inputs):
    image, content = inputs
    generator = made(TemporalGenerator)
    noise = torch.randn((2, 4, NOISE), generator=torch.Generator().manual_seed(1))
    assert (generator(image, content, noise) - generator(image, content)).abs().max() > 1e-6
    torch.testing.assert_close(
        generator(image[1:], content[1:]), generator(image, content)[1:], rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("size", [64, 128])
@pytest.mark.parametrize("kind", [Generator, TemporalGenerator])
def test_changes_make_the_frames_of_the_video(kind, size):
    """What `generate` applies to a photo, applied to the view: the same frames, colours beyond the
    edge included.
    """
    rng = torch.Generator().manual_seed(0)
    image = torch.rand((1, 3, size, size), generator=rng).round(
        decimals=1
    )  # some pixels black, some white
    content = 2 * torch.randn((1, 5, 32), generator=rng)
    generator = made(kind, GeneratorConfig(size, (8, 16, 24)))
    with torch.no_grad():
        generator.painter.geometry.net[-1].bias.normal_(
            0, 3, generator=rng
        )  # moves that leave the box
    video = generate(generator, image, content)[0]
    changes = generator.changes(image, content)
    assert changes.motion.abs().max() > 0.02
    torch.testing.assert_close(
        apply_changes(image.expand_as(video), changes), video, rtol=0, atol=1e-5
    )
    outside = torch.ones(size, size, dtype=torch.bool)
    top, bottom, left, right = mouth_box(size, size)
    outside[top:bottom, left:right] = False
    for maps in changes[:4]:
        assert not maps[..., outside].any()


def test_a_texture_hangs_from_the_upper_lip_and_reaches_from_corner_to_corner():
    """A texture that names its own places: read below the lip's arc, in the middle and near both
    corners.
    """
    points = torch.full((1, len(POINTS), 2), 16.0)
    for contour, low in ((UPPER, 12.0), (LOWER, 26.0)):
        for k, i in enumerate(contour):
            points[:, POINTS.index(i)] = torch.tensor(
                [8.0 + 4 * k, low if k in (1, 2, 3) else 12.0]
            )
    v, u = torch.meshgrid(
        torch.linspace(0.05, 0.95, 10), torch.linspace(0.025, 0.975, 20), indexing="ij"
    )
    found = place_teeth(torch.stack([u, v, 0 * u]), points, 32)[0]
    for x in (9, 12, 16, 20, 23):  # pixel x has its middle at x + 1/2
        assert found[0, 15, x].item() == pytest.approx((x + 0.5 - 8) / 16, abs=0.02)
    for y in (13, 15, 18, 20):
        assert found[1, y, 16].item() == pytest.approx((y + 0.5 - 12) / DEPTH, abs=0.02)
    assert (found[1, 24:] > 0.94).all()  # below its end the last row goes on


def test_inside_is_the_polygon_of_the_inner_lips():
    """An open mouth's map against the area and centre of its polygon; shut lips leave next to
    nothing.
    """
    upper = torch.tensor([[8.0, 16.0], [12.0, 14.0], [16.0, 13.0], [20.0, 14.0], [24.0, 16.0]])
    lower = torch.tensor([[8.0, 16.0], [12.0, 20.0], [16.0, 22.0], [20.0, 20.0], [24.0, 16.0]])
    points = torch.full((2, len(POINTS), 2), 16.0)
    for mouth_, low in enumerate((lower, upper)):
        for contour, at in ((UPPER, upper), (LOWER, low)):
            points[mouth_, [POINTS.index(i) for i in contour]] = at
    for side in (32, 64):
        opened, shut = mouth_mask(points, side)[:, 0] * (SIDE / side) ** 2
        polygon = torch.trapezoid(lower[:, 1], lower[:, 0]) - torch.trapezoid(
            upper[:, 1], upper[:, 0]
        )
        assert opened.sum() == pytest.approx(polygon.item(), rel=0.15)
        ticks = (torch.arange(side) + 0.5) * SIDE / side
        assert (opened.sum(0) * ticks).sum() / opened.sum() == pytest.approx(16, abs=0.2)
        assert (opened.sum(1) * ticks).sum() / opened.sum() == pytest.approx(17, abs=0.7)
        assert shut.sum() < 0.15 * opened.sum()
