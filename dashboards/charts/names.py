"""The values of an axis as people say them."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext

from initiatives.funding.models import Axis, Instrument
from initiatives.funding.standing import ARROW, FLOW
from initiatives.models import Sector
from partners.models import Bloc, Country, Organisation


def names_on(axis: str, keys: Iterable[str]) -> dict[str, str]:
    """The name of each value of the axis; at most two queries. "" is who is not stated."""
    keys = list(keys)
    if axis == Axis.BLOC:
        return _names(Bloc.objects.filter(slug__in=keys), "slug")
    if axis == Axis.SECTOR:
        return _names(Sector.objects.filter(slug__in=keys), "slug")
    if axis == Axis.COUNTRY:
        return _names(Country.objects.filter(iso3__in=keys), "iso3")
    if axis == Axis.INSTRUMENT:
        return {key: str(Instrument(key).label).capitalize() for key in keys}
    if axis in (Axis.PROVIDER, Axis.RECIPIENT):
        return {
            "": gettext("not stated"),
            **_names(Country.objects.filter(iso3__in=keys), "iso3"),
            **_names(Organisation.objects.filter(slug__in=keys), "slug"),
        }
    if axis == FLOW:
        pairs = {key: key.split(ARROW) for key in keys}
        parties = names_on(Axis.PROVIDER, {party for pair in pairs.values() for party in pair})
        return {key: f"{parties[a]} → {parties[b]}" for key, (a, b) in pairs.items()}
    return {key: key for key in keys}


def _names(rows, column: str) -> dict[str, str]:
    return {getattr(row, column): str(row) for row in rows}
