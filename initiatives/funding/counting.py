"""The verb `recount`: what the statements of some initiatives count for, written to the ledger.

Whoever writes a statement about money, or what decides where it stands (the state of its
initiative, its sectors, blocs and partners), recounts that initiative in the same transaction.
Trees of parts may reach over several initiatives: they are always counted as a whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction

from initiatives.funding.forest import (
    Row,
    by_grove,
    forest,
    groves,
    grown_together,
    links,
    rows_of,
    successors,
)
from initiatives.funding.measures import USD, MeasureName, constant_usd, nominal_usd, stated_in
from initiatives.funding.models import BaseYear, Entry, Funding, Place
from initiatives.funding.places import Spot, Surroundings
from initiatives.funding.plain_rows import insert
from initiatives.funding.reference import StoredPrices
from initiatives.funding.rollup import Measure, Money, Reason, RollUp, Share, roll_up

CHUNK = 1_000  # initiatives


@transaction.atomic
def recount(records: Iterable[int]) -> None:
    """Count the money of the initiatives anew, with all that hangs together with it.

    A handful of queries, and one more for each initiative that a tree leads on to.
    """
    together = grown_together(records)
    prices = StoredPrices(BaseYear.current())
    _write(together, prices)


@transaction.atomic
def recount_all(progress: Callable[[int], Any] = lambda count: None) -> None:
    """Count everything anew, in US dollars of the base year of the settings.

    In chunks of initiatives, so that memory does not grow with the data; all or nothing.
    `progress` is told how many initiatives were counted since it was last told.
    """
    BaseYear.objects.update_or_create(pk=1, defaults={"year": settings.CONSTANT_USD_YEAR})
    prices = StoredPrices(settings.CONSTANT_USD_YEAR)
    for chunk in _chunks():
        _write(chunk, prices)
        progress(len(chunk))


def miscounted() -> Iterator[tuple[int, str]]:
    """Statements whose ledger or places are not what counting gives now: number, what differs."""
    prices = StoredPrices(BaseYear.current())
    for chunk in _chunks():
        lines, spots = _count(chunk, prices)
        compared: tuple[tuple[str, Any, set[Any], tuple[str, ...]], ...] = (
            ("ledger", Entry, set(lines), Line._fields),
            ("places", Place, set(spots), Spot._fields),
        )
        for what, model, wanted, columns in compared:
            stored = model.objects.filter(statement__record__in=chunk)
            there = set(stored.values_list(*columns))
            for statement in sorted({row[0] for row in there ^ wanted}):
                yield statement, what


class Line(NamedTuple):
    """An entry of the ledger as a plain row: objects would take longer than the counting."""

    statement_id: int
    record_id: int
    measure: str
    currency: str
    rung: str
    year: int | None = None
    low: int | None = None
    high: int | None = None
    spread: int = 0
    inside_id: int | None = None
    reason: str = ""
    disputed: bool = False
    rate_id: int | None = None


def _chunks() -> Iterator[set[int]]:
    """All initiatives with money, those that hang together never apart."""
    across = groves(links().iterator())
    done: set[int] = set()
    having = Funding.objects.order_by("record").values_list("record", flat=True).distinct()
    numbers = having.iterator(chunk_size=CHUNK)
    while chunk := set(islice(numbers, CHUNK)):
        for record in chunk & across.keys():
            chunk |= across[record]
        chunk -= done
        done |= chunk & across.keys()
        if chunk:
            yield chunk


def _write(records: set[int], prices: StoredPrices) -> None:
    lines, spots = _count(records, prices)
    _replace(Entry.objects.filter(record__in=records), Line, lines)
    _replace(Place.objects.filter(statement__record__in=records), Spot, spots)


def _replace(stored: Any, row: Any, counted: list[Any]) -> None:
    """Bring the stored rows to what was counted; a row that stays is not written again."""
    there = {values[1:]: values[0] for values in stored.values_list("pk", *row._fields)}
    wanted = set(counted)
    gone = [number for values, number in there.items() if values not in wanted]
    for start in range(0, len(gone), CHUNK):
        stored.model.objects.filter(pk__in=gone[start : start + CHUNK]).delete()
    insert(stored.model, row._fields, [values for values in counted if values not in there])


def _count(records: set[int], prices: StoredPrices) -> tuple[list[Line], list[Spot]]:
    """The ledger and the places of the statements of some initiatives, not stored."""
    rows = rows_of(records)
    prices.fetch({row.currency for row in rows})
    around = Surroundings(records)
    lines = [line for grove in by_grove(rows) for line in _lines(grove, prices)]
    standing = (row for row in rows if row.published and row.retired_at is None)
    return lines, [spot for row in standing for spot in around.places(row)]


def _lines(rows: list[Row], prices: StoredPrices) -> Iterator[Line]:
    """The ledger of one grove: for each statement and measure, what counts or why it does not."""
    superseded = successors(rows)
    trees = forest(rows)
    counted = {name: _roll_up(trees, name, prices) for name in MeasureName.values}
    for row in rows:
        if row.retired_at is not None and row.pk not in superseded:
            continue
        for name, found in counted.items():
            currency = row.currency if name == MeasureName.STATED else USD
            line = Line(row.pk, row.record, name, currency, row.rung)
            if not row.published:
                yield line._replace(reason=Reason.UNPUBLISHED.value)
            elif row.retired_at is not None:
                yield line._replace(reason=Reason.SUPERSEDED.value)
            else:
                yield from _of_statement(line, found[row.rung, row.currency], row, prices)


def _of_statement(line: Line, found: RollUp, row: Row, prices: StoredPrices) -> Iterator[Line]:
    key = line.statement_id
    line = line._replace(disputed=key in found.disputed)
    converted = line.measure != MeasureName.STATED and row.currency != USD
    if key in found.counted:
        for share in found.counted[key]:
            rate = prices.number_of(row.currency, share.year) if converted else None
            yield line._replace(rate_id=rate, **_amounts(share))
    elif key in found.left_open:
        share = found.left_open[key]
        yield line._replace(reason=found.left_out[key].value, **_amounts(share))
    else:
        yield line._replace(reason=found.left_out[key].value)


def _amounts(share: Share) -> dict[str, Any]:
    """Whole cents."""
    high = share.amount.high
    return {
        "year": share.year,
        "low": int(share.amount.low * 100),
        "high": None if high is None else int(high * 100),
        "spread": int(share.spread * 100),
        "inside_id": share.inside,
    }


def _roll_up(trees: list[Money], name: str, prices: StoredPrices) -> dict[tuple[str, str], RollUp]:
    """For each rung and currency that is stated, the roll-up that says what such money counts for."""
    found: dict[tuple[str, str], RollUp] = {}
    by_rung: dict[str, set[str]] = defaultdict(set)
    for money in trees:
        by_rung[money.rung].add(money.currency)
    for rung, currencies in by_rung.items():
        if name == MeasureName.STATED:
            for currency in currencies:
                found[rung, currency] = roll_up(trees, stated_in(currency), rung)
        else:
            once = roll_up(trees, MEASURES[name](prices.prices), rung)
            found |= {(rung, currency): once for currency in currencies}
    return found


MEASURES: dict[str, Callable[[Any], Measure]] = {
    MeasureName.NOMINAL: nominal_usd,
    MeasureName.CONSTANT: constant_usd,
}
