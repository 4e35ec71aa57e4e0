"""The lists of the site: what each shows, which filters it has, how it is ordered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from dashboards import columns
from dashboards.columns import Column, choosing, named, needed
from dashboards.exports.cells import CHUNK
from dashboards.exports.formats import CITATIONS, TABLES
from initiatives import filters
from initiatives.filters import BLOC, COUNTRY, ORGANISATION
from initiatives.funding.filters import FundedInitiativeFilter
from initiatives.funding.models import Funding
from initiatives.index import Index, index
from initiatives.keys import in_database
from initiatives.keyset import Place, behind, place_of
from initiatives.models import (
    Alliance,
    Article,
    Initiative,
    Record,
    Summit,
)
from initiatives.selection import Selection
from partners.history.moment import today
from partners.models import Bloc, Country, Membership, Organisation


def _as_they_are(rows: models.QuerySet) -> models.QuerySet:
    return rows


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: its records, filters, columns and order. Page, JSON and CSV all read this."""

    name: str
    title: Any
    records: Callable[[], models.QuerySet]
    filters: type[filters.ListFilter]
    columns: list[Column]
    # Those that its page has unless others are asked for, beside the title.
    usual: tuple[str, ...]
    # Lists of records are ordered as their filter says.
    order: Callable[[models.QuerySet], models.QuerySet] = _as_they_are
    facets: tuple[str, ...] = ()
    intro: Any = ""
    # The shapes in which its rows, and one of its records, can be taken away.
    formats: tuple[str, ...] = (*TABLES, *CITATIONS)
    record_formats: tuple[str, ...] = ("json",)

    # By which column, and which way, that order is.
    ordered: tuple[str, str] = ("", "")

    def chosen(self, selection: Selection) -> list[Column]:
        """The columns that are asked for; none if no one said which."""
        names = selection.chose("columns")
        return [column for column in self.columns if column.name in names]

    def of_page(self, selection: Selection) -> list[Column]:
        """The columns of the page: those asked for, else the usual ones; always the title."""
        names = {"title", *(c.name for c in self.chosen(selection))}
        if not selection.chose("columns"):
            names |= {*self.usual}
        return [column for column in self.columns if column.name in names]

    def rows(
        self,
        selection: Selection,
        start: int = 0,
        stop: int | None = None,
        columns: Iterable[Column] | None = None,
    ) -> Iterator[models.Model]:
        """The selected rows with what the columns read, in order, some at a time.

        All columns of the list, unless some are named.
        """
        columns = self.columns if columns is None else [*columns]
        if not selection.of_records:
            rows = needed(columns, self.order(selection.records))[start:stop]
            yield from rows.iterator(chunk_size=CHUNK) if stop is None else rows
            return
        keys = selection.ordered(start, stop)
        for n in range(0, len(keys), CHUNK):
            yield from self._read(selection, keys[n : n + CHUNK], columns)

    def page(
        self, selection: Selection, place: Place | None, size: int, columns: Iterable[Column]
    ) -> tuple[list[models.Model], Place | None]:
        """So many rows behind a place, and the place of the last if any follow it.

        A row that goes while it is read is missing from its page, and from no other.
        """
        if selection.of_records:
            found = selection.following(place, size + 1)
            last = found[size - 1][1] if len(found) > size else None
            return self._read(selection, [key for key, _place in found[:size]], columns), last
        rows = needed(columns, self.order(selection.records))
        some = list((behind(rows, place) if place else rows)[: size + 1])
        return some[:size], place_of(rows, some[size - 1]) if len(some) > size else None

    def _read(
        self, selection: Selection, keys: list[int], columns: Iterable[Column]
    ) -> list[models.Model]:
        rows = needed(columns, selection.all.order_by().filter(pk__in=keys))
        by_key = {row.pk: row for row in rows}
        here = [by_key[key] for key in keys if key in by_key]
        return named(columns, here, selection.index)


def _initiatives(known: Index, dimension: str) -> Case:
    """How many published initiatives the index has for each row: a branch for each number."""
    rows_by_count = defaultdict(list)
    for key, count in known.counts(dimension, known.published(Record.Type.INITIATIVE)).items():
        rows_by_count[count].append(key)
    return Case(
        *(When(pk__in=keys, then=Value(count)) for count, keys in rows_by_count.items()),
        default=Value(0),
        output_field=models.IntegerField(),
    )


def countries() -> models.QuerySet[Country]:
    """Countries with the number of published initiatives they take part in."""
    return Country.objects.annotate(initiatives=_initiatives(index(), COUNTRY))


