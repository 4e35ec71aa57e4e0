"""The verb `merge`: two records that are one thing become one record.

What is kept gets everything that the other has: statements with their evidence and history, money,
what others say of it, what imports propose. What both say is said once, by the passages of both.
The other keeps its address, says why it was withdrawn, and points on.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.db.models.base import ModelState
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from initiatives.derive import derive
from initiatives.desk.models import NotTheSame
from initiatives.funding.counting import recount
from initiatives.funding.forest import grown_together, rows_of, successors
from initiatives.funding.models import Funding
from initiatives.models import (
    ConcreteRecord,
    Initiative,
    Outcome,
    PartOf,
    Record,
    Statement,
    Summit,
    statement_models,
)
from initiatives.news.models import Proposal
from initiatives.news.names import above
from initiatives.news.publishing import lacking
from partners.history.changes import Change, Verb, change
from partners.names import fold

# What is described once, and so is chosen of one of the two.
CHOSEN: dict[str, tuple[str, ...]] = {
    Record.Type.INITIATIVE: ("title", "summary", "kind"),
    Record.Type.ALLIANCE: ("title", "summary"),
    Record.Type.SUMMIT: ("title", "summary", "series", "ordinal"),
}
SAID_BY_BOTH = _("said once, since the records that said it were merged")
NAMED_ANEW = _("said again under a key of the record that it was merged into")
OF_ITSELF = _("it named the record that it was merged with")


@dataclass(frozen=True, slots=True)
class Choices:
    """What an editor chose for two records to be merged.

    `of_other` names the descriptive fields that are taken from the record that is given up.
    `same_money` leads from statements about money of that record to those of the kept one that
    are about the same money in other words.
    """

    of_other: frozenset[str] = frozenset()
    same_money: Mapping[int, int] = field(default_factory=dict)


class CannotMerge(Exception):
    """The two cannot be merged; `reasons` says why, each in words."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def merge(
    kept: Record,
    other: Record,
    choices: Choices,
    by: Any,
    why: str,
    token: str | None = None,
) -> Change:
    """Make one record of two: `kept` has what both had, `other` points to it. The change.

    CannotMerge if they are of two types, withdrawn, would be part of themselves, or if what is
    published would lack what keeps records from that; then nothing is written. Replayed.
    """
    about = gettext("%(other)s into %(kept)s") % {"other": other, "kept": kept}
    with change(Verb.MERGE, by, about=about, why=why, token=token) as made:
        # Read anew, now that no other change can be made.
        _Merge(kept.concrete(), other.concrete(), choices, by, why).write()
    return made


def cannot_merge(kept: Record, other: Record) -> list[str]:
    """Why the two cannot be merged whatever is chosen, in words; empty if they can."""
    if kept.pk == other.pk:
        return [gettext("A record cannot be merged with itself.")]
    if kept.type != other.type:
        return [gettext("They are of two types: only records of one type can be merged.")]
    said = gettext("“%(record)s” was withdrawn.")
    withdrawn = [r for r in (kept, other) if r.state == Record.State.WITHDRAWN]
    return [said % {"record": record} for record in withdrawn] or _circles(kept, other)


def _circles(kept: Record, other: Record) -> list[str]:
    """The initiatives that would be part of themselves, if the two were one."""
    wholes: dict[str, set[str]] = defaultdict(set)

    def merged(pk: int) -> str:
        return str(kept.pk if pk == other.pk else pk)

    for part, whole in PartOf.objects.current().values_list("record", "whole"):
        if merged(part) != merged(whole):
            wholes[merged(part)].add(merged(whole))
    around = [int(whole) for whole in wholes[str(kept.pk)] if str(kept.pk) in above(whole, wholes)]
    said = gettext("“%(record)s” is part of one and the other of it: one would be part of itself.")
    return [said % {"record": record} for record in Record.objects.filter(pk__in=around)]


