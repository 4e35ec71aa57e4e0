"""What each list of a record in the format is made into: the columns of a statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext

from initiatives.funding.models import Funding
from initiatives.models import (
    Figure,
    Framework,
    KeyDate,
    Labelling,
    Outcome,
    Participation,
    PartOf,
    Statement,
    StatusStep,
)
from initiatives.news.money import date, funding, interval, party
from initiatives.news.names import Names


def _framework(names: Names, data: dict[str, Any], place: str) -> dict[str, Any]:
    return {"bloc": names.bloc(data["bloc"], f"{place}/bloc")}


def _part_of(names: Names, data: dict[str, Any], place: str) -> dict[str, Any]:
    return {"whole": names.initiative(data["record"], f"{place}/record")}


def _labelling(names: Names, data: dict[str, Any], place: str) -> dict[str, Any]:
    return {"label": names.label(data["label"], f"{place}/label")}


def _status(names: Names, data: dict[str, Any], place: str) -> dict[str, Any]:
    return {"status": data["status"], "date": date(data, "date")}


def _key_date(names: Names, data: dict[str, Any], place: str) -> dict[str, Any]:
    return {"event": data["event"], "date": date(data, "date")}


def _outcome(names: Names, data: dict[str, Any], place: str) -> dict[str, Any]:
    return {"initiative": names.initiative(data["record"], f"{place}/record"), "verb": data["verb"]}


def _participation(names: Names, data: dict[str, Any], place: str) -> dict[str, Any]:
    if "country" in data and "organisation" in data:
        names.problem(place, gettext("a partner is a country or an organisation, not both"))
    if not {"country", "organisation", "person"} & data.keys():
        names.problem(place, gettext("the partner is not named: country, organisation or person"))
    since, until = date(data, "since"), date(data, "until")
    first, last = since and since.earliest, until and until.latest
    if first and last and last < first:
        names.problem(f"{place}/until", gettext("it ends before it began"))
    return {
        **party(names, data, place),
        "person": data.get("person", ""),
        "role": data["role"],
        "since": since,
        "until": until,
        "place": data.get("place", ""),
    }


def _figure(names: Names, data: dict[str, Any], place: str) -> dict[str, Any]:
    return {
        "key": data["key"],
        "what": data["what"],
        "unit": data["unit"],
        "date": date(data, "date"),
        **interval(data["value"]),
    }


Build = Callable[[Names, dict[str, Any], str], dict[str, Any]]
STATEMENTS: dict[str, tuple[type[Statement], Build]] = {
    "blocs": (Framework, _framework),
    "part_of": (PartOf, _part_of),
    "labels": (Labelling, _labelling),
    "partners": (Participation, _participation),
    "status": (StatusStep, _status),
    "dates": (KeyDate, _key_date),
    "funding": (Funding, funding),
    "figures": (Figure, _figure),
    "outcomes": (Outcome, _outcome),
}
