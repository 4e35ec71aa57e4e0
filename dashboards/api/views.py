"""What the addresses of the API answer. Each says of itself what the OpenAPI document needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dashboards.api import parameters, shapes
from dashboards.api.cursors import NAMES, Pages
from dashboards.api.errors import Errors, Refused
from dashboards.as_of import answers_as_of, moment_of
from dashboards.charts import INITIATIVE_CHARTS, OPTIONS, SUMMIT_CHARTS
from dashboards.exports.answers import unknown_parameters
from dashboards.exports.view import ListView
from dashboards.freshness import unless_unchanged
from dashboards.licence import LICENCE
from dashboards.lists import INITIATIVES, LISTINGS, SUMMITS, Listing
from dashboards.views.charts import chart_data, selected
from initiatives.facets import facet
from initiatives.selection import Selection
from partners.history.asking import PARAMETER
from partners.history.changes import data_version

# Read as of when; not sent again to whoever has it.
READ: Any = (answers_as_of(refuses=False), unless_unchanged)


def refuse(errors: Errors) -> None:
    """Go no further if anything is wrong."""
    if errors:
        raise Refused(errors)


class Endpoint(APIView):
    """An address that is read.

    `name`, `tag` and `summary` are those of its operation in the OpenAPI document.
    """

    http_method_names = ["get", "head", "options"]
    name = tag = ""
    summary: Any = ""

    def parameters(self) -> list[OpenApiParameter]:
        """What it can be asked."""
        raise NotImplementedError

    def shape(self) -> shapes.Schema:
        """What it answers."""
        raise NotImplementedError

    @method_decorator(READ)
    def get(self, request: Request, **named: Any) -> Response:
        """What is asked for; 400 names a parameter that is not understood."""
        # A form sends nothing for what is left open; a program means something by it.
        refuse(
            {
                name: [gettext("Give a value, or leave the parameter out.")]
                for name, values in request.GET.lists()
                if any(not value.strip() for value in values)
            }
        )
        return Response(self.data(request, **named))

    def data(self, request: HttpRequest, **named: Any) -> dict[str, Any]:
        """The answer as plain values; Refused says what is not understood."""
        raise NotImplementedError


def no_filters(request: HttpRequest) -> None:
    """Refuse every parameter but `as_of`."""
    errors = unknown_parameters(request, PARAMETER)
    try:
        moment_of(request)
    except ValueError as error:
        errors[PARAMETER] = [str(error)]
    refuse(errors)


class Root(Endpoint):
    """Where everything is."""

    name, tag, summary = "root", "about", _("What there is")

    def parameters(self) -> list[OpenApiParameter]:
        return [parameters.AS_OF]

    def shape(self) -> shapes.Schema:
        return shapes.ROOT

    def data(self, request: HttpRequest, **named: Any) -> dict[str, Any]:
        no_filters(request)

        def address(name: str) -> str:
            return request.build_absolute_uri(reverse(name))

        return {
            "title": "Accord",
            "data_version": data_version(),
            "licence": {"name": LICENCE.name, "url": LICENCE.url},
            "schema": address("api_schema"),
            "docs": address("api_docs"),
            "lists": {listing.name: address(f"api_{listing.name}") for listing in LISTINGS},
            "facets": {
                listing.name: address(f"api_{listing.name}_facets")
                for listing in LISTINGS
                if listing.facets
            },
            "charts": address("api_charts"),
        }


# --- Lists and what is in them -------------------------------------------------------------------


class ListOf(Endpoint):
    """All matching rows of a list, a page at a time.

    Follow next until it is null. What is written between two pages shifts no row: none that
    stays where it is comes twice or is left out. as_of with a time reads every page of one state.
    """

    listing: Listing = INITIATIVES

    def parameters(self) -> list[OpenApiParameter]:
        return [*parameters.of_filters(self.listing), *parameters.PAGES]

    def shape(self) -> shapes.Schema:
        return shapes.page(self.listing)

    def data(self, request: HttpRequest, **named: Any) -> dict[str, Any]:
        listing = self.listing
        selection = Selection(
            listing.filters, request.GET, listing.records(), strict=True, also=NAMES
        )
        pages = Pages(listing, selection, request)
        refuse(selection.errors)
        view = ListView(listing, selection, request)
        shown = view.of_objects
        rows, last = listing.page(selection, pages.place, pages.size, shown)
        return {
            "count": selection.count,
            "query": selection.words,
            "data_version": view.version.number,
            "next": pages.after(last),
            "results": [{c.name: c.read(row) for c in shown} for row in rows],
        }


class OneOf(Endpoint):
    """One of a list, with all that is stated of it.

    Its address is that of its page (url in the list), with /api/v1 before the path.
    """

    listing: Listing = INITIATIVES
    read: Callable[..., dict[str, Any]] | None = None
    key: OpenApiParameter | None = None

    def parameters(self) -> list[OpenApiParameter]:
        return [*([self.key] if self.key else []), parameters.AS_OF]

    def shape(self) -> shapes.Schema:
        return shapes.one(self.listing)

    def data(self, request: HttpRequest, **named: Any) -> dict[str, Any]:
        no_filters(request)
        assert self.read
        return self.read(request, **named)


class FacetsOf(Endpoint):
    """For each facet its choices, each with how many records one gets by taking it alone.

    They are counted under all other filters that are set.
    """

    listing: Listing = INITIATIVES

    def parameters(self) -> list[OpenApiParameter]:
        return parameters.of_filters(self.listing)

    def shape(self) -> shapes.Schema:
        return shapes.FACETS

    def data(self, request: HttpRequest, **named: Any) -> dict[str, Any]:
        listing = self.listing
        selection = Selection(listing.filters, request.GET, listing.records(), strict=True)
        refuse(selection.errors)
        found = [facet(selection, name) for name in listing.facets]
        return {
            "count": selection.count,
            "query": selection.words,
            "data_version": data_version(),
            "facets": [
                {
                    "name": one.name,
                    "label": one.label,
                    "choices": [
                        {
                            "value": choice.value,
                            "label": choice.label,
                            "count": choice.count,
                            "selected": choice.value in one.chosen,
                        }
                        for choice in one.choices
                    ],
                }
                for one in found
            ],
        }


# --- Charts --------------------------------------------------------------------------------------

CHARTS = dict.fromkeys(INITIATIVE_CHARTS, INITIATIVES) | dict.fromkeys(SUMMIT_CHARTS, SUMMITS)  # fmt: skip


class Charts(Endpoint):
    """The charts, each with the list whose filters it takes and its own options."""

    name, tag, summary = "charts_list", "charts", _("The charts")

    def parameters(self) -> list[OpenApiParameter]:
        return [parameters.AS_OF]

    def shape(self) -> shapes.Schema:
        return shapes.CHARTS

    def data(self, request: HttpRequest, **named: Any) -> dict[str, Any]:
        no_filters(request)
        return {
            "count": len(CHARTS),
            "data_version": data_version(),
            "results": [
                {
                    "slug": slug,
                    "list": listing.name,
                    "options": OPTIONS.get(slug, {}),
                    "url": request.build_absolute_uri(reverse(f"api_chart_{slug}")),
                }
                for slug, listing in CHARTS.items()
            ],
        }


class ChartOf(Endpoint):
    """The numbers of a chart, its total, and its ledger of what it leaves out.

    It takes the filters of its list.
    """

    slug = ""
    listing: Listing = INITIATIVES

    def parameters(self) -> list[OpenApiParameter]:
        options = OPTIONS.get(self.slug, {})
        return [
            *parameters.of_filters(self.listing),
            *(parameters.of_option(name, choices) for name, choices in options.items()),
        ]

    def shape(self) -> shapes.Schema:
        return shapes.CHART

    def data(self, request: HttpRequest, **named: Any) -> dict[str, Any]:
        selection, options = selected(request, self.slug)
        refuse(selection.errors)
        return chart_data(selection, self.slug, options)
