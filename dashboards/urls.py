"""The addresses of the site.

Each list and record has a route for every shape that its Listing names, beside its page.
"""

from django.urls import path, re_path

from dashboards.exports.formats import CITATIONS, FORMATS
from dashboards.lists import LISTINGS, SINGULAR
from dashboards.views import (
    articles,
    charts,
    codebook,
    compare,
    duplicates,
    entering,
    follow_up,
    funding,
    history,
    imports,
    lists,
    pages,
    partners,
    records,
    reviewing,
    suggesting,
    taking_away,
)
from initiatives.models import RECORD_MODELS

# What is asked for most is looked for first.
urlpatterns = [
    path(f"{one.name}/", lists.page, {"listing": one}, name=f"{SINGULAR[one.name]}_list")
    for one in LISTINGS
]
urlpatterns += [
    path("", pages.overview, name="overview"),
    path("search/", pages.search, name="search"),
    path("codebook/", codebook.codebook, name="codebook"),
    path("healthz", pages.healthz, name="healthz"),
    path("funding/", funding.funding, name="funding"),
    path("funding/rows/", funding.rows, name="funding_rows"),
    path("funding/rows.json", funding.rows_json, name="funding_rows_json"),
    path("funding/rows.csv", funding.rows_csv, name="funding_rows_csv"),
    path("charts/", charts.index, name="charts"),
    path("compare/", compare.compare, name="compare"),
    path("charts/<slug:slug>/", charts.page, name="chart"),
    path("charts/<slug:slug>.json", charts.as_json, name="chart_json"),
    path("charts/<slug:slug>.csv", charts.as_csv, name="chart_csv"),
    path("charts/<slug:slug>.svg", charts.as_svg, name="chart_svg"),
    path("charts/<slug:slug>/embed/", charts.embed, name="chart_embed"),
    path("data/", taking_away.data, name="data"),
    path("imports/", imports.import_list, name="import_list"),
    path("imports/<int:pk>/", imports.import_run, name="import"),
    path("imports/<int:pk>/undo/", history.undo_import, name="import_undo"),
    path("changes/", history.change_list, name="change_list"),
    path("changes/<int:number>/", history.change_page, name="change"),
    path("changes/<int:number>/undo/", history.undo_change, name="change_undo"),
    path("review/", reviewing.queue, name="review"),
    path("review/<int:pk>/", reviewing.proposal, name="proposal"),
    path("review/drafts/", reviewing.drafts, name="review_drafts"),
    path("review/disputes/", reviewing.dispute_list, name="disputes"),
    re_path(r"^countries/(?P<iso3>[A-Z]{3})/$", partners.country, name="country"),
    re_path(r"^countries/(?P<iso3>[A-Z]{3})\.json$", partners.country_json),
    path("blocs/<slug:slug>/", partners.bloc, name="bloc"),
    path("blocs/<slug:slug>.json", partners.bloc_json),
    path("organisations/<slug:slug>/", partners.organisation, name="organisation"),
    path("organisations/<slug:slug>.json", partners.organisation_json),
    path("articles/<int:pk>/", articles.article, name="article"),
    path("articles/<int:pk>/text/", suggesting.article_text, name="article_text"),
    path("enter/", entering.enter, name="enter"),
    path("enter/draft/", entering.keep_draft, name="keep_draft"),
    path("enter/drafts/", entering.drafts, name="entry_drafts"),
    path("suggest/<slug:kind>/", suggesting.suggest, name="suggest"),
    path("understand/<slug:kind>/", suggesting.understand, name="understand"),
    path("alike/", suggesting.alike, name="alike"),
    path("review/follow-up/", follow_up.follow_up, name="follow_up"),
    path("review/follow-up/<slug:queue>/", follow_up.follow_up, name="follow_up_queue"),
    path("review/follow-up/confirm/<slug:slug>/", follow_up.confirm_record, name="confirm"),
    path("review/duplicates/", duplicates.queue, name="duplicates"),
    path("review/duplicates/<slug:kept>/<slug:other>/", duplicates.pair, name="duplicate_pair"),
    path(
        "review/duplicates/<slug:kept>/<slug:other>/merge/",
        duplicates.merge_pair,
        name="duplicate_merge",
    ),
    path(
        "review/duplicates/<slug:kept>/<slug:other>/apart/",
        duplicates.apart,
        name="duplicate_apart",
    ),
]
urlpatterns += [
    path(
        f"charts/<slug:slug>.{suffix}",
        charts.cited,
        {"suffix": suffix},
        name=f"chart_{FORMATS[suffix].name}",
    )
    for suffix in CITATIONS
]
urlpatterns += [
    path(f"data.{suffix}", view, name=f"data_{suffix.replace('.', '_')}")
    for suffix, view in taking_away.DATA_VIEWS.items()
]
for plural in ("initiatives", "alliances", "summits"):
    singular = SINGULAR[plural]
    kind = {"type": singular}
    one = f"{plural}/<slug:slug>"
    urlpatterns += [
        path(f"{one}/", records.record, kind, name=singular),
        path(f"{one}/edit/", entering.edit, kind, name=f"{singular}_edit"),
        path(f"{one}/publish/", entering.publish, kind, name=f"{singular}_publish"),
        path(f"{one}/withdraw/", history.withdraw_record, kind, name=f"{singular}_withdraw"),
        path(f"{one}/history/", history.record_history, kind, name=f"{singular}_history"),
        path(
            f"{one}/history.json",
            history.record_history_json,
            kind,
            name=f"{singular}_history_json",
        ),
        path(f"{one}/revert/", history.revert_record, kind, name=f"{singular}_revert"),
    ]
for listing in LISTINGS:
    name, known = SINGULAR[listing.name], {"listing": listing}
    for suffix in listing.formats:
        urlpatterns.append(
            path(
                f"{listing.name}.{suffix}",
                taking_away.LIST_VIEWS[suffix],
                known,
                name=f"{name}_list_{FORMATS[suffix].name}",
            )
        )
    if name in RECORD_MODELS:
        for suffix in listing.record_formats:
            urlpatterns.append(
                path(
                    f"{listing.name}/<slug:slug>.{suffix}",
                    taking_away.RECORD_VIEWS[suffix],
                    {"type": name},
                    name=f"{name}_{FORMATS[suffix].name}",
                )
            )
