"""Money is read as it is written: nothing is guessed, and what is not understood is named."""

import json
import time
from contextlib import suppress
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import translation
from hypothesis import example, given
from hypothesis import strategies as st

from initiatives.funding.amounts import NotUnderstood, StatedAmount, parse_amount
from initiatives.funding.money_words import iso_codes, lexicon
from initiatives.funding.rollup import Recurs
from initiatives.intervals import Qualifier

K, M, BN, TN = 10**3, 10**6, 10**9, 10**12
OPEN = None


def read(text, country=""):
    """What an amount says, short: low, high, qualifier, currency, and the word it was said in."""
    amount = parse_amount(text, country)
    return (
        amount.interval.low,
        amount.interval.high,
        amount.qualifier.value,
        amount.currency,
        amount.currency_said,
    )


# --- How much ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "low", "high", "qualifier"),
    [
        ("5", 5, 5, "exactly"),
        ("5 million", 5 * M, 5 * M, "exactly"),
        ("exactly 5 million", 5 * M, 5 * M, "exactly"),
        ("Five Million", 5 * M, 5 * M, "exactly"),
        ("a million", M, M, "exactly"),
        ("1.2 bn", 1200 * M, 1200 * M, "exactly"),
        ("52bn", 52 * BN, 52 * BN, "exactly"),
        ("150bn.", 150 * BN, 150 * BN, "exactly"),
        ("17 billion", 17 * BN, 17 * BN, "exactly"),
        ("3.4 trillion", 3400 * BN, 3400 * BN, "exactly"),
        ("500k", 500 * K, 500 * K, "exactly"),
        ("5 thousand", 5 * K, 5 * K, "exactly"),
        ("12.50", Decimal("12.5"), Decimal("12.5"), "exactly"),
        ("3 lakh", 300 * K, 300 * K, "exactly"),
        ("5 crore", 50 * M, 50 * M, "exactly"),
        ("2 lakh crore", 2 * TN, 2 * TN, "exactly"),
        ("1,00,00,000", 10 * M, 10 * M, "exactly"),
        ("half a billion", 500 * M, 500 * M, "exactly"),
        ("a quarter of a million", 250 * K, 250 * K, "exactly"),
        ("three quarters of a billion", 750 * M, 750 * M, "exactly"),
        ("two and a half billion", 2500 * M, 2500 * M, "exactly"),
        ("five hundred million", 500 * M, 500 * M, "exactly"),
        ("twenty-five million", 25 * M, 25 * M, "exactly"),
        ("one hundred and fifty million", 150 * M, 150 * M, "exactly"),
        ("5 million 200 thousand", 5200 * K, 5200 * K, "exactly"),
        ("more than 10 billion", 10 * BN, OPEN, "more-than"),
        ("over 10 billion", 10 * BN, OPEN, "more-than"),
        ("over 2018", 2018, OPEN, "more-than"),
        ("in excess of 10 billion", 10 * BN, OPEN, "more-than"),
        ("upwards of 10 billion", 10 * BN, OPEN, "more-than"),
        ("超过10亿", BN, OPEN, "more-than"),
        ("более 2,5 млрд", 2500 * M, OPEN, "more-than"),
        ("at least 7 billion", 7 * BN, OPEN, "at-least"),
        ("no less than 7 billion", 7 * BN, OPEN, "at-least"),
        ("a minimum of 7 billion", 7 * BN, OPEN, "at-least"),
        ("7 billion or more", 7 * BN, OPEN, "at-least"),
        ("7bn+", 7 * BN, OPEN, "at-least"),
        ("至少7亿", 700 * M, OPEN, "at-least"),
        ("up to 5 million", 0, 5 * M, "up-to"),
        ("at most 5 million", 0, 5 * M, "up-to"),
        ("as much as 5 million", 0, 5 * M, "up-to"),
        ("less than 5 million", 0, 5 * M, "up-to"),
        ("under 5 million", 0, 5 * M, "up-to"),
        ("最多5亿", 0, 500 * M, "up-to"),
        ("不超过5亿", 0, 500 * M, "up-to"),
        ("about 5 million", 5 * M, 5 * M, "about"),
        ("Around 5 million", 5 * M, 5 * M, "about"),
        ("roughly 5 million", 5 * M, 5 * M, "about"),
        ("approximately 5 million", 5 * M, 5 * M, "about"),
        ("some 5 million", 5 * M, 5 * M, "about"),
        ("nearly 5 million", 5 * M, 5 * M, "about"),
        ("almost 5 million", 5 * M, 5 * M, "about"),
        ("circa 5 million", 5 * M, 5 * M, "about"),
        ("~5m", 5 * M, 5 * M, "about"),
        ("约5亿", 500 * M, 500 * M, "about"),
        ("近5亿", 500 * M, 500 * M, "about"),
        ("between 5 and 7 million", 5 * M, 7 * M, "between"),
        ("from 5 to 7 million", 5 * M, 7 * M, "between"),
        ("5-7 million", 5 * M, 7 * M, "between"),
        ("5 – 7 million", 5 * M, 7 * M, "between"),
        ("5m-7m", 5 * M, 7 * M, "between"),
        ("0 to 5 million", 0, 5 * M, "between"),
        ("900 million to 1.2 billion", 900 * M, 1200 * M, "between"),
        ("500,000 to 1 million", 500 * K, M, "between"),
        ("2000 to 3000 million", 2 * BN, 3 * BN, "between"),
        ("5至7亿", 500 * M, 700 * M, "between"),
        ("5～7亿", 500 * M, 700 * M, "between"),
        ("about 5-7 million", 5 * M, 7 * M, "about"),
        ("several million", 2 * M, 10 * M, "unspecified"),
        ("several hundred million", 200 * M, BN, "unspecified"),
        ("hundreds of millions", 200 * M, BN, "unspecified"),
        ("tens of millions", 20 * M, 100 * M, "unspecified"),
        ("several billion", 2 * BN, 10 * BN, "unspecified"),
        ("billions of dollars", 2 * BN, OPEN, "unspecified"),
        ("multi-billion", 2 * BN, OPEN, "unspecified"),
        ("multibillion-dollar", 2 * BN, OPEN, "unspecified"),
        ("multi-trillion-dollar", 2 * TN, OPEN, "unspecified"),
        ("数亿", 200 * M, BN, "unspecified"),
        ("数十亿", 2 * BN, 10 * BN, "unspecified"),
        ("at least several hundred million", 200 * M, OPEN, "at-least"),
        ("up to several million", 0, 10 * M, "up-to"),
        ("1亿5000万", 150 * M, 150 * M, "exactly"),
        ("2.5万亿", 2500 * BN, 2500 * BN, "exactly"),
        ("五百万", 5 * M, 5 * M, "exactly"),
        ("3 万", 30 * K, 30 * K, "exactly"),
        ("5 тыс.", 5 * K, 5 * K, "exactly"),
    ],
)
def test_how_much_and_how_exactly(text, low, high, qualifier):
    assert read(text)[:3] == (low, high, qualifier)


