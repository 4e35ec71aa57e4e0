"""The history of a record: which changes touched it, and what each changed, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Min, Q, prefetch_related_objects
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from initiatives.models import (
    RECORD_MODELS,
    Evidence,
    Record,
    Statement,
    statement_models,
)
from initiatives.touched import records_touched
from partners.dates import DayOf
from partners.history.changes import Change
from partners.history.moment import asked_moment
from partners.history.versions import versions

# Columns that only repeat others, or that say when and not what.
SILENT = {
    *("search_text", "changed_at", "created_at", "began", "began_disputed", "status", "type"),
    *("fingerprint", "recorded_at", "retired_at", "supersedes_id", "record_id", "statement_id"),
    *("evidence_id", "row", "version", "opened", "closed", "id"),
}
# Where the name of a kind of statement is not what its readers call it.
KINDS_IN_WORDS = {
    "participation": _("taking part"),
    "statusstep": _("status"),
    "framework": _("run under"),
    "labelling": _("officially called"),
    "funding": _("money"),
    "keydate": _("date"),
}
SECTORS: Any = Record.sectors.through


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a change did: what it is about, how it was and how it is; "" for nothing.

    `statement` is the statement that it made, ended or altered, as it was left; None if it is about
    something else. `passage` says that it is about what carries a statement.
    """

    what: str
    before: str
    after: str
    number: int
    public: bool = True
    change: Change | None = None
    statement: Any = None
    passage: bool = False


def versions_about(record: Record) -> dict[Any, Q]:
    """For each table with rows about the record, which versions those are, of whatever time."""
    return _versions_about({record.pk: record.type})


def _versions_about(types: Mapping[int, str]) -> dict[Any, Q]:
    """The same of several records, of which the types are given by key."""
    records = list(types)
    own: dict[Any, Q] = {Record: Q(row__in=records)}
    own |= {RECORD_MODELS[type]: Q(row__in=records) for type in sorted(set(types.values()))}
    own[SECTORS] = Q(record_id__in=records)
    for model in statement_models():
        own[model] = Q(record_id__in=records)
        said = versions()[model].objects.filter(record_id__in=records).order_by()
        own[model.carries_model()] = Q(
            statement_id__in=list(set(said.values_list("row", flat=True)))
        )
    return own


def _known() -> Q:
    """Versions of which the moment that is read knew."""
    moment = asked_moment()
    return Q(opened__lte=moment.number) if moment else Q()


def first_published(record: Record) -> int | None:
    """The number of the change that first published it; None if none did."""
    published = versions()[Record].objects.filter(
        _known(), row=record.pk, state=Record.State.PUBLISHED
    )
    return published.aggregate(first=Min("opened"))["first"]


def withdrawal_of(record: Record) -> Change | None:
    """The change that withdrew it, if it is withdrawn."""
    rows = versions()[Record].objects.filter(_known(), row=record.pk).order_by("version")
    number = None
    for opened, state in rows.values_list("opened", "state"):
        if state != Record.State.WITHDRAWN:
            number = None
        elif number is None:
            number = opened
    return Change.objects.filter(number=number).first() if number else None


def public_numbers(record: Record) -> list[int]:
    """The changes of the record that anyone may read of: made while it was published, the one that
    published it and the one that ended that; the latest first.
    """
    rows = versions()[Record].objects.filter(row=record.pk, state=Record.State.PUBLISHED)
    spans = list(rows.values_list("opened", "closed"))
    return [
        number
        for number in numbers_about(record)
        if any(first <= number <= (last or number) for first, last in spans)
    ]


def _since_here(records: Iterable[int], model: Any) -> dict[int, list[tuple[int, int]]]:
    """For a table that ties passages to statements: by statement, which of the records it is about,
    and since which change.

    What was said of a record before it was merged into another is in its own history.
    """
    if not hasattr(model, "statement"):
        return {}
    kind = model._meta.get_field("statement").related_model
    here = versions()[kind].objects.filter(record_id__in=list(records)).order_by()
    found = defaultdict(list)
    since = here.values("row", "record_id").annotate(first=Min("opened"))
    for statement, record, first in since.values_list("row", "record_id", "first"):
        found[statement].append((record, first))
    return found


