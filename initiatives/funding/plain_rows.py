"""Many plain rows into a table at once: what the database itself offers for it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from django.db import connection, models


def insert(
    model: type[models.Model], columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Write the rows: COPY on PostgreSQL, one prepared statement on SQLite."""
    quoted = connection.ops.quote_name
    table, names = quoted(model._meta.db_table), ", ".join(map(quoted, columns))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            fields = {field.attname: field for field in model._meta.concrete_fields}
            text = ", ".join(quoted(name) for name in columns if not fields[name].null)
            lines = io.StringIO()
            csv.writer(lines).writerows(rows)
            lines.seek(0)
            cursor.copy_expert(
                f"COPY {table} ({names}) FROM STDIN (FORMAT csv, FORCE_NOT_NULL ({text}))", lines
            )
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608
