"""Whatever is asked, every shape of the answer has the same records, in the same order.

Five hundred generated questions, each put to the site through its addresses: the page with its
facets, the files, the feed, the calendar, the API, the charts. All is compared with the JSON of the
list.
"""

from __future__ import annotations

import html
import io
import random
import re
from collections.abc import Callable
from itertools import cycle
from typing import Any

import feedparser
import pytest
from django.test import Client
from python_calamine import CalamineWorkbook

from dashboards.exports.cells import FORMULA, flat
from dashboards.lists import LISTINGS
from initiatives.derive import derive
from initiatives.models import Alliance, KeyDate, Participation, Summit, SummitSeries
from initiatives.search import catch_up
from partners.dates import PartialDate
from partners.models import Organisation
from tests import cast, reading
from tests.reading import chart, csv_rows, get_json
from tests.test_index import question, world

pytestmark = pytest.mark.django_db

# Five hundred questions in as many parts as tests, so that they can run beside one another.
PARTS, QUESTIONS = 20, 500
WORDS = ["panda", "panda kenya", "china", "digital", "BRICS", "sil", "the of", "são", "orbit =1", "!", "zzz"]  # fmt: skip
SORTS = ["newest", "oldest", "title", "changed"]
# What a filter of initiatives alone would be refused for by the other lists.
SHARED = {
    *("bloc", "country", "organisation", "sector", "countries", "organisations"),
    *("not_bloc", "not_country", "not_organisation", "not_sector"),
    *("began", "year_min", "year_max", "members_of", "membership"),
}
LISTS = ["initiatives"] * 8 + ["summits", "alliances"]


# --- How each shape is read ----------------------------------------------------------------------


def of_page(client: Client, plural: str, query: str) -> list[str]:
    """The rows of all pages, whatever their size; they are as many as the page says."""
    size = random.Random(query).choice([25, 100, 100])
    return reading.page_slugs(client, f"{query}&size={size}", plural)


def of_csv(client: Client, plural: str, query: str) -> list[str]:
    return [row["slug"] for row in csv_rows(client, f"/{plural}.csv?{query}")]


def sheet(client: Client, address: str) -> list[list[Any]]:
    """The rows of a workbook, the header first."""
    response = client.get(address)
    assert response.status_code == 200, address
    book = CalamineWorkbook.from_filelike(io.BytesIO(response.getvalue()))
    return book.get_sheet_by_index(0).to_python()


def of_xlsx(client: Client, plural: str, query: str) -> list[str]:
    return [row[0] for row in sheet(client, f"/{plural}.xlsx?{query}")[1:]]


def of_atom(client: Client, plural: str, query: str) -> list[str]:
    feed = feedparser.parse(client.get(f"/{plural}.atom?{query}").getvalue())
    assert not feed.bozo
    return [entry.link.rstrip("/").rpartition("/")[2] for entry in feed.entries]


def of_api(client: Client, plural: str, query: str) -> list[str]:
    """The rows of all pages of the API, each asked for by the link of the one before."""
    found, address = [], f"/api/v1/{plural}/?{query}&page_size=20".replace("?&", "?")
    while address:
        data = get_json(client, address)
        found += [row["slug"] for row in data["results"]]
        address = data["next"]
    assert data["count"] == len(found)
    return found


# Each shape of a list, read as the slugs of its rows in their order. A new shape is a line here.
Reader = Callable[[Client, str, str], list[str]]
ALWAYS: dict[str, Reader] = {"page": of_page, "csv": of_csv}
BY_TURNS: dict[str, Reader] = {"xlsx": of_xlsx, "atom": of_atom, "api": of_api}


# --- The world and what is asked of it -----------------------------------------------------------


@pytest.fixture
def pandas() -> None:
    """Made-up records beside those of the seeds, of every kind of beginning, partner and money."""
    dice = random.Random(1)
    lab = Organisation.objects.create(
        slug="panda-lab", name="Panda Laboratory", kind="company", country=cast.country("KEN")
    )
    begun = ["", "2016", "2019-06", "2019-33", "2013-23", "2018/2019", "2014/..", "2021-03-04"]
    for n, began in zip(range(24), cycle(begun), strict=False):
        record = cast.initiative(
            f"panda-{n}",
            tuple(dice.sample(["KEN", "BRA", "CHN", "DEU", "ZAF"], n % 4)),
            tuple(dice.sample(["brics", "sco", "eu"], dice.choice([0, 1, 2]))),
            tuple(dice.sample(["space", "health", "energy"], dice.choice([0, 1, 2]))),
            began,
            dice.choice(["announced", "signed", "completed"]),
            title=["Panda Kenya", "=1+1 panda", "Panda São Paulo", "Panda <b>orbit</b> =1"][n % 4],
            summary=["", "+1 in orbit; a panda", "A line\nand a panda"][n % 3],
            kind=dice.choice(["project", "fund", "programme"]),
        )
        if n % 5 == 0:
            Participation.objects.create(record=record, organisation=lab, role="lead")
        if n % 6 == 0:
            cast.label(record, "belt-and-road")
        for m in range(n % 3):
            rung, currency = dice.choice(["announced", "disbursed"]), dice.choice(["USD", "CNY"])
            low = dice.choice([None, 5, 100])
            cast.money(record, f"money-{m}", low, None, currency, rung, dice.choice(["", "2019"]))
    series = SummitSeries.objects.create(name="Panda meetings", slug="panda-meetings")
    for n, held in enumerate(["2019-06-01", "2019-06", "2018", "2019-06-01/2019-06-03"]):
        summit = Summit.objects.create(
            slug=f"panda-summit-{n}", title=f"Panda {n}", series=series, state="published"
        )
        Participation.objects.create(record=summit, country=cast.country("KEN"), role="attendee")
        KeyDate.objects.create(record=summit, date=PartialDate.parse(held))
        derive(summit)
        Alliance.objects.create(slug=f"panda-body-{n}", title=f"Panda {n}", state="published")
    catch_up()


