"""The filters of initiatives, with those that ask about money."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

import django_filters as df
from babel.numbers import list_currencies
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from initiatives.filters import Being, InitiativeFilter, OfRecords, RecordForm, SaysHow
from initiatives.funding.measures import MeasureName
from initiatives.funding.models import Funding
from initiatives.funding.rollup import Rung
from initiatives.index import Index, declare
from initiatives.models import Initiative

RUNG = declare("rung", lambda: Funding.objects.current(), "rung")
CURRENCY = declare("currency", lambda: Funding.objects.current(), "currency")


@cache
def currencies() -> list[tuple[str, str]]:
    """The currencies that can be asked for; a function, since a list is copied for each request."""
    return [(code, code) for code in sorted(list_currencies("en"))]


class Namely(OfRecords, df.ModelMultipleChoiceFilter):
    """Some initiatives by name."""

    def members(self, index: Index, value: Any, values: dict[str, Any]) -> BitMap:
        return BitMap([initiative.pk for initiative in value])


class Stated(OfRecords, df.ChoiceFilter):
    """With money stated in a currency."""

    def members(self, index: Index, value: Any, values: dict[str, Any]) -> BitMap:
        return index.having(CURRENCY, [value])


class Funded(OfRecords, df.ChoiceFilter):
    """With, or without, any statement about money."""

    def members(self, index: Index, value: Any, values: dict[str, Any]) -> BitMap:
        stated = index.having(RUNG, Rung.values)
        return stated if value == "yes" else index.published() - stated


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

    initiative = Namely(
        # One that was withdrawn can still be named: then it is not among what is found.
        queryset=lambda request: Initiative.objects.readable(),
        to_field_name="slug",
        label=_("Initiative"),
    )
    rung = Being(RUNG, Rung.choices, label=_("Rung"))
    currency = Stated(choices=currencies, label=_("Currency"))
    funded = Funded(choices=[("yes", _("yes")), ("no", _("no"))], label=_("Money stated"))
    measure = SaysHow(
        choices=[c for c in MeasureName.choices if c[0] != MeasureName.STATED],
        label=_("Money in"),
    )

    class Meta(InitiativeFilter.Meta):
        form = MoneyForm
