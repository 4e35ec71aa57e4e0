"""Saved views, and how far each person has been told of them by mail."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _

from dashboards.watching.shown import Shown, shown


def unguessable() -> str:
    """A name that nobody finds by trying."""
    return get_random_string(22)


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Questions about saved views."""

    def kept(self) -> SavedViewQuerySet:
        """Those that were not deleted."""
        return self.filter(deleted_at=None)

    def of(self, person: Any) -> SavedViewQuerySet:
        """Those of a person."""
        return self.filter(owner=person.pk)

    def open_to(self, person: Any) -> SavedViewQuerySet:
        """Those that a person may look at: one's own, and what others share."""
        return self.kept().filter(Q(owner=person.pk) | Q(shared=True))

    def mailed(self) -> SavedViewQuerySet:
        """Those of which the changes are mailed."""
        return self.kept().filter(mailed_since__isnull=False)


class SavedView(models.Model):
    """A view that somebody keeps under a name: a path of the site with its query string."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views", editable=False
    )
    key = models.CharField(max_length=40, unique=True, default=unguessable, editable=False)
    name = models.CharField(_("name"), max_length=100)
    path = models.CharField(max_length=200, editable=False)
    query = models.TextField(blank=True, editable=False)
    shared = models.BooleanField(_("shared: whoever has the link can open it"), default=False)
    # Whoever has it reads the feed, for feed readers do not log in.
    feed_token = models.CharField(max_length=40, default=unguessable, editable=False)
    # The data version from which on its changes are mailed; empty: they are not.
    mailed_since = models.BigIntegerField(null=True, blank=True, editable=False)
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = [Lower("name"), "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                "owner", Lower("name"), condition=Q(deleted_at=None), name="saved_view_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("saved_view", args=[self.key])

    @property
    def address(self) -> str:
        """The address of what it shows."""
        return f"{self.path}?{self.query}".rstrip("?")

    @property
    def mailed(self) -> bool:
        """Whether its changes are mailed."""
        return self.mailed_since is not None

    @property
    def feed_path(self) -> str:
        """The address of its feed; of a private view with what lets one in."""
        path = reverse("saved_view_feed", args=[self.key])
        return path if self.shared else f"{path}?token={self.feed_token}"

    @cached_property
    def shown(self) -> Shown:
        """What it shows; with errors if that can no longer be asked for."""
        return shown(self.path, self.query, strict=True)


class MailingQuerySet(models.QuerySet["Mailing"]):
    """Questions about mailings."""

    def due(self, day: dt.date, now: dt.datetime) -> MailingQuerySet:
        """Those of whom nobody has done that day yet, and whom nobody is at work on."""
        watching = SavedView.objects.mailed().filter(owner=OuterRef("person"))
        return self.filter(
            Q(day=None) | Q(day__lt=day),
            Q(held_until=None) | Q(held_until__lte=now),
            Exists(watching),
            person__is_active=True,
        ).exclude(person__email="")


class Mailing(models.Model):
    """How far a person has been told by mail of the changes of their views.

    `version` is the last data version that was told of, `day` the day that is done. Who works on it
    holds it under a token until a time; until then nobody else does.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+"
    )
    version = models.BigIntegerField(default=0)
    day = models.DateField(null=True, blank=True)
    holder = models.CharField(max_length=40, blank=True)
    held_until = models.DateTimeField(null=True, blank=True)
    # When a link to confirm an address was last mailed.
    asked_at = models.DateTimeField(null=True, blank=True)

    objects = MailingQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.person)
