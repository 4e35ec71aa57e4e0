"""What each statement about money counts for, or why it does not count. Pure rules.

Three things are never done: two currencies are never added, two rungs are never added, and the
same money is never counted twice. What does not count is left out under one reason, so that
counted + left out = all statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

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


Key = Any  # of one sortable type within an initiative


@dataclass(frozen=True, slots=True)
class Money:
    """One statement about money as plain values. `key` is unique among its siblings, and sorts."""

    key: Key
    amount: Interval | None
    currency: str
    rung: str
    period: PartialDate | None = None
    recurs: str = Recurs.ONCE
    restates: Key | None = None
    part_of: Key | None = None
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

    counted: dict[Key, Count] = field(default_factory=dict)
    left_out: dict[Key, Reason] = field(default_factory=dict)
    total: Interval = field(default_factory=lambda: total([]))
    disputed: set[Key] = field(default_factory=set)


def roll_up(statements: Iterable[Money], currency: str, rung: str) -> RollUp:
    """What the statements of one initiative count for, in one currency and on one rung.

    Of the same money stated several times the original counts, or else the first restatement that
    can. A whole counts `max(own low, sum of the parts' lows)`: each part by itself, the whole with
    what is left of it; it is a whole of its parts in whatever currency either is restated.
    ValueError if parts or restatements form a circle.
    """
    by_key = {money.key: money for money in statements}
    original = {key: _original(money, by_key) for key, money in by_key.items()}
    result = RollUp()
    speakers: dict[Key, Money] = {}
    wholes: dict[Key, list[Key]] = {}
    for first, group in _same_money(by_key, original).items():
        speaker = _hear(group, currency, rung, result)
        if speaker:
            speakers[first] = speaker
        wholes[first] = [original[m.part_of] for m in group if m.part_of in original]
    _count_trees(speakers, wholes, result)
    return result


def _original(money: Money, by_key: Mapping[Key, Money]) -> Key:
    """The key of the statement that the chain of `restates` begins with."""
    seen = {money.key}
    while money.restates in by_key:
        if money.restates in seen:
            raise ValueError(f"restates: “{money.restates}” leads back to itself")
        seen.add(money.restates)
        money = by_key[money.restates]
    return money.key


def _same_money(by_key: Mapping[Key, Money], original: Mapping[Key, Key]) -> dict[Key, list[Money]]:
    """The statements by their original: it first, then its restatements in the order of keys."""
    groups: dict[Key, list[Money]] = {key: [by_key[key]] for key in by_key if original[key] == key}
    for key in sorted(by_key):
        if original[key] != key:
            groups[original[key]].append(by_key[key])
    return groups


def _hear(group: list[Money], currency: str, rung: str, result: RollUp) -> Money | None:
    """Which of several statements of the same money counts, if any; the others are left out."""
    reasons = {m.key: _why_not(m, group[0], currency, rung) for m in group}
    # If none can count, one of them says why, and the others only say it again.
    speaker = next(
        (m for why in (None, Reason.OTHER_CURRENCY) for m in group if reasons[m.key] is why), None
    )
    for money in group:
        reason = reasons[money.key]
        if money is not speaker and reason in (None, Reason.OTHER_CURRENCY):
            reason = Reason.RESTATED
        if reason:
            result.left_out[money.key] = reason
    return speaker if speaker and reasons[speaker.key] is None else None


def _why_not(money: Money, original: Money, currency: str, rung: str) -> Reason | None:
    """Why the statement by itself does not count; None if it does."""
    if money.rung != rung:
        return Reason.OTHER_RUNG
    if money.out_of_scope or original.out_of_scope:
        return Reason.OUT_OF_SCOPE
    if money.amount is None:
        return Reason.NO_AMOUNT
    if money.currency != currency:
        return Reason.OTHER_CURRENCY
    if money.recurs == Recurs.ANNUALLY and not money.years:
        return Reason.UNBOUNDED_YEARS
    return None


def _count_trees(
    speakers: Mapping[Key, Money], wholes: Mapping[Key, list[Key]], result: RollUp
) -> None:
    """Count each tree of parts once, parts before their wholes."""
    try:
        ordered = list(TopologicalSorter(wholes).static_order())  # wholes before their parts
    except CycleError as error:
        raise ValueError(f"part_of: “{error.args[1][0]}” leads back to itself") from None
    counted_whole: dict[Key, Key] = {}  # the nearest above that counts
    for key in ordered:
        for whole in wholes[key]:
            above = whole if whole in speakers else counted_whole.get(whole)
            if above is not None:
                counted_whole.setdefault(key, above)
    inside: dict[Key, list[Interval]] = {key: [] for key in speakers}
    tops: list[Interval] = []
    for key in reversed(ordered):
        if key in speakers:
            siblings = inside[counted_whole[key]] if key in counted_whole else tops
            siblings.append(_count(speakers[key], inside[key], result))
    result.total = total(tops)


def _count(money: Money, parts: list[Interval], result: RollUp) -> Interval:
    """Count a statement whose parts are counted; the interval of the tree."""
    own = _whole_amount(money)
    if not parts:
        result.counted[money.key] = Count(own, _by_year(money, own))
        return own
    inside = total(parts)
    rest = own.low - inside.low
    if rest > 0:
        left = Interval(rest, None if own.high is None else own.high - inside.low)
        result.counted[money.key] = Count(left, _by_year_of_rest(money, left))
    else:
        result.left_out[money.key] = Reason.IN_PARTS
    if own.high is not None and inside.low > own.high:
        result.disputed.add(money.key)
        return inside
    return Interval(max(own.low, inside.low), own.high)


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


__all__ = ["Count", "Money", "Reason", "Recurs", "RollUp", "Rung", "roll_up"]
