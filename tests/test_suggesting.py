"""While somebody types: names that fit, what a text is understood as, records that are alike."""

from __future__ import annotations

from typing import Any

import pytest

from dashboards.understood import UNDERSTOOD
from dashboards.views.suggesting import SUGGESTED
from initiatives.models import Article, Publisher, Record
from tests import cast
from tests.people import client_of

pytestmark = pytest.mark.django_db


def suggested(kind: str, typed: str = "") -> list[dict[str, Any]]:
    response = client_of("editor").get(f"/suggest/{kind}/", {"q": typed})
    assert response.status_code == 200
    return response.json()


def values(kind: str, typed: str = "") -> list[str]:
    return [row["value"] for row in suggested(kind, typed)]


def understood(kind: str, typed: str, status: int = 200) -> str:
    response = client_of("editor").get(f"/understand/{kind}/", {"q": typed})
    assert response.status_code == status
    return response.json()["understood" if status == 200 else "error"]


# --- Suggestions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SUGGESTED)
def test_every_kind_is_suggested_at_most_twelve_at_once(kind):
    for typed in ("", "a", "The", "%", "_", "'", "\\", "x" * 5000, "一带一路", "\x00"):
        rows = suggested(kind, typed)
        assert len(rows) <= 12
        assert len({row["value"] for row in rows}) == len(rows)
        assert all(set(row) == {"value", "label", "note"} and row["label"] for row in rows)


def test_names_that_begin_so_come_before_names_with_such_a_word():
    found = values("country", "guinea")
    assert found[0] == "Guinea"
    assert found.index("Guinea-Bissau") < found.index("Papua New Guinea")


def test_a_country_is_found_by_code_other_name_and_without_its_accents():
    assert values("country", "chn")[0] == "China"
    assert "United States" in values("country", "usa")
    assert "Côte d’Ivoire" in values("country", "cote d'iv")
    assert suggested("country", "kenya")[0] == {"value": "Kenya", "label": "Kenya", "note": "KEN"}


def test_a_party_is_a_country_or_an_organisation():
    assert "China" in values("party", "chin")
    assert "Rostec" in values("party", "rost")
    assert suggested("organisation", "rost")[0]["note"] == "company, Russia"


def test_an_organisation_is_found_by_a_word_of_its_name():
    assert "Tsinghua University" in values("organisation", "univ")


def test_what_is_suggested_is_what_the_field_takes():
    assert values("bloc", "shanghai") == ["SCO"]
    assert "Digital Silk Road" in values("initiative", "digital silk")
    assert "BRICS Summit" in values("series", "brics s")
    assert all(Article.objects.filter(pk=pk).exists() for pk in values("article", "brics"))


def test_of_initiatives_with_one_title_the_slug_says_which():
    for slug in ("zebra-1", "zebra-2"):
        cast.initiative(slug, title="Zebra network")
    assert sorted(values("initiative", "zebra")) == ["zebra-1", "zebra-2"]


def test_drafts_are_suggested_as_drafts_and_withdrawn_records_not_at_all():
    cast.initiative("ours", title="Zebra network", state=Record.State.DRAFT)
    cast.initiative("gone", title="Zebra fund", state=Record.State.WITHDRAWN)
    assert suggested("initiative", "zebra") == [
        {"value": "Zebra network", "label": "Zebra network", "note": "draft"}
    ]


def test_the_text_of_a_stored_article_is_there_for_selecting():
    article = Article.objects.first()
    data = client_of("editor").get(f"/articles/{article.pk}/text/").json()
    assert (data["title"], data["text"]) == (article.title, article.text)
    assert client_of("editor").get("/articles/0/text/").status_code == 404


# --- Understanding -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "typed", "words"),
    [
        ("date", "Jun 2024", "June 2024 (1–30 June 2024)"),
        ("date", "23/6/2024", "23 June 2024"),
        ("date", "since 2013", "since 2013 (from 1 January 2013 on)"),
        ("date", "until 2020", "until 2020 (until 31 December 2020)"),
        ("date", "since 23 June 2024", "since 23 June 2024"),
        ("date", "22 to 23 June 2022", "22–23 June 2022"),
        ("amount", "at least 7bn USD", "at least USD 7 billion (US dollars)"),
        ("amount", "$5m", "USD 5 million (“$” read as US dollars)"),
        (
            "amount",
            "1 billion euros annually from 2018 to 2020",
            "EUR 1 billion (“euros” read as euros), every year, 2018–2020",
        ),
        (
            "amount",
            "EUR 80 billion (US$91 billion)",
            "EUR 80 billion (euros), and the same as USD 91 billion (“US$” read as US dollars)",
        ),
        ("quantity", "800,000 enterprises", "800,000"),
        ("quantity", "over 50 laboratories", "more than 50"),
    ],
)
def test_a_text_is_said_back_as_it_is_understood(kind, typed, words):
    assert understood(kind, typed).replace("\N{NO-BREAK SPACE}", " ") == words


@pytest.mark.parametrize("kind", UNDERSTOOD)
def test_a_text_that_is_not_understood_is_refused_with_a_sentence(kind):
    for typed in ("", "soon", "7 and 8", "x" * 5000, "\x00"):
        assert understood(kind, typed, status=400)
    assert "month as a word" in understood("date", "03/04/2024", status=400)


def test_a_dollar_is_that_of_whoever_printed_it():
    publisher = Publisher.objects.create(name="Sydney Test", country=cast.country("AUS"))
    article = cast.article()
    article.publisher, article.publisher_missing = publisher, ""
    article.save()
    for where in ({"article": article.pk}, {"article-publisher": "sydney test"}):
        response = client_of("editor").get("/understand/amount/", {"q": "$5m", **where})
        assert response.json()["understood"].startswith("AUD")
    for where in ({"article": "x"}, {"article": "9" * 30}, {"article-publisher": "\x00"}):
        response = client_of("editor").get("/understand/amount/", {"q": "$5m", **where})
        assert response.json()["understood"].startswith("USD")


# --- Records that are alike ----------------------------------------------------------------------


def test_a_record_with_such_a_title_is_named():
    data = client_of("editor").get(
        "/alike/", {"type": "initiative", "title": "The Digital Silk Road"}
    )
    found = {row["url"]: row for row in data.json()}
    assert found["/initiatives/digital-silk-road/"]["title"] == "Digital Silk Road"
    assert 50 < found["/initiatives/digital-silk-road/"]["score"] <= 100


def test_nothing_is_alike_without_a_title_and_no_such_type_is_refused():
    client = client_of("editor")
    assert client.get("/alike/", {"type": "initiative", "title": " - "}).json() == []
    refused = client.get("/alike/", {"type": "treaty", "title": "x"})
    assert refused.status_code == 400
    assert "treaty" in refused.json()["errors"]["type"][0]


# --- Who may ask ---------------------------------------------------------------------------------

ADDRESSES = [
    "/suggest/party/?q=a",
    "/understand/date/?q=2024",
    "/alike/?title=a",
    "/articles/1/text/",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_only_editors_are_answered_and_only_when_they_ask(address):
    assert client_of("").get(address).status_code == 302
    assert client_of("editor").post(address).status_code == 405


@pytest.mark.parametrize("address", ["/suggest/treaty/", "/understand/treaty/"])
def test_another_kind_is_not_there(address):
    assert client_of("editor").get(address, {"q": "a"}).status_code == 404
