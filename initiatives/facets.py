"""How many records stand behind each choice of a filter."""

from __future__ import annotations

from dataclasses import dataclass

from pyroaring import BitMap

from initiatives.selection import Selection


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
    found = counts(selection, name, selection.ignoring(name))
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


def counts(selection: Selection, name: str, among: BitMap | None = None) -> list[Choice]:
    """How many of the selected records, or of those `among`, have each value of the filter `name`.

    The most frequent first. One query for the labels where they are rows of a table.
    """
    filter_ = selection.filterset.filters[name]
    found = selection.index.counts(filter_.dimension, selection.members if among is None else among)
    named = filter_.named(found)
    choices = [
        Choice(value, label, found[key]) for key, (value, label) in named.items() if key in found
    ]
    return sorted(choices, key=lambda choice: (-choice.count, choice.label))
