"""The forms of saved views."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from dashboards.watching.models import SavedView

# What turns the direction of the text that comes after it.
TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class ViewForm(forms.ModelForm):
    """A name for a view, whether it is shared, and whether its changes are mailed."""

    mailed = forms.BooleanField(label=_("mail me its changes, once a day"), required=False)

    class Meta:
        model = SavedView
        fields = ("name", "shared")

    def __init__(self, *args: Any, person: Any, past: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["mailed"] = self.instance.mailed
        self.fields["name"].widget.attrs["autocomplete"] = "off"
        self.no_mail = _why_no_mail(person, past)
        self.no_address = settings.SENDS_MAIL and not person.email
        # Who gets mail can always end it.
        self.fields["mailed"].disabled = bool(self.no_mail) and not self.instance.mailed

    def clean_name(self) -> str:
        """The name on one line, without what cannot be seen or turns the text around it."""
        name = " ".join(self.cleaned_data["name"].split())
        kinds = {unicodedata.category(character) for character in name}
        if kinds & {"Cc", "Cs", "Co", "Cn"} or TURNING & set(name):
            raise ValidationError(_("Leave out the characters that cannot be seen."))
        if not any(kind[0] in "LNPS" for kind in kinds):
            raise ValidationError(_("Give it a name that can be read."))
        return name


def _why_no_mail(person: Any, past: bool) -> Any:
    """Why the changes of a view cannot be mailed to a person; empty if they can."""
    if not settings.SENDS_MAIL:
        return _("This site sends no mail.")
    if past:
        return _("It shows a moment of the past, in which nothing changes.")
    if not person.email:
        return _("Accord has no address to mail to: set one first.")
    return ""


class AddressForm(forms.Form):
    """Where mail goes; empty: nowhere."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        required=False,
        help_text=_("A link to confirm it is mailed there. Leave it empty to get no mail at all."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class SinceForm(forms.Form):
    """From which day on changes are asked for."""

    since = forms.DateField(
        label=_("Changes since"),
        required=False,
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": _("Enter a day such as 2026-11-22.")},
        widget=forms.TextInput(
            attrs={"size": 12, "autocomplete": "off", "placeholder": "2026-11-22"}
        ),
    )
