"""Forms of the review: which proposals are looked at, what is decided, and a payload to edit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from initiatives.desk import understanding
from initiatives.desk.reviewing import in_numbers
from initiatives.funding.models import Instrument
from initiatives.funding.rollup import Recurs, Rung
from initiatives.ladder import Status
from initiatives.models import (
    Initiative,
    KeyDate,
    Label,
    Outcome,
    Participation,
    Sector,
)
from initiatives.news.format import Problem
from initiatives.news.models import ImportRun, Proposal
from partners.models import Organisation

FIELDS: dict[str, Any] = {
    "title": _("title"),
    "summary": _("summary"),
    "aliases": _("other names"),
    "sectors": _("sectors"),
    "kind": _("kind"),
    "series": _("series"),
    "ordinal": _("ordinal"),
    "name": _("name"),
    "country": _("country"),
    "parent": _("parent organisation"),
    "participation": _("who takes part"),
    "framework": _("run under"),
    "partof": _("part of"),
    "labelling": _("official name"),
    "statusstep": _("status"),
    "keydate": _("date"),
    "outcome": _("outcome"),
    "figure": _("figure"),
    "funding": _("money"),
}


class QueueForm(forms.Form):
    """Which proposals are shown, and in which order."""

    state = forms.ChoiceField(
        label=_("Decision"), choices=Proposal.State, required=False, initial="pending"
    )
    record = forms.SlugField(label=_("Record or organisation"), required=False, max_length=100)
    field = forms.ChoiceField(
        label=_("Field"), choices=[("", _("any")), *FIELDS.items()], required=False
    )
    run = forms.ModelChoiceField(
        label=_("Import"), queryset=ImportRun.objects.order_by("-pk"), required=False
    )
    order = forms.ChoiceField(
        label=_("Order"),
        choices=[("oldest", _("oldest first")), ("newest", _("newest first"))],
        required=False,
        initial="oldest",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        run = self.fields["run"]
        assert isinstance(run, forms.ModelChoiceField)
        run.empty_label = str(_("any"))
        runs = ImportRun.objects.filter(documents__proposals__isnull=False)
        run.queryset = runs.order_by("-pk").distinct()


class RejectForm(forms.Form):
    """Why proposals are turned down."""

    reason = forms.ChoiceField(
        label=_("Reason"), choices=[("", _("choose a reason")), *Proposal.Reason.choices]
    )
    remark = forms.CharField(
        label=_("Remark"),
        required=False,
        max_length=2000,
        help_text=_("Shown to whoever submitted it."),
    )


class DisputesForm(forms.Form):
    """Which disputes are shown: those that wait, unless those decided are asked for."""

    STATES = (("open", _("Open")), ("decided", _("Decided")))

    state = forms.ChoiceField(label=_("Decision"), choices=STATES, required=False, initial="open")

    def chosen(self) -> str:
        """The state asked for; "" for one that there is not."""
        return (self.cleaned_data["state"] or "open") if self.is_valid() else ""

    def asked(self) -> dict[str, str]:
        """The filter as parameters of an address."""
        return {"state": state} if (state := self.chosen()) not in ("", "open") else {}


class ChooseForm(forms.Form):
    """Why Accord goes by one of several values."""

    statement = forms.IntegerField(
        label=_("Value"), error_messages={"required": _("Choose one of the values.")}
    )
    because = forms.CharField(label=_("because"), max_length=500)


class DateField(forms.CharField):
    """A partial date as people write it; its EDTF text."""

    def clean(self, value: Any) -> str:
        """The text of the date, "" of none; refused with the reason."""
        text = super().clean(value)
        if not text:
            return ""
        try:
            return understanding.date(text).text
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


class LinesField(forms.CharField):
    """Several texts, each on a line of its own."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        """The lines of a list."""
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        """The texts, each once."""
        lines = (line.strip() for line in super().clean(value).splitlines())
        return list(dict.fromkeys(line for line in lines if line))


def _text(label: Any, required: bool = False) -> Callable[[], forms.Field]:
    return lambda: forms.CharField(label=label, required=required, max_length=500)


def _choice(label: Any, choices: Any, required: bool = True) -> Callable[[], forms.Field]:
    rest = [] if required else [("", "–")]
    return lambda: forms.ChoiceField(
        label=label, choices=[*rest, *choices.choices], required=required
    )


def _date(label: Any, required: bool = False) -> Callable[[], forms.Field]:
    help_text = _("As people write it: June 2024, autumn 2013, 2018 to 2020.")
    return lambda: DateField(label=label, required=required, help_text=help_text)


def _sectors() -> forms.Field:
    choices = list(Sector.objects.values_list("slug", "name"))
    return forms.MultipleChoiceField(label=_("sectors"), choices=choices, required=False)


def _sector() -> forms.Field:
    choices = [("", "–"), *Sector.objects.values_list("slug", "name")]
    return forms.ChoiceField(label=_("sector"), choices=choices, required=False)


def _label() -> forms.Field:
    return forms.ChoiceField(
        label=_("official name"), choices=list(Label.objects.values_list("slug", "name"))
    )


def _instruments() -> forms.Field:
    return forms.MultipleChoiceField(
        label=_("instruments"), choices=Instrument.choices, required=False
    )


# What can be edited of each kind of proposal. A name with a dot is of a part of the payload.
PARTS: dict[str, dict[str, Callable[[], forms.Field]]] = {
    "participation": {
        "country": _text(_("country")),
        "organisation": _text(_("organisation")),
        "person": _text(_("person")),
        "role": _choice(_("role"), Participation.Role),
        "since": _date(_("since")),
        "until": _date(_("until")),
        "place": _text(_("place")),
    },
    "framework": {"bloc": _text(_("bloc"), required=True)},
    "partof": {"record": _text(_("initiative (its address)"), required=True)},
    "labelling": {"label": _label},
    "statusstep": {"status": _choice(_("status"), Status), "date": _date(_("date"))},
    "keydate": {
        "event": _choice(_("event"), KeyDate.Event),
        "date": _date(_("date"), required=True),
    },
    "outcome": {
        "record": _text(_("initiative (its address)"), required=True),
        "verb": _choice(_("what was done for it"), Outcome.Verb),
    },
    "figure": {
        "what": _text(_("what was counted"), required=True),
        "value": _text(_("quantity"), required=True),
        "unit": _text(_("unit"), required=True),
        "date": _date(_("date")),
    },
    "funding": {
        "amount": _text(_("amount")),
        "rung": _choice(_("rung"), Rung),
        "purpose": _text(_("what for")),
        "provider.country": _text(_("provider: country")),
        "provider.organisation": _text(_("provider: organisation")),
        "recipient.country": _text(_("recipient: country")),
        "recipient.organisation": _text(_("recipient: organisation")),
        "instruments": _instruments,
        "sector": _sector,
        "period": _date(_("period")),
        "recurs": _choice(_("recurs"), Recurs, required=False),
        "out_of_scope": _text(_("why out of scope")),
    },
    "title": {"title": _text(_("title"), required=True)},
    "name": {"name": _text(_("name"), required=True)},
    "series": {"series": _text(_("series"), required=True)},
    "country": {"country": _text(_("country"), required=True)},
    "parent": {"parent": _text(_("parent organisation"), required=True)},
    "aliases": {"aliases": lambda: LinesField(label=_("other names"), help_text=_("One a line."))},
    "summary": {
        "summary": lambda: forms.CharField(
            label=_("summary"), widget=forms.Textarea, max_length=5000
        )
    },
    "sectors": {"sectors": _sectors},
    "ordinal": {
        "ordinal": lambda: forms.IntegerField(label=_("ordinal"), min_value=1, max_value=1000)
    },
}


class PayloadForm(forms.Form):
    """What is proposed, in fields to edit before it is accepted."""

    def __init__(self, proposal: Proposal, data: Any = None) -> None:
        self.payload = in_numbers(proposal.payload)
        super().__init__(data, prefix="as", initial=_initial(proposal))
        for name, make in _parts(proposal).items():
            self.fields[name] = make()
            if isinstance(self.fields[name].widget, forms.Textarea):
                self.fields[name].widget.attrs["rows"] = 4

    def clean(self) -> dict[str, Any]:
        """Also the quantity of a figure, read from the words."""
        cleaned = super().clean() or self.cleaned_data
        if "value" in cleaned and self._touched("value"):
            try:
                said = understanding.quantity(cleaned["value"])
            except ValueError as error:
                self.add_error("value", str(error))
            else:
                cleaned["value"] = {
                    "low": said.low,
                    "high": said.high,
                    "qualifier": said.qualifier.value,
                    "words": said.words,
                }
        if self._touched("amount") and not cleaned.get("amount"):
            self.add_error("amount", gettext("Write the amount, or reject the proposal."))
        return cleaned

    def _touched(self, name: str) -> bool:
        return name in self.fields and name in self.changed_data

    def edited(self) -> dict[str, Any]:
        """The payload with what was changed, in the format of an import."""
        found = dict(self.payload)
        for name in self.changed_data:
            value = self.cleaned_data[name]
            value = {"words": value} if name == "amount" else value
            whole, _dot, part = name.partition(".")
            if not part:
                _put(found, name, value)
            else:
                party = dict(found.get(whole, {}))
                _put(party, part, value)
                _put(found, whole, party)
        return found

    def add_problems(self, problems: list[Problem]) -> None:
        """Say each problem at the field it is about, else above all."""
        for problem in problems:
            path = problem.place.strip("/").split("/")
            names = [".".join(path[:n]) for n in range(len(path), 0, -1)]
            name = next((name for name in names if name in self.fields), None)
            self.add_error(name, problem.reason)


def _put(payload: dict[str, Any], name: str, value: Any) -> None:
    """Set a value of the payload; what is empty is not in it."""
    if value in ("", None, [], {}):
        payload.pop(name, None)
    else:
        payload[name] = value


def _parts(proposal: Proposal) -> dict[str, Callable[[], forms.Field]]:
    if proposal.field == "kind":
        kinds = Organisation.Kind if proposal.organisation_id else Initiative.Kind
        return {"kind": _choice(_("kind"), kinds)}
    return PARTS[proposal.field]


def _initial(proposal: Proposal) -> dict[str, Any]:
    """The payload as the fields show it."""
    found: dict[str, Any] = {}
    for name in _parts(proposal):
        whole, _dot, part = name.partition(".")
        value = proposal.payload.get(whole, "")
        if part:
            value = value.get(part, "") if value else ""
        elif isinstance(value, dict):
            value = value.get("words", "")
        found[name] = value or ([] if name == "instruments" else "")
    if proposal.field == "funding":
        found["recurs"] = found["recurs"] or Recurs.ONCE.value
    return found
