"""How the files of rates and deflators are made: tables of the sources in, `Rate`, `Deflator` out.

Rates. The European Central Bank publishes rates against the euro for every working day since 1999.
The rate of a year is the mean, over its days, of (currency per euro) / (US dollar per euro), and of
1 / (US dollar per euro) for the euro. It is *better* wherever a whole year of days is there: it is
what "average of the calendar year" means, it needs no estimate, is not rounded and soon there. The
World Economic Outlook's rate is a quotient of two estimates of gross domestic product, NGDP / NGDPD:
weighted by output, in some countries (India, Pakistan, Egypt) that of a fiscal year, published
late, and never taken where it is a projection. It covers what the bank does not.

A national currency is the legal tender on the day of the edition, so a redenominated currency is in
today's units throughout, as the series is; a code that is no longer in ISO 4217 has no rate. Where
countries share a currency the median counts, of those that report calendar years; one that is more
than 5 % away is left out, and named. `EXCLUDED` lists what is known to be no rate of the currency.
The rate of a fiscal year says so in its source: where a currency falls fast it can be far from the
calendar year's (Egypt in 2017: 14.8 for about 17.8).

Deflators. NGDP_D of the United States, scaled to 2017 = 100, never a projection. It can be carried
on by yearly inflation if that is the inflation of the same deflator: tables under that name have
been seen to hold consumer prices, so it must agree with NGDP_D where both are known.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from itertools import pairwise
from statistics import fmean, median

import pycountry
from babel.numbers import get_territory_currencies

from initiatives.funding.prices import US_DOLLAR, Deflator, Rate

FIRST_YEAR = 1990
ECB = "ECB reference rates, mean of days"
WEO = "IMF WEO, NGDP/NGDPD"
WEO_FISCAL = "IMF WEO, NGDP/NGDPD, fiscal years"
WEO_DEFLATOR = "IMF WEO, NGDP_D, United States"
EXTENDED = f"{WEO_DEFLATOR}, carried on by GDP-deflator inflation"

TOLERANCE = Decimal("0.05")  # between countries of one currency, and between two sources
WEO_HALF_UNIT = Decimal("0.0005")  # WEO has three decimals
MAX_ROUNDING = Decimal("0.01")
MAX_INFLATION_GAP = 0.25  # percentage points a year, on average

# What the quotient is known not to say: currency, first year, last year, why. None: without end.
EXCLUDED: tuple[tuple[str, int | None, int | None, str], ...] = (
    ("EUR", None, 1998, "the euro began in 1999; earlier values are national currencies"),
    ("IQD", None, 2003, "official and market rates far apart"),
    ("IRR", None, 2001, "multiple official exchange rates until 2002"),
    ("IRR", 2012, 2013, "a mixture of official and market rates"),
    ("IRR", 2018, None, "the rate of importers and exporters, not the official one"),
    ("LBP", 2019, None, "a weighted mean of official and parallel rates"),
    ("MMK", None, 2012, "official rate left in April 2012; parallel rates in the quotient"),
    ("SDG", 2018, None, "a mixture of official and parallel rates"),
    ("SLE", None, None, "the series is in old leones (SLL), a thousand to one"),
    ("SRD", None, 1994, "official and market rates far apart"),
    ("TMT", None, 2008, "two exchange rates until 2008, redenominated in 2009"),
    ("VES", None, None, "a rate computed from several; most values are rounded away"),
    ("YER", 2015, None, "official rate until 2014, one of two market rates since"),
    ("ZWG", None, None, "several currencies at a time; the series is not in this one"),
)

# Where the mean of the ECB's days is not the rate at home.
ECB_EXCLUDED: tuple[tuple[str, int | None, int | None, str], ...] = (
    ("THB", 2007, 2007, "quoted abroad, apart from the rate at home under capital controls"),
)

# WEO's codes of two economies that ISO 3166 names otherwise.
TERRITORIES = {"UVK": "XK", "WBG": "PS"}

NEEDED = (
    "ISO",
    "WEO Subject Code",
    "Country/Series-specific Notes",
)


@dataclass(frozen=True, slots=True)
class Series:
    """One row of the World Economic Outlook: a subject of a country, by year."""

    iso: str
    subject: str
    notes: str
    estimates_after: int | None
    values: Mapping[int, Decimal]


@dataclass(frozen=True, slots=True)
class Edition:
    """When an edition of the World Economic Outlook came out: "April 2024"."""

    month: int
    year: int

    @classmethod
    def parse(cls, text: str) -> Edition:
        """ValueError if it is not the English name of a month and a year."""
        months = {name: number for number, name in enumerate(calendar.month_name) if name}
        match = re.fullmatch(r"([A-Z][a-z]+) (\d{4})", text.strip())
        if not match or match[1] not in months:
            raise ValueError(f"“{text}” is no edition such as “April 2024”")
        return cls(months[match[1]], int(match[2]))

    def __str__(self) -> str:
        return f"{calendar.month_name[self.month]} {self.year}"

    @property
    def day(self) -> dt.date:
        """Its first day, for what was legal tender then."""
        return dt.date(self.year, self.month, 1)


# --- Tables of the World Economic Outlook --------------------------------------------------------


def number(text: str | None) -> Decimal | None:
    """A value as the tables write it: "1,234.5". None of "n/a", "--" and other words."""
    try:
        value = Decimal((text or "").strip().replace(",", ""))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def read_series(rows: Iterable[Mapping[str, str]], subjects: Iterable[str]) -> list[Series]:
    """The series of countries on these subjects: a column per year, or columns Year and Value.

    Aggregates ("World") have no code of a country and are left out. ValueError if a column is
    missing or a country has a subject twice.
    """
    wanted = set(subjects)
    found: dict[tuple[str, str], Series] = {}
    values: dict[tuple[str, str], dict[int, Decimal]] = defaultdict(dict)
    seen: set[tuple[str, str, int]] = set()
    columns: list[tuple[str, int]] | None = None
    for row in rows:
        if columns is None:
            columns = _year_columns(row)
        iso, subject = (row["ISO"] or "").strip(), (row["WEO Subject Code"] or "").strip()
        if subject not in wanted or territory(iso) is None:
            continue
        key = iso, subject
        if key not in found:
            estimates = number(row.get("Estimates Start After"))
            found[key] = Series(
                iso,
                subject,
                (row["Country/Series-specific Notes"] or "").strip(),
                int(estimates) if estimates else None,
                values[key],
            )
        cells = (
            [(int(row["Year"]), row["Value"])]
            if not columns
            else [(year, row[column]) for column, year in columns]
        )
        for year, text in cells:
            if (iso, subject, year) in seen:
                raise ValueError(f"{iso} has {subject} of {year} twice")
            seen.add((iso, subject, year))
            value = number(text)
            if value is not None:
                values[key][year] = value
    return list(found.values())


def _year_columns(row: Mapping[str, str]) -> list[tuple[str, int]]:
    """The columns named by a year; none where the table has a row per year."""
    years = [(name, int(name)) for name in row if name and re.fullmatch(r"\d{4}", name)]
    missing = [name for name in NEEDED if name not in row]
    if not years:
        missing += [name for name in ("Year", "Value") if name not in row]
    if missing:
        raise ValueError(f"there is no column {', '.join(missing)}")
    return years


def territory(iso: str) -> str | None:
    """The alpha-2 code of a country of the tables; None of aggregates."""
    country = pycountry.countries.get(alpha_3=iso) if iso else None
    return TERRITORIES.get(iso) or (country.alpha_2 if country else None)


def latest_actual(series: Series, edition: Edition) -> int | None:
    """The last year of the series that is no projection; None where nothing says so.

    The earliest of: the column "Estimates Start After"; the notes ("Latest actual data: 2022",
    or "FY2022/23", which is the calendar year that the notes map it to, and the earlier of the
    two where they do not say); the last year that was over when the edition came out.
    """
    said = [series.estimates_after] if series.estimates_after else []
    match = re.search(r"Latest actual data:\s*(FY)?\s*(\d{4})(/\d{2,4})?", series.notes)
    if match:
        split = bool(match[1] or match[3])
        later = split and re.search(
            r"FY\(t-1/t\)\s*=\s*CY\(t\)|FY\(t/t\+1\)\s*=\s*CY\(t\+1\)", series.notes
        )
        said.append(int(match[2]) + (1 if later and match[3] else 0))
    return min(*said, edition.year - 1) if said else None


def by_fiscal_year(series: Series) -> bool:
    """Whether the notes say that the years are not those of the calendar."""
    return bool(re.search(r"Reporting in calendar year:\s*No\b", series.notes))


def in_us_dollars(series: Series) -> bool:
    """Whether the notes say that the country's currency is the US dollar."""
    return bool(re.search(r"Primary domestic currency:\s*U\.?S\.? dollar", series.notes, re.I))


