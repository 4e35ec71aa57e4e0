"""What each statement about money counts for, or why it does not count. Pure rules.

Three things are never done: two currencies are never added, two rungs are never added, and the
same money is never counted twice. What does not count is left out under one reason, so that
counted + left out = all statements.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from initiatives.intervals import Interval, total
from partners.dates import PartialDate


class Rung(models.TextChoices):
    """How far the money has come, each rung a statement of its own."""

    ANNOUNCED = "announced", _("announced")
    SIGNED = "signed", _("signed")
    COMMITTED = "committed", _("committed")
    ALLOCATED = "allocated", _("allocated")
    DISBURSED = "disbursed", _("disbursed")
    CANCELLED = "cancelled", _("cancelled")


class Recurs(models.TextChoices):
    """Whether the amount is for the whole period or for each year of it."""

    ONCE = "once", _("once")
    ANNUALLY = "annually", _("every year")


class Reason(models.TextChoices):
    """Why a statement, or an initiative, is left out of a total."""

    NO_MONEY = "no-money", _("no money stated")
    OTHER_RUNG = "other-rung", _("on another rung")
    OUT_OF_SCOPE = "out-of-scope", _("whole programme or context, not money of the initiative")
    NO_AMOUNT = "no-amount", _("no amount")
    RESTATED = "restated", _("the same money, stated again")
    OTHER_CURRENCY = "other-currency", _("in another currency, not converted")
    UNBOUNDED_YEARS = "unbounded-years", _("a yearly amount for an unknown number of years")
    IN_PARTS = "in-parts", _("counted through its parts")
    NO_YEAR = "no-year", _("no single year")
    NO_BLOC = "no-bloc", _("under no bloc")
    NO_SECTOR = "no-sector", _("in no sector")
    NO_COUNTRY = "no-country", _("with no country taking part")


@dataclass(frozen=True, slots=True)
class Money:
    """One statement about money as plain values. `key` is any name unique among its siblings."""

    key: Hashable
    amount: Interval | None
    currency: str
    rung: str
    period: PartialDate | None = None
    recurs: str = Recurs.ONCE
    restates: Hashable | None = None
    part_of: Hashable | None = None
    out_of_scope: bool = False

    @property
    def years(self) -> list[int]:
        """The calendar years over which a yearly amount is spread; [] if that is not known."""
        if not self.period or not self.period.earliest or not self.period.latest:
            return []
        return list(range(self.period.earliest.year, self.period.latest.year + 1))


@dataclass(frozen=True, slots=True)
class Count:
    """What one statement adds: its whole interval, and what of it falls in which single year."""

    amount: Interval
    by_year: Mapping[int, Interval]


@dataclass(slots=True)
class RollUp:
    """What counts of one initiative, statement by statement, and what is left out and why.

    `total` is the interval of all that counts, each tree of parts once; `disputed` are the keys of
    wholes whose parts add up to more than the whole may be.
    """

    counted: dict[Hashable, Count] = field(default_factory=dict)
    left_out: dict[Hashable, Reason] = field(default_factory=dict)
    total: Interval = field(default_factory=lambda: total([]))
    disputed: set[Hashable] = field(default_factory=set)


def roll_up(statements: Iterable[Money], currency: str, rung: str) -> RollUp:
    """What the statements of one initiative count for, in one currency and on one rung.

    Of money that is stated in several currencies, the statement in `currency` counts. A whole
    counts `max(own low, sum of the parts' lows)`: each part by itself, the whole with what is left
    of it. ValueError if parts or restatements form a circle.
    """
    by_key = {money.key: money for money in statements}
    result = RollUp()
    candidates: dict[Hashable, Money] = {}
    for group in _restatement_groups(by_key):
        chosen = _spokesman(group, currency)
        for money in group:
            reason = _why_not(money, currency, rung)
            if (reason is None and money is not chosen) or (
                reason is Reason.OTHER_CURRENCY and money is not chosen
            ):
                reason = Reason.RESTATED
            if reason:
                result.left_out[money.key] = reason
            else:
                candidates[money.key] = money
    _count_trees(candidates, by_key, result)
    return result


def _why_not(money: Money, currency: str, rung: str) -> Reason | None:
    """Why the statement by itself does not count; None if it does."""
    if money.rung != rung:
        return Reason.OTHER_RUNG
    if money.out_of_scope:
        return Reason.OUT_OF_SCOPE
    if money.amount is None:
        return Reason.NO_AMOUNT
    if money.currency != currency:
        return Reason.OTHER_CURRENCY
    if money.recurs == Recurs.ANNUALLY and not money.years:
        return Reason.UNBOUNDED_YEARS
    return None


def _root(money: Money, by_key: Mapping[Hashable, Money], relation: str) -> Money:
    """Where a chain of `restates` or `part_of` ends."""
    seen = {money.key}
    while (above := getattr(money, relation)) is not None and above in by_key:
        if above in seen:
            raise ValueError(f"{relation}: “{above}” leads back to itself")
        seen.add(above)
        money = by_key[above]
    return money


def _restatement_groups(by_key: Mapping[Hashable, Money]) -> list[list[Money]]:
    """The statements, those of the same money together, the original first."""
    groups: dict[Hashable, list[Money]] = {}
    for money in by_key.values():
        root = _root(money, by_key, "restates")
        group = groups.setdefault(root.key, [root])
        if money is not root:
            group.append(money)
    return list(groups.values())


def _spokesman(group: list[Money], currency: str) -> Money:
    """Which of several statements of the same money counts: the first in `currency`."""
    return next((m for m in group if m.currency == currency and m.amount), group[0])


def _count_trees(
    candidates: Mapping[Hashable, Money], by_key: Mapping[Hashable, Money], result: RollUp
) -> None:
    """Count each tree of parts once, from its top down."""
    parts: dict[Hashable, list[Money]] = {}
    tops: list[Money] = []
    for money in candidates.values():
        _root(money, by_key, "part_of")  # a circle is an error, not an endless loop
        whole = _whole_of(money, candidates, by_key)
        if whole is None:
            tops.append(money)
        else:
            parts.setdefault(whole, []).append(money)
    result.total = total([_count(top, parts, result) for top in tops])


def _whole_of(
    money: Money, candidates: Mapping[Hashable, Money], by_key: Mapping[Hashable, Money]
) -> Hashable | None:
    """The nearest counted whole that the statement is part of, itself or through a restatement."""
    original = _root(money, by_key, "restates")
    above = money.part_of if money.part_of is not None else original.part_of
    while above is not None and above in by_key:
        if above in candidates:
            return above
        spoken_for = [
            other.key
            for other in candidates.values()
            if _root(other, by_key, "restates").key == _root(by_key[above], by_key, "restates").key
        ]
        if spoken_for and spoken_for[0] != money.key:
            return spoken_for[0]
        above = by_key[above].part_of
    return None


def _count(money: Money, parts: Mapping[Hashable, list[Money]], result: RollUp) -> Interval:
    """Count a statement and its parts; the interval of the tree."""
    own = _whole_amount(money)
    below = parts.get(money.key, [])
    if not below:
        result.counted[money.key] = Count(own, _by_year(money, own))
        return own
    inside = total([_count(part, parts, result) for part in below])
    rest = own.low - inside.low
    if own.high is not None and inside.low > own.high:
        result.disputed.add(money.key)
    if rest > 0:
        left = Interval(rest, None if own.high is None else own.high - inside.low)
        result.counted[money.key] = Count(left, _by_year_of_rest(money, left))
    else:
        result.left_out[money.key] = Reason.IN_PARTS
    low = max(own.low, inside.low)
    return Interval(low, None if own.high is None else max(own.high, low))


def _whole_amount(money: Money) -> Interval:
    """The amount over the whole period: a yearly amount times its years."""
    assert money.amount is not None
    return money.amount.times(len(money.years)) if money.recurs == Recurs.ANNUALLY else money.amount


def _by_year(money: Money, amount: Interval) -> dict[int, Interval]:
    """The single years that the amount falls in; {} where that is not known."""
    if money.recurs == Recurs.ANNUALLY and money.amount is not None:
        return dict.fromkeys(money.years, money.amount)
    return _by_year_of_rest(money, amount)


def _by_year_of_rest(money: Money, amount: Interval) -> dict[int, Interval]:
    year = money.period.year if money.period else None
    return {} if year is None else {year: amount}


__all__ = ["Count", "Decimal", "Money", "Reason", "Recurs", "RollUp", "Rung", "roll_up"]
