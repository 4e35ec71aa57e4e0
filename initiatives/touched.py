"""Which records changes have touched: read from the versions that the database keeps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection, models
from django.db.models import Q
from django.db.models.expressions import RawSQL

from initiatives.models import RECORD_MODELS, Evidence, Participation, Record, statement_models
from partners.history.versions import versions
from partners.models import Organisation, OrganisationName


def in_database(records: Iterable[int]) -> RawSQL:
    """The keys as a subquery, however many there are."""
    keys = ",".join(map(str, records))
    if connection.vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::bigint[])", [f"{{{keys}}}"])
    return RawSQL("SELECT value FROM json_each(%s)", [f"[{keys}]"])


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


def records_naming(records: set[int]) -> set[int]:
    """The keys of the records of which a statement names one of the records, or ever did.

    What they say in public depends on whether what they name is published.
    """
    found: set[int] = set()
    for kind in statement_models():
        if kind.NAMES:
            twin = versions()[kind].objects.order_by()
            naming = twin.filter(**{f"{kind.NAMES}_id__in": in_database(records)})
            found |= set(naming.values_list("record_id", flat=True))
    return found
