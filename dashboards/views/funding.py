"""Money promised and paid: the charts, their ledgers, and the rows behind every bar."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from dashboards.charts import INITIATIVE_CHARTS, money
from dashboards.lists import INITIATIVES
from dashboards.statement_rows import Row, funding_row
from initiatives.facets import facet
from initiatives.funding.models import Funding
from initiatives.funding.rollup import Reason, Rung
from initiatives.funding.tally import tally
from initiatives.intervals import total
from initiatives.selection import Selection

CHARTS = ("funding-by-year", "funding-by-bloc", "funding-by-sector", "funding-by-country")
FACETS = ("bloc", "country", "sector", "kind")


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
    shown = {"rung", "currency", *FACETS}
    stated = Funding.objects.current().exclude(currency="").order_by("currency")
    context |= {
        "carried_along": [a for a in selection.active if a.name not in shown],
        "chart_query": selection.query,
        "currencies": stated.values_list("currency", flat=True).distinct(),
        "rung": Rung(found.rung),
        "currency": found.currency,
        "rungs": Rung,
        "charts": [
            INITIATIVE_CHARTS["funding-by-rung"](selection),
            *(money.money_chart(slug, selection, found) for slug in CHARTS),
        ],
        "totals": totals(selection),
        "statements": _statements(selection, found),
    }
    return render(request, "funding.html", context)


def totals(selection: Selection) -> list[dict[str, Any]]:
    """What counts in each currency and on each rung, never added to one another."""
    stated = Funding.objects.current().filter(record__in=selection.keys).exclude(currency="")
    pairs = sorted(
        set(stated.order_by().values_list("currency", "rung").distinct()),
        key=lambda pair: (pair[0], Rung.values.index(pair[1])),
    )
    found = [tally(selection.keys, currency, rung) for currency, rung in pairs]
    return [
        {
            "currency": t.currency,
            "rung": Rung(t.rung).label,
            "rung_value": t.rung,
            "total": t.total,
            "statements": len(t.counted),
            "records": len(t.counted_records()),
        }
        for t in found
        if t.counted
    ]


def _statements(selection: Selection, found) -> list[dict[str, Any]]:
    """Every money statement of the selection, with whether it counts in the charts."""
    why: dict[int, Reason] = {row.pk: reason for row, reason in found.left_out}
    rows = (
        Funding.objects.current()
        .filter(record__in=selection.keys)
        .select_related(
            "record",
            "provider_country",
            "provider_organisation",
            "recipient_country",
            "recipient_organisation",
            "restates",
            "part_of",
        )
        .with_evidence()
        .order_by("record__title", "pk")
    )
    by_record: dict[Any, list[Row]] = defaultdict(list)
    for statement in rows:
        row = funding_row(statement)
        if reason := why.get(statement.pk):
            left_out = gettext("left out of these charts: %(why)s") % {"why": reason.label}
            row.note = "; ".join(text for text in (row.note, left_out) if text)
        by_record[statement.record].append(row)
    return [{"record": record, "rows": rows} for record, rows in by_record.items()]


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
        .select_related(
            "record",
            "provider_country",
            "provider_organisation",
            "recipient_country",
            "recipient_organisation",
            "restates",
            "part_of",
        )
        .with_evidence()
    }
    context = {
        "selection": selection,
        "chart": money.money_chart(slug, selection, found),
        "bar": bar,
        "rung": Rung(found.rung),
        "currency": found.currency,
        "own": total(amount for _, amount in bar.own) if bar.own else None,
        "shared": total(amount for _, amount in bar.shared) if bar.shared else None,
        "rows": [
            {
                "record": f.record,
                "amount": amount,
                "shared": is_shared,
                "row": funding_row(evidence[f.pk]),
            }
            for f, amount, is_shared in both
        ],
    }
    return render(request, "funding_rows.html", context)
