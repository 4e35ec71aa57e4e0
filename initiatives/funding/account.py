"""The account of some initiatives' money: bars, totals and the ledger, as sums over stored entries.

Nothing is computed here that the roll-up has not decided: every figure is a plain sum, in whole
cents, over the entries of one measure. Its cost grows with the entries of the initiatives asked
for; none of it is read into memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, reduce
from operator import or_
from typing import Any

from django.db import models
from django.db.models import Case, Count, Exists, F, Max, OuterRef, Q, Sum, Value, When

from initiatives.funding.measures import USD, MeasureName
from initiatives.funding.models import Axis, BaseYear, Entry, EntryQuerySet, Place
from initiatives.funding.rollup import Reason, Rung
from initiatives.intervals import Interval

YEAR, FLOW = "year", "flow"  # what money stands under beside the axes that places are kept for
ARROW = ">"
YEAR_KEY = re.compile(r"[0-9]{4}")
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
RANK = {reason: n for n, reason in enumerate(Reason)}
COUNTED = len(RANK)
# A sum of cents may not fit the database's integers; the sums of both halves do.
HALF = 10**9


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


class Account:
    """The money of the initiatives among `keys`, a queryset of primary keys."""

    def __init__(self, keys: models.QuerySet, basis: Basis) -> None:
        self.keys = keys
        self.basis = basis

    @cached_property
    def entries(self) -> EntryQuerySet:
        """Every entry of these initiatives in the measure, whether it counts or not."""
        return Entry.objects.of(self.keys).filter(measure=self.basis.measure).order_by()

    def priced(self, axis: str = "") -> EntryQuerySet:
        """Entries with an amount on the rungs: what counts, and what wholes may have left."""
        chosen = self.entries.filter(rung__in=self.basis.rungs, low__isnull=False)
        chosen = chosen.filter(currency=self.basis.currency)
        return chosen.filter(_stands_on(axis)) if axis else chosen

    def counted(self, axis: str = "") -> EntryQuerySet:
        """The entries that count, those that stand somewhere on the axis."""
        return self.priced(axis).counted()

    def bars(self, axis: str) -> list[Bar]:
        """A bar for each value of the axis, rung, and whether it is shared; unordered."""
        entries, columns = _split(self.counted(axis), axis)
        groups = _groups(entries, ["rung", *columns])
        twice = self._twice_within_bars(axis, columns)
        return [_bar(axis, columns, key, sums, twice.get(key, 0)) for key, sums in groups.items()]

    def totals(self, axis: str = "") -> dict[str, Interval]:
        """The total of each rung that has any, over what stands somewhere on the axis.

        Each tree counts once: in the high, no more than its whole.
        """
        placed = self.priced(axis)
        twice: dict[tuple, int] = {}
        if self._bounded:
            parts = placed.filter(spread__gt=0, inside__in=placed.values("statement"))
            twice = _cents(parts, ["rung"], "spread")
        return {
            key[0]: _interval(sums, twice.get(key, 0))
            for key, sums in _groups(placed, ["rung"]).items()
            if sums["counting"]
        }

    def sizes(self) -> dict[str, tuple[int, int]]:
        """How many initiatives and how many statements count on each rung."""
        groups = _groups(self.counted(), ["rung"]).items()
        return {key[0]: (sums["records"], sums["statements"]) for key, sums in groups}

    def ledger(self, axis: str = "") -> Ledger:
        """What is counted on the axis and what is left out: two queries.

        An initiative with any counted statement is counted; each other stands under one reason,
        the last of its statements' in the order of `Reason`.
        """
        ranked = self.entries.annotate(rank=self._rank(axis))
        grouped = ranked.values_list("rank").annotate(n=Count("statement", distinct=True))
        statements: dict[int, int] = dict(grouped)
        # Each initiative once, under the last rank that it has.
        last = ranked.values("record").annotate(last=Max("rank"))
        reached = last.aggregate(
            **{f"rank{rank}": Count("record", filter=Q(last=rank)) for rank in statements}
        )
        records = {rank: reached[f"rank{rank}"] for rank in statements}
        silent = self.matched - sum(records.values())
        if silent:
            records[RANK[Reason.NO_MONEY]] = silent
        return Ledger(
            records.get(COUNTED, 0),
            statements.get(COUNTED, 0),
            [
                LeftOut(reason, records.get(rank, 0), statements.get(rank, 0))
                for reason, rank in RANK.items()
                if records.get(rank) or statements.get(rank)
            ],
        )

    def left_out(self, reason: str, axis: str = "") -> EntryQuerySet:
        """The entries that the ledger of the axis has under that reason."""
        return self.entries.annotate(rank=self._rank(axis)).filter(rank=RANK[Reason(reason)])

    def reasons(self, statements: Iterable[int]) -> dict[int, Reason]:
        """Why those of these statements are left out that are."""
        ranked = self.entries.filter(statement__in=list(statements)).annotate(rank=self._rank(""))
        found = ranked.exclude(rank=COUNTED).values_list("statement", "rank").distinct()
        names = list(Reason)
        return {statement: names[rank] for statement, rank in found}

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

    @cached_property
    def matched(self) -> int:
        """How many initiatives there are."""
        return self.keys.count()

    @cached_property
    def _bounded(self) -> bool:
        """Whether any part's high has something in common with what is left of its whole."""
        return self.priced().filter(spread__gt=0).exists()

    @cached_property
    def disputed(self) -> int:
        """How many wholes have parts that add up to more than they may be."""
        chosen = self.entries.filter(rung__in=self.basis.rungs, disputed=True)
        return chosen.filter(currency=self.basis.currency).count()

    def _twice_within_bars(self, axis: str, columns: list[str]) -> dict[tuple, int]:
        """By bar, what the highs of parts have in common with the rest of a whole in that bar."""
        if not self._bounded:
            return {}
        parts = self.counted(axis).filter(
            spread__gt=0, inside__in=self.counted(axis).values("statement")
        )
        if axis == YEAR:
            parts = parts.filter(
                inside__entries__measure=self.basis.measure, inside__entries__year=F("year")
            )
        elif axis == FLOW:
            for column in FLOW_COLUMNS:
                of_whole = column.replace("statement__", "inside__", 1)
                neither = Q(**{f"{column}__isnull": True, f"{of_whole}__isnull": True})
                parts = parts.filter(Q(**{of_whole: F(column)}) | neither)
        elif axis:
            parts = parts.filter(
                statement__places__axis=axis,
                inside__places__axis=axis,
                inside__places__value=F("statement__places__value"),
                inside__places__shared=F("statement__places__shared"),
            )
        return _cents(parts, ["rung", *columns], "spread")

    def _rank(self, axis: str) -> Case:
        """The reason of an entry as a number, its last when it counts."""

        def when(reason: Reason, **asked: Any) -> When:
            return When(**(asked or {"reason": reason}), then=Value(RANK[reason]))

        before_rung = (Reason.UNPUBLISHED, Reason.SUPERSEDED)
        before_currency = (Reason.OUT_OF_SCOPE, Reason.NO_AMOUNT)
        cases = [
            *(when(reason) for reason in before_rung),
            When(~Q(rung__in=self.basis.rungs), then=Value(RANK[Reason.OTHER_RUNG])),
            *(when(reason) for reason in before_currency),
            When(~Q(currency=self.basis.currency), then=Value(RANK[Reason.OTHER_CURRENCY])),
            *(when(r) for r in Reason if r not in (*before_rung, *before_currency)),
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


def _split(entries: EntryQuerySet, axis: str) -> tuple[Any, list[str]]:
    """The entries once for each of their places, and the columns that name the place."""
    if axis == YEAR:
        return entries, ["year"]
    if axis == FLOW:
        return entries, FLOW_COLUMNS
    columns = ["statement__places__value", "statement__places__shared"]
    return entries.filter(statement__places__axis=axis), columns


def _bar(axis: str, columns: list[str], key: tuple, sums: dict[str, Any], twice: int) -> Bar:
    rung, *place = key
    if axis == FLOW:
        name = f"{place[0] or place[1] or ''}{ARROW}{place[2] or place[3] or ''}"
    else:
        name = str(place[0])
    shared = bool(place[1]) if len(columns) == 2 else False
    return Bar(name, rung, shared, _interval(sums, twice), sums["records"], sums["statements"])


def _party_is(side: str, key: str) -> Q:
    """Statements of which that side is the country or organisation of this key, or nobody."""
    country, organisation = f"statement__{side}_country", f"statement__{side}_organisation"
    if not key:
        return Q(**{f"{country}__isnull": True, f"{organisation}__isnull": True})
    return Q(**{f"{country}__iso3": key}) | Q(**{f"{organisation}__slug": key})


def _halves(name: str) -> dict[str, Sum]:
    return {f"{name}_upper": Sum(F(name) / HALF), f"{name}_lower": Sum(F(name) % HALF)}


def _whole(sums: dict[str, Any], name: str) -> int:
    return (sums[f"{name}_upper"] or 0) * HALF + (sums[f"{name}_lower"] or 0)


def _groups(entries: Any, columns: list[str]) -> dict[tuple, dict[str, Any]]:
    """For each group of entries, the sums that make an interval and what they were made of."""
    rows = entries.values(*columns).annotate(
        **_halves("low"),
        **_halves("high"),
        open=Count("pk", filter=Q(high=None)),
        counting=Count("pk", filter=Q(reason="")),
        records=Count("record", distinct=True),
        statements=Count("statement", distinct=True),
    )
    return {tuple(row[column] for column in columns): row for row in rows}


def _cents(entries: Any, columns: list[str], name: str) -> dict[tuple, int]:
    rows = entries.values(*columns).annotate(**_halves(name))
    return {tuple(row[column] for column in columns): _whole(row, name) for row in rows}


def _interval(sums: dict[str, Any], twice: int) -> Interval:
    high = None if sums["open"] else Decimal(_whole(sums, "high") - twice) / 100
    return Interval(Decimal(_whole(sums, "low")) / 100, high)
