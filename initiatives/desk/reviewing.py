"""Deciding what imports propose: the verbs `accept` and `reject`, of proposals and of passages.

A proposal is planned anew when it is accepted, by the rules of an import and against what stands
then. One that no longer applies is refused with the reason, and the others of its batch are done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from initiatives.derive import derive
from initiatives.funding.counting import recount
from initiatives.funding.models import Funding
from initiatives.funding.places import standing_through
from initiatives.models import (
    Evidence,
    Initiative,
    Record,
    Statement,
    Summit,
    SummitSeries,
    statement_models,
)
from initiatives.news.format import NewsDocument, Problem, check_record, read
from initiatives.news.matching import Matcher, series_slug
from initiatives.news.models import ImportDocument, ImportOutcome, Proposal
from initiatives.news.money import INHERITED
from initiatives.news.passages import Passages
from initiatives.news.plan import Planned, PlannedStatement, Reference, Sibling
from initiatives.news.proposing import in_words
from initiatives.news.statements import STATEMENTS
from partners.history.changes import Change, Verb, change
from partners.models import Organisation, OrganisationName
from partners.names import fold

# The list of a record in the format that holds each kind of statement.
LISTS = {model._meta.model_name: name for name, (model, _build) in STATEMENTS.items()}


class NotApplicable(Exception):
    """A proposal cannot be accepted; `problems` say why, with places inside its payload."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.reason for problem in problems))
        self.problems = problems


@dataclass(slots=True)
class Decisions:
    """What became of a batch: the change it made, what was decided, what could not be and why."""

    change: Change
    done: list[Proposal] = field(default_factory=list)
    refused: list[tuple[Proposal, NotApplicable]] = field(default_factory=list)


def accept(
    proposals: Iterable[Proposal],
    by: Any,
    token: str | None = None,
    edited: Mapping[int, dict[str, Any]] | None = None,
    keep_both: bool = False,
) -> Decisions:
    """Write what the proposals say, in the order in which they were made.

    `edited` holds other payloads than the documents', by proposal. A statement takes the place of
    what stands about the same; with `keep_both` it stands beside it, and the value is disputed.
    Replayed if the form was sent before.
    """
    proposals = list(proposals)
    edited = edited or {}
    with change(Verb.ACCEPT, by, about=_about(proposals), token=token) as made:
        found, desk = Decisions(made), _Desk(keep_both)
        for proposal in _afresh(proposals):
            try:
                with transaction.atomic():
                    _still_pending(proposal)
                    remark = desk.write(proposal, edited.get(proposal.pk))
                    _close(proposal, Proposal.State.ACCEPTED, by, remark=remark)
            except NotApplicable as refusal:
                found.refused.append((proposal, refusal))
            except IntegrityError:
                reason = gettext("it contradicts what stands in the record")
                found.refused.append((proposal, NotApplicable([Problem("", reason)])))
            else:
                found.done.append(proposal)
        recount(desk.touched)
    return found


def reject(
    proposals: Iterable[Proposal],
    by: Any,
    reason: str,
    remark: str = "",
    token: str | None = None,
) -> Decisions:
    """Turn the proposals down for one reason of `Proposal.Reason`; ValueError for another.

    Those that somebody has decided meanwhile are refused. Replayed if the form was sent before.
    """
    proposals = list(proposals)
    why = str(Proposal.Reason(reason).label)
    why = f"{why}: {remark}" if remark else why
    with change(Verb.REJECT, by, about=_about(proposals), why=why, token=token) as made:
        found = Decisions(made)
        for proposal in _afresh(proposals):
            try:
                _still_pending(proposal)
            except NotApplicable as refusal:
                found.refused.append((proposal, refusal))
                continue
            _close(proposal, Proposal.State.REJECTED, by, reason, remark)
            found.done.append(proposal)
    return found


