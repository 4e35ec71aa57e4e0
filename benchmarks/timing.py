"""How long things take, and how far they have come."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from benchmarks.database import say


def seconds(work: Callable[[], Any]) -> float:
    """What the clock on the wall says that it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def by_tenths(verb: str, all_of_them: int) -> Callable[[int], None]:
    """To be called with how many are done: a line for each tenth."""
    said = 0

    def progress(count: int) -> None:
        nonlocal said
        if count * 10 // all_of_them > said:
            said = count * 10 // all_of_them
            say(f"  {verb} {count:,} of {all_of_them:,}")

    return progress
