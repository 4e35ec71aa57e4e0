"""What an import would like to change, kept for an editor to decide."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import models

from initiatives.models import Record
from initiatives.news.models import ImportDocument, Proposal
from initiatives.news.passages import quoted_values
from partners.models import Organisation


def propose(
    document: ImportDocument,
    target: Record | Organisation,
    place: str,
    field: str,
    now: Any,
    proposed: Any,
    payload: Any,
    fingerprint: str = "",
) -> bool:
    """Keep a proposal, unless the same was proposed before; whether it still waits."""
    quotes = [quote for quote, _values in quoted_values(payload.get("quote", ""))]
    proposal, _created = Proposal.objects.get_or_create(
        record=target if isinstance(target, Record) else None,
        organisation=target if isinstance(target, Organisation) else None,
        field=field,
        fingerprint=fingerprint or _fingerprint(proposed),
        defaults={
            "document": document,
            "place": place,
            "now": "" if now is None else str(now),
            "proposed": str(proposed),
            "quote": "\n".join(quotes),
            "payload": payload,
        },
    )
    return proposal.state == Proposal.State.PENDING


def _fingerprint(value: Any) -> str:
    text = json.dumps(value, default=_plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> str:
    if isinstance(value, models.Model):
        return f"{value._meta.label_lower}:{value.pk}"
    return str(value)
