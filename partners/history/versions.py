"""Versions: each row of a table as each change left it, written by triggers of the database.

Beside a table that keeps its history stands one with the same columns, `opened` (the change that
left the row so) and `closed` (the change that altered or removed it; empty: it holds now). Triggers
write it, so that bulk writes, COPY and hand-made SQL are kept like any other.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, migrations, models

_versions: dict[type[models.Model], Any] = {}

# Rows that were altered or removed. What asks by `closed` must say so: SQLite uses the index of
# those rows only where the query has its very condition, and reads the whole table otherwise.
CLOSED = ~models.Q(closed=None)


def keep_history(*kept: Any) -> None:
    """Give each model its table of versions. Call it once, below the models of an app."""
    for model in kept:
        _versions[model] = _declare(model)


def versions() -> dict[type[models.Model], Any]:
    """Every model that keeps its history, with the model of its versions."""
    return _versions


def columns(model: type[models.Model]) -> list[str]:
    """The names of the columns of a model's own table, its key first."""
    return [str(field.column) for field in model._meta.local_concrete_fields]


def _declare(model: type[models.Model]) -> Any:
    options = model._meta
    own = {_name(field): _copy(field) for field in options.local_concrete_fields}
    # By row, by what a change wrote and what it ended, and by what a page asks for.
    short = f"{options.object_name}".lower()[:24]
    named = [name for name in ("record_id", "statement_id", "organisation_id") if name in own]
    indexes = [
        models.Index(fields=["row", "closed"]),
        models.Index(fields=["opened"]),
        models.Index(fields=["closed"], condition=CLOSED, name=f"closed_{short}"),
        *(models.Index(fields=[name]) for name in named),
    ]
    meta = type(
        "Meta",
        (),
        {
            "app_label": options.app_label,
            "db_table": f"{options.db_table}_version",
            "indexes": indexes,
            "default_permissions": (),
            "ordering": ["version"],
        },
    )
    body = {
        "__module__": model.__module__,
        "__doc__": f"A {options.object_name} as one change left it.",
        "Meta": meta,
        "version": models.BigAutoField(primary_key=True),
        **own,
        "opened": models.BigIntegerField(),
        "closed": models.BigIntegerField(null=True),
    }
    return type(f"{options.object_name}Version", (models.Model,), body)


def _name(field: Any) -> str:
    """The attribute of a version that holds a column; `row` is the key of the row."""
    return "row" if field.primary_key else field.attname


def _copy(field: Any) -> models.Field:
    """A plain column of the same type: it refers to nothing and must not be unique."""
    if field.primary_key or field.is_relation:
        null = field.null and not field.primary_key
        if isinstance(field.target_field if field.is_relation else field, models.CharField):
            return models.CharField(max_length=200, null=null, db_column=field.column)
        return models.BigIntegerField(null=null, db_column=field.column)
    if isinstance(field, models.DateField) and not isinstance(field, models.DateTimeField):
        return models.DateField(null=field.null, db_column=field.column)
    copy = field.clone()
    copy.db_column = field.column
    copy._unique, copy.db_index, copy.choices = False, False, None
    copy.verbose_name, copy.help_text = None, ""
    return copy


class InstallTriggers(migrations.RunPython):
    """The operation that (re)writes the triggers of an app's tables.

    A later migration that alters one of these tables on SQLite rebuilds it without its triggers,
    and must end with this operation (`tests/test_history.py` notices).
    """

    def __init__(self, app_label: str) -> None:
        self.app_label = app_label
        super().__init__(self._install, migrations.RunPython.noop)

    def deconstruct(self) -> Any:
        return (type(self).__name__, [self.app_label], {})

    def _install(self, _apps: Any, schema_editor: Any) -> None:
        for statement in trigger_statements(schema_editor.connection.vendor, self.app_label):
            schema_editor.execute(statement, params=None)


def trigger_statements(vendor: str, app_label: str) -> list[str]:
    """The SQL that keeps the history of the tables of an app."""
    writes = _POSTGRESQL if vendor == "postgresql" else _SQLITE
    found = list(_POSTGRESQL_NUMBER) if vendor == "postgresql" else []
    for model, twin in versions().items():
        if model._meta.app_label != app_label:
            continue
        names = columns(model)
        assert model._meta.pk is not None
        values = {
            "table": model._meta.db_table,
            "kept": twin._meta.db_table,
            "key": model._meta.pk.column,
            "names": ", ".join(f'"{name}"' for name in names),
            "new": ", ".join(f'NEW."{name}"' for name in names),
            "n": ", ".join(f'n."{name}"' for name in names),
            "differs": " OR ".join(f'OLD."{name}" IS NOT NEW."{name}"' for name in names),
        }
        found += [statement.format(**values) for statement in (*writes, _BACKFILL)]
    return found


def missing_triggers() -> list[str]:
    """Tables whose history is not kept, because their triggers are not there."""
    if connection.vendor == "postgresql":
        asked = "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'kept_%'"
    else:
        asked = (
            "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'kept_%'"
            " GROUP BY tbl_name HAVING COUNT(*) = 3"
        )
    with connection.cursor() as cursor:
        cursor.execute(asked)
        there = {row[0].strip('"') for row in cursor.fetchall()}
    return sorted(model._meta.db_table for model in versions() if model._meta.db_table not in there)


