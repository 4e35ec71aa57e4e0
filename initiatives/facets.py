"""How many records stand behind each choice of a filter."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from django.utils.translation import get_language, ngettext
from pyroaring import BitMap

from initiatives.selection import Selection
from partners.dates import PartialDate

# Choices that are seen at once.
FIRST = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a filter, and how many records one gets by taking it alone."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """A filter as a list of choices, those that are `chosen` first.

    `others` is the query string of all other filters; `without` names the filter that leaves choices
    out, if any, and `left_out` are those that it does.
    """

    name: str
    label: str
    choices: list[Choice]
    chosen: frozenset[str]
    others: str
    errors: list[str]
    without: str
    left_out: list[Choice]

    @property
    def first(self) -> list[Choice]:
        """The choices that are seen at once."""
        return self.choices[:FIRST]

    @property
    def more(self) -> list[Choice]:
        """The others."""
        return self.choices[FIRST:]

    @property
    def how_many_more(self) -> str:
        """How many others there are: "12 more"."""
        return ngettext("%(n)s more", "%(n)s more", len(self.more)) % {"n": len(self.more)}

    @property
    def to_leave_out(self) -> list[Choice]:
        """What is left out, then what could be."""
        gone = {choice.value for choice in self.left_out}
        return [*self.left_out, *(choice for choice in self.choices if choice.value not in gone)]

    @property
    def open(self) -> bool:
        """Whether something of it was chosen."""
        return bool(self.errors or self.left_out or self.chosen)

    def alone(self, choice: Choice) -> str:
        """The query string of the choice alone, beside all other filters."""
        return f"{self.others}{'&' if self.others else ''}{self.name}={quote(choice.value)}"


def facet(selection: Selection, name: str) -> Facet:
    """The choices of a filter with their counts under all other filters; chosen ones first."""
    others = selection.ignoring(name)
    found = periods(selection, others) if name == "began" else counts(selection, name, others)
    chosen = frozenset(selection.chose(name))
    if chosen:
        there = {choice.value for choice in found}
        missing = [
            Choice(active.value, active.text, 0)
            for active in selection.active
            if active.name == name and active.value not in there
        ]
        found = sorted([*missing, *found], key=lambda choice: choice.value not in chosen)
    rest = selection.params.copy()
    rest.pop(name, None)
    without = f"not_{name}"
    return Facet(
        name,
        str(selection.filterset.filters[name].label),
        found,
        chosen,
        rest.urlencode(),
        selection.errors.get(name, []) + selection.errors.get(without, []),
        without if without in selection.filterset.filters else "",
        [Choice(a.value, a.text, 0) for a in selection.active if a.name == without],
    )


def counts(selection: Selection, name: str, among: BitMap | None = None) -> list[Choice]:
    """How many of the selected records, or of those `among`, have each value of the filter `name`.

    The most frequent first.
    """
    filter_ = selection.filterset.filters[name]
    index = selection.index
    among = selection.members if among is None else among

    def count() -> list[Choice]:
        found = index.counts(filter_.dimension, among)
        named = filter_.named(index, found).items()
        choices = [Choice(value, label, found[key]) for key, (value, label) in named]
        return sorted(choices, key=lambda choice: (-choice.count, choice.label))

    return index.once(("choices", name, get_language()), among, count)


def periods(selection: Selection, among: BitMap) -> list[Choice]:
    """How many of the records surely began in each year, the latest first.

    Behind a year that was chosen, or of which a part was, its quarters and months.
    """
    looked_into = {text[:4] for text in selection.chose("began")}
    index = selection.index

    def count() -> list[Choice]:
        years = index.began_in(among)
        return [_period(f"{year:04}", years[year]) for year in sorted(years, reverse=True)]

    choices = []
    for year in index.once(("periods", get_language()), among, count):
        choices.append(year)
        if year.value in looked_into:
            parts = index.began_in(among, int(year.value))
            choices += [_period(text, parts[text]) for text in sorted(parts)]
    return choices


def _period(text: str, count: int) -> Choice:
    return Choice(text, str(PartialDate.parse(text)), count)
