"""The pages: each answers, shows its values beside their evidence, and nothing unpublished."""

import html
import json
import re
from html import escape

import pytest
from django.contrib.auth.models import Permission
from django.core.paginator import Paginator
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext

from initiatives.funding.counting import recount
from initiatives.models import (
    Alliance,
    Article,
    Framework,
    Initiative,
    Outcome,
    Participation,
    PartOf,
    Record,
    Summit,
    SummitSeries,
)
from initiatives.search import catch_up
from partners.models import Bloc, Country, Organisation
from tests import cast, reading
from tests.documents import last_change
from tests.reading import body, csv_rows, page, slugs

pytestmark = pytest.mark.django_db


def article_of_the_seeds():
    return Article.objects.order_by("pk").first()


PAGES = [
    ("/", "Who builds technology together"),
    ("/initiatives/", "Digital Silk Road"),
    ("/initiatives/digital-silk-road/", "MERICS"),
    ("/alliances/", "SCO"),
    ("/alliances/university-alliance-of-the-new-silk-road/", "Who takes part"),
    ("/summits/", "BRICS Summit"),
    ("/summits/14th-brics-summit/", "Outcomes"),
    ("/countries/", "China"),
    ("/countries/CHN/", "BRICS"),
    ("/blocs/", "BRICS"),
    ("/blocs/brics/", "South Africa"),
    ("/organisations/", "Huawei"),
    ("/organisations/huawei/", "China"),
    ("/funding/", "From promise to payment"),
    ("/articles/", "Accord"),
    ("/imports/", "Imports"),
    ("/search/?q=silk", "Digital Silk Road"),
    ("/search/", "Search"),
    ("/data/", "Data version"),
    ("/codebook/", "iCalendar"),
    ("/api/v1/docs/", "OpenAPI"),
    ("/charts/funding-by-sector/", "Cite as"),
    ("/login/", "Log in"),
]


@pytest.mark.parametrize(("address", "content"), PAGES)
def test_a_page_answers_with_what_it_is_for(client, address, content):
    text = page(client, address)
    assert content in reading.plain(text)
    assert '<html lang="en' in text
    head = client.head(address)
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("address", [address for address, _ in PAGES])
def test_a_page_keeps_to_the_security_headers(client, address):
    response = client.get(address)
    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    text = response.content.decode()
    assert not re.search(r"<script(?![^>]*\b(src=|type=\"application/(ld\+)?json\"))", text)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
    assert not re.search(r'(src|<link[^>]*href)="(https?:)?//', text)


@pytest.mark.parametrize(
    "address",
    ["/nowhere/", "/initiatives/nowhere/", "/countries/XYZ/",
     "/countries/chn/", "/blocs/nato-of-the-stars/", "/organisations/nobody/",
     "/articles/999999/", "/articles/99999999999999999999/", "/imports/999999/",
     "/alliances/digital-silk-road/", "/initiatives/?page=99"],
)  # fmt: skip
def test_what_is_not_there_is_a_404_that_leads_on(client, address):
    text = page(client, address, status=404)
    assert 'href="/"' in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    "address", ["/", "/initiatives/", "/initiatives.json", "/funding/", "/search/"]
)
@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_pages_are_only_read(client, address, method):
    assert getattr(client, method)(address).status_code == 405


# --- Records and their evidence ------------------------------------------------------------------


@pytest.fixture
def told():
    """An initiative with one of each statement, each carried by words of its own."""
    text = ("Kenya leads the Panda programme. It was signed in June 2022. It runs under BRICS. "
            "China paid more than USD 5 million in 2023. It is part of the Digital Silk Road.")  # fmt: skip
    cast.article(text)
    record = cast.initiative("panda", title="Panda programme")
    lead = Participation.objects.create(record=record, country=cast.country("KEN"), role="lead")
    step = record.steps.create(status="signed", date="2022-06")
    under = Framework.objects.create(record=record, bloc=Bloc.objects.get(slug="brics"))
    paid = cast.money(record, "paid", 5_000_000, qualifier="more-than", period="2023",
                      provider_country=cast.country("CHN"), words="more than USD 5 million")  # fmt: skip
    whole = PartOf.objects.create(
        record=record, whole=Initiative.objects.get(slug="digital-silk-road")
    )
    return {
        cast.carry(statement, words): (shown, words)
        for statement, shown, words in (
            (lead, "Kenya", "Kenya leads the Panda programme."),
            (step, "June 2022", "It was signed in June 2022."),
            (under, "BRICS", "It runs under BRICS."),
            (paid, "5 million", "China paid more than USD 5 million in 2023."),
            (whole, "Digital Silk Road", "It is part of the Digital Silk Road."),
        )
    }


