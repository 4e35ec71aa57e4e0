"""The columns of each list: declared once, read by page, JSON, CSV, XLSX and the codebook.

Which of them are shown is asked by `columns` in the address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import django_filters as df
from django.db import models
from django.db.models import Prefetch
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboards import cells
from dashboards.cells import Drawing, Named
from initiatives.filters import BLOC, COUNTRY, LABEL, ORGANISATION, SECTOR, ListFilter
from initiatives.index import Index
from initiatives.models import PartOf, public_passages

Text = str | Promise


# Each is one object: its drawing is kept by it.
@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column of a list: its name in machine formats, what it holds, how it is read off a row.

    `read` returns text, a number, None (not known) where `null`, or a list of those where `many`;
    `type` is what each is in a file, in the words of Table Schema. `needs` loads what it reads
    beside the row itself; what it reads of a `dimension` of the index is in `row.named` by its name.

    On a page it is called `label` and drawn by `draw` (of `dashboards.cells`), as it is read unless
    that is given; `beneath` the title instead of by itself; in the `style` "plain" if it needs no
    label on a phone, "nowrap" if it is one thing.
    """

    name: str
    meaning: str
    read: Callable[[Any], Any]
    type: str = "string"
    label: Text = ""
    draw: Drawing | None = None
    style: str = ""
    beneath: bool = False
    needs: Callable[[models.QuerySet], models.QuerySet] | None = None
    dimension: str = ""
    null: bool = False
    many: bool = False

    def drawn(self, row: Any) -> Any:
        """What stands on a page, as HTML or as text; "" if there is nothing."""
        if self.draw:
            return self.draw(row)
        value = self.read(row)
        return "" if value is None else value

    @property
    def classes(self) -> str:
        """How it is set on a page."""
        return "num" if self.type == "integer" else self.style


def path_of(row: Any) -> str:
    """The row's address, where it is read as it is now."""
    return row.get_absolute_url().partition("?")[0]


def absolute(request: HttpRequest, row: Any) -> str:
    """The same in full."""
    return request.build_absolute_uri(path_of(row))


def attribute(name: str) -> Callable[[Any], Any]:
    """Reads an attribute, following dots; None where one of them is None."""

    def read(row: Any) -> Any:
        for part in name.split("."):
            row = getattr(row, part) if row is not None else None
        return row

    return read


def edtf(name: str) -> Callable[[Any], str | None]:
    """Reads a partial date as its EDTF text."""

    def read(row: Any) -> str | None:
        date = getattr(row, name)
        return date.text if date else None

    return read


class ColumnsFilter(df.MultipleChoiceFilter):
    """Which columns are shown. It narrows nothing."""

    def filter(self, qs: models.QuerySet, value: Any) -> models.QuerySet:
        return qs


def choosing(columns: list[Column], filters: type[ListFilter]) -> type[ListFilter]:
    """The filters of a list, with the one that says which of its columns are shown."""

    def choices() -> list[tuple[str, Text]]:  # a list would be copied for each request
        return [(column.name, column.label) for column in columns]

    chosen = ColumnsFilter(choices=choices, label=_("Columns"))
    return type(filters.__name__, (filters,), {"columns": chosen, "__doc__": filters.__doc__})


def with_addresses(columns: list[Column], full: Callable[[Any], str]) -> list[Column]:
    """The columns, with addresses in full."""
    return [replace(column, read=full) if column is URL else column for column in columns]


# --- What is loaded for some columns -------------------------------------------------------------


def needed(columns: Iterable[Column], rows: models.QuerySet) -> models.QuerySet:
    """The rows with what the columns read, in a fixed number of queries: none for other columns."""
    for load in dict.fromkeys(column.needs for column in columns if column.needs):
        rows = load(rows)
    return rows


def named(columns: Iterable[Column], records: list[Any], known: Index) -> list[Any]:
    """The records with what the columns read of the index."""
    dimensions = {column.dimension for column in columns if column.dimension}
    keys = [record.pk for record in records]
    found = {dimension: known.named(dimension, keys) for dimension in dimensions}
    for record in records:
        record.named = {dimension: found[dimension][record.pk] for dimension in dimensions}
    return records


def _with(*names: str) -> Callable[[models.QuerySet], models.QuerySet]:
    return lambda rows: rows.select_related(*names)


