"""Verdicts in words, for tables and for the book's page of claims: nothing but Python is needed."""

from collections import Counter
from collections.abc import Mapping, Sequence

VERDICTS = ("held", "against", "excluded", "undecided", "not testable here", "open")


def overall(verdicts: Sequence[str]) -> str:
    """Of several: held if all hold, against if one is, undecided if one is, else excluded.

    What is not testable does not count, unless nothing else is there. Chapter: book/priors.ipynb
    """
    counted = {verdict for verdict in verdicts if verdict != "not testable here"}
    if not counted:
        return "not testable here"
    if counted == {"held"}:
        return "held"
    for verdict in ("against", "undecided"):
        if verdict in counted:
            return verdict
    return "excluded"


def tally(verdicts: Sequence[str]) -> str:
    """Counts of verdicts in words: "2 held, 1 against". Chapter: book/priors.ipynb"""
    counts = Counter(verdicts)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])


def describe(evidence: Mapping, separator: str = "; ") -> str:
    """A claim's evidence in one line: each comparison with its interval and verdict.

    Chapter: book/priors.ipynb
    """
    if "reason" in evidence:
        return evidence["reason"]
    found = evidence["comparisons"]
    if len(found) == 1:
        return describe_comparison(found[0])
    lines = [tally([one["verdict"] for one in found])]
    for one in found:
        lines.append(describe_comparison(one))
    return separator.join(lines)


def describe_comparison(found: Mapping) -> str:
    """One comparison in words: "ours − baseline, LMD: -0.2 [-0.3, -0.1], held".

    Chapter: book/priors.ipynb
    """
    if "reason" in found:
        return f"{found['what']}: {found['verdict']} ({found['reason']})"
    low, high = found["interval"]
    text = f"{found['what']}: {found['mean']:.3g} [{low:.3g}, {high:.3g}], {found['verdict']}"
    if "decides" in found:
        return f"{text} ({found['decides']} would decide)"
    if found["verdict"] == "excluded":
        return f"{text} (an effect of {found['smallest']:.3g} would matter)"
    return text
