"""The three kinds of record: initiatives, alliances and summits, with what they share.

They share one table, `Record`, because they share one life: one address that never changes, one
publication state, one list of statements about them, one place in search and in an import.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from initiatives.ladder import Status
from initiatives.models.statements import Participation
from partners.dates import DayOf, PartialDateField
from partners.history.moment import address_of
from partners.history.versions import versions
from partners.models import Country
from partners.names import fold


class Sector(models.Model):
    """What a record is about, in our own words; the official names are labels."""

    slug = models.SlugField(_("slug"), unique=True)
    name = models.CharField(_("name"), max_length=100, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class RecordQuerySet(models.QuerySet["Record"]):
    """Questions that can be asked of every kind of record."""

    def published(self) -> RecordQuerySet:
        """What anyone may read."""
        return self.filter(state=Record.State.PUBLISHED)

    def readable(self) -> RecordQuerySet:
        """What has a page for anyone: published, or withdrawn after it was."""
        before = versions()[Record].objects.filter(row=OuterRef("pk"), state=Record.State.PUBLISHED)
        withdrawn = Q(state=Record.State.WITHDRAWN) & Exists(before)
        return self.filter(Q(state=Record.State.PUBLISHED) | withdrawn)

    def with_country(self, countries: Iterable[Country]) -> RecordQuerySet:
        """Those in which one of the countries takes part, itself or through an organisation."""
        taking_part = Participation.objects.current().filter(
            Q(country__in=countries) | Q(organisation__country__in=countries)
        )
        return self.filter(pk__in=taking_part.values("record"))

    def called(self, title: str) -> RecordQuerySet:
        """Those with that title, in capitals or not: by an index."""
        return self.alias(capitals=Upper("title")).filter(capitals=Upper(Value(title)))

    def mentioning(self, text: str) -> RecordQuerySet:
        """Those that have every word of `text` in title, other names or summary."""
        chosen = self
        for word in fold(text).split():
            chosen = chosen.filter(search_text__contains=word)
        return chosen if fold(text) else self.none()

    def newest_first(self) -> RecordQuerySet:
        """By beginning, the latest first, those without a date last; of one day, the last entered."""
        return self.order_by(F("began_earliest").desc(nulls_last=True), "-pk")

    def recently_changed(self) -> RecordQuerySet:
        """Latest change first."""
        return self.order_by("-changed_at", "pk")


class Record(models.Model):
    """What initiatives, alliances and summits have in common."""

    class Type(models.TextChoices):
        INITIATIVE = "initiative", _("initiative")
        ALLIANCE = "alliance", _("alliance")
        SUMMIT = "summit", _("summit")

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        IN_REVIEW = "in-review", _("in review")
        PUBLISHED = "published", _("published")
        WITHDRAWN = "withdrawn", _("withdrawn")

    type = models.CharField(max_length=12, choices=Type, editable=False)
    slug = models.SlugField(_("slug"), max_length=100, unique=True)
    title = models.CharField(_("title"), max_length=500)
    aliases = models.JSONField(_("other names"), default=list, blank=True)
    summary = models.TextField(_("summary"), blank=True)
    sectors = models.ManyToManyField(Sector, blank=True, related_name="records")
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.DRAFT)
    # Why it was taken back, and where its readers are sent: withdrawn records keep their address.
    withdrawn_because = models.TextField(_("why it was withdrawn"), blank=True, editable=False)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="merged"
    )
    # The day on which an editor last found that it still holds.
    confirmed_on = models.DateField(_("confirmed on"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)

    # Derived from the statements by `initiatives.derive`, in the transaction that wrote them.
    began = PartialDateField(_("began"), editable=False)
    began_earliest = DayOf("began", "earliest", db_index=True)
    began_latest = DayOf("began", "latest")
    began_disputed = models.BooleanField(_("beginning disputed"), default=False, editable=False)
    search_text = models.TextField(editable=False, default="")

    objects = RecordQuerySet.as_manager()

    class Meta:
        ordering = ["title"]
        indexes = [
            models.Index(fields=["type", "state", "began_earliest"], name="record_browse"),
            # Lists are walked in these orders, of all types together. With the state first, which
            # nearly all share, SQLite would take them for a way to a few rows.
            models.Index(fields=["title", "id", "state"], name="record_by_title"),
            models.Index(fields=["-changed_at", "id", "state"], name="record_by_change"),
            models.Index(Upper("title"), name="record_called"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(merged_into=None) | Q(state="withdrawn"),
                name="record_merged_is_withdrawn",
            ),
            models.CheckConstraint(
                condition=~Q(merged_into=F("pk")), name="record_merged_into_another"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args, **kwargs) -> None:
        self.fill_in()
        super().save(*args, **kwargs)

    def fill_in(self) -> None:
        """Set the columns that follow from others; whoever writes many at once does it for each."""
        if self._meta.model_name in Record.Type.values:
            self.type = self._meta.model_name
        self.search_text = self.make_search_text()

    def make_search_text(self) -> str:
        """Everything by which the record is found, as `mentioning` looks for it."""
        return fold(" ".join([self.title, *self.aliases, self.summary]))

    def get_absolute_url(self) -> str:
        return address_of(self.type, self.slug)

    def concrete(self) -> ConcreteRecord:
        """The initiative, alliance or summit that it is, read anew."""
        return RECORD_MODELS[self.type].objects.get(pk=self.pk)

    @property
    def merged_at_last(self) -> Record:
        """The record into which it was merged in the end; itself if it was not merged."""
        record: Record = self
        passed = {self.pk}
        while record.merged_into is not None and record.merged_into_id not in passed:
            record = record.merged_into
            passed.add(record.pk)
        return record

    @property
    def countries_now(self) -> list[Country]:
        """Countries that take part, each once, themselves or through an organisation: one query."""
        taking_part = self.participations.current().select_related(
            "country", "organisation__country"
        )
        found = (p.country or (p.organisation and p.organisation.country) for p in taking_part)
        return sorted({c for c in found if c}, key=lambda country: country.english_name)


class Initiative(Record):
    """A programme, project, agreement ... through which countries build technology together."""

    class Kind(models.TextChoices):
        PROGRAMME = "programme", _("programme")
        PROJECT = "project", _("project")
        AGREEMENT = "agreement", _("agreement")
        PLATFORM = "platform", _("platform")
        FRAMEWORK = "framework", _("framework")
        FUND = "fund", _("fund")
        NETWORK = "network", _("network")
        JOINT_LABORATORY = "joint-laboratory", _("joint laboratory")

    kind = models.CharField(_("kind"), max_length=20, choices=Kind, db_index=True)
    # Derived: where it stands on the ladder; empty where no step is known.
    status = models.CharField(
        _("status"), max_length=12, choices=Status, blank=True, editable=False, db_index=True
    )


class Alliance(Record):
    """A body of organisations: founded when, by whom, hosted where, with which members."""


class SummitSeries(models.Model):
    """The row of meetings a summit belongs to: BRICS Summit, Belt and Road Forum ..."""

    name = models.CharField(_("name"), max_length=500, unique=True)
    slug = models.SlugField(_("slug"), max_length=500, unique=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = _("summit series")

    def __str__(self) -> str:
        return self.name


class Summit(Record):
    """A meeting of any rank in a series, with what it adopted, advanced or funded."""

    series = models.ForeignKey(SummitSeries, models.PROTECT, related_name="summits")
    ordinal = models.PositiveSmallIntegerField(_("ordinal"), null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "ordinal"], name="summit_ordinal_once")
        ]


ConcreteRecord = Initiative | Alliance | Summit
RECORD_MODELS: dict[str, type[ConcreteRecord]] = {
    Record.Type.INITIATIVE: Initiative,
    Record.Type.ALLIANCE: Alliance,
    Record.Type.SUMMIT: Summit,
}
