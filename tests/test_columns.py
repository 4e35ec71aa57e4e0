"""Which columns a list shows: asked in the address, alike on its page and in its files."""

from __future__ import annotations

import html
import io
import re
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from dashboards.lists import INITIATIVES, LISTINGS
from initiatives.models import Initiative, PartOf
from initiatives.search import catch_up
from tests import cast, reading
from tests.documents import last_change
from tests.reading import chart, csv_rows, get_json, page, slugs

pytestmark = pytest.mark.django_db

USUAL = {
    "initiatives": "Initiative Kind Under Countries Status Began",
    "alliances": "Alliance Under Countries Founded",
    "summits": "Summit Series Under Countries Held or planned",
    "countries": "Country Code Region Initiatives",
    "blocs": "Bloc Kind Founded Members today Initiatives",
    "organisations": "Organisation Kind Country Initiatives",
    "articles": "Article Publisher Published Passages",
}
MACHINE = ("json", "csv", "xlsx", "atom", "bib")


@pytest.fixture
def panda() -> Initiative:
    """A made-up initiative, alone in q=panda."""
    record = cast.initiative(
        "panda", ("KEN", "CHN"), ("brics",), ("space", "health"), "2019-06", "signed",
        title="Panda", summary="A panda in orbit.", kind="project",
    )  # fmt: skip
    cast.label(record, "belt-and-road")
    PartOf.objects.create(record=record, whole=Initiative.objects.get(slug="digital-silk-road"))
    return record


def every(listing: Any) -> list[str]:
    return [column.name for column in listing.columns]


def asking(names: list[str]) -> str:
    return reading.query(columns=names)


def table(text: str) -> list[dict[str, str]]:
    """The table of a page: a row by heading, with the HTML of each cell."""
    inside = re.search(r'<table class="table table--cards">.*?</table>', text, re.S)
    assert inside
    head, body = inside[0].split("</thead>")
    names = [reading.plain(h) for h in re.findall(r"<th [^>]*>.*?</th>", head, re.S)]
    return [
        dict(zip(names, re.findall(r"<t[hd][ >].*?</t[hd]>", row, re.S), strict=True))
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.S)
    ]


def workbook(client: Any, address: str) -> list[list[Any]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(client.get(address).getvalue()))
    return book.get_sheet_by_index(0).to_python()


# --- The columns that are asked for --------------------------------------------------------------


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.name)
def test_without_asking_a_page_has_the_usual_columns_and_files_have_all(client, listing):
    rows = table(page(client, f"/{listing.name}/"))
    assert " ".join(rows[0]) == USUAL[listing.name]
    assert list(csv_rows(client, f"/{listing.name}.csv")[0]) == every(listing)
    assert workbook(client, f"/{listing.name}.xlsx")[0] == every(listing)
    assert list(get_json(client, f"/{listing.name}.json")["results"][0]) == every(listing)


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.name)
def test_each_column_can_be_asked_for_and_stands_in_the_order_of_the_codebook(client, listing):
    asked = asking(every(listing)[::-1])
    beside = [str(c.label) for c in listing.columns if not c.beneath and c.name != "title"]
    for row in table(page(client, f"/{listing.name}/?{asked}")):
        assert list(row)[1:] == beside
        assert all(cell.strip() for cell in row.values())
    assert list(csv_rows(client, f"/{listing.name}.csv?{asked}")[0]) == every(listing)
    for column in every(listing):
        (first, *_), lines = (
            get_json(client, f"/{listing.name}.json?columns={column}")["results"],
            csv_rows(client, f"/{listing.name}.csv?columns={column}"),
        )
        assert first.keys() == {"slug", "title", "url", column}
        assert set(lines[0]) == {column}


def test_page_and_files_show_exactly_the_columns_of_the_address(client, panda):
    asked = "q=panda&columns=sectors&columns=status&columns=kind"
    (row,) = table(page(client, f"/initiatives/?{asked}"))
    assert list(row) == ["Initiative", "Kind", "Status", "Sectors"]
    assert "in orbit" not in row["Initiative"]
    assert 'href="/initiatives/panda/"' in row["Initiative"]
    said = {"kind": "project", "status": "signed", "sectors": "health; space"}
    assert csv_rows(client, f"/initiatives.csv?{asked}") == [said]
    assert workbook(client, f"/initiatives.xlsx?{asked}") == [list(said), list(said.values())]
    (found,) = get_json(client, f"/initiatives.json?{asked}")["results"]
    assert found == {
        "slug": "panda",
        "title": "Panda",
        "url": "http://testserver/initiatives/panda/",
        **said,
        "sectors": ["health", "space"],
    }


