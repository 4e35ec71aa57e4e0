"""Changes: each write to what the site shows, numbered, with who made it and why.

A change is one transaction. Changes wait for each other, so that their numbers are the order in
which they became visible, and "as of change 12" means one state of everything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.history.moment import Moment, asked_moment

# The last change as an answer has found it; None where each question looks again.
_present: ContextVar[list[tuple[Moment, bool]] | None] = ContextVar("present", default=None)
# When nothing had been written yet.
BEFORE_ALL = dt.datetime(1980, 1, 1, tzinfo=dt.UTC)


class Verb(models.TextChoices):
    """What was done."""

    LOAD = "load", _("reference data loaded")
    IMPORT = "import", _("imported")
    ENTER = "enter", _("entered")
    EDIT = "edit", _("edited")
    ACCEPT = "accept", _("accepted")
    REJECT = "reject", _("rejected")
    PUBLISH = "publish", _("published")
    WITHDRAW = "withdraw", _("withdrawn")
    DECIDE = "decide", _("decided between values")
    MERGE = "merge", _("merged")
    CONFIRM = "confirm", _("confirmed")
    REVERT = "revert", _("reverted")
    UNDO = "undo", _("undone")
    RECOUNT = "recount", _("money counted anew")
    MANAGE = "manage", _("changed by an administrator")
    DIRECT = "direct", _("written without a reason given")


class Replayed(Exception):
    """The same form was sent before; `first` is the change that it made then."""

    def __init__(self, first: Change) -> None:
        super().__init__(f"already done as change {first.number}")
        self.first = first


class ChangeQuerySet(models.QuerySet["Change"]):
    """Questions about changes."""

    def until(self, at: dt.datetime) -> ChangeQuerySet:
        """Those that had been made at that time."""
        # SQLite compares times as text, and of a whole second, which Django asks for as "12:00:00",
        # its triggers write "12:00:00.000", which comes behind.
        if at.microsecond == 0:
            return self.filter(at__lt=at + dt.timedelta(microseconds=1))
        return self.filter(at__lte=at)

    def newest_first(self) -> ChangeQuerySet:
        """The latest change first."""
        return self.order_by("-number")


class Change(models.Model):
    """One change. Its number is the data version that it led to.

    `who` is the public name of whoever made it, kept when the account is gone; empty for the
    machine. `token` is that of the form that asked for it: one form makes one change.
    """

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    verb = models.CharField(max_length=10, choices=Verb)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    who = models.CharField(max_length=200, blank=True)
    about = models.CharField(max_length=500, blank=True, help_text=_("what was changed, in words"))
    why = models.TextField(blank=True)
    # The last change that took this one back; that one may have been taken back itself.
    undone_by = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="undoes"
    )
    token = models.CharField(max_length=64, null=True, blank=True, unique=True)

    # Whether it wrote anything: known when it has ended, and true of all that are stored.
    kept = True

    objects = ChangeQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.number}: {self.get_verb_display()} {self.about}".strip()

    @property
    def stands(self) -> bool:
        """Whether it was not taken back, or what took it back was."""
        return self.undone_by is None or not self.undone_by.stands


class DataVersion(models.Model):
    """A single row: the number of the last change, and whether a transaction is making it.

    `writing` is only ever true inside that transaction. The triggers of `partners.history.versions`
    read it; a row that is written outside any change becomes a change of its own.
    """

    number = models.BigIntegerField(default=0)
    writing = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.number)


def data_version() -> int:
    """The number of the last change; as of a moment, of the last one before it. 0: none yet."""
    moment = asked_moment()
    return present()[0].number if moment is None else moment.number


def version_moment(moment: Moment | None = None) -> Moment:
    """The moment of a data version, which is that of its last change: one query.

    Of the version that held at the moment; without one, of the version that is read.
    """
    moment = moment or asked_moment()
    if moment is None:
        return present()[0]
    found = Change.objects.filter(number=moment.number)
    number, at = found.values_list("number", "at").first() or (0, BEFORE_ALL)
    return Moment(number, at)


@contextmanager
def asked_once() -> Iterator[None]:
    """Inside, the last change is looked for but once, so that all of an answer is of one version.

    For what only reads: a change that is made inside, here or elsewhere, is not seen.
    """
    before = _present.set([])
    try:
        yield
    finally:
        _present.reset(before)


def present() -> tuple[Moment, bool]:
    """The moment of the last change, and whether this transaction is still making it: one query."""
    known = _present.get()
    if known is None:
        return _ask_present()
    if not known:
        known.append(_ask_present())
    return known[0]


# Outside a transaction nobody is making a change, and the last one says it all: every request asks
# it, and PostgreSQL takes longer to plan a join than to answer.
_LAST = "SELECT number, false, at FROM partners_change ORDER BY number DESC LIMIT 1"
_MAKING = (
    "SELECT version.number, version.writing, change.at FROM partners_dataversion version "
    "LEFT JOIN partners_change change ON change.number = version.number WHERE version.id = 1"
)


def _ask_present() -> tuple[Moment, bool]:
    """By hand: building the query would take longer than the answer."""
    with connection.cursor() as cursor:
        cursor.execute(_MAKING if connection.in_atomic_block else _LAST)
        number, writing, at = cursor.fetchone() or (0, False, None)
    if at is not None and timezone.is_naive(at):  # SQLite knows no time zones
        at = at.replace(tzinfo=dt.UTC)
    return Moment(number, at or BEFORE_ALL), bool(writing)


@contextmanager
def change(
    verb: str,
    by: Any = None,
    *,
    about: str = "",
    why: str = "",
    token: str | None = None,
) -> Iterator[Change]:
    """A transaction whose writes are one change; other changes wait until it ends.

    Inside another change it is part of that one. If nothing was written there is no change, and
    the data version stays. Replayed if a form with that token has made a change before: then
    nothing is written.
    """
    # Forms of strangers may send anything, even what PostgreSQL refuses as text.
    token = (token or "").replace("\x00", "")[:64] or None
    with transaction.atomic():
        state, _created = DataVersion.objects.select_for_update().get_or_create(pk=1)
        if state.writing:
            yield Change.objects.get(pk=state.number)
            return
        if token and (first := Change.objects.filter(token=token).first()):
            raise Replayed(first)
        made = Change.objects.create(
            number=state.number + 1,
            at=_later_than_the_last(),
            verb=verb,
            by=by if getattr(by, "pk", None) else None,
            who=public_name(by),
            about=about.replace("\x00", "")[:500],
            why=why.replace("\x00", "").strip(),
            token=token,
        )
        DataVersion.objects.filter(pk=1).update(number=made.number, writing=True)
        yield made
        made.kept = wrote_something(made.number) or made.undoes.exists()
        if made.kept:
            # Now it becomes visible: whoever asks for an earlier time does not see it.
            Change.objects.filter(pk=made.pk).update(at=_later_than_the_last(made))
            DataVersion.objects.filter(pk=1).update(writing=False)
        else:
            Change.objects.filter(pk=made.number).delete()
            DataVersion.objects.filter(pk=1).update(number=made.number - 1, writing=False)


def public_name(user: Any) -> str:
    """The name under which a person's changes are shown: the full name, else the login."""
    if user is None or not getattr(user, "is_authenticated", False):
        return ""
    return (user.get_full_name() or user.get_username())[:200]


def wrote_something(number: int) -> bool:
    """Whether any row was written or removed under that number: one query."""
    with connection.cursor() as cursor:
        cursor.execute(_touching(), [number] * _touching().count("%s"))
        return cursor.fetchone() is not None


@cache
def _touching() -> str:
    """By hand: dozens of tables, and building the query would take longer than many a change."""
    from partners.history.versions import versions

    # CLOSED of `versions` in its very words, without which SQLite does not use the index of those.
    touched = (
        f'SELECT 1 FROM "{twin._meta.db_table}" WHERE {written}'  # noqa: S608 - our own names
        for twin in versions().values()
        for written in ("opened = %s", "NOT (closed IS NULL) AND closed = %s")
    )
    return f"{' UNION ALL '.join(touched)} LIMIT 1"


def _later_than_the_last(but: Change | None = None) -> dt.datetime:
    """Now, or just after the last change if a clock was set back; `but` does not count."""
    others = Change.objects.exclude(pk=but.pk) if but else Change.objects.all()
    last = others.newest_first().values_list("at", flat=True).first()
    now = timezone.now()
    return max(now, last + dt.timedelta(microseconds=1)) if last else now
