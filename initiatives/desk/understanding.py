"""Reading what an editor types: dates, amounts of money and quantities, as people write them.

Pure, and nothing is guessed: what could mean two things is refused with the reason, and no part
that was not typed is taken from today.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from babel import UnknownLocaleError
from babel.dates import get_month_names
from django.utils.translation import get_language, gettext, to_locale

from initiatives.funding.amounts import NotUnderstood, StatedAmount, parse_amount
from initiatives.funding.money_words import DASHES, Kind, lexemes
from initiatives.funding.rollup import Recurs
from initiatives.intervals import Qualifier
from partners.dates import PartialDate

LONGEST = 100
EXAMPLES = "2024, June 2024, 23 June 2024, Q3 2019, autumn 2013, 2018 to 2020, since 2013"

# --- Quantities and amounts ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity as it was said: `high` None is open; `words` are those that were typed."""

    low: Decimal
    high: Decimal | None
    qualifier: Qualifier
    words: str


@dataclass(frozen=True, slots=True)
class Amount(Quantity):
    """An amount of money.

    `currency_said` is the sign or word that the code was understood from; "" where the code itself
    was typed. `recurs` and `period` are as far as the words say them; `restated` is the same money
    in other currencies.
    """

    currency: str
    currency_said: str
    recurs: Recurs
    period: PartialDate | None
    restated: tuple[StatedAmount, ...]


def amount(text: str, country: str = "") -> Amount:
    """The amount of money that the text says; ValueError with what is not understood of it.

    `country` is the ISO alpha-2 code of where it was printed: it decides what a bare "$" means.
    """
    said = parse_amount(text, country)
    if not said.currency:
        raise ValueError(
            gettext("“%(text)s” says no currency: write for example 7 billion USD")
            % {"text": said.words}
        )
    return Amount(
        said.interval.low,
        said.interval.high,
        said.qualifier,
        said.words,
        said.currency,
        said.currency_said,
        said.recurs,
        said.period,
        said.restated,
    )


# Short for a number in amounts of money; of other things they may be metres, bytes and tonnes.
_MEASURES = re.compile(r"\d\s*[mbt]\b", re.IGNORECASE)


def quantity(text: str) -> Quantity:
    """The quantity that the text begins with: "800,000 enterprises", "more than 50", "several
    hundred". ValueError if there is none, if there are two, or if it is money.
    """
    words = text.strip()
    found = lexemes(words[: LONGEST * 5])
    numbers = [n for n, word in enumerate(found) if word.kind in _NUMBERS]
    if not numbers:
        raise ValueError(gettext("“%(text)s” says no number") % {"text": words})
    if measure := _MEASURES.search(words):
        raise NotUnderstood(measure[0], gettext("write the number in full, it may be a measure"))
    # As much of the text as can be a number; what follows it says of what.
    problem: NotUnderstood | None = None
    for last in range(len(found) - 1, numbers[0] - 1, -1):
        end = found[last].end
        try:
            said = parse_amount(words[:end])
        except NotUnderstood as error:
            # The shortest text that has a number says best what is wrong with it.
            problem = error
            continue
        rest = words[end:]
        if said.currency:
            raise ValueError(gettext("“%(text)s” is money, not a quantity") % {"text": words})
        if said.period or said.restated or any(n > last for n in numbers):
            raise ValueError(
                gettext("“%(text)s” says more than one number: one row for each") % {"text": words}
            )
        if re.match(r"[A-Za-z]", rest):
            raise NotUnderstood(
                words, gettext("leave a space between the number and what was counted")
            )
        return Quantity(said.interval.low, said.interval.high, said.qualifier, words)
    assert problem
    raise problem


_NUMBERS = (Kind.NUMBER, Kind.SMALL, Kind.VAGUE, Kind.PART, Kind.UNIT)


# --- Dates ---------------------------------------------------------------------------------------