def test_values_look_on_the_page_as_people_read_them(client, panda):
    (row,) = table(page(client, f"/initiatives/?q=panda&{asking(every(INITIATIVES))}"))
    said = {name: reading.plain(cell) for name, cell in row.items()}
    assert said == {
        "Initiative": "Panda A panda in orbit.",
        "Key": "panda",
        "Kind": "project",
        "Under": "BRICS",
        "Countries": "China , Kenya",
        "Status": "signed",
        "Began": "June 2019",
        "First day": "1 June 2019",
        "Last day": "30 June 2019",
        "Beginning disputed": "no",
        "Official names": "Belt and Road",
        "Part of": "Digital Silk Road",
        "Organisations": "–",
        "Sectors": "Health and life sciences, Space and satellite navigation",
        "Changed": said["Changed"],
        "Address": "/initiatives/panda/",
    }
    assert 'href="/blocs/brics/"' in row["Under"]
    assert 'href="/initiatives/digital-silk-road/"' in row["Part of"]
    assert "<mark>" in row["Initiative"]
    # On a phone each cell is called by its heading, and the dash of nothing is left out.
    assert 'data-label="Official names"' in row["Official names"]
    assert 'class="blank"' in row["Organisations"]


def test_hostile_text_is_text_in_every_column(client):
    evil = "<script>alert(1)</script>"
    record = cast.initiative("panda", title=f"Panda {evil}", summary=evil)
    whole = cast.initiative("whole", title=f"Whole {evil}")
    PartOf.objects.create(record=record, whole=whole)
    text = page(client, f"/initiatives/?{asking(every(INITIATIVES))}&size=200")
    assert "<script>alert" not in text
    assert text.count(html.escape(f"Whole {evil}")) >= 2


def test_a_number_leads_to_what_it_counts_also_in_the_past(client, panda):
    for plural, name, asked in (("countries", "Kenya", "country=KEN"), ("blocs", "BRICS", "bloc=brics")):  # fmt: skip
        then = last_change().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for past in ("", f"as_of={then}"):
            rows = table(page(client, f"/{plural}/?columns=initiatives&size=200&{past}"))
            (cell,) = (r["Initiatives"] for r in rows if reading.plain(list(r.values())[0]) == name)
            link = html.unescape(re.findall(r'href="/initiatives/\?([^"]*)"', cell)[0])
            assert asked in link and ("as_of" in link) == bool(past)
            assert len(slugs(client, link)) == int(reading.plain(cell))


# --- What is not understood ----------------------------------------------------------------------


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.name)
def test_an_unknown_column_is_refused_by_name(client, listing):
    for value in ("moon", "title,url", "kind;--", "<script>", "Title", "x" * 5000):
        asked = reading.query(columns=["title", value])
        for suffix in listing.formats:
            refused = client.get(f"/{listing.name}.{suffix}?{asked}")
            assert refused.status_code == 400
            assert refused.json()["errors"].keys() == {"columns"}
        text = page(client, f"/{listing.name}/?{asked}", status=400)
        assert "<code>columns</code>" in text
        assert reading.stated_count(text) == 0


def test_what_has_no_columns_takes_them_and_ignores_them(client):
    asked = "columns=kind&columns=summary"
    for address in (
        "/initiatives.atom?{}", "/initiatives.bib?{}", "/summits.ics?columns=series{}",
        "/charts/initiatives-by-year.csv?{}", "/charts/map.svg?{}", "/charts/funding-by-year/embed/?{}",
    ):  # fmt: skip
        answers = [client.get(address.format(q)) for q in (asked if "=" not in address else "", "")]
        assert [answer.status_code for answer in answers] == [200, 200], address
    for slug in reading.CHARTS:
        where = asked if slug not in ("summits", "summit-timeline") else "columns=series"
        plain, with_columns = chart(client, slug), chart(client, slug, where)
        for part in ("labels", "series", "total", "left_out", "note"):
            assert plain[part] == with_columns[part], (slug, part)
    feeds = [client.get(f"/initiatives.atom?{q}").getvalue().decode() for q in ("", asked)]
    entries = [re.findall(r"<entry>.*?</entry>", feed, re.S) for feed in feeds]
    assert entries[0] == entries[1] != []
    assert client.get("/charts/map.json?columns=moon").json()["errors"].keys() == {"columns"}


