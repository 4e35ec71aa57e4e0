"""What an editor types is understood as people mean it, or refused with the reason."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from initiatives.desk.understanding import amount, date, quantity
from partners.dates import PartialDate
from tests.test_dates import said

# --- Dates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "edtf"),
    [
        ("2024", "2024"),
        (" in 2024 ", "2024"),
        ("June 2024", "2024-06"),
        ("Jun 2024", "2024-06"),
        ("Jun. 2024", "2024-06"),
        ("Sept 2024", "2024-09"),
        ("in June, 2024", "2024-06"),
        ("June of 2024", "2024-06"),
        ("2024 June", "2024-06"),
        ("06/2024", "2024-06"),
        ("23 June 2024", "2024-06-23"),
        ("23rd of June 2024", "2024-06-23"),
        ("June 23, 2024", "2024-06-23"),
        ("june 23rd 2024", "2024-06-23"),
        ("on the 5th of May, 2024", "2024-05-05"),
        ("2024-06-23", "2024-06-23"),
        ("2024/06/23", "2024-06-23"),
        ("23.06.2024", "2024-06-23"),
        ("23/6/2024", "2024-06-23"),
        ("6/23/2024", "2024-06-23"),
        ("05/05/2024", "2024-05-05"),
        ("Q3 2019", "2019-35"),
        ("3Q 2019", "2019-35"),
        ("2019 Q3", "2019-35"),
        ("third quarter of 2019", "2019-35"),
        ("the 3rd quarter 2019", "2019-35"),
        ("first half of 2019", "2019-01/2019-06"),
        ("H2 2019", "2019-07/2019-12"),
        ("autumn 2013", "2013-23"),
        ("fall of 2013", "2013-23"),
        ("winter 2013", "2013-24"),
        ("since 2013", "2013/.."),
        ("from June 2013 onwards", "2013-06/.."),
        ("until 2020", "../2020"),
        ("by 2030", "../2030"),
        ("2018-2020", "2018/2020"),
        ("2018 – 2020", "2018/2020"),
        ("2018 to 2020", "2018/2020"),
        ("from 2018 to 2020", "2018/2020"),
        ("between 2018 and 2020", "2018/2020"),
        ("22-23 June 2022", "2022-06-22/2022-06-23"),
        ("June 22-23, 2022", "2022-06-22/2022-06-23"),
        ("22 to 23 June 2022", "2022-06-22/2022-06-23"),
        ("30 April - 2 May 2019", "2019-04-30/2019-05-02"),
        ("April 30 to May 2, 2019", "2019-04-30/2019-05-02"),
        ("30 December 2018 - 2 January 2019", "2018-12-30/2019-01-02"),
        ("June to August 2021", "2021-06/2021-08"),
        ("Jun-Aug 2021", "2021-06/2021-08"),
        ("Q1-Q3 2019", "2019-33/2019-35"),
        ("2024-06-22 to 2024-06-23", "2024-06-22/2024-06-23"),
        ("2013/..", "2013/.."),
        ("2013-23", "2013-23"),
    ],
)
def test_a_date_is_understood_as_people_write_it(typed, edtf):
    assert date(typed).text == edtf


@given(said)
def test_a_date_that_the_site_prints_can_be_typed_as_it_stands(text):
    printed = PartialDate.parse(text)
    with translation.override("en-gb"):
        assert date(str(printed)) == printed


@given(said)
def test_a_date_in_the_short_form_is_itself(text):
    assert date(text) == PartialDate.parse(text)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("03/04/2024", "write the month as a word"),
        ("3.4.2024", "write the month as a word"),
        ("early 2024", "which months"),
        ("end of 2024", "which months"),
        ("mid-June 2024", "which months"),
        ("about 2024", "between which dates"),
        ("before June 2024", "between which dates"),
        ("2024?", "between which dates"),
        ("last June", "the date itself"),
        ("today", "the date itself"),
        ("June", "the year is missing"),
        ("23 June", "the year is missing"),
        ("June 24", "the year is missing"),
        ("2018/19", "both years in full"),
        ("2018-20", "both years in full"),
        ("31 June 2024", "31 June 2024"),
        ("2020 to 2018", "ends before it starts"),
        ("December to February 2021", "ends before it starts"),
        ("12 May 0024", "out of range"),
        ("soon", "the year is missing"),
        ("Junne 2024", "for example"),
        ("23 June 2024 and more", "for example"),
        ("", "nothing to read"),
        ("2024" * 50, "at most"),
    ],
)
def test_a_date_that_is_none_or_could_be_two_is_refused_with_the_reason(typed, reason):
    with pytest.raises(ValueError, match=reason):
        date(typed)


@given(st.text(max_size=120))
def test_whatever_is_typed_as_a_date_is_understood_or_refused(typed):
    try:
        found = date(typed)
    except ValueError as error:
        assert str(error)
    else:
        assert PartialDate.parse(found.text) == found


# --- Amounts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "low", "high", "qualifier", "currency"),
    [
        ("at least 7bn USD", "7e9", None, "at-least", "USD"),
        ("USD 100 million", "1e8", "1e8", "exactly", "USD"),
        ("more than €80 billion", "8e10", None, "more-than", "EUR"),
        ("several hundred million yuan", "2e8", "1e9", "unspecified", "CNY"),
        ("between 5 and 7 million euros", "5e6", "7e6", "between", "EUR"),
        ("about $5m", "5e6", "5e6", "about", "USD"),
    ],
)
def test_an_amount_is_understood_as_people_write_it(typed, low, high, qualifier, currency):
    found = amount(typed)
    assert (found.low, found.high) == (Decimal(low), None if high is None else Decimal(high))
    assert (found.qualifier, found.currency, found.words) == (qualifier, currency, typed)


def test_a_bare_dollar_is_that_of_where_it_was_printed():
    assert (amount("$5 million", "AU").currency, amount("$5 million").currency) == ("AUD", "USD")
    assert amount("$5 million", "AU").currency_said == "$"
    assert amount("5 million AUD").currency_said == ""


@pytest.mark.parametrize(
    "typed", ["", "7 billion", "lots of dollars", "-5 USD", "5 USD and a house"]
)
def test_an_amount_that_is_not_understood_is_refused(typed):
    with pytest.raises(ValueError, match=r".+"):
        amount(typed)


def test_an_amount_for_several_years_says_so():
    found = amount("1 billion dollars annually from 2018 to 2020")
    assert (found.recurs, found.period) == ("annually", PartialDate.parse("2018/2020"))


# --- Quantities ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "low", "high", "qualifier"),
    [
        ("800,000 enterprises", 800_000, 800_000, "exactly"),
        ("50", 50, 50, "exactly"),
        ("more than 50", 50, None, "more-than"),
        ("more than 50 joint laboratories", 50, None, "more-than"),
        ("about 5", 5, 5, "about"),
        ("several hundred", 200, 1000, "unspecified"),
        ("several hundred enterprises", 200, 1000, "unspecified"),
        ("5 to 7 parks", 5, 7, "between"),
        ("50+ laboratories", 50, None, "at-least"),
        ("50 or more laboratories", 50, None, "at-least"),
        ("2.5 million users", 2_500_000, 2_500_000, "exactly"),
        ("one hundred and twenty universities", 120, 120, "exactly"),
        ("12 to be built", 12, 12, "exactly"),
        ("40 % of the members", 40, 40, "exactly"),
    ],
)
def test_a_quantity_is_what_the_words_begin_with(typed, low, high, qualifier):
    found = quantity(typed)
    assert (found.low, found.high, found.qualifier) == (low, high, qualifier)
    assert found.words == typed


@given(st.integers(1, 10**15 - 1), st.text("acdefghij lop", max_size=20))
def test_a_number_in_figures_is_that_number_whatever_was_counted(number, thing):
    typed = f"{number:,} zz{thing}"
    found = quantity(typed)
    assert found.low == found.high == number


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "no number"),
        ("laboratories", "no number"),
        ("5 dollars", "money"),
        ("50 m", "in full"),
        ("50 t of steel", "in full"),
        ("5G networks", "a space"),
        ("50 laboratories in 12 countries", "one row for each"),
        ("800,000 enterprises in 2020", "one row for each"),
        ("-5 parks", "not understood"),
        ("1.740", "thousands or decimals"),
    ],
)
def test_a_quantity_that_is_none_or_several_is_refused_with_the_reason(typed, reason):
    with pytest.raises(ValueError, match=reason):
        quantity(typed)


@given(st.text(max_size=120))
def test_whatever_is_typed_as_a_quantity_is_understood_or_refused(typed):
    for read in (quantity, amount):
        try:
            found = read(typed)
        except ValueError as error:
            assert str(error)
        else:
            assert found.high is None or found.low <= found.high
