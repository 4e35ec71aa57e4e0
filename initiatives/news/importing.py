"""The verb `import`: one document, one transaction, one outcome for each of its records.

Importing twice changes nothing. Nothing that is there is overwritten: a value that differs from
one that another source or an editor gave becomes a Proposal.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from initiatives.derive import derive, derived_from_dates, derived_from_steps
from initiatives.funding.counting import recount
from initiatives.funding.models import Funding
from initiatives.funding.places import standing_through
from initiatives.funding.plain_rows import insert_new
from initiatives.models import (
    RECORD_MODELS,
    ConcreteRecord,
    Initiative,
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
from initiatives.news.plan import (
    Planned,
    PlannedStatement,
    Reference,
    Sibling,
    originals_first,
    wholes_first,
)
from initiatives.news.proposing import Decided, propose
from initiatives.news.publishing import Lack, NotPublishable, approve, barring
from initiatives.news.writing import NewRows
from partners.history.changes import Verb, change
from partners.models import Country, Organisation, OrganisationName
from partners.names import UnknownName, fold

Result = ImportOutcome.Result


def import_content(document: ImportDocument, owner: str) -> None:
    """Import a claimed document and mark it as ended, all or nothing.

    An unreadable document is marked refused with the reason and changes nothing else. LostLease
    if another worker has taken the document over meanwhile: then nothing was written.
    """
    with _no_collector(), transaction.atomic():
        queue.hold(document, owner)
        try:
            news = read(bytes(document.content))
            with change(Verb.IMPORT, document.run.requested_by, about=document.name) as made:
                Importer(document, news, _find_publisher(news)).write()
        except Refused as refusal:
            queue.finish(document, owner, ImportDocument.State.REFUSED, str(refusal))
            return
        queue.finish(document, owner, ImportDocument.State.DONE, change=made if made.kept else None)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Without Python's search for circles of objects, which takes a fifth of an import's time.

    What a document makes is bounded by NEWS_MAX_BYTES, and goes when its import has ended.
    """
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()


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


@dataclass(slots=True)
class Effect:
    """What a document does to a record: whether it changes it, and what it would like to change."""

    changed: bool = False
    proposed: bool = False
    # Statements of a draft that no passage supported when it was decided about.
    bare: dict[type[Statement], set[int]] = field(default_factory=dict)
    proposals: list[Callable[[], bool]] = field(default_factory=list)


