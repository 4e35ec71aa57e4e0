"""Records that may be the same: the queue of pairs, two side by side, and what is decided of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from dashboards import statement_rows
from dashboards.access import EDIT, PUBLISH, form_token, needs
from initiatives.desk.duplicates import likely_pairs, set_apart
from initiatives.desk.merging import (
    CHOSEN,
    CannotMerge,
    Choices,
    SameMoney,
    cannot_merge,
    merge,
    money_to_choose,
)
from initiatives.models import RECORD_MODELS, Record
from partners.history.changes import Replayed

PAGE_SIZE = 50
KEPT, OTHER = "kept", "other"
WHICH = ((KEPT, _("of the record that is kept")), (OTHER, _("of the record that is given up")))


# --- The queue -----------------------------------------------------------------------------------


@require_safe
@needs(EDIT)
def queue(request: HttpRequest) -> HttpResponse:
    """Pairs of records that are likely the same, the likeliest first, fifty on a page."""
    type_ = request.GET.get("type", "")
    known = not type_ or type_ in Record.Type.values
    pairs = likely_pairs(type_) if known else []
    page = Paginator(pairs, PAGE_SIZE).get_page(request.GET.get("page"))
    records = Record.objects.in_bulk([pk for pair in page for pk in (pair.first, pair.second)])
    context = {
        "page": page,
        "pairs": [(records[pair.first], records[pair.second], pair) for pair in page],
        "headline": ngettext("%(n)s pair", "%(n)s pairs", len(pairs)) % {"n": len(pairs)},
        "types": [("", _("all")), *Record.Type.choices],
        "type": type_,
        "error": ""
        if known
        else gettext("There is no type “%(type)s” of records.") % {"type": type_},
    }
    return render(request, "duplicates/queue.html", context, status=200 if known else 400)


# --- Two side by side ----------------------------------------------------------------------------


class MergeForm(forms.Form):
    """What is taken of which record where the two differ, which money is the same, and why."""

    token = forms.CharField(widget=forms.HiddenInput, max_length=64)
    why = forms.CharField(label=_("Why they are the same"), max_length=500)

    def __init__(
        self, kept: Record, other: Record, money: list[SameMoney], data: Any = None
    ) -> None:
        super().__init__(data, initial={"token": uuid.uuid4().hex})
        self.money = money
        self.names = [n for n in CHOSEN[kept.type] if getattr(kept, n) != getattr(other, n)]
        for name in self.names:
            label = RECORD_MODELS[kept.type]._meta.get_field(name).verbose_name  # type: ignore[union-attr]
            # What is empty here is filled from there.
            empty = getattr(kept, name) in (None, "")
            self.fields[f"take_{name}"] = forms.ChoiceField(
                label=label, choices=WHICH, initial=OTHER if empty else KEPT
            )
        for row in money:
            options = [("", _("other money")), *((str(f.pk), _described(f)) for f in row.others)]
            self.fields[f"money_{row.said.pk}"] = forms.ChoiceField(
                label=_described(row.said),
                choices=options,
                required=False,
                initial=str(row.likely.pk) if row.likely else "",
            )

    @property
    def money_fields(self) -> list[Any]:
        """The fields that ask whether money is the same."""
        return [self[f"money_{row.said.pk}"] for row in self.money]

    def choices(self) -> Choices:
        """What was chosen, once the form is valid."""
        chosen = self.cleaned_data
        of_other = frozenset(name for name in self.names if chosen[f"take_{name}"] == OTHER)
        same = {row.said.pk: chosen[f"money_{row.said.pk}"] for row in self.money}
        return Choices(of_other, {pk: int(there) for pk, there in same.items() if there})


def _described(funding: Any) -> str:
    """A statement about money in one line."""
    row = statement_rows.funding_row(funding)
    return ": ".join(filter(None, [row.what, row.value or str(funding), str(funding.period or "")]))


class ApartForm(forms.Form):
    """Why two records are not the same."""

    token = forms.CharField(widget=forms.HiddenInput, max_length=64)
    why = forms.CharField(label=_("Why they are not the same"), max_length=500, required=False)


@dataclass(frozen=True, slots=True)
class Described:
    """One descriptive field of both records; `field` asks which to take, where they differ."""

    label: Any
    kept: Any
    other: Any
    field: Any = None


@dataclass(frozen=True, slots=True)
class Section:
    """The statements of one kind about both; `both` holds the anchors of those that both make."""

    title: Any
    kept: list[statement_rows.Row]
    other: list[statement_rows.Row]
    both: set[str]


@require_safe
@needs(EDIT)
def pair(request: HttpRequest, kept: str, other: str) -> HttpResponse:
    """Everything that is said of two records, side by side; the first keeps its address."""
    one, two = _record(kept), _record(other)
    return _show(request, one, two, None)


@require_POST
@needs(PUBLISH)
def merge_pair(request: HttpRequest, kept: str, other: str) -> HttpResponse:
    """Merge the second into the first; 400 with the form if it cannot be."""
    one, two = _record(kept), _record(other)
    form = MergeForm(one, two, _money(one, two), request.POST)
    if not form.is_valid():
        return _show(request, one, two, form)
    values = form.cleaned_data
    try:
        merge(one, two, form.choices(), request.user, values["why"], form_token(request))
    except CannotMerge as refused:
        for reason in refused.reasons:
            form.add_error(None, reason)
        return _show(request, one, two, form)
    except Replayed:
        return redirect(one)
    said = gettext("“%(other)s” was merged into this record.") % {"other": two}
    messages.success(request, said)
    return redirect(one)


@require_POST
@needs(EDIT)
def apart(request: HttpRequest, kept: str, other: str) -> HttpResponse:
    """Note that the two are not the same, and go back to the queue."""
    one, two = _record(kept), _record(other)
    form = ApartForm(request.POST)
    if not form.is_valid() or one.pk == two.pk:
        return _show(request, one, two, None, form)
    try:
        set_apart(one, two, request.user, form.cleaned_data["why"], form_token(request))
    except Replayed:
        return redirect("duplicates")
    messages.success(request, gettext("They are not suggested again."))
    return redirect("duplicates")


def _record(slug: str) -> Any:
    record = get_object_or_404(Record, slug=slug)
    return RECORD_MODELS[record.type].objects.prefetch_related("sectors").get(pk=record.pk)


def _money(kept: Record, other: Record) -> list[SameMoney]:
    both = kept.type == other.type == Record.Type.INITIATIVE
    return money_to_choose(kept, other) if both else []


def _show(
    request: HttpRequest,
    kept: Any,
    other: Any,
    form: MergeForm | None,
    apart_form: ApartForm | None = None,
) -> HttpResponse:
    refused = cannot_merge(kept, other)
    if not refused and form is None:
        form = MergeForm(kept, other, _money(kept, other))
    bound = (form and form.is_bound) or apart_form
    context = {
        "kept": kept,
        "other": other,
        "refused": refused,
        "form": None if refused else form,
        "apart_form": apart_form or ApartForm(initial={"token": uuid.uuid4().hex}),
        "described": list(_described_by_both(kept, other, None if refused else form)),
        "sections": _stated_by_both(kept, other),
    }
    return render(request, "duplicates/pair.html", context, status=400 if bound else 200)


def _described_by_both(kept: Any, other: Any, form: MergeForm | None) -> Iterator[Described]:
    for name in CHOSEN[kept.type] if kept.type == other.type else ("title", "summary"):
        label = kept._meta.get_field(name).verbose_name
        asked = form[f"take_{name}"] if form and name in form.names else None
        yield Described(label, _text(kept, name), _text(other, name), asked)
    for label, text in (
        (_("other names"), lambda record: "; ".join(record.aliases)),
        (_("sectors"), lambda record: ", ".join(str(s) for s in record.sectors.all())),
        (_("state"), lambda record: record.get_state_display()),
        (_("address"), lambda record: record.get_absolute_url()),
    ):
        yield Described(label, text(kept), text(other))


def _text(record: Any, name: str) -> Any:
    shown = getattr(record, f"get_{name}_display", None)
    return shown() if shown else getattr(record, name)


def _stated_by_both(kept: Record, other: Record) -> list[Section]:
    """The current statements of both, kind by kind."""
    stated = [statement_rows.statements_of(record) for record in (kept, other)]
    prints = [
        {(s.fingerprint, model): s.pk for _t, model, _r, rows in of_one for s in rows}
        for of_one in stated
    ]
    both = {
        f"{model._meta.model_name}-{pk}"
        for of_one, of_other in (prints, prints[::-1])
        for (said, model), pk in of_one.items()
        if (said, model) in of_other
    }
    found: dict[str, Section] = {}
    for side, of_one in enumerate(stated):
        for section in statement_rows.sections(of_one):
            shown = found.setdefault(str(section.title), Section(section.title, [], [], both))
            (shown.other if side else shown.kept).extend(section.rows)
    return list(found.values())