def _parts_of(initiatives: models.QuerySet) -> models.QuerySet:
    now = PartOf.objects.current().naming_published().select_related("whole")
    return initiatives.prefetch_related(Prefetch("wholes", now, to_attr="now_part_of"))


def _public_passages(articles: models.QuerySet) -> models.QuerySet:
    passages = public_passages().only("article")
    return articles.prefetch_related(Prefetch("passages", passages, to_attr="public"))


def _passage_count(article: Any) -> int:
    return len(article.public)


# --- The columns ---------------------------------------------------------------------------------


def _names(
    column: str,
    meaning: str,
    label: Text,
    dimension: str,
    draw: Callable[[Callable[[Any], Iterable[Named]]], Drawing] = cells.links,
    key: str = "slug",
) -> Column:
    """What records name in a dimension of the index: on a page by name, else by key."""

    def things(record: Any) -> list[Named]:
        return record.named[dimension]

    def keys(record: Any) -> list[str]:
        return sorted(getattr(thing, key) for thing, _name in things(record))

    return Column(
        column, meaning, keys, label=label, draw=draw(things), dimension=dimension, many=True
    )


def _slug(meaning: str, name: str = "slug") -> Column:
    read = attribute(name)
    return Column("slug", meaning, read, label=_("Key"), draw=cells.code(read))


def _title(label: Text, meaning: str = "its name", name: str = "title") -> Column:
    """Drawn by the table itself, as the head of each row, which leads to its page."""
    return Column("title", meaning, attribute(name), label=label)


def _kind(meaning: str) -> Column:
    return Column("kind", meaning, attribute("kind"), label=_("Kind"), draw=cells.display("kind"), style="plain")  # fmt: skip


def _initiatives(meaning: str, by: str, key: str) -> Column:
    """How many initiatives there are, which leads to them."""
    read = attribute("initiatives")
    draw = cells.counted(read, "initiative_list", by, attribute(key))
    return Column("initiatives", meaning, read, "integer", _("Initiatives"), draw)


def _began(label: Text) -> list[Column]:
    """When a record began, under the name that the list has for it."""
    earliest, latest = attribute("began_earliest"), attribute("began_latest")
    disputed = attribute("began_disputed")
    return [
        Column(
            "began",
            "when it began, as precise as stated (EDTF)",
            edtf("began"),
            label=label,
            draw=cells.began,
            style="nowrap",
            null=True,
        ),
        Column(
            "began_earliest",
            "first day that can mean",
            earliest,
            "date",
            _("First day"),
            cells.day(earliest),
            "nowrap",
            null=True,
        ),
        Column(
            "began_latest",
            "last day that can mean",
            latest,
            "date",
            _("Last day"),
            cells.day(latest),
            "nowrap",
            null=True,
        ),
        Column(
            "began_disputed",
            "whether what is stated of it disagrees",
            disputed,
            "boolean",
            _("Beginning disputed"),
            cells.yes_or_no(disputed),
        ),
    ]


