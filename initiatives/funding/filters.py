"""The filters of initiatives, with those that ask about money."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters as df
from babel.numbers import list_currencies
from django.db import models
from django.utils.translation import gettext_lazy as _

from initiatives.filters import InitiativeFilter
from initiatives.funding.models import Funding
from initiatives.funding.rollup import Rung


class FundedInitiativeFilter(InitiativeFilter):
    """Every filter of the list of initiatives."""

    WORDS: ClassVar[dict[str, Any]] = {
        **InitiativeFilter.WORDS,
        "rung": _("with money %s"),
        "currency": _("with money in %s"),
        "funded": _("with money stated: %s"),
    }

    rung = df.MultipleChoiceFilter(choices=Rung.choices, label=_("Rung"), method="by_rung")
    currency = df.ChoiceFilter(
        choices=[(code, code) for code in sorted(list_currencies("en"))],
        label=_("Currency"),
        method="by_currency",
    )
    funded = df.ChoiceFilter(
        choices=[("yes", _("yes")), ("no", _("no"))], label=_("Money stated"), method="by_funded"
    )

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