def test_a_record_page_shows_each_value_beside_its_quote_with_the_way_to_it(client, told):
    text = page(client, "/initiatives/panda/")
    for statement, (shown, words) in told.items():
        anchor = f"{statement._meta.model_name}-{statement.pk}"
        row = text.split(f'id="{anchor}"')[1].split("</tr>")[0]
        assert shown in reading.plain(row).replace("\xa0", " ")
        assert f"“{words}”" in reading.plain(row)
        evidence = statement.carried.get().evidence
        assert f'href="/articles/{evidence.article.pk}/#passage-{evidence.pk}"' in row


def test_the_article_marks_its_passages_and_leads_back(client, told):
    article = Article.objects.get(key="test-article")
    text = page(client, f"/articles/{article.pk}/")
    for statement, (_shown, words) in told.items():
        evidence = statement.carried.get().evidence
        assert f'id="passage-{evidence.pk}"' in text
        assert f"<mark>{words}</mark>" in text
        assert f'href="/initiatives/panda/#{statement._meta.model_name}-{statement.pk}"' in text
    marked = text.split('class="article-text')[1].split("</p>")[0]
    assert reading.plain(marked.split(">", 1)[1]).replace(" ", "") == article.text.replace(" ", "")


def test_passages_that_overlap_are_marked_without_losing_a_letter(client, told):
    record = Initiative.objects.get(slug="panda")
    article = Article.objects.get(key="test-article")
    for n, words in enumerate(("leads the Panda", "Panda programme. It was", "a")):
        cast.carry(cast.money(record, f"more-{n}", n + 1), words)
    text = page(client, f"/articles/{article.pk}/")
    marked = text.split('class="article-text')[1].split("</p>")[0].split(">", 1)[1]
    assert re.sub(r"<[^>]*>", "", marked) == escape(article.text)


def test_the_json_of_a_record_has_its_statements_with_their_evidence(client, told):
    data = reading.get_json(client, "/initiatives/panda.json")
    assert (data["slug"], data["title"], data["state"]) == ("panda", "Panda programme", "published")
    for statement, (_shown, words) in told.items():
        found = data["statements"][statement._meta.model_name]
        assert [e["quote"] for s in found for e in s["evidence"]] == [words]
        assert all(e["article"] in data["articles"] for s in found for e in s["evidence"])
    money = data["statements"]["funding"][0]["values"]
    assert (money["low"], money["high"], money["qualifier"]) == ("5000000", None, "more-than")


def test_a_passage_that_was_not_accepted_carries_nothing(client, told):
    from initiatives.models import Evidence

    Evidence.objects.filter(article__key="test-article").update(state="rejected")
    assert "leads the Panda" not in page(client, "/initiatives/panda/")
    data = reading.get_json(client, "/initiatives/panda.json")
    assert all(not s["evidence"] for found in data["statements"].values() for s in found)


@pytest.mark.parametrize("plural", ["initiatives", "alliances", "summits"])
def test_every_seed_record_has_its_page_and_its_json_and_evidence_for_every_value(client, plural):
    for slug in slugs(client, plural=plural):
        text = page(client, f"/{plural}/{slug}/")
        assert "No passage carries this value yet" not in text
        data = reading.get_json(client, f"/{plural}/{slug}.json")
        assert data["slug"] == slug
        statements = [s for found in data["statements"].values() for s in found]
        assert statements
        assert all(s["evidence"] for s in statements)


def test_the_two_dates_of_the_first_forum_are_both_shown_as_disputed(client):
    text = page(client, "/summits/1st-belt-and-road-forum/")
    assert text.count("statement--disputed") >= 2


def test_a_missing_amount_says_why_it_is_missing(client):
    record = cast.initiative("panda")
    for reason in ("undisclosed", "not found", "not looked", "not applicable"):
        cast.money(record, reason.replace(" ", "-"), None, missing=reason)
    text = reading.plain(page(client, "/initiatives/panda/"))
    for words in ("(the source says so)", "(someone looked)", "(nobody has yet)", "not applicable"):
        assert words in text


