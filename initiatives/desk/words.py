"""What is one word, and one name: forms, spellings, inflections, initials. Plain values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from rapidfuzz import fuzz

from initiatives.desk.glossary import UNSPACED, in_one_form, one_form
from partners.names import fold

SAME_WORD = 0.75  # as alike are two spellings of one word
SHORTEST = 4  # letters of a word that may be spelt in two ways
BEGINNING = 5  # letters that inflections of a word have in common
SAME_BEGINNING = 0.66  # as alike are two words of one beginning that are one
LONGEST_INITIALS = 7
SHORTEST_PART = 3  # letters of a word that is written together with another
LITTLE = frozenset({
    "a", "an", "and", "at", "by", "for", "in", "of", "on", "the", "to", "with", "de", "del",
    "des", "do", "da", "di", "du", "e", "el", "et", "fur", "il", "la", "le", "les", "los",
    "pour", "und", "y", "zu", "в", "и", "на", "о", "по", "с",
})  # fmt: skip
# Of what other words say, little ones and numbers.
A_LITTLE, LESS = 0.2, 0.7
ORDINALS = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
    "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth",
    "seventeenth", "eighteenth", "nineteenth", "twentieth",
]  # fmt: skip
ROMAN = [  # without "i", which is a word
    "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv",
    "xvi", "xvii", "xviii", "xix", "xx",
]  # fmt: skip
NUMBERS = {
    **{word: str(n) for n, word in enumerate(ORDINALS, 1)},
    **{word: str(n) for n, word in enumerate(ROMAN, 2)},
}
# What a name says more closely comes behind such a word.
CLOSER = frozenset({
    "against", "at", "by", "for", "in", "of", "on", "to", "with", "de", "del", "des", "do",
    "du", "fur", "para", "pour", "sur", "в", "для", "на", "по",
})  # fmt: skip
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
_NUMBERED = re.compile(r"([^\W\d_]{3,})(\d+)")
_ELIDED = re.compile(r"\b[dl]['’](?=\w)", re.IGNORECASE)


def plain(name: str) -> str:
    """A name folded, in one of the forms that are common for the same.

    Ordinals and Roman numerals are digits ("Sixth", "VI" and "6th" are "6"), and what the glossary
    has is in its form, of whatever language: "Fonds des Nations unies" has "un".
    """
    return " ".join(map(_number, in_one_form(_folded(name))))


def plain_forms(name: str) -> list[str]:
    """A plain name, and with its words as they are written if it is called by other initials so."""
    written = _folded(name)
    formed = in_one_form(written)
    if formed == written:
        return [" ".join(map(_number, written))]
    forms = [[*map(_number, words)] for words in (formed, written)]
    others = initials(forms[1]) - initials(forms[0])
    return [" ".join(words) for words in forms[: 2 if others else 1]]


def _folded(name: str) -> list[str]:
    words = fold(_ELIDED.sub("", name)).split()
    return words[1:] if words[:1] == ["the"] and len(words) > 1 else words


@lru_cache(maxsize=50_000)
def _number(word: str) -> str:
    if found := _ORDINAL.fullmatch(word):
        return found[1]
    if found := _NUMBERED.fullmatch(word):
        return f"{found[1]} {found[2]}"
    return NUMBERS.get(word, word)


def says(word: str) -> float:
    """How much of what it says by being rare: little words a little, and numbers less."""
    return A_LITTLE if word in LITTLE else LESS if word.isdecimal() else 1.0


def without_little(words: Iterable[str]) -> list[str]:
    """The words that say something."""
    return [word for word in words if word not in LITTLE]


def initials(words: Sequence[str]) -> set[str]:
    """What a name of three words or more may be called for short, with its little words and without."""
    chosen = [words, without_little(words)]
    return {"".join(word[0] for word in some) for some in chosen if len(some) >= 3}


def head(words: Sequence[str]) -> Sequence[str]:
    """What a name says before it says it more closely, of two words or more: "Global Fund" of
    "Global Fund to Fight AIDS"; or nothing.
    """
    ends = next((n for n, word in enumerate(words) if word in CLOSER), 0)
    first = words[:ends]
    return first if len(without_little(first)) >= 2 else ()


def joined(words: Sequence[str]) -> dict[str, tuple[str, str]]:
    """By what they are written together the pairs of words that follow each other."""
    return {a + b: (a, b) for a, b in pairwise(words) if min(len(a), len(b)) >= SHORTEST_PART}


def halves(word: str) -> list[tuple[str, str]]:
    """All pairs of words that a word may be, written apart."""
    cuts = range(SHORTEST_PART, len(word) - SHORTEST_PART + 1) if word.isalpha() else ()
    return [(one_form(word[:n]), one_form(word[n:])) for n in cuts]


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
    if UNSPACED.search(word):
        yield from {word[n : n + 2] for n in range(len(word) - 1)}
        return
    yield word
    yield from {word[:n] + word[n + 1 :] for n in range(len(word))}
    if len(word) >= BEGINNING:
        yield word[:BEGINNING]
