"""What `as_of` may say, and how a moment is said."""

from __future__ import annotations

import datetime as dt
from typing import Any

from babel.dates import format_datetime
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext

from partners.dates import PartialDate
from partners.history.changes import Change
from partners.history.moment import Moment

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

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            return moment_named(text)
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error
