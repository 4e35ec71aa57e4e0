"""Which records are called nearly like something, in memory: by the words that few names have.

The names of the records of a type are written one after the other as numbers of words, with the
records of each word beside them: at a million titles of eight words some hundred bytes for each.
Asked for a name, the rare words say which records to look at, and of the common ones those that have
all but one of them; a word is also met in another inflection or misspelt, and a name by its initials.
However common the words, no more than a bounded number of names is looked at.

All but the door at the end are plain values.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, islice
from operator import and_, itemgetter
from typing import Any

import numpy as np
from pyroaring import BitMap

from initiatives.desk.words import (
    LONGEST_INITIALS,
    halves,
    head,
    initials,
    joined,
    nearby,
    plain_forms,
    same_word,
    says,
    without_little,
)
from initiatives.keeping import MOST_TOUCHED, Kept, Version, version_read
from initiatives.keys import in_database, parted
from initiatives.models import Record
from initiatives.touched import records_touched

# How many versions are kept; they share what did not change between them.
KEPT = 2
# A word of more records is common: its records are a set, and are not looked through.
COMMON = 2_000
# So many entries of rare words are looked through for one name, of the rarest first.
MOST_ENTRIES = 4_000
# So many records are weighed by their words. Of these so many are compared letter by letter, of
# which the words in common are most of both names, and as many of which they weigh most.
MOST_WEIGHED, MOST_COMPARED = 150, 6
# So many have the same common words and are as long.
MOST_AS_LONG = 32
# So many are compared because they are called so for short.
MOST_CALLED_SO = 10
# So many words of a name are looked for, and so many that nearly are one of them.
MOST_WORDS, MOST_NEARBY = 16, 8
# Of a beginning that more words have, none is taken for another.
MOST_BEGINNING_SO = 400
# So many words are remembered with what they say.
MOST_WEIGHTS = 50_000
# A part is renewed with the smaller ones behind it when it is not so many times as large.
TIMES = 10

# --- What is known of names --------------------------------------------------------------------------

Named = Mapping[int, tuple[str, ...]]  # by key of a record its plain names, the title first
_NOWHERE = np.array([], dtype=np.uint32)


@dataclass(frozen=True)
class Table:
    """Numbers (hashes) and what stands beside each; one number may have several."""

    numbers: np.ndarray
    beside: np.ndarray

    @classmethod
    def of(cls, numbers: array[int], beside: array[int]) -> Table:
        """Of pairs in any order."""
        keys = np.asarray(numbers, dtype=np.uint32)
        order = np.argsort(keys, kind="stable")
        return cls(keys[order], np.asarray(beside, dtype=np.uint32)[order])

    def at(self, texts: Iterable[str]) -> list[np.ndarray]:
        """What stands beside each of the texts, and by chance beside others."""
        first, last = self._ranges(texts)
        return [self.beside[a:b] for a, b in zip(first.tolist(), last.tolist(), strict=True)]

    def how_many(self, texts: Iterable[str]) -> np.ndarray:
        """How much stands beside each of the texts, and by chance beside others."""
        first, last = self._ranges(texts)
        return last - first

    def _ranges(self, texts: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        wanted = np.fromiter(map(_short, texts), dtype=np.uint32)
        return np.searchsorted(self.numbers, wanted), np.searchsorted(self.numbers, wanted, "right")


def _short(text: str) -> int:
    return hash(text) & 0xFFFFFFFF


@dataclass(frozen=True)
class Part:
    """The names of some records. It never changes; of records that are `gone` it knows nothing.

    Records stand at places, in the order of their keys; words have numbers, in the order of their
    hashes, from 1. `written` has the words of all names, 0 after each name; `begins` where those of a
    place begin. By number: how a word is `spelt`, how many records `held` it and how `rarity` weighs it.
    `entries` has the places of each rare word, from `entered` on, `common` those of each common one;
    `lengths` those with a name of so many words. `short` leads from whole names and initials to
    places, `nearby` from letters that words have in common to words.
    """

    keys: np.ndarray
    begins: np.ndarray
    written: np.ndarray
    hashes: np.ndarray
    spelt: bytes
    spelt_at: np.ndarray
    held: np.ndarray
    rarity: np.ndarray
    entries: np.ndarray
    entered: np.ndarray
    common: Mapping[int, BitMap]
    lengths: Mapping[int, BitMap]
    short: Table
    nearby: Table
    gone: BitMap = field(default_factory=BitMap)
    lost: Mapping[str, int] = field(default_factory=dict)  # how many of the gone had each word

    def __len__(self) -> int:
        return len(self.keys) - len(self.gone)

    @property
    def is_mostly_gone(self) -> bool:
        """Whether of more than half of its records it knows nothing any more."""
        return 2 * len(self.gone) > len(self.keys)

    # --- How it is made --------------------------------------------------------------------------

    @classmethod
    def of(cls, named: Iterable[tuple[int, tuple[str, ...]]]) -> Part:
        """Of records in the order of their keys."""
        known: dict[str, int] = {}
        keys, begins, written = array("I"), array("Q", [0]), array("I")
        short: tuple[array[int], array[int]] = (array("I"), array("I"))
        for place, (key, names) in enumerate(named):
            keys.append(key)
            for name in names:
                words = name.split()
                for word in words:
                    written.append(known.setdefault(word, len(known) + 1))
                written.append(0)
                for text in {_whole(words), _whole(head(words)), *initials(words)} - {""}:
                    short[0].append(_short(text))
                    short[1].append(place)
            begins.append(len(written))
        hashes = np.fromiter(map(hash, known), dtype=np.int64, count=len(known))
        order = np.argsort(hashes)
        number = np.zeros(len(known) + 1, dtype=np.uint32)
        number[order + 1] = np.arange(1, len(known) + 1, dtype=np.uint32)
        spelling = list(known)
        spelling = [spelling[n] for n in order.tolist()]
        del known
        numbered = number[np.asarray(written)]
        where = np.asarray(begins)
        held, entries, entered, common = _entries(numbered, where)
        said = np.array([0, *map(says, spelling)])
        rarity = _rarity(held, len(keys), said).astype(np.float32)
        spelt = [word.encode() for word in spelling]
        ends = np.cumsum([0, *map(len, spelt)], dtype=np.uint32)
        return cls(
            np.asarray(keys, dtype=np.uint32), where.astype(np.uint32), numbered, hashes[order],
            b"".join(spelt), ends, held, rarity, entries, entered, common, _lengths(numbered, where),
            Table.of(*short), _nearby(spelling),
        )  # fmt: skip

    def without(self, records: BitMap) -> Part:
        """The same that knows nothing of these records."""
        wanted = np.asarray(records.to_array(), dtype=np.uint32)
        places = np.searchsorted(self.keys, wanted).clip(max=len(self.keys) - 1)
        more = BitMap(places[self.keys[places] == wanted].astype(np.uint32)) - self.gone
        if not more:
            return self
        lost = Counter(self.lost)
        for place in more:
            lost.update({*" ".join(self.names(place)).split()})
        return replace(self, gone=self.gone | more, lost=lost)

    def everything(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """All that it knows, of which it could be made anew."""
        for place, key in enumerate(self.keys.tolist()):
            if place not in self.gone:
                yield key, self.names(place)

    # --- What it is asked ------------------------------------------------------------------------

    def names(self, place: int) -> tuple[str, ...]:
        """The plain names of the record at a place."""
        numbers = self.written[self.begins[place] : self.begins[place + 1]].tolist()
        text = " ".join([self.word(number) if number else "\n" for number in numbers])
        return tuple(text.removesuffix(" \n").split(" \n "))

    def word(self, number: int) -> str:
        """How a word is spelt."""
        return self.spelt[self.spelt_at[number - 1] : self.spelt_at[number]].decode()

    def holders(self, words: list[str]) -> np.ndarray:
        """How many records have each of the words."""
        held = self.held[self._numbers(words)]
        return held - np.array([self.lost.get(word, 0) for word in words]) if self.lost else held

    def called_for_short(self, words: list[str]) -> np.ndarray:
        """How many records have a name of which each of the words is the initials."""
        if not self.gone:
            return self.short.how_many(words)
        return np.array([len(BitMap(places) - self.gone) for places in self.short.at(words)])

    def like(self, name: list[str], weights: Mapping[str, float]) -> dict[int, tuple[str, ...]]:
        """By key the names of the records that may be called like a name, a bounded number."""
        words = sorted(set(name), key=lambda word: (-weights[word], word))[:MOST_WORDS]
        brief = sorted(initials(name))
        numbers = self._numbers([*words, *brief])
        mine, for_short = numbers[: len(words)], numbers[len(words) :]
        met = self._met(words, weights) | self._gains(mine) | self._in_other_words(name)
        whole = [_whole(name), *filter(None, [_whole(head(name))]), *words]
        called = [*self.short.at(whole), *map(self._places, for_short)]
        surely = np.concatenate([self._left(places)[:MOST_CALLED_SO] for places in called])
        having = [self._having(number) for number in mine if number]
        alike = (places - self.gone if self.gone else places for places in _all_but_one(having))
        found = [self._as_long(places, len(name)) for places in alike]
        found.append(self._by_rare_words(met))
        likely = self._best(np.unique(np.concatenate(found)), name, met, weights)
        places = np.union1d(surely, likely).tolist()
        return {int(self.keys[n]): self.names(n) for n in places}

    def _left(self, places: np.ndarray) -> np.ndarray:
        """Those of the places whose records are not gone: before any are chosen, or the gone would
        stand in the way of others.
        """
        return places[self._are_left(places)]

    def _are_left(self, places: np.ndarray) -> Any:
        if not self.gone:
            return slice(None)
        return ~np.isin(places, np.asarray((BitMap(places) & self.gone).to_array()))

    def _by_rare_words(self, met: Mapping[int, float]) -> np.ndarray:
        """Places that have the rarest of the words that were met, the heaviest of them."""
        rare = sorted((int(self.held[n]), n) for n in met if n not in self.common)
        entries = accumulate(held for held, _ in rare)
        looked = [n for (_, n), so_far in zip(rare, entries, strict=True) if so_far <= MOST_ENTRIES]
        if not looked:
            return _NOWHERE
        places = np.concatenate([self._places(n) for n in looked]).astype(np.uint64)
        heavy = np.array([1_000 * met[n] for n in looked]).astype(np.uint64)
        weight = np.repeat(heavy, self.held[looked])
        # Sorted as one number each, which is the quickest way to bring equal places together.
        pairs = np.sort((places << np.uint64(32)) | weight)
        places, weight = parted(pairs.astype(np.int64))
        first = np.concatenate([[0], np.flatnonzero(places[1:] != places[:-1]) + 1])
        places, weight = places[first].astype(np.uint32), np.add.reduceat(weight, first)
        left = self._are_left(places)
        return _largest(places[left], weight[left], MOST_WEIGHED)

    def _as_long(self, places: BitMap, words: int) -> np.ndarray:
        """Of many places those with names of about so many words."""
        if len(places) <= MOST_AS_LONG:
            return np.asarray(places.to_array(), dtype=np.uint32)
        found: list[int] = []
        for length in sorted(self.lengths, key=lambda length: abs(length - words)):
            found += islice(places & self.lengths[length], MOST_AS_LONG)
            if len(found) >= MOST_AS_LONG:
                break
        return np.array(found, dtype=np.uint32)

    def _best(
        self,
        places: np.ndarray,
        name: list[str],
        met: Mapping[int, float],
        weights: Mapping[str, float],
    ) -> np.ndarray:
        """The places of which a name shares most of the weight of its words, as far as is quickly said."""
        if len(places) <= MOST_COMPARED:
            return places
        begins, ends = self.begins[places].astype(np.int64), self.begins[places + 1]
        lengths = ends - begins
        firsts = np.cumsum(lengths) - lengths
        words = self.written[np.repeat(begins - firsts, lengths) + np.arange(lengths.sum())]
        weight = self.rarity[words]
        known = sorted(met)
        numbers = np.array(known, dtype=np.uint32)
        at = np.minimum(np.searchsorted(numbers, words), len(numbers) - 1)
        gains = np.array([met[number] for number in known])
        shared = np.where(numbers[at] == words, gains[at], 0.0)
        name_ends = np.flatnonzero(words == 0)
        names = np.concatenate([[0], name_ends[:-1] + 1])
        there = np.add.reduceat(weight**2, names)
        here = sum(weights[word] ** 2 for word in {*name})
        light, heavy = np.minimum(here, there), np.maximum(here, there)
        in_common, of_each = np.add.reduceat(shared, names), np.searchsorted(names, firsts)
        likeness = in_common / (light**0.75 * heavy**0.25)
        return np.union1d(
            _largest(places, np.maximum.reduceat(likeness, of_each), MOST_COMPARED),
            # A rare word and initials: what those stand for is not among the words in common.
            _largest(places, np.maximum.reduceat(in_common, of_each), MOST_COMPARED),
        )

    def _numbers(self, words: list[str]) -> list[int]:
        """The numbers of words; 0 of those that it does not know."""
        wanted = np.fromiter(map(hash, words), dtype=np.int64, count=len(words))
        if not len(self.hashes):
            return [0] * len(words)
        at = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
        return np.where(self.hashes[at] == wanted, at + 1, 0).tolist()

    def _met(self, words: list[str], weights: Mapping[str, float]) -> dict[int, float]:
        """By number the words that nearly are one of these, and what it adds to the likeness of a name
        that it has them.

        A word that nobody has may be one that many have, misspelt, and the other way round.
        """
        asked = [(word, text) for word in words for text in nearby(word)]
        led = self.nearby.at(text for _, text in asked)
        likely = {
            (number, word)
            for (word, _), numbers in zip(asked, led, strict=True)
            if len(numbers) <= MOST_BEGINNING_SO
            for number in numbers.tolist()
        }
        spelt = [(self.word(number), number, word) for number, word in likely]
        sure = ((same_word(known, word), known, word, number) for known, number, word in spelt)
        met: dict[int, float] = {}
        left = dict.fromkeys(words, MOST_NEARBY)
        for surely, _, word, number in sorted(filter(itemgetter(0), sure), reverse=True):
            if left[word] and number not in met:
                met[number] = (surely * min(weights[word], float(self.rarity[number]))) ** 2
                left[word] -= 1
        return met

    def _in_other_words(self, name: list[str]) -> dict[int, float]:
        """The same of the words that are two of these, and of the two that may be one of them."""
        parts = [half for word in name for pair in halves(word) for half in pair]
        numbers = self._numbers([*parts, *joined(name)])
        apart, together = numbers[: len(parts)], numbers[len(parts) :]
        pairs = zip(apart[::2], apart[1::2], strict=True)
        return self._gains([*together, *(half for pair in pairs if all(pair) for half in pair)])

    def _gains(self, numbers: Iterable[int]) -> dict[int, float]:
        """By number what each of the words adds that are known, in their own spelling."""
        return {n: float(self.rarity[n]) ** 2 for n in numbers if n}

    def _having(self, number: int) -> BitMap:
        return self.common.get(number) or BitMap(self._places(number))

    def _places(self, number: int) -> np.ndarray:
        return self.entries[self.entered[number] : self.entered[number + 1]]


def _whole(name: Sequence[str]) -> str:
    """The letters of a name in no order, but for its little words: those of the others in any order,
    written as one or apart. So few that they may be initials stay in theirs.
    """
    letters = "".join(without_little(name) or name)
    return letters if len(letters) <= LONGEST_INITIALS else "".join(sorted(letters))


def _rarity(held: np.ndarray, of: int, said: np.ndarray) -> np.ndarray:
    """What words say that so many records have, of so many: all that they say if only one has it, and
    towards 0.
    """
    return np.log1p(of / np.maximum(held, 1)) / np.log1p(max(of, 1)) * said


def _largest(places: np.ndarray, of: np.ndarray, most: int) -> np.ndarray:
    """Those of the places with the largest values."""
    if len(places) <= most:
        return places
    least = np.partition(of, -most)[-most]
    larger, as_large = places[of > least], places[of == least]
    return np.concatenate([larger, as_large[: most - len(larger)]])


def _all_but_one(sets: list[BitMap]) -> Iterator[BitMap]:
    """What is in all of the sets, then what is in all but each of them; of two sets only the first."""
    if not sets:
        return
    # Whatever is in all but one is in one of the two smallest.
    first, second, *_ = [*sorted(sets, key=len), BitMap()]
    small = [some & (first | second) for some in sets]
    yield BitMap.intersection(*small)
    if len(small) > 2:
        before = [*accumulate(small[:-1], and_)]
        behind = [*accumulate(reversed(small[1:]), and_)][::-1]
        yield behind[0]
        yield from (one & other for one, other in zip(before, behind[1:], strict=False))
        yield before[-1]


def _entries(
    written: np.ndarray, begins: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[int, BitMap]]:
    """By number how many records have each word; the places of rare words, and those of common ones."""
    places = np.repeat(np.arange(len(begins) - 1, dtype=np.int64), np.diff(begins).astype(np.int64))
    pairs = (written.astype(np.int64) << 32) + places
    pairs = pairs[written > 0]
    pairs.sort()
    words, entries = parted(pairs[np.diff(pairs, prepend=-1) > 0])
    entries = entries.astype(np.uint32)
    held = np.bincount(words, minlength=int(written.max(initial=0)) + 1)
    ends = np.cumsum(held)
    common = {
        number: BitMap(entries[ends[number] - held[number] : ends[number]])
        for number in np.flatnonzero(held > COMMON).tolist()
    }
    rare = held <= COMMON
    entered = np.concatenate([[0], np.cumsum(np.where(rare, held, 0))])
    return held.astype(np.uint32), entries[rare[words]], entered.astype(np.uint32), common


def _lengths(written: np.ndarray, begins: np.ndarray) -> dict[int, BitMap]:
    """By how many words a name has, the places with such a name."""
    ends = np.flatnonzero(written == 0)
    lengths = np.diff(ends, prepend=-1) - 1
    places = np.searchsorted(begins, ends, "right") - 1
    return {
        int(length): BitMap(places[lengths == length].astype(np.uint32))
        for length in np.unique(lengths)
    }


def _nearby(words: list[str]) -> Table:
    """From what a word may have in common with others to the numbers of the words."""
    texts, numbers = array("I"), array("I")
    for number, word in enumerate(words, 1):
        for text in nearby(word):
            texts.append(_short(text))
            numbers.append(number)
    return Table.of(texts, numbers)


@dataclass(frozen=True)
class Names:
    """The names of all records of a kind: parts, each much larger than the one behind it."""

    parts: tuple[Part, ...] = ()
    # What words say, of those that were asked: names have most of theirs in common.
    _weights: dict[str, float] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, named: Iterable[tuple[int, tuple[str, ...]]]) -> Names:
        """Of records in the order of their keys."""
        part = Part.of(named)
        return cls((part,) if len(part) else ())

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def renewed(self, touched: Iterable[int], now: Named) -> Names:
        """The same, of whose touched records only those of `now` are left, with these names.

        The small parts behind are made anew with them, so that there are never many.
        """
        gone = BitMap(touched)
        parts, fresh = [part.without(gone) for part in self.parts], dict(now)
        while parts and (len(parts[-1]) < TIMES * len(fresh) or parts[-1].is_mostly_gone):
            fresh.update(parts.pop().everything())
        return Names((*parts, Part.of(sorted(fresh.items()))) if fresh else (*parts,))

    def everything(self) -> dict[int, tuple[str, ...]]:
        """By key of each record its names, the title first."""
        return {key: names for part in self.parts for key, names in part.everything()}

    def weights(self, words: Iterable[str]) -> dict[str, float]:
        """How much each word says of who has it, as a name or in one: the fewer have it, the more.

        1 if only one has it, and towards 0.
        """
        known, wanted = self._weights, {*words}  # of all threads
        found = {word: much for word in wanted if (much := known.get(word)) is not None}
        if new := [*(wanted - found.keys())]:
            weighed = self._weigh(new)
            if len(known) > MOST_WEIGHTS:
                known.clear()
            known.update(weighed)
            found |= weighed
        return found

    def _weigh(self, wanted: list[str]) -> dict[str, float]:
        held = np.ones(len(wanted))
        if self.parts:
            have = sum(part.holders(wanted) for part in self.parts)
            short = sum(part.called_for_short(wanted) for part in self.parts)
            held = np.maximum(have, short)
        rarity = _rarity(held, len(self), np.fromiter(map(says, wanted), dtype=float))
        return dict(zip(wanted, rarity.tolist(), strict=True))

    def like(self, name: str) -> dict[int, tuple[str, ...]]:
        """By key the names of the records that may be called like a plain name.

        However many there are, at most some hundred for each part.
        """
        written = name.split()
        weights = self.weights(written)
        found: dict[int, tuple[str, ...]] = {}
        for part in self.parts:
            found |= part.like(written, weights)
        return found


# --- The names now -----------------------------------------------------------------------------------


def plain_names(title: str, aliases: Iterable[str]) -> tuple[str, ...]:
    """The plain names of a record, those of its title first."""
    forms = (form for name in (title, *aliases) for form in plain_forms(name))
    return tuple(dict.fromkeys(filter(None, forms)))


def _read(type: str, touched: set[int] | None = None) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The names of the records of a type in the order of their keys; withdrawn ones have none."""
    rows = Record.objects.exclude(state=Record.State.WITHDRAWN).filter(type=type).order_by("pk")
    if touched is not None:
        rows = rows.filter(pk__in=in_database(touched))
    for key, title, aliases in rows.values_list("pk", "title", "aliases").iterator(20_000):
        if names := plain_names(title, aliases):
            yield key, names


def _built(version: Version) -> dict[str, Names]:
    return {type: Names.of(_read(type)) for type in Record.Type.values}


def _renewed(base: dict[str, Names], before: Version, version: Version) -> dict[str, Names] | None:
    """The names of a version made of those of another, earlier or later."""
    touched = records_touched(*sorted((before[0], version[0])))
    if len(touched) > MOST_TOUCHED:
        return None
    return {
        type: names.renewed(touched, dict(_read(type, touched))) for type, names in base.items()
    }


_kept = Kept(_built, _renewed, KEPT)


def names_of(type: str) -> Names:
    """The names of the records of a type that were not withdrawn, as of what is read.

    One query if nothing has changed since it was asked last.
    """
    return _kept.at(version_read())[type]