class _Merge:
    """The writes of one merge."""

    def __init__(
        self, kept: ConcreteRecord, other: ConcreteRecord, choices: Choices, by: Any, why: str
    ) -> None:
        self.kept, self.other, self.choices = kept, other, choices
        self.by, self.why = by, why
        self.now = timezone.now()
        self.touched: set[int] = {kept.pk, other.pk}  # records of which statements were written

    def write(self) -> None:
        """Everything; CannotMerge if it cannot be."""
        if refused := cannot_merge(self.kept, self.other):
            raise CannotMerge(refused)
        together = grown_together(self.touched)
        unsupported = self._unsupported_of_drafts()
        lacked = self._lacked_in_public()
        self._describe()
        for model in statement_models():
            if isinstance(self.other, model.record_model()):
                self._carry_over(model)
        if isinstance(self.other, Initiative):
            self._point_to_kept(PartOf, "whole")
            self._point_to_kept(Outcome, "initiative")
        self._refuse_without_evidence(unsupported)
        self._carry_over_proposals()
        self._carry_over_pairs()
        self._give_up()
        for pk in sorted(self.touched - {self.kept.pk, self.other.pk}):
            derive(Record.objects.get(pk=pk).concrete())
        derive(self.kept)
        derive(self.other)
        self._refuse_lacks(lacked)
        try:
            recount(together | self.touched)
        except ValueError as circle:
            reason = gettext("An amount of money would be part of itself.")
            raise CannotMerge([reason]) from circle

    # What is described.

    def _describe(self) -> None:
        """The chosen text, the names of both, the sectors of both."""
        kept, other = self.kept, self.other
        names = [kept.title, other.title, *kept.aliases, *other.aliases]
        for name in CHOSEN[kept.type]:
            if name in self.choices.of_other:
                setattr(kept, name, getattr(other, name))
        known = {fold(kept.title)}
        kept.aliases = []
        for alias in names:
            if fold(alias) not in known:
                known.add(fold(alias))
                kept.aliases.append(alias)
        if Record.State.PUBLISHED in (kept.state, other.state):
            kept.state = Record.State.PUBLISHED
        days = [day for day in (kept.confirmed_on, other.confirmed_on) if day]
        kept.confirmed_on = max(days, default=None)
        if isinstance(kept, Summit) and isinstance(other, Summit):
            self._take_number(kept, other)
        kept.save()
        kept.sectors.add(*other.sectors.all())

    def _take_number(self, kept: Summit, other: Summit) -> None:
        """A series has one meeting of a number: the one that is given up leaves it."""
        same = Summit.objects.filter(series=kept.series, ordinal=kept.ordinal)
        holder = same.exclude(pk__in=[kept.pk, other.pk]).first()
        if kept.ordinal is not None and holder:
            said = gettext("“%(record)s” is number %(n)s of “%(series)s” already.")
            values = {"record": holder, "n": kept.ordinal, "series": kept.series}
            raise CannotMerge([said % values])
        if (kept.series_id, kept.ordinal) == (other.series_id, other.ordinal):
            other.ordinal = None
            other.save()

    # What is stated.

    def _carry_over(self, model: type[Statement]) -> None:
        """Bring the statements of one kind to the kept record, those that no longer hold too."""
        said = {s.fingerprint: s for s in model.objects.about(self.kept).current()}
        chosen = {s.slot for s in said.values() if s.chosen_because}
        rows = list(model.objects.about(self.other).order_by("pk"))
        money = _Money(self, rows) if model is Funding else None
        for statement in rows:
            if statement.retired_at is not None:
                self.bring(statement)
        if money:
            money.carry_over()
            return
        for statement in (row for row in rows if row.retired_at is None):
            if statement.fingerprint in said:
                self.say_once(statement, said[statement.fingerprint])
            elif self._names_kept(statement):
                self._retire(statement, str(OF_ITSELF))
                statement.save()
            else:
                if statement.slot in chosen:
                    statement.chosen_because = ""
                self.bring(statement)

    def _names_kept(self, statement: Any) -> bool:
        return isinstance(statement, PartOf) and statement.whole_id == self.kept.pk

    def bring(self, statement: Statement) -> None:
        """Make it a statement about the kept record, unless it would name itself."""
        if not self._names_kept(statement):
            statement.record_id = self.kept.pk
            statement.save()

    def _retire(self, statement: Statement, because: str) -> None:
        statement.retired_at = self.now
        statement.retired_because = because

    def say_once(self, statement: Statement, there: Statement) -> None:
        """Give the passages of a statement to one that says the same, and retire it."""
        give_evidence(statement, there)
        self._retire(statement, str(SAID_BY_BOTH))
        self.bring(statement)

    def bring_changed(self, statement: Any, **values: Any) -> Any:
        """Bring a statement with other values: the old one is retired, a new one supersedes it."""
        new = copy.copy(statement)
        new._state = ModelState()
        new.pk, new.supersedes, new.record_id = None, statement, self.kept.pk
        self._retire(statement, str(NAMED_ANEW))
        self.bring(statement)
        for name, value in values.items():
            setattr(new, name, value)
        new.recorded_at = self.now
        new.save()
        give_evidence(statement, new)
        return new

    # What others say of it.

    def _point_to_kept(self, model: Any, name: str) -> None:
        """What other records say of the one given up, they say of the kept one: once."""
        for statement in model.objects.current().filter(**{name: self.other.pk}):
            self.touched.add(statement.record_id)
            if statement.record_id == self.kept.pk and model is PartOf:
                self._retire(statement, str(OF_ITSELF))
                statement.save()
                continue
            setattr(statement, name, self.kept)
            fingerprint = statement.make_fingerprint()
            same = model.objects.about(statement.record).current().filter(fingerprint=fingerprint)
            there = same.exclude(pk=statement.pk).first()
            if there:
                setattr(statement, name, self.other)
                give_evidence(statement, there)
                self._retire(statement, str(SAID_BY_BOTH))
            statement.save()

    # The publish gate.

    def _unsupported_of_drafts(self) -> set[tuple[type[Statement], int]]:
        """What no accepted passage carries, if merging would publish it."""
        drafts = [r for r in (self.kept, self.other) if r.state != Record.State.PUBLISHED]
        if len(drafts) != 1:  # both are public already, or none will be
            return set()
        return {
            (model, pk)
            for model in statement_models()
            for pk in model.objects.about(drafts[0])
            .current()
            .unsupported()
            .values_list("pk", flat=True)
        }

    def _refuse_without_evidence(self, before: set[tuple[type[Statement], int]]) -> None:
        """CannotMerge if the kept record is public and says what only a draft said, without evidence."""
        lacking = []
        for model in {model for model, _pk in before}:
            for statement in model.objects.about(self.kept).current().unsupported():
                origin = getattr(statement.supersedes, "pk", None)
                if (model, statement.pk) in before or (model, origin) in before:
                    lacking.append(f"{model._meta.verbose_name}: {statement}")
        if lacking:
            said = gettext("No accepted passage carries %(what)s")
            raise CannotMerge([said % {"what": what} for what in sorted(lacking)])

    def _lacked_in_public(self) -> set[str]:
        """What the kept record lacks, if it is public; and what passages another public one lacks."""
        public = [r for r in (self.kept, self.other) if r.state == Record.State.PUBLISHED]
        return {
            lack.what
            for record in public
            for lack in lacking(record)
            if record is self.kept or lack.anchor.endswith("-passage")
        }

    def _refuse_lacks(self, before: set[str]) -> None:
        """CannotMerge if the kept record is public and lacks what it did not lack before."""
        if self.kept.state == Record.State.PUBLISHED:
            new = [k.what for k in lacking(self.kept) if k.bars and k.what not in before]
            if new:
                raise CannotMerge(new)

    # What the desk has of it.

    def _carry_over_proposals(self) -> None:
        """What was proposed of it, decided or not; what is proposed of both waits once."""
        there = Proposal.objects.filter(record=self.kept.pk)
        known = set(there.values_list("field", "fingerprint", "source"))
        for proposal in Proposal.objects.filter(record=self.other.pk):
            if (proposal.field, proposal.fingerprint, proposal.source) not in known:
                proposal.record_id = self.kept.pk
            elif proposal.state == Proposal.State.PENDING:
                said = gettext("the same is proposed of “%(record)s”")
                proposal.state = Proposal.State.REJECTED
                proposal.reason = Proposal.Reason.KNOWN
                proposal.remark = said % {"record": self.kept}
                proposal.decided_at = self.now
                proposal.decided_by = self.by if getattr(self.by, "pk", None) else None
            proposal.save()

    def _carry_over_pairs(self) -> None:
        """What is not the same as the one given up is not the same as the kept one."""
        of_other = NotTheSame.objects.filter(Q(first=self.other.pk) | Q(second=self.other.pk))
        for pair in list(of_other):
            third = pair.second_id if pair.first_id == self.other.pk else pair.first_id
            pair.delete()
            if third != self.kept.pk:
                first, second = sorted((third, self.kept.pk))
                NotTheSame.objects.get_or_create(
                    first_id=first, second_id=second, defaults={"why": pair.why}
                )

    def _give_up(self) -> None:
        self.other.state = Record.State.WITHDRAWN
        self.other.merged_into = Record.objects.get(pk=self.kept.pk)
        self.other.withdrawn_because = self.why or gettext("merged into “%(record)s”") % {
            "record": self.kept
        }


