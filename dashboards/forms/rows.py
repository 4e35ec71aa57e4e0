"""The rows of the sheet on which a record is entered, each a statement with its passages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dashboards.forms.fields import Box, Lines, choice_field, sector_choices, text_field
from initiatives.desk.sheets import (
    FIELDS,
    PARTIES,
    TypedRow,
    is_nobody,
)
from initiatives.funding.models import Instrument
from initiatives.funding.rollup import Recurs, Rung
from initiatives.ladder import Status
from initiatives.missing import Missing
from initiatives.models import (
    KeyDate,
    Outcome,
    Participation,
)
from partners.models import Organisation


def _fields_of(section: str) -> dict[str, forms.Field]:
    """The fields of a row by name, those that are typed first."""
    date_of: dict[str, Any] = {"understand": "date", "most": 100}
    fields: dict[str, dict[str, Any]] = {
        "partners": {
            "who": text_field(_("Country or organisation"), "party"),
            "role": choice_field(_("Role"), Participation.Role.choices),
            "since": text_field(_("Since"), **date_of),
            "until": text_field(_("Until"), **date_of),
            "person": text_field(_("Person")),
            "place": text_field(_("Place")),
        },
        "status": {
            "status": choice_field(_("Step"), Status.choices),
            "date": text_field(_("When"), **date_of),
        },
        "dates": {
            "event": choice_field(_("What happened"), KeyDate.Event.choices),
            "date": text_field(_("When"), **date_of),
        },
        "money": {
            "amount": text_field(_("Amount"), understand="amount"),
            "rung": choice_field(_("Rung"), Rung.choices),
            "provider": text_field(_("From"), "party"),
            "recipient": text_field(_("To"), "party"),
            "period": text_field(_("For which time"), **date_of),
            "recurs": choice_field(_("How often"), Recurs.choices),
            "purpose": text_field(_("What for")),
            "sector": choice_field(_("Sector"), ()),  # those of the day: see RowForm
            "instruments": forms.MultipleChoiceField(
                label=_("In which form"),
                required=False,
                choices=Instrument.choices,
                widget=forms.CheckboxSelectMultiple,
            ),
            "missing": choice_field(_("Why there is no amount"), Missing.choices),
            "part_of": text_field(_("Part of (key of other money)"), most=210),
            "restates": text_field(_("The same money as (key)"), most=210),
            "supersedes": text_field(_("Corrects (key)"), most=210),
        },
        "figures": {
            "value": text_field(_("How many"), understand="quantity"),
            "what": text_field(_("What was counted")),
            "unit": text_field(_("Unit")),
            "date": text_field(_("When"), **date_of),
        },
        "blocs": {"bloc": text_field(_("Bloc"), "bloc")},
        "labels": {"label": text_field(_("Label"), "label")},
        "part_of": {"whole": text_field(_("Initiative"), "initiative")},
        "outcomes": {
            "initiative": text_field(_("Initiative"), "initiative"),
            "verb": choice_field(_("What the summit did for it"), Outcome.Verb.choices),
        },
    }
    return fields[section]


# What a new row says before anything was typed.
PRESUMED = {"partners": {"role": Participation.Role.MEMBER.value}}


class RowForm(forms.Form):
    """One row of a section: a statement with the passages that carry it."""

    passage = Lines(
        label=_("The words of the article that say so"),
        required=False,
        help_text=_("one passage on each line"),
        widget=forms.Textarea(attrs={"rows": 2, "data-passage": ""}),
    )
    claimant = forms.CharField(
        label=_("Said by"),
        required=False,
        max_length=500,
        help_text=_("if not by the article itself"),
    )
    statement = forms.IntegerField(
        required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput
    )
    gone = forms.BooleanField(label=_("Take it away"), required=False)

    def __init__(
        self, section: str, number: int | str, data: Any = None, initial: Any = None
    ) -> None:
        self.section = section
        self.number = number
        # Given: the texts of the stored statement that the row shows.
        self.stored = initial
        super().__init__(
            data,
            prefix=f"{section}-{number}",
            initial=PRESUMED.get(section, {}) if initial is None else initial,
            auto_id="%s",
            use_required_attribute=False,
            empty_permitted=initial is None,
        )
        own = _fields_of(section)
        if "sector" in own:
            own["sector"] = choice_field(_("Sector"), sector_choices())
        if section in ("partners", "money"):
            own["new"] = forms.BooleanField(label=_("A new organisation"), required=False)
            own["new-kind"] = choice_field(_("Its kind"), Organisation.Kind.choices)
            own["new-country"] = text_field(_("Its country"), "country")
        self.fields = {**own, **self.fields}

    def typed(self) -> TypedRow:
        """The row as the desk takes it."""
        clean = self.cleaned_data
        names = FIELDS[self.section]
        if self.stored is None:
            values = {name: clean[name] for name in names if clean.get(name) not in ("", [], None)}
        else:
            values = {name: clean[name] for name in names if name in self.changed_data}
        touched = self.changed_data if self.stored is not None else ("passage", "claimant")
        new = {"kind": clean.get("new-kind", ""), "country": clean.get("new-country", "")}
        return TypedRow(
            section=self.section,
            number=int(self.number),
            values=values,
            statement=clean.get("statement"),
            passages=clean["passage"].splitlines() if "passage" in touched else None,
            claimant=clean["claimant"] if "claimant" in touched else None,
            gone=clean.get("gone", False),
            new_organisation=new if clean.get("new") else None,
        )

    @property
    def empty(self) -> bool:
        """Whether it is a new row into which nothing was typed."""
        return self.stored is None and not self.has_changed()

    @property
    def boxes(self) -> list[Box]:
        """The fields that are typed, as the page shows them."""
        names = (*FIELDS[self.section], "passage", "claimant")
        ordered = [name for name in self.fields if name in names]
        return [Box(self[name]) for name in ordered]

    @property
    def new_boxes(self) -> list[Box]:
        """The fields that describe an organisation which is not known yet."""
        return [
            Box(self[name]) for name in ("new", "new-kind", "new-country") if name in self.fields
        ]

    @property
    def new_open(self) -> bool:
        """Whether those fields show at once: they are filled in or wrong, or a name is unknown."""
        if self["new"].value():
            return True
        wrong = self.errors
        return any(name in wrong for name in ("new-kind", "new-country")) or any(
            name in wrong and is_nobody((self[name].value() or "").strip())
            for name in PARTIES[self.section]
        )
