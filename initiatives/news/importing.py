"""The verb `import`: one document, one transaction, one outcome for each of its records.

Importing twice changes nothing. Nothing that is there is overwritten: a value that differs from
one that another source or an editor gave becomes a Proposal.
"""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import TopologicalSorter
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from initiatives.derive import derive
from initiatives.funding.counting import recount
from initiatives.funding.models import Funding
from initiatives.funding.places import standing_through
from initiatives.models import (
    RECORD_MODELS,
    Publisher,
    Record,
    Statement,
    SummitSeries,
    statement_models,
)
from initiatives.news import queue
from initiatives.news.format import NewsDocument, Problem, Refused, read, shorten
from initiatives.news.matching import Matcher, series_slug
from initiatives.news.models import ImportDocument, ImportOutcome
from initiatives.news.money import RELATIONS
from initiatives.news.passages import Passages
from initiatives.news.plan import Planned, PlannedStatement, Reference, Sibling
from initiatives.news.proposing import Decided, propose
from initiatives.news.publishing import NotPublishable, approve
from partners.history.changes import Verb, change
from partners.models import Country, Organisation, OrganisationName
from partners.names import UnknownName, fold

Result = ImportOutcome.Result


def import_content(document: ImportDocument, owner: str) -> None:
    """Import a claimed document and mark it as ended, all or nothing.

    An unreadable document is marked refused with the reason and changes nothing else. LostLease
    if another worker has taken the document over meanwhile: then nothing was written.
    """
    with transaction.atomic():
        queue.hold(document, owner)
        try:
            news = read(bytes(document.content))
            with change(Verb.IMPORT, document.run.requested_by, about=document.name) as made:
                Importer(document, news, _find_publisher(news)).write()
        except Refused as refusal:
            queue.finish(document, owner, ImportDocument.State.REFUSED, str(refusal))
            return
        queue.finish(document, owner, ImportDocument.State.DONE, change=made if made.kept else None)


def _find_publisher(news: NewsDocument) -> dict[str, Any]:
    """Columns of the article that say who printed it; Refused if the country is unknown."""
    if "missing" in news.publisher:
        return {"publisher": None, "publisher_missing": news.publisher["missing"]}
    country = None
    if "country" in news.publisher:
        try:
            country = Country.objects.named(news.publisher["country"])
        except UnknownName as error:
            raise Refused(f"/publisher/country: {error}") from error
    publisher, _created = Publisher.objects.get_or_create(
        name=news.publisher["name"],
        defaults={"country": country, "url": news.publisher.get("url", "")},
    )
    return {"publisher": publisher}


