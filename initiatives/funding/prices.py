"""Prices: what an amount was worth in US dollars of its year, and is in dollars of a base year.

    nominal US dollars   = amount / per_usd(currency, value year)
    constant US dollars  = nominal * index(base year) / index(value year)

`per_usd` is the average of the calendar year in units of the currency for one US dollar: the mean of
the European Central Bank's daily reference rates, else gross domestic product in national currency
over the same in US dollars as the International Monetary Fund has it (World Economic Outlook). Each
row names its source. `index` is the deflator of the United States' gross domestic product, 2017 =
100. `price_sources` says how the two files in `fixtures/reference/` are made.

What is not known is None, never 0 and never the rate of another year.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from pathlib import Path

import pycountry

US_DOLLAR = "USD"
RATE_COLUMNS = ("currency", "year", "per_usd", "source", "vintage")
DEFLATOR_COLUMNS = ("year", "index", "source", "vintage")

# Amounts have up to 24 digits, rates 8: no digit that means something is lost.
_EXACTLY = Context(prec=50)


@dataclass(frozen=True, slots=True)
class Rate:
    """Units of the currency for one US dollar, on average over the year."""

    currency: str
    year: int
    per_usd: Decimal
    source: str
    vintage: str


@dataclass(frozen=True, slots=True)
class Deflator:
    """The level of prices in the United States: the deflator of its GDP, 2017 = 100."""

    year: int
    index: Decimal
    source: str
    vintage: str


class Prices:
    """Rates and deflators, and the two conversions made with them."""

    def __init__(
        self, rates: Iterable[Rate], deflators: Iterable[Deflator], base_year: int
    ) -> None:
        """ValueError if a currency has two rates or a year two deflators, or the base year none."""
        self._rates: dict[tuple[str, int], Rate] = {}
        self._deflators: dict[int, Deflator] = {}
        for rate in rates:
            if self._rates.setdefault((rate.currency, rate.year), rate) is not rate:
                raise ValueError(f"two rates for {rate.currency} in {rate.year}")
        for deflator in deflators:
            if self._deflators.setdefault(deflator.year, deflator) is not deflator:
                raise ValueError(f"two deflators for {deflator.year}")
        if base_year not in self._deflators:
            raise ValueError(f"no deflator for the base year {base_year}")
        self.base_year = base_year

    def rate(self, currency: str, year: int | None) -> Rate | None:
        """The rate of a year; None where there is none. The US dollar has none and needs none."""
        return None if year is None else self._rates.get((currency, year))

    def deflator(self, year: int | None) -> Deflator | None:
        """The deflator of a year; None where there is none."""
        return None if year is None else self._deflators.get(year)

    def usd(self, amount: Decimal, currency: str, year: int | None) -> Decimal | None:
        """In US dollars of that year, unrounded: amount / per_usd.

        US dollars are themselves whatever the year, even an unknown one. Of other currencies None
        where the year is unknown or has no rate.
        """
        if currency == US_DOLLAR:
            return amount
        rate = self.rate(currency, year)
        return None if rate is None else _EXACTLY.divide(amount, rate.per_usd)

    def constant(self, usd: Decimal, year: int | None) -> Decimal | None:
        """In dollars of the base year, unrounded: usd * index(base year) / index(year).

        None where the year is unknown or has no deflator.
        """
        deflator = self.deflator(year)
        if deflator is None:
            return None
        if year == self.base_year:
            return usd
        at_base = _EXACTLY.multiply(usd, self._deflators[self.base_year].index)
        return _EXACTLY.divide(at_base, deflator.index)


def read_rates(path: Path) -> list[Rate]:
    """The rates of a CSV file; ValueError names the file, the line and the column."""
    rates: dict[tuple[str, int], Rate] = {}
    for row in _rows(path, RATE_COLUMNS):
        code = row.text("currency")
        if not (code.isupper() and pycountry.currencies.get(alpha_3=code)):
            raise row.error("currency", f"“{code}” is no code of ISO 4217")
        rate = Rate(code, row.year(), row.positive("per_usd"), *row.origin())
        if rates.setdefault((rate.currency, rate.year), rate) is not rate:
            raise row.error("year", f"{rate.currency} has a rate for {rate.year} already")
    return list(rates.values())


def read_deflators(path: Path) -> list[Deflator]:
    """The deflators of a CSV file; ValueError names the file, the line and the column."""
    deflators: dict[int, Deflator] = {}
    for row in _rows(path, DEFLATOR_COLUMNS):
        deflator = Deflator(row.year(), row.positive("index"), *row.origin())
        if deflators.setdefault(deflator.year, deflator) is not deflator:
            raise row.error("year", f"there is a deflator for {deflator.year} already")
    return list(deflators.values())


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a CSV file; every complaint about it says where it stands."""

    path: Path
    line: int
    cells: dict[str, str]

    def error(self, column: str, what: str) -> ValueError:
        return ValueError(f"{self.path.name}, line {self.line}, column {column}: {what}")

    def text(self, column: str) -> str:
        text = self.cells[column].strip()
        if not text:
            raise self.error(column, "nothing is there")
        return text

    def year(self) -> int:
        text = self.text("year")
        if not (text.isascii() and text.isdigit() and 1900 <= int(text) <= 2100):
            raise self.error("year", f"“{text}” is no year from 1900 to 2100")
        return int(text)

    def positive(self, column: str) -> Decimal:
        text = self.text(column)
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise self.error(column, f"“{text}” is no number") from None
        if not (number.is_finite() and number > 0):
            raise self.error(column, f"“{text}” is not above zero and finite")
        return number

    def origin(self) -> tuple[str, str]:
        return self.text("source"), self.text("vintage")


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[_Row]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ValueError(f"{path.name}, line {line}: the text is not UTF-8") from error
    reader = csv.reader(text.splitlines())
    header = next(reader, [])
    if tuple(header) != columns:
        wanted, found = ",".join(columns), ",".join(header)
        raise ValueError(f"{path.name}, line 1: the header must be {wanted}, not “{found}”")
    for cells in reader:
        if len(cells) != len(columns):
            column = columns[min(len(cells), len(columns) - 1)]
            raise ValueError(
                f"{path.name}, line {reader.line_num}, column {column}: "
                f"{len(columns)} cells are needed, {len(cells)} are there"
            )
        yield _Row(path, reader.line_num, dict(zip(columns, cells, strict=True)))
