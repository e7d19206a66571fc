"""Word clips against the words' exact times: where they lie, what is beyond, how drawn."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from thlab.audio.visemes import Segment
from thlab.corpus.grammar import COMMON, GRAMMAR, WORDS, sentences
from thlab.corpus.rows import clip_rows
from thlab.corpus.settings import settle
from thlab.data import Clip, Corpus, open_corpus
from thlab.data.clip import untimed
from thlab.data.prepare import prepare
from thlab.data.tensors import load_clips
from thlab.papers.davs import words as module
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.model import audio_features
from thlab.papers.davs.words import FRAMES, MIDDLE, hold_out, in_noise, spread, word_clips
from thlab.training import step_generator

CONFIG = DAVSConfig.fast()


def test_a_words_middle_is_in_the_middle_frame(clips, spoken):
    said = [(number, word) for number, clip in enumerate(spoken) for word in clip.words]
    assert len(clips.word) == len(said) == 6 * len(spoken)
    for k, (number, word) in enumerate(said):
        assert clips.clip[k] == number
        assert clips.words[clips.word[k]] == word.label
        middle = (word.start + word.end) / 2
        assert (clips.first[k] + MIDDLE) / 25 <= middle < (clips.first[k] + MIDDLE + 1) / 25
    assert clips.words == tuple(sorted({word.label for _, word in said}))
    speakers = [spoken[number].speaker for number, _ in said]
    assert [clips.tensors.speakers[p] for p in clips.person] == speakers


def test_beyond_a_clips_ends_its_pictures_are_repeated_and_its_sound_is_silent(clips):
    every = torch.arange(len(clips.word))
    frames, rows = clips.times(every, torch.arange(FRAMES))
    start, end = clips.tensors.start[clips.clip], clips.tensors.start[clips.clip + 1]
    before = (clips.first < 0).nonzero()[0, 0]  # the first word is said early
    n = -int(clips.first[before])
    assert (frames[before, :n] == start[before]).all()
    assert torch.equal(frames[before, n:], start[before] + torch.arange(FRAMES - n))
    after = (clips.first + FRAMES > end - start).nonzero()[0, 0]
    assert frames[after, -1] == end[after] - 1
    assert (clips.tensors.clip_of[frames] == clips.clip[:, None]).all()
    number = int(clips.clip[before])
    sound, length = clips.tensors.audio[number], int(end[before] - start[before])
    quiet = torch.zeros(40 * 640)  # more than enough around it
    whole = audio_features(torch.cat([quiet, sound, quiet]), length + 80)
    at = 40 + int(clips.first[before])
    heard = clips.rows[rows[before]]
    torch.testing.assert_close(heard, whole[at : at + FRAMES], rtol=1e-4, atol=1e-4)
    # silence: 12 frames are more than a window
    torch.testing.assert_close(heard[0], whole[0], rtol=1e-4, atol=1e-4)


def test_frames_are_spread_evenly_about_the_middle():
    assert spread(12).tolist() == list(range(1, 24, 2))
    assert spread(20).tolist() == list(range(2, 22))
    for n in (4, 6, 8, 25):
        assert len(spread(n)) == n
        assert 0 <= spread(n).min() <= spread(n).max() < FRAMES
        assert abs(int(spread(n).min() + spread(n).max()) - 24) <= 1


@pytest.fixture
def numbered(clips, monkeypatch):
    """Word clips whose pictures tell the frame's number by two colours, as do their rows."""
    monkeypatch.setattr(module, "jitter", lambda pictures, rng: pictures)
    n = torch.arange(len(clips.tensors.clip_of))
    colours = torch.stack([n % 256, n // 256, 0 * n], -1).byte()
    tensors = replace(clips.tensors, frames=colours[:, None, None].expand(-1, 64, 64, -1))
    return replace(clips, tensors=tensors)


def number(pictures: torch.Tensor) -> torch.Tensor:
    colours = (255 * pictures[..., 0, 0]).round().long()
    return colours[..., 0] + 256 * colours[..., 1]


def test_a_batch_is_one_second_of_some_words_and_the_first_picture_of_the_recording(numbered):
    seen = torch.zeros(len(numbered.words))
    for seed in range(60):
        batch = numbered.draw(CONFIG, step_generator(0, seed))
        frames, image = number(batch.frames), number(batch.image)
        clip = numbered.tensors.clip_of[frames]
        assert (clip == clip[:, :1]).all()
        assert (numbered.tensors.clip_of[image] == clip[:, 0]).all()
        assert torch.equal(image, numbered.tensors.start[clip[:, 0]])
        assert (frames.diff(dim=1) <= 2).all()
        assert (numbered.tensors.speaker[clip[:, 0]] == batch.person).all()
        assert (batch.painted.diff(dim=1) == 1).all()
        made = torch.gather(frames, 1, batch.painted)
        assert torch.equal(number(batch.real), made)
        assert batch.adversary_frames.shape[1] == CONFIG.adversary_frames
        assert batch.rows.shape == (CONFIG.batch, 12, 20, 12)
        # a word clip of that word and recording begins where the frames say
        for b in range(CONFIG.batch):
            same = (numbered.word == batch.word[b]) & (numbered.clip == clip[b, 0])
            spans = numbered.times(same.nonzero()[:, 0], spread(12))
            which = [k for k in range(len(spans[0])) if torch.equal(spans[0][k], frames[b])]
            assert which
            assert any(torch.equal(numbered.rows[spans[1][k]], batch.rows[b]) for k in which)
        seen += batch.word.bincount(minlength=len(numbered.words))
    expected = 60 * CONFIG.batch / len(numbered.words)
    assert seen.min() > 0.2 * expected  # each word as likely, however often it is said
    assert seen.max() < 2.5 * expected


def test_balanced_takes_as_many_of_each_word(clips):
    count = clips.word[clips.balanced(3)].bincount(minlength=len(clips.words))
    assert torch.equal(count, clips.word.bincount().clamp(max=3))
    assert len(clips.balanced(10_000)) == len(clips.word)
    assert len(clips.person[clips.balanced(3)].unique()) == len(clips.tensors.speakers)


def test_words_of_another_set_keep_their_numbers_and_others_are_left_out(clips, spoken):
    known = ("soon", *clips.words[:5])
    some = word_clips(clips.tensors, spoken, known)
    assert some.words == known
    kept = [word.label for clip in spoken for word in clip.words if word.label in known]
    assert [known[w] for w in some.word] == kept
    with pytest.raises(ValueError, match="clips has one of the words xylophone"):
        word_clips(clips.tensors, spoken, ("xylophone",))


def test_clips_whose_words_have_no_times_are_refused(clips, spoken):
    timeless = []
    for clip in spoken:
        timeless.append(replace(clip, words=untimed(clip.text)))
    with pytest.raises(ValueError, match="no times of its words"):
        word_clips(clips.tensors, timeless)


def spoken_by(speaker: str, texts: list[str]) -> list[Clip]:
    found = []
    for k, text in enumerate(texts):
        words = tuple(Segment(0.0, 1.0, word) for word in text.split())
        found.append(Clip(f"{speaker}{k}", Path(f"{k}.mp4"), speaker, words=words))
    return found


def test_what_both_say_leaves_the_test_and_training_keeps_all():
    texts = [" ".join(words) for words in sentences(8)]
    train = Corpus("t", spoken_by("a", texts[:4]) + spoken_by("b", texts[2:6]), [])
    test = Corpus("t", spoken_by("c", texts[3:]) + spoken_by("d", texts[:1] + texts[7:]), [])
    kept, left = hold_out(train, test)
    assert [clip.id for clip in kept] == [clip.id for clip in train]
    said = {clip.text for clip in train}
    expected = [clip.id for clip in test if clip.text not in said]
    assert [clip.id for clip in left] == expected == ["c3", "c4", "d1"]


def test_nothing_is_held_out_of_single_words_or_where_all_is_shared():
    lrw = Corpus("t", spoken_by("unknown", ["about", "after"]), [])
    texts = [" ".join(words) for words in sentences(9)]
    everyone = Corpus("t", spoken_by("a", texts[:4]), [])
    apart = Corpus("t", spoken_by("b", texts[4:]), [])
    for train, test in ((lrw, lrw), (everyone, everyone), (everyone, apart)):
        found = hold_out(train, test)
        assert [[clip.id for clip in part] for part in found] == [
            [clip.id for clip in train],
            [clip.id for clip in test],
        ]


def test_the_test_of_words_has_all_words_and_no_sentence_of_the_training():
    parts: dict[str, list[Clip]] = {"train": [], "heldout": [], "test": [], "val": []}
    for row in clip_rows(settle("words", "face", None, None, 0)):
        part = "heldout" if row["heldout"] else row["split"]
        parts[part] += spoken_by(row["speaker"], [" ".join(row["words"])])
    train, test = (Corpus("words", parts[part], []) for part in ("train", "test"))
    kept, left = hold_out(train, test)
    assert list(kept) == parts["train"]
    trained, tested = {clip.text for clip in kept}, {clip.text for clip in left}
    common = {" ".join(words) for words in COMMON}
    assert trained.isdisjoint(tested)
    assert {clip.text for clip in test} - tested == common
    assert len(tested) == 336
    every = {word for words in WORDS.values() for word in words}
    for texts in (trained, tested):
        assert {word for text in texts for word in text.split()} == every


def test_a_prepared_lrw_clip_has_its_word_in_the_middle(clips, spoken):
    """29 frames, the word about their middle: no picture is repeated."""
    single = replace(spoken[0], words=(Segment(14.5 / 25 - 0.2, 14.5 / 25 + 0.2, "about"),))
    long, short = clips.tensors, slice(29)
    by_frame = "frames", "landmarks", "viseme", "blink", "clip_of"
    of_frames = {name: getattr(long, name)[short] for name in by_frame}
    of_clips = {name: getattr(long, name)[:1] for name in ("emotion", "speaker", "ids")}
    audio = [long.audio[0][: 29 * 640]]
    tensors = replace(long, **of_frames, **of_clips, start=torch.tensor([0, 29]), audio=audio)
    one = word_clips(tensors, [single])
    frames, _ = one.times(torch.tensor([0]), torch.arange(FRAMES))
    assert frames[0].tolist() == list(range(2, 27))


def test_real_grid_clips_become_word_clips(real_data, tmp_path):
    root = tmp_path / "grid"
    prepare("grid", real_data / "grid", root, size=64, limit=1)
    found = open_corpus("embedded", root, check="none")
    grid = word_clips(load_clips(found), found)
    assert len(grid.word) == 6
    assert set(grid.words) <= {word for words in GRAMMAR.values() for word in words}
    frames, rows = grid.times(torch.arange(6), spread(12))
    assert grid.pictures(frames).shape == (6, 12, 3, 64, 64)
    assert grid.rows[rows].isfinite().all()


def test_a_batch_of_landmarks_is_of_the_frames_seen_and_one_of_them_is_the_person(clips):
    config = CONFIG.of_geometry()
    batch = clips.draw(config, step_generator(0, 0))
    assert batch.frames.shape == (config.batch, 12, 29, 2)
    assert torch.equal(batch.real, batch.frames)
    assert torch.equal(batch.adversary_frames, batch.frames[:, [0, 3, 7, 11]])
    for image, frames in zip(batch.image, batch.frames, strict=True):
        assert any(torch.equal(image, frame) for frame in frames)
    alone = clips.draw(config.word_space(), step_generator(0, 0))
    assert alone.image is None
    assert alone.frames.shape[2:] == (29, 2)


def test_points_are_chin_and_mouth_whatever_the_pictures_size(clips):
    points = clips.points(torch.arange(3)[None])[0]
    landmarks = clips.tensors.landmarks[:3]
    lips = landmarks[:, 62:67:4]
    gap = (points[:, [9 + 14, 9 + 18]]).diff(dim=1)
    # the mouth's box is half the picture, in which 4 units are its side
    torch.testing.assert_close(gap * 8, lips.diff(dim=1), rtol=1e-4, atol=1e-4)
    assert points.abs().max() < 3


def test_noise_is_added_to_what_is_heard_and_to_nothing_else(clips):
    noisy = in_noise(clips, 0.0)
    again = in_noise(clips, 0.0)
    assert noisy.rows.shape == clips.rows.shape
    assert not torch.allclose(noisy.rows, clips.rows, atol=0.1)
    assert torch.equal(noisy.rows, again.rows)
    assert noisy.tensors.frames is clips.tensors.frames
    added = noisy.tensors.audio[0] - clips.tensors.audio[0]
    assert added.square().mean() > 0.3 * clips.tensors.audio[0].square().mean()
    faint = in_noise(clips, -80.0)
    assert (faint.rows - clips.rows).abs().mean() < (noisy.rows - clips.rows).abs().mean() / 2
