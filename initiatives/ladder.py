"""The ladder of an initiative, and what its dated steps say of it today. Pure rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import reduce

from django.db import models
from django.utils.translation import gettext_lazy as _

from partners.dates import PartialDate


class Status(models.TextChoices):
    """The steps, in the order in which they are usually taken."""

    PROPOSED = "proposed", _("proposed")
    ANNOUNCED = "announced", _("announced")
    SIGNED = "signed", _("signed")
    UNDER_WAY = "under-way", _("under way")
    COMPLETED = "completed", _("completed")
    SUSPENDED = "suspended", _("suspended")
    CANCELLED = "cancelled", _("cancelled")


RANK = {status: rank for rank, status in enumerate(Status.values)}
Step = tuple[str, PartialDate | None]


def status_now(steps: Iterable[Step]) -> str:
    """The status that (status, date) steps lead to; "" of none.

    The latest dated step counts; of several that may be the latest, such as one in June and one
    in the same year, the furthest. A step without a date counts only if it is further up the
    ladder: it says that it was reached, not when.
    """
    dated: list[tuple[dt.date, dt.date, str]] = []
    maybe_last: list[str] = []
    for status, date in steps:
        first = date and (date.earliest or date.latest)
        last = date and (date.latest or date.earliest)
        if first and last:
            dated.append((first, last, status))
        else:
            maybe_last.append(status)
    surely = max((first for first, _last, _status in dated), default=dt.date.min)
    maybe_last += [status for _first, last, status in dated if last >= surely]
    return max(maybe_last, key=RANK.__getitem__, default="")


def beginning(dates: Iterable[tuple[str, PartialDate | None]]) -> tuple[PartialDate | None, bool]:
    """When a thing began, of (event, date) pairs, and whether that is disputed.

    It began at the event with the earliest first day. Where that event has several dates, it began
    in the period that covers them all, and nobody can say when: it is disputed.
    """
    known = [(event, date) for event, date in dates if date and date.earliest]
    if not known:
        return None, False
    event, _date = min(
        known, key=lambda e: (e[1].earliest, e[1].latest or dt.date.max, e[1].text, e[0])
    )
    said = sorted({date for other, date in known if other == event}, key=lambda date: date.text)
    return reduce(PartialDate.covering, said), len(said) > 1


def gone_by(said: Iterable[tuple[str, PartialDate | None, bool]]) -> list[Step]:
    """The (event, date) pairs that Accord goes by, of (event, date, whether it was chosen).

    Where one date of an event was chosen, the others of that event do not count.
    """
    said = list(said)
    decided = {event for event, _date, chosen in said if chosen}
    return [(event, date) for event, date, chosen in said if chosen or event not in decided]
