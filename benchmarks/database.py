"""A database for one run, made for it and gone after it; the user's own is never touched."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit


def add_server(parser: argparse.ArgumentParser) -> None:
    """The options that say where the database is made."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--database-url",
        default="",
        help="a PostgreSQL server on which databases are made and dropped; else SQLite files",
    )
    where.add_argument(
        "--postgresql", action="store_true", help="the same on a PostgreSQL started for the run"
    )


@contextmanager
def server_of(options: argparse.Namespace) -> Iterator[str]:
    """The address of the server that the options name, started if they ask for it; "" for none."""
    if not options.postgresql:
        yield options.database_url
        return
    from tests.servers import postgresql

    with postgresql() as server:
        yield server


@contextmanager
def own_database(server: str = "", keep: Path | None = None) -> Iterator[str]:
    """Settings, in the environment, with an empty database of their own; what kind it is.

    Without a server a SQLite file in a temporary folder, else a new database on that PostgreSQL.
    With `keep` the file is in that folder, as a run before may have left it, and stays there.
    """
    with ExitStack() as stack:
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            folder = str(keep.resolve())
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="accord-benchmark-"))
        url = f"sqlite:///{quote(folder)}/benchmark.sqlite3"
        if server:
            url = stack.enter_context(_on_server(server))
        os.environ.update(
            DJANGO_SETTINGS_MODULE="config.settings",
            SECRET_KEY=secrets.token_urlsafe(50),
            SITE_URL="http://localhost",
            DEBUG="0",
            LOG_LEVEL="WARNING",
            STATIC_FROM_SOURCE="1",
            VAR_DIR=folder,
            DATABASE_URL=url,
            REDIS_URL="",
        )
        yield "PostgreSQL" if server else "SQLite"


@contextmanager
def _on_server(server: str) -> Iterator[str]:
    import psycopg2

    address = urlsplit(server)
    if address.scheme not in ("postgres", "postgresql"):
        raise SystemExit("--database-url names a PostgreSQL server: postgres://user@host/name")
    name = f"accord_benchmark_{os.getpid()}"
    connection = psycopg2.connect(
        host=unquote(address.hostname or ""),
        port=address.port,
        user=unquote(address.username or "") or None,
        password=unquote(address.password or "") or None,
        dbname=address.path.strip("/") or "postgres",
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        try:
            yield address._replace(path=f"/{name}").geturl()
        finally:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    connection.close()


def in_fresh_process(work: Callable[..., Any], *given: Any) -> Any:
    """What `work` returns in a process of its own, so that its memory is its own too."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        return pool.submit(work, *given).result()


def say(what: str) -> None:
    """Progress, apart from the result."""
    print(what, file=sys.stderr, flush=True)
