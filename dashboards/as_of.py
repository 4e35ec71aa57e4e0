"""Views that answer `as_of`: all that they read is as it was then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from partners.history.asking import PARAMETER, moment_named
from partners.history.moment import Moment, as_of


def answers_as_of(
    view: Callable[..., HttpResponse] | None = None, *, refuses: bool = True
) -> Callable[..., Any]:
    """A view that answers `as_of`: all that it reads is as it was then.

    What is no moment is answered by 400 here; with `refuses=False` by the view itself, whose
    Selection names it beside what else is wrong.
    """

    def wrap(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                moment = moment_of(request)
            except ValueError as error:
                if refuses:
                    return _refusal(request, str(error))
                return view(request, *args, **kwargs)
            if moment is None:
                return view(request, *args, **kwargs)
            with as_of(moment):
                response = view(request, *args, **kwargs)
            if response.streaming:
                streamed = cast(StreamingHttpResponse, response)
                streamed.streaming_content = _then(moment, streamed.streaming_content)
            return response

        return answer

    return wrap(view) if view else wrap


def moment_of(request: HttpRequest) -> Moment | None:
    """The moment that the address asks for, None if it asks for none; ValueError if it is no one."""
    # Most addresses ask for none, and what need not be taken apart is not.
    query = request.META.get("QUERY_STRING", "")
    if PARAMETER not in query and "%" not in query:
        return None
    asked = list(dict.fromkeys(text for text in request.GET.getlist(PARAMETER) if text))
    if len(asked) > 1:
        raise ValueError(gettext("Give one value only."))
    return moment_named(asked[0]) if asked else None


def _refusal(request: HttpRequest, reason: str) -> HttpResponse:
    if not request.path.endswith("/"):  # a machine format
        return JsonResponse({"errors": {PARAMETER: [reason]}}, status=400)
    errors = {PARAMETER: [reason]}
    return render(request, "400.html", {"errors": errors}, status=400)


def _then(moment: Moment, chunks: Any) -> Iterator[Any]:
    """The chunks of a streamed answer, each read as of the moment."""
    rest = iter(chunks)
    while True:
        with as_of(moment):
            try:
                chunk = next(rest)
            except StopIteration:
                return
        yield chunk
