"""A document as it is to be written: records with every name resolved, or why they are rejected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

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
