"""The pages of saved views: one's own, one to open, its changes, and where mail goes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.signing import BadSignature
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import (
    condition,
    require_http_methods,
    require_POST,
    require_safe,
)

from dashboards.exports.answers import refused, unknown_parameters
from dashboards.freshness import entity_tag
from dashboards.watching import addresses, saving
from dashboards.watching.digest import UNSUBSCRIBING
from dashboards.watching.feed import feed_response
from dashboards.watching.forms import AddressForm, SinceForm, ViewForm
from dashboards.watching.happenings import happenings
from dashboards.watching.models import SavedView
from dashboards.watching.saving import CannotSave
from dashboards.watching.shown import shown_at
from partners.history.changes import Change, data_version

get_or_post = require_http_methods(["GET", "HEAD", "POST"])
# How far feed and page go back, and how many changes they have at most.
DAYS, MOST_IN_FEED, MOST_ON_PAGE = 30, 50, 100


# --- One's own views -----------------------------------------------------------------------------


@require_safe
@login_required
def saved_views(request: HttpRequest) -> HttpResponse:
    """One's views, and the one that was deleted last."""
    own = SavedView.objects.of(request.user)
    context = {
        "views": own.kept(),
        "deleted": own.exclude(deleted_at=None).first(),
        "sends_mail": settings.SENDS_MAIL,
    }
    return render(request, "watching/views.html", context)


@get_or_post
@login_required
def new_view(request: HttpRequest) -> HttpResponse:
    """Ask for a name for what stands at `address`, then keep it and go back there."""
    address = request.POST.get("address") or request.GET.get("address", "")
    found = shown_at(address)
    asked = request.POST if request.method == "POST" else None
    form = ViewForm(
        asked, person=request.user, past=found.past, initial={"name": found.words[:100]}
    )
    if not found.errors and _written(form, partial(saving.save, request.user, found)):
        messages.success(request, gettext("The view was saved. It is among your saved views."))
        return redirect(found.address)
    wrong = found.errors or form.errors
    context = {"form": form, "shown": found, "address": address}
    return render(request, "watching/new.html", context, status=400 if wrong else 200)


def _written(form: ViewForm, write: Callable[..., Any]) -> bool:
    """Whether what was sent was written; if it could not be, the form says why."""
    if not form.is_valid():
        return False
    values = form.cleaned_data
    try:
        write(values["name"], shared=values["shared"], mailed=values["mailed"])
    except CannotSave as refusal:
        form.add_error(refusal.field or None, str(refusal))
        return False
    return True


def _own(request: HttpRequest, key: str) -> SavedView:
    """One's own view; 404 for what one cannot look at, 403 for what somebody else shares."""
    found = SavedView.objects.open_to(request.user).select_related("owner")
    view = get_object_or_404(found, key=key)
    if view.owner_id != request.user.pk:
        raise PermissionDenied
    return view


@get_or_post
@login_required
def edit_view(request: HttpRequest, key: str) -> HttpResponse:
    """Its name, whether it is shared and mailed, the address of its feed; and deleting it."""
    view = _own(request, key)
    asked = request.POST if request.method == "POST" else None
    form = ViewForm(asked, instance=view, person=request.user, past=view.shown.past)
    if _written(form, partial(saving.alter, view)):
        messages.success(request, gettext("Changed."))
        return redirect("saved_views")
    context = {"form": form, "view": view, "site": settings.SITE_URL}
    return render(request, "watching/edit.html", context, status=400 if form.errors else 200)


@require_POST
@login_required
def delete_view(request: HttpRequest, key: str) -> HttpResponse:
    """Delete a view; the list of views has the way back."""
    saving.delete(_own(request, key))
    return redirect("saved_views")


@require_POST
@login_required
def restore_view(request: HttpRequest, key: str) -> HttpResponse:
    """Bring a deleted view back."""
    view = SavedView.objects.of(request.user).filter(key=key).first() or _own(request, key)
    try:
        saving.bring_back(view)
    except CannotSave as refusal:
        messages.error(request, str(refusal))
    return redirect("saved_views")


@require_POST
@login_required
def renew_feed(request: HttpRequest, key: str) -> HttpResponse:
    """Give the feed of a view another address."""
    view = _own(request, key)
    saving.renew_feed(view)
    messages.success(request, gettext("The feed has a new address; the old one no longer answers."))
    return redirect("view_edit", view.key)


# --- Looking at one ------------------------------------------------------------------------------


@require_safe
@never_cache
def saved_view(request: HttpRequest, key: str) -> HttpResponse:
    """Go to what the view shows, or say why it can no longer be shown."""
    view = get_object_or_404(SavedView.objects.open_to(request.user), key=key)
    if view.shown.errors:
        return render(request, "watching/invalid.html", {"view": view}, status=400)
    return redirect(view.address)