def asked_of(dice: random.Random, plural: str, values: dict[str, list[str]]) -> dict[str, Any]:
    """A question to a list: filters, perhaps words, perhaps an order."""
    ours = values if plural == "initiatives" else {n: values[n] for n in values if n in SHARED}
    asked = {} if dice.random() < 0.05 else question(dice, ours)
    if dice.random() < 0.25:
        asked["q"] = [dice.choice(WORDS)]
    if dice.random() < 0.4:
        asked["sort"] = [dice.choice([*SORTS, "relevance"] if "q" in asked else SORTS)]
    return asked


def questions(part: int) -> list[tuple[random.Random, str, str]]:
    """The questions of a part: dice that are theirs, the list, and the query string."""
    values, found = world(), []
    for n in range(part, QUESTIONS, PARTS):
        dice = random.Random(n)
        plural = dice.choice(LISTS)
        found.append((dice, plural, reading.query(**asked_of(dice, plural, values))))
    return found


# --- What must agree -----------------------------------------------------------------------------

FACET = (
    r'name="([^"]*)" value="([^"]*)"[^>]*><span class="facet__name">[^<]*</span></label>'
    r'<a class="facet__count" href="\?([^"]*)"[^>]*>(\d+)</a>'
)
COUNTING = reading.CHARTS[len(reading.MONEY_CHARTS) :]


def same_facets(client: Client, plural: str, query: str, dice: random.Random) -> None:
    """The number beside a choice is the number of rows that its link leads to."""
    found = re.findall(FACET, reading.page(client, f"/{plural}/?{query}"), re.S)
    for name, value, link, count in dice.sample(found, min(2, len(found))):
        rows = get_json(client, f"/{plural}.json?{html.unescape(link)}")["results"]
        assert len(rows) == int(count), (query, name, value)


def counted(data: dict[str, Any], what: str = "records") -> int:
    return data["total"][what] + sum(line[what] for line in data["left_out"])


def same_charts(
    client: Client, plural: str, query: str, slugs: list[str], dice: random.Random
) -> None:
    """What a chart counts and what it leaves out are together all that was matched."""
    if plural == "summits":
        for slug in ("summits", "summit-timeline"):
            assert counted(chart(client, slug, query)) == len(slugs), (query, slug)
    if plural != "initiatives":
        return
    slug = dice.choice(COUNTING)
    assert counted(chart(client, slug, query)) == len(slugs), (query, slug)
    statements = set()
    for slug in dice.sample(reading.MONEY_CHARTS, 2):
        data = chart(client, slug, query)
        assert counted(data) == len(slugs), (query, slug)
        statements.add(counted(data, "statements"))
    assert len(statements) == 1, query


def same_calendar(client: Client, query: str, slugs: list[str]) -> None:
    """Its events are in order, and with what is left out they are all."""
    text = client.get(f"/summits.ics?{query}").getvalue().decode()
    events = re.findall(r"^UID:summit-(.*)@", text, re.M)
    (left_out,) = re.findall(r"^X-ACCORD-LEFT-OUT:(\d+)", text, re.M)
    assert events == [slug for slug in slugs if slug in events]
    assert len(events) + int(left_out) == len(slugs), query


def same_cells(client: Client, plural: str, query: str, dice: random.Random) -> None:
    """Cell by cell, some columns say the same in CSV, workbook and JSON."""
    names = [c.name for c in next(each for each in LISTINGS if each.name == plural).columns]
    query = f"{query}&{reading.query(columns=dice.sample(names, dice.choice([1, 4, len(names)])))}"
    lines = csv_rows(client, f"/{plural}.csv?{query}")
    header, *rows = sheet(client, f"/{plural}.xlsx?{query}")
    in_json = get_json(client, f"/{plural}.json?{query}")["results"]
    assert [[without_sign(line[name]) for name in header] for line in lines] == [
        [as_text(cell) for cell in row] for row in rows
    ], query
    assert [[as_text(flat(row[name])) for name in header] for row in in_json] == [
        [as_text(cell) for cell in row] for row in rows
    ], query


def without_sign(text: str) -> str:
    """A cell of CSV without the apostrophe that keeps it from being a formula."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def as_text(cell: Any) -> str:
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if whole else cell)


@pytest.mark.parametrize("part", range(PARTS))
def test_every_shape_agrees_with_every_other(client, pandas, part):
    sizes, turns = [], cycle(BY_TURNS.items())
    for n, (dice, plural, query) in enumerate(questions(part)):
        data = get_json(client, f"/{plural}.json?{query}")
        slugs = [row["slug"] for row in data["results"]]
        assert data["count"] == len(slugs) == len(set(slugs)), query
        for shape, read in [*ALWAYS.items(), next(turns)]:
            assert read(client, plural, query) == slugs, (shape, plural, query)
        if n % 2:
            same_facets(client, plural, query, dice)
        else:
            same_charts(client, plural, query, slugs, dice)
        if n % 6 == 0:
            same_cells(client, plural, query, dice)
        if plural == "summits":
            same_calendar(client, query, slugs)
        sizes.append(len(slugs))
    assert max(sizes) > 5 and len(set(sizes)) > 3  # the questions tell records apart
