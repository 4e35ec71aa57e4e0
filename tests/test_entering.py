"""Entering and editing a record by its sheet, as an editor does: through the address."""

from __future__ import annotations

import re
import uuid
from html import unescape
from typing import Any

import pytest

from dashboards.views import entering
from initiatives.desk.models import Draft
from initiatives.funding.models import Funding
from initiatives.models import (
    Alliance,
    Article,
    Evidence,
    Initiative,
    Record,
    StatusStep,
    Summit,
)
from partners.dates import PartialDate
from partners.history.changes import Change, Verb, change, data_version
from partners.models import Organisation
from tests.people import PASSWORD, client_of, person
from tests.reading import page, plain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("taken_back")]

TEXT = (
    "Made up for a test. Kenya and Brazil signed the Quokka accord in June 2024.\n"
    "Kenya puts in at least 7 million US dollars. The Quokka Bank joined\nin 2025."
)
SIGNED = "Kenya and Brazil signed the Quokka accord in June 2024."
PAID = "Kenya puts in at least 7 million US dollars."
JOINED = "The Quokka Bank joined in 2025."


def quokkas() -> Any:
    """The records that this test entered; the seeds are there before it."""
    return Record.objects.filter(title__contains="uokka")


def agreement(**more: str) -> dict[str, Any]:
    """What somebody types of a made-up agreement."""
    return {
        "type": "initiative",
        "title": "Quokka accord",
        "kind": "agreement",
        "summary": "Made up for a test.",
        "aliases": "The accord of the quokkas\r\n\r\n  QA ",
        "sectors": ["computing"],
        "token": str(uuid.uuid4()),
        "draft": str(uuid.uuid4()),
        "article-title": "Quokkas sign",
        "article-publisher": "Quokka Times",
        "article-url": "https://example.org/quokka",
        "article-published": "June 2024",
        "article-language": "en",
        "article-text": TEXT.replace("\n", "\r\n"),
        "partners-0-who": "Kenya",
        "partners-0-role": "founder",
        "partners-0-passage": SIGNED,
        "partners-3-who": "BRA",
        "partners-3-role": "founder",
        "partners-3-passage": SIGNED,
        "status-0-status": "signed",
        "status-0-date": "June 2024",
        "status-0-passage": SIGNED,
        "money-0-amount": "at least 7 million US dollars",
        "money-0-rung": "committed",
        "money-0-provider": "Kenya",
        "money-0-passage": PAID,
        **more,
    }


def entered(client: Any, **more: str) -> Initiative:
    response = client.post("/enter/", agreement(**more))
    assert response.status_code == 302, mistakes(response)
    return Initiative.objects.get(slug="quokka-accord")


def mistakes(response: Any) -> dict[str, str]:
    """What the page says is wrong, by the field that it links to."""
    text = response.content.decode()
    box = text.partition('id="mistakes"')[2].partition("</ul>")[0]
    return {field: plain(said) for field, said in re.findall(r'<a href="#([^"]*)">(.*?)</a>', box)}


def sheet_of(client: Any, address: str) -> dict[str, Any]:
    """The fields of a page's sheet as a browser would send them."""
    return fields_in(page(client, address))


