"""What every paper owes the house: one suite for all of them, and for a toy that declares itself in
the tests.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import pandas as pd
import pytest
import torch
import toy_paper
from PIL import Image

from thlab.cli import main
from thlab.data import open_corpus, read_video
from thlab.evaluation.table import Table
from thlab.metrics.registry import metric_of
from thlab.papers import PAPERS, load_paper
from thlab.papers.paper import IMAGE
from thlab.training import read_card
from thlab.training.checkpoint import read_tensors

KEYS = list(PAPERS)
HEADS = [key for key in KEYS if key != "evaluators"]
HERE = Path(__file__).parent
# the command in a process of its own, which knows the toy too
COMMAND = [
    sys.executable,
    "-c",
    "import sys, toy_paper; from thlab.cli import main; sys.exit(main())",
]
TRAIN = [
    "--corpus",
    "tiny",
    "--preset",
    "fast",
    "--accelerator",
    "cpu",
    "--precision",
    "32-true",
    "--stage",
    "all",
]


def start_training(key: str, out: Path) -> subprocess.Popen:
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path]),
        "THLAB_SAVE_EVERY": "5",
    }
    command = [*COMMAND, "train", key, *TRAIN, "--out", str(out)]
    return subprocess.Popen(
        command, env=environment | {"OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE, text=True
    )


def weights_of(out: Path) -> dict[str, dict[str, torch.Tensor]]:
    return {path.name: read_tensors(path)[0] for path in sorted(out.glob("*.safetensors"))}


@pytest.fixture(scope="session")
def runs(tmp_path_factory, tiny_corpus):
    """Of a paper's key the folder of its finished training; each is trained once, in a process of
    its own.
    """
    made: dict[str, Path] = {}

    def run(key: str) -> Path:
        if key not in made:
            made[key] = tmp_path_factory.mktemp(key)
            process = start_training(key, made[key])
            printed, _ = process.communicate()
            assert process.returncode == 0
            assert set(printed.split()) == {str(path) for path in made[key].glob("*.safetensors")}
        return made[key]

    return run


@pytest.fixture
def inputs(tiny_corpus, tmp_path):
    """Of a paper's key what `generate` needs: speech, and a picture where it wants one."""
    clip = open_corpus("embedded", tiny_corpus, check="none", split="test")[0]
    Image.fromarray(clip.frames[0]).save(tmp_path / "face.png")

    def of(key: str) -> list[str]:
        given = ["--audio", str(clip.audio_path)]
        if IMAGE in load_paper(key).options:
            given += ["--image", str(tmp_path / "face.png")]
        return given

    return of


