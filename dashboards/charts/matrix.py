"""Initiatives by bloc and sector: a cell for each pair, as dark as it counts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext
from pyroaring import BitMap

from dashboards.charts.chart import Chart, Series, Value, classes
from dashboards.charts.counts import lines_of, narrowed
from initiatives.filters import BLOC, SECTOR
from initiatives.funding.rollup import Reason
from initiatives.index import Index
from initiatives.models import Sector
from initiatives.selection import Selection
from partners.models import Bloc


@dataclass
class Matrix(Chart):
    """A label for each row, a series for each column.

    A cell leads to the address of its row with the parameter of its column behind it; nowhere where
    one of them is None.
    """

    rows_at: list[str | None] = field(default_factory=list)
    columns_at: list[str | None] = field(default_factory=list)

    @property
    def classes(self) -> list[dict[str, int]]:
        return classes(max((v.records for s in self.series for v in s.values), default=0))

    def more(self) -> dict[str, Any]:
        return {"classes": self.classes, "rows_at": self.rows_at, "columns_at": self.columns_at}

    def unlinked(self) -> Chart:
        return replace(self, links=[], rows_at=[], columns_at=[])


def _pairs(index: Index, members: BitMap) -> dict[tuple[Any, Any], int]:
    """How many of the records are under each bloc and on each sector."""
    return {
        (bloc, sector): n
        for bloc, records in index.sets[BLOC].items()
        if (under := records & members)
        for sector, n in index.counts(SECTOR, under).items()
    }


def bloc_by_sector(slug: str, selection: Selection) -> Chart:
    """Initiatives by bloc and sector: a label for each sector, a series for each bloc."""
    index, members = selection.index, selection.members
    pairs = index.once("bloc by sector", members, lambda: _pairs(index, members))
    under_any, in_any = index.having_any(BLOC) & members, index.having_any(SECTOR)
    placed = under_any.intersection_cardinality(in_any)
    blocs = index.rows_of(Bloc, {bloc for bloc, _ in pairs})
    sectors = index.rows_of(Sector, {sector for _, sector in pairs})
    columns = sorted(blocs.values(), key=lambda bloc: bloc.short_name)
    lines = sorted(sectors.values(), key=lambda sector: sector.name)
    any_bloc = {} if selection.chose("bloc") else {"bloc": [bloc.slug for bloc in columns]}

    def counted(bloc: Bloc, sector: Sector) -> int:
        return pairs.get((bloc.pk, sector.pk), 0)

    asked = selection.chose("bloc")
    rows_at = [narrowed("initiative_list", selection, sector=sector.slug) for sector in lines]
    columns_at = [
        "" if asked == [bloc.slug] else None if asked else f"&bloc={bloc.slug}" for bloc in columns
    ]

    def cell(n: int, m: int) -> str | None:
        row, column = rows_at[n], columns_at[m]
        there = counted(columns[m], lines[n]) and row is not None and column is not None
        return f"{row}{column}" if there else None

    return Matrix(
        slug=slug,
        title=gettext("Initiatives by sector and bloc"),
        unit=gettext("initiatives"),
        label_name=gettext("Sector"),
        labels=[sector.name for sector in lines],
        links=[
            narrowed("initiative_list", selection, sector=sector.slug, **any_bloc)
            for sector in lines
        ],
        series=[
            Series(
                bloc.short_name,
                [Value.of(counted(bloc, sector)) for sector in lines],
                [cell(n, m) for n in range(len(lines))],
            )
            for m, bloc in enumerate(columns)
        ],
        total=Value.of(placed).amount,
        records=placed,
        note=gettext("An initiative with several sectors or blocs stands under each of them."),
        left_out=lines_of(
            (Reason.NO_BLOC, selection.count - len(under_any)),
            (Reason.NO_SECTOR, len(under_any) - placed),
        ),
        kind="matrix",
        rows_at=rows_at,
        columns_at=columns_at,
        horizontal=True,
    )