def fields_in(text: str) -> dict[str, Any]:
    form = text.partition("data-entering")[2].partition("</form>")[0]
    form = re.sub(r"<template.*?</template>", "", form, flags=re.S)
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        at = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" not in at or at["name"] == "csrfmiddlewaretoken":
            continue
        if at.get("type") == "checkbox":
            if " checked" in tag:
                found.setdefault(at["name"], []).append(unescape(at["value"]))
        else:
            found[at["name"]] = unescape(at.get("value", ""))
    for name, body in re.findall(r'<textarea name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.S):
        found[name] = unescape(body).replace("\r\n", "\n").removeprefix("\n")
    for name, body in re.findall(r'<select name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', body)
        found[name] = unescape(chosen[1]) if chosen else ""
    return found


# --- Entering --------------------------------------------------------------------------------------


def test_an_agreement_is_entered_with_its_source_and_waits_for_review():
    version = data_version()
    record = entered(client_of("editor"))
    assert (record.state, record.kind, record.status) == ("in-review", "agreement", "signed")
    assert record.began and record.began.text == "2024-06"
    assert record.aliases == ["The accord of the quokkas", "QA"]
    assert [sector.slug for sector in record.sectors.all()] == ["computing"]
    assert {str(p.country) for p in record.participations.all()} == {"Kenya", "Brazil"}
    money = record.funding.get()
    assert (money.low, money.high, money.currency, money.rung) == (
        7_000_000,
        None,
        "USD",
        "committed",
    )
    article = Article.objects.get(title="Quokkas sign")
    assert (article.text, str(article.publisher)) == (TEXT, "Quokka Times")
    passages = {e.words: e for e in Evidence.objects.filter(article=article)}
    assert set(passages) == {SIGNED, PAID}
    assert {e.made_by for e in passages.values()} == {"editor"}
    assert {e.maker for e in passages.values()} == {"test-editor"}
    # One change, by whoever entered it.
    assert data_version() == version + 1
    made = Change.objects.get(number=version + 1)
    assert (made.verb, made.who, made.about) == ("enter", "test-editor", "Quokka accord")


def test_a_passage_is_found_across_the_line_breaks_of_the_article():
    record = entered(
        client_of("editor"),
        **{
            "partners-4-who": "Quokka Bank",
            "partners-4-role": "funder",
            "partners-4-since": "2025",
            "partners-4-new": "on",
            "partners-4-new-kind": "bank",
            "partners-4-new-country": "Kenya",
            "partners-4-passage": JOINED,
        },
    )
    bank = Organisation.objects.get(slug="quokka-bank")
    assert (bank.kind, str(bank.country)) == ("bank", "Kenya")
    taking_part = record.participations.get(organisation=bank)
    assert taking_part.carried.get().evidence.words == "The Quokka Bank joined\nin 2025."
    assert Organisation.objects.named("Quokka Bank") == bank


def test_the_same_text_pasted_again_is_the_same_article():
    client = client_of("editor")
    entered(client)
    second = agreement(title="Another thing entirely", **{"article-title": "Called otherwise"})
    assert client.post("/enter/", second).status_code == 302
    article = Article.objects.get(text=TEXT)
    assert article.passages.count() == 2


def test_an_alliance_and_a_summit_are_entered_on_the_same_page():
    client = client_of("editor")
    common = {k: v for k, v in agreement().items() if k.startswith(("article", "partners"))}
    said = {"dates-0-date": "14 June 2024", "dates-0-passage": SIGNED, "summary": "Made up."}
    alliance = {"type": "alliance", "title": "Quokka alliance", "dates-0-event": "founded"}
    assert client.post("/enter/", {**common, **said, **alliance}).status_code == 302
    assert Alliance.objects.get(slug="quokka-alliance").began.text == "2024-06-14"
    summit = {
        "type": "summit",
        "title": "3rd Quokka Summit",
        "series": "Quokka Summit",
        "ordinal": "3",
        "dates-0-event": "held",
    }
    assert client.post("/enter/", {**common, **said, **summit}).status_code == 302
    held = Summit.objects.get(slug="3rd-quokka-summit")
    assert (str(held.series), held.ordinal) == ("Quokka Summit", 3)
    again = client.post("/enter/", {**common, **said, **summit, "title": "Something else"})
    assert again.status_code == 400
    assert list(mistakes(again)) == ["ordinal"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", ""),
        ("kind", ""),
        ("kind", "spaceship"),
        ("sectors", "no-such-sector"),
        ("slug", "Not A Slug"),
        ("article-title", ""),
        ("article-url", "javascript:alert(1)"),
        ("article-published", "next week"),
        ("partners-0-who", "Atlantis"),
        ("partners-0-who", ""),
        ("partners-0-role", ""),
        ("partners-0-role", "spy"),
        ("partners-0-since", "31 February 2024"),
        ("partners-0-passage", "Words that nobody printed."),
        ("status-0-status", ""),
        ("status-0-date", "soon"),
        ("money-0-amount", "a lot"),
        ("money-0-amount", "7 million"),
        ("money-0-amount", ""),
        ("money-0-rung", ""),
        ("money-0-provider", "Atlantis"),
        ("money-0-part_of", "no-such-key"),
        ("money-0-sector", "no-such-sector"),
        ("money-0-missing", "undisclosed"),
        ("blocs-0-bloc", "The Moon"),
        ("labels-0-label", "no such label"),
        ("part_of-0-whole", "no such initiative"),
        ("figures-0-value", "many"),
        ("partners-0-statement", "12345"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(name, value):
    client, before = client_of("editor"), data_version()
    typed = agreement(**{name: value})
    if name == "article-title":
        typed[name] = value
    response = client.post("/enter/", typed)
    assert response.status_code == 400
    expected = "partners-0-who" if name == "partners-0-statement" else name
    assert expected in mistakes(response)
    assert not quokkas().exists()
    assert data_version() == before
    kept = fields_in(response.content.decode())
    for field in ("title", "summary", "article-text", "partners-3-who", "money-0-purpose"):
        assert kept[field] == str(typed.get(field, "")).replace("\r\n", "\n")


@pytest.mark.parametrize("name", ["partners-0-who", "money-0-provider"])
def test_a_bloc_is_sent_to_where_blocs_stand(name):
    response = client_of("editor").post("/enter/", agreement(**{name: "BRICS"}))
    said = mistakes(response)[name]
    assert "is a bloc" in said and "Run under" in said and "organisation that is" not in said
    assert 'row__new" open' not in response.content.decode()


def test_an_unknown_name_shows_where_an_organisation_is_added():
    response = client_of("editor").post("/enter/", agreement(**{"partners-0-who": "Atlantis"}))
    page = response.content.decode()
    said = mistakes(response)["partners-0-who"]
    for label in ("A new organisation", "An organisation that is not known yet"):
        assert f"“{label}”" in said and label in page
    assert page.count('row__new" open') == 1


def test_an_amount_without_a_number_says_why():
    client = client_of("editor")
    record = entered(client, **{"money-0-amount": "", "money-0-missing": "undisclosed"})
    assert (record.funding.get().low, record.funding.get().missing) == (None, "undisclosed")


def test_the_same_money_in_two_currencies_is_two_statements_of_which_one_restates_the_other():
    record = entered(client_of("editor"), **{"money-0-amount": "50 million CNY (7 million USD)"})
    money = {str(row.currency): row for row in record.funding.all()}
    assert money["USD"].restates == money["CNY"]
    assert {c.evidence.words for row in money.values() for c in row.carried.all()} == {PAID}


def test_a_form_sent_twice_makes_one_record():
    client, typed = client_of("editor"), agreement()
    first, second = (client.post("/enter/", typed) for _ in range(2))
    assert first["Location"] == second["Location"] == "/initiatives/quokka-accord/"
    assert quokkas().count() == 1


def test_a_token_sent_again_with_other_content_or_by_another_person_is_not_lost():
    client, typed = client_of("editor"), agreement()
    assert client.post("/enter/", typed)["Location"] == "/initiatives/quokka-accord/"
    other = typed | {"title": "Treaty of the burrowing quokkas", "not_a_duplicate": "on"}
    response = client.post("/enter/", other)
    assert response["Location"] == "/initiatives/treaty-of-the-burrowing-quokkas/"
    for _twice in range(2):
        response = client_of("editor", "another").post("/enter/", other)
        assert response["Location"] == "/initiatives/treaty-of-the-burrowing-quokkas-2/"
    assert quokkas().count() == 3


def test_what_looks_the_same_is_entered_only_as_another_one():
    client = client_of("editor")
    entered(client)
    response = client.post("/enter/", agreement())
    assert response.status_code == 400
    assert list(mistakes(response)) == ["not_a_duplicate"]
    assert "/initiatives/quokka-accord/" in response.content.decode()
    response = client.post("/enter/", agreement(not_a_duplicate="on"))
    assert response["Location"] == "/initiatives/quokka-accord-2/"


def test_checking_shows_how_texts_are_understood_and_saves_nothing():
    response = client_of("editor").post("/enter/", agreement(check="1", **{"status-0-passage": ""}))
    text = plain(response.content.decode())
    assert response.status_code == 200
    assert "everything is understood" in text
    assert "Steps: no words of the article carry it yet" in text
    assert "at least USD\xa07\xa0million" in text or "at least USD 7 million" in text
    assert not quokkas().exists()


def test_a_row_is_added_without_a_script_and_everything_typed_stays():
    response = client_of("editor").post("/enter/", agreement(add="money"))
    fields = fields_in(response.content.decode())
    assert response.status_code == 200
    assert fields["money-1-amount"] == ""
    assert fields["partners-3-who"] == "BRA"
    assert not quokkas().exists()


# --- Editing ---------------------------------------------------------------------------------------

EDIT = "/initiatives/quokka-accord/edit/"


def published(**more: str) -> Initiative:
    record = entered(client_of("chief editor"), publish="1", **more)
    assert record.state == "published"
    return record


def test_saving_any_seed_record_as_it_is_shown_changes_nothing():
    client, before = client_of("chief editor"), data_version()
    for record in Record.objects.all():
        address = f"{record.get_absolute_url()}edit/"
        response = client.post(address, sheet_of(client, address))
        assert response.status_code == 302, (address, mistakes(response))
    assert data_version() == before


def test_a_row_of_a_draft_is_saved_over_and_the_others_stay_untouched():
    record, client = entered(client_of("editor")), client_of("editor")
    before = {p.pk: p.fingerprint for p in record.participations.all()}
    money = record.funding.get()
    typed = sheet_of(client, EDIT)
    assert typed["money-0-amount"] == "at least 7 million US dollars"
    typed |= {"money-0-amount": "8 million US dollars", "title": "Quokka accord, renamed"}
    assert client.post(EDIT, typed).status_code == 302
    record.refresh_from_db()
    assert record.title == "Quokka accord, renamed"
    assert {p.pk: p.fingerprint for p in record.participations.all()} == before
    saved = record.funding.get()
    assert (saved.pk, saved.low, saved.high) == (money.pk, 8_000_000, 8_000_000)
    assert saved.carried.get().evidence.words == PAID


def test_a_row_of_a_published_record_is_superseded_and_keeps_its_words():
    record, client = published(), client_of("chief editor")
    old = record.funding.get()
    typed = sheet_of(client, EDIT) | {"money-0-amount": "7m USD", "why": "read it again"}
    assert client.post(EDIT, typed).status_code == 302
    old.refresh_from_db()
    new = record.funding.current().get()
    assert (new.supersedes, new.high, new.key) == (old, 7_000_000, old.key)
    assert (old.retired_because, old.high) == ("read it again", None)
    assert new.carried.get().evidence.words == PAID
    assert Change.objects.order_by("-number").first().verb == "edit"


def test_what_points_at_corrected_money_still_counts_once():
    record = published(**{"money-0-amount": "50 million CNY (7 million USD)"})
    client = client_of("chief editor")
    typed = sheet_of(client, EDIT)
    number = next(n for n in "01" if typed[f"money-{n}-restates"] == "")
    response = client.post(EDIT, typed | {f"money-{number}-rung": "signed"})
    assert (response.status_code, list(mistakes(response))) == (400, [f"money-{number}-rung"])
    typed |= {f"money-{number}-purpose": "for burrows"}
    assert client.post(EDIT, typed).status_code == 302
    other = record.funding.current().exclude(restates=None).get()
    assert other.restates.superseded_by.get().purpose == "for burrows"


def test_a_published_statement_is_taken_away_only_with_a_reason():
    record, client = published(), client_of("chief editor")
    typed = sheet_of(client, EDIT) | {"partners-1-gone": "on"}
    response = client.post(EDIT, typed)
    assert (response.status_code, list(mistakes(response))) == (400, ["why"])
    assert client.post(EDIT, typed | {"why": "Brazil left"}).status_code == 302
    gone = record.participations.exclude(retired_at=None).get()
    assert (str(gone.country), gone.retired_because) == ("Brazil", "Brazil left")


def test_a_row_of_a_draft_is_deleted():
    record, client = entered(client_of("editor")), client_of("editor")
    typed = sheet_of(client, EDIT) | {"partners-1-gone": "on"}
    assert client.post(EDIT, typed).status_code == 302
    assert [str(p.country) for p in record.participations.all()] == ["Kenya"]


def test_a_published_record_gets_no_value_without_words():
    client = client_of("chief editor")
    published()
    typed = sheet_of(client, EDIT) | {"status-1-status": "completed", "status-1-date": "2025"}
    response = client.post(EDIT, typed)
    assert (response.status_code, list(mistakes(response))) == (400, ["status-1-passage"])
    assert StatusStep.objects.filter(record__slug="quokka-accord").count() == 1


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"summary": ""}, {"summary": "the summary is missing"}),
        (
            {"status-5-status": "announced", "status-5-date": "2025", "status-5-passage": SIGNED},
            {"status-0-date": "is dated before"},
        ),
        ({"status-0-date": "2030"}, {}),
    ],
)
def test_a_published_record_is_not_edited_into_what_could_not_be_published(typed, wrong):
    record, client, before = published(), client_of("chief editor"), data_version()
    response = client.post(EDIT, sheet_of(client, EDIT) | typed)
    assert response.status_code == (400 if wrong else 302)
    said = mistakes(response) if wrong else {}
    assert list(said) == list(wrong)
    assert all(wrong[name] in said[name] for name in wrong)
    assert data_version() == before + (not wrong)
    record.refresh_from_db()
    assert record.summary == "Made up for a test."