def date(text: str) -> PartialDate:
    """The date or period that the text says, as precise as it says it.

    ValueError, with a sentence for whoever typed it, if that is none or could be two.
    """
    typed = " ".join(text.split())
    if not typed:
        raise ValueError(gettext("there is nothing to read"))
    if len(typed) > LONGEST:
        raise ValueError(gettext("a date has at most %(count)s characters") % {"count": LONGEST})
    try:
        return PartialDate.parse(typed)
    except ValueError:
        pass
    plain = _plain(typed)
    for edtf in (*_open(plain), *_halves(plain), *_single(plain), *_between(plain)):
        try:
            return PartialDate.parse(edtf)
        except ValueError as error:
            reason = _reason(plain) or str(error)
            raise ValueError(
                gettext("“%(text)s” is no date: %(reason)s") % {"text": typed, "reason": reason}
            ) from error
    reason = _reason(plain) or gettext("write for example %(examples)s") % {"examples": EXAMPLES}
    raise ValueError(
        gettext("“%(text)s” is not understood as a date: %(reason)s")
        % {"text": typed, "reason": reason}
    )


@dataclass(frozen=True, slots=True)
class _Point:
    """A day, month, season, quarter or year, of which the parts that a period shares may lack."""

    year: str = ""
    month: str = ""  # or the EDTF code of a season or quarter
    day: str = ""

    @property
    def edtf(self) -> str:
        """Its EDTF text; "" where a part lacks."""
        if not self.year or (self.day and not self.month):
            return ""
        return "-".join(part for part in (self.year, self.month, self.day) if part)


_ORDINALS = {"1": "first", "2": "second", "3": "third", "4": "fourth"}
_SEASONS = {"spring": "21", "summer": "22", "autumn": "23", "fall": "23", "winter": "24"}
_YEAR = r"(?P<year>\d{4})"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_OF = r"(?:,? (?:of )?)"
_QUARTER = (
    r"(?:q(?P<q1>[1-4])|(?P<q2>[1-4])q|(?:the )?(?P<q3>first|second|third|fourth"
    r"|1st|2nd|3rd|4th) quarter)"
)
_TO = re.compile(r" ?- ?| (?:to|until|till|through|and) ")
_HALF = re.compile(rf"(?:(?:the )?(first|second|1st|2nd) half|h([12])){_OF}{_YEAR}")


def _plain(typed: str) -> str:
    """Lower case, one kind of dash, without the full stops of abbreviations."""
    text = unicodedata.normalize("NFKC", typed).casefold()
    text = text.translate(dict.fromkeys(map(ord, DASHES), "-"))
    text = re.sub(r"(?<=[^\W\d])\.", "", text)
    return re.sub(r"^(?:in|on|during) (?:the )?", "", " ".join(text.split()))


def _open(plain: str) -> Iterator[str]:
    """The EDTF text of "since 2013" and "until 2020"."""
    if said := re.fullmatch(r"(?:since|from) (.+?)(?: on| onwards?)?|(.+) onwards?", plain):
        for edtf in _single(said[1] or said[2]):
            yield f"{edtf}/.."
    elif said := re.fullmatch(r"(?:until|till|up to|by) (.+)", plain):
        for edtf in _single(said[1]):
            yield f"../{edtf}"


def _halves(plain: str) -> Iterator[str]:
    """The months of half a year: "first half of 2019"."""
    if said := _HALF.fullmatch(plain):
        first = (said[1] or said[2])[0] in "f1"
        months = ("01", "06") if first else ("07", "12")
        yield "/".join(f"{said['year']}-{month}" for month in months)


def _single(plain: str) -> Iterator[str]:
    """The EDTF text of one date without a period; nothing if it lacks a part."""
    point = _point(plain)
    if point and point.edtf:
        yield point.edtf


def _between(plain: str) -> Iterator[str]:
    """The EDTF text of a period with two ends, of which the first may leave to the second what
    they share: "22-23 June 2022", "June to August 2021".
    """
    inner = re.sub(r"^(?:from|between) (?:the )?", "", plain)
    for dash in _TO.finditer(inner):
        start, end = _point(inner[: dash.start()]), _point(inner[dash.end() :])
        if not start or not end:
            continue
        if end.day and not end.month:  # June 22-23, 2022
            end = replace(end, month=start.month if start.day else "")
        if not start.year:
            start = replace(start, year=end.year)
        if start.day and not start.month and end.day:
            start = replace(start, month=end.month)
        if start.edtf and end.edtf:
            yield f"{start.edtf}/{end.edtf}"


