"""Pages of single records and partners, and the records as JSON."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from dashboards import statement_rows
from dashboards.columns import absolute
from dashboards.exports import json_response
from dashboards.lists import INITIATIVES
from dashboards.views.funding import totals
from initiatives.models import (
    Alliance,
    Article,
    Initiative,
    Outcome,
    PartOf,
    Record,
    Summit,
)
from initiatives.news.publishing import lacking
from initiatives.selection import Selection
from partners.history.asking import answers_as_of
from partners.history.changes import data_version
from partners.history.moment import address

MODELS: dict[str, type[Initiative] | type[Alliance] | type[Summit]] = {
    "initiative": Initiative,
    "alliance": Alliance,
    "summit": Summit,
}


def _readable(request: HttpRequest, type: str, slug: str) -> Initiative | Alliance | Summit:
    """The record if it is published, or if the reader may see drafts; else 404."""
    records: Any = MODELS[type].objects.all()
    if not request.user.has_perm("initiatives.view_record"):
        records = records.published()
    return get_object_or_404(records.prefetch_related("sectors"), slug=slug)


@require_safe
@answers_as_of
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
        "json_url": address(f"{request.path.rstrip('/')}.json"),
        "articles": statement_rows.articles_of(stated),
    }
    if isinstance(found, Initiative):
        context |= _neighbours(found)
        context["money"] = _money(found)
    if found.state != Record.State.PUBLISHED:
        context["lacking"] = lacking(found)
    return render(request, "record.html", context)


def _money(initiative: Initiative) -> list[dict[str, Any]]:
    """What counts of its money on each rung."""
    asked = QueryDict(f"initiative={initiative.slug}")
    return totals(Selection(INITIATIVES.filters, asked, INITIATIVES.records()))


def _neighbours(initiative: Initiative) -> dict[str, models.QuerySet]:
    """Published parts of an initiative, and summits with an outcome for it."""
    parts = PartOf.objects.current().filter(whole=initiative)
    outcomes = Outcome.objects.current().filter(initiative=initiative)
    return {
        "parts": Initiative.objects.published().filter(pk__in=parts.values("record")),
        "summits": Summit.objects.published().filter(pk__in=outcomes.values("record")),
    }


@require_safe
@answers_as_of
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
        "data_version": data_version(),
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
