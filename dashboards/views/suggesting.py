"""What the entry form asks while somebody types: suggestions, how a text is understood, and which
records are alike. Each answers in JSON; nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from dashboards.access import EDIT, needs
from dashboards.exports.answers import json_response
from dashboards.understood import UNDERSTOOD
from initiatives.desk import duplicates
from initiatives.models import Article, Initiative, Label, Publisher, Record, Sector, SummitSeries
from partners.models import Bloc, Country, CountryName, Organisation, OrganisationName
from partners.names import fold

MOST = 12
LONGEST = 200
# Of those that have the words somewhere, how many are looked at for the best.
LOOKED_AT = 300

Row = dict[str, Any]
# What is suggested, with the names by which it is found.
Found = tuple[Row, Iterable[str]]


# --- Suggestions ---------------------------------------------------------------------------------


@require_safe
@needs(EDIT)
def suggest(request: HttpRequest, kind: str) -> HttpResponse:
    """At most twelve `{value, label, note}`: those whose name begins so, then whose word does.

    `value` is what the field takes. 404 for a kind that is not suggested.
    """
    if kind not in SUGGESTED:
        raise Http404("nothing of that kind is suggested")
    typed = request.GET.get("q", "")[:LONGEST].replace("\x00", "")
    return JsonResponse(_best(SUGGESTED[kind](typed), typed), safe=False)


def _best(found: Iterable[Found], typed: str) -> list[Row]:
    """Each once, in the order of how well it fits; alike ones in the order they came in."""
    begins, within = [], []
    start = fold(typed)
    seen: set[Any] = set()
    for row, names in found:
        folded = [fold(name) for name in names]
        if row["value"] in seen:
            continue
        if any(name.startswith(start) for name in folded):
            begins.append(row)
        elif any(f" {start}" in name for name in folded):
            within.append(row)
        else:
            continue
        seen.add(row["value"])
    return [*begins, *within][:MOST]


def _row(value: Any, label: str, note: str = "") -> Row:
    return {"value": str(value), "label": label, "note": note}


def _so_called(names: QuerySet[Any], typed: str) -> QuerySet[Any]:
    """Those of the names that have the text at their beginning or at that of a word."""
    start = fold(typed)
    return names.filter(Q(folded__startswith=start) | Q(folded__contains=f" {start}"))


def _countries(typed: str) -> Iterator[Found]:
    codes = Q(iso3=typed.strip().upper()) | Q(iso2=typed.strip().upper())
    for country in Country.objects.filter(codes):
        yield _row(country, str(country), country.iso3), [typed]
    for name in _so_called(CountryName.objects.select_related("country"), typed):
        # Its own name first, then those by which it is found as well.
        yield _row(name.country, str(name.country), name.country.iso3), [str(name)]


def _organisations(typed: str) -> Iterator[Found]:
    names = _so_called(
        OrganisationName.objects.select_related("organisation__country"), typed
    ).order_by("organisation__name")
    for name in names[:LOOKED_AT]:
        body: Organisation = name.organisation
        where = str(body.country or "")
        note = ", ".join(text for text in (body.get_kind_display(), where) if text)
        yield _row(body, str(body), note), [str(name)]


def _parties(typed: str) -> Iterator[Found]:
    yield from _countries(typed)
    yield from _organisations(typed)


def _blocs(typed: str) -> Iterator[Found]:
    for bloc in Bloc.objects.all():
        yield _row(bloc.short_name, bloc.short_name, bloc.name), [bloc.short_name, bloc.name]


def _sectors(typed: str) -> Iterator[Found]:
    for sector in Sector.objects.all():
        yield _row(sector.slug, sector.name), [sector.name, sector.slug]


def _labels(typed: str) -> Iterator[Found]:
    for label in Label.objects.all():
        yield _row(label.name, label.name), [label.name, label.slug]


def _initiatives(typed: str) -> Iterator[Found]:
    initiatives = Initiative.objects.exclude(state=Record.State.WITHDRAWN).order_by("title")
    fitting = initiatives.mentioning(typed) if fold(typed) else initiatives
    records = list(fitting[:LOOKED_AT])
    called = Counter(record.title.casefold() for record in records)
    for record in records:
        # A title that several have does not say which is meant.
        value = record.title if called[record.title.casefold()] == 1 else record.slug
        note = "" if record.state == Record.State.PUBLISHED else record.get_state_display()
        yield _row(value, record.title, note), [record.title, *record.aliases, record.slug]


def _series(typed: str) -> Iterator[Found]:
    for series in SummitSeries.objects.all():
        yield _row(series.name, series.name), [series.name]


def _articles(typed: str) -> Iterator[Found]:
    for article in Article.objects.select_related("publisher").order_by("-recorded_at"):
        yield _row(article.pk, article.title, _printed(article)), [article.title]


def _publishers(typed: str) -> Iterator[Found]:
    for publisher in Publisher.objects.select_related("country"):
        yield _row(publisher.name, publisher.name, str(publisher.country or "")), [publisher.name]


SUGGESTED: dict[str, Callable[[str], Iterator[Found]]] = {
    "party": _parties,
    "country": _countries,
    "organisation": _organisations,
    "bloc": _blocs,
    "sector": _sectors,
    "label": _labels,
    "initiative": _initiatives,
    "series": _series,
    "article": _articles,
    "publisher": _publishers,
}


def _printed(article: Article) -> str:
    """Who printed the article and when, as far as that is known."""
    return ", ".join(str(said) for said in (article.publisher, article.published) if said)


@require_safe
@needs(EDIT)
def article_text(request: HttpRequest, pk: int) -> HttpResponse:
    """The `{title, note, text}` of a stored article, for selecting passages of it."""
    article = get_object_or_404(Article.objects.select_related("publisher"), pk=pk)
    return json_response({"title": article.title, "note": _printed(article), "text": article.text})


# --- Understanding -------------------------------------------------------------------------------


@require_safe
@needs(EDIT)
def understand(request: HttpRequest, kind: str) -> HttpResponse:
    """`{understood}`: the text as it will be stored, in words; 400 and `{error}` if it cannot be.

    `article` or `article-publisher` say where it was printed, which decides what a "$" is. 404 for
    a kind of text that is not understood at all.
    """
    if kind not in UNDERSTOOD:
        raise Http404("nothing of that kind is understood")
    typed = request.GET.get("q", "")
    try:
        return json_response({"understood": UNDERSTOOD[kind](typed, _printed_in(request))})
    except ValueError as error:
        return json_response({"error": str(error)}, status=400)


def _printed_in(request: HttpRequest) -> str:
    """The alpha-2 code of the publisher's country; "" if it is not known."""
    number = request.GET.get("article", "")
    name = request.GET.get("article-publisher", "").replace("\x00", "")
    if number.isascii() and number.isdecimal() and len(number) < 10:
        publishers = Publisher.objects.filter(articles=int(number))
    elif name:
        publishers = Publisher.objects.filter(name__iexact=name)
    else:
        return ""
    return publishers.values_list("country__iso2", flat=True).first() or ""


# --- Records that are alike ----------------------------------------------------------------------


@require_safe
@needs(EDIT)
def alike(request: HttpRequest) -> HttpResponse:
    """`[{title, url, score}]` of stored records that may be the one with that `title` and `type`.

    400 that names `type` if there is no such type.
    """
    type_ = request.GET.get("type", Record.Type.INITIATIVE)
    title = request.GET.get("title", "")[:500]
    if type_ not in Record.Type.values:
        error = gettext("“%(value)s” is no type of record") % {"value": type_}
        return json_response({"errors": {"type": [error]}}, status=400)
    if not fold(title):
        return JsonResponse([], safe=False)
    return JsonResponse(
        [
            {
                "title": str(found.record),
                "url": found.record.get_absolute_url(),
                "score": found.score,
            }
            for found in duplicates.alike(title, type_)
        ],
        safe=False,
    )
