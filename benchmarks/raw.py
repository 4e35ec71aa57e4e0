"""The same answers in SQL alone, from flat tables made for nothing else: the least they can cost.

Each record once with what a list filters and counts, blocs and sectors as bit masks; and once for
each of its countries, and for each of its countries and sectors, with indexes that cover every question asked here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

# A question: the country, the sector and the bloc that are asked for, by key; None: not asked for.
Question = tuple[int | None, int | None, int | None]
SHOWN = 50
# The table that is made last.
LAST = "pairs"


def make() -> None:
    """The flat tables; those of a run before are dropped."""
    from django.db import connection

    flag = "1 << (%s - 1)" if connection.vendor == "sqlite" else "1::bigint << (%s - 1)::int"
    # A mask adds up, for each bit is there once.
    masks = f"""
        SELECT record_id AS record, CAST(SUM({flag % "bloc_id"}) AS bigint) AS blocs FROM initiatives_framework
        WHERE retired_at IS NULL GROUP BY record_id
    """
    year = (
        "CASE WHEN substr(CAST(r.began_earliest AS text), 1, 4) = substr(CAST(r.began_latest AS text), 1, 4) "
        "THEN CAST(substr(CAST(r.began_earliest AS text), 1, 4) AS integer) END"
    )
    statements = [
        *(f"DROP TABLE IF EXISTS {name}" for name in ("flat", "by_country", "by_sector", "pairs")),
        f"""
        CREATE TABLE flat AS SELECT r.id AS record, r.began_earliest AS began, i.kind, i.status,
            {year} AS year, COALESCE(m.blocs, 0) AS blocs
        FROM initiatives_record r JOIN initiatives_initiative i ON i.record_ptr_id = r.id
        LEFT JOIN ({masks}) m ON m.record = r.id WHERE r.state = 'published'
        """,
        """
        CREATE TABLE by_country AS SELECT DISTINCT COALESCE(p.country_id, o.country_id) AS country, f.*
        FROM initiatives_participation p
        LEFT JOIN partners_organisation o ON o.id = p.organisation_id
        JOIN flat f ON f.record = p.record_id
        WHERE p.retired_at IS NULL AND COALESCE(p.country_id, o.country_id) IS NOT NULL
        """,
        """
        CREATE TABLE by_sector AS SELECT s.sector_id AS sector, f.record, f.blocs
        FROM initiatives_record_sectors s JOIN flat f ON f.record = s.record_id
        """,
        """
        CREATE TABLE pairs AS SELECT s.sector, c.* FROM by_country c
        JOIN by_sector s ON s.record = c.record
        """,
        "CREATE INDEX flat_newest ON flat (began, record, blocs)",
        "CREATE INDEX flat_kinds ON flat (kind, status, year, blocs)",
        "CREATE INDEX flat_record ON flat (record)",
        "CREATE INDEX by_country_country ON by_country (country, blocs)",
        "CREATE INDEX by_country_record ON by_country (record, country)",
        "CREATE INDEX by_sector_sector ON by_sector (sector, blocs)",
        "CREATE INDEX pairs_newest ON pairs (country, sector, began, record)",
        "CREATE INDEX pairs_kinds ON pairs (country, sector, kind, status, year, blocs)",
        "CREATE INDEX pairs_sector ON pairs (sector, country)",
    ]
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        if connection.vendor == "sqlite":
            cursor.execute("ANALYZE")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def answer(question: Question) -> dict[str, Any]:
    """The page: how many records match, the newest with what is shown of them, and each facet."""
    country, sector, bloc = question
    here, params = _where(country=country, sector=sector, bloc=bloc)
    table = "pairs" if country and sector else "flat"
    if bool(country) != bool(sector):
        raise ValueError("a country and a sector are asked for together, or neither")
    newest = _ask(
        f"SELECT record FROM {table} {here} ORDER BY began DESC{_nulls_last()}, record DESC LIMIT {SHOWN}",
        params,
    )
    counted = _ask(
        f"SELECT kind, status, year, blocs, COUNT(*) FROM {table} {here} GROUP BY 1, 2, 3, 4",
        params,
    )
    facets = {name: Counter() for name in ("kind", "status", "year", "bloc")}
    for kind, status, year, blocs, count in counted:
        facets["kind"][kind] += count
        facets["status"][status] += count
        facets["year"][year] += count
        _add_blocs(facets["bloc"], blocs, count)
    total = sum(facets["kind"].values())
    if bloc:  # each facet ignores its own filter
        others, without = _where(country=country, sector=sector)
        facets["bloc"] = Counter()
        for blocs, count in _ask(
            f"SELECT blocs, COUNT(*) FROM {table} {others} GROUP BY 1", without
        ):
            _add_blocs(facets["bloc"], blocs, count)
    facets["country"] = _facet(
        "country", "pairs" if sector else "by_country", sector=sector, bloc=bloc
    )
    facets["sector"] = _facet(
        "sector", "pairs" if country else "by_sector", country=country, bloc=bloc
    )
    for name in facets:
        facets[name] = {
            value: n for value, n in facets[name].items() if value not in (None, "") and n
        }
    return {"count": total, "keys": [row[0] for row in newest], **facets, "rows": shown(newest)}


def shown(newest: Iterable[tuple[int]]) -> list[Any]:
    """What a list shows of the records."""
    keys = ",".join(str(row[0]) for row in newest) or "0"
    rows = _ask(
        f"SELECT id, slug, title, summary, began FROM initiatives_record WHERE id IN ({keys})"
    )
    countries = _ask(f"SELECT record, country FROM by_country WHERE record IN ({keys})")
    flat = _ask(f"SELECT record, kind, status, blocs FROM flat WHERE record IN ({keys})")
    return [rows, countries, flat]


def _facet(name: str, table: str, **asked: int | None) -> Counter[Any]:
    where, params = _where(**asked)
    return Counter(dict(_ask(f"SELECT {name}, COUNT(*) FROM {table} {where} GROUP BY 1", params)))


def _where(
    country: int | None = None, sector: int | None = None, bloc: int | None = None
) -> tuple[str, list[int]]:
    asked = [("country = %s", country), ("sector = %s", sector)]
    asked.append(("blocs & %s <> 0", bloc and 1 << (bloc - 1)))
    found = [(text, value) for text, value in asked if value]
    where = " AND ".join(text for text, _ in found)
    return f"WHERE {where}" if where else "", [value for _, value in found]


def _add_blocs(counted: Counter[int], blocs: int, count: int) -> None:
    bloc = 1
    while blocs:
        if blocs & 1:
            counted[bloc] += count
        blocs >>= 1
        bloc += 1


def _nulls_last() -> str:
    from django.db import connection

    return " NULLS LAST" if connection.vendor == "postgresql" else ""


def _ask(sql: str, params: Any = ()) -> list[tuple]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


# --- Charts, from the tables as they are --------------------------------------------------------------

_MEMBERS = """
    SELECT r.id FROM initiatives_record r JOIN initiatives_initiative i ON i.record_ptr_id = r.id
    WHERE r.state = 'published'
