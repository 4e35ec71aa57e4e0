"""The ways to look at one selection, and the form that asks for another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboards.columns import Column
from dashboards.lists import INITIATIVES, SINGULAR, SUMMITS, Listing
from initiatives.facets import facet
from initiatives.selection import Selection
from partners.history.asking import PARAMETER
from partners.history.moment import path_to

TABLE, CHARTS = "table", "charts"
# The ways to look at each list, by its name: the table, all charts, or the slug of one.
WAYS: dict[str, dict[str, Any]] = {
    INITIATIVES.name: {
        TABLE: _("Table"),
        "map": _("Map"),
        "bloc-by-sector": _("Matrix"),
        "network": _("Network"),
        "timeline": _("Timeline"),
        CHARTS: _("Charts"),
    },
    SUMMITS.name: {
        TABLE: _("Table"),
        "summit-timeline": _("Timeline"),
        "summits": _("Charts"),
    },
}
# Which of them stands for a chart that is one of several.
AMONG = {
    "initiatives-by-year": CHARTS,
    "initiatives-by-country": CHARTS,
    "initiatives-by-sector": CHARTS,
}


@dataclass(frozen=True, slots=True)
class Tab:
    """One way to look at the selection: its name, its address, and whether it is looked at now."""

    label: Any
    url: str
    here: bool


def tabs(listing: Listing, selection: Selection, here: str) -> list[Tab]:
    """The ways to look at a selection of the list; none where there is but the table."""
    ways = WAYS.get(listing.name, {})
    here = AMONG.get(here, here)
    if here not in ways:
        return []
    query = f"?{selection.query}" if selection.query else ""
    return [Tab(label, f"{_address(listing, way)}{query}", way == here) for way, label in ways.items()]  # fmt: skip


def _address(listing: Listing, way: str) -> str:
    if way == TABLE:
        return path_to(f"{SINGULAR[listing.name]}_list")
    return path_to("charts") if way == CHARTS else path_to("chart", way)


def compare_url(listing: Listing, selection: Selection) -> str:
    """Where a selection of initiatives is put beside another; empty for other lists."""
    if listing is not INITIATIVES:
        return ""
    params = QueryDict(selection.query, mutable=True)
    moment = params.pop(PARAMETER, [])
    params.pop("columns", None)
    asked = {"a": params.urlencode(), PARAMETER: "".join(moment)}
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{path_to('compare')}?{query}".rstrip("?")


def explored(listing: Listing, selection: Selection, here: str) -> dict[str, Any]:
    """What templates/partials/filters.html and partials/tabs.html show of a selection."""
    shown = {"q", "as_of", "year_min", "year_max", *listing.facets}
    shown |= {f"not_{name}" for name in listing.facets}
    if here == TABLE:  # which lets choose it
        shown.add("sort")
    return {
        "listing": listing,
        "selection": selection,
        "facets": [facet(selection, name) for name in listing.facets],
        "carried_along": [active for active in selection.active if active.name not in shown],
        "tabs": tabs(listing, selection, here),
        "compare_url": compare_url(listing, selection),
        "today": timezone.localdate().isoformat(),
    }


@dataclass(frozen=True, slots=True)
class Picker:
    """The columns that a table could have: each with whether it has it now.

    `kept` goes along in the address; `usual` and `all` are the queries of the table with the usual
    columns and with all.
    """

    choices: list[tuple[Column, bool]]
    kept: list[tuple[str, str]]
    usual: str
    all: str

    @classmethod
    def of(cls, listing: Listing, selection: Selection, more: list[tuple[str, str]]) -> Picker:
        """The picker of a list; `more` are parameters of the page itself, "" where not given."""
        shown = listing.of_page(selection)
        kept = [(a.name, a.value) for a in selection.active if a.name != "columns"]
        kept += [(name, value) for name, value in more if value]
        every = [("columns", column.name) for column in listing.columns]
        return cls(
            [(column, column in shown) for column in listing.columns],
            kept,
            f"?{urlencode(kept)}" if kept else "",
            f"?{urlencode(kept + every)}",
        )
