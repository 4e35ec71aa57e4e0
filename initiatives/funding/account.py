"""The account of some initiatives' money: bars, totals and the ledger, as sums over stored entries.

Nothing is computed here that the roll-up has not decided: every figure is a plain sum, in whole
cents, over the entries of one measure. Sums are taken from columns in memory, and those over many
initiatives are kept for as long as no money changes; the rows behind them are asked of the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, reduce, wraps
from hashlib import blake2b
from operator import or_
from typing import Any, NamedTuple, TypeVar

import numpy as np
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from pyroaring import BitMap

from initiatives.funding.columns import (
    COUNTED,
    ENTRIES,
    NONE,
    RANK,
    RUNGS,
    Chosen,
    Entries,
)
from initiatives.funding.measures import USD, MeasureName
from initiatives.funding.models import Axis, BaseYear, Entry, EntryQuerySet, Place
from initiatives.funding.rollup import Reason, Rung
from initiatives.funding.standing import ARROW, FLOW, YEAR, YEAR_KEY, Lines, Standing
from initiatives.intervals import Interval
from initiatives.keeping import Version

UNPLACED = {
    YEAR: Reason.NO_YEAR,
    FLOW: Reason.NO_PARTY,
    Axis.BLOC: Reason.NO_BLOC,
    Axis.SECTOR: Reason.NO_SECTOR,
    Axis.COUNTRY: Reason.NO_COUNTRY,
    Axis.INSTRUMENT: Reason.NO_INSTRUMENT,
    Axis.PROVIDER: Reason.NO_PROVIDER,
    Axis.RECIPIENT: Reason.NO_RECIPIENT,
}
# Answers about so many initiatives are kept; about fewer they are found anew as quickly.
WORTH_KEEPING = 10_000
# A sum of cents may not fit an integer of the machine; the sums of both halves do.
HALF = 32
# A reason that stands before these is why, whatever the rung or the currency.
BEFORE_RUNG = (Reason.UNPUBLISHED, Reason.SUPERSEDED)
BEFORE_CURRENCY = (Reason.OUT_OF_SCOPE, Reason.NO_AMOUNT)
BEFORE_RUNG_RANKS, BEFORE_CURRENCY_RANKS = (
    np.isin(np.arange(COUNTED + 1), [RANK[reason] for reason in reasons])
    for reasons in (BEFORE_RUNG, (*BEFORE_RUNG, *BEFORE_CURRENCY))
)
NAMES = list(RUNGS)


@dataclass(frozen=True, slots=True)
class Basis:
    """What is counted: a measure, its currency, and one or several rungs that are never added."""

    measure: str = MeasureName.NOMINAL
    currency: str = USD
    rungs: tuple[str, ...] = (Rung.DISBURSED,)


@dataclass(frozen=True, slots=True)
class Bar:
    """What stands under one value of an axis on one rung; shared with other values, or its own."""

    key: str
    rung: str
    shared: bool
    amount: Interval
    records: int
    statements: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One line of a ledger: how many initiatives and statements were left out, and why."""

    reason: Reason
    records: int
    statements: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is counted and what is left out; together all that there is."""

    records: int
    statements: int
    left_out: list[LeftOut]


class Sums(NamedTuple):
    """What some entries add up to, in cents, and of how many initiatives and statements they are."""

    low: int
    high: int
    open: bool
    counting: bool
    records: int
    statements: int

    def interval(self, twice: int = 0) -> Interval:
        """As an amount, of whose high so much was added twice."""
        high = None if self.open else Decimal(self.high - twice) / 100
        return Interval(Decimal(self.low) / 100, high)


Answer = TypeVar("Answer")


def _kept(ask: Callable[..., Answer]) -> Callable[..., Answer]:
    """A question whose answer is kept with the entries if it is about many initiatives."""

    @wraps(ask)
    def answer(self: Account, axis: str = "") -> Answer:
        if len(self.records) < WORTH_KEEPING:
            return ask(self, axis)
        asked = (ask.__name__, self.basis, axis, self._standing.mark(axis), self._digest)
        return self._entries.answer(asked, lambda: ask(self, axis))

    return answer


class Account:
    """The money of the initiatives with the keys `records`, as of the version that is read."""

    def __init__(self, records: BitMap, basis: Basis, version: Version) -> None:
        self.records, self.basis, self.version = records, basis, version

    def among(self, records: BitMap) -> Account:
        """The account of those of the initiatives that are among the records."""
        return Account(self.records & records, self.basis, self.version)

    # --- Sums, from memory -------------------------------------------------------------------------

    @_kept
    def bars(self, axis: str) -> list[Bar]:
        """A bar for each value of the axis, rung, and whether it is shared; unordered."""
        lines = self._standing.lines(axis, self._counted)
        twice = self._twice(
            lines, lambda: self._standing.lines(axis, self._counted_among(self._parts))
        )
        bars = []
        for group, sums in _sums(lines).items():
            place, rung = divmod(group, len(RUNGS))
            key, shared = self._standing.named(axis, place)
            amount = sums.interval(twice.get(group, 0))
            bars.append(Bar(key, NAMES[rung], shared, amount, sums.records, sums.statements))
        return bars

    @_kept
    def totals(self, axis: str = "") -> dict[str, Interval]:
        """The total of each rung that has any, over what stands somewhere on the axis.

        Each tree counts once: in the high, no more than its whole.
        """
        lines = _once(self._standing.only(axis, self._priced))
        twice = self._twice(
            lines, lambda: _once(self._standing.only(axis, self._priced_among(self._parts)))
        )
        return {
            NAMES[rung]: sums.interval(twice.get(rung, 0))
            for rung, sums in _sums(lines).items()
            if sums.counting
        }

    @_kept
    def sizes(self, axis: str = "") -> dict[str, tuple[int, int]]:
        """How many initiatives and how many statements count on each rung."""
        found = _sums(_once(self._standing.only(axis, self._counted))).items()
        return {NAMES[rung]: (sums.records, sums.statements) for rung, sums in found}

    @_kept
    def ledger(self, axis: str = "") -> Ledger:
        """What is counted on the axis and what is left out.

        An initiative with any counted statement is counted; each other stands under one reason,
        the last of its statements' in the order of `Reason`.
        """
        ranks = self._ranks(axis)
        statements = _different(ranks, self._all["statement"])
        begin = np.flatnonzero(_differs(self._all["record"]))
        # Each initiative once, under the last rank that it has.
        last = np.maximum.reduceat(ranks, begin) if len(begin) else ranks
        records = np.bincount(last, minlength=COUNTED + 1).tolist()
        records[RANK[Reason.NO_MONEY]] += self.matched - len(begin)
        return Ledger(
            records[COUNTED],
            statements.get(COUNTED, 0),
            [
                LeftOut(Reason(reason), records[rank], statements.get(rank, 0))
                for reason, rank in RANK.items()
                if records[rank] or rank in statements
            ],
        )

    @cached_property
    def matched(self) -> int:
        """How many initiatives there are."""
        return len(self.records)

    @property
    @_kept
    def disputed(self, axis: str = "") -> int:
        """How many wholes have parts that add up to more than they may be."""
        return int(np.count_nonzero(self._asked(self._all) & self._all["disputed"]))

    @property
    @_kept
    def statements(self, axis: str = "") -> int:
        """How many statements these initiatives have that were not corrected since."""
        return int(self.stated(self._keys).sum())

    def stated(self, records: np.ndarray) -> np.ndarray:
        """How many statements each of these initiatives has that were not corrected since."""
        return self._entries.statements(records)

    def reasons(self, records: Iterable[int]) -> dict[int, Reason]:
        """Of the statements of these initiatives, why those are left out that are."""
        entries, _ = self._entries.rows.of(np.array(sorted(records), dtype=np.int64))
        ranks, names = self._ranked(entries), list(Reason)
        pairs = zip(entries["statement"].tolist(), ranks.tolist(), strict=True)
        return {statement: names[rank] for statement, rank in pairs if rank != COUNTED}

    def behind(self, axis: str, key: str = "", reason: str = "") -> tuple[np.ndarray, np.ndarray]:
        """The initiatives with entries behind a number of the axis, and how many each has.

        Behind all bars of one value; behind a line of the ledger; without either behind the total.
        """
        if reason:
            entries = self._all.where(self._ranks(axis) == RANK[reason])
        elif key:
            lines = self._standing.lines(axis, self._counted)
            entries = lines.entries.where(np.isin(lines.places, self._standing.numbers(axis, key)))
        else:
            entries = self._standing.only(axis, self._priced)
            # Where nothing counts, what wholes may have left makes no total.
            counting = np.unique(self._standing.only(axis, self._counted)["rung"])
            entries = entries.where(np.isin(entries["rung"], counting))
        return np.unique(entries["record"], return_counts=True)

    # --- What the sums are taken from --------------------------------------------------------------

    @cached_property
    def _entries(self) -> Entries:
        return ENTRIES[self.basis.measure].at(self.version)

    @cached_property
    def _standing(self) -> Standing:
        return Standing(self.version)

    @cached_property
    def _digest(self) -> bytes:
        return blake2b(self.records.serialize(), digest_size=16).digest()

    @cached_property
    def _keys(self) -> np.ndarray:
        return np.asarray(self.records.to_array(), dtype=np.int64)

    @cached_property
    def _all(self) -> Chosen:
        """Every entry of these initiatives in the measure, whether it counts or not."""
        return self._entries.rows.of(self._keys)[0]

    @cached_property
    def _parts(self) -> Chosen:
        """Those whose high has something in common with a whole's."""
        return self._entries.parts.of(self._keys)[0]

    @cached_property
    def _counted(self) -> Chosen:
        """Those that count."""
        return self._counted_among(self._all)

    @cached_property
    def _priced(self) -> Chosen:
        """Those with an amount that is asked for: what counts, and what wholes may have left."""
        return self._priced_among(self._all)

    def _counted_among(self, entries: Chosen) -> Chosen:
        return entries.where(self._asked(entries) & (entries["reason"] == COUNTED))

    def _priced_among(self, entries: Chosen) -> Chosen:
        return entries.where(self._asked(entries) & (entries["low"] != NONE))

    def _asked(self, entries: Chosen) -> np.ndarray:
        """Whether each is on one of the rungs, in the currency."""
        return self._on_rung(entries) & self._in_currency(entries)

    def _on_rung(self, entries: Chosen) -> np.ndarray:
        return np.isin(list(RUNGS), self.basis.rungs)[entries["rung"]]

    def _in_currency(self, entries: Chosen) -> np.ndarray:
        return entries["currency"] == self._entries.currencies.get(self.basis.currency, NONE)

    def _ranks(self, axis: str) -> np.ndarray:
        """The reason of every entry as a number, its last when it counts."""
        if not axis:
            return self._own_ranks
        ranks = self._own_ranks.copy()
        counted = np.flatnonzero(ranks == COUNTED)
        stands = self._standing.stands(axis, self._all.where(counted))
        ranks[counted[~stands]] = RANK[UNPLACED[axis]]
        return ranks

    @cached_property
    def _own_ranks(self) -> np.ndarray:
        return self._ranked(self._all)

    def _ranked(self, entries: Chosen) -> np.ndarray:
        ranks = entries["reason"]
        elsewhere = ~self._in_currency(entries) & ~BEFORE_CURRENCY_RANKS[ranks]
        ranks = np.where(elsewhere, np.int8(RANK[Reason.OTHER_CURRENCY]), ranks)
        elsewhere = ~self._on_rung(entries) & ~BEFORE_RUNG_RANKS[entries["reason"]]
        return np.where(elsewhere, np.int8(RANK[Reason.OTHER_RUNG]), ranks)

    def _twice(self, lines: Lines, parts: Callable[[], Lines]) -> dict[int, int]:
        """By group, what the highs of parts have in common with the rest of a whole in that group."""
        if not len(self._parts):
            return {}
        among = parts()
        inside, said = among.entries["inside"], lines.entries["statement"]
        whole = np.flatnonzero(np.isin(said, inside))
        places, numbers = np.unique(
            np.concatenate([among.places, lines.places[whole]]), return_inverse=True
        )
        here, there = numbers[: len(inside)], numbers[len(inside) :]
        with_it = np.isin(
            inside.astype(np.int64) * len(places) + here,
            said[whole].astype(np.int64) * len(places) + there,
        )
        both = Lines(among.entries.where(with_it), among.places[with_it])
        return _added(both.groups, both.entries["spread"])

    # --- Rows, from the database -------------------------------------------------------------------

    @property
    def entries(self) -> EntryQuerySet:
        """Every entry of these initiatives in the measure, whether it counts or not."""
        return Entry.objects.of(self.records).filter(measure=self.basis.measure).order_by()

    def priced(self, axis: str = "") -> EntryQuerySet:
        """Entries with an amount on the rungs: what counts, and what wholes may have left."""
        chosen = self.entries.filter(rung__in=self.basis.rungs, low__isnull=False)
        chosen = chosen.filter(currency=self.basis.currency)
        return chosen.filter(_stands_on(axis)) if axis else chosen

    def counted(self, axis: str = "") -> EntryQuerySet:
        """The entries that count, those that stand somewhere on the axis."""
        return self.priced(axis).counted()

    def left_out(self, reason: str, axis: str = "") -> EntryQuerySet:
        """The entries that the ledger of the axis has under that reason."""
        return self.entries.annotate(rank=self._rank(axis)).filter(rank=RANK[Reason(reason)])

    def at(self, axis: str, key: str) -> EntryQuerySet:
        """The entries behind all bars of one value of the axis."""
        chosen = self.counted(axis)
        if axis == YEAR:
            return chosen.filter(year=int(key)) if YEAR_KEY.fullmatch(key) else chosen.none()
        if axis == FLOW:
            giver, _arrow, taker = key.partition(ARROW)
            return chosen.filter(_party_is("provider", giver), _party_is("recipient", taker))
        return chosen.filter(
            Exists(Place.objects.filter(statement=OuterRef("statement"), axis=axis, value=key))
        )

    def _rank(self, axis: str) -> Case:
        """The reason of an entry as a number, its last when it counts."""

        def when(reason: Reason, **asked: Any) -> When:
            return When(**(asked or {"reason": reason}), then=Value(RANK[reason]))

        cases = [
            *(when(reason) for reason in BEFORE_RUNG),
            When(~Q(rung__in=self.basis.rungs), then=Value(RANK[Reason.OTHER_RUNG])),
            *(when(reason) for reason in BEFORE_CURRENCY),
            When(~Q(currency=self.basis.currency), then=Value(RANK[Reason.OTHER_CURRENCY])),
            *(when(r) for r in Reason if r not in (*BEFORE_RUNG, *BEFORE_CURRENCY)),
        ]
        if axis:
            cases.append(When(~_stands_on(axis), then=Value(RANK[UNPLACED[axis]])))
        return Case(*cases, default=Value(COUNTED), output_field=models.IntegerField())


