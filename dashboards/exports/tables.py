"""Everything that is published, as tables: the lists, the statements, and their evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from django.conf import settings
from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from dashboards.columns import Column, attribute, edtf, with_addresses
from dashboards.exports.cells import CHUNK
from dashboards.lists import ARTICLES, LISTINGS, SINGULAR, Listing
from dashboards.statement_rows import accepted_passages
from initiatives.funding.models import Funding
from initiatives.models import (
    RECORD_MODELS,
    Figure,
    Framework,
    KeyDate,
    Labelling,
    Outcome,
    Participation,
    PartOf,
    Statement,
    StatusStep,
)
from initiatives.selection import Selection
from partners.models import Membership


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the published data: its columns, its rows, and the keys that join it to others.

    `points_at` has, by column, the table whose first column it names.
    """

    name: str
    title: Any
    description: Any
    columns: list[Column]
    rows: Callable[[], Iterable[Any]]
    key: str = ""
    points_at: dict[str, str] = field(default_factory=dict)


def site_address(row: Any) -> str:
    """The address of a row in full, whoever asks."""
    return f"{settings.SITE_URL}{row.get_absolute_url()}"


def _list_table(listing: Listing) -> Table:
    def rows() -> Iterator[Any]:
        return listing.rows(Selection(listing.filters, QueryDict(), listing.records()))

    return Table(
        listing.name,
        listing.title,
        _("a row for each, as its list shows it"),
        with_addresses(listing.columns, site_address),
        rows,
        # An article whose text changed is there twice: passages of both are quoted.
        key="" if listing is ARTICLES else listing.columns[0].name,
    )


PLURALS = [(plural, one) for plural, one in SINGULAR.items() if one in RECORD_MODELS]
STATEMENTS: dict[type[Statement], tuple[str, Any]] = {
    Participation: ("participations", _("Who takes part in what")),
    StatusStep: ("status-steps", _("Steps of initiatives on the ladder")),
    KeyDate: ("key-dates", _("When alliances were founded and summits held")),
    Funding: ("funding", _("Statements about money")),
    Figure: ("figures", _("Quantities that are not money")),
    Labelling: ("labels", _("What initiatives are officially called")),
    Framework: ("frameworks", _("Which blocs records are run under")),
    Outcome: ("outcomes", _("What summits did for initiatives")),
    PartOf: ("part-of", _("Which initiatives are parts of others")),
}


def _statement_table(model: type[Statement], name: str, title: Any) -> Table:
    about = model.record_model()
    lists = [plural for plural, kind in PLURALS if RECORD_MODELS[kind] is about]
    return Table(
        name,
        title,
        _("a row for each statement that holds, about published records"),
        [
            Column("statement", "its key, by which evidence names it", itemgetter("statement")),
            Column("record", "the record it is about, by slug", itemgetter("record")),
            Column("record_type", "initiative, alliance or summit", itemgetter("record_type")),
            *(_value_column(model, value) for value in model.VALUES),
            Column(
                "chosen_because",
                "of several that contradict each other, why Accord goes by this one",
                itemgetter("chosen_because"),
            ),
            Column("recorded_at", "when it was recorded", itemgetter("recorded_at"), "datetime"),
        ],
        lambda: _statement_rows(model),
        key="statement",
        points_at={"record": lists[0]} if lists else {},
    )


def _value_column(model: type[Statement], name: str) -> Column:
    """A column for one value of a statement, as its field declares it."""
    value: Any = model._meta.get_field(name)
    meaning = f"{value.verbose_name}"
    if value.is_relation:
        keys = {"Country": "alpha-3 code", "Funding": "key of the statement"}
        meaning += f", by {keys.get(value.related_model.__name__, 'slug')}"
    elif value.choices:
        meaning += ": " + ", ".join(str(key) for key, _label in value.choices)
    if value.help_text:
        meaning += f" ({value.help_text})"
    type_ = "number" if isinstance(value, models.DecimalField) else "string"
    return Column(name, meaning, itemgetter(name), type_)


