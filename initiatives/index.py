"""Which records have which values, in memory: what every filter and every count beside it asks.

For each value of each filter there is a set of record keys (a Roaring bitmap). A filter is a union
of such sets, a selection their intersection, a facet the sizes of intersections: at a million
records a matter of milliseconds.

The index is of one data version. Before it is asked it is brought to the one that is read, now or in
the past: the records that changes between have touched are read again, whichever process made them.
"""

from __future__ import annotations

import datetime as dt
from array import array
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from django.db import models
from django.db.models import Case, F, When
from django.utils.translation import get_language
from pyroaring import BitMap

from initiatives.beginnings import Beginnings
from initiatives.keeping import MOST_TOUCHED, Kept, Lately, Version, reading, version_read
from initiatives.keys import Together, in_database, numbers, paired, parted
from initiatives.models import Record
from initiatives.touched import records_touched
from partners.models import Membership

# How many versions are kept: the present one, and those of the past that were asked for last.
KEPT = 4
# So many sets can be looked through for what a few records name.
FEW = 2_000
# Of so many rows of one table, those that were read are let go of.
MOST_ROWS = 20_000
# Of so many records it is remembered what they name.
MOST_NAMED = 2_000
# So many answers of the text index are kept, of what filters leave with all that is counted of it,
# and of charts as they are written.
MOST_FOUND, MOST_LEFT, MOST_WRITTEN = 100, 200, 100


@dataclass(frozen=True, slots=True)
class Dimension:
    """Where the values of a filter are read: rows, their column of the value, that of the record.

    `names` is the model whose keys the values are, if they are any.
    """

    rows: Callable[[], models.QuerySet]
    value: str
    record: str = "record_id"
    names: type[models.Model] | None = None

    def pairs(self, records: Iterable[int]) -> Iterator[tuple[Hashable, int]]:
        """Value and record of every row about some records."""
        about = {f"{self.record}__in": in_database(records)}
        rows = self.rows().order_by().filter(**about)
        return rows.values_list(self.value, self.record).iterator(chunk_size=20_000)

    def sets(self) -> Sets:
        """For each value the records with it, read all at once."""
        rows, values = self.rows().order_by(), None
        number: Any = F(self.value)
        if not self.names:  # texts stand for their places
            values = [*rows.values_list(self.value, flat=True).distinct()]
            number = Case(*(When(**{self.value: text}, then=n) for n, text in enumerate(values)))
        pairs = numbers(rows.aggregate(all=Together(paired(number, self.record)))["all"])
        pairs.sort()
        found, records = parted(pairs)
        begin = np.flatnonzero(np.diff(found, prepend=-1)).tolist()
        sets = {}
        for start, end in pairwise([*begin, len(found)]):
            value = values[found[start]] if values else int(found[start])
            if value not in (None, ""):
                sets[value] = BitMap(records[start:end].astype(np.uint32))
        return sets


DIMENSIONS: dict[str, Dimension] = {}


def declare(
    name: str,
    rows: Callable[[], models.QuerySet],
    value: str,
    record: str = "record_id",
    names: type[models.Model] | None = None,
) -> str:
    """Have the index know a dimension; its name. A row without a value is in no set."""
    DIMENSIONS[name] = Dimension(rows, value, record, names)
    return name


declare("type", lambda: Record.objects.published(), "type", "pk")


Row = TypeVar("Row", bound=models.Model)
Found = TypeVar("Found")
Sets = dict[Hashable, BitMap]
# By bloc the countries, with the days between which they are surely full members.
Memberships = dict[int, list[tuple[int, dt.date | None, dt.date | None]]]


class Members(BitMap):
    """A set of records that is kept, and with it what was found of it."""

    # By what was asked. A set that is made of this one has none.
    answers: dict[Hashable, Any] | None = None

    @classmethod
    def kept(cls, records: BitMap) -> Members:
        """The same set, for answers to be kept with."""
        found = cls(records)
        found.answers = {}
        return found


