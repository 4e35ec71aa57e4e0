"""Charts as pictures and in frames of other sites."""

import json
import re
import threading
import xml.etree.ElementTree as etree
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page

from partners.models import Country
from tests import cast, reading
from tests.browsing import PHONE, axe, fits
from tests.people import client_of
from tests.reading import CHARTS, page, query

pytestmark = pytest.mark.django_db

# Of which bars would not say what they say.
NOT_PICTURED = {"network", "timeline", "summit-timeline"}
SVG = "{http://www.w3.org/2000/svg}"
ALL = (*CHARTS, "summits")


def picture(client, slug, asked=""):
    response = client.get(f"/charts/{slug}.svg?{asked}")
    assert response.status_code == 200
    assert response["Content-Type"] == "image/svg+xml"
    return etree.fromstring(response.content)


def words(root):
    return " ".join(" ".join(text.itertext()) for text in root.iter(f"{SVG}text"))


def bars(root, fill="#"):
    return [r for r in root.iter(f"{SVG}rect") if r.get("fill", "").startswith(fill)][1:]


@pytest.mark.parametrize("slug", [slug for slug in ALL if slug not in NOT_PICTURED])
def test_a_picture_of_every_chart_stands_alone(client, slug):
    root = picture(client, slug)
    assert (root.get("width"), root.get("height")) == ("960", "540")
    chart = reading.chart(client, slug)
    said = words(root)
    for text in (chart["title"], chart["unit"], "Data version", f"/charts/{slug}/"):
        assert text in said
    assert root.find(f"{SVG}title").text == f"{chart['title']}: {chart['query']}"
    for element in root.iter():
        assert not {"style", "class", "href"} & {*element.keys()}
        assert element.tag.removeprefix(SVG) not in ("script", "style", "image", "foreignObject")
    for text in root.iter(f"{SVG}text"):
        assert 0 <= float(text.get("y")) <= 540


def test_what_is_sure_is_solid_what_may_be_is_hatched_and_what_is_open_has_an_arrow(client):
    record = cast.initiative("panda", ("KEN",), began="2018")
    cast.money(record, "sure", 100, period="2018")
    plain = picture(client, "funding-by-year", "q=panda")
    assert not [r for r in plain.iter() if r.get("fill", "").startswith("url(")]
    assert not list(plain.iter(f"{SVG}polygon"))
    cast.money(record, "range", 100, 300, qualifier="between", period="2019")
    cast.money(record, "open", 100, qualifier="more-than", period="2020")
    root = picture(client, "funding-by-year", "q=panda")
    (hatched,) = (r for r in root.iter(f"{SVG}rect") if r.get("fill") == "url(#hatch-0)")
    colour = root.find(f"{SVG}defs/{SVG}pattern/{SVG}path").get("stroke")
    solid = [r for r in root.iter(f"{SVG}rect") if r.get("fill") == colour and r.get("x")]
    assert len({r.get("height") for r in solid}) == 1 and len(solid) == 3
    # From 100 to 300 is twice as high as from nothing to 100.
    assert float(hatched.get("height")) == pytest.approx(2 * float(solid[0].get("height")), abs=0.1)
    assert len([p for p in root.iter(f"{SVG}polygon") if p.get("fill") == colour]) == 1
    for said in ("low bound", "up to the high bound", "no upper bound", "2018", "2020"):
        assert said in words(root)


def test_a_picture_names_its_filter_and_what_it_leaves_out(client):
    record = cast.initiative("panda", ("KEN",), ("brics",), began="2018")
    cast.money(record, "secret", None)
    root = picture(client, "funding-by-year", "q=panda&bloc=brics")
    said = words(root)
    assert "run under BRICS" in said and "“panda”" in said
    assert "No bar to draw." in said
    assert "Left out: no amount (1)." in said


def test_a_hostile_filter_is_only_text(client):
    root = picture(
        client, "initiatives-by-year", query(q='</text><script>"\x08 & 漢字 ' + "x" * 150)
    )
    assert "</text><script>" in words(root)


def test_a_picture_of_more_than_fits_says_so(client):
    cast.initiative("panda", tuple(Country.objects.values_list("iso3", flat=True)[:60]))
    root = picture(client, "initiatives-by-country")
    data = reading.chart(client, "initiatives-by-country")
    assert f"of {len(data['labels'])} are drawn" in words(root)


@pytest.mark.parametrize("end", [".svg", ".bib", ".csl.json"])
def test_the_shapes_of_a_chart_refuse_what_they_do_not_understand(client, end):
    for asked, name in (("contry=KEN", "contry"), ("country=ZZZ", "country"), ("as_of=x", "as_of")):
        response = client.get(f"/charts/funding-by-year{end}?{asked}")
        assert response.status_code == 400
        assert response.json()["errors"].keys() == {name}
    assert client.get(f"/charts/no-such-chart{end}").status_code == 404