# Rows that were there before their history was kept hold since the beginning.
_BACKFILL = """
    INSERT INTO "{kept}" ({names}, opened) SELECT {n}, 0 FROM "{table}" n WHERE NOT EXISTS (
        SELECT 1 FROM "{kept}" v WHERE v."{key}" = n."{key}" AND v.closed IS NULL
    )
"""
# A row written outside any change begins one of its own.
_SQLITE_BEGIN = """
    INSERT INTO partners_dataversion (id, number, writing)
        SELECT 1, (SELECT COALESCE(MAX(number), 0) FROM partners_change), 0
        WHERE NOT EXISTS (SELECT 1 FROM partners_dataversion WHERE id = 1);
    UPDATE partners_dataversion SET number = number + 1 WHERE id = 1 AND NOT writing;
    INSERT INTO partners_change (number, at, verb, who, about, why)
        SELECT number, strftime('%Y-%m-%d %H:%M:%f', 'now'), 'direct', '', '{table}', ''
        FROM partners_dataversion WHERE id = 1 AND NOT writing;
"""
_SQLITE_CLOSE = """
    DELETE FROM "{kept}" WHERE "{key}" = OLD."{key}" AND closed IS NULL
        AND opened = (SELECT number FROM partners_dataversion WHERE id = 1);
    UPDATE "{kept}" SET closed = (SELECT number FROM partners_dataversion WHERE id = 1)
        WHERE "{key}" = OLD."{key}" AND closed IS NULL;
"""
_SQLITE_OPEN = """
    INSERT INTO "{kept}" ({names}, opened)
        SELECT {new}, number FROM partners_dataversion WHERE id = 1;
"""
_SQLITE = [
    *(
        f'DROP TRIGGER IF EXISTS "kept_{event}_{{table}}"'
        for event in ("insert", "update", "delete")
    ),
    f'CREATE TRIGGER "kept_insert_{{table}}" AFTER INSERT ON "{{table}}" '
    f"BEGIN {_SQLITE_BEGIN} {_SQLITE_OPEN} END",
    f'CREATE TRIGGER "kept_update_{{table}}" AFTER UPDATE ON "{{table}}" WHEN {{differs}} '
    f"BEGIN {_SQLITE_BEGIN} {_SQLITE_CLOSE} {_SQLITE_OPEN} END",
    f'CREATE TRIGGER "kept_delete_{{table}}" AFTER DELETE ON "{{table}}" '
    f"BEGIN {_SQLITE_BEGIN} {_SQLITE_CLOSE} END",
]

_POSTGRESQL_NUMBER = [
    """
    CREATE OR REPLACE FUNCTION kept_number(named text) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE now_at bigint; is_writing boolean;
    BEGIN
        SELECT number, writing INTO now_at, is_writing FROM partners_dataversion WHERE id = 1;
        IF is_writing THEN RETURN now_at; END IF;
        INSERT INTO partners_dataversion (id, number, writing) VALUES (1, 0, false)
            ON CONFLICT DO NOTHING;
        UPDATE partners_dataversion SET number = number + 1 WHERE id = 1
            RETURNING number INTO now_at;
        INSERT INTO partners_change (number, at, verb, who, about, why)
            VALUES (now_at, clock_timestamp(), 'direct', '', named, '');
        RETURN now_at;
    END $$
    """
]
_POSTGRESQL = [
    """
    CREATE OR REPLACE FUNCTION "kept_{table}"() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE here bigint;
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NOT EXISTS (SELECT 1 FROM new_rows) THEN RETURN NULL; END IF;
            here := kept_number('{table}');
            INSERT INTO "{kept}" ({names}, opened) SELECT {names}, here FROM new_rows;
        ELSIF TG_OP = 'UPDATE' THEN
            IF NOT EXISTS (
                SELECT 1 FROM new_rows n JOIN old_rows o ON o."{key}" = n."{key}"
                WHERE n IS DISTINCT FROM o
            ) THEN RETURN NULL; END IF;
            here := kept_number('{table}');
            DELETE FROM "{kept}" v USING new_rows n, old_rows o
                WHERE v."{key}" = n."{key}" AND o."{key}" = n."{key}" AND n IS DISTINCT FROM o
                AND v.closed IS NULL AND v.opened = here;
            UPDATE "{kept}" v SET closed = here FROM new_rows n, old_rows o
                WHERE v."{key}" = n."{key}" AND o."{key}" = n."{key}" AND n IS DISTINCT FROM o
                AND v.closed IS NULL;
            INSERT INTO "{kept}" ({names}, opened)
                SELECT {n}, here FROM new_rows n JOIN old_rows o ON o."{key}" = n."{key}"
                WHERE n IS DISTINCT FROM o;
        ELSE
            IF NOT EXISTS (SELECT 1 FROM old_rows) THEN RETURN NULL; END IF;
            here := kept_number('{table}');
            DELETE FROM "{kept}" v USING old_rows o
                WHERE v."{key}" = o."{key}" AND v.closed IS NULL AND v.opened = here;
            UPDATE "{kept}" v SET closed = here FROM old_rows o
                WHERE v."{key}" = o."{key}" AND v.closed IS NULL;
        END IF;
        RETURN NULL;
    END $$
    """,
    *(
        f'DROP TRIGGER IF EXISTS "kept_{event}" ON "{{table}}"'
        for event in ("insert", "update", "delete")
    ),
    """CREATE TRIGGER "kept_insert" AFTER INSERT ON "{table}" REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION "kept_{table}"()""",
    """CREATE TRIGGER "kept_update" AFTER UPDATE ON "{table}"
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION "kept_{table}"()""",
    """CREATE TRIGGER "kept_delete" AFTER DELETE ON "{table}" REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION "kept_{table}"()""",
]
