"""One query string, one Selection: every renderer shows the same records, each once."""

import random
import re
from decimal import Decimal

import pytest
from django.http import QueryDict

from dashboards.lists import INITIATIVES, LISTINGS
from initiatives.models import Initiative, Participation
from initiatives.selection import Selection
from partners.dates import PartialDate
from partners.models import Organisation, OrganisationName
from tests import cast, reading
from tests.reading import bars, body, chart, csv_rows, facets, page, page_slugs, query, slugs

pytestmark = pytest.mark.django_db

MACHINE = ("/initiatives.json", "/initiatives.csv", "/charts/funding-by-bloc.json",
           "/charts/initiatives-by-year.csv")  # fmt: skip


def refusal(client, address):
    """The names of the parameters that a machine format does not understand."""
    response = client.get(address)
    assert response.status_code == 400, (address, response.status_code)
    return set(response.json()["errors"])


def words(client, asked):
    return reading.get_json(client, f"/initiatives.json?{asked}")["query"]


# --- The four traps (the fourth, a hashed collectstatic, is in test_setup) -----------------------


def test_an_invalid_filter_selects_nothing_anywhere(client):
    for address in MACHINE:
        assert refusal(client, f"{address}?country=ZZZ") == {"country"}
    for address in ("/initiatives/?country=ZZZ", "/funding/?country=ZZZ"):
        text = page(client, address, status=400)
        assert "<code>country</code>" in text
        assert reading.stated_count(text) == 0
        assert not re.search(r'href="/initiatives/[^"/?]+/"', text)
    selection = Selection(
        INITIATIVES.filters, QueryDict("country=ZZZ&bloc=brics"), INITIATIVES.records()
    )
    assert list(selection.records) == list(selection.members) == []
    assert selection.count == 0
    assert "no valid filter" in selection.words


def test_one_bad_value_beside_a_good_one_selects_nothing(client):
    assert refusal(client, "/initiatives.json?country=CHN&country=ZZZ") == {"country"}
    assert reading.stated_count(page(client, "/initiatives/?country=CHN&country=ZZZ", 400)) == 0


def test_two_countries_do_not_double_a_sum_nor_a_count(client):
    record = cast.initiative(
        "panda", ("CHN", "BRA"), ("brics", "sco"), ("space", "health"), began="2020"
    )
    cast.money(record, "gift", 100, period="2020")
    asked = "q=panda&country=CHN&country=BRA&bloc=brics&bloc=sco&sector=space&sector=health"
    assert slugs(client, asked) == page_slugs(client, asked) == ["panda"]
    assert [row["slug"] for row in csv_rows(client, f"/initiatives.csv?{asked}")] == ["panda"]
    assert facets(page(client, f"/initiatives/?{asked}"))["country"] == {"CHN": 1, "BRA": 1}
    for slug in reading.MONEY_CHARTS[:4]:
        total = chart(client, slug, asked)["total"]
        assert total == {"low": 100, "high": 100, "records": 1, "statements": 1}
    assert bars(chart(client, "funding-by-year", asked)) == {"2020": [(100, 100, 1)]}


def test_no_leftover_order_splits_the_groups_of_a_chart(client):
    for n in range(3):
        cast.initiative(f"panda-{n}", ("KEN",), ("brics",), ("space",), began="2020")
    ordered = Initiative.objects.filter(slug__startswith="panda").newest_first()
    selection = Selection(INITIATIVES.filters, QueryDict(), ordered)
    assert not selection.records.query.order_by
    data = chart(client, "initiatives-by-year", "q=panda")
    assert bars(data) == {"2020": [(3, 3, 3)]}
    assert bars(chart(client, "initiatives-by-country", "q=panda")) == {"Kenya": [(3, 3, 3)]}
    assert bars(chart(client, "bloc-by-sector", "q=panda")) == {
        "Space and satellite navigation": [(3, 3, 3)]
    }


# --- Each filter ---------------------------------------------------------------------------------


