"""Numba's compiler, for functions that tests wrap in a check of their types."""

import inspect
from collections.abc import Callable

import numba


def compiled(**options) -> Callable:
    """`numba.njit` with options, on the bare function.

    numba cannot compile the check that tests put around it.
    """
    return lambda function: numba.njit(**options)(inspect.unwrap(function))