@pytest.mark.parametrize("key", KEYS)
def test_a_record_is_whole(key):
    paper = load_paper(key)
    assert paper.key == key
    for stage in paper.stages.values():
        for preset in ("fast", "book", "paper"):
            assert isinstance(stage.variant(getattr(stage.config, preset)()), stage.config)
    for spec in paper.tables.values():
        assert spec.title
        assert len(set(spec.rows)) == len(spec.rows) > 0
        for metric in spec.columns.values():
            metric_of(metric)
    for claim in paper.claims.values():
        assert claim.table in paper.tables
    assert not paper.tables or paper.default_table in paper.tables


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
def test_a_killed_training_resumes_bit_for_bit(key, runs, tmp_path):
    process = start_training(key, tmp_path)
    deadline = time.monotonic() + 300
    while process.poll() is None and time.monotonic() < deadline:
        logged = [path.read_bytes().count(b"\n") for path in tmp_path.rglob("log.jsonl")]
        if sum(logged) > 7:  # a checkpoint is behind it, and steps that it does not hold
            break
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "the training ended before it could be killed"
    resumed = start_training(key, tmp_path)
    resumed.communicate()
    assert resumed.returncode == 0
    expected = weights_of(runs(key))
    found = weights_of(tmp_path)
    assert found.keys() == expected.keys()
    for name, tensors in expected.items():
        for part, value in tensors.items():
            assert torch.equal(found[name][part], value), (name, part)


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
def test_cards_tell_what_was_trained_and_where_it_resumes(key, runs, capsys):
    paper, out = load_paper(key), runs(key)
    before = weights_of(out)
    assert main(["train", key, *TRAIN, "--out", str(out)]) == 0  # resumes at its end
    assert len(capsys.readouterr().out.split()) == len(paper.stages)
    for stage in paper.stages:
        card = read_card(out / paper.weights_name(stage))
        assert (card["paper"], card["preset"], card["seed"]) == (key, "fast", 0)
        of_its_own = paper.stages[stage].load is not None
        assert card["corpus"] == ("embedded" if of_its_own else "tiny")
        assert card["corpus_digest"]
        assert card["config"]
        assert set(card) >= {"commit", "hardware", "minutes", "clips", "corpus_version", "settings"}
    for name, tensors in weights_of(out).items():
        assert all(torch.equal(before[name][part], value) for part, value in tensors.items())


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
def test_every_weight_learns(key, tiny_corpus, tmp_path, monkeypatch):
    learns: dict[int, bool] = {}
    weights: dict[int, torch.Tensor] = {}  # kept, so that no number is used twice

    def watch(optimizer):
        for group in optimizer.param_groups:
            for weight in group["params"]:
                told = weight.grad is not None and bool(weight.grad.any())
                weights[id(weight)] = weight
                learns[id(weight)] = learns.get(id(weight), False) or told

    for kind in (torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop):
        step = kind.step

        def watched(self, *arguments, _step=step, **options):
            watch(self)
            return _step(self, *arguments, **options)

        monkeypatch.setattr(kind, "step", watched)
    assert main(["train", key, *TRAIN, "--out", str(tmp_path)]) == 0
    dead = [tuple(weights[number].shape) for number, told in learns.items() if not told]
    assert learns
    assert not dead, f"{len(dead)} of {len(learns)} weights never had a gradient: {dead[:5]}"


@pytest.mark.slow
@pytest.mark.parametrize("key", HEADS)
def test_a_video_is_made_and_tagged(key, runs, inputs, tmp_path, capsys):
    out = tmp_path / "out.mp4"
    command = ["generate", "--paper", key, *inputs(key), "-o", str(out)]
    assert main([*command, "--weights", str(runs(key))]) == 0
    assert capsys.readouterr().out.split() == [str(out)]
    frames, fps = read_video(out)
    assert (frames.shape[1:], fps) == ((64, 64, 3), 25)
    with av.open(str(out)) as container:
        assert container.metadata["comment"].startswith("synthetic")


@pytest.mark.slow
@pytest.mark.parametrize("key", HEADS)
def test_the_default_table_has_its_rows_and_columns(key, runs, tmp_path, monkeypatch, tiny_corpus):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "corpus").symlink_to(
        tiny_corpus.parent
    )  # what is trained and measured goes elsewhere
    monkeypatch.setenv("THLAB_HOME", str(tmp_path / "home"))
    paper, out = load_paper(key), tmp_path / "results"
    command = [
        "evaluate",
        key,
        "--corpus",
        "tiny",
        "--preset",
        "fast",
        "--seeds",
        "1",
        "--out",
        str(out),
    ]
    assert main([*command, "--weights", str(runs(key))]) == 0
    table = Table.load(out / f"{key}.{paper.default_table}.json")
    spec = paper.tables[paper.default_table]
    assert set(table.columns) == set(spec.columns) == set(table.records["column"])
    assert set(spec.rows) <= set(table.rows) or len(table.rows) >= len(spec.rows)
    assert table.records["clip"].ne("").all()
    assert {"command", "commit", "corpus_digest", "preset", "seeds", "hardware", "minutes"} <= set(
        table.evidence
    )
    stamps = {
        path: path.stat().st_mtime_ns for path in (tmp_path / "home" / "results").rglob("*.json")
    }
    assert main([*command, "--weights", str(runs(key))]) == 0  # nothing is measured twice
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (["train", "{}", "--corpus", "tiny", "--stage", "no-stage", "--out", "{out}"], "no-stage"),
        (["train", "{}", "--corpus", "tiny", "--preset", "huge", "--out", "{out}"], "huge"),
        (["train", "{}", "--corpus", "nowhere", "--out", "{out}"], "nowhere"),
        (
            ["train", "{}", "--corpus", "tiny", "--set", "no_field=3", "--out", "{out}"],
            "no field 'no_field'",
        ),
        (["train", "{}", "--corpus", "tiny", "--set", "steps", "--out", "{out}"], "field=value"),
        (["train", "{}", "--corpus", "tiny", "--paint", "--out", "{out}"], "--paint"),
    ],
)
def test_wrong_trainings_get_one_line(key, command, complaint, refused):
    refused([word.replace("{}", key).replace("{out}", "{}/run") for word in command], complaint)