@pytest.mark.parametrize(
    ("digits", "value"),
    [
        ("1,740,000", 1740000),
        ("1 740 000", 1740000),
        ("1\u00a0740\u00a0000", 1740000),
        ("1\u2009740\u2009000", 1740000),
        ("1\u202f740\u202f000", 1740000),
        ("1.740.000", 1740000),
        ("1'740'000", 1740000),
        ("1’740’000", 1740000),
        ("1.740.000,50", Decimal("1740000.50")),
        ("1,740,000.50", Decimal("1740000.50")),
        ("1 740 000,50", Decimal("1740000.50")),
        ("1.740 million", 1740000),
        ("1,740 million", 1740 * M),
        ("0,740 million", 740000),
        ("1,74 million", 1740000),
        ("1,74", Decimal("1.74")),
        ("1,740", 1740),
        ("５０００", 5000),
    ],
)
def test_separators_of_thousands_and_of_decimals(digits, value):
    assert read(digits)[:3] == (value, value, "exactly")


# --- Of which money ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "currency", "said"),
    [
        ("5 million", "", ""),
        ("USD 5 million", "USD", ""),
        ("5 million USD", "USD", ""),
        ("USD5m", "USD", ""),
        ("CNY 5 million yuan", "CNY", ""),
        ("US$5m", "USD", "US$"),
        ("US $5m", "USD", "US $"),
        ("A$5m", "AUD", "A$"),
        ("AU$5m", "AUD", "AU$"),
        ("C$5m", "CAD", "C$"),
        ("HK$5m", "HKD", "HK$"),
        ("NT$5m", "TWD", "NT$"),
        ("S$5m", "SGD", "S$"),
        ("NZ$5m", "NZD", "NZ$"),
        ("R$5m", "BRL", "R$"),
        ("€5m", "EUR", "€"),
        ("5 million €", "EUR", "€"),
        ("£5m", "GBP", "£"),
        ("₹5m", "INR", "₹"),
        ("₽5m", "RUB", "₽"),
        ("₩5m", "KRW", "₩"),
        ("₦5m", "NGN", "₦"),
        ("RMB 5 million", "CNY", "RMB"),
        ("5 million yuan", "CNY", "yuan"),
        ("5 million renminbi", "CNY", "renminbi"),
        ("人民币5亿元", "CNY", "人民币"),
        ("5亿元", "CNY", "元"),
        ("5亿美元", "USD", "美元"),
        ("5亿欧元", "EUR", "欧元"),
        ("5亿日元", "JPY", "日元"),
        ("5亿卢布", "RUB", "卢布"),
        ("5亿印度卢比", "INR", "印度卢比"),
        ("5 million US dollars", "USD", "US dollars"),
        ("5 million U.S. dollars", "USD", "U.S. dollars"),
        ("5 million Australian dollars", "AUD", "Australian dollars"),
        ("5 million dollars", "USD", "dollars"),
        ("5 million euros", "EUR", "euros"),
        ("5 million pounds sterling", "GBP", "pounds sterling"),
        ("5 million pounds", "GBP", "pounds"),
        ("5 million roubles", "RUB", "roubles"),
        ("5 million rubles", "RUB", "rubles"),
        ("5 млн руб.", "RUB", "руб."),
        ("5 млн рублей", "RUB", "рублей"),
        ("5 млн долларов США", "USD", "долларов США"),
        ("5 million Indian rupees", "INR", "Indian rupees"),
        ("5 million rand", "ZAR", "rand"),
        ("5 million Brazilian reais", "BRL", "Brazilian reais"),
        ("5 million won", "KRW", "won"),
        ("5 million yen", "JPY", "yen"),
        ("$5m to US$7m", "USD", "$"),
        ("a total of 5 million Swiss francs", "CHF", "Swiss francs"),
    ],
)
def test_the_currency_and_how_it_was_said(text, currency, said):
    assert read(text)[3:] == (currency, said)


