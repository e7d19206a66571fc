"""The model of Yadav et al.: sizes, who sees what and when, who learns from which term, and what
chance does.
"""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import conv2d, interpolate, silu

from thlab.audio import mfcc_windows
from thlab.nn.warp import apply_changes, covering_changes
from thlab.papers.stochastic import model as model_module
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.frames import EMBED
from thlab.papers.stochastic.losses import objective
from thlab.papers.stochastic.model import TalkingFace, audio_features, generate
from thlab.training.optim import build_seeded

FAST, T = StochasticConfig.fast(), 4
# the two kinds of model; the published one folds no pixels, so it has a level more
KINDS = {
    "ours": {},
    "as published": {"as_published": True, "fine": False, "widths": (8, 8, 8, 16, 16)},
}


def made(kind: str = "ours", **changes) -> TalkingFace:
    """The fast preset's with changes; fine where it can be."""
    changes = KINDS[kind] | changes
    if not changes.get("stochastic", True):
        changes["fine"] = False
    return build_seeded(lambda: TalkingFace(replace(FAST, **changes)), 0)


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    rng = torch.Generator().manual_seed(0)
    shapes = {
        "image": (2, 3, 64, 64),
        "real": (2, T, 3, 64, 64),
        "rows": (2, T, 28, 12),
        "noise": (2, T, FAST.z),
    }
    return {name: torch.rand(shape, generator=rng) for name, shape in shapes.items()}


def test_the_paper_preset_has_the_papers_sizes():
    model = TalkingFace(StochasticConfig.paper())
    assert [
        layer.in_features for layer in model.audio_encoder.net if isinstance(layer, torch.nn.Linear)
    ] == [
        6144,
        2048,
    ]
    assert (model.q_a.lstm.hidden_size, model.q_f.lstm.num_layers) == (256, 1)
    assert (
        model.predictor.hidden_size,
        model.predictor.num_layers,
        model.to_g[0].out_features,
    ) == (256, 2, 128)
    assert (model.config.z, model.config.beta, model.config.reduction) == (24, 1e-6, "mean")
    frames = generate(model, torch.rand(1, 3, 128, 128), torch.zeros(1, 1, 28, 12))
    assert frames.shape == (1, 1, 3, 128, 128)
    assert (
        sum(p.numel() for p in TalkingFace(StochasticConfig.book()).parameters()) < 4e6
    )  # 8 MB in half precision


@pytest.mark.parametrize("kind", KINDS)
def test_frames_are_pictures_of_both_kinds(kind, batch):
    out = made(kind)(**batch)
    assert out.frames.shape == (2, T, 3, 64, 64)
    assert 0 <= out.frames.min() < out.frames.max() <= 1
    assert out.q_f.mean.shape == out.q_a.logvar.shape == (2, T, FAST.z)
    assert (out.q_f.logvar < -1).all()  # log-variances: a sigma would be positive


def test_hearing_is_the_mfcc_at_a_common_scale():
    audio = torch.randn(5 * 640, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        audio_features(audio, 5)[..., 11], mfcc_windows(audio, 5)[..., 11] / 8
    )


def test_posteriors_know_the_past_and_not_the_future(batch):
    model, later = made(), dict(batch)
    later["real"], later["rows"] = batch["real"].clone(), batch["rows"].clone()
    later["real"][:, 2], later["rows"][:, 2] = 0, 1
    before, after = model(**batch), model(**later)
    for one, other in ((before.q_f, after.q_f), (before.q_a, after.q_a)):
        changed = (one.mean - other.mean).abs().amax((0, 2)) > 1e-6
        assert changed.tolist() == [False, False, True, True]
    changed = (before.frames - after.frames).abs().amax(
        (0, 2, 3, 4)
    ) > 1e-6  # through z_t, which has seen f_t
    assert changed.tolist() == [False, False, True, True]


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_frame_is_decoded_from(kind, batch):
    """z and the sound, or as published z and the frame before."""
    model = made(kind)
    moved = batch | {"rows": batch["rows"] + 1}
    z = torch.zeros(2, T, FAST.z)
    with torch.no_grad():
        before, after = (
            model.frames_of(model.read_face(b["image"]), z, model.audio_encoder(b["rows"]))
            for b in (batch, moved)
        )
        other = model.frames_of(
            model.read_face(batch["image"]), z + 1, model.audio_encoder(batch["rows"])
        )
    assert ((before - after).abs().max() > 1e-6) == (kind == "ours")
    assert (before - other).abs().max() > 1e-6


