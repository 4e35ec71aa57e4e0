"""When records began, in memory: by record key, and in order.

Part of the index, and like it of one data version. An edit costs a copy of the arrays, in which the
places of the records that it touched are written anew; nothing is sorted again.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
from pyroaring import BitMap

from initiatives.keys import Ordinal, Together, in_database, numbers, paired, parted
from initiatives.models import Record

UNKNOWN = np.iinfo(np.int32).min
# Of fewer than one in so many records, those are put in order; of more, those in order are looked at.
SPARSE = 20
# So many records are put into the order one by one; of more, all are sorted.
FEW = 200


@dataclass(frozen=True)
class Beginnings:
    """The beginnings of the published records.

    By record key: `earliest` and `latest`, the days between which it began, as ordinals, UNKNOWN
    where there is none; `year`, in which it surely began, else 0. `newest_first` has the keys of all,
    the latest beginning first, those without one last; of one day, what was entered last comes first.
    """

    earliest: np.ndarray
    latest: np.ndarray
    year: np.ndarray
    newest_first: np.ndarray

    # --- What they are asked ---------------------------------------------------------------------

    def within(self, first: dt.date | None, last: dt.date | None) -> BitMap:
        """Those that surely began between the two days; an unknown beginning never did."""
        within = (self.earliest != UNKNOWN) & (self.latest != UNKNOWN)
        if first:
            within &= self.earliest >= first.toordinal()
        if last:
            within &= self.latest <= last.toordinal()
        return BitMap(np.flatnonzero(within).astype(np.uint32))

    def between(self, records: BitMap, since: dt.date | None, until: dt.date | None) -> BitMap:
        """Those of the records whose beginning is known and not before or after the two days."""
        keys = np.asarray(records.to_array(), dtype=np.uint32)
        days = self.latest[keys]
        held = days != UNKNOWN
        if since:
            held &= days >= since.toordinal()
        if until:
            held &= days <= until.toordinal()
        return BitMap(keys[held])

    def by_year(self, among: BitMap) -> dict[int, int]:
        """How many of the records surely began in each year."""
        years = _tally(self.year[_keys(among)])
        return {year: n for year, n in years.items() if year}

    def by_part(self, among: BitMap, year: int) -> dict[str, int]:
        """How many surely began in each quarter and month of a year: "2019-33" and "2019-06"."""
        keys = _keys(among)
        keys = keys[self.year[keys] == year]
        first, last = (_month(days[keys]) - 12 * year for days in (self.earliest, self.latest))
        quarters = _tally(first[first // 3 == last // 3] // 3)
        months = _tally(first[first == last])
        return {
            **{f"{year:04}-{quarter + 33}": n for quarter, n in quarters.items()},
            **{f"{year:04}-{month + 1:02}": n for month, n in months.items()},
        }

    def in_order(self, members: BitMap) -> np.ndarray:
        """The keys of some of them in that order."""
        if SPARSE * len(members) < len(self.newest_first):
            keys = _keys(members)
            return keys[np.argsort(-_order(self.earliest[keys], keys), kind="stable")]
        chosen = np.zeros(len(self.earliest), dtype=bool)
        chosen[_keys(members)] = True
        return self.newest_first[chosen[self.newest_first]]

    def newest(self, members: BitMap, count: int) -> list[int]:
        """The first so many keys of that order; of many records without putting all in order."""
        if SPARSE * len(members) < len(self.newest_first) or SPARSE * count > len(members):
            return self.in_order(members)[:count].tolist()
        met = (key for key in self.newest_first.flat if key in members)
        return [int(key) for key in islice(met, count)]

    # --- How they are read -----------------------------------------------------------------------

    @classmethod
    def read(cls) -> Beginnings:
        """Of all published records."""
        keys, first, last = _days(None)
        return cls.of(int(keys.max(initial=0)) + 1, keys, first, last)

    @classmethod
    def of(cls, size: int, keys: np.ndarray, first: np.ndarray, last: np.ndarray) -> Beginnings:
        """Of records with these keys, the days of whose beginnings are given."""
        ordered = keys[np.argsort(-_order(first, keys))]
        earliest, latest, year = _placed(_nothing(size), keys, first, last)
        return cls(earliest, latest, year, ordered.astype(np.int32))

    @classmethod
    def none(cls) -> Beginnings:
        """Of no records."""
        nothing = np.array([], dtype=np.int64)
        return cls.of(1, nothing, nothing, nothing)

    def read_again(self, touched: set[int]) -> Beginnings:
        """The same, where some records may have changed."""
        return self.renewed(touched, *_days(touched))

    def renewed(
        self, touched: set[int], here: np.ndarray, first: np.ndarray, last: np.ndarray
    ) -> Beginnings:
        """The same, of whose touched records only those `here` are left, with these days."""
        size = max(len(self.earliest), max(touched, default=0) + 1)
        columns = [
            np.concatenate([column, more])
            for column, more in zip(self._columns, _nothing(size - len(self.earliest)), strict=True)
        ]
        changed = np.fromiter(touched, dtype=np.int64, count=len(touched))
        for column, nothing in zip(columns, _nothing(1), strict=True):
            column[changed] = nothing[0]
        earliest, latest, year = _placed(columns, here, first, last)
        if len(touched) > FEW:
            kept = self.newest_first[~np.isin(self.newest_first, changed)]
            keys = np.concatenate([kept, here]).astype(np.int32)
            # Nearly in order already, which the stable sort makes use of.
            ordered = keys[np.argsort(-_order(earliest[keys], keys), kind="stable")]
        else:
            ordered = _inserted(self._without(changed), earliest, here)
        return Beginnings(earliest, latest, year, ordered)

    @property
    def _columns(self) -> list[np.ndarray]:
        return [self.earliest, self.latest, self.year]

    def _without(self, keys: np.ndarray) -> np.ndarray:
        """The order without some of the records, if they are in it."""
        known = [int(key) for key in keys if key < len(self.earliest)]
        places = [_place(self.newest_first, self.earliest, key) for key in known]
        gone = [
            place
            for place, key in zip(places, known, strict=True)
            if place < len(self.newest_first) and self.newest_first[place] == key
        ]
        return np.delete(self.newest_first, gone)


def _nothing(size: int) -> list[np.ndarray]:
    """The columns of so many records without a beginning."""
    days = np.full(size, UNKNOWN, dtype=np.int32)
    return [days, days.copy(), np.zeros(size, dtype=np.int16)]


def _placed(
    columns: list[np.ndarray], keys: np.ndarray, first: np.ndarray, last: np.ndarray
) -> list[np.ndarray]:
    """The columns, in which the beginnings of these records are written."""
    known = (first != UNKNOWN) & (last != UNKNOWN)
    begin, end = (_month(np.where(known, days, 1)) // 12 for days in (first, last))
    years = np.where(known & (begin == end), begin, 0)
    for column, values in zip(columns, [first, last, years], strict=True):
        column[keys] = values
    return columns


def _inserted(ordered: np.ndarray, earliest: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The order with some more records, each put where it belongs."""
    more = sorted((int(key) for key in keys), key=lambda key: -_order_of(earliest, key))
    return np.insert(ordered, [_place(ordered, earliest, key) for key in more], more)


