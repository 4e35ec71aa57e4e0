"""The rest of the desk in a real Chromium: sound to axe-core, on a phone, in the dark, by keyboard."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from initiatives.models import Record
from partners.history.changes import data_version
from tests import cast
from tests.browsing import DESK, OPEN_ALL, PHONE, Trouble, axe, fits
from tests.documents import document, imported, initiative, money, partner, step
from tests.people import client_of


def log_in(server: LiveServer, page: Page) -> None:
    """The browser is a chief editor's."""
    cookie = client_of("chief editor").cookies["sessionid"]
    page.context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": server.url}])
    page.set_viewport_size(DESK)
    page.emulate_media(reduced_motion="reduce")


def a_past() -> None:
    """Two records that are much alike, one withdrawn, and one that ended long ago."""
    for slug, title in (
        ("t1", "Quokka satellite programme"),
        ("t2", "Quokka satellites programme"),
    ):
        said = initiative(
            slug, title=title, status=[step(date="2019")],
            partners=[partner()], funding=[money("m", period="2019/2020")],
        )  # fmt: skip
        imported(document(said, article=f"article-{slug}"))
    imported(document(initiative("t3", title="Wombat railway"), article="article-t3"))
    chief = client_of("chief editor")
    chief.post("/initiatives/t3/withdraw/", {"why": "It was a hoax."})


def test_the_pages_of_the_desk_are_sound_wide_narrow_and_dark(
    empty: None, live_server: LiveServer, page: Page, trouble: Trouble
) -> None:
    a_past()
    log_in(live_server, page)
    last = data_version()
    for address in (
        "/initiatives/t1/",
        "/initiatives/t1/edit/",
        "/initiatives/t1/history/",
        f"/initiatives/t3/history/?from={last - 1}&to={last}",
        "/initiatives/t1/withdraw/",
        "/initiatives/t3/",
        "/initiatives/?as_of=2026",
        "/changes/",
        f"/changes/{last}/",
        "/imports/1/",
        "/enter/drafts/",
        "/review/duplicates/",
        "/review/duplicates/t1/t2/",
        "/review/follow-up/ended/",
        "/review/follow-up/one-source/",
        "/review/follow-up/unconfirmed/",
        "/password/",
    ):
        for size, scheme in ((DESK, "light"), (PHONE, "dark")):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            answer = page.goto(live_server.url + address)
            assert answer and answer.status == 200, address
            page.evaluate(OPEN_ALL)
            assert axe(page) == [], (address, scheme)
            assert fits(page), address


def press_until(page: Page, name: str) -> None:
    """Go on with the tab key until the control of that name has the focus."""
    for _press in range(150):
        page.keyboard.press("Tab")
        text = page.evaluate(
            "(document.activeElement.innerText || document.activeElement.id || '').trim()"
        )
        if re.fullmatch(name, text):
            return
    raise AssertionError(f"{name} cannot be reached with the keyboard")


def test_a_record_is_withdrawn_and_that_undone_with_the_keyboard_alone(
    empty: None, live_server: LiveServer, page: Page, trouble: Trouble
) -> None:
    imported(document(initiative("t1", status=[step(date="2019")])))
    log_in(live_server, page)
    page.goto(f"{live_server.url}/initiatives/t1/")
    press_until(page, "Withdraw")
    page.keyboard.press("Enter")
    page.wait_for_url("**/withdraw/")
    press_until(page, "withdraw-why")
    page.keyboard.type("It was a hoax.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/initiatives/t1/")
    expect(page.get_by_text("It was a hoax.")).to_be_visible()
    press_until(page, "Its history.*")
    page.keyboard.press("Enter")
    page.wait_for_url("**/history/")
    press_until(page, "Undo this change")
    page.keyboard.press("Enter")
    page.wait_for_url("**/changes/*/")
    assert Record.objects.get(slug="t1").state == "published"


def test_two_records_are_merged_and_that_undone_with_the_keyboard_alone(
    empty: None, live_server: LiveServer, page: Page, trouble: Trouble
) -> None:
    a_past()
    log_in(live_server, page)
    page.goto(f"{live_server.url}/review/duplicates/")
    press_until(page, "(?s)Compare.*")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/duplicates/*/*/")
    press_until(page, "id_why")
    page.keyboard.type("One programme, written in two ways.")
    press_until(page, "Merge")
    page.keyboard.press("Enter")
    page.wait_for_url("**/initiatives/t*/")
    assert Record.objects.filter(merged_into__isnull=False).count() == 1
    merged = data_version()
    page.goto(f"{live_server.url}/changes/{merged}/")
    press_until(page, "Undo this change")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/changes/{merged + 1}/")
    assert not Record.objects.filter(merged_into__isnull=False).exists()


def test_the_history_is_read_and_compared_without_scripts(
    empty: None, live_server: LiveServer, no_scripts: Page
) -> None:
    record = cast.initiative("quokka", title="Quokka accord", began="2019")
    imported(document(initiative("t1"), article="other"))
    no_scripts.goto(f"{live_server.url}/initiatives/{record.slug}/history/")
    no_scripts.get_by_role("button", name="Compare").click()
    expect(no_scripts.get_by_role("heading", name=re.compile("From change"))).to_be_visible()


def test_the_menu_of_a_phone_leads_everywhere_also_to_ones_password(
    empty: None, live_server: LiveServer, page: Page, trouble: Trouble
) -> None:
    log_in(live_server, page)
    page.set_viewport_size(PHONE)
    page.goto(f"{live_server.url}/enter/")
    page.locator(".menu > summary").press("Enter")
    expect(page.locator(".menu")).to_have_attribute("open", "")
    assert axe(page, ".menu") == []
    assert fits(page)
    page.get_by_role("link", name="change your password").press("Enter")
    page.wait_for_url("**/password/")
    assert trouble.found == []