@pytest.mark.parametrize(
    ("text", "country", "currency"),
    [
        ("$5m", "", "USD"),
        ("$5m", "US", "USD"),
        ("$5m", "au", "AUD"),
        ("$5m", "CN", "USD"),
        ("$5m", "EC", "USD"),
        ("$5m", "ZZ", "USD"),
        ("5 million dollars", "CA", "CAD"),
        ("¥5m", "JP", "JPY"),
        ("¥5m", "CN", "CNY"),
        ("5亿元", "CN", "CNY"),
        ("5亿元", "TW", "TWD"),
        ("5亿元", "HK", "HKD"),
        ("5亿元", "US", "CNY"),
        ("人民币5亿元", "TW", "CNY"),
        ("5 million pounds", "EG", "EGP"),
        ("5 million krona", "SE", "SEK"),
        ("5 million krona", "IS", "ISK"),
        ("5 million rupees", "IN", "INR"),
        ("5 million rupees", "PK", "PKR"),
        ("5 million pesos", "MX", "MXN"),
        ("5 million rials", "IR", "IRR"),
        ("5 million real", "BR", "BRL"),
        ("US$5m", "AU", "USD"),
    ],
)
def test_a_bare_sign_means_the_money_of_the_country(text, country, currency):
    assert read(text, country)[3] == currency
    assert read(text, country)[4]