def national_currencies(day: dt.date) -> dict[str, str]:
    """By alpha-2 code, the currency of each country on a day.

    Where several are legal tender, the one that no other country has: Namibia's dollar, not the
    rand. Only currencies of ISO 4217 as it is today.
    """
    codes = [country.alpha_2 for country in pycountry.countries] + ["XK"]
    tender = {code: get_territory_currencies(code, day, day) for code in codes}
    spread = Counter(currency for all_of_one in tender.values() for currency in all_of_one)
    chosen = {code: min(found, key=spread.__getitem__) for code, found in tender.items() if found}
    return {
        code: currency
        for code, currency in chosen.items()
        if pycountry.currencies.get(alpha_3=currency)
    }


# --- Rates ---------------------------------------------------------------------------------------


def weo_rates(series: Iterable[Series], edition: Edition) -> tuple[list[Rate], list[str]]:
    """NGDP / NGDPD by currency and year, and what was left out, in words."""
    pairs: dict[str, dict[str, Series]] = defaultdict(dict)
    for one in series:
        pairs[one.iso][one.subject] = one
    tender = national_currencies(edition.day)
    calendar_years: dict[tuple[str, int], dict[str, Decimal]] = defaultdict(dict)
    fiscal_years: dict[tuple[str, int], dict[str, Decimal]] = defaultdict(dict)
    rounded: dict[tuple[str, str], list[int]] = defaultdict(list)
    excluded: dict[tuple[str, str], list[int]] = defaultdict(list)
    messages: list[str] = []
    for iso, of_country in sorted(pairs.items()):
        local, dollars = of_country.get("NGDP"), of_country.get("NGDPD")
        currency = tender.get(territory(iso) or "")
        if local is None or dollars is None or currency in (None, US_DOLLAR):
            continue
        assert currency is not None
        if in_us_dollars(local):
            messages.append(f"{iso}: in US dollars, says nothing about {currency}")
            continue
        limits = [latest_actual(one, edition) for one in (local, dollars)]
        known = [limit for limit in limits if limit is not None]
        if not known:
            messages.append(f"{iso}: nothing says where projections begin; left out")
            continue
        quotients = fiscal_years if by_fiscal_year(local) else calendar_years
        for year, amount in local.values.items():
            in_dollars = dollars.values.get(year, Decimal(0))
            if not FIRST_YEAR <= year <= min(known) or amount <= 0 or in_dollars <= 0:
                continue
            if reason := exclusion(EXCLUDED, currency, year):
                excluded[currency, reason].append(year)
            elif WEO_HALF_UNIT / amount + WEO_HALF_UNIT / in_dollars > MAX_ROUNDING:
                rounded[currency, iso].append(year)
            else:
                quotients[currency, year][iso] = amount / in_dollars
    rates = []
    apart: dict[tuple[str, str], dict[int, Decimal]] = defaultdict(dict)
    for key in sorted(calendar_years.keys() | fiscal_years.keys()):
        whole = key in calendar_years
        by_country = (calendar_years if whole else fiscal_years)[key]
        middle = median(by_country.values())
        near = {}
        for iso, value in by_country.items():
            if abs(value / middle - 1) > TOLERANCE:
                apart[key[0], iso][key[1]] = abs(value / middle - 1)
            else:
                near[iso] = value
        if near:
            per_usd = short(median(near.values()))
            rates.append(Rate(*key, per_usd, WEO if whole else WEO_FISCAL, str(edition)))
    messages += [
        f"{currency} {spans(years)}: {reason}" for (currency, reason), years in excluded.items()
    ]
    messages += [
        f"{currency} {spans(years)}: {iso} rounded to too few digits"
        for (currency, iso), years in rounded.items()
    ]
    messages += [
        f"{currency} {spans(gaps)}: {iso} is up to {max(gaps.values()):.0%} from the others"
        for (currency, iso), gaps in apart.items()
    ]
    return rates, messages


