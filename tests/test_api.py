"""The public API: the rows of the lists, a page at a time, and what goes wrong told as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
import yaml
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards.api.views import CHARTS
from dashboards.lists import LISTINGS, SINGULAR, Listing
from initiatives.derive import derive
from initiatives.models import Article, Evidence, Initiative, Participation, StatusStep
from initiatives.search import catch_up
from partners.dates import PartialDate
from partners.models import Organisation
from tests import cast
from tests.documents import last_change
from tests.people import client_of
from tests.reading import get_json, page

pytestmark = pytest.mark.django_db

START = "/api/v1/"


def rows(client: Client, plural: str, asked: str = "", size: int = 200) -> list[Any]:
    """All rows of a list, following `next`."""
    found: list[Any] = []
    address: str | None = f"{START}{plural}/?{asked}&page_size={size}"
    while address:
        data = get_json(client, address)
        assert len(data["results"]) == size or data["next"] is None
        found += data["results"]
        address = data["next"]
    assert data["count"] == len(found)
    return found


def errors(client: Client, address: str, status: int = 400, **how: Any) -> Any:
    """What is wrong, by name; always JSON."""
    response = client.get(address, **how)
    assert response.status_code == status, (address[:200], response.status_code)
    assert response["Content-Type"] == "application/json"
    data = response.json()
    assert data.keys() == {"errors"}
    assert all(
        texts and all(isinstance(t, str) for t in texts) for texts in data["errors"].values()
    )
    return data["errors"]


# --- The same rows as the lists ------------------------------------------------------------------


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.name)
@pytest.mark.parametrize("size", [1, 7, 200])
def test_the_pages_of_a_list_are_its_rows(client, listing, size):
    data = get_json(client, f"/{listing.name}.json")
    assert rows(client, listing.name, size=size) == data["results"]
    first = get_json(client, f"{START}{listing.name}/")
    assert {n: first[n] for n in ("count", "query", "data_version")} == {
        n: data[n] for n in ("count", "query", "data_version")
    }
    assert first["results"] == data["results"][:50]


QUERIES = ("bloc=brics", "country=CHN&country=RUS&not_sector=space", "q=silk", "q=nothing-is-so",
           "funded=yes&rung=disbursed", "year_min=2015&sort=oldest", "q=digital&sort=relevance",
           "columns=status&columns=countries", "sort=title", "sort=changed", "sort=oldest", "q=digital&sort=newest", "as_of=2026")  # fmt: skip


@pytest.mark.parametrize("asked", QUERIES)
def test_the_pages_of_a_filter_are_its_rows_in_its_order(client, asked):
    assert rows(client, "initiatives", asked, 4) == get_json(client, f"/initiatives.json?{asked}")["results"]  # fmt: skip


@given(
    asked=st.fixed_dictionaries(
        {},
        optional={
            "country": st.lists(st.sampled_from(["CHN", "RUS", "BRA", "KEN"]), max_size=2),
            "not_bloc": st.just("eu"),
            "sector": st.sampled_from(["space", "health", "computing"]),
            "year_max": st.integers(2005, 2024),
            "q": st.sampled_from(["a", "digital", "brics silk", "中"]),
            "sort": st.sampled_from(["newest", "oldest", "title", "changed"]),
        },
    ),
    size=st.integers(1, 9),
    plural=st.sampled_from(["initiatives", "alliances", "summits"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_asked_the_pages_are_its_rows(client, asked, size, plural):
    asked = urlencode(asked, doseq=True)
    assert rows(client, plural, asked, size) == get_json(client, f"/{plural}.json?{asked}")["results"]  # fmt: skip


# --- What is written between two pages -----------------------------------------------------------


@pytest.fixture
def pandas() -> None:
    """Twelve made-up initiatives; two begin on one day, three are of unknown beginning."""
    for n in range(12):
        began = "" if n % 4 == 3 else f"20{10 + n // 2}-05-0{1 + n % 2}" if n != 4 else "2011-05-02"
        cast.initiative(f"panda-{n:02}", ("KEN",), began=began, title=f"Panda {n * 7 % 12:02}")


def follow(client: Client, address: str, between: Callable[[list[str]], None]) -> list[str]:
    """The slugs of all pages; `between` is done after each, with those that were seen."""
    found: list[str] = []
    here: str | None = address
    while here:
        data = get_json(client, here)
        found += [row["slug"] for row in data["results"]]
        between(found)
        here = data["next"]
    return found


@pytest.mark.parametrize("sort", ["newest", "oldest", "title", "changed", "relevance"])
def test_what_is_added_and_withdrawn_between_two_pages_shifts_no_row(client, pandas, sort):
    asked = f"{START}initiatives/?q=panda&sort={sort}&page_size=3"
    before = [row["slug"] for row in rows(client, "initiatives", f"q=panda&sort={sort}")]
    assert len(before) == 12
    gone: list[str] = []

    def write(seen: list[str]) -> None:
        """Something new at both ends and between; the row at which the page ended goes."""
        if len(seen) > 12:
            return
        for began, title in (("2030", "Panda 000"), ("1990", "Panda 999"), ("2012", "Panda 055")):
            cast.initiative(f"panda-new-{len(seen)}-{began}", began=began, title=title)
        Initiative.objects.filter(slug=seen[-1]).update(state="withdrawn")
        gone.append(seen[-1])

    found = follow(client, asked, write)
    assert len(found) == len(set(found)), "a row came twice"
    assert [slug for slug in found if slug in before] == before
    assert len(gone) >= 4


@pytest.mark.parametrize("few", [0, 2_000], ids=["walked", "put in order"])
@pytest.mark.parametrize("sort", ["newest", "oldest", "title", "relevance"])
def test_what_is_changed_between_two_pages_does_not_move_the_others(
    client, pandas, monkeypatch, sort, few
):
    """The row at which a page ended gets another place: the next page begins where it was."""
    monkeypatch.setattr("initiatives.selection.FEW", few)
    monkeypatch.setattr("initiatives.keyset.SOME", 3)
    before = [row["slug"] for row in rows(client, "initiatives", f"q=panda&sort={sort}")]

    def change(seen: list[str]) -> None:
        if len(seen) == 3:
            record = Initiative.objects.get(slug=before[2])
            record.title = "Panda, now elsewhere"
            record.save()
            StatusStep.objects.filter(record=record).update(retired_at=timezone.now())
            StatusStep.objects.create(
                record=record, status="announced", date=PartialDate.parse("1950")
            )
            derive(record)

    found = follow(client, f"{START}initiatives/?q=panda&sort={sort}&page_size=3", change)
    assert [slug for slug in found if slug != before[2]] == [s for s in before if s != before[2]]


def test_partners_are_paged_behind_a_row_too(client):
    """Countries by their number of initiatives: one overtakes another between two pages."""
    before = [row["slug"] for row in rows(client, "countries")]
    first = get_json(client, f"{START}countries/?page_size=40")
    for n in range(60):
        cast.initiative(f"panda-{n}", (before[-1],))
    rest = follow(client, first["next"], lambda seen: None)
    assert [row["slug"] for row in first["results"]] + rest == before[:-1]
    assert rows(client, "countries")[0]["slug"] == before[-1]


def test_articles_without_a_date_come_last_on_whatever_page(client):
    """Some are printed on one day, some on an unknown one; what is added shifts none of them."""
    for n, printed in enumerate(("2020-05-01", "2020-05-01", "", "", "2019", "2020-05", "")):
        article_of(f"panda-{n}", f"Panda {n % 3}", printed)
    listed = [row["slug"] for row in get_json(client, "/articles.json?q=panda")["results"]]
    assert len(listed) == 7
    for size in (1, 2, 3):

        def add(seen: list[str], size: int = size) -> None:
            article_of(f"new-{size}-{len(seen)}", "Panda 0", "2024")

        found = follow(client, f"{START}articles/?q=panda&page_size={size}", add)
        assert [slug for slug in found if slug in listed] == listed
        assert len(found) == len({*found})


def article_of(key: str, title: str, printed: str) -> None:
    """A public article: a passage of it carries something published."""
    statement = Participation.objects.published().earliest("pk")
    article = Article.objects.create(
        key=key, title=title, language="en", text="Panda.", publisher_missing="not applicable",
        published=PartialDate.parse(printed) if printed else None,
    )  # fmt: skip
    passage = Evidence.objects.create(
        article=article, start=0, end=5, words="Panda", made_by=Evidence.MadeBy.EDITOR
    )
    statement.carried.create(evidence=passage)


def test_as_of_a_time_every_page_is_of_one_state(client, pandas):
    then = quote(last_change().isoformat())
    before = [row["slug"] for row in rows(client, "initiatives", "q=panda&sort=changed")]

    def touch(seen: list[str]) -> None:
        record = Initiative.objects.get(slug=before[-1])
        record.changed_at = timezone.now()
        record.save()

    asked = f"{START}initiatives/?q=panda&sort=changed&page_size=5&as_of={then}"
    assert follow(client, asked, touch) == before


def test_a_cursor_leads_on_in_its_own_filter_order_and_list_alone(client):
    next_ = get_json(client, f"{START}initiatives/?page_size=2")["next"]
    cursor = quote(parse_qs(urlsplit(next_).query)["cursor"][0])
    assert get_json(client, f"{START}initiatives/?page_size=7&cursor={cursor}")["count"]
    for other in ("initiatives/?bloc=brics", "initiatives/?sort=oldest", "initiatives/?q=silk",
                  "initiatives/?as_of=2026", "alliances/?", "articles/?"):  # fmt: skip
        assert errors(client, f"{START}{other}&cursor={cursor}").keys() == {"cursor"}
    for garbage in ("x", cursor[:-1], cursor + "x", "a:b", "%00", "%ff", "%ED%A0%80", "1" * 5000):
        assert errors(client, f"{START}initiatives/?cursor={garbage}").keys() == {"cursor"}


def test_the_way_on_says_nothing_twice(client):
    first = get_json(client, f"{START}initiatives/?page_size=1" + "&bloc=brics" * 300)
    assert parse_qs(urlsplit(first["next"]).query)["bloc"] == ["brics"]
    assert get_json(client, first["next"])["count"] == first["count"]


QUERIES_OF = {"initiatives": 3, "alliances": 2, "summits": 2, "countries": 3, "blocs": 3,
              "organisations": 3, "articles": 3}  # fmt: skip


@pytest.mark.parametrize("plural", QUERIES_OF)
def test_a_page_asks_as_many_questions_whichever_it_is(client, plural, django_assert_num_queries):
    """A later one as many as the first, a long one as many as a short one."""
    catch_up()
    address = f"{START}{plural}/?page_size=1"
    later = get_json(client, get_json(client, address)["next"])["next"]
    get_json(client, f"{START}{plural}/?page_size=200")  # reads once what partners are called
    for asked in (address, later, f"{START}{plural}/?page_size=199"):
        if asked:
            with django_assert_num_queries(QUERIES_OF[plural]):
                get_json(client, asked)


def test_a_page_reads_its_own_rows_and_no_others(client, pandas, monkeypatch):
    """Of a late page neither those before it nor those behind it."""
    asked: list[int] = []
    read = Listing._read

    def noted(own: Listing, selection: Any, keys: list[int], *more: Any) -> Any:
        asked.extend(keys)
        return read(own, selection, keys, *more)

    monkeypatch.setattr(Listing, "_read", noted)
    late = get_json(client, get_json(client, f"{START}initiatives/?page_size=9")["next"])["next"]
    asked.clear()
    shown = [row["slug"] for row in get_json(client, late)["results"]]
    assert [Initiative.objects.get(pk=key).slug for key in asked] == shown


# --- One record, facets, charts ------------------------------------------------------------------


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.name)
def test_each_row_leads_to_its_record(client, listing):
    """Its address in the API is that of its page, behind /api/v1."""
    for row in rows(client, listing.name)[:5]:
        path = urlsplit(row["url"]).path
        one = get_json(client, f"/api/v1{path}")
        assert (one["slug"], one["title"], one["url"]) == (row["slug"], row["title"], row["url"])
        if listing.name != "articles":  # which have no twin
            assert one == get_json(client, f"{path.rstrip('/')}.json")


def test_an_article_has_its_passages_and_what_each_carries(client):
    article = Article.objects.published().earliest("pk")
    data = get_json(client, f"{START}articles/{article.pk}/")
    assert data["text"] == article.text
    for passage in data["passages"]:
        assert data["text"][passage["start"] : passage["end"]] == passage["quote"]
    assert any(carried["record"] for p in data["passages"] for carried in p["carries"])


def test_of_an_article_that_is_not_ours_the_passages_alone_are_given(client):
    Article.objects.update(copied=True)
    data = get_json(client, f"{START}articles/{Article.objects.published().earliest('pk').pk}/")
    assert data["text"] is None
    assert data["passages"]


@pytest.mark.parametrize("asked", ["", "bloc=brics", "country=CHN&not_sector=space&began=2019"])
def test_a_choice_of_a_facet_counts_the_rows_one_gets_by_it(client, asked):
    data = get_json(client, f"{START}initiatives/facets/?{asked}")
    assert data["count"] == get_json(client, f"{START}initiatives/?{asked}")["count"]
    assert [facet["name"] for facet in data["facets"]] == [*LISTINGS[0].facets]
    others = [part for part in asked.split("&") if part]
    for facet in data["facets"]:
        for choice in facet["choices"][:4]:
            rest = [part for part in others if not part.startswith(f"{facet['name']}=")]
            alone = "&".join([*rest, f"{facet['name']}={choice['value']}"])
            assert get_json(client, f"{START}initiatives/?{alone}")["count"] == choice["count"]


@pytest.mark.parametrize("slug", CHARTS)
def test_a_chart_is_the_one_of_its_page(client, slug):
    assert get_json(client, f"{START}charts/{slug}/?q=silk") == get_json(client, f"/charts/{slug}.json?q=silk")  # fmt: skip


def test_everything_is_found_from_the_root(client):
    root = get_json(client, START)
    assert [*root["lists"]] == [listing.name for listing in LISTINGS]
    charts = get_json(client, root["charts"])["results"]
    assert {chart["slug"] for chart in charts} == {*CHARTS}
    links = [*root["lists"].values(), *root["facets"].values(), *(c["url"] for c in charts)]
    for address in [*links, root["schema"], root["docs"]]:
        assert client.get(address).status_code == 200, address


# --- Only what is public -------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["", "editor", "administrator"])
def test_nobody_is_shown_what_is_not_published(who):
    """Who may see drafts on the site sees none here."""
    secret = "panda-secret"
    Organisation.objects.create(slug=secret, name=secret, kind="company")
    cast.initiative(secret, ("CHN",), ("brics",), began="2020", state="draft", title=secret)
    asking = client_of(who)
    for listing in LISTINGS:
        assert secret not in json.dumps(rows(asking, listing.name))
    for address in ("initiatives/facets/?q=panda", "charts/timeline/?q=panda", "charts/network/?of=organisations"):  # fmt: skip
        assert secret not in json.dumps(get_json(asking, START + address))
    for address in (f"initiatives/{secret}/", f"organisations/{secret}/"):
        errors(asking, START + address, 404)
    unread = Article.objects.create(key=secret, title=secret, language="en", text=secret, publisher_missing="undisclosed")  # fmt: skip
    errors(asking, f"{START}articles/{unread.pk}/", 404)


# --- What goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("contry=KEN&bloc=brics", {"contry"}),
        ("country=ZZZ&bloc=brics", {"country"}),
        ("country=", {"country"}),
        ("country=KEN&country=%20", {"country"}),
        ("as_of=%20", {"as_of"}),
        ("as_of=tomorrow", {"as_of"}),
        ("as_of=2999", {"as_of"}),
        ("as_of=2025&as_of=2026", {"as_of"}),
        ("year_min=abc&year_max=1e3", {"year_min", "year_max"}),
        ("year_min=2020&year_max=2010", {"year_max"}),
        ("sort=relevance", {"sort"}),
        ("sort=title&sort=oldest", {"sort"}),
        ("page_size=0", {"page_size"}),
        ("page_size=201", {"page_size"}),
        ("page_size=-1", {"page_size"}),
        ("page_size=1e2", {"page_size"}),
        ("page_size=10&page_size=20", {"page_size"}),
        ("page_size=" + "9" * 5000, {"page_size"}),
        ("cursor=", {"cursor"}),
        ("page=2", {"page"}),
        ("format=json", {"format"}),
        ("q=%00", {"q"}),
        ("q=" + "x" * 1_000_000, {"q"}),
        ("bloc=%00&sector=%ED%A0%80&status=%ff", {"bloc", "sector", "status"}),
        ("country=%27%3B--&kind=%3Cscript%3E", {"country", "kind"}),
        ("%00=1", {"\x00"}),
        ("a=1" + "&a=1" * 10_000, {"parameters"}),
        ("&".join(f"p{n}=1" for n in range(10_000)), {"parameters"}),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value)[:30],
)
def test_what_is_not_understood_is_named(client, asked, names):
    assert errors(client, f"{START}initiatives/?{asked}").keys() == names
    if not names & {"page_size", "cursor"}:
        for other in ("initiatives/facets/", "charts/map/"):
            assert errors(client, f"{START}{other}?{asked}").keys() == names


@pytest.mark.parametrize("address", ["", "charts/", "schema/", "initiatives/digital-silk-road/", "countries/KEN/"])  # fmt: skip
def test_what_has_no_filters_refuses_them(client, address):
    assert errors(client, f"{START}{address}?bloc=brics").keys() == {"bloc"}


def test_a_moment_that_is_none_is_refused_everywhere(client):
    for address in ("", "charts/", "initiatives/digital-silk-road/", "countries/KEN/", "blocs/", "charts/map/"):  # fmt: skip
        assert errors(client, f"{START}{address}?as_of=soon").keys() == {"as_of"}


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("initiatives/nothing-is-called-so/", "slug"),
        ("summits/digital-silk-road/", "slug"),
        ("countries/ZZZ/", "iso3"),
        ("countries/ken/", "iso3"),
        ("articles/999999999/", "pk"),
        ("articles/" + "9" * 5000 + "/", "pk"),
        ("charts/nothing/", "address"),
        ("no/such/", "address"),
        ("%00/", "address"),
        ("initiatives/%ED%A0%80/", "address"),
        ("../v2/", "address"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_not_there_is_named(client, address, name):
    found = errors(client, START + address, 404)
    assert found.keys() <= {name, "address"}


def test_an_address_without_its_last_slash_leads_on(client):
    response = client.get("/api/v1/initiatives?bloc=brics")
    assert (response.status_code, response["Location"]) == (301, "/api/v1/initiatives/?bloc=brics")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "trace"])
@pytest.mark.parametrize("address", ["", "initiatives/", "charts/map/", "schema/"])
def test_it_is_only_read(client, method, address):
    response = getattr(client, method)(START + address)
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, OPTIONS"
    assert response.json()["errors"].keys() == {"method"}


def test_it_answers_json_alone(client):
    assert errors(client, f"{START}initiatives/", 406, headers={"Accept": "text/html"}).keys() == {"Accept"}  # fmt: skip
    browser = client.get(f"{START}blocs/", headers={"Accept": "text/html,*/*;q=0.8"})
    assert browser["Content-Type"] == "application/json"


def test_what_nobody_expected_is_told_in_json(monkeypatch):
    monkeypatch.setattr("dashboards.api.views.facet", lambda *asked: 1 / 0)
    asking = Client(raise_request_exception=False)
    assert errors(asking, f"{START}initiatives/facets/", 500).keys() == {"request"}


def test_the_head_of_an_answer_can_be_asked_for(client):
    response = client.head(f"{START}initiatives/")
    assert (response.status_code, response.content) == (200, b"")


# --- Other sites, caches -------------------------------------------------------------------------


def test_scripts_of_other_sites_may_read_it_without_cookies(client):
    for address in ("initiatives/", "initiatives/?x=1", "no/such/", "docs/"):
        response = client.get(START + address, headers={"Origin": "https://other.example"})
        assert response["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response
    asks_first = client.options(f"{START}initiatives/", headers={"Origin": "https://other.example"})
    assert asks_first.status_code == 204
    assert "GET" in asks_first["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Origin" not in client.get("/initiatives.json")


@pytest.mark.parametrize("address", ["", "initiatives/?bloc=brics", "initiatives/digital-silk-road/", "initiatives/facets/", "charts/map/"])  # fmt: skip
def test_what_has_not_changed_is_not_sent_again(client, address, django_assert_num_queries):
    tag = client.get(START + address)["ETag"]
    with django_assert_num_queries(1):
        same = client.get(START + address, headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    Initiative.objects.filter(slug="digital-silk-road").update(title="Another title")
    assert client.get(START + address, headers={"If-None-Match": tag}).status_code == 200


# --- The document and its page -------------------------------------------------------------------


def test_the_document_is_json_or_yaml_and_says_the_same(client):
    told = get_json(client, f"{START}schema/")
    assert told["openapi"].startswith("3.1")
    for address, accept in (
        (f"{START}schema.yaml", "*/*"),
        (f"{START}schema/", "application/yaml"),
    ):
        response = client.get(address, headers={"Accept": accept})
        assert response["Content-Type"].startswith("application/yaml")
        assert yaml.safe_load(response.content) == told


def test_every_filter_and_every_column_is_in_the_document(client):
    told = get_json(client, f"{START}schema/")
    for listing in LISTINGS:
        asked = told["paths"][f"{START}{listing.name}/"]["get"]["parameters"]
        names = [told["components"]["parameters"][p["$ref"].rpartition("/")[2]]["name"] for p in asked]  # fmt: skip
        assert {*names} == {*listing.filters.base_filters, "page_size", "cursor"}
        row = told["components"]["schemas"][SINGULAR[listing.name].title()]
        assert [*row["properties"]] == [column.name for column in listing.columns]
    assert all(p["description"] for p in told["components"]["parameters"].values())


def test_the_page_says_all_of_it_without_scripts(client):
    text = page(client, f"{START}docs/")
    told = get_json(client, f"{START}schema/")
    for path in told["paths"]:
        assert f"<code>{path}</code>" in text
    assert "unsafe" not in client.get(f"{START}docs/")["Content-Security-Policy"]
    assert 'href="/api/v1/docs/"' in page(client, "/data/")
    for address in re.findall(r'Try it: <a href="([^"]+)"', text):
        assert client.get(address.replace("&amp;", "&")).status_code == 200, address
