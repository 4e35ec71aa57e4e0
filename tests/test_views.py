"""Views of one selection beside its table: map, matrix, network, timeline; comparing; neighbours."""

from __future__ import annotations

import datetime as dt
import gzip
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest
from django.contrib.staticfiles import finders
from django.utils import timezone

from initiatives.derive import derive
from initiatives.models import Initiative, Outcome, Participation, PartOf, Summit, SummitSeries
from initiatives.models.statements import KeyDate
from initiatives.search import catch_up
from partners.dates import PartialDate
from partners.models import Country, Organisation
from tests import cast, reading
from tests.reading import chart, csv_rows, get_json, page, slugs

pytestmark = pytest.mark.django_db


@pytest.fixture
def pandas() -> None:
    """Made-up initiatives of Kenya, China and Brazil; all have q=panda."""
    cast.initiative("three", ("KEN", "CHN", "BRA"), ("brics",), ("space",), "2018-06", title="Panda three")  # fmt: skip
    cast.initiative("two", ("KEN", "CHN"), ("brics", "sco"), ("space", "health"), "2019", title="Panda two")  # fmt: skip
    cast.initiative("one", ("BRA",), (), ("health",), "2019-03-04", title="Panda one")
    cast.initiative("none", title="Panda none")


def summit(slug: str, held: str, countries: tuple[str, ...] = ()) -> Summit:
    """A published test summit held on the EDTF date."""
    series, _ = SummitSeries.objects.get_or_create(name="Panda meetings", slug="panda-meetings")
    found = Summit.objects.create(
        slug=slug, title=f"Panda summit {slug}", series=series, state="published"
    )
    for code in countries:
        Participation.objects.create(record=found, country=cast.country(code), role="attendee")
    KeyDate.objects.create(record=found, date=PartialDate.parse(held))
    derive(found)
    return found


# --- The views are links to one another ----------------------------------------------------------


def tabs(text: str) -> dict[str, str]:
    nav = text.split('class="tabs"')[1].split("</nav>")[0].replace("&amp;", "&")
    return {name: url for url, name in re.findall(r'href="([^"]+)"[^>]*>([^<]+)</a>', nav)}


def in_order(address: str) -> tuple[str, list[tuple[str, str]]]:
    """An address whose parameters may stand in any order, those within a parameter too."""
    path, _, asked = address.partition("?")
    return path, sorted((n, "&".join(sorted(v.split("&")))) for n, v in parse_qsl(asked))


def test_every_view_keeps_the_question_and_leads_to_the_others(client, pandas):
    asked = "q=panda&bloc=brics"
    expected = {
        "Table": "/initiatives/?bloc=brics&q=panda",
        "Map": "/charts/map/?bloc=brics&q=panda",
        "Matrix": "/charts/bloc-by-sector/?bloc=brics&q=panda",
        "Network": "/charts/network/?bloc=brics&q=panda",
        "Timeline": "/charts/timeline/?bloc=brics&q=panda",
        "Charts": "/charts/?bloc=brics&q=panda",
        "Compare with …": "/compare/?a=bloc%3Dbrics%26q%3Dpanda",
    }
    for name, url in expected.items():
        if name.startswith("Compare"):
            continue
        text = page(client, f"{url.partition('?')[0]}?{asked}")
        found = tabs(text)
        assert {view: in_order(found[view]) for view in found} == {
            view: in_order(expected[view]) for view in expected
        }
        assert re.findall(r'class="tabs__tab" href="[^"]+" aria-current="page">([^<]+)', text) == [
            name
        ]
        assert "run under BRICS" in text
        # The form of the filters asks at the same address.
        assert f'action="{url.partition("?")[0]}"' in text


def test_a_choice_of_a_view_survives_another_filter(client, pandas):
    text = page(client, "/charts/network/?of=organisations&bloc=brics")
    assert '<input type="hidden" name="of" value="organisations">' in text
    assert 'href="?&amp;of=organisations"' in text


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/charts/network{}?of=moons", "of"),
        ("/charts/network{}?of=countries&of=organisations", "of"),
        ("/charts/map{}?arcs=perhaps", "arcs"),
        ("/charts/timeline{}?year_min=abc", "year_min"),
        ("/charts/map{}?country=ZZZ", "country"),
    ],
)
def test_a_view_names_what_it_does_not_understand(client, address, name):
    for kind in (".json", ".csv"):
        refused = client.get(address.format(kind))
        assert refused.status_code == 400
        assert refused.json()["errors"].keys() == {name}
    assert f"<code>{name}</code>" in page(client, address.format("/"), status=400)


