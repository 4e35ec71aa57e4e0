"""Machine formats: JSON and CSV, and the 400 that names what was not understood."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse

from dashboards.columns import Column
from initiatives.selection import Selection

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


class _Echo:
    """A file that gives back what is written to it, for the csv writer."""

    def write(self, text: str) -> str:
        return text


def plain(value: Any) -> Any:
    """A cell of a spreadsheet: lists joined, and no text that a spreadsheet would run.

    A leading = + - @ of any width, tab or line break makes a formula of text (OWASP, "CSV
    injection"); an apostrophe before it keeps it text.
    """
    if value is None:
        return ""
    if isinstance(value, list):
        value = "; ".join(str(item) for item in value)
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def csv_response(name: str, header: list[str], rows: Iterable[list[Any]]) -> HttpResponse:
    """All rows, streamed, UTF-8 with a mark that spreadsheets understand."""
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield "\ufeff" + writer.writerow(header)
        for row in rows:
            yield writer.writerow([plain(cell) for cell in row])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response  # type: ignore[return-value]


def json_response(data: Any, status: int = 200) -> JsonResponse:
    """JSON that people can read, in UTF-8."""
    return JsonResponse(data, status=status, json_dumps_params={"ensure_ascii": False, "indent": 1})


def refusal(selection: Selection) -> JsonResponse | None:
    """A 400 that names every parameter in error; None if there is none."""
    if not selection.errors:
        return None
    return json_response({"errors": selection.errors}, status=400)


def read_rows(columns: list[Column], rows: Iterable[Any]) -> Iterator[list[Any]]:
    """The cells of each row."""
    for row in rows:
        yield [column.read(row) for column in columns]
