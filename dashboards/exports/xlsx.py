"""A workbook: a sheet of rows, and one that says what they are."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from decimal import Decimal
from itertools import chain, islice
from typing import Any

import xlsxwriter
from django.http import HttpResponse
from django.utils.translation import gettext

from dashboards.columns import Column
from dashboards.exports.answers import file_response
from dashboards.exports.cells import flat, printable, read_rows
from dashboards.exports.citations import citation_of_view
from dashboards.exports.formats import FORMATS
from dashboards.exports.view import ListView
from dashboards.licence import LICENCE

ROWS_PER_SHEET = 1_048_575  # and the header
WIDTHS = {"title": 48, "summary": 60, "url": 44, "original": 44, "name": 40}


def xlsx_response(view: ListView) -> HttpResponse:
    """The rows as a workbook, kept in a file while it is written, never whole in memory."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(file, options) as book:
        # So that one data version gives one file.
        book.set_properties({"title": printable(view.title)[:255], "created": view.version.at})
        _rows(book, str(view.listing.title), view.columns, read_rows(view.columns, view.rows()))
        _about(book, view)
    return file_response(file, FORMATS["xlsx"].media_type, f"{view.listing.name}.xlsx")


def _rows(book: Any, title: str, columns: list[Column], rows: Iterable[list[Any]]) -> None:
    """The rows under their header, on as many sheets as they need."""
    bold = book.add_format({"bold": True, "bottom": 1})
    rest, number = iter(rows), 1
    while True:
        sheet = book.add_worksheet(title if number == 1 else f"{title} {number}")
        sheet.freeze_panes(1, 1)
        for at, column in enumerate(columns):
            sheet.set_column(at, at, WIDTHS.get(column.name, max(14, len(column.name) + 3)))
            sheet.write_string(0, at, column.name, bold)
        last = 0
        for last, row in enumerate(islice(rest, ROWS_PER_SHEET), 1):
            _write(sheet, last, row)
        sheet.autofilter(0, 0, last, len(columns) - 1)
        following = next(rest, None)
        if following is None:
            return
        rest, number = chain([following], rest), number + 1


def _about(book: Any, view: ListView) -> None:
    """The filter, where it comes from, how to cite it, and what the columns hold."""
    bold = book.add_format({"bold": True})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet(gettext("About"))
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 100)
    citation = citation_of_view(view)
    facts = [
        (gettext("View"), view.title),
        (gettext("Records"), view.selection.count),
        (gettext("Address"), view.address),
        (gettext("Data version"), view.version.number),
        (gettext("Version of"), view.version.at.isoformat()),
        (gettext("Licence"), f"{LICENCE.title} ({LICENCE.name}), {LICENCE.url}"),
        (gettext("Cite as"), citation.text),
        (gettext("Dates"), gettext("as stated (EDTF), as text")),
        (gettext("Several values"), gettext("in one cell, separated by “; ”")),
        (
            gettext("Text"),
            gettext("is never run as a formula, whatever character it begins with"),
        ),
    ]
    for at, (name, value) in enumerate(facts):
        sheet.write_string(at, 0, str(name), bold)
        _write(sheet, at, [value], start=1, style=wrapped)
    start = len(facts) + 1
    sheet.write_string(start, 0, gettext("Column"), bold)
    sheet.write_string(start, 1, gettext("Holds"), bold)
    for at, column in enumerate(view.columns, start + 1):
        sheet.write_string(at, 0, column.name)
        sheet.write_string(at, 1, str(column.meaning), wrapped)


def _write(sheet: Any, at: int, row: list[Any], start: int = 0, style: Any = None) -> None:
    """The cells of a row: text is always text, numbers stay numbers, nothing is no cell.

    A row of nothing has an empty text, so that who counts the rows counts it too.
    """
    values = [flat(cell) for cell in row]
    if all(value == "" for value in values):
        sheet.write_string(at, start, "")
    for column, value in enumerate(values, start):
        if value == "":
            continue
        if isinstance(value, bool):
            sheet.write_boolean(at, column, value, style)
        elif isinstance(value, int | float | Decimal):
            sheet.write_number(at, column, value, style)
        else:
            sheet.write_string(at, column, str(value), style)
