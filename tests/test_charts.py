"""Charts: every number is a link to its rows, and every ledger closes, twice."""

import re
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client

from initiatives.funding.models import Funding
from initiatives.funding.rollup import Rung
from initiatives.intervals import total
from tests import cast, reading
from tests.reading import (
    CHARTS,
    MONEY_CHARTS,
    bars,
    chart,
    csv_rows,
    page,
    query,
    slugs,
    unnumbered,
)

pytestmark = pytest.mark.django_db

SEED_QUERIES = [
    "",
    "bloc=brics",
    "bloc=belt-and-road",
    "country=RUS",
    "country=CHN&country=RUS",
    "label=digital-silk-road",
    "sector=telecommunications",
    "sector=research&sector=space&kind=programme",
    "rung=committed",
    "rung=announced&currency=AUD",
    "rung=committed&currency=CNY",
    "rung=announced&rung=disbursed&currency=EUR",
    "funded=yes&rung=disbursed",
    "funded=no",
    "year_min=2013&year_max=2018",
    "members_of=brics&membership=then&rung=committed",
    "q=china&currency=EUR&rung=committed",
    "q=nothing-is-called-so",
]


@pytest.fixture
def zoo():
    """Made-up initiatives whose money has every difficulty at once; all have q=panda."""
    both = cast.initiative("both", ("CHN", "BRA"), ("brics", "sco"), ("space", "health"),
                           began="2018", title="Panda both")  # fmt: skip
    whole = cast.money(both, "whole", 100, period="2018")
    cast.money(both, "part", 30, period="2019", part_of=whole, sector=cast.sector("energy"))
    cast.money(both, "again", 700, currency="CNY", restates=whole, period="2018")
    cast.money(both, "promise", 500, rung="announced")
    kenya = cast.initiative("kenya", ("KEN",), (), ("health",), began="2019", title="Panda Kenya")
    cast.money(kenya, "open", 17, qualifier="more-than", period="2019-06")
    cast.money(kenya, "secret", None)
    cast.money(kenya, "yearly", 5, recurs="annually", period="2018/2020")
    loner = cast.initiative("loner", title="Panda loner")
    cast.money(loner, "range", 1, 4, qualifier="between")
    context = cast.initiative("context", ("DEU",), ("eu",), title="Panda context")
    cast.money(context, "all", 80_000, out_of_scope="the whole programme", period="2018")
    cast.initiative("poor", ("BRA",), began="2020", title="Panda poor")


# --- What a chart gives --------------------------------------------------------------------------


@pytest.mark.parametrize("slug", [*CHARTS, "summits"])
def test_a_chart_has_the_documented_shape(client, zoo, slug):
    data = chart(client, slug)
    money = slug in MONEY_CHARTS
    assert {"title", "unit", "note", "labels", "series", "total", "left_out"} <= data.keys()
    assert all(isinstance(data[name], str) for name in ("title", "unit", "note", "query"))
    assert data["title"] and data["unit"] and data["query"]
    assert len(data["links"]) == len(data["labels"])
    for series in data["series"]:
        assert series.keys() == {"name", "low", "high", "records"}
        lengths = {len(series[name]) for name in ("low", "high", "records")}
        assert lengths == {len(data["labels"])}
        for low, high, records in zip(
            series["low"], series["high"], series["records"], strict=True
        ):
            assert isinstance(records, int)
            assert (low is None) <= (high is None)
            assert high is None or low <= high
            assert bool(records) == bool(low) or low == 0
    assert data["total"].keys() == {"low", "high", "records"} | ({"statements"} if money else set())
    for line in data["left_out"]:
        assert line.keys() == {"reason", "code", "records"} | ({"statements"} if money else set())
        assert line["reason"]
        assert line["records"] or line["statements"]


def test_a_chart_that_is_not_there(client):
    assert client.get("/charts/funding-by-moon.json").status_code == 404
    assert client.get("/charts/funding-by-moon.csv").status_code == 404


@pytest.mark.parametrize("slug", [*CHARTS, "summits"])
def test_csv_has_the_same_numbers(client, zoo, slug):
    data = chart(client, slug)
    expected = [
        [label, series["name"], series["low"][n], series["high"][n], series["records"][n]]
        for n, label in enumerate(data["labels"])
        for series in data["series"]
    ]
    rows = csv_rows(client, f"/charts/{slug}.csv")
    assert len(rows) == len(expected)
    for row, (label, name, low, high, records) in zip(rows, expected, strict=True):
        assert (row["label"], row["series"], row["unit"]) == (label, name, data["unit"])
        assert row["low"] == ("" if low is None else str(low))
        assert row["high"] == ("" if high is None else str(high))
        assert row["records"] == str(records)


