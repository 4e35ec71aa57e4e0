"""What each statement about money counts for, or why it does not count. Pure rules.

Three things are never done: two currencies are never added, two rungs are never added, and the
same money is never counted twice. What does not count is left out under one reason, so that
counted + left out = all statements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
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
    """Why a statement, or an initiative, is left out of a total.

    In this order: an initiative with nothing counted stands under the last that it has.
    """

    NO_MONEY = "no-money", _("no money stated")
    UNPUBLISHED = "unpublished", _("not published")
    SUPERSEDED = "superseded", _("corrected by a later statement")
    OTHER_RUNG = "other-rung", _("on another rung")
    OUT_OF_SCOPE = "out-of-scope", _("whole programme or context, not money of the initiative")
    NO_AMOUNT = "no-amount", _("no amount")
    RESTATED = "restated", _("the same money, stated again")
    OTHER_CURRENCY = "other-currency", _("stated in another currency")
    NO_RATE = "no-rate", _("not converted: no rate or deflator for its year")
    UNDATED = "undated", _("not converted: no single year")
    TOO_LARGE = "too-large", _("more than Accord can count")
    UNBOUNDED_YEARS = "unbounded-years", _("a yearly amount for an unknown number of years")
    IN_PARTS = "in-parts", _("counted through its parts")
    NO_YEAR = "no-year", _("no single year")
    NO_BLOC = "no-bloc", _("under no bloc")
    NO_SECTOR = "no-sector", _("in no sector")
    NO_COUNTRY = "no-country", _("with no country taking part")
    NO_INSTRUMENT = "no-instrument", _("no instrument stated")
    NO_PROVIDER = "no-provider", _("no provider stated")
    NO_RECIPIENT = "no-recipient", _("no recipient stated")
    NO_PARTY = "no-party", _("neither provider nor recipient stated")


# Why a statement may be silent although another statement of the same money might speak for it.
NOT_IN_THIS_MEASURE = (Reason.OTHER_CURRENCY, Reason.NO_RATE, Reason.UNDATED, Reason.TOO_LARGE)

Key = Any  # of one sortable type within a forest


@dataclass(frozen=True, slots=True)
class Money:
    """One statement about money as plain values. `key` is unique in its forest, and sorts."""

    key: Key
    amount: Interval | None
    currency: str
    rung: str
    period: PartialDate | None = None
    recurs: str = Recurs.ONCE
    restates: Key | None = None
    part_of: Key | None = None
    out_of_scope: bool = False
    outdated: bool = False  # what it restates has been corrected since to another amount

    @property
    def years(self) -> list[int]:
        """The years of a yearly amount, one for each year begun; [] if that is not known.

        "June 2018 to May 2021" is three years of money: of 2018, 2019 and 2020.
        """
        if not self.period or not self.period.earliest or not self.period.latest:
            return []
        first, last = self.period.earliest, self.period.latest
        months = (last.year - first.year) * 12 + last.month - first.month + 1
        return list(range(first.year, first.year + -(-months // 12)))

    def instalments(self) -> list[Instalment] | Reason:
        """The stated amount by year, in its own currency; or why there is none."""
        if self.amount is None:
            return Reason.NO_AMOUNT
        if self.recurs == Recurs.ANNUALLY:
            return [(year, self.amount) for year in self.years] or Reason.UNBOUNDED_YEARS
        return [(self.period.year if self.period else None, self.amount)]


Instalment = tuple[int | None, Interval]
# What a statement is worth in the unit that is counted, by year; or why it is worth nothing there.
Measure = Callable[[Money], list[Instalment] | Reason]


@dataclass(frozen=True, slots=True)
class Share:
    """What a statement adds in one year (None: no single year).

    `amount` is true by itself. Beside the whole named in `inside`, `spread` of its high is already
    in what that whole has left, and is to be taken off: see `add`.
    """

    year: int | None
    amount: Interval
    spread: Decimal = Decimal(0)
    inside: Key | None = None


@dataclass(slots=True)
class RollUp:
    """What counts of a forest, statement by statement, and what is left out and why.

    `left_open` are the wholes of which nothing is surely left beside their parts, with what might
    be: they are left out, and matter to the high of a total alone. `disputed` are the keys of
    wholes whose parts add up to more than the whole may be.
    """

    counted: dict[Key, list[Share]] = field(default_factory=dict)
    left_out: dict[Key, Reason] = field(default_factory=dict)
    left_open: dict[Key, Share] = field(default_factory=dict)
    disputed: set[Key] = field(default_factory=set)

    @property
    def total(self) -> Interval:
        """The interval of all that counts, each tree of parts once."""
        open_rests = [(key, share) for key, share in self.left_open.items()]
        return add([*((k, s) for k, shares in self.counted.items() for s in shares), *open_rests])


def add(shares: Iterable[tuple[Key, Share]]) -> Interval:
    """The sum of some statements' shares; [0, 0] of none.

    A part and the rest of its whole cannot both be at their highest, so beside its whole a part
    adds no more than its low to the high.
    """
    shares = list(shares)
    there = {key for key, _share in shares}
    whole = total(share.amount for _key, share in shares)
    if whole.high is None:
        return whole
    twice = sum((share.spread for _key, share in shares if share.inside in there), Decimal(0))
    return Interval(whole.low, whole.high - twice)


def roll_up(statements: Iterable[Money], measure: Measure, rung: str) -> RollUp:
    """What the statements of a forest count for, in one measure and on one rung.

    Of the same money stated several times the original counts, or else the first restatement that
    can. A whole counts `max(own low, sum of the parts' lows)`: each part by itself, the whole with
    what is left of it; it is a whole of its parts in whatever currency either is restated.
    ValueError if parts or restatements form a circle.
    """
    by_key = {money.key: money for money in statements}
    original = {key: _original(money, by_key) for key, money in by_key.items()}
    result = RollUp()
    speakers: dict[Key, Speaker] = {}
    wholes: dict[Key, list[Key]] = {}
    for first, group in _same_money(by_key, original).items():
        speaker = _hear(group, measure, rung, result)
        if speaker:
            speakers[first] = speaker
        wholes[first] = [original[m.part_of] for m in group if m.part_of in original]
    _count_trees(speakers, wholes, result)
    return result


@dataclass(frozen=True, slots=True)
class Speaker:
    """The statement that speaks for some money, and what it is worth."""

    money: Money
    instalments: list[Instalment]

    @property
    def amount(self) -> Interval:
        """Over all years."""
        return total(amount for _year, amount in self.instalments)


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


def _hear(group: list[Money], measure: Measure, rung: str, result: RollUp) -> Speaker | None:
    """Which of several statements of the same money counts, if any; the others are left out."""
    worth = {m.key: _worth(m, group[0], measure, rung) for m in group}
    # If none can count, one of them says why, and the others only say it again.
    # What restates an amount that was corrected says nothing of the correction.
    able = [m for m in group if isinstance(worth[m.key], list) and not m.outdated]
    silent = [m for m in group if worth[m.key] in NOT_IN_THIS_MEASURE and not m.outdated]
    first = next(iter([*able, *silent]), None)
    for money in group:
        reason = worth[money.key]
        if money is not first and (isinstance(reason, list) or reason in NOT_IN_THIS_MEASURE):
            reason = Reason.RESTATED
        if isinstance(reason, Reason):
            result.left_out[money.key] = reason
    if first is None or not isinstance(found := worth[first.key], list):
        return None
    return Speaker(first, found)


def _worth(money: Money, original: Money, measure: Measure, rung: str) -> list[Instalment] | Reason:
    """What the statement by itself is worth, or why it does not count."""
    if money.rung != rung:
        return Reason.OTHER_RUNG
    if money.out_of_scope or original.out_of_scope:
        return Reason.OUT_OF_SCOPE
    if money.amount is None:
        return Reason.NO_AMOUNT
    return measure(money)


@dataclass(frozen=True, slots=True)
class Room:
    """How far the parts of a whole may rise above their lows, together; None without a bound.

    `whole` is the key of the statement that bounds them.
    """

    size: Decimal | None = None
    whole: Key | None = None

    def bound(self, low: Decimal, high: Decimal | None) -> Decimal | None:
        """The high of a part in this room."""
        if self.size is None:
            return high
        return low + self.size if high is None else min(high, low + self.size)


def _count_trees(
    speakers: Mapping[Key, Speaker], wholes: Mapping[Key, list[Key]], result: RollUp
) -> None:
    """Count each tree of parts once."""
    if not any(wholes.values()):  # nothing is part of anything, as mostly
        for speaker in speakers.values():
            _count_leaf(speaker, Room(), result)
        return
    try:
        ordered = list(TopologicalSorter(wholes).static_order())  # wholes before their parts
    except CycleError as error:
        raise ValueError(f"part_of: “{error.args[1][0]}” leads back to itself") from None
    above: dict[Key, Key] = {}  # the nearest whole that counts
    for key in ordered:
        for whole in wholes[key]:
            nearest = whole if whole in speakers else above.get(whole)
            if nearest is not None:
                above.setdefault(key, nearest)
    parts_low = dict.fromkeys(speakers, Decimal(0))
    low: dict[Key, Decimal] = {}
    for key in reversed(ordered):
        if key in speakers:
            low[key] = max(speakers[key].amount.low, parts_low[key])
            if key in above:
                parts_low[above[key]] += low[key]
    rooms: dict[Key | None, Room] = {None: Room()}
    has_parts = {above[key] for key in speakers if key in above}
    for key in ordered:
        if key in speakers:
            room = rooms[above.get(key)]
            if key in has_parts:
                rooms[key] = _count_whole(speakers[key], parts_low[key], low[key], room, result)
            else:
                _count_leaf(speakers[key], room, result)


def _count_leaf(speaker: Speaker, room: Room, result: RollUp) -> None:
    """Count a statement that has no parts, year by year."""
    shares = []
    for year, amount in speaker.instalments:
        high = room.bound(amount.low, amount.high)
        spread = Decimal(0) if room.size is None or high is None else high - amount.low
        shares.append(Share(year, Interval(amount.low, high), spread, room.whole))
    result.counted[speaker.money.key] = shares


def _count_whole(
    speaker: Speaker, parts_low: Decimal, low: Decimal, room: Room, result: RollUp
) -> Room:
    """Count what is left of a whole; the room for its parts."""
    money, own = speaker.money, speaker.amount
    if own.high is not None and parts_low > own.high:
        result.disputed.add(money.key)
        result.left_out[money.key] = Reason.IN_PARTS
        return room
    high = room.bound(low, own.high)
    rest = Interval(
        max(own.low - parts_low, Decimal(0)), None if high is None else high - parts_low
    )
    spread = Decimal(0) if room.size is None or high is None else high - low
    year = money.period.year if money.period else None
    share = Share(year, rest, spread, room.whole)
    if rest.low:
        result.counted[money.key] = [share]
    else:
        result.left_out[money.key] = Reason.IN_PARTS
        result.left_open[money.key] = share
    return Room() if rest.high is None else Room(rest.high, money.key)


__all__ = [
    "Instalment", "Measure", "Money", "Reason", "Recurs", "RollUp", "Rung", "Share", "add", "roll_up",
]  # fmt: skip