def judge_passages(
    passages: Iterable[Evidence], state: str, by: Any, token: str | None = None
) -> list[Evidence]:
    """Accept or reject passages that wait; those that were judged, without what no longer waited.

    What a record that is not published states on rejected passages alone is retired with them.
    Replayed if the form was sent before.
    """
    wanted = [passage.pk for passage in passages]
    verb = Verb.ACCEPT if state == Evidence.State.ACCEPTED else Verb.REJECT
    articles = Evidence.objects.filter(pk__in=wanted).values_list("article__title", flat=True)
    about = "; ".join(sorted(set(articles)))
    with change(verb, by, about=about, token=token):
        waiting = Evidence.objects.filter(pk__in=wanted, state=Evidence.State.PROPOSED)
        judged = list(waiting.select_related("article"))
        Evidence.objects.filter(pk__in=[passage.pk for passage in judged]).update(state=state)
        if state == Evidence.State.REJECTED:
            _retire_groundless(judged)
    return judged


def standing_beside(proposal: Proposal) -> list[Statement]:
    """The statements in whose place the proposed one would stand now.

    NotApplicable if it cannot be accepted as it is.
    """
    assert proposal.record
    record = proposal.record.concrete()
    row = _Desk(keep_both=False)._plan(proposal, in_numbers(proposal.payload)).statements[0]
    fields = {name: _resolved(value, {}) for name, value in row.fields.items()}
    slot = row.model(**{"record_id": record.pk, **fields}).slot
    standing = row.model.objects.about(record).current().order_by("pk").with_evidence()
    return [statement for statement in standing if statement.slot == slot]


def value_now(proposal: Proposal) -> str:
    """What the descriptive field says now that the proposal is about."""
    target: Any = proposal.record.concrete() if proposal.record else proposal.organisation
    if proposal.field == "sectors":
        return in_words(sorted(target.sectors.values_list("slug", flat=True)))
    return in_words(getattr(target, proposal.field))


def _retire_groundless(rejected: list[Evidence]) -> None:
    """Retire what unpublished records state on nothing but rejected passages."""
    touched: dict[int, Record] = {}
    standing = [Evidence.State.ACCEPTED, Evidence.State.PROPOSED]
    for model in statement_models():
        bare = (
            model.objects.current()
            .filter(carried__evidence__in=rejected)
            .exclude(record__state=Record.State.PUBLISHED)
            .exclude(carried__evidence__state__in=standing)
        )
        for statement in bare.select_related("record").distinct():
            _retire(statement, gettext("no passage carries it: the one it rested on was rejected"))
            touched[statement.record_id] = statement.record
    for record in touched.values():
        derive(record.concrete())
    recount(touched)


def _about(proposals: list[Proposal]) -> str:
    """The records and organisations, each once."""
    names = dict.fromkeys(str(p.record or p.organisation) for p in proposals)
    return "; ".join(names)


def _afresh(proposals: list[Proposal]) -> list[Proposal]:
    """The proposals as they are now, in the order in which they were made."""
    known = Proposal.objects.filter(pk__in=[proposal.pk for proposal in proposals])
    related = known.select_related("record", "organisation", "document", "decided_by")
    return list(related.order_by("pk"))


def _still_pending(proposal: Proposal) -> None:
    if proposal.state != Proposal.State.PENDING:
        reason = gettext("it was decided meanwhile: %(state)s")
        values = {"state": proposal.get_state_display()}
        raise NotApplicable([Problem("", reason % values)])


def _close(proposal: Proposal, state: str, by: Any, reason: str = "", remark: str = "") -> None:
    proposal.state = state
    proposal.decided_at = timezone.now()
    proposal.decided_by = by if getattr(by, "pk", None) else None
    proposal.reason = reason
    proposal.remark = remark
    proposal.save()


def _retire(statement: Statement, because: str) -> None:
    statement.retired_at = timezone.now()
    statement.retired_because = because[:500]
    statement.chosen_because = ""
    statement.save()