class Importer:
    """Writes the records of one document."""

    def __init__(
        self, document: ImportDocument, news: NewsDocument, publisher: dict[str, Any]
    ) -> None:
        self.document = document
        self.news = news
        self.passages = Passages(news, publisher, document.run.publish)
        self.decided = Decided(news.brief)
        self.written: dict[str, Any] = {}
        self.money: dict[tuple[str, str], Statement] = {}  # by keys of record and statement
        self.touched: set[int] = set()  # records whose money is to be counted anew
        self.changed = False

    def write(self) -> None:
        """Write what can be written, and what became of each record."""
        planned = Matcher(self.news).plan()
        standing = [item for item in planned if not item.problems]
        for item in standing:
            if item.raw.type == "organisation":
                self.written[item.raw.key] = self._organisation_row(item)
        for item in standing:
            if item.raw.type != "organisation":
                self.written[item.raw.key] = self._record_row(item)
        results = {
            item.raw.place: self._finish_organisation(item)
            if item.raw.type == "organisation"
            else self._finish_record(item)
            for item in _wholes_first(standing)
        }
        ImportOutcome.objects.bulk_create(
            self._outcome(item, results.get(item.raw.place, Result.REJECTED)) for item in planned
        )
        if self.changed:
            recount(self.touched)

    def _outcome(self, item: Planned, result: str) -> ImportOutcome:
        target = self.written.get(item.raw.key)
        return ImportOutcome(
            document=self.document,
            place=item.raw.place,
            type=shorten(item.raw.type, 40),
            key=shorten(item.raw.key, 200),
            title=shorten(item.raw.title, 500),
            result=result,
            record_id=target.pk if isinstance(target, Record) else None,
            organisation_id=target.pk if isinstance(target, Organisation) else None,
            problems=[{"place": p.place, "reason": p.reason} for p in item.problems],
        )

    # Organisations.

    def _organisation_row(self, item: Planned) -> Organisation:
        known = item.existing or item.duplicate_of
        if isinstance(known, Organisation):
            return known
        self.changed = True
        return Organisation.objects.create(
            slug=item.raw.key, name=item.fields["name"], kind=item.fields["kind"]
        )

    def _finish_organisation(self, item: Planned) -> str:
        """Fill what is empty and add names, if the import is trusted; propose what differs."""
        organisation: Organisation = self.written[item.raw.key]
        if item.duplicate_of:
            return Result.DUPLICATE
        changed = proposed = False
        may_write = self.document.run.publish or not item.existing
        for name, value in item.fields.items():
            value, now = self._resolve(value), getattr(organisation, name)
            decided_so = self.decided.about(organisation, name, value)
            if may_write and now is None and value is not None and not decided_so:
                setattr(organisation, name, value)
                changed = True
            elif now != value:
                place = f"{item.raw.place}/{name}"
                payload = {name: item.raw.data[name]}
                proposed |= propose(
                    self.document, self.news.brief, organisation, place, name, now, value, payload
                )
        names = [item.fields["name"], *item.raw.data.get("aliases", [])] if may_write else []
        for alias in names:
            _name, added = OrganisationName.objects.get_or_create(
                folded=fold(alias)[:500],
                defaults={"organisation": organisation, "name": alias},
            )
            changed |= added
        if changed:
            organisation.save()
            self.touched |= standing_through(organisation)
            self.changed = True
        return _result(item, changed, proposed)

    # Records.

    def _record_row(self, item: Planned) -> Record:
        model = RECORD_MODELS[item.raw.type]
        known = item.existing or item.duplicate_of
        if known:
            return model.objects.get(pk=known.pk)
        fields = dict(item.fields)
        if "series" in fields:
            fields["series"] = self._series(fields["series"])
        self.changed = True
        record = model.objects.create(slug=item.raw.key, state=Record.State.IN_REVIEW, **fields)
        record.sectors.set(item.sectors)
        return record

    def _finish_record(self, item: Planned) -> str:
        """Write the statements of a record; the result."""
        record = self.written[item.raw.key]
        if item.duplicate_of:
            return Result.DUPLICATE
        changed = proposed = False
        if item.existing and self._replaces_draft(record):
            changed = self._rewrite_draft(record, item)
        elif item.existing:
            proposed = self._propose_descriptions(record, item)
        stated = list(dict.fromkeys(row.model for row in item.statements))
        for model in stated:
            rows = [row for row in item.statements if row.model is model]
            news = self._write_statements(record, model, rows, fresh=not item.existing)
            changed, proposed = changed or news[0], proposed or news[1]
        # Of a record that was not there before, nothing else has said anything.
        kinds = list(statement_models()) if item.existing else stated
        if self._replaces_draft(record):
            changed |= _retire_unsupported(record, kinds)
        if changed or not item.existing:
            self.changed = True
            self.touched.add(record.pk)
            derive(record)
        if self._replaces_draft(record):
            changed |= self._publish(record, item, kinds)
        return _result(item, changed, proposed)

    def _replaces_draft(self, record: Record) -> bool:
        """Whether a trusted import meets what nobody has published: its word counts."""
        return self.document.run.publish and record.state != Record.State.PUBLISHED

    def _publish(self, record: Record, item: Planned, kinds: list[type[Statement]]) -> bool:
        try:
            approve(record, kinds)
        except NotPublishable as refusal:
            for lack in refusal.lacking:
                reason = gettext("not published: %(what)s") % {"what": lack.what}
                item.problems.append(Problem(item.raw.place, reason))
            return False
        self.changed = True
        self.touched.add(record.pk)
        return True

    def _rewrite_draft(self, record: Record, item: Planned) -> bool:
        """Bring the descriptive text of a draft to what the document says.

        Except what an editor has decided about as the document says it.
        """
        sectors = sorted(sector.slug for sector in item.sectors)
        said = {**item.fields, "sectors": sectors}
        closed = {n for n, v in said.items() if self.decided.about(record, n, v)}
        new = {name: value for name, value in item.fields.items() if name not in closed}
        if "series" in new:
            new["series"] = self._series(new["series"])
        changed = any(getattr(record, name) != value for name, value in new.items())
        for name, value in new.items():
            setattr(record, name, value)
        record.save()
        if "sectors" not in closed:
            record.sectors.set(item.sectors)
        return changed

    def _series(self, name: str) -> SummitSeries:
        series, _created = SummitSeries.objects.get_or_create(
            slug=series_slug(name), defaults={"name": name}
        )
        return series

    def _propose_descriptions(self, record: Record, item: Planned) -> bool:
        """Propose descriptive text that differs from what is there."""
        now: dict[str, Any] = {name: getattr(record, name) for name in item.fields}
        new = dict(item.fields)
        if "series" in now:
            now["series"] = now["series"].name
        now["sectors"] = sorted(record.sectors.values_list("slug", flat=True))
        new["sectors"] = sorted(sector.slug for sector in item.sectors)
        if set(new["aliases"]) <= set(now["aliases"]):
            del new["aliases"]
        proposed = False
        for name, value in new.items():
            if now[name] != value:
                place = f"{item.raw.place}/{name}"
                payload = {name: item.raw.data.get(name)}
                proposed |= propose(
                    *(self.document, self.news.brief, record, place, name),
                    *(now[name], value, payload),
                )
        return proposed

    # Statements.

    def _write_statements(
        self, record: Record, model: type[Statement], rows: list[PlannedStatement], *, fresh: bool
    ) -> tuple[bool, bool]:
        """Write the statements of one kind; whether any changed, whether any was proposed.

        What the same document says twice is kept twice: an article may contradict itself. Of a
        `fresh` record, which was not there before, nothing was said.
        """
        said: list[Statement] = []
        if not fresh:
            said = list(model.objects.about(record).order_by("pk").prefetch_related("carried"))
        # Of two rows that say the same, the one that holds now is looked at.
        known = {s.fingerprint: s for s in sorted(said, key=lambda s: not s.retired_at)}
        planned: list[tuple[PlannedStatement, Statement]] = []
        for row in _originals_first(rows):
            fields = {name: self._resolve(value, record) for name, value in row.fields.items()}
            statement = model(**{"record_id": record.pk, **fields})
            if model is Funding:
                stored = known.get(statement.make_fingerprint(), statement)
                self.money[record.slug, row.data["key"]] = stored
            planned.append((row, statement))
        unsupported: set[int] = set()
        if said and self._replaces_draft(record):
            unsupported = set(
                model.objects.about(record).unsupported().values_list("pk", flat=True)
            )
        said_here = {statement.make_fingerprint() for _, statement in planned}
        occupied = {
            s.slot
            for s in said
            if s.retired_at is None and s.fingerprint not in said_here and s.pk not in unsupported
        }
        may_add = self.document.run.publish or record.state != Record.State.PUBLISHED
        name = model._meta.model_name or ""
        closed = self.decided.of(record, name)
        changed = proposed = False
        for row, statement in planned:
            fingerprint = statement.make_fingerprint()
            if fingerprint in known:
                there = known[fingerprint]
                if there.retired_at is None and self.passages.attach(there, row):
                    changed, proposed = changed or may_add, proposed or not may_add
            elif (
                may_add
                and fingerprint not in closed
                and _free(statement, occupied)
                and _siblings_stored(statement)
            ):
                _retire_superseded(statement)
                statement.save()
                self.passages.carry(statement, row)
                known[fingerprint] = statement
                changed = True
            else:
                proposed |= self._propose_statement(record, row, statement, said)
        return changed, proposed

    def _resolve(self, value: Any, record: Record | None = None) -> Any:
        """What a Reference or Sibling means, now that it has been written."""
        if isinstance(value, Sibling):
            home = self.written[value.record] if value.record else record
            assert isinstance(home, Record)
            return self.money[home.slug, value.key]
        return self.written[value.key] if isinstance(value, Reference) else value

    # Proposals.

    def _propose_statement(
        self, record: Record, row: PlannedStatement, statement: Statement, said: list[Statement]
    ) -> bool:
        now = [s.in_full() for s in said if s.retired_at is None and s.slot == statement.slot]
        kind = statement._meta.model_name or ""
        return propose(
            self.document, self.news.brief,
            record, row.place, kind, "; ".join(now), statement.in_full(), row.data,
            statement.make_fingerprint(),
        )  # fmt: skip


