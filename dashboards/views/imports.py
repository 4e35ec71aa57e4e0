"""Import runs: what was asked for, how far it is, what became of each record."""

from __future__ import annotations

import secrets
from collections import Counter

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, TooManyFilesSent
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from dashboards.access import EDIT, PUBLISH
from dashboards.lists import organisations
from initiatives.desk.undoing import changes_of
from initiatives.models import Record
from initiatives.news.models import ImportDocument, ImportOutcome, ImportRun, Proposal
from initiatives.news.requesting import request_import

PAGE_SIZE = 25
# A whole form: as many files as settings allow, and some room for what is around them.
MOST_BYTES = settings.DATA_UPLOAD_MAX_NUMBER_FILES * settings.NEWS_MAX_BYTES + 100_000


Result = ImportOutcome.Result
# The shape of the badge of each outcome (templates/partials/badge.html).
TONES: dict[str, str] = {
    Result.CREATED: "good",
    Result.UPDATED: "accent",
    Result.UNCHANGED: "quiet",
    Result.PROPOSED: "warn",
    Result.DUPLICATE: "warn",
    Result.REJECTED: "bad",
}


def badges(counts: dict[str, int]) -> list[tuple[str, str, int]]:
    """(words, tone, how many) of each outcome."""
    return [(str(Result(result).label), TONES[result], n) for result, n in counts.items()]


class ManyFiles(forms.ClearableFileInput):
    """A file input that takes several files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One or more uploaded files, each of a name and a size that can be read."""

    widget = ManyFiles

    def clean(self, data, initial=None):
        files = data if isinstance(data, list | tuple) and data else [data]
        cleaned = [super(FilesField, self).clean(file, initial) for file in files]
        for file in cleaned:
            if not file.name.lower().endswith(".json"):
                raise forms.ValidationError(
                    gettext("%(name)s is no news document: its name must end in .json.")
                    % {"name": file.name}
                )
            if file.size > settings.NEWS_MAX_BYTES:
                raise forms.ValidationError(
                    gettext("%(name)s has %(size)s bytes; at most %(most)s are read.")
                    % {"name": file.name, "size": file.size, "most": settings.NEWS_MAX_BYTES}
                )
        return cleaned


class ImportForm(forms.Form):
    """Which news documents to import."""

    documents = FilesField(
        label=_("News documents"),
        help_text=_(
            "One or more files of the format accord.news/1, 5 MB at most each, 20 files at most."
        ),
        widget=ManyFiles(attrs={"multiple": True, "accept": ".json,application/json"}),
    )


@csrf_exempt  # checked below, once it is clear that the reader may send files at all
@require_http_methods(["GET", "HEAD", "POST"])
def import_list(request: HttpRequest) -> HttpResponse:
    """All runs, the latest first; a POST asks for a new one.

    The body of a POST is not read before the permission and its announced size are: whoever may
    not import cannot fill the disk.
    """
    if request.method == "POST":
        if not request.user.has_perm("news.add_importrun"):
            raise PermissionDenied
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            return _list(request, _refused(gettext("Together the files are too large.")))
        try:
            return _request_run(request)
        except TooManyFilesSent:
            return _list(request, _refused(gettext("At most 20 files can be sent at once.")))
    return _list(request, ImportForm())


@csrf_protect
def _request_run(request: HttpRequest) -> HttpResponse:
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _list(request, form)
    files = [(file.name, file.read()) for file in form.cleaned_data["documents"]]
    run = request_import(files, requested_by=request.user)
    messages.success(request, gettext("The import is queued."))
    return redirect(run)


def _refused(why: str) -> ImportForm:
    """The form with an error, for what cannot even be read."""
    form = ImportForm({}, MultiValueDict())
    form.errors.clear()
    form.add_error("documents", why)
    return form


def _list(request: HttpRequest, form: ImportForm) -> HttpResponse:
    page = Paginator(ImportRun.objects.newest_first(), PAGE_SIZE).get_page(request.GET.get("page"))
    counts = ImportRun.outcome_counts_of(page)
    context = {
        "page": page,
        "runs": [(run, badges(counts[run.pk])) for run in page],
        "form": form if request.user.has_perm("news.add_importrun") else None,
    }
    status = 400 if form.is_bound else 200
    return render(request, "imports/list.html", context, status=status)


def _shown(
    document: ImportDocument, sees_all: bool
) -> tuple[ImportDocument, list[tuple[ImportOutcome, str]], list[tuple[str, str, int]], bool]:
    """A document, its outcomes with the tone of each, their counts, and whether to unfold them.

    Readers who do not see everything see the outcomes of published records.

    Outcomes that ask nothing of a reader are folded away.
    """
    rows = document.outcomes.select_related("record", "organisation")
    if not sees_all:  # what was rejected or waits in review is not public
        public = Q(organisation__in=organisations().values("pk"))
        rows = rows.filter(public | Q(record__state=Record.State.PUBLISHED))
    outcomes = list(rows)
    counts = Counter(outcome.result for outcome in outcomes)
    return (
        document,
        [(outcome, TONES[outcome.result]) for outcome in outcomes],
        badges({result: counts[result] for result in TONES if counts[result]}),
        any(outcome.result not in (Result.CREATED, Result.UNCHANGED) for outcome in outcomes),
    )


@require_safe
def import_run(request: HttpRequest, pk: int) -> HttpResponse:
    """One run; htmx asks for the part that changes while the run goes on."""
    run = get_object_or_404(ImportRun.objects.prefetch_related("documents"), pk=pk)
    page = Paginator(run.documents.all(), PAGE_SIZE).get_page(request.GET.get("page"))
    sees_all = request.user.has_perm("initiatives.view_record")
    proposals = Proposal.objects.filter(document__run=run).select_related(
        "record", "organisation", "decided_by"
    )
    submitted = run.requested_by_id is not None and run.requested_by_id == request.user.pk
    context = {
        "run": run,
        "sees_all": sees_all,
        "page": page,
        "documents": [_shown(d, sees_all) for d in page],
        "counts": badges(run.outcome_counts()),
        "proposals": proposals if sees_all or submitted else proposals.none(),
        "reviews": request.user.has_perm(EDIT),
        "may_undo": request.user.has_perm(PUBLISH) and bool(changes_of(run)),
        "token": secrets.token_urlsafe(16),
    }
    template = "imports/progress.html" if request.htmx else "imports/run.html"  # type: ignore[attr-defined]
    return render(request, template, context)
