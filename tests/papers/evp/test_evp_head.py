"""Footage in which a person says what is heard: what `generate` writes, and what it refuses."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from thlab.cli import main
from thlab.corpus import perform
from thlab.data import open_corpus, read_video
from thlab.explore.images import png
from thlab.inference import FilmedHead, Speech
from thlab.media import write_mp4
from thlab.papers.evp.chain import read_target
from thlab.papers.evp.faces import Face, Person, same_camera
from thlab.papers.evp.head import Directions, load_head, load_voice
from thlab.papers.evp.model import DISENTANGLER, DisentangleConfig, Disentangler
from thlab.papers.evp.portrait.config import PortraitConfig
from thlab.papers.evp.portrait.footage import Footage
from thlab.papers.evp.portrait.model import PORTRAIT, Generator
from thlab.training import save_weights
from thlab.training.optim import build_seeded

WORDS = ("put", "blue", "by", "u", "four", "now")


@pytest.fixture(scope="module")
def weights(save_voice, tmp_path_factory):
    """A folder with all three nets, not trained."""
    folder = tmp_path_factory.mktemp("weights")
    save_voice(folder)
    config = PortraitConfig.fast()
    generator = build_seeded(lambda: Generator(config), 0)
    save_weights(folder / PORTRAIT, generator, {"config": asdict(config)})
    return folder


@pytest.fixture(scope="module")
def face():
    said = perform(3, WORDS, "neutral", light="person")
    frames = said.render("portrait", 64)[:30]
    landmarks = said.landmarks("portrait", 64)[:30]
    return Face(read_target(Footage(frames, landmarks, torch.tensor([0, 30]))), None)


@pytest.fixture(scope="module")
def speech():
    return Speech(torch.from_numpy(perform(3, WORDS, "happy").audio)[: 640 * 20])


def film(head, face, speech, **directions):
    content = head.content(speech)
    return torch.cat(list(head.film(face, content, Directions(**directions))))


def test_moods_that_are_asked_for_move_the_face(weights, face, speech, tmp_path):
    head = load_head(weights)
    assert isinstance(head, FilmedHead)
    shown = {}
    for name, directions in {
        "own": {},
        "happy": {"emotion": "happy"},
        "mixed": {"emotion": "happy:1,sad:0"},
        "none": {"emotion": "happy", "intensity": 0.0},
        "neutral": {"emotion": "neutral"},
        "voice": {"voice": speech},
    }.items():
        out = tmp_path / f"{name}.npy"
        video = film(head, face, speech, landmarks_out=out, **directions)
        assert video.shape == (20, 3, 64, 64)
        shown[name] = np.load(out)
    assert shown["happy"].shape == (20, 68, 2)
    np.testing.assert_array_equal(shown["happy"], shown["mixed"])
    np.testing.assert_array_equal(shown["none"], shown["neutral"])
    np.testing.assert_array_equal(shown["own"], shown["voice"])
    assert np.abs(shown["happy"] - shown["neutral"]).max() > 1e-3
    again = film(head, face, speech, landmarks=tmp_path / "happy.npy")
    assert torch.equal(again, film(head, face, speech, emotion="happy"))


def test_an_emotion_that_hardly_shows_is_said(weights, face, speech, capsys):
    head = load_head(weights)
    film(head, face, speech, emotion="happy", intensity=1e-4, told=True)
    line = capsys.readouterr().err
    assert "px of 64: brows" in line
    assert "it will hardly show" in line
    film(head, face, speech, emotion="happy", intensity=1e-4)
    assert not capsys.readouterr().err  # in Python nothing is printed unasked


def test_neutral_recordings_of_the_voice_are_heard(weights, speech):
    head = load_head(weights)
    plain = head.content(speech)
    louder = speech._replace(neutral=(3 * speech.audio,))
    assert not torch.equal(head.content(louder), plain)


def test_landmarks_of_another_length_are_refused(weights, face, speech, tmp_path):
    np.save(tmp_path / "few.npy", face.target.footage.landmarks[:7])
    with pytest.raises(ValueError, match="7 frames of landmarks, but the sound has 20"):
        film(load_head(weights), face, speech, landmarks=tmp_path / "few.npy")


def test_nets_of_two_trainings_are_refused(weights, tmp_path):
    for file in weights.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = DisentangleConfig.fast()
    other = build_seeded(lambda: Disentangler(config, 8), 1)
    card = {"config": asdict(config), "emotions": ["neutral"] * 8}
    save_weights(tmp_path / DISENTANGLER, other, card)
    with pytest.raises(ValueError, match=f"codes of another {DISENTANGLER}"):
        load_voice(tmp_path)


def test_whole_frames_of_a_video_keep_what_is_not_the_square(weights, face, speech, tmp_path):
    """A square of 64 px somewhere in frames of 96 x 80."""
    footage = face.target.footage
    whole = np.full((30, 80, 96, 3), 200, np.uint8)
    whole[:, 10:74, 20:84] = footage.frames
    write_mp4(tmp_path / "whole.mp4", whole, np.zeros(30 * 640, np.float32))
    view = np.array([[1.0, 0, -20], [0, 1, -10]])
    framed = Footage(footage.frames, footage.landmarks, footage.start, {}, view)
    head = load_head(weights)
    target = read_target(framed)
    content = head.content(speech)
    video = torch.cat(list(head.film(Face(target, tmp_path / "whole.mp4"), content)))
    assert video.shape == (20, 3, 80, 96)
    outside = video[:, :, :8].flatten()
    assert (outside - 200 / 255).abs().max() < 0.05
    (square,) = head.film(face, content)
    pasted = video[:, :, 30:50, 40:60]
    assert (pasted - square[:, :, 20:40, 20:40]).abs().max() < 0.01


def test_views_of_one_camera_are_told_from_others():
    view = np.array([[0.5, 0, -10], [0, 0.5, -5]])
    assert same_camera(view, view + np.array([[0, 0, 3], [0, 0, -2]]), 64)
    assert not same_camera(view, view + np.array([[0, 0, 20], [0, 0, 0]]), 64)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--emotion", "happy", "--emotion-from", "{}"], "give one of them"),
        (["--emotion", "glad"], "emotion 'glad': choose one of"),
        (["--intensity", "-1"], "--intensity -1.0: give a number from 0 to 2"),
        (["--intensity", "nan"], "--intensity nan"),
        (["--landmarks-out", "there.txt"], "ending in .npy"),
        (["--neutral", "{}"], "give 5 s or more"),
        (["--video", "no.mp4"], "no.mp4: no such file"),
        (["--neutral", "{}", "no.wav"], "no.wav: no such file"),
    ],
)
def test_what_generate_refuses(weights, tiny_corpus, tmp_path, capsys, options, complaint):
    clip = open_corpus("embedded", tiny_corpus, check="none", split="test")[0]
    sound = str(clip.audio_path)
    out = tmp_path / "out.mp4"
    command = ["generate", "--paper", "evp", "--audio", sound, "-o", str(out)]
    command += ["--weights", str(weights), *(option.format(sound) for option in options)]
    assert main(command) == 2
    error = capsys.readouterr().err
    assert complaint in error.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_landmarks_are_not_written_over(weights, tiny_corpus, tmp_path, capsys):
    clip = open_corpus("embedded", tiny_corpus, check="none", split="test")[0]
    (tmp_path / "there.npy").write_bytes(b"mine")
    command = ["generate", "--paper", "evp", "--audio", str(clip.audio_path)]
    command += ["-o", str(tmp_path / "out.mp4"), "--landmarks-out", str(tmp_path / "there.npy")]
    assert main(command) == 2
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "there.npy").read_bytes() == b"mine"


def test_a_person_in_a_video_needs_one(weights):
    from thlab.papers.evp.faces import read_face

    person = Person(PortraitConfig.fast(), np.eye(2, 3), np.zeros(128))
    with pytest.raises(ValueError, match="give one with --video"):
        read_face(None, person)


def test_a_photo_is_no_footage(weights, tmp_path):
    from thlab.papers.evp.portrait.footage import watch

    photo = tmp_path / "photo.png"
    photo.write_bytes(png(np.zeros((64, 64, 3), np.uint8)))
    with pytest.raises(ValueError, match=r"photo\.png: a picture, .*: give a video"):
        watch([photo])
    (tmp_path / "text.txt").write_text("words")
    with pytest.raises(ValueError, match=r"text\.txt: the suffix '\.txt'"):
        watch([tmp_path / "text.txt"])


def test_another_person_is_refused(capsys):
    from thlab.papers.evp.faces import check_person

    known = np.zeros(128)
    check_person(Path("same.mp4"), known + 0.3 / np.sqrt(128), known)
    assert not capsys.readouterr().err
    check_person(Path("alike.mp4"), known + 0.45 / np.sqrt(128), known)
    assert capsys.readouterr().err.startswith("alike.mp4: the face is not quite that of")
    with pytest.raises(ValueError, match=r"other.mp4: this is not .* --target other.mp4 --out RUN"):
        check_person(Path("other.mp4"), known + 0.6 / np.sqrt(128), known)


def test_a_video_is_written_whole(weights, tiny_corpus, tmp_path, capsys):
    clip = open_corpus("embedded", tiny_corpus, check="none", split="test")[0]
    command = ["generate", "--paper", "evp", "--audio", str(clip.audio_path)]
    command += ["-o", str(tmp_path / "out.mp4"), "--weights", str(weights), "--smooth", "one-euro"]
    assert main([*command, "--emotion", "happy:.6,sad:.4"]) == 0
    frames, _ = read_video(tmp_path / "out.mp4")
    assert frames.shape[1:] == (64, 64, 3)
    assert "--neutral" not in capsys.readouterr().err  # only where the voice's own is asked for
