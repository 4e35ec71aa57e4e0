"""The filters: what a query string may ask of each list, and how a filter is said in words.

A filter is declared once, here: its name in the address, what it does, its words. Values of one
filter mean *or*, different filters mean *and*.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Hashable, Iterable
from copy import copy
from functools import lru_cache
from typing import Any, ClassVar

import django_filters as df
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from initiatives import search
from initiatives.index import Index, declare
from initiatives.keys import Together, key_set
from initiatives.ladder import Status
from initiatives.models import (
    Alliance,
    Article,
    Framework,
    Initiative,
    Label,
    Labelling,
    Participation,
    Record,
    Sector,
    Summit,
    SummitSeries,
)
from initiatives.public_articles import public_articles
from partners.dates import FIRST_YEAR, LAST_YEAR, PartialDate
from partners.history.asking import MomentField
from partners.history.moment import today
from partners.models import Bloc, Country, Organisation
from partners.names import fold

BLOC = declare("bloc", lambda: Framework.objects.current(), "bloc", names=Bloc)
COUNTRY = declare(
    "country",
    lambda: Participation.objects.current().annotate(
        partner=Coalesce("country", "organisation__country")
    ),
    "partner",
    names=Country,
)
ORGANISATION = declare(
    "organisation", lambda: Participation.objects.current(), "organisation", names=Organisation
)
SECTOR = declare("sector", lambda: Record.sectors.through.objects.all(), "sector", names=Sector)
LABEL = declare("label", lambda: Labelling.objects.current(), "label", names=Label)
KIND = declare("kind", lambda: Initiative.objects.all(), "kind", "pk")
STATUS = declare("status", lambda: Initiative.objects.all(), "status", "pk")
SERIES = declare("series", lambda: Summit.objects.all(), "series", "pk", names=SummitSeries)


class RowsOf(df.ModelMultipleChoiceFilter):
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


# --- Filters of records, which the index answers -------------------------------------------------


class OfRecords(df.Filter):
    """A filter of records: `members` says which a value leaves, asked of the index.

    `values` are those of all filters. None: the value narrows nothing.
    """

    def __deepcopy__(self, memo: Any) -> OfRecords:
        # For each request; what it was declared with is never changed.
        return copy(self)

    def members(self, index: Index, value: Any, values: dict[str, Any]) -> BitMap | None:
        """The records that the value leaves."""
        return None

    def filter(self, qs: models.QuerySet, value: Any) -> models.QuerySet:
        raise TypeError("filters of records are answered by the index")


class How(enum.Enum):
    """What records must have of the values that are chosen."""

    ANY = "any"
    ALL = "all"
    NONE = "none"

    def of(self, index: Index, dimension: str, values: list[Hashable]) -> BitMap:
        """The published records that have it."""
        if self is How.ALL:
            each = (index.having(dimension, [value]) for value in values)
            return BitMap.intersection(index.published(), *each)
        having = index.having(dimension, values)
        return index.published() - having if self is How.NONE else having


class Having(OfRecords, df.ModelMultipleChoiceFilter):
    """Rows of a table that records name, called in the address by one of their columns."""

    def __init__(
        self, dimension: str, queryset: models.QuerySet, key: str, how: How = How.ANY, **kwargs: Any
    ) -> None:
        self.dimension, self.key, self.how = dimension, key, how
        super().__init__(queryset=queryset, to_field_name=key, **kwargs)

    def members(self, index: Index, value: Any, values: dict[str, Any]) -> BitMap:
        return self.how.of(index, self.dimension, [row.pk for row in value])

    def named(self, index: Index, values: Iterable[Any]) -> dict[Any, tuple[str, str]]:
        """For values of the dimension, how the address calls them and what they are called."""
        return index.called(self.queryset.model, self.key, values)


class Being(OfRecords, df.MultipleChoiceFilter):
    """Values of a fixed list."""

    def __init__(self, dimension: str, choices: Any, how: How = How.ANY, **kwargs: Any) -> None:
        self.dimension, self.how = dimension, how
        super().__init__(choices=choices, **kwargs)

    def members(self, index: Index, value: Any, values: dict[str, Any]) -> BitMap:
        return self.how.of(index, self.dimension, list(value))

    def named(self, index: Index, values: Iterable[Any]) -> dict[Any, tuple[str, str]]:
        """For values of the dimension, how the address calls them and what they are called."""
        texts = dict(self.extra["choices"])
        return {value: (value, str(texts[value])) for value in values if value in texts}


class BegunFrom(OfRecords, df.NumberFilter):
    """Surely begun in a year or later."""

    field_class = forms.IntegerField

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=FIRST_YEAR, max_value=LAST_YEAR, **kwargs)

    def members(self, index: Index, value: Any, values: dict[str, Any]) -> BitMap:
        return index.began_within(dt.date(value, 1, 1), None)


class BegunUntil(BegunFrom):
    """Surely begun in a year or earlier."""

    def members(self, index: Index, value: Any, values: dict[str, Any]) -> BitMap:
        return index.began_within(None, dt.date(value, 12, 31))


# A year, a month of it, or a quarter (33 to 36).
PERIOD = re.compile(r"\d{4}(-(0[1-9]|1[0-2]|3[3-6]))?", re.ASCII)


class PeriodsField(forms.MultipleChoiceField):
    """Years, quarters and months; its value is a list of PartialDates."""

    def to_python(self, value: Any) -> Any:
        periods = []
        for text in super().to_python(value):
            try:
                period = PartialDate.parse(text)
            except ValueError as error:
                raise ValidationError(str(error), code="invalid") from error
            if not PERIOD.fullmatch(text):
                raise ValidationError(
                    _("“%(text)s” is no year, quarter or month such as 2024, 2024-33, 2024-06."),
                    code="invalid",
                    params={"text": text},
                )
            periods.append(period)
        return periods

    def validate(self, value: Any) -> None:
        """Any period may be asked for."""


class BegunIn(OfRecords):
    """Surely begun within one of some years, quarters or months."""

    field_class = PeriodsField

    def members(self, index: Index, value: Any, values: dict[str, Any]) -> BitMap:
        within = (index.began_within(period.earliest, period.latest) for period in value)
        return BitMap.union(BitMap(), *within)


class WithMembers(OfRecords, df.ModelMultipleChoiceFilter):
    """With full members of blocs: as of then, unless `membership` says now."""

    def members(self, index: Index, value: Any, values: dict[str, Any]) -> BitMap:
        on = today() if values.get("membership") == "now" else None
        return index.with_members([bloc.pk for bloc in value], on)


class Mentioning(OfRecords, df.CharFilter):
    """Whose text has every word."""

    def members(self, index: Index, value: Any, values: dict[str, Any]) -> BitMap:
        return search.found(value, index)


class SaysHow(OfRecords, df.ChoiceFilter):
    """Says how another filter is meant, or how the records are shown; it narrows nothing."""


# --- The filters of each list --------------------------------------------------------------------


class MomentFilter(df.Filter):
    """As of which moment the list is read. What reads it is `partners.history.asking`."""

    field_class = MomentField

    def filter(self, qs: models.QuerySet, value: Any) -> models.QuerySet:
        return qs


class ListFilter(df.FilterSet):
    """What the filters of every list have: their words, and as of when.

    WORDS has, for each filter, a phrase with one %s for the chosen values.
    """

    NOUN: ClassVar[Any] = _("Records")
    WORDS: ClassVar[dict[str, Any]] = {
        "q": _("mentioning “%s”"),
        "as_of": _("as known on %s"),
    }

    as_of = MomentFilter(label=_("As known on"))

    def count(self) -> int:
        """How many rows the filters leave."""
        return self.qs.count()

    def get_form_class(self) -> type[forms.Form]:
        """The form of what is asked for: there are dozens of fields, of which most requests set few."""
        return self.form_of(frozenset(self.data))

    @classmethod
    def form_of(cls, names: frozenset[str]) -> type[forms.Form]:
        """The form with the fields of these names."""
        every: Any = cls
        return _form_of(every, names)


@lru_cache(maxsize=1_000)
def _form_of(filters: Any, names: frozenset[str]) -> type[forms.Form]:
    fields = {name: f.field for name, f in filters.base_filters.items() if name in names}
    return type(f"{filters.__name__}Form", (filters._meta.form,), fields)


class RecordForm(forms.Form):
    """What filters of records must be, taken together."""

    def clean(self) -> dict[str, Any]:
        """Refuse years the wrong way round, and a way to count members of no bloc."""
        values = super().clean() or self.cleaned_data
        first, last = values.get("year_min"), values.get("year_max")
        if first and last and first > last:
            self.add_error("year_max", _("The years end before they begin."))
        if values.get("sort") == "relevance" and not values.get("q"):
            self.add_error("sort", _("Say what to look for: q is missing."))
        if values.get("membership") and not values.get("members_of"):
            self.add_error("membership", _("Say of which bloc: members_of is missing."))
        return values


class RecordFilter(ListFilter):
    """Filters that initiatives, alliances and summits share."""

    WORDS: ClassVar[dict[str, Any]] = {
        "bloc": _("run under %s"),
        "not_bloc": _("not run under %s"),
        "country": _("with %s taking part"),
        "countries": _("with all of %s taking part"),
        "not_country": _("without %s taking part"),
        "organisation": _("with %s taking part"),
        "organisations": _("with all of %s taking part"),
        "not_organisation": _("without %s taking part"),
        "sector": _("on %s"),
        "not_sector": _("not on %s"),
        "began": _("begun in %s"),
        "year_min": _("begun in %s or later"),
        "year_max": _("begun in %s or earlier"),
        "members_of": _("with members of %s"),
        "membership": _("counted as members %s"),
        **ListFilter.WORDS,
    }

    q = Mentioning(label=_("Text"), max_length=200)
    bloc = Having(BLOC, Bloc.objects.all(), "slug", label=_("Bloc"))
    not_bloc = Having(BLOC, Bloc.objects.all(), "slug", How.NONE, label=_("Without bloc"))
    country = Having(COUNTRY, Country.objects.all(), "iso3", label=_("Country"))
    countries = Having(COUNTRY, Country.objects.all(), "iso3", How.ALL, label=_("All countries"))
    not_country = Having(
        COUNTRY, Country.objects.all(), "iso3", How.NONE, label=_("Without country")
    )
    organisation = Having(ORGANISATION, Organisation.objects.all(), "slug", label=_("Organisation"))
    organisations = Having(
        ORGANISATION, Organisation.objects.all(), "slug", How.ALL, label=_("All organisations")
    )
    not_organisation = Having(
        ORGANISATION, Organisation.objects.all(), "slug", How.NONE, label=_("Without organisation")
    )
    sector = Having(SECTOR, Sector.objects.all(), "slug", label=_("Sector"))
    not_sector = Having(SECTOR, Sector.objects.all(), "slug", How.NONE, label=_("Without sector"))
    began = BegunIn(label=_("Begun in"))
    year_min = BegunFrom(label=_("Begun from"))
    year_max = BegunUntil(label=_("Begun until"))
    members_of = WithMembers(
        queryset=Bloc.objects.all(), to_field_name="slug", label=_("With members of")
    )
    membership = SaysHow(
        choices=[("then", _("when it began")), ("now", _("today"))], label=_("Membership")
    )

    sort = SaysHow(
        choices=[
            ("newest", _("latest beginning first")),
            ("oldest", _("earliest beginning first")),
            ("title", _("by title")),
            ("changed", _("last changed first")),
            ("relevance", _("best match first")),
        ],
        label=_("Order"),
    )

    def chosen(self, index: Index) -> dict[str, BitMap]:
        """By filter that is set, the records that it leaves; of a valid form."""
        values = self.form.cleaned_data
        found = {}
        for name, filter_ in self.filters.items():
            value = values.get(name)
            # What was not asked for is an empty queryset, which costs a query's work to look at.
            if name in self.data and isinstance(filter_, OfRecords) and (value or value == 0):
                members = filter_.members(index, value, values)
                if members is not None:
                    found[name] = members
        return found


class InitiativeFilter(RecordFilter):
    """Filters of initiatives; funding adds its own to them."""

    NOUN = _("Initiatives")
    WORDS: ClassVar[dict[str, Any]] = {
        **RecordFilter.WORDS,
        "kind": _("of the kind %s"),
        "not_kind": _("not of the kind %s"),
        "status": _("now %s"),
        "not_status": _("not now %s"),
        "label": _("officially called %s"),
        "not_label": _("not officially called %s"),
    }

    kind = Being(KIND, Initiative.Kind.choices, label=_("Kind"))
    not_kind = Being(KIND, Initiative.Kind.choices, How.NONE, label=_("Not of the kind"))
    status = Being(STATUS, Status.choices, label=_("Status"))
    not_status = Being(STATUS, Status.choices, How.NONE, label=_("Not now"))
    label = Having(LABEL, Label.objects.all(), "slug", label=_("Official name"))
    not_label = Having(
        LABEL, Label.objects.all(), "slug", How.NONE, label=_("Without official name")
    )

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

    series = Having(SERIES, SummitSeries.objects.all(), "slug", label=_("Series"))

    class Meta:
        model = Summit
        form = RecordForm
        fields: ClassVar[list[str]] = []


class ByName(ListFilter):
    """Lists of partners, which have names instead of a text to search."""

    NAMES: ClassVar[tuple[str, ...]] = ("name",)

    q = df.CharFilter(label=_("Text"), method="by_text", max_length=200)

    def by_text(self, qs: models.QuerySet, name: str, value: str) -> models.QuerySet:
        """Rows one of whose names holds every word, whatever the case."""
        for word in value.split():
            matching = models.Q()
            for column in self.NAMES:
                matching |= models.Q(**{f"{column}__icontains": word})
                if column.endswith("folded") and fold(word):
                    matching |= models.Q(**{f"{column}__contains": fold(word)})
            if "names__folded" in self.NAMES:  # of which a row has several
                matching = models.Q(pk__in=qs.model._default_manager.filter(matching).values("pk"))
            qs = qs.filter(matching)
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

    bloc = RowsOf(queryset=Bloc.objects.all(), key="slug", by="members_of", label=_("Bloc"))
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

    country = RowsOf(queryset=Country.objects.all(), key="iso3", label=_("Country"))
    kind = AnyChoice(choices=Organisation.Kind.choices, label=_("Kind"))

    class Meta:
        model = Organisation
        fields: ClassVar[list[str]] = []


class ArticleFilter(ByName):
    """Filters of articles."""

    NOUN = _("Articles")
    NAMES = ("title", "text", "publisher__name")

    def count(self) -> int:
        """How many rows the filters leave; which articles are public is known."""
        if "q" not in self.data:
            return len(public_articles())
        matching = self.by_text(Article.objects.order_by(), "q", self.form.cleaned_data["q"])
        found = key_set(matching.aggregate(keys=Together("pk"))["keys"])
        return public_articles().intersection_cardinality(found)

    class Meta:
        model = Article
        fields: ClassVar[list[str]] = []
