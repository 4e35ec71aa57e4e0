"""Every list as a page, as JSON and as CSV: one Selection, three renderers.

`columns` of the address names the columns that each of them shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboards.as_of import answers_as_of
from dashboards.columns import Column
from dashboards.exploring import TABLE, Picker, explored
from dashboards.exports.answers import json_response, refusal
from dashboards.exports.cells import read_rows
from dashboards.exports.csv import csv_response
from dashboards.exports.page import taken_away
from dashboards.exports.view import ListView
from dashboards.freshness import unless_unchanged
from dashboards.lists import Listing
from dashboards.paging import page_of, whole
from initiatives.search import Query, quotes
from initiatives.selection import Selection
from partners.history.changes import data_version

# Rows of a page, the usual number first.
SIZES = (50, 25, 100, 200)
# Which of the rows a page shows: parameters of pages alone.
OWN = ("size", "page")
# By order that can be asked for: the column that is in order, and which way.
SORTED = {
    "newest": ("began", "descending"),
    "oldest": ("began", "ascending"),
    "title": ("title", "ascending"),
    "changed": ("changed", "descending"),
}


class _Rows:
    """The rows of a list, as its pages ask for them."""

    def __init__(self, listing: Listing, selection: Selection, columns: list[Column]) -> None:
        self.listing, self.selection, self.columns = listing, selection, columns

    def count(self) -> int:
        return self.selection.count

    def __getitem__(self, asked: slice) -> list[Any]:
        return list(self.listing.rows(self.selection, asked.start, asked.stop, self.columns))


@require_safe
@answers_as_of(refuses=False)
@unless_unchanged
def page(request: HttpRequest, listing: Listing) -> HttpResponse:
    """The list with its filters; only the results when htmx asks."""
    selection = Selection(listing.filters, request.GET, listing.records())
    number = whole(request, selection, "page", 1, None)
    size = whole(request, selection, "size", SIZES[0], SIZES)
    columns = listing.of_page(selection)
    rows: Any = _Rows(listing, selection, columns)
    shown = page_of(rows, size, number)
    context = {
        **explored(listing, selection, TABLE),
        "page": shown,
        "head": next(column for column in columns if column.name == "title"),
        "beneath": [column for column in columns if column.beneath],
        "beside": [c for c in columns if not c.beneath and c.name != "title"],
        "picker": Picker.of(listing, selection, [(n, request.GET.get(n, "")) for n in OWN]),
        "sorted": _sorted(listing, selection),
        "looked_for": _looked_for(selection, shown),
        "orders": _orders(selection),
        "sizes": SIZES,
        "kept": urlencode({"size": size}) if size != SIZES[0] else "",
    }
    if not selection.errors:
        context |= taken_away(ListView(listing, selection, request))
    status = 400 if selection.errors else 200
    return render(request, "list.html", context, status=status)


def _looked_for(selection: Selection, rows: Iterable[Any]) -> Query | None:
    """What text was looked for; rows that have it in an article only are given its sentence."""
    if not selection.of_records or selection.errors or not selection.chose("q"):
        return None
    query = Query(selection.chose("q")[0])
    elsewhere = [row for row in rows if not query.begin_in(f"{row.title} {row.summary}")]
    said = quotes(query, [row.pk for row in elsewhere])
    for row in elsewhere:
        row.said = said.get(row.pk, "")
    return query


def _orders(selection: Selection) -> list[tuple[str, Any]]:
    """The orders that can be asked for, but that of the best match without words to look for."""
    if "sort" not in selection.filterset.filters:
        return []
    usual = "relevance" if selection.chose("q") else "newest"
    choices = selection.filterset.filters["sort"].extra["choices"]
    return [
        (value, label)
        for value, label in choices
        if value != usual and (value != "relevance" or selection.chose("q"))
    ]


def _sorted(listing: Listing, selection: Selection) -> tuple[str, str]:
    """By which column the rows are in order, and which way; ("", "") by none."""
    if not selection.of_records:
        return listing.ordered
    asked = "".join(selection.chose("sort")) or ("relevance" if selection.chose("q") else "newest")
    return SORTED.get(asked, ("", ""))


@require_safe
@answers_as_of(refuses=False)
@unless_unchanged
def as_json(request: HttpRequest, listing: Listing) -> HttpResponse:
    """All matching records as JSON; a 400 that names the parameter if one is not understood."""
    selection = Selection(listing.filters, request.GET, listing.records(), strict=True)
    if refused := refusal(selection):
        return refused
    view = ListView(listing, selection, request)
    shown = view.of_objects
    results = [{c.name: c.read(row) for c in shown} for row in view.rows(shown)]
    return json_response(
        {
            "count": len(results),
            "query": selection.words,
            "data_version": data_version(),
            "results": results,
        }
    )


@require_safe
@answers_as_of(refuses=False)
@unless_unchanged
def as_csv(request: HttpRequest, listing: Listing) -> HttpResponse:
    """All matching records as CSV, streamed."""
    selection = Selection(listing.filters, request.GET, listing.records(), strict=True)
    if refused := refusal(selection):
        return refused
    view = ListView(listing, selection, request)
    header = [column.name for column in view.columns]
    return csv_response(listing.name, header, read_rows(view.columns, view.rows()))
