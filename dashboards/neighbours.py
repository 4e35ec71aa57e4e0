"""What stands near a record: its parts and wholes, its summits, who has the same partners."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import get_text_list
from django.utils.translation import gettext

from initiatives.models import ConcreteRecord, Initiative, Outcome, PartOf, Summit
from partners.history.asking import PARAMETER
from partners.history.moment import asked_moment

SHOWN = 5
# The list of all names each of them; servers take no longer addresses than this.
LONGEST = 3500
MOST = 100


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Some of the records near another; `url` is the list of all, None if none can be asked for."""

    key: str
    title: str
    records: list[Any]
    more: int
    url: str | None


def neighbours_of(record: ConcreteRecord) -> list[Neighbours]:
    """The published records near it, group by group; a fixed number of queries."""
    return [group for group in _groups(record) if group.records]


def _groups(record: ConcreteRecord) -> Iterator[Neighbours]:
    initiatives = Initiative.objects.published()
    if isinstance(record, Initiative):
        parts = PartOf.objects.current().filter(whole=record)
        wholes = PartOf.objects.current().filter(record=record)
        outcomes = Outcome.objects.current().filter(initiative=record)
        summits = Summit.objects.published().filter(pk__in=outcomes.values("record"))
        yield _group("parts", gettext("Parts"), initiatives.filter(pk__in=parts.values("record")))
        yield _group("wholes", gettext("Part of"), initiatives.filter(pk__in=wholes.values("whole")))  # fmt: skip
        yield _group("summits", gettext("Outcome of"), summits)
        beside = Outcome.objects.current().filter(record__in=summits).exclude(initiative=record)
        others = initiatives.filter(pk__in=beside.values("initiative"))
        yield _group("outcomes", gettext("Other outcomes of the summit"), others)
    if isinstance(record, Summit):
        outcomes = Outcome.objects.current().filter(record=record)
        found = initiatives.filter(pk__in=outcomes.values("initiative"))
        yield _group("outcomes", gettext("Outcomes"), found)
        series = Summit.objects.filter(series=record.series).published().exclude(pk=record.pk)
        url = _list("summit_list", series=record.series.slug)
        yield _group("series", gettext("Others of the series"), series, url)
    yield from _with_the_same_partners(record, initiatives)


def _with_the_same_partners(record: ConcreteRecord, rows: Any) -> Iterator[Neighbours]:
    """Other initiatives in which all of its countries take part."""
    countries = record.countries_now
    if not countries:
        return
    for country in countries:
        rows = rows.with_country([country])
    title = gettext("Also with %(countries)s") % {
        "countries": get_text_list([str(country) for country in countries], gettext("and"))
    }
    url = None
    if len(countries) == 1:
        url = _list("initiative_list", country=countries[0].iso3)
    yield _group("partners", title, rows.exclude(pk=record.pk), url)


def _group(key: str, title: str, rows: models.QuerySet, url: str | None = None) -> Neighbours:
    """Some of the rows, and the way to all of them: `url`, or the list that names each."""
    found = list(rows.newest_first()[: MOST + 1])  # type: ignore[attr-defined]
    if not url and SHOWN < len(found) <= MOST and isinstance(found[0], Initiative):
        url = _list("initiative_list", initiative=[row.slug for row in found])
        url = url if len(url) <= LONGEST else None
    return Neighbours(key, title, found[:SHOWN], max(0, len(found) - SHOWN), url)


def _list(name: str, **filters: str | list[str]) -> str:
    """A list under some filters, as of the moment that is read."""
    moment = asked_moment()
    asked = {PARAMETER: moment.text} if moment and moment.text else {}
    return f"{reverse(name)}?{urlencode({**filters, **asked}, doseq=True)}"