URL = Column(
    "url",
    "address of its page",
    path_of,
    label=_("Address"),
    draw=cells.itself,
)
RECORD_SLUG = _slug("the record's key, which never changes")
STATUS = Column(
    "status",
    "where it stands on the ladder; empty: not known",
    attribute("status"),
    label=_("Status"),
    draw=cells.status,
    style="plain",
)
# Under whom, and with whom.
PARTNERS = [
    _names("blocs", "blocs it is run under", _("Under"), BLOC),
    _names(
        "countries", "countries taking part, by alpha-3 code", _("Countries"), COUNTRY, key="iso3"
    ),
]
MORE = [
    _names("organisations", "organisations taking part, by slug", _("Organisations"), ORGANISATION),
    _names("sectors", "our sectors", _("Sectors"), SECTOR, cells.names),
    Column(
        "summary",
        "what it is, in our own words",
        attribute("summary"),
        label=_("Summary"),
        draw=cells.words_of,
        beneath=True,
    ),
    Column(
        "changed",
        "when the record last changed",
        lambda r: r.changed_at.isoformat(),
        "datetime",
        _("Changed"),
        cells.day(attribute("changed_at")),
        "nowrap",
    ),
]
INITIATIVE_COLUMNS = [
    RECORD_SLUG,
    _title(_("Initiative")),
    _kind("programme, project, agreement ..."),
    *PARTNERS,
    STATUS,
    *_began(_("Began")),
    _names("labels", "what it is officially called", _("Official names"), LABEL, cells.names),
    Column(
        "part_of",
        "larger initiatives",
        lambda r: sorted(x.whole.slug for x in r.now_part_of),
        label=_("Part of"),
        draw=cells.links(lambda r: [(x.whole, str(x.whole)) for x in r.now_part_of]),
        needs=_parts_of,
        many=True,
    ),
    *MORE,
    URL,
]
ALLIANCE_COLUMNS = [
    RECORD_SLUG,
    _title(_("Alliance")),
    *PARTNERS,
    *_began(_("Founded")),
    *MORE,
    URL,
]
SUMMIT_COLUMNS = [
    RECORD_SLUG,
    _title(_("Summit")),
    Column(
        "series",
        "the row of meetings it belongs to",
        attribute("series.name"),
        label=_("Series"),
        draw=cells.series,
        needs=_with("series"),
    ),
    Column(
        "ordinal", "which of the series", attribute("ordinal"), "integer", _("Number"), null=True
    ),
    *PARTNERS,
    *_began(_("Held or planned")),
    *MORE,
    URL,
]
COUNTRY_COLUMNS = [
    Column("slug", "alpha-3 code", attribute("iso3"), label=_("Code")),
    _title(_("Country"), "its English name (CLDR)", "english_name"),
    Column("iso2", "alpha-2 code", attribute("iso2"), label=_("Alpha-2")),
    Column("region", "M49 region", attribute("region_name"), label=_("Part of the world")),
    Column(
        "subregion",
        "M49 subregion",
        attribute("subregion_name"),
        label=_("Region"),
        draw=lambda country: country.subregion_name or country.region_name,
    ),
    _initiatives("published initiatives it takes part in", "country", "iso3"),
    URL,
]
BLOC_COLUMNS = [
    _slug("the record's key, which never changes"),
    _title(_("Bloc"), "its short name", "short_name"),
    Column(
        "name",
        "its full name",
        attribute("name"),
        label=_("Full name"),
        draw=cells.full_name,
        beneath=True,
    ),
    _kind("forum, economic union ..."),
    Column(
        "founded",
        "when it was founded (EDTF)",
        edtf("founded"),
        label=_("Founded"),
        draw=cells.or_missing(lambda bloc: bloc.founded and str(bloc.founded), _("not known")),
        null=True,
    ),
    Column(
        "members",
        "full members today",
        attribute("members"),
        "integer",
        _("Members today"),
        cells.counted_at(attribute("members"), "member"),
    ),
    _initiatives("published initiatives run under it", "bloc", "slug"),
    Column(
        "source",
        "where its memberships were taken from",
        attribute("source.title"),
        label=_("Source"),
        needs=_with("source"),
    ),
    URL,
]
ORGANISATION_COLUMNS = [
    _slug("the record's key, which never changes"),
    _title(_("Organisation"), name="name"),
    _kind("ministry, company, university ..."),
    Column(
        "country",
        "its country, by alpha-3 code",
        attribute("country.iso3"),
        label=_("Country"),
        draw=cells.or_missing(
            cells.links(lambda body: [(body.country, str(body.country))] if body.country else []),
            _("not stated"),
        ),
        needs=_with("country"),
        null=True,
    ),
    _initiatives("published initiatives it takes part in", "organisation", "slug"),
    URL,
]
ARTICLE_COLUMNS = [
    _slug("the article's key", "key"),
    _title(_("Article")),
    Column(
        "publisher",
        "who printed it",
        attribute("publisher.name"),
        label=_("Publisher"),
        draw=cells.stated("publisher"),
        needs=_with("publisher"),
        null=True,
    ),
    Column(
        "published",
        "when it was printed (EDTF)",
        edtf("published"),
        label=_("Published"),
        draw=cells.stated("published"),
        null=True,
    ),
    Column("language", "language (BCP 47)", attribute("language"), label=_("Language")),
    Column(
        "original",
        "address of the original",
        attribute("url"),
        label=_("Original"),
        draw=cells.elsewhere(attribute("url")),
    ),
    Column(
        "passages",
        "passages of it that are accepted",
        _passage_count,
        "integer",
        _("Passages"),
        cells.counted_at(_passage_count, "passages"),
        needs=_public_passages,
    ),
    URL,
]
