"""Charts alone: as a page, as data, as a picture, in a frame of other sites, and how to cite them.

All take the filters of the list that they chart.
"""

from __future__ import annotations

from typing import Any

from csp.decorators import csp_replace
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from dashboards.as_of import answers_as_of
from dashboards.charts import INITIATIVE_CHARTS, OPTIONS, SUMMIT_CHARTS, Chart
from dashboards.charts.picture import picture
from dashboards.exploring import CHARTS, explored, tabs
from dashboards.exports.answers import compact_json, packed_well, refusal, takes_brotli
from dashboards.exports.citations import CITED, Citation, box, citation_of_chart
from dashboards.exports.csv import csv_response
from dashboards.exports.formats import PICTURE
from dashboards.freshness import unless_unchanged
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


def selected(
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


def chart_data(selection: Selection, slug: str, options: dict[str, str]) -> dict[str, Any]:
    """The chart as plain values, with the filter in words."""
    data = _build(selection, slug, options).as_json()
    return {**data, "query": selection.words, "data_version": data_version()}


@require_safe
@answers_as_of(refuses=False)
@unless_unchanged
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """The chart alone on a page, to print, with how to cite it; beside it the filters of its list.

    A chart of money has its filters on the page of funding.
    """
    selection, options = selected(request, slug, strict=False)
    listing = _listing(slug)
    context: dict[str, Any] = {"selection": selection, "slug": slug}
    if tabs(listing, selection, slug):
        context |= explored(listing, selection, slug)
    if selection.errors:
        return render(request, "chart.html", context, status=400)
    chart = _build(selection, slug, options)
    query = _query(selection, options)
    context |= {
        "chart": chart,
        "options": options,
        "kept": urlencode(options),
        "query": query,
        "cite": box(
            _citation(request, selection, chart, query), reverse("chart", args=[slug]), query
        ),
        "frame": _address(request, "chart_embed", slug, query),
    }
    return render(request, "chart.html", context)


def _query(selection: Selection, options: dict[str, str]) -> str:
    """What was asked, with the options, as a query string."""
    return "&".join(part for part in (selection.query, urlencode(options)) if part)


def _address(request: HttpRequest, route: str, slug: str, query: str) -> str:
    """The address of a chart in full, with what was asked."""
    return request.build_absolute_uri(f"{reverse(route, args=[slug])}?{query}".rstrip("?"))


def _citation(request: HttpRequest, selection: Selection, chart: Chart, query: str) -> Citation:
    address = _address(request, "chart", chart.slug, query)
    return citation_of_chart(chart.slug, chart.title, selection.words, query, address)


@require_safe
@answers_as_of(refuses=False)
@unless_unchanged
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
@unless_unchanged
def as_json(request: HttpRequest, slug: str) -> HttpResponse:
    """The chart's numbers, its total and its ledger; 400 names a parameter not understood.

    Written once and kept, and so once compressed too, for whoever takes that.
    """
    selection, options = selected(request, slug)
    if refused := refusal(selection):
        return refused
    asked = (slug, *options.items())
    text = selection.written(asked, lambda: compact_json(chart_data(selection, slug, options)))
    if not takes_brotli(request):
        return HttpResponse(text, content_type="application/json")
    packed = selection.written(("br", *asked), lambda: packed_well(text))
    headers = {"Content-Encoding": "br"}
    return HttpResponse(packed, content_type="application/json", headers=headers)


@require_safe
@answers_as_of(refuses=False)
@unless_unchanged
def as_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The same numbers: a row for each label and series; an empty `high` beside a low is open."""
    selection, options = selected(request, slug)
    if refused := refusal(selection):
        return refused
    frame = _build(selection, slug, options).frame()
    return csv_response(slug, list(frame.columns), frame.values.tolist())


@require_safe
@answers_as_of(refuses=False)
@unless_unchanged
def as_svg(request: HttpRequest, slug: str) -> HttpResponse:
    """The chart as a picture that stands alone."""
    selection, options = selected(request, slug)
    if refused := refusal(selection):
        return refused
    chart = _build(selection, slug, options)
    if not chart.pictured:
        raise Http404("no picture of this kind")
    citation = _citation(request, selection, chart, _query(selection, options))
    drawing = picture(chart, selection.words, citation.text)
    return HttpResponse(drawing, content_type=PICTURE.media_type)


@require_safe
@answers_as_of(refuses=False)
@unless_unchanged
def cited(request: HttpRequest, slug: str, suffix: str) -> HttpResponse:
    """How to cite the chart, as BibTeX or CSL-JSON."""
    selection, options = selected(request, slug)
    if refused := refusal(selection):
        return refused
    chart = _build(selection, slug, options)
    return CITED[suffix](_citation(request, selection, chart, _query(selection, options)))


@require_safe
@xframe_options_exempt
@csp_replace({"frame-ancestors": ["*"]})
@answers_as_of(refuses=False)
@unless_unchanged
def embed(request: HttpRequest, slug: str) -> HttpResponse:
    """The chart for a frame in another page: the only address that may be framed. Sets no cookie.

    Its bars lead nowhere, for the pages behind them may not be framed; its links open outside.
    """
    selection, options = selected(request, slug, strict=False)
    context: dict[str, Any] = {"selection": selection}
    if not selection.errors:
        chart = _build(selection, slug, options)
        query = _query(selection, options)
        context |= {
            "chart": chart.unlinked(),
            "query": query,
            "address": _address(request, "chart", slug, query),
        }
    status = 400 if selection.errors else 200
    return render(request, "chart_embed.html", context, status=status)