@pytest.fixture
def world():
    """Four made-up initiatives. Every query of them has q=panda, so that no seed joins in."""
    safari = Organisation.objects.create(
        slug="safari-lab", name="Safari Laboratory", kind="company", country=cast.country("KEN")
    )
    OrganisationName.objects.create(organisation=safari, name="Safari Laboratory")
    kenya = cast.initiative(
        "kenya", ("CHN",), (), ("space",), began="2013", kind="project", status="signed",
        title="Panda Kenya: space from Nairobi",
    )  # fmt: skip
    Participation.objects.create(record=kenya, organisation=safari, role="lead")
    brazil = cast.initiative(
        "brazil", ("BRA", "CHN"), ("brics",), ("health", "space"), began="2014-06",
        kind="fund", title="Panda São Paulo health fund",
    )  # fmt: skip
    cast.money(brazil, "promise", 50, rung="announced", currency="BRL", period="2014")
    cast.label(brazil, "belt-and-road")
    union = cast.initiative("union", ("DEU",), ("eu", "brics"), (), began="", title="Panda union")
    cast.money(union, "secret", None, rung="disbursed")
    cast.initiative("alone", title="Panda alone", summary="Nobody takes part yet.")


@pytest.mark.parametrize(
    ("asked", "expected", "said"),
    [
        ("", "kenya brazil union alone", "Initiatives mentioning “panda”"),
        ("country=KEN", "kenya", "with Kenya taking part"),
        ("country=CHN", "kenya brazil", "with China taking part"),
        ("country=KEN&country=DEU", "kenya union", "with Germany or Kenya taking part"),
        ("organisation=safari-lab", "kenya", "with Safari Laboratory taking part"),
        ("bloc=brics", "brazil union", "run under BRICS"),
        ("bloc=eu&bloc=brics", "brazil union", "run under BRICS or EU"),
        ("bloc=sco", "", "run under SCO"),
        ("sector=space", "kenya brazil", "on Space"),
        ("sector=health&sector=space", "kenya brazil", "on Health or Space"),
        ("kind=fund", "brazil", "of the kind fund"),
        ("kind=fund&kind=project", "kenya brazil", "of the kind fund or project"),
        ("status=signed", "kenya", "now signed"),
        ("status=signed&status=announced", "kenya brazil", "now announced or signed"),
        ("label=belt-and-road", "brazil", "officially called Belt and Road Initiative"),
        ("rung=announced", "brazil", "with money announced"),
        ("rung=announced&rung=disbursed", "brazil union", "with money announced or disbursed"),
        ("currency=BRL", "brazil", "with money in BRL"),
        ("funded=yes", "brazil union", "with money stated: yes"),
        ("funded=no", "kenya alone", "with money stated: no"),
        ("year_min=2014", "brazil", "begun in 2014 or later"),
        ("year_max=2013", "kenya", "begun in 2013 or earlier"),
        ("members_of=brics&membership=then", "kenya brazil", "with members of BRICS, counted as members when it began"),
        ("members_of=eu&membership=now", "union", "with members of EU, counted as members today"),
        ("country=CHN&bloc=brics", "brazil", "run under BRICS, with China taking part"),
        ("country=CHN&sector=space&kind=project&status=signed&year_min=2013&year_max=2013",
         "kenya", "begun in 2013 or later"),
        ("country=KEN&bloc=brics", "", "run under BRICS"),
    ],
)  # fmt: skip
def test_each_filter_alone_and_with_others(client, world, asked, expected, said):
    asked = f"q=panda&{asked}".rstrip("&")
    assert sorted(slugs(client, asked)) == sorted(expected.split())
    assert sorted(page_slugs(client, asked)) == sorted(expected.split())
    assert {c["slug"] for c in csv_rows(client, f"/initiatives.csv?{asked}")} == set(
        expected.split()
    )
    in_words = words(client, asked)
    for phrase in said.split(", counted"):
        for part in re.findall(r"\w+", phrase):
            assert part in in_words, in_words
    assert in_words in reading.plain(page(client, f"/initiatives/?{asked}"))


