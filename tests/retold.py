"""Real names of real initiatives, alliances and summits: how one thing is called elsewhere.

In `retellings.csv` each line has the title under which a record is stored, another name that editors
have stored with it (or none), what it is called elsewhere, and in what way the two differ:

- `spelling`, `reordered`, `shortened`, `fuller` (words dropped and added), `numbered` (an ordinal, a year
  or a numeral in another form), `acronym` (of the whole or in it), `translated`, `reworded`, `renamed`;
- `nothing shared`: another name altogether;
- `another`: not the same at all, however alike.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

from initiatives.desk.names import plain_names
from initiatives.desk.words import LITTLE, initials, plain


class Retelling(NamedTuple):
    """What a record is called as it is stored, and elsewhere."""

    title: str
    also: str
    asked: str
    kind: str

    @property
    def stored(self) -> tuple[str, ...]:
        """The plain names that the record has."""
        return plain_names(self.title, [self.also])

    @property
    def shares(self) -> bool:
        """Whether names that are stored and asked share anything: a word, four letters with which
        one begins (of Chinese, two), or initials.
        """
        asked = _beginnings(plain(self.asked))
        return any(asked & _beginnings(name) for name in self.stored)


def retellings() -> list[Retelling]:
    """All that are one thing."""
    return [row for row in _rows() if row.kind != "another"]


def others() -> list[Retelling]:
    """All that are two."""
    return [row for row in _rows() if row.kind == "another"]


def _rows() -> list[Retelling]:
    with (Path(__file__).parent / "retellings.csv").open(encoding="utf-8", newline="") as file:
        return [Retelling(**row) for row in csv.DictReader(file, delimiter=";")]


def _beginnings(name: str) -> set[str]:
    words = [word for word in name.split() if word not in LITTLE]
    length = (
        4 if name.isascii() or not any("\u3400" <= letter <= "\u9fff" for letter in name) else 2
    )
    return {word[:length] for word in words} | initials(name.split())
