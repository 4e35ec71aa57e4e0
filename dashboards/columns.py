"""The columns of each list: declared once, read by JSON, CSV and the codebook."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Prefetch
from django.http import HttpRequest

from initiatives.models import Framework, Labelling, Participation, PartOf


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list: its name in machine formats, what it holds, how it is read off a row.

    `read` returns text, a number, None (not known) or a list of those; `type` is what that is in a
    file, in the words of Table Schema.
    """

    name: str
    meaning: str
    read: Callable[[Any], Any]
    type: str = "string"


def absolute(request: HttpRequest, row: models.Model) -> str:
    """The row's address in full, where it is read as it is now."""
    path = row.get_absolute_url().partition("?")[0]  # type: ignore[attr-defined]
    return request.build_absolute_uri(path)


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


def _unique(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(value for value in values if value))


def with_relations(records: models.QuerySet) -> models.QuerySet:
    """Records with what RECORD_COLUMNS reads, in a fixed number of queries."""
    return records.prefetch_related(
        "sectors",
        Prefetch(
            "participations",
            Participation.objects.current().select_related("country", "organisation__country"),
            to_attr="now_taking_part",
        ),
        Prefetch(
            "frameworks", Framework.objects.current().select_related("bloc"), to_attr="now_under"
        ),
    )


def initiatives_with_relations(records: models.QuerySet) -> models.QuerySet:
    """Initiatives with what their columns read."""
    return with_relations(records).prefetch_related(
        Prefetch(
            "labellings", Labelling.objects.current().select_related("label"), to_attr="now_called"
        ),
        Prefetch(
            "wholes",
            PartOf.objects.current().naming_published().select_related("whole"),
            to_attr="now_part_of",
        ),
    )


SLUG = Column("slug", "the record's key, which never changes", attribute("slug"))
TITLE = Column("title", "its name", attribute("title"))
RECORD_COLUMNS = [
    Column("began", "when it began, as precise as stated (EDTF)", edtf("began")),
    Column("began_earliest", "first day that can mean", attribute("began_earliest"), "date"),
    Column("began_latest", "last day that can mean", attribute("began_latest"), "date"),
    Column(
        "began_disputed",
        "whether what is stated of it disagrees",
        attribute("began_disputed"),
        "boolean",
    ),
    Column(
        "countries",
        "countries taking part, by alpha-3 code",
        lambda r: [c.iso3 for c in r.countries_now],
    ),
    Column(
        "organisations",
        "organisations taking part, by slug",
        lambda r: sorted(
            _unique(p.organisation and p.organisation.slug for p in r.now_taking_part)
        ),
    ),
    Column("blocs", "blocs it is run under", lambda r: sorted(f.bloc.slug for f in r.now_under)),
    Column("sectors", "our sectors", lambda r: sorted(s.slug for s in r.sectors.all())),
    Column("summary", "what it is, in our own words", attribute("summary")),
    Column(
        "changed", "when the record last changed", lambda r: r.changed_at.isoformat(), "datetime"
    ),
]
INITIATIVE_COLUMNS = [
    SLUG,
    TITLE,
    Column("kind", "programme, project, agreement ...", attribute("kind")),
    Column("status", "where it stands on the ladder; empty: not known", attribute("status")),
    Column(
        "labels",
        "what it is officially called",
        lambda r: sorted(x.label.slug for x in r.now_called),
    ),
    Column("part_of", "larger initiatives", lambda r: sorted(x.whole.slug for x in r.now_part_of)),
    *RECORD_COLUMNS,
]
ALLIANCE_COLUMNS = [SLUG, TITLE, *RECORD_COLUMNS]
SUMMIT_COLUMNS = [
    SLUG,
    TITLE,
    Column("series", "the row of meetings it belongs to", attribute("series.name")),
    Column("ordinal", "which of the series", attribute("ordinal"), "integer"),
    *RECORD_COLUMNS,
]
COUNTRY_COLUMNS = [
    Column("slug", "alpha-3 code", attribute("iso3")),
    Column("title", "its English name (CLDR)", attribute("english_name")),
    Column("iso2", "alpha-2 code", attribute("iso2")),
    Column("region", "M49 region", attribute("region_name")),
    Column("subregion", "M49 subregion", attribute("subregion_name")),
    Column(
        "initiatives", "published initiatives it takes part in", attribute("initiatives"), "integer"
    ),
]
BLOC_COLUMNS = [
    SLUG,
    Column("title", "its short name", attribute("short_name")),
    Column("name", "its full name", attribute("name")),
    Column("kind", "forum, economic union ...", attribute("kind")),
    Column("founded", "when it was founded (EDTF)", edtf("founded")),
    Column("members", "full members today", attribute("members"), "integer"),
    Column(
        "initiatives", "published initiatives run under it", attribute("initiatives"), "integer"
    ),
    Column("source", "where its memberships were taken from", attribute("source.title")),
]
ORGANISATION_COLUMNS = [
    SLUG,
    Column("title", "its name", attribute("name")),
    Column("kind", "ministry, company, university ...", attribute("kind")),
    Column("country", "its country, by alpha-3 code", attribute("country.iso3")),
    Column(
        "initiatives", "published initiatives it takes part in", attribute("initiatives"), "integer"
    ),
]
ARTICLE_COLUMNS = [
    Column("slug", "the article's key", attribute("key")),
    TITLE,
    Column("publisher", "who printed it", attribute("publisher.name")),
    Column("published", "when it was printed (EDTF)", edtf("published")),
    Column("language", "language (BCP 47)", attribute("language")),
    Column("original", "address of the original", attribute("url")),
]
