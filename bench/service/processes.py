"""Processes that nothing else has run in: no library loaded before, no memory left over, no threads of others."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

__all__ = ["in_new_process"]

Given = ParamSpec("Given")
Result = TypeVar("Result")


def in_new_process(function: Callable[Given, Result], *args: Given.args, **options: Given.kwargs) -> Result:
    """Call a function of a module in a new process; what it is given and what it returns are pickled."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *args, **options).result()
