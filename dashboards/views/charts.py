"""Charts as data: `/charts/<slug>.json` and `.csv`, with the filters of the list they chart."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboards.as_of import answers_as_of
from dashboards.charts import INITIATIVE_CHARTS, SUMMIT_CHARTS, Chart
from dashboards.exports import csv_response, json_response, refusal
from dashboards.lists import INITIATIVES, SUMMITS
from initiatives.selection import Selection
from partners.history.changes import data_version


def _selected(
    request: HttpRequest, slug: str, *, strict: bool = True
) -> tuple[Selection, HttpResponse | None]:
    if slug in INITIATIVE_CHARTS:
        listing = INITIATIVES
    elif slug in SUMMIT_CHARTS:
        listing = SUMMITS
    else:
        raise Http404("no such chart")
    selection = Selection(listing.filters, request.GET, listing.records(), strict=strict)
    return selection, refusal(selection)


def _build(selection: Selection, slug: str) -> Chart:
    return (INITIATIVE_CHARTS | SUMMIT_CHARTS)[slug](selection)


@require_safe
@answers_as_of(refuses=False)
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """The chart alone on a page, to print, with how to cite it."""
    selection, _refused = _selected(request, slug, strict=False)
    if selection.errors:
        return render(request, "chart.html", {"selection": selection}, status=400)
    context = {
        "selection": selection,
        "chart": _build(selection, slug),
        "query": selection.query,
        "address": request.build_absolute_uri(f"{request.path}?{selection.query}".rstrip("?")),
        "data_version": data_version(),
        "today": timezone.localdate(),
    }
    return render(request, "chart.html", context)


@require_safe
@answers_as_of(refuses=False)
def as_json(request: HttpRequest, slug: str) -> HttpResponse:
    """The chart's numbers, its total and its ledger; 400 names a parameter not understood."""
    selection, refused = _selected(request, slug)
    if refused:
        return refused
    data = _build(selection, slug).as_json()
    return json_response({**data, "query": selection.words, "data_version": data_version()})


@require_safe
@answers_as_of(refuses=False)
def as_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The same numbers: a row for each label and series; an empty `high` beside a low is open."""
    selection, refused = _selected(request, slug)
    if refused:
        return refused
    frame = _build(selection, slug).frame()
    return csv_response(slug, list(frame.columns), frame.values.tolist())