@pytest.mark.parametrize("key", HEADS)
@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (
            ["evaluate", "{}", "--corpus", "tiny", "--table", "T99", "--out", "{out}"],
            "no table 'T99': choose one of",
        ),
        (
            ["evaluate", "{}", "--corpus", "tiny", "--row", "no row", "--out", "{out}"],
            "no row 'no row': choose one of",
        ),
        (["evaluate", "{}", "--corpus", "nowhere", "--out", "{out}"], "nowhere"),
        (["evaluate", "{}", "--corpus", "tiny", "--seeds", "0", "--out", "{out}"], "seeds"),
        (
            [
                "generate",
                "--paper",
                "{}",
                "--audio",
                "a.wav",
                "-o",
                "{out}.mp4",
            ],
            "no such file",
        ),
        (
            [
                "generate",
                "--paper",
                "{}",
                "--audio",
                "a.wav",
                "-o",
                "o.mp4",
                "--glow",
                "2",
            ],
            "--glow",
        ),
    ],
)
def test_wrong_tables_and_videos_get_one_line(key, command, complaint, refused):
    words = [word.replace("{}", key).replace("{out}", "{}/out") for word in command]
    if command[0] == "generate" and IMAGE in load_paper(key).options:
        words += ["--image", "f.png"]
    refused(words, complaint)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_help_lists_what_there_is(key, command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, key, "--help"])
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    paper = load_paper(key)
    for name in paper.stages if command == "train" else paper.tables:
        assert name in printed


def test_the_toy_hears(runs, tiny_corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("THLAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("thlab.data.corpora.ensure", lambda _: tiny_corpus)
    from thlab.papers.runner import evaluate

    (shown,) = evaluate(toy_paper.PAPER, "tiny", "book", 3, tmp_path)
    assert "toy.hears: **held**" in shown
    table = Table.load(tmp_path / "toy.opening.json")
    assert table.interval("ours", "opening").mean > 0.5
    assert len(table.records) == 2 * 3 * 32
    assert table.evidence["seeds"] == [0, 1, 2]


def test_seeds_that_are_added_are_those_measured_at_once(tmp_path, tiny_corpus, monkeypatch):
    monkeypatch.setattr("thlab.data.corpora.ensure", lambda _: tiny_corpus)
    from thlab.papers.runner import evaluate

    def toy(home, out, preset="book", **asked):
        monkeypatch.setenv("THLAB_HOME", str(tmp_path / home))
        list(evaluate(toy_paper.PAPER, "tiny", preset, asked.pop("seeds", None), out, **asked))
        return Table.load(out / "toy.opening.json")

    once = toy("one", tmp_path / "once", seeds=3)
    first = toy("other", tmp_path / "parts", seeds=1)
    parts = toy("a third machine", tmp_path / "parts", add_seeds=2)  # nothing of the first is there
    assert first.evidence["seeds"] == [0]
    assert parts.evidence["seeds"] == [0, 1, 2]
    order = ["row", "seed", "clip"]
    for table in (once, parts):
        table.records.sort_values(order, ignore_index=True, inplace=True)
    pd.testing.assert_frame_equal(parts.records, once.records)
    assert parts.evidence["minutes"] >= first.evidence["minutes"]
    assert toy("other", tmp_path / "new", add_seeds=1).evidence["seeds"] == [0]
    with pytest.raises(
        ValueError, match=r"toy\.opening\.json rests on other code, weights, settings"
    ):
        toy("other", tmp_path / "parts", preset="fast", add_seeds=1)
    with pytest.raises(ValueError, match="without --seeds and --row"):
        toy("other", tmp_path / "parts", seeds=1, add_seeds=1)
    with pytest.raises(ValueError, match="--add-seeds 0: give at least 1"):
        toy("other", tmp_path / "parts", add_seeds=0)