class Importer:
    """Writes the records of one document: first all is decided, then what is new is written."""

    def __init__(
        self, document: ImportDocument, news: NewsDocument, publisher: dict[str, Any]
    ) -> None:
        self.document = document
        self.news = news
        self.matcher = Matcher(news)
        self.stored = self.matcher.stored
        self.passages = Passages(news, publisher, document.run.publish)
        self.decided = Decided(news.brief)
        self.new = NewRows()
        self.written: dict[str, Any] = {}
        self.names: dict[str, OrganisationName] = {}  # new ones, folded
        self.money: dict[tuple[str, str], Statement] = {}  # by keys of record and statement
        self.touched: set[int] = set()  # records whose money is to be counted anew
        self.changed = False

    def write(self) -> None:
        """Write what can be written, and what became of each record."""
        planned = self.matcher.plan()
        standing = [item for item in planned if not item.problems]
        results = self._write_organisations([i for i in standing if i.raw.type == "organisation"])
        records = wholes_first([item for item in standing if item.raw.type != "organisation"])
        for item in records:
            self.written[item.raw.key] = self._record(item)
        effects = [self._decide(item) for item in records]
        self.new.write()
        self.passages.write()
        for item, effect in zip(records, effects, strict=True):
            results[item.raw.place] = self._finish_record(item, effect)
        outcomes = [self._outcome(i, results.get(i.raw.place, Result.REJECTED)) for i in planned]
        insert_new(ImportOutcome, outcomes)
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

    def _write_organisations(self, items: list[Planned]) -> dict[str, str]:
        """Write the organisations; by place, what became of each."""
        new = []
        for item in items:
            known = item.existing or item.duplicate_of
            if known is None:
                columns = {n: item.fields.get(n) for n in ("name", "kind", "country")}
                known = Organisation(slug=item.raw.key, **columns)
                new.append(known)
            self.written[item.raw.key] = known
        insert_new(Organisation, new)
        self.changed = self.changed or bool(new)
        results = {item.raw.place: self._finish_organisation(item) for item in items}
        insert_new(OrganisationName, self.names.values())
        return results

    def _finish_organisation(self, item: Planned) -> str:
        """Fill what is empty and add names, if the import is trusted; propose what differs."""
        organisation: Organisation = self.written[item.raw.key]
        if item.duplicate_of:
            return Result.DUPLICATE
        filled = proposed = False
        may_write = self.document.run.publish or not item.existing
        for name, value in item.fields.items():
            value, now = self._resolve(value), getattr(organisation, name)
            decided_so = self.decided.about(organisation, name, value)
            if may_write and now is None and value is not None and not decided_so:
                setattr(organisation, name, value)
                filled = True
            elif now != value:
                place = f"{item.raw.place}/{name}"
                payload = {name: item.raw.data[name]}
                proposed |= propose(
                    self.document, self.news.brief, organisation, place, name, now, value, payload
                )
        named = may_write and self._add_names(organisation, item)
        if filled:
            organisation.save()
        if filled or named:
            self.changed = True
            self.touched |= standing_through(organisation) if item.existing else set()
        return _result(item, filled or named, proposed)

    def _add_names(self, organisation: Organisation, item: Planned) -> bool:
        """Keep the names by which nobody is called yet; whether there is one."""
        called: dict[str, str] = {}
        for name in (item.fields["name"], *item.raw.aliases):
            called.setdefault(fold(name)[:500], name)
        new = {
            folded: OrganisationName(organisation=organisation, name=name, folded=folded)
            for folded, name in called.items()
            if folded not in self.stored.names and folded not in self.names
        }
        self.names |= new
        return bool(new)

    # Records.

    def _record(self, item: Planned) -> ConcreteRecord:
        """The record that is there, or a new one that is yet to be written."""
        known: Any = item.existing or item.duplicate_of
        if known:
            return known
        fields = dict(item.fields)
        if "series" in fields:
            fields["series"] = self._series(fields["series"])
        model = RECORD_MODELS[item.raw.type]
        record = model(slug=item.raw.key, state=Record.State.IN_REVIEW, **fields)
        self.new.add_record(record, item.sectors)
        return record

    def _decide(self, item: Planned) -> Effect:
        """What becomes of the record and of each of its statements; new ones are kept for later."""
        record, effect = self.written[item.raw.key], Effect()
        if item.duplicate_of:
            return effect
        if item.existing and self._replaces_draft(record):
            effect.changed = self._rewrite_draft(record, item)
        elif item.existing:
            effect.proposals += self._differing_descriptions(record, item)
        for model in dict.fromkeys(row.model for row in item.statements):
            rows = [row for row in item.statements if row.model is model]
            self._decide_statements(record, model, rows, effect)
        if self._replaces_draft(record):
            self._retire_new(record)
            effect.bare = _bare(record) if item.existing else {}
        if not item.existing:
            self._complete(record, item)
        return effect

    def _complete(self, record: ConcreteRecord, item: Planned) -> None:
        """Derive what follows from the statements of a new record; publish it, if trusted."""
        stated = self.new.said_of(record)
        derived = (
            derived_from_steps(stated["status"])
            if isinstance(record, Initiative)
            else derived_from_dates(stated["dates"])
        )
        for name, value in derived.items():
            setattr(record, name, value)
        if self.document.run.publish:
            if lacks := barring(record, stated, self.passages.states):
                _not_published(item, lacks)
            else:
                record.state = Record.State.PUBLISHED

    def _finish_record(self, item: Planned, effect: Effect) -> str:
        """Propose, retire, derive and publish, when all that is new is there; the result."""
        record = self.written[item.raw.key]
        if item.duplicate_of:
            return Result.DUPLICATE
        proposed = effect.proposed
        for propose_it in effect.proposals:
            proposed |= propose_it()
        if not item.existing:
            self._touch(record)
            return Result.CREATED
        changed, draft = effect.changed, self._replaces_draft(record)
        if draft:
            changed |= self._retire(record, effect.bare)
        if changed:
            self._touch(record)
            derive(record)
        if draft:
            changed |= self._publish(record, item)
        return _result(item, changed, proposed)

    def _touch(self, record: Record) -> None:
        self.changed = True
        self.touched.add(record.pk)

    def _replaces_draft(self, record: Record) -> bool:
        """Whether a trusted import meets what nobody has published: its word counts."""
        return self.document.run.publish and record.state != Record.State.PUBLISHED

    def _publish(self, record: Record, item: Planned) -> bool:
        try:
            approve(record)
        except NotPublishable as refusal:
            _not_published(item, refusal.lacking)
            return False
        self._touch(record)
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

    def _differing_descriptions(
        self, record: Record, item: Planned
    ) -> Iterator[Callable[[], bool]]:
        """Proposals of descriptive text that differs from what is there."""
        now: dict[str, Any] = {name: getattr(record, name) for name in item.fields}
        new = dict(item.fields)
        if "series" in now:
            series = now["series"]
            now["series"] = series.name
            if series_slug(new["series"]) == series.slug:  # the same, in capitals or with accents
                del new["series"]
        now["sectors"] = sorted(sector.slug for sector in record.sectors.all())
        new["sectors"] = sorted(sector.slug for sector in item.sectors)
        if set(new["aliases"]) <= set(now["aliases"]):
            del new["aliases"]
        for name, value in new.items():
            if now[name] != value:
                place = f"{item.raw.place}/{name}"
                payload = {name: item.raw.data.get(name)}
                yield partial(
                    propose,
                    *(self.document, self.news.brief, record, place, name),
                    *(now[name], value, payload),
                )

    # Statements.

    def _decide_statements(
        self,
        record: ConcreteRecord,
        model: type[Statement],
        rows: list[PlannedStatement],
        effect: Effect,
    ) -> None:
        """Keep the statements of one kind that are new, propose those that cannot be written.

        What the same document says twice is kept twice: an article may contradict itself.
        """
        said: list[Statement] = self.stored.said(record, model) if record.pk else []
        # Of two rows that say the same, the one that holds now is looked at.
        known = {s.fingerprint: s for s in sorted(said, key=lambda s: not s.retired_at)}
        planned: list[tuple[PlannedStatement, Statement]] = []
        for row in originals_first(rows):
            fields = {name: self._resolve(value, record) for name, value in row.fields.items()}
            statement: Any = model(**{"record": record, **fields})
            statement.fill_in()
            if model is Funding:
                stored = known.get(statement.fingerprint, statement)
                self.money[record.slug, row.data["key"]] = stored
            planned.append((row, statement))
        said_here = {statement.fingerprint for _, statement in planned}
        others = [s for s in said if s.retired_at is None and s.fingerprint not in said_here]
        occupied = {s.slot for s in self._supported(record, model, others)}
        may_add = self.document.run.publish or record.state != Record.State.PUBLISHED
        closed = self.decided.of(record, model._meta.model_name or "")
        new = []
        for row, statement in planned:
            there = known.get(statement.fingerprint)
            if there:
                carriers = self.stored.carriers(there)
                if there.retired_at is None and self.passages.attach(there, row, carriers):
                    effect.changed |= may_add
                    effect.proposed |= not may_add
            elif (
                may_add
                and statement.fingerprint not in closed
                and _free(statement, occupied)
                and self._siblings_kept(statement)
            ):
                self._retire_superseded(statement)
                self.new.add_statement(statement)
                self.passages.carry(statement, row)
                known[statement.fingerprint] = statement
                new.append(statement)
                effect.changed = True
            else:
                effect.proposals.append(self._proposal(record, row, statement, said))
        said += new

    def _supported(
        self, record: Record, model: type[Statement], standing: list[Statement]
    ) -> list[Statement]:
        """Those that a trusted import leaves: of a draft it retires what no passage supports."""
        if not standing or not self._replaces_draft(record):
            return standing
        bare = model.objects.about(record).unsupported()
        retired = set(bare.values_list("pk", flat=True))
        return [statement for statement in standing if statement.pk not in retired]

    def _resolve(self, value: Any, record: Record | None = None) -> Any:
        """What a Reference or Sibling means, now that it has been written."""
        if isinstance(value, Sibling):
            home = self.written[value.record] if value.record else record
            assert isinstance(home, Record)
            return self.money[home.slug, value.key]
        return self.written[value.key] if isinstance(value, Reference) else value

    def _siblings_kept(self, statement: Statement) -> bool:
        """Whether the rows that the statement points at are stored or will be, not only proposed."""
        pointers = [getattr(statement, name, None) for name in RELATIONS]
        return all(o is None or o.pk or self.new.hold(o) for o in pointers)

    def _retire_superseded(self, statement: Statement) -> None:
        """Retire what the statement corrects; it stays, and says by what it was replaced."""
        old = statement.supersedes
        if old and old.retired_at is None:
            old.retired_at = timezone.now()
            old.retired_because = gettext("superseded by a later statement")
            if old.pk:
                old.save()

    def _retire_new(self, record: ConcreteRecord) -> None:
        """Retire what the document says in words that an editor has rejected: they carry nothing."""
        for rows in self.new.said_of(record).values():
            for statement in rows:
                if not self.passages.support(statement):
                    statement.retired_at = timezone.now()
                    statement.retired_because = gettext("no accepted passage carries it")

    def _retire(self, record: Record, bare: dict[type[Statement], set[int]]) -> bool:
        """Retire what was bare, unless this document says it too; whether there was any."""
        retired = 0
        for model, numbers in bare.items():
            said = {s.pk for s in self.stored.said(record, model) if self.passages.support(s)}
            retired += model.objects.filter(pk__in=numbers - said).update(
                retired_at=timezone.now(), retired_because=gettext("replaced by a trusted import")
            )
        return retired > 0

    # Proposals.

    def _proposal(
        self,
        record: Record,
        row: PlannedStatement,
        statement: Statement,
        said: list[Statement],
    ) -> Callable[[], bool]:
        now = [s.in_full() for s in said if s.retired_at is None and s.slot == statement.slot]
        return partial(
            propose,
            *(self.document, self.news.brief, record, row.place),
            *(statement._meta.model_name or "", "; ".join(now), statement.in_full(), row.data),
            statement.fingerprint,
        )


def _result(item: Planned, changed: bool, proposed: bool) -> str:
    if not item.existing:
        return Result.CREATED
    if changed:
        return Result.UPDATED
    return Result.PROPOSED if proposed else Result.UNCHANGED


def _not_published(item: Planned, lacks: Iterable[Lack]) -> None:
    """Say of a record what keeps it from being published."""
    for lack in lacks:
        reason = gettext("not published: %(what)s") % {"what": lack.what}
        item.problems.append(Problem(item.raw.place, reason))


def _free(statement: Statement, occupied: set[tuple]) -> bool:
    """Whether nothing else that stands is about the same, but what the statement supersedes."""
    replaced = statement.supersedes.slot if statement.supersedes else None
    return statement.slot not in occupied or statement.slot == replaced


def _bare(record: Record) -> dict[type[Statement], set[int]]:
    """What only untrusted imports said of a draft, and nobody has accepted."""
    found = {}
    for model in statement_models():
        bare = model.objects.about(record).current().unsupported()
        if numbers := set(bare.values_list("pk", flat=True)):
            found[model] = numbers
    return found
