"""A document as it is to be written: records with every name resolved, or why they are rejected."""

from __future__ import annotations

from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from django.utils.translation import gettext

from initiatives.models import Record, Sector, Statement
from initiatives.news.format import Problem, RawRecord
from partners.models import Organisation


@dataclass(frozen=True, slots=True)
class Reference:
    """A record or organisation that this document brings: resolved when it has been written."""

    key: str


@dataclass(frozen=True, slots=True)
class Sibling:
    """A statement about money that this document brings: resolved when it has been written.

    `record` is the key of its initiative; empty for the initiative that points at it.
    """

    key: str
    record: str = ""


@dataclass(slots=True)
class PlannedStatement:
    """A statement as the document has it; `fields` may hold References and Siblings."""

    model: type[Statement]
    place: str
    data: dict[str, Any]
    fields: dict[str, Any]


@dataclass(slots=True)
class Planned:
    """A record of the document with every name resolved, or the problems that reject it."""

    raw: RawRecord
    problems: list[Problem]
    fields: dict[str, Any] = field(default_factory=dict)
    sectors: list[Sector] = field(default_factory=list)
    statements: list[PlannedStatement] = field(default_factory=list)
    needs: list[tuple[str, str]] = field(default_factory=list)  # (place, key in this document)
    existing: Record | Organisation | None = None
    duplicate_of: Record | Organisation | None = None


def originals_first(rows: list[PlannedStatement]) -> list[PlannedStatement]:
    """Rows that others of the record point at before those that point at them."""
    if not any(isinstance(value, Sibling) for row in rows for value in row.fields.values()):
        return rows
    ordered: list[PlannedStatement] = []
    placed: set[str] = set()
    waiting = list(rows)
    while waiting:
        for row in waiting:
            here = (v for v in row.fields.values() if isinstance(v, Sibling) and not v.record)
            needed = {v.key for v in here}
            if needed <= placed:
                ordered.append(row)
                placed.add(row.data.get("key", ""))
                waiting.remove(row)
                break
        else:
            raise ValueError(gettext("funding leads back to itself"))  # the matcher refuses it
    return ordered


def wholes_first(items: list[Planned]) -> list[Planned]:
    """The records in an order in which money that another's is part of comes before that."""
    by_key = {item.raw.key: item for item in items}
    needed: dict[str, list[str]] = {key: [] for key in by_key}
    for key, item in by_key.items():
        for row in item.statements:
            for value in row.fields.values():
                if isinstance(value, Sibling) and value.record in by_key:
                    needed[key].append(value.record)
    # What is part of an initiative cannot be a whole of it, so there is no circle.
    return [by_key[key] for key in TopologicalSorter(needed).static_order()]
