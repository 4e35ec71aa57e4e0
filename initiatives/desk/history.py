"""The history of a record: which changes touched it, and what each changed, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Min, Q, prefetch_related_objects
from django.utils.translation import gettext

from initiatives.models import (
    Alliance,
    Evidence,
    Initiative,
    Record,
    Statement,
    Summit,
    statement_models,
)
from partners.dates import DayOf
from partners.history.changes import Change
from partners.history.versions import versions

KINDS: dict[str, type[Initiative] | type[Alliance] | type[Summit]] = {
    Record.Type.INITIATIVE: Initiative,
    Record.Type.ALLIANCE: Alliance,
    Record.Type.SUMMIT: Summit,
}
# Columns that only repeat others, or that say when and not what.
SILENT = {
    *("search_text", "changed_at", "created_at", "began", "began_disputed", "status", "type"),
    *("fingerprint", "recorded_at", "retired_at", "supersedes_id", "record_id", "statement_id"),
    *("evidence_id", "row", "version", "opened", "closed", "id"),
}
SECTORS: Any = Record.sectors.through


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a change did: what it is about, how it was and how it is; "" for nothing."""

    what: str
    before: str
    after: str
    number: int
    public: bool = True
    change: Change | None = None


def concrete(record: Record) -> Any:
    """The record as the initiative, alliance or summit it is, read anew."""
    return KINDS[record.type].objects.get(pk=record.pk)


def versions_about(record: Record) -> dict[Any, Q]:
    """For each table with rows about the record, which versions those are, of whatever time."""
    own: dict[Any, Q] = {
        Record: Q(row=record.pk),
        KINDS[record.type]: Q(row=record.pk),
        SECTORS: Q(record_id=record.pk),
    }
    for model in statement_models():
        own[model] = Q(record_id=record.pk)
        said = versions()[model].objects.filter(record_id=record.pk).order_by()
        own[model.carries_model()] = Q(
            statement_id__in=list(set(said.values_list("row", flat=True)))
        )
    return own


def first_published(record: Record) -> int | None:
    """The number of the change that first published it; None if none did."""
    published = versions()[Record].objects.filter(row=record.pk, state=Record.State.PUBLISHED)
    return published.aggregate(first=Min("opened"))["first"]


def numbers_about(record: Record) -> list[int]:
    """The changes that touched the record, the latest first: two queries for each table."""
    found: set[int] = set()
    for model, chosen in versions_about(record).items():
        rows = versions()[model].objects.filter(chosen).order_by()
        for since, until in rows.values_list("opened", "closed"):
            found |= {since, until}
    return sorted(found - {None, 0}, reverse=True)


def last_number(record: Record) -> int:
    """The number of the last change that touched the record; 0 if its history was not kept."""
    return max(numbers_about(record), default=0)


def records_of(number: int) -> models.QuerySet[Record]:
    """The records, those that are still there, whose rows the change touched."""
    found: set[int] = set()
    for model, twin in versions().items():
        rows = twin.objects.filter(Q(opened=number) | Q(closed=number)).order_by()
        if model is Record:
            found |= set(rows.values_list("row", flat=True))
        elif model in statement_models() or model is SECTORS:
            found |= set(rows.values_list("record_id", flat=True))
        elif any(model is kind.carries_model() for kind in statement_models()):
            statement: Any = model._meta.get_field("statement").related_model
            carried = versions()[statement].objects.filter(
                row__in=list(rows.values_list("statement_id", flat=True))
            )
            found |= set(carried.order_by().values_list("record_id", flat=True))
    return Record.objects.filter(pk__in=found).order_by("title", "pk")


def steps_of(record: Record, numbers: Iterable[int]) -> dict[int, list[Difference]]:
    """What each of the changes did to the record."""
    asked = set(numbers)
    found: dict[int, list[Difference]] = defaultdict(list)
    for model, chosen in versions_about(record).items():
        rows = versions()[model].objects.filter(chosen).order_by("row", "version")
        images = list(rows.filter(Q(opened__in=asked) | Q(closed__in=asked)))
        objects = _objects(model, images)
        opened = {(image.row, image.opened): image for image in images}
        closed = {(image.row, image.closed): image for image in images if image.closed}
        for row, number in sorted(opened.keys() | closed.keys()):
            if number in asked:
                before, after = closed.get((row, number)), opened.get((row, number))
                found[number] += _differences(
                    model,
                    objects[before.version] if before else None,
                    objects[after.version] if after else None,
                    number,
                )
    return found


