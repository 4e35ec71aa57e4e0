"""Statements about money, the rates they are converted by, and what each of them counts for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from initiatives.funding.measures import MeasureName
from initiatives.funding.rollup import Reason, Recurs, Rung
from initiatives.intervals import Interval, IntervalFields
from initiatives.keys import in_database
from initiatives.missing import Missing
from initiatives.models import Carries, Initiative, Sector, Statement
from partners.dates import DayOf, PartialDateField
from partners.history.versions import keep_history
from partners.models import Country, Organisation

# What a row needs to say who gave what to whom, for select_related.
PARTIES = (
    "provider_country",
    "provider_organisation",
    "recipient_country",
    "recipient_organisation",
)


# An amount must be less than this, over all its years, so that its cents fit the ledger.
MOST = 10**16


class Instrument(models.TextChoices):
    """The form in which money is given."""

    GRANT = "grant", _("grant")
    LOAN = "loan", _("loan")
    FDI = "fdi", _("foreign direct investment")
    EQUITY = "equity", _("equity")
    IN_KIND = "in-kind", _("in kind")
    COST_SHARE = "cost-share", _("cost share")


class Funding(IntervalFields, Statement):
    """One statement about money: an interval in one currency, on one rung.

    A statement without an amount says why in `missing`. `restates` and `supersedes` point at other
    rows of the same initiative, `part_of` also at one of an initiative that this one is part of;
    `out_of_scope` says why money that is stated is not money of this initiative.
    """

    VALUES = (
        "key",
        "low",
        "high",
        "qualifier",
        "currency",
        "words",
        "missing",
        "rung",
        "purpose",
        "provider_country",
        "provider_organisation",
        "recipient_country",
        "recipient_organisation",
        "instruments",
        "sector",
        "period",
        "recurs",
        "restates",
        "part_of",
        "out_of_scope",
    )
    SLOT = ("key",)

    record = models.ForeignKey(Initiative, models.CASCADE, related_name="funding")
    key = models.SlugField(_("key"), max_length=100)
    currency = models.CharField(_("currency (ISO 4217)"), max_length=3, blank=True)
    currency_said = models.CharField(
        _("currency as said"), max_length=500, blank=True, help_text=_("where it is a judgement")
    )
    missing = models.CharField(_("why no amount"), max_length=16, choices=Missing, blank=True)
    rung = models.CharField(_("rung"), max_length=12, choices=Rung)
    purpose = models.CharField(_("what for"), max_length=500, blank=True)
    sector = models.ForeignKey(Sector, models.PROTECT, null=True, blank=True, related_name="+")
    provider_country = models.ForeignKey(
        Country, models.PROTECT, null=True, blank=True, related_name="funding_provided"
    )
    provider_organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="funding_provided"
    )
    recipient_country = models.ForeignKey(
        Country, models.PROTECT, null=True, blank=True, related_name="funding_received"
    )
    recipient_organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="funding_received"
    )
    instruments = models.JSONField(_("instruments"), default=list, blank=True)
    period = PartialDateField(_("period"))
    period_earliest = DayOf("period", "earliest")
    period_latest = DayOf("period", "latest")
    recurs = models.CharField(_("recurs"), max_length=10, choices=Recurs, default=Recurs.ONCE)
    restates = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="restatements"
    )
    part_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="parts")
    out_of_scope = models.CharField(_("why out of scope"), max_length=500, blank=True)

    class Meta(Statement.Meta):
        verbose_name = _("funding")
        verbose_name_plural = _("funding")
        constraints = [
            *Statement.Meta.constraints,
            *IntervalFields.Meta.constraints,
            models.CheckConstraint(
                condition=Q(low__isnull=False, missing="") & ~Q(currency="")
                | Q(low=None, high=None, currency="") & ~Q(missing=""),
                name="funding_amount_or_reason",
            ),
            models.CheckConstraint(
                condition=(Q(provider_country=None) | Q(provider_organisation=None))
                & (Q(recipient_country=None) | Q(recipient_organisation=None)),
                name="funding_parties_single",
            ),
            models.CheckConstraint(
                condition=(Q(restates=None) | ~Q(restates=F("id")))
                & (Q(part_of=None) | ~Q(part_of=F("id"))),
                name="funding_not_of_itself",
            ),
            models.CheckConstraint(
                condition=(Q(low=None) | Q(low__lt=MOST)) & (Q(high=None) | Q(high__lt=MOST)),
                name="funding_countable",
            ),
        ]

    def __str__(self) -> str:
        return self.words or self.get_missing_display()

    def details(self, text: str) -> Iterator[str]:
        """First the currency, how far the money has come, and from whom to whom."""
        if self.currency and self.currency not in text:
            yield self.currency
        yield str(self.get_rung_display())
        if self.recurs != Recurs.ONCE:
            yield str(self.get_recurs_display())
        named = {
            "provider": gettext("from %(name)s"),
            "recipient": gettext("to %(name)s"),
            "sector": gettext("sector %(name)s"),
            "public_whole": gettext("part of “%(name)s”"),
            "restates": gettext("restates “%(name)s”"),
        }
        for name, words in named.items():
            try:
                there = getattr(self, name)
            except ObjectDoesNotExist:
                there = gettext("something that is no longer there")
            if there:
                yield words % {"name": there}
        yield from super().details(f"{text} {self.currency}")

    def as_values(self) -> dict[str, Any]:
        """The values by field; money of another initiative is named with that initiative."""
        values = super().as_values()
        if self.part_of and not self._of_its_own(self.part_of):
            values["part_of"] = f"{self.part_of.record.slug}#{self.part_of.key}"
        return values

    def _of_its_own(self, other: Funding) -> bool:
        """Whether the other is money of the same initiative, which may have no number yet."""
        if self.record_id is None or other.record_id is None:
            return self.record is other.record
        return self.record_id == other.record_id

    def public_values(self) -> dict[str, Any]:
        """The values without a whole that is not published."""
        return self.as_values() | ({} if self.public_whole else {"part_of": None})

    @property
    def public_whole(self) -> Funding | None:
        """What it is part of, if anyone may read that."""
        whole = self.part_of
        if whole and (self._of_its_own(whole) or whole.record.state == "published"):
            return whole
        return None

    @property
    def provider(self) -> Country | Organisation | None:
        """Who gives."""
        return self.provider_country or self.provider_organisation

    @property
    def recipient(self) -> Country | Organisation | None:
        """Who receives."""
        return self.recipient_country or self.recipient_organisation

    @property
    def instrument_names(self) -> list[str]:
        """The instruments in words."""
        return [str(Instrument(value).label) for value in self.instruments]


class FundingCarries(Carries):
    """One passage carrying one statement about money."""

    statement = models.ForeignKey(Funding, models.CASCADE, related_name="carried")


class ExchangeRate(models.Model):
    """How much of a currency one US dollar was on average in a year, and who says so."""

    currency = models.CharField(_("currency (ISO 4217)"), max_length=3)
    year = models.PositiveSmallIntegerField(_("year"))
    per_usd = models.DecimalField(_("for one US dollar"), max_digits=24, decimal_places=12)
    source = models.CharField(_("source"), max_length=200)
    vintage = models.CharField(_("vintage"), max_length=100)

    class Meta:
        ordering = ["currency", "year"]
        constraints = [models.UniqueConstraint(fields=["currency", "year"], name="rate_once")]

    def __str__(self) -> str:
        return f"{self.currency} {self.year}: {self.per_usd.normalize():f}"


class UsDeflator(models.Model):
    """The US GDP deflator of a year, 2017 = 100, and who says so."""

    year = models.PositiveSmallIntegerField(_("year"), unique=True)
    index = models.DecimalField(_("index"), max_digits=24, decimal_places=12)
    source = models.CharField(_("source"), max_length=200)
    vintage = models.CharField(_("vintage"), max_length=100)

    class Meta:
        ordering = ["year"]
        verbose_name = _("US deflator")

    def __str__(self) -> str:
        return f"{self.year}: {self.index.normalize():f}"


class BaseYear(models.Model):
    """A single row: of which year the constant US dollars in the ledger are."""

    year = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return str(self.year)

    @classmethod
    def current(cls) -> int:
        """The year; the one of the settings while nothing was counted yet."""
        found = cls.objects.filter(pk=1).values_list("year", flat=True).first()
        return found or settings.CONSTANT_USD_YEAR


class EntryQuerySet(models.QuerySet["Entry"]):
    """Questions about the ledger."""

    def of(self, records: Iterable[int]) -> EntryQuerySet:
        """Entries of some initiatives, by their keys."""
        return self.filter(record__in=in_database(records))

    def counted(self) -> EntryQuerySet:
        """Those that count."""
        return self.filter(reason="")


class Entry(models.Model):
    """One line of the ledger: what a statement counts for in one measure and one year, or why not.

    Written by `initiatives.funding.counting` alone, in the transaction that wrote the statement.
    Amounts are whole cents, so that sums are exact in every database. `high` is empty where open,
    `low` where nothing is counted; an entry that is in its parts keeps what may be left of it.
    Beside the statement named in `inside`, `spread` of the high is counted there already.
    """

    statement = models.ForeignKey(Funding, models.CASCADE, related_name="entries")
    record = models.ForeignKey(Initiative, models.CASCADE, related_name="entries")
    measure = models.CharField(max_length=8, choices=MeasureName)
    currency = models.CharField(max_length=3, blank=True)
    rung = models.CharField(max_length=12, choices=Rung)
    year = models.PositiveSmallIntegerField(null=True)
    low = models.BigIntegerField(null=True)
    high = models.BigIntegerField(null=True)
    spread = models.BigIntegerField(default=0)
    inside = models.ForeignKey(Funding, models.CASCADE, null=True, related_name="entries_inside")
    reason = models.CharField(max_length=16, choices=Reason, blank=True)
    disputed = models.BooleanField(default=False)
    rate = models.ForeignKey(ExchangeRate, models.SET_NULL, null=True, related_name="+")

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = _("entries")
        indexes = [
            models.Index(fields=["measure", "rung", "reason", "record"], name="entry_sums"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["statement", "measure", "year"], name="entry_once"),
            # No year is not equal to no year, in SQL.
            models.UniqueConstraint(
                fields=["statement", "measure"], condition=Q(year=None), name="entry_undated_once"
            ),
            models.CheckConstraint(
                condition=~Q(reason="") | Q(low__isnull=False), name="entry_amount_or_reason"
            ),
            models.CheckConstraint(
                condition=Q(high=None) | Q(low__isnull=False, low__lte=F("high")),
                name="entry_low_within_high",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.statement_id} {self.measure} {self.year or ''}"

    @property
    def amount(self) -> Interval | None:
        """What it counts for, in units of its currency."""
        if self.low is None:
            return None
        return Interval(
            Decimal(self.low) / 100, None if self.high is None else Decimal(self.high) / 100
        )


class Axis(models.TextChoices):
    """What charts put money under, beside the year."""

    BLOC = "bloc", _("bloc")
    SECTOR = "sector", _("sector")
    COUNTRY = "country", _("partner country")
    INSTRUMENT = "instrument", _("instrument")
    PROVIDER = "provider", _("provider")
    RECIPIENT = "recipient", _("recipient")


class Place(models.Model):
    """Where a statement stands on one axis. Of several places it is shared, and not split."""

    statement = models.ForeignKey(Funding, models.CASCADE, related_name="places")
    axis = models.CharField(max_length=10, choices=Axis)
    value = models.CharField(max_length=100)
    shared = models.BooleanField(default=False)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["statement", "axis", "value"], name="place_once")
        ]
        indexes = [models.Index(fields=["axis", "value"], name="place_bars")]

    def __str__(self) -> str:
        return f"{self.axis}: {self.value}"


keep_history(Funding, FundingCarries, ExchangeRate, UsDeflator, BaseYear, Entry, Place)