def test_a_fault_that_a_published_record_had_before_does_not_bar_other_edits():
    record, client = published(), client_of("chief editor")
    Initiative.objects.filter(pk=record.pk).update(summary="")
    typed = sheet_of(client, EDIT) | {"money-0-purpose": "for burrows"}
    assert client.post(EDIT, typed).status_code == 302


def test_words_are_added_to_a_row_and_taken_off_it():
    record, client = entered(client_of("editor")), client_of("editor")
    typed = sheet_of(client, EDIT)
    typed["partners-0-passage"] = f"{SIGNED}\r\n{PAID}"
    typed["partners-1-passage"] = ""
    assert client.post(EDIT, typed).status_code == 302
    kenya, brazil = record.participations.order_by("pk")
    assert {c.evidence.words for c in kenya.carried.all()} == {SIGNED, PAID}
    assert not brazil.carried.exists()


def test_a_statement_cannot_be_said_twice():
    entered(client_of("editor"))
    client = client_of("editor")
    typed = sheet_of(client, EDIT) | {"partners-2-who": "Kenya", "partners-2-role": "founder"}
    response = client.post(EDIT, typed)
    assert (response.status_code, list(mistakes(response))) == (400, ["partners-2-who"])


def test_an_initiative_is_not_made_a_part_of_itself():
    entered(client_of("editor"))
    client = client_of("editor")
    typed = sheet_of(client, EDIT) | {"part_of-0-whole": "quokka-accord"}
    response = client.post(EDIT, typed)
    assert (response.status_code, list(mistakes(response))) == (400, ["part_of-0-whole"])


