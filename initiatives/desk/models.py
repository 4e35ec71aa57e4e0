"""What the desk keeps for itself: drafts of forms, and pairs that were found not to be the same."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from initiatives.models import Record
from partners.history.versions import keep_history


class Draft(models.Model):
    """A form as somebody left it, right or wrong: nothing that was typed is lost.

    `data` holds the fields as they were sent, by name, each a list of texts. No record yet: an
    entry that was begun.
    """

    key = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    record = models.ForeignKey(Record, models.CASCADE, null=True, blank=True, related_name="+")
    title = models.CharField(_("title"), max_length=500, blank=True)
    data = models.JSONField(default=dict)
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-saved_at"]
        default_permissions = ()
        # What the roles are made of: see dashboards.access.
        permissions = [
            ("edit", _("Can enter records, edit drafts and review")),
            ("publish", _("Can publish, withdraw, merge, revert and undo")),
        ]

    def __str__(self) -> str:
        return self.title or str(self.key)


class NotTheSame(models.Model):
    """Two records that look alike and were found to be two: they are not suggested again."""

    first = models.ForeignKey(Record, models.CASCADE, related_name="+")
    second = models.ForeignKey(Record, models.CASCADE, related_name="+")
    why = models.CharField(_("why"), max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="not_the_same_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="not_the_same_ordered"),
        ]

    def __str__(self) -> str:
        return f"{self.first} ≠ {self.second}"


keep_history(NotTheSame)
