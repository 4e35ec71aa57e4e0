"""Importing news documents, beside the plainest way to write the same rows."""

from __future__ import annotations

import argparse
import io
import os
import pickle
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.database import add_server, in_fresh_process, own_database, say, server_of
from benchmarks.documents import Documents
from benchmarks.timing import by_tenths, seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command line."""
    parser.add_argument("--size", type=int, default=200, help="documents (default 200)")
    parser.add_argument("--records", type=int, default=4, help="initiatives of each (default 4)")
    add_server(parser)


def run(options: argparse.Namespace) -> int:
    """Import, import again, write the same rows plainly into a second database, print."""
    with ExitStack() as stack:
        server = stack.enter_context(server_of(options))
        rows = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "rows"
        with own_database(server) as kind:
            say(f"{kind}: {options.size:,} documents of {options.records:,} initiatives")
            found = in_fresh_process(measure, options.size, options.records, rows)
        with own_database(server):
            found["plain"] = in_fresh_process(write_plainly, rows)
    _print(kind, options.size, found)
    return 1 if found["unchanged"] != found["records"] else 0


# --- Each in a process of its own ----------------------------------------------------------------


def measure(size: int, records: int, rows: Path) -> dict[str, Any]:
    """Seconds of the import, of what it keeps right on the way, and of the same files again."""
    _site()
    from initiatives.news import importing
    from initiatives.news.models import ImportOutcome

    made = Documents(_names(), records)
    files = [made.document() for _ in range(size)]
    before = _last_keys()
    upkeep = 0.0

    def timed(work: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*given: Any) -> Any:
            nonlocal upkeep
            began = time.perf_counter()
            try:
                return work(*given)
            finally:
                upkeep += time.perf_counter() - began

        return measured

    for name in ("recount", "derive", "derived_from_steps"):
        setattr(importing, name, timed(getattr(importing, name)))
    found: dict[str, Any] = {"imported": seconds(lambda: _import(files))}
    found["upkeep"] = upkeep
    created = ImportOutcome.objects.filter(result="created")
    found["records"], last = created.count(), ImportOutcome.objects.order_by("pk").last()
    found["rows"] = _keep_rows(before, rows)
    found["again"] = seconds(lambda: _import(files))
    unchanged = (
        ImportOutcome.objects.filter(pk__gt=last.pk, result="unchanged") if last else created
    )
    found["unchanged"] = unchanged.count()
    return found


def write_plainly(rows: Path) -> float:
    """Seconds to write the rows by COPY or executemany: the same tables, constraints, triggers."""
    _site()
    tables = pickle.loads(rows.read_bytes())
    return seconds(lambda: _write(tables))


def _write(tables: dict[str, Any]) -> None:
    """In one transaction and as one change; PostgreSQL looks at foreign keys when it ends."""
    from django.db import connection

    from partners.history.changes import change

    with change("import"), connection.cursor() as cursor:
        for table, (columns, some) in tables.items():
            names = ", ".join(f'"{name}"' for name in columns)
            if connection.vendor == "postgresql":
                some.seek(0)
                cursor.copy_expert(f'COPY "{table}" ({names}) FROM STDIN', some)
            else:
                marks = ", ".join("%s" for _ in columns)
                cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', some)


def _import(files: list[bytes]) -> None:
    """As a worker does it, without a queue."""
    from initiatives.news.models import ImportDocument, ImportRun
    from initiatives.news.tasks import import_document

    run = ImportRun.objects.create(publish=True)
    ImportDocument.objects.bulk_create(
        ImportDocument(run=run, name=f"{n}.json", content=file) for n, file in enumerate(files)
    )
    told = by_tenths("imported", len(files))
    for n, pk in enumerate(run.documents.order_by("pk").values_list("pk", flat=True), 1):
        import_document(pk)
        told(n)


def _site() -> None:
    """The site set up in this process, over an empty database with the reference data."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("load_reference", verbosity=0, stdout=io.StringIO())


def _names() -> dict[str, list[str]]:
    """What documents call by name."""
    from initiatives.models import Sector
    from partners.models import Bloc, Country

    return {
        "country": [*Country.objects.order_by("iso3").values_list("english_name", flat=True)],
        "sector": [*Sector.objects.order_by("slug").values_list("slug", flat=True)],
        "bloc": [*Bloc.objects.order_by("slug").values_list("slug", flat=True)],
    }


# --- The rows ------------------------------------------------------------------------------------


def _tables() -> dict[str, list[str]]:
    """The tables that an import writes by itself, with their columns: not what triggers write."""
    from django.apps import apps

    from partners.history.versions import versions

    twins = {*versions().values()}
    found = {}
    for label in ("partners", "initiatives", "funding"):
        for model in apps.get_app_config(label).get_models(include_auto_created=True):
            if model not in twins and model._meta.managed and not model._meta.proxy:
                found[model._meta.db_table] = [f.column for f in model._meta.local_concrete_fields]
    for table in ("partners_change", "partners_dataversion"):
        del found[table]
    return found


def _last_keys() -> dict[str, int]:
    from django.db import connection

    found = {}
    with connection.cursor() as cursor:
        for table, columns in _tables().items():
            cursor.execute(f'SELECT MAX("{columns[0]}") FROM "{table}"')
            found[table] = cursor.fetchone()[0] or 0
    return found


def _keep_rows(before: dict[str, int], path: Path) -> int:
    """Write the rows that came since into a file; how many there are."""
    from django.db import connection

    kept: dict[str, Any] = {}
    count = 0
    with connection.cursor() as cursor:
        for table, columns in _tables().items():
            names = ", ".join(f'"{name}"' for name in columns)
            asked = f'SELECT {names} FROM "{table}" WHERE "{columns[0]}" > {before[table]}'
            if connection.vendor == "postgresql":
                copied = io.BytesIO()
                cursor.copy_expert(f"COPY ({asked}) TO STDOUT", copied)
                there, some = cursor.rowcount, copied
            else:
                some = cursor.execute(asked).fetchall()
                there = len(some)
            if there:
                kept[table] = (columns, some)
                count += there
    path.write_bytes(pickle.dumps(kept))
    return count


# --- The result ----------------------------------------------------------------------------------


def _print(kind: str, size: int, found: dict[str, Any]) -> None:
    imported, plain, again = found["imported"], found["plain"], found["again"]
    print(f"Imports on {kind}, {os.cpu_count()} cores\n")
    for name, cell in {
        "documents": f"{size:,}",
        "records made": f"{found['records']:,}",
        "rows of them": f"{found['rows']:,}",
        "imported, s": f"{imported:.2f}",
        "  records a second": f"{found['records'] / imported:,.0f}",
        "the same rows plainly, s": f"{plain:.2f}",
        "  import, of that speed": f"{100 * plain / imported:.1f} %",
        "counts and roll-ups, of the import": f"{100 * found['upkeep'] / imported:.0f} %",
        "the same files again, s": f"{again:.2f}",
        "  times as fast": f"{imported / again:.1f}",
        "  records unchanged": f"{found['unchanged']:,}",
    }.items():
        print(f"{name:<48}{cell:>13}")
    sys.stdout.flush()
