"""Following up: what should have ended and was not heard of again, what one source alone says, and
what nobody has confirmed for long.

The questions read published records only, those of a queryset of keys; each takes a fixed number
of queries, and memory for one day of each record.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from initiatives.derive import derive
from initiatives.desk.sources import independent_sources
from initiatives.funding.models import Funding
from initiatives.ladder import Status
from initiatives.models import (
    Evidence,
    Initiative,
    KeyDate,
    Participation,
    Record,
    Statement,
    StatusStep,
    statement_models,
)
from partners.history.changes import Change, Verb, change
from partners.history.moment import today

# The values of which one source is too few, by the name under which they are asked for.
KEY_VALUES: dict[str, tuple[Any, type[Statement]]] = {
    "status": (_("status"), StatusStep),
    "money": (_("money"), Funding),
    "partners": (_("partners"), Participation),
}
ACCEPTED = Q(carried__evidence__state=Evidence.State.ACCEPTED)
PUBLISHED_ON = "carried__evidence__article__published"


# --- Last confirmed ------------------------------------------------------------------------------


def last_confirmed(record: Record) -> dt.date | None:
    """The last day on which it was known to hold; None if nothing dated says so.

    The later of the day on which an editor confirmed it and the day on which the latest article
    of an accepted passage was published; of "2024" its last day, but never a day to come.
    """
    return days_confirmed(Record.objects.filter(pk=record.pk)).get(record.pk)


def days_confirmed(records: QuerySet) -> dict[int, dt.date]:
    """The same for many records, by key: a query for each kind of statement, and one more."""
    now = today()
    confirmed = records.exclude(confirmed_on=None).order_by()
    found: dict[int, dt.date] = dict(confirmed.values_list("pk", "confirmed_on"))
    keys = records.order_by().values("pk")
    for model in statement_models():
        said = model.objects.current().filter(ACCEPTED, record__in=keys).order_by()
        days = said.values_list("record").annotate(day=Max(f"{PUBLISHED_ON}_latest"))
        for pk, day in days:
            if day:
                found[pk] = max(found.get(pk, dt.date.min), min(day, now))
    return found


class CannotConfirm(Exception):
    """The record was withdrawn: there is nothing to confirm."""


def confirm(record: Record, by: Any, why: str = "", token: str | None = None) -> Change:
    """Note that an editor found today that the record still holds; the change.

    CannotConfirm if it was withdrawn. Twice on one day is once. Replayed.
    """
    with change(Verb.CONFIRM, by, about=str(record), why=why, token=token) as made:
        now = record.concrete()
        if now.state == Record.State.WITHDRAWN:
            raise CannotConfirm(gettext("“%(record)s” was withdrawn.") % {"record": now})
        day = timezone.localdate()
        if now.confirmed_on != day:
            now.confirmed_on = day
            derive(now)
    return made


def not_confirmed_for(
    months: int, records: QuerySet, days: dict[int, dt.date]
) -> list[tuple[int, dt.date | None]]:
    """The keys of the records not confirmed for more than so many months, the longest first.

    With the day, None where there never was one. `days` are those of `days_confirmed`.
    """
    limit = months_ago(months)
    found = [(pk, days.get(pk)) for pk in records.order_by("pk").values_list("pk", flat=True)]
    late = [(pk, day) for pk, day in found if day is None or day < limit]
    return sorted(late, key=lambda item: (item[1] or dt.date.min, item[0]))


def months_ago(months: int) -> dt.date:
    """The same day of the month so many months ago, or the last of that month; 1 January of year 1
    at the earliest.
    """
    now = today()
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    if year < dt.MINYEAR:
        return dt.date.min
    for day in range(now.day, 27, -1):
        try:
            return dt.date(year, month + 1, day)
        except ValueError:
            continue
    return dt.date(year, month + 1, min(now.day, 28))


# --- Planned ends --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ended:
    """A record of which the planned end has passed without a report: the day, and what ended."""

    record: int
    day: dt.date
    what: str


def ended_unreported(records: QuerySet, days: dict[int, dt.date]) -> list[Ended]:
    """Records whose planned end has passed, and of which nothing was reported since.

    The planned end is the latest day of these, each of a current statement:

    - a `completed` step, the end of a period of money, or an `until` of a partner, if it lay in
      the future when an article that says so was published;
    - a `planned` date of a meeting;
    - the end of the last period of money or partners of an initiative that is neither completed
      nor cancelled.

    A period has two ends ("2018/2020"); "2020" is when something was, and plans nothing. Nothing
    was reported if `days` (of `days_confirmed`) has no later day. Longest ago first.
    """
    ends: dict[int, tuple[dt.date, str]] = {}
    for pk, day, what in _planned_ends(records.order_by().values("pk")):
        if pk not in ends or day > ends[pk][0]:
            ends[pk] = (day, what)
    now = today()
    late = [
        Ended(pk, day, what)
        for pk, (day, what) in ends.items()
        if day < now and days.get(pk, dt.date.min) <= day
    ]
    return sorted(late, key=lambda ended: (ended.day, ended.record))


def _planned_ends(records: QuerySet) -> Iterator[tuple[int, dt.date, str]]:
    """Every planned end of the records: five queries."""
    unfinished = set(
        Initiative.objects.filter(pk__in=records)
        .exclude(status__in=[Status.COMPLETED, Status.CANCELLED])
        .values_list("pk", flat=True)
    )
    completed = StatusStep.objects.filter(status=Status.COMPLETED)
    for pk, _date, day, said_on in _dated(completed, records, "date"):
        if said_on and day > said_on:
            yield pk, day, gettext("planned to be completed")
    for pk, _date, day, _on in _dated(KeyDate.objects.filter(event="planned"), records, "date"):
        yield pk, day, gettext("planned to be held")
    for rows, name, planned, last in (
        (Funding.objects.all(), "period", gettext("money planned until"), gettext("last money")),
        (Participation.objects.all(), "until", gettext("partner until"), gettext("last partner")),
    ):
        for pk, date, day, said_on in _dated(rows, records, name):
            if name == "period" and "/" not in date.text:
                continue
            if said_on and day > said_on:
                yield pk, day, planned
            elif pk in unfinished:
                yield pk, day, last


def _dated(rows: Any, records: QuerySet, name: str) -> Any:
    """Record, date, its last day, and when an article first said so, of those with a last day."""
    dated = rows.current().filter(record__in=records, **{f"{name}_latest__isnull": False})
    first = Min(f"{PUBLISHED_ON}_latest", filter=ACCEPTED)
    return dated.order_by().annotate(said_on=first).values_list(
        "record", name, f"{name}_latest", "said_on"
    )  # fmt: skip


# --- One source ----------------------------------------------------------------------------------


def resting_on_one_source(model: type[Statement], records: QuerySet) -> list[int]:
    """The keys of current statements about the records that one independent source alone carries.

    Three queries. Only what several articles say is looked at closely: they may repeat each other.
    """
    said = model.objects.current().filter(record__in=records.order_by().values("pk"))
    counted = (
        said.order_by()
        .annotate(articles=Count("carried__evidence__article", filter=ACCEPTED, distinct=True))
        .filter(articles__gt=0)
    )
    numbers = dict(counted.values_list("pk", "articles"))
    several = [pk for pk, n in numbers.items() if n > 1]
    articles: dict[int, dict[int, Any]] = defaultdict(dict)
    passages = model.carries_model().objects.filter(
        statement__in=counted.filter(articles__gt=1).values("pk"),
        evidence__state=Evidence.State.ACCEPTED,
    )
    for carried in passages.select_related("evidence__article") if several else ():
        article = carried.evidence.article
        articles[carried.statement_id][article.pk] = article
    return sorted(
        pk for pk, n in numbers.items() if n == 1 or independent_sources(articles[pk].values()) == 1
    )
