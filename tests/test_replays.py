"""Forms that are sent again: by an impatient finger, after the Back button, by somebody else.

The same form by the same person is the same deed, done once. Anything else is a deed of its own: it
is done, or the answer says why not; what is so already stays so. No value that was typed vanishes
behind a page that says that it is saved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from initiatives.models import Evidence, Record
from initiatives.news.models import Proposal
from partners.history.changes import data_version
from tests import cast
from tests.documents import document, imported, initiative, step
from tests.people import PASSWORD, client_of
from tests.reading import body, plain
from tests.test_entering import EDIT, agreement, entered, published, sheet_of
from tests.test_undo_rules import disputed, edited

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("taken_back")]

TOKEN = "0b5cd9f2-3c1f-4f0e-9d0e-6a4f3f1f2a77"  # of one page, as it was opened


@dataclass(frozen=True)
class Form:
    """A form as a browser would send it; `other` is what somebody types after going back to it.

    For both that form sent again and the first one sent by another person: the status of the
    answer, how many changes that makes, and what the answer says.
    """

    address: str
    typed: dict[str, Any]
    other: dict[str, Any] = field(default_factory=dict)
    gone_back: tuple[int, int, str] = (302, 1, "")
    by_another: tuple[int, int, str] = (302, 0, "")


def proposed() -> tuple[list[int], list[int]]:
    """A step of t1 and the summary of t2 that wait to be decided, each with another for later."""
    slugs = ("t1", "t2")
    imported(document(*(initiative(slug, status=[step(date="2023")]) for slug in slugs)))
    imported(document(*(initiative(s, summary="As it is.") for s in slugs), article="second"))
    return tuple(
        list(Proposal.objects.filter(record__slug=slug).values_list("pk", flat=True))
        for slug in slugs
    )  # type: ignore[return-value]


def enter() -> Form:
    return Form(
        "/enter/",
        agreement(not_a_duplicate="on"),
        {"title": "Treaty of the burrowing quokkas"},
        by_another=(302, 1, ""),
    )


def edit() -> Form:
    published()
    meanwhile = (409, 0, "changed")
    typed = sheet_of(client_of("chief editor"), EDIT) | {"summary": "As it is now."}
    return Form(EDIT, typed, {"summary": "Typed after Back."}, meanwhile, meanwhile)


def publish() -> Form:
    entered(client_of("editor"))
    return Form("/initiatives/quokka-accord/publish/", {}, gone_back=(302, 0, ""))


def withdraw() -> Form:
    published()
    refused = (400, 0, "It was withdrawn already.")
    address = "/initiatives/quokka-accord/withdraw/"
    return Form(address, {"why": "a hoax"}, {"why": "a big hoax"}, refused, refused)


def undo() -> Form:
    published()
    number = edited(client_of("chief editor"), EDIT, summary="A mistake.")
    refused = (409, 0, f"change {number} was taken back already")
    address = f"/changes/{number}/undo/"
    return Form(address, {"why": "a slip"}, {"why": "a blunder"}, refused, refused)


def undo_a_run() -> Form:
    run = imported(document(initiative("t1")))
    refused = (409, 0, "the run changed nothing that still stands")
    return Form(f"/imports/{run.pk}/undo/", {"why": "x"}, {"why": "y"}, refused, refused)


def revert() -> Form:
    published()
    chief = client_of("chief editor")
    first = edited(chief, EDIT, summary="One.")
    second = edited(chief, EDIT, summary="Two.")
    edited(chief, EDIT, summary="Three.")
    address = "/initiatives/quokka-accord/revert/"
    return Form(address, {"number": first}, {"number": second}, by_another=(302, 1, ""))


def merge() -> Form:
    cast.initiative("t1", title="Quokka one", summary="Made up.")
    cast.initiative("t2", title="Quokka two", summary="Made up.")
    refused = (400, 0, "“Quokka two” was withdrawn.")
    typed = {"why": "the same", "take_title": "kept"}
    address = "/review/duplicates/t1/t2/merge/"
    return Form(address, typed, {"take_title": "other"}, refused, refused)


def set_apart() -> Form:
    cast.initiative("t1", title="Quokka programme")
    cast.initiative("t2", title="Quokka programme")
    address = "/review/duplicates/t1/t2/apart/"
    known = (302, 0, "They are not suggested again.")
    return Form(address, {"why": "two phases"}, {"why": "two countries"}, known, known)


def accept_a_batch() -> Form:
    first, second = proposed()
    typed = {"decision": "accept", "proposal": first}
    return Form("/review/", typed, {"proposal": second}, by_another=(302, 0, "decided meanwhile"))


def decide_one() -> Form:
    [[number], _others] = proposed()
    refused = (400, 0, "it was decided meanwhile: accepted")
    rejected = {"decision": "reject", "reason": "unreliable"}
    return Form(f"/review/{number}/", {"decision": "accept"}, rejected, refused, refused)


def judge() -> Form:
    said = [step(), step("signed", "2025", "They signed it in 2025.")]
    imported(document(initiative("t1", status=said)), publish=False)
    first, second = Evidence.objects.filter(state="proposed").values_list("pk", flat=True)
    return Form(
        "/review/drafts/", {"decision": "accept", "passage": [first]}, {"passage": [second]}
    )


def choose() -> Form:
    first, second = disputed()
    typed = {"kind": "statusstep", "statement": first.pk, "because": "the ministry"}
    return Form("/review/disputes/", typed, {"statement": second.pk}, by_another=(302, 1, ""))


def confirm() -> Form:
    """Twice on one day is once, whoever found it."""
    published()
    address = "/review/follow-up/confirm/quokka-accord/"
    return Form(address, {"why": "I rang them"}, {"why": "I wrote to them"}, (302, 0, ""))


FORMS = (
    enter, edit, publish, withdraw, undo, undo_a_run, revert, merge, set_apart, accept_a_batch,
    decide_one, judge, choose, confirm,
)  # fmt: skip
every_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)


def answer(client: Any, form: Form, **more: Any) -> tuple[int, int]:
    """The status of the answer, and how many changes were made."""
    status, made, _said = answered(client, form, **more)
    return status, made


def answered(client: Any, form: Form, **more: Any) -> tuple[int, int, str]:
    """The same, with what the answer says, or the page that it leads to."""
    before = data_version()
    response = client.post(form.address, {**form.typed, "token": TOKEN, **more})
    said = client.get(response["Location"]) if response.status_code == 302 else response
    return response.status_code, data_version() - before, plain(body(said))


@every_form
def test_the_same_form_by_the_same_person_is_done_once(form: Callable[[], Form]):
    sheet, chief = form(), client_of("chief editor")
    assert answer(chief, sheet) == (302, 1)
    for _again in range(2):
        assert answer(chief, sheet) == (302, 0)


@every_form
def test_a_form_that_is_gone_back_to_and_changed_is_done_or_refused(form: Callable[[], Form]):
    sheet, chief = form(), client_of("chief editor")
    status, made, words = sheet.gone_back
    assert answer(chief, sheet) == (302, 1)
    first, second, said = answered(chief, sheet, **sheet.other)
    assert (first, second) == (status, made)
    assert words in said


@every_form
def test_the_same_form_by_another_person_is_a_deed_of_its_own(form: Callable[[], Form]):
    sheet, another = form(), client_of("chief editor", "another")
    status, made, words = sheet.by_another
    assert answer(client_of("chief editor"), sheet) == (302, 1)
    first, second, said = answered(another, sheet)
    assert (first, second) == (status, made)
    assert words in said


def test_forms_of_one_page_under_one_token_are_each_done():
    imported(document(initiative("t1"), initiative("t2")))
    editor = client_of("editor")
    for slug in ("t1", "t2"):
        confirming = Form(f"/review/follow-up/confirm/{slug}/", {"why": "I rang them"})
        assert answer(editor, confirming) == (302, 1)
    assert Record.objects.filter(slug__in=["t1", "t2"], confirmed_on=None).count() == 0


def test_a_form_without_a_token_is_a_new_one_each_time():
    sheet, chief = undo(), client_of("chief editor")
    assert answer(chief, sheet, token="") == (302, 1)
    assert answer(chief, sheet, token="") == (409, 0)


def test_a_form_that_was_sent_is_not_done_again_by_logging_in_on_it():
    """The answer was lost with the session: the name and the password are no part of the form."""
    sheet, client = enter(), client_of("chief editor")
    assert answer(client, sheet) == (302, 1)
    client.logout()
    assert answer(client, sheet) == (401, 0)
    logging_in = {"username": "test-chief-editor", "password": PASSWORD}
    status, made, said = answered(client, sheet, **logging_in)
    assert (status, made) == (302, 0)
    assert "Quokka accord" in said
    assert Record.objects.filter(title="Quokka accord").count() == 1
