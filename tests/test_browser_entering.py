"""Entering a record in a real Chromium: with the mouse, with the keyboard alone, in the dark, on a
phone, and as fast as it goes.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from initiatives.desk.models import Draft
from initiatives.models import Initiative
from tests import cast
from tests.browsing import DESK, PHONE, Trouble, axe, fits
from tests.people import PASSWORD, person

TEXT = (
    "Kenya and Brazil signed an agreement on 23 June 2024. It is worth $5m. "
    "The University of Nairobi will lead it."
)


@pytest.fixture
def desk(empty: None, live_server: LiveServer, page: Page, trouble: Trouble) -> str:
    """A site with the reference data, on which a chief editor is logged in."""
    return log_in(live_server, page, "chief editor")


def log_in(server: LiveServer, page: Page, role: str) -> str:
    user = person(role)
    page.set_viewport_size(DESK)
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{server.url}/login/")
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda address: "/login/" not in address)
    return server.url


def rows(page: Page, name: str) -> Locator:
    return page.locator(f"[data-rows={name}] > [data-row], [data-rows={name}] div > [data-row]")


def add_row(page: Page, name: str) -> Locator:
    before = rows(page, name).count()
    page.locator(f"[data-rows={name}] [data-add-row]").click()
    expect(rows(page, name)).to_have_count(before + 1)
    return rows(page, name).last


def field(row: Locator, name: str) -> Locator:
    return row.locator(f"[name$='-{name}']")


def paste(page: Page, text: str = TEXT) -> None:
    page.locator("[name=article-text]").fill(text)


def sentence(page: Page, words: str) -> Locator:
    return page.locator("[data-sentence]", has_text=words).first


# --- Suggestions ---------------------------------------------------------------------------------


def test_a_name_is_suggested_and_taken_with_the_keyboard(desk: str, page: Page) -> None:
    page.goto(f"{desk}/enter/?type=initiative")
    who = field(add_row(page, "partners"), "who")
    expect(who).to_be_focused()
    expect(who).to_have_role("combobox")
    page.keyboard.type("keny")
    options = page.locator(".suggestion")
    expect(options.first).to_contain_text("Kenya")
    expect(who).to_have_attribute("aria-expanded", "true")
    active = who.get_attribute("aria-activedescendant")
    expect(page.locator(f"#{active}")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(who).to_have_value("Kenya")
    expect(options).to_have_count(0)
    who.fill("guinea")
    expect(options).not_to_have_count(0)
    page.keyboard.press("ArrowDown")
    second = options.nth(1).inner_text()
    page.keyboard.press("Tab")
    assert second.startswith(who.input_value())
    expect(who).not_to_be_focused()


def test_suggestions_never_hold_the_reader(desk: str, page: Page) -> None:
    page.goto(f"{desk}/enter/?type=initiative")
    who = field(add_row(page, "partners"), "who")
    page.keyboard.type("guin")
    expect(page.locator(".suggestion").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".suggestion")).to_have_count(0)
    expect(who).to_have_value("guin")
    page.keyboard.type("e")
    expect(page.locator(".suggestion").first).to_be_visible()
    page.keyboard.press("Tab")
    expect(who).not_to_be_focused()
    expect(who).to_have_value("guine")
    who.fill("brazi")
    page.locator(".suggestion", has_text="Brazil").click()
    expect(who).to_have_value("Brazil")


# --- As it is understood -------------------------------------------------------------------------


def test_what_is_typed_is_said_back_at_once(desk: str, page: Page) -> None:
    page.goto(f"{desk}/enter/?type=initiative")
    since = field(add_row(page, "partners"), "since")
    row = rows(page, "partners").last
    said = row.locator("[data-understood]").first
    since.fill("Jun 2024")
    expect(said).to_have_text("June 2024 (1–30 June 2024)")
    since.fill("03/04/2024")
    expect(said).to_contain_text("write the month as a word")
    expect(since).to_have_attribute("aria-invalid", "true")
    since.fill("")
    expect(said).to_have_text("")
    assert since.get_attribute("aria-invalid") is None


def test_a_record_that_is_there_already_is_shown_while_the_title_is_typed(
    desk: str, page: Page
) -> None:
    cast.initiative("zebra", title="Zebra computing network of Kenya")
    page.goto(f"{desk}/enter/?type=initiative")
    page.locator("[name=title]").fill("The Zebra computing network")
    expect(page.locator(".alike a")).to_have_text("Zebra computing network of Kenya")
    page.locator("[name=title]").fill("Something else altogether")
    expect(page.locator(".alike a")).to_have_count(0)


# --- Passages ------------------------------------------------------------------------------------


def test_a_sentence_is_attached_to_the_row_and_taken_off_again(desk: str, page: Page) -> None:
    page.goto(f"{desk}/enter/?type=initiative")
    paste(page)
    expect(page.locator("[data-sentence]")).to_have_count(3)
    who = field(add_row(page, "partners"), "who")
    who.fill("Kenya")
    expect(page.locator(".attach-to")).to_contain_text("Kenya")
    row, first = rows(page, "partners").last, sentence(page, "Kenya and Brazil")
    first.click()
    expect(first).to_have_attribute("aria-pressed", "true")
    assert field(row, "passage").input_value() == TEXT.split(" It is")[0]
    expect(row.locator(".passages q")).to_have_count(1)
    sentence(page, "Nairobi").click()
    expect(row.locator(".passages q")).to_have_count(2)
    first.click()
    expect(first).to_have_attribute("aria-pressed", "false")
    row.get_by_role("button", name="Take off").click()
    expect(row.locator(".passages q")).to_have_count(0)
    expect(field(row, "passage")).to_have_value("")


def test_words_are_attached_with_the_keyboard_alone(desk: str, page: Page) -> None:
    page.goto(f"{desk}/enter/?type=initiative")
    paste(page)
    row = add_row(page, "partners")
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+s")
    expect(sentence(page, "Kenya and Brazil")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(sentence(page, "It is worth")).to_be_focused()
    page.keyboard.press("Enter")
    expect(field(row, "passage")).to_have_value("It is worth $5m.")
    page.keyboard.press("ArrowUp")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Alt+a")
    expect(field(row, "passage")).to_have_value("It is worth $5m.\nKenya and Brazil")
    page.keyboard.press("Escape")
    expect(field(row, "who")).to_be_focused()


def test_words_selected_with_the_mouse_are_attached_as_they_are(desk: str, page: Page) -> None:
    page.goto(f"{desk}/enter/?type=initiative")
    paste(page)
    row = add_row(page, "partners")
    sentence(page, "Kenya and Brazil").dblclick(position={"x": 6, "y": 8})
    expect(row.locator(".passages q")).to_have_text(["Kenya"])


# --- Nothing is lost -----------------------------------------------------------------------------


def test_the_draft_keeps_itself_and_is_there_on_return(desk: str, page: Page) -> None:
    page.goto(f"{desk}/enter/?type=initiative")
    page.locator("[name=title]").fill("Zebra network")
    field(add_row(page, "partners"), "who").fill("Nobody knows")
    for _ in range(60):
        kept = Draft.objects.first()
        if kept and ["Nobody knows"] in kept.data.values():
            break
        page.wait_for_timeout(250)
    expect(page.locator("[data-draft-status]")).to_contain_text("Draft kept at")
    key = page.locator("[name=draft]").input_value()
    assert key
    page.goto(f"{desk}/enter/?draft={key}")
    expect(page.locator("[name=title]")).to_have_value("Zebra network")
    expect(page.locator("[name^=partners-][name$=-who]").last).to_have_value("Nobody knows")


COME_BACK = "document.dispatchEvent(new Event('visibilitychange'))"


def log_in_again(desk: str, page: Page) -> None:
    """Log out and in on another page of the same browser."""
    username = get_user_model().objects.get().username
    other = page.context.new_page()
    other.goto(f"{desk}/enter/")
    other.get_by_role("button", name="Log out").click()
    other.goto(f"{desk}/login/")
    other.get_by_label("Username").fill(username)
    other.get_by_label("Password").fill(PASSWORD)
    other.locator("main").get_by_role("button", name="Log in").click()
    other.wait_for_url(lambda address: "/login/" not in address)
    other.close()


def test_a_draft_is_kept_after_logging_in_again_on_another_page(desk: str, page: Page) -> None:
    page.goto(f"{desk}/enter/?type=initiative")
    log_in_again(desk, page)
    page.locator("[name=title]").fill("Zebra network")
    expect(page.locator("[data-draft-status]")).to_contain_text("Draft kept at", timeout=9000)


def test_saving_works_after_logging_in_again_on_another_page(desk: str, page: Page) -> None:
    page.goto(f"{desk}/enter/?type=initiative")
    page.locator("[name=title]").fill("Zebra network")
    log_in_again(desk, page)
    page.evaluate(COME_BACK)
    with page.expect_response(lambda r: r.request.is_navigation_request()) as answered:
        page.locator("[data-save]").click()
    assert answered.value.status != 403
    expect(page.locator("[name=title]").or_(page.locator("h1")).first).to_be_visible()


def test_whoever_is_logged_out_is_told_so(desk: str, page: Page) -> None:
    page.goto(f"{desk}/enter/?type=initiative")
    page.locator("[name=title]").fill("Zebra network")
    page.context.clear_cookies()
    page.evaluate(COME_BACK)
    expect(page.locator("[data-draft-status]")).to_contain_text("you are logged out")
    expect(page.locator("[name=title]")).to_have_value("Zebra network")


def test_a_full_stop_of_an_abbreviation_ends_no_sentence(desk: str, page: Page) -> None:
    page.goto(f"{desk}/enter/?type=initiative")
    said = [
        "Dr. A. Kamau met Mr. Silva of the U.S. State Department.",
        "They signed No. 5 of the series.",
        "Was it late? No.",
        "They left.",
    ]
    paste(page, " ".join(said))
    expect(page.locator("[data-sentence]")).to_have_text(
        [*said[:2], "Was it late?", "No.", said[3]]
    )


# --- Sound for everyone --------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_is_accessible_with_rows_suggestions_and_passages(
    desk: str, page: Page, scheme: Any
) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{desk}/enter/?type=initiative")
    assert axe(page) == []
    paste(page)
    row = add_row(page, "partners")
    sentence(page, "Nairobi").click()
    field(row, "since").fill("03/04/2024")
    expect(row.locator(".understood--wrong")).not_to_be_empty()
    field(row, "who").press_sequentially("guin")
    expect(page.locator(".suggestion").first).to_be_visible()
    assert axe(page) == []
    page.set_viewport_size(PHONE)
    assert axe(page) == []
    assert fits(page)


def test_the_shortcuts_are_listed_on_a_question_mark(desk: str, page: Page) -> None:
    page.goto(f"{desk}/enter/?type=initiative")
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("From a field to the sentences")
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator("[name=title]").press("?")
    expect(page.locator("[name=title]")).to_have_value("?")


# --- One real agreement, from the article to published ---------------------------------------------

NEWS = json.loads((settings.BASE_DIR / "fixtures" / "news" / "digital-silk-road.json").read_text())
TORCH = next(record for record in NEWS["records"] if record["key"] == "unsw-torch")


class Walk:
    """Somebody at the page; `interactions` counts what they do, a field that is typed as one.

    `pages` are the addresses that were opened one after the other.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.interactions = 0
        self.pages: list[str] = []
        page.on("load", lambda: self.pages.append(page.url))

    def goto(self, address: str) -> None:
        self.page.goto(address)

    def type(self, where: Locator, text: str) -> None:
        self.interactions += 1
        where.fill(text)

    def choose(self, where: Locator, value: str) -> None:
        self.interactions += 1
        where.select_option(value)

    def click(self, where: Locator) -> None:
        self.interactions += 1
        where.click()

    def attach(self, words: str) -> None:
        self.click(sentence(self.page, words))

    def row(self, name: str) -> Locator:
        self.interactions += 1
        return add_row(self.page, name)


