"""The words of the field in other languages and at length, each in the one form it is compared in.

`glossary.csv` has a line for each: the form, then what else it is in each language, apart by "|". What
ends in "-" is the beginning of words that are inflected. It is written by hand, from general knowledge;
a word that it lacks is compared as it stands.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from partners.names import fold

# Scripts that write no spaces between words: kana, Han, Thai.
UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
SHORTEST_STEM = 3  # letters


def _read() -> tuple[dict[tuple[str, ...], str], dict[str, str]]:
    """By folded words the form of a phrase; by folded beginning that of a word."""
    phrases: dict[tuple[str, ...], str] = {}
    stems: dict[str, str] = {}
    path = Path(__file__).with_name("glossary.csv")
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            form = row.pop("term")
            for other in filter(None, "|".join(row.values()).split("|")):
                if other.endswith("-"):
                    stems.setdefault(fold(other), form)
                else:
                    phrases.setdefault(tuple(fold(other).split()), form)
    return phrases, stems


PHRASES, _STEMS = _read()
_WORDS = {phrase[0]: form for phrase, form in PHRASES.items() if len(phrase) == 1}
_UNSPACED_WORDS = {word: form for word, form in _WORDS.items() if UNSPACED.match(word)}
_IN_UNSPACED = re.compile("|".join(sorted(_UNSPACED_WORDS, key=len, reverse=True)))


def _by_firstone_form(phrases: Mapping[tuple[str, ...], str]) -> dict[str, list[tuple[str, ...]]]:
    """The phrases of more words than one, the longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in sorted(phrases, key=len, reverse=True):
        if len(phrase) > 1:
            found.setdefault(phrase[0], []).append(phrase)
    return found


_LONGER = _by_firstone_form(PHRASES)


def in_one_form(words: list[str]) -> list[str]:
    """Folded words, those that the glossary has in its form: in "fonds des nations unies" is "un".

    A name that is nothing else keeps its words, each in its form: "european union" is not "eu", which
    many other names are for short.
    """
    found: list[str] = []
    at = 0
    while at < len(words):
        phrase = _phrase_at(words, at) if words[at] in _LONGER else None
        if phrase:
            found += PHRASES[phrase].split()
            at += len(phrase)
        else:
            found += one_form(words[at]).split()
            at += 1
    return found


def _phrase_at(words: list[str], at: int) -> tuple[str, ...] | None:
    """The longest phrase of the glossary that begins there and is not the whole."""
    phrases = (p for p in _LONGER[words[at]] if tuple(words[at : at + len(p)]) == p)
    return next((phrase for phrase in phrases if len(phrase) < len(words)), None)


@lru_cache(maxsize=50_000)
def one_form(word: str) -> str:
    """A folded word in its form; of a script without spaces, the words that are written as one."""
    if form := _WORDS.get(word):
        return form
    if UNSPACED.search(word):
        return _IN_UNSPACED.sub(lambda found: f" {_UNSPACED_WORDS[found[0]]} ", word)
    for length in range(len(word), SHORTEST_STEM - 1, -1):
        if form := _STEMS.get(word[:length]):
            return form
    return word
