"""An article, its text and its passages."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from dashboards import statement_rows
from dashboards.as_of import answers_as_of
from dashboards.freshness import unless_unchanged
from dashboards.views.records import sees_drafts
from initiatives.models import Article, Evidence, public_passages


@require_safe
@answers_as_of
@unless_unchanged
def article(request: HttpRequest, pk: int) -> HttpResponse:
    """An article: its brief with every passage marked, and what each passage carries.

    Of a text that is not our own, readers see the passages alone.
    """
    found = get_object_or_404(Article.objects.select_related("publisher"), pk=pk)
    passages = public_passages()
    if sees_drafts(request):
        passages = Evidence.objects.filter(state=Evidence.State.ACCEPTED)
    marked = list(passages.filter(article=found).order_by("start", "-end"))
    if not marked and not sees_drafts(request):
        raise Http404("nothing of it is public")
    pieces = statement_rows.marked_text(found.text, marked)
    whole = not found.copied or sees_drafts(request)
    context = {
        "article": found,
        "pieces": pieces if whole else statement_rows.passages_alone(pieces),
        "carried": statement_rows.carried_by(marked),
    }
    return render(request, "article.html", context)
