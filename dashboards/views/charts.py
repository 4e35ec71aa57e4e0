"""Charts alone: as a page, as data, as a picture, in a frame of other sites, and how to cite them.

All take the filters of the list that they chart.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from csp.decorators import csp_replace
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from dashboards.as_of import answers_as_of
from dashboards.charts import INITIATIVE_CHARTS, SUMMIT_CHARTS, Chart
from dashboards.charts.picture import picture
from dashboards.exports.answers import json_response, refusal
from dashboards.exports.citations import CITED, Citation, box, citation_of_chart
from dashboards.exports.csv import csv_response
from dashboards.exports.formats import PICTURE
from dashboards.lists import INITIATIVES, SUMMITS, Listing
from initiatives.selection import Selection
from partners.history.changes import data_version


def _selected(
    request: HttpRequest, slug: str, *, strict: bool = True
) -> tuple[Selection, HttpResponse | None]:
    listing = _listing(slug)
    selection = Selection(listing.filters, request.GET, listing.records(), strict=strict)
    return selection, refusal(selection)


def _listing(slug: str) -> Listing:
    if slug in INITIATIVE_CHARTS:
        return INITIATIVES
    if slug in SUMMIT_CHARTS:
        return SUMMITS
    raise Http404("no such chart")


def _build(selection: Selection, slug: str) -> Chart:
    return (INITIATIVE_CHARTS | SUMMIT_CHARTS)[slug](selection)


@require_safe
@answers_as_of(refuses=False)
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """The chart alone on a page, to print, with how to cite it."""
    selection, _refused = _selected(request, slug, strict=False)
    if selection.errors:
        return render(request, "chart.html", {"selection": selection}, status=400)
    chart = _build(selection, slug)
    cited = _citation(request, selection, chart)
    context = {
        "selection": selection,
        "chart": chart,
        "query": selection.query,
        "cite": box(cited, reverse("chart", args=[slug]), selection.query),
        "frame": _address(request, "chart_embed", selection, slug),
    }
    return render(request, "chart.html", context)


def _address(request: HttpRequest, route: str, selection: Selection, slug: str) -> str:
    """The address of a chart in full, with what was asked."""
    path = f"{reverse(route, args=[slug])}?{selection.query}".rstrip("?")
    return request.build_absolute_uri(path)


def _citation(request: HttpRequest, selection: Selection, chart: Chart) -> Citation:
    address = _address(request, "chart", selection, chart.slug)
    return citation_of_chart(chart.slug, chart.title, selection.words, selection.query, address)


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


@require_safe
@answers_as_of(refuses=False)
def as_svg(request: HttpRequest, slug: str) -> HttpResponse:
    """The chart as a picture that stands alone."""
    selection, refused = _selected(request, slug)
    if refused:
        return refused
    chart = _build(selection, slug)
    drawing = picture(chart, selection.words, _citation(request, selection, chart).text)
    return HttpResponse(drawing, content_type=PICTURE.media_type)


@require_safe
@answers_as_of(refuses=False)
def cited(request: HttpRequest, slug: str, suffix: str) -> HttpResponse:
    """How to cite the chart, as BibTeX or CSL-JSON."""
    selection, refused = _selected(request, slug)
    if refused:
        return refused
    return CITED[suffix](_citation(request, selection, _build(selection, slug)))


@require_safe
@xframe_options_exempt
@csp_replace({"frame-ancestors": ["*"]})
@answers_as_of(refuses=False)
def embed(request: HttpRequest, slug: str) -> HttpResponse:
    """The chart for a frame in another page: the only address that may be framed. Sets no cookie.

    Its bars lead nowhere, for the pages behind them may not be framed; its links open outside.
    """
    selection, _refused = _selected(request, slug, strict=False)
    context: dict[str, Any] = {"selection": selection}
    if not selection.errors:
        chart = _build(selection, slug)
        context |= {
            "chart": replace(chart, links=[]),
            "query": selection.query,
            "address": _address(request, "chart", selection, slug),
        }
    status = 400 if selection.errors else 200
    return render(request, "chart_embed.html", context, status=status)