def test_with_teacher_forcing_each_frame_follows_the_true_one(batch):
    """The pass of training, a frame at a time, written out."""
    model = made("as published")
    out = model(**batch)
    z, state = out.q_f.sample(batch["noise"]), None
    face = model.read_face(batch["image"])
    before = face.h
    for t in range(T):
        g, state = model.predict(before[:, None], z[:, t : t + 1], state)
        frame = model.decoder(g, face.skips, z[:, t : t + 1])
        torch.testing.assert_close(frame[:, 0], out.frames[:, t])
        before, _ = model.frame_encoder(batch["real"][:, t], batch["image"])


def test_in_use_each_frame_follows_the_one_that_was_made(batch):
    model, state = made("as published"), None
    z = torch.randn(2, T, FAST.z, generator=torch.Generator().manual_seed(1))
    face = model.read_face(batch["image"])
    frames = model.frames_of(face, z, model.audio_encoder(batch["rows"]))
    before = face.h
    for t in range(T):
        g, state = model.predict(before[:, None], z[:, t : t + 1], state)
        torch.testing.assert_close(
            model.decoder(g, face.skips, z[:, t : t + 1])[:, 0], frames[:, t]
        )
        before, _ = model.frame_encoder(frames[:, t], batch["image"])


def test_a_skip_is_joined_by_a_convolution_of_both_maps():
    decoder = made("as published", size=8, widths=(8, 16)).decoder
    x, skip, image = torch.rand(2, 16, 4, 4), torch.rand(2, 8, 8, 8), torch.rand(2, 3, 8, 8)
    up, carried = decoder.ups[0], decoder.carried[0]
    both = torch.cat([interpolate(x, scale_factor=2), skip], 1)
    joined = conv2d(both, torch.cat([up.weight, carried.weight], 1), carried.bias, padding=1)
    torch.testing.assert_close(
        up(interpolate(x, scale_factor=2)) + decoder.carry(image, [skip])[1], joined
    )
    g = torch.zeros(2, 1, EMBED)
    x = silu(decoder.grow(g[:, 0]).unflatten(1, (-1, 4, 4)))
    both = torch.cat([interpolate(x, scale_factor=2), skip], 1)
    last = silu(conv2d(both, torch.cat([up.weight, carried.weight], 1), carried.bias, padding=1))
    wanted = torch.sigmoid(decoder.outlet(last))
    torch.testing.assert_close(
        decoder(g, decoder.carry(image, [skip]), torch.rand(2, 1, 4))[:, 0], wanted
    )


def test_a_fine_z_scales_the_maps_of_frame_1_and_z_0_leaves_them_as_they_are(batch):
    fine, coarse = made(), made(fine=False)
    missing, _ = coarse.load_state_dict(fine.state_dict(), strict=False)
    assert not missing
    still = batch | {"alone": torch.tensor([True, True])}
    torch.testing.assert_close(fine(**still).frames, coarse(**still).frames)
    decoder = made(size=16, widths=(8, 16)).decoder
    z, g, skip = torch.rand(2, 1, 4), torch.rand(2, 1, EMBED), torch.rand(2, 8, 8, 8)
    image = torch.rand(2, 3, 16, 16)
    x = silu(decoder.grow(g[:, 0]).unflatten(1, (-1, 4, 4)))
    scale = 1 + torch.einsum("cz,bz->bc", decoder.scales[0].weight, z[:, 0])
    last = silu((decoder.ups[0](interpolate(x, scale_factor=2)) + skip) * scale[..., None, None])
    maps = torch.nn.functional.pixel_shuffle(decoder.outlet(last), 2)
    torch.testing.assert_close(decoder.maps(g, [image, skip], z), maps)
    changes = covering_changes(image, maps, decoder.near_eyes, decoder.skin)
    torch.testing.assert_close(decoder(g, [image, skip], z)[:, 0], apply_changes(image, changes))