def exclusion(
    listed: Iterable[tuple[str, int | None, int | None, str]], currency: str, year: int
) -> str:
    """Why a source says nothing about the currency in that year; empty where it does."""
    for code, first, last, reason in listed:
        if code == currency and (first or year) <= year <= (last or year):
            return reason
    return ""


def ecb_rates(
    quotes: Mapping[str, Mapping[dt.date, Decimal]], vintage: str, before: int
) -> list[Rate]:
    """Yearly means of daily rates against the euro, of whole years before the year `before`."""
    dollar = quotes[US_DOLLAR]
    known = {code: days for code, days in quotes.items() if code != US_DOLLAR}
    known["EUR"] = dict.fromkeys(dollar, Decimal(1))
    rates = []
    for currency, days in sorted(known.items()):
        if not pycountry.currencies.get(alpha_3=currency):
            continue  # kroon, lira of 2004: no longer in ISO 4217
        by_year: dict[int, dict[dt.date, Decimal]] = defaultdict(dict)
        for day, per_euro in days.items():
            if day in dollar:
                by_year[day.year][day] = per_euro / dollar[day]
        for year, of_year in sorted(by_year.items()):
            if exclusion(ECB_EXCLUDED, currency, year):
                continue
            if FIRST_YEAR <= year < before and is_whole(of_year):
                mean = sum(of_year.values(), Decimal(0)) / len(of_year)
                rates.append(Rate(currency, year, short(mean), ECB, vintage))
    return rates


