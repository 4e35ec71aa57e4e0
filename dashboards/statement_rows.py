"""Statements as rows of a table: what is stated, its value, and the passages that carry it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from babel.numbers import format_decimal
from django.db.models import F
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from initiatives.funding.models import Funding
from initiatives.funding.rollup import Recurs
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


@dataclass(slots=True)
class Row:
    """One statement as a reader sees it."""

    what: str
    value: str
    anchor: str
    passages: list[Evidence]
    url: str = ""
    note: str = ""
    date: str = ""
    missing: str = ""
    disputed: bool = False


@dataclass(slots=True)
class Section:
    """The statements of one kind about one record."""

    title: Any
    kind: str
    rows: list[Row] = field(default_factory=list)


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
        "note": note,
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
    said = quantity(f)
    return {
        "what": f.what[:1].upper() + f.what[1:],
        "value": said,
        "date": str(f.date or ""),
        "note": gettext("said as “%(words)s”") % {"words": f.words} if f.words else "",
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
    notes = [
        " ".join(parties),
        ", ".join(f.instrument_names),
        gettext("every year") if f.recurs == Recurs.ANNUALLY else "",
        str(f.period or ""),
        gettext("the same money as “%(words)s”") % {"words": f.restates} if f.restates else "",
        gettext("part of “%(words)s”") % {"words": f.part_of} if f.part_of else "",
        gettext("not counted: %(why)s") % {"why": f.out_of_scope} if f.out_of_scope else "",
        gettext("“%(said)s” understood as %(currency)s")
        % {"said": f.currency_said, "currency": f.currency}
        if f.currency_said
        else "",
    ]
    return {
        "what": f.get_rung_display().capitalize(),
        "date": f.purpose,
        "value": f"{quantity(f)} {f.currency}" if f.low is not None else "",
        "missing": f.missing,
        "note": "; ".join(note for note in notes if note),
    }


def quantity(row: Figure | Funding) -> str:
    """The interval in words: "more than 10,000,000,000", "200,000,000 to 1,000,000,000"."""
    if row.low is None:
        return ""
    low = format_decimal(row.low, locale="en")
    if row.high is not None and row.high != row.low:
        return gettext("%(low)s to %(high)s") % {
            "low": low,
            "high": format_decimal(row.high, locale="en"),
        }
    if row.qualifier in ("exactly", "unspecified"):
        return low
    return f"{row.get_qualifier_display()} {low}"


Render = Callable[[Any], dict[str, Any]]
KINDS: list[tuple[Any, type[Statement], Render, tuple[str, ...]]] = [
    (_("Dates"), KeyDate, _key_date, ()),
    (_("Status, step by step"), StatusStep, _step, ()),
    (_("Framework"), Framework, _framework, ("bloc",)),
    (_("Larger whole"), PartOf, _part_of, ("whole",)),
    (_("Official name"), Labelling, _labelling, ("label",)),
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
        (
            "provider_country",
            "provider_organisation",
            "recipient_country",
            "recipient_organisation",
            "restates",
            "part_of",
        ),
    ),
    (_("Figures"), Figure, _figure, ()),
]


Stated = tuple[Any, type[Statement], Render, list[Statement]]


def statements_of(record: Record) -> list[Stated]:
    """The current statements about a record by kind, with their evidence.

    For each kind one query, and three more for the evidence of those that say something.
    """
    found: list[Stated] = []
    for title, model, render, related in KINDS:
        if isinstance(record, model.record_model()):
            current = model.objects.about(record).current().with_evidence()
            rows = list(current.select_related(*related))
            if model is StatusStep:
                rows.sort(key=_by_date_and_rank)
            found.append((title, model, render, rows))
    return found


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
    found = []
    for title, model, render, statements in stated:
        disputed = disputed_slots(statements)
        name = model._meta.model_name or ""
        section = Section(title, name)
        for statement in statements:
            section.rows.append(as_row(statement, render, disputed=statement.slot in disputed))
        if section.rows:
            found.append(section)
    return found


def as_row(statement: Statement, render: Render, disputed: bool = False) -> Row:
    """One statement as a row, with its accepted passages."""
    name = statement._meta.model_name
    return Row(
        anchor=f"{name}-{statement.pk}",
        passages=accepted_passages(statement),
        disputed=disputed,
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


def carried_by(passages: list[Evidence]) -> list[tuple[Evidence, list[tuple[Record, str, str]]]]:
    """For each passage, the published records and statements that rest on it.

    One query for each kind of statement.
    """
    found: dict[int, list[tuple[Record, str, str]]] = {p.pk: [] for p in passages}
    for _title, model, render, related in KINDS:
        rows = (
            model.objects.current()
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
    return [(passage, found[passage.pk]) for passage in passages]


def accepted_passages(statement: Statement) -> list[Evidence]:
    """The passages that carry it and were accepted; reads what was prefetched."""
    carried = statement.carried.all()
    return [c.evidence for c in carried if c.evidence.state == Evidence.State.ACCEPTED]


def as_json(stated: list[Stated]) -> dict[str, list[dict[str, Any]]]:
    """The statements about a record with their evidence, by kind, as plain values."""
    found: dict[str, list[dict[str, Any]]] = {}
    for _title, model, _render, statements in stated:
        disputed = disputed_slots(statements)
        found[str(model._meta.model_name)] = [
            {
                "values": statement.as_values(),
                "disputed": statement.slot in disputed,
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
