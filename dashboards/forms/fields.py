"""Fields of the sheet on which a record is entered, and how the page shows them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django import forms

from dashboards.understood import UNDERSTOOD
from initiatives.desk.sheets import (
    in_one_line,
)
from initiatives.models import (
    Sector,
)


class Lines(forms.CharField):
    """Some lines of text, each with single spaces, none empty."""

    widget = forms.Textarea(attrs={"rows": 2})

    def to_python(self, value: Any) -> str:
        lines = (in_one_line(line) for line in (super().to_python(value or "") or "").splitlines())
        return "\n".join(line for line in lines if line)


class LongText(forms.CharField):
    """A text of several lines, whose line breaks are as Accord stores them."""

    widget = forms.Textarea(attrs={"rows": 4})

    def to_python(self, value: Any) -> str:
        text = (value or "").replace("\r\n", "\n").replace("\r", "\n")
        return super().to_python(text) or ""


def text_field(
    label: Any, suggest: str = "", understand: str = "", most: int = 500
) -> forms.CharField:
    """A line of text that may stay empty.

    `suggest` and `understand` name what the page completes it from, and shows it understood as.
    """
    attrs = {"autocomplete": "off"}
    if suggest:
        attrs["data-suggest"] = suggest
    if understand:
        attrs["data-understand"] = understand
    return forms.CharField(
        label=label, required=False, max_length=most, widget=forms.TextInput(attrs=attrs)
    )


def choice_field(label: Any, choices: Any) -> forms.ChoiceField:
    """One of the choices, or none."""
    return forms.ChoiceField(label=label, required=False, choices=[("", "—"), *choices])


def sector_choices() -> list[tuple[str, str]]:
    """The sectors that there are, by slug."""
    return [(sector.slug, sector.name) for sector in Sector.objects.all()]


@dataclass(frozen=True)
class Box:
    """A field on the page, with how its text is understood."""

    field: Any

    @property
    def kind(self) -> str:
        """As what the text is understood; "" if it is only a text."""
        return self.field.field.widget.attrs.get("data-understand", "")

    @property
    def understood(self) -> str:
        """The text in Accord's own words; "" if it is not understood."""
        text = self.field.value()
        if not (self.kind and isinstance(text, str) and text.strip()):
            return ""
        with suppress(ValueError):
            return UNDERSTOOD[self.kind](text, "")
        return ""

    @property
    def ticked(self) -> bool:
        """Whether it is a box to tick, whose label stands behind it."""
        return isinstance(self.field.field, forms.BooleanField)

    @property
    def group(self) -> bool:
        """Whether it is a group of boxes, with a legend."""
        return isinstance(self.field.field.widget, forms.CheckboxSelectMultiple)
