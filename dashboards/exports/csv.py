"""Comma-separated values: every row, written while it is read."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse

from dashboards.exports.answers import named
from dashboards.exports.cells import plain


class _Echo:
    """A file that gives back what is written to it, for the csv writer."""

    def write(self, text: str) -> str:
        return text


def csv_lines(header: list[str], rows: Iterable[list[Any]]) -> Iterator[str]:
    """The lines of a table."""
    writer = csv.writer(_Echo())
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([plain(cell) for cell in row])


def csv_response(name: str, header: list[str], rows: Iterable[list[Any]]) -> HttpResponse:
    """All rows, streamed, UTF-8 with a mark that spreadsheets understand."""

    def lines() -> Iterator[str]:
        yield "\ufeff"
        yield from csv_lines(header, rows)

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    return named(response, f"{name}.csv")
