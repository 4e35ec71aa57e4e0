"""What is derived from statements, written in the same transaction as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from initiatives.ladder import beginning, status_now
from initiatives.models import Alliance, Initiative, Record, Summit


def derived_values(record: Initiative | Alliance | Summit) -> dict[str, Any]:
    """`began` and, for an initiative, `status`, as the current statements have them."""
    if isinstance(record, Initiative):
        steps = [(step.status, step.date) for step in record.steps.current()]
        return {"began": beginning(date for _, date in steps), "status": status_now(steps)}
    return {"began": beginning(key_date.date for key_date in record.key_dates.current())}


def derive(record: Initiative | Alliance | Summit) -> None:
    """Write the derived columns of `record` and mark it as changed now."""
    for name, value in derived_values(record).items():
        setattr(record, name, value)
    record.changed_at = timezone.now()
    record.save()


def wrongly_derived() -> Iterator[tuple[Record, str]]:
    """Records whose derived columns differ from their statements, with the column's name.

    Reads every record and its steps: two queries for each record.
    """
    for model in (Initiative, Alliance, Summit):
        for record in model.objects.iterator():
            for name, value in derived_values(record).items():
                if (getattr(record, name) or None) != (value or None):
                    yield record, name
