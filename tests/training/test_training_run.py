"""Runs that are killed, doubled, spoilt or given the wrong folder."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_run import ToyConfig, alone, new_model, train

from thlab.training import Run, make_fabric, minutes
from thlab.training.checkpoint import load_state, read_tensors, save_state

SCRIPT = Path(__file__).with_name("toy_run.py")


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> tuple[Path, dict[str, list[int]], str]:
    """Folders of unbroken, killed, in_save, two and nan; exit statuses; what they said."""
    root = tmp_path_factory.mktemp("runs")
    command = [sys.executable, "-W", "error", str(SCRIPT), str(root)]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert run.returncode == 0, run.stderr
    return root, json.loads(run.stdout.splitlines()[-1]), run.stderr


@pytest.fixture
def fabric():
    return make_fabric("cpu", precision="32-true")


def log(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_killed_runs_log_what_the_unbroken_one_does_bit_for_bit(runs):
    root, ends, said = runs
    assert ends["unbroken"] == 0, said
    assert ends["killed"][-1] == 0
    assert ends["killed"].count(-9) >= 3
    whole = (root / "unbroken" / "log.jsonl").read_bytes()
    assert [line["step"] for line in log(root / "unbroken")] == list(range(40))
    assert (root / "killed" / "log.jsonl").read_bytes() == whole
    ours, _ = read_tensors(root / "killed" / "checkpoint.safetensors")
    theirs, _ = read_tensors(root / "unbroken" / "checkpoint.safetensors")
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_death_while_saving_leaves_the_checkpoint_before(runs):
    root, ends, said = runs
    assert ends["in_save"] == [-9, 0], said
    unbroken = (root / "unbroken" / "log.jsonl").read_bytes()
    assert (root / "in_save" / "log.jsonl").read_bytes() == unbroken
    assert not list((root / "in_save").glob(".*.part"))


def test_two_processes_compute_what_one_does(runs):
    root, ends, said = runs
    assert ends["two"] == [0, 0], said
    one = [[line["l1"], line["l2"]] for line in log(root / "unbroken")]
    two = [[line["l1"], line["l2"]] for line in log(root / "two")]
    np.testing.assert_allclose(two, one, rtol=0, atol=1e-5)


def test_nan_in_one_process_stops_both_and_names_step_and_term(runs):
    root, ends, said = runs
    assert ends["nan"] == [1, 1]
    assert said.count("FloatingPointError: step 9: l2 not finite") == 2
    assert log(root / "nan") == log(root / "two")[:9]
    _, facts = read_tensors(root / "nan" / "checkpoint.safetensors")
    assert json.loads(facts["facts"])["step"] == 8


def test_check_names_every_bad_term_in_one_line(fabric, tmp_path):
    run = Run(fabric, tmp_path, ToyConfig(), 1)
    run.check(3, {"kl": torch.tensor(1.0), "beta": 0.5})
    with pytest.raises(FloatingPointError, match=r"^step 3: kl, margin not finite; [^\n]*$"):
        run.check(
            3, {"kl": torch.tensor(float("inf")), "nll": torch.tensor(2.0), "margin": float("nan")}
        )


def test_another_config_is_refused_with_field_and_values(fabric, tmp_path):
    train(fabric, tmp_path, steps=4)
    before = (tmp_path / "log.jsonl").read_bytes()
    with pytest.raises(
        ValueError, match=r"rate=0.01, not 0.5: give the same rate to resume it, or another"
    ):
        train(fabric, tmp_path, dataclasses.replace(ToyConfig(), rate=0.5))
    with pytest.raises(ValueError, match="precision='32-true', not 'bf16-mixed'"):
        train(make_fabric("cpu", precision="bf16-mixed"), tmp_path)
    with pytest.raises(ValueError, match="corpus=None, not 'tiny'"):
        Run(fabric, tmp_path, ToyConfig(), 8, corpus={"corpus": "tiny"}).resume()
    assert (tmp_path / "log.jsonl").read_bytes() == before
    train(fabric, tmp_path, ToyConfig(sizes=(6, 8)), steps=6)
    assert len(log(tmp_path)) == 6


def test_folder_in_use_is_refused(fabric, tmp_path):
    first = Run(fabric, tmp_path, ToyConfig(), 2)
    steps = first.steps(first.resume())
    next(steps)
    with pytest.raises(ValueError, match=f"{tmp_path} is in use by another run"):
        Run(fabric, tmp_path, ToyConfig(), 2).resume()
    steps.close()
    again = Run(fabric, tmp_path, ToyConfig(), 2)
    assert list(again.steps(again.resume())) == [0, 1]
    assert list(again.steps(again.resume())) == []


def test_log_is_cut_back_even_if_nothing_is_logged_again(fabric, tmp_path):
    """Logs rarer than checkpoints: a checkpoint holds the file's size, not an older position."""
    config = ToyConfig()
    for steps in (2, 4, 6):
        run = Run(fabric, tmp_path, config, steps, save_every=1)
        for step in run.steps(run.resume()):
            if step == 0:
                run.log(step, {"a": 1.0})
        with open(tmp_path / "log.jsonl", "a") as file:
            file.write('{"step": 99, "a":')  # what a killed process leaves
    run = Run(fabric, tmp_path, config, 7)
    for step in run.steps(run.resume()):
        run.log(step, {"a": 0.1})
    assert log(tmp_path) == [{"step": 0, "a": 1.0}, {"step": 6, "a": float(np.float32(0.1))}]


