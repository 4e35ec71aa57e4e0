"""Who works on which document: rows are claimed, held and given back.

Whatever dies at whatever moment, a document is finished exactly once: its records and its state
are written in one transaction, which fails unless the worker still owns the row.

A claim is a lease: it says by when that transaction has begun. From then on the transaction
itself holds the row (PostgreSQL: by its lock on the row; SQLite: by its lock on the database),
so that nobody can take a document from a living worker, however long it takes. The lock of a
dead worker goes with its connection, and whoever finds the lease run out takes over.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import uuid
from collections.abc import Iterable
from functools import partial

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from kombu.exceptions import OperationalError as QueueDown

from initiatives.news.models import ImportDocument, ImportRun
from partners.history.changes import Change

# The task in tasks.py, by its name, so that this module need not import what imports it.
IMPORT_DOCUMENT = "initiatives.news.tasks.import_document"
MOST_ATTEMPTS = 5
CLAIMED = ("state", "error", "owner", "lease_until", "attempts", "started_at", "finished_at")


class LostLease(Exception):
    """Another worker has taken the document over; nothing of ours may be written."""


def enqueue(run: ImportRun) -> None:
    """Send a message for each waiting document, after the transaction that made them.

    A queue that is down loses nothing: the sweeper sends again what nobody claimed.
    """
    waiting = run.documents.filter(state=ImportDocument.State.QUEUED)
    transaction.on_commit(partial(send_all, list(waiting.values_list("pk", flat=True))))


def send_all(pks: Iterable[int]) -> None:
    """Put a message for each row on the queue, until the queue does not take one."""
    all(send(pk) for pk in pks)


def send(pk: int) -> bool:
    """Put the message "look at row `pk`" on the queue; False if the queue did not take it."""
    try:
        current_app.send_task(IMPORT_DOCUMENT, args=[pk])
    except QueueDown:
        return False
    return True


def new_owner() -> str:
    """A name for one attempt, unlike any other's."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


def claim(pk: int, owner: str) -> ImportDocument | None:
    """Lease the document to `owner`; None if it is finished or another worker has it.

    A document that did not end in MOST_ATTEMPTS attempts is marked failed instead.
    """
    now = timezone.now()
    with transaction.atomic():
        claimable = ImportDocument.objects.filter(pk=pk).claimable(now)
        # Passed over while the transaction of an import holds it.
        document = claimable.select_for_update(skip_locked=True).first()
        if document is None:
            return None
        if document.attempts >= MOST_ATTEMPTS:
            document.state = ImportDocument.State.FAILED
            document.error = gettext("given up after %(n)s attempts that did not end") % {
                "n": MOST_ATTEMPTS
            }
            document.finished_at, document.lease_until = now, None
        else:
            document.state = ImportDocument.State.RUNNING
            document.owner, document.started_at = owner, now
            document.lease_until = now + dt.timedelta(seconds=settings.NEWS_LEASE_SECONDS)
            document.attempts += 1
        document.save(update_fields=CLAIMED)
    return None if document.finished else document


def hold(document: ImportDocument, owner: str) -> None:
    """Keep the document from everyone else until this transaction ends; LostLease if not ours."""
    ours = ImportDocument.objects.filter(
        pk=document.pk, owner=owner, state=ImportDocument.State.RUNNING
    )
    if not ours.select_for_update().values_list("pk", flat=True).first():
        raise LostLease(f"document {document.pk}")


def finish(
    document: ImportDocument, owner: str, state: str, error: str = "", change: Change | None = None
) -> None:
    """Mark the document as ended, in the transaction of its records; LostLease if not ours."""
    ours = ImportDocument.objects.filter(
        pk=document.pk, owner=owner, state=ImportDocument.State.RUNNING
    )
    ended = {"state": state, "error": error, "change": change, "lease_until": None}
    if not ours.update(**ended, finished_at=timezone.now()):
        raise LostLease(f"document {document.pk}")


def give_back(document: ImportDocument, owner: str) -> None:
    """Let another attempt have the document at once."""
    ImportDocument.objects.filter(
        pk=document.pk, owner=owner, state=ImportDocument.State.RUNNING
    ).update(state=ImportDocument.State.QUEUED, lease_until=None)


def left_behind(at: dt.datetime) -> list[int]:
    """Documents that somebody should look at: unclaimed for a while, or with a lease run out."""
    stale = at - dt.timedelta(seconds=5)
    waiting = ImportDocument.objects.claimable(at).exclude(
        state=ImportDocument.State.QUEUED, run__created_at__gt=stale
    )
    return list(waiting.values_list("pk", flat=True)[:1000])
