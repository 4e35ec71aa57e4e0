"""Answers that are not sent again while nothing they show has changed, and are when something has."""

from __future__ import annotations

import brotli
import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from dashboards.lists import Listing
from initiatives.models import Initiative
from partners.history import changes, moment
from partners.history.changes import asked_once, data_version
from tests import documents

pytestmark = pytest.mark.django_db

ADDRESSES = [
    "/",
    "/initiatives/?country=KEN",
    "/initiatives/test-programme/",
    "/initiatives/test-programme.json",
    "/initiatives.json",
    "/initiatives.csv",
    "/initiatives.xlsx",
    "/initiatives.atom",
    "/countries/KEN/",
    "/blocs/brics/",
    "/charts/initiatives-by-year.json",
    "/charts/map/",
    "/charts/initiatives-by-year/embed/",
    "/compare/",
    "/funding/",
    "/search/?q=programme",
    "/data/",
    "/data.zip",
    "/codebook/",
    "/api/v1/initiatives/?country=KEN",
    "/api/v1/charts/",
]


ONLY_NOW = ("/codebook/",)


@pytest.fixture
def programme(db):
    documents.imported(documents.document(documents.initiative()))
    return Initiative.objects.get(slug="test-programme")


def tag_of(client, address):
    response = client.get(address)
    if response.streaming:
        response.getvalue()
    assert response.status_code == 200, address
    return response["ETag"]


def again(client, address, tag):
    return client.get(address, headers={"If-None-Match": tag})


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_same_again_is_not_sent_until_something_changes(client, programme, address):
    tag = tag_of(client, address)
    unchanged = again(client, address, tag)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged["ETag"] == tag
    assert "no-cache" in unchanged["Cache-Control"]
    # Written past every form, by whoever holds the database.
    Initiative.objects.filter(pk=programme.pk).update(title="Another programme")
    changed = again(client, address, tag)
    assert changed.status_code == 200
    assert changed["ETag"] != tag


def test_an_answer_that_was_not_changed_asks_the_database_one_question(client, programme):
    tag = tag_of(client, "/initiatives/?country=KEN")
    with CaptureQueriesContext(connection) as asked:
        assert again(client, "/initiatives/?country=KEN", tag).status_code == 304
    assert len(asked) == 1


def test_all_of_an_answer_is_of_the_version_that_its_tag_names(client, programme, monkeypatch):
    """A change that comes while an answer is made is in the next one, whose tag is another."""
    read = Listing.rows

    def overtaken(*asked):
        rows = list(read(*asked))
        Initiative.objects.filter(pk=programme.pk).update(summary="Written in between")
        return iter(rows)

    before = data_version()
    with monkeypatch.context() as during:
        during.setattr(Listing, "rows", overtaken)
        first = client.get("/initiatives/?country=KEN")
    assert first.context["data_version"] == before < data_version()
    assert again(client, "/initiatives/?country=KEN", first["ETag"]).status_code == 200
    chart = client.get("/charts/initiatives-by-country.json?country=KEN").json()
    assert chart["data_version"] == data_version()


def test_inside_what_asks_once_a_change_is_not_seen_and_behind_it_is(programme):
    with asked_once():
        before = data_version()
        Initiative.objects.filter(pk=programme.pk).update(title="Another programme")
        assert data_version() == before
        with asked_once():
            assert data_version() == before + 1
    assert data_version() == before + 1


def test_another_address_day_or_host_has_another_tag(client, programme, monkeypatch, settings):
    settings.ALLOWED_HOSTS = ["*"]
    tags = {tag_of(client, "/initiatives/"), tag_of(client, "/initiatives/?country=KEN")}
    tags.add(client.get("/initiatives/", headers={"Host": "other.example"})["ETag"])
    tomorrow = moment.today().replace(year=moment.today().year + 1)
    monkeypatch.setattr("dashboards.freshness.today", lambda: tomorrow)
    tags.add(tag_of(client, "/initiatives/"))
    assert len(tags) == 4


def test_who_is_signed_in_is_sent_the_page_each_time(client, programme, django_user_model):
    tag = tag_of(client, "/initiatives/")
    client.force_login(django_user_model.objects.create_user("editor", password="long-Enough-1"))
    own = again(client, "/initiatives/", tag)
    assert own.status_code == 200
    assert "ETag" not in own
    assert "private" in own["Cache-Control"]
    assert "Cookie" in own["Vary"]
    client.logout()
    assert again(client, "/initiatives/", tag).status_code == 304


@pytest.mark.parametrize("asked", ["*", '"other"', "nonsense", 'W/"', "\x7f"])
def test_a_tag_that_we_did_not_give_is_not_believed(client, programme, asked):
    assert again(client, "/initiatives/", asked).status_code == 200


def test_errors_have_no_tag(client, programme):
    for address in ("/initiatives/?country=XXX", "/initiatives/no-such/", "/initiatives.json?x=1"):
        response = client.get(address)
        assert response.status_code in (400, 404)
        assert "ETag" not in response


