"""Which records changes have touched: read from the versions that the database keeps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from initiatives.keys import in_database
from initiatives.models import RECORD_MODELS, Evidence, Participation, Record, statement_models
from partners.history.versions import CLOSED, versions
from partners.models import Organisation, OrganisationName


def records_touched(after: int, until: int) -> set[int]:
    """The keys of the records whose rows, evidence or organisations the changes touched.

    The changes with numbers above `after`, up to `until`. Records that are gone are among them.
    """
    return set().union(*records_by_change(after, until).values())


def records_by_change(after: int, until: int) -> dict[int, set[int]]:
    """The same by the number of the change that touched them."""
    found: dict[int, set[int]] = defaultdict(set)

    def touched(model: Any, column: str) -> dict[int, set[int]]:
        """By value of the column, the changes that opened or closed a version with it."""
        rows = versions()[model].objects.filter(
            Q(opened__gt=after, opened__lte=until) | Q(CLOSED, closed__gt=after, closed__lte=until)
        )
        numbers: dict[int, set[int]] = defaultdict(set)
        for value, *ends in rows.order_by().values_list(column, "opened", "closed"):
            numbers[value].update(n for n in ends if n and after < n <= until)
        return numbers

    def note(rows: Iterable[tuple[int, int]], numbers: dict[int, set[int]]) -> None:
        """Rows of a record and what was touched of it."""
        for record, value in rows:
            for number in numbers[value]:
                found[number].add(record)

    for model in (Record, *RECORD_MODELS.values()):
        own = touched(model, "row")
        note(zip(own, own, strict=True), own)
    own = touched(Record.sectors.through, "record_id")
    note(zip(own, own, strict=True), own)
    passages = touched(Evidence, "row")
    for kind in statement_models():
        own = touched(kind, "record_id")
        note(zip(own, own, strict=True), own)
        carrying = kind.carries_model()
        said = touched(carrying, "statement_id")
        if passages:
            rests = carrying.objects.filter(evidence__in=in_database(passages))
            for statement, passage in rests.order_by().values_list("statement", "evidence"):
                said[statement] |= passages[passage]
        if said:
            about = versions()[kind].objects.filter(row__in=in_database(said)).order_by()
            note(about.values_list("record_id", "row"), said)
    bodies = touched(Organisation, "row")
    for body, numbers in touched(OrganisationName, "organisation_id").items():
        bodies[body] |= numbers
    if bodies:
        twin = versions()[Participation].objects.filter(organisation_id__in=in_database(bodies))
        note(twin.order_by().values_list("record_id", "organisation_id"), bodies)
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
