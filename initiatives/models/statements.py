"""Statements: rows that carry a fact, each with the passages that say it.

A statement is never edited once its record is published: it is retired, or superseded by another,
so that what was known on any day can be asked for.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from initiatives.intervals import IntervalFields
from initiatives.ladder import Status
from initiatives.models.evidence import Evidence
from partners.dates import DayOf, PartialDate, PartialDateField
from partners.models import Bloc, Country, Organisation


class StatementQuerySet(models.QuerySet):
    """Questions about statements of any kind."""

    def about(self, record: models.Model) -> StatementQuerySet:
        """Those about one record."""
        return self.filter(record=record.pk)

    def current(self) -> StatementQuerySet:
        """Those that hold now."""
        return self.filter(retired_at=None)

    def unsupported(self) -> StatementQuerySet:
        """Those that no accepted passage carries."""
        return self.exclude(carried__evidence__state=Evidence.State.ACCEPTED)

    def published(self) -> StatementQuerySet:
        """Those that hold now, about records that anyone may read."""
        return self.current().filter(record__state="published")

    def at(self, moment: dt.datetime) -> StatementQuerySet:
        """Those that Accord held at `moment`."""
        return self.filter(Q(retired_at=None) | Q(retired_at__gt=moment), recorded_at__lte=moment)

    def superseded(self) -> StatementQuerySet:
        """Those that a later statement has corrected."""
        return self.filter(retired_at__isnull=False, superseded_by__isnull=False).distinct()

    def naming_published(self) -> StatementQuerySet:
        """Those that name no record that is not published."""
        named = cast(Any, self.model).NAMES
        return self.filter(**{f"{named}__state": "published"}) if named else self

    def with_evidence(self) -> StatementQuerySet:
        """With their passages and articles, in three queries however many statements there are."""
        return self.prefetch_related("carried__evidence__article__publisher")


class Statement(models.Model):
    """What every fact-carrying row has. Subclasses name their values and their slot.

    VALUES are the fields that are facts; SLOT those of them that say what the fact is about. Two
    current statements with one slot and different values contradict each other. NAMES is the field
    that names another record, if there is one.
    """

    VALUES: ClassVar[tuple[str, ...]] = ()
    SLOT: ClassVar[tuple[str, ...]] = ()
    NAMES: ClassVar[str] = ""

    recorded_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)
    retired_because = models.CharField(max_length=500, blank=True)
    supersedes = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    # Of several that contradict each other, the one that Accord goes by, and why.
    chosen_because = models.CharField(max_length=500, blank=True, editable=False)
    fingerprint = models.CharField(max_length=64, editable=False)

    objects = StatementQuerySet.as_manager()

    if TYPE_CHECKING:  # every subclass has these, each to tables of its own
        record: Any
        record_id: int
        carried: Any

    class Meta:
        abstract = True
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["record", "fingerprint"],
                condition=Q(retired_at=None),
                name="%(class)s_said_once",
            ),
            models.CheckConstraint(
                condition=Q(retired_at=None) | Q(recorded_at__lte=F("retired_at")),
                name="%(class)s_retired_after_recorded",
            ),
        ]

    def save(self, *args, **kwargs) -> None:
        self.fill_in()
        super().save(*args, **kwargs)

    def fill_in(self) -> None:
        """Set the column that follows from others; whoever writes many at once does it for each."""
        self.fingerprint = self.make_fingerprint()

    def make_fingerprint(self) -> str:
        """A hash of the values: equal for two rows that say the same of their record."""
        return hashlib.sha256(json.dumps(self.as_values(), sort_keys=True).encode()).hexdigest()

    @classmethod
    def record_model(cls) -> type[models.Model]:
        """The model of the records that such a statement is about."""
        return cast(Any, cls)._meta.get_field("record").related_model

    @classmethod
    def carries_model(cls) -> Any:
        """The model that says which passages carry such a statement."""
        return cast(Any, cls)._meta.get_field("carried").related_model

    @property
    def slot(self) -> tuple:
        """What the statement is about, comparable within one record and kind."""
        return tuple(stable(getattr(self, name)) for name in self.SLOT)

    def as_values(self) -> dict[str, Any]:
        """The values by field, as JSON that does not change between databases."""
        return {name: stable(getattr(self, name)) for name in self.VALUES}

    def public_values(self) -> dict[str, Any]:
        """The values as anyone may read them: no word of records that are not published."""
        return self.as_values()

    def in_full(self) -> str:
        """What it prints as, and which of its values that does not show; for every reader.

        A row that it names may be gone, as in an old version of it.
        """
        try:
            text = str(self)
        except ObjectDoesNotExist:
            text = gettext("something that is no longer there")
        more = ", ".join(self.details(text))
        return f"{text} ({more})" if more else text

    def details(self, text: str) -> Iterator[str]:
        """The values that `text` does not show, each in words; what is named shows in it."""
        for name in self.VALUES:
            field: Any = self._meta.get_field(name)
            if field.is_relation or field.choices or name in ("key", "low", "high"):
                continue
            value = getattr(self, name)
            if value is None or value == "" or value == []:
                continue
            said = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
            if said not in text:
                yield f"{field.verbose_name} {said}"


def stable(value: Any) -> Any:
    """`value` as JSON that does not change between databases: codes and slugs, not row numbers."""
    if value is None or type(value) in (str, bool, int):  # nearly all
        return value
    if isinstance(value, PartialDate):
        return value.text
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, Country):
        return value.iso3
    if isinstance(value, Statement):
        return value.key  # type: ignore[attr-defined]
    if isinstance(value, models.Model):
        return value.slug  # type: ignore[attr-defined]
    return value


def statement_models() -> list[type[Statement]]:
    """Every kind of statement, those of apps above this one too."""
    return sorted(Statement.__subclasses__(), key=lambda model: model.__name__)


def disputed_slots(statements: Iterable[Statement]) -> set[tuple]:
    """The slots of which the statements, all of one record and kind, say different things."""
    said: dict[tuple, set[str]] = defaultdict(set)
    for statement in statements:
        said[statement.slot].add(statement.fingerprint)
    return {slot for slot, fingerprints in said.items() if len(fingerprints) > 1}


class Carries(models.Model):
    """One passage carrying one statement: all its values, or those named."""

    evidence = models.ForeignKey(Evidence, models.PROTECT, related_name="+")
    values = models.JSONField(default=list, help_text=_("names of the values; empty: all"))

    class Meta:
        abstract = True
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["statement", "evidence"], name="%(class)s_once")
        ]


class Participation(Statement):
    """A country, organisation or person taking part in a record, in a role."""

    class Role(models.TextChoices):
        LEAD = "lead", _("lead")
        FOUNDER = "founder", _("founder")
        MEMBER = "member", _("member")
        FUNDER = "funder", _("funder")
        HOST = "host", _("host")
        IMPLEMENTER = "implementer", _("implementer")
        ATTENDEE = "attendee", _("attendee")

    VALUES = ("country", "organisation", "person", "role", "since", "until", "place")
    SLOT = ("country", "organisation", "person", "role")

    record = models.ForeignKey("initiatives.Record", models.CASCADE, related_name="participations")
    country = models.ForeignKey(
        Country, models.PROTECT, null=True, blank=True, related_name="participations"
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="participations"
    )
    person = models.CharField(_("person"), max_length=500, blank=True)
    role = models.CharField(_("role"), max_length=12, choices=Role)
    since = PartialDateField(_("since"))
    since_earliest = DayOf("since", "earliest")
    since_latest = DayOf("since", "latest")
    until = PartialDateField(_("until"))
    until_earliest = DayOf("until", "earliest")
    until_latest = DayOf("until", "latest")
    place = models.CharField(_("place"), max_length=500, blank=True)

    class Meta(Statement.Meta):
        constraints = [
            *Statement.Meta.constraints,
            models.CheckConstraint(
                condition=Q(country=None) | Q(organisation=None),
                name="participation_country_or_organisation",
            ),
            models.CheckConstraint(
                condition=~Q(country=None, organisation=None, person=""),
                name="participation_of_somebody",
            ),
            models.CheckConstraint(
                condition=Q(since_earliest=None)
                | Q(until_latest=None)
                | Q(since_earliest__lte=F("until_latest")),
                name="participation_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        who = str(self.organisation or self.country or "")
        names = f"{self.person} ({who})" if self.person and who else self.person or who
        return f"{names}, {self.get_role_display()}"


class StatusStep(Statement):
    """One step of an initiative on its ladder."""

    VALUES = ("status", "date")
    SLOT = ("status",)

    record = models.ForeignKey("initiatives.Initiative", models.CASCADE, related_name="steps")
    status = models.CharField(_("status"), max_length=12, choices=Status)
    date = PartialDateField(_("date"))
    date_earliest = DayOf("date", "earliest")
    date_latest = DayOf("date", "latest")

    def __str__(self) -> str:
        return f"{self.get_status_display()} {self.date or ''}".strip()


class KeyDate(Statement):
    """When an alliance was founded, or a summit was or is to be held."""

    class Event(models.TextChoices):
        FOUNDED = "founded", _("founded")
        HELD = "held", _("held")
        PLANNED = "planned", _("planned")

    VALUES = ("event", "date")
    SLOT = ("event",)

    record = models.ForeignKey("initiatives.Record", models.CASCADE, related_name="key_dates")
    event = models.CharField(_("event"), max_length=12, choices=Event)
    date = PartialDateField(_("date"), blank=False)
    date_earliest = DayOf("date", "earliest")
    date_latest = DayOf("date", "latest")

    def __str__(self) -> str:
        return f"{self.get_event_display()} {self.date}"


class Figure(IntervalFields, Statement):
    """A quantity that is not money: 50 joint laboratories, 800,000 enterprises."""

    VALUES = ("key", "what", "low", "high", "qualifier", "unit", "date", "words")
    SLOT = ("key", "date")

    record = models.ForeignKey("initiatives.Record", models.CASCADE, related_name="figures")
    key = models.SlugField(_("key"), max_length=100)
    what = models.CharField(_("what was counted"), max_length=500)
    unit = models.CharField(_("unit"), max_length=500)
    date = PartialDateField(_("date"))
    date_earliest = DayOf("date", "earliest")
    date_latest = DayOf("date", "latest")

    class Meta(Statement.Meta):
        constraints = [*Statement.Meta.constraints, *IntervalFields.Meta.constraints]

    def __str__(self) -> str:
        return f"{self.what}: {self.words}"


class Label(models.Model):
    """An official name that several initiatives bear: Belt and Road, Digital Silk Road."""

    slug = models.SlugField(_("slug"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=200, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Labelling(Statement):
    """An initiative is officially called so."""

    VALUES = SLOT = ("label",)

    record = models.ForeignKey("initiatives.Initiative", models.CASCADE, related_name="labellings")
    label = models.ForeignKey(Label, models.PROTECT, related_name="labellings")

    def __str__(self) -> str:
        return str(self.label)


class Framework(Statement):
    """A record is run under a bloc."""

    VALUES = SLOT = ("bloc",)

    record = models.ForeignKey("initiatives.Record", models.CASCADE, related_name="frameworks")
    bloc = models.ForeignKey(Bloc, models.PROTECT, related_name="frameworks")

    def __str__(self) -> str:
        return str(self.bloc)


class PartOf(Statement):
    """An initiative is part of another."""

    VALUES = SLOT = ("whole",)
    NAMES = "whole"

    record = models.ForeignKey("initiatives.Initiative", models.CASCADE, related_name="wholes")
    whole = models.ForeignKey("initiatives.Initiative", models.PROTECT, related_name="parts")

    class Meta(Statement.Meta):
        constraints = [
            *Statement.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(record=F("whole")), name="part_of_another_than_itself"
            ),
        ]

    def __str__(self) -> str:
        return str(self.whole)


class Outcome(Statement):
    """What a summit did for an initiative."""

    class Verb(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        ADOPTED = "adopted", _("adopted")
        ADVANCED = "advanced", _("advanced")
        FUNDED = "funded", _("funded")

    VALUES = ("initiative", "verb")
    SLOT = ("initiative",)
    NAMES = "initiative"

    record = models.ForeignKey("initiatives.Summit", models.CASCADE, related_name="outcomes")
    initiative = models.ForeignKey(
        "initiatives.Initiative", models.PROTECT, related_name="outcomes_of"
    )
    verb = models.CharField(_("verb"), max_length=12, choices=Verb)

    def __str__(self) -> str:
        return f"{self.get_verb_display()}: {self.initiative}"


class ParticipationCarries(Carries):
    statement = models.ForeignKey(Participation, models.CASCADE, related_name="carried")


class StatusStepCarries(Carries):
    statement = models.ForeignKey(StatusStep, models.CASCADE, related_name="carried")


class KeyDateCarries(Carries):
    statement = models.ForeignKey(KeyDate, models.CASCADE, related_name="carried")


class FigureCarries(Carries):
    statement = models.ForeignKey(Figure, models.CASCADE, related_name="carried")


class LabellingCarries(Carries):
    statement = models.ForeignKey(Labelling, models.CASCADE, related_name="carried")


class FrameworkCarries(Carries):
    statement = models.ForeignKey(Framework, models.CASCADE, related_name="carried")


class PartOfCarries(Carries):
    statement = models.ForeignKey(PartOf, models.CASCADE, related_name="carried")


class OutcomeCarries(Carries):
    statement = models.ForeignKey(Outcome, models.CASCADE, related_name="carried")


def public_passages() -> models.QuerySet[Evidence]:
    """Accepted passages that carry, or carried, something about a published record.

    What names another record that is not published is not public.
    """
    carrying = Q()
    for here in _carrying_published():
        carrying |= Q(Exists(here.filter(evidence=OuterRef("pk"))))
    return Evidence.objects.filter(carrying, state=Evidence.State.ACCEPTED)


def all_public_articles() -> models.QuerySet:
    """The keys of the articles of such passages: to read all of them at once."""
    keys = [
        here.filter(evidence__state=Evidence.State.ACCEPTED).order_by().values("evidence__article")
        for here in _carrying_published()
    ]
    return keys[0].union(*keys[1:])


def _carrying_published() -> Iterator[models.QuerySet]:
    for kind in statement_models():
        here = kind.carries_model().objects.filter(statement__record__state="published")
        if kind.NAMES:
            here = here.filter(**{f"statement__{kind.NAMES}__state": "published"})
        yield here
