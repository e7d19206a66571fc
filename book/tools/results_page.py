"""Write a paper's page of results: its claims, every table, and how to measure it again."""

import json
from pathlib import Path

from claims_page import PAPERS

from thlab.evaluation.table import Table
from thlab.evaluation.verdicts import tally
from thlab.papers import load_paper
from thlab.papers.paper import Paper
from thlab.plots import forest_plot, use_style

BUILT = ("priors", "davs", "stochastic", "evp")  # papers that have tables
FIGURE = "forest-{}.png"
CAPTION = """Every comparison that the claims ask for, with its 95 % interval. The unit is the
smallest effect that would matter, and the claimed side is to the right. A diamond is the paper's
own effect. What asks for a band, and what was not measured, is not drawn."""
HEADS = """Three people of the test set, whom no head has met, in three moods: the truth, then the
three heads, each from one picture and the sound. What is still wrong: wide mouths open too little,
and what lies in them is a pale band where the truth has teeth above a dark gap. A take of
*stochastic* blinks at a moment of its own, as it should."""
EVP = """Footage of an invented person, driven by three voices of no corpus, in three moods: the
truth, which has the footage's pose and light; what the sound alone gives, with a neutral sentence
of the voice known; and the same with the mood given by its name."""
BY_EYE = {"evp": ("evp.png", EVP)}  # paper -> picture and caption, where it has its own


def results_page(book: Path, key: str) -> str:
    """The page of one paper, from book/claims.json and book/results/."""
    paper = load_paper(key)
    title, citation = PAPERS[key]
    claims = claims_of(book, key)
    counts = tally([claim["verdict"] for claim in claims])
    intro = f"{len(claims)} claims of {{cite}}`{citation}`: {counts}."
    lines = [
        f"# Results: {title}",
        "",
        f"{intro} {{doc}}`claims` has each of them.",
        "",
        f"```{{figure}} {FIGURE.format(key)}",
        f":name: fig-forest-{key}",
        "",
        CAPTION,
        "```",
        "",
    ]
    picture, caption = BY_EYE.get(key, ("heads.png", HEADS))
    lines += ["## By eye", "", f"```{{figure}} media/{picture}\n:name: fig-by-eye-{key}", ""]
    lines += [caption, "```", ""]
    for path in sorted((book / "results").glob(f"{key}.*.json")):
        lines += section(paper, Table.load(path))
    return "\n".join(lines)


def claims_of(book: Path, key: str) -> list[dict]:
    """The claims of a paper in the ledger."""
    return [one for one in json.loads((book / "claims.json").read_text()) if one["paper"] == key]


def section(paper: Paper, table: Table) -> list[str]:
    """One table, what it rests on, and the commands that measure it again."""
    evidence = table.evidence
    name = table.table.removesuffix(f"-{evidence['corpus']}")  # a real corpus is in its name
    spec = paper.tables.get(name)
    what = f": {spec.title}" if spec else ""
    version = f" (version {evidence['corpus_version']})" if evidence["corpus_version"] else ""
    facts = [f"corpus {evidence['corpus']}{version}"]
    facts += [f"preset {evidence['preset']}", f"seeds {', '.join(map(str, evidence['seeds']))}"]
    facts += [evidence["hardware"], f"commit `{evidence['commit'][:10]}`"]
    lines = [f"## {table.table}{what}", "", table.markdown(), "", f"*{'; '.join(facts)}.*", ""]
    return lines + (again(paper, table) if name == table.table else [])


def again(paper: Paper, table: Table) -> list[str]:
    """How to measure a table again, or a row of it, and how long that takes."""
    evidence = table.evidence
    command = f"thlab evaluate {paper.key} --table {table.table} --preset {evidence['preset']}"
    took = f", {evidence['minutes']:g} minutes of one core" if "minutes" in evidence else ""
    lines = [f"All of it again: `{command}`{took}.", ""]
    by_row = evidence.get("minutes_of_rows", {})
    if by_row:
        times = "; ".join(f"{row}: {minutes:g}" for row, minutes in by_row.items())
        one = f"{command} --row NAME --seeds {len(evidence['seeds'])}"
        lines += [f"One row: `{one}`. Minutes a seed, trainings included: {times}.", ""]
    return lines


def write_forest(book: Path, key: str, path: Path) -> None:
    """The forest plot of a paper's claims, as a picture."""
    use_style()
    comparisons = []
    for claim in claims_of(book, key):
        comparisons += claim["evidence"]["comparisons"]
    figure = forest_plot(comparisons)
    figure.savefig(path, dpi=150)
