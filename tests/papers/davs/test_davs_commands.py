"""`thlab train|evaluate|generate` of Zhou et al. as a user types them, on the tiny corpus."""

import json

import pytest
import torch
from PIL import Image

from thlab.cli import main
from thlab.data import open_corpus, read_video
from thlab.evaluation.table import Table
from thlab.papers.davs.commands import speaker

SMALL = ("davs", "--corpus", "tiny", "--preset", "fast")


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_corpus):
    """The folder of a finished training in seconds."""
    out = tmp_path_factory.mktemp("run")
    assert main(["train", *SMALL, "--accelerator", "cpu", "--precision", "32-true", "--out", str(out)]) == 0
    return out


def test_training_leaves_weights_and_cards_of_both(run):
    for name, weight in (("disentangled", 3.0), ("entangled", 0.0)):
        card = json.loads((run / f"davs-{name}.json").read_text())
        assert (card["paper"], card["preset"], card["corpus"], card["seed"]) == ("davs", "fast", "tiny", 0)
        assert card["config"]["dispel_word"] == weight
        assert card["people"] == 4
        assert len(card["words"]) > 10
    assert {path.name for path in run.iterdir() if path.is_dir()} == {"first", "disentangled", "entangled"}


def test_evaluate_prints_and_writes_the_tables(run, tmp_path, capsys):
    command = ["evaluate", *SMALL, "--weights", str(run), "--out", str(tmp_path)]
    assert main([*command, "--table", "words"]) == 0
    assert capsys.readouterr().out.startswith("| davs words | visual | audio | both | V2A R@1 |")
    assert set(Table.load(tmp_path / "davs.words.json").rows) == {"ours", "chance"}
    assert main([*command, "--table", "T9"]) == 2
    assert "there is no table 'T9'" in capsys.readouterr().err


def test_the_committed_model_may_stand_beside_anothers(run, monkeypatch):
    monkeypatch.setenv("THLAB_WEIGHTS", str(run))
    speak, image, audio = speaker("medium"), torch.rand(3, 64, 64), torch.zeros(640 * 5)
    assert speak(image, audio).shape == (5, 3, 64, 64)


def test_nobody_stands_beside_others_on_people_whom_he_has_met():
    with pytest.raises(ValueError, match="on people whom corpus tiny tests"):
        speaker("tiny")


@pytest.mark.parametrize("source", ["--audio", "--video"])
def test_generate_speaks_from_sound_or_from_lips(source, run, tiny_corpus, tmp_path, capsys):
    clip = open_corpus("embedded", tiny_corpus, check="none", split="test")[0]
    Image.fromarray(clip.frames[0]).save(tmp_path / "face.png")
    speech = clip.audio_path if source == "--audio" else clip.path
    out = str(tmp_path / "out.mp4")
    inputs = [source, str(speech), "--image", str(tmp_path / "face.png"), "-o", out]
    assert main(["generate", "--paper", "davs", *inputs, "--weights", str(run)]) == 0
    assert capsys.readouterr().out.strip() == out
    assert read_video(out)[0].shape == clip.frames.shape


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("train", "davs", "--corpus", "tiny", "--stage", "third", "--out", "{}/run"), "third"),
        (("train", "davs", "--corpus", "tiny", "--preset", "huge", "--out", "{}/run"), "huge"),
        (("generate", "--paper", "davs", "--audio", "a", "--image", "f", "-o", "x", "--weights", "{}"), "{}"),
        (("evaluate", "davs", "--table", "words", "--beside", "davs", "--out", "{}"), "--beside"),
        (("generate", "--paper", "priors", "--video", "v", "--image", "f", "-o", "x"), "--video"),
        (("generate", "--paper", "davs", "--video", "v", "--image", "f", "-o", "x", "--samples", "2"), "--samples"),
    ],
)
def test_wrong_arguments_get_one_line_and_exit_2(arguments, complaint, refused):
    refused(arguments, complaint)


@pytest.mark.parametrize("sources", [[], ["--audio", "a.wav", "--video", "v.mp4"]])
def test_speech_has_one_source(sources, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["generate", "--paper", "davs", *sources, "--image", "f.png", "-o", "x.mp4"])
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
