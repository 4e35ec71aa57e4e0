"""What a page says of the ways to take it away."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext

from dashboards.exports.citations import box, citation_of_record, citation_of_view
from dashboards.exports.formats import twins
from dashboards.exports.markup import dataset_markup
from dashboards.exports.records import formats_of
from dashboards.exports.view import ListView
from initiatives.models import ConcreteRecord
from partners.history.asking import PARAMETER


def taken_away(view: ListView) -> dict[str, Any]:
    """For the page of a list: its twins, how to cite it, and its markup."""
    path, query = view.request.path, view.selection.query
    found = twins(path, query, view.listing.formats)
    said = gettext("%(count)s rows of Accord, which tracks cross-border technology cooperation.")
    description = f"{view.title}: {said % {'count': view.selection.count}}"
    return {
        "twins": found,
        "cite": box(citation_of_view(view), path, query),
        "markup": dataset_markup(
            view.request, view.title, description, view.address, found, view.version
        ),
    }


def record_taken_away(request: HttpRequest, record: ConcreteRecord) -> dict[str, Any]:
    """For the page of a record: its twins, and how to cite it."""
    return {
        "twins": twins(request.path, asked_as_of(request), formats_of(record)),
        "cite": box(citation_of_record(request, record), request.path, asked_as_of(request)),
    }


def partner_taken_away(request: HttpRequest) -> dict[str, Any]:
    """For the page of a country, bloc or organisation."""
    return {"twins": twins(request.path, asked_as_of(request), ["json"])}


def asked_as_of(request: HttpRequest) -> str:
    """The query string that asks for the same moment as this page."""
    asked = request.GET.copy()
    for name in asked.keys() - {PARAMETER}:
        del asked[name]
    return asked.urlencode() if asked.get(PARAMETER) else ""
