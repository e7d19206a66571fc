"""`thlab train|evaluate|generate` as a user types them, on the tiny corpus: what comes out, and what is refused."""

import json

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from thlab.cli import main
from thlab.data import open_corpus, read_video

TRAIN = ("train", "priors", "--corpus", "tiny", "--preset", "fast", "--accelerator", "cpu")


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_corpus):
    """The folder of a finished training in seconds."""
    out = tmp_path_factory.mktemp("run")
    assert main([*TRAIN, "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def clip(tiny_corpus):
    return open_corpus("embedded", tiny_corpus, check="none", split="test")[0]


@pytest.fixture
def face(clip, tmp_path):
    Image.fromarray(clip.frames[0]).save(tmp_path / "face.png")
    return tmp_path / "face.png"


def test_training_leaves_weights_and_cards_and_goes_on_where_it_is(run, capsys):
    before = (run / "priors-vae.safetensors").read_bytes()
    assert main([*TRAIN, "--out", str(run)]) == 0
    assert capsys.readouterr().out.split() == [str(run / f"priors-{name}.safetensors") for name in ("vae", "head")]
    assert (run / "priors-vae.safetensors").read_bytes() == before
    card = json.loads((run / "priors-head.json").read_text())
    assert (card["paper"], card["preset"], card["corpus"], card["seed"]) == ("priors", "fast", "tiny", 0)


def test_generate_makes_a_tagged_video_of_the_sounds_length(run, clip, face, tmp_path):
    out = tmp_path / "out.mp4"
    audio = str(clip.audio_path)
    command = ["generate", "--paper", "priors", "--audio", audio, "--image", str(face), "-o", str(out)]
    assert main([*command, "--weights", str(run)]) == 0
    frames, fps = read_video(out)
    assert fps == 25
    assert frames.shape == (len(clip.audio) // 640, 64, 64, 3)
    assert np.abs(frames[0].astype(int) - clip.frames[0]).mean() < 10  # the same face
    with av.open(str(out)) as container:
        assert container.streams.audio
        assert "synthetic" in container.metadata["comment"]


def test_evaluate_prints_and_writes_the_table(run, tmp_path, capsys):
    command = ["evaluate", "priors", "--corpus", "tiny", "--preset", "fast", "--table", "collapse", "--seeds", "2"]
    assert main([*command, "--out", str(tmp_path)]) == 0
    assert "| priors collapse |" in capsys.readouterr().out
    table = json.loads((tmp_path / "priors.collapse.json").read_text())
    assert table["evidence"]["seeds"] == [0, 1]


def test_what_cannot_be_gets_one_line_and_leaves_nothing(run, clip, face, tmp_path, capsys):
    silence, wall = tmp_path / "silence.wav", tmp_path / "wall.png"
    soundfile.write(silence, np.zeros(16000), 16000)
    Image.fromarray(np.full((256, 256, 3), 99, np.uint8)).save(wall)
    here = {path.name for path in tmp_path.iterdir()}
    speech, out = str(clip.audio_path), str(tmp_path / "out.mp4")
    for audio, image, target, complaint in (
        (silence, face, out, "no speech"),
        (speech, wall, out, "face"),
        (tmp_path / "none.wav", face, out, "none.wav"),
        (speech, tmp_path / "none.png", out, "none.png"),
        (speech, face, tmp_path / "nowhere" / "out.mp4", "nowhere"),
        (wall, face, out, "wall.png"),
        (speech, silence, out, "silence.wav"),
    ):
        command = ["generate", "--paper", "priors", "--audio", str(audio), "--image", str(image), "-o", str(target)]
        assert main([*command, "--weights", str(run)]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert complaint in error
    assert {path.name for path in tmp_path.iterdir()} == here


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("train", "priors", "--corpus", "nowhere", "--out", "{}/run"), "nowhere"),
        (("train", "priors", "--corpus", "tiny", "--preset", "huge", "--out", "{}/run"), "huge"),
        (("train", "priors", "--corpus", "tiny", "--stage", "third", "--out", "{}/run"), "third"),
        (("evaluate", "priors", "--corpus", "tiny", "--table", "T9", "--out", "{}/out"), "T9"),
        (("generate", "--paper", "priors", "--audio", "a", "--image", "f", "-o", "x.mp4"), "a: no such file"),
    ],
)  # fmt: skip
def test_wrong_arguments_get_one_line_and_exit_2(arguments, complaint, refused):
    refused(arguments, complaint)
