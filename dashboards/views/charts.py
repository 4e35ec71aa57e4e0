"""Charts as pages and as data, with the filters of the list they chart."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from dashboards.as_of import answers_as_of
from dashboards.charts import INITIATIVE_CHARTS, OPTIONS, SUMMIT_CHARTS, Chart
from dashboards.exploring import CHARTS, explored, tabs
from dashboards.exports import csv_response, json_response, refusal
from dashboards.lists import INITIATIVES, SUMMITS, Listing
from initiatives.selection import Selection
from partners.history.changes import data_version

ALL = ("initiatives-by-year", "initiatives-by-country", "initiatives-by-sector")


def _listing(slug: str) -> Listing:
    if slug in INITIATIVE_CHARTS:
        return INITIATIVES
    if slug in SUMMIT_CHARTS:
        return SUMMITS
    raise Http404("no such chart")


def _selected(
    request: HttpRequest, slug: str, *, strict: bool = True
) -> tuple[Selection, dict[str, str]]:
    """What is asked for, and the options that are not the usual ones; `errors` has what is wrong."""
    listing, options = _listing(slug), OPTIONS.get(slug, {})
    selection = Selection(
        listing.filters, request.GET, listing.records(), strict=strict, also=options
    )
    chosen = {}
    for name, choices in options.items():
        asked = [value for value in request.GET.getlist(name) if value]
        if len(asked) > 1:
            selection.errors[name] = [gettext("Give one value only.")]
        elif asked and asked[0] not in choices:
            known = gettext("There is no such choice: give %(choices)s.")
            selection.errors[name] = [known % {"choices": ", ".join(choices)}]
        elif asked and asked[0] != choices[0]:
            chosen[name] = asked[0]
    return selection, chosen


def _build(selection: Selection, slug: str, options: dict[str, str]) -> Chart:
    return (INITIATIVE_CHARTS | SUMMIT_CHARTS)[slug](selection, **options)


@require_safe
@answers_as_of(refuses=False)
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """The chart alone on a page, to print, with how to cite it; beside it the filters of its list.

    A chart of money has its filters on the page of funding.
    """
    selection, options = _selected(request, slug, strict=False)
    listing = _listing(slug)
    context: dict[str, Any] = {"selection": selection, "slug": slug}
    if tabs(listing, selection, slug):
        context |= explored(listing, selection, slug)
    if selection.errors:
        return render(request, "chart.html", context, status=400)
    query = "&".join(part for part in (selection.query, urlencode(options)) if part)
    context |= {
        "chart": _build(selection, slug, options),
        "options": options,
        "kept": urlencode(options),
        "query": query,
        "address": request.build_absolute_uri(f"{request.path}?{query}".rstrip("?")),
        "data_version": data_version(),
        "today": timezone.localdate(),
    }
    return render(request, "chart.html", context)


@require_safe
@answers_as_of(refuses=False)
def index(request: HttpRequest) -> HttpResponse:
    """The charts that count initiatives, all under one filter."""
    selection = Selection(INITIATIVES.filters, request.GET, INITIATIVES.records())
    context = {**explored(INITIATIVES, selection, CHARTS), "query": selection.query}
    if selection.errors:
        return render(request, "charts.html", context, status=400)
    context["charts"] = [INITIATIVE_CHARTS[slug](selection) for slug in ALL]
    return render(request, "charts.html", context)


@require_safe
@answers_as_of(refuses=False)
def as_json(request: HttpRequest, slug: str) -> HttpResponse:
    """The chart's numbers, its total and its ledger; 400 names a parameter not understood."""
    selection, options = _selected(request, slug)
    if refused := refusal(selection):
        return refused
    data = _build(selection, slug, options).as_json()
    return json_response({**data, "query": selection.words, "data_version": data_version()})


@require_safe
@answers_as_of(refuses=False)
def as_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The same numbers: a row for each label and series; an empty `high` beside a low is open."""
    selection, options = _selected(request, slug)
    if refused := refusal(selection):
        return refused
    frame = _build(selection, slug, options).frame()
    return csv_response(slug, list(frame.columns), frame.values.tolist())
