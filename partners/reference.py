"""Loads countries and blocs from `fixtures/reference/`. Loading twice changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from babel import Locale
from django.db import transaction

from partners.dates import PartialDate
from partners.models import Bloc, Country, CountryName, Membership, Source
from partners.names import fold


@transaction.atomic
def load_countries(path: Path) -> int:
    """Write the countries of the file, their names and aliases; how many there are.

    Names come from CLDR. A name that administrators have added is kept. ValueError if CLDR has
    no name for a code, or if one name would mean two countries.
    """
    rows = json.loads(path.read_text())["countries"]
    cldr = Locale("en").territories
    columns = ("iso2", "numeric", "region", "region_name", "subregion", "subregion_name")
    countries = [
        Country(
            iso3=row["iso3"],
            english_name=cldr[row["iso2"]],
            **{name: row.get(name) or "" for name in columns},
        )
        for row in rows
    ]
    Country.objects.bulk_create(
        countries,
        update_conflicts=True,
        unique_fields=["iso3"],
        update_fields=[*columns, "english_name"],
    )
    by_code = {country.iso3: country for country in Country.objects.all()}
    taken = dict(CountryName.objects.values_list("folded", "country__iso3"))
    new: list[CountryName] = []
    for row in rows:
        for name in dict.fromkeys([cldr[row["iso2"]], *row.get("aliases", [])]):
            holder = taken.setdefault(fold(name), "")
            if holder not in ("", row["iso3"]):
                raise ValueError(f"“{name}” means both {holder} and {row['iso3']}")
            if not holder:
                taken[fold(name)] = row["iso3"]
                country = by_code[row["iso3"]]
                new.append(CountryName(country=country, name=name, folded=fold(name)))
    CountryName.objects.bulk_create(new)
    return len(rows)


@transaction.atomic
def load_bloc(path: Path) -> Bloc:
    """Write the bloc of the file and bring its memberships to what the file says.

    ValueError names the file and the row whose country, role or date is not understood.
    """
    data = json.loads(path.read_text())
    bloc, _created = Bloc.objects.update_or_create(
        slug=data["slug"],
        defaults={
            "name": data["name"],
            "short_name": data["short_name"],
            "kind": data["kind"],
            "founded": _date(data.get("founded")),
            "description": data.get("description", ""),
            "website": data.get("website") or "",
            "source": _source(data["source"]),
        },
    )
    by_code = {country.iso3: country for country in Country.objects.all()}
    wanted: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in data["memberships"]:
        wanted[row["country"], row["role"], row.get("since") or ""] = row
    for there in bloc.memberships.select_related("country"):
        if (there.country.iso3, there.role, there.since.text if there.since else "") not in wanted:
            there.delete()
    for (code, role, since), row in wanted.items():
        if code not in by_code or role not in Membership.Role.values:
            raise ValueError(f"{path.name}: unknown country or role in {row}")
        try:
            _date(since)
            until = _date(row.get("until"))
        except ValueError as error:
            raise ValueError(f"{path.name}: {error} in {row}") from error
        Membership.objects.update_or_create(
            bloc=bloc,
            country=by_code[code],
            role=role,
            since=since,
            defaults={
                "until": until,
                "source": _source(row["source"]) if row.get("source") else None,
                "note": row.get("note") or "",
            },
        )
    return bloc


def _date(text: str | None) -> PartialDate | None:
    return PartialDate.parse(text) if text else None


def _source(data: dict[str, Any]) -> Source:
    source, _created = Source.objects.update_or_create(
        key=data["key"],
        defaults={
            "title": data["title"],
            "publisher": data.get("publisher") or "",
            "url": data.get("url") or "",
            "note": data.get("note") or "",
        },
    )
    return source
