"""The OpenAPI document: each operation is read off its view, each row off its columns."""

from __future__ import annotations

import functools
import inspect
import json
from typing import Any

from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from dashboards.api import shapes
from dashboards.licence import LICENCE

HEADERS = [
    OpenApiParameter(
        "ETag",
        {"type": "string"},
        OpenApiParameter.HEADER,
        description="sent back as If-None-Match it is answered by 304 until something has changed, "
        "and that is not counted",
        response=["200"],
    ),
    OpenApiParameter(
        "Retry-After",
        {"type": "integer"},
        OpenApiParameter.HEADER,
        description="seconds to wait",
        response=["429"],
    ),
]
WRONG = {
    "400": "A parameter is not understood: there is none of this name, or its value is wrong.",
    "404": "There is nothing at this address.",
    "405": "It is read with GET alone.",
    "406": "There is no answer of the media type that is asked for.",
    "429": "Too many requests.",
}
ABOUT = """\
Initiatives, alliances and summits through which countries cooperate on technology, who takes part,
what was promised and what was paid, and the sentences in which it was said. What is published, read
only; nobody needs an account.

Values of one filter mean or, different filters mean and. What is not understood is refused with
status 400 and the name of the parameter, never ignored. as_of reads everything as it was known then.

A list answers {count, query, data_version, next, results}: follow next until it is null.
"""


class Operation(AutoSchema):
    """An operation, as its view tells of itself."""

    def get_operation_id(self) -> str:
        return str(self.view.name)

    def get_tags(self) -> list[str]:
        return [self.view.tag]

    def get_summary(self) -> str:
        return str(self.view.summary)

    def get_description(self) -> str:
        return inspect.cleandoc(str(type(self.view).__doc__))

    def get_auth(self) -> list[Any]:
        return []

    def get_override_parameters(self) -> list[Any]:
        return [*self.view.parameters(), *HEADERS]

    def get_response_serializers(self) -> dict[str, OpenApiResponse]:
        wrong = {code: OpenApiResponse(shapes.ref("Errors"), said) for code, said in WRONG.items()}
        return {"200": OpenApiResponse(self.view.shape(), str(self.view.summary)), **wrong}


def complete(result: dict[str, Any], **how: Any) -> dict[str, Any]:
    """The document with the schemas that operations name, and each parameter written once."""
    written: dict[str, dict[str, Any]] = {}
    names: dict[str, str] = {}
    for address in result["paths"].values():
        for operation in address.values():
            operation["parameters"] = [
                _once(parameter, written, names) for parameter in operation.get("parameters", [])
            ]
    result["components"] = {"schemas": shapes.components(), "parameters": written}
    return result


def _once(
    parameter: dict[str, Any], written: dict[str, dict[str, Any]], names: dict[str, str]
) -> dict[str, Any]:
    text = json.dumps(parameter, sort_keys=True, default=str)
    if text not in names:
        alike = sum(name.partition("-")[0] == parameter["name"] for name in written)
        names[text] = parameter["name"] + (f"-{alike + 1}" if alike else "")
        written[names[text]] = parameter
    return {"$ref": f"#/components/parameters/{names[text]}"}


@functools.cache
def document() -> dict[str, Any]:
    """The OpenAPI document of the API, the same for everybody."""
    here = path("api/v1/", include("dashboards.api.urls"))
    found = SchemaGenerator(patterns=[here]).get_schema(public=True)
    found["info"]["description"] = ABOUT
    found["info"]["license"] = {"name": f"{LICENCE.title} (the data)", "url": LICENCE.url}
    return found