@dataclass(frozen=True)
class Index:
    """The sets of one data version, which is the number and the time of its last change.

    `sets` has, by dimension and value, the records with that value.
    """

    version: Version
    sets: Mapping[str, Sets]
    beginnings: Beginnings
    memberships: Memberships
    _members: dict[tuple[int, dt.date | None], BitMap] = field(default_factory=dict)
    _any: dict[str, BitMap] = field(default_factory=dict)
    _rows: dict[type[models.Model], dict[Any, Any]] = field(default_factory=dict)
    _called: dict[Hashable, dict[Any, tuple[str, str]]] = field(default_factory=dict)
    _named: dict[Hashable, dict[int, list[tuple[Any, str]]]] = field(default_factory=dict)
    # What was asked of it last: texts looked for, filters, and what was written of them.
    found: Lately[BitMap] = field(default_factory=lambda: Lately(MOST_FOUND))
    written: Lately[bytes] = field(default_factory=lambda: Lately(MOST_WRITTEN))
    _left: Lately[Members] = field(default_factory=lambda: Lately(MOST_LEFT))

    # --- What it is asked ------------------------------------------------------------------------

    def published(self, type: str | None = None) -> BitMap:
        """The published records of a type; without one, of all types."""
        return self._published.get(type, BitMap())

    @cached_property
    def _published(self) -> dict[Any, Members]:
        types = self.sets["type"]
        everything = BitMap.union(BitMap(), *types.values())
        return {
            type: Members.kept(records) for type, records in [*types.items(), (None, everything)]
        }

    def having(self, dimension: str, values: Iterable[Hashable]) -> BitMap:
        """The records with any of the values."""
        known = self.sets[dimension]
        return BitMap.union(BitMap(), *(known[value] for value in values if value in known))

    def having_any(self, dimension: str) -> BitMap:
        """The records with any value at all."""
        if dimension not in self._any:
            self._any[dimension] = BitMap.union(BitMap(), *self.sets[dimension].values())
        return self._any[dimension]

    def rows_of(self, model: type[Row], keys: Iterable[Any]) -> dict[Any, Row]:
        """The rows of what values name (countries, blocs, sectors ...) by key, as of this version.

        Each is read once; they belong to everybody, so nobody changes them.
        """
        known = self._rows.setdefault(model, {})
        wanted = [*keys]
        if len(known) > MOST_ROWS:
            known = self._rows[model] = {}
        if missing := [key for key in wanted if key not in known]:
            with reading(self.version):
                known.update(model._default_manager.in_bulk(missing))
        return {key: known[key] for key in wanted if key in known}

    def called(
        self, model: type[models.Model], key: str, values: Iterable[Any]
    ) -> dict[Any, tuple[str, str]]:
        """By key of such rows, what their column `key` says and how they are called.

        Each is asked once in a language.
        """
        asked, wanted = (model, key, get_language()), [*values]
        known = self._called.setdefault(asked, {})
        if len(known) > MOST_ROWS:
            known = self._called[asked] = {}
        if missing := [value for value in wanted if value not in known]:
            for pk, row in self.rows_of(model, missing).items():
                known[pk] = (str(getattr(row, key)), str(row))
        return {value: known[value] for value in wanted if value in known}

    def named(self, dimension: str, records: Iterable[int]) -> dict[int, list[tuple[Any, str]]]:
        """The rows that some records name in a dimension, each with what it is called: by record,
        in the order of their names.

        Of the records of a page each is asked once in a language.
        """
        asked, wanted = (dimension, get_language()), [*records]
        known = self._named.setdefault(asked, {})
        if len(known) > MOST_NAMED:
            known = self._named[asked] = {}
        if missing := [record for record in wanted if record not in known]:
            known.update(self._named_by(missing, dimension))
        return {record: known[record] for record in wanted}

    def _named_by(self, records: list[int], dimension: str) -> dict[int, list[tuple[Any, str]]]:
        among, of = BitMap(records), DIMENSIONS[dimension]
        sets = self.sets[dimension]
        if len(sets) > FEW:
            with reading(self.version):
                sets = _grouped(of.pairs(among))
        model = of.names
        assert model is not None
        having = {value: all_ & among for value, all_ in sets.items() if all_.intersect(among)}
        rows = self.rows_of(model, having)
        called = self.called(model, "pk", having)
        found: dict[int, list[tuple[Any, str]]] = {record: [] for record in among}
        for key in sorted(rows, key=lambda key: called[key][1]):
            named = rows[key], called[key][1]
            for record in having[key]:
                found[record].append(named)
        return found

    def left(self, asked: Hashable, ask: Callable[[], BitMap]) -> BitMap:
        """The records that filters leave, found once; of many filters, those asked last are kept.

        What is counted of them is kept with them: the pages of a list, its orders and its charts
        ask the same. At a million records a set has at most 125 kB and its counts some 30.
        """
        return self._left.ask(asked, lambda: Members.kept(ask()))

    def once(self, asked: Hashable, among: BitMap, work: Callable[[], Found]) -> Found:
        """What `work` finds of the records: once, where they are a set that is kept."""
        answers = getattr(among, "answers", None)
        if answers is None:
            return work()
        if asked not in answers:
            answers[asked] = work()
        return answers[asked]

    def counts(self, dimension: str, among: BitMap) -> dict[Hashable, int]:
        """How many of the records have each value, for those values that any of them has."""
        return self.once(("counts", dimension), among, lambda: self._counted(dimension, among))

    def _counted(self, dimension: str, among: BitMap) -> dict[Hashable, int]:
        counted = (
            (value, among.intersection_cardinality(records))
            for value, records in self.sets[dimension].items()
        )
        return {value: count for value, count in counted if count}

    def began_within(self, first: dt.date | None, last: dt.date | None) -> BitMap:
        """The records that surely began between the two days; an unknown beginning never did."""
        return self.beginnings.within(first, last)

    def began_in(self, among: BitMap, year: int | None = None) -> dict[Any, int]:
        """How many of the records surely began in each year; in one year, by quarter and month.

        Years by number; quarters and months as EDTF has them, "2019-33" and "2019-06".
        """
        if year is None:
            return self.once("years", among, lambda: self.beginnings.by_year(among))
        return self.once(("parts", year), among, lambda: self.beginnings.by_part(among, year))

    def with_members(self, blocs: Iterable[int], on: dt.date | None) -> BitMap:
        """The records in which a full member of one of the blocs takes part.

        A member on that day; without one, when the record began, so that one whose beginning is
        not known is not among them.
        """
        return BitMap.union(BitMap(), *(self._with_members(bloc, on) for bloc in blocs))

    def _with_members(self, bloc: int, on: dt.date | None) -> BitMap:
        if (bloc, on) not in self._members:
            found = BitMap()
            for country, since, until in self.memberships.get(bloc, ()):
                taking_part = self.sets["country"].get(country, BitMap())
                if on:
                    held = (since is None or since <= on) and (until is None or on <= until)
                    found |= taking_part if held else BitMap()
                else:
                    found |= self.beginnings.between(taking_part, since, until)
            self._members[bloc, on] = found
        return self._members[bloc, on]

    def in_order(self, members: BitMap) -> np.ndarray:
        """The keys of the records, the latest beginning first, those without one last.

        Of one day, what was entered last comes first.
        """
        if any(members is everything for everything in self._published.values()):
            return self.once("in order", members, lambda: self.beginnings.in_order(members))
        return self.beginnings.in_order(members)  # its bytes are too many to keep

    def newest(self, members: BitMap, count: int) -> list[int]:
        """The first so many keys of that order."""
        return self.beginnings.newest(members, count)

    # --- How it is made --------------------------------------------------------------------------

    @classmethod
    def built(cls, version: Version) -> Index:
        """Read from the database, all of it."""
        sets = {name: of.sets() for name, of in DIMENSIONS.items()}
        return cls(version, sets, Beginnings.read(), _memberships())

    def at(self, version: Version, touched: set[int]) -> Index:
        """The index of another version, between which changes touched those records."""
        gone = BitMap(touched)
        sets = {}
        for name, of in DIMENSIONS.items():
            known = {
                value: records - gone if records.intersect(gone) else records
                for value, records in self.sets[name].items()
            }
            for value, records in _grouped(of.pairs(touched)).items():
                known[value] = known.get(value, BitMap()) | records
            sets[name] = {value: records for value, records in known.items() if records}
        return Index(version, sets, self.beginnings.read_again(touched), _memberships())


def _memberships() -> Memberships:
    """As `Membership.at` reads them."""
    found = defaultdict(list)
    full = Membership.objects.filter(role=Membership.Role.MEMBER).order_by()
    days = ("bloc", "country", "since_latest", "until_earliest")
    for bloc, country, since, until in full.values_list(*days):
        found[bloc].append((country, since, until))
    return found


def _grouped(pairs: Iterable[tuple[Hashable, int]]) -> Sets:
    keys: dict[Hashable, array] = defaultdict(lambda: array("I"))
    for value, record in pairs:
        if value is not None and value != "":
            keys[value].append(record)
    return {value: BitMap(records) for value, records in keys.items()}


# --- The index now ---------------------------------------------------------------------------------


def _renewed(base: Index, before: Version, version: Version) -> Index | None:
    """The index of a version made of another, earlier or later."""
    touched = records_touched(*sorted((before[0], version[0])))
    known = base.sets.keys() == DIMENSIONS.keys()
    return base.at(version, touched) if known and len(touched) <= MOST_TOUCHED else None


_kept = Kept(Index.built, _renewed, KEPT)


def index() -> Index:
    """The index as of what is read: now, or the moment that was asked for.

    One query if nothing has changed since it was asked last.
    """
    return _kept.at(version_read())
