"""The verb `withdraw`: take a record back. Its address stays and says why."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from initiatives.funding.counting import recount
from initiatives.models import Record
from partners.history.changes import Change, Verb, change


class CannotWithdraw(Exception):
    """Why the record cannot be withdrawn, in words."""


def withdraw(record: Record, by: Any = None, why: str = "", token: str | None = None) -> Change:
    """Take the record from all lists and totals, as one change; CannotWithdraw without a reason."""
    if not why.strip():
        raise CannotWithdraw(gettext("Say why it is withdrawn: its page will."))
    with change(Verb.WITHDRAW, by, about=str(record), why=why, token=token) as made:
        record.refresh_from_db(fields=["state"])
        if record.state == Record.State.WITHDRAWN:
            raise CannotWithdraw(gettext("It was withdrawn already."))
        Record.objects.filter(pk=record.pk).update(
            state=Record.State.WITHDRAWN, withdrawn_because=why.strip(), changed_at=timezone.now()
        )
        recount([record.pk])
    return made
