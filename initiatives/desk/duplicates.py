"""Records that may be the same: found by their names, weighed by who takes part and when they began.

Comparing all with all would grow with the square of the records. So only those are compared that
share a word which few records have; how alike two of them are is a pure rule on plain values.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.utils.text import get_text_list
from django.utils.translation import gettext
from rapidfuzz import fuzz

from initiatives.desk.models import NotTheSame
from initiatives.models import Participation, PartOf, Record
from partners.dates import PartialDate
from partners.history.changes import Verb, change
from partners.models import Country
from partners.names import fold

ALIKE_ENOUGH = 60  # of 100: names that are less alike are not worth a look
RARE = 20  # a word of more records than this says nothing about any two of them
MOST_CANDIDATES = 200  # that are scored for one title
MOST_WORDS = 12  # of a title that are looked for
NUMBERS_DIFFER = 0.6  # what remains of the likeness of the 6th meeting and the 7th
NEAR = 730  # days after which two beginnings say that it is not the same

# What each aspect weighs; one that is not known of both weighs nothing.
NAMES, PARTNERS, DATES = 70, 20, 10


# --- The rule --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Described:
    """What is compared of a record: its folded names (title first), partners, and beginning."""

    names: tuple[str, ...]
    partners: frozenset[str] = frozenset()
    began: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two are, of 100, and why: their best names, common partners, days apart.

    `names` is 0 to 100; `days` is None where a beginning is not known.
    """

    score: int
    names: int
    titles: bool
    partners: tuple[str, ...] = ()
    days: int | None = None


def likeness(one: Described, other: Described) -> Likeness:
    """How alike two described records are: symmetric, and 100 of a record and itself."""
    names = names_alike(one.names, other.names)
    weighed = [(NAMES, names)]
    common = one.partners & other.partners
    if one.partners and other.partners:
        # Of the shorter list: who enters a thing again seldom enters all of its partners again.
        fewer = min(len(one.partners), len(other.partners))
        weighed.append((PARTNERS, 100 * len(common) / fewer))
    days = days_apart(one.began, other.began)
    if days is not None:
        weighed.append((DATES, 100 * max(0, NEAR - days) / NEAR))
    score = sum(weight * value for weight, value in weighed) / sum(w for w, _ in weighed)
    best_are_titles = names_alike(one.names[:1], other.names[:1]) >= names
    return Likeness(round(score), round(names), best_are_titles, tuple(sorted(common)), days)


def names_alike(one: Iterable[str], other: Iterable[str]) -> float:
    """How alike the most alike of some folded names are, 0 to 100, in whatever order their words.

    Names with different numbers name different things: the 6th and the 7th meeting.
    """
    others = list(other)
    return max((_two_names_alike(a, b) for a in one for b in others), default=0.0)


def _two_names_alike(one: str, other: str) -> float:
    # Sorted first: which of two equally good alignments is found must not depend on the order.
    first, second = sorted((one, other))
    found = fuzz.token_sort_ratio(first, second)
    numbers, others = _numbers(one), _numbers(other)
    if numbers and others and numbers != others:
        return found * NUMBERS_DIFFER
    return found


def _numbers(name: str) -> set[str]:
    return {word for word in name.split() if any(letter.isdigit() for letter in word)}


def days_apart(one: PartialDate | None, other: PartialDate | None) -> int | None:
    """The fewest days that lie between two partial dates; None if either is not known."""
    if one is None or other is None:
        return None
    latest_start = max(one.earliest or dt.date.min, other.earliest or dt.date.min)
    earliest_end = min(one.latest or dt.date.max, other.latest or dt.date.max)
    return max(0, (latest_start - earliest_end).days)


def reasons(found: Likeness, one: Described, other: Described) -> list[str]:
    """Why two are thought to be the same, in words, the strongest first."""
    said = (
        gettext("titles %(n)s %% alike") if found.titles else gettext("other names %(n)s %% alike")
    )
    words = [said % {"n": found.names}]
    if found.partners:
        who = get_text_list([*found.partners[:4], *_and_more(found.partners[4:])], gettext("and"))
        words.append(gettext("both with %(who)s") % {"who": who})
    if found.days == 0 and one.began and other.began:
        same = one.began == other.began
        when = one.began if same else gettext("%(a)s, %(b)s") % {"a": one.began, "b": other.began}
        words.append(gettext("both began in %(when)s") % {"when": when})
    elif found.days is not None and found.days < NEAR:
        words.append(gettext("began %(n)s days apart") % {"n": found.days})
    return words


def _and_more(rest: Collection[str]) -> list[str]:
    return [gettext("%(n)s more") % {"n": len(rest)}] if rest else []


# --- Like a title ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alike:
    """A record that is like the one asked about: how much, of 100, and why in words."""

    record: Record
    score: int
    why: str


def alike(title: str, type: str, countries: Iterable[Country] = (), limit: int = 5) -> list[Alike]:
    """Records of that type called nearly so, the most alike first; withdrawn ones are not looked at.

    Three queries. The database counts the words of the title and gives the records that share its
    rarest words, at most MOST_CANDIDATES of them; only those are read and scored.
    """
    asked = Described((fold(title),), frozenset(str(country) for country in countries))
    candidates = _sharing_words(asked.names[0], type)
    near = [r for r in candidates if names_alike(asked.names, _names(r)) >= ALIKE_ENOUGH]
    partners = _partners_of(record.pk for record in near)
    found = []
    for record in near:
        there = Described(_names(record), partners[record.pk])
        how = likeness(asked, there)
        found.append(Alike(record, how.score, "; ".join(reasons(how, asked, there))))
    return sorted(found, key=lambda a: (-a.score, a.record.title, a.record.pk))[:limit]


