"""The daily mail: one to each person, with what changed in the views that they watch.

Who sends to a person holds that person's row (`Mailing`) for a while, so that nobody else does. The
row says which data version was told of last; it is moved on after the mail server took the mail. A
mail that could not be sent is tried again later, with what has happened since.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from dataclasses import dataclass
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.signing import Signer
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from dashboards.watching.happenings import Happening, happenings
from dashboards.watching.models import Mailing, SavedView
from partners.history.changes import data_version

logger = logging.getLogger(__name__)

# So many changes of a view stand in a mail; the page has more.
MOST_IN_MAIL = 50
# Longer than a task may run, so that nobody takes over from who is still at work.
HELD = dt.timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT + 60)
# After a failure it is tried again when this has passed.
PAUSE = dt.timedelta(minutes=30)
UNSUBSCRIBING = Signer(salt="dashboards.watching.unsubscribe")


@dataclass(frozen=True, slots=True)
class Section:
    """What a mail says of one view."""

    view: SavedView
    happenings: list[Happening]
    more: bool = False

    @property
    def errors(self) -> dict[str, list[str]]:
        """Why the view can no longer be read; empty if it can."""
        return self.view.shown.errors


def day_of(now: dt.datetime) -> dt.date:
    """The day whose mail is due: today once the hour of the mail has come, else yesterday."""
    return (now - dt.timedelta(hours=settings.DIGEST_HOUR)).date()


def send_due(now: dt.datetime | None = None) -> int:
    """Send to everybody to whom today's mail is due; how many mails went out.

    What fails for one person is left for later and stops nobody else's.
    """
    if not settings.SENDS_MAIL:
        return 0
    now = now or timezone.now()
    sent = 0
    for pk in list(Mailing.objects.due(day_of(now), now).values_list("pk", flat=True)):
        holder = uuid.uuid4().hex
        mailing = _hold(pk, holder, now)
        if mailing is None:
            continue
        held = Mailing.objects.filter(pk=pk, holder=holder)
        try:
            version = data_version()
            sections = sections_for(mailing, version)
            if sections:
                mail(mailing, sections, version).send()
                sent += 1
        except (SMTPException, OSError) as error:
            logger.warning("The mail to %s could not be sent: %s", mailing.person, error)
            held.update(holder="", held_until=now + PAUSE)
            continue
        except Exception:
            logger.exception("The mail to %s failed", mailing.person)
            held.update(holder="", held_until=now + PAUSE)
            continue
        held.update(version=version, day=day_of(now), holder="", held_until=None)
        # Who watches what can no longer be read was told so, once.
        broken = [section.view.pk for section in sections if section.errors]
        SavedView.objects.filter(pk__in=broken).update(mailed_since=None)
    return sent


def _hold(pk: int, holder: str, now: dt.datetime) -> Mailing | None:
    """The mailing, held; None if somebody else holds it or has done it."""
    due = Mailing.objects.due(day_of(now), now).filter(pk=pk)
    if not due.update(holder=holder, held_until=now + HELD):
        return None
    return Mailing.objects.select_related("person").get(pk=pk)


def sections_for(mailing: Mailing, version: int) -> list[Section]:
    """What there is to say to a person of the changes up to that data version."""
    found = []
    for view in SavedView.objects.of(mailing.person).mailed():
        if view.shown.errors:
            found.append(Section(view, []))
            continue
        after = max(mailing.version, view.mailed_since or 0)
        happened = happenings(view.shown, after, version, MOST_IN_MAIL + 1)
        if happened:
            found.append(Section(view, happened[:MOST_IN_MAIL], more=len(happened) > MOST_IN_MAIL))
    return found


def mail(mailing: Mailing, sections: list[Section], version: int) -> EmailMultiAlternatives:
    """The mail to a person."""
    person = mailing.person
    unsubscribe = f"{settings.SITE_URL}{unsubscribe_path(person)}"
    context = {
        "sections": sections,
        "site": settings.SITE_URL,
        "unsubscribe": unsubscribe,
        "person": person,
    }
    made = EmailMultiAlternatives(
        subject(sections),
        render_to_string("watching/digest.txt", context),
        to=[person.email],
        headers={
            # The same mail, should it be sent twice, has the same name.
            "Message-ID": f"<views-{person.pk}-{mailing.version}-{version}@{_host()}>",
            "List-Unsubscribe": f"<{unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )
    made.attach_alternative(render_to_string("watching/digest.html", context), "text/html")
    return made


def subject(sections: list[Section]) -> str:
    """What a mail is about: "Accord: 3 changes in “Space of BRICS”"."""
    count = sum(len(section.happenings) for section in sections)
    if not count:
        return gettext("Accord: a view that you watch can no longer be read")
    many = "+" if any(section.more for section in sections) else ""
    changes = ngettext("%(n)s change", "%(n)s changes", count) % {"n": f"{count}{many}"}
    changed = [section.view.name for section in sections if section.happenings]
    if len(changed) == 1:
        where = f"“{changed[0]}”"
    else:
        where = gettext("%(n)s views") % {"n": len(changed)}
    return gettext("Accord: %(changes)s in %(where)s") % {"changes": changes, "where": where}


def _host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"


# --- Ending it -----------------------------------------------------------------------------------


def unsubscribe_path(person: Any) -> str:
    """The address that ends all mail to a person, without a login."""
    return reverse("unsubscribe", args=[UNSUBSCRIBING.sign_object(person.pk)])
