"""Map, matrix, network, timeline and comparison in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import OPEN_ALL, PHONE, axe, fits

# Each view: its figure, what the keyboard's first stop says, and where Enter leads.
VIEWS = {
    "map": ("/charts/map/?arcs=yes", "China: ", "/initiatives/?country=CHN"),
    "bloc-by-sector": ("/charts/bloc-by-sector/", ", EU: 1", "/initiatives/?sector="),
    "network": ("/charts/network/", "China: initiatives: ", "/initiatives/?country=CHN"),
    "timeline": (
        "/charts/timeline/",
        "Digital Technology Platform",
        "/initiatives/sco-digital-technology-platform/",
    ),
}
SOUND = [address for address, _, _ in VIEWS.values()] + [
    "/charts/network/?of=organisations",
    "/charts/summit-timeline/",
    "/charts/?bloc=brics",
    "/compare/",
    "/compare/?a=bloc%3Dbrics&b=bloc%3Dsco&c=bloc%3Deu",
]


def drawn(page: Page, slug: str) -> None:
    expect(page.locator(f"#{slug}")).to_have_attribute("data-drawn", "yes")


@pytest.mark.django_db
@pytest.mark.parametrize("slug", VIEWS)
def test_a_view_draws_answers_the_keyboard_and_has_its_table(
    slug: str, site: str, page: Page
) -> None:
    address, said, leads_to = VIEWS[slug]
    page.goto(site + address)
    drawn(page, slug)
    kinds = {"map": "choropleth", "bloc-by-sector": "matrix", "network": "forceDirectedGraph"}
    kind = page.evaluate(
        "slug => Chart.getChart(document.querySelector(`#${slug} canvas`)).config.type", slug
    )
    assert kind == kinds.get(slug, "bar")
    chart = page.locator(f"#{slug}")
    chart.locator("[data-chart-plot]").focus()
    page.keyboard.press("ArrowDown")
    expect(chart.locator("[data-chart-live]")).to_contain_text(said)
    page.keyboard.press("t")
    expect(chart.locator("[data-chart-table] table")).to_be_visible()
    page.keyboard.press("t")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: leads_to in url)


@pytest.mark.django_db
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_views_are_sound_wide_and_narrow(scheme: str, site: str, page: Page) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for address in SOUND:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(site + address)
        if address != "/compare/":
            expect(page.locator("figure[data-chart]").last).to_have_attribute("data-drawn", "yes")
        page.evaluate(OPEN_ALL)
        assert axe(page) == [], address
        page.set_viewport_size(PHONE)
        assert fits(page), address


@pytest.mark.django_db
def test_a_country_on_the_map_leads_to_its_initiatives(site: str, page: Page) -> None:
    page.goto(f"{site}/charts/map/")
    drawn(page, "map")
    # Every country of the chart has its place; China is as dark as the last class.
    china, missing = page.evaluate(
        """() => {
          const chart = Chart.getChart(document.querySelector("#map canvas"));
          const n = chart.data.labels.indexOf("China");
          const data = JSON.parse(document.getElementById("map-data").textContent);
          return [
            chart.data.datasets[0].backgroundColor[n],
            data.labels.filter((label) => !chart.data.labels.includes(label)),
          ];
        }"""
    )
    assert missing == []
    probe = "getComputedStyle(document.querySelector('.chart__key .key:last-child .key__swatch')).backgroundColor"
    assert china == page.evaluate(probe.replace(":last-child", ":nth-child(5)"))
    # A map that is drawn may still be fitted to its place: click where it has come to rest.
    where = page.evaluate(
        """async () => {
          const place = () => {
            const chart = Chart.getChart(document.querySelector("#map canvas"));
            const land = chart.getDatasetMeta(0).data[chart.data.labels.indexOf("China")];
            const canvas = chart.canvas.getBoundingClientRect();
            return [canvas.x + land.x, canvas.y + land.y];
          };
          let last = [], still = 0;
          while (still < 20) {
            await new Promise(requestAnimationFrame);
            const now = place();
            still = String(now) === String(last) ? still + 1 : 0;
            last = now;
          }
          return last;
        }"""
    )
    page.mouse.click(*where)
    page.wait_for_url("**/initiatives/?country=CHN")


@pytest.mark.django_db
def test_the_map_without_its_coast_lines_is_its_table(site: str, page: Page) -> None:
    page.route("**/countries-50m.json", lambda route: route.fulfill(status=204))
    page.goto(f"{site}/charts/map/")
    expect(page.locator("#map")).to_have_attribute("data-drawn", "no")
    expect(page.locator("#map tbody tr").first).to_be_visible()


@pytest.mark.django_db
def test_a_pair_of_the_network_is_reached_after_its_partners(site: str, page: Page) -> None:
    page.goto(f"{site}/charts/network/")
    drawn(page, "network")
    page.locator("#network [data-chart-plot]").focus()
    page.keyboard.press("End")
    live = page.locator("#network [data-chart-live]")
    expect(live).to_contain_text(" – ")
    page.keyboard.press("Escape")
    # The layout is the same whenever it is drawn.
    places = """() => Chart.getChart(document.querySelector("#network canvas"))
      .getDatasetMeta(0).data.map(({ x, y }) => [Math.round(x), Math.round(y)])"""
    before = page.evaluate(places)
    page.reload()
    drawn(page, "network")
    assert page.evaluate(places) == before


@pytest.mark.django_db
def test_a_day_is_a_tick_and_a_year_is_a_year_wide(site: str, page: Page) -> None:
    page.goto(f"{site}/charts/timeline/")
    drawn(page, "timeline")
    widths = page.evaluate(
        """() => {
          const chart = Chart.getChart(document.querySelector("#timeline canvas"));
          const data = JSON.parse(document.getElementById("timeline-data").textContent);
          const year = chart.scales.x.getPixelForValue(2001) - chart.scales.x.getPixelForValue(2000);
          return data.labels.map((_, n) => {
            const bar = chart.data.datasets.findIndex((dataset) => dataset.data[n]);
            return [data.words[n], Math.abs(chart.getDatasetMeta(bar).data[n].width) / year];
          });
        }"""
    )
    said = dict(widths)
    assert said["2018"] == pytest.approx(1, rel=0.02)
    assert said["23 June 2022"] < 0.5


@pytest.mark.django_db
def test_a_filter_redraws_the_view_and_back_brings_the_old_one(site: str, page: Page) -> None:
    page.goto(f"{site}/charts/bloc-by-sector/")
    drawn(page, "bloc-by-sector")
    page.evaluate("window.stayed = true")
    page.locator(".facet", has_text="Bloc").first.locator("summary").first.click()
    page.get_by_role("checkbox", name="SCO").check()
    page.wait_for_url("**bloc=sco")
    drawn(page, "bloc-by-sector")
    assert page.evaluate("window.stayed")  # only the view was changed
    expect(page.locator("h1 + .chart__words")).to_contain_text("run under SCO")
    expect(page.locator(".tabs__tab", has_text="Map")).to_have_attribute(
        "href", "/charts/map/?bloc=sco"
    )
    page.locator(".tabs__tab", has_text="Network").click()
    page.wait_for_url("**/charts/network/?bloc=sco")
    page.go_back()
    page.wait_for_url("**/charts/bloc-by-sector/?bloc=sco")
    drawn(page, "bloc-by-sector")
    page.go_back()
    page.wait_for_url("**/charts/bloc-by-sector/")
    expect(page.locator("h1 + .chart__words")).to_contain_text("Initiatives, all")
    drawn(page, "bloc-by-sector")


@pytest.mark.django_db
def test_charts_side_by_side_have_one_scale(site: str, page: Page) -> None:
    page.goto(f"{site}/compare/")
    page.get_by_label("Side 1").select_option("BRICS")
    page.get_by_label("Side 2").select_option("SCO")
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url("**/compare/?a=bloc%3Dbrics&b=bloc%3Dsco")
    drawn(page, "initiatives-by-sector-b")
    ends = page.evaluate(
        """() => ["a", "b"].map((side) => {
          const { x } = Chart.getChart(document.querySelector(`#initiatives-by-sector-${side} canvas`)).scales;
          return [x.min, x.max, Math.round(x.width)];
        })"""
    )
    assert ends[0][:2] == ends[1][:2]
    page.locator("[aria-label='In numbers'] tbody a").first.click()
    page.wait_for_url("**/initiatives/?bloc=brics")


@pytest.mark.django_db
def test_without_scripts_the_views_are_their_tables_and_comparing_works(
    seeded_site: str, no_scripts: Page
) -> None:
    page = no_scripts
    for address, _, _ in VIEWS.values():
        page.goto(seeded_site + address)
        expect(page.locator("[data-chart-table] tbody tr").first).to_be_visible()
        expect(page.locator("[data-chart-plot]")).to_be_hidden()
    page.goto(f"{seeded_site}/compare/")
    page.get_by_label("Side 1").select_option("BRICS")
    page.get_by_label("Side 3").select_option("EU")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("[aria-label='In numbers'] thead th")).to_have_count(3)


@pytest.mark.django_db
def test_views_fit_a_sheet_of_paper(site: str, page: Page) -> None:
    for address in ("/charts/map/", "/charts/network/"):
        page.goto(site + address)
        expect(page.locator("figure[data-chart]")).to_have_attribute("data-drawn", "yes")
        pdf = page.pdf(prefer_css_page_size=True)
        assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") == 1, address
