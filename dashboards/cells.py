"""How a value is drawn in the table of a page. `columns` says what draws which column.

Each drawing takes a row and gives HTML; "" where there is nothing to show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from initiatives.models import Initiative
from partners.history.asking import PARAMETER
from partners.history.moment import asked_moment

Drawing = Callable[[Any], Any]
# A thing that has a page, and what it is called.
Named = tuple[Any, str]
WORDS = 24  # of a summary under a title


def words_of(row: Any) -> str:
    """The beginning of the summary."""
    words = row.summary.split(None, WORDS)
    return f"{' '.join(words[:WORDS])} …" if len(words) > WORDS else " ".join(words)


def full_name(bloc: Any) -> str:
    """The full name of a bloc, if it has another than the short one."""
    return bloc.name if bloc.name != bloc.short_name else ""


def display(name: str) -> Drawing:
    """A value of a fixed list, as people say it."""
    return lambda row: _label(row._meta.concrete_model, name, getattr(row, name), get_language())


@lru_cache(maxsize=1_000)
def _label(model: Any, name: str, value: str, language: str | None) -> str:
    """What `get_FOO_display` says, which compares every choice each time."""
    field = model._meta.get_field(name)
    return str(dict(field.flatchoices).get(value, value))


def names(of: Callable[[Any], Iterable[Named]]) -> Drawing:
    """Several things, each by its name."""
    return lambda row: ", ".join(name for _thing, name in of(row))


def links(of: Callable[[Any], Iterable[Named]]) -> Drawing:
    """Several things, each by its name, which leads to its page."""
    return lambda row: SafeString(
        ", ".join(_link(thing.get_absolute_url(), name) for thing, name in of(row))
    )


@lru_cache(maxsize=20_000)
def _link(url: str, text: str) -> SafeString:
    return format_html('<a class="quiet" href="{}">{}</a>', url, text)


def itself(row: Any) -> SafeString:
    """The address of the page of the row."""
    return _link(row.get_absolute_url(), row.get_absolute_url())


def code(read: Callable[[Any], Any]) -> Drawing:
    """A key, as it stands in addresses and files."""
    return lambda row: format_html("<code>{}</code>", read(row))


def or_missing(drawing: Drawing, said: Any) -> Drawing:
    """As drawn; words that say that it is missing where there is nothing."""
    return lambda row: drawing(row) or missing(said)


def missing(said: Any) -> SafeString:
    """Words that say that something is missing."""
    return format_html('<span class="missing">{}</span>', said)


def status(initiative: Any) -> SafeString:
    """Where it stands on the ladder, as a badge."""
    return _status(initiative.status, get_language())


@lru_cache(maxsize=1_000)
def _status(status: str, language: str | None) -> SafeString:
    text = _label(Initiative, "status", status, language)
    return render_to_string("partials/status.html", {"status": status, "text": text})


def began(record: Any) -> Any:
    """When it began, as it was said; marked where that is disputed."""
    if not record.began:
        return missing(gettext("not stated"))
    if not record.began_disputed:
        return str(record.began)
    mark = render_to_string("partials/disputed.html", {"url": record.get_absolute_url()})
    return format_html("{} {}", record.began, mark)


def yes_or_no(read: Callable[[Any], Any]) -> Drawing:
    """Whether something is so."""
    return lambda row: gettext("yes") if read(row) else gettext("no")


def day(read: Callable[[Any], Any]) -> Drawing:
    """A day, or the day of a time."""

    def draw(row: Any) -> str:
        value = read(row)
        if value is None:
            return ""
        return date_format(timezone.localtime(value) if hasattr(value, "hour") else value, "j F Y")

    return draw


def series(summit: Any) -> str:
    """Which series, and which meeting of it."""
    if summit.ordinal is None:
        return str(summit.series)
    number = gettext("no. %(n)s") % {"n": summit.ordinal}
    return f"{summit.series}, {number}"


def counted(read: Callable[[Any], int], route: str, by: str, key: Callable[[Any], str]) -> Drawing:
    """A number that leads to the list of what it counts: those with that value of the filter `by`."""

    def draw(row: Any) -> Any:
        asked = {by: key(row)}
        if (moment := asked_moment()) and moment.text:
            asked[PARAMETER] = moment.text
        url = f"{reverse(route)}?{urlencode(asked)}"
        return format_html('<a href="{}">{}</a>', url, intcomma(read(row))) if read(row) else "0"

    return draw


def counted_at(read: Callable[[Any], int], anchor: str) -> Drawing:
    """A number that leads to what it counts, on the page of the row."""
    return lambda row: format_html(
        '<a href="{}#{}">{}</a>', row.get_absolute_url(), anchor, intcomma(read(row))
    )


def stated(name: str) -> Drawing:
    """A value of an article; without one, why there is none."""

    def draw(article: Any) -> Any:
        if value := getattr(article, name):
            return str(value)
        why = {"missing": getattr(article, f"{name}_missing")}
        return render_to_string("partials/missing.html", why)

    return draw


def elsewhere(read: Callable[[Any], str]) -> Drawing:
    """An address of another site."""
    link = '<a href="{}" rel="noopener noreferrer external">{}</a>'
    return lambda row: format_html(link, read(row), read(row)) if read(row) else ""
