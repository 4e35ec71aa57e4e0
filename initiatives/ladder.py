"""The ladder of an initiative, and what its dated steps say of it today. Pure rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

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

    The latest dated step counts, of two on one day the further one. A step without a date counts
    only if it is further up the ladder: it says that it was reached, not when.
    """
    dated: list[tuple[dt.date, int, str]] = []
    undated: list[tuple[int, str]] = []
    for status, date in steps:
        day = date and (date.latest or date.earliest)
        if day:
            dated.append((day, RANK[status], status))
        else:
            undated.append((RANK[status], status))
    reached = max(dated)[1:] if dated else (-1, "")
    return max([reached, *undated])[1]


def beginning(dates: Iterable[PartialDate | None]) -> PartialDate | None:
    """The date with the earliest first day, of two the more precise one; None of none."""
    known = [date for date in dates if date and date.earliest]
    return min(known, key=lambda d: (d.earliest, d.latest or dt.date.max), default=None)