def is_whole(days: Iterable[dt.date]) -> bool:
    """Whether the days of one year go from its first to its last week without a long gap."""
    ordered = sorted(days)
    year = ordered[0].year
    ends = [dt.date(year - 1, 12, 31), *ordered, dt.date(year + 1, 1, 1)]
    gaps = [(after - day).days for day, after in pairwise(ends)]
    return gaps[0] <= 7 and gaps[-1] <= 10 and max(gaps) <= 14


def merge(better: Iterable[Rate], other: Iterable[Rate]) -> list[Rate]:
    """All rates, sorted; the better where both are there."""
    rates = {(rate.currency, rate.year): rate for rate in (*other, *better)}
    return [rates[key] for key in sorted(rates)]


@dataclass(frozen=True, slots=True)
class Gap:
    """How far one source is from the other: 0.05 is five percent above."""

    currency: str
    year: int
    share: Decimal
    source: str

    def __str__(self) -> str:
        return f"{self.currency} {self.year}: {self.share:+.1%} ({self.source})"


def gaps(rates: Iterable[Rate], reference: Iterable[Rate]) -> list[Gap]:
    """Where both sources have a rate, how far `rates` are from the reference; the widest first."""
    known = {(rate.currency, rate.year): rate.per_usd for rate in reference}
    found = [
        Gap(rate.currency, rate.year, rate.per_usd / known[key] - 1, rate.source)
        for rate in rates
        if (key := (rate.currency, rate.year)) in known
    ]
    return sorted(found, key=lambda gap: (-abs(gap.share), gap.currency, gap.year))


# --- Deflators -----------------------------------------------------------------------------------


