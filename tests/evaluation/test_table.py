"""Tables of results: tidy records, their two files there and back, and how they read."""

import gzip
import itertools
import math

import numpy as np
import pandas as pd
import pytest

from thlab.evaluation.statistics import interval
from thlab.evaluation.table import FIELDS, Table, make_records, show


def of_seeds(*values):
    return {(seed, "", ""): value for seed, value in enumerate(values)}


ROWS = {
    "baseline": {"clean": of_seeds(1.30, 1.40, 1.50)},
    "ours": {"clean": of_seeds(1.2), "-30": of_seeds(1.31, 1.33, 1.35)},
}
PAPER = {
    "GRID": {"ours": {"clean": 1.25, "-30": 1.33}, "DAVS": {"clean": 1.21}},
    "LRS3": {"ours": {"clean": 1.67}},
}
COLUMNS = {"clean": "LMD", "-30": "LMD"}
TABLE = Table(
    "priors",
    "T1",
    COLUMNS,
    make_records(ROWS),
    PAPER,
    {"command": "thlab evaluate priors", "seeds": [0, 1, 2], "pixels": 64},
)


def records(*rows):
    return pd.DataFrame(list(rows), columns=FIELDS)


def test_files_there_and_back(tmp_path):
    path = TABLE.save(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "priors.T1.csv.gz",
        "priors.T1.json",
    ]
    again = Table.load(path)
    assert again.markdown() == TABLE.markdown()
    assert again.columns == TABLE.columns
    assert again.paper_numbers == TABLE.paper_numbers
    assert again.evidence == TABLE.evidence
    pd.testing.assert_frame_equal(again.records, TABLE.records)
    assert again.save(tmp_path).read_bytes() == path.read_bytes()


def test_the_csv_has_a_line_a_measurement(tmp_path):
    TABLE.save(tmp_path)
    lines = gzip.decompress((tmp_path / "priors.T1.csv.gz").read_bytes()).decode().splitlines()
    assert lines[:2] == ["row,column,seed,speaker,clip,value", "baseline,clean,0,,,1.3"]
    assert len(lines) == 1 + 7


def test_names_that_look_like_gaps_stay_names(tmp_path):
    rows = {
        "None": {"clean": {(0, "NA", "null"): 1.0}},
        'a "b", c': {"clean": {(0, "NA", "001"): 2.0}},
    }
    again = Table.load(Table("p", "t", COLUMNS, make_records(rows)).save(tmp_path))
    assert again.rows == ["None", 'a "b", c']
    assert again.values("None", "clean").to_dict() == {(0, "NA", "null"): 1.0}
    assert again.values('a "b", c', "clean").index.tolist() == [(0, "NA", "001")]


@pytest.mark.parametrize(
    "damage",
    [
        lambda csv, text: (csv, '{"paper": "priors"'),
        lambda csv, text: (csv, '{"paper": "priors"}'),
        lambda csv, text: (csv, '{"losses": []}'),
        lambda csv, text: (csv, "[]"),
        lambda csv, text: (csv[:-9], text),
        lambda csv, text: (csv.replace("1.4", "1.2"), text),
        lambda csv, text: ("", text),
        lambda csv, text: (None, text),
        lambda csv, text: (csv, text.replace('"LMD"', '"LDM"')),
    ],
)
def test_a_damaged_file_is_named_in_one_error(tmp_path, damage):
    path = TABLE.save(tmp_path)
    packed = tmp_path / "priors.T1.csv.gz"
    csv, text = damage(gzip.decompress(packed.read_bytes()).decode(), path.read_text())
    path.write_text(text)
    packed.unlink()
    if csv is not None:
        packed.write_bytes(gzip.compress(csv.encode()))
    complaint = r"priors.T1.json is not a table of results .*: evaluate again"
    with pytest.raises(ValueError, match=complaint):
        Table.load(path)


@pytest.mark.parametrize("damage", [lambda packed: packed[:-9], lambda packed: b"row,column\n"])
def test_a_damaged_archive_is_named_in_one_error(tmp_path, damage):
    path = TABLE.save(tmp_path)
    packed = tmp_path / "priors.T1.csv.gz"
    packed.write_bytes(damage(packed.read_bytes()))
    with pytest.raises(ValueError, match=r"priors.T1.json is not a table of results"):
        Table.load(path)


def test_pandas_reads_the_records(tmp_path):
    TABLE.save(tmp_path)
    found = pd.read_csv(tmp_path / "priors.T1.csv.gz", keep_default_na=False)
    assert found["value"].tolist() == TABLE.records["value"].tolist()


def test_what_cannot_be_written_leaves_what_was_there(tmp_path):
    path = TABLE.save(tmp_path)
    before = path.read_bytes()
    unwritable = Table("priors", "T1", COLUMNS, make_records(ROWS), PAPER, {"command": object()})
    with pytest.raises(TypeError):
        unwritable.save(tmp_path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2
    Table.load(path)


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (
            [("a", "clean", 0, "s1", "c1", 1.0), ("a", "clean", 0, "s1", "c1", 1.0)],
            "is there twice",
        ),
        ([("a", "clean", 0, "s1", "c1", math.inf)], "is not finite"),
        ([("a", "loud", 0, "s1", "c1", 1.0)], "columns that the table does not have: loud"),
    ],
)
def test_records_that_no_table_may_hold(rows, complaint):
    with pytest.raises(ValueError, match=complaint):
        Table("p", "t", COLUMNS, records(*rows))