# --- In a frame ----------------------------------------------------------------------------------


def test_only_the_frame_of_a_chart_may_be_framed(client):
    for who in (client, client_of("editor")):
        before = {name: cookie.value for name, cookie in who.cookies.items()}
        response = who.get("/charts/funding-by-sector/embed/?bloc=belt-and-road")
        assert response.status_code == 200
        policy = response["Content-Security-Policy"]
        assert "frame-ancestors *" in policy and "frame-ancestors 'none'" not in policy
        assert "default-src 'none'" in policy and "script-src 'self'" in policy
        assert "X-Frame-Options" not in response
        assert "Set-Cookie" not in response and not response.cookies
        assert {name: cookie.value for name, cookie in who.cookies.items()} == before
        text = response.content.decode()
        assert "csrf" not in text and "<form" not in text and "editor" not in text
    for address in ("/charts/funding-by-sector/", "/charts/funding-by-sector.svg", "/", "/data/"):
        response = client.get(address)
        assert response["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in response["Content-Security-Policy"]


def test_a_frame_leads_back_to_the_chart_and_nowhere_inside(client):
    text = page(client, "/charts/funding-by-sector/embed/?bloc=belt-and-road")
    assert '<base target="_blank">' in text
    assert 'href="http://testserver/charts/funding-by-sector/?bloc=belt-and-road"' in text
    data = json.loads(re.search(r'type="application/json">(.*?)</script>', text, re.S)[1])
    assert data["labels"] and not any(data["links"])
    text = page(client, "/charts/bloc-by-sector/embed/")
    data = json.loads(re.search(r'type="application/json">(.*?)</script>', text, re.S)[1])
    assert data["labels"] and not any([*data["links"], *data["rows_at"], *data["columns_at"]])
    wrong = page(client, "/charts/funding-by-sector/embed/?country=ZZZ", status=400)
    assert "<code>country</code>" in wrong and "<figure" not in wrong
    assert client.get("/charts/no-such-chart/embed/").status_code == 404


def test_the_snippet_is_copied_from_the_page_of_the_chart(client):
    text = page(client, "/charts/funding-by-sector/?bloc=brics&sector=space")
    shown = reading.html.unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", text, re.S)[1])
    source = reading.html.unescape(re.search(r'<iframe src="([^"]*)"', shown)[1])
    assert source == "http://testserver/charts/funding-by-sector/embed/?bloc=brics&sector=space"
    assert client.get(source.removeprefix("http://testserver")).status_code == 200


# --- In a browser --------------------------------------------------------------------------------


def test_a_chart_is_saved_as_png(site: str, page: Page):
    page.goto(f"{site}/charts/initiatives-by-year/")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="PNG").click()
    assert waiting.value.suggested_filename == "initiatives-by-year.png"
    data = waiting.value.path().read_bytes()
    assert data.startswith(b"\x89PNG")
    assert int.from_bytes(data[16:20]) == 1920 and int.from_bytes(data[20:24]) == 1080


@pytest.fixture
def other_site(site: str):
    """A page of somebody else, with our chart in a frame. The browser wants it on a real port."""
    frame = f'<iframe src="{site}/charts/initiatives-by-year/embed/" width="600" height="640">'
    content = f'<!doctype html><html lang="en"><title>x</title>{frame}</iframe>'.encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("localhost", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_another_site_shows_the_chart_in_a_frame(other_site: str, page: Page):
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.goto(other_site)
    inside = page.frame_locator("iframe")
    inside.locator('figure[data-drawn="yes"]').wait_for()
    assert page.context.cookies() == []
    with page.expect_popup() as opened:
        inside.get_by_role("link", name="Accord: this chart").click()
    assert opened.value.url.endswith("/charts/initiatives-by-year/")


@pytest.mark.parametrize("address", ["/data/", "/charts/initiatives-by-year/embed/", "/codebook/"])
def test_pages_fit_a_phone_and_suit_everybody(site: str, page: Page, address: str):
    page.set_viewport_size(PHONE)
    page.goto(f"{site}{address}")
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    assert fits(page), page.evaluate(
        "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > 391 && !e.closest('.table-scroll')).slice(0, 5).map(e => e.outerHTML.slice(0, 150))"
    )
    assert axe(page) == []


@pytest.mark.parametrize("slug", sorted(NOT_PICTURED))
def test_what_bars_would_not_say_is_not_offered_as_a_picture(client, slug):
    assert client.get(f"/charts/{slug}.svg").status_code == 404
    assert f"/charts/{slug}.svg" not in client.get(f"/charts/{slug}/").content.decode()