# --- The overview --------------------------------------------------------------------------------


def test_the_headline_numbers_are_the_rows_they_lead_to(client):
    cast.initiative("hidden", ("KEN",), state="draft")
    headlines = client.get("/").context["headlines"]
    assert len(headlines) >= 5
    for headline in headlines:
        address, _, query = headline["url"].partition("?")
        if address.startswith("/funding/"):
            text = page(client, address)
            rows = len(re.findall(r'id="funding-\d+"', text))
            assert rows == headline["value"] > 0
        else:
            plural = address.strip("/")
            assert len(slugs(client, query, plural)) == headline["value"] > 0
            assert reading.stated_count(page(client, headline["url"])) == headline["value"]
        assert f'<a href="{headline["url"]}">{headline["value"]}</a>' in page(client, "/")


# --- Numbers of queries --------------------------------------------------------------------------


def populate(n):
    """`n` records of everything, all under BRICS with Kenya and one organisation taking part."""
    lab, _ = Organisation.objects.get_or_create(
        slug="lab", defaults={"name": "Lab", "kind": "company", "country": cast.country("KEN")}
    )
    series, _ = SummitSeries.objects.get_or_create(name="Panda series", slug="panda-series")
    hub = Initiative.objects.filter(slug="hub").first() or cast.initiative("hub", title="Panda hub")
    council = Summit.objects.filter(slug="council").first() or Summit.objects.create(
        slug="council", title="Panda council", series=series, state="published"
    )
    for i in range(n):
        record = cast.initiative(f"panda-{n}-{i}", ("KEN", "CHN"), ("brics",), ("space", "health"),
                                 began=str(2000 + i % 20), title=f"Panda {n} {i}")  # fmt: skip
        cast.label(record, "belt-and-road")
        others = [
            Alliance.objects.create(slug=f"a-{n}-{i}", title=f"Panda a {i}", state="published"),
            Summit.objects.create(
                slug=f"s-{n}-{i}", title=f"Panda s {i}", series=series, state="published"
            ),
        ]
        whole = cast.money(record, "whole", 100, period="2015", sector=cast.sector("space"))
        statements = [
            whole,
            cast.money(record, "part", 10, part_of=whole, provider_country=cast.country("CHN")),
            PartOf.objects.create(record=record, whole=hub),
            Outcome.objects.create(record=council, initiative=record, verb="funded"),
            cast.money(hub, f"money-{n}-{i}", 5, sector=cast.sector("space"),
                       recipient_organisation=lab),
            Participation.objects.create(record=hub, organisation=lab, role="member",
                                         person=f"Dr {n} {i}"),
        ]  # fmt: skip
        for one in (record, *others):
            statements.append(
                Participation.objects.create(record=one, organisation=lab, role="lead")
            )
        for other in others:
            Framework.objects.create(record=other, bloc=Bloc.objects.get(slug="brics"))
        for statement in statements:
            cast.carry(statement)


def queries(client, address):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        response = client.get(address)
        assert response.status_code == 200
        if response.streaming:
            response.getvalue()
    return len(captured)


# The most each may ask of the database, whatever the number of records.
AT_MOST = {
    "/": 14,
    "/initiatives/?q=panda": 34,
    "/initiatives.json?q=panda": 20,
    "/initiatives.csv?q=panda": 20,
    "/alliances/?q=panda": 30,
    "/summits/?q=panda": 30,
    "/summits.json?q=panda": 20,
    "/countries/": 7,
    "/blocs.json": 6,
    "/organisations/": 12,
    "/articles/": 8,
    "/funding/?q=panda": 32,
    "/funding/rows/?q=panda&chart=funding-by-year&bar=2015": 16,
    "/charts/funding-by-sector.json?q=panda": 10,
    "/charts/funding-by-country.json?q=panda": 10,
    "/charts/funding-by-rung.json?q=panda": 9,
    "/charts/bloc-by-sector.json?q=panda": 10,
    "/charts/initiatives-by-country.json?q=panda": 9,
    "/initiatives/hub/": 60,
    "/initiatives/hub.json": 60,
    "/summits/council/": 60,
    "/summits/council.json": 60,
    "/countries/KEN/": 19,
    "/blocs/brics/": 17,
    "/organisations/lab/": 15,
    "/search/?q=panda": 57,
    "/imports/": 10,
}


