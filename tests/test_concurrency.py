"""Fifty at once: nothing is lost, nothing is done twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from initiatives.funding.counting import miscounted
from initiatives.models import Initiative, Participation, Record
from initiatives.news.models import Proposal
from partners.history.changes import Change, DataVersion, present
from tests.documents import document, imported, initiative, step
from tests.people import client_of
from tests.test_entering import agreement, sheet_of

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 50


@pytest.fixture(autouse=True)
def reference(empty: None) -> None:
    """Countries and blocs, really committed."""


def at_once(post: Callable[[int], Any]) -> Counter[int]:
    """Fifty requests that wait for each other before they start; how often each status came."""
    gate, found = threading.Barrier(MANY), []

    def one(n: int) -> None:
        try:
            gate.wait(timeout=60)
            found.append(post(n).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(n,)) for n in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=300)
    assert len(found) == MANY
    return Counter(found)


def clients(role: str) -> list[Any]:
    """Fifty browsers of fifty people."""
    return [client_of(role, f"test-{role.replace(' ', '-')}-{n}") for n in range(MANY)]


def whole() -> None:
    """Numbers follow each other without a gap, and the ledger is right."""
    numbers = list(Change.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    state = DataVersion.objects.get(pk=1)
    assert (state.number, state.writing) == (numbers[-1], False)
    assert list(miscounted()) == []


def test_fifty_editors_enter_fifty_agreements():
    browsers = clients("editor")
    answers = at_once(
        lambda n: browsers[n].post(
            "/enter/", agreement(title=f"Quokka accord {n}", not_a_duplicate="on")
        )
    )
    assert answers == {302: MANY}
    entered = Initiative.objects.filter(title__startswith="Quokka accord")
    assert entered.count() == MANY
    assert Participation.objects.filter(record__in=entered).count() == 2 * MANY
    whole()


def test_one_form_sent_fifty_times_enters_one_agreement():
    browser = client_of("editor")
    form = agreement()
    assert set(at_once(lambda n: browser.post("/enter/", form))) == {302}
    assert Initiative.objects.filter(title="Quokka accord").count() == 1
    whole()


def test_fifty_editors_of_one_record_overwrite_nothing():
    imported(document(initiative("t1", status=[step(date="2019")])))
    browsers = clients("chief editor")
    sheets = [sheet_of(browser, "/initiatives/t1/edit/") for browser in browsers]
    answers = at_once(
        lambda n: browsers[n].post(
            "/initiatives/t1/edit/", {**sheets[n], "summary": f"As {n} has it."}
        )
    )
    assert answers == {302: 1, 409: MANY - 1}
    assert Change.objects.filter(verb="edit").count() == 1
    whole()


def test_fifty_editors_decide_one_proposal_once():
    imported(document(initiative("t1", status=[step(date="2019")])))
    imported(document(initiative("t1", status=[step(date="2020")]), article="second"))
    proposal = Proposal.objects.get()
    browsers = clients("editor")
    at_once(
        lambda n: browsers[n].post(
            f"/review/{proposal.pk}/",
            {"decision": "accept"} if n % 2 else {"decision": "reject", "reason": "not-said"},
        )
    )
    proposal.refresh_from_db()
    assert Change.objects.filter(verb__in=("accept", "reject")).count() == 1
    dates = {str(s.date) for s in Record.objects.get(slug="t1").initiative.steps.current()}
    assert dates == ({"2020"} if proposal.state == "accepted" else {"2019"})
    whole()


def test_fifty_chief_editors_publish_and_undo_one_change_once():
    browser = client_of("editor")
    assert browser.post("/enter/", agreement()).status_code == 302
    browsers = clients("chief editor")
    at_once(lambda n: browsers[n].post("/initiatives/quokka-accord/publish/"))
    assert Record.objects.get(slug="quokka-accord").state == "published"
    published = Change.objects.get(verb="publish")
    answers = at_once(lambda n: browsers[n].post(f"/changes/{published.pk}/undo/"))
    assert answers == {302: 1, 409: MANY - 1}
    assert Record.objects.get(slug="quokka-accord").state == "in-review"
    assert Change.objects.filter(verb="undo").count() == 1
    whole()


def test_the_last_change_is_the_same_within_a_transaction_and_without():
    """It is asked in two ways; a change that is given up is gone from both."""
    made = present()
    assert made[0].number == DataVersion.objects.get(pk=1).number
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert present() == made
        Record.objects.create(type="initiative", slug="given-up", title="Given up")
        assert present()[0].number == made[0].number + 1
        raise ZeroDivisionError
    assert present() == made
