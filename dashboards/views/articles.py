"""An article, its text and its passages: as a page, and as plain values."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from dashboards import statement_rows
from dashboards.as_of import answers_as_of
from dashboards.columns import absolute
from dashboards.freshness import unless_unchanged
from dashboards.views.records import article_json, sees_drafts
from initiatives.models import Article, Evidence, public_passages
from partners.history.changes import data_version


@require_safe
@answers_as_of
@unless_unchanged
def article(request: HttpRequest, pk: int) -> HttpResponse:
    """An article: its brief with every passage marked, and what each passage carries.

    Of a text that is not our own, readers see the passages alone.
    """
    found, marked = _shown_to(request, pk)
    pieces = statement_rows.marked_text(found.text, marked)
    whole = not found.copied or sees_drafts(request)
    context = {
        "article": found,
        "pieces": pieces if whole else statement_rows.passages_alone(pieces),
        "carried": statement_rows.carried_by(marked),
    }
    return render(request, "article.html", context)


def article_data(request: HttpRequest, pk: int) -> dict[str, Any]:
    """The article with its passages and what each carries, as plain values.

    `text` is None where it is not our own.
    """
    found, marked = _shown_to(request, pk)
    return {
        "type": "article",
        "slug": found.key,
        **article_json(request, found),
        "author": found.author or None,
        "language": found.language,
        "text": None if found.copied else found.text,
        "passages": [
            {
                "quote": passage.words,
                "claimant": passage.claimant or None,
                "start": passage.start,
                "end": passage.end,
                "made_by": passage.made_by,
                "maker": passage.maker,
                "carries": [
                    {
                        "record": record.slug,
                        "record_type": record.type,
                        "value": value,
                        "url": f"{absolute(request, record)}#{anchor}",
                    }
                    for record, value, anchor in carried
                ],
            }
            for passage, carried in statement_rows.carried_by(marked)
        ],
        "data_version": data_version(),
    }


def _shown_to(request: HttpRequest, pk: int) -> tuple[Article, list[Evidence]]:
    """The article and its passages, as far as the reader may see them; else 404."""
    found = get_object_or_404(Article.objects.select_related("publisher"), pk=pk)
    passages = public_passages()
    if sees_drafts(request):
        passages = Evidence.objects.filter(state=Evidence.State.ACCEPTED)
    marked = list(passages.filter(article=found).order_by("start", "-end"))
    if not marked and not sees_drafts(request):
        raise Http404("nothing of it is public")
    return found, marked
