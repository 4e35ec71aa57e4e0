"""Amounts that a document gives in words alone, read into numbers before anything else looks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext

from initiatives.funding.amounts import NotUnderstood, StatedAmount, parse_amount
from initiatives.funding.rollup import Recurs
from initiatives.news.format import Problem, storable

LONGEST_KEY = 100 - len("-in-usd")


def read_amounts(
    rows: list[dict[str, Any]], place: str, country: str = ""
) -> tuple[list[tuple[str, dict[str, Any]]], list[Problem]]:
    """The funding rows with every amount in numbers: (place, row); and what was not understood.

    `country` is the alpha-2 code of where the article was printed: it decides what "$" means. Where
    the words state the same money in other currencies too, each becomes a row that restates it.
    """
    found: list[tuple[str, dict[str, Any]]] = []
    problems: list[Problem] = []
    for n, row in enumerate(rows):
        where = f"{place}/{n}"
        if "words" not in row["amount"] or "low" in row["amount"]:
            found.append((where, row))
            continue
        try:
            read = list(_read(row, country))
        except NotUnderstood as error:
            problems.append(Problem(f"{where}/amount/words", str(error)))
        except Disagreement as error:
            problems.append(Problem(f"{where}/{error.field}", str(error)))
        else:
            found += [(where, new) for new in read]
    return found, problems


class Disagreement(ValueError):
    """A field of the row says something else than the words of its amount."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def _read(row: dict[str, Any], country: str) -> Iterator[dict[str, Any]]:
    amount = parse_amount(row["amount"]["words"], country)
    given = row["amount"].get("currency")
    if given and amount.currency and not amount.currency_said and given != amount.currency:
        raise Disagreement("amount/currency", _another(amount.currency, given))
    for name, said in (
        ("recurs", amount.recurs.value if amount.recurs != Recurs.ONCE else None),
        ("period", amount.period.text if amount.period else None),
    ):
        if said and name in row and row[name] != said:
            raise Disagreement(name, _another(said, row[name]))
    for end in (amount, *amount.restated):
        if not all(storable(n) for n in (end.interval.low, end.interval.high) if n is not None):
            raise Disagreement("amount/words", gettext("the number has more than 15 digits"))
    currency = given or amount.currency
    if not currency:
        raise Disagreement("amount/currency", gettext("the words name no currency: give it here"))
    yield _row(row, amount, currency)
    for other in amount.restated:
        if len(row["key"]) > LONGEST_KEY:
            reason = gettext("too long: the same money in other words needs a key of its own")
            raise Disagreement("key", reason)
        again = {**row, "key": f"{row['key']}-in-{other.currency.lower()}", "restates": row["key"]}
        for name in ("part_of", "supersedes"):
            again.pop(name, None)
        yield _row(again, other, other.currency)


def _another(said: str, given: str) -> str:
    reason = gettext("the words of the amount say “%(said)s”, not “%(given)s”")
    return reason % {"said": said, "given": given}


def _row(row: dict[str, Any], amount: StatedAmount, currency: str) -> dict[str, Any]:
    """The row with the amount in numbers, and when and how often it is paid, as the words say."""
    low, high = amount.interval.low, amount.interval.high
    new = {
        **row,
        "amount": {
            "low": low,
            "high": high,
            "qualifier": amount.qualifier.value,
            "currency": currency,
            "words": amount.words,
        },
    }
    if amount.currency_said:
        new["amount"]["currency_said"] = amount.currency_said
    if amount.recurs != Recurs.ONCE:
        new["recurs"] = amount.recurs.value
    if amount.period:
        new["period"] = amount.period.text
    return new
