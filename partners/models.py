"""Who takes part: countries, blocs with dated memberships, organisations.

Reference data. Each bloc and, where it differs, each membership names the source it was taken from.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from babel import Locale
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from partners.dates import DayOf, PartialDateField
from partners.history.changes import Change, DataVersion
from partners.history.moment import address_of, today
from partners.history.versions import keep_history
from partners.names import UnknownName, fold


class Source(models.Model):
    """A page or data set from which reference data was taken."""

    key = models.SlugField(_("key"), max_length=100, unique=True)
    title = models.CharField(_("title"), max_length=300)
    publisher = models.CharField(_("publisher"), max_length=200, blank=True)
    url = models.URLField(_("address"), max_length=1000, blank=True)
    note = models.TextField(_("what was taken from it"), blank=True)

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class CountryQuerySet(models.QuerySet["Country"]):
    """Questions about countries."""

    def named(self, name: str) -> Country:
        """The country called `name`; UnknownName if there is none.

        Understood are alpha-2 and alpha-3 codes in capitals, CLDR names and the aliases of the
        reference data.
        """
        found = self.called([name])
        if name not in found:
            raise UnknownName(gettext("unknown country “%(name)s”") % {"name": name})
        return found[name]

    def called(self, names: Iterable[str]) -> dict[str, Country]:
        """The countries that are called so, by those of the names that one has: two queries."""
        folded = {name: fold(name) for name in names}
        codes = {name: name.strip() for name in folded}
        codes = {name: c for name, c in codes.items() if c.isascii() and c.isupper()}
        known = CountryName.objects.filter(folded__in=set(folded.values()), country__in=self)
        by_name = {row.folded: row.country for row in known.select_related("country")}
        by_code: dict[str, Country] = {}
        if codes:
            coded = set(codes.values())
            for country in self.filter(Q(iso3__in=coded) | Q(iso2__in=coded)):
                by_code |= {country.iso3: country, country.iso2: country}
        found = {
            name: by_code.get(codes.get(name, "")) or by_name.get(folded[name]) for name in folded
        }
        return {name: country for name, country in found.items() if country}

    def members_of(self, blocs: Iterable[Bloc], at: dt.date | None = None) -> CountryQuerySet:
        """Full members of one of the blocs: on the day `at`, or today."""
        members = Membership.objects.filter(bloc__in=blocs, role=Membership.Role.MEMBER)
        return self.filter(pk__in=members.at(at or today()).values("country"))


class Country(models.Model):
    """A country or territory of ISO 3166-1. Its name comes from CLDR, in the reader's language."""

    iso3 = models.CharField(_("alpha-3 code"), max_length=3, unique=True)
    iso2 = models.CharField(_("alpha-2 code"), max_length=2, unique=True)
    numeric = models.CharField(_("numeric code"), max_length=3, blank=True)
    region = models.CharField(_("M49 region code"), max_length=3, blank=True)
    region_name = models.CharField(_("region"), max_length=60, blank=True)
    subregion = models.CharField(_("M49 subregion code"), max_length=3, blank=True)
    subregion_name = models.CharField(_("subregion"), max_length=60, blank=True)
    english_name = models.CharField(_("English name (CLDR)"), max_length=100)

    objects = CountryQuerySet.as_manager()

    class Meta:
        ordering = ["english_name"]
        verbose_name_plural = _("countries")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """CLDR name in the active language, English where CLDR has none."""
        language = (get_language() or "en").replace("-", "_")
        if language.startswith("en"):
            return self.english_name
        return Locale.parse(language).territories.get(self.iso2) or self.english_name

    def get_absolute_url(self) -> str:
        return address_of("country", self.iso3)


class FoundName(models.Model):
    """A name under which something is found, folded by `partners.names.fold`."""

    name = models.CharField(_("name"), max_length=500)
    folded = models.CharField(max_length=500, unique=True, editable=False)

    class Meta:
        abstract = True
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args, **kwargs) -> None:
        self.folded = fold(self.name)[:500]
        super().save(*args, **kwargs)


class CountryName(FoundName):
    """A name of a country, its CLDR name among them."""

    country = models.ForeignKey(Country, models.CASCADE, related_name="names")


class BlocQuerySet(models.QuerySet["Bloc"]):
    """Questions about blocs."""

    def named(self, name: str) -> Bloc:
        """The bloc with that slug, name or short name; UnknownName if there is none."""
        found = self.called([name])
        if name not in found:
            raise UnknownName(gettext("unknown bloc “%(name)s”") % {"name": name})
        return found[name]

    def called(self, names: Iterable[str]) -> dict[str, Bloc]:
        """The blocs that are called so, by those of the names that one has: one query."""
        folded = {name: fold(name) for name in names}
        known: dict[str, Bloc] = {}
        for bloc in self if folded else ():
            for called in (bloc.slug, bloc.name, bloc.short_name):
                known.setdefault(fold(called), bloc)
        return {name: known[words] for name, words in folded.items() if words in known}


