"""When initiatives and summits began, each as wide as its date is precise."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext

from dashboards.charts.chart import Chart, Line, Series, Value
from dashboards.lists import SUMMITS
from initiatives.funding.rollup import Reason
from initiatives.intervals import Interval
from initiatives.models import Record
from initiatives.selection import Selection

MOST = 200


@dataclass
class Timeline(Chart):
    """A label for each record, in the series of its type: the first and the last day that its
    beginning can mean. `words` say it as it was said.
    """

    words: list[str] = field(default_factory=list)

    def low(self, amount: Interval | None) -> str | None:
        return None if amount is None else _day(amount.low)

    def high(self, amount: Interval | None) -> str | None:
        return None if amount is None or amount.high is None else _day(amount.high)

    def more(self) -> dict[str, Any]:
        return {"words": self.words}

    def rows(self) -> list[dict[str, Any]]:
        rows = Chart.rows(self)
        for row, words in zip(rows, self.words, strict=True):
            row["words"] = words
        return rows


def timeline(slug: str, selection: Selection) -> Chart:
    """Initiatives, and the summits that the same filter matches, the newest first."""
    asked = selection.params.copy()
    asked.pop("columns", None)  # of a table of initiatives
    summits = Selection(SUMMITS.filters, asked, SUMMITS.records(), strict=True)
    chart = _timeline(
        slug,
        gettext("Initiatives and summits by when they began"),
        gettext("initiatives and summits"),
        [(gettext("Initiatives"), selection), (gettext("Summits"), summits)],
    )
    if summits.errors:
        only = gettext("Summits have no such filter, so none of them is shown: %(names)s.")
        names = [str(selection.filterset.filters[name].label) for name in summits.errors]
        chart.note = f"{chart.note} {only % {'names': ', '.join(names)}}"
    return chart


def summit_timeline(slug: str, selection: Selection) -> Chart:
    """Summits alone, the newest first."""
    title, name = gettext("Summits by when they were held"), gettext("Summits")
    return _timeline(slug, title, gettext("summits"), [(name, selection)])


def _timeline(
    slug: str, title: str, unit: str, selections: list[tuple[str, Selection]]
) -> Timeline:
    found: list[tuple[Record, int]] = []
    dated = 0
    for n, (_name, selection) in enumerate(selections):
        newest = selection.begun
        dated += len(newest)
        records = Record.objects.in_bulk(newest[:MOST].tolist())
        found += [(record, n) for record in records.values()]
    found.sort(key=lambda row: (-row[0].began_earliest.toordinal(), row[0].title, row[0].pk))
    shown = found[:MOST]
    matched = sum(selection.count for _, selection in selections)
    older = gettext("begun before the %(n)s that are shown") % {"n": MOST}
    notes = [gettext("A bar is as wide as the date is precise: a year, a month, a day.")]
    if dated > len(shown):
        notes.append(
            gettext("The %(n)s newest of %(all)s are shown; ask for earlier years to see others.")
            % {"n": len(shown), "all": dated}
        )
    left_out = [
        Line("older", older, dated - len(shown)),
        Line(Reason.NO_YEAR.value, gettext("no beginning stated, or none with both ends"), matched - dated),
    ]  # fmt: skip
    return Timeline(
        slug=slug,
        title=title,
        unit=unit,
        label_name=gettext("Record"),
        labels=[record.title for record, _ in shown],
        links=[record.get_absolute_url() for record, _ in shown],
        series=[
            Series(name, [_span(record) if n == at else Value(None, 0) for record, at in shown])
            for n, (name, _) in enumerate(selections)
        ],
        total=Value.of(len(shown)).amount,
        records=len(shown),
        note=" ".join(notes),
        left_out=[line for line in left_out if line.records],
        horizontal=True,
        kind="timeline",
        words=[str(record.began) for record, _ in shown],
    )


def _span(record: Any) -> Value:
    """The days that the beginning of a record can mean."""
    first, last = record.began_earliest.toordinal(), record.began_latest.toordinal()
    return Value(Interval(Decimal(first), Decimal(last)), 1)


def _day(ordinal: Decimal) -> str:
    return dt.date.fromordinal(int(ordinal)).isoformat()