def _result(item: Planned, changed: bool, proposed: bool) -> str:
    if not item.existing:
        return Result.CREATED
    if changed:
        return Result.UPDATED
    return Result.PROPOSED if proposed else Result.UNCHANGED


def _originals_first(rows: list[PlannedStatement]) -> list[PlannedStatement]:
    """Rows that others of the record point at before those that point at them."""
    ordered: list[PlannedStatement] = []
    placed: set[str] = set()
    waiting = list(rows)
    while waiting:
        for row in waiting:
            here = (v for v in row.fields.values() if isinstance(v, Sibling) and not v.record)
            needed = {v.key for v in here}
            if needed <= placed:
                ordered.append(row)
                placed.add(row.data.get("key", ""))
                waiting.remove(row)
                break
        else:
            raise ValueError(gettext("funding leads back to itself"))  # the matcher refuses it
    return ordered


def _wholes_first(items: list[Planned]) -> list[Planned]:
    """The records in an order in which money that another's is part of comes before that."""
    by_key = {item.raw.key: item for item in items}
    needed: dict[str, list[str]] = {key: [] for key in by_key}
    for key, item in by_key.items():
        for row in item.statements:
            for value in row.fields.values():
                if isinstance(value, Sibling) and value.record in by_key:
                    needed[key].append(value.record)
    # What is part of an initiative cannot be a whole of it, so there is no circle.
    return [by_key[key] for key in TopologicalSorter(needed).static_order()]


