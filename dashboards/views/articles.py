"""An article, its text and its passages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from dashboards import statement_rows
from initiatives.models import Article, Evidence
from partners.history.asking import answers_as_of


@require_safe
@answers_as_of
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
