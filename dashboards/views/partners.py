"""Pages of countries, blocs and organisations, and the same as JSON."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from dashboards import statement_rows
from dashboards.as_of import answers_as_of
from dashboards.columns import absolute
from dashboards.exports.answers import json_response, knows
from dashboards.exports.page import asked_as_of, partner_taken_away
from dashboards.freshness import unless_unchanged
from dashboards.lists import ALLIANCES, INITIATIVES, SINGULAR, SUMMITS
from dashboards.lists import organisations as public_organisations
from initiatives.models import Participation, Record
from initiatives.selection import Selection
from partners.dates import PartialDate
from partners.history.asking import PARAMETER
from partners.history.changes import data_version
from partners.history.moment import today
from partners.models import Bloc, Country, Membership, Organisation, Source

# Records of each kind, and organisations, on the page of a country or bloc.
NEWEST = 25
HEADINGS: dict[str, Any] = {
    Membership.Role.MEMBER: _("Members"),
    Membership.Role.OBSERVER: _("Observers"),
    Membership.Role.DIALOGUE_PARTNER: _("Dialogue partners"),
    Membership.Role.PARTNER: _("Partner countries"),
    Membership.Role.INVITED: _("Invited"),
}


@require_safe
@answers_as_of
@unless_unchanged
def country(request: HttpRequest, iso3: str) -> HttpResponse:
    """A country: its blocs over time and what it takes part in."""
    found = get_object_or_404(Country, iso3=iso3)
    memberships = found.memberships.select_related("bloc", "bloc__source", "source")
    organisations = _readable(request).filter(country=found)
    context = {
        "country": found,
        **partner_taken_away(request),
        "memberships": memberships.order_by("bloc__short_name", "since_earliest"),
        "current": set(memberships.at(today()).values_list("pk", flat=True)),
        "organisations": organisations[:NEWEST],
        "organisation_count": organisations.count(),
        "groups": _records_with(request, country=found.iso3),
    }
    return render(request, "country.html", context)


@require_safe
@answers_as_of
@unless_unchanged
def bloc(request: HttpRequest, slug: str) -> HttpResponse:
    """A bloc: who belongs to it since when, and what is run under it.

    `at=2019` shows who belonged to it at the end of that year, month or day.
    """
    found = get_object_or_404(Bloc.objects.select_related("source"), slug=slug)
    memberships = found.memberships.select_related("country", "source")
    asked, at, error = request.GET.get("at", ""), None, ""
    if asked:
        try:
            at = PartialDate.parse(asked).latest
        except ValueError as problem:
            error = str(problem)
        if not at and not error:
            error = gettext("a period that goes on has no last day")
        memberships = memberships.at(at) if at else memberships.none()
    context = {
        "asked": asked,
        "at": at,
        "error": error,
        "bloc": found,
        **partner_taken_away(request),
        "roles": [
            (HEADINGS[role], rows)
            for role in Membership.Role
            if (rows := [m for m in memberships if m.role == role])
        ],
        "current": set(memberships.at(today()).values_list("pk", flat=True)),
        "groups": _records_with(request, bloc=found.slug),
    }
    return render(request, "bloc.html", context, status=400 if error else 200)


@require_safe
@answers_as_of
@unless_unchanged
def organisation(request: HttpRequest, slug: str) -> HttpResponse:
    """An organisation and what it takes part in, each with the passage that says so."""
    found = get_object_or_404(_readable(request).select_related("country"), slug=slug)
    taking_part = (
        Participation.objects.current()
        .filter(organisation=found, record__state=Record.State.PUBLISHED)
        .select_related("record", "organisation", "country")
        .with_evidence()
        .order_by("record__title", "pk")
    )
    rows = []
    for participation in taking_part:
        row = statement_rows.participation_row(participation)
        row.what, row.value = participation.record.title, row.what
        row.url = participation.record.get_absolute_url()
        rows.append(row)
    groups = statement_rows.grouped(rows)
    context = {
        "organisation": found,
        "parent": _parent(request, found),
        **partner_taken_away(request),
        "groups": groups,
        "names": found.names.exclude(name=found.name),
    }
    return render(request, "organisation.html", context)


def _parent(request: HttpRequest, organisation: Organisation) -> Organisation | None:
    """What it is part of, if the reader may see that."""
    if organisation.parent_id is None:
        return None
    return _readable(request).filter(pk=organisation.parent_id).first()


def _readable(request: HttpRequest) -> models.QuerySet[Organisation]:
    """The organisations that the reader may see."""
    if request.user.has_perm("initiatives.view_record"):
        return Organisation.objects.all()
    return public_organisations()


def _records_with(request: HttpRequest, **filters: str) -> list[dict[str, Any]]:
    """The newest records that the filters leave, list by list, and the way to all of them."""
    asked = QueryDict(asked_as_of(request), mutable=True)
    asked.update(filters)
    groups = []
    for listing in (INITIATIVES, ALLIANCES, SUMMITS):
        selection = Selection(listing.filters, asked, listing.records())
        address = reverse(f"{SINGULAR[listing.name]}_list")
        groups.append(
            {
                "listing": listing,
                "records": list(listing.rows(selection, 0, NEWEST, columns=[])),
                "count": selection.count,
                "url": f"{address}?{selection.query}",
            }
        )
    return [group for group in groups if group["count"]]


@require_safe
@answers_as_of
@unless_unchanged
@knows(PARAMETER)
def country_json(request: HttpRequest, iso3: str) -> HttpResponse:
    """The country as JSON."""
    return json_response(country_data(request, iso3))


@require_safe
@answers_as_of
@unless_unchanged
@knows(PARAMETER)
def bloc_json(request: HttpRequest, slug: str) -> HttpResponse:
    """The bloc as JSON."""
    return json_response(bloc_data(request, slug))


@require_safe
@answers_as_of
@unless_unchanged
@knows(PARAMETER)
def organisation_json(request: HttpRequest, slug: str) -> HttpResponse:
    """The organisation as JSON."""
    return json_response(organisation_data(request, slug))


def country_data(request: HttpRequest, iso3: str) -> dict[str, Any]:
    """The country with its memberships and their sources, as plain values."""
    found = get_object_or_404(Country, iso3=iso3)
    memberships = found.memberships.select_related("bloc__source", "source", "country")
    return {
        "type": "country",
        "slug": found.iso3,
        "title": found.english_name,
        "url": absolute(request, found),
        "iso2": found.iso2,
        "numeric": found.numeric,
        "region": found.region_name or None,
        "subregion": found.subregion_name or None,
        "names": [name.name for name in found.names.all()],
        "memberships": [_membership(m) for m in memberships.order_by("bloc__slug", "pk")],
        "data_version": data_version(),
    }


def bloc_data(request: HttpRequest, slug: str) -> dict[str, Any]:
    """The bloc with its memberships and their sources, as plain values."""
    found = get_object_or_404(Bloc.objects.select_related("source"), slug=slug)
    memberships = found.memberships.select_related("country", "source", "bloc__source")
    return {
        "type": "bloc",
        "slug": found.slug,
        "title": found.short_name,
        "name": found.name,
        "url": absolute(request, found),
        "kind": found.kind,
        "founded": found.founded.text if found.founded else None,
        "description": found.description,
        "website": found.website or None,
        "source": _source(found.source),
        "memberships": [_membership(m) for m in memberships],
        "data_version": data_version(),
    }


def organisation_data(request: HttpRequest, slug: str) -> dict[str, Any]:
    """The organisation with its names, as plain values."""
    found = get_object_or_404(_readable(request).select_related("country"), slug=slug)
    return {
        "type": "organisation",
        "slug": found.slug,
        "title": found.name,
        "url": absolute(request, found),
        "kind": found.kind,
        "country": found.country.iso3 if found.country else None,
        "parent": parent.slug if (parent := _parent(request, found)) else None,
        "names": [name.name for name in found.names.all()],
        "data_version": data_version(),
    }


def _membership(membership: Membership) -> dict[str, Any]:
    return {
        "bloc": membership.bloc.slug,
        "country": membership.country.iso3,
        "role": membership.role,
        "since": membership.since.text if membership.since else None,
        "until": membership.until.text if membership.until else None,
        "note": membership.note,
        "source": _source(membership.source or membership.bloc.source),
    }


def _source(source: Source) -> dict[str, str | None]:
    return {
        "title": source.title,
        "publisher": source.publisher or None,
        "url": source.url or None,
        "note": source.note,
    }
