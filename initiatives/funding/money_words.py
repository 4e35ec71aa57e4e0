"""The words in which amounts of money are said, and what each of them means.

Names of currencies and their plurals are those of CLDR in English, Chinese and Russian; ISO 4217
codes are those that pycountry has. Written out here is only what neither of them knows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from functools import cache
from typing import Any

import pycountry
from babel.core import get_global
from babel.numbers import get_currency_name, get_currency_symbol, get_territory_currencies

from initiatives.intervals import Qualifier
from partners.names import fold


class Kind(Enum):
    """What a word or phrase does in an amount."""

    NUMBER = auto()  # in digits, as written
    SMALL = auto()  # a number below 100 in words
    UNIT = auto()  # a power of ten
    ARTICLE = auto()  # one, before a unit
    PART = auto()  # a fraction of the unit that follows
    HALF = auto()  # "and a half"
    VAGUE = auto()  # low and high before the unit
    CURRENCY = auto()
    QUALIFIER = auto()
    AFTER = auto()  # a qualifier behind the amount
    EVERY_YEAR = auto()
    FILLER = auto()
    SAME = auto()  # "or": what follows is the same money
    OVER = auto()  # more than, or the preposition of a period
    BETWEEN = auto()
    FROM = auto()
    IN = auto()
    SINCE = auto()
    ON = auto()  # "from 2018 on"
    YEAR = auto()  # 年
    TO = auto()
    AND = auto()
    MINUS = auto()
    COMMA = auto()
    OPEN = auto()
    CLOSE = auto()


@dataclass(frozen=True, slots=True)
class CurrencyWord:
    """The currencies that a sign or word may mean, and the one it means where nothing else does.

    `default` is "" where that cannot be told without the country.
    """

    codes: frozenset[str]
    default: str


@dataclass(frozen=True, slots=True)
class Token:
    """A number, word or sign of a text: as written, as looked up, and where it stands."""

    text: str
    key: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A word or phrase of a text, what it does there, and where it stands.

    `kind` is None where no meaning is known.
    """

    kind: Kind | None
    value: Any
    start: int
    end: int


PHRASES: dict[Kind, dict[Any, str]] = {
    Kind.QUALIFIER: {
        Qualifier.EXACTLY: "exactly|precisely",
        Qualifier.MORE_THAN: "more than|greater than|in excess of|upwards of|above|exceeding|"
        "超过|逾|более|больше|свыше",
        Qualifier.AT_LEAST: "at least|no less than|not less than|minimum|minimum of|a minimum of|"
        "至少|不少于|не менее|не меньше|минимум",
        Qualifier.UP_TO: "up to|at most|as much as|less than|under|below|no more than|"
        "not more than|maximum|maximum of|a maximum of|最多|不超过|至多|до|не более|менее",
        Qualifier.ABOUT: "about|around|roughly|approximately|approx|some|nearly|almost|circa|ca|"
        "an estimated|~|≈|约|大约|近|将近|около|примерно|почти|порядка",
    },
    Kind.AFTER: {
        Qualifier.AT_LEAST: "or more|and more|+|以上",
        Qualifier.UP_TO: "or less|以下",
        Qualifier.ABOUT: "左右",
    },
    Kind.VAGUE: {
        (2, 10): "several|数|几|несколько",
        (20, 100): "tens of",
        (200, 1000): "hundreds of",
        (2, None): "multi",
    },
    Kind.PART: {
        "0.25": "a quarter|a quarter of|quarter of|one quarter of",
        "0.5": "half|half of",
        "0.75": "three quarters of",
    },
    Kind.UNIT: {  # by the power of ten
        1: "十",
        2: "hundred|hundreds|百",
        3: "thousand|thousands|k|千|тыс|тысяч|тысяча|тысячи",
        4: "万|萬",
        5: "lakh|lakhs|lac",
        6: "million|millions|millions of|m|mn|mln|mio|млн|миллион|миллиона|миллионов",
        7: "crore|crores",
        8: "亿|億",
        9: "billion|billions|billions of|b|bn|bln|млрд|миллиард|миллиарда|миллиардов",
        12: "trillion|trillions|trillions of|t|tn|trn|трлн|триллион|триллиона|триллионов",
    },
    Kind.EVERY_YEAR: {
        True: "a year|annually|per year|each year|every year|yearly|per annum|pa|an annual|每年|"
        "в год|ежегодно"
    },
    Kind.SAME: {True: "or|equivalent to|the equivalent of|equal to|=|或|или"},
    Kind.FILLER: {True: "a total of|total|worth|an amount of|the sum of"},
    Kind.ARTICLE: {True: "a|an"},
    Kind.HALF: {True: "and a half"},
    Kind.OVER: {True: "over"},
    Kind.BETWEEN: {True: "between"},
    Kind.FROM: {True: "from"},
    Kind.IN: {True: "in|during|for"},
    Kind.SINCE: {True: "since"},
    Kind.ON: {True: "on|onward|onwards"},
    Kind.YEAR: {"年": "年"},
    Kind.TO: {True: "to|until|through|-|至|到"},
    Kind.AND: {True: "and"},
    Kind.MINUS: {True: "minus|negative"},
    Kind.COMMA: {True: ","},
    Kind.OPEN: {True: "("},
    Kind.CLOSE: {True: ")"},
}
ONES = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    "sixteen|seventeen|eighteen|nineteen"
)
TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"

