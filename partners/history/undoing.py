"""Taking a change back: each row it touched becomes again what it was before.

That is a new change; nothing is forgotten. It is refused where a later change has built on what
would be taken back: those rows are named, with the change that stands in the way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, connection, models, transaction
from django.db.models import Q
from django.utils.translation import gettext

from partners.history.versions import CLOSED, columns, versions

Model = type[models.Model]
# By model, the columns that are derived from others: who undoes derives them again.
Derived = Mapping[Model, Collection[str]]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that stands in the way: what it is, and the number of the change that made it."""

    what: str
    number: int | None = None


class CannotUndo(Exception):
    """Later changes have built on this one; `conflicts` names them."""

    def __init__(self, conflicts: list[Conflict]) -> None:
        super().__init__("; ".join(conflict.what for conflict in conflicts))
        self.conflicts = conflicts


@dataclass(frozen=True, slots=True)
class Image:
    """A row as one change left it: its version, and the plain values of its columns."""

    version: int
    opened: int
    values: dict[str, Any]


@dataclass(slots=True)
class Steps:
    """What is to be done to rows, by model and key.

    `put_back` and `alter` hold the image to take values from; `alter` also which columns. Rows of
    `counted` models are counted anew afterwards.
    """

    counted: Collection[Model]
    remove: dict[Model, dict[Any, Image]] = field(default_factory=lambda: defaultdict(dict))
    put_back: dict[Model, dict[Any, Image]] = field(default_factory=lambda: defaultdict(dict))
    alter: dict[Model, dict[Any, tuple[Image, set[str]]]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def images(self, model: Model) -> Iterator[Image]:
        """Every image of the model that is taken away, put back or taken values from."""
        yield from self.remove[model].values()
        yield from self.put_back[model].values()
        yield from (image for image, _columns in self.alter[model].values())

    def values(self, model: Model, column: str) -> set[Any]:
        """What stands in that column of those images; empty values left out."""
        return {image.values[column] for image in self.images(model)} - {None}


def steps_back(number: int, counted: Collection[Model], derived: Derived) -> Steps:
    """What undoes a change; CannotUndo if a later one has written the same rows.

    Models in `counted` are left to whoever counts them anew. A derived column is given back if
    nothing later wrote it.
    """
    steps = Steps(counted)
    conflicts: list[Conflict] = []
    for model, twin in versions().items():
        if model in counted:
            continue
        before = _images(model, twin.objects.filter(CLOSED, closed=number, opened__lt=number))
        after = _images(model, twin.objects.filter(opened=number))
        now = _images(model, twin.objects.filter(row__in=before.keys() | after.keys(), closed=None))
        free = set(derived.get(model, ()))
        for row in sorted(before.keys() | after.keys()):
            old, new, present = before.get(row), after.get(row), now.get(row)
            if new is None and old is not None:  # the change removed it
                if present is None:
                    steps.put_back[model][row] = old
                else:
                    conflicts.append(_later(model, row, present.opened))
            elif old is None and new is not None:  # the change wrote it
                if present is not None and _differing(new, present) <= free:
                    steps.remove[model][row] = present
                else:
                    conflicts.append(_later(model, row, present.opened if present else None))
            elif old is not None and new is not None:
                altered = _differing(old, new)
                later = altered & _differing(new, present) if present else altered
                if later - free or present is None:
                    conflicts.append(_later(model, row, present.opened if present else None))
                elif altered - later:
                    steps.alter[model][row] = (old, altered - later)
    _check(steps, conflicts)
    return steps


def steps_to(
    number: int, rows: Mapping[Model, Q], counted: Collection[Model], kept: Derived
) -> Steps:
    """What brings some rows to what they were after a change.

    `rows` chooses versions, whatever their time; columns in `kept` stay as they are.
    """
    steps = Steps(counted)
    for model, chosen in rows.items():
        twin = versions()[model]
        held = Q(opened__lte=number) & (Q(closed=None) | Q(closed__gt=number))
        then = _images(model, twin.objects.filter(chosen & held))
        now = _images(model, twin.objects.filter(chosen, closed=None))
        for row in then.keys() | now.keys():
            old, present = then.get(row), now.get(row)
            if old is None and present is not None:
                steps.remove[model][row] = present
            elif present is None and old is not None:
                steps.put_back[model][row] = old
            elif (
                old and present and (altered := _differing(old, present) - set(kept.get(model, ())))
            ):
                steps.alter[model][row] = (old, altered)
    _check(steps, [])
    return steps


def take(steps: Steps) -> None:
    """Write what the steps say, inside a change: removals first, so that nothing is in the way.

    Values go from table to table and never through Python, so that they come back as they were.
    CannotUndo if something written since has taken the place of what would be put back.
    """
    try:
        with transaction.atomic():
            _take(steps)
    except IntegrityError as error:
        taken = gettext("something written since stands where this would be put back")
        raise CannotUndo([Conflict(taken)]) from error


def _take(steps: Steps) -> None:
    with connection.cursor() as cursor:
        for model, rows in steps.remove.items():
            for relation in _pointing_at(model):
                if relation.related_model not in versions():
                    _let_go(relation, rows)
            table, key = _names(model)
            for row in rows:
                cursor.execute(f'DELETE FROM "{table}" WHERE "{key}" = %s', [row])  # noqa: S608
        for model, altered in steps.alter.items():
            table, key = _names(model)
            for row, (image, names) in altered.items():
                chosen = ", ".join(f'"{name}"' for name in sorted(names))
                cursor.execute(
                    f'UPDATE "{table}" SET ({chosen}) = '  # noqa: S608 - our own names
                    f'(SELECT {chosen} FROM "{table}_version" WHERE version = %s) '
                    f'WHERE "{key}" = %s',
                    [image.version, row],
                )
        for model, rows in steps.put_back.items():
            table, _key = _names(model)
            chosen = ", ".join(f'"{name}"' for name in columns(model))
            for image in rows.values():
                cursor.execute(
                    f'INSERT INTO "{table}" ({chosen}) '  # noqa: S608 - our own names
                    f'SELECT {chosen} FROM "{table}_version" WHERE version = %s',
                    [image.version],
                )


def _names(model: Model) -> tuple[str, str]:
    assert model._meta.pk is not None
    return model._meta.db_table, str(model._meta.pk.column)


def _images(model: Model, found: models.QuerySet) -> dict[Any, Image]:
    """Versions by the key of their row, the latest of each, with their values as stored."""
    fields = {field.column: field for field in found.model._meta.concrete_fields}
    names = columns(model)
    attributes = [fields[name].attname for name in names]
    rows = found.order_by("version").values_list("version", "opened", *attributes)
    return {
        values[2]: Image(values[0], values[1], dict(zip(names, values[2:], strict=True)))
        for values in rows
    }


def _differing(one: Image, other: Image) -> set[str]:
    return {name for name, value in one.values.items() if other.values[name] != value}


def _later(model: Model, row: Any, number: int | None) -> Conflict:
    if number is None:
        last = versions()[model].objects.filter(row=row).order_by("-version").first()
        number = last.closed if last else None
    return Conflict(
        gettext("%(what)s was changed again by change %(number)s")
        % {"what": name_of(model, row), "number": number},
        number,
    )


def name_of(model: Model, row: Any) -> str:
    """A row in words, also one that is no more."""
    there = model._base_manager.filter(pk=row).first()
    return f"{model._meta.verbose_name} “{there}”" if there else f"{model._meta.verbose_name} {row}"


def _pointing_at(model: Model) -> Iterable[Any]:
    """The foreign keys of other tables that point at rows of the model."""
    return [
        relation
        for relation in model._meta.get_fields(include_hidden=True)
        if (relation.one_to_many or relation.one_to_one)
        and relation.auto_created
        and relation.concrete is False
        and relation.model is model
    ]


def _let_go(relation: Any, rows: Iterable[Any]) -> None:
    """Rows of a table without history that point at what goes no longer do."""
    pointing = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": rows})
    if relation.field.null:
        pointing.update(**{relation.field.name: None})
    else:
        pointing.delete()


def _check(steps: Steps, conflicts: list[Conflict]) -> None:
    """CannotUndo if there are conflicts, or references that would lead to nothing."""
    for model in list(steps.remove):
        for relation in _pointing_at(model):
            if relation.related_model in versions():
                conflicts += _still_pointing(steps, model, relation)
    for model in {*steps.put_back, *steps.alter}:
        for fk in model._meta.local_concrete_fields:
            if fk.is_relation:
                conflicts += _leading_to_nothing(steps, model, fk)
    if conflicts:
        raise CannotUndo(list(dict.fromkeys(conflicts)))


def _still_pointing(steps: Steps, model: Model, relation: Any) -> Iterator[Conflict]:
    other, column = relation.related_model, relation.field.column
    if other in steps.counted:
        return
    twin = versions()[other]
    attribute = "row" if relation.field.primary_key else relation.field.attname
    found = twin.objects.filter(closed=None, **{f"{attribute}__in": list(steps.remove[model])})
    for row, since in found.values_list("row", "opened"):
        goes = row in steps.remove[other]
        turned = row in steps.alter[other] and column in steps.alter[other][row][1]
        if not goes and not turned:
            what = gettext("%(what)s, written by change %(number)s, rests on it")
            yield Conflict(what % {"what": name_of(other, row), "number": since}, since)


def _leading_to_nothing(steps: Steps, model: Model, fk: Any) -> Iterator[Conflict]:
    target = fk.related_model
    wanted = {image.values[fk.column] for image in steps.put_back[model].values()}
    wanted |= {
        image.values[fk.column]
        for image, names in steps.alter[model].values()
        if fk.column in names
    }
    wanted -= {None, *steps.put_back[target]}
    there = set(target._base_manager.filter(pk__in=wanted).values_list("pk", flat=True))
    for row in sorted((wanted - there) | (wanted & set(steps.remove[target]))):
        what = gettext("%(what)s, which it names, is no longer there")
        yield Conflict(what % {"what": name_of(target, row)})
