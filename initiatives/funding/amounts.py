"""Reading amounts of money as people write them: "more than USD 10 billion", "€80 billion a year".

Nothing is guessed: words that are not understood are refused by name, a currency that is not said
stays empty, and "about 5 million" is 5 million. `money_words` has the vocabulary; the grammar is

    amount = [period ","] money {again | "yearly" | period}
    money  = {qualifier | currency} number ["to" number]
    number = [currency] (digits | words) {unit} [currency] ["or more"]
    again  = "(" money {"or" money} ")" | "or" money
    period = preposition year ["to" year]

One separator of thousands or decimals is read as in English: 1,740 is thousands, 1.74 and 1,74 are
decimals; "1.740" without a unit could be either and is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import reduce
from typing import NoReturn

from babel.numbers import get_territory_currencies
from django.utils.translation import gettext

from initiatives.funding.money_words import (
    DASHES,
    CurrencyWord,
    Kind,
    Lexeme,
    lexemes,
)
from initiatives.funding.rollup import Recurs
from initiatives.intervals import Interval, Qualifier
from partners.dates import PartialDate

LONGEST = 500
# No unit of a currency is worth more of another one.
FAR_APART = 200_000
TOO_MUCH = Decimal(90) * 10**15
MOST_DIGITS = 20  # of a number as written, so that no arithmetic rounds
CENT = Decimal("0.01")
OPEN_ENDED = (Qualifier.MORE_THAN, Qualifier.AT_LEAST)
ONE_SIDED = (*OPEN_ENDED, Qualifier.UP_TO)

_ONE_SEPARATOR = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
# Digits alone, in groups of three, or in the groups of lakh and crore: 1,00,00,000.
_WHOLE = re.compile(
    r"[0-9]+|[1-9][0-9]{0,2}([ ,.'])[0-9]{3}(?:\1[0-9]{3})*|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}"
)


@dataclass(frozen=True, slots=True)
class StatedAmount:
    """An amount of money as it was said.

    `currency_said` is the sign or word that `currency` was understood from; "" where the ISO code
    itself is said. Both are "" where no currency is said. `restated` is the same money in other
    currencies; `recurs` and `period` are the same for all of them.
    """

    words: str
    interval: Interval
    qualifier: Qualifier
    currency: str = ""
    currency_said: str = ""
    recurs: Recurs = Recurs.ONCE
    period: PartialDate | None = None
    restated: tuple[StatedAmount, ...] = ()


class NotUnderstood(ValueError):
    """Says which `words` of a text about money are not understood, and why where that is known."""

    def __init__(self, words: str, reason: str = "") -> None:
        self.words = words
        message = gettext("“%(words)s” is not understood") % {"words": words}
        super().__init__(f"{message}: {reason}" if reason else message)


def parse_amount(text: str, country: str = "") -> StatedAmount:
    """The amount of money that the text says; NotUnderstood if it says anything else as well.

    `country` is the ISO alpha-2 code of where the text was printed. It decides what a bare "$",
    "元" or "pesos" means.
    """
    words = text.strip()
    if not words:
        raise NotUnderstood(words, gettext("there is nothing to read"))
    if len(words) > LONGEST:
        shown = words[:40] + "…"
        raise NotUnderstood(shown, gettext("at most %(count)s characters") % {"count": LONGEST})
    return _Reader(words, country.upper()).amount()


@dataclass(slots=True)
class _Number:
    """A number between `low` and `high`, and the `unit` that it was said in, if any."""

    low: Decimal
    high: Decimal | None
    unit: Decimal | None = None
    vague: bool = False
    after: Qualifier | None = None


@dataclass(slots=True)
class _Reader:
    """Reads one text from left to right."""

    text: str
    country: str
    lexemes: list[Lexeme] = field(default_factory=list)
    at: int = 0
    recurs: Recurs = Recurs.ONCE
    period: PartialDate | None = None

    def amount(self) -> StatedAmount:
        """The whole text as one amount and what it is restated as."""
        self.lexemes = _known(self.text)
        self._leading_period()
        first = self._money()
        restated: list[StatedAmount] = []
        while self.at < len(self.lexemes):
            start = self.at
            self._take(Kind.COMMA)
            if self._yearly_or_period():
                continue
            if self._take(Kind.SAME):
                restated.append(self._again(first, restated))
            elif self.at == start and self._take(Kind.OPEN):
                if not self._period(bare=True):
                    self._take(Kind.SAME)
                    restated.append(self._again(first, restated))
                    while self._take(Kind.COMMA, Kind.SAME):
                        self._take(Kind.SAME)
                        restated.append(self._again(first, restated))
                self._need(Kind.CLOSE)
            else:
                self._refuse_rest(start)
        common = {"recurs": self.recurs, "period": self.period}
        return replace(
            first,
            words=self.text,
            restated=tuple(replace(again, **common) for again in restated),  # type: ignore[arg-type]
            **common,  # type: ignore[arg-type]
        )

    # --- Money -----------------------------------------------------------------------------------

    def _money(self, inherited: Qualifier | None = None) -> StatedAmount:
        """One amount in one currency; `inherited` qualifies it if nothing of its own does."""
        start = self.at
        said: list[Lexeme] = []
        qualifier: Qualifier | None = None
        bounded: Lexeme | None = None
        before = (Kind.QUALIFIER, Kind.OVER, Kind.BETWEEN, Kind.FROM, Kind.CURRENCY, Kind.FILLER)
        while word := self._take(*before, Kind.EVERY_YEAR):
            if word.kind is Kind.CURRENCY:
                if said:
                    self._refuse(start, gettext("more than one currency"))
                said.append(word)
            elif word.kind is Kind.EVERY_YEAR:
                self.recurs = Recurs.ANNUALLY
            elif word.kind is not Kind.FILLER:
                if qualifier or bounded:
                    self._refuse(start, gettext("two words that say how exactly it is meant"))
                if word.kind in (Kind.BETWEEN, Kind.FROM):
                    bounded = word
                else:
                    qualifier = Qualifier.MORE_THAN if word.kind is Kind.OVER else word.value
        low = self._number(said, within_between=bool(bounded))
        high = self._far_end(low, said, bounded)
        if bounded and not high:
            self._refuse(start, gettext("only one end is said"))
        after = (high or low).after
        if qualifier and after:
            self._refuse(start, gettext("two words that say how exactly it is meant"))
        interval, qualifier = self._weigh(start, low, high, qualifier or after, inherited)
        currency, currency_said = self._currency(said)
        return StatedAmount(self._words(start), interval, qualifier, currency, currency_said)

    def _far_end(self, low: _Number, said: list[Lexeme], bounded: Lexeme | None) -> _Number | None:
        """The number after "to"; None if there is none. The near end takes over its unit."""
        start = self.at
        between = bounded is not None and bounded.kind is Kind.BETWEEN
        if self._is(Kind.QUALIFIER) and self._words(self.at, self.at + 1) in "~～":  # 5~7亿
            self.at += 1
        elif not self._take(Kind.TO, *([Kind.AND] if between else [])):
            return None
        high = self._number(said)
        # "two hundred to three hundred million" may begin at 200 or at 200 million.
        far = high.unit or 0
        if low.unit and (low.unit == 100 < far or low.unit == 1000 < far / 10**5):
            self._refuse(start, gettext("the unit of its near end is not clear"))
        # "500,000 to 1 million" is no range of millions, "2000 to 3000 million" is one.
        shares = low.low < 1000 or (high.unit and high.low / high.unit >= 1000)
        if not low.unit and high.unit and shares:
            low.low *= high.unit
        return high

    def _weigh(
        self,
        start: int,
        low: _Number,
        high: _Number | None,
        own: Qualifier | None,
        inherited: Qualifier | None,
    ) -> tuple[Interval, Qualifier]:
        """The interval and its qualifier, from one number or the two ends of a range."""
        least, most = low.low, (high or low).high
        if high and (
            low.vague or high.vague or low.after or own in (*ONE_SIDED, Qualifier.EXACTLY)
        ):
            self._refuse(start, gettext("a range says itself how exactly it is meant"))
        if most is not None and least > most:
            self._refuse(start, gettext("the low end exceeds the high end"))
        for end in (least, most or least):
            if end >= TOO_MUCH:
                self._refuse(start, gettext("that is more money than there is"))
            if end % CENT:
                self._refuse(start, gettext("more than two decimals"))
        if not most and most is not None:
            self._refuse(start, gettext("nothing is not an amount"))
        if not own and high:
            return _interval(least, most), Qualifier.BETWEEN
        if not own and low.vague:
            return _interval(least, most), Qualifier.UNSPECIFIED
        own = own or inherited or Qualifier.EXACTLY
        if low.vague and (own is Qualifier.EXACTLY or (own is Qualifier.UP_TO and most is None)):
            self._refuse(start, gettext("it has no such end"))
        if own in OPEN_ENDED:
            return _interval(least, None), own
        return _interval(Decimal(0) if own is Qualifier.UP_TO else least, most), own

    def _again(self, first: StatedAmount, others: list[StatedAmount]) -> StatedAmount:
        """The same money in a currency in which it has not been said yet.

        Where nothing else is said it is as exact as the original: of "more than €80 bn (US$91 bn)"
        both are more.
        """
        start = self.at
        inherits = first.qualifier in (*ONE_SIDED, Qualifier.ABOUT)
        again = self._money(first.qualifier if inherits else None)
        seen = ["", *(amount.currency for amount in (first, *others))]
        if not first.currency or again.currency in seen:
            self._refuse(start, gettext("the same money is said again only in another currency"))
        one, other = (a.interval.low or a.interval.high or CENT for a in (first, again))
        if max(one, other) > min(one, other) * FAR_APART:
            self._refuse(start, gettext("it is too far from the first to be the same money"))
        self._yearly_or_period()
        return again

    def _currency(self, said: list[Lexeme]) -> tuple[str, str]:
        """The one currency that all the words can mean, and the first of them; two "" of none."""
        if not said:
            return "", ""
        meant: list[CurrencyWord] = [word.value for word in said]
        codes = reduce(frozenset.intersection, (word.codes for word in meant))
        written = [self.text[word.start : word.end] for word in said]
        if not codes:
            raise NotUnderstood(
                ", ".join(dict.fromkeys(written)), gettext("these are several currencies")
            )
        current = [code for code in get_territory_currencies(self.country) if code in codes]
        defaults = [word.default for word in meant if word.default in codes]
        found = [*codes] if len(codes) == 1 else [*current, *defaults]
        if not found:
            choices = ", ".join(sorted(codes))
            raise NotUnderstood(written[0], gettext("it may be %(codes)s") % {"codes": choices})
        return found[0], "" if found[0] in written else written[0]

    # --- Numbers ---------------------------------------------------------------------------------

    def _number(self, said: list[Lexeme], within_between: bool = False) -> _Number:
        """A number with its unit, the currencies around it, and a qualifier behind it."""
        if word := self._take(Kind.CURRENCY):
            said.append(word)
        number = self._vague()
        if not number:
            value, unit = self._term(within_between)
            value += self._smaller_terms(value, unit)
            number = _Number(value, value, unit)
        after = self._take(Kind.AFTER)  # "5+ dollars"
        if word := self._take(Kind.CURRENCY):
            said.append(word)
        after = after or self._take(Kind.AFTER)  # "5 dollars or more"
        number.after = after.value if after else None
        return number

    def _vague(self) -> _Number | None:
        """A number such as "several hundred million", "multi-billion", "billions of"; or None."""
        start = self.at
        word = self._take(Kind.VAGUE)
        if word:
            low, high = word.value
        elif self._is(Kind.UNIT) and self._words(start, start + 1).casefold().endswith(" of"):
            low, high = 2, None
        else:
            return None
        unit = self._unit()
        if unit is None:
            self._refuse(start)
        return _Number(low * unit, None if high is None else high * unit, unit, vague=True)

    def _term(self, within_between: bool = False) -> tuple[Decimal, Decimal | None]:
        """One number times its unit, and the unit, None if it has none."""
        start = self.at
        if part := self._take(Kind.PART):
            self._take_article()
            unit = self._unit()
            if unit is None:
                self._refuse(start)
            return Decimal(part.value) * unit, unit
        digits = self._take(Kind.NUMBER)
        value = self._digits(digits) if digits else self._in_words(within_between)
        if self._take(Kind.HALF):
            value += Decimal("0.5")
        place = self.at
        unit = self._unit()
        if digits and _ONE_SEPARATOR.fullmatch(digits.value):
            # 1,740 is thousands unless the unit is Russian, 1.740 million has decimals. The rest
            # could be either.
            russian = unit is not None and "а" <= self._words(place).casefold()[0] <= "я"
            if russian if "," in digits.value else unit is None:
                self._refuse(start, gettext("it may mean thousands or decimals"))
        return value * (unit or 1), unit

    def _smaller_terms(self, value: Decimal, unit: Decimal | None) -> Decimal:
        """What "5000万" adds to "1亿", and "two hundred thousand" to "five million"; or 0."""
        more = Decimal(0)
        while unit and self._is(Kind.NUMBER, Kind.SMALL):
            start = self.at
            term, smaller = self._term()
            if not smaller or term >= unit:
                self.at = start
                break
            more, unit = more + term, smaller
        return more

    def _digits(self, word: Lexeme) -> Decimal:
        """The value of a number in digits, with separators of thousands and of decimals."""
        written = word.value.replace("’", "'")
        marks = [mark for mark in written if not mark.isdigit()]
        whole, fraction = written, ""
        if marks and marks[-1] in ".," and marks.count(marks[-1]) == 1:
            before, _, behind = written.rpartition(marks[-1])
            grouped = marks == [","] and len(behind) == 3 and len(before) <= 3
            if not grouped or before.startswith("0"):
                whole, fraction = before, behind
        if not _WHOLE.fullmatch(whole) or len(written) - len(marks) > MOST_DIGITS:
            raise NotUnderstood(self.text[word.start : word.end], gettext("no such number"))
        return Decimal(f"{re.sub('[^0-9]', '', whole)}.{fraction or 0}")

    def _in_words(self, within_between: bool) -> Decimal:
        """A number below a thousand in words, "a" being one where a unit follows."""
        start = self.at
        article = self._take_article()
        if article and not self._is(Kind.UNIT):
            self._refuse(start)
        value = 1 if article else self._below_hundred()
        if not value:
            dash = self._is(Kind.TO) and self._words(start, start + 1).strip() in DASHES
            if dash or self._is(Kind.MINUS):
                self.at = len(self.lexemes)
                self._refuse(start, gettext("an amount is not negative"))
            self._refuse_rest(start, gettext("a number is expected"))
        hundred = self._is(Kind.UNIT) and self.lexemes[self.at].value == 100
        if hundred:
            joined = self._is(Kind.AND, ahead=1) and not within_between
            if self._is(Kind.SMALL, ahead=2 if joined else 1):
                self.at += 2 if joined else 1
                value = value * 100 + self._below_hundred()
        return Decimal(value)

    def _below_hundred(self) -> int:
        """The value of "seven" or "twenty five"; 0 if there is no such number."""
        value = 0
        if word := self._take(Kind.SMALL):
            value = word.value
            if value >= 20 and self._is(Kind.SMALL) and self.lexemes[self.at].value < 10:
                value += self._take(Kind.SMALL).value  # type: ignore[union-attr]
        return value

    def _take_article(self) -> bool:
        found = self._is(Kind.ARTICLE)
        self.at += found
        return found

    def _unit(self) -> Decimal | None:
        """Units one after the other, as in "hundred million" and "万亿"; None if there is none."""
        unit = last = None
        while self._is(Kind.UNIT) and (last is None or self.lexemes[self.at].value > last):
            last = self.lexemes[self.at].value
            unit = last * (unit or 1)
            self.at += 1
        return unit

    # --- Years -----------------------------------------------------------------------------------

    def _leading_period(self) -> None:
        """Read "In 2019, ..." or "2019年...", if the text begins so."""
        period = self._span(bare=True)
        if period and (self.lexemes[self.at - 1].value == "年" or self._take(Kind.COMMA)):
            self._set_period(0, period)
        else:
            self.at = 0

    def _yearly_or_period(self) -> bool:
        """Read how often and when; False if neither is said next."""
        start = self.at
        while self._take(Kind.EVERY_YEAR):
            self.recurs = Recurs.ANNUALLY
        while self._period():
            pass
        while self._take(Kind.EVERY_YEAR):
            self.recurs = Recurs.ANNUALLY
        return self.at > start

    def _period(self, bare: bool = False) -> bool:
        """Read a period in years, with `bare` also one without a preposition; False if none."""
        start = self.at
        period = self._span(bare)
        if period:
            self._set_period(start, period)
        return bool(period)

    def _span(self, bare: bool = False) -> str:
        """The EDTF text of a period, and "2018/" where its end is missing; "" if there is none."""
        start = self.at
        word = self._take(Kind.IN, Kind.OVER, Kind.FROM, Kind.SINCE, Kind.BETWEEN)
        first = last = self._year()
        if not first or not (word or bare):
            self.at = start
            return ""
        joins = [Kind.AND] if word and word.kind is Kind.BETWEEN else []
        if self._take(Kind.TO, *joins):
            last = self._year(first[:2])
        elif word and word.kind in (Kind.FROM, Kind.SINCE):
            self._take(Kind.ON)
            last = ".."
        elif joins:
            last = ""
        return first if first == last else f"{first}/{last}"

    def _set_period(self, start: int, text: str) -> None:
        """Keep the period; NotUnderstood if there is no such period, or if one is known."""
        if text.endswith("/"):
            self._refuse(start, gettext("the last year is missing"))
        try:
            period = PartialDate.parse(text)
        except ValueError as error:
            raise NotUnderstood(self._words(start), str(error)) from error
        if self.period not in (None, period):
            self._refuse(start, gettext("another period is said before"))
        self.period = period

    def _year(self, century: str = "") -> str:
        """A year in four digits, or in two of the same century; "" if there is none."""
        if not self._is(Kind.NUMBER):
            return ""
        digits: str = self.lexemes[self.at].value
        if not digits.isdigit() or len(digits) not in (4, 4 - len(century)):
            return ""
        self.at += 1
        self._take(Kind.YEAR)
        return digits if len(digits) == 4 else century + digits

    # --- Steps -----------------------------------------------------------------------------------

    def _is(self, *kinds: Kind, ahead: int = 0) -> bool:
        """Whether the next lexeme, or the one so far ahead, is of one of the kinds."""
        place = self.at + ahead
        return place < len(self.lexemes) and self.lexemes[place].kind in kinds

    def _take(self, *kinds: Kind) -> Lexeme | None:
        """The next lexeme, stepped over, if it is of one of the kinds."""
        if not self._is(*kinds):
            return None
        self.at += 1
        return self.lexemes[self.at - 1]

    def _need(self, kind: Kind) -> None:
        if not self._take(kind):
            self._refuse_rest(self.at)

    def _words(self, start: int, end: int | None = None) -> str:
        """The text of the lexemes from `start` to `end`, or to where the reader stands."""
        part = self.lexemes[start : self.at if end is None else end]
        return self.text[part[0].start : part[-1].end] if part else ""

    def _refuse(self, start: int, reason: str = "") -> NoReturn:
        """Refuse the words from `start` to where the reader stands."""
        raise NotUnderstood(self._words(start) or self.text, reason)

    def _refuse_rest(self, start: int, reason: str = "") -> NoReturn:
        """Refuse the words from `start` on, all of them if none are left."""
        raise NotUnderstood(self._words(start, len(self.lexemes)) or self.text, reason)


def _known(text: str) -> list[Lexeme]:
    """The phrases of the text; NotUnderstood names the first words that are in no phrase."""
    found = lexemes(text)
    if len(found) > 1 and text[found[-1].start :] == ".":
        found.pop()
    unknown = next((place for place, lexeme in enumerate(found) if not lexeme.kind), None)
    if unknown is None:
        return found
    end = unknown + 1
    while end < len(found) and found[end].kind in (None, Kind.NUMBER):
        end += 1  # "by 2030"
    before = found[unknown - 1] if unknown else found[0]
    glued = before.kind is Kind.NUMBER and before.end == found[unknown].start  # "1e400"
    start = before.start if glued else found[unknown].start
    raise NotUnderstood(text[start : found[end - 1].end])


def _interval(low: Decimal, high: Decimal | None) -> Interval:
    """The interval with its ends written as whole numbers or with two decimals."""
    return Interval(_plain(low), None if high is None else _plain(high))


def _plain(value: Decimal) -> Decimal:
    whole = value.to_integral_value()
    return Decimal(int(whole)) if whole == value else value.quantize(CENT)


__all__ = ["NotUnderstood", "StatedAmount", "parse_amount"]
