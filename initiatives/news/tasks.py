"""Celery tasks: they look at rows and may run twice."""

from __future__ import annotations

import logging

from celery import shared_task
from django.db import IntegrityError, OperationalError
from django.utils import timezone

from initiatives.news import queue
from initiatives.news.importing import import_content
from initiatives.news.models import ImportDocument

logger = logging.getLogger(__name__)


@shared_task(name=queue.IMPORT_DOCUMENT)
def import_document(pk: int) -> None:
    """Import the document of that row, unless it is finished or another worker has it.

    What cannot be done now is left to the sweeper.
    """
    owner = queue.new_owner()
    try:
        document = queue.claim(pk, owner)
    except OperationalError:
        logger.info("Document %s cannot be claimed now", pk, exc_info=True)
        return
    if document is None:
        return
    try:
        import_content(document, owner)
    except queue.LostLease:
        logger.warning("Document %s was taken over by another worker", pk)
    except (IntegrityError, OperationalError):
        # Somebody else wrote the same thing at the same time, or the database was busy.
        logger.info("Document %s will be tried again", pk, exc_info=True)
        queue.give_back(document, owner)
    except Exception as error:
        logger.exception("Document %s failed", pk)
        queue.finish(
            document, owner, ImportDocument.State.FAILED, f"{type(error).__name__}: {error}"
        )


@shared_task(name="initiatives.news.tasks.sweep")
def sweep() -> None:
    """Send again what a dead worker held or what no message reached."""
    queue.send_all(queue.left_behind(timezone.now()))
