"""Many rows into a table at once: what the database itself offers for it.

Django builds an INSERT of every value of every row, which takes longer than the database takes to
write them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

from django.db import connection, models

# So many rows SQLite is given in a statement, in which it takes 32,766 values since 2020.
AT_ONCE = 500
# What COPY would take for its own marks.
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
# Values of these types are stored as they are, in whatever field but JSON.
_PLAIN = frozenset({str, int, bool})


def insert(
    model: type[models.Model], columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Write the rows: COPY on PostgreSQL, five hundred by each statement on SQLite."""
    if not rows:
        return
    quoted = connection.ops.quote_name
    table, names = quoted(model._meta.db_table), ", ".join(map(quoted, columns))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            lines = io.StringIO("".join(map(_line, rows)))
            with connection.wrap_database_errors:
                cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN", lines)
            return
        # Each statement prepares the triggers once, and executemany is as many statements as rows.
        into = f"INSERT INTO {table} ({names}) VALUES "  # noqa: S608 - our own names
        one = f"({', '.join(['%s'] * len(columns))})"
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            cursor.execute(into + ", ".join([one] * len(some)), [*chain.from_iterable(some)])


def insert_new(model: type[models.Model], objects: Iterable[Any]) -> None:
    """Write objects that are new as rows of the model's own table, and number them.

    In a transaction. No signal is sent, and nothing is validated but by the database. Of a model
    with a parent it writes the model's own columns of objects that have the number of their parent.
    """
    new = list(objects)
    if not new:
        return
    key = model._meta.pk
    assert key is not None
    if isinstance(key, models.AutoField):
        for made, number in zip(new, _numbers(model, len(new)), strict=True):
            setattr(made, key.attname, number)
    fields = model._meta.local_concrete_fields
    columns = [list(map(_value_of(field), new)) for field in fields]
    names = [field.column or "" for field in fields]
    insert(model, names, list(zip(*columns, strict=True)))
    for made in new:
        made._state.adding = False
        made._state.db = connection.alias


def _value_of(field: Any) -> Callable[[Any], Any]:
    """What gives the value that a new object has in the column of a field."""
    name = field.attname
    if isinstance(field, models.JSONField):

        def text(made: Any) -> str | None:
            found = getattr(made, name)
            return None if found is None else json.dumps(found, cls=field.encoder)

        return text
    if field.is_relation:

        def number(made: Any) -> Any:
            target = field.get_cached_value(made, default=None)
            if target is not None and getattr(made, name) is None:
                # It had no number yet when it was pointed at.
                setattr(made, name, getattr(target, field.target_field.attname))
            return getattr(made, name)

        return number

    def value(made: Any) -> Any:
        found = field.pre_save(made, add=True)
        return found if type(found) in _PLAIN else field.get_db_prep_save(found, connection)

    return value


def _numbers(model: type[models.Model], how_many: int) -> Iterable[int]:
    """So many numbers that no row of the model has."""
    table, key = model._meta.db_table, model._meta.pk
    assert key is not None
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [connection.ops.quote_name(table), key.column, how_many],
            )
            return [number for (number,) in cursor.fetchall()]
        # Only one transaction writes, and a number is not given twice even if its row is gone.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        (last,) = cursor.fetchone() or (0,)
    return range(last + 1, last + 1 + how_many)


def _line(row: tuple[Any, ...]) -> str:
    """A row as COPY reads it."""
    return "\t".join([_told(value) for value in row]) + "\n"


def _told(value: Any) -> str:
    if value is None:
        return r"\N"
    return value.translate(_ESCAPED) if type(value) is str else str(value).translate(_ESCAPED)