# --- When, and what else the same money is called ------------------------------------------------


@pytest.mark.parametrize(
    ("text", "recurs", "period"),
    [
        ("USD 5 million", "once", None),
        ("USD 5 million a year", "annually", None),
        ("USD 5 million annually", "annually", None),
        ("USD 5 million per year", "annually", None),
        ("USD 5 million each year", "annually", None),
        ("USD 5 million p.a.", "annually", None),
        ("USD 5 million, annually", "annually", None),
        ("每年2亿元", "annually", None),
        ("USD 5 million in 2019", "once", "2019"),
        ("USD 5 million since 2013", "once", "2013/.."),
        ("USD 5 million from 2013 onwards", "once", "2013/.."),
        ("USD 5 million from 2018 to 2020", "once", "2018/2020"),
        ("USD 5 million between 2018 and 2020", "once", "2018/2020"),
        ("USD 5 million over 2018-2020", "once", "2018/2020"),
        ("USD 5 million over 2018–20", "once", "2018/2020"),
        ("USD 5 million (2018-2020)", "once", "2018/2020"),
        ("over USD 5 million over 2018-2020", "once", "2018/2020"),
        ("In 2019, USD 5 million", "once", "2019"),
        ("2018年至2020年每年2亿元", "annually", "2018/2020"),
        ("200 million renminbi annually from 2018 to 2020", "annually", "2018/2020"),
        ("USD 5 million from 2018 to 2020 a year", "annually", "2018/2020"),
    ],
)
def test_how_often_and_when(text, recurs, period):
    amount = parse_amount(text)
    assert amount.recurs == recurs
    assert (amount.period and amount.period.text) == period


def test_a_whole_statement():
    amount = parse_amount("  roughly $150bn a year ")
    assert amount.words == "roughly $150bn a year"
    assert read(amount.words) == (150 * BN, 150 * BN, "about", "USD", "$")
    assert amount.recurs is Recurs.ANNUALLY
    assert amount.restated == ()


@pytest.mark.parametrize(
    ("text", "first", "others"),
    [
        (
            "EUR 80 billion (US$91 billion)",
            (80 * BN, "exactly", "EUR"),
            [("US$91 billion", 91 * BN, "exactly", "USD", "US$")],
        ),
        (
            "200m yuan, or EUR 26m, or $29m",
            (200 * M, "exactly", "CNY"),
            [
                ("EUR 26m", 26 * M, "exactly", "EUR", ""),
                ("$29m", 29 * M, "exactly", "USD", "$"),
            ],
        ),
        (
            "more than €5 billion (about US$6 billion, or £4 billion)",
            (5 * BN, "more-than", "EUR"),
            [
                ("about US$6 billion", 6 * BN, "about", "USD", "US$"),
                ("£4 billion", 4 * BN, "more-than", "GBP", "£"),
            ],
        ),
        (
            "2亿元，或2600万欧元",
            (200 * M, "exactly", "CNY"),
            [("2600万欧元", 26 * M, "exactly", "EUR", "欧元")],
        ),
    ],
)
def test_the_same_money_in_other_currencies(text, first, others):
    amount = parse_amount(text)
    assert (amount.interval.low, amount.qualifier, amount.currency) == first
    assert amount.words == text
    assert [
        (again.words, again.interval.low, again.qualifier, again.currency, again.currency_said)
        for again in amount.restated
    ] == others


@pytest.mark.parametrize(
    "text",
    [
        "EUR 80m (US$91m) a year from 2018 to 2020",
        "EUR 80m a year from 2018 to 2020 (US$91m)",
        "EUR 80m from 2018 to 2020 (US$91m a year)",
    ],
)
def test_what_is_restated_recurs_in_the_same_years(text):
    amount = parse_amount(text)
    for said in (amount, *amount.restated):
        assert said.recurs is Recurs.ANNUALLY
        assert said.period and said.period.text == "2018/2020"
    assert len(amount.restated) == 1


