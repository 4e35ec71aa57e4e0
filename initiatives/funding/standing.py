"""Where the entries of the ledger stand on the axes of the charts, told from columns in memory."""

from __future__ import annotations

import re
from itertools import product
from typing import NamedTuple

import numpy as np

from initiatives.funding.columns import NONE, PLACES, RUNGS, Chosen, Places
from initiatives.funding.models import Axis
from initiatives.keeping import Version

YEAR, FLOW = "year", "flow"  # what money stands under beside the axes that places are kept for
ARROW = ">"
YEAR_KEY = re.compile(r"[0-9]{4}")
FLOW_SIDES = (Axis.PROVIDER, Axis.RECIPIENT)


class Lines(NamedTuple):
    """Entries, once for each of their places; a place of an axis is a number."""

    entries: Chosen
    places: np.ndarray

    @property
    def groups(self) -> np.ndarray:
        """A number for each rung of each place."""
        return self.places * len(RUNGS) + self.entries["rung"]


class Standing:
    """Where entries stand, as of the version that is read. A place of an axis is a number."""

    def __init__(self, version: Version) -> None:
        self._version = version
        self._places: dict[str, Places] = {}

    def mark(self, axis: str) -> tuple[object, ...]:
        """What tells where entries stand on the axis from where they do in other versions."""
        sides = FLOW_SIDES if axis == FLOW else (axis,)
        return tuple(self._on(side).mark for side in sides if side in PLACES)

    def lines(self, axis: str, entries: Chosen) -> Lines:
        """The entries that stand on the axis, once for each of their places."""
        if axis == YEAR:
            years = entries["year"].astype(np.int64)
            return Lines(entries.where(years != NONE), years[years != NONE])
        if axis == FLOW:
            flows = self._flows(entries)
            return Lines(entries.where(flows != 0), flows[flows != 0])
        found, count = self._on(axis).rows.of(entries["statement"])
        again = np.repeat(np.arange(len(entries)), count)
        return Lines(entries.where(again), found["code"].astype(np.int64))

    def only(self, axis: str, entries: Chosen) -> Chosen:
        """The entries that stand somewhere on the axis; without one, all."""
        return entries.where(self.stands(axis, entries)) if axis else entries

    def stands(self, axis: str, entries: Chosen) -> np.ndarray:
        """Whether each of the entries stands somewhere on the axis."""
        if axis == YEAR:
            return entries["year"] != NONE
        if axis == FLOW:
            return self._flows(entries) != 0
        return self._on(axis).rows.first_of(entries["statement"])[0]

    def _flows(self, entries: Chosen) -> np.ndarray:
        """Who gives and who takes as one number; 0 where neither is stated."""
        said = entries["statement"]
        giver, taker = (self._party(side, said) for side in FLOW_SIDES)
        return giver * self._parties + taker

    @property
    def _parties(self) -> int:
        """More than any number of who takes."""
        return 2 * len(self._on(Axis.RECIPIENT).values) + 2

    def _party(self, side: str, statements: np.ndarray) -> np.ndarray:
        """The one place of each statement on that side, from 1; 0 where there is none."""
        there, places = self._on(side).rows.first_of(statements)
        found = np.zeros(len(statements), dtype=np.int64)
        found[there] = places["code"].astype(np.int64) + 1
        return found

    def named(self, axis: str, place: int) -> tuple[str, bool]:
        """The key of a place, and whether it is shared."""
        if axis == YEAR:
            return str(place), False
        if axis == FLOW:
            sides = zip(FLOW_SIDES, divmod(place, self._parties), strict=True)
            return ARROW.join(self._on(s).named(n - 1)[0] if n else "" for s, n in sides), False
        return self._on(axis).named(place)

    def numbers(self, axis: str, key: str) -> list[int]:
        """The numbers of the places with that key."""
        if axis == YEAR:
            return [int(key)] if YEAR_KEY.fullmatch(key) else []
        if axis == FLOW:
            giver, _arrow, taker = key.partition(ARROW)
            sides = [
                [code + 1 for code in self._on(side).codes(party)] if party else [0]
                for side, party in zip(FLOW_SIDES, (giver, taker), strict=True)
            ]
            return [one * self._parties + other for one, other in product(*sides)]
        return self._on(axis).codes(key)

    def _on(self, axis: str) -> Places:
        if axis not in self._places:
            self._places[axis] = PLACES[axis].at(self._version)
        return self._places[axis]
