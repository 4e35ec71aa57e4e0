"""The publish gate: what a record lacks, and the verb that publishes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from initiatives.funding.counting import recount
from initiatives.funding.models import Funding
from initiatives.ladder import RANK, Status
from initiatives.models import (
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
)
from partners.dates import PartialDate
from partners.history.changes import Verb, change

# The lists of rows in which statements are entered, by the name that the page gives them.
SECTIONS: dict[str, type[Statement]] = {
    "partners": Participation,
    "status": StatusStep,
    "dates": KeyDate,
    "money": Funding,
    "figures": Figure,
    "blocs": Framework,
    "labels": Labelling,
    "part_of": PartOf,
    "outcomes": Outcome,
}
Stated = dict[str, list[Any]]  # by section
# Steps that come in this order, if each comes once; the others may come at any time.
CLIMBED = (Status.PROPOSED, Status.ANNOUNCED, Status.SIGNED, Status.UNDER_WAY, Status.COMPLETED)


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that a record lacks: `what`, as a sentence, in which section of the entry page, and
    the field there that would fill it. Without `bars` it is a remark: the record may be published.
    """

    what: str
    section: str
    anchor: str
    bars: bool = True

    def __str__(self) -> str:
        return self.what


class NotPublishable(Exception):
    """The record lacks what keeps it from being published; `lacking` lists it."""

    def __init__(self, lacking: list[Lack]) -> None:
        super().__init__("; ".join(lack.what for lack in lacking))
        self.lacking = lacking


def statements_by_section(record: Record) -> Stated:
    """The statements about the record that hold now, in the order of the rows of its page."""
    return {
        section: list(model.objects.about(record).current().with_evidence().order_by("pk"))
        for section, model in SECTIONS.items()
    }


def passages_of(statement: Statement) -> list[Evidence]:
    """The passages that carry a stored statement."""
    return [carried.evidence for carried in statement.carried.all()]


def lacking(record: Record) -> list[Lack]:
    """What the record lacks, first what keeps it from being published; empty if nothing."""
    stated = statements_by_section(record)
    return [*barring(record, stated), *_nothing(stated), *_remarks(record, stated)]


def states_of(statement: Statement) -> set[str]:
    """The states of the passages that carry a stored statement."""
    return {passage.state for passage in passages_of(statement)}


def barring(
    record: Record, stated: Stated, states: Callable[[Statement], set[str]] = states_of
) -> list[Lack]:
    """What keeps a record from being published, of which that is stated, carried by passages in
    these states; nothing is asked.
    """
    return [*_texts(record), *_unsupported(stated, states), *_dates(stated)]


def _texts(record: Record) -> Iterator[Lack]:
    if not record.title.strip():
        yield Lack(gettext("the title is missing"), "about", "title")
    if not record.summary.strip():
        yield Lack(gettext("the summary is missing"), "about", "summary")


def _nothing(stated: Stated) -> Iterator[Lack]:
    """A remark where news alone says that there is such a thing; `publish` does not let it out."""
    if not any(stated.values()):
        reason = gettext("nothing is stated of it: enter one value with its words")
        yield Lack(reason, "partners", "partners", bars=False)


def _unsupported(stated: Stated, states: Callable[[Statement], set[str]]) -> Iterator[Lack]:
    """Statements that no accepted passage carries."""
    for section, rows in stated.items():
        for n, row in enumerate(rows):
            if Evidence.State.ACCEPTED not in states(row):
                what = f"{row._meta.verbose_name}: {row}"
                reason = gettext("no accepted passage carries %(what)s") % {"what": what}
                yield Lack(reason, section, f"{section}-{n}-passage")


def _dates(stated: Stated) -> Iterator[Lack]:
    """Dates that contradict each other however they are read."""
    for n, taking_part in enumerate(stated["partners"]):
        if taking_part.until and _surely_before(taking_part.until, taking_part.since):
            reason = gettext("%(who)s: it ends before it began") % {"who": taking_part}
            yield Lack(reason, "partners", f"partners-{n}-until")
    # Of a step that is said to have been taken at several times, none is surely out of order.
    steps = list(enumerate(stated["status"]))
    once = [(n, s) for n, s in steps if s.status in CLIMBED and _only(s, stated["status"])]
    for n, step in once:
        for _n, earlier in once:
            if RANK[earlier.status] < RANK[step.status] and _surely_before(step.date, earlier.date):
                reason = gettext("%(step)s is dated before %(earlier)s")
                values = {"step": step, "earlier": earlier}
                yield Lack(reason % values, "status", f"status-{n}-date")
                break


def _only(step: StatusStep, steps: Iterable[StatusStep]) -> bool:
    return sum(other.status == step.status for other in steps) == 1


def _surely_before(one: PartialDate | None, other: PartialDate | None) -> bool:
    last = one and one.latest
    first = other and other.earliest
    return (last or dt.date.max) < (first or dt.date.min)


def _remarks(record: Record, stated: Stated) -> Iterator[Lack]:
    """What a reader will miss, though news often does not tell it."""
    dates = "status" if record.type == Record.Type.INITIATIVE else "dates"
    if not any(row.date for row in stated[dates]):
        yield Lack(gettext("no step has a date"), dates, dates, bars=False)
    if not stated["partners"] and not stated["blocs"]:
        yield Lack(gettext("nobody takes part"), "partners", "partners", bars=False)
    for section in ("money", "figures"):
        for n, row in enumerate(stated[section]):
            if row.words and not _said_in_passages(row):
                what = gettext("“%(words)s” does not stand so in its passage") % {
                    "words": row.words
                }
                yield Lack(what, section, f"{section}-{n}-passage", bars=False)
    if not record.sectors.exists():
        yield Lack(gettext("no sector is chosen"), "about", "sectors", bars=False)


def _said_in_passages(row: Any) -> bool:
    """Whether the words of an amount stand in one of its passages, however they are spaced."""
    words = " ".join(row.words.split()).casefold()
    return any(words in " ".join(p.words.split()).casefold() for p in passages_of(row))


def publish(record: Record, by: Any = None, token: str | None = None) -> None:
    """Make the record readable to anyone, as one change.

    NotPublishable lists what keeps it from that; Replayed if the form was sent before.
    """
    with change(Verb.PUBLISH, by, about=str(record), token=token):
        record.refresh_from_db(fields=["state", "title", "summary"])
        if record.state == Record.State.PUBLISHED:
            return
        if nothing := list(_nothing(statements_by_section(record))):
            raise NotPublishable(nothing)
        approve(record)
        Record.objects.filter(pk=record.pk).update(changed_at=timezone.now())
        recount([record.pk])


def approve(record: Record) -> None:
    """The same as `publish`, for a verb that counts the money of many records itself, at its end."""
    if record.state == Record.State.WITHDRAWN:
        raise NotPublishable([Lack(gettext("the record was withdrawn"), "about", "title")])
    if lacks := barring(record, statements_by_section(record)):
        raise NotPublishable(lacks)
    Record.objects.filter(pk=record.pk).update(state=Record.State.PUBLISHED)
    record.state = Record.State.PUBLISHED
