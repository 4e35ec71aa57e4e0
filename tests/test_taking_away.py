"""What is taken away from a view: exactly its rows, in every shape, harmless and citable."""

import datetime as dt
import io
import json
import re
import xml.etree.ElementTree as etree
import zipfile

import feedparser
import pytest
from django.utils import timezone
from icalendar import Calendar
from pybtex.database import parse_string
from python_calamine import CalamineWorkbook

from dashboards.exports import xlsx
from dashboards.exports.formats import FORMATS
from dashboards.lists import LISTINGS
from initiatives.derive import derive
from initiatives.models import Initiative, KeyDate, Record, Summit, SummitSeries
from initiatives.search import catch_up
from partners.dates import PartialDate
from tests import cast, reading
from tests.documents import last_change
from tests.reading import body, csv_rows, page, slugs

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = '=HYPERLINK("http://x.example","a") </script><b>&\x08{ }% \\ $x_1'
QUERIES = ("", "bloc=brics", "country=CHN&country=RUS", "sector=space&kind=programme",
           "funded=yes&rung=disbursed", "q=silk", "year_min=2015", "q=nothing-is-called-so")  # fmt: skip
EVERY = [(listing.name, suffix) for listing in LISTINGS for suffix in listing.formats]


def get(client, address, status=200):
    response = client.get(address)
    content = response.getvalue() if response.streaming else response.content
    assert response.status_code == status, (address, response.status_code, content[:300])
    return content


