"""New records and statements, kept until all is decided about a document and then written together."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator

from django.db import models

from initiatives.funding.plain_rows import insert_new
from initiatives.models import ConcreteRecord, Record, Sector, Statement
from initiatives.news.publishing import SECTIONS, Stated


class NewRows:
    """What a document adds: a few questions to the database, however many rows there are.

    Until `write` the rows have no number; they point at each other as objects.
    """

    def __init__(self) -> None:
        self._records: list[tuple[ConcreteRecord, list[Sector]]] = []
        self._statements: dict[type[Statement], list[Statement]] = defaultdict(list)
        # By identity: what has no number yet cannot be a key.
        self._about: dict[tuple[int, type[Statement]], list[Statement]] = defaultdict(list)
        self._kept: set[int] = set()

    def add_record(self, record: ConcreteRecord, sectors: list[Sector]) -> None:
        """Keep a record and what it is about."""
        self._records.append((record, sectors))

    def add_statement(self, statement: Statement) -> None:
        """Keep a statement that is filled in; after those that it points at."""
        self._statements[type(statement)].append(statement)
        self._about[id(statement.record), type(statement)].append(statement)
        self._kept.add(id(statement))

    def hold(self, statement: Statement) -> bool:
        """Whether the statement is one of them."""
        return id(statement) in self._kept

    def said_of(self, record: ConcreteRecord) -> Stated:
        """The statements that are kept about a new record, those that hold."""
        return {
            section: [row for row in self._about[id(record), model] if row.retired_at is None]
            for section, model in SECTIONS.items()
        }

    def write(self) -> None:
        """Write them; they have their numbers then."""
        _write_records(self._records)
        for model, rows in self._statements.items():
            for wave in _waves(model, rows):
                insert_new(model, wave)


def _write_records(new: list[tuple[ConcreteRecord, list[Sector]]]) -> None:
    """Their rows of both tables, which Django does not write together for many."""
    own: dict[type[ConcreteRecord], list[ConcreteRecord]] = defaultdict(list)
    for record, _sectors in new:
        record.fill_in()
        own[type(record)].append(record)
    insert_new(Record, [record for record, _sectors in new])
    for model, records in own.items():
        for record in records:
            record.record_ptr_id = record.id
        insert_new(model, records)
    through = Record.sectors.through
    insert_new(
        through,
        [
            through(record_id=record.pk, sector_id=sector.pk)
            for record, sectors in new
            for sector in dict.fromkeys(sectors)
        ],
    )


def _waves(model: type[Statement], rows: list[Statement]) -> Iterator[list[Statement]]:
    """The rows, those that others point at in an earlier list; of each record in their order.

    No record waits for another that waits for it: what is part of one is no whole of it.
    """
    pointers = [field.name for field in model._meta.fields if field.related_model is model]
    waiting: dict[int, deque[Statement]] = defaultdict(deque)
    for row in rows:
        waiting[id(row.record)].append(row)
    while waiting:
        wave = []
        for record, left in [*waiting.items()]:
            while left and all(_written(left[0], name) for name in pointers):
                wave.append(left.popleft())
            if not left:
                del waiting[record]
        yield wave


def _written(row: models.Model, pointer: str) -> bool:
    target = getattr(row, pointer)
    return target is None or target.pk is not None
