"""Every list as a page, as JSON and as CSV: one Selection, three renderers."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from dashboards.as_of import answers_as_of
from dashboards.columns import absolute
from dashboards.exports.answers import json_response, refusal
from dashboards.exports.cells import CHUNK, read_rows
from dashboards.exports.csv import csv_response
from dashboards.exports.page import taken_away
from dashboards.exports.view import ListView
from dashboards.lists import Listing
from initiatives.facets import facet
from initiatives.selection import Selection
from partners.history.changes import data_version

PAGE_SIZE = 50


@require_safe
@answers_as_of(refuses=False)
def page(request: HttpRequest, listing: Listing) -> HttpResponse:
    """The list with its filters; only the results when htmx asks."""
    selection = Selection(listing.filters, request.GET, listing.records())
    number = request.GET.get("page") or "1"
    if not (number.isascii() and number.isdecimal()):
        selection.errors["page"] = [gettext("Enter a page number, 1 or more.")]
        number = "1"
    ordered = listing.relations(listing.order(selection.records))
    paginator = Paginator(ordered, PAGE_SIZE)
    paginator.count = selection.count
    if not 1 <= int(number[:9]) <= paginator.num_pages:
        raise Http404("no such page")
    shown = {"q", "as_of", "year_min", "year_max", *listing.facets}
    context = {
        "listing": listing,
        "selection": selection,
        "page": paginator.page(int(number)),
        "facets": [facet(selection, name) for name in listing.facets],
        "carried_along": [a for a in selection.active if a.name not in shown],
    }
    if not selection.errors:
        context |= taken_away(ListView(listing, selection, request))
    status = 400 if selection.errors else 200
    return render(request, "list.html", context, status=status)


@require_safe
@answers_as_of(refuses=False)
def as_json(request: HttpRequest, listing: Listing) -> HttpResponse:
    """All matching records as JSON; a 400 that names the parameter if one is not understood."""
    selection = Selection(listing.filters, request.GET, listing.records(), strict=True)
    if refused := refusal(selection):
        return refused
    rows = listing.relations(listing.order(selection.records))
    results = [
        {**{c.name: c.read(row) for c in listing.columns}, "url": absolute(request, row)}
        for row in rows
    ]
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
def as_csv(request: HttpRequest, listing: Listing) -> HttpResponse:
    """All matching records as CSV, streamed."""
    selection = Selection(listing.filters, request.GET, listing.records(), strict=True)
    if refused := refusal(selection):
        return refused
    rows = listing.relations(listing.order(selection.records)).iterator(chunk_size=CHUNK)
    header = [column.name for column in listing.columns] + ["url"]
    return csv_response(
        listing.name,
        header,
        (
            [*cells, absolute(request, row)]
            for row in rows
            for cells in read_rows(listing.columns, [row])
        ),
    )
