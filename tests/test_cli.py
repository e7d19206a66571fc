"""The command: what it prints and how it exits."""

import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest
from PIL import Image

from thlab import cli


def test_verify_says_that_all_is_well(tiny_corpus, capsys):
    assert cli.main(["corpus", "verify", str(tiny_corpus)]) == 0
    assert "every file is whole" in capsys.readouterr().out


def test_show_writes_a_contact_sheet(tiny_corpus, tmp_path, capsys):
    sheet = tmp_path / "sheet.png"
    assert cli.main(["corpus", "show", str(tiny_corpus), "-o", str(sheet), "--clips", "4"]) == 0
    picture = np.asarray(Image.open(sheet))
    assert picture.shape == (4 * 66, 150 + 640, 3)
    assert picture[:, 150:].std() > 20
    assert (picture[:, :150] < 128).any()  # the labels


def test_build_of_what_is_there_is_quick(tiny_corpus, capsys):
    before = {path: path.stat().st_mtime_ns for path in tiny_corpus.glob("*.mp4")}
    assert cli.main(["corpus", "build", str(tiny_corpus)]) == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["corpus", "build", "--preset", "huge"],
        ["corpus", "build", "--size", "63"],
        ["corpus", "build", "--size", "big"],
        ["corpus", "build", "--view", "back"],
        ["corpus", "build", "--head-motion", "2"],
        ["corpus", "build", "--workers", "0"],
        ["corpus", "paint"],
        [],
    ],
)
def test_bad_arguments_get_one_line_and_exit_2(arguments, capsys, tmp_path):
    try:
        status = cli.main(
            [
                *arguments[:2],
                *([str(tmp_path / "x")] if arguments[1:2] == ["build"] else []),
                *arguments[2:],
            ]
        )
    except SystemExit as stop:
        status = stop.code
    assert status == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "x").exists()


def test_a_folder_without_a_corpus_is_named(tmp_path, capsys):
    assert cli.main(["corpus", "verify", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
    assert cli.main(["corpus", "show", str(tmp_path)]) == 2


def test_ctrl_c_stops_with_one_line_and_leaves_nothing_half_written(tmp_path):
    root = tmp_path / "corpus"
    command = [sys.executable, "-m", "thlab.cli", "corpus", "build", str(root), "--workers", "1"]
    # a shell's background jobs, and what they start, ignore Ctrl-C
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heed)
    deadline = time.monotonic() + 240
    while not (root / "manifest.jsonl.part").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command resumes" in errors.splitlines()[-1]
    assert "Traceback" not in errors
    assert not list(root.glob(".*.part"))
    assert not (root / "manifest.jsonl").exists()