@pytest.mark.parametrize("past", [False, True])
@pytest.mark.parametrize("address", ADDRESSES)
def test_what_an_answer_was_told_of_itself_stays_when_it_is_not_sent_again(
    client, programme, address, past
):
    """A cache puts the headers of a 304 in the place of those it has: who may frame a chart, or
    that another language is another answer.
    """
    if past:
        at = documents.last_change().isoformat().replace("+", "%2B")
        address += f"{'&' if '?' in address else '?'}as_of={at}"
        Initiative.objects.filter(pk=programme.pk).update(title="Another programme")
    first = client.get(address)
    if past and address.startswith(ONLY_NOW):
        return
    unchanged = again(client, address, first["ETag"])
    assert unchanged.status_code == 304
    told = set(unchanged.items())
    assert told <= set(first.items())
    assert {"ETag", "Vary", "Cache-Control"} <= {name for name, _ in told}


@pytest.mark.parametrize(
    "address", ["/healthz", "/enter/", "/no-such.json", "/initiatives/?bloc=x"]
)
def test_whoever_has_an_answer_is_told_what_is_wrong_like_anybody_else(
    client, programme, address, monkeypatch
):
    def refused():
        raise OperationalError("could not connect")

    monkeypatch.setattr(changes, "_ask_present", refused)
    client.raise_request_exception = False
    plain = client.get(address)
    asked = again(client, address, 'W/"0123456789abcdef0123456789abcdef"')
    assert (asked.status_code, asked.headers) == (plain.status_code, plain.headers)
    assert "Content-Security-Policy" in asked


def test_too_many_parameters_are_refused_by_a_page_with_a_policy(client, programme):
    address = f"/initiatives/?as_of=2026&{'&'.join(f'a{n}=1' for n in range(6_000))}"
    refused = again(client, address, tag_of(client, "/initiatives/"))
    assert refused.status_code == 400
    assert "Content-Security-Policy" in refused


def test_a_tag_cannot_be_made_without_the_key_of_the_site(client, programme, settings):
    tag = tag_of(client, "/initiatives/")
    settings.SECRET_KEY = "another " * 8
    assert again(client, "/initiatives/", tag).status_code == 200


def test_whoever_has_an_answer_and_asks_another_host_is_refused_with_a_policy(client, programme):
    refused = client.get(
        "/initiatives/",
        headers={"Host": "evil.example", "If-None-Match": tag_of(client, "/initiatives/")},
    )
    assert refused.status_code == 400
    assert "Content-Security-Policy" in refused


def test_only_reading_is_answered_by_what_is_there_already(client, programme):
    tag = tag_of(client, "/initiatives/")
    had = {"headers": {"If-None-Match": tag}}
    assert client.head("/initiatives/", **had).status_code == 304
    assert client.post("/initiatives/", **had).status_code == 405


@pytest.mark.parametrize("query", ["as_of=never", "as%5Fof=never", "%61s_of=never"])
def test_a_moment_is_asked_for_however_its_name_is_written(client, programme, query):
    response = client.get(f"/initiatives.json?{query}")
    assert response.status_code == 400
    assert "as_of" in response.json()["errors"]


def test_a_past_that_is_over_keeps_its_tag_through_changes(client, programme):
    at = documents.last_change().isoformat()
    address = f"/initiatives/?as_of={at.replace('+', '%2B')}"
    tag = tag_of(client, address)
    Initiative.objects.filter(pk=programme.pk).update(title="Another programme")
    assert "Another programme" not in client.get(address).content.decode()
    assert again(client, address, tag).status_code == 304


@pytest.mark.parametrize(
    ("taken", "packed"),
    [
        ("", False),
        ("gzip, deflate", False),
        ("gzip;q=1.0, br;q=0", False),
        ("br;q=0.000, gzip", False),
        ("abr, brx", False),
        ("gzip, deflate, br, zstd", True),
        ("br;q=0.5", True),
        ("gzip,BR ; q=1", True),
    ],
)
def test_a_chart_is_compressed_for_whoever_takes_that(client, programme, taken, packed):
    address = "/charts/initiatives-by-country.json"
    plain = client.get(address)
    answer = client.get(address, headers={"Accept-Encoding": taken})
    assert answer.get("Content-Encoding") == ("br" if packed else None)
    assert (brotli.decompress(answer.content) if packed else answer.content) == plain.content
    assert answer["Content-Length"] == str(len(answer.content))
    assert answer["ETag"] == plain["ETag"]  # a weak one: the same numbers
    unchanged = client.get(
        address, headers={"Accept-Encoding": taken, "If-None-Match": plain["ETag"]}
    )
    assert unchanged.status_code == 304
    for one in (plain, answer, unchanged):
        assert "Accept-Encoding" in one["Vary"]
