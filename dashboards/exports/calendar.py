"""Summits as a calendar (RFC 5545): all-day events of those whose days are known exactly."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.utils.translation import ngettext
from icalendar import Calendar, Event

from dashboards.exports.answers import named
from dashboards.exports.cells import printable
from dashboards.exports.formats import FORMATS
from dashboards.exports.view import ListView
from initiatives.keys import in_database
from initiatives.models import KeyDate, Summit
from partners.dates import PartialDate

# A day, or a range from one day to another.
DAYS = re.compile(r"\d{4}-\d\d-\d\d(/\d{4}-\d\d-\d\d)?")
END = b"END:VCALENDAR\r\n"


def exact_days(began: PartialDate | None, disputed: bool) -> tuple[dt.date, dt.date] | None:
    """The first and the last day, where they are known exactly; None of all other dates.

    What is disputed is not known, even where each side names a day.
    """
    if began is None or disputed or not DAYS.fullmatch(began.text):
        return None
    assert began.earliest and began.latest
    return began.earliest, began.latest


def calendar_of_view(view: ListView) -> HttpResponse:
    """The summits of a list as a calendar, streamed; those left out are counted in its head."""
    dates = view.selection.records.values_list("began", "began_disputed")
    left_out = sum(exact_days(*date) is None for date in dates.iterator())
    held = _held(KeyDate.objects.filter(record__in=in_database(view.selection.members)))
    rows = view.rows(view.every_column)
    pieces = _pieces(view.title, view.address, left_out, rows, view.url_of, held)
    return _response(pieces, view.listing.name)


def calendar_of_summit(summit: Summit, address: str) -> HttpResponse:
    """One summit as a calendar, without an event if its days are not known exactly."""
    left_out = int(exact_days(summit.began, summit.began_disputed) is None)
    held = _held(summit.key_dates.all())
    pieces = _pieces(summit.title, address, left_out, [summit], lambda _summit: address, held)
    return _response(pieces, summit.slug)


def _held(dates: Any) -> set[int]:
    """The keys of the summits that are said to have been held; the others are but planned."""
    held = dates.current().filter(event=KeyDate.Event.HELD)
    return set(held.values_list("record", flat=True))


def _response(pieces: Iterator[bytes], name: str) -> HttpResponse:
    media_type = f"{FORMATS['ics'].media_type}; charset=utf-8"
    return named(StreamingHttpResponse(pieces, content_type=media_type), f"{name}.ics")


def _pieces(
    title: str, address: str, left_out: int, summits: Iterable[Any], url_of: Any, held: set[int]
) -> Iterator[bytes]:
    calendar = Calendar()
    calendar.add("prodid", "-//Accord//Summits//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", printable(title))
    calendar.add("x-wr-caldesc", _described(address, left_out))
    calendar.add("x-accord-left-out", str(left_out))
    yield calendar.to_ical().removesuffix(END)
    for summit in summits:
        if days := exact_days(summit.began, summit.began_disputed):
            yield _event(summit, days, url_of(summit), summit.pk in held).to_ical()
    yield END


def _described(address: str, left_out: int) -> str:
    if not left_out:
        return address
    said = ngettext(
        "%(n)s summit is left out: its days are not known exactly.",
        "%(n)s summits are left out: their days are not known exactly.",
        left_out,
    )
    return f"{said % {'n': left_out}} {address}"


def _event(summit: Summit, days: tuple[dt.date, dt.date], url: str, held: bool) -> Event:
    event = Event()
    event.add("uid", f"summit-{summit.slug}@{urlsplit(settings.SITE_URL).hostname}")
    # Of what is published, the stamp is when it last changed (RFC 5545, 3.8.7.2).
    event.add("dtstamp", summit.changed_at.astimezone(dt.UTC))
    event.add("last-modified", summit.changed_at.astimezone(dt.UTC))
    event.add("dtstart", days[0])
    event.add("dtend", days[1] + dt.timedelta(days=1))
    event.add("summary", printable(summit.title))
    if summit.summary:
        event.add("description", printable(summit.summary))
    event.add("url", url)
    event.add("status", "CONFIRMED" if held else "TENTATIVE")
    event.add("categories", [printable(str(summit.series))])
    event.add("transp", "TRANSPARENT")
    return event
