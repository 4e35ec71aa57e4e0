"""Reading the site as it was after some change.

Inside `as_of`, each query finds in the place of a table the versions of its rows that held then:
a common table expression hides the table under its own name. So whatever asks the database asks
the past, without knowing: lists, facets, charts, exports.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.urls import reverse
from django.utils import timezone


@dataclass(frozen=True, slots=True)
class Moment:
    """After which change, at what time, and how it was asked for; all say the same."""

    number: int
    at: dt.datetime
    text: str = ""


class PastIsFixed(Exception):
    """Something tried to write to the past."""


_moment: ContextVar[Moment | None] = ContextVar("moment", default=None)


def asked_moment() -> Moment | None:
    """The moment as of which is read; None: now."""
    return _moment.get()


def today() -> dt.date:
    """The day as of which is read."""
    moment = _moment.get()
    return timezone.localdate(moment.at) if moment else timezone.localdate()


def address(path: str) -> str:
    """The way to a page as it was at the moment that is read; now, just the path."""
    moment = _moment.get()
    return f"{path}?{urlencode({'as_of': moment.text})}" if moment and moment.text else path


def address_of(route: str, key: Any) -> str:
    """The way to the page of a row, by the name of its route and its key there."""
    return address(path_to(route, key))


@lru_cache(maxsize=50_000)
def path_to(route: str, *keys: Any) -> str:
    """The path of a page, by the name of its route and its keys there; looked up once."""
    return reverse(route, args=keys)


@contextmanager
def as_of(moment: Moment | None) -> Iterator[None]:
    """Everything that is read inside is as it was at the moment; None: as it is now."""
    if moment is None:
        yield
        return
    before = _moment.set(moment)
    # Grouping by a key alone is for tables; what stands for them has no key.
    features: Any = connection.features
    by_keys, features.allows_group_by_selected_pks = features.allows_group_by_selected_pks, False
    try:
        with connection.execute_wrapper(_Then(moment.number)):
            yield
    finally:
        features.allows_group_by_selected_pks = by_keys
        _moment.reset(before)


class _Then:
    """Puts before each query what hides the tables that it names."""

    def __init__(self, number: int) -> None:
        self.number = int(number)

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        named = [table for table in _hidden(context["connection"].vendor) if f'"{table}"' in sql]
        if named:
            if not sql.lstrip(" (").startswith("SELECT"):
                raise PastIsFixed(sql[:80])
            views = _hidden(context["connection"].vendor)
            held = ", ".join(views[table].replace("{number}", str(self.number)) for table in named)
            sql = f"WITH {held} {sql}"
        return execute(sql, params, many, context)


@lru_cache
def _hidden(vendor: str) -> dict[str, str]:
    """For each table with versions, the expression that stands for it."""
    from partners.history.versions import columns, versions

    # Otherwise PostgreSQL builds each in full before the first row, and SQLite those that a query
    # names twice: of a few records it would read all. SQLite before 3.35 does not know the words.
    modern = vendor == "postgresql" or connection.Database.sqlite_version_info >= (3, 35)  # type: ignore[attr-defined]
    how = "NOT MATERIALIZED " if modern else ""
    found = {}
    for model, twin in versions().items():
        table, kept = model._meta.db_table, twin._meta.db_table
        names = ", ".join(f'"{name}"' for name in columns(model))
        found[table] = (
            f'"{table}" AS {how}(SELECT {names} FROM "{kept}" '  # noqa: S608 - our own names
            f"WHERE opened <= {{number}} AND (closed IS NULL OR closed > {{number}}))"
        )
    return found
