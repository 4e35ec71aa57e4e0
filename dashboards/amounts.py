"""Quantities in words a reader takes in at a glance, and never less exact than they were."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import format_compact_decimal, format_decimal
from django.utils.translation import get_language, gettext, to_locale

from initiatives.intervals import Interval

COMPACT_FROM = 1_000_000


def number(value: Decimal, money: bool = False) -> str:
    """The number as "17.2 billion" where that is exact, else in digits: "1,234,567,891".

    Of money with cents both digits are shown.
    """
    locale = to_locale(get_language() or "en")
    if abs(value) >= COMPACT_FROM:
        short, exact = (
            format_compact_decimal(value, format_type="long", locale=locale, fraction_digits=digits)
            for digits in (3, 15)
        )
        if short == exact:
            return short.replace(" ", "\N{NO-BREAK SPACE}")
    pattern = "#,##0.00" if money and value % 1 else None
    return format_decimal(value, format=pattern, locale=locale)


def between(amount: Interval, currency: str = "") -> str:
    """An interval in words: "USD 17.2 billion or more", "USD 1 million to 2 million"."""
    unit = f"{currency}\N{NO-BREAK SPACE}" if currency else ""
    money = bool(currency)
    low = f"{unit}{number(amount.low, money)}"
    if amount.high is None:
        return gettext("%(low)s or more") % {"low": low}
    if amount.high == amount.low:
        return low
    if not amount.low:
        return gettext("up to %(high)s") % {"high": f"{unit}{number(amount.high, money)}"}
    return gettext("%(low)s to %(high)s") % {"low": low, "high": number(amount.high, money)}


def rounded(amount: Interval, unit: str) -> str:
    """An interval of sums in words, to four digits: "USD 176.3 million". The rows have the cents."""

    def short(value: Decimal) -> Decimal:
        if value < COMPACT_FROM:
            return value
        return value.quantize(Decimal(1).scaleb(value.adjusted() - 3), ROUND_HALF_UP)

    high = None if amount.high is None else short(amount.high)
    return between(Interval(short(amount.low), high), unit)


def as_stated(low: Decimal, high: Decimal | None, qualifier: str, currency: str = "") -> str:
    """A stated quantity; `qualifier` is how it was said, in words, empty for a plain number.

    "more than USD 17 billion", "USD 200 million to 1 billion", "800,000".
    """
    if high is not None and high != low:
        return between(Interval(low, high), currency)
    unit = f"{currency}\N{NO-BREAK SPACE}" if currency else ""
    return " ".join(text for text in (qualifier, f"{unit}{number(low, bool(currency))}") if text)
