"""The filters of initiatives, with those that ask about money."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters as df
from babel.numbers import list_currencies
from django.db import models
from django.utils.translation import gettext_lazy as _

from initiatives.filters import AnyOf, InitiativeFilter, RecordForm
from initiatives.funding.measures import MeasureName
from initiatives.funding.models import Funding
from initiatives.funding.rollup import Rung
from initiatives.models import Initiative


class MoneyForm(RecordForm):
    """What filters of initiatives must be, taken together, where they ask about money."""

    def clean(self) -> dict[str, Any]:
        """Refuse to convert what is asked for as it was stated."""
        values = super().clean()
        if values.get("currency") and values.get("measure"):
            self.add_error(
                "measure", _("Money in one currency is shown as stated: leave out one of the two.")
            )
        return values


class FundedInitiativeFilter(InitiativeFilter):
    """Every filter of the list of initiatives."""

    WORDS: ClassVar[dict[str, Any]] = {
        **InitiativeFilter.WORDS,
        "initiative": _("namely %s"),
        "rung": _("with money %s"),
        "currency": _("with money in %s"),
        "funded": _("with money stated: %s"),
        "measure": _("with money shown in %s"),
    }

    initiative = AnyOf(
        queryset=Initiative.objects.published(), key="slug", by="among", label=_("Initiative")
    )
    rung = df.MultipleChoiceFilter(choices=Rung.choices, label=_("Rung"), method="by_rung")
    currency = df.ChoiceFilter(
        choices=[(code, code) for code in sorted(list_currencies("en"))],
        label=_("Currency"),
        method="by_currency",
    )
    funded = df.ChoiceFilter(
        choices=[("yes", _("yes")), ("no", _("no"))], label=_("Money stated"), method="by_funded"
    )

    measure = df.ChoiceFilter(
        choices=[c for c in MeasureName.choices if c[0] != MeasureName.STATED],
        label=_("Money in"),
        method="by_measure",
    )

    class Meta(InitiativeFilter.Meta):
        form = MoneyForm

    def by_measure(self, qs: models.QuerySet, name: str, value: str) -> models.QuerySet:
        """All: it says in what their money is shown."""
        return qs

    def by_rung(self, qs: models.QuerySet, name: str, value: list[str]) -> models.QuerySet:
        """With money that has come to one of the rungs."""
        if not value:
            return qs
        stated = Funding.objects.current().filter(rung__in=value)
        return qs.filter(pk__in=stated.values("record"))

    def by_currency(self, qs: models.QuerySet, name: str, value: str) -> models.QuerySet:
        """With money stated in the currency."""
        stated = Funding.objects.current().filter(currency=value)
        return qs.filter(pk__in=stated.values("record"))

    def by_funded(self, qs: models.QuerySet, name: str, value: str) -> models.QuerySet:
        """With, or without, any statement about money."""
        stated = models.Q(pk__in=Funding.objects.current().values("record"))
        return qs.filter(stated if value == "yes" else ~stated)