def _free(statement: Statement, occupied: set[tuple]) -> bool:
    """Whether nothing else that stands is about the same, but what the statement supersedes."""
    replaced = statement.supersedes.slot if statement.supersedes else None
    return statement.slot not in occupied or statement.slot == replaced


def _retire_superseded(statement: Statement) -> None:
    """Retire what the statement corrects; it stays, and says by what it was replaced."""
    if statement.supersedes and statement.supersedes.retired_at is None:
        statement.supersedes.retired_at = timezone.now()
        statement.supersedes.retired_because = gettext("superseded by a later statement")
        statement.supersedes.save()


def _retire_unsupported(record: Record, kinds: Iterable[type[Statement]]) -> bool:
    """Retire what only untrusted imports said of a draft, of these kinds; whether there was any."""
    retired = 0
    for model in kinds:
        bare = model.objects.about(record).current().unsupported()
        retired += model.objects.filter(pk__in=list(bare.values_list("pk", flat=True))).update(
            retired_at=timezone.now(), retired_because=gettext("replaced by a trusted import")
        )
    return retired > 0


def _siblings_stored(statement: Statement) -> bool:
    """Whether the rows that the statement points at are stored, not only proposed."""
    pointers = [getattr(statement, name, None) for name in RELATIONS]
    return all(other is None or other.pk for other in pointers)
