"""Saved views in a real Chromium: kept by keyboard, and sound to axe-core, on a phone, in the dark."""

from __future__ import annotations

import re
from typing import Any

from django.core import mail
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from dashboards.watching.digest import send_due
from dashboards.watching.models import SavedView
from tests.browsing import DESK, OPEN_ALL, PHONE, Trouble, axe, fits
from tests.documents import step
from tests.people import PASSWORD, person
from tests.test_digest import NOON, link, way_out
from tests.test_watching import QUOKKAS, quokka
from tests.watching import reader, saved


def log_in(server: LiveServer, page: Page, client: Client) -> None:
    """The browser is whoever the client is."""
    cookie = client.cookies["sessionid"]
    page.context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": server.url}])
    page.set_viewport_size(DESK)
    page.emulate_media(reduced_motion="reduce")


def test_a_view_is_saved_and_deleted_and_brought_back_with_the_keyboard_alone(
    empty: None, live_server: LiveServer, page: Page, trouble: Trouble
) -> None:
    person("editor")
    quokka("q1", step("signed", "2023"))
    page.set_viewport_size(DESK)
    page.goto(f"{live_server.url}/charts/map/?q=quokka")
    page.get_by_role("button", name="Save this view").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/login/"))
    page.get_by_label("Username").focus()
    page.keyboard.type("test-editor")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/views/new/"))
    page.get_by_label("Name").focus()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("Quokkas on a map")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # shared
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/charts/map/\?q=quokka"))
    expect(page.locator("#messages")).to_contain_text("The view was saved.")
    assert SavedView.objects.get().shared
    page.goto(f"{live_server.url}/views/")
    page.get_by_role("link", name="Rename, share, mail, delete: Quokkas on a map").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Delete this view").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("No view saved yet")).to_be_visible()
    page.get_by_role("button", name="Bring it back").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Quokkas on a map", exact=True).click()
    page.wait_for_url(re.compile(r"/charts/map/\?q=quokka"))


def test_a_view_is_saved_without_scripts(
    empty: None, live_server: LiveServer, no_scripts: Page
) -> None:
    log_in(live_server, no_scripts, reader())
    no_scripts.goto(f"{live_server.url}/initiatives/?bloc=brics")
    no_scripts.get_by_role("button", name="Save this view").click()
    no_scripts.get_by_role("button", name="Save", exact=True).click()
    expect(no_scripts.locator("#messages")).to_contain_text("The view was saved.")
    assert SavedView.objects.get().name == "Initiatives run under BRICS"


def test_the_pages_of_saved_views_are_sound_wide_narrow_and_dark(
    empty: None, live_server: LiveServer, page: Page, trouble: Trouble, settings: Any
) -> None:
    settings.SENDS_MAIL = True
    settings.SITE_URL = "http://localhost"
    me = reader(email="test-reader@example.org")
    quokka("q1", step("signed", "2023"))
    view = saved(me, QUOKKAS, "Quokkas", mailed="on")
    saved(me, "/summits/?bloc=brics", "Summits of BRICS " + "x" * 80, shared="on")
    gone = saved(me, "/charts/map/", "To be deleted")
    me.post(f"/views/{gone.key}/delete/")
    SavedView.objects.filter(name__startswith="Summits").update(query="bloc=gone")
    quokka("q1", step("under-way", "2024", "Work on the quokkas began in 2024."), article="second")
    send_due(NOON)
    leave = way_out()
    me.post("/views/mail/", {"email": "new@example.org"})
    assert len(mail.outbox) == 2
    log_in(live_server, page, me)
    broken = SavedView.objects.get(query="bloc=gone")
    for address, status in (
        ("/views/", 200),
        ("/views/new/?address=/initiatives/%3Fbloc%3Dbrics", 200),
        ("/views/new/?address=/initiatives/%3Fbloc%3Dmoon", 400),
        (f"/views/{view.key}/edit/", 200),
        (f"/views/{view.key}/changes/", 200),
        (f"/views/{view.key}/changes/?since=2090-01-01", 200),
        (f"/views/{view.key}/changes/?since=x", 400),
        (f"/views/{broken.key}/", 400),
        (f"/views/{broken.key}/edit/", 200),
        ("/views/mail/", 200),
        (link(), 200),
        ("/views/mail/wrong/", 400),
        (leave, 200),
    ):
        for size, scheme in ((DESK, "light"), (PHONE, "dark")):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            answer = page.goto(live_server.url + address)
            assert answer and answer.status == status, address
            page.evaluate(OPEN_ALL)
            assert axe(page) == [], (address, scheme)
            assert fits(page), address
