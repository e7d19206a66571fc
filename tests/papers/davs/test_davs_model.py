"""The model of Zhou et al.: the paper's sizes, what each part reads, and what speech does to a
picture.
"""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from thlab.audio import mfcc_windows
from thlab.nn.warp import apply_changes
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.critics import Critics
from thlab.papers.davs.decoder import Decoder
from thlab.papers.davs.model import (
    DAVS,
    SEEN,
    AudioEncoder,
    Hourglass,
    Maxout,
    PersonEncoder,
    WordEncoder,
    audio_features,
    take_frames,
)
from thlab.training import step_generator
from thlab.training.optim import build_seeded

FAST = DAVSConfig.fast()


def made(**changes) -> DAVS:
    return (
        build_seeded(lambda: DAVS(replace(FAST, **changes), 7, 3), 0).eval().requires_grad_(False)
    )


def test_the_paper_preset_has_the_papers_sizes():
    config = DAVSConfig.paper()
    g = Decoder(config)
    convs = [layer for layer in g.modules() if isinstance(layer, nn.Conv2d)]
    assert (len(convs), len(g.levels), config.dim) == (10, 6, 256)
    assert g.grow.in_features == 512
    f_p, maps = PersonEncoder(config)(torch.rand(1, 3, 256, 256))
    assert [tuple(x.shape[1:]) for x in maps] == [
        (64, 64, 64),
        (160, 32, 32),
        (320, 16, 16),
        (256, 8, 8),
    ]
    assert f_p.shape == (1, 256)
    words = WordEncoder(config).eval()
    assert (words.points.out_channels, words.outlet.out_channels, words.embed.in_features) == (
        68,
        1,
        1024,
    )
    assert words(torch.rand(1, 1, 3, 256, 256)).shape == (1, 1, 256)
    assert (SEEN, config.painted, config.adversary_frames) == (12, 6, 20)


def test_the_book_preset_is_small():
    g = Decoder(DAVSConfig.book())
    assert len(g.levels) == 4  # log2(64 / 4) doublings
    assert (
        sum(p.numel() for p in DAVS(DAVSConfig.book(), 57, 20).parameters()) < 4e6
    )  # 8 MB in half precision


def test_hearing_is_the_middle_of_the_mfcc_windows_at_a_common_scale():
    audio = torch.randn(5 * 640, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        audio_features(audio, 5)[..., 11], mfcc_windows(audio, 5)[:, 4:24, 11] / 8
    )


def test_maxout_keeps_the_larger_of_two():
    layer, x = Maxout(3, 8), torch.randn(2, 3, 6, 6)
    both = layer.norm(layer.conv(x))
    assert torch.equal(layer(x), torch.where(both[:, :8] > both[:, 8:], both[:, :8], both[:, 8:]))


def depth(hourglass: nn.Module) -> int:
    return 1 + depth(hourglass.inner) if isinstance(hourglass, Hourglass) else 0


def test_word_codes_are_standard_over_the_frames_of_a_batch():
    generator = torch.Generator().manual_seed(0)
    frames, rows = (
        torch.rand(4, 6, 3, 64, 64, generator=generator),
        torch.randn(4, 6, 20, 12, generator=generator),
    )
    for codes in (WordEncoder(FAST)(frames), AudioEncoder(FAST)(rows)):
        torch.testing.assert_close(codes.mean((0, 1)), torch.zeros(FAST.dim), rtol=0, atol=1e-5)
        torch.testing.assert_close(
            codes.std((0, 1), correction=0), torch.ones(FAST.dim), rtol=0, atol=0.01
        )


@pytest.mark.parametrize(("size", "levels"), [(64, 2), (128, 3), (256, 4)])
def test_the_hourglass_goes_down_to_4_pixels(size, levels):
    encoder = WordEncoder(replace(FAST, size=size)).eval()
    assert depth(encoder.hourglass) == levels
    smallest = []
    inner = encoder.hourglass
    while isinstance(inner, Hourglass):
        inner = inner.inner
    inner.register_forward_hook(lambda _m, _i, out: smallest.append(out.shape[-1]))
    encoder(torch.rand(1, 1, 3, size, size))
    assert smallest == [4]


