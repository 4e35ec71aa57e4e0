"""Celery tasks: they look at what is due and may run twice."""

import datetime as dt

from celery import shared_task
from django.utils import timezone

from dashboards.watching.digest import send_due
from dashboards.watching.saving import forget_deleted

# After so long a deleted view cannot be brought back.
KEPT_DELETED = dt.timedelta(days=30)


@shared_task(name="dashboards.watching.tasks.send_digests")
def send_digests() -> int:
    """Mail the changes of watched views to everybody to whom that is due today; how many mails."""
    forget_deleted(timezone.now() - KEPT_DELETED)
    return send_due()