def test_thirty_records_ask_no_more_of_the_database_than_three(client):
    populate(3)
    article = Article.objects.get(key="test-article")
    limits = {**AT_MOST, f"/articles/{article.pk}/": 25}
    catch_up()
    client.get("/")  # the first page after a change reads what it touched
    client.get("/funding/")
    few = {address: queries(client, address) for address in limits}
    populate(27)
    catch_up()
    client.get("/")
    client.get("/funding/")
    many = {address: queries(client, address) for address in limits}
    assert many == few
    assert {a: n for a, n in few.items() if n > limits[a]} == {}


def test_a_partner_shows_its_newest_records_and_leads_to_all(client):
    for n in range(30):
        began = f"20{n:02}" if n else ""
        cast.initiative(f"panda-{n}", ("TUV",), ("sco",), began=began, title=f"Panda {n}")
        Organisation.objects.create(
            slug=f"lab-{n:02}", name=f"Lab {n:02}", kind="company", country=cast.country("TUV")
        )
        Participation.objects.create(
            record=Initiative.objects.get(slug=f"panda-{n}"),
            organisation=Organisation.objects.get(slug=f"lab-{n:02}"),
            role="member",
        )
    then = last_change().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    for past in ("", f"as_of={then}"):
        text = html.unescape(page(client, f"/countries/TUV/?{past}"))
        part = text.split('<section class="section" id="initiatives">')[1].split("</section>")[0]
        assert re.findall(r'href="/initiatives/(panda-\d+)/', part) == [
            f"panda-{n}" for n in range(29, 4, -1)
        ]
        assert '<span class="count">30</span>' in part and "All 30" in part
        (link,) = re.findall(r'href="/initiatives/\?([^"]*)"', part)
        assert ("as_of" in link) == bool(past)
        assert len(slugs(client, link)) == 30
        link = re.search(r'href="/organisations/\?([^"]*)">All 30', text)
        assert link and len(slugs(client, link[1], "organisations")) == 30
        assert len(set(re.findall(r'href="/organisations/(lab-\d+)/', text))) == 25
    part = page(client, "/blocs/sco/").split('id="initiatives">')[1].split("</section>")[0]
    (link,) = re.findall(r'href="/initiatives/\?([^"]*)"', part)
    assert link == "bloc=sco"
    assert re.findall(r"All (\d+)", part) == [str(len(slugs(client, link)))]


@pytest.mark.parametrize(
    "address",
    ["/initiatives/digital-silk-road", "/summits/14th-brics-summit", "/countries/CHN",
     "/blocs/brics", "/organisations/huawei", "/initiatives/digital-silk-road/history"],
)  # fmt: skip
def test_the_json_of_one_thing_refuses_what_it_does_not_know(client, address):
    assert client.get(f"{address}.json").status_code == 200
    refused = client.get(f"{address}.json?contry=KEN&bloc=brics")
    assert refused.status_code == 400
    assert refused.json()["errors"].keys() == {"contry", "bloc"}


# --- Hostile content -----------------------------------------------------------------------------


def test_titles_that_are_code_are_only_text(client):
    evil = '<script>alert("x")</script><img src=x onerror=alert(1)>'
    record = cast.initiative("evil", ("KEN",), ("brics",), ("space",), began="2020",
                             title=f"Panda {evil}", summary=evil, aliases=[evil, "</script>"])  # fmt: skip
    cast.carry(cast.money(record, "evil", 5, words=evil, purpose=evil, period="2020"))
    Participation.objects.create(record=record, person=evil, role="lead", place=evil)
    lab = Organisation.objects.create(
        slug="evil-org", name=evil, kind="company", country=cast.country("KEN")
    )
    Participation.objects.create(record=record, organisation=lab, role="member")
    for address in ("/", "/initiatives/?q=panda", "/initiatives/evil/", "/countries/KEN/", "/funding/",
                    "/organisations/", "/organisations/evil-org/", "/search/?q=panda",
                    "/funding/rows/?q=panda&chart=funding-by-year&bar=2020"):  # fmt: skip
        text = page(client, address)
        assert "<script>alert" not in text, address
        assert "<img src=x" not in text, address
    assert "&lt;script&gt;" in page(client, "/initiatives/evil/")


