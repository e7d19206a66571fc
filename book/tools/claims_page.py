"""Write the book's page of claims from book/claims.json; run as a script, settle the claims from book/results/ first.

python book/tools/claims_page.py
"""

import json
from collections import Counter
from pathlib import Path

from api_page import paragraph

PAPERS = {  # section and citation
    "priors": ("Disentangled audio representations", "mittal2020"),
    "davs": ("Disentangled audio-visual representations (DAVS)", "zhou2019"),
    "evp": ("Emotional video portraits (EVP)", "ji2021"),
    "speak": ("Listen, disentangle, and control (SPEAK)", "cai2024"),
    "stochastic": ("Stochastic talking faces", "yadav2020"),
}
HEADER = """# Claims

What the five papers say of their results, claim by claim, and whether it holds here: on the embedded corpus, with the
models of this book. The numbers behind a verdict are in `book/results/`, one file a
table, with the command, the seeds, the corpus and the commit that made them.

**The rule.** No verdict is typed; `thlab.claims` computes it. A claim is one or more comparisons. Of each, the
difference is taken seed by seed, or test speaker by test speaker where the evidence says so, and its 95 % interval by
Student's t is printed as *mean [low, high]*. A comparison
holds where that whole interval lies on the claimed side; a claim holds where all its comparisons do. A difference
within the noise is *not held*, and so is one on the other side: the interval tells which. *Open* is what is not
measured yet, or with a single seed. *Not testable here* is what these means cannot decide, with the reason.

That a claim is not held here says that it did not carry over to this corpus, these sizes and this training; it does
not say that the paper's own numbers are wrong.
"""


def claims_page(ledger: Path) -> str:
    """The page, a section a paper; only a header where there is no ledger."""
    claims = json.loads(ledger.read_text()) if ledger.exists() else []
    sections = [section(key, [claim for claim in claims if claim["paper"] == key]) for key in PAPERS]
    return "\n".join([HEADER, *sections]) if claims else HEADER


def section(paper: str, claims: list[dict]) -> str:
    counts = Counter(claim["verdict"] for claim in claims)
    tally = ", ".join(f"{n} {verdict}" for verdict, n in counts.most_common())
    lines = ["| Claim | What is compared | Verdict | Evidence |", "|---|---|---|---|", *map(row, claims)]
    title, key = PAPERS[paper]
    return "\n".join([f"## {title}", "", f"{len(claims)} claims of {{cite}}`{key}`: {tally}.", "", *lines, ""])


def row(claim: dict) -> str:
    says = f"`{claim['id']}`<br>{paragraph(claim['says'])} ({claim['source']})"
    note = f"<br>*Note: {paragraph(claim['note'])}.*" if "note" in claim else ""
    return f"| {says}{note} | {paragraph(claim['test'])} | **{claim['verdict']}** | {evidence(claim['evidence'])} |"


def evidence(found: dict) -> str:
    text = paragraph(found["interval"])
    if "over" in found:
        return f"{text}<br>over {found['over']}, `{found['file']}`"
    return f"{text}<br>{len(found['seeds'])} seeds, `{found['file']}`" if found["seeds"] else text


if __name__ == "__main__":
    from thlab.claims import write_ledger

    book = Path(__file__).resolve().parent.parent
    write_ledger(book / "claims.json", book / "results")
