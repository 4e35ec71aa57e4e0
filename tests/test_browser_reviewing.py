"""The review in a real Chromium: by keyboard alone, on a phone, and sound to axe-core."""

from __future__ import annotations

import pytest
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from initiatives.models import StatusStep
from initiatives.news.models import Proposal
from tests import cast
from tests.browsing import DESK, OPEN_ALL, PHONE, Trouble, axe, fits
from tests.documents import document, imported, initiative, partner, step
from tests.people import person


def log_in(server: LiveServer, page: Page) -> None:
    """The browser is an editor's."""
    client = Client()
    client.force_login(person("editor"))
    cookie = client.cookies["sessionid"]
    page.context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": server.url}])
    page.set_viewport_size(DESK)
    page.emulate_media(reduced_motion="reduce")


def three_proposals() -> list[Proposal]:
    """A published record, and an article that says three other things of it."""
    imported(document(initiative(status=[step(date="2023")], summary="As it was.")))
    second = initiative(status=[step(date="2024")], summary="As it is.", title="Another title")
    imported(document(second, article="second-article"))
    return list(Proposal.objects.order_by("pk"))


def test_proposals_are_decided_with_the_keyboard_alone(
    empty: None, live_server: LiveServer, page: Page, trouble: Trouble
) -> None:
    first, second, third = three_proposals()
    log_in(live_server, page)
    page.goto(f"{live_server.url}/review/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/review/{first.pk}/**")
    page.keyboard.press("j")
    page.wait_for_url(f"**/review/{second.pk}/**")
    page.keyboard.press("k")
    page.wait_for_url(f"**/review/{first.pk}/**")
    page.keyboard.press("?")
    expect(page.get_by_text("choose a reason, then reject")).to_be_visible()
    page.keyboard.press("a")
    page.wait_for_url(f"**/review/{second.pk}/?*done=*")
    page.keyboard.press("r")
    expect(page.get_by_label("Reason")).to_be_focused()
    page.get_by_label("Reason").select_option("outdated")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/review/{third.pk}/?*done=*")
    page.keyboard.press("e")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Accept as edited")).to_be_visible()
    states = list(Proposal.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["accepted", "rejected", "pending"]


def test_the_pages_of_the_review_are_sound_wide_and_narrow(
    empty: None, live_server: LiveServer, page: Page, trouble: Trouble
) -> None:
    first, *_rest = three_proposals()
    waiting = initiative("draft-programme", partners=[partner()], status=[step()])
    imported(document(waiting, article="third-article"), publish=False)
    record = cast.initiative("disputed-programme", began="2023")
    StatusStep.objects.create(
        record=record, status="announced", date=cast.PartialDate.parse("2024-06")
    )
    for said in record.steps.all():
        cast.carry(said)
    log_in(live_server, page)
    for address in (
        "/review/",
        f"/review/{first.pk}/",
        "/review/drafts/",
        "/review/disputes/",
        "/review/?state=accepted",
    ):
        for size in (DESK, PHONE):
            page.set_viewport_size(size)
            page.goto(live_server.url + address)
            page.evaluate(OPEN_ALL)
            assert axe(page) == [], address
            assert fits(page), address


@pytest.mark.django_db(transaction=True)
def test_ticking_all_and_accepting_them_is_one_step(
    empty: None, live_server: LiveServer, page: Page, trouble: Trouble
) -> None:
    three_proposals()
    log_in(live_server, page)
    page.goto(f"{live_server.url}/review/")
    page.get_by_label("Tick all").check()
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="accepted:")).to_be_visible()
    assert set(Proposal.objects.values_list("state", flat=True)) == {"accepted"}
