"""Answers that need not be sent again: nothing that they show has changed since."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags
from django.utils.translation import get_language
from django.views.decorators.vary import vary_on_headers

from partners.history.changes import asked_once, version_moment
from partners.history.moment import today

# What makes an answer different from that to everybody else.
PERSONAL = (settings.SESSION_COOKIE_NAME, "messages")
CODE = ("config", "dashboards", "fixtures", "initiatives", "partners", "static", "templates")


def unless_unchanged(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view of public data: 304 to whoever has its answer, of this data version and this day.

    For visitors who are not signed in; what others are shown depends on what they may do, and is
    sent each time. One query, and the answer is of the version that it finds.
    """

    @wraps(view)
    @vary_on_headers("Cookie", "Accept-Language")
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with asked_once():
            return _answered(view, request, *args, **kwargs)

    return answer


def _answered(
    view: Callable[..., HttpResponse], request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponse:
    response: HttpResponse
    if any(name in request.COOKIES for name in PERSONAL):
        response = view(request, *args, **kwargs)
        patch_cache_control(response, private=True)
        return response
    etag = entity_tag(request)
    if etag in parse_etags(request.META.get("HTTP_IF_NONE_MATCH", "")):
        response = HttpResponseNotModified()
    else:
        response = view(request, *args, **kwargs)
    if response.status_code in (200, 304):
        response["ETag"] = etag
    patch_cache_control(response, no_cache=True)
    return response


def entity_tag(request: HttpRequest, *more: str) -> str:
    """What stands for all that the public answer to an address depends on, and for `more`."""
    version = version_moment()
    told = (
        version.number,
        version.at.isoformat(),
        today().isoformat(),
        get_language(),
        release(),
        request.scheme,
        request.get_host(),  # links in exports are absolute
        request.get_full_path(),
        *more,
    )
    return f'W/"{hashlib.sha256(repr(told).encode()).hexdigest()[:32]}"'


@cache
def release() -> str:
    """What stands for the code that runs: templates, rules and styles are part of each answer."""
    found = hashlib.sha256()
    for folder in CODE:
        for path in sorted((settings.BASE_DIR / folder).rglob("*")):
            if path.suffix in (".py", ".html", ".css", ".js", ".json"):
                found.update(path.read_bytes())
    return found.hexdigest()[:16]