def test_a_column_must_name_a_metric():
    with pytest.raises(ValueError, match="'LMDD' is not a metric"):
        Table("p", "t", {"clean": "LMDD"}, records())
    with pytest.raises(ValueError, match="lack the columns value"):
        Table("p", "t", COLUMNS, records().drop(columns="value"))


def test_speakers_and_clips_may_be_missing():
    table = Table("p", "t", COLUMNS, records(("a", "clean", 0, None, math.nan, 1.0)))
    assert table.values("a", "clean").index.tolist() == [(0, "", "")]


def test_what_was_not_measured_is_no_record():
    found = make_records({"a": {"clean": {(0, "s1", "c1"): 1.0, (0, "s1", "c2"): math.nan}}})
    assert len(found) == 1


def test_cells_are_read_by_row_and_column():
    assert TABLE.rows == ["baseline", "ours"]
    assert (TABLE.measured("baseline"), TABLE.measured("ours")) == (["clean"], ["clean", "-30"])
    assert TABLE.numbers("ours", "-30") == [1.31, 1.33, 1.35]
    with pytest.raises(KeyError, match=r"priors.T1 has no number of baseline, -30"):
        TABLE.values("baseline", "-30")
    where = itertools.product((0, 1), "xy", "02")
    cell = {(s, p, c): s + 10 * (p == "y") + int(c) for s, p, c in where}
    table = Table("p", "t", COLUMNS, make_records({"a": {"clean": cell}}))
    assert table.seeds("a", "clean").tolist() == [6, 7]
    assert table.interval("a", "clean") == interval(table.values("a", "clean"))


def test_markdown_has_our_numbers_the_papers_units_and_directions():
    lines = TABLE.markdown(["priors.robust: **against**"]).splitlines()
    assert lines[:6] == [
        "| priors T1 | clean | -30 |",
        "| --- | --- | --- |",
        "|  | px of 64, lower is better | px of 64, lower is better |",
        "| baseline | 1.40 ± 0.25 | – |",
        "| ours | 1.2 (1.25, 1.67) | 1.330 ± 0.050 (1.33) |",
        "| DAVS | – (1.21) | – |",
    ]
    foot = "Mean ± half the 95 % interval over 3 seeds; in brackets the paper's (GRID, LRS3)."
    assert lines[7] == foot
    assert lines[-1] == "- priors.robust: **against**"
    assert TABLE._repr_markdown_() == TABLE.markdown()


@pytest.mark.parametrize(
    ("metric", "says"),
    [
        ("PSNR", "dB, higher is better"),
        ("sharpness", "of the truth, 1 is best"),
        ("difference of takes", "grey levels, nearer the truth is better"),
        ("probe accuracy", "%"),
        ("SSIM", "higher is better"),
    ],
)
def test_each_column_says_its_unit_and_which_way_is_better(metric, says):
    lines = Table("p", "t", {"LMD of all": metric}, records()).markdown().splitlines()
    assert lines[2] == f"|  | {says} |"


def test_the_foot_says_over_what():
    def foot(*rows):
        return Table("p", "t", COLUMNS, records(*rows)).markdown().splitlines()[5]

    one = ("a", "clean", 0, "s1", "c1", 1.0)
    assert "over 1 seed and 2 speakers." in foot(one, ("a", "clean", 0, "s2", "c2", 1.0))
    second = ("a", "clean", 0, "s1", "c2", 1.0)
    assert "over 1 seed and 2 clips of one speaker." in foot(one, second)
    assert "over 2 seeds." in foot(one, ("a", "clean", 1, "s1", "c1", 1.0))


@pytest.mark.parametrize(
    ("values", "cell"),
    [
        ([0.1 + 0.2, 0.3, 0.3], "0.3 ± 0"),
        ([0.0, 0.0], "0 ± 0"),
        ([25.1, 64.9, 65.0], "52 ± 57"),
        ([2.5], "2.5"),
    ],
)
def test_a_mean_is_as_fine_as_its_interval(values, cell):
    records = make_records({"ours": {"SSIM": of_seeds(*values)}})
    table = Table("davs", "T1", {"SSIM": "SSIM"}, records)
    assert f"| ours | {cell} |" in table.markdown()
    found = table.interval("ours", "SSIM")
    assert show(found.mean, found.half) == cell


def test_a_part_of_a_table():
    part = TABLE.select(["ours"], ["-30"])
    assert (part.rows, list(part.columns)) == (["ours"], ["-30"])
    assert part.paper_numbers == {
        "GRID": {"ours": PAPER["GRID"]["ours"]},
        "LRS3": {"ours": {"clean": 1.67}},
    }
    np.testing.assert_array_equal(part.values("ours", "-30"), TABLE.values("ours", "-30"))