# Words for one currency that CLDR lacks, by its code.
NAMES = {
    "AUD": "AU$|A$|澳元",
    "BRL": "reais|Brazilian reais",
    "CAD": "C$|CAN$|加元",
    "CNY": "rmb|renminbi|yuan renminbi|chinese renminbi|юань|юаня|юаней",
    "EUR": "€",
    "GBP": "£|sterling|pounds sterling|pound sterling|UK pounds",
    "GHS": "₵",
    "HKD": "港币",
    "JPY": "円|日圆|JP¥",
    "KZT": "₸",
    "NGN": "₦",
    "RUB": "₽|руб",
    "SGD": "S$|新元",
    "THB": "฿",
    "TRY": "₺",
    "TWD": "台币|新台币",
    "UAH": "₴",
    "USD": "US$|US $|USD$|American dollar|American dollars|долл|долл США",
    "ZWG": "zimbabwe gold",
}
# Words for the money of several countries, each by the English word for all of them.
SAME_NOUN = {
    "$": "dollar",
    "доллар": "dollar",
    "доллара": "dollar",
    "долларов": "dollar",
    "rouble": "ruble",
    "roubles": "ruble",
    "卢布": "ruble",
    "рубль": "ruble",
    "рубля": "ruble",
    "рублей": "ruble",
    "卢比": "rupee",
    "rs": "rupee",
    "法郎": "franc",
    "比索": "peso",
}
# Whose money such a word means by itself; of others the country must be known.
DEFAULTS = {"dollar": "USD", "pound": "GBP", "ruble": "RUB", "won": "KRW"}
# The last words of some names are ordinary words, or coins of the past.
NOT_BY_THEMSELVES = {"gold", "mark", "marks"}
YUAN = frozenset({"CNY", "JPY", "TWD", "HKD", "MOP", "SGD"})
DASHES = "-‐‑‒–—―−"
NO_CURRENCY = {"XXX", "XTS"}

_TOKEN = re.compile(
    r"(?P<number>[0-9]{1,3}(?: [0-9]{3})+(?![0-9])(?:[.,][0-9]+)?|[0-9]+(?:[.,'’][0-9]+)*)"
    r"|[A-Z]{1,3}[$¥]"
    r"|[\u3400-\u9fff]"
    r"|(?i:multi)(?=[a-z])"
    # A hyphen within a phrase; one before a code or a sign is a range: "5m-USD 7m".
    r"|(?P<hyphen>(?<=\w)-(?=[^\W\d_])(?![A-Z]{2}|[A-Z]\$))"
    r"|(?P<word>[^\W\d_\u3400-\u9fff]+(?:\.[^\W\d_\u3400-\u9fff]+)*\.?)"
    r"|\S"
)
_DASHES = dict.fromkeys(map(ord, DASHES), "-")


