"""Where statements about money stand on the axes of the charts.

A statement stands where it says it does; else where its initiative does. In several places it is
shared: it appears in each and is not split. Money with a recipient is that partner's; stated shares
are parts, each with a recipient of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.db.models.functions import Coalesce

from initiatives.funding.forest import Row
from initiatives.funding.models import Axis, Funding
from initiatives.models import Framework, Participation, Record
from partners.models import Organisation

Standing = dict[int, set[str]]  # by initiative


def standing_through(organisation: Organisation) -> set[int]:
    """The initiatives whose money stands under the organisation's country."""
    taking_part = Participation.objects.current().filter(organisation=organisation)
    receiving = Funding.objects.current().filter(recipient_organisation=organisation)
    return {
        *taking_part.values_list("record", flat=True),
        *receiving.values_list("record", flat=True),
    }


class Spot(NamedTuple):
    """A place as a plain row."""

    statement_id: int
    axis: str
    value: str
    shared: bool


class Surroundings:
    """The blocs, sectors and countries of some initiatives: three queries."""

    def __init__(self, records: Iterable[int]) -> None:
        records = list(records)
        framework = Framework.objects.current().filter(record__in=records)
        through = Record.sectors.through.objects.filter(record__in=records)
        partner = (
            Participation.objects.current()
            .filter(record__in=records)
            .annotate(partner=Coalesce("country__iso3", "organisation__country__iso3"))
            .exclude(partner=None)
        )
        self.blocs = _by_record(framework.values_list("record", "bloc__slug"))
        self.sectors = _by_record(through.values_list("record", "sector__slug"))
        self.countries = _by_record(partner.values_list("record", "partner"))

    def places(self, row: Row) -> Iterator[Spot]:
        """Every place of a statement."""
        recipient = row.recipient_country or row.recipient_seat
        values: dict[str, Iterable[str | None]] = {
            Axis.BLOC.value: self.blocs[row.record],
            Axis.SECTOR.value: {row.sector} if row.sector else self.sectors[row.record],
            Axis.COUNTRY.value: {recipient} if recipient else self.countries[row.record],
            Axis.INSTRUMENT.value: set(row.instruments),
            Axis.PROVIDER.value: {row.provider_country or row.provider_organisation},
            Axis.RECIPIENT.value: {row.recipient_country or row.recipient_organisation},
        }
        for axis, found in values.items():
            named = sorted(value for value in found if value)
            for value in named:
                yield Spot(row.pk, axis, value, len(named) > 1)


def _by_record(pairs: Iterable[tuple[int, Any]]) -> Standing:
    found: Standing = defaultdict(set)
    for record, value in pairs:
        found[record].add(value)
    return found
