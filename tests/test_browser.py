"""Accord in a real Chromium: what a reader sees, reaches by keyboard and takes away on paper."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from dashboards.management.commands.demo_users import make_user
from dashboards.management.commands.make_roles import GROUPS, make_group
from initiatives.news.models import ImportRun
from tests import cast
from tests.browsing import CLEAR, DESK, OPEN_ALL, PHONE, Trouble, axe, fits

# One address of each kind of page, and the states of a page that look different.
PAGES = {
    "overview": "/",
    "initiatives": "/initiatives/",
    "filtered": "/initiatives/?bloc=brics&country=CHN",
    "refused": "/initiatives/?country=ZZZ",
    "nothing found": "/initiatives/?bloc=brics&country=KEN",
    "initiative with money": "/initiatives/digital-silk-road/",
    "initiative of one sentence": "/initiatives/ibrics-network/",
    "alliances": "/alliances/",
    "alliance": "/alliances/sco-cim-alliance/",
    "summits": "/summits/",
    "disputed summit": "/summits/1st-belt-and-road-forum/",
    "countries": "/countries/",
    "country": "/countries/CHN/",
    "blocs": "/blocs/",
    "bloc": "/blocs/brics/",
    "organisations": "/organisations/",
    "organisation": "/organisations/rostec/",
    "articles": "/articles/",
    "funding": "/funding/",
    "shared funding": "/funding/?currency=AUD&rung=announced",
    "behind a bar": "/funding/rows/?chart=funding-by-sector&bar=smart-cities"
    "&rung=disbursed&currency=USD",
    "imports": "/imports/",
    "search": "/search/?q=silk",
    "codebook": "/codebook/",
    "api": "/api/v1/docs/",
    "login": "/login/",
    "no such page": "/nowhere/",
}
# The pages whose parts differ when folded; of the others, what unfolds comes on top.
FOLDED_TOO = {"overview", "filtered", "initiative with money", "funding"}


# --- Every page ----------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound_wide_and_narrow(name: str, seeded_site: str, shared_page: Page) -> None:
    """Accessible folded and unfolded, one h1, a title, no complaint, and it fits on a phone."""
    page, trouble = shared_page, Trouble(shared_page)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESK)
    page.goto(seeded_site + PAGES[name])
    expect(page.locator("h1")).to_have_count(1)
    assert page.title().endswith(" · Accord")
    if name in FOLDED_TOO:
        assert axe(page) == []
    page.evaluate(OPEN_ALL)
    assert axe(page) == []
    page.set_viewport_size(PHONE)
    assert fits(page)
    assert not trouble.found


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["filtered", "disputed summit", "funding", "refused"])
def test_a_page_is_legible_in_the_dark_and_on_a_phone(
    name: str, seeded_site: str, shared_page: Page
) -> None:
    page = shared_page
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    page.goto(seeded_site + PAGES[name])
    page.evaluate(OPEN_ALL)
    assert axe(page) == []


@pytest.mark.django_db
def test_articles_and_imports_are_sound_too(site: str, page: Page) -> None:
    """Their addresses are numbers, so they are found by following a link."""
    for list_address in ("/articles/", "/imports/"):
        page.goto(site + list_address)
        page.locator("tbody th a").first.click()
        page.wait_for_load_state()
        page.evaluate(OPEN_ALL)
        assert axe(page) == []
        page.set_viewport_size(PHONE)
        assert fits(page)
        page.set_viewport_size(DESK)


@pytest.mark.django_db
def test_who_may_not_import_is_told_so(site: str, page: Page) -> None:
    page.goto(f"{site}/login/")
    page.evaluate(
        "const form = document.querySelector('main form'); form.action = '/imports/'; form.submit()"
    )
    page.wait_for_url("**/imports/")
    expect(page.locator("h1")).to_have_text("Not open to you")
    assert axe(page) == []


@pytest.mark.django_db
def test_every_headline_number_leads_to_as_many_rows(site: str, page: Page) -> None:
    page.goto(site)
    headlines = page.locator(".headline__value a")
    targets = [(int(a.inner_text()), a.get_attribute("href") or "") for a in headlines.all()]
    assert len(targets) == 6
    for count, address in targets:
        page.goto(site + address)
        if "#statements" in address:
            expect(page.locator("#statements .statement")).to_have_count(count)
        else:
            expect(page.locator("#result-words strong")).to_have_text(str(count))


# --- Charts --------------------------------------------------------------------------------------


def colours(page: Page, slug: str, series: int, index: int, part: str) -> set[str]:
    """The colours inside one bar of a drawn chart: of its low part, its gap, or beyond its end."""
    return set(
        page.evaluate(
            """([slug, series, index, part]) => {
              const canvas = document.querySelector(`#${slug} canvas`);
              const chart = Chart.getChart(canvas);
              const scale = chart.currentDevicePixelRatio;
              const sideways = chart.options.indexAxis === "y";
              const n = chart.data.datasets.findIndex(
                (d) => d.series === series && d.part === (part === "gap" ? "gap" : "low"));
              const bar = chart.getDatasetMeta(n).data[index];
              const end = sideways ? bar.x : bar.y;
              const across = sideways ? bar.y : bar.x;
              const sign = sideways ? 1 : -1;
              const [from, to] = part === "beyond" ? [4, 14]
                : [-Math.abs(end - bar.base) + 2, -2];
              const { data } = canvas.getContext("2d")
                .getImageData(0, 0, canvas.width, canvas.height);
              const seen = new Set();
              for (let at = from; at <= to; at += 1) {
                const along = end + sign * at;
                const [x, y] = (sideways ? [along, across] : [across, along])
                  .map((place) => Math.round(place * scale));
                const first = 4 * (y * canvas.width + x);
                seen.add(data.slice(first, first + 4).join(","));
              }
              return [...seen];
            }""",
            [slug, series, index, part],
        )
    )


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/funding/?rung=committed"])
def test_charts_are_drawn_and_say_the_same_as_their_table_and_their_data(
    address: str, site: str, page: Page
) -> None:
    page.goto(site + address)
    charts = page.locator("figure[data-chart]")
    assert charts.count() >= 3
    for chart in charts.all():
        expect(chart).to_have_attribute("data-drawn", "yes")
        slug = chart.get_attribute("id") or ""
        painted = chart.locator("canvas").evaluate(
            "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v)"
        )
        assert painted, slug
        chart.locator("[data-chart-table] summary").click()
        link = chart.get_by_role("link", name=re.compile("^JSON")).get_attribute("href")
        data = page.request.get(site + str(link)).json()
        rows = [
            [cell.inner_text() for cell in row.locator("th, td").all()]
            for row in chart.locator("tbody tr").all()
        ]
        assert [row[0] for row in rows] == data["labels"]
        for n, row in enumerate(rows):
            for k, series in enumerate(data["series"]):
                low = row[1 + 3 * k] if "statements" in data["total"] else row[1 + k]
                shown = None if low == "–" else float(low.replace(",", ""))
                assert shown == series["low"][n]


@pytest.mark.django_db
def test_a_bar_without_an_upper_bound_ends_in_an_arrow(site: str, page: Page) -> None:
    page.goto(f"{site}/funding/")
    chart = page.locator("#funding-by-sector")
    expect(chart.locator("[data-chart-key=open]")).to_be_visible()
    solid = colours(page, "funding-by-sector", 0, 0, "low")
    assert len(solid) == 1 and CLEAR not in solid
    assert colours(page, "funding-by-sector", 0, 0, "beyond") & solid


@pytest.mark.django_db
def test_a_bar_leads_to_exactly_its_statements(site: str, page: Page) -> None:
    page.goto(f"{site}/funding/")
    plot = page.locator("#funding-by-sector [data-chart-plot]")
    plot.focus()
    page.keyboard.press("End")
    expect(page.locator("#funding-by-sector [data-chart-live]")).to_contain_text("Smart cities")
    page.keyboard.press("Enter")
    page.wait_for_url("**/funding/rows/**")
    expect(page.locator("h1")).to_have_text("Disbursed by sector: Smart cities")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("USD 200 million or more")
    expect(page.locator("tbody blockquote")).to_contain_text("several hundred million")


@pytest.mark.django_db
def test_a_chart_without_bars_says_why_and_where_there_are_some(site: str, page: Page) -> None:
    page.goto(f"{site}/funding/")
    empty = page.locator("#funding-by-year .chart__empty")
    expect(empty).to_contain_text("no single year")
    empty.get_by_role("link", name="committed").click()
    expect(page.locator("#funding-by-year")).to_have_attribute("data-drawn", "yes")
    expect(page.locator("#funding-by-year .chart__title")).to_have_text("Committed by year")


@pytest.mark.django_db
def test_the_t_key_turns_to_the_table_and_back(site: str, page: Page) -> None:
    page.goto(site)
    plot = page.locator("#initiatives-by-year [data-chart-plot]")
    table = page.locator("#initiatives-by-year [data-chart-table] table")
    plot.focus()
    expect(table).to_be_hidden()
    page.keyboard.press("t")
    expect(table).to_be_visible()
    page.keyboard.press("t")
    expect(table).to_be_hidden()
    expect(plot).to_be_focused()


@pytest.mark.django_db
def test_the_theme_repaints_the_charts_and_is_remembered(site: str, page: Page) -> None:
    page.goto(site)
    toggle = page.locator("[data-theme-toggle]")
    toggle.click()
    light = colours(page, "initiatives-by-country", 0, 0, "low")
    toggle.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    dark = colours(page, "initiatives-by-country", 0, 0, "low")
    assert light.isdisjoint(dark) and CLEAR not in light | dark
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(toggle).to_have_text("Theme: dark")


@pytest.mark.django_db(transaction=True)
def test_a_range_is_solid_to_its_low_bound_and_hatched_to_its_high_one(
    empty: None, live_server: LiveServer, page: Page, trouble: Trouble
) -> None:
    record = cast.initiative("ranged", countries=("KEN",), began="2020")
    cast.money(record, "some", 100_000_000, 300_000_000, qualifier="between", period="2020")
    page.goto(f"{live_server.url}/funding/?country=KEN")
    expect(page.locator("#funding-by-country [data-chart-key=high]")).to_be_visible()
    expect(page.locator("#funding-by-country [data-chart-key=open]")).to_be_hidden()
    solid = colours(page, "funding-by-country", 0, 0, "low")
    hatched = colours(page, "funding-by-country", 0, 0, "gap")
    assert len(solid) == 1
    assert len(hatched) > 3 and CLEAR not in hatched


# --- Filters -------------------------------------------------------------------------------------


def words(page: Page) -> Any:
    return expect(page.locator("#result-words"))


@pytest.mark.django_db
def test_the_keyboard_reaches_a_filter_applies_it_and_keeps_its_place(
    site: str, page: Page
) -> None:
    page.goto(f"{site}/initiatives/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    bloc = page.locator("summary", has_text="Bloc")
    for _ in range(6):
        page.keyboard.press("Tab")
        if bloc.evaluate("summary => summary === document.activeElement"):
            break
    expect(bloc).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#facet-bloc-brics")).to_be_focused()
    page.keyboard.press("Space")
    words(page).to_contain_text("Initiatives run under BRICS")
    assert page.url.endswith("/initiatives/?bloc=brics")
    expect(page.locator("#facet-bloc-brics")).to_be_focused()
    expect(page).to_have_title("Initiatives run under BRICS · Accord")


@pytest.mark.django_db
def test_the_address_is_the_whole_state(site: str, page: Page) -> None:
    """Filter, filter again, go back, go forward, and hand the address on."""
    page.goto(f"{site}/initiatives/")
    everything = page.locator("#result-words").inner_text()
    page.locator("summary", has_text="Bloc").click()
    page.locator("#facet-bloc-brics").check()
    words(page).to_contain_text("run under BRICS")
    page.locator("summary", has_text="Country").click()
    page.locator("#facet-country-chn").check()
    words(page).to_contain_text("with China taking part")
    expect(page.locator("tbody tr")).to_have_count(2)
    both = page.url
    page.go_back()
    words(page).to_contain_text("run under BRICS")
    words(page).not_to_contain_text("China")
    page.go_back()
    words(page).to_have_text(everything)
    page.go_forward()
    words(page).to_contain_text("run under BRICS")
    page.go_forward()
    words(page).to_contain_text("with China taking part")
    assert page.url == both
    page.goto(both)
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_role("link", name="Remove Country: China").click()
    words(page).not_to_contain_text("China")


@pytest.mark.django_db
def test_a_filter_that_is_not_understood_says_so_at_once(site: str, page: Page) -> None:
    page.goto(f"{site}/initiatives/")
    page.locator("summary", has_text="Begun in the years").click()
    page.locator("#filter-year-min").fill("soon")
    page.keyboard.press("Tab")
    expect(page.get_by_role("alert")).to_contain_text("year_min")
    expect(page.locator("tbody tr")).to_have_count(0)
    page.locator("#filter-year-min").fill("2022")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert page.locator("tbody tr").count() > 0


@pytest.mark.django_db
def test_on_a_phone_the_filters_wait_in_a_drawer(site: str, page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto(f"{site}/initiatives/")
    field = page.locator("#filter-q")
    expect(field).to_be_hidden()
    page.locator("[data-drawer] > summary").click()
    field.fill("silk")
    field.press("Enter")
    words(page).to_contain_text("silk")
    expect(page.locator("tbody tr")).to_have_count(4)


@pytest.mark.django_db
def test_a_slash_goes_to_the_search(site: str, page: Page) -> None:
    page.goto(f"{site}/blocs/")
    page.keyboard.press("/")
    expect(page.locator("#site-search")).to_be_focused()
    page.keyboard.type("silk/road")
    expect(page.locator("#site-search")).to_have_value("silk/road")
    page.locator("#site-search").fill("digital silk")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Digital Silk Road", exact=True).click()
    expect(page.locator("h1")).to_have_text("Digital Silk Road")


# --- Evidence ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_value_stands_beside_the_sentence_that_carries_it(site: str, page: Page) -> None:
    page.goto(f"{site}/initiatives/digital-silk-road/")
    money = page.locator(".statements__group", has_text="more than USD 10 billion")
    expect(money.locator("blockquote")).to_contain_text("more than USD 10 billion")
    # The second time, its first words do; all of it is one key away.
    lead = page.locator(".statements__group", has_text="Lead")
    expect(lead.locator("blockquote")).to_be_hidden()
    lead.locator("summary").press("Enter")
    expect(lead.locator("blockquote")).to_be_visible()
    money.locator("cite").click()
    page.wait_for_url("**/articles/**")
    target = page.evaluate("document.querySelector(location.hash).nextElementSibling.textContent")
    assert "more than USD 10 billion" in target


@pytest.mark.django_db
def test_a_dispute_is_announced_and_both_dates_are_shown(site: str, page: Page) -> None:
    page.goto(f"{site}/summits/1st-belt-and-road-forum/")
    page.get_by_role("link", name="2 disputed values").click()
    held = page.locator(".statement--disputed .statement__value")
    assert held.all_inner_texts() == ["May 2016", "2017"]


# --- Without scripts, and on paper ---------------------------------------------------------------


@pytest.mark.django_db
def test_without_scripts_the_tables_stand_open_and_the_filters_work(
    seeded_site: str, no_scripts: Page
) -> None:
    page = no_scripts
    page.goto(seeded_site)
    expect(page.locator("#initiatives-by-country [data-chart-table] table")).to_be_visible()
    expect(page.locator("#initiatives-by-country [data-chart-plot]")).to_be_hidden()
    expect(page.locator("[data-theme-toggle]")).to_be_hidden()
    page.goto(f"{seeded_site}/initiatives/")
    page.locator("summary", has_text="Bloc").click()
    page.locator("#facet-bloc-sco").check()
    page.get_by_role("button", name="Apply").click()
    words(page).to_contain_text("run under SCO")
    expect(page.locator("tbody tr")).to_have_count(2)


@pytest.mark.django_db
def test_on_paper_there_are_charts_and_their_tables_but_no_navigation(
    site: str, page: Page
) -> None:
    page.goto(f"{site}/funding/?rung=committed")
    page.emulate_media(media="print")
    expect(page.locator(".filters")).to_be_hidden()
    expect(page.locator("nav[aria-label=Main]")).to_be_hidden()
    expect(page.locator("#funding-by-year canvas")).to_be_visible()
    page.evaluate(
        "addEventListener('beforeprint', () => { window.folded = "
        "document.querySelectorAll('details[data-print-open]:not([open])').length })"
    )
    assert len(page.pdf()) > 20_000
    assert page.evaluate("window.folded") == 0


# --- Importing -----------------------------------------------------------------------------------


@pytest.mark.queue
@pytest.mark.django_db(transaction=True)
def test_an_editor_uploads_news_and_watches_it_come_in(
    empty: None,
    live_server: LiveServer,
    page: Page,
    no_scripts: Page,
    trouble: Trouble,
    start_worker: Callable[..., Any],
) -> None:
    make_user("ada", "correct-horse", make_group("editor", GROUPS["editor"]))
    page.goto(f"{live_server.url}/imports/")
    expect(page.locator("input[type=file]")).to_have_count(0)
    page.get_by_role("link", name="Log in").click()
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("correct-horse")
    page.locator("main").get_by_role("button", name="Log in").click()
    page.wait_for_url("**/imports/")
    assert axe(page) == []
    page.get_by_label("News documents").set_input_files(
        [settings.BASE_DIR / "fixtures" / "news" / "china-russia-industrial-internet.json"]
    )
    page.get_by_role("button", name="Queue the import").click()
    expect(page.locator("#messages")).to_contain_text("queued")
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert axe(page) == []
    # Without scripts the page reloads itself.
    no_scripts.goto(page.url)
    assert '<meta http-equiv="refresh"' in no_scripts.content()

    polls: list[str] = []
    page.on("request", lambda request: polls.append(request.url))
    start_worker()
    expect(page.locator("#run")).to_contain_text("created", timeout=30_000)
    expect(page.get_by_role("progressbar")).to_have_count(0)
    assert polls
    polls.clear()
    page.wait_for_timeout(1_500)
    assert polls == []
    assert axe(page) == []
    run = ImportRun.objects.get()
    assert run.requested_by == User.objects.get(username="ada")
    page.locator("#run summary").click()
    page.get_by_role("link", name="INDICS").click()
    expect(page.locator("h1")).to_have_text("INDICS")
    # What an editor's import proposes waits for a second look, and the page says so.
    assert json.loads(page.request.get(f"{live_server.url}/initiatives.json").text())["count"] == 0
    expect(page.locator(".notice--warning")).to_contain_text("Not published")
