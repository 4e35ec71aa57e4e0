"""What to look at again: queues of records and values, and the button that confirms a record."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import django_filters as df
from django import forms
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from dashboards import statement_rows
from dashboards.access import EDIT, form_token, needs
from initiatives.desk.follow_up import (
    KEY_VALUES,
    CannotConfirm,
    confirm,
    days_confirmed,
    ended_unreported,
    not_confirmed_for,
    resting_on_one_source,
)
from initiatives.filters import OfRecords, RecordFilter, RecordForm, SaysHow
from initiatives.models import Record
from initiatives.selection import Selection
from partners.history.changes import Replayed

PAGE_SIZE = 50
MONTHS = 24
QUEUES = {
    "ended": _("Planned end has passed"),
    "one-source": _("One source only"),
    "unconfirmed": _("Not confirmed for long"),
}


class Months(OfRecords, df.NumberFilter):
    """How long ago: a queue asks for it itself."""

    field_class = forms.IntegerField


class FollowUpFilter(RecordFilter):
    """Filters of the queues: those of every record, and what each queue asks."""

    NOUN = _("Records to follow up")
    WORDS: ClassVar[dict[str, Any]] = RecordFilter.WORDS

    months = Months(label=_("Not confirmed for more than (months)"), min_value=1, max_value=1200)
    value = SaysHow(
        label=_("Values"),
        choices=[(name, label) for name, (label, _model) in KEY_VALUES.items()],
    )

    class Meta:
        model = Record
        form = RecordForm
        fields: ClassVar[list[str]] = []

    def get_form_class(self) -> type[forms.Form]:
        """With every field, since the page draws them."""
        return self.form_of(frozenset(self.base_filters))


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a queue: a record, why it is there, and when it was last confirmed."""

    record: Record
    why: str
    last: dt.date | None
    value: statement_rows.Row | None = None

    @property
    def edit_url(self) -> str:
        """Where the record is edited."""
        return reverse(f"{self.record.type}_edit", args=[self.record.slug])


@require_safe
@needs(EDIT)
def follow_up(request: HttpRequest, queue: str = "ended") -> HttpResponse:
    """One of the queues, fifty lines on a page, with how many there are in each."""
    if queue not in QUEUES:
        return redirect("follow_up")
    selection = Selection(FollowUpFilter, request.GET, Record.objects.published())
    asked = {} if selection.errors else selection.form.cleaned_data
    months, value = int(asked.get("months") or MONTHS), asked.get("value") or "status"
    records = selection.records
    days = days_confirmed(records)
    model = KEY_VALUES[value][1]
    found: dict[str, Sequence[Any]] = {
        "ended": ended_unreported(records, days),
        "one-source": resting_on_one_source(model, records),
        "unconfirmed": not_confirmed_for(months, records, days),
    }
    page = Paginator(found[queue], PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "selection": selection,
        "queue": queue,
        "queues": [(name, label, len(found[name])) for name, label in QUEUES.items()],
        "title": QUEUES[queue],
        "page": page,
        "items": LINES[queue](page, days, model),
        "months": months,
        "token": uuid.uuid4().hex,
    }
    return render(request, "follow_up/queue.html", context, status=400 if selection.errors else 200)


def _of_ended(page: Page, days: dict[int, dt.date], _model: Any) -> list[Item]:
    records = Record.objects.in_bulk([ended.record for ended in page])
    return [
        Item(
            records[ended.record],
            gettext("%(what)s %(day)s")
            % {"what": ended.what, "day": date_format(ended.day, "j F Y")},
            days.get(ended.record),
        )
        for ended in page
    ]


def _of_one_source(page: Page, days: dict[int, dt.date], model: Any) -> list[Item]:
    _title, _model, shown, related = next(kind for kind in statement_rows.KINDS if kind[1] is model)
    rows = (
        model.objects.filter(pk__in=list(page)).with_evidence().select_related("record", *related)
    )
    by_key = {row.pk: row for row in rows}
    return [
        Item(row.record, "", days.get(row.record_id), statement_rows.as_row(row, shown))
        for row in (by_key[pk] for pk in page)
    ]


def _of_unconfirmed(page: Page, _days: dict[int, dt.date], _model: Any) -> list[Item]:
    records = Record.objects.in_bulk([pk for pk, _day in page])
    return [Item(records[pk], "", day) for pk, day in page]


LINES = {"ended": _of_ended, "one-source": _of_one_source, "unconfirmed": _of_unconfirmed}


class ConfirmForm(forms.Form):
    """That a record still holds, and how the editor knows."""

    token = forms.CharField(max_length=64)
    why = forms.CharField(label=_("How you know"), max_length=500, required=False)
    next = forms.CharField(max_length=2000, required=False)


@require_POST
@needs(EDIT)
def confirm_record(request: HttpRequest, slug: str) -> HttpResponse:
    """Note that the record still holds, and go back; 400 that names the field that is wrong."""
    record = get_object_or_404(Record, slug=slug)
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        return render(
            request, "follow_up/refused.html", {"record": record, "form": form}, status=400
        )
    asked = form.cleaned_data
    try:
        confirm(record, request.user, asked["why"], form_token(request))
    except Replayed:
        return HttpResponseRedirect(_back(request, asked["next"], record))
    except CannotConfirm as refused:
        form.add_error(None, str(refused))
        return render(
            request, "follow_up/refused.html", {"record": record, "form": form}, status=400
        )
    messages.success(
        request, gettext("“%(record)s” is confirmed as of today.") % {"record": record}
    )
    return HttpResponseRedirect(_back(request, asked["next"], record))


def _back(request: HttpRequest, address: str, record: Record) -> str:
    """The address the editor came from, if it is one of ours; else the record's."""
    ours = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if address.startswith("/") and ours else record.get_absolute_url()