def us_deflators(
    series: Iterable[Series],
    edition: Edition,
    inflation: Mapping[int, Decimal] | None = None,
    before: int = 9999,
) -> list[Deflator]:
    """NGDP_D of the United States, carried on by `inflation` (percent) to years before `before`.

    ValueError if the series, its 2017 or the end of its actual years is missing, or if the
    inflation is not that of this deflator.
    """
    of_usa = {one.subject: one for one in series if one.iso == "USA"}
    deflator, gdp = of_usa.get("NGDP_D"), of_usa.get("NGDP")
    if deflator is None:
        raise ValueError("there is no NGDP_D of the United States")
    # The notes on the deflator refer to those on GDP.
    limits = [latest_actual(one, edition) for one in (deflator, gdp) if one is not None]
    known = [limit for limit in limits if limit is not None]
    if not known:
        raise ValueError("nothing says where projections for the United States begin")
    index = {year: value for year, value in deflator.values.items() if year <= min(known)}
    if 2017 not in index:
        raise ValueError("NGDP_D of the United States lacks 2017")
    unit = index[2017] / 100
    index = {year: value / unit for year, value in index.items() if year >= FIRST_YEAR - 1}
    rows = [Deflator(year, short(index[year]), WEO_DEFLATOR, str(edition)) for year in index]
    last = max(index)
    if inflation:
        check_inflation(index, inflation)
    while inflation and last + 1 in inflation and last + 1 < before:
        index[last + 1] = index[last] * (1 + inflation[last + 1] / 100)
        last += 1
        rows.append(Deflator(last, short(index[last]), EXTENDED, str(edition)))
    return sorted(
        (row for row in rows if row.year >= FIRST_YEAR), key=lambda deflator: deflator.year
    )


def check_inflation(index: Mapping[int, Decimal], inflation: Mapping[int, Decimal]) -> None:
    """ValueError unless the inflation is that of the index, in the years since 2000 they share."""
    apart = [
        abs(float((index[year] / index[year - 1] - 1) * 100 - inflation[year]))
        for year in index
        if year >= 2000 and year - 1 in index and year in inflation
    ]
    if len(apart) < 5:
        raise ValueError("fewer than five years to compare the inflation with NGDP_D")
    if fmean(apart) > MAX_INFLATION_GAP:
        raise ValueError(
            f"this is not the inflation of the GDP deflator: {fmean(apart):.2f} points a year "
            f"from NGDP_D, at most {MAX_INFLATION_GAP} allowed; consumer prices perhaps"
        )


def read_inflation(rows: Iterable[Mapping[str, str]], iso: str = "USA") -> dict[int, Decimal]:
    """Percent by year, of one country, from columns Country Code, Year and Inflation."""
    found: dict[int, Decimal] = {}
    for row in rows:
        missing = [name for name in ("Country Code", "Year", "Inflation") if name not in row]
        if missing:
            raise ValueError(f"there is no column {', '.join(missing)}")
        value = number(row["Inflation"])
        if row["Country Code"] == iso and value is not None:
            found[int(row["Year"])] = value
    if not found:
        raise ValueError(f"there is no inflation of {iso}")
    return found


# --- Writing -------------------------------------------------------------------------------------


def short(value: Decimal) -> Decimal:
    """Eight significant digits."""
    return Context(prec=8).plus(value)


def plain(value: Decimal) -> str:
    """Without exponent and trailing zeros."""
    return f"{value.normalize():f}"


def spans(years: Iterable[int]) -> str:
    """Years in words: "1990–1993, 1997"."""
    runs: list[list[int]] = []
    for year in sorted(set(years)):
        if runs and year == runs[-1][1] + 1:
            runs[-1][1] = year
        else:
            runs.append([year, year])
    return ", ".join(f"{a}–{b}" if a != b else str(a) for a, b in runs)


@dataclass(frozen=True, slots=True)
class Changes:
    """What a new table does to the one before, in words."""

    added: list[str]
    changed: list[str]
    removed: list[str]


def changes(
    old: Mapping[tuple[str, int], Decimal], new: Mapping[tuple[str, int], Decimal]
) -> Changes:
    """Rows added and removed, and those whose value changes by more than 1 %, with both values."""
    return Changes(
        by_name(new.keys() - old.keys()),
        [
            f"{name} {year}: {plain(before)} → {plain(new[name, year])}"
            for (name, year), before in sorted(old.items())
            if (name, year) in new and abs(new[name, year] / before - 1) > Decimal("0.01")
        ],
        by_name(old.keys() - new.keys()),
    )


def by_name(keys: Iterable[tuple[str, int]]) -> list[str]:
    """Names and years in words: "AED 1990–2022"."""
    years: dict[str, list[int]] = defaultdict(list)
    for name, year in sorted(keys):
        years[name].append(year)
    return [f"{name} {spans(of_name)}" for name, of_name in years.items()]
