"""Saved views: kept by name, shared, opened; what became of them, as a page and as a feed."""

from __future__ import annotations

import random
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl

import feedparser
import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboards.lists import INITIATIVES
from dashboards.watching import saving
from dashboards.watching.happenings import How, Move, moves
from dashboards.watching.models import SavedView
from dashboards.watching.shown import shown
from initiatives.derive import derive
from initiatives.models import Framework, Initiative, Participation, Record, StatusStep
from initiatives.selection import Selection
from partners.dates import PartialDate
from partners.history.changes import Verb, change, data_version
from partners.history.moment import Moment, as_of
from partners.models import Bloc
from tests import cast
from tests.documents import document, imported, initiative, last_change, partner, step, summit
from tests.people import PASSWORD, client_of, person
from tests.reading import body, page, plain
from tests.test_undo_rules import edited, merged, sent, undone
from tests.watching import asked_for, edit, reader, save, saved, titles, told

pytestmark = pytest.mark.django_db

QUOKKAS = "/initiatives/?q=quokka"


@pytest.fixture
def me() -> Client:
    return reader()


@pytest.fixture
def other() -> Client:
    return reader("test-other-reader")


@pytest.fixture
def chief() -> Any:
    return client_of("chief editor")


def quokka(key: str = "q1", *steps: Any, article: str = "", **fields: Any) -> None:
    """An import that publishes, or brings to what it says, a made-up initiative."""
    fields.setdefault("title", f"Quokka {key}")
    made = initiative(key, status=[*steps], **fields)
    imported(document(made, article=article or f"article-of-{key}"))


# --- Keeping a view ------------------------------------------------------------------------------

PLACES = [
    "/initiatives/?q=quokka",
    "/alliances/?bloc=brics",
    "/summits/?year_min=2020",
    "/charts/?bloc=brics&bloc=sco",
    "/charts/map/?bloc=brics&arcs=yes",
    "/charts/bloc-by-sector/?q=quokka",
    "/charts/network/?of=organisations",
    "/charts/timeline/?status=signed",
    "/charts/summit-timeline/",
    "/charts/funding-by-year/?rung=committed",
    "/funding/?bloc=brics&bars=stacked",
    "/compare/?a=bloc%3Dbrics&b=bloc%3Dsco",
    "/initiatives/?q=quokka&sort=title&size=100",
    "/initiatives/?as_of=2026",
]


def parameters(address: str) -> tuple[str, list[tuple[str, str]]]:
    path, _, asked = address.partition("?")
    return path, sorted(parse_qsl(asked))


@pytest.mark.parametrize("address", PLACES)
def test_a_view_is_saved_from_its_page_and_opened_again(me, address):
    here = page(me, address.replace("as_of=2026", f"as_of={last_change():%Y}"))
    found = re.search(
        r'action="/views/new/"><input type="hidden" name="address" value="([^"]*)"', here
    )
    assert found, "the page has no form to save it"
    form = page(me, asked_for(unescape(found[1])))
    address = unescape(found[1])
    assert ">Save this view<" in form
    response = save(me, address, "Mine")
    assert parameters(response["Location"]) == parameters(address)
    view = SavedView.objects.get()
    opened = me.get(f"/views/{view.key}/")
    assert parameters(opened["Location"]) == parameters(address)
    assert me.get(opened["Location"]).status_code == 200


@pytest.mark.parametrize("address", ["/countries/", "/blocs/", "/articles/", "/organisations/"])
def test_lists_that_are_not_of_records_cannot_be_kept(me, address):
    assert "Save this view" not in page(me, address)
    assert save(me, address).status_code == 400


def test_what_a_page_ignores_is_not_kept(me):
    view = saved(me, "/initiatives/?page=2&q=&bloc=brics&contry=KEN&utm=1")
    assert view.address == "/initiatives/?bloc=brics"