@require_safe
@never_cache
def view_changes(request: HttpRequest, key: str) -> HttpResponse:
    """What changed in the view since a day, the latest first."""
    view = get_object_or_404(SavedView.objects.open_to(request.user), key=key)
    if view.shown.errors:
        return render(request, "watching/invalid.html", {"view": view}, status=400)
    form = SinceForm(request.GET)
    context: dict[str, Any] = {"view": view, "form": form}
    if not form.is_valid():
        return render(request, "watching/changes.html", context, status=400)
    since = _start(form.cleaned_data["since"])
    found = happenings(view.shown, _last_before(since), data_version(), MOST_ON_PAGE)
    context |= {"since": since, "happenings": found, "full": len(found) == MOST_ON_PAGE}
    return render(request, "watching/changes.html", context)


def _start(day: dt.date | None) -> dt.datetime:
    """The beginning of the day; without one, of the day as many days ago as a feed goes back."""
    day = day or timezone.now().date() - dt.timedelta(days=DAYS)
    return dt.datetime.combine(day, dt.time.min, dt.UTC)


def _last_before(moment: dt.datetime) -> int:
    """The number of the last change before a moment."""
    numbers = Change.objects.filter(at__lt=moment).newest_first()
    return numbers.values_list("number", flat=True).first() or 0


def _fed(request: HttpRequest, key: str) -> SavedView:
    """The view of a feed: shared, one's own, or whose token is in the address; else 404."""
    view = get_object_or_404(SavedView.objects.kept(), key=key)
    token = request.GET.get("token", "")
    own = view.owner_id == request.user.pk
    if view.shared or own or constant_time_compare(token, view.feed_token):
        return view
    raise Http404("no such view")


def _tag(request: HttpRequest, key: str) -> str:
    """What is the same as long as the feed is."""
    view = _fed(request, key)
    return entity_tag(request, view.changed_at.isoformat())


@require_safe
@condition(etag_func=_tag)
def view_feed(request: HttpRequest, key: str) -> HttpResponse:
    """The latest changes of the view as a feed."""
    view = _fed(request, key)
    if refusal := refused(unknown_parameters(request, "token") or view.shown.errors):
        return refusal
    since = _start(None)
    found = happenings(view.shown, _last_before(since), data_version(), MOST_IN_FEED)
    reach = gettext("It goes back %(days)s days, and has the latest %(most)s changes at most.")
    answer = feed_response(view, found, reach % {"days": DAYS, "most": MOST_IN_FEED})
    if not view.shared:
        answer["Cache-Control"] = "private"
    return answer


# --- Mail ----------------------------------------------------------------------------------------


@get_or_post
@login_required
@never_cache
def mail_address(request: HttpRequest) -> HttpResponse:
    """Where one's mail goes; another address is confirmed by a link that is mailed there."""
    person: Any = request.user
    asked = request.POST if request.method == "POST" else None
    form = AddressForm(asked, initial={"email": person.email})
    status = 200
    if asked is not None and form.is_valid() and settings.SENDS_MAIL:
        email = form.cleaned_data["email"]
        try:
            if email and email != person.email:
                addresses.ask(person, email)
                messages.success(
                    request, gettext("A link was mailed to %(email)s.") % {"email": email}
                )
            elif not email:
                addresses.set_address(person, "")
                messages.success(request, gettext("Accord has no address of yours any more."))
            return redirect("mail_address")
        except addresses.TooSoon as refusal:
            later = gettext("A link was mailed a moment ago. Try again after %(time)s UTC.")
            form.add_error("email", later % {"time": f"{refusal.until:%H:%M}"})
            status = 429
        except (SMTPException, OSError):
            form.add_error("email", gettext("The link could not be mailed there now."))
            status = 503
    elif form.errors or asked is not None:
        status = 400
    context = {"form": form, "sends_mail": settings.SENDS_MAIL}
    return render(request, "watching/address.html", context, status=status)


@get_or_post
@never_cache
def mail_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm an address. Only a form does: programs that read mail follow links."""
    found = addresses.asked_by(token)
    if found is None:
        return render(request, "watching/confirm.html", status=400)
    person, email = found
    if request.method == "POST":
        addresses.set_address(person, email)
    context = {"person": person, "email": email, "done": request.method == "POST"}
    return render(request, "watching/confirm.html", context)


@csrf_exempt  # programs that read mail send this form, as List-Unsubscribe-Post says
@get_or_post
@never_cache
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """End all mail to whoever the token is of; no login is asked for."""
    try:
        person = get_object_or_404(get_user_model(), pk=UNSUBSCRIBING.unsign_object(token))
    except BadSignature as error:
        raise Http404("no such link") from error
    if request.method == "POST":
        saving.stop_all_mail(person)
    context = {"person": person, "done": request.method == "POST"}
    return render(request, "watching/unsubscribe.html", context)