def test_an_option_of_one_chart_is_no_parameter_of_another(client):
    assert client.get("/charts/map.json?of=countries").status_code == 400
    assert client.get("/initiatives.json?arcs=yes").status_code == 400


def scripts(text: str) -> dict[str, int]:
    """The scripts of a page by their names, each with its size as it is sent."""
    found = re.findall(r'<script src="/static/([^"]+)"', text)
    return {name: len(gzip.compress(Path(finders.find(name)).read_bytes())) for name in found}


def test_each_view_brings_only_its_own_scripts_and_not_many(client):
    libraries = {"sankey", "geo", "graph", "matrix"}
    for address, own in {
        "/": set(),
        "/initiatives/": set(),
        "/charts/": set(),
        "/charts/map/": {"geo"},
        "/charts/network/": {"graph"},
        "/charts/bloc-by-sector/": {"matrix"},
        "/charts/timeline/": set(),
        "/charts/funding-flows/": {"sankey"},
        "/compare/?a=bloc%3Dbrics&b=bloc%3Dsco": set(),
    }.items():
        found = scripts(page(client, address))
        assert {name for name in libraries if any(f"chart-{name}" in f for f in found)} == own
        assert sum(found.values()) < 300_000, address


# --- The map -------------------------------------------------------------------------------------


def test_the_map_counts_the_initiatives_of_each_country_and_leads_to_them(client, pandas):
    data = chart(client, "map", "q=panda")
    found = dict(zip(data["labels"], data["series"][0]["records"], strict=True))
    assert found == {"Kenya": 2, "China": 2, "Brazil": 2}
    assert dict(zip(data["labels"], data["codes"], strict=True)) == {
        "Kenya": "404", "China": "156", "Brazil": "076",
    }  # fmt: skip
    assert data["arcs"] == []
    assert [c["low"] for c in data["classes"]] == [1, 2]
    for link in data["links"]:
        assert len(slugs(client, link.partition("?")[2])) == 2
    assert data["total"]["records"] == 3
    assert [(x["code"], x["records"]) for x in data["left_out"]] == [("no-country", 1)]


def test_arcs_join_the_countries_that_share_initiatives(client, pandas):
    data = chart(client, "map", "q=panda&arcs=yes")
    labels = data["labels"]
    arcs = {tuple(sorted((labels[a], labels[b]))): n for a, b, n in data["arcs"]}
    assert arcs == {("China", "Kenya"): 2, ("Brazil", "China"): 1, ("Brazil", "Kenya"): 1}


def test_every_country_can_be_put_on_the_map():
    """By its ISO numeric code, of three digits; Kosovo, which has none, by its name."""
    without = Country.objects.exclude(numeric__regex=r"^\d{3}$")
    assert set(without.values_list("english_name", flat=True)) <= {"Kosovo"}


# --- The matrix ----------------------------------------------------------------------------------


def test_each_cell_of_the_matrix_leads_to_as_many_rows_as_it_counts(client, pandas):
    for asked in ("q=panda", ""):
        data = chart(client, "bloc-by-sector", asked)
        for series, column in zip(data["series"], data["columns_at"], strict=True):
            for count, row in zip(series["records"], data["rows_at"], strict=True):
                if count:
                    assert len(slugs(client, (row + column).partition("?")[2])) == count
    cells = reading.bars(chart(client, "bloc-by-sector", "q=panda"))
    assert [n for _, _, n in cells["Health and life sciences"]] == [1, 1]


# --- The network ---------------------------------------------------------------------------------


def pairs(data: dict[str, Any]) -> dict[str, int]:
    return dict(zip(data["labels"], data["series"][0]["records"], strict=True))


def test_the_network_has_who_shares_with_whom_and_how_often(client, pandas):
    data = chart(client, "network", "q=panda")
    names = [node["name"] for node in data["nodes"]]
    assert {node["name"]: node["records"] for node in data["nodes"]} == {
        "Kenya": 2, "China": 2, "Brazil": 2,
    }  # fmt: skip
    found = {
        frozenset((names[a], names[b])): n
        for (a, b), n in zip(data["edges"], data["series"][0]["records"], strict=True)
    }
    assert found == {
        frozenset(("Kenya", "China")): 2,
        frozenset(("Kenya", "Brazil")): 1,
        frozenset(("China", "Brazil")): 1,
    }
    for node in data["nodes"]:
        assert len(slugs(client, node["link"].partition("?")[2])) == node["records"]
    for link, shared in zip(data["links"], data["series"][0]["records"], strict=True):
        assert len(slugs(client, link.partition("?")[2])) == shared
    assert data["total"]["records"] == 2
    assert {x["code"]: x["records"] for x in data["left_out"]} == {
        "one-partner": 1, "no-country": 1,
    }  # fmt: skip


