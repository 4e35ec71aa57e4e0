"""The charts by their slugs. To add one: write a builder, name it here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from dashboards.charts import counts, matrix, money, sharing, timeline
from dashboards.charts.chart import Chart

INITIATIVE_CHARTS: dict[str, Callable[..., Chart]] = {
    **{slug: partial(money.money_chart, slug) for slug in money.KINDS},
    "funding-by-rung": money.rung_chart,
    "initiatives-by-year": partial(counts.initiatives_by_year, "initiatives-by-year"),
    "initiatives-by-country": partial(counts.initiatives_by_country, "initiatives-by-country"),
    "initiatives-by-sector": partial(counts.initiatives_by_sector, "initiatives-by-sector"),
    "bloc-by-sector": partial(matrix.bloc_by_sector, "bloc-by-sector"),
    "map": partial(sharing.country_map, "map"),
    "network": partial(sharing.network, "network"),
    "timeline": partial(timeline.timeline, "timeline"),
}
SUMMIT_CHARTS: dict[str, Callable[..., Chart]] = {
    "summits": partial(counts.summits, "summits"),
    "summit-timeline": partial(timeline.summit_timeline, "summit-timeline"),
}
# What a chart understands beside the filters: each with its choices, the usual one first.
OPTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "map": {"arcs": ("no", "yes")},
    "network": {"of": ("countries", "organisations")},
}

__all__ = ["INITIATIVE_CHARTS", "OPTIONS", "SUMMIT_CHARTS", "Chart"]
