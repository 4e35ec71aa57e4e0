"""What is derived from statements, written in the same transaction as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from django.db import models
from django.utils import timezone

from initiatives.ladder import beginning, gone_by, status_now
from initiatives.models import (
    Alliance,
    ConcreteRecord,
    Initiative,
    KeyDate,
    Record,
    Statement,
    StatusStep,
    Summit,
    statement_models,
)
from partners.dates import DayOf, PartialDate


def derived_values(record: ConcreteRecord) -> dict[str, Any]:
    """`began` and, for an initiative, `status`, as the current statements have them."""
    if isinstance(record, Initiative):
        return derived_from_steps(record.steps.current())
    return derived_from_dates(record.key_dates.current())


def derived_from_steps(steps: Iterable[StatusStep]) -> dict[str, Any]:
    """What all steps of an initiative that hold say of it."""
    said = [(step.status, step.date, bool(step.chosen_because)) for step in steps]
    return {"status": status_now(gone_by(said)), **_beginning(said)}


def derived_from_dates(dates: Iterable[KeyDate]) -> dict[str, Any]:
    """What all dates of an alliance or summit that hold say of it."""
    return _beginning([(date.event, date.date, bool(date.chosen_because)) for date in dates])


def _beginning(said: list[tuple[str, PartialDate | None, bool]]) -> dict[str, Any]:
    """Where a disputed date was decided it goes by the chosen one; that it is disputed stays said."""
    began, unclear = beginning(gone_by(said))
    _began, contradicted = beginning((event, date) for event, date, _chosen in said)
    return {"began": began, "began_disputed": unclear or contradicted}


def derive(record: ConcreteRecord) -> None:
    """Write the derived columns of `record` and mark it as changed now."""
    for name, value in derived_values(record).items():
        setattr(record, name, value)
    record.changed_at = timezone.now()
    record.save()


def wrongly_derived() -> Iterator[tuple[Record | Statement, str]]:
    """Records and statements with a column that differs from what it is derived from; its name.

    Reads every one of them, with what it points at.
    """
    for model in (Initiative, Alliance, Summit):
        for record in model.objects.iterator():
            values = {**derived_values(record), "search_text": record.make_search_text()}
            yield from _differing(record, values)
    for kind in statement_models():
        for statement in kind.objects.iterator():
            yield from _differing(statement, {"fingerprint": statement.make_fingerprint()})


Row = TypeVar("Row", bound=models.Model)


def _differing(row: Row, values: dict[str, Any]) -> Iterator[tuple[Row, str]]:
    days = {field.name: field.day(row) for field in row._meta.fields if isinstance(field, DayOf)}
    for name, value in (values | days).items():
        if (getattr(row, name) or None) != (value or None):
            yield row, name