def _standing(model: type[Statement]) -> Iterator[Statement]:
    """The statements of one kind that anyone may read, with what they name and who says so."""
    named = [n for n in model.VALUES if model._meta.get_field(n).is_relation]
    if model is Funding:
        named.append("part_of__record")
    rows: Any = model.objects.published().naming_published().with_evidence()
    return rows.select_related("record", *named).order_by("pk").iterator(chunk_size=CHUNK)


def _key(statement: Statement) -> str:
    """The key of a statement, which is also its place on the page of its record."""
    return f"{statement._meta.model_name}-{statement.pk}"


def _statement_rows(model: type[Statement]) -> Iterator[dict[str, Any]]:
    for statement in _standing(model):
        yield {
            **statement.public_values(),
            "statement": _key(statement),
            "record": statement.record.slug,
            "record_type": statement.record.type,
            "chosen_because": statement.chosen_because,
            "recorded_at": statement.recorded_at.isoformat(),
        }


def _evidence_rows() -> Iterator[dict[str, Any]]:
    for model in STATEMENTS:
        for statement in _standing(model):
            carried = {c.evidence_id: c.values for c in statement.carried.all()}
            for passage in accepted_passages(statement):
                yield {
                    "statement": _key(statement),
                    "record": statement.record.slug,
                    "article": passage.article.key,
                    "article_url": site_address(passage.article),
                    "quote": passage.words,
                    "carries": carried[passage.pk] or ["all"],
                    "claimant": passage.claimant,
                    "start": passage.start,
                    "end": passage.end,
                    "made_by": passage.made_by,
                    "maker": passage.maker,
                }


EVIDENCE = Table(
    "evidence",
    _("The passages that carry the statements"),
    _("a row for each statement and accepted passage; of no article more than these passages"),
    [
        Column("statement", "the statement it carries", itemgetter("statement")),
        Column("record", "the record that is about, by slug", itemgetter("record")),
        Column("article", "the article, by its key", itemgetter("article")),
        Column("article_url", "the page of that text of the article", itemgetter("article_url")),
        Column("quote", "the words of the passage", itemgetter("quote")),
        Column("carries", "which values of the statement, or all", itemgetter("carries")),
        Column("claimant", "who said it, apart from who printed it", itemgetter("claimant")),
        Column("start", "its first character, counted from 0", itemgetter("start"), "integer"),
        Column("end", "the character after its last", itemgetter("end"), "integer"),
        Column("made_by", "editor, import or extractor", itemgetter("made_by")),
        Column("maker", "which editor, format or extractor", itemgetter("maker")),
    ],
    _evidence_rows,
    points_at={"article": "articles"},
)
MEMBERSHIPS = Table(
    "memberships",
    _("Countries in blocs, dated"),
    _("a row for each country, bloc, role and period"),
    [
        Column("bloc", "the bloc, by slug", attribute("bloc.slug")),
        Column("country", "the country, by alpha-3 code", attribute("country.iso3")),
        Column("role", "member, observer, dialogue-partner ...", attribute("role")),
        Column("since", "since when (EDTF); empty: not known", edtf("since")),
        Column("until", "until when (EDTF); empty: it goes on", edtf("until")),
        Column("source", "where it was taken from", lambda m: (m.source or m.bloc.source).title),
        Column("note", "what is to be known of it", attribute("note")),
    ],
    lambda: (
        Membership.objects.select_related("bloc__source", "country", "source")
        .order_by("bloc__slug", "pk")
        .iterator(chunk_size=CHUNK)
    ),
    points_at={"bloc": "blocs", "country": "countries"},
)
TABLES: list[Table] = [
    *(_list_table(listing) for listing in LISTINGS),
    MEMBERSHIPS,
    *(_statement_table(model, *said) for model, said in STATEMENTS.items()),
    EVIDENCE,
]
