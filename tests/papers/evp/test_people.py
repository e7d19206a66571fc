"""One net over many people, known by a photo each: what bends, what is painted, `--image`."""

from dataclasses import asdict, replace
from functools import cache

import numpy as np
import pytest
import torch
from PIL import Image

from thlab.cli import main
from thlab.corpus import perform
from thlab.corpus.settings import FIRST_SPEAKER
from thlab.data import open_corpus, open_splits, read_video
from thlab.data.tensors import as_floats
from thlab.evaluation.experiment import Experiment
from thlab.face.edges import edge_maps
from thlab.face.points import MOUTH
from thlab.metrics.image import psnr
from thlab.papers.evp.cards import people_facts
from thlab.papers.evp.evaluate import people as table
from thlab.papers.evp.portrait.footage import Footage, footage_of, performances, starts
from thlab.papers.evp.portrait.model import Generator
from thlab.papers.evp.portrait.people import (
    PEOPLE,
    PeopleConfig,
    PhotoGenerator,
    load_people,
    new_net,
)
from thlab.papers.evp.portrait.people_data import People, PhotoPairs, people_to_learn
from thlab.papers.evp.portrait.people_train import painted, train_people
from thlab.training.device import make_fabric
from thlab.training.job import Job
from thlab.training.weights import save_weights

FAST = PeopleConfig.fast()
WORDS = ("put", "blue", "by", "u", "four", "now")


@cache
def people() -> People:
    """Three people, a pair of frames of each in each emotion."""
    torch.set_num_threads(1)
    return people_to_learn(FAST, {})


@cache
def clip() -> Footage:
    """Twelve frames of a test speaker, 64 px."""
    said = performances(FIRST_SPEAKER["test"], [6])[0]
    frames, landmarks = said.scene.at(slice(10, 34, 2)).shoot("portrait", 64)
    return Footage(frames, landmarks, starts([12]))


def photo_of(footage: Footage, frame: int = 0) -> Footage:
    chosen = slice(frame, frame + 1)
    return Footage(footage.frames[chosen], footage.landmarks[chosen], starts([1]))


def maps_of(footage: Footage) -> torch.Tensor:
    return torch.from_numpy(edge_maps(footage.frames, footage.landmarks))


def job(folder, config: PeopleConfig = FAST) -> Job:
    return Job(config, people(), folder, "people", make_fabric("cpu", precision="32-true"), 0)


@torch.no_grad()
def silenced(net: Generator) -> Generator:
    """A net whose last layers paint nothing, and let nothing of the photo through unbent."""
    assert net.mask is not None
    for end in (net.colour, net.mask):
        end.weight.zero_()
        end.bias.zero_()
    net.mask.bias.fill_(-100)
    return net


def nearness(made: torch.Tensor, true: np.ndarray) -> float:
    """PSNR, dB."""
    return psnr(as_floats(made), as_floats(torch.from_numpy(true))).mean().item()


def test_a_photos_own_landmarks_give_the_photo_back():
    photo = photo_of(clip())
    generator = PhotoGenerator(new_net(FAST, 0), photo)
    assert nearness(generator.plates_alone(photo.landmarks), photo.frames) > 38
    made = generator.render(maps_of(photo), photo.landmarks)
    assert nearness(made, photo.frames) > 30  # an untrained net paints almost nothing


def test_plates_bring_a_photo_nearer_to_other_frames():
    generator = PhotoGenerator(new_net(FAST, 0), photo_of(clip()))
    bent = generator.plates_alone(clip().landmarks)
    still = torch.from_numpy(clip().frames[:1]).expand_as(bent)
    x, y = clip().landmarks[:, MOUTH].mean((0, 1)).round().astype(int)
    box = (slice(1, None), slice(y - 6, y + 7), slice(x - 8, x + 9))
    assert nearness(bent[box], clip().frames[box]) > nearness(still[box], clip().frames[box]) + 1


def test_a_silent_net_is_plates_alone():
    generator = PhotoGenerator(silenced(new_net(FAST, 0)), photo_of(clip()))
    made = generator.render(maps_of(clip()), clip().landmarks)
    assert torch.equal(made, generator.plates_alone(clip().landmarks))


def test_each_frame_is_painted_from_the_photo_alone():
    generator = PhotoGenerator(new_net(FAST, 0), photo_of(clip()))
    maps = maps_of(clip())
    many = maps.repeat(2, 1, 1, 1)  # more than are painted at once
    whole = generator.render(many, np.concatenate([clip().landmarks] * 2))
    assert len(whole) == 24
    one = generator.render(maps[5:6], clip().landmarks[5:6])
    assert (whole[[5, 17]].int() - one.int()).abs().max() <= 1