def test_a_value_that_is_set_can_be_taken_away_again(client, world):
    text = page(client, "/initiatives/?q=panda&country=KEN&country=BRA&page=1")
    ways_out = [
        reading.html.unescape(href)
        for href in re.findall(r'class="chip__remove" href="\?([^"]*)"', text)
    ]
    assert sorted(QueryDict(way).urlencode() for way in ways_out) == [
        "country=KEN&country=BRA",
        "q=panda&country=BRA",
        "q=panda&country=KEN",
    ]


def test_empty_values_mean_nothing(client, world):
    asked = "q=panda&country=&bloc=&year_min=&kind="
    assert sorted(slugs(client, asked)) == ["alone", "brazil", "kenya", "union"]
    assert bars(chart(client, "initiatives-by-country", asked))["Kenya"] == [(1, 1, 1)]
    assert all(chart(client, "initiatives-by-country", asked)["links"])


def test_a_filter_that_takes_one_value_refuses_two(client):
    for name, values in (
        ("year_min", ("2010", "2015")), ("year_max", ("2010", "2015")), ("q", ("a", "b")),
        ("currency", ("USD", "EUR")), ("funded", ("yes", "no")), ("membership", ("then", "now")),
    ):  # fmt: skip
        also = {"members_of": "brics"} if name == "membership" else {}
        assert refusal(client, "/initiatives.json?" + query(**{name: values}, **also)) == {name}
        assert slugs(client, query(**{name: [values[0]] * 2}, **also)) == slugs(
            client, query(**{name: values[0]}, **also)
        )


def test_an_unknown_parameter_is_refused_by_machines_and_ignored_by_pages(client):
    for address in MACHINE:
        assert refusal(client, f"{address}?contry=KEN&page=2") == {"contry", "page"}
    for address in ("/initiatives/", "/funding/"):
        text = page(client, f"{address}?contry=KEN")
        assert reading.stated_count(text) == len(slugs(client))
        assert "contry" not in reading.plain(text)  # nor in the links of its charts


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.name)
def test_every_list_refuses_what_it_does_not_understand(client, listing):
    for format in ("json", "csv"):
        assert refusal(client, f"/{listing.name}.{format}?wrong=1") == {"wrong"}
    page(client, f"/{listing.name}/?wrong=1")
    rows = csv_rows(client, f"/{listing.name}.csv")
    assert [row["slug"] for row in rows] == slugs(client, plural=listing.name)
    assert len(rows) == reading.stated_count(page(client, f"/{listing.name}/"))


# --- Members then and now ------------------------------------------------------------------------


def test_who_was_a_member_then_and_who_is_now(client):
    cast.initiative("panda-early", ("IDN",), began="2019", title="Panda early")
    cast.initiative("panda-late", ("IDN",), began="2025-03", title="Panda late")
    cast.initiative("panda-africa", ("ZAF",), began="2019", title="Panda Africa")
    cast.initiative("panda-first", ("ZAF",), began="2009-10", title="Panda first")
    cast.initiative("panda-undated", ("IDN",), title="Panda undated")

    def members(when):
        return sorted(slugs(client, f"q=panda&members_of=brics{when}"))

    assert members("&membership=then") == ["panda-africa", "panda-late"]
    assert members("") == members("&membership=then")
    assert members("&membership=now") == [
        "panda-africa", "panda-early", "panda-first", "panda-late", "panda-undated"
    ]  # fmt: skip


def test_in_2019_brics_is_five_states(client):
    states = ["BRA", "RUS", "IND", "CHN", "ZAF", "EGY", "ETH", "IRN", "ARE", "IDN", "SAU", "KEN"]
    for code in states:
        cast.initiative(f"panda-{code.lower()}", (code,), began="2019", title=f"Panda {code}")
    found = slugs(client, "q=panda&members_of=brics&membership=then")
    assert sorted(found) == ["panda-bra", "panda-chn", "panda-ind", "panda-rus", "panda-zaf"]
    assert len(slugs(client, "q=panda&members_of=brics&membership=now")) == 10