def test_who_is_not_logged_in_logs_in_and_comes_back_to_the_view(client):
    person("editor")
    asked = asked_for("/initiatives/?bloc=brics&sector=space")
    login = client.get(asked)["Location"]
    assert login.startswith("/login/?next=")
    form = page(client, login)
    back = unescape(re.search(r'name="next" value="([^"]*)"', form)[1])  # type: ignore[index]
    response = client.post(
        "/login/", {"username": "test-editor", "password": PASSWORD, "next": back}
    )
    text = page(client, response["Location"])
    assert "Initiatives run under BRICS, on Space" in plain(text)
    assert 'value="Initiatives run under BRICS' in text  # a name is suggested


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("", "address"),
        ("/initiatives/?bloc=moon", "bloc"),
        ("/initiatives/?year_min=abc", "year_min"),
        ("/initiatives/?q=%00", "q"),
        ("/initiatives/?size=7", "size"),
        ("/charts/network/?of=moons", "of"),
        ("/charts/no-such-chart/", "address"),
        ("/compare/?a=bloc%3Dbrics", "address"),
        ("/compare/?a=bloc%3Dmoon&b=bloc%3Dsco", "a"),
        ("/initiatives/digital-silk-road/", "address"),
        ("/initiatives.json?bloc=brics", "address"),
        ("/admin/", "address"),
        ("/views/", "address"),
        ("//evil.example/initiatives/", "address"),
        ("https://evil.example/initiatives/", "address"),
        ("javascript:alert(1)", "address"),
        ("http://[", "address"),
        ("/initiatives/?" + "&".join(f"x{n}=1" for n in range(600)), "address"),
        ("/initiatives/?" + "&".join(f"bloc=x{n}" for n in range(400)), "bloc"),
        ("/initiatives/?q=" + "x" * 5000, "address"),
        ("/initiatives/\x00", "address"),
    ],
)
def test_what_is_no_view_is_not_kept_and_says_why(me, address, named, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
    for response in (me.get("/views/new/", {"address": address}), save(me, address)):
        assert response.status_code == 400
        assert f"<code>{named}</code>" in body(response)
    assert not SavedView.objects.exists()


# --- Names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["", "   ", "\u200b\u200d", "a\x07b", "\u202egnp.exe", "x" * 101, "a\x00b", "\ud7ff\uffff"],
)
def test_a_name_that_cannot_be_read_is_refused(me, name):
    response = save(me, QUOKKAS, name)
    assert response.status_code == 400
    assert re.search(r'<input[^>]*name="name"[^>]*aria-invalid="true"', body(response))
    assert not SavedView.objects.exists()


def test_odd_names_are_names(me):
    for name in (
        "new",
        "mail",
        "unsubscribe",
        "<script>alert(1)</script>",
        "دید\u200cبان",
        "🐨",
        "a\r\nBcc: x",
    ):
        saved(me, QUOKKAS, name)
    text = page(me, "/views/")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert SavedView.objects.filter(name="a Bcc: x").exists()
    assert len(re.findall(r"<th scope=\"row\">", text)) == 7


def test_two_views_of_one_person_have_two_names(me, other):
    first = saved(me, QUOKKAS, "Space")
    for name in ("Space", "space", " Space "):
        response = save(me, "/summits/", name)
        assert response.status_code == 400
        assert "You have another view of this name." in plain(body(response))
    second = saved(me, "/summits/", "Summits")
    assert edit(me, second, name="SPACE").status_code == 400
    assert SavedView.objects.get(pk=second.pk).name == "Summits"
    assert edit(me, first, name="space").status_code == 302
    saved(other, QUOKKAS, "Space")


