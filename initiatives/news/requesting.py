"""The verb that asks for an import: rows first, messages after."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from initiatives.news import queue
from initiatives.news.models import ImportDocument, ImportRun


@transaction.atomic
def request_import(
    files: Iterable[tuple[str, bytes]], publish: bool = False, requested_by: Any = None
) -> ImportRun:
    """A new run over the files, given as (name, bytes), queued for the workers.

    Nothing is read here: a file that is too large, broken or no news document is refused by the
    worker, on the run's page.
    """
    run = ImportRun.objects.create(publish=publish, requested_by=requested_by)
    ImportDocument.objects.bulk_create(
        ImportDocument(run=run, name=name[:300], content=content) for name, content in files
    )
    queue.enqueue(run)
    return run
