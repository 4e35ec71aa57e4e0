"""Import runs, their documents, what became of each record, and proposals waiting for an editor.

The rows are the truth about the work. Messages in the queue only say "look at row N", and may be
lost or come twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from initiatives.models import Record
from partners.history.changes import Change
from partners.history.versions import keep_history
from partners.models import Organisation


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    """Questions about runs."""

    def newest_first(self) -> ImportRunQuerySet:
        """The latest run first, with its documents."""
        return self.order_by("-created_at", "-pk").prefetch_related("documents")


class ImportRun(models.Model):
    """One request to import some news documents."""

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    publish = models.BooleanField(
        _("publish at once"),
        default=False,
        help_text=_("Records whose every value has evidence are published without review."),
    )

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"#{self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("import", args=[self.pk])

    @property
    def total(self) -> int:
        """How many documents there are."""
        return len(self.documents.all())

    @property
    def done(self) -> int:
        """How many documents are finished, well or badly."""
        return sum(document.finished for document in self.documents.all())

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.done == self.total

    def outcome_counts(self) -> dict[str, int]:
        """Records by outcome, over all documents, in the order of `ImportOutcome.Result`."""
        return ImportRun.outcome_counts_of([self])[self.pk]

    @staticmethod
    def outcome_counts_of(runs: Iterable[ImportRun]) -> dict[int, dict[str, int]]:
        """The same for several runs, by run, in one query."""
        found: dict[int, dict[str, int]] = {run.pk: {} for run in runs}
        rows = ImportOutcome.objects.filter(document__run__in=found).order_by()
        for run, result, n in rows.values_list("document__run", "result").annotate(n=Count("pk")):
            found[run][result] = n
        order = list(ImportOutcome.Result.values)
        return {
            run: dict(sorted(counts.items(), key=lambda item: order.index(item[0])))
            for run, counts in found.items()
        }


class ImportDocumentQuerySet(models.QuerySet["ImportDocument"]):
    """Questions about documents."""

    def claimable(self, at: dt.datetime) -> ImportDocumentQuerySet:
        """Queued ones, and running ones whose worker has let its lease run out."""
        return self.filter(
            Q(state=ImportDocument.State.QUEUED)
            | Q(state=ImportDocument.State.RUNNING, lease_until__lt=at)
        )


class ImportDocumentManager(models.Manager.from_queryset(ImportDocumentQuerySet)):  # type: ignore[misc]
    """Documents without their bytes, which only the worker that imports one asks for."""

    def get_queryset(self) -> ImportDocumentQuerySet:
        return super().get_queryset().defer("content")


class ImportDocument(models.Model):
    """One news document of a run: its bytes, who works on it until when, how it ended."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")
        FAILED = "failed", _("failed")

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="documents")
    name = models.CharField(_("file"), max_length=300)
    content = models.BinaryField()
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED, db_index=True)
    error = models.TextField(blank=True)
    owner = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # What importing it changed; nothing if there was nothing to change.
    change = models.OneToOneField(
        Change, models.SET_NULL, null=True, blank=True, related_name="document"
    )

    objects = ImportDocumentManager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def finished(self) -> bool:
        """Whether it is done, refused or failed."""
        return self.state in (self.State.DONE, self.State.REFUSED, self.State.FAILED)


class ImportOutcome(models.Model):
    """What became of one record of a document."""

    class Result(models.TextChoices):
        CREATED = "created", _("created")
        UPDATED = "updated", _("updated")
        UNCHANGED = "unchanged", _("unchanged")
        PROPOSED = "proposed", _("proposed")
        DUPLICATE = "duplicate", _("duplicate of")
        REJECTED = "rejected", _("rejected")

    document = models.ForeignKey(ImportDocument, models.CASCADE, related_name="outcomes")
    place = models.CharField(_("place in the file"), max_length=200)
    type = models.CharField(max_length=40, blank=True)
    key = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=500, blank=True)
    result = models.CharField(max_length=10, choices=Result)
    record = models.ForeignKey(
        Record, models.SET_NULL, null=True, blank=True, related_name="import_outcomes"
    )
    organisation = models.ForeignKey(
        Organisation, models.SET_NULL, null=True, blank=True, related_name="import_outcomes"
    )
    problems = models.JSONField(
        default=list, help_text=_('why it was rejected: [{"place": ..., "reason": ...}]')
    )

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["document", "place"], name="outcome_once")]

    def __str__(self) -> str:
        return f"{self.key}: {self.get_result_display()}"


class Proposal(models.Model):
    """What an import would like to change, waiting for an editor.

    `payload` is the part of the document that says it; `now` and `proposed` are the two values in
    words. One proposal for one value: importing again adds nothing.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("waiting")
        ACCEPTED = "accepted", _("accepted")
        REJECTED = "rejected", _("rejected")

    class Reason(models.TextChoices):
        """Why an editor rejects a proposal."""

        NOT_SAID = "not-said", _("the passage does not say so")
        OTHER_RECORD = "other-record", _("it is about another record")
        KNOWN = "known", _("it is known already, more exactly")
        OUTDATED = "outdated", _("a later source says otherwise")
        UNRELIABLE = "unreliable", _("the source is not reliable on this")
        OUT_OF_SCOPE = "out-of-scope", _("it is not what Accord tracks")
        OTHER = "other", _("another reason")

    record = models.ForeignKey(
        Record, models.CASCADE, null=True, blank=True, related_name="proposals"
    )
    organisation = models.ForeignKey(
        Organisation, models.CASCADE, null=True, blank=True, related_name="proposals"
    )
    document = models.ForeignKey(ImportDocument, models.PROTECT, related_name="proposals")
    place = models.CharField(_("place in the file"), max_length=200)
    field = models.CharField(_("field or kind of statement"), max_length=60)
    now = models.TextField(_("value now"), blank=True)
    proposed = models.TextField(_("value proposed"))
    quote = models.TextField(_("the words that carry it"), blank=True)
    payload = models.JSONField(encoder=DjangoJSONEncoder)
    fingerprint = models.CharField(max_length=64)
    # Hash of the text that says so: what was rejected is proposed again only by another text.
    source = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING, db_index=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    decided_at = models.DateTimeField(null=True, blank=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=12, choices=Reason, blank=True)
    remark = models.TextField(_("the decision in words"), blank=True)

    class Meta:
        ordering = ["-created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["record", "field", "fingerprint", "source"], name="proposed_once"
            ),
            models.UniqueConstraint(
                fields=["organisation", "field", "fingerprint", "source"],
                name="proposed_once_of_organisation",
            ),
            models.CheckConstraint(
                condition=~Q(state="rejected") | ~Q(reason=""),
                name="proposal_rejected_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(record=None) ^ Q(organisation=None), name="proposal_of_one_thing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record or self.organisation}: {self.field}"


keep_history(Proposal)