def test_one_may_keep_so_many_and_no_more(me, other, monkeypatch):
    monkeypatch.setattr(saving, "MOST_VIEWS", 2)
    one = saved(me, QUOKKAS, "one")
    saved(me, QUOKKAS, "two")
    response = save(me, QUOKKAS, "three")
    assert response.status_code == 400
    assert "You keep 2 views" in plain(body(response))
    me.post(f"/views/{one.key}/delete/")
    saved(me, QUOKKAS, "three")
    answer = me.post(f"/views/{one.key}/restore/", follow=True)
    assert "You keep 2 views" in plain(body(answer))
    assert SavedView.objects.kept().count() == 2
    saved(other, QUOKKAS, "one")


# --- Whose it is ---------------------------------------------------------------------------------


def test_a_view_that_is_not_shared_is_nobody_elses(me, other, client):
    view = saved(me, QUOKKAS)
    for asking in (other, client, client_of("administrator")):
        for end in ("/", "/changes/", ".atom", ".atom?token=", ".atom?token=wrong"):
            assert asking.get(f"/views/{view.key}{end}").status_code == 404, end
    for end in ("edit", "delete", "restore", "feed"):
        assert other.post(f"/views/{view.key}/{end}/", {"name": "x"}).status_code == 404
    assert SavedView.objects.kept().get().name == "A view"
    assert "A view" not in page(other, "/views/")
    for end in ("/", "/changes/", ".atom"):
        assert me.get(f"/views/{view.key}{end}").status_code in (200, 302)


def test_a_shared_view_is_opened_by_whoever_has_the_link_until_it_is_not_shared(me, other, client):
    view = saved(me, QUOKKAS)
    assert edit(me, view, shared="on").status_code == 302
    for asking in (other, client):
        assert asking.get(f"/views/{view.key}/")["Location"] == QUOKKAS
        assert "Nothing changed since" in page(asking, f"/views/{view.key}/changes/")
        assert asking.get(f"/views/{view.key}.atom").status_code == 200
    assert other.get(f"/views/{view.key}/edit/").status_code == 403
    assert other.post(f"/views/{view.key}/delete/").status_code == 403
    assert edit(me, view).status_code == 302
    assert client.get(f"/views/{view.key}/").status_code == 404
    assert client.get(f"/views/{view.key}.atom").status_code == 404


def test_keys_are_not_counted(me):
    keys = [saved(me, QUOKKAS, f"view {n}").key for n in range(20)]
    assert all(re.fullmatch(r"[A-Za-z0-9]{22}", key) for key in keys)
    assert len({key[:4] for key in keys}) > 15


def feed_address(client: Client, view: SavedView) -> str:
    """What the page says the address of the feed is, without the host."""
    text = page(client, f"/views/{view.key}/edit/")
    found = re.search(r'id="view-feed" readonly value="http://localhost([^"]*)"', text)
    assert found
    return unescape(found[1])


def test_the_feed_of_a_private_view_has_an_address_that_can_be_renewed(me, client):
    view = saved(me, QUOKKAS)
    old = feed_address(me, view)
    assert client.get(old).status_code == 200
    assert client.get(old)["Cache-Control"] == "private"
    me.post(f"/views/{view.key}/feed/")
    new = feed_address(me, view)
    assert new != old
    assert client.get(old).status_code == 404
    assert client.get(new).status_code == 200


# --- The list of views ---------------------------------------------------------------------------


def test_an_empty_list_says_how_to_make_one(me):
    text = plain(page(me, "/views/"))
    assert "No view saved yet" in text
    assert "press “Save this view”" in text


def test_a_view_is_renamed_deleted_and_brought_back(me, client):
    view = saved(me, QUOKKAS, "One")
    edit(me, view, name="Two", shared="on")
    assert "Two" in page(me, "/views/")
    me.post(f"/views/{view.key}/delete/")
    for asking in (me, client):
        for end in ("/", "/changes/", ".atom", f".atom?token={view.feed_token}"):
            assert asking.get(f"/views/{view.key}{end}").status_code == 404
    text = plain(page(me, "/views/"))
    assert "“Two” was deleted. Bring it back" in text
    me.post(f"/views/{view.key}/restore/")
    assert "was deleted" not in page(me, "/views/")
    assert client.get(f"/views/{view.key}/")["Location"] == QUOKKAS


