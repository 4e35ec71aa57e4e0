"""Pages of single records and partners, and the records as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from dashboards import statement_rows
from dashboards.columns import absolute
from dashboards.exports import json_response
from initiatives.models import (
    Alliance,
    Article,
    DataVersion,
    Evidence,
    Initiative,
    Outcome,
    Participation,
    PartOf,
    Record,
    Summit,
)
from initiatives.publishing import lacking_evidence
from partners.models import Bloc, Country, Membership, Organisation

MODELS: dict[str, type[Initiative] | type[Alliance] | type[Summit]] = {
    "initiative": Initiative,
    "alliance": Alliance,
    "summit": Summit,
}

HEADINGS: dict[str, Any] = {
    Membership.Role.MEMBER: _("Members"),
    Membership.Role.OBSERVER: _("Observers"),
    Membership.Role.DIALOGUE_PARTNER: _("Dialogue partners"),
    Membership.Role.PARTNER: _("Partner countries"),
    Membership.Role.INVITED: _("Invited"),
}


def _readable(request: HttpRequest, type: str, slug: str) -> Initiative | Alliance | Summit:
    """The record if it is published, or if the reader may see drafts; else 404."""
    records: Any = MODELS[type].objects.all()
    if not request.user.has_perm("initiatives.view_record"):
        records = records.published()
    return get_object_or_404(records.prefetch_related("sectors"), slug=slug)


@require_safe
def record(request: HttpRequest, type: str, slug: str) -> HttpResponse:
    """Everything that is stated about a record, each value next to its evidence."""
    found = _readable(request, type, slug)
    stated = statement_rows.statements_of(found)
    sections = statement_rows.sections(stated)
    rows = [row for section in sections for row in section.rows]
    context: dict[str, Any] = {
        "record": found,
        "sections": sections,
        "ladder": [row for row in rows if row.kind == "statusstep"],
        "disputed": [row for row in rows if row.disputed],
        "json_url": f"{request.path.rstrip('/')}.json",
        "articles": statement_rows.articles_of(stated),
    }
    if isinstance(found, Initiative):
        context |= _neighbours(found)
    if found.state != Record.State.PUBLISHED:
        context["lacking"] = lacking_evidence(found)
    return render(request, "record.html", context)


def _neighbours(initiative: Initiative) -> dict[str, models.QuerySet]:
    """Published parts of an initiative, and summits with an outcome for it."""
    parts = PartOf.objects.current().filter(whole=initiative)
    outcomes = Outcome.objects.current().filter(initiative=initiative)
    return {
        "parts": Initiative.objects.published().filter(pk__in=parts.values("record")),
        "summits": Summit.objects.published().filter(pk__in=outcomes.values("record")),
    }


@require_safe
def record_json(request: HttpRequest, type: str, slug: str) -> HttpResponse:
    """The record with its statements and their evidence."""
    found = _readable(request, type, slug)
    stated = statement_rows.statements_of(found)
    data = {
        "type": found.type,
        "slug": found.slug,
        "title": found.title,
        "url": absolute(request, found),
        "state": found.state,
        "kind": getattr(found, "kind", None),
        "status": getattr(found, "status", None) or None,
        "series": str(found.series) if isinstance(found, Summit) else None,
        "ordinal": getattr(found, "ordinal", None),
        "began": found.began.text if found.began else None,
        "aliases": found.aliases,
        "summary": found.summary,
        "sectors": sorted(sector.slug for sector in found.sectors.all()),
        "statements": statement_rows.as_json(stated),
        "articles": {a.key: _article_json(request, a) for a in statement_rows.articles_of(stated)},
        "changed": found.changed_at.isoformat(),
        "data_version": DataVersion.current(),
    }
    return json_response(data)


def _article_json(request: HttpRequest, article: Article) -> dict[str, str | None]:
    return {
        "title": article.title,
        "publisher": article.publisher.name if article.publisher else None,
        "publisher_missing": article.publisher_missing or None,
        "published": article.published.text if article.published else None,
        "published_missing": article.published_missing or None,
        "original": article.url or None,
        "url": absolute(request, article),
    }


@require_safe
def country(request: HttpRequest, iso3: str) -> HttpResponse:
    """A country: its blocs over time and what it takes part in."""
    found = get_object_or_404(Country, iso3=iso3)
    here = [found]
    memberships = found.memberships.select_related("bloc", "bloc__source", "source")
    context = {
        "country": found,
        "memberships": memberships.order_by("bloc__short_name", "since_earliest"),
        "current": set(memberships.at(timezone.localdate()).values_list("pk", flat=True)),
        "organisations": found.organisations.all(),
        **_records_with(lambda records: records.with_country(here)),
    }
    return render(request, "country.html", context)


@require_safe
def bloc(request: HttpRequest, slug: str) -> HttpResponse:
    """A bloc: who belongs to it since when, and what is run under it."""
    found = get_object_or_404(Bloc.objects.select_related("source"), slug=slug)
    memberships = found.memberships.select_related("country", "source")
    context = {
        "bloc": found,
        "roles": [
            (HEADINGS[role], rows)
            for role in Membership.Role
            if (rows := [m for m in memberships if m.role == role])
        ],
        "current": set(memberships.at(timezone.localdate()).values_list("pk", flat=True)),
        **_records_with(lambda records: records.run_under([found])),
    }
    return render(request, "bloc.html", context)


@require_safe
def organisation(request: HttpRequest, slug: str) -> HttpResponse:
    """An organisation and what it takes part in, each with the passage that says so."""
    found = get_object_or_404(Organisation.objects.select_related("country", "parent"), slug=slug)
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
        "groups": groups,
        "names": found.names.exclude(name=found.name),
    }
    return render(request, "organisation.html", context)


def _records_with(question: Callable[[Any], Any]) -> dict[str, models.QuerySet]:
    return {
        "initiatives": question(Initiative.objects.published()).newest_first(),
        "alliances": question(Alliance.objects.published()).newest_first(),
        "summits": question(Summit.objects.published()).newest_first(),
    }


@require_safe
def article(request: HttpRequest, pk: int) -> HttpResponse:
    """An article: its brief with every passage marked, and what each passage carries."""
    articles = Article.objects.all()
    if not request.user.has_perm("initiatives.view_record"):
        articles = articles.published()
    found = get_object_or_404(articles.select_related("publisher"), pk=pk)
    passages = list(found.passages.filter(state=Evidence.State.ACCEPTED).order_by("start", "-end"))
    context = {
        "article": found,
        "pieces": statement_rows.marked_text(found.text, passages),
        "carried": statement_rows.carried_by(passages),
    }
    return render(request, "article.html", context)
