"""What changes did to a view: which records came, left, or say something else, and why.

The cost grows with what changed. The records that a block of changes touched are asked whether the
view showed them; changes that touch different records are asked together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext, ngettext

from dashboards.watching.shown import Shown
from initiatives.desk.history import Difference, steps_of_all
from initiatives.ladder import Status
from initiatives.models import Evidence, Initiative, Record, StatusStep, public_passages
from initiatives.touched import records_by_change
from partners.history.changes import Change
from partners.history.versions import versions

# So many changes are looked at together, and so many at all.
BLOCK, MOST_CHANGES = 100, 1_000
# So many of the values that a new record brings are said, and so many passages of each.
MOST_TOLD, MOST_PASSAGES = 12, 2
# Values of so many characters stand in titles.
MOST_IN_TITLE = 80


class How(Enum):
    """What a change did to a record of a view."""

    NEW = "new"  # it came because it was published
    CAME = "came"
    LEFT = "left"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Move:
    """A change touched a record that the view showed before it, after it, or both."""

    number: int
    record: int
    how: How


@dataclass(slots=True)
class Told:
    """One value that became another, "" for none, and the passages that carry the new one.

    `whole` says that the record is as new as the value.
    """

    what: str
    before: str
    after: str
    statement: Any = None
    whole: bool = False
    passages: list[Evidence] = field(default_factory=list)

    @property
    def words(self) -> str:
        """In words, such as "status signed → committed"."""
        if self.before and self.after:
            return f"{self.what} {self.before} → {self.after}"
        if self.whole:
            return f"{self.what}: {self.after}"
        return self._one_sided(self.after or self.before)

    @property
    def brief(self) -> str:
        """The same for a title: of what is long, only that it changed."""
        if self.before and self.after and max(len(self.before), len(self.after)) > MOST_IN_TITLE:
            return gettext("%(what)s changed") % {"what": self.what}
        if self.before and self.after:
            return self.words
        return self._one_sided(Truncator(self.after or self.before).chars(MOST_IN_TITLE))

    def _one_sided(self, value: str) -> str:
        pattern = gettext("%(what)s: %(value)s (new)")
        if not self.after:
            pattern = gettext("%(what)s: %(value)s (removed)")
        return pattern % {"what": self.what, "value": value}


@dataclass(frozen=True, slots=True)
class Happening:
    """One change of one record of a view, in words that anyone may read.

    `reason` says why it came or left; empty if it only changed.
    """

    change: Change
    how: How
    type: str
    slug: str
    name: str
    reason: str
    told: list[Told]
    untold: int = 0

    @property
    def title(self) -> str:
        """In a line, such as "Digital Silk Road: status signed → committed"."""
        said = [self.reason] if self.reason else []
        if self.how is not How.NEW:
            said += [told.brief for told in self.told[:1]]
        more = len(self.told) + self.untold - 1
        line = f"{self.name}: {', '.join(said)}"
        if self.how is How.CHANGED and more > 0:
            others = ngettext("%(n)s other change", "%(n)s other changes", more) % {"n": more}
            line = f"{line}; {others}"
        return Truncator(line).chars(300)

    @property
    def url(self) -> str:
        """The path of the record."""
        return reverse(self.type, args=[self.slug])

    @property
    def history_url(self) -> str:
        """The path of the change in the history of the record."""
        return f"{reverse(f'{self.type}_history', args=[self.slug])}#change-{self.change.number}"


# --- Which records came, left, or were touched ---------------------------------------------------


def moves(shown: Shown, after: int, until: int) -> Iterator[Move]:
    """What the changes above `after`, up to `until`, did to a view, the latest first.

    No more than MOST_CHANGES changes are looked at. Of a view that is not valid, or of the past:
    nothing.
    """
    if shown.errors or shown.past:
        return
    after = max(after, until - MOST_CHANGES)
    inside: dict[int, bool] = {}  # whether it is shown after the changes not yet looked at
    for last in range(until, after, -BLOCK):
        touched = records_by_change(max(last - BLOCK, after), last)
        new = set().union(*touched.values()) - inside.keys()
        there = shown.among(new, last)
        inside.update((record, record in there) for record in new)
        for together in _apart(touched):
            records = set().union(*(touched[number] for number in together))
            before = shown.among(records, together[-1] - 1)
            for number in together:
                for record in sorted(touched[number]):
                    if how := _how(record in before, inside[record]):
                        yield Move(number, record, how)
                    inside[record] = record in before


def _apart(touched: dict[int, set[int]]) -> Iterator[list[int]]:
    """The numbers of the changes, the latest first, in runs that touch no record twice.

    What a run did not touch before one of its changes was the same before all of them.
    """
    run: list[int] = []
    seen: set[int] = set()
    for number in sorted(touched, reverse=True):
        if seen & touched[number]:
            yield run
            run, seen = [], set()
        run.append(number)
        seen |= touched[number]
    if run:
        yield run


def _how(before: bool, after: bool) -> How | None:
    if before and after:
        return How.CHANGED
    if after:
        return How.CAME
    return How.LEFT if before else None


# --- In words ------------------------------------------------------------------------------------


def happenings(shown: Shown, after: int, until: int, most: int) -> list[Happening]:
    """The latest changes of a view above `after`, up to `until`, in words; `most` at most.

    Changes of which nothing shows are left out.
    """
    found: list[Happening] = []
    waiting: list[Move] = []
    for move in moves(shown, after, until):
        waiting.append(move)
        if len(waiting) == most:
            found += _in_words(waiting)
            waiting = []
            if len(found) >= most:
                return found[:most]
    return (found + _in_words(waiting))[:most]


def _in_words(moved: Sequence[Move]) -> list[Happening]:
    """The moves of which something shows, with the passages of what is new."""
    past = _Past(moved)
    found = [one for move in moved if (one := past.happening(move))]
    _add_passages([told for one in found for told in one.told])
    return found


class _Past:
    """What the versions of rows say of some moves, read for all of them at once."""

    def __init__(self, moved: Iterable[Move]) -> None:
        moved = list(moved)
        numbers = {move.number for move in moved}
        self.changes = Change.objects.select_related("undone_by").in_bulk(numbers)
        self.records: dict[int, list[Any]] = defaultdict(list)
        rows = versions()[Record].objects
        for row in rows.filter(row__in={move.record for move in moved}).order_by("version"):
            self.records[row.row].append(row)
        types = {key: rows[-1].type for key, rows in self.records.items()}
        self.steps = steps_of_all(types, self.changes)
        self.statuses = self._statuses(types)
        into = {row.merged_into_id for rows in self.records.values() for row in rows} - {None}
        self.merged = dict(
            Record.objects.published().filter(pk__in=into).values_list("pk", "title")
        )

    def _statuses(self, records: Iterable[int]) -> dict[tuple[int, int], tuple[str, str]]:
        """By initiative and change, the status before and after it."""
        ends: dict[tuple[int, int], list[str | None]] = defaultdict(lambda: [None, None])
        asked = Q(opened__in=self.changes) | Q(closed__in=self.changes)
        rows = versions()[Initiative].objects.filter(asked, row__in=list(records))
        for row, opened, closed, status in rows.values_list("row", "opened", "closed", "status"):
            ends[row, opened][1] = ends[row, closed][0] = status
        return {
            key: (before, after)
            for key, (before, after) in ends.items()
            if before is not None and after is not None and before != after
        }

    def _record(self, key: int, number: int) -> Any:
        """The record as the change left it; None if it was not there."""
        held = (
            row
            for row in self.records[key]
            if row.opened <= number and (row.closed is None or row.closed > number)
        )
        return next(held, None)

    def happening(self, move: Move) -> Happening | None:
        """The move in words; None if nothing of it shows."""
        change = self.changes.get(move.number)
        before, after = (self._record(move.record, n) for n in (move.number - 1, move.number))
        there = before if move.how is How.LEFT else after
        if change is None or there is None:
            return None
        told, how, reason = self._told(move), move.how, ""
        if move.how is How.LEFT:
            reason = self._why_left(after)
            told = told if after is not None and after.state == Record.State.PUBLISHED else []
        elif move.how is How.CAME and (before is None or before.state != Record.State.PUBLISHED):
            how, reason = How.NEW, gettext("published")
            # What it said before it was read by anyone is nobody's statement.
            # That it is published is said already.
            state = Record._meta.get_field("state").verbose_name
            told = [
                Told(t.what, "", t.after, t.statement, whole=True)
                for t in told
                if t.after and t.after != there.title and t.what != state
            ]
            if not told and there.summary:
                told = [Told(gettext("summary"), "", there.summary, whole=True)]
        elif move.how is How.CAME:
            reason = gettext("came into this view")
        elif not told:
            return None
        untold = max(len(told) - MOST_TOLD, 0)
        return Happening(
            change, how, there.type, there.slug, there.title, reason, told[:MOST_TOLD], untold
        )

    def _why_left(self, after: Any) -> str:
        """Why a record is no longer shown, from what it is after the change."""
        if after is None:
            return gettext("removed")
        if after.merged_into_id:
            into = self.merged.get(after.merged_into_id, gettext("another record"))
            return gettext("merged into %(record)s") % {"record": into}
        if after.state == Record.State.WITHDRAWN:
            why = after.withdrawn_because
            return gettext("withdrawn: %(why)s") % {"why": why} if why else gettext("withdrawn")
        if after.state != Record.State.PUBLISHED:
            return gettext("no longer published")
        return gettext("left this view")

    def _told(self, move: Move) -> list[Told]:
        """The values that changed, the status first."""
        steps = self.steps.get((move.record, move.number), [])
        told = paired([step for step in steps if step.public and not step.passage])
        if (move.record, move.number) in self.statuses:
            before, after = self.statuses[move.record, move.number]
            step = next((t for t in told if t.after and _step(t) == after), None)
            told = [t for t in told if t is not step and (t.after or _step(t) != before)]
            statement = step.statement if step else None
            told.insert(0, Told(gettext("status"), _status(before), _status(after), statement))
        return told


def paired(differences: Sequence[Difference]) -> list[Told]:
    """The differences that one change made; a statement and the one in its place are one of them.

    In its place stands what supersedes it, or what it superseded and an undoing brought back.
    """
    made = [one for one in differences if one.statement is not None and not one.before]
    by_key = {(type(one.statement), one.statement.pk): one for one in made}
    by_old = {(type(one.statement), one.statement.supersedes_id): one for one in made}
    found, taken = [], set()
    for one in differences:
        if one.statement is None or not one.before:
            found.append((one, Told(one.what, one.before, one.after, one.statement)))
            continue
        kind, old = type(one.statement), one.statement
        other = by_old.get((kind, old.pk)) or by_key.get((kind, old.supersedes_id))
        if other is not None:
            taken.add(id(other))
            found.append((one, Told(one.what, one.before, other.after, other.statement)))
        else:
            held = None if old.retired_at else old
            found.append((one, Told(one.what, one.before, one.after, held)))
    return [told for one, told in found if id(one) not in taken]


def _step(told: Told) -> str | None:
    """The status of which a step is told; None of anything else."""
    return told.statement.status if isinstance(told.statement, StatusStep) else None


def _status(value: str) -> str:
    return str(Status(value).label) if value else gettext("not known")


def _add_passages(told: Iterable[Told]) -> None:
    """Give each value that is new the passages that carry it and that anyone may read."""
    by_kind: dict[Any, dict[int, list[Told]]] = defaultdict(lambda: defaultdict(list))
    for one in told:
        if one.statement is not None and one.after:
            by_kind[type(one.statement)][one.statement.pk].append(one)
    carried = []
    for kind, of in by_kind.items():
        rows = kind.carries_model().objects.filter(statement__in=list(of)).order_by("pk")
        for statement, passage in rows.values_list("statement", "evidence"):
            carried += [(one, passage) for one in of[statement]]
    keys = {passage for _, passage in carried}
    passages = public_passages().select_related("article__publisher").in_bulk(keys) if keys else {}
    for one, passage in carried:
        if passage in passages and len(one.passages) < MOST_PASSAGES:
            one.passages.append(passages[passage])