def test_whoever_left_is_a_member_then_and_not_now(client):
    cast.initiative("panda-uk", ("GBR",), began="2019-05", title="Panda UK")
    cast.initiative("panda-uk-later", ("GBR",), began="2021", title="Panda UK later")
    assert slugs(client, "q=panda&members_of=eu&membership=then") == ["panda-uk"]
    assert slugs(client, "q=panda&members_of=eu&membership=now") == []


def test_an_organisation_stands_for_its_country(client, world):
    assert slugs(client, "q=panda&country=KEN") == ["kenya"]
    assert "kenya" not in slugs(
        client, "q=panda&members_of=african-union&membership=then&year_max=1900"
    )
    assert slugs(client, "q=panda&members_of=african-union&membership=then") == ["kenya"]


# --- Years ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("began", "surely"),
    [
        ("2013", {2013}),
        ("2013-06", {2013}),
        ("2013-23", {2013}),
        ("2013-24", set()),  # winter: December 2013, or 2014 already
        ("2013/2014", set()),
        ("2013/..", set()),
        ("", set()),
    ],
)
def test_a_year_has_what_surely_began_in_it(client, began, surely):
    cast.initiative("panda", began=began)
    for year in (2012, 2013, 2014):
        found = slugs(client, f"q=panda&year_min={year}&year_max={year}")
        assert found == (["panda"] if year in surely else [])
    if began in ("2013/2014", "2013-24"):
        assert slugs(client, "q=panda&year_min=2013&year_max=2014") == ["panda"]
    left_out = chart(client, "initiatives-by-year", "q=panda")["left_out"]
    assert [line["code"] for line in left_out] == ([] if surely else ["no-year"])


# --- Text ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["são", "SAO", "Sao Paulo", "paulo SÃO", "health paul", "SA\u0303O", "  são  ", "(são)"]
)
def test_text_is_found_whatever_its_case_and_accents(client, world, text):
    assert slugs(client, query(q=text, sector="health", kind="fund")) == ["brazil"]


@pytest.mark.parametrize("text", ["%", "_", "!!!", "'", "\\", "🐼", "panda % nothing-such"])
def test_text_without_a_word_finds_nothing_rather_than_everything(client, world, text):
    for listing in LISTINGS:
        if listing.name != "articles":  # whose text may hold any of these
            assert slugs(client, query(q=text), listing.name) == [], listing.name


def test_other_scripts_are_found(client):
    cast.initiative("panda", title="一带一路 panda")
    assert slugs(client, query(q="一带一路")) == ["panda"]


def test_the_names_of_partners_are_found_without_accents(client, world):
    assert slugs(client, query(q="turkiye"), "countries") == ["TUR"]
    assert slugs(client, query(q="Türkiye"), "countries") == ["TUR"]
    assert slugs(client, query(q="cote ivoire"), "countries") == ["CIV"]
    assert slugs(client, query(q="safári"), "organisations") == ["safari-lab"]


# --- Hostile input -------------------------------------------------------------------------------

NASTY = [
    "\x00", "a\x00b", "' OR 1=1 --", "1; DROP TABLE partners_bloc", '"><script>alert(1)</script>',
    "{{ 7*7 }}", "%00", "%(x)s %s",
    "-1", "1e400", "99999999999999999999", "９９", "null", "[]", "../../etc/passwd", "x" * 5000,
]  # fmt: skip
MACHINES = [
    "/initiatives.json", "/initiatives.csv", "/summits.json", "/countries.json",
    "/organisations.json", "/blocs.csv", "/articles.json", "/charts/funding-by-year.json",
    "/charts/summits.csv",
]  # fmt: skip
PAGES = ["/initiatives/", "/funding/"]
NAMES = [
    "q", "bloc", "country", "organisation", "sector", "kind", "status", "label", "year_min",
    "year_max", "rung", "funded", "currency", "measure", "initiative", "members_of", "membership", "series", "taking_part",
    "not_bloc", "not_country", "not_organisation", "not_sector", "not_kind", "not_status", "not_label",
    "countries", "organisations", "began", "sort", "columns", "as_of", "page", "nonsense",
]  # fmt: skip