def test_an_editor_does_not_edit_what_is_published():
    published()
    assert client_of("editor").get(EDIT).status_code == 403
    assert client_of("editor").post(EDIT, {"title": "Mine"}).status_code == 403


# --- Two editors -----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["in-review", "published"])
def test_the_second_of_two_editors_is_shown_what_changed_and_overwrites_nothing(state):
    record = published() if state == "published" else entered(client_of("editor"))
    first, second = client_of("chief editor", "first"), client_of("chief editor", "second")
    one, two = sheet_of(first, EDIT), sheet_of(second, EDIT)
    one |= {"partners-0-role": "lead", "summary": "What the first editor wrote."}
    assert first.post(EDIT, one).status_code == 302
    before = data_version()
    two |= {"money-0-purpose": "for burrows", "title": "Quokka accord II"}
    response = second.post(EDIT, two)
    assert response.status_code == 409
    assert data_version() == before
    text = response.content.decode()
    table = plain(text.partition('id="meanwhile"')[2].partition("</section>")[0])
    assert "first" in table
    assert "What the first editor wrote." in table
    # What was typed stays; what was not touched is as it is by now.
    now = fields_in(text)
    assert (now["money-0-purpose"], now["title"]) == ("for burrows", "Quokka accord II")
    assert (now["partners-0-role"], now["summary"]) == ("lead", "What the first editor wrote.")
    assert second.post(EDIT, now).status_code == 302
    record.refresh_from_db()
    assert (record.title, record.summary) == ("Quokka accord II", "What the first editor wrote.")
    current = record.participations.current()
    assert sorted(current.values_list("role", flat=True)) == ["founder", "lead"]
    assert record.funding.current().get().purpose == "for burrows"


