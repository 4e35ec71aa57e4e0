"""Which shapes one record can be taken away in."""

from __future__ import annotations

from dashboards.exports.calendar import exact_days
from dashboards.lists import LISTINGS, SINGULAR
from initiatives.models import ConcreteRecord, Record


def formats_of(record: ConcreteRecord) -> list[str]:
    """The ends of the addresses of its twins. What is withdrawn stands in no calendar."""
    listing = next(one for one in LISTINGS if SINGULAR[one.name] == record.type)
    formats = list(listing.record_formats)
    held = record.state == Record.State.PUBLISHED
    if "ics" in formats and not (held and exact_days(record.began, record.began_disputed)):
        formats.remove("ics")
    return formats
