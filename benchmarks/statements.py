"""Synthetic statements about money, as skewed as real ones; plainly none of them is real."""

from __future__ import annotations

import datetime as dt
import io
import random
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import accumulate
from typing import Any


class Lot:
    """Things to draw from, some more often than others."""

    def __init__(self, weights: dict[Any, float]) -> None:
        self.things = list(weights)
        self.up_to = list(accumulate(weights.values()))


CHUNK = 2_000  # initiatives
CURRENCIES = Lot({"USD": 70, "CNY": 10, "EUR": 8, "INR": 4, "ZAR": 3, "BRL": 2, "KES": 2, "RUB": 1})
RUNGS = Lot(
    {
        "announced": 35,
        "disbursed": 22,
        "committed": 20,
        "signed": 15,
        "allocated": 5,
        "cancelled": 3,
    }
)
INSTRUMENTS = Lot(
    {("grant",): 45, ("loan",): 25, (): 15, ("in-kind",): 7, ("grant", "in-kind"): 5, ("fdi",): 3}
)
STATEMENTS = Lot({1: 68, 2: 20, 3: 8, 4: 3, 8: 1})  # of one initiative: 1.5 on average
SECTORS = Lot({1: 75, 2: 20, 3: 5})
BLOCS = Lot({0: 40, 1: 50, 2: 10})
COUNTRIES = Lot({1: 30, 2: 45, 3: 20, 6: 5})
# As many countries take part in anything: of 250 that have a code fifty are hardly inhabited.
TAKING_PART = 200
RECORDED = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
ORGANISATIONS = 400


class Batch:
    """Rows of one chunk, as models, in the order in which their tables can take them."""

    def __init__(self) -> None:
        self.rows: dict[Any, list[Any]] = {}

    def add(self, row: Any) -> None:
        """One more row of its table."""
        self.rows.setdefault(type(row), []).append(row)

    def write(self) -> None:
        """All of them, in one transaction."""
        from django.db import transaction

        from initiatives.models import Initiative

        with transaction.atomic():
            for model, rows in self.rows.items():
                if model is Initiative:
                    _as_initiatives(rows)
                else:
                    model._default_manager.bulk_create(rows)


def load_reference() -> None:
    """The tables, the reference data and some organisations."""
    from django.core.management import call_command

    from partners.models import Country, Organisation

    call_command("migrate", verbosity=0)
    call_command("load_reference", verbosity=0, stdout=io.StringIO())
    seats = list(Country.objects.order_by("pk")[:100])
    Organisation.objects.bulk_create(
        Organisation(
            slug=f"benchmark-organisation-{n}",
            name=f"Benchmark organisation {n}",
            kind=Organisation.Kind.AGENCY,
            country=seats[n % len(seats)] if n % 5 else None,
        )
        for n in range(ORGANISATIONS)
    )


def fill(first: int, last: int, progress: Callable[[int], Any]) -> None:
    """Statements `first` to `last` and their initiatives; memory does not grow with them.

    The same numbers give the same rows on every machine and in every database.
    """
    made = Generator(first)
    while made.statement < last:
        batch = Batch()
        for _ in range(CHUNK):
            if made.statement < last:
                made.initiative(batch, last - made.statement)
        batch.write()
        progress(made.statement)


