"""Charts of money: one measure, rungs never added, nothing counted twice, and what is left out.

Every bar, total and line of a ledger leads to exactly its rows: `/funding/rows/`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from dashboards.charts.chart import Chart, Line, Series, Value
from dashboards.charts.names import names_on
from initiatives.funding.account import Account, Bar, Basis, Ledger, unit
from initiatives.funding.measures import USD, MeasureName
from initiatives.funding.models import Axis
from initiatives.funding.rollup import Rung
from initiatives.funding.standing import ARROW, FLOW, YEAR
from initiatives.intervals import total
from initiatives.selection import Selection

DEFAULT_RUNG = Rung.DISBURSED
BY_RUNG = "funding-by-rung"
MOST_DRAWN = 20
# Filters that a reader may take for filters of the money itself.
NARROWING = {"bloc", "country", "organisation", "sector"}


@dataclass(frozen=True, slots=True)
class Kind:
    """What sets one chart of money apart from the others."""

    axis: str
    title: Any
    label: Any
    drawn: int | None = None


KINDS = {
    "funding-by-year": Kind(YEAR, _("%(rung)s by year"), _("Year")),
    "funding-by-bloc": Kind(Axis.BLOC, _("%(rung)s by bloc"), _("Bloc")),
    "funding-by-sector": Kind(Axis.SECTOR, _("%(rung)s by sector"), _("Sector")),
    "funding-by-country": Kind(
        Axis.COUNTRY, _("%(rung)s by partner country"), _("Country"), MOST_DRAWN
    ),
    "funding-by-instrument": Kind(Axis.INSTRUMENT, _("%(rung)s by instrument"), _("Instrument")),
    "funding-by-provider": Kind(
        Axis.PROVIDER, _("%(rung)s by provider, the largest first"), _("Provider"), MOST_DRAWN
    ),
    "funding-by-recipient": Kind(
        Axis.RECIPIENT, _("%(rung)s by recipient, the largest first"), _("Recipient"), MOST_DRAWN
    ),
    "funding-flows": Kind(FLOW, _("%(rung)s from provider to recipient"), _("Flow"), MOST_DRAWN),
}


def basis_of(selection: Selection) -> Basis:
    """What the charts of a selection count.

    US dollars of the year unless the filter asks for constant ones, or for money as stated in one
    currency; the rungs that the filter names, or what was disbursed.
    """
    asked = selection.form.cleaned_data
    rungs = tuple(rung for rung in Rung.values if rung in (asked.get("rung") or []))
    currency = asked.get("currency") or ""
    measure = MeasureName.STATED if currency else asked.get("measure") or MeasureName.NOMINAL
    return Basis(measure, currency or USD, rungs or (DEFAULT_RUNG,))


def account_of(selection: Selection) -> Account:
    """The account that the charts of a selection show."""
    return Account(selection.members, basis_of(selection), selection.index.version)


def account_of_rungs(selection: Selection) -> Account:
    """The same of every rung."""
    account = account_of(selection)
    basis = replace(account.basis, rungs=tuple(Rung.values))
    return Account(account.records, basis, account.version)


def title_of(slug: str, basis: Basis) -> str:
    """The title of a chart of money: "Disbursed by year"."""
    if slug == BY_RUNG:
        return gettext("From promise to payment, rung by rung")
    rungs = " / ".join(str(Rung(rung).label) for rung in basis.rungs)
    return str(KINDS[slug].title) % {"rung": rungs.capitalize()}


def money_chart(
    slug: str, selection: Selection, account: Account | None = None, most: int | None = None
) -> Chart:
    """The chart `slug` of a selection, whose account may be there already.

    With `most` not more labels than that, the largest: its total is that of all.

    The only queries are those for the names of its bars and of its unit.
    """
    kind, account = KINDS[slug], account or account_of(selection)
    bars = account.bars(kind.axis)
    every = _ordered(kind.axis, bars)
    keys = every if kind.drawn is None else every[:most]
    names = names_on(kind.axis, keys)
    totals, ledger = account.totals(kind.axis), account.ledger(kind.axis)
    basis = account.basis
    there, why = {bar.key for bar in bars}, rows_link(slug, selection)
    return Chart(
        slug=slug,
        title=title_of(slug, basis),
        unit=unit(basis),
        label_name=str(kind.label),
        labels=[names[key] for key in keys],
        links=[f"{why}&{urlencode({'bar': key})}" if key in there else None for key in keys],
        series=_series(keys, bars, basis),
        # Rungs are never added: of several there is no total.
        total=totals.get(basis.rungs[0], total([])) if len(basis.rungs) == 1 else None,
        records=ledger.records,
        statements=ledger.statements,
        note=_note(account, bars, kind.axis, bool(NARROWING & selection.params.keys())),
        left_out=ledger_lines(slug, selection, ledger),
        horizontal=kind.axis != YEAR,
        drawn=kind.drawn,
        of=len(every) if len(keys) < len(every) else None,
        why=why,
        flows=[key.split(ARROW) for key in keys] if kind.axis == FLOW else None,
        flow_names=_flow_names(keys) if kind.axis == FLOW else None,
        kind="flow" if kind.axis == FLOW and len(basis.rungs) == 1 else "bars",
    )


def rung_chart(selection: Selection) -> Chart:
    """All rungs side by side, never added: there is no total over them."""
    account = account_of_rungs(selection)
    basis = account.basis
    totals, ledger = account.totals(), account.ledger()
    sizes = account.sizes()
    return Chart(
        slug=BY_RUNG,
        title=title_of(BY_RUNG, basis),
        unit=unit(basis),
        label_name=gettext("Rung"),
        labels=[str(rung.label) for rung in Rung],
        links=[_funding_link(selection, rung) if rung in totals else None for rung in Rung.values],
        series=[
            Series(
                gettext("Money"),
                [Value(totals.get(rung), sizes.get(rung, (0, 0))[0]) for rung in Rung.values],
            )
        ],
        total=None,
        records=ledger.records,
        statements=ledger.statements,
        note=gettext(
            "Each rung shows what is stated on it, often of other initiatives than the next: rungs "
            "are never added, and their gap is not what is still to be paid."
        ),
        left_out=ledger_lines(BY_RUNG, selection, ledger),
        horizontal=True,
    )


def rows_link(slug: str, selection: Selection, **which: str) -> str:
    """The page of exactly the statements behind the total, or behind a bar (`bar`) or a line of the
    ledger (`reason`), which comes last.
    """
    params = asked_of(selection)
    params["chart"] = slug
    for name, value in which.items():
        params[name] = value
    return f"{reverse('funding_rows')}?{params.urlencode()}"


def asked_of(selection: Selection) -> QueryDict:
    """The parameters of a selection, in one order."""
    return QueryDict(selection.query, mutable=True)


def _funding_link(selection: Selection, rung: str) -> str:
    params = asked_of(selection)
    params["rung"] = rung
    return f"{reverse('funding')}?{params.urlencode()}"


def _ordered(axis: str, bars: list[Bar]) -> list[str]:
    """The values of the axis: every year from the first to the last, else the largest first."""
    if axis == YEAR:
        years = [int(bar.key) for bar in bars]
        return [str(year) for year in range(min(years), max(years) + 1)] if years else []
    low: dict[str, Any] = {}
    for bar in bars:
        low[bar.key] = low.get(bar.key, 0) + bar.amount.low
    return sorted(low, key=lambda key: (-low[key], key))


def _series(keys: list[str], bars: list[Bar], basis: Basis) -> list[Series]:
    """A series for each rung, and one more where money is shared between bars."""
    there = {(bar.rung, bar.shared, bar.key): bar for bar in bars}
    found = []
    for rung in basis.rungs:
        for shared in (False, True):
            values = [_value(there.get((rung, shared, key))) for key in keys]
            if any(value.records for value in values):
                found.append(Series(_series_name(rung, shared), values))
    return found or [Series(_series_name(basis.rungs[0], False), [_value(None) for _ in keys])]


def _series_name(rung: str, shared: bool) -> str:
    name = str(Rung(rung).label)
    if not shared:
        return name
    return gettext("%(rung)s, shared with other bars and not split") % {"rung": name}


def _value(bar: Bar | None) -> Value:
    return Value(bar.amount, bar.records) if bar else Value(None, 0)


def ledger_lines(slug: str, selection: Selection, ledger: Ledger) -> list[Line]:
    """What a chart leaves out, each line with the way to its rows."""
    return [
        Line(
            line.reason.value,
            str(line.reason.label),
            line.records,
            line.statements,
            rows_link(slug, selection, reason=line.reason.value) if line.statements else None,
        )
        for line in ledger.left_out
    ]


def _note(account: Account, bars: Iterable[Bar], axis: str, narrowing: bool) -> str:
    basis = account.basis
    notes = [MEASURE_NOTES[basis.measure] % {"currency": basis.currency, "unit": unit(basis)}]
    if len(basis.rungs) > 1:
        notes.append(gettext("Rungs are stages of the same money and are never added."))
    else:
        only = gettext("Counts only what is stated as %(rung)s.")
        notes.insert(0, only % {"rung": Rung(basis.rungs[0]).label})
    if axis == Axis.COUNTRY:
        notes.append(
            gettext(
                "Money stands under its recipient; without one, under the countries taking part."
            )
        )
    if narrowing:
        notes.append(gettext("The filter selects initiatives, with all of their money."))
    if any(bar.shared for bar in bars):
        notes.append(gettext("Shared money stands under each of its bars and once in the total."))
    if disputed := account.disputed:
        notes.append(
            ngettext(
                "The parts of %(n)s amount exceed the whole: it is disputed.",
                "The parts of %(n)s amounts exceed the whole: they are disputed.",
                disputed,
            )
            % {"n": disputed}
        )
    return " ".join(str(note) for note in notes)


MEASURE_NOTES: dict[str, Any] = {
    MeasureName.NOMINAL: _("Converted at the average rate of each amount’s own year."),
    MeasureName.CONSTANT: _(
        "In %(unit)s: converted at the average rate of each amount’s own year, then by the US GDP "
        "deflator."
    ),
    MeasureName.STATED: _("Shows only what is stated in %(currency)s."),
}


def _flow_names(keys: list[str]) -> dict[str, str]:
    parties = sorted({party for key in keys for party in key.split(ARROW)})
    return names_on(Axis.PROVIDER, parties)