def test_what_was_deleted_waits_for_its_name(me):
    view = saved(me, QUOKKAS, "One")
    me.post(f"/views/{view.key}/delete/")
    saved(me, "/summits/", "one")
    answer = me.post(f"/views/{view.key}/restore/", follow=True)
    assert "You have another view of this name." in plain(body(answer))
    assert SavedView.objects.kept().get().path == "/summits/"


def test_a_view_whose_filter_is_gone_says_so_and_does_not_mean_everything(me, client):
    brics = Bloc.objects.get(slug="brics")
    Bloc.objects.create(slug="test-bloc", name="Test", short_name="TB", source=brics.source)
    view = saved(me, "/charts/map/?bloc=test-bloc", shared="on")
    quokka("q1")
    Bloc.objects.get(slug="test-bloc").delete()
    for address in ("/", "/changes/"):
        text = page(client, f"/views/{view.key}{address}", 400)
        assert "<code>bloc</code>" in text
        assert "Quokka" not in text
    response = client.get(f"/views/{view.key}.atom")
    assert response.status_code == 400
    assert "bloc" in response.json()["errors"]
    assert "can no longer be read" in page(me, "/views/")


# --- What changed --------------------------------------------------------------------------------


def test_a_value_that_changed_is_said_with_the_sentence_and_the_article(me):
    quokka("q1", step("signed", "2023"))
    view = saved(me, QUOKKAS)
    quokka("q1", step("under-way", "2024", "Work on the quokkas began in 2024."), article="second")
    (title, said), (first, _) = told(me, view)
    assert title == "Quokka q1: status signed → under way"
    assert "Work on the quokkas began in 2024. Made up for a test: second, June 2024" in said
    assert first == "Quokka q1: published"


def test_an_editors_reason_is_said(me, chief):
    quokka("q1", step("signed", "2023"), partners=[partner()])
    view = saved(me, QUOKKAS)
    edited(
        chief,
        "/initiatives/q1/edit/",
        **{"status-0-date": "March 2023", "why": "the month is known"},
    )
    title, said = told(me, view)[0]
    assert title == "Quokka q1: status signed 2023 → signed March 2023"
    assert "the month is known" in said


def test_records_come_and_leave_and_it_is_said_why(me, chief):
    view = saved(me, "/initiatives/?q=quokka&status=signed")
    quokka("q1", step("announced", "2022"))
    quokka("q1", step("signed", "2023", "They signed in 2023."), article="b")
    quokka("q1", step("completed", "2024", "It ended in 2024."), article="c")
    quokka("q2", step("signed", "2023"))
    sent(chief, "/initiatives/q2/withdraw/", why="It was a mistake.")
    quokka("q3", step("signed", "2023"))
    quokka("q4", step("signed", "2023"))
    merged(chief, "q4", "q3")
    found = titles(me, view)
    assert "Quokka q1: came into this view, status announced → signed" in found
    assert "Quokka q1: left this view, status signed → completed" in found
    assert "Quokka q2: withdrawn: It was a mistake." in found
    assert "Quokka q3: merged into Quokka q4" in found
    assert "Quokka q4: published" in found
    assert "Quokka q1: published" not in found  # it was announced then


def test_what_was_taken_back_is_said_both_ways(me, chief):
    quokka("q1", step("signed", "2023"))
    view = saved(me, QUOKKAS)
    quokka("q1", step("under-way", "2024", "Work began in 2024."), article="b")
    undone(chief, data_version())
    assert titles(me, view)[:2] == [
        "Quokka q1: status under way → signed",
        "Quokka q1: status signed → under way",
    ]