@pytest.mark.parametrize("address", MACHINES)
def test_no_value_of_any_parameter_makes_a_machine_format_fail_or_give_everything(client, address):
    everything = len(body(client.get(address)))
    for name in NAMES:
        for value in NASTY:
            response = client.get(address, {name: value})
            if response.status_code == 400:
                assert set(response.json()["errors"]) == {name}
            else:
                assert (response.status_code, name) == (200, "q"), (name, value)
                if "charts" not in address:  # which are short anyway
                    assert len(body(response)) < everything


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("value", NASTY)
def test_no_value_breaks_a_page_or_shows_everything(client, address, value):
    everything = dict.fromkeys(set(NAMES) - {"page"}, value)
    response = client.get(address, everything)
    assert response.status_code == 400
    text = body(response)
    assert "<script>alert" not in text
    assert reading.stated_count(text) == 0
    named = set(re.findall(r"<li><code>(.*?)</code>", text))
    assert set(response.context["selection"].form.fields) - {"q"} <= named <= everything.keys()


@pytest.mark.parametrize("name", NAMES)
def test_each_parameter_by_itself_is_named_when_it_is_not_understood(client, name):
    response = client.get("/initiatives/", {name: '"><script>alert(1)</script>'})
    text = body(response)
    assert "<script>alert" not in text
    if name in ("q", "nonsense", "series", "taking_part"):
        assert response.status_code == 200
    else:
        assert response.status_code == 400
        assert f"<code>{name}</code>" in text


def test_bytes_that_are_no_text_are_no_choice(client):
    assert refusal(client, "/initiatives.json?bloc=%ff%fe") == {"bloc"}
    assert refusal(client, "/initiatives.json?%ff=1") == {"\ufffd"}
    assert slugs(client, "q=%ed%a0%80") == []


@pytest.mark.parametrize("number", ["-1", "abc", "0", "1.5", "99999999999999999999", "２"])
def test_a_page_that_is_not_there(client, number):
    response = client.get("/initiatives/", {"page": number})
    assert response.status_code in (400, 404)
    if response.status_code == 400:
        assert "<code>page</code>" in response.content.decode()
        assert reading.stated_count(response.content.decode()) == 0


@pytest.mark.parametrize("value", ["abc", "99999", "0", "-5", "2013.5", "1e3", "２０", "NaN"])
@pytest.mark.parametrize("name", ["year_min", "year_max"])
def test_a_year_that_is_none_is_refused_by_name(client, name, value):
    assert refusal(client, "/initiatives.json?" + query(**{name: value})) == {name}
    text = page(client, "/initiatives/?" + query(**{name: value}), status=400)
    assert f"<code>{name}</code>" in text
    assert reading.stated_count(text) == 0


def test_every_country_at_once_is_a_fair_question(client):
    codes = [row["slug"] for row in reading.get_json(client, "/countries.json")["results"]]
    some = slugs(client, query(country=codes))
    assert 0 < len(some) < len(slugs(client))


def test_a_query_of_a_megabyte_is_refused_by_name(client):
    for name in ("q", "bloc", "nonsense"):
        assert refusal(client, f"/initiatives.json?{name}={'x' * 1_000_000}") == {name}
    assert client.get(f"/initiatives/?q={'x' * 1_000_000}").status_code == 400


# --- Every renderer agrees -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def values(django_db_setup, django_db_blocker):
    """What each parameter may be asked for, read from the site itself."""
    from django.test import Client

    with django_db_blocker.unblock():
        found = {n: sorted(c) for n, c in facets(page(Client(), "/initiatives/")).items()}
    years = [str(year) for year in range(2008, 2025)]
    return found | {
        "year_min": years,
        "year_max": years,
        "rung": ["announced", "signed", "committed", "disbursed"],
        "currency": ["USD", "EUR", "CNY", "AUD"],
        "funded": ["yes", "no"],
        "members_of": ["brics", "sco", "eu", "belt-and-road"],
        "membership": ["then", "now"],
        "q": ["china", "digital", "the of", "innovation", "BRICS", "ünion"],
        "organisation": ["huawei", "rostec", "european-commission"],
    }


SINGLE = {"year_min", "year_max", "currency", "funded", "membership", "q"}


