"""Where mail to a person goes. The address of an account is always a confirmed one: an administrator
typed it, or its owner followed a link that was mailed there.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import signing
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from dashboards.watching.models import Mailing

SALT = "dashboards.watching.address"
HOLDS = dt.timedelta(days=3)
# One link in so long: nobody's letter box is filled by way of this site.
BETWEEN = dt.timedelta(minutes=10)


class TooSoon(Exception):
    """A link was mailed a moment ago; `until` says when another can be."""

    def __init__(self, until: dt.datetime) -> None:
        super().__init__(f"not before {until}")
        self.until = until


def ask(person: Any, email: str) -> None:
    """Mail a link that confirms the address. TooSoon; OSError or SMTPException if it cannot be sent."""
    now = timezone.now()
    mailing, _new = Mailing.objects.get_or_create(person=person)
    if mailing.asked_at and mailing.asked_at > now - BETWEEN:
        raise TooSoon(mailing.asked_at + BETWEEN)
    path = reverse("mail_confirm", args=[token_for(person, email)])
    context = {"person": person, "link": f"{settings.SITE_URL}{path}", "days": HOLDS.days}
    text = render_to_string("watching/confirm.txt", context)
    send_mail(gettext("Accord: confirm your address"), text, None, [email])
    Mailing.objects.filter(pk=mailing.pk).update(asked_at=now)


def token_for(person: Any, email: str) -> str:
    """What confirms the address; worth nothing once the person has another than now."""
    said = {"person": person.pk, "email": email, "was": person.email}
    return signing.dumps(said, salt=SALT)


def asked_by(token: str) -> tuple[Any, str] | None:
    """Who asked for which address; None if the token is wrong, too old, or was used."""
    try:
        said = signing.loads(token, salt=SALT, max_age=HOLDS)
    except signing.BadSignature:
        return None
    person = (
        get_user_model()
        .objects.filter(pk=said["person"], email=said["was"], is_active=True)
        .first()
    )
    return (person, said["email"]) if person else None


def set_address(person: Any, email: str) -> None:
    """Mail goes there from now on; with an empty address nowhere."""
    person.email = email
    person.save(update_fields=["email"])