# --- What the news files say ---------------------------------------------------------------------

# The words there leave out what the rest of the sentence says: what is judged, and why.
JUDGED = {"$100m": "AU", "$30m": "AU"}  # the article is on Australian grants

# "More than USD 1 billion a year" was entered once for each of the two years it was said of.
ONE_OF_MANY_YEARS = {"financing-2015", "financing-2017"}


def funding_in_news():
    for path in sorted((settings.BASE_DIR / "fixtures" / "news").glob("*.json")):
        for record in json.loads(path.read_text())["records"]:
            for row in record.get("funding", []):
                if "missing" in row["amount"]:
                    continue
                yield pytest.param(row, id=f"{path.stem}: {row['amount']['words']}")


@pytest.mark.parametrize("row", list(funding_in_news()))
def test_amounts_in_the_news_files_are_read_as_they_were_entered(row):
    amount = row["amount"]
    words = amount["words"]
    assert read(words, JUDGED.get(words, "")) == (
        amount["low"],
        amount["high"],
        amount["qualifier"],
        amount["currency"],
        amount.get("currency_said", ""),
    )
    if words.endswith(" a year") and row["key"] not in ONE_OF_MANY_YEARS:
        assert parse_amount(words).recurs == row["recurs"]


# --- What is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("5 million bananas", "bananas"),
        ("5 million XQZ", "XQZ"),
        ("5 million XQZ in 2019", "XQZ"),
        ("5 million XXX", "XXX"),
        ("5 million usd", "usd"),
        ("5 Million Rotten Bananas, yearly", "Rotten Bananas"),
        ("ZX$5 million", "ZX$5"),
        ("USD 5 million in investment", "investment"),
        ("USD 5 million by 2030", "by 2030"),
        ("USD 5 million in 20", "in 20"),
        ("USD 5 million 2018", "2018"),
        ("USD 5 million over three years", "years"),
        ("EUR 80bn, USD 91bn", ", USD 91bn"),
        ("5 million more than", "more than"),
        ("USD", "USD"),
        ("a dollar", "a"),
        ("several", "several"),
        ("(5 million)", "(5 million)"),
        ("5 million (", "5 million ("),
        ("5 million ()", ")"),
        ("-5 million", "-5 million"),
        ("−5 million", "−5 million"),
        ("USD -5 million", "-5 million"),
        ("minus 5 million", "minus 5 million"),
        ("USD 0", "USD 0"),
        ("between 7 and 5 million", "between 7 and 5 million"),
        ("$7m-$5m", "$7m-$5m"),
        ("between 7 million", "between 7 million"),
        ("from 7 million", "from 7 million"),
        ("NaN", "NaN"),
        ("1e400", "1e400"),
        ("infinity", "infinity"),
        ("USD 5m from 2020 to 2018", "from 2020 to 2018"),
        ("USD 5m in 0000", "in 0000"),
        ("USD 5m between 2018", "between 2018"),
        ("USD 5m in 2019 in 2020", "in 2020"),
        ("¥5 million", "¥"),
        ("5 million pesos", "pesos"),
        ("5 million rupees", "rupees"),
        ("5 million dollars euros", "euros"),
        ("€5 million dollars", "€, dollars"),
        ("€ US$ 5 million", "€ US$"),
        ("$5m to €7m", "$, €"),
        ("EUR 5m (EUR 6m)", "EUR 6m"),
        ("EUR 5m (6m)", "6m"),
        ("5m (EUR 6m)", "EUR 6m"),
        ("at least at most 5 million", "at least at most"),
        ("more than 5 million or more", "more than 5 million or more"),
        ("up to 5-7 million", "up to 5-7 million"),
        ("exactly several million", "exactly several million"),
        ("up to multi-billion", "up to multi-billion"),
        ("1.740", "1.740"),
        ("1,740 млн", "1,740 млн"),
        ("1,7,40", "1,7,40"),
        ("USD 5.001", "5.001"),
        ("USD 0.001", "USD 0.001"),
        ("90000 trillion", "90000 trillion"),
        ("9" * 40, "9" * 40),
        ("٥ million", "٥"),
    ],
)
def test_what_is_not_understood_is_named(text, named):
    with pytest.raises(NotUnderstood) as caught:
        parse_amount(text)
    assert caught.value.words == named
    assert f"“{named}”" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "nothing to read"),
        (" \n", "nothing to read"),
        ("5 million " * 51, "at most 500 characters"),
        ("-5 million", "not negative"),
        ("between 7 and 5 million", "the low end exceeds the high end"),
        ("USD 0.001", "more than two decimals"),
        ("90000 trillion", "more money than there is"),
        ("1.740", "thousands or decimals"),
        ("USD 5m from 2020 to 2018", "ends before it starts"),
        ("USD 5m in 0000", "out of range"),
        ("¥5 million", "CNY"),
        ("¥5 million", "JPY"),
        ("5 million pesos", "ARS, CLP, COP"),
        ("between two hundred and three hundred million USD", "the unit of its near end"),
        ("two hundred to 300 million USD", "the unit of its near end"),
        ("5 thousand to 10 thousand million USD", "the unit of its near end"),
        ("USD 5 or EUR 4 million", "too far from the first"),
    ],
)
def test_a_refusal_says_why(text, reason):
    with pytest.raises(NotUnderstood, match=reason):
        parse_amount(text)


