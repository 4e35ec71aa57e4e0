"""What `as_of` may say, and views that answer it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, cast

from babel.dates import format_datetime
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from partners.dates import PartialDate
from partners.history.changes import Change
from partners.history.moment import Moment, as_of

PARAMETER = "as_of"


def moment_named(text: str) -> Moment:
    """The moment that a text names: the end of a day, month or year (UTC), or a time of a day.

    ValueError if it is neither, or if it has not come yet. A period that is not over ends now.
    """
    now = timezone.now()
    first, last = _time(text) if "T" in text else _period(text)
    if first > now:
        raise ValueError(gettext("What will be known then is not known yet."))
    at = min(last, now)
    number = Change.objects.until(at).aggregate(last=Max("number"))["last"] or 0
    return Moment(number, at, text)


def _time(text: str) -> tuple[dt.datetime, dt.datetime]:
    try:
        # A plus that was not encoded arrives as a space.
        at = dt.datetime.fromisoformat(text.replace(" ", "+"))
        at = at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(
            gettext("“%(text)s” is not a time such as 2024-10-23T12:00:00Z.") % {"text": text}
        ) from error
    return at, at


def _period(text: str) -> tuple[dt.datetime, dt.datetime]:
    date = PartialDate.parse(text)
    if date.earliest is None or date.latest is None:
        raise ValueError(
            gettext("Name a day, a month or a year: a period that goes on has no end.")
        )
    start, end = (
        dt.datetime.combine(day, time, dt.UTC)
        for day, time in ((date.earliest, dt.time.min), (date.latest, dt.time.max))
    )
    return start, end


def in_words(moment: Moment) -> str:
    """The moment as people say it: "23 October 2024", "23 October 2024, 12:00 UTC"."""
    if "T" in moment.text:
        return format_datetime(moment.at, "d MMMM y, HH:mm:ss 'UTC'", locale="en")
    return str(PartialDate.parse(moment.text))


class MomentField(forms.CharField):
    """A moment in the past, in a form; its value is a Moment."""

    default_error_messages = {"several": _("Give one value only.")}

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            return moment_named(text)
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error


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
            asked = [text for text in request.GET.getlist(PARAMETER) if text]
            if not asked:
                return view(request, *args, **kwargs)
            try:
                if len(asked) > 1:
                    raise ValueError(gettext("Give one value only."))
                moment = moment_named(asked[0])
            except ValueError as error:
                if refuses:
                    return _refusal(request, str(error))
                return view(request, *args, **kwargs)
            with as_of(moment):
                response = view(request, *args, **kwargs)
            if response.streaming:
                streamed = cast(StreamingHttpResponse, response)
                streamed.streaming_content = _then(moment, streamed.streaming_content)
            return response

        return answer

    return wrap(view) if view else wrap


def _refusal(request: HttpRequest, reason: str) -> HttpResponse:
    if request.path.endswith((".json", ".csv")):
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