def test_a_view_that_names_a_record_tells_of_its_withdrawal(me, client, chief):
    quokka("q1")
    quokka("q2")
    view = saved(me, "/initiatives/?initiative=q1&initiative=q2", shared="on")
    sent(chief, "/initiatives/q1/withdraw/", why="It was a mistake.")
    assert titles(me, view)[0] == "Quokka q1: withdrawn: It was a mistake."
    opened = client.get(f"/views/{view.key}/", follow=True)
    assert "Quokka q2" in body(opened)
    assert [
        row["slug"] for row in client.get("/initiatives.json?initiative=q1").json()["results"]
    ] == []


def test_what_was_never_published_cannot_be_named(client):
    cast.initiative("secret-quokka", state="draft", title="Secret")
    cast.initiative("gone-quokka", state="withdrawn", title="Secret")
    for slug in ("secret-quokka", "gone-quokka"):
        refused = client.get(f"/initiatives.json?initiative={slug}")
        assert list(refused.json()["errors"]) == ["initiative"]
        assert "Secret" not in body(refused)


def test_a_long_value_does_not_stand_in_a_title(me, chief):
    quokka("q1", summary="Old words. " * 30)
    view = saved(me, QUOKKAS)
    with change(Verb.EDIT, person("editor"), why="shorter"):
        Record.objects.filter(slug="q1").update(summary="New words. " * 30)
    assert titles(me, view)[0] == "Quokka q1: summary changed"
    assert "New words. New words." in told(me, view)[0][1]


def test_a_partner_and_a_new_title_are_said(me, chief):
    quokka("q1", partners=[partner()])
    view = saved(me, QUOKKAS)
    quokka("q1", partners=[partner("Brazil joined.", country="Brazil")], article="b")
    with change(Verb.EDIT, person("editor"), why="its own name"):
        Record.objects.filter(slug="q1").update(title="Quokka renamed")
    found = titles(me, view)
    assert found[0] == "Quokka renamed: title Quokka q1 → Quokka renamed"
    assert found[1] == "Quokka q1: taking part: Brazil, member (new)"


def test_summits_are_watched_too(me):
    view = saved(me, "/summits/?q=quokka")
    imported(document(summit("s1", title="Quokka summit")))
    quokka("q1")
    assert titles(me, view) == ["Quokka summit: published"]


def test_a_comparison_changes_when_one_of_its_sides_does(me):
    view = saved(me, "/compare/?a=q%3Dquokka&b=q%3Dwombat")
    quokka("q1")
    quokka("w1", title="Wombat")
    quokka("k1", title="Koala")
    assert titles(me, view) == ["Wombat: published", "Quokka q1: published"]


def test_drafts_and_proposals_are_nobodys_news(me, client):
    quokka("q1", step("signed", "2023"), summary="Said before.")
    view = saved(me, QUOKKAS, shared="on")
    secret = "Quokka never name the minister"
    imported(document(initiative("q2", title=secret), article="x"), publish=False)
    imported(document(initiative("q1", title=secret), article="y"), publish=False)
    with change(Verb.EDIT, person("editor"), why=secret):
        Record.objects.filter(slug="q2").update(summary=secret)
    before = titles(me, view)
    assert before == ["Quokka q1: published"]
    with change(Verb.PUBLISH, person("chief editor")):
        Record.objects.filter(slug="q2").update(
            title="Quokka q2", summary="What anyone may read.", state="published"
        )
    for text in (
        page(client, f"/views/{view.key}/changes/"),
        body(client.get(f"/views/{view.key}.atom")),
    ):
        assert "Quokka q2: published" in text
        assert secret not in text


def test_a_view_of_the_past_does_not_change(me):
    view = saved(me, f"/initiatives/?as_of={last_change():%Y-%m-%d}")
    quokka("q1")
    assert "Nothing changes here" in page(me, f"/views/{view.key}/changes/")