def test_the_largest_amount_and_the_longest_text():
    assert read("89999.999999 trillion")[0] == 89_999_999_999 * M
    assert parse_amount("5 million".rjust(900)).words == "5 million"
    assert parse_amount("5" + " " * 491 + "million").interval.low == 5 * M


def test_refusals_are_translated():
    with translation.override("en"), pytest.raises(NotUnderstood, match="is not understood"):
        parse_amount("5 bananas")


@pytest.mark.parametrize(
    "piece",
    [
        *[
            "1",
            "1,",
            "1 ",
            "1 000 ",
            "1.000.",
            "1'",
            "(",
            "-",
            "a ",
            "a.",
            "US$",
            "$",
            "¥",
            "multi",
        ],
        *["or ", "several ", "hundred ", "one hundred and ", "twenty ", "5 million 4 ", "亿", "十"],
        *[
            "in 2019 ",
            "from 2018 to ",
            "United Arab ",
            "Bosnia-",
            "a year ",
            "more than ",
            "ﷺ",
            "\u0301",
        ],
    ],
)
def test_hostile_texts_are_read_quickly(piece):
    text = (piece * 500)[:500]
    lexicon()
    started = time.perf_counter()
    for hostile in (text, "5 million " + text[:490], text[:490] + " bananas"):
        with suppress(NotUnderstood):
            parse_amount(hostile)
    assert time.perf_counter() - started < 0.5


# --- For any text --------------------------------------------------------------------------------

values = st.one_of(
    st.integers(1, 10**6),
    st.decimals(Decimal("0.01"), 999, places=2),
)
units = st.sampled_from([("", 1), (" thousand", K), (" million", M), ("bn", BN), (" trillion", TN)])
codes = st.sampled_from(sorted(iso_codes()))
phrasings = st.sampled_from(
    [
        ("{}", Qualifier.EXACTLY),
        ("exactly {}", Qualifier.EXACTLY),
        ("more than {}", Qualifier.MORE_THAN),
        ("{} or more", Qualifier.AT_LEAST),
        ("at least {}", Qualifier.AT_LEAST),
        ("no more than {}", Qualifier.UP_TO),
        ("about {}", Qualifier.ABOUT),
    ]
)
years = st.integers(1000, 2999)


def plain(value):
    return f"{value:f}"


