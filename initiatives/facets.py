"""How many records stand behind each choice of a filter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Count
from django.db.models.functions import Coalesce

from initiatives.models import Framework, Label, Labelling, Participation, Record, Sector
from initiatives.selection import Selection
from partners.models import Bloc, Country, Organisation


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a filter: how many records one gets by taking it alone."""

    value: str
    label: str
    count: int
    selected: bool = False


@dataclass(frozen=True, slots=True)
class Facet:
    """A filter as a list of choices."""

    name: str
    label: str
    choices: list[Choice]
    errors: list[str]


def facet(selection: Selection, name: str) -> Facet:
    """The choices of a filter with their counts under all other filters; chosen ones first."""
    selected = set(selection.params.getlist(name))
    found = counts(name, selection.ignoring(name).values("pk"), selection)
    there = {choice.value for choice in found}
    missing = [
        Choice(active.value, active.text, 0)
        for active in selection.active
        if active.name == name and active.value not in there
    ]
    choices = [Choice(c.value, c.label, c.count, c.value in selected) for c in [*missing, *found]]
    return Facet(
        name,
        str(selection.filterset.filters[name].label),
        sorted(choices, key=lambda c: not c.selected),
        selection.errors.get(name, []),
    )


def counts(name: str, keys: models.QuerySet, selection: Selection | None = None) -> list[Choice]:
    """Records among `keys` for each value of the filter `name`, the most frequent first.

    One grouping query, and one for the labels where they are rows of a table.
    """
    if name in RELATIONS:
        rows, key, labels = RELATIONS[name](keys)
        texts = labels([value for value, _ in rows])
        found = [Choice(key(texts[v]), str(texts[v]), n) for v, n in rows if v in texts]
    else:
        assert selection is not None
        column = selection.filterset.filters[name].field_name
        model = selection.filterset.queryset.model
        texts = dict(selection.filterset.filters[name].extra["choices"])
        grouped = _grouped(model.objects.filter(pk__in=keys), column, "pk")
        found = [Choice(v, str(texts[v]), n) for v, n in grouped if v in texts]
    return sorted(found, key=lambda choice: (-choice.count, choice.label))


def _grouped(rows: models.QuerySet, by: Any, what: str) -> list[tuple[Any, int]]:
    # Without order_by() a default ordering would split the groups.
    return list(rows.order_by().values_list(by).annotate(n=Count(what, distinct=True)))


def _blocs(keys: models.QuerySet) -> Any:
    rows = Framework.objects.current().filter(record__in=keys)
    return _grouped(rows, "bloc", "record"), lambda b: b.slug, Bloc.objects.in_bulk


def _countries(keys: models.QuerySet) -> Any:
    rows = (
        Participation.objects.current()
        .filter(record__in=keys)
        .annotate(partner=Coalesce("country", "organisation__country"))
        .exclude(partner=None)
    )
    return _grouped(rows, "partner", "record"), lambda c: c.iso3, Country.objects.in_bulk


def _organisations(keys: models.QuerySet) -> Any:
    rows = Participation.objects.current().filter(record__in=keys).exclude(organisation=None)
    return _grouped(rows, "organisation", "record"), lambda o: o.slug, Organisation.objects.in_bulk


def _sectors(keys: models.QuerySet) -> Any:
    rows = Record.sectors.through.objects.filter(record__in=keys)
    return _grouped(rows, "sector", "record"), lambda s: s.slug, Sector.objects.in_bulk


def _labels(keys: models.QuerySet) -> Any:
    rows = Labelling.objects.current().filter(record__in=keys)
    return _grouped(rows, "label", "record"), lambda x: x.slug, Label.objects.in_bulk


RELATIONS: dict[str, Callable[[models.QuerySet], Any]] = {
    "bloc": _blocs,
    "country": _countries,
    "organisation": _organisations,
    "sector": _sectors,
    "label": _labels,
}
