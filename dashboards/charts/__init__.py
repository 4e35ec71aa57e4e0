"""The charts by their slugs. To add one: write a builder, name it here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from dashboards.charts import counts, money
from dashboards.charts.chart import Chart
from initiatives.selection import Selection

INITIATIVE_CHARTS: dict[str, Callable[[Selection], Chart]] = {
    **{slug: partial(money.money_chart, slug) for slug in money.KINDS},
    "funding-by-rung": money.rung_chart,
    "initiatives-by-year": partial(counts.initiatives_by_year, "initiatives-by-year"),
    "initiatives-by-country": partial(counts.initiatives_by_country, "initiatives-by-country"),
    "bloc-by-sector": partial(counts.bloc_by_sector, "bloc-by-sector"),
}
SUMMIT_CHARTS: dict[str, Callable[[Selection], Chart]] = {
    "summits": partial(counts.summits, "summits"),
}

__all__ = ["INITIATIVE_CHARTS", "SUMMIT_CHARTS", "Chart"]
