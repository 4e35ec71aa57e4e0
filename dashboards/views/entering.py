"""Entering and editing records: the sheet, the drafts of it, and publishing."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth import authenticate, login
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from dashboards.access import EDIT, PUBLISH, form_token, needs
from dashboards.forms.conflicts import brought_up_to_date
from dashboards.forms.entering import SheetForm, Shown
from initiatives.desk import entering, history
from initiatives.desk.models import Draft
from initiatives.desk.sheets import Wrong
from initiatives.models import RECORD_MODELS, Record
from initiatives.news.publishing import NotPublishable, lacking
from initiatives.news.publishing import publish as make_public
from partners.history.changes import Change, Replayed, data_version

# Fields of the page that are no part of what was typed.
NOT_KEPT = ("csrfmiddlewaretoken", "username", "password", "token", "add", "check", "publish")


@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: HttpRequest) -> HttpResponse:
    """The sheet of a new record. A POST checks, adds a row or saves, as its button says."""
    if request.method == "POST":
        return _typed(request, None)
    if refused := _refused(request):
        return refused
    draft = _draft_asked_for(request)
    if draft and draft.record:
        return redirect(f"{_edit_url(draft.record)}?draft={draft.key}")
    kind = request.GET.get("type", "")
    kind = kind if kind in Record.Type.values else Record.Type.INITIATIVE.value
    if draft:
        return _page(request, SheetForm(kind, _kept(draft)), None, draft=draft)
    return _page(request, SheetForm(kind, token=uuid.uuid4(), draft=uuid.uuid4()), None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, type: str, slug: str) -> HttpResponse:
    """The sheet of a stored record. A POST checks, adds a row or saves, as its button says."""
    if request.method == "POST":
        # Whether there is such a record is not told to those who may not see it.
        return _typed(request, (type, slug))
    if refused := _refused(request):
        return refused
    version = data_version()  # before the record: what changes meanwhile is noticed on saving
    record = _editable(request, type, slug)
    draft = _draft_asked_for(request)
    if draft and draft.record_id == record.pk:
        data = _kept(draft)
        return _page(request, SheetForm(type, data, Shown.of(record, _version(data))), record)
    return _page(request, _opened(record, version), record)


@require_POST
@needs(PUBLISH)
def publish(request: HttpRequest, type: str, slug: str) -> HttpResponse:
    """Publish the record; 409 and its sheet, with what it lacks, if it cannot be."""
    record = get_object_or_404(RECORD_MODELS[type], slug=slug)
    return _publish(request, record, form_token(request))


def _publish(request: HttpRequest, record: Any, token: str | None = None) -> HttpResponse:
    try:
        make_public(record, request.user, token or None)
    except Replayed:
        pass
    except NotPublishable as refusal:
        messages.error(request, gettext("It is not published: %(why)s.") % {"why": refusal})
        version = data_version()
        record.refresh_from_db()
        return _page(request, _opened(record, version), record, status=409)
    messages.success(request, gettext("“%(title)s” is published.") % {"title": record})
    return redirect(record)


# --- A sheet that was typed into -------------------------------------------------------------------


def _typed(request: HttpRequest, asked: tuple[str, str] | None) -> HttpResponse:
    """Do what the button says. Whatever is wrong, the page comes back with all that was typed."""
    failed = _log_in(request)
    if not request.user.is_authenticated:
        form = SheetForm(asked[0] if asked else "", request.POST)
        return _page(request, form, None, status=401, login=True, login_failed=failed)
    if not request.user.has_perm(EDIT):
        raise PermissionDenied
    record = _editable(request, *asked) if asked else None
    then = Shown.of(record, _version(request.POST)) if record else None
    form = SheetForm(record.type if record else "", request.POST, then)
    if section := request.POST.get("add"):
        form.add_row(section)
        return _page(request, form, record)
    if "check" in request.POST:
        return _check(request, form, record)
    return _save(request, form, record)


def _check(request: HttpRequest, form: SheetForm, record: Any) -> HttpResponse:
    """The page with everything as it is understood, and what is wrong; nothing is saved."""
    context: dict[str, Any] = {"checked": True}
    if form.valid():
        plan = entering.Plan(form.sheet(), record)
        form.note(plan.mistakes)
        context["similar"] = plan.similar()
    return _page(request, form, record, **context)


def _save(request: HttpRequest, form: SheetForm, record: Any) -> HttpResponse:
    if not form.valid():
        return _page(request, form, record, status=400)
    clean, sheet = form.about.cleaned_data, form.sheet()
    how: dict[str, Any] = {"why": clean["why"], "token": form_token(request)}
    try:
        if record is None:
            how |= {"draft": clean["as_draft"], "another": clean["not_a_duplicate"]}
            saved = entering.enter(sheet, request.user, **how)
        else:
            version = clean["version"] or 0
            saved = entering.edit(record, sheet, request.user, version, **how)
    except Replayed as replayed:
        return redirect(_after(replayed.first, record))
    except entering.ChangedMeanwhile:
        return _changed_meanwhile(request, form, record)
    except Wrong as wrong:
        form.note(wrong.mistakes)
        similar = entering.Plan(sheet, record).similar()
        return _page(request, form, record, status=400, similar=similar)
    Draft.objects.filter(key=clean["draft"], owner_id=request.user.pk).delete()
    if "publish" in request.POST and request.user.has_perm(PUBLISH):
        return _publish(request, saved)
    messages.success(request, gettext("“%(title)s” is saved.") % {"title": saved})
    return redirect(saved)


def _after(first: Change, record: Any) -> str:
    """Where a form leads that was sent before."""
    if record is not None:
        return record.get_absolute_url()
    entered = Record.objects.filter(pk__in=entering.records_written_by(first)).first()
    return entered.get_absolute_url() if entered else reverse("entry_drafts")


def _changed_meanwhile(request: HttpRequest, form: SheetForm, record: Any) -> HttpResponse:
    """409: what somebody else changed; what was typed stays, all else is as it is now."""
    version = data_version()
    record.refresh_from_db()
    data = brought_up_to_date(form, record, version)
    differences = history.differences(record, form.about.cleaned_data["version"] or 0)
    renewed = SheetForm(record.type, data, Shown.of(record))
    return _page(request, renewed, record, status=409, differences=differences)


# --- Who may, and what is asked for ----------------------------------------------------------------


def _refused(request: HttpRequest) -> HttpResponse | None:
    """The way to log in, for a stranger; 403 for others who may not edit."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if not request.user.has_perm(EDIT):
        raise PermissionDenied
    return None


