"""Answers that need not be sent again: nothing that they show has changed since."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import cache, wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.crypto import salted_hmac
from django.utils.http import parse_etags
from django.utils.translation import get_language
from django.views.decorators.vary import vary_on_headers

from dashboards.as_of import moment_of
from partners.history.changes import asked_once, version_moment
from partners.history.moment import as_of, today

# What makes an answer different from that to everybody else.
PERSONAL = (settings.SESSION_COOKIE_NAME, "messages")
# What a cache in between must tell apart. Charts are sent as small as the reader takes them.
VARY = ("Cookie", "Accept-Language", "Accept-Encoding")
CODE = ("config", "dashboards", "fixtures", "initiatives", "partners", "static", "templates")


def told_if_unchanged(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """304 to whoever has the answer, before anything else is done for the request.

    Looking for the view, whose answer it is, and for who asks would take longer. A tag names all
    that an answer depends on, its address too, and only this site can make one: who has it was
    given that answer.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        asks = request.method in ("GET", "HEAD") and "HTTP_IF_NONE_MATCH" in request.META
        if asks and not _is_personal(request):
            # What is wrong is told further in, by an answer like any other.
            with suppress(SuspiciousOperation, DatabaseError, ValueError):
                moment = moment_of(request)
                with as_of(moment) if moment else nullcontext():
                    etag = entity_tag(request)
                if etag in parse_etags(request.META["HTTP_IF_NONE_MATCH"]):
                    return _unchanged(etag)
        return get_response(request)

    return answer


def unless_unchanged(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view of public data, whose answers are tagged with this data version and this day.

    Those of visitors who are not signed in; what others are shown depends on what they may do, and
    is sent each time. One query, and the answer is of the version that it finds.
    """

    @wraps(view)
    @vary_on_headers(*VARY)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with asked_once():
            return _answered(view, request, *args, **kwargs)

    return answer


def _answered(
    view: Callable[..., HttpResponse], request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponse:
    if _is_personal(request):
        response = view(request, *args, **kwargs)
        patch_cache_control(response, private=True)
        return response
    etag = entity_tag(request)
    response = view(request, *args, **kwargs)
    if response.status_code == 200:
        response.setdefault("ETag", etag)
    patch_cache_control(response, no_cache=True)
    return response


def _is_personal(request: HttpRequest) -> bool:
    return any(name in request.COOKIES for name in PERSONAL)


def _unchanged(etag: str) -> HttpResponse:
    """Said of it is only what concerns the tag: what else the answer was told, such as who may frame
    it, stays.
    """
    response = HttpResponseNotModified()
    response["ETag"] = etag
    patch_vary_headers(response, VARY)
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
    return f'W/"{salted_hmac(__name__, repr(told), algorithm="sha256").hexdigest()[:32]}"'


@cache
def release() -> str:
    """What stands for the code that runs: templates, rules and styles are part of each answer."""
    found = hashlib.sha256()
    for folder in CODE:
        for path in sorted((settings.BASE_DIR / folder).rglob("*")):
            if path.suffix in (".py", ".html", ".css", ".js", ".json"):
                found.update(path.read_bytes())
    return found.hexdigest()[:16]