class _Desk:
    """Writes accepted proposals; reads each document once, and notes whose money to count anew."""

    def __init__(self, keep_both: bool) -> None:
        self.keep_both = keep_both
        self.touched: set[int] = set()
        self._read: dict[int, NewsDocument] = {}

    def write(self, proposal: Proposal, edited: dict[str, Any] | None) -> str:
        """Write the proposal, or what an editor made of it; a remark if that says something else.

        NotApplicable if it cannot be written.
        """
        payload = in_numbers(proposal.payload)
        item = self._plan(proposal, payload if edited is None else edited)
        if proposal.organisation_id:
            organisation = Organisation.objects.get(pk=proposal.organisation_id)
            said = self._write_organisation(organisation, item, proposal.field)
        else:
            assert proposal.record
            record = proposal.record.concrete()
            if proposal.field in LISTS:
                said = self._state(record, item, proposal)
            else:
                said = _describe(record, item, proposal.field)
            derive(record)
            self.touched.add(record.pk)
        if edited is None or edited == payload:
            return ""
        return gettext("accepted as: %(value)s") % {"value": said}

    def _news(self, document: ImportDocument) -> NewsDocument:
        if document.pk not in self._read:
            self._read[document.pk] = read(bytes(document.content))
        return self._read[document.pk]

    def _plan(self, proposal: Proposal, payload: dict[str, Any]) -> Planned:
        """The payload as an import would plan it today, as the only word of its document."""
        source = self._news(proposal.document)
        within = f"/{LISTS[proposal.field]}/0" if proposal.field in LISTS else ""
        raw = check_record(_alone(proposal, payload), "")
        document = NewsDocument(source.publisher, source.article, source.brief, [raw])
        [item] = _Replanner(document, proposal.document).plan()
        if item.problems:
            raise NotApplicable([_inside(problem, within) for problem in item.problems])
        return item

    def _state(self, record: Any, item: Planned, proposal: Proposal) -> str:
        """Write a statement, in the place of what stands about the same or beside it."""
        passages = Passages(self._news(proposal.document), {}, trusted=True)
        written: dict[str, Statement] = {}
        for row in item.statements:
            fields = {name: _resolved(value, written) for name, value in row.fields.items()}
            statement = row.model(**{"record_id": record.pk, **fields})
            self._make_room(statement, row)
            statement.save()
            passages.carry(statement, row)
            passages.write()
            carried = statement.carried.values("evidence")
            Evidence.objects.filter(pk__in=carried).exclude(state=Evidence.State.ACCEPTED).update(
                state=Evidence.State.ACCEPTED
            )
            written[row.data.get("key", "")] = statement
        return "; ".join(statement.in_full() for statement in written.values())

    def _make_room(self, statement: Any, row: PlannedStatement) -> None:
        """Retire what the statement takes the place of; NotApplicable if it is said already."""
        model = row.model
        standing = list(model.objects.current().filter(record=statement.record_id).order_by("pk"))
        if statement.make_fingerprint() in {other.fingerprint for other in standing}:
            raise NotApplicable([Problem("", gettext("Accord says so already"))])
        rivals = [other for other in standing if other.slot == statement.slot]
        if self.keep_both:
            rivals = []
        if rivals and statement.supersedes is None:
            statement.supersedes = rivals[0]
            if isinstance(statement, Funding):
                _inherit(statement, rivals[0], row)
        if statement.supersedes and statement.supersedes not in rivals:
            rivals.append(statement.supersedes)
        for rival in rivals:
            if rival.retired_at is None:
                _retire(rival, gettext("superseded by a later statement"))

    def _write_organisation(self, organisation: Organisation, item: Planned, name: str) -> str:
        value = item.fields[name]
        if getattr(organisation, name) == value:
            raise NotApplicable([Problem(f"/{name}", gettext("Accord says so already"))])
        if name == "parent" and (
            isinstance(value, Reference) or organisation in _with_parents(value)
        ):
            raise NotApplicable([Problem("/parent", gettext("it would be part of itself"))])
        setattr(organisation, name, value)
        organisation.save()
        if name == "name":
            OrganisationName.objects.get_or_create(
                folded=fold(value)[:500], defaults={"organisation": organisation, "name": value}
            )
        self.touched |= standing_through(organisation)
        return str(value)


