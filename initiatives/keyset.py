"""Pages that begin behind a row instead of at a number: what is written between two of them moves
no row from one to the other, and a late page costs what the first does.

A place is what an order compares of a row, as plain values, the last of them its key. So the row
itself may be gone when the next page begins behind its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.expressions import OrderBy

Place = tuple[Any, ...]
# Rows that are read at once.
SOME, MOST = 200, 20_000


def behind(rows: models.QuerySet, place: Place) -> models.QuerySet:
    """The rows of an ordered queryset that stand behind a place, in the same order.

    The order must end with the key; columns that may be empty must have that last.
    """
    further, same = Q(pk__in=[]), Q()
    name, descending, empty_last = _order(rows)[0]
    if not empty_last:  # so that an index is entered where the page begins
        rows = rows.filter(**{f"{name}__{'lte' if descending else 'gte'}": place[0]})
    for (name, descending, empty_last), value in zip(_order(rows), place, strict=True):
        if value is not None:
            beyond = Q(**{f"{name}__{'lt' if descending else 'gt'}": value})
            if empty_last:
                beyond |= Q(**{f"{name}__isnull": True})
            further |= same & beyond
        same &= Q(**{f"{name}__isnull": True} if value is None else {name: value})
    return rows.filter(further)


def walked(rows: models.QuerySet, place: Place | None = None) -> Iterator[Place]:
    """Where the rows of the ordered queryset stand, one after the other, behind a place if given.

    They are read some at a time, ever more: who needs a few reads few.
    """
    size = SOME
    while True:
        some = places((behind(rows, place) if place else rows)[:size])
        yield from some
        if len(some) < size:
            return
        place, size = some[-1], min(2 * size, MOST)


def place_of(rows: models.QuerySet, row: models.Model) -> Place:
    """Where a row of the ordered queryset stands."""
    return _plain(getattr(row, name) for name, *_how in _order(rows))


def places(rows: models.QuerySet) -> list[Place]:
    """Where the rows of the ordered queryset stand: one query."""
    return [_plain(values) for values in rows.values_list(*(name for name, *_how in _order(rows)))]


def _plain(values: Iterable[Any]) -> Place:
    return tuple(v.isoformat() if hasattr(v, "isoformat") else v for v in values)


def _order(rows: models.QuerySet) -> list[tuple[str, bool, bool]]:
    """By what it is ordered: names, whether descending, whether empty ones are last."""
    found = []
    for by in rows.query.order_by:
        if isinstance(by, OrderBy):
            column: Any = by.expression
            found.append((column.name, by.descending, bool(by.nulls_last)))
        else:
            found.append((str(by).lstrip("-"), str(by).startswith("-"), False))
    return found