def test_skin_covers_eyes_alone():
    """Where the map asks for it an eye becomes the mean of what is around it; elsewhere nothing."""
    decoder = made().decoder
    image = torch.rand(1, 3, 64, 64) * 0.8 + 0.1
    asked = torch.zeros(1, 6, 64, 64)
    asked[:, 5] = 100.0
    made_of_it = apply_changes(
        image, covering_changes(image, asked, decoder.near_eyes, decoder.skin)
    )
    outside = decoder.near_eyes.expand_as(image) == 0
    assert 0 < outside.sum() < outside.numel()
    torch.testing.assert_close(made_of_it[outside], image[outside], atol=1e-5, rtol=0)
    row, column = decoder.near_eyes[0, 0].nonzero()[20].tolist()
    half = decoder.skin // 2
    around = image[..., row - half : row + half + 1, column - half : column + half + 1]
    torch.testing.assert_close(made_of_it[..., row, column], around.mean((-1, -2)))
    still = covering_changes(image, torch.zeros(1, 6, 64, 64), decoder.near_eyes, decoder.skin)
    assert still.cover is not None
    assert still.cover.max() < 0.02


def test_a_fine_encoder_reads_the_eyes_own_pixels(batch):
    encoder, expected = made().frame_encoder, batch["image"]
    linear = encoder.embed[0]
    linear.requires_grad_(False).weight.zero_()  # the way through the maps is shut
    for box, seen in (
        ((slice(10, 22), slice(12, 52)), True),
        ((slice(30, 62), slice(16, 48)), False),
    ):
        picture = expected.clone()
        picture[:, :, *box] = 1 - picture[:, :, *box]
        h, before = encoder(picture, expected)[0], encoder(expected, expected)[0]
        assert ((h - before).abs().max() > 0.1) == seen


@pytest.mark.parametrize("without", [KINDS["as published"] | {"fine": True}, {"stochastic": False}])
def test_what_is_fine_needs_z_and_something_to_compare_with(without):
    with pytest.raises(ValueError, match="fine=True needs as_published=False and stochastic=True"):
        TalkingFace(replace(FAST, **without))


def learners(model: TalkingFace, term: torch.Tensor) -> set[str]:
    model.zero_grad(set_to_none=True)
    term.backward(retain_graph=True)
    return {
        name.split(".")[0]
        for name, p in model.named_parameters()
        if p.grad is not None and p.grad.abs().sum() > 0
    }


@pytest.mark.parametrize("kind", KINDS)
def test_who_learns_from_which_term(kind, batch):
    model = made(kind)
    out = model(**batch)
    terms = objective(model.config, out, batch["real"], 0)
    seen = {"frame_encoder", "q_f", "predictor", "to_g", "decoder"}
    hears = {
        "audio_encoder"
    }  # ours learns what lips do from the likelihood alone, the published one from the KL
    assert learners(model, terms["nll"]) == seen | (hears if kind == "ours" else set())
    learnt = {"frame_encoder", "q_f", "q_a"}
    assert learners(model, terms["charged"]) == learnt | (set() if kind == "ours" else hears)


@pytest.mark.parametrize("kind", KINDS)
def test_the_deterministic_baseline_learns_from_pixels_what_it_hears(kind, batch):
    model = made(kind, stochastic=False)
    out = model(**batch)
    assert out.q_f is None
    parts = {name for name, _ in model.named_children()}
    assert "q_f" not in parts
    assert learners(model, objective(model.config, out, batch["real"], 0)["total"]) == parts
    torch.testing.assert_close(out.frames, model(**batch | {"noise": -batch["noise"]}).frames)
    takes = generate(model, batch["image"], batch["rows"], batch["noise"])
    torch.testing.assert_close(takes, generate(model, batch["image"], batch["rows"]))