def _sharing_words(folded: str, type: str) -> list[Record]:
    """The records of that type that share words with a folded title, those with rare ones first."""
    words = list(dict.fromkeys(folded.split()))[:MOST_WORDS]
    living = _living().filter(type=type)
    counting = {
        f"word_{n}": Count("pk", filter=Q(search_text__contains=word))
        for n, word in enumerate(words)
    }
    counts = living.aggregate(**counting) if words else {}
    held = {word: n for word, n in zip(words, counts.values(), strict=True) if n}
    if not held:
        return []
    shared: Any = Value(0)
    for word, n in held.items():
        # Twice as rare, twice as much; whole numbers, so that databases agree on the order.
        weight = max(1, 10_000 // n)
        points = Case(
            When(search_text__contains=word, then=Value(weight)),
            default=Value(0),
            output_field=IntegerField(),
        )
        shared = shared + points
    ranked = living.annotate(shared=shared).filter(shared__gt=0).order_by("-shared", "pk")
    return list(ranked[:MOST_CANDIDATES])


def _living() -> Any:
    return Record.objects.exclude(state=Record.State.WITHDRAWN)


def _names(record: Record) -> tuple[str, ...]:
    """The folded names of a record, the title first."""
    return tuple(filter(None, (fold(name) for name in (record.title, *record.aliases))))


def _partners_of(records: Iterable[int]) -> dict[int, frozenset[str]]:
    """The names of the countries that take part in each record, and of the organisations."""
    found: dict[int, set[str]] = defaultdict(set)
    taking_part = Participation.objects.current().filter(record__in=list(records))
    for part in taking_part.select_related("country", "organisation__country"):
        country = part.country or (part.organisation and part.organisation.country)
        if country:
            found[part.record_id].add(str(country))
    return defaultdict(frozenset, {pk: frozenset(names) for pk, names in found.items()})


# --- The queue -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that may be one, by number, the older first; how alike, of 100, and why."""

    first: int
    second: int
    score: int
    why: list[str] = field(default_factory=list)


def likely_pairs(type: str = "") -> list[Pair]:
    """Records of one type that may be the same and were not set apart, the most alike first.

    A part and its whole are two. Four queries. The names of all records are read once; compared are only those that share a word
    which at most RARE records have, so that time and memory grow with the number of records and
    not with its square: each word of a name leads to at most RARE - 1 comparisons of about a
    microsecond. Partners are read only of pairs whose names are alike enough.
    """
    living = _living().filter(type=type) if type else _living()
    rows = living.order_by("pk").only("type", "title", "aliases", "began")
    records = {record.pk: record for record in rows}
    names = {pk: _names(record) for pk, record in records.items()}
    apart = set(NotTheSame.objects.values_list("first", "second")) | _parts()
    near = [
        (first, second)
        for first, second in sorted(_sharing_rare_word(records.values(), names) - apart)
        if names_alike(names[first], names[second]) >= ALIKE_ENOUGH
    ]
    partners = _partners_of({pk for pair in near for pk in pair})
    pairs = []
    for first, second in near:
        one, other = (
            Described(names[pk], partners[pk], records[pk].began) for pk in (first, second)
        )
        how = likeness(one, other)
        if how.score >= ALIKE_ENOUGH:
            pairs.append(Pair(first, second, how.score, reasons(how, one, other)))
    return sorted(pairs, key=lambda pair: (-pair.score, pair.first, pair.second))


def _parts() -> set[tuple[int, int]]:
    """Pairs of which one is part of the other."""
    said = PartOf.objects.current().order_by().values_list("record", "whole")
    return {(min(pair), max(pair)) for pair in said}


def _sharing_rare_word(
    records: Iterable[Record], names: dict[int, tuple[str, ...]]
) -> set[tuple[int, int]]:
    """Pairs of one type that share a rare word, or the whole of a name."""
    holders: dict[tuple[str, str], list[int]] = defaultdict(list)
    for record in records:
        words = {word for name in names[record.pk] for word in name.split()}
        for word in words | set(names[record.pk]):
            holders[record.type, word].append(record.pk)
    return {
        pair for some in holders.values() if len(some) <= RARE for pair in combinations(some, 2)
    }


# --- The verb --------------------------------------------------------------------------------------


def set_apart(
    first: Record, second: Record, by: Any, why: str = "", token: str | None = None
) -> None:
    """Note that two records are not the same: they are not suggested again.

    Doing it twice changes nothing. ValueError if they are one record; Replayed.
    """
    if first.pk == second.pk:
        raise ValueError(gettext("A record cannot be set apart from itself."))
    first, second = sorted((first, second), key=lambda record: record.pk)
    about = gettext("%(first)s and %(second)s are not the same")
    about %= {"first": first, "second": second}
    with change(Verb.DECIDE, by, about=about, why=why, token=token):
        NotTheSame.objects.get_or_create(first=first, second=second, defaults={"why": why[:500]})