FLOW_COLUMNS = [
    "statement__provider_country__iso3",
    "statement__provider_organisation__slug",
    "statement__recipient_country__iso3",
    "statement__recipient_organisation__slug",
]


FLOW_PARTIES = [column.rpartition("__")[0] for column in FLOW_COLUMNS]


def unit(basis: Basis) -> str:
    """What the figures are in: "USD", "USD (2023)", "CNY"."""
    if basis.measure == MeasureName.CONSTANT:
        return f"USD ({BaseYear.current()})"
    return basis.currency


def _stands_on(axis: str) -> Q:
    """That an entry stands somewhere on the axis."""
    if axis == YEAR:
        return Q(year__isnull=False)
    if axis == FLOW:
        return reduce(or_, (Q(**{f"{party}__isnull": False}) for party in FLOW_PARTIES))
    return Q(Exists(Place.objects.filter(statement=OuterRef("statement"), axis=axis)))


def _party_is(side: str, key: str) -> Q:
    """Statements of which that side is the country or organisation of this key, or nobody."""
    country, organisation = f"statement__{side}_country", f"statement__{side}_organisation"
    if not key:
        return Q(**{f"{country}__isnull": True, f"{organisation}__isnull": True})
    return Q(**{f"{country}__iso3": key}) | Q(**{f"{organisation}__slug": key})