class _Money:
    """Carries the standing statements about money over: amounts that both state count once.

    A statement whose key or relations change is followed by a new one, so that an import that
    says the old one again finds it, and changes nothing.
    """

    def __init__(self, merging: _Merge, rows: list[Any]) -> None:
        self.merging = merging
        self.current: list[Funding] = [row for row in rows if row.retired_at is None]
        of_kept = list(Funding.objects.about(merging.kept))
        self.there: list[Funding] = [row for row in of_kept if row.retired_at is None]
        self.keys = {row.key for row in of_kept}
        self.own = self.keys | {row.key for row in self.current}
        self.stands = _stands_for(rows)
        self.now: dict[int, Funding] = {}  # what says now what a statement of the other said

    def carry_over(self) -> None:
        """Bring every one, those that others point at first, and lead all pointers to them."""
        for row in self._pointed_at_first():
            self.now[row.pk] = self._carry(row)
        pointing = Funding.objects.current().filter(part_of__in=self.stands)
        for row in pointing.exclude(pk__in=[row.pk for row in self.now.values()]):
            whole = self._lead(row.part_of)
            if whole != row.part_of:
                row.part_of = whole
                self._save(row)
        # What names money of another initiative names that initiative with it.
        near = Q(record=self.merging.kept.pk) | Q(part_of__record=self.merging.kept.pk)
        for row in Funding.objects.filter(near).select_related("part_of__record"):
            if row.make_fingerprint() != row.fingerprint:
                self._save(row)

    def _pointed_at_first(self) -> Iterator[Funding]:
        """The standing statements, those that others point at before those that point at them."""
        waiting = {row.pk: row for row in self.current}
        while waiting:
            ready = [
                row
                for row in waiting.values()
                if self.stands.get(row.restates_id or 0) not in waiting
                and self.stands.get(row.part_of_id or 0) not in waiting
            ]
            for row in ready or list(waiting.values()):
                yield waiting.pop(row.pk)

    def _save(self, row: Funding) -> None:
        self.merging.touched.add(row.record_id)
        row.save()

    def _carry(self, row: Funding) -> Funding:
        """The statement of the kept record that now says what `row` said."""
        restates, part_of = self._lead(row.restates), self._lead(row.part_of)
        if twin := self._twin(row, restates, part_of):
            self.merging.say_once(row, twin)
            return twin
        chosen = self.merging.choices.same_money.get(row.pk)
        same = next((there for there in self.there if there.pk == chosen), None)
        if same is not None and same.rung == row.rung:
            restates = same
        changed = {"key": self._free_key(row.key), "restates": restates, "part_of": part_of}
        if all(getattr(row, name) == value for name, value in changed.items()):
            self.merging.bring(row)
            return row
        found: Funding = self.merging.bring_changed(row, **changed)
        return found

    def _lead(self, target: Funding | None) -> Funding | None:
        """Where something that pointed at `target` points now.

        What pointed at a statement that nothing stands for must not come to point at money of the
        kept record that happens to have its key: it points at nothing.
        """
        if target is None or target.pk not in self.stands:
            return target
        standing = self.stands[target.pk]
        if standing is None:
            return None if target.key in self.keys else target
        now = self.now.get(standing)
        return target if now is None or now.pk == standing else now

    def _twin(self, row: Funding, restates: Any, part_of: Any) -> Funding | None:
        """The statement of the kept record that says the same, under whatever key."""
        said = _amount_of(row, restates, part_of)
        same = [
            there
            for there in self.there
            if _amount_of(there, there.restates, there.part_of) == said
        ]
        return min(same, key=lambda there: (there.key != row.key, there.pk), default=None)

    def _free_key(self, key: str) -> str:
        """The key, or one like it, that no other statement of the two has."""
        free, n = key, 1
        while free in self.keys or (n > 1 and free in self.own):
            n += 1
            free = f"{key[:95]}-{n}"
        self.keys.add(free)
        return free


