"""Lists, records, charts and all data in the shapes that people take away."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dashboards.as_of import answers_as_of, moment_of
from dashboards.columns import absolute
from dashboards.exports.answers import (
    View,
    file_response,
    knows,
    refusal,
    refused,
    unknown_parameters,
)
from dashboards.exports.atom import atom_response
from dashboards.exports.calendar import calendar_of_summit, calendar_of_view
from dashboards.exports.citations import (
    CITED,
    box,
    citation_of_data,
    citation_of_record,
    citation_of_view,
)
from dashboards.exports.formats import CITATIONS, PACKAGE, Twin
from dashboards.exports.markup import dataset_markup
from dashboards.exports.package import DESCRIPTION, NAME, TITLE, package
from dashboards.exports.page import asked_as_of
from dashboards.exports.records import formats_of
from dashboards.exports.tables import TABLES
from dashboards.exports.view import ListView
from dashboards.exports.xlsx import xlsx_response
from dashboards.freshness import entity_tag, unless_unchanged
from dashboards.lists import Listing
from dashboards.views import lists, records
from initiatives.models import ConcreteRecord, Summit
from initiatives.selection import Selection
from partners.history.asking import PARAMETER
from partners.history.changes import version_moment
from partners.history.moment import as_of

# --- Lists ---------------------------------------------------------------------------------------


def of_list(write: Callable[[ListView], HttpResponse]) -> View:
    """A view of all matching rows; a 400 that names the parameter if one is not understood."""

    @require_safe
    @answers_as_of(refuses=False)
    @unless_unchanged
    @wraps(write)
    def view(request: HttpRequest, listing: Listing) -> HttpResponse:
        selection = Selection(listing.filters, request.GET, listing.records(), strict=True)
        return refusal(selection) or write(ListView(listing, selection, request))

    return view


def _cited_view(suffix: str, view: ListView) -> HttpResponse:
    return CITED[suffix](citation_of_view(view))


LIST_VIEWS: dict[str, View] = {
    "json": lists.as_json,
    "csv": lists.as_csv,
    "xlsx": of_list(xlsx_response),
    "atom": of_list(atom_response),
    "ics": of_list(calendar_of_view),
    **{suffix: of_list(partial(_cited_view, suffix)) for suffix in CITATIONS},
}


# --- Records -------------------------------------------------------------------------------------


def of_record(write: Callable[[HttpRequest, ConcreteRecord], HttpResponse]) -> View:
    """A view of one record that the reader may see; it has no parameter but `as_of`."""

    @require_safe
    @answers_as_of
    @unless_unchanged
    @knows(PARAMETER)
    @wraps(write)
    def view(request: HttpRequest, type: str, slug: str) -> HttpResponse:
        return write(request, records.shown_to(request, type, slug))

    return view


def _cited_record(suffix: str, request: HttpRequest, record: ConcreteRecord) -> HttpResponse:
    return CITED[suffix](citation_of_record(request, record))


def _calendar(request: HttpRequest, record: ConcreteRecord) -> HttpResponse:
    """The summit as an event; 404 where its days are not known exactly."""
    if "ics" not in formats_of(record):
        raise Http404("its days are not known exactly")
    assert isinstance(record, Summit)
    return calendar_of_summit(record, absolute(request, record))


RECORD_VIEWS: dict[str, View] = {
    "json": records.record_json,
    "ics": of_record(_calendar),
    **{suffix: of_record(partial(_cited_record, suffix)) for suffix in CITATIONS},
}


# --- All data ------------------------------------------------------------------------------------


@require_safe
@answers_as_of
@unless_unchanged
def data(request: HttpRequest) -> HttpResponse:
    """What is in the package of all data, how to get it and how to cite it."""
    version = version_moment()
    query = asked_as_of(request)
    file = Twin(PACKAGE, f"{reverse('data_zip')}?{query}".rstrip("?"))
    address = request.build_absolute_uri(f"{request.path}?{query}".rstrip("?"))
    context = {
        "title": TITLE,
        "description": DESCRIPTION,
        "version": version,
        "tables": TABLES,
        "file": file,
        "cite": box(citation_of_data(address, version), request.path, query),
        "markup": dataset_markup(request, TITLE, DESCRIPTION, address, [file], version),
    }
    return render(request, "data.html", context)


@require_safe
@answers_as_of
@unless_unchanged
@knows(PARAMETER)
def _cited_data(request: HttpRequest, suffix: str) -> HttpResponse:
    """How to cite all data, as BibTeX or CSL-JSON."""
    asked = request.GET.urlencode()
    address = f"{reverse('data')}?{asked}".rstrip("?")
    return CITED[suffix](citation_of_data(request.build_absolute_uri(address), version_moment()))


@require_safe
@unless_unchanged
def data_zip(request: HttpRequest) -> HttpResponse:
    """All published data as a Data Package; `as_of` names an earlier version."""
    errors = unknown_parameters(request, PARAMETER)
    moment = None
    try:
        moment = moment_of(request)
    except ValueError as error:
        errors[PARAMETER] = [str(error)]
    if wrong := refused(errors):
        return wrong
    version = version_moment(moment)
    file = package(version)
    response = file_response(file, PACKAGE.media_type, f"{NAME}-{version.number}.zip")
    if moment:
        with as_of(moment):
            response["ETag"] = entity_tag(request)
    return response


DATA_VIEWS: dict[str, View] = {
    "zip": data_zip,
    **{suffix: partial(_cited_data, suffix=suffix) for suffix in CITATIONS},
}
