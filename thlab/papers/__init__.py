"""The papers: each a folder with its own ideas, declared as a `Paper` by the name PAPER of its
module.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thlab.evaluation.claims import Claims
    from thlab.papers.paper import Paper

# key -> module; imported when it is asked for, because torch takes seconds
PAPERS = {
    "priors": "thlab.papers.priors",
    "davs": "thlab.papers.davs",
    "stochastic": "thlab.papers.stochastic",
    "evp": "thlab.papers.evp",
    "evaluators": "thlab.papers.evaluators",
}


def load_paper(key: str) -> "Paper":
    """The record of a paper; ValueError, naming what there is, for an unknown one."""
    if key not in PAPERS:
        raise ValueError(f"there is no paper {key!r}: choose one of {', '.join(PAPERS)}")
    return importlib.import_module(PAPERS[key]).PAPER


def all_claims() -> "Claims":
    """The claims of every paper, by their ids."""
    found = {}
    for key in PAPERS:
        found |= load_paper(key).claims
    return found
