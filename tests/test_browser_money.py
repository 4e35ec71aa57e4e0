"""Charts of money in a real Chromium: flows, shared money, limits, and one sheet of paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from partners.models import Country
from tests import cast
from tests.browsing import OPEN_ALL, PHONE, axe, fits

FLOWS = "/charts/funding-flows/?rung=signed"
# One chart of each shape: bars on their side and upright, counts, flows, several rungs, nothing.
SHEETS = (
    "funding-by-sector/",
    "funding-by-year/?rung=committed",
    "funding-by-country/?rung=committed&rung=disbursed",
    "funding-by-rung/",
    "funding-flows/",
    "initiatives-by-country/",
    "funding-flows/?rung=cancelled",
)


def pages_on_paper(page: Page) -> tuple[int, bool]:
    """How many sheets the page fills, and whether they are A4 on their side."""
    pdf = page.pdf(prefer_css_page_size=True)
    width, height = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", pdf).groups()  # type: ignore[union-attr]
    landscape = (round(float(width)), round(float(height))) == (842, 595)
    return len(re.findall(rb"/Type\s*/Page\b", pdf)), landscape


def bands(page: Page) -> list[dict[str, Any]]:
    """The bands that are drawn: between which places, how wide, and where."""
    return page.evaluate(
        """() => Chart.getChart(document.querySelector("#funding-flows canvas"))
          .getDatasetMeta(0).data.map((band) => ({
            from: band.from.key, to: band.to.key, wide: band.height, x: band.x, x2: band.x2,
            y: band.y + band.height / 2,
          }))"""
    )


# --- Seeds: pages that only read -----------------------------------------------------------------


@pytest.mark.django_db
def test_a_flow_answers_the_keyboard(site: str, page: Page) -> None:
    page.goto(f"{site}/charts/funding-flows/")
    chart = page.locator("#funding-flows")
    expect(chart).to_have_attribute("data-drawn", "yes")
    expect(chart.locator("[data-chart-key=open]")).to_be_visible()
    expect(chart.locator("[data-chart-limit]")).to_be_hidden()
    assert [(band["from"], band["to"]) for band in bands(page)] == [("from China", "to not stated")]
    chart.locator("[data-chart-plot]").focus()
    page.keyboard.press("ArrowDown")
    live = chart.locator("[data-chart-live]")
    expect(live).to_contain_text("China → not stated: at least 17.2")
    page.keyboard.press("t")
    expect(chart.locator("[data-chart-table] table")).to_be_visible()
    page.keyboard.press("t")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.wait_for_url("**/funding/rows/**")
    expect(page.locator("h1")).to_contain_text("China → not stated")


@pytest.mark.django_db
def test_several_rungs_stand_side_by_side_and_flows_become_bars(site: str, page: Page) -> None:
    page.goto(f"{site}/charts/funding-flows/?rung=committed&rung=disbursed&bars=stacked")
    expect(page.locator("#funding-flows")).to_have_attribute("data-drawn", "yes")
    drawn = page.evaluate(
        """() => {
          const chart = Chart.getChart(document.querySelector("#funding-flows canvas"));
          return [chart.config.type, new Set(chart.data.datasets.map((d) => d.stack)).size];
        }"""
    )
    assert drawn == ["bar", 2]
    expect(page.locator(".chart__total")).to_have_count(0)


@pytest.mark.django_db
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_about_money_are_sound_wide_and_narrow(
    scheme: Any,
    site: str,
    page: Page,
) -> None:
    page.emulate_media(color_scheme=scheme)
    rows = "/funding/rows/?chart=funding-by-sector"
    addresses = ["/charts/funding-flows/", f"{rows}&bar=smart-cities", f"{rows}&reason=no_amount"]
    if scheme == "light":
        addresses += ["/funding/?rung=committed&rung=disbursed", rows]
    for address in addresses:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(site + address)
        page.evaluate(OPEN_ALL)
        assert axe(page) == [], address
        page.set_viewport_size(PHONE)
        assert fits(page), address


@pytest.mark.django_db
def test_without_scripts_a_chart_on_one_page_is_its_table(
    seeded_site: str, no_scripts: Page
) -> None:
    page = no_scripts
    page.goto(f"{seeded_site}/charts/funding-flows/")
    expect(page.locator("[data-chart-table] table")).to_be_visible()
    expect(page.locator("tbody th")).to_have_text("China → not stated")
    for part in ("[data-chart-plot]", "[data-print]", "[data-chart-limit]"):
        expect(page.locator(part)).to_be_hidden()


@pytest.mark.django_db
def test_a_chart_on_one_page_fills_one_sheet(site: str, page: Page) -> None:
    for size in (None, PHONE):
        if size:
            page.set_viewport_size(size)
        for address in SHEETS if size is None else SHEETS[:1]:
            page.goto(f"{site}/charts/{address}")
            assert pages_on_paper(page) == (1, True), address
    # Afterwards the drawing is as wide as the screen again.
    assert page.evaluate("document.querySelector('canvas').clientWidth") < PHONE["width"]
    page.evaluate("window.print = () => { window.printed = true }")
    page.locator("[data-print]").click()
    assert page.evaluate("window.printed")


# --- Money of a test: it is committed, so these come last ----------------------------------------


@pytest.fixture
def many_flows(empty: None, live_server: LiveServer, page: Page, trouble: Any) -> Iterator[str]:
    """Signed money from two countries to many, some of it open, one to the giver itself."""
    codes = ["KEN", "EGY", "NGA", "ZAF", "IDN", "VNM", "THA", "LAO", "PAK", "BRA", "BOL", "TUR"]
    countries = Country.objects.in_bulk([*codes, "CHN", "JPN"], field_name="iso3")
    for n, (giver, taker) in enumerate(
        [("CHN", "CHN"), *((giver, taker) for giver in ("CHN", "JPN") for taker in codes)]
    ):
        record = cast.initiative(
            f"flow-{n}", countries=(taker,), sectors=("smart-cities",) if n else ("health",)
        )
        qualifier = "at least" if n == 1 else "up to" if n == 2 else "exactly"
        cast.money(
            record, "money", 0 if n == 2 else (30 - n) * 1_000_000, 5 if n == 2 else None,
            qualifier=qualifier, rung="signed", period="2020",
            provider_country=countries[giver], recipient_country=countries[taker],
        )  # fmt: skip
    yield live_server.url


@pytest.mark.django_db(transaction=True)
def test_flows_are_as_wide_as_they_are_sure_and_only_the_largest_are_drawn(
    many_flows: str, page: Page
) -> None:
    page.goto(many_flows + FLOWS)
    chart = page.locator("#funding-flows")
    expect(chart).to_have_attribute("data-drawn", "yes")
    expect(chart.locator("[data-chart-limit]")).to_have_text(
        "The 20 largest are drawn; the table has all 25."
    )
    expect(chart.locator("tbody tr")).to_have_count(25)
    drawn = bands(page)
    assert len(drawn) == 20
    # A country that gives to itself stands on both sides.
    assert (drawn[0]["from"], drawn[0]["to"]) == ("from China", "to China")
    assert drawn[0]["x"] < drawn[0]["x2"]
    assert drawn[0]["wide"] / drawn[1]["wide"] == pytest.approx(30 / 29, rel=0.05)
    canvas = chart.locator("canvas").bounding_box()
    assert canvas
    page.mouse.click(canvas["x"] + drawn[1]["x"] + 3, canvas["y"] + drawn[1]["y"])
    page.wait_for_url("**/funding/rows/**")
    expect(page.locator("h1")).to_contain_text("China → Kenya")
    page.goto(many_flows + FLOWS)
    assert pages_on_paper(page) == (1, True)
    page.goto(f"{many_flows}/charts/funding-flows/?rung=signed&country=EGY")
    expect(chart.locator("[data-chart-limit]")).to_contain_text("Only in the table")
    page.set_viewport_size(PHONE)
    assert fits(page)


@pytest.mark.django_db(transaction=True)
def test_shared_money_stands_beside_or_on_top_of_a_bars_own(
    empty: None,
    live_server: LiveServer,
    page: Page,
    trouble: Any,
) -> None:
    own = cast.initiative("own", countries=("KEN",), sectors=("smart-cities",))
    cast.money(own, "own", 100, 300, qualifier="between", period="2020")
    both = cast.initiative("both", countries=("KEN",), sectors=("smart-cities", "health"))
    cast.money(both, "both", 200, None, qualifier="at least", period="2020")
    place = """() => {
      const chart = Chart.getChart(document.querySelector("#funding-by-sector canvas"));
      const at = chart.data.labels.indexOf("Smart cities");
      return chart.data.datasets.map((d, n) => {
        const bar = chart.getDatasetMeta(n).data[at];
        return [d.series, d.part, d.data[at], Math.round(bar.y)];
      });
    }"""
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{live_server.url}/funding/")
    beside = page.evaluate(place)
    assert [bar[:3] for bar in beside] == [[0, "low", 100], [1, "low", 200], [0, "gap", 200]]
    assert beside[0][3] == beside[2][3] != beside[1][3]
    page.get_by_role("link", name="stacked", exact=True).click()
    page.wait_for_url("**bars=stacked**")
    expect(page.locator("#funding-by-sector")).to_have_attribute("data-drawn", "yes")
    stacked = page.evaluate(place)
    assert [bar[:3] for bar in stacked] == [bar[:3] for bar in beside]
    assert len({bar[3] for bar in stacked}) == 1
    # First all that is sure, then the hatch, and the arrow behind everything.
    ends = page.evaluate(
        """() => {
          const chart = Chart.getChart(document.querySelector("#funding-by-sector canvas"));
          const at = chart.data.labels.indexOf("Smart cities");
          const { marks } = chart.options.plugins.accordArrows;
          return [chart.data.datasets.map((_, n) => {
            const bar = chart.getDatasetMeta(n).data[at];
            return [bar.base, bar.x].map((x) => 10 * Math.round(chart.scales.x.getValueForPixel(x) / 10));
          }), marks.find((mark) => mark.index === at)];
        }"""
    )
    assert ends == [
        [[0, 100], [100, 300], [300, 500]],
        {"index": ends[1]["index"], "dataset": 2, "series": 1},
    ]