def numbers_about(record: Record) -> list[int]:
    """The changes that touched the record, the latest first: two queries for each table."""
    found: set[int] = set()
    for model, chosen in versions_about(record).items():
        rows = versions()[model].objects.filter(_known(), chosen).order_by()
        here = _since_here([record.pk], model)
        column = "statement_id" if here else "row"
        for opened, closed, row in rows.values_list("opened", "closed", column):
            since = here[row][0][1] if row in here else 0
            found |= {n for n in (opened, closed) if n and n >= since}
    moment = asked_moment()
    return sorted((n for n in found if not moment or n <= moment.number), reverse=True)


def last_number(record: Record) -> int:
    """The number of the last change that touched the record; 0 if its history was not kept."""
    return max(numbers_about(record), default=0)


def records_of(number: int) -> models.QuerySet[Record]:
    """The records, those that are still there, whose rows the change touched."""
    return Record.objects.filter(pk__in=records_touched(number - 1, number)).order_by("title", "pk")


def steps_of(record: Record, numbers: Iterable[int]) -> dict[int, list[Difference]]:
    """What each of the changes did to the record."""
    found = steps_of_all({record.pk: record.type}, numbers)
    return defaultdict(list, {number: steps for (_, number), steps in found.items()})


def steps_of_all(
    types: Mapping[int, str], numbers: Iterable[int]
) -> dict[tuple[int, int], list[Difference]]:
    """By record and change, what each of the changes did to each of the records.

    The types of the records are given by their keys. As many queries for many records as for one.
    """
    asked = set(numbers)
    found: dict[tuple[int, int], list[Difference]] = defaultdict(list)
    for model, chosen in _versions_about(types).items():
        rows = versions()[model].objects.filter(chosen).order_by("row", "version")
        images = list(rows.filter(Q(opened__in=asked) | Q(closed__in=asked)))
        objects = _objects(model, images)
        here = _since_here(types, model)
        opened, closed = {}, {}
        for image in images:
            for record, since in _records_of(image, here):
                if image.opened in asked and image.opened >= since:
                    opened[image.row, image.opened, record] = image
                if image.closed in asked and image.closed >= since:
                    closed[image.row, image.closed, record] = image
        for step in sorted(opened.keys() | closed.keys()):
            _, number, record = step
            before, after = closed.get(step), opened.get(step)
            found[record, number] += _differences(
                model,
                objects[before.version] if before else None,
                objects[after.version] if after else None,
                number,
            )
    return found


def _records_of(image: Any, here: dict[int, list[tuple[int, int]]]) -> list[tuple[int, int]]:
    """The records that a version is about, and since which change."""
    if hasattr(image, "statement_id"):
        return here.get(image.statement_id, [])
    return [(getattr(image, "record_id", image.row), 0)]


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
    return [replace(difference, change=made.get(difference.number)) for difference in found]


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
        was, now = _said(before, "evidence"), _said(after, "evidence")
        yield Difference(what, was, now, number, public, passage=True)
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
    what = str(KINDS_IN_WORDS.get(there._meta.model_name, there._meta.verbose_name))
    public = _names_published(there)
    retired = after is not None and after.retired_at is not None
    if before is not None and after is not None and not retired and before.retired_at is None:
        for one in _of_columns(type(there), before, after, number):
            about = f"{what} “{_words(before)}”: {one.what}"
            yield replace(one, what=about, public=public and one.public, statement=after)
        return
    was = _words(before) if before is not None and before.retired_at is None else ""
    now = _words(after) if after is not None and not retired else ""
    if retired and after.retired_because and was:
        now = gettext("no longer held: %(because)s") % {"because": after.retired_because}
    if was or now:
        yield Difference(what, was, now, number, public, statement=there)


def _of_columns(model: Any, before: Any, after: Any, number: int) -> Iterator[Difference]:
    for field in model._meta.local_concrete_fields:
        if field.primary_key or field.attname in SILENT or isinstance(field, DayOf):
            continue
        was, now = getattr(before, field.attname), getattr(after, field.attname)
        if was != now:
            public = _points_at_public(before, field) and _points_at_public(after, field)
            yield Difference(
                str(field.verbose_name),
                _column(before, field),
                _column(after, field),
                number,
                public,
            )


def _points_at_public(row: Any, field: Any) -> bool:
    """Whether the column names no statement of another record that is not published."""
    named = _get(row, field.name) if field.is_relation else None
    if not isinstance(named, Statement) or named.record_id == row.record_id:
        return True
    return named.record.state == Record.State.PUBLISHED


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
    """A statement in full, if it is still there."""
    if statement is None:
        return gettext("a statement that is no longer there")
    return statement.in_full()