def test_a_damaged_or_foreign_checkpoint_is_refused(tmp_path):
    model = new_model()
    file = tmp_path / "checkpoint.safetensors"
    save_state(file, {"model": model}, step=3)
    with pytest.raises(ValueError, match=r"does not fit \('critic'\): move it away"):
        load_state(file, {"critic": model})
    with pytest.raises(ValueError, match=r"does not fit \(.*lstm.weight_ih_l0[^\n]*$"):
        load_state(file, {"model": torch.nn.Linear(2, 2)})
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(ValueError, match=f"{file} is damaged or no safetensors file"):
        load_state(file, {"model": model})


def test_states_come_back_exactly(tmp_path):
    """Adam's moments with a learning rate a group, and SGD's momentum, which is None at first."""
    model = new_model()
    groups = [{"params": model.lstm.parameters(), "lr": 0.1}, {"params": model.head.parameters()}]
    parts = {"model": model, "adam": torch.optim.Adam(groups, 1e-3, betas=(0.5, 0.99))}
    parts["sgd"] = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    for _ in range(2):
        save_state(tmp_path / "state", parts, step=1)
        before = {name: part.state_dict() for name, part in parts.items()}
        saved = json.dumps(before, default=torch.Tensor.tolist)
        assert load_state(tmp_path / "state", parts) == {"step": 1}
        assert (
            json.dumps(
                {n: part.state_dict() for n, part in parts.items()}, default=torch.Tensor.tolist
            )
            == saved
        )
        model(torch.ones(1, 2, 6), torch.ones(1, 3, 8, 8)).sum().backward()
        parts["adam"].step()
        parts["sgd"].step()


def test_scalars_and_pictures_reach_tensorboard(fabric, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = Run(fabric, tmp_path, ToyConfig(), 2)
    for step in run.steps(run.resume()):
        run.log(step, {"loss": 0.5 + step})
        run.images(step, "faces", np.full((3, 4, 5, 3), 100 * step, np.uint8))
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [(event.step, event.value) for event in events.Scalars("loss")] == [(0, 0.5), (1, 1.5)]
    picture = events.Images("faces")[1]
    assert (picture.height, picture.width) == (4, 15)


def test_bar_goes_from_the_first_step_to_the_last(fabric, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    train(fabric, tmp_path, steps=2)
    train(fabric, tmp_path, steps=5)
    assert "5/5" in capsys.readouterr().err
    monkeypatch.undo()
    alone(tmp_path / "quiet", steps=1)
    assert "1/1" not in capsys.readouterr().err


def test_minutes_add_up_over_resumes(fabric, tmp_path, monkeypatch):
    # start, two checkpoints; start again, one checkpoint
    clock = iter([0.0, 60.0, 90.0, 1000.0, 1090.0])
    monkeypatch.setattr("thlab.training.run.time.monotonic", lambda: next(clock))
    for steps in (2, 3):
        run = Run(fabric, tmp_path / "vae-stage1", ToyConfig(), steps, save_every=1)
        for _ in run.steps(run.resume()):
            pass
    assert minutes(tmp_path, "vae*") == 3
    assert minutes(tmp_path, "head*") == 0


def test_a_finished_run_is_not_relabelled_with_another_corpus(fabric, tmp_path):
    first = {"corpus": "medium", "corpus_version": "2", "corpus_digest": "aa"}
    other = {"corpus": "medium", "corpus_version": "2", "corpus_digest": "bb"}
    run = Run(fabric, tmp_path, ToyConfig(), 0, corpus=first)
    list(run.steps(run.resume()))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != ".lock"}
    with pytest.raises(ValueError, match="corpus_digest='aa', not 'bb'"):
        Run(fabric, tmp_path, ToyConfig(), 0, corpus=other).resume()
    assert {
        path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != ".lock"
    } == before
