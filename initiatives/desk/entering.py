"""The verbs `enter` and `edit`: a sheet that an editor filled in becomes a record, as one change."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext

from initiatives.derive import derive
from initiatives.desk.attaching import Attaching, hold_of
from initiatives.desk.duplicates import alike
from initiatives.desk.history import last_number
from initiatives.desk.sheets import (
    IN_NEWS,
    ROWS_OF,
    Mistake,
    Sheet,
    SheetNames,
    TypedRow,
    Wrong,
    form_field,
    in_news_format,
)
from initiatives.funding.counting import recount
from initiatives.funding.models import Funding
from initiatives.models import (
    RECORD_MODELS,
    Article,
    ConcreteRecord,
    Evidence,
    Participation,
    PartOf,
    Record,
    Sector,
    Statement,
    Summit,
    SummitSeries,
)
from initiatives.news.matching import series_slug
from initiatives.news.money import relate
from initiatives.news.plan import Planned, PlannedStatement, Reference, Sibling
from initiatives.news.publishing import SECTIONS, Lack, lacking, statements_by_section
from initiatives.news.spoken import read_amounts
from initiatives.news.statements import STATEMENTS
from partners.history.changes import Change, Verb, change, public_name
from partners.history.versions import versions
from partners.models import Country, Organisation, OrganisationName

# From this likeness on (of 100) an editor is asked whether it is really another record.
THE_SAME = 85
# Until a record was published its statements are nobody's history: they are saved over.
SAVED_OVER = (Record.State.DRAFT, Record.State.IN_REVIEW)


class ChangedMeanwhile(Exception):
    """Somebody else has changed the record since the form was opened; nothing was written."""


# --- The verbs -------------------------------------------------------------------------------------


def enter(
    sheet: Sheet,
    by: Any,
    *,
    why: str = "",
    token: str | None = None,
    draft: bool = False,
    another: bool = False,
) -> ConcreteRecord:
    """The new record that the sheet describes, in review or, if asked, a draft.

    Wrong if the sheet has mistakes, or describes what seems to be there already and nobody said
    that it is `another`; Replayed if the form was sent before. Then nothing is written.
    """
    with change(Verb.ENTER, by, about=str(sheet.about.get("title", "")), why=why, token=token):
        plan = Plan(sheet, None)
        if not another and any(found.score >= THE_SAME for found in plan.similar()):
            reason = gettext("a record that is there already looks the same")
            plan.mistake("not_a_duplicate", reason)
        plan.refuse_mistakes()
        record = plan.new_record(Record.State.DRAFT if draft else Record.State.IN_REVIEW)
        Writing(plan, record, by, why).write()
    return record


def edit(
    record: Record, sheet: Sheet, by: Any, version: int, *, why: str = "", token: str | None = None
) -> ConcreteRecord:
    """The record with what the sheet changes in it.

    `version` is the data version that the editor was shown. ChangedMeanwhile if the record has
    changed since, Wrong if the sheet has mistakes, Replayed if the form was sent before. Then
    nothing is written. Rows that say what they said stay as they are, with their passages.
    """
    with change(Verb.EDIT, by, about=str(record), why=why, token=token):
        stored: ConcreteRecord = record.concrete()
        if last_number(stored) > version:
            raise ChangedMeanwhile
        plan = Plan(sheet, stored)
        plan.check_state(why)
        plan.refuse_mistakes()
        Writing(plan, stored, by, why).write()
    return stored


def records_written_by(made: Change) -> list[int]:
    """The keys of the records that a change wrote."""
    return list(versions()[Record].objects.filter(opened=made.number).values_list("row", flat=True))


def article_of(record: Record) -> Article | None:
    """The article with the most passages about the record; None if no passage carries it."""
    counts = Counter(
        carried.evidence.article
        for row in _statements(record).values()
        for carried in row.carried.all()
    )
    return counts.most_common(1)[0][0] if counts else None


# --- What the sheet means --------------------------------------------------------------------------


@dataclass(slots=True)
class PlannedRow:
    """A typed row with the statement that it shows and the one that it says."""

    typed: TypedRow
    stored: Any = None
    said: PlannedStatement | None = None  # None: as it was


@dataclass(slots=True)
class Plan:
    """What a sheet means for a record, with every name resolved; `mistakes` says what it cannot.

    Nothing is written here.
    """

    sheet: Sheet
    record: ConcreteRecord | None
    mistakes: list[Mistake] = field(default_factory=list)
    rows: list[PlannedRow] = field(default_factory=list)
    sectors: list[Sector] | None = None
    article: Article | None = None
    names: SheetNames = field(init=False)
    existing: dict[tuple[str, int], Any] = field(init=False)

    def __post_init__(self) -> None:
        self.existing = _statements(self.record) if self.record else {}
        self._plan_about()
        try:
            self.article = hold_of(self.sheet.article)
        except Wrong as wrong:
            self.mistakes += wrong.mistakes
        key = self.record.slug if self.record else ""
        self.names = SheetNames(self.sheet, key, self.article)
        self._plan_rows()
        self._plan_passages()
        corrections = {f"{row.typed.place}/supersedes" for row in self.rows if row.stored}
        for problem in self.names.problems:
            place = problem.place
            if place in corrections:  # nobody typed that it corrects: another rung was chosen
                place = place.replace("/supersedes", "/rung")
            self.mistake(form_field(place), problem.reason)

    def mistake(self, name: str, reason: str) -> None:
        """Note what is wrong with a field, once."""
        if not any(noted.field == name for noted in self.mistakes):
            self.mistakes.append(Mistake(name, reason))

    def refuse_mistakes(self) -> None:
        """Wrong if there are any."""
        if self.mistakes:
            raise Wrong(self.mistakes)

    def check_state(self, why: str) -> None:
        """What is not done to a record of that state."""
        assert self.record
        if self.record.state == Record.State.WITHDRAWN:
            self.mistake("", gettext("the record was withdrawn"))
        taken_away = any(row.typed.gone for row in self.rows)
        if taken_away and not self.saves_over and not why.strip():
            self.mistake("why", gettext("say why a published statement is taken away"))

    @property
    def saves_over(self) -> bool:
        """Whether statements are altered in place rather than superseded."""
        return self.record is None or self.record.state in SAVED_OVER

    def similar(self) -> list[Any]:
        """Records that seem to be the same, the likeliest first."""
        title = self.sheet.about.get("title") or (self.record.title if self.record else "")
        taking_part = [r.said.fields for r in self.rows if r.said and r.said.model is Participation]
        countries = [fields["country"] for fields in taking_part if fields.get("country")]
        found = alike(title, self.sheet.type, countries) if title else []
        return [one for one in found if not self.record or one.record.pk != self.record.pk]

    # The record itself.

    def _plan_about(self) -> None:
        about, type_ = self.sheet.about, self.sheet.type
        if slugs := about.get("sectors"):
            known = {sector.slug: sector for sector in Sector.objects.all()}
            self.sectors = [known[slug] for slug in slugs if slug in known]
            if unknown := set(slugs) - known.keys():
                reason = gettext("unknown sector “%(name)s”")
                self.mistake("sectors", reason % {"name": min(unknown)})
        elif "sectors" in about:
            self.sectors = []
        new = self.record is None
        if new and about.get("title") and not slugify(about.get("slug") or about["title"]):
            self.mistake("slug", gettext("write an address in Latin letters"))
        required = ["title"] + ["kind"] * (type_ == "initiative") + ["series"] * (type_ == "summit")
        for name in required:
            if not about.get(name) and (new or name in about):
                self.mistake(name, gettext("this is missing"))
        if about.get("series") and not series_slug(about["series"]):
            self.mistake("series", gettext("the name has no letter"))
        if new and about.get("slug") and Record.objects.filter(slug=about["slug"]).exists():
            self.mistake("slug", gettext("another record has this address"))
        self._plan_ordinal()
        _check_columns(self, RECORD_MODELS[type_](**self._columns()), ("slug",) if new else ())

    def _columns(self) -> dict[str, Any]:
        """What was typed of the columns of the record's own table, but its address and series."""
        names: tuple[str, ...] = ("title", "summary", "aliases")
        names += {"initiative": ("kind",), "summit": ("ordinal",)}.get(self.sheet.type, ())
        about = self.sheet.about
        return {name: about[name] for name in names if name in about}

    def _plan_ordinal(self) -> None:
        about, stored = self.sheet.about, self.record
        if self.sheet.type != Record.Type.SUMMIT:
            return
        ordinal = about.get("ordinal", getattr(stored, "ordinal", None))
        name = about.get("series") or (stored.series.name if isinstance(stored, Summit) else "")
        same = Summit.objects.filter(series__slug=series_slug(name), ordinal=ordinal)
        others = same.exclude(pk=stored.pk) if stored else same
        other = others.first() if ordinal else None
        if other:
            reason = gettext("“%(other)s” is already number %(n)s of this series")
            self.mistake("ordinal", reason % {"other": other, "n": ordinal})

    def new_record(self, state: str) -> ConcreteRecord:
        """The record without its statements, written."""
        about = self.sheet.about
        columns = self._columns()
        if self.sheet.type == Record.Type.SUMMIT:
            columns["series"] = series_named(about["series"])
        slug = about.get("slug") or _free_slug(about["title"])
        return RECORD_MODELS[self.sheet.type].objects.create(slug=slug, state=state, **columns)

    # Its statements.

    def _plan_rows(self) -> None:
        keys = {row.key for (section, _), row in self.existing.items() if section == "money"}
        if self.record:
            keys |= set(Funding.objects.about(self.record).values_list("key", flat=True))
        for typed in self.sheet.rows:
            if typed.section not in ROWS_OF[self.sheet.type]:
                continue
            stored = self.existing.get((typed.section, typed.statement or 0))
            if typed.statement and stored is None:
                self.mistake(form_field(typed.place), gettext("it is not there any more"))
            elif typed.gone or not typed.values:
                self.rows.append(PlannedRow(typed, stored))
            else:
                self._plan_row(typed, stored, keys)
        self._check_wholes()
        money = [row.said for row in self.rows if row.said and row.said.model is Funding]
        if money:
            raw = self.names.own
            relate(self.names, Planned(raw, [], existing=self.record, statements=money))
        for row in self.rows:
            if row.said:
                self._check_fields(row.said)

    def _plan_row(self, typed: TypedRow, stored: Any, keys: set[str]) -> None:
        names, before = self.names, len(self.names.problems)
        data = in_news_format(names, typed, stored, keys)
        if stored and typed.section == "money" and not self.saves_over:
            data["supersedes"] = stored.key
        if len(names.problems) > before:
            return
        model, build = STATEMENTS[IN_NEWS.get(typed.section, typed.section)]
        if model is not Funding:
            fields = build(names, data, typed.place)
            self._add(typed, stored, PlannedStatement(model, typed.place, data, fields))
            return
        read, problems = read_amounts([data], "", names.printed_in)
        for problem in problems:
            names.problem(f"{typed.place}/{problem.place.split('/', 2)[-1]}", problem.reason)
        for n, (_place, row) in enumerate(read):
            there = stored if n == 0 else self._stored_money(row["key"])
            if n and there and not self.saves_over:
                row["supersedes"] = row["key"]
            said = PlannedStatement(model, typed.place, row, build(names, row, typed.place))
            self._add(typed, there, said)

    def _stored_money(self, key: str) -> Any:
        rows = (row for (section, _), row in self.existing.items() if section == "money")
        return next((row for row in rows if row.key == key), None)

    def _add(self, typed: TypedRow, stored: Any, said: PlannedStatement) -> None:
        if said.model is PartOf:
            self.names.own.data.setdefault("part_of", []).append(said.data)
        self.rows.append(PlannedRow(typed, stored, said))

    def _check_wholes(self) -> None:
        for row in self.rows:
            if row.said and row.said.model is PartOf:
                whole = row.said.data["record"]
                own = self.names.own.key
                if own and (whole == own or own in self.names.wholes_of(whole)):
                    reason = gettext("it would be part of itself")
                    self.names.problem(f"{row.said.place}/record", reason)

    def _check_fields(self, said: PlannedStatement) -> None:
        """What a column cannot hold: too long, no such choice."""
        columns = {
            name: value
            for name, value in said.fields.items()
            if not said.model._meta.get_field(name).is_relation
        }
        row = said.model(**columns)
        try:
            row.clean_fields(exclude=_all_but(said.model, columns))
        except ValidationError as error:
            for name, reasons in error.message_dict.items():
                self.names.problem(f"{said.place}/{name}", reasons[0])

    # What carries them.

    def _plan_passages(self) -> None:
        attaching = Attaching(self.article, "")
        for row in self.rows:
            if row.typed.gone:
                continue
            for reason in attaching.not_found(row.typed.passages or [], row.stored):
                self.mistake(f"{row.typed.place}-passage", reason)


