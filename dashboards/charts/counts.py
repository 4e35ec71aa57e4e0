"""Charts that count records: by year, by country, by sector."""

from __future__ import annotations

from urllib.parse import urlencode

from django.utils.translation import gettext

from dashboards.charts.chart import Chart, Line, Series, Value
from initiatives.facets import counts
from initiatives.filters import COUNTRY, SECTOR
from initiatives.funding.rollup import Reason
from initiatives.intervals import Interval
from initiatives.selection import Selection
from partners.history.moment import path_to


def by_year(slug: str, title: str, unit: str, address: str, selection: Selection) -> Chart:
    """Records by the year in which they began, every year from the first to the last."""
    years = selection.index.began_in(selection.members)
    labels = list(range(min(years), max(years) + 1)) if years else []
    return _count_chart(
        slug,
        title,
        unit,
        labels=[str(year) for year in labels],
        values=[years.get(year, 0) for year in labels],
        links=[
            narrowed(address, selection, year_min=str(year), year_max=str(year)) for year in labels
        ],
        placed=(placed := sum(years.values())),
        left_out=(Reason.NO_YEAR, selection.count - placed),
    )


def initiatives_by_year(slug: str, selection: Selection) -> Chart:
    """Initiatives by the year in which they began."""
    title, unit = gettext("Initiatives by the year they began"), gettext("initiatives")
    return by_year(slug, title, unit, "initiative_list", selection)


def summits(slug: str, selection: Selection) -> Chart:
    """Summits by year."""
    return by_year(slug, gettext("Summits by year"), gettext("summits"), "summit_list", selection)


def initiatives_by_country(slug: str, selection: Selection) -> Chart:
    """Initiatives by country taking part; one with several countries stands under each."""
    found = counts(selection, "country")
    chart = _count_chart(
        slug,
        gettext("Initiatives by country taking part"),
        gettext("initiatives"),
        labels=[choice.label for choice in found],
        values=[choice.count for choice in found],
        links=[narrowed("initiative_list", selection, country=choice.value) for choice in found],
        placed=(placed := with_any(selection, COUNTRY)),
        left_out=(Reason.NO_COUNTRY, selection.count - placed),
    )
    chart.note = gettext("An initiative of several countries stands under each of them.")
    chart.horizontal = True
    return chart


def initiatives_by_sector(slug: str, selection: Selection) -> Chart:
    """Initiatives by sector; one in several sectors stands under each."""
    found = counts(selection, "sector")
    chart = _count_chart(
        slug,
        gettext("Initiatives by sector"),
        gettext("initiatives"),
        labels=[choice.label for choice in found],
        values=[choice.count for choice in found],
        links=[narrowed("initiative_list", selection, sector=choice.value) for choice in found],
        placed=(placed := with_any(selection, SECTOR)),
        left_out=(Reason.NO_SECTOR, selection.count - placed),
    )
    chart.note = gettext("An initiative in several sectors stands under each of them.")
    chart.horizontal = True
    return chart


def with_any(selection: Selection, dimension: str) -> int:
    """How many of the records have any value of a dimension of the index."""
    having = selection.index.having_any(dimension)
    return selection.members.intersection_cardinality(having)


def _count_chart(
    slug: str,
    title: str,
    unit: str,
    labels: list[str],
    values: list[int],
    links: list[str | None],
    placed: int,
    left_out: tuple[Reason, int],
) -> Chart:
    total = Value.of(placed).amount
    assert isinstance(total, Interval)
    return Chart(
        slug=slug,
        title=title,
        unit=unit,
        labels=labels,
        links=[link if value else None for link, value in zip(links, values, strict=True)],
        series=[Series(unit, [Value.of(value) for value in values])],
        total=total,
        records=placed,
        left_out=lines_of(left_out),
    )


def lines_of(*left_out: tuple[Reason, int]) -> list[Line]:
    """Lines of a ledger of records, without those of none."""
    return [Line(reason.value, str(reason.label), n) for reason, n in left_out if n]


def narrowed(address: str, selection: Selection, **values: str | list[str]) -> str | None:
    """The list of the selection, narrowed further by the values; several of one mean *or*.

    None where the selection already names another value of that filter: together they would mean
    *or*, and show more than the bar counts.
    """
    params = {name: list_ for name, list_ in selection.params.lists() if name not in values}
    for name, value in values.items():
        wanted = [value] if isinstance(value, str) else value
        if "_" not in name and selection.chose(name) not in ([], wanted):
            return None
        params[name] = wanted
    return f"{path_to(address)}?{urlencode(params, doseq=True)}"