@pytest.mark.parametrize("stochastic", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_all_that_can_learn_does_as_several_processes_need(kind, stochastic, batch):
    model = made(kind, stochastic=stochastic)
    objective(model.config, model(**batch), batch["real"], 0)["total"].backward()
    assert [
        name for name, p in model.named_parameters() if p.requires_grad and p.grad is None
    ] == []


@pytest.mark.parametrize("kind", KINDS)
def test_takes_in_use_are_samples_of_what_was_heard(kind, batch):
    """z of q(z | a), scaled by the temperature."""
    model = made(kind)
    image, rows, noise = batch["image"], batch["rows"], batch["noise"]
    frames = generate(model, image, rows, noise, temperature=0.5)
    with torch.no_grad():
        h_a = model.audio_encoder(rows)
        q = model.q_a(h_a)
        z = q.mean + 0.5 * (0.5 * q.logvar).exp() * noise
        torch.testing.assert_close(frames, model.frames_of(model.read_face(image), z, h_a))
    mean = generate(model, image, rows)
    torch.testing.assert_close(generate(model, image, rows, noise, temperature=0.0), mean)
    assert (frames - mean).abs().max() > 1e-5


def test_many_takes_of_one_clip_are_those_made_one_by_one(batch):
    model, image, rows = made(), batch["image"][:1], batch["rows"][:1]
    noise = torch.randn((5, T, FAST.z), generator=torch.Generator().manual_seed(1))
    takes = generate(model, image, rows, noise)
    assert takes.shape == (5, T, 3, 64, 64)
    for k in range(5):
        torch.testing.assert_close(
            takes[k : k + 1], generate(model, image, rows, noise[k : k + 1]), rtol=0, atol=1e-5
        )


@pytest.mark.parametrize("at_once", [1, 2, 6])
def test_frames_do_not_depend_on_how_many_are_painted_at_once(at_once, batch, monkeypatch):
    """Also where the last pass has fewer frames, and where not one of each take fits."""
    inputs = batch["image"], batch["rows"], batch["noise"]
    whole = generate(made(), *inputs)
    painted = []
    monkeypatch.setattr(model_module, "PAINTED_AT_ONCE", at_once)
    model = made()
    model.decoder.register_forward_hook(lambda part, given, frames: painted.append(frames.shape[1]))
    torch.testing.assert_close(generate(model, *inputs), whole, rtol=0, atol=1e-5)
    assert painted == ([3, 1] if at_once == 6 else [1] * T)


def test_an_offset_moves_one_dimension_of_the_latent(batch):
    model, offset = made(), torch.tensor([0.0, 0.0, 1.5, 0.0])
    moved = generate(model, batch["image"], batch["rows"], latent_offset=offset)
    assert (moved - generate(model, batch["image"], batch["rows"])).abs().max() > 1e-5
    with torch.no_grad():
        model.q_a.head.bias[2] += 1.5  # the head's first half is the mean
    torch.testing.assert_close(generate(model, batch["image"], batch["rows"]), moved)


def test_brightness_of_frame_1_reaches_the_frames(batch):
    """What a norm at the finest level would take away: a darker picture has a darker finest map."""
    model = made()
    _, (bright, *_) = model.frame_encoder(batch["image"], batch["image"])
    _, (dark, *_) = model.frame_encoder(batch["image"] - 0.3, batch["image"] - 0.3)
    assert (bright - dark).abs().mean() > 0.01


def test_an_encoder_that_compares_sees_what_sound_alone_gets_wrong(batch):
    """Blind to the frames themselves, it knows of a frame that sound foretells no more than of any
    other such.
    """
    model = made()
    rows, image = batch["rows"], batch["image"]
    with torch.no_grad():
        model.frame_encoder.stem.weight[:, : 3 * FAST.fold**2] = 0
        foretold = model.paint_from_sound(model.audio_encoder(rows), model.read_face(image))
        change = torch.zeros_like(foretold)
        change[:, :, :, 12:20, 16:24] = 0.2
        right, wrong = (
            model(image, frames, rows).q_f.mean for frames in (foretold, foretold + change)
        )
        nothing, _ = model.frame_encoder(foretold.flatten(0, 1), foretold.flatten(0, 1))
    torch.testing.assert_close(nothing, nothing[:1].expand_as(nothing))
    torch.testing.assert_close(right[0], right[1])
    assert (wrong - right).abs().max() > 1e-4


def test_of_clips_left_alone_sound_must_tell_all(batch):
    """Neither the true frames nor noise reach them; the posteriors are those of any clip."""
    model, alone = made(), torch.tensor([True, False])
    out = model(**batch, alone=alone)
    other = model(**batch | {"noise": -batch["noise"], "real": 1 - batch["real"]}, alone=alone)
    torch.testing.assert_close(out.frames[0], other.frames[0])
    assert (out.frames[1] - other.frames[1]).abs().max() > 1e-6
    torch.testing.assert_close(out.frames[1], model(**batch).frames[1])
    torch.testing.assert_close(out.q_f.mean, model(**batch).q_f.mean)


def test_embeddings_cannot_grow_until_tanh_is_deaf():
    """A norm stands before it: a thousand times the weights are the same embedding."""
    model, rows = made(), torch.randn(1, 3, 28, 12)
    linear = next(
        layer for layer in reversed(model.audio_encoder.net) if isinstance(layer, torch.nn.Linear)
    )
    with torch.no_grad():
        before = model.audio_encoder(rows)
        for weight in linear.parameters():
            weight *= 1000
        torch.testing.assert_close(model.audio_encoder(rows), before, rtol=0, atol=1e-3)
    assert before.std(1).mean() > 0.05
