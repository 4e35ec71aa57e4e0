"""What happened to a record, what a change did, and the forms that take it back."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboards.access import EDIT, PUBLISH, form_token, needs
from dashboards.exports.answers import json_response, knows
from dashboards.exports.formats import twins
from dashboards.views.records import sees_drafts, shown_to
from initiatives.desk.history import (
    Difference,
    differences,
    numbers_about,
    public_numbers,
    records_of,
    steps_of,
)
from initiatives.desk.undoing import has_right_to_undo, may_undo, revert, undo, undo_run
from initiatives.desk.withdrawing import CannotWithdraw, withdraw
from initiatives.models import Record
from initiatives.news.models import ImportRun
from partners.history.changes import Change, Replayed
from partners.history.undoing import CannotUndo, Conflict

PAGE_SIZE = 25
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


# --- Of a record ---------------------------------------------------------------------------------


@require_safe
def record_history(request: HttpRequest, type: str, slug: str) -> HttpResponse:
    """Who changed what, when and why, the latest first; with `from` and `to` what differs."""
    record = shown_to(request, type, slug)
    numbers = _numbers(request, record)
    errors, pair = _asked_pair(request, numbers)
    page = Paginator(numbers, PAGE_SIZE).get_page(request.GET.get("page"))
    steps = steps_of(record, page.object_list)
    changes = Change.objects.select_related("undone_by").in_bulk(page.object_list)
    context = {
        "record": record,
        "page": page,
        "changes": [
            (
                changes[number],
                _public(request, steps[number]),
                may_undo(request.user, changes[number]),
            )
            for number in page.object_list
            if number in changes
        ],
        "choices": Change.objects.filter(number__in=numbers).newest_first(),
        "errors": errors,
        "pair": pair,
        "differing": _public(request, differences(record, *pair)) if pair else [],
        "may_revert": request.user.has_perm(PUBLISH),
        "token": secrets.token_urlsafe(16),
        "twins": twins(request.path, "", ["json"]),
    }
    return render(request, "history/record.html", context, status=400 if errors else 200)


@require_safe
@knows()
def record_history_json(request: HttpRequest, type: str, slug: str) -> HttpResponse:
    """The same as JSON: every change of the record, the latest first."""
    record = shown_to(request, type, slug)
    numbers = _numbers(request, record)
    steps = steps_of(record, numbers)
    made = Change.objects.filter(number__in=numbers).newest_first()
    results = [
        {
            "data_version": one.number,
            "at": one.at.isoformat(),
            "verb": one.verb,
            "by": one.who or None,
            "why": one.why,
            "undone": not one.stands,
            "changes": [
                {"what": d.what, "before": d.before or None, "after": d.after or None}
                for d in _public(request, steps[one.number])
            ],
        }
        for one in made.select_related("undone_by")
    ]
    return json_response({"record": slug, "count": len(results), "results": results})


def _numbers(request: HttpRequest, record: Record) -> list[int]:
    """The changes of the record that the reader may see."""
    return numbers_about(record) if sees_drafts(request) else public_numbers(record)


def _public(request: HttpRequest, found: Iterable[Difference]) -> list[Difference]:
    return [one for one in found if one.public or sees_drafts(request)]


def _asked_pair(
    request: HttpRequest, numbers: list[int]
) -> tuple[dict[str, list[str]], tuple[int, int] | None]:
    """The two versions to compare; errors by parameter for what is no version of the record."""
    errors: dict[str, list[str]] = {}
    pair = []
    for name in ("from", "to"):
        text = request.GET.get(name, "")
        if text and _number(text) not in numbers:
            errors[name] = [gettext("There is no such version of this record.")]
        elif text:
            pair.append(int(text))
    if len(pair) == 1 and not errors:
        errors["from" if request.GET.get("to") else "to"] = [gettext("Choose two versions.")]
    return errors, (min(pair), max(pair)) if len(pair) == 2 and not errors else None


def _number(text: str) -> int | None:
    """The number of a change; None if the text is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _why(request: HttpRequest) -> str:
    return request.POST.get("why", "").replace("\x00", "")[:5000]