@pytest.mark.parametrize("asked", ["", "q=panda", "rung=committed", "rung=announced&currency=AUD"])
def test_the_table_on_the_page_has_the_same_numbers(client, zoo, asked):
    text = page(client, f"/funding/?{asked}")
    for slug in MONEY_CHARTS:
        figure = text.split(f'id="{slug}"')[1].split("</figure>")[0]
        data = chart(client, slug, asked)
        if not any(n for series in data["series"] for n in series["records"]):
            assert "<table" not in figure
            continue
        expected = [
            [label, *(value for series in data["series"] for value in
                      (series["low"][n], series["high"][n], series["records"][n]))]
            for n, label in enumerate(data["labels"])
        ]  # fmt: skip
        shown = [
            [row[0], *(reading.number(cell) for cell in row[1:])] for row in reading.table(figure)
        ]
        assert shown == expected
        for row in reading.table(figure):
            for low, high in zip(row[1::3], row[2::3], strict=True):
                assert (high == "no upper bound") == (low != "–" and reading.number(high) is None)


# --- The ledger ----------------------------------------------------------------------------------


def statements_of(found):
    return Funding.objects.current().filter(record__slug__in=found).count()


@pytest.mark.parametrize("asked", [*SEED_QUERIES, "q=panda", "q=panda&currency=CNY"])
def test_every_ledger_closes_twice(client, zoo, asked):
    found = slugs(client, asked)
    for slug in CHARTS:
        data = chart(client, slug, asked)
        lines = data["left_out"]
        assert data["total"]["records"] + sum(x["records"] for x in lines) == len(found), slug
        if slug in MONEY_CHARTS:
            counted = data["total"]["statements"] + sum(x["statements"] for x in lines)
            assert counted == statements_of(found), slug


@pytest.mark.parametrize("asked", ["", "bloc=brics", "country=CHN", "year_min=2017"])
def test_the_ledger_of_the_summits_closes(client, asked):
    data = chart(client, "summits", asked)
    left_out = sum(line["records"] for line in data["left_out"])
    assert data["total"]["records"] + left_out == len(slugs(client, asked, "summits"))
    assert sum(data["series"][0]["records"]) == data["total"]["records"]


def test_the_page_prints_the_same_ledger(client, zoo):
    text = page(client, "/funding/?q=panda")
    for slug in MONEY_CHARTS:
        ledger = reading.plain(text.split(f'id="{slug}"')[1].split("</figure>")[0])
        data = chart(client, slug, "q=panda")
        for line in data["left_out"]:
            assert f"Left out: {line['reason']}" in ledger
        assert re.search(r"All that the filter matched 5 records, 9 statements", ledger), slug


# --- Bars and their rows -------------------------------------------------------------------------


def sums(rows):
    amounts = [amount for _funding, amount in rows]
    return (total(amounts).low, total(amounts).high) if amounts else (None, None)


def as_decimals(low, high):
    return tuple(None if end is None else Decimal(str(end)) for end in (low, high))


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "q=panda",
        "rung=committed",
        "bloc=brics&bloc=eu",
        "country=CHN",
        "rung=committed&currency=CNY",
    ],
)
@pytest.mark.parametrize("slug", MONEY_CHARTS[:8])
def test_a_bar_of_money_leads_to_exactly_the_rows_that_add_up_to_it(client, zoo, slug, asked):
    data = chart(client, slug, asked)
    for n, link in enumerate(data["links"]):
        shown = [(s["low"][n], s["high"][n], s["records"][n]) for s in data["series"]]
        if link is None:
            assert not any(records for _, _, records in shown)
            continue
        response = client.get(link)
        assert response.status_code == 200
        rows = reading.get_json(client, link.replace("rows/?", "rows.json?"))["results"]
        for (low, high, records), series in zip(shown, data["series"], strict=True):
            here = [row for row in rows if row["shared"] == ("shared" in series["name"])]
            assert (low, high) == reading.added(here)
            assert records == len({row["initiative"] for row in here})
        text = reading.body(response)
        behind = {f"/initiatives/{row['initiative']}/" for row in rows}
        assert set(re.findall(r'href="(/initiatives/[^"/]+/)#funding-\d+"', text)) == behind
        assert len(reading.table(text)) == len(rows)


