"""One query string -> one FilterSet -> one Selection, which every renderer shows.

Nothing else parses the query string. What is not understood selects nothing: an invalid filter
never means "everything".
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Hashable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from django.db import models
from django.http import QueryDict
from django.utils.text import get_text_list
from django.utils.translation import get_language, gettext, ngettext
from pyroaring import BitMap

from initiatives.beginnings import UNKNOWN
from initiatives.filters import ListFilter, RecordFilter
from initiatives.index import Index, index
from initiatives.keys import in_database
from initiatives.keyset import Place, walked
from initiatives.models import Record
from initiatives.search import PARTS, found
from partners.history.asking import MomentField, in_words
from partners.history.moment import asked_moment, today

# Orders that the database has indexes for.
COLUMNS = {"title": "title", "changed": "-changed_at"}
# Filters that say how records are shown, and leave them all.
SHOWN = {"sort", "columns"}
# Of so few records the database puts those alone in order.
FEW = 2_000


@dataclass(frozen=True, slots=True)
class Active:
    """One value of one filter that is set: its words, and the query string without it."""

    name: str
    label: str
    value: str
    text: str
    without: str


class Selection:
    """The records that a query string asks for, each exactly once.

    `errors` has, by parameter, what is wrong with it; while there are any, nothing is selected.
    With `strict`, as machine formats ask, parameters that no filter has are errors too; `also`
    names those that the renderer itself understands, such as the page number.
    """

    def __init__(
        self,
        filters: type[ListFilter],
        params: QueryDict,
        records: models.QuerySet,
        *,
        strict: bool = False,
        also: Iterable[str] = (),
    ) -> None:
        self.params = _set_values(params, filters.base_filters)
        self.filterset = filters(self.params, queryset=records)
        self.form = self.filterset.form
        self.errors: dict[str, list[str]] = {
            name: [str(error) for error in errors] for name, errors in self.form.errors.items()
        }
        # What it selects from.
        self.all = records
        for name, field in self.form.fields.items():
            if len(self.chose(name)) > 1 and not getattr(
                field.widget, "allow_multiple_selected", 0
            ):
                self.errors[name] = [gettext("Give one value only.")]
        if strict:
            for name in params.keys() - self.filterset.filters.keys() - set(also):
                self.errors[name] = [gettext("There is no parameter of this name.")]
            for name, values in self.params.lists():
                if any(not value.strip() for value in values):
                    self.errors[name] = [gettext("Give a value.")]

    @cached_property
    def index(self) -> Index:
        """The index that is asked; for lists of records."""
        return index()

    @cached_property
    def members(self) -> BitMap:
        """The keys of the matching records; for lists of records."""
        return self.ignoring("")

    def ignoring(self, name: str) -> BitMap:
        """What would match without the filter `name`: for the counts beside its choices."""
        if self.errors:
            return BitMap()
        asked = tuple((n, *v) for n, v in self.params.lists() if n != name and n not in SHOWN)
        if not asked:
            return self._everything
        # Who is a member "now" changes with the day.
        return self.index.left((self._type, today(), asked), lambda: self._without(name))

    def written(self, what: Hashable, write: Callable[[], bytes]) -> bytes:
        """What is written of a selection without errors: once for a data version, day and language.

        Of many, those asked last are kept; for lists of records.
        """
        asked = (self._type, what, self.params.urlencode(), today(), get_language())
        return self.index.written.ask(asked, write)

    def _without(self, name: str) -> BitMap:
        others = [members for n, members in self._chosen.items() if n != name]
        return BitMap.intersection(self._everything, *others)

    @cached_property
    def _chosen(self) -> dict[str, BitMap]:
        return self.filterset.chosen(self.index)

    @cached_property
    def _everything(self) -> BitMap:
        return self.index.published(self._type)

    @cached_property
    def _type(self) -> str | None:
        """The type of the records; None if they are of any."""
        name = self.all.model._meta.model_name
        return name if name in Record.Type.values else None

    @cached_property
    def records(self) -> models.QuerySet:
        """The matching records, unordered, each once."""
        if self.errors:
            return self.all.none()
        if not self.of_records:
            return self.filterset.qs.order_by()
        if not self._chosen:
            return self.all.order_by()
        return self.all.order_by().filter(pk__in=in_database(self.members))

    @property
    def of_records(self) -> bool:
        """Whether it is of initiatives, alliances or summits, which the index knows."""
        return isinstance(self.filterset, RecordFilter)

    def ordered(self, start: int = 0, stop: int | None = None) -> list[int]:
        """The keys of the matching records in the order that is asked for; for lists of records."""
        if self.errors:
            return []
        if self.sort in COLUMNS:
            return [place[-1] for place in islice(self._by_column(), start, stop)]
        if self.sort == "newest" and stop is not None:
            return self.index.newest(self.members, stop)[start:]
        return self._in_order[0][start:stop].tolist()

    def following(self, place: Place | None, size: int) -> list[tuple[int, Place]]:
        """So many keys behind a place in that order, each with its own; from the first without one."""
        if self.errors:
            return []
        if self.sort in COLUMNS:
            return [(there[-1], there) for there in islice(self._by_column(place), size)]
        keys, place_at = self._in_order
        start = bisect_right(range(len(keys)), place, key=place_at) if place else 0
        return [(int(keys[n]), place_at(n)) for n in range(len(keys))[start : start + size]]

    @property
    def sort(self) -> str:
        """By what records are ordered."""
        asked = self.form.cleaned_data.get("sort")
        return asked or ("relevance" if self.chose("q") else "newest")

    def _by_column(self, place: Place | None = None) -> Iterator[Place]:
        """Where the matching records stand in an order that the database knows, behind a place.

        Few are put in order by the database; many are met on the way through all in that order. The
        past has no indexes.
        """
        order = (COLUMNS[self.sort], "pk")
        if len(self.members) <= FEW or asked_moment() is not None:
            return walked(self.records.order_by(*order), place)
        everything = walked(Record.objects.published().order_by(*order), place)
        return (there for there in everything if there[-1] in self.members)

    @cached_property
    def _in_order(self) -> tuple[np.ndarray, Callable[[int], Place]]:
        """The keys in an order that the database does not know, and where the n-th of them stands."""
        keys, known = self._by_beginning
        days = self.index.beginnings.earliest
        if self.sort == "oldest":
            keys = np.concatenate([keys[:known][::-1], keys[known:][::-1]])
            return keys, lambda n: (n >= known, int(days[keys[n]]), int(keys[n]))
        ranks = np.zeros(len(keys), dtype=np.int8)
        if self.sort == "relevance":
            ranks = self._ranks(keys)
            best_first = np.argsort(ranks, kind="stable")
            keys, ranks = keys[best_first], ranks[best_first]
        return keys, lambda n: (int(ranks[n]), -int(days[keys[n]]), -int(keys[n]))

    def _ranks(self, keys: np.ndarray) -> np.ndarray:
        """-2 of those with all the words in the title, -1 in title and names, else 0."""
        text = self.form.cleaned_data["q"]
        ranks = np.zeros(len(keys), dtype=np.int8)
        for parts in (PARTS[:1], PARTS[:2]):
            there = found(text, self.index, parts).to_array()
            ranks -= np.isin(keys, np.asarray(there, dtype=keys.dtype))
        return ranks

    @cached_property
    def _by_beginning(self) -> tuple[np.ndarray, int]:
        """The keys, the latest beginning first, and how many have one."""
        keys, days = self.index.in_order(self.members), self.index.beginnings.earliest
        known = bisect_left(range(len(keys)), True, key=lambda n: days[keys[n]] == UNKNOWN)
        return keys, known

    @property
    def begun(self) -> np.ndarray:
        """The keys of those whose beginning is known from its first to its last day, latest first."""
        keys, known = self._by_beginning
        return keys[:known][self.index.beginnings.latest[keys[:known]] != UNKNOWN]

    @property
    def narrowing(self) -> list[Active]:
        """What is set and narrows the selection, or says how it is counted."""
        return [active for active in self.active if active.name in self.filterset.WORDS]

    @cached_property
    def count(self) -> int:
        """How many records match."""
        if self.errors:
            return 0
        return len(self.members) if self.of_records else self.filterset.count()

    def chose(self, name: str) -> list[str]:
        """The values of the filter `name` that are set, each once."""
        return list(dict.fromkeys(self.params.getlist(name)))

    @cached_property
    def active(self) -> list[Active]:
        """Every value that is set, in the order of the filters."""
        return list(self._active())

    def _active(self) -> Iterator[Active]:
        for name, filter_ in self.filterset.filters.items():
            for value in self.chose(name):
                rest = self.params.copy()
                rest.setlist(name, [v for v in self.params.getlist(name) if v != value])
                text = self._text(name, value)
                yield Active(name, str(filter_.label), value, text, rest.urlencode())

    @cached_property
    def words(self) -> str:
        """The filter in words: "Initiatives run under BRICS, on Space"."""
        noun = str(self.filterset.NOUN)
        if self.errors:
            return gettext("%(noun)s: no valid filter") % {"noun": noun}
        phrases = []
        for name, phrase in self.filterset.WORDS.items():
            texts = [active.text for active in self.active if active.name == name]
            if texts:
                phrases.append(str(phrase) % get_text_list(texts, gettext("or")))
        if not phrases:
            return gettext("%(noun)s, all") % {"noun": noun}
        return f"{noun} " + ", ".join(phrases)

    @property
    def headline(self) -> str:
        """How many there are: "3 records"."""
        return ngettext("%(n)s record", "%(n)s records", self.count) % {"n": self.count}

    @cached_property
    def query(self) -> str:
        """The filter as a query string: set values only, in one order, so that it can be shared."""
        canonical = QueryDict(mutable=True)
        for active in self.active:
            canonical.appendlist(active.name, active.value)
        return canonical.urlencode()

    def _text(self, name: str, value: str) -> str:
        """A value as people say it: the name of the bloc instead of its slug."""
        field: Any = self.form.fields[name]
        if isinstance(field, MomentField):
            moment = self.form.cleaned_data.get(name)
            return in_words(moment) if moment else value
        if hasattr(field, "queryset"):
            for chosen in self.form.cleaned_data.get(name) or []:
                if str(getattr(chosen, field.to_field_name)) == value:
                    return str(chosen)
        for key, label in getattr(field, "choices", []) if not hasattr(field, "queryset") else []:
            if str(key) == value:
                return str(label)
        return value


def _set_values(params: QueryDict, names: Container[str]) -> QueryDict:
    """The parameters of these names that are set; a form sends "" for what was left open."""
    found = QueryDict(mutable=True)
    for name, values in params.lists():
        kept = [value for value in values if value != ""]
        if kept and name in names:
            found.setlist(name, kept)
    return found
