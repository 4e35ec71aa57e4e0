"""The public history of a record, and the buttons that take things back, through their addresses."""

from __future__ import annotations

import json
import re

import pytest

from initiatives.models import Initiative, Record
from partners.history.changes import Change, data_version
from tests import cast
from tests.documents import document, imported, initiative, money, step
from tests.exports import differing, everything
from tests.people import client_of
from tests.reading import get_json, page, plain
from tests.test_entering import entered, sheet_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("taken_back")]


@pytest.fixture
def chief():
    return client_of("chief editor")


@pytest.fixture
def record():
    imported(document(initiative("t1", status=[step(date="2019")], funding=[money("m")])))
    return Initiative.objects.get(slug="t1")


def edited(chief, **values):
    """The record edited by its sheet; the number of the change."""
    sheet = sheet_of(chief, "/initiatives/t1/edit/")
    response = chief.post("/initiatives/t1/edit/", {**sheet, **values})
    assert response.status_code == 302, response.content.decode()[:3000]
    return data_version()


def test_anyone_reads_who_changed_what_from_what_to_what_and_why(client, chief, record):
    number = edited(chief, summary="As it is now.", why="The ministry said so.")
    text = plain(page(client, "/initiatives/t1/history/"))
    for said in ("test-chief-editor", "summary", "As it is now.", "The ministry said so."):
        assert said in text
    (first, *_rest) = get_json(client, "/initiatives/t1/history.json")["results"]
    assert (first["data_version"], first["verb"], first["by"]) == (
        number, "edit", "test-chief-editor",
    )  # fmt: skip
    assert {"what": "summary", "before": record.summary, "after": "As it is now."} in first[
        "changes"
    ]


def test_what_was_written_before_it_was_published_is_for_editors(client):
    editor, chief = client_of("editor"), client_of("chief editor")
    entered(editor, summary="A first secret draft.")
    assert client.get("/initiatives/quokka-accord/history/").status_code == 404
    sheet = sheet_of(editor, "/initiatives/quokka-accord/edit/")
    sheet["summary"] = "What everybody may read."
    assert editor.post("/initiatives/quokka-accord/edit/", sheet).status_code == 302
    assert chief.post("/initiatives/quokka-accord/publish/").status_code == 302
    assert "secret" not in page(client, "/initiatives/quokka-accord/history/")
    assert "secret" not in json.dumps(get_json(client, "/initiatives/quokka-accord/history.json"))
    assert "secret" in page(editor, "/initiatives/quokka-accord/history/")


def test_any_two_versions_are_compared(client, chief, record):
    first = edited(chief, summary="One.")
    edited(chief, summary="Two.")
    last = edited(chief, summary="Three.")
    text = page(client, f"/initiatives/t1/history/?from={first}&to={last}")
    table = text[text.index(f"From change {first} to change {last}") :]
    table = table[: table.index("</table>")]
    assert "<del>One.</del>" in table
    assert "<ins>Three.</ins>" in table
    assert "Two." not in table


@pytest.mark.parametrize("query", ["from=abc&to=1", "from=0&to=99999999999999999999", "from=1"])
def test_what_is_no_version_is_refused_by_name(client, record, query):
    response = client.get(f"/initiatives/t1/history/?{query}")
    assert response.status_code == 400
    assert re.search(r"<code>(from|to)</code>", response.content.decode())


def test_a_change_is_undone_from_the_history_and_that_undone_again(client, chief, record):
    before = everything(client)
    number = edited(chief, summary="A mistake.")
    after = everything(client)
    response = chief.post(f"/changes/{number}/undo/", {"why": "it was wrong", "token": "one"})
    assert response.status_code == 302
    assert differing(everything(client), before) == []
    history = plain(page(client, "/initiatives/t1/history/"))
    assert "taken back" in history
    assert "it was wrong" in history
    assert chief.post(f"/changes/{data_version()}/undo/").status_code == 302
    assert differing(everything(client), after) == []


def test_a_form_sent_twice_undoes_once(chief, record):
    number = edited(chief, summary="A mistake.")
    for _time in range(2):
        assert chief.post(f"/changes/{number}/undo/", {"token": "one"}).status_code == 302
    assert data_version() == number + 1