def test_each_frame_is_encoded_for_itself():
    model, frames, rows = made(), torch.rand(2, 3, 3, 64, 64), torch.randn(2, 3, 20, 12)
    for encoder, x in ((model.e_w_v, frames), (model.e_w_a, rows)):
        torch.testing.assert_close(encoder(x)[1, 2], encoder(x[1:, 2:])[0, 0], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("bends", "skips"), [(True, (0, 1)), (False, (1,))])
def test_what_a_frame_is_decoded_from(bends, skips):
    model = made(bends=bends)
    (f_p, maps), image = model.e_p_v(torch.rand(2, 3, 64, 64)), torch.rand(2, 3, 64, 64)
    given = [f_p, torch.randn(2, 3, 16), *maps, image]
    given = [x.requires_grad_() for x in given]
    frames = model.g(given[0], given[1], given[2:-1], given[-1])
    assert frames.shape == (2, 3, 3, 64, 64)
    assert 0 <= frames.min() < frames.max() <= 1
    read = torch.autograd.grad(frames.sum(), given, allow_unused=True)
    used = [k for k, x in enumerate(read) if x is not None]
    assert used == [0, 1, *(2 + k for k in skips), *([6] if bends else [])]
    assert (
        torch.autograd.grad(
            model.g(given[0], given[1], given[2:-1], given[-1])[0, 1].sum(), given[1]
        )[0][0, 0]
        .eq(0)
        .all()
    )


def test_a_decoder_that_bends_begins_nearly_as_a_copier():
    model, image = made(), interpolate(torch.rand(1, 3, 8, 8), (64, 64), mode="bilinear")
    video = model.speak(image, torch.randn(1, 2, 16))
    assert (video - image[:, None]).abs().mean() < 0.1


def test_a_decoder_that_bends_says_how():
    model, image = made(), torch.rand(3, 64, 64)
    f_w = torch.randn(300, 16, generator=torch.Generator().manual_seed(0))
    changes = model.changes(image, f_w)
    frames = apply_changes(image.expand(300, -1, -1, -1), changes)
    torch.testing.assert_close(frames, model.speak(image[None], f_w[None])[0], rtol=0, atol=1e-5)


def test_a_shortcut_is_linear_in_the_codes_and_says_where():
    """What it adds to the outlet's maps, at the picture's size, is proportional to the codes but
    for a bias.
    """
    g, codes = Decoder(FAST), torch.randn(3, 2 * FAST.dim)
    assert g.shortcut is not None
    flat = g.shortcut(codes) - g.shortcut.bias
    torch.testing.assert_close(g.shortcut(2 * codes) - g.shortcut.bias, 2 * flat)
    assert flat.shape == (3, 5 * 16**2)


def test_doublings_are_bilinear(monkeypatch):
    modes = []

    def spy(x, **options):
        modes.append(options.get("mode"))
        return interpolate(x, **options)

    monkeypatch.setattr("thlab.papers.davs.decoder.interpolate", spy)
    model = made()
    modes.clear()
    model.g(
        torch.randn(1, 16),
        torch.randn(1, 1, 16),
        model.e_p_v(torch.rand(1, 3, 64, 64))[1],
        torch.rand(1, 3, 64, 64),
    )
    assert modes == 5 * ["bilinear"]  # and the shortcut's


