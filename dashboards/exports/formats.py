"""Which shapes a view can be taken away in. To add one: a line here, a writer in `exports`, its
name in `formats` of the lists that have it (`dashboards.lists`), its view in
`dashboards.views.taking_away`. Routes, links, codebook and markup follow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Format:
    """A shape: the end of its address, what it is called, its media type, what is in it."""

    suffix: str
    label: Any
    media_type: str
    meaning: Any

    @property
    def name(self) -> str:
        """The end of the name of its routes."""
        return self.suffix.replace(".", "_")


FORMATS: dict[str, Format] = {
    format.suffix: format
    for format in (
        Format(
            "json",
            "JSON",
            "application/json",
            _("the count, the filter in words, the data version, and an object for each row"),
        ),
        Format(
            "csv",
            "CSV",
            "text/csv",
            _(
                "a line for each row; several values in one cell are separated by “; ”; text that a "
                "spreadsheet would run as a formula has an apostrophe before it"
            ),
        ),
        Format(
            "xlsx",
            "XLSX",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            _(
                "a sheet of rows and a sheet “About” with the filter, the version, the licence and "
                "these columns; dates stand as text, as they were stated; no text is run as a "
                "formula; text beyond 32,767 characters is cut, and rows beyond 1,048,575 go on "
                "in a further sheet, for a spreadsheet holds no more"
            ),
        ),
        Format(
            "atom",
            "Atom",
            "application/atom+xml",
            _(
                "a feed with an entry for each row; updated is its last change, or the time of the "
                "data version where a row has none"
            ),
        ),
        Format(
            "ics",
            "iCalendar",
            "text/calendar",
            _(
                "an all-day event for each summit whose days are known exactly and not disputed, "
                "tentative where it is but planned; X-ACCORD-LEFT-OUT counts the others"
            ),
        ),
        Format("bib", "BibTeX", "application/x-bibtex", _("how to cite it, for LaTeX")),
        Format(
            "csl.json",
            "CSL-JSON",
            "application/vnd.citationstyles.csl+json",
            _("how to cite it, for Zotero and other reference managers"),
        ),
    )
}
# All data at once; no list has it.
PACKAGE = Format(
    "zip",
    "Data Package",
    "application/zip",
    _("all published data as CSV, with a schema, the licence, how to cite it, and checksums"),
)
# A chart, beside its numbers as JSON and CSV.
PICTURE = Format(
    "svg", "SVG", "image/svg+xml", _("a chart as a picture, 960 by 540, with what it leaves out")
)
TABLES = ("json", "csv", "xlsx", "atom")
CITATIONS = ("bib", "csl.json")


@dataclass(frozen=True, slots=True)
class Twin:
    """The same view in another shape, and the way to it."""

    format: Format
    url: str


def twins(path: str, query: str, suffixes: Iterable[str]) -> list[Twin]:
    """The ways to what is at `path` in other shapes, under the same query string."""
    start, asked = path.rstrip("/"), f"?{query}" if query else ""
    return [Twin(FORMATS[suffix], f"{start}.{suffix}{asked}") for suffix in suffixes]
