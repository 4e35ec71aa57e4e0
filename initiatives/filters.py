"""The filters: what a query string may ask of each list, and how a filter is said in words.

A filter is declared once, here: its name in the address, what it does, its words. Values of one
filter mean *or*, different filters mean *and*.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

import django_filters as df
from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from initiatives.ladder import Status
from initiatives.models import (
    Alliance,
    Article,
    Initiative,
    Label,
    Sector,
    Summit,
    SummitSeries,
)
from partners.dates import FIRST_YEAR, LAST_YEAR
from partners.history.asking import MomentField
from partners.models import Bloc, Country, Organisation
from partners.names import fold


class AnyOf(df.ModelMultipleChoiceFilter):
    """Several rows of a table, named in the address by one of their columns.

    `by` names the method of the list's queryset that is asked; without it, the column of the
    filter's own name must be one of the rows.
    """

    def __init__(self, *, queryset: models.QuerySet, key: str, by: str = "", **kwargs: Any) -> None:
        self.by = by
        super().__init__(queryset=queryset, to_field_name=key, **kwargs)

    def filter(self, qs: models.QuerySet, value: Any) -> models.QuerySet:
        if not value:
            return qs
        if self.by:
            return getattr(qs, self.by)(list(value))
        return qs.filter(**{f"{self.field_name}__in": list(value)})


class AnyChoice(df.MultipleChoiceFilter):
    """Several of a fixed list of values of one column."""

    def filter(self, qs: models.QuerySet, value: list[str]) -> models.QuerySet:
        return qs.filter(**{f"{self.field_name}__in": value}) if value else qs


class YearFilter(df.NumberFilter):
    """A calendar year."""

    field_class = forms.IntegerField

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", FIRST_YEAR)
        kwargs.setdefault("max_value", LAST_YEAR)
        super().__init__(**kwargs)


class MomentFilter(df.Filter):
    """As of which moment the list is read. What reads it is `partners.history.asking`."""

    field_class = MomentField

    def filter(self, qs: models.QuerySet, value: Any) -> models.QuerySet:
        return qs


class ListFilter(df.FilterSet):
    """What the filters of every list have: text, and their words.

    WORDS has, for each filter, a phrase with one %s for the chosen values.
    """

    NOUN: ClassVar[Any] = _("Records")
    WORDS: ClassVar[dict[str, Any]] = {
        "q": _("mentioning “%s”"),
        "as_of": _("as known on %s"),
    }

    q = df.CharFilter(label=_("Text"), method="by_text", max_length=200)
    as_of = MomentFilter(label=_("As known on"))

    def by_text(self, qs: Any, name: str, value: str) -> models.QuerySet:
        """Rows that mention every word of the text."""
        return qs.mentioning(value)


class RecordForm(forms.Form):
    """What filters of records must be, taken together."""

    def clean(self) -> dict[str, Any]:
        """Refuse years the wrong way round, and a way to count members of no bloc."""
        values = super().clean() or self.cleaned_data
        first, last = values.get("year_min"), values.get("year_max")
        if first and last and first > last:
            self.add_error("year_max", _("The years end before they begin."))
        if values.get("membership") and not values.get("members_of"):
            self.add_error("membership", _("Say of which bloc: members_of is missing."))
        return values


class RecordFilter(ListFilter):
    """Filters that initiatives, alliances and summits share."""

    WORDS: ClassVar[dict[str, Any]] = {
        "bloc": _("run under %s"),
        "country": _("with %s taking part"),
        "organisation": _("with %s taking part"),
        "sector": _("on %s"),
        "year_min": _("begun in %s or later"),
        "year_max": _("begun in %s or earlier"),
        "members_of": _("with members of %s"),
        "membership": _("counted as members %s"),
        **ListFilter.WORDS,
    }

    bloc = AnyOf(queryset=Bloc.objects.all(), key="slug", by="run_under", label=_("Bloc"))
    country = AnyOf(
        queryset=Country.objects.all(), key="iso3", by="with_country", label=_("Country")
    )
    organisation = AnyOf(
        queryset=Organisation.objects.all(),
        key="slug",
        by="with_organisation",
        label=_("Organisation"),
    )
    sector = AnyOf(queryset=Sector.objects.all(), key="slug", by="on", label=_("Sector"))
    year_min = YearFilter(label=_("Begun from"), method="by_years")
    year_max = YearFilter(label=_("Begun until"), method="by_years")
    members_of = df.ModelMultipleChoiceFilter(
        queryset=Bloc.objects.all(),
        to_field_name="slug",
        label=_("With members of"),
        method="by_members",
    )
    membership = df.ChoiceFilter(
        choices=[("then", _("when it began")), ("now", _("today"))],
        label=_("Membership"),
        method="by_members",
    )

    def by_years(self, qs: Any, name: str, value: int) -> models.QuerySet:
        """Begun surely within the years."""
        day = dt.date(value, 1, 1) if name == "year_min" else dt.date(value, 12, 31)
        return qs.began_within(*((day, None) if name == "year_min" else (None, day)))

    def by_members(self, qs: Any, name: str, value: Any) -> models.QuerySet:
        """With members of blocs: as of then unless `membership=now`."""
        if name == "membership" or not value:
            return qs
        now = self.form.cleaned_data.get("membership") == "now"
        return qs.with_members_of(list(value), now=now)


class InitiativeFilter(RecordFilter):
    """Filters of initiatives; funding adds its own to them."""

    NOUN = _("Initiatives")
    WORDS: ClassVar[dict[str, Any]] = {
        **RecordFilter.WORDS,
        "kind": _("of the kind %s"),
        "status": _("now %s"),
        "label": _("officially called %s"),
    }

    kind = AnyChoice(choices=Initiative.Kind.choices, label=_("Kind"))
    status = AnyChoice(choices=Status.choices, label=_("Status"))
    label = AnyOf(queryset=Label.objects.all(), key="slug", by="called", label=_("Official name"))

    class Meta:
        model = Initiative
        form = RecordForm
        fields: ClassVar[list[str]] = []


class AllianceFilter(RecordFilter):
    """Filters of alliances."""

    NOUN = _("Alliances")

    class Meta:
        model = Alliance
        form = RecordForm
        fields: ClassVar[list[str]] = []


class SummitFilter(RecordFilter):
    """Filters of summits."""

    NOUN = _("Summits")
    WORDS: ClassVar[dict[str, Any]] = {**RecordFilter.WORDS, "series": _("of the series %s")}

    series = AnyOf(queryset=SummitSeries.objects.all(), key="slug", label=_("Series"))

    class Meta:
        model = Summit
        form = RecordForm
        fields: ClassVar[list[str]] = []


class ByName(ListFilter):
    """Lists of partners, which have names instead of a text to search."""

    NAMES: ClassVar[tuple[str, ...]] = ("name",)

    def by_text(self, qs: models.QuerySet, name: str, value: str) -> models.QuerySet:
        """Rows one of whose names holds every word, whatever the case."""
        for word in value.split():
            matching = models.Q()
            for column in self.NAMES:
                matching |= models.Q(**{f"{column}__icontains": word})
                if column.endswith("folded") and fold(word):
                    matching |= models.Q(**{f"{column}__contains": fold(word)})
            qs = qs.filter(pk__in=qs.model._default_manager.filter(matching).values("pk"))
        return qs


class CountryFilter(ByName):
    """Filters of countries."""

    NOUN = _("Countries")
    NAMES = ("english_name", "iso3", "names__folded")
    WORDS: ClassVar[dict[str, Any]] = {
        **ListFilter.WORDS,
        "bloc": _("that are members of %s today"),
        "taking_part": _("taking part in an initiative: %s"),
    }

    bloc = AnyOf(queryset=Bloc.objects.all(), key="slug", by="members_of", label=_("Bloc"))
    taking_part = df.ChoiceFilter(
        choices=[("yes", _("yes")), ("no", _("no"))],
        label=_("Taking part"),
        method="by_taking_part",
    )

    def by_taking_part(self, qs: models.QuerySet, name: str, value: str) -> models.QuerySet:
        """Countries in any published initiative, or in none; the list counts them."""
        return qs.filter(initiatives__gt=0) if value == "yes" else qs.filter(initiatives=0)

    class Meta:
        model = Country
        fields: ClassVar[list[str]] = []


class BlocFilter(ByName):
    """Filters of blocs."""

    NOUN = _("Blocs")
    NAMES = ("name", "short_name")
    WORDS: ClassVar[dict[str, Any]] = {**ListFilter.WORDS, "kind": _("of the kind %s")}

    kind = AnyChoice(choices=Bloc.Kind.choices, label=_("Kind"))

    class Meta:
        model = Bloc
        fields: ClassVar[list[str]] = []


class OrganisationFilter(ByName):
    """Filters of organisations."""

    NOUN = _("Organisations")
    NAMES = ("name", "names__folded")
    WORDS: ClassVar[dict[str, Any]] = {
        **ListFilter.WORDS,
        "country": _("of %s"),
        "kind": _("of the kind %s"),
    }

    country = AnyOf(queryset=Country.objects.all(), key="iso3", label=_("Country"))
    kind = AnyChoice(choices=Organisation.Kind.choices, label=_("Kind"))

    class Meta:
        model = Organisation
        fields: ClassVar[list[str]] = []


class ArticleFilter(ByName):
    """Filters of articles."""

    NOUN = _("Articles")
    NAMES = ("title", "text", "publisher__name")

    class Meta:
        model = Article
        fields: ClassVar[list[str]] = []
