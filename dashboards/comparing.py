"""Two to four selections side by side: the same numbers of each, and what is in several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations

from django.core.exceptions import TooManyFieldsSent
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext
from pyroaring import BitMap

from dashboards.charts import INITIATIVE_CHARTS, Chart
from dashboards.charts.chart import Series, Value
from dashboards.lists import INITIATIVES
from initiatives.selection import Selection
from partners.history.asking import PARAMETER

NAMES = ("a", "b", "c", "d")
CHARTS = ("initiatives-by-year", "initiatives-by-country", "initiatives-by-sector")
MOST_DRAWN = 15
MOST_ERRORS = 10


@dataclass(frozen=True, slots=True)
class Side:
    """One of the selections: the parameter that asks for it, and what that selects."""

    name: str
    selection: Selection

    @property
    def url(self) -> str:
        """The list of exactly its initiatives."""
        return _list_of(self.selection.query)

    @property
    def own_query(self) -> str:
        """What it asks for, without the moment that all sides share."""
        params = QueryDict(self.selection.query, mutable=True)
        params.pop(PARAMETER, None)
        return params.urlencode()


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two sides have in common; `url` leads to it where one filter can ask for both."""

    one: Side
    other: Side
    records: int
    url: str | None


@dataclass(frozen=True, slots=True)
class Compared:
    """One chart of each side, with the same labels and the same scale, and a table of all."""

    slug: str
    title: str
    label_name: str
    charts: list[tuple[Side, Chart]]

    @property
    def rows(self) -> list[dict]:
        """A row for each label, with the number and the link of each side."""
        return [
            {
                "label": label,
                "cells": [
                    {"records": chart.series[0].values[n].records, "url": chart.links[n]}
                    for _, chart in self.charts
                ],
            }
            for n, label in enumerate(self.charts[0][1].labels)
        ]


def sides_of(params: QueryDict) -> tuple[list[Side], dict[str, list[str]]]:
    """The sides that are asked for, and by parameter what is wrong with one.

    Each parameter is a whole query string. `as_of` stands beside them, for all.
    """
    sides: list[Side] = []
    errors: dict[str, list[str]] = {}
    for name in NAMES:
        asked = [value for value in params.getlist(name) if value]
        if len(asked) > 1:
            errors[name] = [gettext("Give one value only.")]
        elif asked:
            side, wrong = _side(name, asked[0], params.get(PARAMETER, ""))
            same = next((s.name for s in sides if side and s.own_query == side.own_query), None)
            if same:
                wrong = [gettext("This is the same as %(name)s.") % {"name": same}]
            if wrong:
                errors[name] = wrong
            elif side:
                sides.append(side)
    return sides, errors


def _side(name: str, asked: str, moment: str) -> tuple[Side | None, list[str]]:
    try:
        params = QueryDict(asked.removeprefix("?"), mutable=True)
    except TooManyFieldsSent:
        return None, [gettext("This has too many parameters.")]
    if params.get(PARAMETER):
        return None, [
            f"{PARAMETER}: {gettext('Give it once, beside the sides: it holds for all of them.')}"
        ]
    if moment:
        params[PARAMETER] = moment
    selection = Selection(INITIATIVES.filters, params, INITIATIVES.records(), strict=True)
    wrong = [f"{n}: {error}" for n, found in selection.errors.items() for error in found]
    return Side(name, selection), wrong[:MOST_ERRORS]


def overlaps(sides: list[Side]) -> list[Overlap]:
    """What each two of the sides have in common."""
    found = []
    for one, other in combinations(sides, 2):
        both = one.selection.members.intersection_cardinality(other.selection.members)
        found.append(Overlap(one, other, both, _both_url(one, other) if both else None))
    return found


def together(sides: Iterable[Side]) -> int:
    """How many different initiatives the sides have."""
    return len(BitMap.union(BitMap(), *(side.selection.members for side in sides)))


def _both_url(one: Side, other: Side) -> str | None:
    """Different filters mean *and*; two values of one would mean *or*."""
    params, more = (QueryDict(side.own_query, mutable=True) for side in (one, other))
    if params.keys() & more.keys():
        return None
    for name, values in more.lists():
        params.setlist(name, values)
    if moment := one.selection.chose(PARAMETER):
        params[PARAMETER] = moment[0]
    both = Selection(INITIATIVES.filters, params, INITIATIVES.records(), strict=True)
    return None if both.errors else _list_of(both.query)


def _list_of(query: str) -> str:
    return f"{reverse('initiative_list')}?{query}".rstrip("?")


def compared(sides: list[Side]) -> list[Compared]:
    """The charts of the sides, each with the labels that any of them has."""
    return [_compared(slug, sides) for slug in CHARTS]


def _compared(slug: str, sides: list[Side]) -> Compared:
    charts = [(side, INITIATIVE_CHARTS[slug](side.selection)) for side in sides]
    first = charts[0][1]
    labels = _labels([chart for _, chart in charts])
    most = max((v.records for _, c in charts for v in c.series[0].values), default=0)
    name = {"initiatives-by-year": gettext("Year"), "initiatives-by-country": gettext("Country")}
    return Compared(
        slug,
        first.title,
        name.get(slug, gettext("Sector")),
        [(side, _aligned(side, chart, labels, most)) for side, chart in charts],
    )


def _labels(charts: list[Chart]) -> list[str]:
    """Every label of the charts once: years from the first to the last, else the largest first."""
    count: Counter[str] = Counter()
    for chart in charts:
        for label, value in zip(chart.labels, chart.series[0].values, strict=True):
            count[label] += value.records
    if charts[0].horizontal:
        return sorted(count, key=lambda label: (-count[label], label))
    years = [int(label) for label in count]
    return [str(year) for year in range(min(years), max(years) + 1)] if years else []


def _aligned(side: Side, chart: Chart, labels: list[str], most: int) -> Chart:
    """The chart of a side, called by it: with these labels, and an axis as long as the others'."""
    values = dict(zip(chart.labels, chart.series[0].values, strict=True))
    links = dict(zip(chart.labels, chart.links, strict=True))
    return replace(
        chart,
        title=side.selection.words,
        labels=labels,
        links=[links.get(label) for label in labels],
        series=[Series(chart.unit, [values.get(label, Value.of(0)) for label in labels])],
        most=most,
        drawn=MOST_DRAWN if chart.horizontal else None,
    )
