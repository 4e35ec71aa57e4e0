"""Statements about money."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from initiatives.funding.rollup import Recurs, Rung
from initiatives.intervals import IntervalFields
from initiatives.missing import Missing
from initiatives.models import Carries, Initiative, Sector, Statement
from partners.dates import DayOf, PartialDateField
from partners.models import Country, Organisation

# What a row needs to say who gave what to whom, for select_related.
PARTIES = (
    "provider_country",
    "provider_organisation",
    "recipient_country",
    "recipient_organisation",
)


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

    A statement without an amount says why in `missing`. `restates` and `part_of` point at other
    rows of the same initiative; `out_of_scope` says why money that is stated is not money of this
    initiative.
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
        ]

    def __str__(self) -> str:
        return self.words or self.get_missing_display()

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
