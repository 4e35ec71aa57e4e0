"""The overview, the search, and the health of the site."""

from __future__ import annotations

from typing import Any

import redis
from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.defaults import page_not_found

from dashboards.as_of import answers_as_of
from dashboards.charts import INITIATIVE_CHARTS, money
from dashboards.exports.answers import json_response
from dashboards.freshness import unless_unchanged
from dashboards.lists import INITIATIVES, LISTINGS, SINGULAR
from dashboards.views.funding import totals
from initiatives.facets import counts
from initiatives.filters import COUNTRY
from initiatives.models import Record
from initiatives.public_articles import public_articles
from initiatives.selection import Selection

OVERVIEW_CHARTS = ("initiatives-by-year", "initiatives-by-country", "funding-by-sector")
LATEST = 8
PER_GROUP = 10


@require_safe
@answers_as_of
@unless_unchanged
def overview(request: HttpRequest) -> HttpResponse:
    """Headline numbers that lead to their rows, three charts, the latest changes."""
    return render(request, "overview.html", first_page())


def first_page() -> dict[str, Any]:
    """What the overview shows."""
    everything = Selection(INITIATIVES.filters, QueryDict(), INITIATIVES.records())
    return {
        "headlines": _headlines(everything),
        "charts": [INITIATIVE_CHARTS[slug](everything) for slug in OVERVIEW_CHARTS],
        "latest": Record.objects.published().recently_changed()[:LATEST],
        "totals": totals(everything),
        "blocs": counts(everything, "bloc"),
    }


def _headlines(everything: Selection) -> list[dict[str, object]]:
    """What there is, each number with the address of exactly the rows it counts."""
    index = everything.index
    rows = (
        (_("initiatives"), everything.count, reverse("initiative_list")),
        (_("alliances"), len(index.published(Record.Type.ALLIANCE)), reverse("alliance_list")),
        (_("summits"), len(index.published(Record.Type.SUMMIT)), reverse("summit_list")),
        (
            _("countries taking part"),
            len(index.counts(COUNTRY, everything.members)),
            reverse("country_list") + "?taking_part=yes",
        ),
        (
            _("statements about money"),
            money.account_of(everything).statements,
            reverse("funding") + "#statements",
        ),
        (_("articles"), len(public_articles()), reverse("article_list")),
    )
    return [{"label": label, "value": value, "url": url} for label, value, url in rows]


@require_safe
@answers_as_of
@unless_unchanged
def search(request: HttpRequest) -> HttpResponse:
    """Whatever mentions the words, list by list, with the way to each whole list."""
    params = QueryDict(mutable=True)
    q = request.GET.get("q", "")
    params["q"] = q
    groups: list[dict[str, Any]] = []
    errors: list[str] = []
    for listing in LISTINGS if q.strip() else []:
        selection = Selection(listing.filters, params, listing.records())
        errors = errors or selection.errors.get("q", [])
        if selection.count:
            address = reverse(f"{SINGULAR[listing.name]}_list")
            groups.append(
                {
                    "title": listing.title,
                    "count": selection.count,
                    "rows": list(listing.rows(selection, 0, PER_GROUP, columns=[])),
                    "url": f"{address}?{selection.query}",
                }
            )
    context = {"q": q, "groups": groups, "errors": errors}
    return render(request, "search.html", context, status=400 if errors else 200)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Whether the database and the queue answer: 200, or 503 with the one that does not."""
    health = {"database": "ok", "queue": "ok"}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        health["database"] = "down"
    try:
        client = redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1
        )
        client.ping()
        client.close()
    except redis.RedisError:
        health["queue"] = "down"
    return JsonResponse(health, status=200 if set(health.values()) == {"ok"} else 503)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What could not be read at all: too many parameters, say. JSON for machine formats.

    Its query and its form are not asked, for they are what could not be read.
    """
    where = "query" if request.method in ("GET", "HEAD") else "form"
    said = _("This could not be read.")
    if isinstance(exception, TooManyFieldsSent):
        said = _("This has too many parameters.")
    errors = {where: [said]}
    if not request.path.endswith("/"):
        return json_response({"errors": errors}, status=400)
    return render(request, "400.html", {"errors": errors}, status=400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Nothing at this address: JSON for whoever asked for it, else a page that leads on."""
    if request.path.endswith(".json"):
        errors = {"address": [_("There is nothing at this address.")]}
        return json_response({"errors": errors}, status=404)
    return page_not_found(request, exception)
