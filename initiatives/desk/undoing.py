"""The verbs `undo` and `revert`: take changes back, or bring one record to what it was.

Both are changes of their own, with who and why, and can be taken back themselves. What is derived
or counted from the rows that change is derived and counted anew in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext

from initiatives.derive import derive, derived_values
from initiatives.desk.history import versions_about
from initiatives.desk.rules import barred_from_publishing, check_rules
from initiatives.funding.counting import recount, recount_all
from initiatives.funding.forest import grown_together
from initiatives.funding.models import BaseYear, Entry, ExchangeRate, Funding, Place, UsDeflator
from initiatives.funding.places import standing_through
from initiatives.models import Initiative, Record
from initiatives.news.models import ImportRun, Proposal
from initiatives.touched import records_touched
from partners.history.changes import Change, Verb, change
from partners.history.moment import Moment, as_of
from partners.history.undoing import (
    CannotUndo,
    Conflict,
    Derived,
    Steps,
    steps_back,
    steps_to,
    take,
)
from partners.history.versions import versions
from partners.models import Organisation

COUNTED = (Entry, Place)
DERIVED: Derived = {
    Record: (
        *("began", "began_earliest", "began_latest", "began_disputed"),
        *("search_text", "changed_at"),
    ),
    Initiative: ("status",),
}
# A revert is about what a record says, not about whether it is published.
STANDING: Derived = {
    Record: (*DERIVED[Record], "state", "withdrawn_because", "merged_into_id", "created_at"),
    Initiative: DERIVED[Initiative],
}
PRICES = (ExchangeRate, UsDeflator, BaseYear)
# What is loaded from files or counted is brought back by loading and counting.
FINAL = {Verb.LOAD, Verb.RECOUNT}
# What editors decide also of what is published.
DECISIONS = {Verb.ACCEPT, Verb.REJECT, Verb.DECIDE, Verb.CONFIRM}
# Deeds that an editor may do, and so take back.
EDITORS_OWN = {
    Verb.ENTER,
    Verb.EDIT,
    Verb.ACCEPT,
    Verb.REJECT,
    Verb.DECIDE,
    Verb.CONFIRM,
    Verb.UNDO,
}


def has_right_to_undo(user: Any, made: Change) -> bool:
    """Chief editors may take back any change, editors what they did themselves."""
    own = made.by_id is not None and made.by_id == user.pk and made.verb in EDITORS_OWN
    return user.has_perm("desk.publish") or (own and user.has_perm("desk.edit"))


def may_undo(user: Any, made: Change) -> bool:
    """Whether to offer it: the user has the right, and the change still stands."""
    return made.verb not in FINAL and made.stands and has_right_to_undo(user, made)


def undo(
    changes: Iterable[Change], by: Any = None, why: str = "", token: str | None = None
) -> Change:
    """Take changes back, the latest first, all in one change; CannotUndo if any cannot be.

    An editor does not take back what somebody has published since, except a decision on it.
    """
    made_before = sorted(changes, key=lambda one: -one.number)
    about = ", ".join(dict.fromkeys(one.about for one in made_before if one.about))
    with change(Verb.UNDO, by, about=about, why=why, token=token) as made:
        touched = {pk for one in made_before for pk in records_touched(one.number - 1, one.number)}
        # What a record lacked when it was as it will be again is no reason to refuse.
        barred = barred_from_publishing(touched) | _barred_before(made_before, touched)
        for one in made_before:
            one.refresh_from_db()
            if not one.stands:
                words = gettext("change %(number)s was taken back already") % {"number": one.number}
                raise CannotUndo([Conflict(words, one.undone_by_id)])
            if one.verb in FINAL:
                raise CannotUndo([Conflict(gettext("what was loaded or counted is not undone"))])
            steps = steps_back(one.number, COUNTED, DERIVED)
            if by is not None and one.verb not in DECISIONS and not by.has_perm("desk.publish"):
                _refuse_published(touched)
            _write(steps)
            one.undone_by = made
            one.save(update_fields=["undone_by"])
        check_rules(touched, barred)
    return made


def _barred_before(changes: list[Change], records: set[int]) -> set[str]:
    first = min(changes, key=lambda one: one.number, default=None)
    if first is None:
        return set()
    with as_of(Moment(first.number - 1, first.at)):
        return barred_from_publishing(records)


def _refuse_published(records: set[int]) -> None:
    published = Record.objects.published().filter(pk__in=records)
    words = gettext("“%(record)s” has been published since: a chief editor can take it back")
    if conflicts := [Conflict(words % {"record": record}) for record in published]:
        raise CannotUndo(conflicts)


def changes_of(run: ImportRun) -> list[Change]:
    """The changes of the run that were not taken back, with the decisions on its proposals alone."""
    own = Q(document__run=run)
    twin = versions()[Proposal]
    proposed = set(Proposal.objects.filter(document__run=run).values_list("pk", flat=True))
    decided = twin.objects.filter(row__in=proposed).exclude(state=Proposal.State.PENDING)
    for number in set(decided.values_list("opened", flat=True)):
        # A batch may have decided proposals of other runs too: that is not taken back with this.
        if set(twin.objects.filter(opened=number).values_list("row", flat=True)) <= proposed:
            own |= Q(number=number, verb__in=(Verb.ACCEPT, Verb.REJECT))
    found = Change.objects.filter(own).select_related("undone_by")
    return [one for one in found if one.stands]


def undo_run(run: ImportRun, by: Any = None, why: str = "", token: str | None = None) -> Change:
    """Take back all that an import run wrote that still stands; CannotUndo names what prevents it.

    Replayed if the form was sent before.
    """
    standing = changes_of(run)
    made = undo(standing, by, why, token)
    if not standing:
        raise CannotUndo([Conflict(gettext("the run changed nothing that still stands"))])
    return made


def revert(
    record: Record, number: int, by: Any = None, why: str = "", token: str | None = None
) -> Change:
    """Bring what a record says to what it said after change `number`; its state stays.

    CannotUndo if that cannot be, or may not be said any more.
    """
    with change(Verb.REVERT, by, about=str(record), why=why, token=token) as made:
        record = Record.objects.get(pk=record.pk)
        if record.merged_into_id:
            merged = gettext("it was merged into another record: take the merge back instead")
            raise CannotUndo([Conflict(merged)])
        held = versions()[Record].objects.filter(row=record.pk, opened__lte=number)
        if not held.filter(Q(closed=None) | Q(closed__gt=number)).exists():
            raise CannotUndo([Conflict(gettext("the record was not there then"), number)])
        barred = barred_from_publishing({record.pk})
        _write(steps_to(number, versions_about(record), COUNTED, STANDING))
        derive(record.concrete())
        check_rules({record.pk}, barred)
    return made


def _write(steps: Steps) -> None:
    """Take the steps, then derive and count what rests on them; CannotUndo if that cannot be."""
    touched = _records(steps)
    gone = list(steps.remove[Funding])
    around = grown_together(touched)
    Entry.objects.filter(Q(statement__in=gone) | Q(inside__in=gone)).delete()
    Place.objects.filter(statement__in=gone).delete()
    take(steps)
    for record in Record.objects.filter(pk__in=touched):
        there = record.concrete()
        for name, value in derived_values(there).items():
            setattr(there, name, value)
        there.save()
    if any(any(steps.images(model)) for model in PRICES):
        recount_all()
    try:
        recount(around | grown_together(touched))
    except ValueError as error:  # money that would be part of itself
        raise CannotUndo([Conflict(gettext("money would be part of itself"))]) from error


def _records(steps: Steps) -> set[int]:
    """The records whose rows are touched, before or after, and those standing under a moved partner."""
    found: set[int] = set(steps.remove[Record]) | set(steps.put_back[Record])
    found |= set(steps.alter[Record])
    for model in {*steps.remove, *steps.put_back, *steps.alter}:
        columns = {field.column for field in model._meta.local_concrete_fields}
        if "record_id" in columns:
            found |= steps.values(model, "record_id")
            now = model._base_manager.filter(pk__in=list(steps.alter[model]))
            found |= set(now.values_list("record_id", flat=True))
    moved = Organisation.objects.filter(pk__in=list(steps.alter[Organisation]))
    return found.union(*(standing_through(organisation) for organisation in moved)) - {None}