def _log_in(request: HttpRequest) -> bool:
    """Log in whoever's session has ended, by the name and password on the sheet; whether it failed."""
    name, password = request.POST.get("username"), request.POST.get("password")
    if request.user.is_authenticated or not (name and password):
        return False
    user = authenticate(request, username=name, password=password)
    if user is None:
        return True
    login(request, user)
    return False


def _editable(request: HttpRequest, type: str, slug: str) -> Any:
    """The record, if the reader may edit it; else 404 or 403."""
    record = get_object_or_404(RECORD_MODELS[type].objects.prefetch_related("sectors"), slug=slug)
    if record.state == Record.State.WITHDRAWN:
        raise PermissionDenied
    if record.state == Record.State.PUBLISHED and not request.user.has_perm(PUBLISH):
        raise PermissionDenied
    return record


def _version(data: QueryDict) -> int:
    """The data version at which the form was opened; 0 if it does not say."""
    said = data.get("version", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 19 else 0


def _opened(record: Any, version: int) -> SheetForm:
    """The sheet of the record as it is now; `version` was read before it."""
    more: dict[str, Any] = {"token": uuid.uuid4(), "draft": uuid.uuid4(), "version": version}
    article = entering.article_of(record)
    more |= {"article": article.pk} if article else {}
    return SheetForm(record.type, None, Shown.of(record), **more)


def _edit_url(record: Record) -> str:
    return reverse(f"{record.type}_edit", args=[record.slug])


def _page(
    request: HttpRequest, form: SheetForm, record: Any, status: int = 200, **context: Any
) -> HttpResponse:
    context |= {"form": form, "record": record}
    if record is not None and record.state != Record.State.PUBLISHED:
        context["lacking"] = lacking(record)
        context["publish_url"] = reverse(f"{record.type}_publish", args=[record.slug])
    context["may_publish"] = request.user.has_perm(PUBLISH)
    return render(request, "entering/sheet.html", context, status=status)


# --- Drafts ----------------------------------------------------------------------------------------


@require_POST
@needs(EDIT)
def keep_draft(request: HttpRequest) -> HttpResponse:
    """Keep everything that was typed, right or wrong; `{key, saved_at}`, or for a page the way on."""
    owner: Any = request.user
    key = _uuid(request.POST.get("draft", "")) or uuid.uuid4()
    if Draft.objects.filter(key=key).exclude(owner=owner).exists():
        key = uuid.uuid4()
    data = {
        name: [value.replace("\x00", "") for value in values]
        for sent, values in request.POST.lists()
        if (name := sent.replace("\x00", "")) not in NOT_KEPT
    }
    draft, _new = Draft.objects.update_or_create(
        key=key,
        defaults={
            "owner": owner,
            "record": _record_of(request),
            "title": request.POST.get("title", "").replace("\x00", "")[:500],
            "data": data | {"draft": [str(key)]},
            "saved_at": timezone.now(),
        },
    )
    if "text/html" in request.headers.get("Accept", ""):
        messages.success(request, gettext("The draft is kept."))
        return redirect(f"{reverse('enter')}?draft={draft.key}")
    return JsonResponse({"key": str(draft.key), "saved_at": draft.saved_at.isoformat()})


def _record_of(request: HttpRequest) -> Record | None:
    slug = request.POST.get("record", "").replace("\x00", "")
    return Record.objects.filter(slug=slug).first() if slug else None


@require_http_methods(["GET", "HEAD", "POST"])
@needs(EDIT)
def drafts(request: HttpRequest) -> HttpResponse:
    """One's own drafts, the latest first; a POST throws one away."""
    own = Draft.objects.filter(owner_id=request.user.pk).select_related("record")
    if request.method == "POST":
        if key := _uuid(request.POST.get("delete", "")):
            own.filter(key=key).delete()
        return redirect("entry_drafts")
    return render(request, "entering/drafts.html", {"drafts": own})


def _draft_asked_for(request: HttpRequest) -> Draft | None:
    """One's own draft that the address names, if there is one; else 404."""
    if "draft" not in request.GET:
        return None
    return get_object_or_404(
        Draft.objects.select_related("record"),
        key=_uuid(request.GET["draft"]),
        owner_id=request.user.pk,
    )


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _kept(draft: Draft) -> QueryDict:
    """The fields of a draft as if they were sent again, with a token of their own."""
    data = QueryDict(mutable=True)
    for name, values in draft.data.items():
        data.setlist(name, values)
    data["token"] = str(uuid.uuid4())
    return data
