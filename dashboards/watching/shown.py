"""What an address of the site shows: which records, under which words, and whether that is valid.

Only the views of records can be kept: lists of initiatives, alliances and summits, their charts,
the page of funding, and comparisons.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import TooManyFieldsSent
from django.http import QueryDict
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.translation import gettext
from pyroaring import BitMap

from dashboards.charts import INITIATIVE_CHARTS, OPTIONS, SUMMIT_CHARTS
from dashboards.comparing import NAMES, sides_of
from dashboards.exploring import CHARTS, WAYS
from dashboards.lists import INITIATIVES, SUMMITS, Listing
from dashboards.views.lists import SIZES
from initiatives.beginnings import Beginnings
from initiatives.index import DIMENSIONS, Index
from initiatives.models import Record
from initiatives.search import Query, documents
from initiatives.selection import Selection
from partners.history.asking import PARAMETER
from partners.history.moment import Moment, as_of

LONGEST = 4_000
ADDRESS = "address"

Options = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Part:
    """One of the selections that a view shows: of which list, and what it asks for."""

    listing: Listing
    asked: str

    def among(self, records: Collection[int]) -> BitMap:
        """Those of the records that it selects, as of what is read."""
        params = QueryDict(self.asked, mutable=True)
        # Text is compared here: the text index is of the present, and the past is read whole.
        text = params.get("q")
        for name in ("q", "sort"):
            params.pop(name, None)
        # One that is named may not have been there yet, which says nothing of the others.
        named = params.pop("initiative", [])
        selection = Selection(self.listing.filters, params, self.listing.records())
        selection.index = _index_of(records)
        found = selection.members
        if named:
            found &= BitMap(Record.objects.filter(slug__in=named).values_list("pk", flat=True))
        if text:
            query = Query(text)
            found &= BitMap(d.record for d in documents(found) if query.matches(d))
        return found


@dataclass(frozen=True)
class Shown:
    """What an address shows. With errors, by parameter, it shows nothing.

    `query` is the query string as it is kept: what is set, in one order. `past`: it shows a moment
    of the past, in which nothing changes any more.
    """

    path: str
    query: str = ""
    words: str = ""
    parts: tuple[Part, ...] = ()
    past: bool = False
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The address, as it is kept."""
        return f"{self.path}?{self.query}".rstrip("?")

    def among(self, records: Collection[int], number: int) -> set[int]:
        """Those of the records that it showed after that change: reads these records alone."""
        if self.errors or not records:
            return set()
        # All at the time of now: who is a member today does not come and go with the changes.
        with as_of(Moment(number, timezone.now())):
            return set().union(*(part.among(records) for part in self.parts))


def shown_at(address: str) -> Shown:
    """What is shown at an address such as /initiatives/?bloc=brics."""
    if len(address) > LONGEST:
        return _wrong(ADDRESS, gettext("This address is too long to be kept."))
    try:
        parts = urlsplit(address)
    except ValueError:
        return _wrong(ADDRESS, gettext("This is no address of this site."))
    if parts.scheme or parts.netloc:
        return _wrong(ADDRESS, gettext("This is no address of this site."))
    return shown(parts.path, parts.query)


def shown(path: str, query: str, *, strict: bool = False) -> Shown:
    """What is shown at a path under a query string.

    With `strict`, as what is kept is read, names that nothing understands are errors; pages ignore
    them, and so they are not kept.
    """
    try:
        params = QueryDict(query)
        match = resolve(path)
    except TooManyFieldsSent:
        return _wrong(ADDRESS, gettext("This has too many parameters."))
    except Resolver404:
        return _wrong(ADDRESS, gettext("There is no such page."))
    if match.url_name == "compare":
        return _compared(path, params, strict)
    listing, options, drawn = _list_and_options(match)
    if listing is None:
        return _wrong(
            ADDRESS,
            gettext("Only lists and charts of initiatives, alliances and summits can be kept."),
        )
    return _selected(path, params, strict, listing, options, drawn)


def _list_and_options(match: Any) -> tuple[Listing | None, Options, str]:
    """Of which list a page is, what it understands beside the filters, and how it draws."""
    name, slug = match.url_name, match.kwargs.get("slug", "")
    if name in ("initiative_list", "alliance_list", "summit_list"):
        return match.kwargs["listing"], {"size": [str(n) for n in SIZES]}, ""
    if name == "funding":
        return INITIATIVES, {"bars": ["", "stacked"]}, gettext("Funding")
    if name == "charts":
        return INITIATIVES, {}, str(WAYS[INITIATIVES.name][CHARTS])
    for listing, charts in ((INITIATIVES, INITIATIVE_CHARTS), (SUMMITS, SUMMIT_CHARTS)):
        if name == "chart" and slug in charts:
            way = WAYS[listing.name].get(slug, gettext("Chart"))
            return listing, OPTIONS.get(slug, {}), str(way)
    return None, {}, ""


def _selected(
    path: str, params: QueryDict, strict: bool, listing: Listing, options: Options, drawn: str
) -> Shown:
    selection = Selection(listing.filters, params, listing.records(), strict=strict, also=options)
    errors, chosen = dict(selection.errors), {}
    for name, known in options.items():
        usual, *_others = known
        values = [value for value in params.getlist(name) if value]
        if len(values) > 1:
            errors[name] = [gettext("Give one value only.")]
        elif values and values[0] not in known:
            errors[name] = [gettext("Choose one of the values that are offered.")]
        elif values and values[0] != usual:
            chosen[name] = values[0]
    if errors:
        return Shown(path, params.urlencode(), errors=errors)
    return Shown(
        path,
        "&".join(part for part in (selection.query, urlencode(chosen)) if part),
        f"{drawn}: {selection.words}" if drawn else selection.words,
        (Part(listing, selection.query),),
        bool(selection.chose(PARAMETER)),
    )


def _compared(path: str, params: QueryDict, strict: bool) -> Shown:
    sides, errors = sides_of(params)
    if strict:
        for name in params.keys() - {*NAMES, PARAMETER}:
            errors[name] = [gettext("There is no parameter of this name.")]
    if len(sides) < 2 and not errors:
        errors[ADDRESS] = [gettext("Choose two sides to compare first.")]
    if errors:
        return Shown(path, params.urlencode(), errors=errors)
    asked = {side.name: side.own_query for side in sides}
    moment = sides[0].selection.chose(PARAMETER)
    return Shown(
        path,
        urlencode({**asked, **({PARAMETER: moment[0]} if moment else {})}),
        gettext("Compare: %(sides)s")
        % {"sides": " | ".join(side.selection.words for side in sides)},
        tuple(Part(INITIATIVES, side.selection.query) for side in sides),
        bool(moment),
    )


def _wrong(name: str, why: str) -> Shown:
    return Shown("", errors={name: [why]})


def _index_of(records: Collection[int]) -> Index:
    """An index that knows these records alone, as of what is read."""
    empty = Index((0, None), {name: {} for name in DIMENSIONS}, Beginnings.none(), {})
    return empty.at((0, None), set(records))