def tokens(text: str) -> Iterator[Token]:
    """The numbers, words and signs of a text; each Chinese character is one by itself."""
    # Full-width forms and the spaces of other scripts are read as plain ones, yet the places of
    # the tokens are those in the text as it was given.
    plain: list[str] = []
    origin: list[int] = []
    for place, character in enumerate(text):
        for simple in unicodedata.normalize("NFKC", character.translate(_DASHES)):
            plain.append(simple)
            origin.append(place)
    for match in _TOKEN.finditer("".join(plain)):
        if match["hyphen"]:
            continue
        written = match[0]
        key = written.casefold()
        if match["word"]:
            key = fold(written.replace(".", "")) or key
        start, end = origin[match.start()], origin[match.end() - 1] + 1
        yield Token(written, "#" if match["number"] else key, start, end)


def lexemes(text: str) -> list[Lexeme]:
    """The phrases of the text from left to right, always the longest that fits."""
    found = tuple(tokens(text))
    longest = max(map(len, lexicon()))
    phrases: list[Lexeme] = []
    at = 0
    while at < len(found):
        for length in range(min(longest, len(found) - at), 0, -1):
            known = meaning(found[at : at + length])
            if known or length == 1:
                kind, value = known or (None, None)
                phrases.append(Lexeme(kind, value, found[at].start, found[at + length - 1].end))
                at += length
                break
    return phrases


def meaning(found: tuple[Token, ...]) -> tuple[Kind, Any] | None:
    """What the tokens mean together; None if nothing."""
    if len(found) == 1:
        written = found[0].text
        if found[0].key == "#":
            return Kind.NUMBER, written
        if written in iso_codes():  # as written: "ALL" and "TRY" are codes, "all" and "try" not
            return Kind.CURRENCY, CurrencyWord(frozenset({written}), written)
    return lexicon().get(tuple(token.key for token in found))


@cache
def iso_codes() -> frozenset[str]:
    """The codes of ISO 4217 that stand for some money."""
    return frozenset(row.alpha_3 for row in pycountry.currencies) - NO_CURRENCY


@cache
def lexicon() -> dict[tuple[str, ...], tuple[Kind, Any]]:
    """What each phrase means, by the keys of its tokens."""
    entries: list[tuple[str, Kind, Any]] = [
        (phrase, Kind.CURRENCY, word) for phrase, word in currency_words().items()
    ]
    for kind, phrases in PHRASES.items():
        for value, said in phrases.items():
            if kind is Kind.UNIT:
                value = Decimal(10) ** value
            entries += [(phrase, kind, value) for phrase in said.split("|")]
    entries += [(word, Kind.SMALL, number) for number, word in enumerate(ONES.split("|"), 1)]
    entries += [(word, Kind.SMALL, number * 10) for number, word in enumerate(TENS.split("|"), 2)]
    entries += [(word, Kind.SMALL, number) for number, word in enumerate("一二三四五六七八九", 1)]
    entries += [("两", Kind.SMALL, 2)]
    return {tuple(t.key for t in tokens(phrase)): (kind, value) for phrase, kind, value in entries}


def currency_words() -> dict[str, CurrencyWord]:
    """The signs and words for currencies in use, and what each may mean."""
    used = {
        code
        for land in get_global("territory_currencies")
        for code in get_territory_currencies(land)
    }
    words: dict[str, CurrencyWord] = {}
    nouns: dict[str, set[str]] = {}
    for code in sorted(used & iso_codes()):
        only = CurrencyWord(frozenset({code}), code)
        english = {get_currency_name(code, count, "en") for count in (1, 2)}
        names = english | {get_currency_name(code, locale=locale) for locale in ("en", "zh", "ru")}
        names |= {get_currency_name(code, count, "ru") for count in (1, 2, 5)}
        names |= {get_currency_symbol(code, "en")} - iso_codes()
        words |= dict.fromkeys([*names, *NAMES.get(code, "").split("|")], only)
        for noun in {fold(name).split()[-1] for name in english} - NOT_BY_THEMSELVES:
            nouns.setdefault(noun, set()).add(code)
    for noun, codes in nouns.items():
        default = DEFAULTS.get(noun.removesuffix("s"), "")
        words[noun] = CurrencyWord(frozenset(codes), min(codes) if len(codes) == 1 else default)
    words |= {word: words[noun] for word, noun in SAME_NOUN.items()}
    words["元"] = words["圆"] = CurrencyWord(YUAN, "CNY")
    words["¥"] = CurrencyWord(YUAN, "")
    words.pop("", None)
    return words
