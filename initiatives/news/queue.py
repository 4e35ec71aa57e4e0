"""Who works on which document: rows are claimed, leased and given back.

Whatever dies at whatever moment, a document is finished exactly once: its records and its state
are written in one transaction, which fails unless the worker still owns the row.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import uuid
from functools import partial

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext

from initiatives.news.models import ImportDocument, ImportRun

LEASE = dt.timedelta(seconds=30)
MOST_ATTEMPTS = 5


class LostLease(Exception):
    """Another worker has taken the document over; nothing of ours may be written."""


def enqueue(run: ImportRun) -> None:
    """Send a message for each waiting document, after the transaction that made them.

    A queue that is down loses nothing: the sweeper sends again what nobody claimed.
    """
    from initiatives.news.tasks import import_document

    for pk in run.documents.filter(state=ImportDocument.State.QUEUED).values_list("pk", flat=True):
        transaction.on_commit(partial(send, import_document, pk))


def send(task, pk: int) -> bool:
    """Put one message on the queue; False if the queue did not take it."""
    try:
        task.apply_async(args=[pk])
    except task.OperationalError:
        return False
    return True


def new_owner() -> str:
    """A name for one attempt, unlike any other's."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


def claim(pk: int, owner: str) -> ImportDocument | None:
    """Take the document for LEASE; None if it is finished or another worker has it.

    A document that killed its worker MOST_ATTEMPTS times is marked failed instead.
    """
    now = timezone.now()
    waiting = ImportDocument.objects.filter(pk=pk).claimable(now)
    waiting.filter(attempts__gte=MOST_ATTEMPTS).update(
        state=ImportDocument.State.FAILED,
        error=gettext("given up after %(n)s attempts that did not end") % {"n": MOST_ATTEMPTS},
        finished_at=now,
    )
    taken = waiting.filter(attempts__lt=MOST_ATTEMPTS).update(
        state=ImportDocument.State.RUNNING,
        owner=owner,
        lease_until=now + LEASE,
        attempts=F("attempts") + 1,
        started_at=now,
    )
    return ImportDocument.objects.select_related("run").get(pk=pk) if taken else None


def finish(document: ImportDocument, owner: str, state: str, error: str = "") -> None:
    """Mark the document as ended, in the transaction of its records; LostLease if not ours."""
    ours = ImportDocument.objects.filter(
        pk=document.pk, owner=owner, state=ImportDocument.State.RUNNING
    )
    if not ours.update(state=state, error=error, finished_at=timezone.now(), lease_until=None):
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
