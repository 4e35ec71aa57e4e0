"""What an import would like to change, kept for an editor to decide.

What was decided stays decided: the same value is proposed again only where another text says so.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from typing import Any

from django.db import models

from initiatives.models import Record
from initiatives.models.evidence import hash_text
from initiatives.news.models import ImportDocument, Proposal
from initiatives.news.passages import quoted_values
from partners.models import Organisation


def propose(
    document: ImportDocument,
    text: str,
    target: Record | Organisation,
    place: str,
    field: str,
    now: Any,
    proposed: Any,
    payload: Any,
    fingerprint: str = "",
) -> bool:
    """Keep a proposal of what `text` says of the target; whether it waits for an editor.

    While the same value waits, nothing is added, and neither if an editor has decided about it as
    this text says it. From another text it is proposed again.
    """
    fingerprint = fingerprint or _fingerprint(proposed)
    source = hash_text(text)
    same = Proposal.objects.filter(field=field, fingerprint=fingerprint, **_about(target))
    if same.filter(state=Proposal.State.PENDING).exists():
        return True
    if same.filter(source=source).exists():
        return False
    quotes = [quote for quote, _values in quoted_values(payload.get("quote", ""))]
    Proposal.objects.create(
        **_about(target),
        field=field,
        fingerprint=fingerprint,
        source=source,
        document=document,
        place=place,
        now=in_words(now),
        proposed=in_words(proposed),
        quote="\n".join(quotes),
        payload=payload,
    )
    return True


class Decided:
    """What editors have decided about as one text says it: read once, for all that it is about."""

    def __init__(self, text: str) -> None:
        same = Proposal.objects.filter(source=hash_text(text))
        closed = same.exclude(state=Proposal.State.PENDING).order_by()
        self._found: dict[tuple[int | None, int | None, str], set[str]] = defaultdict(set)
        for *target, field, value in closed.values_list(
            "record", "organisation", "field", "fingerprint"
        ):
            self._found[target[0], target[1], field].add(value)

    def of(self, target: Record | Organisation, field: str) -> set[str]:
        """Fingerprints of what was decided about a field of the target, or a kind of statement."""
        if isinstance(target, Record):
            return self._found.get((target.pk, None, field), set())
        return self._found.get((None, target.pk, field), set())

    def about(self, target: Record | Organisation, field: str, value: Any) -> bool:
        """Whether this value of a descriptive field was decided about."""
        return _fingerprint(value) in self.of(target, field)


def in_words(value: Any) -> str:
    """A value as an editor reads it: a list by commas, nothing as nothing."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return str(value)


def _about(target: Record | Organisation) -> dict[str, Any]:
    return {
        "record_id": target.pk if isinstance(target, Record) else None,
        "organisation": target if isinstance(target, Organisation) else None,
    }


def _fingerprint(value: Any) -> str:
    text = json.dumps(value, default=_plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> str:
    if isinstance(value, models.Model):
        return f"{value._meta.label_lower}:{value.pk}"
    return str(value)
