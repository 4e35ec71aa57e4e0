"""The codebook: every filter, column and chart, read off their own declarations."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboards.charts import INITIATIVE_CHARTS, OPTIONS, SUMMIT_CHARTS
from dashboards.drilldown import COLUMNS as ROW_COLUMNS
from dashboards.exports.formats import CITATIONS, FORMATS, PACKAGE, PICTURE, Format, twins
from dashboards.freshness import unless_unchanged
from dashboards.lists import INITIATIVES, LISTINGS, SINGULAR, SUMMITS, Listing
from initiatives.filters import PeriodsField
from partners.history.asking import MomentField


@require_safe
@unless_unchanged
def codebook(request: HttpRequest) -> HttpResponse:
    """What can be asked, and what the answers mean."""
    context = {
        "formats": [{"format": one, "of": _having(one)} for one in ALL_FORMATS],
        "lists": [
            {
                "listing": listing,
                "address": reverse(f"{SINGULAR[listing.name]}_list"),
                "twins": twins(reverse(f"{SINGULAR[listing.name]}_list"), "", listing.formats),
                "filters": filters(listing),
            }
            for listing in LISTINGS
        ],
        "charts": [
            {"slug": slug, "listing": listing, "options": OPTIONS.get(slug, {})}
            for listing, charts in ((INITIATIVES, INITIATIVE_CHARTS), (SUMMITS, SUMMIT_CHARTS))
            for slug in charts
        ],
        "row_columns": ROW_COLUMNS,
    }
    return render(request, "codebook.html", context)


ALL_FORMATS = [*FORMATS.values(), PICTURE, PACKAGE]


def _having(format: Format) -> str:
    """What can be taken away in that format, in words."""
    if format is PICTURE:
        return _("charts")
    if format is PACKAGE:
        return _("all data")
    having = [listing for listing in LISTINGS if format.suffix in listing.formats]
    names = _("lists") if having == LISTINGS else ", ".join(str(one.title) for one in having)
    if format.suffix in CITATIONS:
        return _("%(lists)s, records, charts, all data") % {"lists": names}
    if any(format.suffix in listing.record_formats for listing in LISTINGS):
        return _("%(lists)s, single records") % {"lists": names}
    return str(names)


def filters(listing: Listing) -> list[dict[str, Any]]:
    """The filters of a list: name, meaning and what may stand there."""
    return [
        {"name": name, "label": field.label, "values": takes(field)}
        for name, field in fields(listing).items()
    ]


def fields(listing: Listing) -> dict[str, Any]:
    """The form field of each filter of a list, by its name: what it is called, what it takes."""
    return {name: filter_.field for name, filter_ in listing.filters.base_filters.items()}


def takes(field: Any) -> str:
    """What a filter takes, in words."""
    queryset = getattr(field, "queryset", None)
    if queryset is not None:
        return _("%(column)s of a row of “%(table)s”; repeat it for several") % {
            "column": field.to_field_name,
            "table": queryset.model._meta.verbose_name_plural,
        }
    if choices := [str(key) for key, _label in getattr(field, "choices", []) if key]:
        return ", ".join(choices) if len(choices) < 30 else _("a code of ISO 4217")
    if isinstance(field, PeriodsField):
        return _("a year, quarter or month: 2019, 2019-33 (its first quarter), 2019-06")
    if isinstance(field, MomentField):
        return _("a day, month or year, whose end is meant, or a time: 2026-11-22T12:00:00Z")
    if hasattr(field, "min_value"):
        return _("a year, %(least)s to %(most)s") % {
            "least": field.min_value,
            "most": field.max_value,
        }
    return _("words")
