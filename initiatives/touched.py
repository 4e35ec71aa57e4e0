"""Which records changes have touched: read from the versions that the database keeps."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from initiatives.models import RECORD_MODELS, Evidence, Participation, Record, statement_models
from partners.history.versions import versions
from partners.models import Organisation, OrganisationName


def records_touched(after: int, until: int) -> set[int]:
    """The keys of the records whose rows, evidence or organisations the changes touched.

    The changes with numbers above `after`, up to `until`. Records that are gone are among them.
    """
    found: set[int] = set()

    def touched(model: Any) -> models.QuerySet:
        rows = versions()[model].objects.filter(
            Q(opened__gt=after, opened__lte=until) | Q(closed__gt=after, closed__lte=until)
        )
        return rows.order_by()

    for model in (Record, *RECORD_MODELS.values()):
        found |= set(touched(model).values_list("row", flat=True))
    found |= set(touched(Record.sectors.through).values_list("record_id", flat=True))
    passages = set(touched(Evidence).values_list("row", flat=True))
    for kind in statement_models():
        found |= set(touched(kind).values_list("record_id", flat=True))
        carrying = kind.carries_model()
        said = set(touched(carrying).values_list("statement_id", flat=True))
        if passages:
            rests = carrying.objects.filter(evidence__in=passages)
            said |= set(rests.values_list("statement", flat=True))
        about = versions()[kind].objects.filter(row__in=said).order_by()
        found |= set(about.values_list("record_id", flat=True))
    bodies = set(touched(Organisation).values_list("row", flat=True))
    bodies |= set(touched(OrganisationName).values_list("organisation_id", flat=True))
    if bodies:
        twin = versions()[Participation].objects.filter(organisation_id__in=bodies).order_by()
        found |= set(twin.values_list("record_id", flat=True))
    return found