def said_of(section: str, place: int) -> str:
    """The words of the article that carry a row of the seed record."""
    return TORCH[section][place]["quote"]


def published_torch() -> Initiative:
    """The record as it was published, checked against the seed, each value with its evidence."""
    record = Initiative.objects.get(title="UNSW Torch")
    assert record.state == "published"
    assert record.kind == TORCH["kind"]
    assert sorted(s.slug for s in record.sectors.all()) == sorted(TORCH["sectors"])
    partners = {str(p.organisation or p.country) for p in record.participations.current()}
    assert partners == {"University of New South Wales", "China", "Huawei"}
    [money] = record.funding.current()
    assert (int(money.low), int(money.high), money.currency) == (100_000_000, 100_000_000, "AUD")
    statements = [
        *record.participations.current(),
        *record.steps.current(),
        *record.labellings.current(),
        money,
    ]
    assert len(statements) == 6
    for statement in statements:
        [carried] = statement.carried.all()
        assert carried.evidence.words in NEWS["brief"]
        assert carried.evidence.state == "accepted"
    return record


def test_a_real_agreement_goes_from_its_article_to_published_in_one_visit(
    desk: str, page: Page
) -> None:
    seeds = settings.BASE_DIR / "fixtures" / "news"
    known = seeds / "sco-digital-transformation.json"
    cast.import_files((known.name, known.read_bytes()))
    assert not Initiative.objects.filter(title="UNSW Torch").exists()
    walk = Walk(page)
    walk.goto(f"{desk}/enter/?type=initiative")

    walk.type(page.locator("[name=article-text]"), NEWS["brief"])
    walk.type(page.locator("[name=article-title]"), NEWS["article"]["title"])
    walk.type(page.locator("[name=title]"), TORCH["title"])
    walk.choose(page.locator("[name=kind]"), TORCH["kind"])
    walk.type(page.locator("[name=summary]"), TORCH["summary"])
    for sector in TORCH["sectors"]:
        walk.click(page.locator(f"[name=sectors][value={sector}]"))

    row = walk.row("partners")
    walk.type(field(row, "who"), "University of New South Wales")
    walk.choose(field(row, "role"), "lead")
    walk.attach(said_of("partners", 0))
    walk.click(row.locator(".row__new summary"))
    walk.click(field(row, "new"))
    walk.choose(field(row, "new-kind"), "university")
    walk.type(field(row, "new-country"), "Australia")
    for name, quote in (("China", said_of("partners", 1)), ("Huawei", said_of("partners", 2))):
        row = walk.row("partners")
        walk.type(field(row, "who"), name)
        walk.choose(field(row, "role"), "member")
        walk.attach(quote)
    row = walk.row("status")
    walk.choose(field(row, "status"), "under-way")
    walk.attach(said_of("status", 0))
    row = walk.row("money")
    walk.type(field(row, "amount"), "100 million AUD")
    walk.choose(field(row, "rung"), "announced")
    walk.attach(said_of("funding", 0))
    expect(row.locator("[data-understood]").first).to_contain_text("AUD")
    row = walk.row("labels")
    walk.type(field(row, "label"), "torch")
    walk.attach(said_of("labels", 0))
    walk.click(page.get_by_role("button", name="Save and publish"))

    page.wait_for_url("**/initiatives/unsw-torch/")
    expect(page.locator("h1")).to_have_text("UNSW Torch")
    published_torch()
    # The page of the entry, and the record that it became: left once.
    assert len(walk.pages) == 2
    assert walk.interactions == 36