def _as_initiatives(rows: list[Any]) -> None:
    """The other half of the records: bulk_create cannot write a model of two tables."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO initiatives_initiative (record_ptr_id, kind, status) VALUES (%s, %s, %s)",
            [(row.record_ptr_id, row.kind, row.status) for row in rows],
        )


class Generator:
    """Initiatives one after the other, each with its statements."""

    def __init__(self, first: int) -> None:
        from initiatives.models import Sector
        from partners.models import Bloc, Country, Organisation

        self.random = random.Random(first)
        # Statements and initiatives are numbered here; the second number is never above the first.
        self.statement = self.record = first
        countries = list(Country.objects.order_by("iso3"))
        random.Random(3).shuffle(countries)
        self.countries = _skewed(countries[:TAKING_PART])
        self.organisations = _skewed(Organisation.objects.order_by("slug"))
        self.sectors = _skewed(Sector.objects.order_by("slug"))
        self.blocs = _skewed(Bloc.objects.order_by("slug"))
        self.last_whole: int | None = None  # of the initiative before

    def initiative(self, batch: Batch, most: int) -> None:
        """One initiative with what it is on, who takes part, and its money."""
        from initiatives.models import Framework, Initiative, Participation, Record

        self.record += 1
        about = {"record_id": self.record}
        batch.add(
            Record(
                pk=self.record,
                type=Record.Type.INITIATIVE,
                slug=f"benchmark-initiative-{self.record}",
                title=f"Benchmark initiative {self.record}",
                state="published" if self._chance(0.97) else "draft",
                search_text=f"benchmark initiative {self.record}",
            )
        )
        batch.add(Initiative(record_ptr_id=self.record, kind="project", status=""))
        for sector in self._some(self.sectors, SECTORS):
            batch.add(Record.sectors.through(sector_id=sector, **about))
        for n, bloc in enumerate(self._some(self.blocs, BLOCS)):
            batch.add(Framework(bloc_id=bloc, fingerprint=f"{n}", **about))
        for n, country in enumerate(self._some(self.countries, COUNTRIES)):
            batch.add(Participation(country_id=country, role="member", fingerprint=f"{n}", **about))
        for statement in self._money(min(self._one_of(STATEMENTS), most)):
            batch.add(statement)

    def _money(self, count: int) -> list[Any]:
        rows = [self._statement() for _ in range(count)]
        kind = self.random.random()
        first, last = rows[0], rows[-1]
        if self.last_whole and kind < 0.02:  # a tree over two initiatives
            first.part_of_id = self.last_whole
        if count > 1:
            if kind < 0.16:
                for row in rows[1:]:
                    row.part_of_id = first.pk
                    row.rung, row.currency = first.rung, row.currency and (first.currency or "USD")
            elif kind < 0.41:
                last.restates_id = first.pk
                last.rung = first.rung
            elif kind < 0.45:
                last.supersedes_id = first.pk
                first.retired_at, first.retired_because = RECORDED, "corrected"
        self.last_whole = None if first.retired_at else first.pk
        return rows

    def _statement(self) -> Any:
        from initiatives.funding.models import Funding

        self.statement += 1
        known = self._chance(0.95)
        low = Decimal(round(self.random.lognormvariate(14, 2.5), 2)).quantize(Decimal("0.01"))
        year = 2023 - min(int(self.random.expovariate(0.15)), 23)
        annually = self._chance(0.05)
        return Funding(
            pk=self.statement,
            record_id=self.record,
            key=f"sum-{self.statement}",
            fingerprint=str(self.statement),
            recorded_at=RECORDED,
            low=low if known else None,
            high=self._high(low) if known else None,
            qualifier="unspecified",
            currency=self._one_of(CURRENCIES) if known else "",
            words=f"benchmark amount {self.statement}",
            missing="" if known else "not-stated",
            rung=self._one_of(RUNGS),
            period=f"{year}/{year + 3}" if annually else str(year) if self._chance(0.9) else None,
            recurs="annually" if annually else "once",
            instruments=list(self._one_of(INSTRUMENTS)),
            sector_id=self._one_of(self.sectors) if self._chance(0.2) else None,
            out_of_scope="whole programme" if self._chance(0.01) else "",
            **self._party("provider"),
            **self._party("recipient"),
        )

    def _high(self, low: Decimal) -> Decimal | None:
        kind = self.random.random()
        if kind < 0.03:
            return None
        return low * 2 if kind < 0.13 else low

    def _party(self, side: str) -> dict[str, int]:
        kind = self.random.random()
        if kind < 0.7:
            return {f"{side}_country_id": self._one_of(self.countries)}
        return {f"{side}_organisation_id": self._one_of(self.organisations)} if kind < 0.92 else {}

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _one_of(self, lot: Lot) -> Any:
        return self.random.choices(lot.things, cum_weights=lot.up_to)[0]

    def _some(self, lot: Lot, counts: Lot) -> list[Any]:
        """Several different ones."""
        return list(dict.fromkeys(self._one_of(lot) for _ in range(self._one_of(counts))))


def _skewed(rows: Iterable[Any]) -> Lot:
    """The numbers of the rows, the n-th 1/n as likely as the first."""
    return Lot({row.pk: 1 / (n + 1) for n, row in enumerate(rows)})