@given(values, units, codes, phrasings, st.booleans(), st.booleans(), st.one_of(st.none(), years))
def test_what_is_phrased_is_read_again(value, unit, code, phrasing, before, yearly, year):
    name, factor = unit
    template, qualifier = phrasing
    number = plain(value) + name
    text = template.format(f"{code} {number}" if before else f"{number} {code}")
    text += " a year" if yearly else ""
    text += f" in {year}" if year else ""
    if value * factor >= 9 * 10**16:
        with pytest.raises(NotUnderstood, match="more money"):
            parse_amount(text)
        return
    amount = parse_amount(text)
    meant = value * factor
    open_ended = qualifier in (Qualifier.MORE_THAN, Qualifier.AT_LEAST)
    assert amount.interval.low == (0 if qualifier is Qualifier.UP_TO else meant)
    assert amount.interval.high == (None if open_ended else meant)
    assert (amount.qualifier, amount.currency, amount.currency_said) == (qualifier, code, "")
    assert amount.recurs == ("annually" if yearly else "once")
    assert (amount.period and amount.period.text) == (str(year) if year else None)


@given(st.integers(1, 10**15), st.sampled_from([",", ".", " ", "'", "\u00a0", "\u202f"]))
def test_grouped_thousands_are_read_again(value, separator):
    text = f"{value:,}".replace(",", separator)
    if separator == "." and text.count(".") == 1:
        with pytest.raises(NotUnderstood, match="thousands or decimals"):
            parse_amount(text)
    else:
        assert parse_amount(text).interval.low == value


@given(st.tuples(values, values).map(sorted), units, codes)
def test_a_range_is_read_again(ends, unit, code):
    (low, high), (name, factor) = ends, unit
    if high * factor < 9 * 10**16:
        text = f"between {code} {plain(low)}{name} and {code} {plain(high)}{name}"
        assert read(text) == (low * factor, high * factor, "between", code, "")


vocabulary = st.sampled_from(
    [
        *["5", "7", "1,740", "1.740", "2018", "2020", "0", "million", "bn", "hundred", "a", "half"],
        *["$", "US$", "€", "USD", "EUR", "¥", "dollars", "more than", "at least", "up to", "over"],
        *["about", "between", "and", "to", "-", "from", "in", "since", "or", "or more", "+", "("],
        *[")", ",", "a year", "annually", "several", "tens of", "multi-", "亿", "元", "年", "数"],
        *["billions of", "and a half", "five", "twenty", "一", "minus", "worth", "~", "bananas"],
    ]
)
phrases = st.lists(vocabulary, max_size=14).map(" ".join)
countries = st.sampled_from(["", "US", "CN", "JP", "IN", "ZZ", "zz9"])


@given(st.one_of(st.text(max_size=520), phrases), countries)
@example("a", "")
@example("5 or", "")
@example("5 (", "")
@example("from 2018 to", "")
@example("²", "")
@example("½ million", "")
def test_any_text_is_an_amount_or_not_understood(text, country):
    try:
        amount = parse_amount(text, country)
    except NotUnderstood as error:
        assert error.words in text.strip() or "…" in error.words or ", " in error.words
        assert f"“{error.words}”" in str(error)
        with pytest.raises(NotUnderstood) as again:
            parse_amount(text, country)
        assert str(again.value) == str(error)
        return
    assert amount == parse_amount(text, country)
    assert amount.words == text.strip()
    for said in (amount, *amount.restated):
        check(said)
    assert len({said.currency for said in (amount, *amount.restated)}) == 1 + len(amount.restated)


def check(amount: StatedAmount):
    """An amount is what a row of the database can hold."""
    low, high = amount.interval.low, amount.interval.high
    assert 0 <= low < 9 * 10**16
    assert high is None or low <= high < 9 * 10**16
    for end in (low, high or low):
        assert end == end.quantize(Decimal("0.01"))
        assert "E" not in str(end)
    assert amount.currency in {"", *iso_codes()}
    assert amount.currency or not amount.currency_said
    assert amount.currency_said in amount.words
    assert (high is None) == (amount.qualifier in ("more-than", "at-least")) or (
        amount.qualifier in ("unspecified", "about")
    )