def test_the_network_of_organisations_counts_bodies_and_not_their_countries(client):
    names = ("Panda Labs", "Panda Bank")
    bodies = [
        Organisation.objects.create(
            slug=name.lower().replace(" ", "-"), name=name, kind="company",
            country=cast.country("KEN"),
        )
        for name in names
    ]  # fmt: skip
    both = cast.initiative("both", title="Panda both")
    for body in bodies:
        Participation.objects.create(record=both, organisation=body, role="member")
    data = chart(client, "network", "q=panda&of=organisations")
    assert pairs(data) == {"Panda Bank – Panda Labs": 1}
    # Both are of Kenya, which shares nothing with itself.
    countries = chart(client, "network", "q=panda")
    assert countries["labels"] == []
    assert [x["code"] for x in countries["left_out"]] == ["one-partner"]


def test_who_no_longer_takes_part_shares_nothing(client, pandas):
    for kenya in Participation.objects.filter(record__slug="two", country=cast.country("KEN")):
        cast.retire(kenya)
    data = chart(client, "network", "q=panda")
    assert set(data["series"][0]["records"]) == {1}
    assert {node["name"]: node["records"] for node in data["nodes"]}["Kenya"] == 1


def test_only_as_many_are_shown_as_can_be_read_and_the_rest_is_counted(client, monkeypatch):
    monkeypatch.setattr("dashboards.charts.sharing.MOST_EDGES", 2)
    cast.initiative("pair", ("KEN", "CHN"), title="Panda pair")
    cast.initiative("again", ("KEN", "CHN"), title="Panda again")
    cast.initiative("far", ("DEU", "FRA"), title="Panda far")
    cast.initiative("other", ("IND", "ITA"), title="Panda other")
    data = chart(client, "network", "q=panda")
    assert len(data["labels"]) == 2
    assert data["series"][0]["records"] == [2, 1]
    assert "The 2 strongest of 3 pairs are shown, between 4 of 6 partners." in data["note"]
    assert data["total"]["records"] == 3
    assert {x["code"]: x["records"] for x in data["left_out"]} == {"weaker-pair": 1}


# --- The timeline --------------------------------------------------------------------------------


def test_a_bar_of_the_timeline_is_as_wide_as_the_date_is_precise(client, pandas):
    summit("nairobi", "2019-05-06")
    data = chart(client, "timeline", "q=panda")
    initiatives, summits = data["series"]
    shown = dict(zip(data["labels"], zip(initiatives["low"], initiatives["high"], strict=True), strict=True))  # fmt: skip
    assert shown == {
        "Panda summit nairobi": (None, None),
        "Panda one": ("2019-03-04", "2019-03-04"),
        "Panda two": ("2019-01-01", "2019-12-31"),
        "Panda three": ("2018-06-01", "2018-06-30"),
    }
    assert data["labels"][0] == "Panda summit nairobi"  # the newest first
    assert (summits["low"][0], summits["high"][0]) == ("2019-05-06", "2019-05-06")
    assert data["words"] == ["6 May 2019", "4 March 2019", "2019", "June 2018"]
    assert data["links"][1] == "/initiatives/one/"
    counted = len(slugs(client, "q=panda")) + len(slugs(client, "q=panda", "summits"))
    left_out = sum(line["records"] for line in data["left_out"])
    assert data["total"]["records"] + left_out == counted
    rows = csv_rows(client, "/charts/timeline.csv?q=panda")
    assert {"label": "Panda two", "low": "2019-01-01", "high": "2019-12-31"}.items() <= next(
        row for row in rows if row["label"] == "Panda two" and row["low"]
    ).items()


def test_summits_are_left_out_where_they_have_no_such_filter(client, pandas):
    summit("nairobi", "2019-05-06")
    data = chart(client, "timeline", "q=panda&status=announced")
    assert "Panda summit nairobi" not in data["labels"]
    assert "none of them is shown: Status." in data["note"]


def test_a_timeline_of_summits_alone_is_a_view_of_their_list(client):
    summit("nairobi", "2019-05-06")
    text = page(client, "/summits/?q=panda")
    assert tabs(text)["Timeline"] == "/charts/summit-timeline/?q=panda"
    assert chart(client, "summit-timeline", "q=panda")["labels"] == ["Panda summit nairobi"]


