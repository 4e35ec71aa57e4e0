"""Money promised and paid: the charts, their ledgers, and the rows behind every number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from dashboards.amounts import rounded
from dashboards.as_of import answers_as_of
from dashboards.charts import INITIATIVE_CHARTS, money
from dashboards.drilldown import COLUMNS, Drilldown, NothingBehindIt
from dashboards.exports.answers import json_response
from dashboards.exports.cells import read_rows
from dashboards.exports.csv import csv_response
from dashboards.freshness import unless_unchanged
from dashboards.lists import INITIATIVES
from dashboards.paging import page_of, whole
from dashboards.reading import ByRecord
from dashboards.statement_rows import funding_row, grouped
from initiatives.facets import facet
from initiatives.funding.account import Account, unit
from initiatives.funding.filters import CURRENCY
from initiatives.funding.models import PARTIES, BaseYear, Funding
from initiatives.funding.rollup import Reason, Rung
from initiatives.models import Record
from initiatives.selection import Selection
from partners.history.changes import data_version

FACETS = ("bloc", "country", "sector", "kind")
ROWS_PER_PAGE = 100
STATEMENTS_PER_PAGE = 50
# Rows of each of several charts on one page.
MOST = 50
# Why a statement is left out, where its row already says so.
PLAIN = {Reason.OTHER_RUNG, Reason.OUT_OF_SCOPE}
# What these addresses understand beside the filters.
WHICH = ("chart", "bar", "reason")


@require_safe
@answers_as_of(refuses=False)
@unless_unchanged
def funding(request: HttpRequest) -> HttpResponse:
    """The charts of money for the initiatives that the filter selects."""
    selection = Selection(INITIATIVES.filters, request.GET, INITIATIVES.records())
    number = whole(request, selection, "page", 1, None)
    stacked = request.GET.get("bars") == "stacked"
    if {*request.GET.getlist("bars")} - {"", "stacked"}:
        selection.errors["bars"] = [gettext("Leave it out, or say “stacked”.")]
    context: dict[str, Any] = {
        "selection": selection,
        "facets": [facet(selection, name) for name in FACETS],
    }
    if selection.errors:
        return render(request, "funding.html", context, status=400)
    account = money.account_of(selection)
    charts = [money.money_chart(slug, selection, account, MOST) for slug in money.KINDS]
    for chart in charts:
        chart.stacked = stacked and len(account.basis.rungs) == 1
    by_rung = totals(selection)
    shown = {"as_of", "rung", "currency", "measure", *FACETS}
    index = selection.index
    context |= {
        "carried_along": [a for a in selection.active if a.name not in shown],
        "chart_query": selection.query,
        "currencies": sorted(
            map(str, index.counts(CURRENCY, index.published(Record.Type.INITIATIVE)))
        ),
        "basis": account.basis,
        "unit": unit(account.basis),
        "base_year": BaseYear.current(),
        "rungs": Rung,
        "rungs_chart": INITIATIVE_CHARTS["funding-by-rung"](selection),
        "charts": charts,
        "stacked": stacked,
        "asked_rungs": selection.chose("rung"),
        "totals": by_rung,
        "elsewhere": [row for row in by_rung if row["rung_value"] not in account.basis.rungs],
        "statements": _statements(selection, account, number),
    }
    return render(request, "funding.html", context)


def totals(selection: Selection) -> list[dict[str, Any]]:
    """What counts on each rung in the measure of the selection, never added to one another."""
    account = money.account_of_rungs(selection)
    found = account.totals()
    counted = account.sizes()
    return [
        {
            "rung": Rung(rung).label,
            "rung_value": rung,
            "words": rounded(found[rung], unit(account.basis))
            if rung in found
            else gettext("nothing"),
            "records": counted.get(rung, (0, 0))[0],
            "statements": counted.get(rung, (0, 0))[1],
        }
        for rung in Rung.values
        if rung in found or rung in selection.chose("rung")
    ]


def _statements(selection: Selection, account: Account, number: int) -> dict[str, Any]:
    """A page of the money statements of the selection, each with whether it counts."""
    records = np.array(selection.ordered(), dtype=np.int64)
    rows = ByRecord(records, account.stated(records), _stated)
    page = page_of(rows, STATEMENTS_PER_PAGE, number)
    why = account.reasons({statement.record_id for statement in page})
    by_record = defaultdict(list)
    for statement in page:
        row = funding_row(statement)
        reason = why.get(statement.pk)
        if reason and reason not in PLAIN:
            row.notes.append(gettext("left out of these charts: %(why)s") % {"why": reason.label})
        by_record[statement.record].append(row)
    groups = [{"record": record, "groups": grouped(rows)} for record, rows in by_record.items()]
    return {"page": page, "records": groups}


def _stated(records: list[int]) -> QuerySet[Funding]:
    """The statements about money of some initiatives, with what a row shows of each."""
    rows = Funding.objects.current().filter(record__in=records)
    return (
        rows.select_related("record", *PARTIES, "restates", "part_of__record")
        .with_evidence()
        .order_by("pk")
    )


def _drilldown(request: HttpRequest, *, strict: bool) -> tuple[Selection, Drilldown | None]:
    """What is asked for; None where the parameters are wrong, which `selection.errors` names.

    NothingBehindIt where there is no such number.
    """
    selection = Selection(
        INITIATIVES.filters, request.GET, INITIATIVES.records(), strict=strict, also=WHICH
    )
    for name in WHICH:
        if len(request.GET.getlist(name)) > 1:
            selection.errors[name] = [gettext("Give one value only.")]
    if selection.errors:
        return selection, None
    return selection, Drilldown(selection, **{name: request.GET.get(name, "") for name in WHICH})


def _machine(
    request: HttpRequest, answer: Callable[[Selection, Drilldown], HttpResponse]
) -> HttpResponse:
    """The answer in a machine format, or a 400 that names the parameter at fault."""
    try:
        selection, found = _drilldown(request, strict=True)
    except NothingBehindIt as error:
        return json_response({"errors": {error.name: [str(error)]}}, status=400)
    if found is None:
        return json_response({"errors": selection.errors}, status=400)
    return answer(selection, found)


@require_safe
@answers_as_of(refuses=False)
@unless_unchanged
def rows(request: HttpRequest) -> HttpResponse:
    """Exactly the statements behind a bar, a total or a line of a ledger; 404 if there are none."""
    try:
        selection, found = _drilldown(request, strict=False)
    except NothingBehindIt as error:
        raise Http404(str(error)) from error
    number = whole(request, selection, "page", 1, None)
    found = None if selection.errors else found
    context: dict[str, Any] = {"selection": selection, "drilldown": found}
    if found is None:
        return render(request, "funding_rows.html", context, status=400)
    context["page"] = page_of(found.entries, ROWS_PER_PAGE, number)
    context["rows"] = found.explained(context["page"])
    return render(request, "funding_rows.html", context)


@require_safe
@answers_as_of(refuses=False)
@unless_unchanged
def rows_json(request: HttpRequest) -> HttpResponse:
    """The same rows as JSON, all of them, with the rate that each was converted by."""

    def answer(selection: Selection, found: Drilldown) -> HttpResponse:
        names = [column.name for column in COLUMNS]
        results = [dict(zip(names, row, strict=True)) for row in read_rows(COLUMNS, found.entries)]
        data = {
            "count": len(results),
            "query": selection.words,
            "title": found.title,
            "unit": found.unit,
            "data_version": data_version(),
            "results": results,
        }
        return json_response(data)

    return _machine(request, answer)


@require_safe
@answers_as_of(refuses=False)
@unless_unchanged
def rows_csv(request: HttpRequest) -> HttpResponse:
    """The same rows as CSV."""

    def answer(selection: Selection, found: Drilldown) -> HttpResponse:
        header = [column.name for column in COLUMNS]
        return csv_response("funding-rows", header, read_rows(COLUMNS, found.entries))

    return _machine(request, answer)