@pytest.mark.parametrize(
    "title",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", '=HYPERLINK("http://x")'],
)
def test_a_title_that_is_a_formula_is_only_text_in_a_spreadsheet(client, title):
    cast.initiative("panda", title=title, summary="panda")
    (row,) = csv_rows(client, "/initiatives.csv?q=panda")
    assert row["title"] == f"'{title}"
    (found,) = reading.get_json(client, "/initiatives.json?q=panda")["results"]
    assert found["title"] == title


# --- Unpublished records -------------------------------------------------------------------------


@pytest.fixture(params=["draft", "in-review", "withdrawn"])
def secret(request):
    """Unpublished records, tied to published ones in every way there is."""
    state = request.param
    open_ = cast.initiative("panda", ("KEN",), ("brics",), title="Panda open")
    lab = Organisation.objects.create(slug="lab", name="Lab", kind="company")
    kept = {"title": "Zzyzx secret", "summary": "zzyzx", "state": state}
    hidden = cast.initiative("zzyzx", ("KEN",), ("brics",), ("space",), began="2033", **kept)
    series = SummitSeries.objects.create(name="Panda series", slug="panda-series")
    summit = Summit.objects.create(
        slug="open-summit", title="Panda summit", series=series, state="published"
    )
    hidden_summit = Summit.objects.create(slug="zzyzx-summit", series=series, **kept)
    alliance = Alliance.objects.create(slug="zzyzx-alliance", **kept)
    statements = [
        PartOf.objects.create(record=open_, whole=hidden),
        PartOf.objects.create(record=hidden, whole=open_),
        Outcome.objects.create(record=summit, initiative=hidden, verb="funded"),
        Outcome.objects.create(record=hidden_summit, initiative=open_, verb="adopted"),
        cast.money(hidden, "money", 77, currency="XAU", period="2033"),
        cast.money(hidden, "dollars", 77, period="2033"),
    ]
    for record in (hidden, hidden_summit, alliance):
        statements.append(
            Participation.objects.create(record=record, organisation=lab, role="lead")
        )
        Framework.objects.get_or_create(record=record, bloc=Bloc.objects.get(slug="brics"))
        Participation.objects.get_or_create(
            record=record, country=cast.country("KEN"), role="member"
        )
    statements.append(Participation.objects.create(record=open_, organisation=lab, role="lead"))
    for statement in statements:
        cast.carry(statement)
    return hidden


def test_an_unpublished_record_is_nowhere(client, secret):
    article = Article.objects.get(key="test-article")
    addresses = [
        "/", "/initiatives/", "/initiatives.json", "/initiatives.csv", "/alliances/",
        "/alliances.json", "/alliances.csv", "/summits/", "/summits.json", "/summits.csv",
        "/initiatives/panda/", "/initiatives/panda.json", "/summits/open-summit/",
        "/summits/open-summit.json", "/countries/KEN/", "/blocs/brics/", "/organisations/lab/",
        f"/articles/{article.pk}/", "/articles/", "/funding/", "/search/?q=panda",
        "/countries/KEN.json", "/blocs/brics.json", "/organisations/lab.json",
        "/funding/rows/?chart=funding-by-year&bar=2018&rung=committed",
    ]  # fmt: skip
    for address in addresses:
        response = client.get(address)
        assert response.status_code == 200, address
        assert "zzyzx" not in body(response).casefold(), address
    for plural in ("initiatives", "alliances", "summits"):
        assert slugs(client, "q=zzyzx", plural) == []
    assert "zzyzx" not in reading.plain(page(client, "/search/?q=zzyzx").casefold()).replace(
        "search: “zzyzx”", ""
    )


@pytest.mark.parametrize(
    "address", ["/initiatives/zzyzx", "/summits/zzyzx-summit", "/alliances/zzyzx-alliance"]
)
def test_an_unpublished_record_has_no_page_for_strangers(client, secret, address):
    for end in ("/", ".json"):
        assert client.get(address + end).status_code == 404


