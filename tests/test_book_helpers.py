"""What the notebooks share: code, people and sentences, pictures, players, results."""

import ast
import base64
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch

import thlab.book as book
from thlab.audio import dtw
from thlab.audio.time_warping import accumulate
from thlab.corpus import PRESETS, perform
from thlab.corpus.rows import clip_rows
from thlab.corpus.settings import settle
from thlab.evaluation.claims import Claim
from thlab.evaluation.comparison import Untestable
from thlab.evaluation.table import Table, make_records
from thlab.media import SYNTHETIC, write_mp4

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def take():
    sentence = book.new_sentences("medium", 1)[0]
    speaker = book.new_speakers("medium")[0]
    return book.render_take(perform(speaker, sentence.words, number=sentence.number))


def test_source_is_the_packages_own():
    shown = book.show_source(dtw, accumulate).data
    assert shown.startswith("```python\ndef dtw(")
    assert "def accumulate(" in shown  # which numba has compiled
    assert shown.endswith("\n```")
    method = book.show_source(book.Results.table).data
    assert method.startswith("```python\ndef table(")  # not indented


def test_a_run_says_where_it_ran(capsys):
    book.describe_run(7)
    said = capsys.readouterr().out
    assert re.match(r"preset \w+, seed 7, torch ", said)
    assert " cores, " in said


@pytest.mark.parametrize("preset", ["tiny", "medium", "words"])
def test_new_sentences_are_in_no_clip_of_the_preset(preset):
    rows = clip_rows(settle(preset, "face", None, None, 0))
    said = {tuple(row["words"]) for row in rows}
    numbers = {int(row["id"].split("_")[2]) for row in rows if row["split"] == "test"}
    found = book.new_sentences(preset, 3)
    assert not said & {sentence.words for sentence in found}
    assert [sentence.number for sentence in found] == [len(numbers) + i for i in range(3)]
    assert book.new_sentences(preset, 5)[:3] == found


def test_new_speakers_are_those_of_the_test():
    rows = clip_rows(settle("medium", "face", None, None, 0))
    speakers = {int(row["speaker"][1:]) for row in rows if row["split"] == "test"}
    assert book.new_speakers("medium") == sorted(speakers)
    assert len(speakers) == PRESETS["medium"].split[2]


def test_a_take_is_the_performance(take):
    n = len(take.frames)
    assert take.frames.shape == (n, 3, 64, 64)
    assert take.frames.min() >= 0
    assert take.frames.max() <= 1
    assert take.audio.shape == (640 * n,)
    assert take.landmarks.shape == (n, 68, 2)
    assert take.viseme.shape == take.blink.shape == (n,)
    assert take.gaze.shape == (n, 2)
    assert take.text == " ".join(word.label for word in take.words)
    assert torch.equal(take.still, take.frames[take.blink.argmin()])


def test_frames_and_pictures_are_rounded_and_clipped():
    video = torch.tensor([-0.2, 0.0, 0.5, 1.0, 1.3]).expand(2, 3, 4, 5)
    frames = book.to_frames(video)
    assert frames.shape == (2, 4, 5, 3)
    assert frames[0, 0, :, 0].tolist() == [0, 0, 128, 255, 255]
    assert book.to_image(video[0])[0, :, 0].tolist() == [0, 0, 0.5, 1, 1]
    levels = np.unique(book.few_colours(np.linspace(0, 1, 999), 24))
    assert len(levels) == 24
    assert levels[[0, -1]].tolist() == [0, 1]


def test_pictures_in_a_grid_and_in_rows():
    video = torch.rand((6, 3, 64, 64), generator=torch.Generator().manual_seed(0))
    figure = book.show_pictures(list(video), ["a", "b"], columns=3)
    assert [ax.get_title() for ax in figure.axes][:3] == ["a", "b", ""]
    axes = book.show_videos([video, video], ["one", "two"], [0, 5], size=(3, 2))
    assert axes.shape == (2, 2)
    assert [ax.get_title() for ax in axes[0]] == ["0.00 s", "0.20 s"]
    assert axes[1, 0].get_ylabel() == "two"
    plt.close("all")


def test_videos_side_by_side_with_their_titles():
    dark = torch.zeros(2, 3, 64, 64)
    bright = torch.ones(2, 3, 64, 64)
    picture = book.side_by_side([dark, bright], ["dark", "bright"], 1)
    assert picture.shape == (75, 128, 3)
    assert picture.dtype == np.uint8
    assert (picture[11:, :64] == 0).all()
    assert (picture[11:, 64:] == 255).all()
    assert (picture[:11] < 128).any()  # the words


