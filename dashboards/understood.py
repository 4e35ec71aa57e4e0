"""How a text that an editor typed is understood, in Accord's own words, to be shown before saving."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from babel.numbers import get_currency_name
from django.utils.translation import get_language, gettext, to_locale

from dashboards.amounts import as_stated
from initiatives.desk import understanding
from initiatives.funding.amounts import StatedAmount
from initiatives.funding.rollup import Recurs
from initiatives.intervals import Qualifier
from partners.dates import PartialDate


def date_understood(typed: str, printed_in: str = "") -> str:
    """Such as "June 2024 (1–30 June 2024)"; ValueError as `understanding.date`."""
    said = understanding.date(typed)
    if not (said.earliest and said.latest):
        return _open_understood(said)
    if said.earliest == said.latest:
        return str(said)
    days = str(PartialDate.parse(f"{said.earliest.isoformat()}/{said.latest.isoformat()}"))
    return str(said) if str(said) == days else f"{said} ({days})"


def _open_understood(said: PartialDate) -> str:
    """Such as "since 2013 (from 1 January 2013 on)"."""
    end = said.earliest or said.latest
    assert end
    day = str(PartialDate.parse(end.isoformat()))
    if end.isoformat() in said.text:  # it says the day itself
        return str(said)
    pattern = gettext("from %(day)s on") if said.earliest else gettext("until %(day)s")
    return f"{said} ({pattern % {'day': day}})"


def amount_understood(typed: str, printed_in: str = "") -> str:
    """Such as "at least USD 7 billion (US dollars)", with the same money in other currencies, of
    which saving makes amounts too; ValueError as `understanding.amount`.
    """
    said = understanding.amount(typed, printed_in)
    amounts = [_money(said.low, said.high, said)]
    for other in said.restated:
        same = _money(other.interval.low, other.interval.high, other)
        amounts.append(gettext("and the same as %(amount)s") % {"amount": same})
    when = [str(said.recurs.label)] if said.recurs != Recurs.ONCE else []
    when += [str(said.period)] if said.period else []
    return ", ".join([*amounts, *when])


def _money(low: Decimal, high: Decimal | None, said: understanding.Amount | StatedAmount) -> str:
    """One amount, and how its currency is understood."""
    name = get_currency_name(said.currency, 2, locale=to_locale(get_language() or "en"))
    if said.currency_said:
        name = gettext("“%(said)s” read as %(currency)s") % {
            "said": said.currency_said,
            "currency": name,
        }
    return f"{_stated(low, high, said.qualifier, said.currency)} ({name})"


def quantity_understood(typed: str, printed_in: str = "") -> str:
    """Such as "more than 50"; ValueError as `understanding.quantity`."""
    said = understanding.quantity(typed)
    return _stated(said.low, said.high, said.qualifier)


def _stated(low: Decimal, high: Decimal | None, qualifier: Qualifier, currency: str = "") -> str:
    plain = qualifier in (Qualifier.EXACTLY, Qualifier.UNSPECIFIED)
    return as_stated(low, high, "" if plain else str(qualifier.label), currency)


UNDERSTOOD: dict[str, Callable[[str, str], str]] = {
    "date": date_understood,
    "amount": amount_understood,
    "quantity": quantity_understood,
}
