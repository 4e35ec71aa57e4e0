"""The parameters of the API as OpenAPI has them, read off the filters of the lists."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from dashboards.api.cursors import MOST, USUAL
from dashboards.lists import Listing
from dashboards.views.codebook import fields, takes
from initiatives.filters import ListFilter, PeriodsField
from partners.history.asking import PARAMETER, MomentField

Schema = dict[str, Any]
# What the rows of a table are called by.
KEYS = {"slug": r"^[-a-zA-Z0-9_]+$", "iso3": "^[A-Z]{3}$"}
# Years that dates may have are 1000 to 2999.
PERIOD = "^[12][0-9]{3}(-(0[1-9]|1[0-2]|3[3-6]))?$"
# Some text, without the one character that none here may have.
TEXT = r"^[^\u0000]*[^\u0000-\u001f\s][^\u0000]*$"
EXAMPLES: dict[str, Any] = {
    "q": "silk",
    "bloc": ["brics"],
    "not_bloc": ["eu"],
    "country": ["KEN", "CHN"],
    "countries": ["CHN", "RUS"],
    "not_country": ["CHN"],
    "sector": ["space"],
    "not_sector": ["space"],
    "label": ["belt-and-road"],
    "began": ["2019", "2021-06"],
    "year_min": 2013,
    "year_max": 2024,
    "as_of": "2026",
}


def of_filters(listing: Listing) -> list[OpenApiParameter]:
    """The filters of a list."""
    return [_parameter(name, field, listing.filters) for name, field in fields(listing).items()]


def of_option(name: str, choices: tuple[str, ...]) -> OpenApiParameter:
    """An option of a chart, the usual one first."""
    schema = {"type": "string", "enum": list(choices), "default": choices[0]}
    return OpenApiParameter(name, schema, description=str(_("How the chart is drawn.")))


def _parameter(name: str, field: forms.Field, filters: type[ListFilter]) -> OpenApiParameter:
    schema = _schema(field)
    how: dict[str, Any] = {}
    if schema["type"] == "array":
        how = {"style": "form", "explode": True}  # the name again for each value
    said = [f"{field.label}: {takes(field)}."]
    if name in filters.WORDS:
        said.append(_("In words: %s.") % (str(filters.WORDS[name]) % "…"))
    return OpenApiParameter(
        name,
        schema,
        description=" ".join(str(part) for part in said),
        examples=[OpenApiExample(name, EXAMPLES[name])] if name in EXAMPLES else None,
        **how,
    )


def _schema(field: Any) -> Schema:
    """What a filter takes, as JSON Schema."""
    if isinstance(field, forms.ModelMultipleChoiceField):
        return _several({"type": "string", "pattern": KEYS[str(field.to_field_name)]})
    if isinstance(field, PeriodsField):
        return _several({"type": "string", "pattern": PERIOD})
    if isinstance(field, forms.MultipleChoiceField):
        return _several({"type": "string", "enum": _choices(field)})
    if isinstance(field, forms.ChoiceField):
        return {"type": "string", "enum": _choices(field)}
    if isinstance(field, forms.IntegerField):
        return {"type": "integer", "minimum": field.min_value, "maximum": field.max_value}
    if isinstance(field, MomentField):
        return {"type": "string"}
    return {"type": "string", "maxLength": field.max_length, "pattern": TEXT}


def _several(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _choices(field: Any) -> list[str]:
    return [str(key) for key, _label in field.choices if key]


def key(name: str, schema: Schema, meaning: str | Promise) -> OpenApiParameter:
    """The part of an address that says which one."""
    return OpenApiParameter(name, schema, OpenApiParameter.PATH, description=str(meaning))


AS_OF = _parameter(PARAMETER, ListFilter.base_filters[PARAMETER].field, ListFilter)
PAGES = [
    OpenApiParameter(
        "page_size",
        {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL},
        description="How many rows a page has at most.",
    ),
    OpenApiParameter(
        "cursor",
        {"type": "string"},
        description="Where the page begins: as “next” of the page before has it. It leads on in one "
        "order of one filter of one list; page_size may change.",
    ),
]