def test_a_row_that_both_changed_becomes_a_correction_of_the_first_one():
    record = published()
    first, second = client_of("chief editor", "first"), client_of("chief editor", "second")
    one, two = sheet_of(first, EDIT), sheet_of(second, EDIT)
    assert first.post(EDIT, one | {"money-0-purpose": "burrows"}).status_code == 302
    response = second.post(EDIT, two | {"money-0-purpose": "tunnels"})
    assert response.status_code == 409
    assert second.post(EDIT, fields_in(response.content.decode())).status_code == 302
    money = record.funding.current().get()
    assert (money.purpose, money.supersedes.purpose) == ("tunnels", "burrows")


def test_a_change_made_while_the_sheet_is_opened_is_noticed_on_saving(monkeypatch):
    record, client = entered(client_of("editor")), client_of("editor")
    opened = entering._editable

    def changed_after(*asked: Any) -> Any:
        found = opened(*asked)
        with change(Verb.EDIT):
            Initiative.objects.get(pk=record.pk).steps.update(date=PartialDate.parse("2023"))
        return found

    monkeypatch.setattr(entering, "_editable", changed_after)
    before = data_version()
    typed = sheet_of(client, EDIT)
    assert int(typed["version"]) == before < data_version()


# --- Drafts ----------------------------------------------------------------------------------------


