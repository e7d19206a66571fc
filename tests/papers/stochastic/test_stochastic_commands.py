"""`thlab train|generate` of Yadav et al. as a user types them, on the tiny corpus."""

import json

import pytest
from PIL import Image

from thlab.cli import main
from thlab.data import open_corpus, read_video
from thlab.evaluation.table import Table

TRAIN = (
    "train",
    "stochastic",
    "--corpus",
    "tiny",
    "--preset",
    "fast",
    "--accelerator",
    "cpu",
    "--precision",
    "32-true",
)


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_corpus):
    """The folder of a finished training in seconds."""
    out = tmp_path_factory.mktemp("run")
    assert main([*TRAIN, "--out", str(out)]) == 0
    return out


@pytest.fixture
def inputs(tiny_corpus, tmp_path):
    clip = open_corpus("embedded", tiny_corpus, check="none", split="test")[0]
    Image.fromarray(clip.frames[0]).save(tmp_path / "face.png")
    return ["--audio", str(clip.audio_path), "--image", str(tmp_path / "face.png"), "-o", str(tmp_path / "out.mp4")]


def test_training_leaves_weights_and_cards_of_both(run, capsys):
    assert main([*TRAIN, "--out", str(run), "--stage", "plain"]) == 0  # goes on where it is: at its end
    assert capsys.readouterr().out.split() == [str(run / "stochastic-plain.safetensors")]
    for name, chance in (("latent", True), ("plain", False)):
        card = json.loads((run / f"stochastic-{name}.json").read_text())
        assert (card["paper"], card["preset"], card["corpus"], card["seed"]) == ("stochastic", "fast", "tiny", 0)
        assert card["config"]["stochastic"] is chance


def test_evaluate_prints_and_writes_the_table(run, tiny_corpus, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("thlab.data.corpora.ensure", lambda _: tiny_corpus)
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))  # where the model without memory is trained
    command = [
        "evaluate",
        "stochastic",
        "--corpus",
        "tiny",
        "--preset",
        "fast",
        "--table",
        "smoothness",
        "--seeds",
        "1",
    ]
    assert main([*command, "--weights", str(run), "--out", str(tmp_path / "results")]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("| stochastic smoothness | first | second |")
    assert "- stochastic.smooth: **" in printed
    table = Table.load(tmp_path / "results" / "stochastic.smoothness.json")
    assert {"truth", "ours", "deterministic", "frame by frame"} <= set(table.rows)
    assert main([*command[:-3], "T9"]) == 2
    assert "there is no table 'T9'" in capsys.readouterr().err


def test_generate_writes_the_takes_asked_for(run, inputs, tmp_path, capsys):
    command = ["generate", "--paper", "stochastic", *inputs, "--weights", str(run)]
    assert main([*command, "--samples", "2", "--seed", "5", "--temperature", "0.8"]) == 0
    paths = [str(tmp_path / f"out-{k}.mp4") for k in (1, 2)]
    assert capsys.readouterr().out.split() == paths
    assert len({len(read_video(path)[0]) for path in paths}) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("train", "stochastic", "--corpus", "tiny", "--stage", "third", "--out", "{}/run"), "third"),
        (("train", "stochastic", "--corpus", "tiny", "--preset", "huge", "--out", "{}/run"), "huge"),
        (("generate", "--paper", "stochastic", "--audio", "a", "--image", "f", "-o", "x", "--weights", "{}"), "{}"),
        (("generate", "--paper", "priors", "--audio", "a", "--image", "f", "-o", "x", "--samples", "2"), "--samples"),
    ],
)
def test_wrong_arguments_get_one_line_and_exit_2(arguments, complaint, refused):
    refused(arguments, complaint)
