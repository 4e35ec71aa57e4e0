"""Rates and deflators in the database, from `fixtures/reference/`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.db import transaction

from initiatives.funding.models import ExchangeRate, UsDeflator
from initiatives.funding.prices import (
    Deflator,
    Prices,
    Rate,
    read_deflators,
    read_rates,
)

BATCH = 2_000


class StoredPrices:
    """The prices of the database, read for the currencies that are asked for."""

    def __init__(self, base_year: int) -> None:
        self._deflators = [
            Deflator(row.year, row.index, row.source, row.vintage)
            for row in UsDeflator.objects.all()
        ]
        self._base_year = base_year
        self._numbers: dict[tuple[str, int], int] = {}
        self._rates: list[Rate] = []
        self._fetched: set[str] = set()
        self.prices = Prices([], self._deflators, base_year)

    def fetch(self, currencies: Iterable[str]) -> None:
        """Make sure of the rates of these currencies: one query for those not read yet."""
        new = set(currencies) - self._fetched
        if not new:
            return
        self._fetched |= new
        for row in ExchangeRate.objects.filter(currency__in=new):
            self._numbers[row.currency, row.year] = row.pk
            self._rates.append(Rate(row.currency, row.year, row.per_usd, row.source, row.vintage))
        self.prices = Prices(self._rates, self._deflators, self._base_year)

    def number_of(self, currency: str, year: int | None) -> int | None:
        """The row of the rate of a year."""
        return None if year is None else self._numbers.get((currency, year))


@transaction.atomic
def load_prices(folder: Path) -> bool:
    """Bring rates and deflators to what the files of the folder say; whether anything changed.

    Whoever loads changed ones counts everything anew. ValueError names the file, the line and the
    column that cannot be read.
    """
    rates = read_rates(folder / "rates.csv")
    deflators = read_deflators(folder / "deflators.csv")
    before = _all_prices()
    named = {(rate.currency, rate.year) for rate in rates}
    gone = [
        row[0]
        for row in ExchangeRate.objects.values_list("pk", "currency", "year")
        if row[1:] not in named
    ]
    ExchangeRate.objects.filter(pk__in=gone).delete()
    UsDeflator.objects.exclude(year__in=[deflator.year for deflator in deflators]).delete()
    ExchangeRate.objects.bulk_create(
        [ExchangeRate(**asdict(rate)) for rate in rates],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["currency", "year"],
        update_fields=["per_usd", "source", "vintage"],
    )
    UsDeflator.objects.bulk_create(
        [UsDeflator(**asdict(deflator)) for deflator in deflators],
        update_conflicts=True,
        unique_fields=["year"],
        update_fields=["index", "source", "vintage"],
    )
    return _all_prices() != before


def _all_prices() -> list[tuple[Any, ...]]:
    rates = ExchangeRate.objects.values_list("currency", "year", "per_usd", "source", "vintage")
    deflators = UsDeflator.objects.values_list("year", "index", "source", "vintage")
    return [*rates, *deflators]
