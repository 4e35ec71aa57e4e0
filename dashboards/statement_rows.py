"""Statements as rows of a table: what is stated, its value, and the passages that carry it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from django.db.models import F, Prefetch, prefetch_related_objects
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboards.amounts import as_stated, between
from initiatives.desk.sources import independent_sources
from initiatives.funding.measures import MeasureName
from initiatives.funding.models import PARTIES, Entry, Funding
from initiatives.funding.rollup import Reason, Recurs
from initiatives.ladder import RANK
from initiatives.models import (
    Article,
    Evidence,
    Figure,
    Framework,
    KeyDate,
    Labelling,
    Outcome,
    Participation,
    PartOf,
    Record,
    Statement,
    StatusStep,
    disputed_slots,
)

# What statements about money count for in US dollars of the year.
NOMINAL = Prefetch(
    "entries",
    Entry.objects.filter(measure=MeasureName.NOMINAL).select_related("rate").order_by("year"),
    to_attr="nominal",
)
UNCONVERTED = (Reason.NO_RATE, Reason.UNDATED, Reason.TOO_LARGE)
# Beside so many rows there is room to quote a passage in full a second time.
ROOM_TO_QUOTE = 3


@dataclass(slots=True)
class Row:
    """One statement as a reader sees it."""

    what: str
    value: str
    kind: str
    anchor: str
    passages: list[Evidence]
    url: str = ""
    notes: list[str] = field(default_factory=list)
    date: str = ""
    missing: str = ""
    disputed: bool = False
    chosen: bool = False
    reason: str = ""
    sources: int = 0


@dataclass(slots=True)
class Group:
    """Rows that rest on the same passages, which stand beside them once.

    `again`: those passages already stand in full further up the page.
    """

    rows: list[Row]
    passages: list[Evidence]
    again: bool = False


@dataclass(slots=True)
class Section:
    """The statements of one or several kinds about one record."""

    title: Any
    kind: str
    rows: list[Row] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)


def grouped(rows: Iterable[Row], seen: set[int] | None = None) -> list[Group]:
    """Neighbouring rows with the same passages as one group, in their order.

    `seen` holds the keys of the passages that the page has shown in full; it grows.
    """
    seen = set() if seen is None else seen
    groups: list[Group] = []
    for row in rows:
        if groups and row.passages and groups[-1].passages == row.passages:
            groups[-1].rows.append(row)
            continue
        keys = {passage.pk for passage in row.passages}
        groups.append(Group([row], row.passages, again=bool(keys) and keys <= seen))
        seen |= keys
    for group in groups:
        group.again = group.again and len(group.rows) < ROOM_TO_QUOTE
    return groups


def _participation(p: Participation) -> dict[str, Any]:
    partner = p.organisation or p.country
    who = str(partner) if partner else p.person
    period = ", ".join(
        text
        for text in (
            gettext("since %(date)s") % {"date": p.since} if p.since else "",
            gettext("until %(date)s") % {"date": p.until} if p.until else "",
        )
        if text
    )
    note = ", ".join(text for text in (p.person if partner else "", p.place, period) if text)
    return {
        "what": p.get_role_display().capitalize(),
        "value": who,
        "url": partner.get_absolute_url() if partner else "",
        "notes": [note] if note else [],
    }


def _step(s: StatusStep) -> dict[str, Any]:
    return {
        "what": s.get_status_display().capitalize(),
        "value": str(s.date or _("date not stated")),
    }


def _key_date(d: KeyDate) -> dict[str, Any]:
    return {"what": d.get_event_display().capitalize(), "value": str(d.date)}


def _framework(f: Framework) -> dict[str, Any]:
    return {"what": gettext("Run under"), "value": str(f.bloc), "url": f.bloc.get_absolute_url()}


def _part_of(p: PartOf) -> dict[str, Any]:
    return {"what": gettext("Part of"), "value": str(p.whole), "url": p.whole.get_absolute_url()}


def _labelling(labelling: Labelling) -> dict[str, Any]:
    return {"what": gettext("Officially called"), "value": str(labelling.label)}


def _figure(f: Figure) -> dict[str, Any]:
    return {
        "what": f.what[:1].upper() + f.what[1:],
        "value": quantity(f),
        "date": str(f.date or ""),
        "notes": _said(f),
    }


def _outcome(o: Outcome) -> dict[str, Any]:
    return {
        "what": o.get_verb_display().capitalize(),
        "value": str(o.initiative),
        "url": o.initiative.get_absolute_url(),
    }


def _funding(f: Funding) -> dict[str, Any]:
    parties = []
    if f.provider:
        parties.append(gettext("from %(who)s") % {"who": f.provider})
    if f.recipient:
        parties.append(gettext("to %(who)s") % {"who": f.recipient})
    plainly = [
        " ".join(parties),
        ", ".join(f.instrument_names),
        gettext("every year") if f.recurs == Recurs.ANNUALLY else "",
        str(f.period or ""),
    ]
    notes = [
        " · ".join(text for text in plainly if text),
        *_said(f, f.currency_said),
        gettext("the same money as “%(words)s”") % {"words": f.restates} if f.restates else "",
        _whole(f),
        *_in_dollars(f),
        gettext("not counted: %(why)s") % {"why": f.out_of_scope} if f.out_of_scope else "",
        gettext("corrected by a later statement, and not counted") if f.retired_at else "",
    ]
    return {
        "what": f.get_rung_display().capitalize(),
        "date": f.purpose,
        "value": quantity(f, f.currency),
        "missing": f.missing,
        "notes": [note for note in notes if note],
    }


def _in_dollars(f: Funding) -> Iterator[str]:
    """What other money than dollars counts for in dollars of the year, with the rate; or why not.

    Only of statements whose entries were fetched with NOMINAL.
    """
    for entry in getattr(f, "nominal", []):
        if entry.reason in UNCONVERTED:
            yield str(Reason(entry.reason).label)
        elif entry.rate and entry.amount and not entry.reason:
            yield gettext(
                "counts %(amount)s, at %(rate)s %(currency)s for one US dollar in %(year)s "
                "(%(source)s, %(vintage)s)"
            ) % {
                "amount": between(entry.amount, "USD"),
                "rate": f"{entry.rate.per_usd.normalize():f}",
                "currency": entry.rate.currency,
                "year": entry.rate.year,
                "source": entry.rate.source,
                "vintage": entry.rate.vintage,
            }


def _whole(f: Funding) -> str:
    """What the money is part of, with the initiative where it is another's."""
    whole = f.public_whole
    if whole is None:
        return ""
    if whole.record_id == f.record_id:
        return gettext("part of “%(words)s”") % {"words": whole}
    return gettext("part of “%(words)s” of %(record)s") % {"words": whole, "record": whole.record}


