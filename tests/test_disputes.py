"""Disputed values: which there are, deciding between them, and how many sources say so."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.test import Client

from initiatives.desk.disputes import NotDisputed, choose, disputes
from initiatives.desk.sources import independent_sources
from initiatives.models import Initiative, Record, StatusStep, Summit
from partners.history.changes import Change
from tests import cast
from tests.people import client_of, person
from tests.reading import body, get_json, page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("taken_back")]

AGENCY = "Kenya and Brazil said on Monday that they will build a joint laboratory for computing."


def printed(text: str, publisher: int | None = None, key: str = "", url: str = ""):
    return SimpleNamespace(key=key or text, url=url, text=text, publisher_id=publisher)


@pytest.mark.parametrize(
    ("articles", "sources"),
    [
        ([], 0),
        ([printed("One.")], 1),
        ([printed("One.", 1), printed("Another thing.", 2)], 2),
        ([printed("One.", 1), printed("Another thing.", 1)], 1),
        ([printed("One."), printed("Another thing.")], 2),
        ([printed(AGENCY, 1, "a"), printed(AGENCY, 2, "b")], 1),
        ([printed(AGENCY, 1), printed(AGENCY.upper().replace("MONDAY", "Tuesday"), 2)], 1),
        ([printed(AGENCY, 1), printed(f"From our desk. {AGENCY} More on page 4 of this.", 2)], 1),
        ([printed("One.", key="a"), printed("Another thing.", key="a")], 1),
        ([printed("One.", url="https://e.org"), printed("Other thing.", url="https://e.org")], 1),
        # The second is a copy of the first, and its publisher wrote the third.
        ([printed(AGENCY, 1), printed(AGENCY, 2, "b"), printed("Something else.", 2)], 1),
    ],
)  # fmt: skip
def test_copies_of_one_text_and_articles_of_one_publisher_are_one_source(articles, sources):
    assert independent_sources(articles) == sources
    assert independent_sources(reversed(articles)) == sources


def two_beginnings() -> tuple[Initiative, StatusStep, StatusStep]:
    record = cast.initiative("disputed-programme", began="2023")
    StatusStep.objects.create(
        record=record, status="announced", date=cast.PartialDate.parse("2024-06")
    )
    for step in record.steps.all():
        cast.carry(step)
    cast.derive(record)
    return record, *record.steps.order_by("pk")


def test_the_record_goes_by_the_chosen_value_and_stays_disputed():
    record, _first, second = two_beginnings()
    assert str(record.began) != "June 2024"
    made = choose(second, "the ministry says so", person("editor"))
    assert (made.verb, made.why) == ("decide", "the ministry says so")
    record.refresh_from_db()
    assert str(record.began) == "June 2024"
    assert record.began_disputed
    shown = page(Client(), "/initiatives/disputed-programme/")
    assert "Accord goes by this one: the ministry says so" in shown
    assert "1 independent source" in shown
    said = get_json(Client(), "/initiatives/disputed-programme.json")["statements"]["statusstep"]
    assert [s["chosen_because"] for s in said] == [None, "the ministry says so"]


def test_choosing_the_other_takes_the_choice_from_the_first():
    record, first, second = two_beginnings()
    choose(second, "the ministry says so", person("editor"))
    choose(first, "it was a slip", person("editor"))
    record.refresh_from_db()
    assert str(record.began) == "2023"
    second.refresh_from_db()
    assert second.chosen_because == ""


def test_what_is_not_disputed_cannot_be_chosen():
    record, first, second = two_beginnings()
    cast.retire(second)
    before = Change.objects.count()
    with pytest.raises(NotDisputed):
        choose(first, "there is no other", person("editor"))
    with pytest.raises(ValueError, match="say why"):
        choose(first, "  ", person("editor"))
    assert Change.objects.count() == before


def test_the_chosen_amount_counts_and_its_rival_does_not_count_again():
    record = cast.initiative("paid-programme", began="2020")
    ten = cast.money(record, "share", 10, period="2020")
    twenty = cast.money(record, "share", 20, period="2020")

    def counted() -> set[int]:
        rows = record.funding.filter(entries__measure="nominal", entries__reason="")
        return set(rows.values_list("pk", flat=True))

    assert counted() == {ten.pk}
    choose(twenty, "the budget law says so", person("editor"))
    assert counted() == {twenty.pk}


def test_every_dispute_is_found_with_all_its_sides():
    forum = Summit.objects.get(slug="1st-belt-and-road-forum")
    [found] = disputes(forum)
    assert found.record == Record.objects.get(pk=forum.pk)
    assert len(found.statements) == 2
    assert not found.decided
    two_beginnings()
    assert "disputed-programme" in {dispute.record.slug for dispute in disputes()}


def test_an_editor_decides_a_dispute_side_by_side_and_must_say_why():
    record, _first, second = two_beginnings()
    editor = client_of("editor")
    shown = page(editor, "/review/disputes/")
    assert record.title in shown
    assert "1 independent source" in shown
    asked = {"kind": "statusstep", "statement": second.pk, "because": " "}
    answer = editor.post("/review/disputes/", asked)
    assert answer.status_code == 400
    assert "because: This field is required." in body(answer)
    for wrong in ({"kind": "nothing"}, {"statement": "0"}, {"statement": "9" * 30}):
        refused = editor.post("/review/disputes/", {**asked, "because": "so", **wrong})
        assert refused.status_code == 400, wrong
    answer = editor.post("/review/disputes/", {**asked, "because": "the ministry", "token": "t"})
    assert answer.status_code == 302
    again = editor.post("/review/disputes/", {**asked, "because": "the ministry", "token": "t"})
    assert again["Location"] == answer["Location"]
    record.refresh_from_db()
    assert str(record.began) == "June 2024"
    assert record.title not in page(editor, "/review/disputes/")
    assert "Accord goes by this one: the ministry" in page(
        editor, "/review/disputes/?state=decided"
    )


def test_the_disputes_that_are_open_or_decided_are_asked_for():
    record, first, second = two_beginnings()
    editor = client_of("editor")
    assert record.title in page(editor, "/review/disputes/?state=open")
    assert record.title not in page(editor, "/review/disputes/?state=decided")
    for said, address in ((first, ""), (second, "?state=decided")):
        asked = {"kind": "statusstep", "statement": said.pk, "because": "so"}
        answer = editor.post(f"/review/disputes/{address}", asked)
        assert answer["Location"].startswith(f"/review/disputes/{address}")
        assert record.title not in page(editor, "/review/disputes/")
    assert "Accord goes by this one: so" in page(editor, "/review/disputes/?state=decided")
    wrong = editor.get("/review/disputes/?state=wombat")
    assert wrong.status_code == 400
    assert "wombat is not one of the available choices" in body(wrong)
    for dispute in disputes():
        if not dispute.decided:
            choose(dispute.statements[0], "so", person("editor"))
    assert "No dispute is open" in page(editor, "/review/disputes/")


def test_a_form_gone_back_to_and_sent_with_another_choice_decides_again():
    record, first, second = two_beginnings()
    editor = client_of("editor")
    asked = {"kind": "statusstep", "because": "the ministry", "token": "t"}
    for chosen, began in ((second, "June 2024"), (first, "2023")):
        answer = editor.post("/review/disputes/", {**asked, "statement": chosen.pk})
        assert answer.status_code == 302
        record.refresh_from_db()
        assert str(record.began) == began


def test_a_stranger_decides_nothing():
    _record, _first, second = two_beginnings()
    asked = {"kind": "statusstep", "statement": second.pk, "because": "so"}
    assert Client().post("/review/disputes/", asked).status_code == 302
    second.refresh_from_db()
    assert second.chosen_because == ""