"""
_ASKED = """
    AND EXISTS (SELECT 1 FROM initiatives_participation p
        LEFT JOIN partners_organisation o ON o.id = p.organisation_id
        WHERE p.record_id = r.id AND p.retired_at IS NULL
        AND COALESCE(p.country_id, o.country_id) = %s)
    AND EXISTS (SELECT 1 FROM initiatives_record_sectors s
        WHERE s.record_id = r.id AND s.sector_id = %s)
"""
CHARTS = {
    "initiatives-by-year": """
        SELECT r.began_earliest, r.began_latest, COUNT(*) FROM initiatives_record r
        WHERE r.id IN ({members}) GROUP BY 1, 2
    """,
    "initiatives-by-country": """
        SELECT COALESCE(p.country_id, o.country_id), COUNT(DISTINCT p.record_id)
        FROM initiatives_participation p
        LEFT JOIN partners_organisation o ON o.id = p.organisation_id
        WHERE p.retired_at IS NULL AND p.record_id IN ({members}) GROUP BY 1
    """,
    "bloc-by-sector": """
        SELECT f.bloc_id, s.sector_id, COUNT(DISTINCT f.record_id) FROM initiatives_framework f
        JOIN initiatives_record_sectors s ON s.record_id = f.record_id
        WHERE f.retired_at IS NULL AND f.record_id IN ({members}) GROUP BY 1, 2
    """,
    "funding-by-sector": """
        SELECT e.rung, s.sector_id, SUM(e.low), SUM(e.high), COUNT(DISTINCT e.record_id)
        FROM funding_funding f JOIN funding_entry e ON e.statement_id = f.id
        JOIN initiatives_record_sectors s ON s.record_id = f.record_id
        WHERE e.measure = 'nominal' AND e.reason = '' AND e.rung = 'disbursed'
        AND f.record_id IN ({members}) GROUP BY 1, 2
    """,
    "funding-by-year": """
        SELECT e.rung, e.year, SUM(e.low), SUM(e.high), COUNT(DISTINCT e.record_id)
        FROM funding_funding f JOIN funding_entry e ON e.statement_id = f.id
        WHERE e.measure = 'nominal' AND e.reason = '' AND e.rung = 'disbursed'
        AND f.record_id IN ({members}) GROUP BY 1, 2
    """,
}


def chart(slug: str, country: int | None = None, sector: int | None = None) -> list[tuple]:
    """The sums of a chart by joins over the tables as they are, over everything or one question."""
    members = _MEMBERS + (_ASKED if country else "")
    return _ask(CHARTS[slug].format(members=members), [country, sector] if country else [])
