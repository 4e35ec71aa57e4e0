"""Records that may be the same: found, shown side by side, merged or set apart."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from initiatives.desk.duplicates import (
    Described,
    alike,
    likely_pairs,
    likeness,
    names_alike,
    set_apart,
)
from initiatives.desk.models import NotTheSame
from initiatives.desk.undoing import undo
from initiatives.models import Initiative, Outcome, PartOf, Record, Summit, SummitSeries
from partners.dates import PartialDate
from partners.history.changes import Change, Verb
from partners.names import fold
from tests import cast, reading
from tests.documents import tables
from tests.people import client_of, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("taken_back")]

DATES = [None, "2013", "2013-06", "2014-01/..", "../2012", "2020-05-04"]
names = st.lists(
    st.text("abc 12é", min_size=1, max_size=12).map(fold).filter(bool), min_size=1, max_size=3
).map(tuple)
described = st.builds(
    Described,
    names,
    st.frozensets(st.sampled_from(["Kenya", "China", "Brazil"])),
    st.sampled_from(DATES).map(lambda text: PartialDate.parse(text) if text else None),
)


def quokka(name: str, title: str, **fields: Any) -> Initiative:
    return cast.initiative(f"quokka-{name}", title=title, **fields)


def found(**asked: Any) -> list[tuple[str, str]]:
    """The pairs of quokkas, by slug."""
    slugs = dict(Record.objects.values_list("pk", "slug"))
    pairs = [(slugs[p.first], slugs[p.second]) for p in likely_pairs(**asked)]
    return [pair for pair in pairs if pair[0].startswith("quokka")]


# --- The rule ------------------------------------------------------------------------------------


@given(one=described, other=described)
def test_likeness_is_the_same_from_both_sides(one, other):
    there, back = likeness(one, other), likeness(other, one)
    assert (there.score, there.names, there.days) == (back.score, back.names, back.days)
    assert 0 <= there.score <= 100


@given(one=described)
def test_a_record_is_wholly_like_itself(one):
    assert likeness(one, one).score == 100


@given(
    words=st.lists(st.sampled_from(["digital", "silk", "road", "cable", "fund"]), min_size=1),
    data=st.data(),
)
def test_the_order_of_words_does_not_matter(words, data):
    other = data.draw(st.permutations(words))
    assert names_alike([" ".join(words)], [" ".join(other)]) == 100


def test_numbers_tell_meetings_apart():
    sixth, seventh = "6th meeting of the working group", "7th meeting of the working group"
    assert names_alike([sixth], [seventh]) < 60
    assert names_alike([sixth], [f"the {sixth}"]) > 90


# --- Like a title --------------------------------------------------------------------------------


def test_a_record_called_nearly_so_is_found_with_the_reasons():
    here = quokka("one", "Quokka Satellite Programme", countries=("KEN",), state="draft")
    quokka("gone", "Quokka satellite programme", state="withdrawn")
    quokka("other", "Wombat tunnels")
    (only,) = alike("The Quokka Satelite Programme", "initiative", [cast.country("KEN")])
    assert only.record.pk == here.pk
    assert 90 <= only.score <= 100
    assert re.fullmatch(r"titles (\d\d|100) % alike; both with Kenya", only.why)
    assert alike("The Quokka Satelite Programme", "summit") == []
    assert alike("!!", "initiative") == alike("", "initiative") == []


def test_a_record_is_found_by_another_name():
    quokka("one", "Something else", aliases=["Quokka Satellite Programme"])
    (only,) = alike("quokka satellite programme", "initiative")
    assert (only.score, only.why) == (100, "other names 100 % alike")


def test_looking_for_a_title_takes_two_queries_however_many_records_there_are():
    for n in range(30):
        quokka(f"n{n}", f"Quokka of many {chr(97 + n % 26) * 3}", countries=("KEN",))
    alike("Whatever makes the names known", "initiative")
    for countries, queries in [((), 2), ([cast.country("KEN")], 3)]:
        with CaptureQueriesContext(connection) as asked:
            assert len(alike("Quokka of many ccc", "initiative", countries)) == 5
        assert len(asked) == queries


def titles_alike(title: str) -> list[str]:
    return [one.record.title for one in alike(title, "initiative")]


@pytest.mark.parametrize("state", ["draft", "in-review", "published"])
def test_a_title_is_known_at_once_under_its_new_name_and_until_it_is_withdrawn(state):
    one = quokka("one", "Quokka lantern", state=state)
    assert titles_alike("Quokka lantern") == ["Quokka lantern"]
    one.title, one.aliases = "Wombat tunnel", ["Bilby observatory"]
    one.save()
    assert titles_alike("Quokka lantern") == []
    assert titles_alike("Wombat tunnels") == titles_alike("Bilby Observatory") == ["Wombat tunnel"]
    one.state = "withdrawn"
    one.save()
    assert titles_alike("Wombat tunnel") == []
    one.state = state
    one.save()
    assert titles_alike("Wombat tunnel") == ["Wombat tunnel"]


def test_what_was_merged_is_no_longer_found():
    one, two = quokka("one", "Quokka lantern"), quokka("two", "Quokka lanterns")
    assert titles_alike("Quokka lantern") == ["Quokka lantern", "Quokka lanterns"]
    two.state, two.merged_into = "withdrawn", one
    two.save()
    assert titles_alike("Quokka lantern") == ["Quokka lantern"]


def test_what_is_being_written_and_given_up_is_never_found():
    titles_alike("Quokka lantern")
    with pytest.raises(RuntimeError), transaction.atomic():
        quokka("one", "Quokka lantern")
        assert titles_alike("Quokka lantern") == ["Quokka lantern"]
        raise RuntimeError
    assert titles_alike("Quokka lantern") == []
    quokka("two", "Wombat lantern")  # under the number that was given up
    assert titles_alike("Wombat lantern") == ["Wombat lantern"]


# --- The queue -----------------------------------------------------------------------------------


def test_likely_pairs_are_listed_with_the_reasons_in_words():
    quokka("one", "Quokka satellite programme", countries=("KEN", "CHN"), began="2024")
    quokka("two", "Programme of quokka satellites", countries=("KEN", "CHN"), began="2024")
    quokka("far", "Wombat tunnels", countries=("KEN", "CHN"), began="2024")
    text = reading.page(client_of("editor"), "/review/duplicates/")
    row = next(row for row in reading.table(text) if "Quokka satellite programme" in row[0])
    assert re.fullmatch(
        r"titles \d\d % alike; both with China and Kenya; both began in 2024", row[1]
    )
    assert found() == found(type="initiative") == [("quokka-one", "quokka-two")]
    assert found(type="summit") == []
    assert "Wombat" not in text


def test_pairs_that_were_set_apart_are_gone_until_that_is_undone():
    one, two = quokka("one", "Quokka programme"), quokka("two", "Quokka programme")
    assert found() == [("quokka-one", "quokka-two")]
    before = tables()
    client = client_of("editor")
    address = "/review/duplicates/quokka-two/quokka-one/"
    token = re.search(r'name="token" value="(\w+)"', reading.page(client, address))[1]
    for _twice in range(2):
        answer = client.post(f"{address}apart/", {"why": "two phases", "token": token})
        assert answer["Location"] == "/review/duplicates/"
    assert found() == []
    assert NotTheSame.objects.get().why == "two phases"
    made = Change.objects.get(verb=Verb.DECIDE)
    assert made.why == "two phases"
    undo([made], person("chief editor"))
    assert found() == [("quokka-one", "quokka-two")]
    assert tables()["initiatives.Record"] == before["initiatives.Record"]
    set_apart(one, two, None)
    with pytest.raises(ValueError, match="itself"):
        set_apart(one, one, None)


@pytest.mark.parametrize("turned", [False, True])
def test_a_part_and_its_whole_are_two_until_that_is_no_longer_said(turned):
    pair = [quokka("one", "Quokka programme"), quokka("two", "Quokka programme, phase")]
    part, whole = reversed(pair) if turned else pair
    assert found() == [("quokka-one", "quokka-two")]
    said = PartOf.objects.create(record=part, whole=whole)
    assert found() == []
    cast.retire(said)
    assert found() == [("quokka-one", "quokka-two")]


def test_a_summit_and_what_came_of_it_are_two():
    programme = quokka("one", "Quokka programme")
    series = SummitSeries.objects.create(slug="quokka-series", name="Quokka meetings")
    summit = Summit.objects.create(
        slug="quokka-summit", title="Quokka programme", series=series, state="published"
    )
    Outcome.objects.create(record=summit, initiative=programme, verb="adopted")
    assert found() == []


def test_the_queue_does_not_compare_all_with_all():
    for n in range(30):
        quokka(f"n{n}", f"Quokka {n} common words")
    quokka("again", "Quokka 7 common words")
    assert found() == [("quokka-n7", "quokka-again")]
    with CaptureQueriesContext(connection) as asked:
        likely_pairs()
    assert len(asked) == 4


def test_an_unknown_type_is_refused_by_name():
    client = client_of("editor")
    assert "“wombat”" in reading.page(client, "/review/duplicates/?type=wombat", status=400)


# --- Side by side --------------------------------------------------------------------------------


def test_two_records_stand_side_by_side_and_a_chief_editor_merges_them():
    one = quokka("one", "Quokka one", kind="fund", countries=("KEN",), summary="First.")
    two = quokka("two", "Quokka two", kind="network", countries=("KEN",), summary="Second.")
    for record in (one, two):
        cast.carry(record.participations.get())
    cast.money(one, "a", 100, rung="announced")
    same = cast.money(two, "b", 100, rung="announced", words="a hundred")
    address = "/review/duplicates/quokka-one/quokka-two/"
    assert "A chief editor can merge them." in reading.page(client_of("editor"), address)
    client = client_of("chief editor")
    text = reading.page(client, address)
    for said in ("First.", "Second.", "both say so", "Test article: the words", "a hundred"):
        assert said in reading.plain(text)
    token = re.search(r'name="token" value="(\w+)"', text)[1]
    chosen = re.search(r'<option value="(\d+)" selected>', text)
    assert chosen, "the same amount is proposed to be the same money"
    form = {
        "token": token, "take_title": "other", "take_kind": "other", "take_summary": "kept",
        f"money_{same.pk}": chosen[1], "why": "",
    }  # fmt: skip
    refused = client.post(f"{address}merge/", form)
    assert refused.status_code == 400
    assert "Why they are the same" in refused.content.decode()
    assert 'value="other" selected' in refused.content.decode()  # nothing that was chosen is lost
    for _twice in range(2):
        answer = client.post(f"{address}merge/", {**form, "why": "one thing"})
        assert answer["Location"] == "/initiatives/quokka-one/"
    one = Initiative.objects.get(pk=one.pk)
    assert (one.title, one.kind, one.summary) == ("Quokka two", "network", "First.")
    assert one.funding.current().get(key="b").restates.key == "a"
    assert Change.objects.filter(verb=Verb.MERGE).count() == 1
    assert "was withdrawn" in reading.page(client, address)


def test_what_cannot_be_merged_says_why_and_keeps_what_was_typed():
    quokka("one", "Quokka one")
    quokka("two", "Quokka two", state="draft", countries=("KEN",))
    client = client_of("chief editor")
    form = {"token": "t", "take_title": "kept", "why": "typed words"}
    answer = client.post("/review/duplicates/quokka-one/quokka-two/merge/", form)
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "No accepted passage carries participation: Kenya, member" in text
    assert 'value="typed words"' in text


@pytest.mark.parametrize("path", ["", "quokka-one/quokka-one/", "quokka-one/gone/"])
def test_strangers_are_led_to_the_login_and_odd_addresses_do_not_fail(path):
    quokka("one", "Quokka one")
    answer = client_of().get(f"/review/duplicates/{path}")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/?next=") or "login" in answer["Location"]
    status = client_of("editor").get(f"/review/duplicates/{path}").status_code
    assert status == (404 if "gone" in path else 200)
    posted = client_of("editor").post("/review/duplicates/quokka-one/quokka-one/merge/")
    assert posted.status_code == 403