@pytest.mark.parametrize(
    "asked", ["", "q=panda", "bloc=brics", "country=CHN", "country=CHN&country=KEN",
              "sector=health&q=panda", "year_min=2010", "status=signed", "bloc=", "page=2"]
)  # fmt: skip
def test_a_bar_of_initiatives_leads_to_as_many_rows_as_it_counts(client, zoo, asked):
    asked_of_charts = "" if asked == "page=2" else asked
    for slug in ("initiatives-by-year", "initiatives-by-country"):
        data = chart(client, slug, asked_of_charts)
        for n, link in enumerate(data["links"]):
            count = data["series"][0]["records"][n]
            if link:
                assert len(slugs(client, link.partition("?")[2])) == count, link
            elif count:
                assert "country=" in asked and slug == "initiatives-by-country"
    data = chart(client, "bloc-by-sector", asked_of_charts)
    for n, link in enumerate(data["links"]):
        counts = [series["records"][n] for series in data["series"]]
        if link:
            rows = reading.get_json(client, link.replace("/?", ".json?"))["results"]
            blocs = [series["name"] for series in data["series"]]
            assert max(counts) <= len(rows) <= sum(counts)
            assert all(row["blocs"] for row in rows)
            for bloc, count in zip(blocs, counts, strict=True):
                here = [
                    r for r in rows if bloc in r["blocs"] or cast.slug_of_bloc(bloc) in r["blocs"]
                ]
                assert len(here) == count, (link, bloc)
        else:
            assert "sector=" in asked


def test_the_bars_of_summits_lead_to_them(client):
    data = chart(client, "summits")
    for n, link in enumerate(data["links"]):
        count = data["series"][0]["records"][n]
        assert bool(link) == bool(count)
        if link:
            assert len(slugs(client, link.partition("?")[2], "summits")) == count


def test_a_bar_that_is_not_there(client):
    for bad in ("chart=funding-by-year&bar=1700", "chart=nothing&bar=2018", "bar=2018",
                "", "chart=funding-by-rung&bar=signed", "chart=funding-by-year&reason=nothing",
                "chart=funding-by-year&bar=2018&reason=no-rate", "chart=funding-by-bloc&bar=%00"):  # fmt: skip
        assert client.get(f"/funding/rows/?{bad}").status_code == 404
    assert (
        client.get("/funding/rows/?chart=funding-by-year&bar=2018&country=ZZZ").status_code == 400
    )


def test_rungs_lead_to_their_own_charts(client):
    data = chart(client, "funding-by-rung")
    for n, link in enumerate(data["links"]):
        low, high, records = (data["series"][0][name][n] for name in ("low", "high", "records"))
        assert bool(link) == bool(records)
        if link:
            here = chart(client, "funding-by-bloc", link.partition("?")[2])
            lines = {line["code"]: line for line in here["left_out"]}
            unplaced = lines.get("no-bloc", {"records": 0})["records"]
            assert here["total"]["records"] + unplaced == records
            assert page(client, link)
            assert low is not None or high is None


# --- Never added ---------------------------------------------------------------------------------


def test_rungs_stand_side_by_side_and_have_no_total(client, zoo):
    data = chart(client, "funding-by-rung", "q=panda")
    assert data["labels"] == [str(rung.label) for rung in Rung]
    assert (data["total"]["low"], data["total"]["high"]) == (None, None)
    by_rung = bars(data)
    assert by_rung["announced"] == [(500, 500, 1)]
    assert by_rung["disbursed"] == [(100 + 17 + 15 + 1, None, 3)]
    assert by_rung["signed"] == [(None, None, 0)]


def test_a_chart_counts_one_currency_and_one_rung(client, zoo):
    for asked, low, unit in (("", 133, "USD"), ("&currency=CNY", 700, "CNY"),
                             ("&rung=announced", 500, "USD"), ("&currency=EUR", 0, "EUR")):  # fmt: skip
        data = chart(client, "funding-by-rung", f"q=panda{asked}")
        assert data["unit"] == unit
        total_ = chart(client, "funding-by-sector", f"q=panda{asked}")["total"]["low"]
        placed = low - (1 if low == 133 else 0)  # the loner is in no sector
        assert total_ == placed


def test_money_of_several_blocs_is_shared_and_stands_once_in_the_total(client, zoo):
    data = chart(client, "funding-by-bloc", "q=panda")
    assert [series["name"] for series in data["series"]] == [
        "disbursed, shared with other bars and not split"
    ]
    assert bars(data) == {"BRICS": [(100, 100, 1)], "SCO": [(100, 100, 1)]}
    assert data["total"] == {"low": 100, "high": 100, "records": 1, "statements": 2}
    assert "once in the total" in data["note"]


def test_each_part_stands_under_its_own_year_and_sector(client, zoo):
    assert bars(chart(client, "funding-by-year", "q=panda both")) == {
        "2018": [(70, 70, 1)], "2019": [(30, 30, 1)]
    }  # fmt: skip
    sectors = bars(chart(client, "funding-by-sector", "q=panda both"))
    assert sectors["Energy"][0] == (30, 30, 1)


def test_every_year_between_the_first_and_the_last_has_its_place(client):
    record = cast.initiative("gap", title="Panda gap")
    cast.money(record, "early", 1, period="2015")
    cast.money(record, "late", 2, period="2018-33")
    data = chart(client, "funding-by-year", "q=panda")
    assert data["labels"] == ["2015", "2016", "2017", "2018"]
    assert data["series"][0]["low"] == [1, None, None, 2]
    assert [bool(link) for link in data["links"]] == [True, False, False, True]