def test_pairs_have_a_photo_of_the_same_person():
    frames = np.concatenate([one.frames for one in people().footage]) / np.float32(255)
    frames = torch.from_numpy(frames).movedim(-1, 1)
    drawn = PhotoPairs(people(), FAST).draw(12, torch.Generator().manual_seed(0))
    assert drawn.edges.shape == (12, 2, 8, 64, 64)
    of_person = len(frames) // 3
    seen = set()
    for photo, real in zip(drawn.before[:, 0], drawn.real, strict=True):
        own, first, second = (
            int((frames == one).all((1, 2, 3)).nonzero()[0]) for one in (photo, *real)
        )
        assert second == first + 1
        assert own // of_person == first // of_person
        seen.add((own, first))
    assert len(seen) > 8
    assert drawn.weight.max() == FAST.face + FAST.inside


def test_gradients_reach_every_weight():
    net = new_net(FAST, 0)
    drawn = PhotoPairs(people(), FAST).draw(2, torch.Generator().manual_seed(0))
    fake, raw = painted(net, drawn)
    assert fake.shape == raw.shape == (2, 2, 3, 64, 64)
    (fake.square().mean() + raw.square().mean()).backward()
    for name, weight in net.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.any(), name


def test_a_stopped_training_resumes_bit_for_bit(tmp_path, monkeypatch):
    whole = train_people(job(tmp_path / "whole"))
    monkeypatch.setenv("THLAB_SAVE_EVERY", "7")
    draw = PhotoPairs.draw
    drawn = []

    def stops(self, n, rng):
        drawn.append(n)
        if len(drawn) == 16:  # critics have joined
            raise KeyboardInterrupt
        return draw(self, n, rng)

    monkeypatch.setattr(PhotoPairs, "draw", stops)
    with pytest.raises(KeyboardInterrupt):
        train_people(job(tmp_path / "stopped"))
    monkeypatch.setattr(PhotoPairs, "draw", draw)
    resumed = train_people(job(tmp_path / "stopped"))
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_a_net_learns_to_paint_what_plates_lack(tmp_path):
    """The three people whom it learns from come out nearer than by plates alone."""
    config = replace(FAST, steps=120, critics_from=120)
    net = train_people(job(tmp_path, config))
    gains = []
    for one in people().footage:
        generator = PhotoGenerator(net, photo_of(one))
        others = one.clips(range(1, one.n_clips))
        made = generator.render(maps_of(others), others.landmarks)
        bent = generator.plates_alone(others.landmarks)
        gains.append(nearness(made, others.frames) - nearness(bent, others.frames))
    assert min(gains) > 0


def test_another_mouth_moves_nothing_else():
    other = table.with_other_mouth(clip().landmarks)
    still = np.ones(68, bool)
    still[MOUTH] = False
    assert np.array_equal(other[:, still], clip().landmarks[:, still])
    middles = [points[:, MOUTH].mean(1) for points in (other, clip().landmarks)]
    np.testing.assert_allclose(*middles, atol=1e-4)
    assert np.abs(other - clip().landmarks).max() > 1


def test_the_people_of_the_table_are_not_those_that_are_learnt_from():
    shown = table.clips_of("test", 1, 64)
    assert {one.speaker for one in shown} == {f"s{FIRST_SPEAKER['test']:03}"}
    assert len({one.name for one in shown}) == len(shown) == 2
    said = {row.text for row in performances(FIRST_SPEAKER["test"], [6])}
    learnt = {row.text for person in range(6) for row in performances(person, [person])}
    assert not said & learnt