def _place(ordered: np.ndarray, earliest: np.ndarray, key: int) -> int:
    """Where a record is, or belongs, among those in order."""
    return bisect_left(ordered, -_order_of(earliest, key), key=lambda k: -_order_of(earliest, k))


def _order_of(earliest: np.ndarray, key: int) -> int:
    return (int(earliest[key]) << 32) + int(key)


def _order(days: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """What sorts by day, then by key."""
    return (days.astype(np.int64) << 32) + keys.astype(np.int64)


def _keys(records: BitMap) -> np.ndarray:
    return np.asarray(records.to_array(), dtype=np.int64)


def _month(days: np.ndarray) -> np.ndarray:
    """The months in which days are, counted from year 0."""
    since_1970 = days - dt.date(1970, 1, 1).toordinal()
    months = since_1970.astype("datetime64[D]").astype("datetime64[M]").astype(np.int32)
    return months + 12 * 1970


def _tally(values: np.ndarray) -> dict[int, int]:
    counts = np.bincount(values)
    return {value: int(counts[value]) for value in np.flatnonzero(counts).tolist()}


def _days(records: Iterable[int] | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Published records, with the first and the last day of their beginnings as ordinals."""
    rows = Record.objects.published().order_by()
    if records is not None:
        rows = rows.filter(pk__in=in_database(records))
    ends = {end: Together(paired(Ordinal(f"began_{end}"), "pk")) for end in ("earliest", "latest")}
    found = rows.aggregate(keys=Together("pk"), **ends)
    keys = np.sort(numbers(found["keys"]))
    first, last = (_days_of(keys, numbers(found[end])) for end in ends)
    return keys, first, last


def _days_of(keys: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """The day of each key, which are in order; UNKNOWN of those that are in no pair."""
    days, known = parted(pairs)
    found = np.full(len(keys), UNKNOWN, dtype=np.int64)
    found[np.searchsorted(keys, known)] = days
    return found
