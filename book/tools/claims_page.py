"""Write the book's page of claims from book/claims.json.

Run as a script, settle the claims from book/results/ first:

    python book/tools/claims_page.py
"""

import csv
import json
from pathlib import Path

from api_page import paragraph

from thlab.evaluation.verdicts import describe_comparison, tally

PAPERS = {  # section and citation
    "priors": ("Disentangled audio representations", "mittal2020"),
    "davs": ("Disentangled audio-visual representations (DAVS)", "zhou2019"),
    "evp": ("Emotional video portraits (EVP)", "ji2021"),
    "speak": ("Listen, disentangle, and control (SPEAK)", "cai2024"),
    "stochastic": ("Stochastic talking faces", "yadav2020"),
}
HEADER = """# Claims

What the five papers say of their results, claim by claim, and whether it holds here: on the
embedded corpus, with the models of this book. The numbers behind a verdict are in `book/results/`,
two files a table: the measurements, one a line, and the command, the seeds, the corpus and the
commit that made them.

**The rule.** No verdict is typed; `thlab.evaluation.claims` computes it. A claim is one or more
comparisons, each of cells of one table. The rows of a table share seeds and test clips, so
differences are taken pair by pair. Of each comparison the mean difference is printed with its 95 %
interval as *mean [low, high]*. The interval is over seeds and test speakers: over seeds alone where
only a mean over speakers was kept, over speakers alone where one training was run, over clips where
there is one speaker. Then it is about that person. The verdict of a comparison is

- **held**: the whole interval lies on the claimed side.
- **against**: the whole interval lies on the other side.
- **excluded**: the interval contains zero, and no effect that would matter. The smallest that
  matters is half of the paper's; where the paper prints no number, it is a tenth of the gap between
  two rows named beforehand.
- **undecided**: the interval contains zero and an effect that would matter. Beside it stands how
  many seeds would decide, or speakers where more seeds would not, if the mean and the spreads stay
  as they are. A row that was not run is undecided too.
- **not testable here**: these means cannot decide it, with the reason.

A claim that something stays within a band is held where the whole interval lies inside, against
where it lies outside, else undecided. A claim of several comparisons is held if all hold, against
if one is against, else undecided if one is undecided, else excluded; what is not testable does not
count beside others. *Best of* is asked of the paper's own baselines alone. *Open* is what is not
measured yet.

**Forecasts.** Below a verdict stands what we expected, written down in `book/results/forecasts.csv`
before the test people were looked at.

That a claim does not hold here says that it did not carry over to this corpus, these sizes and this
training; it does not say that the paper's own numbers are wrong.
"""
FEW = 4  # comparisons that are shown; more are folded away


def claims_page(ledger: Path) -> str:
    """The page, a section a paper; only a header where there is no ledger."""
    claims = json.loads(ledger.read_text()) if ledger.exists() else []
    forecasts = read_forecasts(ledger.parent / "results" / "forecasts.csv")
    sections = []
    for key in PAPERS:
        own = [claim for claim in claims if claim["paper"] == key]
        sections.append(section(key, own, forecasts))
    if not claims:
        return HEADER
    counts = tally([claim["verdict"] for claim in claims])
    return "\n".join([HEADER, f"{len(claims)} claims: {counts}.", "", *sections])


def read_forecasts(path: Path) -> dict[str, str]:
    """What was expected of each claim, by its id; empty where nothing was written down."""
    if not path.exists():
        return {}
    with open(path, newline="") as file:
        return {line["claim"]: line["forecast"] for line in csv.DictReader(file)}


def section(paper: str, claims: list[dict], forecasts: dict[str, str]) -> str:
    counts = tally([claim["verdict"] for claim in claims])
    lines = [
        "| Claim | What is compared | Verdict | Evidence |",
        "|---|---|---|---|",
        *(row(claim, forecasts.get(claim["id"], "")) for claim in claims),
    ]
    title, key = PAPERS[paper]
    return "\n".join(
        [f"## {title}", "", f"{len(claims)} claims of {{cite}}`{key}`: {counts}.", "", *lines, ""]
    )


def row(claim: dict, forecast: str = "") -> str:
    says = f"`{claim['id']}`<br>{paragraph(claim['says'])} ({claim['source']})"
    note = f"<br>*Note: {paragraph(claim['note'])}.*" if "note" in claim else ""
    cells = [
        f"{says}{note}",
        paragraph(claim["test"]),
        f"**{claim['verdict']}**" + (f"<br>forecast: {forecast}" if forecast else ""),
        evidence(claim["evidence"]),
    ]
    return f"| {' | '.join(cells)} |"


def evidence(found: dict) -> str:
    """Each comparison with its interval and verdict; many are folded below their counts."""
    if "reason" in found:
        return paragraph(found["reason"])
    lines = [paragraph(describe_comparison(one)) for one in found["comparisons"]]
    text = "<br>".join(lines)
    if len(lines) > 1:
        counts = tally([one["verdict"] for one in found["comparisons"]])
        text = f"{counts}:<br>{text}"
        if len(lines) > FEW:
            text = f"<details><summary>{counts}</summary>{'<br>'.join(lines)}</details>"
    over = sorted({one["over"] for one in found["comparisons"] if "over" in one})
    return f"{text}<br>over {' or '.join(over)}, `{found['file']}`" if over else text


if __name__ == "__main__":
    from thlab.evaluation.claims import write_ledger
    from thlab.papers import all_claims

    book = Path(__file__).resolve().parent.parent
    write_ledger(book / "claims.json", book / "results", all_claims())
