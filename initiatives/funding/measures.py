"""The units in which money is counted: as stated, in US dollars of the year, in constant ones.

Pure rules. What cannot be converted is worth nothing here, which is never the same as zero.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from initiatives.funding.prices import Prices
from initiatives.funding.rollup import Instalment, Measure, Money, Reason
from initiatives.intervals import Interval

USD = "USD"
CENT = Decimal("0.01")
# What a statement may come to: its cents fit the ledger, where they are added in halves.
LIMIT = Decimal(9 * 10**16)


class MeasureName(models.TextChoices):
    """What amounts are counted in."""

    NOMINAL = "nominal", _("US dollars of the year")
    CONSTANT = "constant", _("constant US dollars")
    STATED = "stated", _("the currency as stated")


def stated_in(currency: str) -> Measure:
    """Amounts in that currency as they were stated; all others are worth nothing here."""

    def measure(money: Money) -> list[Instalment] | Reason:
        return Reason.OTHER_CURRENCY if money.currency != currency else money.instalments()

    return measure


def nominal_usd(prices: Prices) -> Measure:
    """US dollars at the average rate of each amount's year. Dollars need neither rate nor year."""

    def measure(money: Money) -> list[Instalment] | Reason:
        return _converted(money, lambda amount, year: prices.usd(amount, money.currency, year))

    return measure


def constant_usd(prices: Prices) -> Measure:
    """US dollars of the base year: nominal ones by the US deflator."""

    def convert(amount: Decimal, currency: str, year: int | None) -> Decimal | None:
        usd = prices.usd(amount, currency, year)
        return None if usd is None else prices.constant(usd, year)

    def measure(money: Money) -> list[Instalment] | Reason:
        return _converted(money, lambda amount, year: convert(amount, money.currency, year))

    return measure


def _converted(money: Money, convert) -> list[Instalment] | Reason:
    """All instalments converted and rounded to cents; one without a rate leaves out all."""
    instalments = money.instalments()
    if isinstance(instalments, Reason):
        return instalments
    found: list[Instalment] = []
    for year, amount in instalments:
        low = convert(amount.low, year)
        if low is None:
            return Reason.UNDATED if year is None else Reason.NO_RATE
        high = None if amount.high is None else _cents(convert(amount.high, year))
        found.append((year, Interval(_cents(low), high)))
    if sum(amount.low if amount.high is None else amount.high for _year, amount in found) >= LIMIT:
        return Reason.TOO_LARGE
    return found


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)
