"""The review: what imports propose, drafts whose passages wait, and values in dispute."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from dashboards import statement_rows
from dashboards.access import EDIT, PUBLISH, form_token, needs
from dashboards.forms.reviewing import (
    FIELDS,
    ChooseForm,
    DisputesForm,
    PayloadForm,
    QueueForm,
    RejectForm,
)
from initiatives.desk.disputes import Dispute, choose, disputes
from initiatives.desk.reviewing import (
    LISTS,
    Decisions,
    NotApplicable,
    accept,
    judge_passages,
    reject,
    standing_beside,
    value_now,
)
from initiatives.desk.undoing import may_undo
from initiatives.models import Article, Evidence, Record, statement_models
from initiatives.news.models import Proposal
from initiatives.news.publishing import lacking
from partners.history.changes import Change, Replayed

PAGE_SIZE = 25
# So much of an article stands around the sentence.
AROUND = 600

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


# --- Proposals -----------------------------------------------------------------------------------


@get_or_post
@needs(EDIT)
def queue(request: HttpRequest) -> HttpResponse:
    """The proposals, those that wait unless others are asked for; a POST decides a batch."""
    form = QueueForm(request.GET)
    if not form.is_valid():
        context = {"form": form, "rejecting": RejectForm(), **_frame(request)}
        return render(request, "reviewing/queue.html", context, status=400)
    if request.method == "POST":
        return _decide_batch(request, form)
    return _show_queue(request, form, RejectForm())


def _show_queue(
    request: HttpRequest, form: QueueForm, rejecting: RejectForm, problem: str = ""
) -> HttpResponse:
    proposals = _chosen(form)
    page = Paginator(proposals, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "rejecting": rejecting,
        "problem": problem,
        "page": page,
        "rows": [(proposal, FIELDS[proposal.field]) for proposal in page],
        "pending": _state(form) == Proposal.State.PENDING,
        "ticked": set(request.POST.getlist("proposal")),
        **_frame(request),
    }
    status = 400 if problem or rejecting.errors else 200
    return render(request, "reviewing/queue.html", context, status=status)


def _decide_batch(request: HttpRequest, form: QueueForm) -> HttpResponse:
    named = [int(n) for n in request.POST.getlist("proposal") if n.isdecimal() and len(n) < 19]
    proposals = list(Proposal.objects.filter(pk__in=named).select_related("record", "organisation"))
    if not proposals:
        return _show_queue(request, form, RejectForm(), gettext("Tick at least one proposal."))
    decision = request.POST.get("decision")
    if decision not in ("accept", "reject"):
        unknown = gettext("decision: choose to accept or to reject")
        return _show_queue(request, form, RejectForm(), unknown)
    rejecting = RejectForm(request.POST)
    try:
        if decision == "accept":
            made = accept(proposals, request.user, form_token(request))
        elif rejecting.is_valid():
            clean = rejecting.cleaned_data
            made = reject(
                proposals, request.user, clean["reason"], clean["remark"], form_token(request)
            )
        else:
            return _show_queue(request, form, rejecting)
    except Replayed as replayed:
        return redirect(_address("review", _asked(form), done=replayed.first.number))
    _tell(request, made)
    return redirect(_address("review", _asked(form), done=_number(made)))


@get_or_post
@needs(EDIT)
def proposal(request: HttpRequest, pk: int) -> HttpResponse:
    """One proposal with all that decides it; a POST decides, and the next one opens."""
    found = get_object_or_404(
        Proposal.objects.select_related(
            "record", "organisation", "document__run__requested_by", "decided_by"
        ),
        pk=pk,
    )
    form = QueueForm(request.GET)
    asked = _asked(form) if form.is_valid() else {}
    if request.method == "POST":
        return _decide(request, found, asked)
    return _show(request, found, asked, PayloadForm(found), RejectForm())


def _decide(request: HttpRequest, found: Proposal, asked: dict[str, Any]) -> HttpResponse:
    editing, rejecting = PayloadForm(found), RejectForm()
    decision, token = request.POST.get("decision"), form_token(request)
    if decision not in ("accept", "edit", "reject"):
        unknown = gettext("decision: choose to accept or to reject")
        return _show(request, found, asked, editing, rejecting, unknown, status=400)
    _before, after = _neighbours(found, asked)
    try:
        if decision == "reject":
            rejecting = RejectForm(request.POST)
            if not rejecting.is_valid():
                return _show(request, found, asked, editing, rejecting, status=400)
            clean = rejecting.cleaned_data
            made = reject([found], request.user, clean["reason"], clean["remark"], token)
        else:
            edited = {}
            if decision == "edit":
                editing = PayloadForm(found, request.POST)
                if not editing.is_valid():
                    return _show(request, found, asked, editing, rejecting, status=400)
                edited = {found.pk: editing.edited()}
            keep_both = request.POST.get("keep_both") == "on"
            made = accept([found], request.user, token, edited, keep_both)
    except Replayed as replayed:
        return _on(after, asked, replayed.first.number)
    for _proposal, refusal in made.refused:
        if editing.is_bound:
            editing.add_problems(refusal.problems)
        found.refresh_from_db()
        return _show(request, found, asked, editing, rejecting, str(refusal), status=400)
    return _on(after, asked, _number(made))


def _on(after: int | None, asked: dict[str, Any], done: int | None) -> HttpResponse:
    """To the next proposal, or to the queue where there is none."""
    if after is None:
        return redirect(_address("review", asked, done=done))
    return redirect(_address("proposal", asked, after, done=done))


def _show(
    request: HttpRequest,
    found: Proposal,
    asked: dict[str, Any],
    editing: PayloadForm,
    rejecting: RejectForm,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    before, after = _neighbours(found, asked)
    pending = found.state == Proposal.State.PENDING
    now, standing, hindrance = _as_it_stands(found)
    context = {
        "proposal": found,
        "field": FIELDS[found.field],
        "pending": pending,
        "now": now,
        "replaces": [statement.pk for statement in standing],
        "hindrance": "" if refused else hindrance,
        "refused": refused,
        "article": (article := _article(found)),
        "pieces": _around(article.text, found.quote.splitlines()) if article else [],
        "others": _others(found),
        "earlier": _earlier(found),
        "editing": editing,
        "rejecting": rejecting,
        "query": urlencode(asked),
        "before": before and _address("proposal", asked, before),
        "after": after and _address("proposal", asked, after),
        **_frame(request),
    }
    return render(request, "reviewing/proposal.html", context, status=status)


def _as_it_stands(found: Proposal) -> tuple[str, list[Any], str]:
    """The value now, the statements that would make room, and why it cannot be accepted, if so."""
    if found.state != Proposal.State.PENDING:
        return found.now, [], ""
    if found.field not in LISTS:
        return value_now(found), [], ""
    try:
        standing = standing_beside(found)
    except NotApplicable as refusal:
        return found.now, [], str(refusal)
    return "; ".join(statement.in_full() for statement in standing), standing, ""


def _others(found: Proposal) -> list[statement_rows.Group]:
    """What the record states of the same kind, with its evidence."""
    if not found.record or found.field not in LISTS:
        return []
    for _title, model, render_row, related in statement_rows.KINDS:
        if model._meta.model_name == found.field:
            rows = model.objects.about(found.record).current().with_evidence().order_by("pk")
            said = [statement_rows.as_row(s, render_row) for s in rows.select_related(*related)]
            return statement_rows.grouped(said)
    return []


def _earlier(found: Proposal) -> list[Proposal]:
    """Decisions about the same value, said by other texts."""
    same = Proposal.objects.filter(
        record=found.record_id,
        organisation=found.organisation_id,
        field=found.field,
        fingerprint=found.fingerprint,
    )
    decided = same.exclude(pk=found.pk).exclude(state=Proposal.State.PENDING)
    return list(decided.select_related("decided_by").order_by("-decided_at"))


def _article(found: Proposal) -> Article | None:
    """The article of the document, with the text that says so."""
    return Article.objects.filter(text_hash=found.source).select_related("publisher").first()


def _around(text: str, quotes: list[str]) -> list[statement_rows.Piece]:
    """The part of a text around some sentences of it, those marked."""
    spans = [(text.find(quote), len(quote)) for quote in quotes if quote in text]
    first = min((start for start, _n in spans), default=0)
    last = max((start + n for start, n in spans), default=0)
    begin, end = max(first - AROUND, 0), min(last + AROUND, len(text))
    passages = [Evidence(start=start - begin, end=start + n - begin) for start, n in spans]
    return statement_rows.marked_text(text[begin:end], passages)


def _chosen(form: QueueForm) -> Any:
    """The proposals that the form asks for, in its order."""
    clean = form.cleaned_data
    found = Proposal.objects.filter(state=_state(form))
    if clean["record"]:
        slug = clean["record"]
        found = found.filter(Q(record__slug=slug) | Q(organisation__slug=slug))
    if clean["field"]:
        found = found.filter(field=clean["field"])
    if clean["run"]:
        found = found.filter(document__run=clean["run"])
    related = found.select_related("record", "organisation", "document__run", "decided_by")
    if _state(form) != Proposal.State.PENDING:
        return related.order_by("-decided_at", "-pk")
    newest = clean["order"] == "newest"
    return related.order_by(*(("-created_at", "-pk") if newest else ("created_at", "pk")))


def _state(form: QueueForm) -> str:
    return form.cleaned_data["state"] or Proposal.State.PENDING.value


def _neighbours(found: Proposal, asked: dict[str, Any]) -> tuple[int | None, int | None]:
    """The proposals before and after this one among those asked for; after the last, the first."""
    form = QueueForm(asked)
    form.is_valid()
    numbers = list(_chosen(form).values_list("pk", flat=True))
    if found.pk not in numbers:
        return None, next(iter(numbers), None)
    here = numbers.index(found.pk)
    rest = [*numbers[here + 1 :], *numbers[:here]]
    return (numbers[here - 1] if here else None), next(iter(rest), None)


# --- Passages of drafts --------------------------------------------------------------------------


@get_or_post
@needs(EDIT)
def drafts(request: HttpRequest) -> HttpResponse:
    """Records whose passages wait, each statement beside its sentence; a POST judges passages."""
    if request.method == "POST":
        return _judge(request)
    return _show_drafts(request)


def _judge(request: HttpRequest) -> HttpResponse:
    states = {"accept": Evidence.State.ACCEPTED, "reject": Evidence.State.REJECTED}
    state = states.get(request.POST.get("decision", ""))
    named = [int(n) for n in request.POST.getlist("passage") if n.isdecimal() and len(n) < 19]
    passages = list(Evidence.objects.filter(pk__in=named))
    if state is None or not passages:
        return _show_drafts(request, gettext("Tick at least one passage."))
    try:
        judged = judge_passages(passages, state, request.user, form_token(request))
    except Replayed:
        return redirect("review_drafts")
    said = gettext("%(n)s passages: %(state)s.")
    messages.success(request, said % {"n": len(judged), "state": state.label})
    return redirect("review_drafts")


def _show_drafts(request: HttpRequest, problem: str = "") -> HttpResponse:
    page = Paginator(_waiting(), 10).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "drafts": [_draft(request, record) for record in page],
        "problem": problem,
        **_frame(request),
    }
    return render(request, "reviewing/drafts.html", context, status=400 if problem else 200)


def _waiting() -> Any:
    """Records in review, and others with a passage that nobody has judged."""
    waiting = Q(state=Record.State.IN_REVIEW)
    for model in statement_models():
        proposed = model.objects.current().filter(carried__evidence__state=Evidence.State.PROPOSED)
        waiting |= Q(pk__in=proposed.values("record"))
    return Record.objects.filter(waiting).exclude(state=Record.State.WITHDRAWN).order_by("title")


def _draft(request: HttpRequest, record: Record) -> dict[str, Any]:
    """A record with its statements, each with the passages that carry it and wait or are judged."""
    found = getattr(record, record.type)
    rows = []
    for _title, _model, render_row, statements in statement_rows.statements_of(found):
        for statement in statements:
            if statement.retired_at is None:
                carried = [c.evidence for c in statement.carried.all()]
                rows.append((statement_rows.as_row(statement, render_row), carried))
    in_review = record.state != Record.State.PUBLISHED
    return {
        "record": found,
        "rows": rows,
        "waits": any(p.state == Evidence.State.PROPOSED for _row, ps in rows for p in ps),
        "lacking": lacking(found) if in_review else [],
        "publish": reverse(f"{record.type}_publish", args=[record.slug])
        if in_review and request.user.has_perm(PUBLISH)
        else "",
    }


# --- Disputes ------------------------------------------------------------------------------------


@get_or_post
@needs(EDIT)
def dispute_list(request: HttpRequest) -> HttpResponse:
    """Values that sources contradict each other about, side by side; a POST decides one."""
    if request.method == "POST":
        return _choose(request)
    return _show_disputes(request)


def _choose(request: HttpRequest) -> HttpResponse:
    form = ChooseForm(request.POST)
    model = next(
        (m for m in statement_models() if m._meta.model_name == request.POST.get("kind")), None
    )
    if model is None or not form.is_valid():
        return _show_disputes(request, form)
    number = form.cleaned_data["statement"]
    statement = model.objects.filter(pk=number).first() if 0 < number < 2**63 else None
    if statement is None:
        form.add_error("statement", gettext("There is no such value."))
        return _show_disputes(request, form)
    asked = DisputesForm(request.GET).asked()
    try:
        made = choose(statement, form.cleaned_data["because"], request.user, form_token(request))
    except Replayed as replayed:
        return redirect(_address("disputes", asked, done=replayed.first.number))
    except ValueError as error:
        form.add_error("statement", str(error))
        return _show_disputes(request, form)
    return redirect(_address("disputes", asked, done=made.number if made.kept else None))


def _show_disputes(request: HttpRequest, form: ChooseForm | None = None) -> HttpResponse:
    """Those that nobody has decided, or those that somebody has."""
    filters = DisputesForm(request.GET)
    states: dict[str, list[Dispute]] = {"open": [], "decided": []}
    for dispute in sorted(disputes(), key=lambda d: d.record.title):
        states["decided" if dispute.decided else "open"].append(dispute)
    state = filters.chosen()
    page = Paginator(states.get(state, []), 10).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "filters": filters,
        "state": state,
        "states": [(name, label, len(states[name])) for name, label in DisputesForm.STATES],
        "disputes": [_sides(dispute) for dispute in page],
        "form": form,
        **_frame(request),
    }
    return render(
        request, "reviewing/disputes.html", context, status=400 if form or not state else 200
    )


def _sides(dispute: Dispute) -> dict[str, Any]:
    kinds = {model: render_row for _title, model, render_row, _related in statement_rows.KINDS}
    render_row = kinds[type(dispute.statements[0])]
    sides = [
        (statement, statement_rows.as_row(statement, render_row, disputed=True))
        for statement in dispute.statements
    ]
    kind = dispute.statements[0]._meta.model_name or ""
    return {"record": dispute.record, "kind": kind, "field": FIELDS[kind], "sides": sides}


# --- What the pages share ------------------------------------------------------------------------


def _frame(request: HttpRequest) -> dict[str, Any]:
    """A token for the forms of the page, and the change that the last form made."""
    number = request.GET.get("done", "")
    done = None
    if number.isdecimal() and len(number) < 19:
        done = Change.objects.filter(pk=int(number), by=request.user.pk).first()
    undoable = done is not None and may_undo(request.user, done)
    return {"token": secrets.token_urlsafe(24), "done": done, "may_undo": undoable}


def _asked(form: QueueForm) -> dict[str, Any]:
    """The filter of the queue as parameters of an address."""
    clean = {name: form.cleaned_data.get(name) for name in form.fields}
    return {name: getattr(value, "pk", value) for name, value in clean.items() if value}


def _address(name: str, asked: dict[str, Any], *args: Any, done: int | None = None) -> str:
    parameters = {**asked, "done": done} if done else asked
    query = urlencode(parameters)
    return reverse(name, args=args) + (f"?{query}" if query else "")


def _number(made: Decisions) -> int | None:
    return made.change.number if made.change.kept else None


def _tell(request: HttpRequest, made: Decisions) -> None:
    """Say what could not be decided, and why."""
    for found, refusal in made.refused[:10]:
        about = f"{found.record or found.organisation}, {FIELDS[found.field]}"
        messages.warning(request, f"{about}: {refusal}")
    if (more := len(made.refused) - 10) > 0:
        messages.warning(request, gettext("and %(n)s more") % {"n": more})