AGREEMENT = next(
    record
    for record in NEWS["records"]
    if record["key"] == "china-european-commission-cooperation-agreement-1998"
)


class Keys:
    """Somebody without a mouse; `presses` counts the keys, a text that is typed or pasted as one."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.presses = 0

    def press(self, key: str) -> None:
        self.presses += 1
        self.page.keyboard.press(key)

    def go(self, where: Locator) -> None:
        for _ in range(150):
            self.press("Tab")
            if where.evaluate("element => element === document.activeElement"):
                return
        raise AssertionError(f"the Tab key does not reach {where}")

    def type(self, where: Locator, text: str) -> None:
        self.go(where)
        self.presses += 1
        self.page.keyboard.insert_text(text)

    def choose(self, where: Locator, label: str) -> None:
        self.go(where)
        self.presses += 1
        self.page.keyboard.type(label)

    def attach(self, words: str) -> None:
        """From the field to the sentence, attach it, and back to the field."""
        self.press("Alt+s")
        wanted = sentence(self.page, words)
        for _ in range(150):
            if wanted.evaluate("element => element === document.activeElement"):
                break
            self.press("ArrowDown")
        self.press("Enter")
        self.press("Escape")

    def add_row(self, name: str) -> Locator:
        self.go(self.page.locator(f"[data-rows={name}] [data-add-row]"))
        self.press("Enter")
        return rows(self.page, name).last


def test_an_agreement_is_entered_and_published_with_the_keyboard_alone(
    desk: str, page: Page
) -> None:
    keys = Keys(page)
    page.goto(f"{desk}/enter/?type=initiative")
    keys.type(page.locator("[name=article-title]"), NEWS["article"]["title"])
    keys.type(page.locator("[name=article-text]"), NEWS["brief"])
    keys.type(page.locator("[name=title]"), AGREEMENT["title"])
    keys.choose(page.locator("[name=kind]"), "agreement")
    keys.type(page.locator("[name=summary]"), AGREEMENT["summary"])
    keys.go(page.locator("[name=sectors][value=research]"))
    keys.press("Space")
    said = AGREEMENT["status"][0]["quote"]

    row = keys.add_row("partners")
    expect(field(row, "who")).to_be_focused()
    page.keyboard.type("chin")
    expect(page.locator(".suggestion").first).to_contain_text("China")
    keys.press("Enter")
    keys.choose(field(row, "role"), "member")
    keys.attach(said)
    row = keys.add_row("partners")
    page.keyboard.insert_text("European Commission")
    keys.choose(field(row, "role"), "member")
    keys.attach(said)
    keys.go(row.locator(".row__new summary"))
    keys.press("Enter")
    keys.go(field(row, "new"))
    keys.press("Space")
    keys.choose(field(row, "new-kind"), "international")
    row = keys.add_row("status")
    page.keyboard.type("signed")
    keys.type(field(row, "date"), "1998")
    keys.attach(said)
    keys.go(page.locator("button[name=publish]"))
    keys.press("Enter")

    page.wait_for_url("**/initiatives/china-european-commission-cooperation-agreement-1998/")
    record = Initiative.objects.get(title=AGREEMENT["title"])
    assert record.state == "published"
    assert record.status == "signed"
    assert str(record.began) == "1998"
    assert record.participations.current().count() == 2
    assert keys.presses < 400