def test_changes_are_asked_for_since_a_day(me):
    view = saved(me, QUOKKAS)
    quokka("q1")
    today = last_change()
    assert titles(me, view, f"?since={today:%Y-%m-%d}") == ["Quokka q1: published"]
    assert "Nothing changed since" in page(me, f"/views/{view.key}/changes/?since=2090-01-01")
    for wrong in ("yesterday", "2026-13-01", "%00", "2026-11-23'"):
        text = page(me, f"/views/{view.key}/changes/?since={wrong}", 400)
        assert 'name="since"' in text
        assert "Enter a day such as 2026-11-22." in text
        assert "Quokka q1" not in text


def test_titles_are_escaped_and_cut(me, client):
    view = saved(me, QUOKKAS, "<b>Mine</b>", shared="on")
    quokka("q1", title="Quokka <script>alert(1)</script> " + "x" * 400)
    for address in ("/changes/", ".atom"):
        text = body(client.get(f"/views/{view.key}{address}"))
        assert "<script>alert" not in text
        assert "<b>Mine" not in text
    assert len(titles(me, view)[0]) <= 300


# --- What it costs, and that it is right ---------------------------------------------------------


QUERIES = [
    "bloc=brics",
    "country=KEN",
    "status=signed",
    "not_bloc=brics&country=BRA",
    "q=panda",
    "countries=KEN&countries=BRA",
    "year_min=2020",
]


def test_what_came_and_left_agrees_with_the_lists_of_every_moment(monkeypatch):
    """Whatever is written, a move is what the lists before and after the change say."""
    monkeypatch.setattr("dashboards.watching.happenings.BLOCK", 7)
    rand = random.Random(7)
    records = [
        cast.initiative(f"p{n}", title=f"Panda {n}" if n % 2 else f"Koala {n}") for n in range(6)
    ]
    start = data_version()
    brics = Bloc.objects.get(slug="brics")
    for _ in range(30):
        with change(Verb.EDIT):
            for record in rand.sample(records, rand.choice([1, 1, 2])):
                deed = rand.randrange(6)
                if deed == 0 and not Framework.objects.filter(record=record, bloc=brics).exists():
                    Framework.objects.create(record=record, bloc=brics)
                elif deed == 1:
                    Framework.objects.filter(record=record).delete()
                elif deed == 2:
                    Participation.objects.filter(record=record).delete()
                    for code in rand.sample(["KEN", "BRA"], rand.randrange(3)):
                        Participation.objects.create(
                            record=record, country=cast.country(code), role="member"
                        )
                elif deed == 3:
                    StatusStep.objects.filter(record=record).delete()
                    status, year = (
                        rand.choice(["signed", "announced"]),
                        rand.choice(["2019", "2021"]),
                    )
                    StatusStep.objects.create(
                        record=record, status=status, date=PartialDate.parse(year)
                    )
                elif deed == 4:
                    state = rand.choice(["published", "withdrawn", "draft"])
                    Record.objects.filter(pk=record.pk).update(state=state)
                else:
                    title = rand.choice(["Panda", "Koala"])
                    there = Initiative.objects.get(pk=record.pk)
                    there.title = f"{title} {rand.random()}"
                    there.save()
                derive(Initiative.objects.get(pk=record.pk))
    end = data_version()
    assert end - start > 20

    def listed(query: str, number: int) -> set[int]:
        with as_of(Moment(number, last_change())):
            selection = Selection(INITIATIVES.filters, QueryDict(query), INITIATIVES.records())
            return set(selection.members)

    seen = set()
    for query in QUERIES:
        found = list(moves(shown("/initiatives/", query), start, end))
        assert [m.number for m in found] == sorted((m.number for m in found), reverse=True)
        came_or_left = {m for m in found if m.how is not How.CHANGED}
        expected = set()
        for number in range(start + 1, end + 1):
            before, after = listed(query, number - 1), listed(query, number)
            expected |= {Move(number, pk, How.CAME) for pk in after - before}
            expected |= {Move(number, pk, How.LEFT) for pk in before - after}
            stayed = {m.record for m in found if m.number == number and m.how is How.CHANGED}
            assert stayed <= before & after
        assert came_or_left == expected, query
        seen |= {m.how for m in came_or_left}
    assert seen == {How.CAME, How.LEFT}


