"""Choosing columns in a real Chromium: by keyboard, with back and forward, without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from dashboards.lists import LISTINGS
from tests.browsing import PHONE, axe, fits

EVERY = {
    listing.name: "&".join(f"columns={column.name}" for column in listing.columns)
    for listing in LISTINGS
}


def headings(page: Page) -> list[str]:
    return page.locator("#view table thead th").all_inner_texts()


@pytest.mark.django_db
def test_columns_are_chosen_by_keyboard_and_back_brings_the_old_ones(site: str, page: Page) -> None:
    page.goto(f"{site}/initiatives/?bloc=brics")
    usual = headings(page)
    page.evaluate("window.stayed = true")
    page.locator(".picker summary").focus()
    page.keyboard.press("Enter")
    page.locator("#column-part_of").focus()
    page.keyboard.press("Space")
    page.wait_for_url("**columns=part_of*")
    expect(page.locator("thead th", has_text="Part of")).to_be_visible()
    # The choice stays open where it was, so that the next one is a Tab away.
    expect(page.locator("#column-part_of")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    expect(page.locator("thead th", has_text="Official names")).to_be_visible()
    assert page.evaluate("window.stayed")
    assert headings(page) == [*usual, "Official names", "Part of"]
    assert axe(page) == []
    csv = page.locator(".twins a", has_text="CSV").get_attribute("href")
    assert csv and "bloc=brics" in csv and "columns=labels&columns=part_of" in csv
    page.go_back()
    expect(page.locator("thead th", has_text="Official names")).to_have_count(0)
    assert headings(page) == [*usual, "Part of"]
    page.go_back()
    expect(page.locator("thead th", has_text="Part of")).to_have_count(0)
    page.go_forward()
    expect(page.locator("thead th", has_text="Part of")).to_be_visible()
    # Another filter keeps the columns.
    page.locator("#filter-q").fill("brics")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=brics**")
    expect(page.locator("thead th", has_text="Part of")).to_be_visible()
    page.locator(".picker summary").click()
    page.get_by_role("link", name="Usual columns").click()
    page.wait_for_url(lambda url: "columns" not in url and "q=brics" in url)
    assert headings(page) == usual


@pytest.mark.django_db
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_table_of_all_columns_is_sound_wide_and_narrow(
    scheme: str, site: str, page: Page
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for name, asked in EVERY.items():
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(f"{site}/{name}/?{asked}")
        page.locator(".picker summary").click()
        assert axe(page) == [], name
        assert fits(page), name
        page.set_viewport_size(PHONE)
        assert fits(page), name
        assert axe(page) == [], name


@pytest.mark.django_db
def test_on_a_phone_each_value_is_called_by_its_column(site: str, page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto(f"{site}/initiatives/?columns=kind&columns=sectors&columns=part_of")
    cell = page.locator("td[data-label='Sectors']").first
    said = cell.evaluate("cell => getComputedStyle(cell, '::before').content")
    assert "Sectors" in said
    expect(page.locator("td.blank").first).to_be_hidden()


@pytest.mark.django_db
def test_columns_are_chosen_without_scripts(seeded_site: str, no_scripts: Page) -> None:
    page = no_scripts
    page.goto(f"{seeded_site}/countries/?bloc=brics")
    page.locator(".picker summary").click()
    page.get_by_role("checkbox", name="Alpha-2").check()
    page.get_by_role("checkbox", name="Initiatives").uncheck()
    page.get_by_role("button", name="Show these").click()
    page.wait_for_url("**bloc=brics&columns=title**")
    assert headings(page) == ["Country", "Code", "Alpha-2", "Region"]
    assert page.locator("#view tbody tr").count() > 5