# --- Sums of columns -------------------------------------------------------------------------------


def _once(entries: Chosen) -> Lines:
    """The entries wherever they stand, each once."""
    return Lines(entries, np.zeros(len(entries), dtype=np.int64))


def _sums(lines: Lines) -> dict[int, Sums]:
    """By group, what its entries add up to."""
    groups, order, begin = _grouped(lines.groups)
    entries = lines.entries.where(order)
    high = entries["high"]
    columns = (
        _exactly(entries["low"], begin),
        _exactly(np.where(high == NONE, 0, high), begin),
        np.logical_or.reduceat(high == NONE, begin).tolist(),
        np.logical_or.reduceat(entries["reason"] == COUNTED, begin).tolist(),
        _how_many(entries["record"], begin),
        _how_many(entries["statement"], begin),
    )
    return {group: Sums(*values) for group, *values in zip(groups.tolist(), *columns, strict=True)}


def _added(groups: np.ndarray, cents: np.ndarray) -> dict[int, int]:
    """The sum of each group."""
    names, order, begin = _grouped(groups)
    return dict(zip(names.tolist(), _exactly(cents[order], begin), strict=True))


def _different(groups: np.ndarray, values: np.ndarray) -> dict[int, int]:
    """How many different values each group has; equal ones stand together."""
    names, order, begin = _grouped(groups)
    return dict(zip(names.tolist(), _how_many(values[order], begin), strict=True))