def test_only_the_newest_are_drawn_and_the_others_counted(client, pandas, monkeypatch):
    monkeypatch.setattr("dashboards.charts.timeline.MOST", 2)
    data = chart(client, "timeline", "q=panda")
    assert data["labels"] == ["Panda one", "Panda two"]
    assert "The 2 newest of 3 are shown" in data["note"]
    assert {x["code"]: x["records"] for x in data["left_out"]} == {"older": 1, "no-year": 1}


# --- Comparing -----------------------------------------------------------------------------------


def compare(client: Any, *sides: str, status: int = 200) -> str:
    asked = "&".join(f"{name}={quote(side)}" for name, side in zip("abcd", sides, strict=False))
    return page(client, f"/compare/?{asked}", status)


def numbers(text: str) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in reading.table(text, 'aria-label="In numbers"')}


def test_two_blocs_stand_side_by_side_and_what_both_have_is_said(client, pandas):
    record = Initiative.objects.get(slug="two")
    cast.money(record, "money", 7_000_000, rung="signed", period="2019")
    text = compare(client, "bloc=brics&q=panda", "bloc=sco&q=panda")
    assert numbers(text) == {
        "Initiatives": ["2", "1"],
        "Money signed": ["USD 7 million", "USD 7 million"],
    }
    assert "1 initiative is in both" in text
    assert "2 different initiatives together." in text
    # Both charts by year end at the same number and have the same years.
    data = re.findall(
        r'<script id="initiatives-by-year-[ab]-data" type="application/json">(.*?)</script>', text
    )
    assert len(data) == 2
    for part in data:
        assert '"most": 1' in part
        assert '"labels": ["2018", "2019"]' in part
    countries = {row[0]: row[1:] for row in reading.table(text.split('id="initiatives-by-country"')[1], 'class="table table--tight compare-table"')}  # fmt: skip
    assert countries == {"China": ["2", "1"], "Kenya": ["2", "1"], "Brazil": ["1", "0"]}


def test_each_number_of_a_comparison_leads_to_its_rows(client, pandas):
    text = compare(client, "bloc=brics&q=panda", "sector=health&q=panda").replace("&amp;", "&")
    tables = re.findall(r'<table class="table table--tight compare-table">.*?</table>', text, re.S)
    links = [link for t in tables for link in re.findall(r'<a href="([^"]+)">(\d+)</a>', t)]
    assert len(links) > 8
    for url, number in links:
        assert len(slugs(client, url.partition("?")[2])) == int(number), url


def test_what_both_have_is_a_link_where_one_filter_can_ask_for_it(client, pandas):
    text = compare(client, "bloc=brics", "sector=health").replace("&amp;", "&")
    both = re.search(
        r'<a href="/initiatives/\?([^"]+)">(\d+) initiatives? (?:is|are) in both', text
    )
    assert both
    assert len(slugs(client, both[1])) == int(both[2])
    # Two values of one filter would mean "or".
    text = compare(client, "bloc=brics", "bloc=sco")
    assert re.search(r"<li>\d+ initiatives? (?:is|are) in both", text)


@pytest.mark.parametrize(
    ("sides", "name", "said"),
    [
        (("bloc=brics", "bloc=moon"), "b", "bloc:"),
        (("bloc=brics", "contry=KEN"), "b", "contry:"),
        (("year_min=abc", "bloc=sco"), "a", "year_min:"),
        (("bloc=brics", "bloc=brics"), "b", "the same as a"),
        (("bloc=brics", "bloc=sco&as_of=2024"), "b", "as_of:"),
        (("bloc=brics", "&".join(f"x{n}=1" for n in range(500))), "b", "no parameter of this name"),
        (("bloc=brics", "q=<script>alert(1)</script>&kind='"), "b", "kind:"),
    ],
)
def test_a_side_that_is_not_understood_is_named(client, sides, name, said):
    text = compare(client, *sides, status=400)
    assert f"<code>{name}</code>" in text
    assert said in text
    assert "<script>alert" not in text
    assert 'aria-label="In numbers"' not in text


def test_comparing_asks_for_a_second_side(client):
    for address in ("/compare/", "/compare/?a=bloc%3Dbrics", "/compare/?a=&b=&c="):
        text = page(client, address)
        assert "Choose what to compare" in text
        assert '<option value="bloc=sco">SCO</option>' in text
    assert '<option value="bloc=brics" selected>' in page(client, "/compare/?a=bloc%3Dbrics")
    # A filter that is no bloc stays in the form.
    assert '<option value="sector=space" selected>' in page(client, "/compare/?a=sector%3Dspace")
    assert client.get("/compare/?a=bloc%3Dbrics&a=bloc%3Dsco").status_code == 400


