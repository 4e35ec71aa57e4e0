"""Money promised and paid: the charts, their ledgers, and the rows behind every bar."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from dashboards.amounts import between
from dashboards.charts import INITIATIVE_CHARTS, money
from dashboards.lists import INITIATIVES
from dashboards.statement_rows import Row, funding_row, grouped
from initiatives.facets import facet
from initiatives.funding.models import PARTIES, Funding
from initiatives.funding.rollup import Reason, Rung
from initiatives.funding.tally import Tally, tally
from initiatives.intervals import Interval, total
from initiatives.selection import Selection

CHARTS = ("funding-by-year", "funding-by-bloc", "funding-by-sector", "funding-by-country")
FACETS = ("bloc", "country", "sector", "kind")
# Why a statement is left out, where its row already says so.
PLAIN = {Reason.OTHER_RUNG, Reason.OUT_OF_SCOPE}


@require_safe
def funding(request: HttpRequest) -> HttpResponse:
    """The charts of money for the initiatives that the filter selects."""
    selection = Selection(INITIATIVES.filters, request.GET, INITIATIVES.records())
    context: dict[str, Any] = {
        "selection": selection,
        "facets": [facet(selection, name) for name in FACETS],
    }
    if selection.errors:
        return render(request, "funding.html", context, status=400)
    found = money.tally_of(selection)
    tallies = tallies_of(selection)
    charts = [(slug, money.money_chart(slug, selection, found)) for slug in CHARTS]
    shown = {"rung", "currency", *FACETS}
    stated = Funding.objects.current().filter(record__in=INITIATIVES.records())
    context |= {
        "carried_along": [a for a in selection.active if a.name not in shown],
        "chart_query": selection.query,
        "currencies": stated.exclude(currency="")
        .order_by("currency")
        .values_list("currency", flat=True)
        .distinct(),
        "rung": Rung(found.rung),
        "currency": found.currency,
        "rungs": Rung,
        "rungs_chart": INITIATIVE_CHARTS["funding-by-rung"](selection),
        "charts": [
            {"chart": chart, "elsewhere": _elsewhere(slug, tallies, found) if chart.empty else []}
            for slug, chart in charts
        ],
        "totals": totals(tallies),
        "statements": _statements(selection, found),
    }
    return render(request, "funding.html", context)


def tallies_of(selection: Selection) -> list[Tally]:
    """A tally for each currency and rung in which something counts."""
    stated = Funding.objects.current().filter(record__in=selection.keys).exclude(currency="")
    pairs = sorted(
        set(stated.order_by().values_list("currency", "rung").distinct()),
        key=lambda pair: (pair[0], Rung.values.index(pair[1])),
    )
    found = (tally(selection.keys, currency, rung) for currency, rung in pairs)
    return [t for t in found if t.counted]


def totals(tallies: list[Tally]) -> list[dict[str, Any]]:
    """What counts in each currency and on each rung, never added to one another.

    `restated` is how many of its statements say again, in this currency, what another says in its
    own: money that stands in two of these totals.
    """
    return [
        {
            "currency": t.currency,
            "rung": Rung(t.rung).label,
            "rung_value": t.rung,
            "total": t.total,
            "words": between(t.total, t.currency),
            "statements": len(t.counted),
            "restated": sum(c.funding.restates_id is not None for c in t.counted),
            "records": len(t.counted_records()),
        }
        for t in tallies
    ]


def _elsewhere(slug: str, tallies: list[Tally], shown: Tally) -> list[tuple[str, str, str]]:
    """Rungs and currencies under which an empty chart would have bars: (words, rung, currency)."""
    return [
        (
            gettext("%(rung)s in %(currency)s")
            % {"rung": Rung(t.rung).label, "currency": t.currency},
            t.rung,
            t.currency,
        )
        for t in tallies
        if (t.currency, t.rung) != (shown.currency, shown.rung) and money.BARS[slug](t.counted)
    ]


def _statements(selection: Selection, found) -> list[dict[str, Any]]:
    """Every money statement of the selection, with whether it counts in the charts."""
    why: dict[int, Reason] = {row.pk: reason for row, reason in found.left_out}
    rows = (
        Funding.objects.current()
        .filter(record__in=selection.keys)
        .select_related("record", *PARTIES, "restates", "part_of")
        .with_evidence()
        .order_by("record__title", "pk")
    )
    by_record: dict[Any, list[Row]] = defaultdict(list)
    for statement in rows:
        row = funding_row(statement)
        reason = why.get(statement.pk)
        if reason and reason not in PLAIN:
            row.notes.append(gettext("left out of these charts: %(why)s") % {"why": reason.label})
        by_record[statement.record].append(row)
    return [{"record": record, "groups": grouped(rows)} for record, rows in by_record.items()]


@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """Exactly the statements behind one bar: `chart` and `bar` name it; 404 if there is none."""
    selection = Selection(INITIATIVES.filters, request.GET, INITIATIVES.records())
    slug, key = request.GET.get("chart", ""), request.GET.get("bar", "")
    if slug not in money.BARS:
        raise Http404("no such chart")
    if selection.errors:
        return render(
            request, "funding_rows.html", {"selection": selection, "rows": []}, status=400
        )
    found = money.tally_of(selection)
    bar = next((b for b in money.BARS[slug](found.counted) if b.key == key), None)
    if bar is None:
        raise Http404("no such bar")
    both = [(*item, False) for item in bar.own] + [(*item, True) for item in bar.shared]
    evidence = {
        row.pk: row
        for row in Funding.objects.filter(pk__in=[f.pk for f, _, _ in both])
        .select_related("record", *PARTIES, "restates", "part_of")
        .with_evidence()
    }
    context = {
        "selection": selection,
        "chart": money.money_chart(slug, selection, found),
        "bar": bar,
        "rung": Rung(found.rung),
        "currency": found.currency,
        "own": _sum(bar.own, found.currency),
        "shared": _sum(bar.shared, found.currency),
        "rows": [
            {
                "record": f.record,
                "amount": between(amount, found.currency),
                "shared": is_shared,
                "row": funding_row(evidence[f.pk]),
            }
            for f, amount, is_shared in both
        ],
    }
    return render(request, "funding_rows.html", context)


def _sum(rows: list[tuple[Funding, Interval]], currency: str) -> str:
    """What some rows of a bar add up to, in words; "" if there are none."""
    return between(total(amount for _, amount in rows), currency) if rows else ""
