"""Records that may be the same: found by their names, weighed by who takes part and when they began.

Comparing all with all would grow with the square of the records. So only those are compared that
share a word which few records have; how alike two of them are is a pure rule on plain values. For a
title that is being typed they are found in memory (`initiatives.desk.names`), and two names are also
alike by what few names have in common: "SKA Observatory" is the "Square Kilometre Array".
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import combinations
from math import sqrt
from typing import Any

from django.db import connection
from django.utils.text import get_text_list
from django.utils.translation import gettext
from rapidfuzz import fuzz

from initiatives.desk.models import NotTheSame
from initiatives.desk.names import names_of, plain_names
from initiatives.desk.words import (
    LONGEST_INITIALS,
    head,
    initials,
    joined,
    same_word,
    without_little,
)
from initiatives.models import Participation, PartOf, Record
from partners.dates import PartialDate
from partners.history.changes import Verb, change
from partners.models import Country

ALIKE_ENOUGH = 60  # of 100: names that are less alike are not worth a look
WORTH_A_LOOK = 55  # what is enough while a title is typed
SHOWN = 5  # of those that are worth a look
RARE = 20  # a word of more records than this says nothing about any two of them
NUMBERS_DIFFER = 0.4  # what remains of the likeness of the 6th meeting and the 7th
BY_INITIALS = 0.9  # so sure is a word to mean the words whose initials it is
BY_WHOLE_HEAD = 0.95  # so sure is a name to mean one of which it is the head
BY_HEAD = 0.8  # and a name to mean one of which it is the head
LINKED = ("id", "type", "slug", "title")  # what a link to a record needs
NUMBER = re.compile(r"\S*\d\S*")
YEAR = re.compile("(19|20)[0-9]{2}")
NEAR = 730  # days after which two beginnings say that it is not the same

# What each aspect weighs; one that is not known of both weighs nothing.
NAMES, PARTNERS, DATES = 70, 20, 10


# --- The rule --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Described:
    """What is compared of a record: its plain names (title first), partners, and beginning."""

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
    titles = names_alike(one.names[:1], other.names[:1])
    names = max(titles, names_alike(one.names[:1], other.names[1:]))
    names = max(names, names_alike(one.names[1:], other.names[:1]))
    return _likeness(one, other, titles, names)


def likeness_to_title(asked: Described, other: Described, weights: Mapping[str, float]) -> Likeness:
    """The same, where all names of the one are forms of its title, and by the weights of words: names
    are also alike by those that weigh most.
    """
    titles = names_alike(asked.names, other.names[:1], weights)
    names = max(titles, names_alike(asked.names, other.names[1:], weights))
    return _likeness(asked, other, titles, names)


def _likeness(one: Described, other: Described, titles: float, names: float) -> Likeness:
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
    return Likeness(round(score), round(names), titles >= names, tuple(sorted(common)), days)


def names_alike(
    one: Iterable[str], other: Iterable[str], weights: Mapping[str, float] | None = None
) -> float:
    """How alike the most alike of some plain names are, 0 to 100, in whatever order their words.

    Names with different numbers name different things: the 6th and the 7th meeting, but not a
    meeting with its year and one without.
    """
    others = list(other)
    return max((_two_names_alike(a, b, weights) for a in one for b in others), default=0.0)


def _two_names_alike(one: str, other: str, weights: Mapping[str, float] | None) -> float:
    a, b = _read(one), _read(other)
    if a.together == b.together:
        return 100.0
    # Sorted first: which of two equally good alignments is found must not depend on the order.
    first, second = sorted((one, other))
    found = fuzz.token_sort_ratio(first, second)
    if weights is not None:
        found = max(found, 100 * _weight_shared(a, b, weights))
    return found * NUMBERS_DIFFER if a.numbers_differ(b) else found


@dataclass(frozen=True, slots=True)
class Name:
    """A plain name as it is compared."""

    words: tuple[str, ...]
    set: frozenset[str]
    initials: frozenset[str]
    # The words in their order, with the little ones and without, and the initials of all.
    runs: tuple[tuple[tuple[str, ...], str], ...]
    numbers: frozenset[str]
    years: frozenset[str]
    together: str
    head: tuple[str, ...]  # of which the rest says more

    def numbers_differ(self, other: Name) -> bool:
        """Whether each has a number that the other has not; years are compared with years."""
        return not (
            (self.numbers <= other.numbers or other.numbers <= self.numbers)
            and (self.years <= other.years or other.years <= self.years)
        )

    def called(self, short: str, among: list[str]) -> tuple[str, ...]:
        """Words that follow each other and have these initials, if all are among those; or none."""
        for words, letters in self.runs:
            if short in letters:
                at = letters.index(short)
                run = words[at : at + len(short)]
                if {*among}.issuperset(without_little(run)):
                    return run
        return ()


@lru_cache(maxsize=2_000)
def _read(name: str) -> Name:
    words = tuple(name.split())
    runs = (words, tuple(without_little(words)))
    numbers = frozenset(NUMBER.findall(name))
    years = frozenset(filter(YEAR.fullmatch, numbers))
    return Name(
        words,
        frozenset(words),
        frozenset(initials(words)),
        tuple((run, "".join(word[0] for word in run)) for run in runs),
        numbers - years,
        years,
        name.replace(" ", ""),
        tuple(head(words)),
    )


def _weight_shared(one: Name, other: Name, weights: Mapping[str, float]) -> float:
    """How much of their weight two names share, 0 to 1: of both in full, or of one of them its
    initials or its head.
    """
    shared = _share(one, other, weights)
    for long, brief in ((one, other), (other, one)):
        for short in long.initials.intersection(brief.words):
            surely = BY_INITIALS * weights[short]
            shared = max(shared, surely * _share(_read(short), brief, weights))
        if long.head and shared < BY_HEAD and brief.set.issuperset(long.head):
            surely = BY_WHOLE_HEAD if brief.words == long.head else BY_HEAD
            shared = max(shared, surely * _share(_read(" ".join(long.head)), brief, weights))
    return shared


def _share(one: Name, other: Name, weights: Mapping[str, float]) -> float:
    """The same of their words: each is a direction, as long as it weighs.

    A word is met in another spelling for what the two have in common, by two that are written apart,
    and beside such words in the initials of some that follow each other. Between the cosine, which
    asks for all of both, and the share of the lighter name: names are said in full and for short.
    """
    common = one.set & other.set
    shared = both = _squared(common, weights)
    mine, theirs = sorted(one.set - common), sorted(other.set - common)
    here, there = both + _squared(mine, weights), both + _squared(theirs, weights)
    for word, found, sure in _spelt_otherwise(mine, theirs):
        # A word that nobody has may be one that many have, misspelt.
        shared += (sure * min(weights[word], weights[found])) ** 2
        mine.remove(word)
        theirs.remove(found)
    for brief, long, left in ((mine, other, theirs), (theirs, one, mine)):
        if not left:
            continue
        for word in brief:
            if word in long.together and (pair := joined(long.words).get(word)):
                shared += min(weights[word] ** 2, _squared({*pair}.intersection(left), weights))
            elif shared and 2 <= len(word) <= LONGEST_INITIALS and (run := long.called(word, left)):
                shared += BY_INITIALS * weights[word] ** 2 * sqrt(_squared(run, weights))
    light, heavy = min(here, there), max(here, there)
    return min(1.0, shared / (light**0.75 * heavy**0.25))


def _spelt_otherwise(one: list[str], other: list[str]) -> list[tuple[str, str, float]]:
    """Words that are one in two spellings of one first letter, each once, and how surely."""
    pairs = [(sure, a, b) for a in one for b in other if a[0] == b[0] and (sure := same_word(a, b))]
    if not pairs:
        return []
    met: set[str] = set()
    found = []
    for sure, a, b in sorted(pairs, reverse=True):
        if not met & {a, b}:
            met |= {a, b}
            found.append((a, b, sure))
    return found


def _squared(words: Iterable[str], weights: Mapping[str, float]) -> float:
    return sum([weights[word] ** 2 for word in words])


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


def alike(
    title: str, type: str, countries: Iterable[Country] = (), limit: int = SHOWN
) -> list[Alike]:
    """Records of that type called nearly so, the most alike first; withdrawn ones are not looked at.

    Two queries, and one for partners where countries are given. The names of all records are in
    memory, and of them a bounded number is compared: `Names.like`.
    """
    asked = Described(plain_names(title, []), frozenset(str(country) for country in countries))
    if not asked.names:
        return []
    names = names_of(type)
    there = {key: Described(called) for key, called in names.like(asked.names[0]).items()}
    weights = names.weights(_words_of([asked, *there.values()]))
    found = nearest(asked, there, weights)
    if asked.partners:
        partners = _partners_of(found)
        there = {key: replace(there[key], partners=partners[key]) for key in found}
        found = nearest(asked, there, weights)
    best = [*found][:limit]
    records = _linked(best)
    return [
        Alike(records[key], found[key].score, "; ".join(reasons(found[key], asked, there[key])))
        for key in best
        if key in records  # it may just have gone
    ]


def nearest(
    asked: Described, others: Mapping[int, Described], weights: Mapping[str, float]
) -> dict[int, Likeness]:
    """By key how like a title those are whose names are worth a look, the most alike first."""
    found = {key: likeness_to_title(asked, other, weights) for key, other in others.items()}
    near = [key for key, how_much in found.items() if how_much.names >= WORTH_A_LOOK]
    near.sort(key=lambda key: (-found[key].score, others[key].names[0], key))
    return {key: found[key] for key in near}


def _linked(keys: Collection[int]) -> dict[int, Record]:
    """By key the records as a link to each needs them. By hand: building the query would take longer
    than its answer.
    """
    if not keys:
        return {}
    asked = ", ".join(["%s"] * len(keys))
    sql = f'SELECT {", ".join(LINKED)} FROM "initiatives_record" WHERE id IN ({asked})'  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [*keys])
        return {row[0]: Record.from_db(None, LINKED, row) for row in cursor.fetchall()}


def _words_of(some: Iterable[Described]) -> Iterator[str]:
    """The words of their names."""
    return (word for described in some for name in described.names for word in name.split())


def _living() -> Any:
    return Record.objects.exclude(state=Record.State.WITHDRAWN)


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
    names = {pk: plain_names(r.title, r.aliases) for pk, r in records.items()}
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