def quantity(row: Figure | Funding, currency: str = "") -> str:
    """The interval in words: "more than USD 17 billion", "200 million to 1 billion", "29"."""
    if row.low is None:
        return ""
    plain = row.qualifier in ("exactly", "unspecified")
    return as_stated(row.low, row.high, "" if plain else row.get_qualifier_display(), currency)


def _said(row: Figure | Funding, currency_said: str = "") -> list[str]:
    """The words as they were said, where the quantity does not repeat them."""
    said = quantity(row, getattr(row, "currency", "")).replace("\N{NO-BREAK SPACE}", " ")
    if not row.words or row.words.casefold() == said.casefold():
        return []
    if currency_said:
        return [
            gettext("said as “%(words)s”, “%(unit)s” understood as %(currency)s")
            % {"words": row.words, "unit": currency_said, "currency": row.currency}  # type: ignore[union-attr]
        ]
    return [gettext("said as “%(words)s”") % {"words": row.words}]


Render = Callable[[Any], dict[str, Any]]
KINDS: list[tuple[Any, type[Statement], Render, tuple[str, ...]]] = [
    (_("Dates and status"), KeyDate, _key_date, ()),
    (_("Dates and status"), StatusStep, _step, ()),
    (_("Where it belongs"), Framework, _framework, ("bloc",)),
    (_("Where it belongs"), PartOf, _part_of, ("whole",)),
    (_("Where it belongs"), Labelling, _labelling, ("label",)),
    (
        _("Who takes part"),
        Participation,
        _participation,
        ("country", "organisation__country"),
    ),
    (_("Outcomes"), Outcome, _outcome, ("initiative",)),
    (
        _("Money"),
        Funding,
        _funding,
        (*PARTIES, "restates", "part_of__record", "sector"),
    ),
    (_("Figures"), Figure, _figure, ()),
]


Stated = tuple[Any, type[Statement], Render, list[Statement]]


def statements_of(record: Record) -> list[Stated]:
    """The current statements about a record by kind, with their evidence.

    A published record names no record that is not. For each kind one query, and three more for
    the evidence of those that say something.
    """
    found: list[Stated] = []
    for title, model, render, related in KINDS:
        if isinstance(record, model.record_model()):
            current = model.objects.about(record).current().with_evidence()
            if record.state == Record.State.PUBLISHED:
                current = current.naming_published()
            rows = list(current.select_related(*related))
            if model is Funding:
                earlier = model.objects.about(record).superseded().with_evidence()
                rows += earlier.select_related(*related)
                prefetch_related_objects(rows, NOMINAL)
            if model is StatusStep:
                rows.sort(key=_by_date_and_rank)
            found.append((title, model, render, rows))
    return found


def _standing(statements: Iterable[Statement]) -> list[Statement]:
    return [statement for statement in statements if statement.retired_at is None]


def _by_date_and_rank(step: Any) -> tuple[dt.date, int]:
    return step.date_latest or dt.date.max, RANK[step.status]