def test_a_figure_becomes_a_picture_and_is_closed():
    figure, ax = plt.subplots(figsize=(2, 1), dpi=50)
    ax.plot(np.linspace(0, 1, 50), color="red")
    number = figure.number
    full = book.figure_image(figure)
    assert full.shape == (50, 100, 3)
    assert not plt.fignum_exists(number)
    figure, ax = plt.subplots(figsize=(2, 1), dpi=50)
    ax.imshow(np.random.default_rng(0).random((20, 20, 3)))
    few = book.figure_image(figure, colours=8)
    assert len(np.unique(few.reshape(-1, 3), axis=0)) <= 8


def test_players_hold_their_files_and_escape_their_words():
    video = book.video_player(b"film", 'say "b"', width=64, caption="<i>", poster=b"png")
    assert base64.b64encode(b"film").decode() in video
    assert 'aria-label="say &quot;b&quot;"' in video
    assert "poster=" in video
    assert "&lt;i&gt;</figcaption>" in video
    sound = book.audio_player(2 * torch.ones(16000), "a tone")
    data = re.search(r'src="data:audio/mpeg;base64,([^"]+)"', sound)
    assert data
    assert len(base64.b64decode(data[1])) > 100
    assert "figcaption" not in sound


def test_the_tag_of_a_film_is_read(tmp_path):
    path = write_mp4(tmp_path / "a.mp4", np.zeros((2, 64, 64, 3), np.uint8), metadata=SYNTHETIC)
    assert book.video_comment(tmp_path / "a.mp4") == SYNTHETIC["comment"], path


@pytest.fixture
def results(tmp_path):
    cells = {"ours": {"PSNR": {(0, "s1", "a"): 30.0, (1, "s1", "a"): 31.0}}}
    table = Table("toy", "T1", {"PSNR": "PSNR"}, make_records(cells), {}, {"preset": "fast"})
    table.save(tmp_path)
    claims = {
        "toy.opinion": Claim("T1", (Untestable("what people prefer", "no panel"),)),
        "toy.later": Claim("T9", (Untestable("another", "no data"),)),
    }
    wording = dict.fromkeys(claims, "people like it")
    return book.Results("toy", claims, wording, tmp_path)


def test_results_show_what_was_measured(results, capsys):
    assert list(results.tables) == ["T1"]
    assert "30.5" in results.table("T9", "T1").data
    assert results.table("T9").data == "*Not measured yet: `thlab evaluate toy --table T9`.*"
    assert results.table().data == "*Not measured yet.*"
    results.print_evidence("preset", "seeds")
    assert capsys.readouterr().out == "T1: preset fast\n"
    results.print_evidence("preset", tables=("T9",))
    assert capsys.readouterr().out == "not measured yet\n"


def test_a_table_of_another_version_of_the_corpus_says_so(results, tmp_path):
    assert "version" not in results.table("T1").data
    cells = {"ours": {"PSNR": {(0, "s1", "a"): 30.0}}}
    old = Table("toy", "T2", {"PSNR": "PSNR"}, make_records(cells), {}, {"corpus_version": "2"})
    old.save(tmp_path)
    shown = book.Results("toy", {}, {}, tmp_path).table("T2").data
    assert "Measured with version 2 of the corpus" in shown
    real = Table("toy", "T3", {"PSNR": "PSNR"}, make_records(cells), {}, {"corpus_version": ""})
    real.save(tmp_path)
    assert "version" not in book.Results("toy", {}, {}, tmp_path).table("T3").data


def test_results_show_verdicts(results):
    shown = results.verdicts("toy.opinion").data.splitlines()
    assert len(shown) == 3
    assert shown[2].startswith("| `toy.opinion` | people like it | **not testable here** |")
    assert "no panel" in results.table("T1", claims=["toy.opinion"]).data
    assert results.verdict("toy.unheard")["verdict"] == "open"


HIDE = "import sys; sys.modules['IPython'] = sys.modules['IPython.display'] = None; "
CALL = "import thlab.book as book; book.show_source(book.show_source)"


def test_without_the_extra_the_error_names_it():
    command = [sys.executable, "-c", HIDE + CALL]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "pip install 'thlab[book]'" in run.stderr


def test_every_helper_is_used_by_a_notebook():
    tree = ast.parse((ROOT / "thlab" / "book.py").read_text())
    kinds = (ast.FunctionDef, ast.ClassDef)
    offered = {node.name for node in tree.body if isinstance(node, kinds) and node.name[0] != "_"}
    code = ""
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        code += "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    made_by_others = {"Sentence", "Take"}
    unused = [name for name in offered if not re.search(rf"\b{name}\b", code)]
    assert set(unused) <= made_by_others


def test_a_sentence_is_of_the_grammar():
    sentence = book.new_sentences("words", 1)[0]
    said = perform(3, sentence.words, number=sentence.number)
    assert said.text.split() == list(sentence.words)
    assert replace(sentence, number=1).words == sentence.words
