"""Everything that the site gives away, as bytes: to compare two states of it."""

from __future__ import annotations

import json
import re
from typing import Any

from django.db import connection
from django.test import Client

from initiatives.desk.undoing import COUNTED
from partners.history.versions import columns, versions
from tests.reading import CHARTS, unnumbered

PLURALS = ("initiatives", "alliances", "summits", "countries", "blocs", "organisations", "articles")
# What says when or how it was asked for, not what is known.
ASKED = ("query", "data_version")


def everything(client: Client, as_of: str = "") -> dict[str, bytes]:
    """Each list as CSV and JSON, records with their statements, each chart: bytes by address.

    Of the seed records, which tests do not touch one by one, only every tenth by itself.
    """
    asked = {"as_of": as_of} if as_of else {}
    found: dict[str, bytes] = {}
    for plural in PLURALS:
        found[f"/{plural}.csv"] = _get(client, f"/{plural}.csv", asked)
        rows = json.loads(_get(client, f"/{plural}.json", asked))
        found[f"/{plural}.json"] = _plain(rows)
        if plural in PLURALS[:3]:
            slugs = [row["slug"] for row in rows["results"]]
            for slug in sorted({*slugs[::10], *(slug for slug in slugs if len(slug) < 4)}):
                address = f"/{plural}/{slug}.json"
                found[address] = _plain(json.loads(_get(client, address, asked)))
    for slug in CHARTS:
        found[f"/charts/{slug}.json"] = _plain(
            json.loads(_get(client, f"/charts/{slug}.json", asked))
        )
    for query in ({"measure": "constant"}, {"currency": "CNY"}):
        said = json.loads(_get(client, "/charts/funding-by-year.json", {**query, **asked}))
        found[f"/charts/funding-by-year.json{query}"] = _plain(said)
    return found


def _get(client: Client, address: str, query: dict[str, str]) -> bytes:
    response = client.get(address, query)
    assert response.status_code == 200, (address, query, response.content[:500])
    return response.getvalue()


def _plain(said: dict[str, Any]) -> bytes:
    kept = {name: value for name, value in unnumbered(said).items() if name not in ASKED}
    text = json.dumps(kept, ensure_ascii=False, indent=1)
    # Links of the past lead on into it.
    return re.sub(r"as_of=[^&\"]+&?", "", text).encode()


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """The addresses at which two states differ."""
    return sorted(a for a in one.keys() | other.keys() if one.get(a) != other.get(a))


def rows() -> dict[str, Any]:
    """Every row of every table that keeps its history, by table; counted rows without their keys."""
    found = {}
    with connection.cursor() as cursor:
        for model in versions():
            names = columns(model)[1 if model in COUNTED else 0 :]
            quoted = ", ".join(f'"{name}"' for name in names)
            cursor.execute(f'SELECT {quoted} FROM "{model._meta.db_table}"')
            found[model._meta.db_table] = sorted(cursor.fetchall(), key=repr)
    return found


def differing_rows(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """By table, the rows that are in one of two states only."""
    return {
        table: [
            row
            for row in one[table] + other[table]
            if one[table].count(row) != other[table].count(row)
        ]
        for table in one
        if one[table] != other[table]
    }