def _grouped(groups: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The groups; the positions group by group, else as they were; where each group begins."""
    # Sixteen bits at a time, from the lowest: each takes one pass, however many there are.
    order = np.argsort(groups.astype(np.uint16), kind="stable")
    rest = groups >> 16
    while rest.any():
        order = order[np.argsort(rest[order].astype(np.uint16), kind="stable")]
        rest >>= 16
    ordered = groups[order]
    begin = np.flatnonzero(_differs(ordered))
    return ordered[begin], order, begin


def _differs(values: np.ndarray) -> np.ndarray:
    """Whether each is another than the one before it."""
    found = np.ones(len(values), dtype=bool)
    found[1:] = values[1:] != values[:-1]
    return found


def _how_many(values: np.ndarray, begin: np.ndarray) -> list[int]:
    """How many different values there are from each beginning to the next; equal ones together."""
    new = _differs(values)
    new[begin] = True
    return np.add.reduceat(new, begin, dtype=np.int64).tolist()


def _exactly(cents: np.ndarray, begin: np.ndarray) -> list[int]:
    """The sums from each beginning to the next, however large."""
    upper = np.add.reduceat(cents >> HALF, begin)
    lower = np.add.reduceat(cents & ((1 << HALF) - 1), begin)
    return [(up << HALF) + low for up, low in zip(upper.tolist(), lower.tolist(), strict=True)]
