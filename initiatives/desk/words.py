"""What is one word, and one name: forms, spellings, inflections and initials. Plain values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from rapidfuzz import fuzz

from partners.names import fold

SAME_WORD = 0.75  # as alike are two spellings of one word
SHORTEST = 4  # letters of a word that may be spelt in two ways
BEGINNING = 5  # letters that inflections of a word have in common
SAME_BEGINNING = 0.66  # as alike are two words of one beginning that are one
LITTLE = frozenset(
    [
        "a",
        "an",
        "and",
        "at",
        "by",
        "for",
        "in",
        "of",
        "on",
        "the",
        "to",
        "with",
        "de",
        "del",
        "des",
        "do",
        "da",
        "di",
        "du",
        "e",
        "el",
        "et",
        "fur",
        "il",
        "la",
        "le",
        "les",
        "los",
        "pour",
        "und",
        "y",
        "zu",
        "в",
        "и",
        "на",
        "о",
        "по",
        "с",
    ]
)
A_LITTLE = 0.2  # of what others say
ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
]
ROMAN = [
    "ii",
    "iii",
    "iv",
    "v",
    "vi",
    "vii",
    "viii",
    "ix",
    "x",
    "xi",
    "xii",
    "xiii",
    "xiv",
    "xv",
    "xvi",
    "xvii",
    "xviii",
    "xix",
    "xx",
]  # without "i", which is a word
NUMBERS = {
    **{word: str(n) for n, word in enumerate(ORDINALS, 1)},
    **{word: str(n) for n, word in enumerate(ROMAN, 2)},
}
KNOWN = {
    "artificial intelligence": "ai",
    "european union": "eu",
    "united kingdom": "uk",
    "united nations": "un",
    "united states": "us",
}
_KNOWN = re.compile(rf"\b({'|'.join(KNOWN)})\b")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
# Scripts that write no spaces between words: kana, Han, Thai.
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")


def plain(name: str) -> str:
    """A name folded, in one of the forms that are common for the same.

    Ordinals and Roman numerals are digits ("Sixth", "VI" and "6th" are "6"), what is known to
    everybody by two letters has these.
    """
    folded = " ".join(_number(word) for word in fold(name).split())
    return _KNOWN.sub(lambda found: KNOWN[found[0]], folded)


def _number(word: str) -> str:
    if found := _ORDINAL.fullmatch(word):
        return found[1]
    return NUMBERS.get(word, word)


def without_little(words: Iterable[str]) -> list[str]:
    """The words that say something."""
    return [word for word in words if word not in LITTLE]


def initials(words: Sequence[str]) -> set[str]:
    """What a name of three words or more may be called for short, with its little words and without."""
    chosen = [words, without_little(words)]
    return {"".join(word[0] for word in some) for some in chosen if len(some) >= 3}


@lru_cache(maxsize=20_000)
def same_word(one: str, other: str) -> float:
    """How surely two words are one in different spellings or inflections: 1 if equal, else 0 or
    about SAME_WORD to 1. Numbers are never spelt differently.
    """
    if one == other:
        return 1.0
    if min(len(one), len(other)) < SHORTEST or not (one.isalpha() and other.isalpha()):
        return 0.0
    enough = SAME_BEGINNING if one[:BEGINNING] == other[:BEGINNING] else SAME_WORD
    found = fuzz.ratio(one, other) / 100
    return found if found >= enough else 0.0


def nearby(word: str) -> Iterator[str]:
    """What a word has in common with those that may be the same: any two such words share one.

    Its letters but one, its beginning; of a script without spaces, each two letters that follow.
    """
    if len(word) < SHORTEST or not word.isalpha():
        return
    if _UNSPACED.search(word):
        yield from {word[n : n + 2] for n in range(len(word) - 1)}
        return
    yield word
    yield from {word[:n] + word[n + 1 :] for n in range(len(word))}
    if len(word) >= BEGINNING:
        yield word[:BEGINNING]
