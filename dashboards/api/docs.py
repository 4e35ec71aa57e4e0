"""The OpenAPI document, and a page that says the same to people.

The page is plain HTML made here: viewers of OpenAPI documents need inline styles and scripts, which
the site allows nobody.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from rest_framework.request import Request
from rest_framework.response import Response

from dashboards.api.schema import document
from dashboards.api.views import Endpoint, refuse
from dashboards.exports.answers import unknown_parameters
from dashboards.freshness import unless_unchanged


class Document(Endpoint):
    """The OpenAPI document: JSON, or YAML if that is what is accepted."""

    schema = None  # it does not describe itself
    renderer_classes = [
        OpenApiJsonRenderer2,
        OpenApiJsonRenderer,
        OpenApiYamlRenderer2,
        OpenApiYamlRenderer,
    ]

    def get(self, request: Request, **named: Any) -> Response:
        """The document; it takes no parameters."""
        refuse(unknown_parameters(request))
        return Response(document())


class DocumentYaml(Document):
    """The OpenAPI document as YAML."""

    renderer_classes = [OpenApiYamlRenderer2, OpenApiYamlRenderer]


@csrf_exempt  # so that other methods are refused as they are elsewhere in the API
@require_safe
@unless_unchanged
def page(request: HttpRequest) -> HttpResponse:
    """What can be asked, with examples, read off the OpenAPI document."""
    found = document()
    context = {
        "about": _paragraphs(found["info"]["description"]),
        "groups": _groups(request, found),
        "schemas": {
            name: _properties(schema) for name, schema in found["components"]["schemas"].items()
        },
        "address": request.build_absolute_uri(reverse("api")),
    }
    return render(request, "api_docs.html", context)


def _groups(request: HttpRequest, found: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The operations by their tag."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in found["paths"].items():
        operation = operations["get"]
        parameters = [
            found["components"]["parameters"][p["$ref"].rpartition("/")[2]]
            for p in operation.get("parameters", [])
        ]
        groups.setdefault(operation["tags"][0], []).append(
            {
                "path": path,
                "id": operation["operationId"],
                "summary": operation["summary"],
                "description": _paragraphs(operation["description"]),
                "parameters": [_parameter(p) for p in parameters],
                "example": _example(request, path, parameters),
                "answer": _properties(_answer(operation)),
            }
        )
    return groups


def _paragraphs(text: str) -> list[str]:
    """The paragraphs of a text, without its line breaks."""
    return [" ".join(part.split()) for part in text.split("\n\n")]


def _answer(operation: dict[str, Any]) -> dict[str, Any]:
    return operation["responses"]["200"]["content"]["application/json"]["schema"]


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    """A parameter for people: its name, what it takes, what it means."""
    schema = parameter["schema"]
    return {
        "name": parameter["name"],
        "type": _type(schema),
        "required": parameter.get("required", False),
        "meaning": parameter.get("description", ""),
    }


def _example(request: HttpRequest, path: str, parameters: list[dict[str, Any]]) -> str:
    """An address to try; empty where the example would name what may not be there."""
    if "{" in path:
        return ""
    asked = {}
    for parameter in parameters:
        for example in parameter.get("examples", {}).values():
            asked[parameter["name"]] = example["value"]
    shown = {name: value for name, value in asked.items() if name in ("bloc", "year_min")}
    return request.build_absolute_uri(f"{path}?{urlencode(shown, doseq=True)}".rstrip("?"))


def _type(schema: dict[str, Any]) -> str:
    """What a schema allows, in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "oneOf" in schema:
        return " | ".join(_type(part) for part in schema["oneOf"])
    if "const" in schema:
        return str(schema["const"])
    kind = schema.get("type", "")
    names = kind if isinstance(kind, list) else [kind]
    if "array" in names:
        names = [f"list of {_type(schema['items'])}" if n == "array" else n for n in names]
    return " | ".join(names) + (f" ({schema['format']})" if "format" in schema else "")


def _properties(schema: dict[str, Any]) -> list[dict[str, str]]:
    """The properties of an object, for a table; of anything else, what it is."""
    if "properties" not in schema:
        return [{"name": "", "type": _type(schema), "meaning": schema.get("description", "")}]
    return [
        {"name": name, "type": _type(part), "meaning": part.get("description", "")}
        for name, part in schema["properties"].items()
    ]
