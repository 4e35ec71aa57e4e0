"""AidData's Global Huawei Finance Dataset as a document of accord.news/1.

The sheet has a row per project. Each becomes an initiative `aiddata-<id>` with one statement about
money, carried by one line of the brief that lists the facts of the row. What is read into them:

- The rung of a pledge is announced, of everything else committed: the amounts are those of the
  commitment, so a project that was completed says nothing about money that was paid.
- Its source leaves umbrellas of other projects and pledges out of its sums; so they are out of
  scope here, with that as the reason.
- No amount is "not found": the source looked for one, and seldom says that it is withheld.
- A status is carried over where the file has a clear one. "Pipeline: Commitment" is none of ours.
- Years of implementation and completion are years here, although the file has days: some of them
  are a first of January that only stands for its year.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from django.conf import settings

Row = dict[str, Any]
Amounts = Literal["original", "own-conversion"]

FILE = (
    Path(settings.BASE_DIR).parent
    / "shared" / "data" / "aiddata_huawei_2_0" / "AidDatasGlobalHuaweiFinanceDataset.xlsx"
)  # fmt: skip

# The columns that are read.
ID = "AidData TUFF Project ID"
RECOMMENDED = "Recommended For Huawei Aggregates"
UMBRELLA = "Umbrella"
RECIPIENT = "Recipient"
YEAR = "Commitment Year"
YEAR_ESTIMATED = "Commitment Year Estimated"
BEGUN = "Implementation Start Year"
COMPLETED = "Completion Year"
STATUS = "Status"
FLOW = "Flow Type"
SECTOR = "AidData Sector Name"
AGENCIES = "Funding Agencies"
ORIGINAL = "Amount (Original Currency)"
CURRENCY = "Original Currency"
CONSTANT = "Amount (Constant USD2017)"
NOMINAL = "Amount (Nominal)"  # in US dollars of the commitment year

# What the file's own figures of the rows that it recommends for sums add up to.
CONSTANT_TOTAL = Decimal("1440360881.24")
NOMINAL_TOTAL = Decimal("1122794068.54")

# Names of recipients that the reference data does not know, as it knows them; none so far.
COUNTRIES: dict[str, str] = {}

# Currencies that are not what they say. AOR was the Angolan readjusted kwanza of 1995-1999; the one
# amount in it was lent in Uzbekistan in 2007, the file counts it one to one as US dollars, and its
# text gives the amount in US dollars.
UNDERSTOOD = {"AOR": "USD"}

PLEDGE = "Pipeline: Pledge"
INSTRUMENTS = {"Grant": ["grant"], "Supplier's Credit/Export Seller's Credit": ["loan"]}
SECTORS = {"COMMUNICATIONS": "telecommunications", "HEALTH": "health", "ENERGY": "energy"}
HUAWEI = {
    "type": "organisation",
    "key": "huawei",
    "name": "Huawei",
    "aliases": ["Huawei Technologies Co., Ltd."],
    "kind": "company",
    "country": "China",
}
UMBRELLA_REASON = "an umbrella of other projects"
NOT_RECOMMENDED_REASON = "not recommended for aggregates by its source"

CENT = Decimal("0.01")


def documents(path: Path, amounts: Amounts = "original") -> bytes:
    """The sheet as one document, which holds up to 500 records.

    The amounts are those in the original currency, or the file's own conversion: constant US
    dollars of 2017, rounded to the cent.
    """
    found = rows(path)
    own = amounts == "own-conversion"
    return json.dumps(
        {
            "format": "accord.news/1",
            "publisher": {
                "name": "AidData",
                "country": "United States",
                "url": "https://www.aiddata.org",
            },
            "article": {
                "key": "aiddata-huawei-2-0" + ("-own-conversion" if own else ""),
                "title": "AidData: finance by Huawei, version 2.0"
                + (", in constant US dollars of 2017" if own else ""),
                "published": {"missing": "not found"},
                "language": "en",
            },
            "brief": "\n".join(_line(row, amounts) for row in found),
            "records": [HUAWEI, *(_initiative(row, amounts) for row in found)],
        },
        ensure_ascii=False,
        indent=1,
    ).encode()


def rows(path: Path) -> list[Row]:
    """The rows of the sheet, an empty cell being an empty text."""
    table = pd.read_excel(path, engine="calamine", keep_default_na=False)
    return table.to_dict("records")


def recommended(found: Iterable[Row]) -> list[Row]:
    """The rows that the file recommends for sums, with an amount or without."""
    return [row for row in found if row[RECOMMENDED] == "Yes"]


def total(found: Iterable[Row], column: str = CONSTANT) -> Decimal:
    """What a column of amounts adds up to: added as they stand in the file, rounded once."""
    return sum((exact(row[column]) for row in found if row[column] != ""), Decimal()).quantize(CENT)


def exact(cell: float) -> Decimal:
    """The number that stands in a cell: the shortest that is the same floating-point number."""
    return Decimal(repr(cell))


def key(row: Row) -> str:
    """The key of the initiative that a row becomes."""
    return f"aiddata-{row[ID]}"


def out_of_scope(row: Row) -> str:
    """Why the money of a row is not to be added to that of others; "" if it is."""
    if row[UMBRELLA] == "Yes":
        return UMBRELLA_REASON
    return "" if row[RECOMMENDED] == "Yes" else NOT_RECOMMENDED_REASON


def rung(row: Row) -> str:
    """How far the money of a row has surely come."""
    return "announced" if row[STATUS] == PLEDGE else "committed"


# --- One row -------------------------------------------------------------------------------------


def _line(row: Row, amounts: Amounts) -> str:
    """The facts of a row, in our words, on one line of the brief."""
    facts = {
        "financier": "China",
        "recipient": row[RECIPIENT],
        "commitment year": f"{row[YEAR]}{' (estimated)' if row[YEAR_ESTIMATED] == 'Yes' else ''}",
        "status": row[STATUS],
        "begun": row[BEGUN],
        "completed": row[COMPLETED],
        "flow type": row[FLOW],
        "funded by": row[AGENCIES].replace("|", " and "),
        "amount": _words(row, amounts) or "none given",
        "amounts are": "constant US dollars of 2017" if amounts == "own-conversion" else "",
        "recommended for aggregates": row[RECOMMENDED].lower(),
        "umbrella": row[UMBRELLA].lower(),
    }
    said = "; ".join(f"{name}: {fact}" for name, fact in facts.items() if fact != "")
    return f"Project {row[ID]}: {said}."


def _initiative(row: Row, amounts: Amounts) -> dict[str, Any]:
    quote = _line(row, amounts)
    recipient = COUNTRIES.get(row[RECIPIENT], row[RECIPIENT])
    money: dict[str, Any] = {
        "key": "commitment",
        "amount": _amount(row, amounts),
        "rung": rung(row),
        "provider": _provider(row),
        "recipient": {"country": recipient},
        "period": str(row[YEAR]),
        "quote": quote,
    }
    if instruments := INSTRUMENTS.get(row[FLOW]):
        money["instruments"] = instruments
    if reason := out_of_scope(row):
        money["out_of_scope"] = reason
    return {
        "type": "initiative",
        "key": key(row),
        "title": f"AidData project {row[ID]}, {row[RECIPIENT]}",
        "kind": "project",
        "summary": f"A project of AidData's list of finance by Huawei: {row[FLOW]}, {row[YEAR]}.",
        "sectors": [SECTORS[row[SECTOR]]] if row[SECTOR] in SECTORS else [],
        "partners": [
            {"country": "China", "role": "funder", "quote": quote},
            {"country": recipient, "role": "host", "quote": quote},
        ],
        "status": [{**step, "quote": quote} for step in _steps(row)],
        "funding": [money],
    }


def _provider(row: Row) -> dict[str, str]:
    """Huawei where it alone paid; China where it shared with others, by how much is not said."""
    alone = row[AGENCIES] in HUAWEI["aliases"]
    return {"organisation": HUAWEI["key"]} if alone else {"country": "China"}


def _steps(row: Row) -> list[dict[str, str]]:
    if row[STATUS] == PLEDGE:
        return [{"status": "announced", "date": str(row[YEAR])}]
    steps = []
    if row[STATUS] == "Implementation" or row[BEGUN] != "":
        steps.append(_step("under-way", row[BEGUN]))
    if row[STATUS] == "Completion":
        steps.append(_step("completed", row[COMPLETED]))
    return steps


def _step(status: str, year: int | str) -> dict[str, str]:
    return {"status": status} if year == "" else {"status": status, "date": str(year)}


def _amount(row: Row, amounts: Amounts) -> dict[str, Any]:
    number = _number(row, amounts)
    if number is None:
        return {"missing": "not found"}
    said = "USD" if amounts == "own-conversion" else row[CURRENCY]
    # A number of up to 15 digits is written as it is read.
    plain = int(number) if number == int(number) else float(number)
    amount = {
        "low": plain,
        "high": plain,
        "qualifier": "exactly",
        "currency": UNDERSTOOD.get(said, said),
        "words": _words(row, amounts),
    }
    if said in UNDERSTOOD:
        amount["currency_said"] = said
    return amount


def _words(row: Row, amounts: Amounts) -> str:
    """The amount as the brief puts it; "" if there is none."""
    number = _number(row, amounts)
    if number is None:
        return ""
    return f"{'USD' if amounts == 'own-conversion' else row[CURRENCY]} {number:f}"


def _number(row: Row, amounts: Amounts) -> Decimal | None:
    cell = row[CONSTANT if amounts == "own-conversion" else ORIGINAL]
    if cell == "":
        return None
    return exact(cell).quantize(CENT) if amounts == "own-conversion" else exact(cell)
