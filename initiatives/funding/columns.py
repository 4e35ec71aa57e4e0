"""The ledger in memory, column by column: what the sums of every account are taken from.

An entry costs 31 bytes, one whose high has something in common with a whole's 43 more; a place costs
one, two or four, by how many values the axis has. For each record key, and on each axis for each key
of a statement, there are 4 bytes more: at a million initiatives with 1.7 million entries of a measure
57 MB, and 7 to 11 MB for an axis. What nobody asks for is not read.

Like the index, each is of one data version; for another one the records, or statements, whose
entries or places changed between the two are read again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from django.db import models
from django.db.models import BigIntegerField, F, Q, Value
from django.db.models.functions import Coalesce

from initiatives.funding.measures import MeasureName
from initiatives.funding.models import Axis, Entry, Place
from initiatives.funding.rollup import Reason, Rung
from initiatives.keeping import MOST_TOUCHED, Kept, Version
from initiatives.keys import in_database
from partners.history.versions import CLOSED, versions

Answer = TypeVar("Answer")
Columns = dict[str, np.ndarray]

# How many versions of a measure or an axis are kept: the present, and one of the past.
KEPT = 2
# How many answers are kept with a measure.
ANSWERS = 128
READ_AT_A_TIME = 20_000
# No amount or an open high; no year. Neither is ever negative.
NONE = -1

RUNGS = {rung: n for n, rung in enumerate(Rung.values)}
# The place of each reason in the order of the ledger; what counts comes last.
RANK = {reason: n for n, reason in enumerate(Reason.values)}
COUNTED = len(RANK)
RANKS = {**RANK, "": COUNTED}


@dataclass(frozen=True)
class Rows:
    """Columns whose rows stand together by their owner, in the order of the owners' keys.

    The rows of the owner `key` begin at `first[key]` and end where those of the next begin.
    """

    first: np.ndarray
    columns: Columns

    @classmethod
    def of_owners(cls, owners: np.ndarray, columns: Columns) -> Rows:
        """Of rows that are in the order of their owners."""
        size = int(owners.max(initial=-1)) + 1
        # One more at the end, for whoever has a greater key and no rows.
        first = np.searchsorted(owners, np.arange(size + 2)).astype(np.int32)
        return cls(first, columns)

    def of(self, owners: np.ndarray) -> tuple[Chosen, np.ndarray]:
        """The rows of the owners, in that order, and how many each has."""
        owners = np.minimum(owners, len(self.first) - 2)
        start = self.first[owners]
        count = self.first[owners + 1] - start
        ends = np.cumsum(count)
        rows = np.arange(int(ends[-1]) if len(ends) else 0)
        return Chosen(self, rows + np.repeat(start - (ends - count), count)), count

    def first_of(self, owners: np.ndarray) -> tuple[np.ndarray, Chosen]:
        """Whether each of the owners has any rows, and the first of each that has."""
        owners = np.minimum(owners, len(self.first) - 2)
        start = self.first[owners]
        there = self.first[owners + 1] > start
        return there, Chosen(self, start[there])

    def with_others(self, owners: np.ndarray, fresh: Rows) -> Rows:
        """The rows, those of the owners replaced by fresh ones."""
        gone, _ = self.of(owners)
        mine, others = self._counts(), fresh._counts()
        counts = np.zeros(max(len(mine), len(others)), dtype=np.int64)
        counts[: len(mine)] = mine
        counts[owners[owners < len(counts)]] = 0
        # Each of the fresh rows goes where the kept ones of greater owners begin.
        begin = np.concatenate([[0], np.cumsum(counts)])
        where = np.repeat(begin[: len(others)], others)
        columns = {}
        for name, column in self.columns.items():
            more = fresh.columns[name]
            kept = np.delete(column, gone.rows).astype(
                np.promote_types(column.dtype, more.dtype), copy=False
            )
            columns[name] = np.insert(kept, where, more)
        counts[: len(others)] += others
        ends = np.cumsum(np.concatenate([[0], counts, [0]]))
        return Rows(ends.astype(np.int32), columns)

    def _counts(self) -> np.ndarray:
        """How many rows each owner has, by key."""
        return np.diff(self.first[:-1])


@dataclass(frozen=True, slots=True)
class Chosen:
    """Some of the rows of a table."""

    table: Rows
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> np.ndarray:
        """A column of theirs."""
        return self.table.columns[name][self.rows]

    def where(self, chosen: np.ndarray) -> Chosen:
        """Those of them: by position, or as a mask."""
        return Chosen(self.table, self.rows[chosen])


# --- Entries ---------------------------------------------------------------------------------------

_ENTRY = np.dtype(
    [
        ("rung", np.int8),
        ("currency", np.int16),
        ("reason", np.int8),
        ("record", np.int32),
        ("statement", np.int32),
        ("year", np.int16),
        ("low", np.int64),
        ("high", np.int64),
        ("disputed", np.bool_),
        ("spread", np.int64),
        ("inside", np.int32),
    ]
)
_OF_PARTS = ("spread", "inside")
_READ = (
    *("rung", "currency", "reason", "record_id", "statement_id"),
    Coalesce("year", Value(NONE)),
    Coalesce("low", Value(NONE), output_field=BigIntegerField()),
    Coalesce("high", Value(NONE), output_field=BigIntegerField()),
    *("disputed", "spread"),
    Coalesce(F("inside_id"), Value(0), output_field=BigIntegerField()),
)


@dataclass(frozen=True)
class Entries:
    """All entries of one measure, by record and statement.

    `currencies` are those that the column `currency` numbers; the columns `rung` and `reason` are
    places in RUNGS and RANKS. `parts` are the entries, once more, whose high has something in
    common with what is left of a whole: how much, and of which statement.
    """

    rows: Rows
    parts: Rows
    currencies: dict[str, int]
    _answers: dict[Hashable, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def read(
        cls, measure: str, currencies: dict[str, int], records: Iterable[int] | None = None
    ) -> Entries:
        """From the database: all of them, or those of some records."""
        asked = Entry.objects.filter(measure=measure).order_by()
        if records is not None:
            asked = asked.filter(record__in=in_database(records))
        codes = dict(currencies)
        rows = asked.values_list(*_READ).iterator(READ_AT_A_TIME)
        found = np.fromiter(
            (
                (RUNGS[rung], codes.setdefault(currency, len(codes)), RANKS[reason], *numbers)
                for rung, currency, reason, *numbers in rows
            ),
            dtype=_ENTRY,
        )
        found = found[np.lexsort((found["year"], found["statement"], found["record"]))]
        parts = found[found["spread"] > 0]
        names = _ENTRY.names or ()
        plain = [name for name in names if name not in _OF_PARTS]
        return cls(
            Rows.of_owners(found["record"], {name: found[name].copy() for name in plain}),
            Rows.of_owners(parts["record"], {name: parts[name].copy() for name in names}),
            codes,
        )

    def at(self, measure: str, touched: set[int]) -> Entries:
        """Those of another version, between which the entries of those records changed."""
        if not touched:
            return self
        fresh = Entries.read(measure, self.currencies, touched)
        owners = np.array(sorted(touched))
        return Entries(
            self.rows.with_others(owners, fresh.rows),
            self.parts.with_others(owners, fresh.parts),
            fresh.currencies,
        )

    def statements(self, records: np.ndarray) -> np.ndarray:
        """How many statements each of the records has that were not corrected since."""
        return self._stated[np.minimum(records, len(self._stated) - 1)]

    @cached_property
    def _stated(self) -> np.ndarray:
        columns = self.rows.columns
        said = columns["statement"]
        stands = columns["reason"] != RANK[Reason.SUPERSEDED]
        stands[1:] &= said[1:] != said[:-1]
        # One more at the end, for whoever has a greater key.
        found = np.bincount(columns["record"][stands], minlength=len(self.rows.first) - 1)
        return found.astype(np.int32)

    def answer(self, asked: Hashable, work: Callable[[], Answer]) -> Answer:
        """What `work` finds, kept with these entries under what was asked."""
        with self._lock:
            if asked in self._answers:
                self._answers[asked] = found = self._answers.pop(asked)  # now the last to go
                return found
        found = work()
        with self._lock:
            self._answers[asked] = found
            if len(self._answers) > ANSWERS:
                del self._answers[next(iter(self._answers))]
        return found


# --- Places ----------------------------------------------------------------------------------------

_PLACE = np.dtype([("statement", np.int32), ("code", np.int32)])


@dataclass(frozen=True)
class Places:
    """Where statements stand on one axis, by statement.

    A code is twice the number of its value in `values`, one more where it is shared. `mark` tells
    these places from others.
    """

    rows: Rows
    values: dict[str, int]
    mark: object = field(default_factory=object)

    @classmethod
    def read(
        cls, axis: str, values: dict[str, int], statements: Iterable[int] | None = None
    ) -> Places:
        """From the database: all of them, or those of some statements."""
        asked = Place.objects.filter(axis=axis).order_by()
        if statements is not None:
            asked = asked.filter(statement__in=in_database(statements))
        numbers = dict(values)
        rows = asked.values_list("statement_id", "value", "shared").iterator(READ_AT_A_TIME)
        found = np.fromiter(
            (
                (statement, 2 * numbers.setdefault(value, len(numbers)) + shared)
                for statement, value, shared in rows
            ),
            dtype=_PLACE,
        )
        found = found[np.lexsort((found["code"], found["statement"]))]
        codes = found["code"].astype(np.min_scalar_type(2 * len(numbers)))
        return cls(Rows.of_owners(found["statement"], {"code": codes}), numbers)

    def at(self, axis: str, touched: set[int]) -> Places:
        """Those of another version, between which the places of those statements changed."""
        if not touched:
            return self
        fresh = Places.read(axis, self.values, touched)
        rows = self.rows.with_others(np.array(sorted(touched)), fresh.rows)
        return Places(rows, fresh.values)

    def named(self, code: int) -> tuple[str, bool]:
        """The value that a code stands for, and whether it is shared."""
        return self._names[code >> 1], bool(code & 1)

    def codes(self, value: str) -> list[int]:
        """The codes of a value: its own, and shared."""
        number = self.values.get(value)
        return [] if number is None else [2 * number, 2 * number + 1]

    @cached_property
    def _names(self) -> list[str]:
        return list(self.values)


# --- As of a version -------------------------------------------------------------------------------


def _kept_entries(measure: str) -> Kept[Entries]:
    def renewed(base: Entries, before: Version, version: Version) -> Entries | None:
        touched = _touched(Entry, "record_id", Q(measure=measure), before, version)
        return None if touched is None else base.at(measure, touched)

    return Kept(lambda _version: Entries.read(measure, {}), renewed, KEPT)


def _kept_places(axis: str) -> Kept[Places]:
    def renewed(base: Places, before: Version, version: Version) -> Places | None:
        touched = _touched(Place, "statement_id", Q(axis=axis), before, version)
        return None if touched is None else base.at(axis, touched)

    return Kept(lambda _version: Places.read(axis, {}), renewed, KEPT)


# By measure and by axis; `at` a version, which is the one that is read.
ENTRIES = {measure: _kept_entries(measure) for measure in MeasureName.values}
PLACES = {axis: _kept_places(axis) for axis in Axis.values}


def _touched(
    model: type[models.Model], owner: str, asked: Q, before: Version, version: Version
) -> set[int] | None:
    """The owners of the rows that changes between the versions wrote or ended; None if too many."""
    after, until = sorted((before[0], version[0]))
    changed = Q(opened__gt=after, opened__lte=until) | Q(
        CLOSED, closed__gt=after, closed__lte=until
    )
    rows = versions()[model].objects.filter(asked, changed).order_by()
    found = set(rows.values_list(owner, flat=True).distinct()[: MOST_TOUCHED + 1])
    return found if len(found) <= MOST_TOUCHED else None