def _all_but(model: type[models.Model], columns: Any) -> set[str]:
    return {f.name for f in model._meta.fields} - set(columns)


def _check_columns(plan: Plan, record: ConcreteRecord, more: tuple[str, ...]) -> None:
    checked = set(plan._columns())
    if "slug" in more and plan.sheet.about.get("slug"):
        record.slug = plan.sheet.about["slug"]
        checked.add("slug")
    try:
        record.clean_fields(exclude=_all_but(type(record), checked))
    except ValidationError as error:
        for name, reasons in error.message_dict.items():
            plan.mistake(name, reasons[0])


def _statements(record: Record) -> dict[tuple[str, int], Any]:
    return {
        (section, row.pk): row
        for section, model in SECTIONS.items()
        for row in model.objects.about(record).current().with_evidence()
    }


def _free_slug(title: str) -> str:
    """An address made from the title that no record has yet."""
    wanted = slugify(title)[:90].strip("-")
    found, n = wanted, 1
    while Record.objects.filter(slug=found).exists():
        n += 1
        found = f"{wanted}-{n}"
    return found


def series_named(name: str) -> SummitSeries:
    """The series of that name; it is made if there is none."""
    series, _created = SummitSeries.objects.get_or_create(
        slug=series_slug(name), defaults={"name": name}
    )
    return series