def _stands_for(rows: list[Any]) -> dict[int, int | None]:
    """For each statement of an initiative, the one that stands for it as money is counted."""
    after = successors(rows_of({row.record_id for row in rows}))
    by_key = {row.key: row.pk for row in rows if row.retired_at is None}
    return {
        row.pk: row.pk if row.retired_at is None else after.get(row.pk, by_key.get(row.key))
        for row in rows
    }


def _amount_of(row: Funding, restates: Funding | None, part_of: Funding | None) -> dict[str, Any]:
    """What a statement says but for its key; what it points at by row, since keys may change."""
    relations = {"restates": restates and restates.pk, "part_of": part_of and part_of.pk}
    return {**row.as_values(), "key": "", **relations}


def give_evidence(giver: Statement, taker: Statement) -> None:
    """Let the passages that carry one statement carry the other too, for the same values."""
    carries = giver.carries_model()
    there = {carried.evidence_id: carried for carried in taker.carried.all()}
    for carried in giver.carried.all():
        known = there.get(carried.evidence_id)
        if known is None:
            carries.objects.create(
                statement=taker, evidence_id=carried.evidence_id, values=carried.values
            )
            continue
        # No names of values: it carries them all.
        both = {*known.values, *carried.values} if known.values and carried.values else set()
        if set(known.values) != both:
            known.values = sorted(both)
            known.save()


@dataclass(frozen=True, slots=True)
class SameMoney:
    """Money of the record to be given up; `others` of the kept one on its rung may be the same.

    `likely` is the one of them that states the same amount.
    """

    said: Funding
    others: list[Funding]
    likely: Funding | None


def money_to_choose(kept: Record, other: Record) -> list[SameMoney]:
    """The money of `other` of which an editor must say whether `kept` states it too.

    Not what both say in the same words: that is found without asking.
    """
    there = list(Funding.objects.about(kept).current())
    said = [_amount_of(row, row.restates, row.part_of) for row in there]
    found = []
    for row in Funding.objects.about(other).current():
        others = [one for one in there if one.rung == row.rung]
        if others and _amount_of(row, row.restates, row.part_of) not in said:
            alike = (one for one in others if _same_amount(one, row))
            found.append(SameMoney(row, others, next(alike, None)))
    return found


def _same_amount(one: Funding, other: Funding) -> bool:
    return one.low is not None and (one.low, one.high, one.currency, one.recurs) == (
        *(other.low, other.high, other.currency, other.recurs),
    )
