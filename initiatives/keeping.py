"""What is read from the database once for each data version, and then kept in memory.

It is of one version, which is told by number and time, since a number that was given up is used
again. For another version what changed between the two is read again, whichever process changed it.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from partners.history.changes import BEFORE_ALL, Change, present
from partners.history.moment import Moment, as_of, asked_moment

Held = TypeVar("Held")
# The number and the time of the last change; without a time while a change is being made.
Version = tuple[int, dt.datetime | None]
# Of so many things that changed, all is read anew rather than these again.
MOST_TOUCHED = 100_000


def version_read() -> Version:
    """The version of what is read, now or at the moment that was asked for: one query."""
    moment = asked_moment()
    if moment is not None:
        return moment.number, _times([moment.number]).get(moment.number, BEFORE_ALL)
    last, writing = present()
    return last.number, None if writing else last.at


def reading(version: Version) -> AbstractContextManager[None]:
    """Whatever is written meanwhile, what is read inside is of that version."""
    number, at = version
    return as_of(Moment(number, at) if at and asked_moment() is None else None)


class Kept(Generic[Held]):
    """One thing, for the `most` versions of it that were asked for last.

    `built` reads it anew. `renewed` makes it of what is kept of another version, earlier or later,
    and the two versions; None where that is not worth it.
    """

    def __init__(
        self,
        built: Callable[[Version], Held],
        renewed: Callable[[Held, Version, Version], Held | None],
        most: int,
    ) -> None:
        self._built, self._renewed, self._most = built, renewed, most
        self._held: dict[Version, Held] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    def at(self, version: Version) -> Held:
        """The thing as of the version, which is the one that is read; no query if it is kept."""
        if version[1] is None:
            # The change may still be given up: nobody else is to see what it wrote.
            return self._built(version)
        if (held := self._held.get(version)) is not None:
            return held
        with self._lock:
            if (held := self._held.get(version)) is None:
                self._forget_what_was_given_up()
                held = self._made(version)
                self._keep(version, held)
            return held

    def _made(self, version: Version) -> Held:
        nearest = min(self._held, key=lambda held: abs(held[0] - version[0]), default=None)
        with reading(version):
            found = self._renewed(self._held[nearest], nearest, version) if nearest else None
            return self._built(version) if found is None else found

    def _forget_what_was_given_up(self) -> None:
        times = _times([number for number, _ in self._held])
        for version in [v for v in self._held if times.get(v[0], BEFORE_ALL) != v[1]]:
            del self._held[version]

    def _keep(self, version: Version, found: Held) -> None:
        """Keep it, and let go of the oldest; never of the present one."""
        self._held[version] = found
        present = max(self._held, key=lambda held: held[0])
        others = [held for held in self._held if held != present]
        for old in others[: max(len(self._held) - self._most, 0)]:
            del self._held[old]


class Lately(Generic[Held]):
    """What was found for the `most` questions that were asked last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[Hashable, Held] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    def ask(self, question: Hashable, find: Callable[[], Held]) -> Held:
        """What `find` gives, unless it is known; two who ask at once may both look for it."""
        with self._lock:
            if question in self._held:
                self._held[question] = self._held.pop(question)
                return self._held[question]
        found = find()
        with self._lock:
            self._held[question] = found
            while len(self._held) > self._most:
                del self._held[next(iter(self._held))]
        return found


def _times(numbers: list[int]) -> dict[int, dt.datetime]:
    """When the changes of these numbers were made; one that was given up is not among them."""
    return dict(Change.objects.filter(number__in=numbers).values_list("number", "at"))
