"""thlab: how speech and faces are taken apart and put together again.

    import thlab

    corpus = thlab.open_corpus("tiny", split="train")
    head = thlab.load("stochastic-latent")
    path = thlab.audio.align(corpus[0].audio, corpus[1].audio).path

What is used is imported when it is first used: `import thlab` alone loads neither torch nor numpy.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

# By name, not by import statements: torch takes seconds, and a cache's key holds the source of all
# that a module imports.
_FUNCTIONS = {"load": "thlab.public", "open_corpus": "thlab.public"}
_MODULES = (
    "audio",
    "corpus",
    "data",
    "evaluation",
    "explore",
    "face",
    "files",
    "inference",
    "media",
    "metrics",
    "nn",
    "papers",
    "plots",
    "training",
)


def __getattr__(name: str) -> Any:
    if name in _FUNCTIONS:
        return getattr(importlib.import_module(_FUNCTIONS[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"thlab.{name}")
    raise AttributeError(f"module 'thlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_FUNCTIONS, *_MODULES])
