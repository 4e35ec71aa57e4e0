"""Reading the site as its users do: lists as pages, JSON and CSV, charts, the page of a bar."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import Any
from urllib.parse import urlencode

from django.test import Client

CHARTS = (
    "funding-by-year",
    "funding-by-bloc",
    "funding-by-sector",
    "funding-by-country",
    "funding-by-instrument",
    "funding-by-provider",
    "funding-by-recipient",
    "funding-flows",
    "funding-by-rung",
    "initiatives-by-year",
    "initiatives-by-country",
    "bloc-by-sector",
    "initiatives-by-sector",
    "map",
    "network",
)
MONEY_CHARTS = CHARTS[:9]


def get_json(client: Client, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200, (address, response.content[:500])
    return response.json()


def slugs(client: Client, query: str = "", plural: str = "initiatives") -> list[str]:
    """The records of a list, from its JSON, in its order."""
    data = get_json(client, f"/{plural}.json?{query}")
    assert data["count"] == len(data["results"])
    return [row["slug"] for row in data["results"]]


def body(response: Any) -> str:
    content = response.getvalue() if response.streaming else response.content
    return content.decode()


def csv_rows(client: Client, address: str) -> list[dict[str, str]]:
    response = client.get(address)
    assert response.status_code == 200, address
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(body(response).removeprefix("\ufeff"))))


def page(client: Client, address: str, status: int = 200) -> str:
    """The HTML of a page, as text."""
    response = client.get(address)
    assert response.status_code == status, (address, response.status_code)
    return body(response)


def unnumbered(said: Any) -> Any:
    """A page, or the data of a twin, without the data version and its time: drafts and proposals raise it too."""
    if isinstance(said, dict):
        return {name: value for name, value in said.items() if name != "data_version"}
    said = re.sub(r"[Dd]ata version \d+", "data version", said)
    said = re.sub(r'"version": "\d+", "dateModified": "[^"]+"', "", said)
    return re.sub(r"as_of=[\w.:%-]+", "as_of=then", said)


def plain(fragment: str) -> str:
    """What a reader sees of some HTML."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", fragment)).split())


def stated_count(text: str) -> int:
    """How many records a list or funding page says there are; 0 if it says why there are none."""
    if "so nothing is selected." in text:
        return 0
    found = re.search(r'id="result-words"><strong>(\d+)</strong>', text)
    assert found, text[:300]
    return int(found[1])


def page_slugs(client: Client, query: str = "", plural: str = "initiatives") -> list[str]:
    """The records of a list, from all of its pages, in their order."""
    found: list[str] = []
    number = 1
    while True:
        text = page(client, f"/{plural}/?{query}&page={number}")
        found += re.findall(rf'class="table__title quiet" href="/{plural}/([^"/]+)/"', text)
        if 'rel="next"' not in text:
            assert stated_count(text) == len(found)
            return found
        number += 1


def facets(text: str) -> dict[str, dict[str, int]]:
    """Choice -> count of every facet of a page."""
    found: dict[str, dict[str, int]] = {}
    row = (
        r'name="([^"]*)" value="([^"]*)"[^>]*><span class="facet__name">[^<]*</span></label>'
        r'<a class="facet__count"[^>]*>(\d+)</a>'
    )
    for name, value, count in re.findall(row, text, re.S):
        found.setdefault(name, {})[html.unescape(value)] = int(count)
    return found


def chart(client: Client, slug: str, query: str = "") -> dict[str, Any]:
    return get_json(client, f"/charts/{slug}.json?{query}")


def bars(data: dict[str, Any]) -> dict[str, list[tuple[Any, Any, int]]]:
    """Label -> (low, high, records) of each series."""
    return {
        label: [(s["low"][n], s["high"][n], s["records"][n]) for s in data["series"]]
        for n, label in enumerate(data["labels"])
    }


def number(text: str) -> float | None:
    """A number as a page prints it; None of a dash or "no upper bound"."""
    digits = text.replace(",", "").replace("\u202f", "").replace("\xa0", "")
    return float(digits) if re.fullmatch(r"-?\d+(\.\d+)?", digits) else None


def table(text: str, after: str = "<table") -> list[list[str]]:
    """The cells of the first table's body after some text."""
    body = text.split(after, 1)[1].split("</tbody>")[0].split("<tbody>")[1]
    return [
        [plain(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
        for row in re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.S)
    ]


def query(**parameters: Any) -> str:
    """A query string; a list means a repeated parameter."""
    return urlencode(parameters, doseq=True)


def added(rows: list[dict[str, Any]]) -> tuple[Any, Any]:
    """Low and high of some rows behind a number, to the cent; nothing of none."""
    if not rows:
        return None, None
    low = sum(cents(row["low"]) for row in rows)
    if any(row["high"] is None for row in rows):
        return low / 100, None
    return low / 100, sum(cents(row["high"]) - cents(row["overlap"]) for row in rows) / 100


def cents(amount: float) -> int:
    return round(amount * 100)