def test_what_was_built_on_is_refused_with_the_way_on(chief, record):
    first = edited(chief, summary="One.")
    second = edited(chief, summary="Two.")
    response = chief.post(f"/changes/{first}/undo/")
    assert response.status_code == 409
    assert f"/changes/{second}/" in response.content.decode()
    assert Record.objects.get(slug="t1").summary == "Two."


def test_an_editor_undoes_their_own_deeds_and_no_others(chief, record):
    editor, other = client_of("editor"), client_of("editor", "test-other-editor")
    entered(editor)
    number = data_version()
    assert other.post(f"/changes/{number}/undo/").status_code == 403
    assert editor.post(f"/changes/{number}/undo/").status_code == 302
    assert not Record.objects.filter(slug="quokka-accord").exists()
    published = edited(chief, summary="By the chief editor.")
    assert editor.post(f"/changes/{published}/undo/").status_code == 403


def test_a_record_is_brought_back_to_a_version(client, chief, record):
    number = data_version()
    said = get_json(client, "/initiatives/t1.json")
    edited(chief, summary="One.")
    edited(chief, title="Another title")
    response = chief.post("/initiatives/t1/revert/", {"number": number, "why": "it was right"})
    assert response.status_code == 302
    again = get_json(client, "/initiatives/t1.json")
    for name in ("changed", "data_version"):
        said.pop(name), again.pop(name)
    assert again == said


def test_an_import_run_is_undone_from_its_page(client, chief):
    before = everything(client)
    run = imported(document(initiative("t1", funding=[money("m")])))
    assert "Undo the whole run" in page(chief, run.get_absolute_url())
    assert "Undo the whole run" not in page(client, run.get_absolute_url())
    assert chief.post(f"/imports/{run.pk}/undo/", {"why": "a hoax"}).status_code == 302
    assert differing(everything(client), before) == []
    assert chief.post(f"/imports/{run.pk}/undo/").status_code == 409


def test_an_import_run_on_which_somebody_built_is_undone_after_that(chief):
    run = imported(document(initiative("t1")))
    number = edited(chief, summary="One.")
    refused = chief.post(f"/imports/{run.pk}/undo/")
    assert refused.status_code == 409
    assert f"/changes/{number}/" in refused.content.decode()
    assert chief.post(f"/changes/{number}/undo/").status_code == 302
    assert chief.post(f"/imports/{run.pk}/undo/").status_code == 302
    assert not Record.objects.filter(slug="t1").exists()


def test_a_withdrawn_record_keeps_its_address_and_says_why(client, chief, record):
    before, then = everything(client), data_version()
    assert chief.post("/initiatives/t1/withdraw/", {"why": " "}).status_code == 400
    assert chief.post("/initiatives/t1/withdraw/", {"why": "It was a hoax."}).status_code == 302
    text = plain(page(client, "/initiatives/t1/"))
    assert "Withdrawn" in text
    assert "It was a hoax." in text
    said = get_json(client, "/initiatives/t1.json")
    assert (said["state"], said["withdrawn_because"]) == ("withdrawn", "It was a hoax.")
    assert "statements" not in said
    assert "t1" not in [r["slug"] for r in get_json(client, "/initiatives.json")["results"]]
    asked = {"as_of": Change.objects.get(number=then).at.isoformat()}
    assert client.get("/initiatives/t1.json", asked).json()["state"] == "published"
    assert chief.post(f"/changes/{data_version()}/undo/").status_code == 302
    assert differing(everything(client), before) == []


def test_a_draft_that_is_withdrawn_was_never_public(client, chief):
    entered(client_of("editor"))
    assert chief.post("/initiatives/quokka-accord/withdraw/", {"why": "x"}).status_code == 302
    assert client.get("/initiatives/quokka-accord/").status_code == 404
    assert client.get("/initiatives/quokka-accord.json").status_code == 404


def test_the_record_page_leads_to_its_history_and_says_when_it_was_last_confirmed(client, record):
    text = page(client, "/initiatives/t1/")
    assert "/initiatives/t1/history/" in text
    assert "Last confirmed" in text


def test_names_of_drafts_do_not_stand_in_a_public_history(client, chief, record):
    hidden = cast.initiative("hidden", title="A hidden draft", state="draft")
    cast.carry(record.wholes.create(whole=hidden))
    assert "A hidden draft" not in page(client, "/initiatives/t1/history/")
    assert "A hidden draft" in page(chief, "/initiatives/t1/history/")