def blocs() -> models.QuerySet[Bloc]:
    """Blocs with the number of their members today and of initiatives run under them."""
    then = Membership.objects.filter(bloc=OuterRef("pk"), role=Membership.Role.MEMBER).at(today())
    members = then.order_by().values("bloc").annotate(n=Count("country", distinct=True))
    return Bloc.objects.annotate(
        initiatives=_initiatives(index(), BLOC),
        members=Coalesce(Subquery(members.values("n")[:1]), 0),
    )


def organisations() -> models.QuerySet[Organisation]:
    """Organisations of published records, with the number of initiatives they take part in.

    Those that only unpublished records name, or none, are not shown: an import may bring any name.
    """
    known = index()
    taking_part = in_database(known.counts(ORGANISATION, known.published()))
    money = Funding.objects.published()
    public = Q(pk__in=taking_part)
    for side in ("provider_organisation", "recipient_organisation"):
        public |= Q(Exists(money.filter(**{side: OuterRef("pk")})))
    return Organisation.objects.filter(public).annotate(
        initiatives=_initiatives(known, ORGANISATION)
    )


RECORD_FACETS = ("bloc", "country", "sector", "began")
INITIATIVES = Listing(
    "initiatives",
    _("Initiatives"),
    Initiative.objects.published,
    choosing(columns.INITIATIVE_COLUMNS, FundedInitiativeFilter),
    columns.INITIATIVE_COLUMNS,
    ("summary", "kind", "blocs", "countries", "status", "began"),
    facets=("bloc", "country", "sector", "kind", "status", "label", "began"),
    record_formats=("json", *CITATIONS),
)
ALLIANCES = Listing(
    "alliances",
    _("Alliances"),
    Alliance.objects.published,
    choosing(columns.ALLIANCE_COLUMNS, filters.AllianceFilter),
    columns.ALLIANCE_COLUMNS,
    ("summary", "blocs", "countries", "began"),
    facets=RECORD_FACETS,
    record_formats=("json", *CITATIONS),
)
SUMMITS = Listing(
    "summits",
    _("Summits"),
    Summit.objects.published,
    choosing(columns.SUMMIT_COLUMNS, filters.SummitFilter),
    columns.SUMMIT_COLUMNS,
    ("summary", "series", "blocs", "countries", "began"),
    facets=RECORD_FACETS,
    formats=(*TABLES, "ics", *CITATIONS),
    record_formats=("json", "ics", *CITATIONS),
)
COUNTRIES = Listing(
    "countries",
    _("Countries"),
    countries,
    choosing(columns.COUNTRY_COLUMNS, filters.CountryFilter),
    columns.COUNTRY_COLUMNS,
    ("slug", "subregion", "initiatives"),
    lambda rows: rows.order_by("-initiatives", "english_name", "pk"),
    ordered=("initiatives", "descending"),
)
BLOCS = Listing(
    "blocs",
    _("Blocs"),
    blocs,
    choosing(columns.BLOC_COLUMNS, filters.BlocFilter),
    columns.BLOC_COLUMNS,
    ("name", "kind", "founded", "members", "initiatives"),
    lambda rows: rows.order_by("-initiatives", "short_name", "pk"),
    ordered=("initiatives", "descending"),
)
ORGANISATIONS = Listing(
    "organisations",
    _("Organisations"),
    organisations,
    choosing(columns.ORGANISATION_COLUMNS, filters.OrganisationFilter),
    columns.ORGANISATION_COLUMNS,
    ("kind", "country", "initiatives"),
    lambda rows: rows.order_by("-initiatives", "name", "pk"),
    ordered=("initiatives", "descending"),
)
ARTICLES = Listing(
    "articles",
    _("Articles"),
    Article.objects.published,
    choosing(columns.ARTICLE_COLUMNS, filters.ArticleFilter),
    columns.ARTICLE_COLUMNS,
    ("publisher", "published", "passages"),
    lambda rows: rows.order_by(F("published_earliest").desc(nulls_last=True), "title", "pk"),
    ordered=("published", "descending"),
)
LISTINGS = [INITIATIVES, ALLIANCES, SUMMITS, COUNTRIES, BLOCS, ORGANISATIONS, ARTICLES]
# The plural in an address -> the name of its single record.
SINGULAR = {
    "initiatives": "initiative",
    "alliances": "alliance",
    "summits": "summit",
    "countries": "country",
    "blocs": "bloc",
    "organisations": "organisation",
    "articles": "article",
}