class Bloc(models.Model):
    """A grouping of states under which initiatives are run: BRICS, SCO, ASEAN ..."""

    class Kind(models.TextChoices):
        FORUM = "forum", _("forum")
        REGIONAL_ORGANISATION = "regional-organisation", _("regional organisation")
        ECONOMIC_UNION = "economic-union", _("economic union")
        POLITICAL_UNION = "political-union", _("political and economic union")
        DEVELOPMENT_PROGRAMME = "development-programme", _("development programme")
        SECURITY_DIALOGUE = "security-dialogue", _("security dialogue")
        BANK = "bank", _("development bank")

    slug = models.SlugField(_("slug"), unique=True)
    name = models.CharField(_("name"), max_length=200, unique=True)
    short_name = models.CharField(_("short name"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=30, choices=Kind)
    founded = PartialDateField(_("founded"))
    description = models.TextField(_("description"), blank=True)
    website = models.URLField(_("website"), blank=True)
    source = models.ForeignKey(Source, models.PROTECT, verbose_name=_("source"))
    countries = models.ManyToManyField(Country, through="Membership", related_name="blocs")

    objects = BlocQuerySet.as_manager()

    class Meta:
        ordering = ["short_name"]

    def __str__(self) -> str:
        return self.short_name

    def get_absolute_url(self) -> str:
        return address_of("bloc", self.slug)


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Questions about memberships."""

    def at(self, day: dt.date | models.OuterRef) -> MembershipQuerySet:
        """Memberships that held on `day`.

        One that began in a year or month counts from its last possible day on, so that nobody is
        called a member too early; one whose beginning is not known counts from the start.
        """
        return self.filter(
            Q(since="") | Q(since_latest__lte=day), Q(until="") | Q(until_earliest__gte=day)
        )


class Membership(models.Model):
    """A country in a bloc, in one role, for one period. BRICS in 2019 is five states."""

    class Role(models.TextChoices):
        MEMBER = "member", _("member")
        OBSERVER = "observer", _("observer")
        DIALOGUE_PARTNER = "dialogue-partner", _("dialogue partner")
        PARTNER = "partner", _("partner country")
        INVITED = "invited", _("invited")

    bloc = models.ForeignKey(Bloc, models.CASCADE, related_name="memberships")
    country = models.ForeignKey(Country, models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=20, choices=Role)
    since = PartialDateField(_("since"), help_text=_("empty: not known"))
    since_earliest = DayOf("since", "earliest")
    since_latest = DayOf("since", "latest")
    until = PartialDateField(_("until"), help_text=_("last day of membership; empty: it goes on"))
    until_earliest = DayOf("until", "earliest")
    until_latest = DayOf("until", "latest")
    source = models.ForeignKey(
        Source, models.PROTECT, null=True, blank=True, help_text=_("where it differs from the bloc")
    )
    note = models.TextField(_("note"), blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["since_earliest", "country__english_name"]
        constraints = [
            models.UniqueConstraint(
                fields=["bloc", "country", "role", "since"], name="membership_once"
            ),
            models.CheckConstraint(
                condition=Q(since_earliest=None)
                | Q(until_latest=None)
                | Q(since_earliest__lte=F("until_latest")),
                name="membership_ends_after_it_began",
                violation_error_message=_("A membership ends after it began."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.country} · {self.bloc} · {self.get_role_display()}"


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    """Questions about organisations."""

    def named(self, name: str) -> Organisation:
        """The organisation with that slug, name or alias; UnknownName if there is none."""
        found = self.called([name])
        if name not in found:
            raise UnknownName(gettext("unknown organisation “%(name)s”") % {"name": name})
        return found[name]

    def called(self, names: Iterable[str]) -> dict[str, Organisation]:
        """The organisations that are called so, by those of the names that one has: two queries."""
        folded = {name: fold(name) for name in names}
        if not folded:
            return {}
        known = OrganisationName.objects.filter(
            folded__in=set(folded.values()), organisation__in=self
        )
        by_name = {row.folded: row.organisation for row in known.select_related("organisation")}
        by_slug = {found.slug: found for found in self.filter(slug__in=folded)}
        found = {name: by_slug.get(name) or by_name.get(folded[name]) for name in folded}
        return {name: organisation for name, organisation in found.items() if organisation}


class Organisation(models.Model):
    """A ministry, company, university, bank ... that takes part in its own name."""

    class Kind(models.TextChoices):
        MINISTRY = "ministry", _("ministry")
        AGENCY = "agency", _("agency or government body")
        COMPANY = "company", _("company")
        UNIVERSITY = "university", _("university")
        RESEARCH_INSTITUTE = "research-institute", _("research institute")
        BANK = "bank", _("bank")
        ASSOCIATION = "association", _("association")
        INTERNATIONAL = "international-organisation", _("international organisation")

    slug = models.SlugField(_("slug"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=500)
    kind = models.CharField(_("kind"), max_length=30, choices=Kind)
    country = models.ForeignKey(
        Country, models.PROTECT, null=True, blank=True, related_name="organisations"
    )
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="children"
    )

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address_of("organisation", self.slug)


class OrganisationName(FoundName):
    """A name of an organisation, its own name among them."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="names")


keep_history(Source, Country, CountryName, Bloc, Membership, Organisation, OrganisationName)

__all__ = [
    "Bloc",
    "Change",
    "Country",
    "CountryName",
    "DataVersion",
    "Membership",
    "Organisation",
    "OrganisationName",
    "Source",
]