def test_a_draft_keeps_everything_right_or_wrong_and_is_gone_once_it_is_saved():
    client = client_of("editor")
    typed = agreement(**{"status-0-date": "one fine day", "money-7-amount": "a lot\x00"})
    kept = client.post("/enter/draft/", typed).json()
    assert kept["key"] == typed["draft"]
    assert client.post("/enter/draft/", typed).json()["key"] == kept["key"]
    assert Draft.objects.count() == 1
    assert "Quokka accord" in page(client, "/enter/drafts/")
    again = sheet_of(client, f"/enter/?draft={kept['key']}")
    assert again["status-0-date"] == "one fine day"
    assert again["money-7-amount"] == "a lot"
    assert again["partners-3-who"] == "BRA"
    again |= {"status-0-date": "June 2024", "money-7-amount": ""}
    response = client.post("/enter/", again)
    assert response.status_code == 302, mistakes(response)
    assert not Draft.objects.exists()


def test_a_draft_is_kept_whatever_its_fields_are_called():
    client = client_of("editor")
    assert (
        client.post("/enter/draft/", {"ti\x00tle": "Quokka", "to\x00ken": "x"}).status_code == 200
    )
    kept = Draft.objects.get().data
    assert kept["title"] == ["Quokka"]
    assert "token" not in kept