def test_an_unpublished_record_is_counted_nowhere(client, secret):
    counts = {row["slug"]: row for row in reading.get_json(client, "/countries.json")["results"]}
    assert counts["KEN"]["initiatives"] == len(slugs(client, "country=KEN"))
    for plural in ("blocs", "organisations"):
        rows = {row["slug"]: row for row in reading.get_json(client, f"/{plural}.json")["results"]}
        if plural == "blocs":
            assert rows["brics"]["initiatives"] == len(slugs(client, "bloc=brics"))
        else:
            assert rows["lab"]["initiatives"] == 1
    offered = reading.facets(page(client, "/initiatives/"))
    assert offered["country"]["KEN"] == len(slugs(client, "country=KEN"))
    for slug in reading.CHARTS:
        text = json.dumps(reading.chart(client, slug, "currency=XAU&rung=disbursed"))
        assert "77" not in text
        assert "2033" not in reading.chart(client, slug)["labels"]
    assert "XAU" not in page(client, "/funding/")


def test_who_may_see_drafts_sees_them_by_their_address_only(client, django_user_model, secret):
    editor = django_user_model.objects.create_user("editor", password="x")
    editor.user_permissions.add(Permission.objects.get(codename="view_record"))
    client.force_login(editor)
    text = page(client, "/initiatives/zzyzx/")
    assert ("Withdrawn" if secret.state == "withdrawn" else "Not published") in text
    assert reading.get_json(client, "/initiatives/zzyzx.json")["state"] == secret.state
    assert slugs(client, "q=zzyzx") == []


def test_once_published_it_is_everywhere(client, secret):
    Record.objects.filter(slug__startswith="zzyzx").update(state="published")
    recount(Initiative.objects.values_list("pk", flat=True))
    assert slugs(client, "q=zzyzx") == ["zzyzx"]
    assert "Zzyzx secret" in page(client, "/initiatives/panda/")
    assert "Zzyzx secret" in page(client, "/summits/open-summit/")
    assert "2033" in reading.chart(client, "funding-by-year")["labels"]
    (row,) = reading.get_json(client, "/initiatives.json?q=panda")["results"]
    assert row["part_of"] == ["zzyzx"]


def test_countries_without_a_record_have_their_page_too(client):
    for code in ("KEN", "ATA", "XKX", "TWN"):
        assert Country.objects.get(iso3=code).name in reading.plain(
            page(client, f"/countries/{code}/")
        )


def test_an_organisation_does_not_name_one_that_readers_may_not_see(client):
    hidden = Organisation.objects.create(slug="hidden-holding", name="Hidden Holding")
    cast.initiative("open-panda")
    part = Organisation.objects.create(slug="open-lab", name="Open Lab", parent=hidden)
    cast.carry(
        Participation.objects.create(
            record=Initiative.objects.get(slug="open-panda"), organisation=part, role="lead"
        )
    )
    assert "Hidden Holding" not in page(client, "/organisations/open-lab/")
    for address in ("/organisations/open-lab.json", "/api/v1/organisations/open-lab/"):
        assert client.get(address).json()["parent"] is None
    cast.carry(
        Participation.objects.create(
            record=Initiative.objects.get(slug="open-panda"), organisation=hidden, role="member"
        )
    )
    assert client.get("/organisations/open-lab.json").json()["parent"] == "hidden-holding"


def test_large_numbers_are_grouped(rf):
    many = Paginator(range(12_345), 50)
    text = render_to_string("partials/pagination.html", {"page": many.page(30)}, rf.get("/"))
    assert "1,451 to 1,500 of 12,345" in text


ROWS = "/funding/rows/?chart=funding-by-year&rung=announced&"


@pytest.mark.parametrize("address", ["/funding/?", ROWS])
@pytest.mark.parametrize("asked", ["page=-1", "page=0", "page=abc", "page=1&page=2"])
def test_a_page_of_money_that_is_no_number_is_refused_by_name(client, address, asked):
    assert client.get(address.rstrip("?&")).status_code == 200
    assert "<code>page</code>" in page(client, f"{address}{asked}", status=400)
    assert client.get(f"{address}page=999").status_code == 404


@pytest.mark.parametrize("asked", ["bars=upright", "bars=stacked&bars=upright"])
def test_bars_are_stacked_or_not(client, asked):
    assert "<code>bars</code>" in page(client, f"/funding/?{asked}", status=400)
    assert client.get("/funding/?bars=stacked").status_code == 200


@pytest.mark.parametrize(
    "address", ["/initiatives/nonsense.json", "/charts/nonsense.json", "/no.json"]
)
def test_json_that_is_not_there_is_a_404_in_json(client, address):
    response = client.get(address)
    assert response.status_code == 404
    assert response.json()["errors"].keys() == {"address"}
