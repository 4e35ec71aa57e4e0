"""The same questions to others: Datasette over a file of the same records, Django's admin with facets."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.raw import SHOWN

# So that it answers all of it, however long that takes.
PATIENT = {"sql_time_limit_ms": 600_000, "facet_time_limit_ms": 600_000, "default_page_size": SHOWN}
SINGLE = ("kind", "status", "year")
SEVERAL = ("country", "sector", "bloc")


# --- Datasette -------------------------------------------------------------------------------------


def write_file(path: Path) -> None:
    """A file as one would publish it: a row for each initiative, lists of codes as JSON arrays."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT f.record, r.title, r.summary, f.kind, f.status, f.year,
                (SELECT json_group_array(DISTINCT c.iso3) FROM by_country b
                    JOIN partners_country c ON c.id = b.country WHERE b.record = f.record),
                (SELECT json_group_array(DISTINCT s.slug) FROM initiatives_record_sectors l
                    JOIN initiatives_sector s ON s.id = l.sector_id WHERE l.record_id = f.record),
                (SELECT json_group_array(DISTINCT b.slug) FROM initiatives_framework w
                    JOIN partners_bloc b ON b.id = w.bloc_id WHERE w.record_id = f.record
                    AND w.retired_at IS NULL),
                f.began
            FROM flat f JOIN initiatives_record r ON r.id = f.record
            """
        )
        file = sqlite3.connect(path)
        file.execute(
            "CREATE TABLE initiatives (id INTEGER PRIMARY KEY, title TEXT, summary TEXT, kind TEXT, "
            "status TEXT, year INTEGER, country TEXT, sector TEXT, bloc TEXT, began TEXT)"
        )
        while rows := cursor.fetchmany(10_000):
            file.executemany("INSERT INTO initiatives VALUES (?,?,?,?,?,?,?,?,?,?)", rows)
    for column in (*SINGLE, "began"):
        file.execute(f"CREATE INDEX initiatives_{column} ON initiatives ({column})")
    file.execute(
        "CREATE VIRTUAL TABLE initiatives_fts USING fts5(title, summary, content=initiatives, content_rowid=id)"
    )
    file.execute("INSERT INTO initiatives_fts(initiatives_fts) VALUES ('rebuild')")
    file.execute("ANALYZE")
    file.commit()
    file.close()


def datasette(path: Path, queries: dict[str, dict[str, str]], suggest: bool) -> dict[str, float]:
    """Seconds of its page for each question: 50 rows, the count and six facets, the second time."""
    from datasette.app import Datasette

    async def all_of_them() -> dict[str, float]:
        site = Datasette(
            [], immutables=[str(path)], settings={**PATIENT, "suggest_facets": suggest}
        )
        await site.invoke_startup()
        found = {}
        for name, asked in queries.items():
            address = f"/{path.stem}/initiatives?{_as_datasette(asked)}"
            for _ in range(2):
                began = time.perf_counter()
                response = await site.client.get(address)
                found[name] = time.perf_counter() - began
                assert response.status_code == 200, (address, response.text[:500])
        return found

    return asyncio.run(all_of_them())


def _as_datasette(asked: dict[str, str]) -> str:
    params: list[tuple[str, Any]] = [("_size", SHOWN), ("_sort_desc", "began")]
    params += [("_facet", name) for name in SINGLE] + [("_facet_array", name) for name in SEVERAL]
    for name, value in asked.items():
        if name == "q":
            params.append(("_search", value))
        else:
            params.append((f"{name}__arraycontains" if name in SEVERAL else name, value))
    return urlencode(params)


# --- Django's admin --------------------------------------------------------------------------------


def admin_page(asked: dict[str, str]) -> bytes:
    """The change list of initiatives with facets always shown, as its user gets it."""
    from django.contrib import admin
    from django.contrib.auth import get_user_model
    from django.test import RequestFactory

    from initiatives.models import Initiative, Sector
    from partners.models import Bloc, Country

    class Initiatives(admin.ModelAdmin):
        list_display = ("title", "kind", "status", "began")
        list_filter = ("kind", "status", "sectors", "frameworks__bloc", "participations__country")
        show_facets = admin.ShowFacets.ALWAYS
        list_per_page = SHOWN
        ordering = ("-began_earliest", "-pk")

    columns = {
        "bloc": ("frameworks__bloc__id__exact", Bloc, "slug"),
        "country": ("participations__country__id__exact", Country, "iso3"),
        "sector": ("sectors__id__exact", Sector, "slug"),
    }
    params = {}
    for name, value in asked.items():
        lookup, model, key = columns[name]
        params[lookup] = model._default_manager.get(**{key: value}).pk
    request = RequestFactory().get("/admin/", params)
    request.user = get_user_model()(username="benchmark", is_superuser=True, is_staff=True)
    response = Initiatives(Initiative, admin.AdminSite()).changelist_view(request)
    response.render()
    return response.content