def sheets(client, address):
    """The sheets of a workbook by name, each a list of rows."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(get(client, address)))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def workbook(client, address):
    """The rows of the first sheet, each by its header."""
    header, *rows = next(iter(sheets(client, address).values()))
    return [dict(zip(header, row, strict=True)) for row in rows]


def feed(client, address):
    found = feedparser.parse(get(client, address))
    assert not found.bozo, found.get("bozo_exception")
    return found


def calendar(client, address):
    return Calendar.from_ical(get(client, address))


def summit(slug, date, event="held", **fields):
    """A published summit with one date."""
    series = SummitSeries.objects.get_or_create(name="Panda Summit", slug="panda-summit")[0]
    record = Summit.objects.create(
        slug=slug, title=fields.pop("title", f"Panda {slug}"), series=series, state="published", **fields
    )  # fmt: skip
    KeyDate.objects.create(record=record, event=event, date=PartialDate.parse(date))
    derive(record)
    return record


# --- Exactly this view ---------------------------------------------------------------------------


@pytest.mark.parametrize("asked", QUERIES)
def test_every_shape_of_a_view_has_the_same_rows_in_the_same_order(client, asked):
    expected = slugs(client, asked)
    assert [row["slug"] for row in csv_rows(client, f"/initiatives.csv?{asked}")] == expected
    assert [row["slug"] for row in workbook(client, f"/initiatives.xlsx?{asked}")] == expected
    entries = feed(client, f"/initiatives.atom?{asked}").entries
    assert [entry.link.rstrip("/").rpartition("/")[2] for entry in entries] == expected


@pytest.mark.parametrize(("plural", "suffix"), EVERY)
def test_every_list_answers_in_each_of_its_shapes_and_refuses_what_it_does_not_know(
    client, plural, suffix
):
    response = client.get(f"/{plural}.{suffix}")
    assert response.status_code == 200
    assert response["Content-Type"].partition(";")[0] == FORMATS[suffix].media_type
    assert body(response) if suffix not in ("xlsx",) else response.getvalue()
    for asked, wrong in (("contry=KEN&page=2", {"contry", "page"}), ("as_of=tomorrow", {"as_of"})):
        assert json.loads(get(client, f"/{plural}.{suffix}?{asked}", 400))["errors"].keys() == wrong


def test_a_wrong_value_takes_nothing_away(client):
    for suffix in ("xlsx", "atom", "bib", "csl.json"):
        wrong = json.loads(get(client, f"/initiatives.{suffix}?country=ZZZ&bloc=brics", 400))
        assert wrong["errors"].keys() == {"country"}
    assert json.loads(get(client, "/summits.ics?year_min=abc", 400))["errors"].keys() == {
        "year_min"
    }


def test_what_is_not_published_is_in_no_shape(client):
    cast.initiative("panda-draft", ("CHN",), began="2020", state="draft", title="Panda secret")
    for suffix in ("csv", "xlsx", "atom", "json"):
        assert b"panda-draft" not in get(client, f"/initiatives.{suffix}")
    for suffix in ("json", "bib", "csl.json"):
        get(client, f"/initiatives/panda-draft.{suffix}", 404)


def test_a_page_leads_to_all_of_its_shapes(client):
    text = page(client, "/summits/?bloc=brics")
    twins = re.search(r'<nav class="twins".*?</nav>', text, re.S)[0]
    found = re.findall(r'href="(/summits\.[^"]+)" type="([^"]+)">([^<]+)<', twins)
    assert [label for *_rest, label in found] == [
        "JSON", "CSV", "XLSX", "Atom", "iCalendar", "BibTeX", "CSL-JSON",
    ]  # fmt: skip
    for address, media_type, _label in found:
        assert address.endswith("?bloc=brics")
        assert client.get(address)["Content-Type"].partition(";")[0] == media_type
    assert 'rel="alternate" type="application/atom+xml"' in text


def test_the_past_is_taken_away_as_it_was(client):
    cast.initiative("panda", ("CHN",), began="2020", title="Panda before")
    then = last_change().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    Initiative.objects.filter(slug="panda").update(title="Panda after")
    for suffix in ("xlsx", "atom"):
        ask = workbook if suffix == "xlsx" else lambda c, a: feed(c, a).entries
        assert [r["title"] for r in ask(client, f"/initiatives.{suffix}?q=panda")] == [
            "Panda after"
        ]
        (row,) = ask(client, f"/initiatives.{suffix}?q=panda&as_of={then}")
        assert row["title"] == "Panda before"


def test_reading_many_rows_takes_no_more_queries(client, django_assert_max_num_queries):
    for n in range(40):
        cast.initiative(f"panda-{n}", ("CHN", "BRA"), ("brics",), ("space",), began="2020")
    catch_up()
    client.get("/initiatives/")  # the first page after a change reads what it touched
    for suffix, most in (("xlsx", 20), ("atom", 20), ("bib", 12)):
        with django_assert_max_num_queries(most):
            get(client, f"/initiatives.{suffix}?q=panda&bloc=brics")


# --- Workbooks -----------------------------------------------------------------------------------


def test_a_workbook_says_what_it_is(client):
    rows, about = sheets(client, "/initiatives.xlsx?bloc=brics").values()
    said = {row[0]: row[1] for row in about if row[0]}
    assert said["View"] == "Initiatives run under BRICS"
    assert said["Records"] == len(rows) - 1
    assert said["Address"] == "http://testserver/initiatives/?bloc=brics"
    assert said["Data version"] == reading.get_json(client, "/initiatives.json")["data_version"]
    assert "CC BY 4.0" in said["Licence"]
    assert "http://testserver/initiatives/?bloc=brics" in said["Cite as"]
    assert set(rows[0]) <= said.keys()  # every column is in its codebook


def test_dates_in_a_workbook_are_as_stated_and_numbers_are_numbers(client):
    cast.initiative("panda", ("CHN",), began="2013-23", title="Panda")
    (row,) = workbook(client, "/initiatives.xlsx?q=panda")
    assert (row["began"], row["began_earliest"]) == ("2013-23", "2013-09-01")
    assert row["began_disputed"] is False
    (china,) = (r for r in workbook(client, "/countries.xlsx") if r["slug"] == "CHN")
    assert isinstance(china["initiatives"], float | int) and china["initiatives"] > 1
    book = zipfile.ZipFile(io.BytesIO(get(client, "/countries.xlsx")))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert 'state="frozen"' in sheet and "<cols>" in sheet


def test_no_text_is_a_formula_in_any_table(client):
    signs = ("=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "＝1", "https://x.example/")
    for n, sign in enumerate(signs):
        cast.initiative(f"panda-{n}", title=sign, summary=f"{sign} panda")
    for row in csv_rows(client, "/initiatives.csv?q=panda"):
        if not row["title"].startswith("https"):
            assert row["title"].startswith("'") and row["summary"].startswith("'"), row
    data = get(client, "/initiatives.xlsx?q=panda")
    book = zipfile.ZipFile(io.BytesIO(data))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "<hyperlink" not in sheet
    titles = {row["title"].strip() for row in workbook(client, "/initiatives.xlsx?q=panda")}
    assert titles >= {"=1+1", "+1", "-1", "@SUM(1)", "＝1"}  # as they are, for they are text


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(client, monkeypatch):
    monkeypatch.setattr(xlsx, "ROWS_PER_SHEET", 20)
    book = sheets(client, "/initiatives.xlsx")
    assert list(book)[:2] == ["Initiatives", "Initiatives 2"]
    found = [row[0] for name, rows in book.items() if name != "About" for row in rows[1:]]
    assert found == slugs(client)


# --- Feeds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("plural", [listing.name for listing in LISTINGS])
def test_a_feed_is_valid_atom(client, plural):
    root = etree.fromstring(get(client, f"/{plural}.atom"))
    for one in (root, *root.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(one.findall(f"{ATOM}{name}")) == 1, name
        assert one.findtext(f"{ATOM}id").startswith("tag:localhost,2026:/")
        assert dt.datetime.fromisoformat(one.findtext(f"{ATOM}updated")).tzinfo
        assert one.find(f"{ATOM}link[@rel='alternate']") is not None
    assert root.find(f"{ATOM}author/{ATOM}name").text == "Accord"
    assert root.find(f"{ATOM}link[@rel='self']").get("href").endswith(f"/{plural}.atom")
    assert all(entry.findtext(f"{ATOM}summary") for entry in root.findall(f"{ATOM}entry"))
    ids = [entry.findtext(f"{ATOM}id") for entry in root.findall(f"{ATOM}entry")]
    assert len(ids) == len(set(ids)) == reading.get_json(client, f"/{plural}.json")["count"]


def test_an_entry_is_as_old_as_the_last_change_and_keeps_its_id(client):
    record = cast.initiative("panda", title="Panda")
    (first,) = feed(client, "/initiatives.atom?q=panda").entries
    assert dt.datetime.fromisoformat(first.updated) == record.changed_at
    record.title = "Panda renamed"
    derive(record)
    (second,) = feed(client, "/initiatives.atom?q=panda").entries
    assert second.id == first.id
    assert second.updated > first.updated
    views = {feed(client, f"/initiatives.atom?{q}").feed.id for q in QUERIES}
    assert len(views) == len(QUERIES)


# --- Calendars -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "first", "last"),
    [("2024-06-23", "2024-06-23", "2024-06-23"), ("2024-06-22/2024-06-23", "2024-06-22", "2024-06-23")],
)  # fmt: skip
def test_days_that_are_known_exactly_are_events(client, date, first, last):
    summit("panda", date)
    for address in ("/summits.ics?q=panda", "/summits/panda.ics"):
        found = calendar(client, address)
        (event,) = found.walk("VEVENT")
        assert event["DTSTART"].dt == dt.date.fromisoformat(first)
        assert event["DTEND"].dt == dt.date.fromisoformat(last) + dt.timedelta(days=1)
        assert event["SUMMARY"] == "Panda panda"
        assert event["UID"] == "summit-panda@localhost"
        assert event["URL"].endswith("/summits/panda/")
        assert found["X-ACCORD-LEFT-OUT"] == "0"
    assert '/summits/panda.ics"' in page(client, "/summits/panda/")


@pytest.mark.parametrize(
    "date", ["2024", "2024-06", "2013-23", "2019-33", "2024-06/2024-07", "2024-06-23/.."]
)
def test_other_dates_are_left_out_and_counted(client, date):
    summit("panda", date)
    summit("panda-known", "2024-01-02")
    found = calendar(client, "/summits.ics?q=panda")
    assert [event["UID"] for event in found.walk("VEVENT")] == ["summit-panda-known@localhost"]
    assert found["X-ACCORD-LEFT-OUT"] == "1"
    assert "1 summit is left out" in found["X-WR-CALDESC"]
    get(client, "/summits/panda.ics", 404)
    assert "panda.ics" not in page(client, "/summits/panda/")


def test_what_is_only_planned_is_tentative(client):
    held, planned = summit("panda", "2019-06-23"), summit("panda-to-be", "2031-06-23", "planned")
    said = {"summit-panda@localhost": "CONFIRMED", "summit-panda-to-be@localhost": "TENTATIVE"}
    events = calendar(client, "/summits.ics?q=panda").walk("VEVENT")
    assert {event["UID"]: event["STATUS"] for event in events} == said
    for record in (held, planned):
        (event,) = calendar(client, f"/summits/{record.slug}.ics").walk("VEVENT")
        assert event["STATUS"] == said[event["UID"]]
    KeyDate.objects.create(record=planned, event="held", date=PartialDate.parse("2031-06-23"))
    derive(planned)
    (event,) = calendar(client, "/summits/panda-to-be.ics").walk("VEVENT")
    assert event["STATUS"] == "CONFIRMED"


def test_disputed_days_are_in_no_calendar(client):
    record = summit("panda", "2024-06-23")
    KeyDate.objects.create(record=record, event="held", date=PartialDate.parse("2024-06-25"))
    derive(record)
    assert record.began_disputed
    assert calendar(client, "/summits.ics?q=panda")["X-ACCORD-LEFT-OUT"] == "1"


def test_only_summits_have_calendars(client):
    get(client, "/initiatives.ics", 404)
    get(client, "/initiatives/digital-silk-road.ics", 404)


# --- Citations -----------------------------------------------------------------------------------

CITED = ["/initiatives", "/initiatives/digital-silk-road", "/summits/14th-brics-summit", "/blocs",
         "/alliances/university-alliance-of-the-new-silk-road", "/data", "/charts/funding-by-year"]  # fmt: skip


@pytest.mark.parametrize("path", CITED)
def test_whatever_is_shown_can_be_cited_with_its_version_and_the_day(client, path):
    version = reading.get_json(client, "/initiatives.json")["data_version"]
    today = timezone.localdate()
    (item,) = json.loads(get(client, f"{path}.csl.json"))
    assert item["URL"] == f"http://testserver{path}/"
    assert item["version"] == str(version)
    assert item["accessed"]["date-parts"] == [[today.year, today.month, today.day]]
    assert item["type"] in ("webpage", "dataset")
    ((key, entry),) = parse_string(get(client, f"{path}.bib").decode(), "bibtex").entries.items()
    assert key == item["id"]
    assert entry.fields["url"] == item["URL"]
    assert entry.fields["urldate"] == today.isoformat()
    assert entry.fields["version"] == str(version)
    text = reading.plain(page(client, f"{path}/"))
    assert f"Data version {version}" in text
    assert item["URL"] in text
    for suffix in ("bib", "csl.json"):
        wrong = json.loads(get(client, f"{path}.{suffix}?contry=KEN", 400))
        assert wrong["errors"].keys() == {"contry"}


def test_a_view_is_cited_by_its_filter_and_its_address(client):
    (item,) = json.loads(get(client, "/initiatives.csl.json?sector=space&bloc=brics"))
    assert (
        item["title"]
        == reading.get_json(client, "/initiatives.json?sector=space&bloc=brics")["query"]
    )
    assert item["URL"] == "http://testserver/initiatives/?bloc=brics&sector=space"
    other = json.loads(get(client, "/initiatives.csl.json?sector=space"))[0]
    assert other["id"] != item["id"]


def test_the_address_that_stays_so_shows_what_was_cited(client):
    cast.initiative("panda", title="Panda before")
    text = page(client, "/initiatives/?q=panda")
    fixed = reading.html.unescape(re.search(r'href="http://testserver([^"]*as_of[^"]*)"', text)[1])
    Initiative.objects.filter(slug="panda").update(title="Panda after")
    assert "<mark>Panda</mark> before" in page(client, fixed)


def test_a_record_is_cited_as_it_was_when_it_is_read_as_of_then(client):
    cast.initiative("panda", title="Panda before")
    then = last_change().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    Initiative.objects.filter(slug="panda").update(title="Panda after")
    (cited,) = json.loads(get(client, f"/initiatives/panda.csl.json?as_of={then}"))
    assert cited["title"] == "Panda before"
    now = reading.get_json(client, "/initiatives.json")["data_version"]
    assert int(cited["version"]) < now


def test_signs_that_latex_reads_as_commands_are_only_text(client):
    Initiative.objects.filter(pk=cast.initiative("panda").pk).update(title=HOSTILE)
    text = get(client, "/initiatives/panda.bib").decode()
    ((_key, entry),) = parse_string(text, "bibtex").entries.items()
    assert (
        r"\&\textbraceleft{} \textbraceright{}\% \textbackslash{} \$x\_1" in entry.fields["title"]
    )
    assert text.count("{") == text.count("}")
    (item,) = json.loads(get(client, "/initiatives/panda.csl.json"))
    assert "</script><b>&{ }%" in item["title"]


# --- Strangers write our titles ------------------------------------------------------------------


def test_a_hostile_title_breaks_no_shape(client):
    record = summit("panda", "2024-06-23")
    Record.objects.filter(pk=record.pk).update(title=HOSTILE, summary=HOSTILE)
    (entry,) = (e for e in feed(client, "/summits.atom").entries if "panda" in e.link)
    assert "<b>" not in entry.summary
    (event,) = (e for e in calendar(client, "/summits.ics").walk("VEVENT") if "panda" in e["UID"])
    assert event["SUMMARY"].startswith("=HYPERLINK")
    assert any(row["slug"] == "panda" for row in workbook(client, "/summits.xlsx"))
    assert "<b>&" not in page(client, "/summits/panda/")


def test_what_is_searched_for_cannot_leave_the_markup(client):
    text = page(client, "/initiatives/?q=%3C/script%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in text
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.S)
    assert "</script><script>alert(1)</script>" in json.loads(found)["name"]
    for suffix in ("xlsx", "atom", "bib", "csl.json"):
        get(client, f"/initiatives.{suffix}?q=%08%0B%3C/title%3E")


def test_the_markup_of_a_list_names_its_files(client):
    text = page(client, "/initiatives/?bloc=brics")
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.S)
    data = json.loads(found)
    assert (data["@type"], data["name"]) == ("Dataset", "Initiatives run under BRICS")
    assert data["license"] == "https://creativecommons.org/licenses/by/4.0/"
    for file in data["distribution"]:
        address = file["contentUrl"].removeprefix("http://testserver")
        assert client.get(address)["Content-Type"].partition(";")[0] == file["encodingFormat"]


def test_the_codebook_has_every_format(client):
    text = page(client, "/codebook/")
    for format in FORMATS.values():
        assert f'id="format-{format.name}"' in text
        assert reading.plain(str(format.meaning)) in reading.plain(text)