# --- The way from one table to another -----------------------------------------------------------


def test_the_columns_travel_with_the_question(client, panda):
    text = html.unescape(page(client, "/initiatives/?q=panda&bloc=brics&columns=kind"))
    for address in ("/charts/map/", "/initiatives.csv", "/initiatives.xlsx"):
        (query,) = re.findall(rf'href="{re.escape(address)}\?([^"]*)"', text)[:1]
        assert "columns=kind" in query
    # The form of the filters carries them, so does taking one filter away.
    form = text.split('<form id="filters"')[1].split("</form>")[0]
    assert '<input type="hidden" name="columns" value="kind">' in form
    assert re.search(r'class="chip__remove" href="\?q=panda&columns=kind"', text)
    assert "columns" not in re.findall(r'href="(/compare/[^"]*)"', text)[0]
    assert 'name="columns"' in page(client, "/charts/map/?columns=kind")
    # They are no filter: nothing is said of them, and nothing is narrowed by them.
    assert get_json(client, "/initiatives.json?columns=kind")["query"] == "Initiatives, all"


def test_who_chose_no_columns_has_none_in_the_address(client):
    form = page(client, "/initiatives/?bloc=brics").split('<form id="filters"')[1]
    assert "columns" not in form.split("</form>")[0]


def test_columns_are_chosen_in_a_form_that_keeps_the_rest(client, panda):
    text = page(client, "/initiatives/?q=panda&sort=title&size=25&columns=kind&columns=began")
    form = text.split('<form id="columns"')[1].split("</form>")[0]
    assert re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form) == [
        ("q", "panda"), ("sort", "title"), ("size", "25"), ("columns", "title"),
    ]  # fmt: skip
    boxes = re.findall(r'name="columns" value="([^"]*)"( checked)?( disabled)?>', form)
    assert [name for name, *_ in boxes][1:] == every(INITIATIVES)
    assert [name for name, checked, _ in boxes if checked] == ["title", "kind", "began"]
    ways = [html.unescape(way) for way in re.findall(r'<a href="([^"]*)"', form)]
    assert ways[0] == "?q=panda&sort=title&size=25"
    assert table(page(client, f"/initiatives/{ways[1]}"))[0].keys() >= {"Part of", "Address"}
    assert 'href="/initiatives/">Usual columns' in page(client, "/initiatives/?columns=kind")


def test_the_codebook_has_the_name_of_every_column(client):
    text = page(client, "/codebook/")
    assert "columns=" in text
    for listing in LISTINGS:
        _, part = text.split(f'<section class="section" id="{listing.name}">')
        for column in listing.columns:
            assert f"<code>{column.name}</code></th><td>{column.label}</td>" in part


# --- What it costs -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "queries"),
    [
        ("/initiatives/?", 2),
        ("/initiatives/?columns=kind", 2),
        ("/initiatives/?columns=countries&columns=organisations", 3),
        ("/initiatives/?columns=blocs&columns=sectors&columns=labels&columns=part_of", 3),
        ("/initiatives.csv?", 5),
        ("/initiatives.csv?columns=kind", 3),
        ("/initiatives.json?columns=countries", 2),
        ("/initiatives.xlsx?columns=status", 2),
        ("/summits/?columns=ordinal", 3),
        ("/summits.csv?columns=series", 3),
        ("/blocs.csv?columns=name", 2),
    ],
)
def test_a_column_that_is_not_shown_costs_nothing(
    client, address, queries, django_assert_num_queries
):
    for n in range(12):
        cast.initiative(f"panda-{n}", ("CHN", "BRA"), ("brics",), ("space",), began="2020")
    catch_up()
    client.get("/initiatives/")  # the first page after a change reads what it touched
    with django_assert_num_queries(queries):
        response = client.get(address)
        assert response.getvalue() if response.streaming else response.content