def test_a_comparison_of_the_past_keeps_to_it(client, pandas):
    moment = timezone.localdate().isoformat()
    text = page(client, f"/compare/?a=bloc%3Dbrics&b=bloc%3Dsco&as_of={moment}")
    assert "As Accord knew it on" in text
    side = re.search(r'href="(/initiatives/[^"]+)">\d+</a></td>', text)
    assert side and f"as_of={moment}" in side[1]
    link = tabs(page(client, f"/initiatives/?bloc=brics&as_of={moment}"))["Compare with …"]
    assert link == f"/compare/?a=bloc%3Dbrics&as_of={moment}"
    assert client.get("/compare/?a=bloc%3Dbrics&b=bloc%3Dsco&as_of=2001").status_code == 400


def test_blocs_lead_to_their_comparison(client):
    assert 'href="/compare/?a=bloc%3Dbrics"' in page(client, "/blocs/brics/")
    assert 'href="/compare/"' in page(client, "/blocs/")


# --- Neighbours ----------------------------------------------------------------------------------


def near(text: str) -> dict[str, list[str]]:
    """The groups of neighbours of a record's page: heading -> titles."""
    aside = text.split('<dl class="facts">')[1]
    return {
        reading.plain(title): [reading.plain(x) for x in re.findall(r"<li>(.*?)</li>", body)]
        for title, body in re.findall(
            r'<h2 class="eyebrow">([^<]*)</h2><ul class="link-list">(.*?)</ul>', aside
        )
    }


def test_a_record_shows_what_stands_near_it(client, pandas):
    two, one, three = (Initiative.objects.get(slug=slug) for slug in ("two", "one", "three"))
    PartOf.objects.create(record=two, whole=three)
    meeting, last = summit("nairobi", "2019-05-06"), summit("mombasa", "2018")
    for adopted in (two, one):
        Outcome.objects.create(record=meeting, initiative=adopted, verb="adopted")
    found = near(page(client, "/initiatives/two/"))
    assert found["Part of"] == ["Panda three"]
    assert found["Outcome of"] == ["Panda summit nairobi"]
    assert found["Other outcomes of the summit"] == ["Panda one"]
    assert found["Also with China and Kenya"] == ["Panda three"]
    assert near(page(client, "/initiatives/three/"))["Parts"] == ["Panda two"]
    held = near(page(client, "/summits/nairobi/"))
    assert held["Outcomes"] == ["Panda one", "Panda two"]
    assert held["Others of the series"] == [last.title]


def test_five_neighbours_are_shown_and_the_others_a_link_away(client):
    whole = cast.initiative("whole", title="Panda whole")
    for n in range(7):
        part = cast.initiative(f"part-{n}", title=f"Panda part {n}", began=f"201{n}")
        PartOf.objects.create(record=part, whole=whole)
    text = page(client, "/initiatives/whole/").replace("&amp;", "&")
    assert near(text)["Parts"] == [f"Panda part {n}" for n in (6, 5, 4, 3, 2)]
    link = re.search(r'<a href="/initiatives/\?(initiative=[^"]+)">All of them', text)
    assert link
    assert sorted(slugs(client, link[1])) == [f"part-{n}" for n in range(7)]


def test_a_draft_is_nobodys_neighbour(client, pandas):
    draft = cast.initiative("hidden", ("KEN", "CHN"), title="Panda hidden", state="draft")
    PartOf.objects.create(record=draft, whole=Initiative.objects.get(slug="two"))
    assert "Panda hidden" not in page(client, "/initiatives/two/")


def test_views_are_escaped(client):
    cast.initiative("bad", ("KEN", "CHN"), title="<script>alert('panda')</script>", began="2019")
    for address in ("/charts/timeline/", "/compare/?a=q%3Dpanda&b=bloc%3Dsco", "/charts/network/"):
        assert "<script>alert" not in page(client, address)


def test_a_network_asks_no_more_of_the_database_the_more_there_is(
    client, django_assert_max_num_queries
):
    for n in range(12):
        cast.initiative(f"many-{n}", ("KEN", "CHN", "BRA"), title=f"Panda {n}", began="2019")
    catch_up()
    client.get("/initiatives/")  # the first page after a change reads what it touched
    for slug, most in (("network", 10), ("map?arcs=yes", 12), ("timeline", 18)):
        name, _, options = slug.partition("?")
        with django_assert_max_num_queries(most):
            get_json(client, f"/charts/{name}.json?q=panda&{options}")


def test_the_days_of_a_timeline_are_days(client, pandas):
    low = [x for x in chart(client, "timeline", "q=panda")["series"][0]["low"] if x]
    assert all(dt.date.fromisoformat(text) for text in low)
