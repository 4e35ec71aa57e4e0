"""The stored statements about money as plain values: what stands, and which trees hang together."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from django.db.models import F, Q, QuerySet

from initiatives.funding.models import Funding
from initiatives.funding.rollup import Money
from initiatives.intervals import Interval
from initiatives.models import Record
from partners.dates import PartialDate


class Row(NamedTuple):
    """The columns of a statement that decide what it counts for, named as in the database."""

    pk: int
    record: int
    state: str
    key: str
    low: Decimal | None
    high: Decimal | None
    currency: str
    rung: str
    period: str | PartialDate | None
    period_earliest: dt.date | None
    period_latest: dt.date | None
    recurs: str
    restates: int | None
    part_of: int | None
    supersedes: int | None
    out_of_scope: str
    retired_at: dt.datetime | None
    instruments: list[str]
    sector: str | None
    provider_country: str | None
    provider_organisation: str | None
    recipient_country: str | None
    recipient_organisation: str | None
    recipient_seat: str | None
    chosen_because: str

    @property
    def published(self) -> bool:
        """Whether anyone may read it."""
        return self.state == Record.State.PUBLISHED


COLUMNS = (
    *("pk", "record", "record__state", "key", "low", "high", "currency", "rung", "period"),
    *("period_earliest", "period_latest", "recurs", "restates", "part_of", "supersedes"),
    *("out_of_scope", "retired_at", "instruments", "sector__slug", "provider_country__iso3"),
    *("provider_organisation__slug", "recipient_country__iso3", "recipient_organisation__slug"),
    *("recipient_organisation__country__iso3", "chosen_because"),
)


def rows_of(records: Iterable[int]) -> list[Row]:
    """Every statement about money of the initiatives, also those that no longer hold."""
    found = Funding.objects.filter(record__in=list(records)).order_by("record", "pk")
    return [Row(*values) for values in found.values_list(*COLUMNS)]


def successors(rows: Iterable[Row]) -> dict[int, int]:
    """For each statement that was superseded, however often, the one that stands now."""
    rows = list(rows)
    standing = {row.pk for row in rows if row.retired_at is None}
    after = {row.supersedes: row.pk for row in rows if row.supersedes is not None}
    found = {}
    for row in rows:
        now, steps = row.pk, 0
        while now not in standing and now in after and steps < len(after):
            now, steps = after[now], steps + 1
        if now in standing and row.pk not in standing:
            found[row.pk] = now
    return found


def forest(rows: list[Row]) -> list[Money]:
    """The published statements that stand, as the rules take them.

    What they point at is what stands now: the successor of a statement that was superseded, or
    another of its initiative with its key. Of several that contradict each other the one that was
    chosen speaks, else the first, and the others restate it: the money is the same.
    """
    standing = [row for row in rows if row.retired_at is None and row.published]
    by_key = {(row.record, row.key): row.pk for row in standing}
    now = {row.pk: by_key.get((row.record, row.key)) for row in rows}
    now |= successors(rows) | {row.pk: row.pk for row in standing}
    rivals = _rivals(standing)
    now = {key: rivals.get(to, to) if to else None for key, to in now.items()}
    by_number = {row.pk: row for row in rows}
    return [_as_money(row, now, by_number, rivals.get(row.pk)) for row in standing]


def _rivals(standing: Iterable[Row]) -> dict[int, int]:
    """For each statement that contradicts one which speaks for the same money, that one."""
    said: dict[tuple[int, str, str], list[Row]] = defaultdict(list)
    for row in standing:
        said[row.record, row.key, row.rung].append(row)
    found: dict[int, int] = {}
    for rows in said.values():
        speaker = min(rows, key=lambda row: (not row.chosen_because, row.pk))
        found |= {row.pk: speaker.pk for row in rows if row is not speaker}
    return found


def _as_money(
    row: Row, now: Mapping[int, int | None], rows: Mapping[int, Row], speaker: int | None
) -> Money:
    restates = speaker or (now.get(row.restates) if row.restates else None)
    period = row.period
    if isinstance(period, str):
        period = PartialDate(period, row.period_earliest, row.period_latest)
    return Money(
        key=row.pk,
        amount=None if row.low is None else Interval(row.low, row.high),
        currency=row.currency,
        rung=row.rung,
        period=period or None,
        recurs=row.recurs,
        restates=None if restates == row.pk else restates,
        part_of=now.get(row.part_of) if row.part_of else None,
        out_of_scope=bool(row.out_of_scope),
        outdated=_outdated(row, now, rows),
    )


def _outdated(row: Row, now: Mapping[int, int | None], rows: Mapping[int, Row]) -> bool:
    """Whether what the row restates stands no more, and what stands for it is another amount."""
    if row.restates is None or row.restates not in rows:
        return False
    current = now.get(row.restates)
    if current is None or current == row.restates:
        return False
    old, new = rows[row.restates], rows[current]
    said = ("low", "high", "currency", "recurs", "period_earliest", "period_latest")
    return any(getattr(old, name) != getattr(new, name) for name in said)


# Trees over several initiatives.


def links(among: Q | None = None) -> QuerySet:
    """Pairs of initiatives, of which the first has money that is part of money of the second.

    Also if it no longer holds: what was a part yesterday has left its mark on the whole.
    """
    pointing = Funding.objects.exclude(part_of=None)
    across = pointing.exclude(part_of__record=F("record")).order_by()
    chosen = across.filter(among) if among is not None else across
    return chosen.values_list("record", "part_of__record").distinct()


def grown_together(records: Iterable[int]) -> set[int]:
    """The initiatives and all whose money hangs together with theirs; a query for each step."""
    found: set[int] = set()
    todo = set(records)
    while todo:
        found |= todo
        pairs = links(Q(record__in=todo) | Q(part_of__record__in=todo))
        todo = {record for pair in pairs for record in pair} - found
    return found


def groves(pairs: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    """For each initiative in the pairs, all that hang together with it."""
    found: dict[int, set[int]] = {}
    for first, second in pairs:
        together = found.get(first, {first}) | found.get(second, {second})
        for record in together:
            found[record] = together
    return found


def by_grove(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows, those of initiatives that hang together in one list."""
    rows = list(rows)
    home = {row.pk: row.record for row in rows}
    across = [
        (row.record, home[row.part_of])
        for row in rows
        if row.part_of in home and home[row.part_of] != row.record
    ]
    together = groves(across)
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[min(together.get(row.record, {row.record}))].append(row)
    yield from found.values()
