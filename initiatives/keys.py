"""Many numbers into the database and out of it, as one value each way.

A parameter for each key is more than a database takes; a row for each number is read ten times as
slowly as one text of all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Aggregate, BigIntegerField, F, Func, IntegerField, TextField
from django.db.models.expressions import Combinable, RawSQL, Value
from django.db.models.functions import Cast
from pyroaring import BitMap

_BITS = 32


def in_database(keys: Iterable[Any]) -> RawSQL:
    """The keys as a subquery, however many there are."""
    text = ",".join(map(str, keys))
    if connection.vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::bigint[])", [f"{{{text}}}"])
    return RawSQL("SELECT value FROM json_each(%s)", [f"[{text}]"])


class Together(Aggregate):
    """The numbers of all rows as one text, for `numbers`; of rows without a number none."""

    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """As SQLite calls it."""
        return super().as_sql(compiler, connection, function="group_concat", **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """As PostgreSQL calls it."""
        template = "string_agg((%(expressions)s)::text, ',')"
        return super().as_sql(compiler, connection, template=template, **extra)


def numbers(text: str | None) -> np.ndarray:
    """The numbers of a text of `Together`, in no order."""
    return np.fromstring(text or "", dtype=np.int64, sep=",")


def key_set(text: str | None) -> BitMap:
    """The keys of such a text."""
    return BitMap(numbers(text).astype(np.uint32))


def paired(first: Combinable, second: str) -> Combinable:
    """Two whole numbers that are not negative, in one: the second is the name of a column."""
    wide = Cast(first, BigIntegerField())
    return wide * Value(1 << _BITS, output_field=BigIntegerField()) + F(second)


def parted(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first and the second numbers of such pairs."""
    return pairs >> _BITS, pairs & ((1 << _BITS) - 1)


class Ordinal(Func):
    """A day as a number, as `datetime.date.toordinal` has it."""

    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """By the Julian day, which begins at noon."""
        template = "CAST(julianday(%(expressions)s) - 1721424.5 AS INTEGER)"
        return super().as_sql(compiler, connection, template=template, **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """By the days between."""
        template = "(%(expressions)s - DATE '0001-01-01' + 1)"
        return super().as_sql(compiler, connection, template=template, **extra)
