"""The roll-up over stored rows: what the money of some initiatives counts for, and its ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db import models

from initiatives.funding.models import Funding
from initiatives.funding.rollup import Count, Money, Reason, roll_up
from initiatives.intervals import Interval, total


@dataclass(frozen=True, slots=True)
class Counted:
    """A statement that counts, and for what."""

    funding: Funding
    count: Count


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One line of a ledger: how many initiatives and statements were left out, and why."""

    reason: Reason
    records: int
    statements: int


@dataclass(slots=True)
class Tally:
    """The money of some initiatives in one currency and on one rung.

    Every current statement of those initiatives is either in `counted` or in `left_out`.
    """

    currency: str
    rung: str
    records: set[int]
    counted: list[Counted] = field(default_factory=list)
    left_out: list[tuple[Funding, Reason]] = field(default_factory=list)
    total: Interval = field(default_factory=lambda: total([]))
    disputed: list[Funding] = field(default_factory=list)

    @property
    def statements(self) -> int:
        """How many statements there are, counted or not."""
        return len(self.counted) + len(self.left_out)

    def ledger(self, also: Iterable[tuple[Funding, Reason]] = ()) -> list[LeftOut]:
        """What is left out, by reason; `also` names counted statements a chart cannot place.

        An initiative with any counted statement is counted; each other stands under one reason,
        the last of its statements' in the order of `Reason`.
        """
        unplaced = {funding.pk: reason for funding, reason in also}
        left_out = self.left_out + [
            (counted.funding, unplaced[counted.funding.pk])
            for counted in self.counted
            if counted.funding.pk in unplaced
        ]
        by_record = dict.fromkeys(self.records, Reason.NO_MONEY)
        rank = list(Reason).index
        statements: dict[Reason, int] = defaultdict(int)
        for funding, reason in left_out:
            statements[reason] += 1
            by_record[funding.record_id] = max(by_record[funding.record_id], reason, key=rank)
        for record in self.counted_records(unplaced):
            del by_record[record]
        records = list(by_record.values())
        return [
            LeftOut(reason, records.count(reason), statements[reason])
            for reason in Reason
            if reason in records or statements[reason]
        ]

    def counted_records(self, unplaced: Iterable[int] = ()) -> set[int]:
        """Initiatives with a counted statement other than those `unplaced`."""
        skip = set(unplaced)
        return {c.funding.record_id for c in self.counted if c.funding.pk not in skip}


def as_money(funding: Funding, siblings: Mapping[int, Funding]) -> Money:
    """The row as the plain value that the rules take; `siblings` are the initiative's by number."""
    return Money(
        key=funding.pk,
        amount=funding.interval,
        currency=funding.currency,
        rung=funding.rung,
        period=funding.period,
        recurs=funding.recurs,
        restates=_standing(funding.restates, siblings),
        part_of=_standing(funding.part_of, siblings),
        out_of_scope=bool(funding.out_of_scope),
    )


def _standing(pointed_at: Funding | None, siblings: Mapping[int, Funding]) -> int | None:
    """What a pointer to another row means now: that row or, once it is retired, its successor."""
    if pointed_at is None:
        return None
    if pointed_at.pk in siblings:
        return pointed_at.pk
    return next((pk for pk, other in siblings.items() if other.key == pointed_at.key), None)


def tally(records: models.QuerySet, currency: str, rung: str) -> Tally:
    """The tally of the initiatives of a queryset of primary keys: two queries.

    It reads every money statement of those initiatives into memory.
    """
    found = Tally(currency, rung, set(records.values_list("pk", flat=True)))
    rows: dict[int, list[Funding]] = defaultdict(list)
    statements = (
        Funding.objects.current()
        .filter(record__in=records)
        .select_related("record", "sector", "restates", "part_of")
        .order_by("record", "pk")
    )
    for funding in statements:
        rows[funding.record_id].append(funding)
    totals = []
    for siblings in rows.values():
        by_key = {funding.pk: funding for funding in siblings}
        result = roll_up([as_money(f, by_key) for f in siblings], currency, rung)
        totals.append(result.total)
        for key, funding in by_key.items():
            if key in result.counted:
                found.counted.append(Counted(funding, result.counted[key]))
            else:
                found.left_out.append((funding, result.left_out[key]))
        found.disputed += [row for key, row in by_key.items() if key in result.disputed]
    found.total = total(totals)
    return found