def some_query(values, seed):
    """One to three filters, some with two values; the same for a seed each time."""
    dice = random.Random(seed)
    chosen = {}
    for name in dice.sample(sorted(values), dice.choice([1, 1, 2, 2, 3])):
        several = name not in SINGLE and dice.random() < 0.4
        chosen[name] = dice.sample(values[name], min(len(values[name]), 2 if several else 1))
    if "membership" in chosen:
        chosen.setdefault("members_of", ["brics"])
    if contradicts(chosen):
        chosen["year_min"], chosen["year_max"] = chosen["year_max"], chosen["year_min"]
    return chosen


def contradicts(chosen):
    """Whether the years end before they begin, which is refused."""
    return {"year_min", "year_max"} <= chosen.keys() and (
        int(chosen["year_min"][0]) > int(chosen["year_max"][0])
    )


@pytest.mark.parametrize("seed", range(16))
def test_page_json_csv_facets_and_charts_agree(client, values, seed):
    chosen = some_query(values, seed)
    asked = query(**chosen)
    found = slugs(client, asked)
    assert len(found) == len(set(found))
    assert page_slugs(client, asked) == found
    assert [row["slug"] for row in csv_rows(client, f"/initiatives.csv?{asked}")] == found
    text = page(client, f"/funding/?{asked}")
    assert reading.stated_count(text) == len(found)
    statements = None
    for slug in reading.CHARTS:
        data = chart(client, slug, asked)
        left_out = data["left_out"]
        assert data["total"]["records"] + sum(x["records"] for x in left_out) == len(found), slug
        if slug in reading.MONEY_CHARTS:
            here = data["total"]["statements"] + sum(x["statements"] for x in left_out)
            assert statements in (None, here)
            statements = here
    dice = random.Random(seed)
    offered = facets(page(client, f"/initiatives/?{asked}"))
    for name, choices in offered.items():
        others = {n: v for n, v in chosen.items() if n != name}
        if name in chosen:  # what one could choose instead is still offered
            instead = facets(page(client, f"/initiatives/?{query(**others)}")).get(name, {})
            assert instead.items() <= choices.items()
            assert set(chosen[name]) <= choices.keys()
        for value in dice.sample(sorted(choices), min(1, len(choices))):
            alone = slugs(client, query(**others, **{name: value}))
            assert choices[value] == len(alone), (asked, name, value)


def test_the_count_beside_every_choice_is_what_one_gets_by_choosing_it(client):
    for plural in ("initiatives", "alliances", "summits"):
        for name, choices in facets(page(client, f"/{plural}/")).items():
            assert choices
            for value, count in choices.items():
                assert len(slugs(client, query(**{name: value}), plural)) == count, (name, value)


def test_narrowing_never_finds_more(client, values):
    dice = random.Random(7)
    for _ in range(10):
        one, two = some_query(values, dice.random()), some_query(values, dice.random())
        if not one.keys() & two.keys() and not contradicts(one | two):
            both = set(slugs(client, query(**one, **two)))
            if "membership" not in one | two:
                assert both == set(slugs(client, query(**one))) & set(slugs(client, query(**two)))


def test_the_seeds_are_listed_by_bloc(client):
    brics, sco, russia = (
        slugs(client, "bloc=brics"),
        slugs(client, "bloc=sco"),
        slugs(client, "country=RUS"),
    )
    assert "brics-partnership-on-new-industrial-revolution" in brics
    assert "digital-silk-road" not in brics
    assert "sco-digital-technology-platform" in sco
    assert "casc-rostec-agreement-2014-10" in russia
    assert "digital-silk-road" not in russia


def test_the_default_rung_and_currency_are_said_on_the_chart(client):
    record = cast.initiative("panda", began="2020")
    cast.money(record, "gift", 100, period="2020")
    data = chart(client, "funding-by-year", "q=panda")
    assert data["unit"] == "USD"
    assert "disbursed" in data["note"]
    assert Decimal(data["total"]["low"]) == 100
    assert PartialDate.parse(data["labels"][0]).year == 2020