def asked(client: Client, address: str) -> int:
    """How many questions the database is asked for a page."""
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_page_asks_no_more_the_more_records_changed(me):
    view = saved(me, "/initiatives/?bloc=brics&country=KEN")
    quokka("q0", partners=[partner()], frameworks=[])
    with change(Verb.EDIT):
        cast.initiative("a0", ("KEN",), ("brics",), began="2019")
    few = asked(me, f"/views/{view.key}/changes/")
    for n in range(1, 25):
        with change(Verb.EDIT):
            cast.initiative(f"a{n}", ("KEN",), ("brics",), began="2019")
    assert len(titles(me, view)) == 25
    assert asked(me, f"/views/{view.key}/changes/") <= few
    assert few < 230


def test_the_list_of_views_asks_little(me, django_assert_max_num_queries):
    for n in range(10):
        saved(me, f"/initiatives/?q=quokka{n}", f"view {n}")
    page(me, "/views/")
    with django_assert_max_num_queries(8):
        page(me, "/views/")


# --- The feed ------------------------------------------------------------------------------------


def read(client: Client, view: SavedView, **headers: str) -> Any:
    response = client.get(f"/views/{view.key}.atom", headers=headers)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    found = feedparser.parse(response.content)
    assert not found.bozo, found.bozo_exception
    return found


def test_feed_readers_read_the_changes(me, client):
    quokka("q1", step("signed", "2023"))
    view = saved(me, QUOKKAS, "Quokkas", shared="on")
    before = read(client, view)
    quokka("q1", step("under-way", "2024", "Work began in 2024."), article="b")
    feed = read(client, view)
    assert feed.feed.title == "Quokkas: changes"
    assert "It goes back 30 days, and has the latest 50 changes at most." in feed.feed.subtitle
    entry = feed.entries[0]
    assert entry.title == "Quokka q1: status signed → under way"
    assert entry.link == "http://localhost/initiatives/q1/"
    assert re.fullmatch(
        rf"tag:localhost,2026:/views/{view.key}/changes/\d+/initiatives/q1/", entry.id
    )
    assert "Work began in 2024." in entry.summary
    assert "imported" in entry.summary
    links = re.findall(r'href="([^"]+)"', entry.summary)
    assert links
    for link in links:
        assert link.startswith("http://localhost/"), link
        assert client.get(link.removeprefix("http://localhost")).status_code == 200
    # What was there stays as it was.
    assert [e.id for e in feed.entries[1:]] == [e.id for e in before.entries]
    assert [e.title for e in feed.entries[1:]] == [e.title for e in before.entries]


def test_an_empty_feed_is_a_feed(me, client):
    view = saved(me, QUOKKAS, shared="on")
    assert read(client, view).entries == []


def test_the_feed_is_bounded(me, client, monkeypatch):
    monkeypatch.setattr("dashboards.watching.views.MOST_IN_FEED", 3)
    view = saved(me, QUOKKAS, shared="on")
    for n in range(5):
        quokka(f"q{n}")
    assert [e.title for e in read(client, view).entries] == [
        f"Quokka q{n}: published" for n in (4, 3, 2)
    ]


def test_a_feed_that_has_not_changed_is_not_sent_again(me, client):
    view = saved(me, QUOKKAS, shared="on")
    tag = client.get(f"/views/{view.key}.atom")["ETag"]
    address = f"/views/{view.key}.atom"
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
    quokka("q1")
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_a_feed_refuses_what_it_does_not_understand(me, client):
    view = saved(me, QUOKKAS, shared="on")
    response = client.get(f"/views/{view.key}.atom?bloc=brics")
    assert response.status_code == 400
    assert "bloc" in response.json()["errors"]