# --- Writing it ------------------------------------------------------------------------------------


class Writing:
    """Writes a plan without mistakes to its record, inside the change of a verb."""

    def __init__(self, plan: Plan, record: ConcreteRecord, by: Any, why: str) -> None:
        self.plan = plan
        self.record = record
        self.why = why
        self.attaching = Attaching(plan.article, public_name(by))
        self.organisations: dict[str, Organisation] = {}
        self.money: dict[str, Statement] = {}
        self.wrote = False
        self.places: dict[tuple[type, int], str] = {}  # where on the sheet a statement stands

    def write(self) -> None:
        """Write the descriptive text, then what is taken away, then what is said."""
        plan = self.plan
        lacked = {lack.what for lack in self._barring()}
        if plan.article and plan.article._state.adding:
            self.attaching.article = plan.article = _kept(plan.article)
            self.wrote = True
        self._write_about()
        for row in plan.rows:
            if row.typed.gone and row.stored:
                self._take_away(row)
        self.organisations = {raw.key: _new_organisation(raw.data) for raw in plan.names.new}
        for row in _originals_first(plan.rows):
            self._write_row(row)
        plan.refuse_mistakes()
        if self.wrote:
            derive(self.record)
            for lack in self._barring():
                if lack.what not in lacked:
                    plan.mistake(self._field(lack), lack.what)
            plan.refuse_mistakes()
            recount([self.record.pk])

    def _barring(self) -> list[Lack]:
        """What a record lacks that is published and should not be without it."""
        if self.record.state != Record.State.PUBLISHED:
            return []
        return [lack for lack in lacking(self.record) if lack.bars]

    def _field(self, lack: Lack) -> str:
        """The field of the sheet that would fill a lack; its rows are numbered as it was typed."""
        if lack.section == "about":
            return lack.anchor
        _section, _, row = lack.anchor.partition("-")
        number, _, name = row.partition("-")
        if not name:
            return ""
        statement = statements_by_section(self.record)[lack.section][int(number)]
        place = self.places.get((type(statement), statement.pk))
        return f"{place}-{name}" if place else ""

    def _write_about(self) -> None:
        plan, record = self.plan, self.record
        new = plan.record is None
        values = plan._columns()
        if isinstance(record, Summit) and plan.sheet.about.get("series"):
            values["series"] = series_named(plan.sheet.about["series"])
        if new or any(getattr(record, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(record, name, value)
            self.wrote = True  # `derive` saves it
        if plan.sectors is not None and set(plan.sectors) != set(record.sectors.all()):
            record.sectors.set(plan.sectors)
            self.wrote = True

    def _take_away(self, row: PlannedRow) -> None:
        self.wrote = True
        if not self.plan.saves_over:
            _retire(row.stored, self.why)
            return
        try:
            row.stored.delete()
        except ProtectedError:
            reason = gettext("other statements point at it: take those away first")
            self.plan.mistake(f"{row.typed.place}-gone", reason)

    def _write_row(self, row: PlannedRow) -> None:
        statement = self._statement(row)
        if isinstance(statement, Funding):
            self.money[statement.key] = statement
        if statement is None or not statement.pk:
            return
        typed = row.typed
        self.places[type(statement), statement.pk] = typed.place
        self.wrote |= self.attaching.attach(statement, row.stored, typed.passages, typed.claimant)
        touched = row.said is not None or typed.passages is not None
        if touched and not self.plan.saves_over and not _supported(statement):
            reason = gettext("a published record needs the words that carry this")
            self.plan.mistake(f"{typed.place}-passage", reason)

    def _statement(self, row: PlannedRow) -> Any:
        """The statement that the row says, written if it is another one than before."""
        stored, said = row.stored, row.said
        if said is None:
            return stored
        fields = {name: self._resolve(value) for name, value in said.fields.items()}
        model: Any = said.model
        new = model(record_id=self.record.pk, **fields)
        fingerprint = new.make_fingerprint()
        if stored and stored.fingerprint == fingerprint:
            return stored
        same = model.objects.about(self.record).current().filter(fingerprint=fingerprint)
        if same.exists():
            self.plan.mistake(form_field(said.place), gettext("this is stated already"))
            return None
        self.wrote = True
        if stored and self.plan.saves_over:
            if model is Funding and "supersedes" not in row.typed.values:
                del fields["supersedes"]
            for name, value in fields.items():
                setattr(stored, name, value)
            stored.save()
            return stored
        if stored:
            new.supersedes, new.chosen_because = stored, stored.chosen_because
        if new.supersedes and new.supersedes.retired_at is None:
            _retire(new.supersedes, self.why)
        new.save()
        return new

    def _resolve(self, value: Any) -> Any:
        """What a Reference or Sibling means, now that it has been written."""
        if isinstance(value, Sibling):
            return self.money[value.key]
        return self.organisations[value.key] if isinstance(value, Reference) else value


def _retire(statement: Any, why: str) -> None:
    statement.retired_at = timezone.now()
    statement.retired_because = (why or gettext("superseded by a later statement"))[:500]
    statement.save()


def _supported(statement: Any) -> bool:
    return statement.carried.filter(evidence__state=Evidence.State.ACCEPTED).exists()


def _originals_first(rows: list[PlannedRow]) -> list[PlannedRow]:
    """The rows that stay or are said, money before the money of the record that points at it."""
    left = [row for row in rows if not row.typed.gone]
    by_key = {row.said.data["key"]: row for row in left if row.said and row.said.model is Funding}
    needed = {
        key: {v.key for v in row.said.fields.values() if isinstance(v, Sibling)} - {key}
        for key, row in by_key.items()
        if row.said
    }
    ordered = [by_key[key] for key in TopologicalSorter(needed).static_order() if key in by_key]
    # Rows have no order but that of writing, which is that of the page.
    return [row for row in left if row not in ordered] + ordered


def _kept(article: Article) -> Article:
    """The article, stored under a key of its own."""
    wanted = slugify(article.title)[:80].strip("-") or "article"
    key, n = wanted, 1
    while Article.objects.filter(key=key).exists():
        n += 1
        key = f"{wanted}-{n}"
    article.key = key
    if article.publisher and article.publisher._state.adding:
        article.publisher.save()
        article.publisher = article.publisher  # its key is known only now
    article.save()
    return article


def _new_organisation(data: dict[str, Any]) -> Organisation:
    country = Country.objects.named(data["country"]) if data.get("country") else None
    made = Organisation.objects.create(
        slug=data["key"], name=data["name"], kind=data["kind"], country=country
    )
    OrganisationName.objects.create(organisation=made, name=made.name)
    return made