@require_POST
@needs(PUBLISH)
def revert_record(request: HttpRequest, type: str, slug: str) -> HttpResponse:
    """Bring a record to what it said after a change."""
    record = shown_to(request, type, slug)
    number = _number(request.POST.get("number", ""))
    if number is None or number not in numbers_about(record):
        unknown = gettext("number: there is no such version of this record")
        return _refused(request, gettext("Nothing to bring back"), [Conflict(unknown)], status=400)
    try:
        revert(record, number, request.user, _why(request), form_token(request))
    except CannotUndo as refusal:
        return _refused(request, gettext("This version cannot be brought back"), refusal.conflicts)
    except Replayed:
        pass
    messages.success(request, gettext("The record says again what it said then."))
    return redirect(reverse(f"{type}_history", args=[slug]))


@get_or_post
@needs(PUBLISH)
def withdraw_record(request: HttpRequest, type: str, slug: str) -> HttpResponse:
    """Ask why, then take the record back."""
    record = shown_to(request, type, slug)
    why, problem = _why(request), ""
    if request.method == "POST":
        try:
            withdraw(record, request.user, why, form_token(request))
            return redirect(record)
        except Replayed:
            return redirect(record)
        except CannotWithdraw as refusal:
            problem = str(refusal)
    context = {
        "record": record,
        "why": why,
        "problem": problem,
        "token": request.POST.get("token") or secrets.token_urlsafe(16),
    }
    return render(request, "history/withdraw.html", context, status=400 if problem else 200)


# --- Of the whole site ---------------------------------------------------------------------------


@require_safe
@needs(EDIT)
def change_list(request: HttpRequest) -> HttpResponse:
    """Every change, the latest first."""
    found = Change.objects.newest_first().select_related("undone_by")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "history/changes.html", {"page": page})


@require_safe
@needs(EDIT)
def change_page(request: HttpRequest, number: int) -> HttpResponse:
    """One change: what it did to each record."""
    return _show(request, get_object_or_404(Change, pk=number))


def _show(request: HttpRequest, made: Change, conflicts: Any = ()) -> HttpResponse:
    page = Paginator(records_of(made.number), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "change": made,
        "page": page,
        "records": [(r, steps_of(r, [made.number])[made.number]) for r in page],
        "conflicts": conflicts,
        "may_undo": may_undo(request.user, made),
        "token": secrets.token_urlsafe(16),
    }
    return render(request, "history/change.html", context, status=409 if conflicts else 200)


@require_POST
@needs(EDIT)
def undo_change(request: HttpRequest, number: int) -> HttpResponse:
    """Take a change back; what stands in the way is named."""
    found = get_object_or_404(Change, pk=number)
    if not has_right_to_undo(request.user, found):
        raise PermissionDenied
    try:
        made = undo([found], request.user, _why(request), form_token(request))
    except Replayed as replayed:
        made = replayed.first
    except CannotUndo as refusal:
        return _show(request, found, refusal.conflicts)
    messages.success(
        request, gettext("Change %(number)s was taken back.") % {"number": found.number}
    )
    return redirect("change", made.number)


@require_POST
@needs(PUBLISH)
def undo_import(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back all that an import run wrote."""
    run = get_object_or_404(ImportRun, pk=pk)
    try:
        made = undo_run(run, request.user, _why(request), form_token(request))
    except Replayed as replayed:
        made = replayed.first
    except CannotUndo as refusal:
        return _refused(request, gettext("This run cannot be taken back"), refusal.conflicts)
    messages.success(request, gettext("All that the run wrote was taken back."))
    return redirect("change", made.number)


def _refused(request: HttpRequest, title: str, reasons: Any, status: int = 409) -> HttpResponse:
    context = {"title": title, "reasons": reasons}
    return render(request, "history/refused.html", context, status=status)
