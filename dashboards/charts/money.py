"""Charts of money: one currency, one rung, nothing counted twice, and what is left out.

Every bar keeps the statements it is made of, so that it can lead to exactly those rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.translation import gettext, ngettext

from dashboards.charts.chart import Chart, Line, Series, Value
from initiatives.funding.models import Funding
from initiatives.funding.rollup import Reason, Rung
from initiatives.funding.tally import Counted, Tally, tally
from initiatives.intervals import Interval, total
from initiatives.models import Framework, Participation, Record
from initiatives.selection import Selection

DEFAULT_CURRENCY = "USD"
DEFAULT_RUNG = Rung.DISBURSED
Bars = dict[str, str]  # key -> label
# For every counted statement, the bars it belongs to; several share it without splitting it.
Place = Callable[[list[Counted]], dict[int, Bars]]


@dataclass(slots=True)
class Bar:
    """One bar: the statements that are its own, and those it shares with other bars."""

    key: str
    label: str
    own: list[tuple[Funding, Interval]] = field(default_factory=list)
    shared: list[tuple[Funding, Interval]] = field(default_factory=list)


def currency_of(selection: Selection) -> str:
    """The one currency that is counted: the filter's, or US dollars."""
    return selection.form.cleaned_data.get("currency") or DEFAULT_CURRENCY


def rung_of(selection: Selection) -> str:
    """The one rung that is counted: the filter's where it names one, or disbursed."""
    chosen = selection.form.cleaned_data.get("rung") or []
    return chosen[0] if len(chosen) == 1 else DEFAULT_RUNG


def tally_of(selection: Selection) -> Tally:
    """The tally that the charts of a selection show."""
    return tally(selection.keys, currency_of(selection), rung_of(selection))


# By year.


def year_bars(counted: list[Counted]) -> list[Bar]:
    """A bar for each year from the first to the last, empty ones too."""
    by_year: dict[int, Bar] = {}
    for item in counted:
        for year, amount in item.count.by_year.items():
            bar = by_year.setdefault(year, Bar(str(year), str(year)))
            bar.own.append((item.funding, amount))
    if not by_year:
        return []
    years = range(min(by_year), max(by_year) + 1)
    return [by_year.get(year) or Bar(str(year), str(year)) for year in years]


# By what an initiative belongs to.


def _shared_bars(counted: list[Counted], place: Place) -> list[Bar]:
    """Bars of statements that may belong to several, the largest first."""
    bars: dict[str, Bar] = {}
    places = place(counted)
    for item in counted:
        belongs = places.get(item.funding.pk, {})
        for key, label in belongs.items():
            bar = bars.setdefault(key, Bar(key, label))
            rows = bar.own if len(belongs) == 1 else bar.shared
            rows.append((item.funding, item.count.amount))
    return sorted(bars.values(), key=lambda b: (-_low(b.own) - _low(b.shared), b.label))


def bloc_bars(counted: list[Counted]) -> list[Bar]:
    """A bar for each bloc under which the initiatives are run."""

    def place(counted: list[Counted]) -> dict[int, Bars]:
        rows = Framework.objects.current().filter(record__in=_records(counted))
        blocs: dict[int, Bars] = defaultdict(dict)
        for row in rows.select_related("bloc"):
            blocs[row.record_id][row.bloc.slug] = str(row.bloc)
        return {c.funding.pk: blocs[c.funding.record_id] for c in counted}

    return _shared_bars(counted, place)


def sector_bars(counted: list[Counted]) -> list[Bar]:
    """A bar for each sector: the statement's own, else those of its initiative."""

    def place(counted: list[Counted]) -> dict[int, Bars]:
        sectors: dict[int, Bars] = defaultdict(dict)
        through = Record.sectors.through.objects.filter(record__in=_records(counted))
        for row in through.select_related("sector"):
            sectors[row.record_id][row.sector.slug] = row.sector.name
        return {
            c.funding.pk: {c.funding.sector.slug: c.funding.sector.name}
            if c.funding.sector
            else sectors[c.funding.record_id]
            for c in counted
        }

    return _shared_bars(counted, place)


def country_bars(counted: list[Counted]) -> list[Bar]:
    """A bar for each country that takes part in the initiatives."""

    def place(counted: list[Counted]) -> dict[int, Bars]:
        countries: dict[int, Bars] = defaultdict(dict)
        rows = Participation.objects.current().filter(record__in=_records(counted))
        for row in rows.select_related("country", "organisation__country"):
            country = row.country or (row.organisation and row.organisation.country)
            if country:
                countries[row.record_id][country.iso3] = str(country)
        return {c.funding.pk: countries[c.funding.record_id] for c in counted}

    return _shared_bars(counted, place)


BARS: dict[str, Callable[[list[Counted]], list[Bar]]] = {
    "funding-by-year": year_bars,
    "funding-by-bloc": bloc_bars,
    "funding-by-sector": sector_bars,
    "funding-by-country": country_bars,
}
UNPLACED = {
    "funding-by-year": Reason.NO_YEAR,
    "funding-by-bloc": Reason.NO_BLOC,
    "funding-by-sector": Reason.NO_SECTOR,
    "funding-by-country": Reason.NO_COUNTRY,
}


