"""The addresses of the API: a list, its records and its facets for each Listing; each chart."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from dashboards.api import docs, parameters, views
from dashboards.lists import LISTINGS, SINGULAR
from dashboards.views import articles, partners, records
from initiatives.models import RECORD_MODELS

SLUG = parameters.key(
    "slug", {"type": "string", "pattern": parameters.KEYS["slug"]}, _("Its slug.")
)
CODE = parameters.key("iso3", {"type": "string", "pattern": parameters.KEYS["iso3"]}, _("Its alpha-3 code."))  # fmt: skip
NUMBER = parameters.key("pk", {"type": "integer", "minimum": 1}, _("The number in its address."))
# Of each list how one of it is read, as its page is: what says which, and in which form.
ONE: dict[str, tuple[str, Any, Any]] = {
    "countries": ("<slug:iso3>", CODE, partners.country_data),
    "blocs": ("<slug:slug>", SLUG, partners.bloc_data),
    "organisations": ("<slug:slug>", SLUG, partners.organisation_data),
    "articles": ("<int:pk>", NUMBER, articles.article_data),
    **{
        plural: ("<slug:slug>", SLUG, partial(records.record_data, type=singular))
        for plural, singular in SINGULAR.items()
        if singular in RECORD_MODELS
    },
}

urlpatterns: list[URLPattern] = [
    path("", views.Root.as_view(), name="api"),
    path("schema/", docs.Document.as_view(), name="api_schema"),
    path("schema.yaml", docs.DocumentYaml.as_view(), name="api_schema_yaml"),
    path("docs/", docs.page, name="api_docs"),
]
for listing in LISTINGS:
    plural, singular = listing.name, SINGULAR[listing.name]
    start = f"{plural}/"
    known: dict[str, Any] = {"listing": listing, "tag": plural}
    rows = views.ListOf.as_view(**known, name=f"{plural}_list", summary=listing.title)
    urlpatterns.append(path(start, rows, name=f"api_{plural}"))
    if listing.facets:  # before the records: none of them is called facets
        facets = views.FacetsOf.as_view(
            **known, name=f"{plural}_facets", summary=_("Counts beside each choice of a filter")
        )
        urlpatterns.append(path(f"{start}facets/", facets, name=f"api_{plural}_facets"))
    form, key, read = ONE[plural]
    one = views.OneOf.as_view(**known, name=singular, summary=_("One of them"), key=key, read=read)
    urlpatterns.append(path(f"{start}{form}/", one, name=f"api_{singular}"))
urlpatterns.append(path("charts/", views.Charts.as_view(), name="api_charts"))
for slug, listing in views.CHARTS.items():
    chart = views.ChartOf.as_view(
        slug=slug,
        listing=listing,
        name=f"chart_{slug.replace('-', '_')}",
        tag="charts",
        summary=slug.replace("-", " ").capitalize(),
    )
    urlpatterns.append(path(f"charts/{slug}/", chart, name=f"api_chart_{slug}"))