def articles_of(stated: list[Stated]) -> list[Article]:
    """The articles whose accepted passages carry the statements, each once."""
    found = {
        passage.article.pk: passage.article
        for _title, _model, _render, statements in stated
        for statement in statements
        for passage in accepted_passages(statement)
    }
    return list(found.values())


def sections(stated: list[Stated]) -> list[Section]:
    """What is stated about a record, for its page: kinds that say nothing are left out."""
    found: list[Section] = []
    seen: set[int] = set()
    for title, model, render, statements in stated:
        disputed = disputed_slots(_standing(statements))
        if statements and (not found or found[-1].title != title):
            found.append(Section(title, model._meta.model_name or ""))
        for statement in statements:
            in_dispute = statement.slot in disputed and statement.retired_at is None
            found[-1].rows.append(as_row(statement, render, disputed=in_dispute))
    for section in found:
        section.groups = grouped(section.rows, seen)
    return found


def as_row(statement: Statement, render: Render, disputed: bool = False) -> Row:
    """One statement as a row, with its accepted passages.

    How many independent sources it has is counted where that may surprise: where several articles
    say so, or others say otherwise.
    """
    name = statement._meta.model_name or ""
    passages = accepted_passages(statement)
    articles = {passage.article_id: passage.article for passage in passages}
    return Row(
        kind=name,
        anchor=f"{name}-{statement.pk}",
        passages=passages,
        disputed=disputed,
        chosen=disputed and bool(statement.chosen_because),
        reason=statement.chosen_because,
        sources=independent_sources(articles.values()) if disputed or len(articles) > 1 else 0,
        **render(statement),
    )


def funding_row(funding: Funding) -> Row:
    """A statement about money as a row, for pages that list money of many initiatives."""
    return as_row(funding, _funding)


def participation_row(participation: Participation) -> Row:
    """Somebody's taking part as a row, for pages that list many records."""
    return as_row(participation, _participation)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of an article's text, and the passages that cover it; `starts` begin with it."""

    text: str
    covering: list[Evidence]
    starts: list[Evidence]


def marked_text(text: str, passages: list[Evidence]) -> list[Piece]:
    """The text cut where passages begin and end. Passages may overlap."""
    cuts = sorted({0, len(text), *(p.start for p in passages), *(p.end for p in passages)})
    return [
        Piece(
            text[start:end],
            [p for p in passages if p.start < end and start < p.end],
            [p for p in passages if p.start == start],
        )
        for start, end in pairwise(cuts)
    ]


def passages_alone(pieces: list[Piece]) -> list[Piece]:
    """The pieces that passages cover, with a mark for what is left out between them."""
    return [piece if piece.covering else replace(piece, text=" […] ") for piece in pieces]


def carried_by(passages: list[Evidence]) -> list[tuple[Evidence, list[tuple[Record, str, str]]]]:
    """For each passage, the published records and statements that rest on it.

    One query for each kind of statement.
    """
    found: dict[int, list[tuple[Record, str, str]]] = {p.pk: [] for p in passages}
    for _title, model, render, related in KINDS:
        rows = (
            model.objects.current()
            .naming_published()
            .filter(carried__evidence__in=passages, record__state=Record.State.PUBLISHED)
            .select_related("record", *related)
            .annotate(passage=F("carried__evidence"))
        )
        for statement in rows:
            said = render(statement)
            value = f"{said['what']}: {said['value'] or said.get('missing', '')}"
            anchor = f"{model._meta.model_name}-{statement.pk}"
            entry = (statement.record, value, anchor)
            found[statement.passage].append(entry)
    for entries in found.values():
        entries.sort(key=lambda entry: entry[0].title)
    return [(passage, found[passage.pk]) for passage in passages]


def accepted_passages(statement: Statement) -> list[Evidence]:
    """The passages that carry it and were accepted; reads what was prefetched."""
    carried = statement.carried.all()
    return [c.evidence for c in carried if c.evidence.state == Evidence.State.ACCEPTED]


def as_json(stated: list[Stated]) -> dict[str, list[dict[str, Any]]]:
    """The statements about a record with their evidence, by kind, as plain values."""
    found: dict[str, list[dict[str, Any]]] = {}
    for _title, model, _render, statements in stated:
        disputed = disputed_slots(_standing(statements))
        found[str(model._meta.model_name)] = [
            {
                "values": statement.public_values(),
                "superseded": statement.retired_at is not None,
                "disputed": statement.slot in disputed and statement.retired_at is None,
                "chosen_because": statement.chosen_because or None,
                "recorded_at": statement.recorded_at.isoformat(),
                "evidence": [
                    {
                        "quote": c.evidence.words,
                        "claimant": c.evidence.claimant or None,
                        "carries": c.values or "all",
                        "article": c.evidence.article.key,
                        "start": c.evidence.start,
                        "end": c.evidence.end,
                        "made_by": c.evidence.made_by,
                        "maker": c.evidence.maker,
                    }
                    for c in statement.carried.all()
                    if c.evidence.state == Evidence.State.ACCEPTED
                ],
            }
            for statement in statements
        ]
    return found
