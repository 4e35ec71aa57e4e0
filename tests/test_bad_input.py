"""Whatever is asked of any address: an answer, or a 400 that names what is wrong with the question.

Never an error of the site, and never everything where something was not understood. test_selection
asks more of a few addresses; here all are asked that have filters.
"""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest

from dashboards.charts import INITIATIVE_CHARTS, SUMMIT_CHARTS
from dashboards.lists import INITIATIVES, LISTINGS, SUMMITS
from tests import reading

pytestmark = pytest.mark.django_db

# Every address with filters: what it is, and the filters that it has.
CHARTS = [(slug, INITIATIVES) for slug in INITIATIVE_CHARTS] + [(s, SUMMITS) for s in SUMMIT_CHARTS]
FILES = [
    *((f"/{one.name}.{suffix}", one) for one in LISTINGS for suffix in one.formats),
    *((f"/charts/{slug}.json", one) for slug, one in CHARTS),
    *((f"/charts/funding-by-year.{suffix}", INITIATIVES) for suffix in ("csv", "bib", "svg")),
    ("/funding/rows.json", INITIATIVES),
    ("/funding/rows.csv", INITIATIVES),
]
PAGES = [
    *((f"/{one.name}/", one) for one in LISTINGS),
    *((f"/charts/{slug}/", one) for slug, one in CHARTS),
    ("/charts/map/embed/", INITIATIVES),
    ("/charts/", INITIATIVES),
    ("/funding/", INITIATIVES),
    ("/funding/rows/", INITIATIVES),
]
BAD = {
    "code": "' OR 1=1; DROP TABLE partners_bloc; -- \"><script>alert(1)</script>",
    "nothing": "\x00",
    "long": "9" * 5_000,
}
MANY = urlencode([("bloc" if n % 2 else f"p{n}", n) for n in range(10_000)])


def asked(listing: Any, value: str) -> dict[str, str]:
    """That value for everything that can be asked of the list."""
    return dict.fromkeys([*listing.filters.base_filters, "contry"], value)


def answered(client: Any, address: str, query: Any) -> str:
    """The text of the answer, which is a 400."""
    response = (
        client.get(address, query) if isinstance(query, dict) else client.get(f"{address}?{query}")
    )
    assert response.status_code == 400, (address, query)
    return reading.body(response)


def named(client: Any, address: str, query: Any) -> set[str]:
    """What an answer says that it does not understand."""
    text = answered(client, address, query)
    if not address.endswith("/"):
        return set(json.loads(text)["errors"])
    assert "<script>alert" not in text
    return {html.unescape(name) for name in re.findall(r"<code>([^<]*)</code>: ", text)}


@pytest.mark.parametrize("value", BAD.values(), ids=BAD)
@pytest.mark.parametrize(("address", "listing"), [*FILES, *PAGES], ids=lambda x: getattr(x, "name", x))  # fmt: skip
def test_every_parameter_that_is_not_understood_is_named(client, address, listing, value):
    query = asked(listing, value)
    # Text may be anything but too long or no text at all; pages ignore names they do not know.
    expected = set(query) - ({"contry"} if address.endswith("/") else set())
    assert named(client, address, query) | {"q"} == expected | {"q"}


@pytest.mark.parametrize(("address", "listing"), [*FILES, *PAGES], ids=lambda x: getattr(x, "name", x))  # fmt: skip
def test_a_year_that_is_none_is_named(client, address, listing):
    if "year_min" in listing.filters.base_filters:
        assert named(client, address, {"year_min": "abc", "bloc": "brics"}) == {"year_min"}


@pytest.mark.parametrize("number", ["-1", "abc", "0", "1e3", "9" * 400, "\x00"])
@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.name)
def test_a_page_that_is_none_is_named(client, listing, number):
    assert named(client, f"/{listing.name}/", {"page": number}) == {"page"}
    assert named(client, f"/{listing.name}/", {"size": number}) == {"size"}
    for suffix in listing.formats:
        assert named(client, f"/{listing.name}.{suffix}", {"page": number}) == {"page"}


@pytest.mark.parametrize(("address", "listing"), [*FILES, *PAGES], ids=lambda x: getattr(x, "name", x))  # fmt: skip
def test_too_many_parameters_and_too_long_ones_are_refused(client, address, listing):
    assert named(client, address, MANY) == {"query"}
    assert named(client, address, {"columns": "x" * 1_000_000}) == {"columns"}


@pytest.mark.parametrize(
    "address",
    ["/initiatives/digital-silk-road.json", "/countries/CHN.json", "/data.zip", "/data.bib",
     "/summits/14th-brics-summit.ics", "/initiatives/digital-silk-road/history.json"],
)  # fmt: skip
def test_what_has_no_filters_has_no_room_for_them_either(client, address):
    for value in BAD.values():
        assert named(client, address, {"contry": value, "page": value}) == {"contry", "page"}
    assert named(client, address, MANY) == {"query"}


@pytest.mark.parametrize("value", BAD.values(), ids=BAD)
def test_other_pages_answer_whatever_they_are_asked(client, value):
    names = ("q", "a", "at", "page", "as_of", "chart", "bar")
    for address in (
        "/", "/search/", "/codebook/", "/compare/", "/blocs/brics/", "/countries/CHN/", "/data/",
        "/initiatives/digital-silk-road/", "/imports/", "/articles/", "/funding/rows/",
    ):  # fmt: skip
        for name in names:
            response = client.get(address, {name: value})
            assert response.status_code in (200, 400, 404), (address, name)
            assert "<script>alert" not in reading.body(response)


@pytest.mark.parametrize(("address", "name"), [
    ("/initiatives.json?as_of=%20", "as_of"),
    ("/initiatives.csv?year_min=%20", "year_min"),
    ("/countries.json?bloc=%20", "bloc"),
    ("/charts/map.json?country=KEN&country=%09", "country"),
])  # fmt: skip
def test_a_value_of_nothing_but_space_is_not_taken_for_no_question(client, address, name):
    response = client.get(address)
    assert response.status_code == 400
    assert list(response.json()["errors"]) == [name]
