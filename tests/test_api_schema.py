"""The API keeps to its OpenAPI document, whatever is asked: generated requests, every check."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from dashboards.api.schema import document
from dashboards.lists import LISTINGS
from dashboards.views.codebook import fields
from initiatives.models import Initiative, Label, Sector, SummitSeries
from partners.history.moment import today
from partners.models import Bloc, Country, Organisation

# SCHEMATHESIS_EXAMPLES=500 looks longer, and everywhere.
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "3"))
# Of every process the same requests.
CONFIG = SchemathesisConfig.from_dict({"seed": 20241023})
# What is looked at in short: of what takes the same parameters one, and the past where it is quick.
SHORT = ("", "initiatives/", "initiatives/{slug}/", "alliances/facets/", "summits/{slug}/",
         "countries/", "countries/{iso3}/", "blocs/", "blocs/{slug}/", "organisations/",
         "organisations/{slug}/", "articles/", "articles/{pk}/", "charts/", "charts/summits/")  # fmt: skip


# Parameters of the same kind as others of the same address.
ALIKE = {"as_of", "columns", "countries", "organisation", "organisations", "sector", "label",
         "initiative", "rung", "year_max", "funded", "series"}  # fmt: skip


def contradictory(asked: dict[str, Any]) -> Any:
    """Whether parameters that are sound alone do not go together, which no schema of them can say."""
    first, last = (str(asked.get(name, "")) for name in ("year_min", "year_max"))
    return (
        (first.isdecimal() and last.isdecimal() and int(first) > int(last))
        or (asked.get("membership") and not asked.get("members_of"))
        or (asked.get("sort") == "relevance" and not asked.get("q"))
        or (asked.get("currency") and asked.get("measure"))
    )


# Rows that there are: which, the document cannot say.
ROWS = {
    Bloc: ["brics", "sco"],
    Country: ["CHN", "KEN"],
    Organisation: ["casic"],
    Sector: ["space", "health"],
    Label: ["belt-and-road"],
    SummitSeries: ["brics-summit"],
    Initiative: ["digital-silk-road"],
}


def with_rows(told: dict[str, Any]) -> dict[str, Any]:
    """The document with what only the data can say."""
    told = copy.deepcopy(told)
    parameters = told["components"]["parameters"]
    for listing in LISTINGS:
        known = fields(listing)
        for parameter in parameters.values():
            field = known.get(parameter["name"])
            if hasattr(field, "queryset"):
                there = ROWS[field.queryset.model]
                parameter["schema"]["items"] = {"type": "string", "enum": there}
    parameters["as_of"]["schema"]["enum"] = [f"{today().year}"]
    for path, operations in list(told["paths"].items()):
        asked = [p["$ref"].rpartition("/")[2] for p in operations["get"]["parameters"]]
        # A cursor is signed, so none can be made up; test_api follows those that are given.
        left_out = {"cursor"}
        if EXAMPLES < 10 and path.removeprefix("/api/v1/") not in SHORT:
            del told["paths"][path]
        elif EXAMPLES < 10 and len(asked) > 10:
            left_out |= {name for name in asked if name.startswith("not_") or name in ALIKE}
        operations["get"]["parameters"] = [
            {"$ref": f"#/components/parameters/{name}"} for name in asked if name not in left_out
        ]
    return told


schema = schemathesis.openapi.from_dict(with_rows(document()), config=CONFIG)
schema.app = get_wsgi_application()


@pytest.fixture
def kept_open(db: None) -> Iterator[None]:
    """The connection, which holds the test's transaction, is not closed between two requests."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
)
def test_the_api_does_what_its_document_says(case, kept_open):
    # A 400 that names one of the parameters: tests/test_selection.py says which.
    excused = [positive_data_acceptance] if contradictory(case.query or {}) else []
    case.call_and_validate(excluded_checks=excused)
