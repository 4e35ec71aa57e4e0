"""What a chart is, whatever it shows, and its shapes: JSON, table, CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pandas as pd

from dashboards.amounts import rounded
from initiatives.intervals import Interval


@dataclass(frozen=True, slots=True)
class Value:
    """One bar: an interval (None where nothing is stated) and how many records it counts."""

    amount: Interval | None
    records: int

    @staticmethod
    def of(count: int) -> Value:
        """A bar that counts records."""
        return Value(Interval(Decimal(count), Decimal(count)), count)


@dataclass(frozen=True, slots=True)
class Series:
    """One row of bars, a value for each label of the chart, each with the way to its own rows."""

    name: str
    values: Sequence[Value]
    links: Sequence[str | None] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the ledger. `statements` is None for charts that count no money."""

    code: str
    reason: str
    records: int
    statements: int | None = None
    url: str | None = None


@dataclass(slots=True)
class Chart:
    """A chart as plain values.

    `links` lead from each label to exactly the rows behind it, None where nothing is behind it;
    `why` to those behind the total. `total` is None where one would add what must not be added.
    `drawn` is how many labels are drawn at most: the table and the data have all. Of a chart made of
    its first labels alone `of` says how many there are. A chart of flows has in `flows` the two keys
    of each label, and in `flow_names` what they are called.
    """

    slug: str
    title: str
    unit: str
    labels: list[str]
    series: list[Series]
    total: Interval | None
    records: int
    statements: int | None = None
    note: str = ""
    links: list[str | None] = field(default_factory=list)
    left_out: list[Line] = field(default_factory=list)
    horizontal: bool = False
    stacked: bool = False
    label_name: str = ""
    why: str | None = None
    drawn: int | None = None
    of: int | None = None
    flows: list[list[str]] | None = None
    flow_names: dict[str, str] | None = None
    # How it is drawn, if its script is there; else as bars. Of charts on one page of the same
    # scale, `most` is the end of the axis.
    kind: str = "bars"
    most: int | None = None

    @property
    def pictured(self) -> bool:
        """Whether its bars say it all, so that it can be drawn as a picture."""
        return self.kind not in ("network", "timeline")

    @property
    def intervals(self) -> bool:
        """Whether its values are intervals of money rather than counts."""
        return self.statements is not None

    @property
    def total_words(self) -> str:
        """The total in words, rounded: "USD 17.2 billion or more"."""
        return rounded(self.total, self.unit) if self.total else ""

    @property
    def empty(self) -> bool:
        """Whether there is no bar to draw."""
        return not any(v.records for series in self.series for v in series.values)

    @property
    def classes(self) -> list[dict[str, int]]:
        """The classes of colour, of a chart whose marks are as dark as they count."""
        return []

    @property
    def counted(self) -> dict[str, int | None]:
        """How many records and statements the chart counts."""
        return {"records": self.records, "statements": self.statements}

    @property
    def matched(self) -> dict[str, int | None]:
        """What the ledger adds up to: all that the filter matched."""
        return {
            "records": self.records + sum(line.records for line in self.left_out),
            "statements": self.statements
            if self.statements is None
            else self.statements + sum(line.statements or 0 for line in self.left_out),
        }

    def as_json(self) -> dict[str, Any]:
        """The chart as the public address gives it; `high` is None where open."""
        return {
            "slug": self.slug,
            "title": self.title,
            "unit": self.unit,
            "note": self.note,
            "labels": self.labels,
            "links": self.links or [None] * len(self.labels),
            "stack": self.stacked,
            "drawn": self.drawn,
            **({} if self.flows is None else {"flows": self._named_flows()}),
            **({} if self.most is None else {"most": self.most}),
            **self.more(),
            "series": [
                {
                    "name": series.name,
                    "low": [self.low(v.amount) for v in series.values],
                    "high": [self.high(v.amount) for v in series.values],
                    "records": [v.records for v in series.values],
                }
                for series in self.series
            ],
            "total": {
                "low": low(self.total),
                "high": high(self.total),
                "records": self.records,
                **self._statements(self.statements),
            },
            "left_out": [
                {
                    "reason": line.reason,
                    "code": line.code,
                    "records": line.records,
                    **self._statements(line.statements),
                }
                for line in self.left_out
            ],
        }

    def more(self) -> dict[str, Any]:
        """What only this kind of chart has beside its bars, as JSON."""
        return {}

    def unlinked(self) -> Chart:
        """The same chart, whose bars lead nowhere."""
        return replace(self, links=[])

    def low(self, amount: Interval | None) -> Any:
        """The low end of a bar as JSON has it, None of nothing."""
        return low(amount)

    def high(self, amount: Interval | None) -> Any:
        """The high end of a bar, None where open."""
        return high(amount)

    def _named_flows(self) -> list[dict[str, str]]:
        names = self.flow_names or {}
        return [{"from": names[a], "to": names[b]} for a, b in self.flows or []]

    def _statements(self, count: int | None) -> dict[str, int]:
        return {} if self.statements is None else {"statements": count or 0}

    def rows(self) -> list[dict[str, Any]]:
        """The table: a row for each label, a cell for each series."""
        links = self.links or [None] * len(self.labels)
        return [
            {
                "label": label,
                "url": links[n],
                "cells": [
                    {
                        "name": series.name,
                        "low": self.low(series.values[n].amount),
                        "high": self.high(series.values[n].amount),
                        "records": series.values[n].records,
                        "url": series.links[n] if series.links else None,
                    }
                    for series in self.series
                ],
            }
            for n, label in enumerate(self.labels)
        ]

    def frame(self) -> pd.DataFrame:
        """The table as a long data frame: label, series, low, high, records, unit."""
        return pd.DataFrame(
            [
                (
                    label,
                    series.name,
                    self.low(series.values[n].amount),
                    self.high(series.values[n].amount),
                    series.values[n].records,
                    self.unit,
                )
                for n, label in enumerate(self.labels)
                for series in self.series
            ],
            columns=["label", "series", "low", "high", "records", "unit"],
            dtype=object,
        )


def number(value: Decimal) -> int | float:
    """The value as JSON has it: whole numbers without a point."""
    return int(value) if value == value.to_integral_value() else float(value)


def low(amount: Interval | None) -> int | float | None:
    """The low end, None of nothing."""
    return None if amount is None else number(amount.low)


def high(amount: Interval | None) -> int | float | None:
    """The high end, None where open."""
    return None if amount is None or amount.high is None else number(amount.high)


def classes(most: int) -> list[dict[str, int]]:
    """At most five classes of a count up to `most`: each begins at about as many times the one
    before; `shade` says how dark it is drawn, of five.
    """
    if not most:
        return []
    if most <= 5:
        lows = list(range(1, most + 1))
    else:  # two digits are plenty for a key
        lows = sorted({1, *(int(float(f"{most ** (n / 5):.2g}")) for n in range(1, 5))})
    shades = {1: [4], 2: [2, 5], 3: [1, 3, 5], 4: [1, 2, 4, 5], 5: [1, 2, 3, 4, 5]}
    highs = [*(low - 1 for low in lows[1:]), most]
    return [
        {"low": low, "high": high, "shade": shade}
        for low, high, shade in zip(lows, highs, shades[len(lows)], strict=True)
    ]
