"""What stands in a cell of a table, whatever file the table is in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from dashboards.columns import Column

CHUNK = 500  # rows that are read at a time
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
# What XML 1.0 has no way to say, and nobody means to write.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def flat(value: Any) -> Any:
    """A cell that is one thing: lists joined, nothing for what is not known, dates as text."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(str(item) for item in value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def plain(value: Any) -> Any:
    """A cell of CSV: flat, and no text that a spreadsheet would run.

    A leading = + - @ of any width, tab or line break makes a formula of text (OWASP, "CSV
    injection"); an apostrophe before it keeps it text.
    """
    value = flat(value)
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def printable(text: str) -> str:
    """The text without characters that XML cannot hold."""
    return UNPRINTABLE.sub("", text)


def read_rows(columns: list[Column], rows: Iterable[Any]) -> Iterator[list[Any]]:
    """The cells of each row."""
    for row in rows:
        yield [column.read(row) for column in columns]