def test_without_a_script_keeping_a_draft_leads_back_to_it():
    client, typed = client_of("editor"), agreement()
    response = client.post("/enter/draft/", typed, HTTP_ACCEPT="text/html")
    assert response["Location"] == f"/enter/?draft={typed['draft']}"


def test_a_draft_of_an_edit_is_gone_on_with_on_its_record():
    entered(client_of("editor"))
    client = client_of("editor")
    typed = sheet_of(client, EDIT) | {"money-0-purpose": "for burrows"}
    key = client.post("/enter/draft/", typed).json()["key"]
    response = client.get(f"/enter/?draft={key}")
    assert response["Location"] == f"{EDIT}?draft={key}"
    again = sheet_of(client, response["Location"])
    assert again["money-0-purpose"] == "for burrows"
    assert client.post(EDIT, again).status_code == 302
    assert Funding.objects.get(record__slug="quokka-accord").purpose == "for burrows"


def test_a_draft_is_its_owner_s_alone():
    typed = agreement()
    client_of("editor").post("/enter/draft/", typed)
    other = client_of("editor", "another")
    assert other.get(f"/enter/?draft={typed['draft']}").status_code == 404
    assert other.post("/enter/draft/", typed).json()["key"] != typed["draft"]
    other.post("/enter/drafts/", {"delete": typed["draft"]})
    assert Draft.objects.filter(key=typed["draft"]).exists()
    client_of("editor").post("/enter/drafts/", {"delete": typed["draft"]})
    assert not Draft.objects.filter(key=typed["draft"]).exists()
    assert client_of("editor").get("/enter/?draft=nonsense").status_code == 404


# --- The session has ended -------------------------------------------------------------------------


def test_whoever_was_logged_out_logs_in_on_the_sheet_and_loses_nothing():
    person("editor")
    client, typed = client_of(), agreement()
    response = client.post("/enter/", typed)
    assert response.status_code == 401
    again = fields_in(response.content.decode())
    assert again["partners-3-who"] == "BRA"
    assert again["sectors"] == ["computing"]
    assert again["token"] == typed["token"]
    wrong = client.post("/enter/", again | {"username": "test-editor", "password": "wrong"})
    assert wrong.status_code == 401
    assert not quokkas().exists()
    again = fields_in(wrong.content.decode())
    response = client.post("/enter/", again | {"username": "test-editor", "password": PASSWORD})
    assert response.status_code == 302, mistakes(response)
    assert quokkas().get().participations.count() == 2


def test_a_stranger_learns_nothing_of_a_draft_by_sending_its_sheet():
    entered(client_of("editor"))
    there, not_there = (
        client_of().post(f"/initiatives/{slug}/edit/", {"title": "Mine"})
        for slug in ("quokka-accord", "no-such-thing")
    )
    assert there.status_code == not_there.status_code == 401
    assert "uokka" not in there.content.decode().replace("/initiatives/quokka-accord", "")


def test_an_edit_goes_on_after_logging_in_again():
    record = entered(client_of("editor"))
    client = client_of("editor")
    typed = sheet_of(client, EDIT) | {"money-0-purpose": "for burrows"}
    client.logout()
    response = client.post(EDIT, typed)
    assert response.status_code == 401
    again = fields_in(response.content.decode())
    response = client.post(EDIT, again | {"username": "test-editor", "password": PASSWORD})
    assert response.status_code == 302, mistakes(response)
    assert record.funding.get().purpose == "for burrows"
    assert record.participations.count() == 2


def test_a_stranger_who_opens_the_sheet_is_sent_to_log_in():
    assert client_of().get("/enter/")["Location"] == "/login/?next=/enter/"
