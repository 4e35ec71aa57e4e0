"""The verbs of saved views: keep one, alter it, delete it and take that back, renew its feed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from dashboards.watching.models import Mailing, SavedView, unguessable
from dashboards.watching.shown import Shown
from partners.history.changes import data_version

# So many views may a person keep.
MOST_VIEWS = 100


class CannotSave(Exception):
    """Why a view cannot be kept, in words; `field` is what to change, empty for none."""

    def __init__(self, why: str, field: str = "") -> None:
        super().__init__(why)
        self.field = field


def save(owner: Any, shown: Shown, name: str, *, shared: bool, mailed: bool) -> SavedView:
    """Keep a view of somebody under a name; CannotSave if there is one, or are too many."""
    view = SavedView(owner=owner, path=shown.path, query=shown.query)
    with transaction.atomic():
        _find_room(owner)
        alter(view, name, shared=shared, mailed=mailed)
    return view


def alter(view: SavedView, name: str, *, shared: bool, mailed: bool) -> None:
    """Give a view a name, share it or not, mail its changes from now on or not.

    CannotSave if the person has another view of that name.
    """
    view.name, view.shared = name, shared
    if mailed and not view.mailed:
        view.mailed_since = data_version()
        Mailing.objects.get_or_create(person=view.owner)
    elif not mailed:
        view.mailed_since = None
    view.changed_at = timezone.now()
    _keep(view)


def _find_room(owner: Any) -> None:
    """CannotSave if the person keeps as many views as possible."""
    # The row of the person lets one form after the other count.
    get_user_model().objects.select_for_update().get(pk=owner.pk)
    if SavedView.objects.of(owner).kept().count() >= MOST_VIEWS:
        full = gettext("You keep %(n)s views, and no more are possible: delete one first.")
        raise CannotSave(full % {"n": MOST_VIEWS})


def _keep(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise CannotSave(gettext("You have another view of this name."), "name") from error


def delete(view: SavedView) -> None:
    """Delete a view; until another one is deleted, it can be brought back."""
    with transaction.atomic():
        SavedView.objects.of(view.owner).exclude(deleted_at=None).delete()
        SavedView.objects.filter(pk=view.pk).update(deleted_at=timezone.now())


def bring_back(view: SavedView) -> None:
    """Take a deletion back; CannotSave if its name was taken since, or too many are kept."""
    view.deleted_at = None
    with transaction.atomic():
        _find_room(view.owner)
        _keep(view)


def renew_feed(view: SavedView) -> None:
    """Give the feed another address; the old one is not answered any more."""
    view.feed_token, view.changed_at = unguessable(), timezone.now()
    view.save(update_fields=["feed_token", "changed_at"])


def stop_all_mail(person: Any) -> None:
    """No more mail to a person, of any view."""
    SavedView.objects.of(person).update(mailed_since=None)


def forget_deleted(before: dt.datetime) -> int:
    """Delete for good what was deleted before; how many views."""
    count, _by_model = SavedView.objects.filter(deleted_at__lt=before).delete()
    return count
