"""Segments, sequences and windows against slices of what they were cut from."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from thlab.data import Clip, Segments, Sequences, open_corpus, pad_batch, windows
from thlab.data.batches import cut, pad_to


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, make_embedded):
    root = tmp_path_factory.mktemp("corpus")
    make_embedded(root, [f"s{i:02}_happy_00" for i in range(5)], seconds=1.2)
    return open_corpus("embedded", root)


def test_segments_are_stretches_of_their_clips(corpus):
    data = Segments(corpus, 5, ("frames", "audio", "viseme"), seed=3)
    for index, item in enumerate(data[i] for i in range(len(data))):
        clip, start = corpus[index], item["start"]
        assert item["frames"].shape == (5, 48, 64, 3)
        assert item["frames"].dtype == torch.uint8
        np.testing.assert_array_equal(item["frames"], clip.frames[start : start + 5])
        np.testing.assert_array_equal(item["audio"], clip.audio[start * 640 : (start + 5) * 640])
        np.testing.assert_array_equal(item["viseme"], clip.labels["viseme"][start : start + 5])
        assert item["id"] == clip.id


def test_segments_depend_on_seed_epoch_and_clip_alone(corpus):
    def starts(seed, epoch, workers=0):
        data = Segments(corpus, 5, ("audio",), seed=seed)
        data.epoch = epoch
        return torch.cat([batch["start"] for batch in DataLoader(data, 2, num_workers=workers)]).tolist()

    assert starts(0, 0) == starts(0, 0, workers=2)
    assert len({tuple(starts(seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9
    every = {start for epoch in range(200) for start in starts(0, epoch)}
    assert every == set(range(26))  # 30 frames leave 26 places for 5


def test_short_clips_are_padded(corpus):
    item = Segments(corpus, 40)[0]
    assert item["frames"].shape[0] == 40
    assert len(item["audio"]) == 40 * 640
    np.testing.assert_array_equal(item["frames"][:30], corpus[0].frames)
    assert not item["frames"][30:].any()
    assert not item["audio"][30 * 640 :].any()


def test_segments_of_sound_decode_no_video(corpus, monkeypatch):
    monkeypatch.setattr("thlab.data.clip.read_video", None)
    assert Segments(corpus, 5, ("audio",))[0]["audio"].shape == (3200,)


def test_cut_keeps_step_at_other_frame_rates():
    item = {"audio": torch.arange(48000.0), "frames": torch.arange(90)}
    for start in range(80):
        part = cut(item, start, 7, fps=29.97)
        assert part["frames"].tolist() == list(range(start, start + 7))
        assert len(part["audio"]) == round(7 * 16000 / 29.97)  # one length, whatever the start
        assert abs(part["audio"][0] - start * 16000 / 29.97) <= 0.5


def test_clips_without_an_emotion_make_a_batch(tmp_path, make_clip):
    clips = [Clip(str(i), make_clip(tmp_path / f"{i}.wav"), "s1") for i in range(2)]
    (batch,) = DataLoader(Segments(clips, 5, ("audio",)), 2)
    assert batch["emotion"] == ["", ""]
    assert batch["audio"].shape == (2, 3200)


def test_pad_batch_says_the_lengths(corpus):
    items = [Sequences(corpus, ("frames", "audio"))[0], cut(Sequences(corpus)[1], 0, 12)]
    batch = pad_batch(items)
    assert batch["frames"].shape == (2, 30, 48, 64, 3)
    assert batch["frames_length"].tolist() == [30, 12]
    assert batch["audio_length"].tolist() == [30 * 640, 12 * 640]
    assert batch["id"] == [corpus[0].id, corpus[1].id]
    torch.testing.assert_close(batch["frames"][1, :12], items[1]["frames"])
    assert not batch["frames"][1, 12:].any()


@pytest.mark.parametrize(("length", "hop"), [(5, 5), (5, 2), (1, 3), (12, 1)])
def test_windows_are_slices(length, hop):
    x = torch.arange(12 * 3).reshape(12, 3)
    wanted = torch.stack([x[i : i + length] for i in range(0, 12 - length + 1, hop)])
    torch.testing.assert_close(windows(x, length, hop), wanted)


def test_pad_to_leaves_long_ones_alone():
    torch.testing.assert_close(pad_to(torch.ones(2, 3), 4), torch.cat([torch.ones(2, 3), torch.zeros(2, 3)]))
    torch.testing.assert_close(pad_to(torch.ones(4, 3), 2), torch.ones(4, 3))


def test_loader_gives_every_clip_once(corpus):
    loader = DataLoader(Sequences(corpus, ("audio", "viseme")), 2, shuffle=True, collate_fn=pad_batch)
    ids = [id_ for batch in loader for id_ in batch["id"]]
    assert sorted(ids) == sorted(clip.id for clip in corpus)


def test_an_unknown_label_is_named(corpus):
    with pytest.raises(KeyError, match="gaze"):
        Sequences(corpus, ("gaze",))[0]