class _Replanner(Matcher):
    """Knows what the other records of the document became, whatever they are called now."""

    def __init__(self, news: NewsDocument, document: ImportDocument) -> None:
        super().__init__(news)
        became = ImportOutcome.objects.filter(document=document)
        self._became = {
            (outcome.type, outcome.key): outcome.organisation or outcome.record
            for outcome in became.select_related("organisation", "record__initiative")
        }

    def organisation(self, name: str, place: str) -> Organisation | Reference | None:
        became = self._became.get(("organisation", name))
        return became if isinstance(became, Organisation) else super().organisation(name, place)

    def initiative(self, key: str, place: str) -> Initiative | Reference | None:
        became = self._became.get(("initiative", key))
        own = key in self._own_initiatives
        if isinstance(became, Record) and not own:
            return became.initiative
        return super().initiative(key, place)


def in_numbers(value: Any) -> Any:
    """A stored payload as the format has it: its amounts are numbers again."""
    if isinstance(value, dict):
        return {
            name: Decimal(item)
            if name in ("low", "high") and isinstance(item, str)
            else in_numbers(item)
            for name, item in value.items()
        }
    return [in_numbers(item) for item in value] if isinstance(value, list) else value


def _alone(proposal: Proposal, payload: dict[str, Any]) -> dict[str, Any]:
    """A record of the format that says what is proposed and else what it must."""
    if organisation := proposal.organisation:
        known = {"name": organisation.name, "kind": organisation.kind}
        return {"type": "organisation", "key": organisation.slug, **known, **payload}
    record = proposal.record.concrete() if proposal.record else None
    assert record
    said: dict[str, Any] = {
        "type": record.type,
        "key": record.slug,
        "title": record.title,
        "summary": record.title,
        "sectors": sorted(record.sectors.values_list("slug", flat=True)),
    }
    if isinstance(record, Initiative):
        said["kind"] = record.kind
    if isinstance(record, Summit):
        said["series"] = record.series.name
        if record.ordinal is not None:
            said["ordinal"] = record.ordinal
    if proposal.field in LISTS:
        return {**said, LISTS[proposal.field]: [payload]}
    return {**said, **payload}


def _inside(problem: Problem, within: str) -> Problem:
    """The problem with its place inside the payload; "" where it is not of the payload."""
    if not problem.place.startswith(within):
        return Problem("", problem.reason)
    return Problem(problem.place.removeprefix(within), problem.reason)


def _resolved(value: Any, written: Mapping[str, Statement]) -> Any:
    return written[value.key] if isinstance(value, Sibling) else value


def _inherit(new: Funding, old: Funding, row: PlannedStatement) -> None:
    """A correction is part of what the corrected amount was part of, and restates the same."""
    for relation in INHERITED:
        same_rung = relation != "restates" or new.rung == old.rung
        if relation not in row.data and getattr(new, relation) is None and same_rung:
            setattr(new, relation, getattr(old, relation))


def _with_parents(organisation: Organisation | None) -> Iterable[Organisation]:
    seen: list[Organisation] = []
    while organisation and organisation not in seen:
        seen.append(organisation)
        organisation = organisation.parent
    return seen


def _describe(record: Any, item: Planned, name: str) -> str:
    """Set a descriptive field of a record; NotApplicable if it says so already."""
    now: Any = getattr(record, name)
    value: Any = item.fields.get(name)
    if name == "sectors":
        now, value = set(record.sectors.all()), set(item.sectors)
    elif name == "aliases":
        value = [*now, *(alias for alias in item.fields[name] if alias not in now)]
    elif name == "series":
        value, _created = SummitSeries.objects.get_or_create(
            slug=series_slug(item.fields[name]), defaults={"name": item.fields[name]}
        )
    if now == value:
        raise NotApplicable([Problem(f"/{name}", gettext("Accord says so already"))])
    if name == "sectors":
        record.sectors.set(value)
        return ", ".join(sorted(sector.slug for sector in value))
    setattr(record, name, value)
    return ", ".join(value) if isinstance(value, list) else str(value)