def money_chart(slug: str, selection: Selection, found: Tally | None = None) -> Chart:
    """The chart `slug` of a selection; `found` is its tally where it is there already."""
    found = found or tally_of(selection)
    bars = BARS[slug](found.counted)
    placed = {f.pk for bar in bars for f, _ in [*bar.own, *bar.shared]}
    unplaced = [(c.funding, UNPLACED[slug]) for c in found.counted if c.funding.pk not in placed]
    whole = found.total if slug != "funding-by-year" else total(a for b in bars for _, a in b.own)
    if unplaced and slug != "funding-by-year":
        whole = total(c.count.amount for c in found.counted if c.funding.pk in placed)
    return Chart(
        slug=slug,
        title=TITLES[slug]() % {"rung": Rung(found.rung).label.capitalize()},
        unit=found.currency,
        labels=[bar.label for bar in bars],
        links=[_link(slug, bar, selection, found) for bar in bars],
        series=_series(bars, found),
        total=whole,
        records=len(found.counted_records(f.pk for f, _ in unplaced)),
        statements=len(found.counted) - len(unplaced),
        note=_note(found, bars),
        left_out=[
            Line(line.reason.value, str(line.reason.label), line.records, line.statements)
            for line in found.ledger(also=unplaced)
        ],
        horizontal=slug != "funding-by-year",
    )


TITLES: dict[str, Callable[[], str]] = {
    "funding-by-year": lambda: gettext("%(rung)s by year"),
    "funding-by-bloc": lambda: gettext("%(rung)s by bloc"),
    "funding-by-sector": lambda: gettext("%(rung)s by sector"),
    "funding-by-country": lambda: gettext("%(rung)s by country taking part"),
}


def rung_chart(selection: Selection) -> Chart:
    """All rungs side by side, never added: there is no total over them."""
    tallies = [tally(selection.keys, currency_of(selection), rung) for rung in Rung.values]
    counted = {c.funding.pk for t in tallies for c in t.counted}
    records = set().union(*(t.counted_records() for t in tallies))
    return Chart(
        slug="funding-by-rung",
        title=gettext("From promise to payment, rung by rung"),
        unit=currency_of(selection),
        labels=[str(Rung(t.rung).label) for t in tallies],
        links=[_funding_link(selection, t) if t.counted else None for t in tallies],
        series=[
            Series(
                gettext("Money"),
                [Value(t.total if t.counted else None, len(t.counted_records())) for t in tallies],
            )
        ],
        total=None,
        records=len(records),
        statements=len(counted),
        note=gettext("Each rung is a stage of the same money, so rungs are never added together."),
        left_out=_rung_ledger(tallies, counted, records),
        horizontal=True,
    )


def _rung_ledger(tallies: list[Tally], counted: set[int], records: set[int]) -> list[Line]:
    """Statements that count on no rung, each under the reason it has on its own rung."""
    merged = Tally(tallies[0].currency, "", tallies[0].records)
    merged.counted = [c for t in tallies for c in t.counted]
    merged.left_out = [
        (funding, reason)
        for t in tallies
        for funding, reason in t.left_out
        if funding.rung == t.rung and funding.pk not in counted
    ]
    return [
        Line(line.reason.value, str(line.reason.label), line.records, line.statements)
        for line in merged.ledger()
    ]


def _series(bars: list[Bar], found: Tally) -> list[Series]:
    name = str(Rung(found.rung).label)
    series = []
    if any(bar.own for bar in bars) or not any(bar.shared for bar in bars):
        series.append(Series(name, [_value(bar.own) for bar in bars]))
    if any(bar.shared for bar in bars):
        shared = gettext("%(rung)s, shared with other bars and not split") % {"rung": name}
        series.append(Series(shared, [_value(bar.shared) for bar in bars]))
    return series


def _note(found: Tally, bars: Iterable[Bar]) -> str:
    notes = [
        gettext("Counts only what is stated in %(currency)s as %(rung)s.")
        % {"currency": found.currency, "rung": Rung(found.rung).label}
    ]
    if any(bar.shared for bar in bars):
        notes.append(gettext("Shared money stands under each of its bars and once in the total."))
    if found.disputed:
        notes.append(
            ngettext(
                "The parts of %(n)s amount exceed the whole: it is disputed.",
                "The parts of %(n)s amounts exceed the whole: they are disputed.",
                len(found.disputed),
            )
            % {"n": len(found.disputed)}
        )
    return " ".join(notes)


def _link(slug: str, bar: Bar, selection: Selection, found: Tally) -> str | None:
    """The page of exactly the statements behind the bar."""
    if not bar.own and not bar.shared:
        return None
    params = selection.params.copy()
    params["rung"], params["currency"] = found.rung, found.currency
    params["chart"], params["bar"] = slug, bar.key
    return f"{reverse('funding_rows')}?{params.urlencode()}"


def _funding_link(selection: Selection, found: Tally) -> str:
    params = selection.params.copy()
    params["rung"], params["currency"] = found.rung, found.currency
    return f"{reverse('funding')}?{params.urlencode()}"


def _value(rows: list[tuple[Funding, Interval]]) -> Value:
    if not rows:
        return Value(None, 0)
    return Value(total(a for _, a in rows), len({f.record_id for f, _ in rows}))


def _low(rows: list[tuple[Funding, Interval]]):
    return total(amount for _, amount in rows).low


def _records(counted: list[Counted]) -> set[int]:
    return {item.funding.record_id for item in counted}
