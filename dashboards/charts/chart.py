"""What a chart is, whatever it shows, and its shapes: JSON, table, CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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
    """One row of bars, a value for each label of the chart."""

    name: str
    values: Sequence[Value]


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
    `drawn` is how many labels are drawn at most: the table and the data have all. A chart of flows
    has in `flows` the two keys of each label, and in `flow_names` what they are called.
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
    flows: list[list[str]] | None = None
    flow_names: dict[str, str] | None = None

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
            "series": [
                {
                    "name": series.name,
                    "low": [low(v.amount) for v in series.values],
                    "high": [high(v.amount) for v in series.values],
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
                        "low": low(series.values[n].amount),
                        "high": high(series.values[n].amount),
                        "records": series.values[n].records,
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
                    low(series.values[n].amount),
                    high(series.values[n].amount),
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
