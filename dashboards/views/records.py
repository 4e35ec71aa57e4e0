"""Pages of single records and partners, and the records as JSON."""

from __future__ import annotations

import secrets
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from dashboards import statement_rows
from dashboards.as_of import answers_as_of
from dashboards.columns import absolute
from dashboards.exports.answers import json_response, knows
from dashboards.exports.page import record_taken_away
from dashboards.freshness import unless_unchanged
from dashboards.lists import INITIATIVES
from dashboards.neighbours import neighbours_of
from dashboards.views.funding import totals
from initiatives.desk.follow_up import last_confirmed
from initiatives.desk.history import first_published, withdrawal_of
from initiatives.models import (
    RECORD_MODELS,
    Article,
    ConcreteRecord,
    Initiative,
    Record,
    Summit,
)
from initiatives.news.publishing import lacking
from initiatives.selection import Selection
from partners.history.asking import PARAMETER
from partners.history.changes import data_version


def sees_drafts(request: HttpRequest) -> bool:
    """Whether the reader may see what is not published."""
    return request.user.has_perm("initiatives.view_record")


def shown_to(request: HttpRequest, type: str, slug: str) -> ConcreteRecord:
    """The record if the reader may see it: published, or withdrawn after it was; else 404."""
    records: Any = (
        RECORD_MODELS[type].objects.select_related("merged_into").prefetch_related("sectors")
    )
    found = get_object_or_404(records, slug=slug)
    if found.state == Record.State.PUBLISHED or sees_drafts(request):
        return found
    if found.state == Record.State.WITHDRAWN and first_published(found):
        return found
    raise Http404("not published")


@require_safe
@answers_as_of
@unless_unchanged
def record(request: HttpRequest, type: str, slug: str) -> HttpResponse:
    """Everything that is stated about a record, each value next to its evidence."""
    found = shown_to(request, type, slug)
    if found.state == Record.State.WITHDRAWN:
        return _withdrawn(request, found)
    stated = statement_rows.statements_of(found)
    sections = statement_rows.sections(stated)
    rows = [row for section in sections for row in section.rows]
    context: dict[str, Any] = {
        "record": found,
        "sections": sections,
        "ladder": [row for row in rows if row.kind == "statusstep"],
        "disputed": [row for row in rows if row.disputed],
        "articles": statement_rows.articles_of(stated),
        "neighbours": neighbours_of(found),
        "confirmed": last_confirmed(found),
        "token": secrets.token_urlsafe(16),
        **record_taken_away(request, found),
    }
    if isinstance(found, Initiative):
        context["money"] = _money(found)
    if found.state != Record.State.PUBLISHED:
        context["lacking"] = lacking(found)
    return render(request, "record.html", context)


def _withdrawn(request: HttpRequest, found: ConcreteRecord) -> HttpResponse:
    """Why the record was taken back, and the way on; its history keeps what it said."""
    context = {
        "record": found,
        "onward": found.merged_at_last if found.merged_into else None,
        "withdrawal": withdrawal_of(found),
        **record_taken_away(request, found),
    }
    return render(request, "withdrawn.html", context)


def _money(initiative: Initiative) -> list[dict[str, Any]]:
    """What counts of its money on each rung."""
    asked = QueryDict(f"initiative={initiative.slug}")
    return totals(Selection(INITIATIVES.filters, asked, INITIATIVES.records()))


@require_safe
@answers_as_of
@unless_unchanged
@knows(PARAMETER)
def record_json(request: HttpRequest, type: str, slug: str) -> HttpResponse:
    """The record with its statements and their evidence."""
    return json_response(record_data(request, type, slug))


def record_data(request: HttpRequest, type: str, slug: str) -> dict[str, Any]:
    """The record with its statements and their evidence, as plain values.

    Of a withdrawn one why it was taken back, and the way on.
    """
    found = shown_to(request, type, slug)
    head = {
        "type": found.type,
        "slug": found.slug,
        "title": found.title,
        "url": absolute(request, found),
        "state": found.state,
    }
    if found.state == Record.State.WITHDRAWN:
        onward = found.merged_at_last if found.merged_into else None
        return {
            **head,
            "withdrawn_because": found.withdrawn_because,
            "merged_into": absolute(request, onward) if onward else None,
            "data_version": data_version(),
        }
    stated = statement_rows.statements_of(found)
    return {
        **head,
        "kind": getattr(found, "kind", None),
        "status": getattr(found, "status", None) or None,
        "series": str(found.series) if isinstance(found, Summit) else None,
        "ordinal": getattr(found, "ordinal", None),
        "began": found.began.text if found.began else None,
        "aliases": found.aliases,
        "summary": found.summary,
        "sectors": sorted(sector.slug for sector in found.sectors.all()),
        "statements": statement_rows.as_json(stated),
        "articles": {a.key: article_json(request, a) for a in statement_rows.articles_of(stated)},
        "changed": found.changed_at.isoformat(),
        "data_version": data_version(),
    }


def article_json(request: HttpRequest, article: Article) -> dict[str, str | None]:
    """What a record says of an article."""
    return {
        "title": article.title,
        "publisher": article.publisher.name if article.publisher else None,
        "publisher_missing": article.publisher_missing or None,
        "published": article.published.text if article.published else None,
        "published_missing": article.published_missing or None,
        "original": article.url or None,
        "url": absolute(request, article),
    }
