"""Initiatives by bloc and sector: a cell for each pair, as dark as it counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext

from dashboards.charts.chart import Chart, Series, Value, classes
from dashboards.charts.counts import lines_of, narrowed
from initiatives.funding.rollup import Reason
from initiatives.models import Framework
from initiatives.selection import Selection


@dataclass
class Matrix(Chart):
    """A label for each row, a series for each column."""

    @property
    def classes(self) -> list[dict[str, int]]:
        return classes(max((v.records for s in self.series for v in s.values), default=0))

    def more(self) -> dict[str, Any]:
        return {"classes": self.classes, "cell_links": [list(s.links) for s in self.series]}


def bloc_by_sector(slug: str, selection: Selection) -> Chart:
    """Initiatives by bloc and sector: a label for each sector, a series for each bloc."""
    under = Framework.objects.current().filter(record__in=selection.keys).order_by()
    both = under.exclude(record__sectors=None)
    grouped = both.values_list(
        "bloc__slug", "bloc__short_name", "record__sectors__slug", "record__sectors__name"
    ).annotate(n=Count("record", distinct=True))
    pairs = Counter({((b, bloc), (s, sector)): n for b, bloc, s, sector, n in grouped})
    placed = both.values("record").distinct().count()
    no_bloc = selection.count - under.values("record").distinct().count()
    columns = sorted({bloc for bloc, _ in pairs}, key=lambda b: b[1])
    lines = sorted({sector for _, sector in pairs}, key=lambda s: s[1])
    any_bloc = {} if selection.chose("bloc") else {"bloc": [slug for slug, _ in columns]}

    def cell(bloc: tuple[str, str], sector: tuple[str, str]) -> str | None:
        if not pairs[bloc, sector]:
            return None
        return narrowed("initiative_list", selection, sector=sector[0], bloc=bloc[0])

    return Matrix(
        slug=slug,
        title=gettext("Initiatives by sector and bloc"),
        unit=gettext("initiatives"),
        label_name=gettext("Sector"),
        labels=[name for _, name in lines],
        links=[
            narrowed("initiative_list", selection, sector=sector, **any_bloc) for sector, _ in lines
        ],
        series=[
            Series(
                bloc[1],
                [Value.of(pairs[bloc, sector]) for sector in lines],
                [cell(bloc, sector) for sector in lines],
            )
            for bloc in columns
        ],
        total=Value.of(placed).amount,
        records=placed,
        note=gettext("An initiative with several sectors or blocs stands under each of them."),
        left_out=lines_of(
            (Reason.NO_BLOC, no_bloc),
            (Reason.NO_SECTOR, selection.count - placed - no_bloc),
        ),
        kind="matrix",
        horizontal=True,
    )