def differences(record: Record, since: int, until: int | None = None) -> list[Difference]:
    """What the record says after change `until`, or now, that it did not say after `since`.

    Each with the last change that brought it about.
    """
    found: list[Difference] = []
    for model, chosen in versions_about(record).items():
        twin = versions()[model].objects.filter(chosen)
        held = Q(opened__lte=since) & (Q(closed=None) | Q(closed__gt=since))
        holds = Q(closed=None)
        if until is not None:
            holds = Q(opened__lte=until) & (Q(closed=None) | Q(closed__gt=until))
        then = {image.row: image for image in twin.filter(held)}
        now = {image.row: image for image in twin.filter(holds)}
        changed = [
            (then.get(row), now.get(row))
            for row in sorted(then.keys() | now.keys())
            if (row in then) != (row in now) or then[row].version != now[row].version
        ]
        objects = _objects(model, [image for pair in changed for image in pair if image])
        for before, after in changed:
            number = after.opened if after else (before.closed or 0)  # type: ignore[union-attr]
            found += _differences(
                model,
                objects[before.version] if before else None,
                objects[after.version] if after else None,
                number,
            )
    made = Change.objects.in_bulk({difference.number for difference in found})
    return [
        Difference(d.what, d.before, d.after, d.number, d.public, made.get(d.number)) for d in found
    ]


def _objects(model: Any, images: list[Any]) -> dict[int, Any]:
    """The rows that versions show, as objects with what they point at, by version."""
    found = {image.version: _object(model, image) for image in images}
    related = [
        f.name for f in model._meta.local_concrete_fields if f.is_relation and not f.primary_key
    ]
    if found and related:
        prefetch_related_objects(list(found.values()), *related)
    return found


def _object(model: Any, image: Any) -> Any:
    made = model.__new__(model)
    models.Model.__init__(made)
    for field in model._meta.local_concrete_fields:
        name = "row" if field.primary_key else field.attname
        setattr(made, field.attname, getattr(image, name))
    return made


def _differences(model: Any, before: Any, after: Any, number: int) -> Iterator[Difference]:
    """What one row's becoming `after` from `before` means; either may be None."""
    there = after or before
    if model is SECTORS:
        yield Difference(gettext("sector"), _said(before, "sector"), _said(after, "sector"), number)
    elif issubclass(model, Statement):
        yield from _of_statement(before, after, number)
    elif hasattr(there, "evidence"):
        passage = _get(there, "evidence")
        statement = _get(there, "statement")
        public = passage is not None and passage.state == Evidence.State.ACCEPTED
        public = public and (statement is None or _names_published(statement))
        about = _words(statement)
        what = gettext("evidence of “%(what)s”") % {"what": about}
        yield Difference(what, _said(before, "evidence"), _said(after, "evidence"), number, public)
    elif before is None or after is None:
        if model is Record:
            title = there.title
            yield Difference(
                gettext("record"), title if before else "", title if after else "", number
            )
    else:
        yield from _of_columns(model, before, after, number)


def _names_published(statement: Any) -> bool:
    """Whether the statement names no record that is not published."""
    named = _get(statement, statement.NAMES) if statement.NAMES else None
    return named is None or named.state == Record.State.PUBLISHED


def _of_statement(before: Any, after: Any, number: int) -> Iterator[Difference]:
    there = after or before
    what = str(there._meta.verbose_name)
    public = _names_published(there)
    retired = after is not None and after.retired_at is not None
    if before is not None and after is not None and not retired and before.retired_at is None:
        for one in _of_columns(type(there), before, after, number):
            about = f"{what} “{_words(before)}”: {one.what}"
            yield Difference(about, one.before, one.after, number, public)
        return
    was = _words(before) if before is not None and before.retired_at is None else ""
    now = _words(after) if after is not None and not retired else ""
    if retired and after.retired_because and was:
        now = gettext("no longer held: %(because)s") % {"because": after.retired_because}
    if was or now:
        yield Difference(what, was, now, number, public)


def _of_columns(model: Any, before: Any, after: Any, number: int) -> Iterator[Difference]:
    for field in model._meta.local_concrete_fields:
        if field.primary_key or field.attname in SILENT or isinstance(field, DayOf):
            continue
        was, now = getattr(before, field.attname), getattr(after, field.attname)
        if was != now:
            yield Difference(
                str(field.verbose_name), _column(before, field), _column(after, field), number
            )


def _column(row: Any, field: Any) -> str:
    value = getattr(row, field.attname)
    if value is None or value == "" or value == []:
        return ""
    if field.is_relation:
        return _said(row, field.name)
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def _get(row: Any, name: str) -> Any:
    """What a row points at; None if that is no more."""
    try:
        return getattr(row, name)
    except ObjectDoesNotExist:
        return None


def _said(row: Any, name: str) -> str:
    if row is None:
        return ""
    named = _get(row, name)
    return str(named) if named is not None else gettext("something that is no longer there")


def _words(statement: Any) -> str:
    """A statement in full: what it prints as, and which of its values that does not show."""
    if statement is None:
        return gettext("a statement that is no longer there")
    try:
        text = str(statement)
    except ObjectDoesNotExist:
        text = gettext("something that is no longer there")
    more = []
    for name in statement.VALUES:
        field = statement._meta.get_field(name)
        if field.is_relation or field.choices or name in ("key", "low", "high"):
            continue
        value = _column(statement, field)
        if value and value not in text:
            more.append(f"{field.verbose_name} {value}")
    return f"{text} ({', '.join(more)})" if more else text