def test_money_over_several_years_is_in_the_ledger_and_in_no_bar(client):
    record = cast.initiative("long", title="Panda long")
    cast.money(record, "long", 9, period="2015/2018")
    data = chart(client, "funding-by-year", "q=panda")
    assert data["labels"] == []
    assert [(x["code"], x["records"], x["statements"]) for x in data["left_out"]] == [
        ("no-year", 1, 1)
    ]


# --- The seeds -----------------------------------------------------------------------------------

BILLION = 10**9
MILLION = 10**6


def one(client, slug, **asked):
    """A chart of a single seed initiative, found by its title."""
    return chart(client, slug, query(**asked))


def test_the_digital_silk_road_counts_17_billion_once(client):
    asked = {"q": "digital silk road", "label": "digital-silk-road", "rung": "disbursed"}
    data = one(client, "funding-by-sector", **asked)
    lines = {line["code"]: line["statements"] for line in data["left_out"]}
    assert (data["total"]["low"], data["total"]["high"]) == (17_200 * MILLION, None)
    assert data["total"]["records"] == 1
    assert lines["in-parts"] == 1
    assert lines["no-amount"] == 1  # data and research centres
    lows = sorted(low for values in bars(data).values() for low, _, _ in values if low)
    assert lows == [200 * MILLION, 7 * BILLION, 10 * BILLION]


@pytest.mark.parametrize(("currency", "a_year"), [("USD", 29), ("EUR", 26), ("CNY", 200)])
def test_the_co_funding_mechanism_counts_two_sides_times_three_years(client, currency, a_year):
    data = one(client, "funding-by-year", q="co-funding", rung="committed", currency=currency)
    both = 2 * a_year * MILLION
    assert bars(data) == {year: [(both, both, 1)] for year in ("2018", "2019", "2020")}
    assert data["total"]["low"] == data["total"]["high"] == 3 * both
    assert [(x["code"], x["statements"]) for x in data["left_out"]] == [("other-currency", 4)]


def test_the_30_million_of_unsw_are_inside_its_100(client):
    data = one(client, "funding-by-sector", q="unsw torch", rung="announced", currency="AUD")
    assert data["total"] == {
        "low": 100 * MILLION, "high": 100 * MILLION, "records": 1, "statements": 2
    }  # fmt: skip
    assert data["left_out"] == []


def test_whole_programmes_stand_in_the_ledger_and_not_in_the_total(client):
    for asked in ({"q": "horizon 2020", "rung": "announced", "currency": "EUR"},
                  {"q": "ict financing africa", "rung": "committed"}):  # fmt: skip
        data = one(client, "funding-by-year", **asked)
        assert data["total"]["statements"] == 0
        assert {"out-of-scope"} <= {line["code"] for line in data["left_out"]}
    horizon = chart(client, "funding-by-rung", "q=horizon 2020&kind=programme&currency=EUR")
    assert [line["code"] for line in horizon["left_out"] if line["statements"]] == ["out-of-scope"]


def test_a_draft_is_in_no_chart():
    client = Client()
    before = {slug: unnumbered(chart(client, slug)) for slug in CHARTS}
    draft = cast.initiative("draft", ("KEN",), ("brics",), ("space",), began="2020", state="draft")
    cast.money(draft, "gift", 100, period="2020")
    for slug in CHARTS:
        assert unnumbered(chart(client, slug)) == before[slug]


def test_a_page_of_many_charts_has_the_largest_of_a_long_one_and_leads_to_all(client, monkeypatch):
    monkeypatch.setattr("dashboards.views.funding.MOST", 3)
    givers = ["CHN", "JPN", "DEU", "BRA", "KEN"]
    for n, giver in enumerate(givers):
        record = cast.initiative(f"panda-{giver}", title=f"Panda {n}", began="2020")
        provider = cast.country(giver)
        cast.money(record, "money", 50 - n, rung="signed", provider_country=provider)
    asked = "q=panda&rung=signed"
    together = page(client, f"/funding/?{asked}")
    start = together.index('id="funding-by-provider"')
    figure = together[start : together.index("</figure>", start)]
    rows = re.findall(r'<th scope="row">.*?>([^<]+)</a></th>', figure)
    assert rows[-3:] == ["China", "Japan", "Germany"]
    assert "Brazil" not in figure
    assert "the table has the 3 largest of 5" in figure
    way = re.search(r'<a href="([^"]+)">All 5 on one page', figure)
    assert way
    alone = page(client, unescape(way[1]))
    assert all(cast.country(giver).name in alone for giver in givers)
    # The total is that of all: 50 + 49 + 48 + 47 + 46.
    for shown in (figure, alone):
        assert re.search(r'class="chart__total"><a [^>]+>[^<]*\b240</a>', shown)
