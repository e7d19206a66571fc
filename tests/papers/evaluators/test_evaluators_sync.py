"""SyncNet: windows of lips and of the same sound, and scores of whether they belong together."""

import pytest
import torch

from thlab.audio.features import mel_decibels
from thlab.metrics import lip_sync_scores
from thlab.nn.syncnet import FRAMES, HOPS, SyncNet, windows_of_lips, windows_of_sound
from thlab.papers.evaluators.sync import (
    MARGIN,
    OBJECTIVES,
    SyncConfig,
    SyncSampler,
    embeddings,
    margin_terms,
    sync_terms,
)


def test_windows_are_the_same_200_ms():
    audio = torch.randn(12 * 640)
    sound = windows_of_sound(audio, 12)
    lips = windows_of_lips(torch.arange(12.0).view(12, 1, 1, 1).expand(12, 3, 32, 32))
    assert len(sound) == len(lips) == 12 - FRAMES + 1
    for i in range(len(lips)):
        assert lips[i, :, 0, 0, 0].tolist() == [i, i + 1, i + 2, i + 3, i + 4]
        assert torch.equal(sound[i], mel_decibels(audio)[4 * i : 4 * i + HOPS])


def test_embeddings_have_length_1_and_do_not_hear_loudness():
    torch.manual_seed(0)
    net = SyncNet()
    mels = 20 * torch.randn(3, HOPS, 40)
    seen, heard = net(torch.rand(3, FRAMES, 3, 32, 32), mels)
    for embedding in (seen, heard):
        torch.testing.assert_close(embedding.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(net.hear(mels + 12.0), heard)


@pytest.mark.parametrize("late", [-3, 0, 4])
def test_the_offset_is_how_late_the_sound_is(late):
    track = torch.nn.functional.normalize(torch.randn(60, 8), dim=1)
    found = lip_sync_scores(track[10:50], track[10 - late : 50 - late])
    assert found.offset == late
    assert found.distance == pytest.approx(0, abs=1e-6)
    assert found.confidence > 1
    assert (found.at_once == pytest.approx(found.confidence)) == (late == 0)


def test_what_cannot_be_judged_is_refused():
    moving = torch.randn(40, 8)
    with pytest.raises(ValueError, match="stand still"):
        lip_sync_scores(torch.ones(40, 8), moving)
    with pytest.raises(ValueError, match="longer clip"):
        lip_sync_scores(moving[:10], moving[:10])


def test_a_batch_has_the_lips_and_the_sound_of_the_same_windows(memory):
    sampler = SyncSampler(memory, SyncConfig(clips=2, windows=4))
    batch = sampler.draw(0, 1)
    assert batch.mouths.shape == (2, 4, FRAMES, 3, 32, 32)
    again = sampler.draw(0, 1)
    assert all(torch.equal(a, b) for a, b in zip(batch, again, strict=True))
    every = torch.cat(sampler.sounds)
    for mel in batch.mels.flatten(0, 1):
        assert (every == mel).all((1, 2)).any()
    with pytest.raises(ValueError, match="windows"):
        SyncSampler(memory, SyncConfig(windows=1000))


@pytest.mark.parametrize(("objective", "steps"), [("softmax", 40), ("bce", 500), ("margin", 80)])
def test_a_few_windows_can_be_learnt_by_heart(memory, objective, steps):
    torch.manual_seed(0)
    net = SyncNet()
    batch = SyncSampler(memory, SyncConfig(clips=2, windows=4)).draw(0, 0)
    optimizer = torch.optim.Adam(net.parameters(), 2e-3)
    terms_of = OBJECTIVES[objective]
    first = sync_terms(terms_of, net, batch)["total"].item()
    for _ in range(steps):
        optimizer.zero_grad()
        sync_terms(terms_of, net, batch)["total"].backward()
        optimizer.step()
    assert sync_terms(terms_of, net, batch)["total"].item() < 0.3 * first


def test_the_margin_is_that_of_equation_11():
    generator = torch.Generator().manual_seed(0)
    lips, sound = torch.nn.functional.normalize(
        torch.randn(2, 3, 5, 8, generator=generator), dim=-1
    )
    pairs = []  # (y, d) of each, by hand
    for clip in range(3):
        for window in range(5):
            pairs.append((1, (lips[clip, window] - sound[clip, window]).norm()))
            pairs.append((0, (lips[clip, window] - sound[clip, window - 1]).norm()))
    terms = [y * d**2 + (1 - y) * max(MARGIN - d, 0) ** 2 for y, d in pairs]
    by_hand = sum(terms) / (2 * len(pairs))
    assert margin_terms(lips, sound)["total"].item() == pytest.approx(float(by_hand), rel=1e-5)
    same = margin_terms(lips, lips)
    assert same["true"] == 0


def test_embeddings_of_a_clip_are_those_of_its_windows(memory):
    torch.manual_seed(0)
    net = SyncNet().eval()
    lips, sound = embeddings(net, memory, 1)
    n = int(memory.start[2] - memory.start[1])
    assert len(lips) == len(sound) == n - FRAMES + 1
    windows = windows_of_sound(memory.audio[1], n)
    torch.testing.assert_close(net.hear(windows[3:4])[0], sound[3])