def test_rows_are_measured(tiny_corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(Experiment, "folder", lambda self, name, *_: tmp_path / name)
    fabric = make_fabric("cpu", precision="32-true")
    splits = open_splits("tiny")
    experiment = Experiment("evp", fabric, "tiny", splits, "fast", (0,), code=())
    cells = {}
    for row in table.ROWS:
        for name, column, speaker, clip_id, value in table.measure(experiment, row, 0):
            assert name == row
            assert clip_id.startswith(speaker)
            cells.setdefault((row, column), []).append(value)
    assert {column for _, column in cells} == set(table.COLUMNS)
    assert len(cells[table.NET, "PSNR"]) == 2
    assert cells[table.FIRST, "change"] == [0, 0]
    assert min(cells[table.OTHER_MOUTH, "change"]) > 0
    mouths = {row: np.mean(cells[row, "mouth: PSNR"]) for row in table.ROWS}
    assert mouths[table.PLATES] > mouths[table.FIRST]
    assert mouths[table.NET] > mouths[table.OTHER_MOUTH]


def test_pairs_are_neighbours_within_their_clip():
    said = performances(0, [0])[1]
    whole = footage_of([said], 64)
    pairs = footage_of([said], 64, 3)
    assert pairs.start.tolist() == [0, 2, 4, 6]
    places = []
    for frame in pairs.frames:
        places.append(int((whole.frames == frame).all((1, 2, 3)).argmax()))
    assert np.array_equal(whole.frames[places], pairs.frames)
    assert np.array_equal(whole.landmarks[places], pairs.landmarks)
    assert [b - a for a, b in zip(places[::2], places[1::2], strict=True)] == [1, 1, 1]
    assert 0 < places[0] < places[2] < places[4] < len(whole.frames) - 2


def test_a_photo_of_another_size_is_refused():
    net = new_net(replace(FAST, size=32), 0)
    with pytest.raises(ValueError, match="a photo of 1x64x64x3: this net wants one of 32x32"):
        PhotoGenerator(net, photo_of(clip()))
    with pytest.raises(ValueError, match="a photo of 12x64x64x3"):
        PhotoGenerator(new_net(FAST, 0), clip())


@pytest.fixture(scope="module")
def weights(save_voice, tmp_path_factory):
    """A folder with nets that listen and the net over many people, not trained, and no portrait."""
    folder = tmp_path_factory.mktemp("people")
    save_voice(folder)
    net = new_net(FAST, 0)
    facts = people_facts(job(folder, replace(FAST, people=1)), net)
    save_weights(folder / PEOPLE, net, {"config": asdict(FAST)} | facts)
    return folder


@pytest.fixture
def photo(tmp_path_factory):
    """A portrait of 121 x 161 px."""
    seen = perform(2, WORDS, "neutral", light="person").scene.at([0]).shoot("portrait", 160)[0][0]
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    Image.fromarray(np.pad(seen, ((0, 1), (0, 0), (0, 0)), "edge")[:, 20:141]).save(path)
    return path


def command(weights, tiny_corpus, out, *options):
    clip = open_corpus("embedded", tiny_corpus, check="none", split="test")[0]
    words = ["generate", "--paper", "evp", "--audio", str(clip.audio_path), "-o", str(out)]
    return [*words, "--weights", str(weights), *map(str, options)]


def test_what_is_saved_is_read_again(weights):
    net = load_people(weights / PEOPLE)
    assert net.config == FAST.net
    expected = new_net(FAST, 0).state_dict()
    for name, value in net.state_dict().items():
        torch.testing.assert_close(value, expected[name], atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(("crop", "sides"), [([], (160, 120)), (["--crop"], (64, 64))])
def test_a_photo_speaks(weights, photo, tiny_corpus, tmp_path, capsys, crop, sides):
    out = tmp_path / "out.mp4"
    options = ["--image", photo, "--emotion", "happy", *crop]
    assert main(command(weights, tiny_corpus, out, *options)) == 0
    frames, fps = read_video(out)
    assert (frames.shape[1:], fps) == ((*sides, 3), 25)
    warned = [line for line in capsys.readouterr().err.splitlines() if "net over many" in line]
    assert len(warned) == 1
    assert "dB" in warned[0]
    assert "--stage portrait --target VIDEO" in warned[0]


def test_what_is_no_photo_is_refused(weights, photo, tiny_corpus, tmp_path, capsys):
    def refused(*options):
        assert main(command(weights, tiny_corpus, tmp_path / "out.mp4", *options)) == 2
        assert not list(tmp_path.glob("*.mp4"))
        return capsys.readouterr().err.splitlines()[-1]

    both = refused("--image", photo, "--video", photo)
    assert "--image and --video: give one of them" in both
    grey = tmp_path / "grey.png"
    Image.fromarray(np.full((90, 90, 3), 99, np.uint8)).save(grey)
    assert str(grey) in refused("--image", grey, "--emotion", "happy")
    assert "--image" in refused("--video", photo, "--emotion", "happy")
    assert "no.png: no such file" in refused("--image", "no.png")