def _point(plain: str) -> _Point | None:
    """What one end of a period says; None if that is no date at all."""
    months = _months(get_language() or "en")
    for pattern in _patterns(get_language() or "en"):
        if said := pattern.fullmatch(plain.removeprefix("the ")):
            parts = said.groupdict()
            month = parts.get("month") or ""
            if name := parts.get("name"):
                month = months[name]
            elif name := parts.get("season"):
                month = _SEASONS[name]
            elif quarter := next((parts[q] for q in ("q1", "q2", "q3") if parts.get(q)), ""):
                number = next(
                    n for n, word in _ORDINALS.items() if quarter in word or quarter[0] == n
                )
                month = str(32 + int(number))
            day = (parts.get("day") or "").zfill(2) if parts.get("day") else ""
            return _Point(parts.get("year") or "", month.zfill(2) if month else "", day)
    return _in_figures(plain)


def _in_figures(plain: str) -> _Point | None:
    """23.06.2024, 6/23/2024, 2024/06/23 and 06/2024, where only one reading has such a month."""
    if said := re.fullmatch(r"(\d{4})([./])(\d{1,2})\2(\d{1,2})", plain):
        return _Point(said[1], said[3].zfill(2), said[4].zfill(2))
    if said := re.fullmatch(r"(\d{1,2})[./](\d{4})", plain):
        return _Point(said[2], said[1].zfill(2))
    if said := re.fullmatch(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})", plain):
        first, second = int(said[1]), int(said[3])
        if first <= 12 and second <= 12 and first != second:
            return None
        day, month = (said[3], said[1]) if second > 12 else (said[1], said[3])
        return _Point(said[4], month.zfill(2), day.zfill(2))
    return None


@lru_cache
def _patterns(language: str) -> tuple[re.Pattern[str], ...]:
    """The ways of writing one date, the months in English and in the reader's language."""
    names = sorted(_months(language), key=len, reverse=True)
    month = rf"(?P<name>{'|'.join(map(re.escape, names))})"
    season = rf"(?P<season>{'|'.join(_SEASONS)})"
    return tuple(
        re.compile(pattern)
        for pattern in (
            _YEAR,
            rf"{_DAY}(?: of)? {month}(?:{_OF}{_YEAR})?",
            rf"{month} {_DAY}(?:,? {_YEAR})?",
            rf"{month}(?:{_OF}{_YEAR})?",
            rf"{_YEAR} {month}",
            rf"{_YEAR}-(?P<month>\d\d)(?:-(?P<day>\d\d))?",
            rf"{season}(?:{_OF}{_YEAR})?",
            rf"{_QUARTER}(?:{_OF}{_YEAR})?",
            rf"{_YEAR} {_QUARTER}",
            rf"{_DAY}(?:,? {_YEAR})?",
        )
    )


@lru_cache
def _months(language: str) -> dict[str, str]:
    """The number of each month by its names."""
    found = {"sept": "09"}
    for locale in dict.fromkeys((to_locale(language), "en")):
        for width in ("abbreviated", "wide"):
            try:
                names = get_month_names(width, locale=locale)
            except UnknownLocaleError:
                continue
            for number, name in names.items():
                found.setdefault(name.casefold().rstrip("."), f"{number:02}")
    return found


def _reason(plain: str) -> str:
    """Why a text that looks like a date is refused; "" if it does not look like one."""
    if re.search(r"\b(?:early|mid|late|beginning|middle|end|start)\b", plain):
        return gettext("say which months")
    if re.search(r"\b(?:about|around|circa|ca|approximately|before|after)\b|[~?]", plain):
        return gettext("say between which dates it lies")
    if re.search(r"\b(?:today|yesterday|now|recently|this|last|next|ago)\b", plain):
        return gettext("say the date itself")
    figures = re.search(r"\b(\d{1,2})([./-])(\d{1,2})\2\d{4}\b", plain)
    if figures and int(figures[1]) <= 12 and int(figures[3]) <= 12:
        return gettext("day and month may be exchanged; write the month as a word")
    if re.search(r"\b\d{4} ?[-/] ?\d{2}$", plain):
        return gettext("write both years in full")
    if not re.search(r"\d{4}", plain):
        return gettext("the year is missing")
    return ""