def test_speech_from_sound_and_from_lips_moves_any_image_however_many_frames():
    model, image = made(), torch.rand(1, 3, 64, 64)
    f_w = torch.randn(1, 300, 16, generator=torch.Generator().manual_seed(0))
    video = model.speak(image, f_w)
    assert video.shape == (1, 300, 3, 64, 64)
    torch.testing.assert_close(video[:, 290:], model.speak(image, f_w[:, 290:]), rtol=0, atol=1e-5)
    assert (model.speak(torch.rand(1, 3, 64, 64), f_w[:, :2]) - video[:, :2]).abs().mean() > 0.01
    assert model.speak(image.expand(2, -1, -1, -1), f_w[:, :4].expand(2, -1, -1)).shape == (
        2,
        4,
        3,
        64,
        64,
    )


def test_a_pass_of_training_is_its_parts(clips):
    model = made()
    model = build_seeded(lambda: DAVS(FAST, len(clips.words), 4), 0).eval().requires_grad_(False)
    batch = clips.draw(FAST, torch.Generator().manual_seed(0))
    out = model(batch)
    torch.testing.assert_close(out.F_w_a, model.e_w_a(batch.rows))
    painted = take_frames(out.F_w_v, batch.painted)
    assert torch.equal(painted[1, 0], out.F_w_v[1, batch.painted[1, 0]])
    torch.testing.assert_close(out.fake_v, model.speak(batch.image, painted), rtol=0, atol=1e-5)
    torch.testing.assert_close(
        out.F_p[:, 0], model.e_p_v(batch.adversary_frames[:, 0])[0], rtol=0, atol=1e-5
    )
    assert out.people.shape == (FAST.batch, 4)


def test_what_the_critics_read(clips):
    config, critics = FAST, build_seeded(lambda: Critics(FAST, 7, 3), 0)
    out = made()(clips.draw(config, torch.Generator().manual_seed(0)))
    said = critics(out, torch.rand_like(out.fake_v))
    assert (said.person.shape, said.modality_v.shape, said.word.shape) == (
        (4 * 12, 3),
        (4, 2),
        (4, 7),
    )
    torch.testing.assert_close(
        said.person[13], critics.c_w_p(out.F_w_v[1, 1:2])[0]
    )  # each frame for itself
    assert said.real.shape == said.fake_a.shape
    assert critics(out).real is None
    F_p = torch.randn(out.F_p.shape, generator=torch.Generator().manual_seed(0))
    full, scaled = critics(out._replace(F_p=F_p)), critics(out._replace(F_p=0.01 * F_p))
    torch.testing.assert_close(
        scaled.word, full.word, rtol=0, atol=0.2
    )  # nothing is hidden by making it small


def test_the_adversary_does_not_see_who_it_is(clips):
    critics = build_seeded(lambda: Critics(FAST, 7, 3), 0)
    out = made()(clips.draw(FAST, torch.Generator().manual_seed(0)))
    another = out._replace(
        F_p=out.F_p + torch.randn(4, 1, FAST.dim, generator=torch.Generator().manual_seed(1))
    )
    torch.testing.assert_close(critics(another).word, critics(out).word, rtol=0, atol=1e-3)


def test_a_model_of_landmarks_has_nothing_of_the_person_but_f_p(clips):
    config = FAST.of_geometry()
    model = build_seeded(lambda: DAVS(config, len(clips.words), 4), 0).eval()
    batch = clips.draw(config, step_generator(0, 0))
    out = model(batch)
    assert out.fake_v.shape == batch.real.shape
    assert out.F_p.shape == (config.batch, config.adversary_frames, config.dim)
    f_p, maps = model.e_p_v(batch.image)
    assert maps == []
    again = model.g(f_p, out.F_w_v, [], torch.zeros_like(batch.image))
    torch.testing.assert_close(again, out.fake_v)
    other = model.g(f_p.roll(1, 0), out.F_w_v, [], batch.image)
    assert not torch.allclose(other, out.fake_v, atol=1e-3)
    # each frame is decoded for itself
    alone = model.g(f_p, out.F_w_v[:, 3:4], [], batch.image)
    torch.testing.assert_close(alone[:, 0], out.fake_v[:, 3])
