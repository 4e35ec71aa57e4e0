"""Every number of money is the sum of exactly the rows behind it, in any little world.

The worlds are made up: some initiatives that are all called quokkas, with money that is restated,
superseded, part of other money, in other currencies, on other rungs, or not published. What is asked
is asked through the addresses of the site.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from initiatives.funding.counting import recount
from initiatives.funding.measures import constant_usd, nominal_usd, stated_in
from initiatives.funding.models import BaseYear, ExchangeRate, Funding, UsDeflator
from initiatives.funding.prices import Deflator, Prices, Rate
from initiatives.funding.rollup import Money, Rung, roll_up
from initiatives.intervals import Interval, total
from initiatives.models import Initiative
from partners.dates import PartialDate
from partners.models import Organisation
from tests import cast, reading
from tests.reading import MONEY_CHARTS, added, cents, chart, csv_rows, get_json
from tests.test_rollup import reckon, worth

pytestmark = pytest.mark.django_db

NAMES = ["alba", "bruno", "cleo", "dora", "ezra"]
BLOCS = ["brics", "sco", "eu"]
SECTORS = ["space", "health", "energy"]
COUNTRIES = ["KEN", "CHN", "BRA"]
PARTIES = [None, "KEN", "CHN", "quokka-bank"]
CURRENCIES = ["USD", "USD", "CNY", "EUR", "AUD", "XAU"]
RUNGS = ["disbursed", "disbursed", "disbursed", "announced"]
PERIODS = ["", "2018", "2019-06", "2018/2020", "2018-06/2021-05", "2013/.."]
ALL = "q=quokka"


# --- Little worlds -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """A statement of a world: of the initiative `home`, pointing at others by their number."""

    home: int
    low: Decimal | None
    high: Decimal | None
    currency: str = "USD"
    rung: str = "disbursed"
    period: str = "2018"
    recurs: str = "once"
    restates: int | None = None
    part_of: int | None = None
    out_of_scope: bool = False
    provider: str | None = None
    recipient: str | None = None
    instruments: tuple[str, ...] = ()
    sector: str | None = None
    superseded: bool = False  # an older value of it was


@dataclass(frozen=True)
class Place:
    """An initiative of a world."""

    published: bool = True
    blocs: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()


@dataclass(frozen=True)
class World:
    """Initiatives, and what is said of their money."""

    places: tuple[Place, ...]
    said: tuple[Said, ...]


def some(values: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), unique=True, max_size=2).map(sorted).map(tuple)


places = st.builds(
    Place,
    published=st.sampled_from([True, True, True, False]),
    blocs=some(BLOCS),
    sectors=some(SECTORS),
    countries=some(COUNTRIES),
)


widths = st.one_of(
    st.sampled_from(["0.01", "10", "100", "1000.55"]).map(Decimal),
    st.integers(0, 50_000).map(lambda n: Decimal(n) / 100),
)
lows = st.one_of(st.none(), st.just(Decimal(0)), widths, widths, widths)


@st.composite
def worlds(draw) -> World:
    found = tuple(draw(st.lists(places, min_size=2, max_size=5)))
    said: list[Said] = []
    for number in range(draw(st.integers(1, 9))):
        home = draw(st.integers(0, len(found) - 1))
        low = draw(lows)
        width = draw(st.sampled_from(["exact", "exact", "wider", "open"]))
        more = draw(widths) if width == "wider" else Decimal(0)
        statement = Said(
            home=home,
            low=low,
            high=None if low is None or width == "open" else low + more,
            currency=draw(st.sampled_from(CURRENCIES)),
            rung=draw(st.sampled_from(RUNGS)),
            period=draw(st.sampled_from(PERIODS)),
            recurs=draw(st.sampled_from(["once", "once", "once", "annually"])),
            out_of_scope=draw(st.integers(0, 9)) == 9,
            provider=draw(st.sampled_from(PARTIES)),
            recipient=draw(st.sampled_from(PARTIES)),
            instruments=draw(some(["grant", "loan"])),
            sector=draw(st.sampled_from([None, None, *SECTORS])),
            superseded=draw(st.integers(0, 5)) == 5,
        )
        relation = draw(st.sampled_from(["", "part_of", "part_of", "restates"])) if number else ""
        if relation:
            above = draw(st.integers(0, number - 1))
            if relation == "part_of":
                statement = replace(statement, part_of=above)
            else:  # the same money is of the same initiative, on the same rung
                same = said[above]
                statement = replace(statement, restates=above, home=same.home, rung=same.rung)
        said.append(statement)
    return World(found, tuple(said))


def store(world: World) -> list[Funding]:
    """The world in the database, counted; its statements as they stand now."""
    bank = Organisation.objects.create(
        slug="quokka-bank", name="Quokka bank", kind="bank", country=cast.country("BRA")
    )
    records = [
        cast.initiative(
            f"quokka-{name}", place.countries, place.blocs, place.sectors,
            title=f"Quokka {name}", state="published" if place.published else "draft",
        )
        for name, place in zip(NAMES, world.places, strict=False)
    ]  # fmt: skip
    rows: list[Funding] = []
    for number, said in enumerate(world.said):
        row = Funding(
            record=records[said.home],
            key=f"s{number}",
            low=said.low,
            high=said.high,
            qualifier="exactly" if said.high == said.low else "at-least",
            currency="" if said.low is None else said.currency,
            missing="undisclosed" if said.low is None else "",
            rung=said.rung,
            period=PartialDate.parse(said.period) if said.period else None,
            recurs=said.recurs,
            restates=None if said.restates is None else rows[said.restates],
            part_of=None if said.part_of is None else rows[said.part_of],
            out_of_scope="context" if said.out_of_scope else "",
            instruments=list(said.instruments),
            sector=cast.sector(said.sector) if said.sector else None,
            words=f"{said.low} {said.currency}",
        )
        for side in ("provider", "recipient"):
            who = getattr(said, side)
            if who == bank.slug:
                setattr(row, f"{side}_organisation", bank)
            elif who:
                setattr(row, f"{side}_country", cast.country(who))
        row.save()
        rows.append(row)
    now = [again(row, words="corrected") if said.superseded else row
           for row, said in zip(rows, world.said, strict=True)]  # fmt: skip
    recount([record.pk for record in records])
    return now


def again(row: Funding, **values: Any) -> Funding:
    """Supersede a row, without counting yet."""
    row.retired_at, row.retired_because = timezone.now(), "corrected"
    row.save()
    names = [f.name for f in Funding._meta.concrete_fields
             if f.name not in ("id", "fingerprint", "retired_at", "retired_because", "supersedes", "recorded_at")]  # fmt: skip
    kept = {name: getattr(row, name) for name in names}
    return Funding.objects.create(**{**kept, **values, "supersedes": row})


class _Undone(Exception):
    pass


@contextmanager
def stored(world: World) -> Iterator[list[Funding]]:
    """The world in the database until the block ends."""
    try:
        with transaction.atomic():
            yield store(world)
            raise _Undone
    except _Undone:
        pass


# --- Questions -----------------------------------------------------------------------------------


@st.composite
def questions(draw) -> str:
    asked: dict[str, Any] = {
        "q": draw(st.sampled_from(["quokka", "quokka", *(f"quokka {n}" for n in NAMES[:3])]))
    }
    for name, values, most in (("rung", ["disbursed", "announced"], 2), ("bloc", BLOCS, 1),
                               ("country", COUNTRIES, 1), ("sector", SECTORS, 2)):  # fmt: skip
        if draw(st.integers(0, 2)) == 2:
            asked[name] = draw(
                st.lists(st.sampled_from(values), unique=True, min_size=1, max_size=most)
            )
    unit = draw(st.sampled_from(["", "", "measure=constant", "measure=nominal", "currency"]))
    if unit == "currency":
        asked["currency"] = draw(st.sampled_from([*CURRENCIES[1:], "JPY"]))
    elif unit:
        name, _, value = unit.partition("=")
        asked[name] = value
    return reading.query(**asked)


def rows_behind(client: Client, slug: str, asked: str, **which: str) -> list[dict[str, Any]]:
    which = {"chart": slug, **which}
    return get_json(client, f"/funding/rows.json?{asked}&{reading.query(**which)}")["results"]


def distinct(rows: list[dict[str, Any]]) -> int:
    return len({(row["initiative"], row["statement"]) for row in rows})


def check_shapes(client: Client, slug: str, asked: str, data: dict[str, Any]) -> None:
    """The chart as CSV and as the table on its page."""
    series = data["series"]
    # CSV.
    csv_values = [
        (row["label"], row["series"], row["low"], row["high"], row["records"])
        for row in csv_rows(client, f"/charts/{slug}.csv?{asked}")
    ]
    assert csv_values == [
        (label, s["name"], *("" if v is None else str(v) for v in (s["low"][n], s["high"][n])),
         str(s["records"][n]))
        for n, label in enumerate(data["labels"]) for s in series
    ]  # fmt: skip
    # The table on the page.
    text = reading.page(client, f"/charts/{slug}/?{asked}")
    if any(count for s in series for count in s["records"]):
        shown = [[row[0], *map(reading.number, row[1:])] for row in reading.table(text)]
        assert shown == [
            [label, *(s[name][n] for s in series for name in ("low", "high", "records"))]
            for n, label in enumerate(data["labels"])
        ]
    else:
        assert "<table" not in text.split('class="chart-table"')[-1] or not data["labels"]


def check_chart(client: Client, slug: str, asked: str, shapes: bool = True) -> None:
    """Its bars, its total and its ledger, as JSON, CSV, table and rows: all the same numbers."""
    data = chart(client, slug, asked)
    series = data["series"]
    if shapes:
        check_shapes(client, slug, asked, data)
    # The rows behind each bar.
    by_rung = slug == "funding-by-rung"
    rungs = [str(Rung(r).label) for r in Rung.values] if by_rung else None
    for n, link in enumerate(data["links"]):
        bars = [(s["low"][n], s["high"][n], s["records"][n]) for s in series]
        if link is None:
            assert not any(count for *_, count in bars)
            continue
        if by_rung:
            continue  # it leads to the charts of the rung
        rows = get_json(client, link.replace("rows/?", "rows.json?"))["results"]
        for s, (low, high, count) in zip(series, bars, strict=True):
            here = [
                row
                for row in rows
                if s["name"].startswith(row["rung"]) and row["shared"] == ("shared" in s["name"])
            ]
            assert added(here) == (low, high)
            assert len({row["initiative"] for row in here}) == count
    # The rows behind the total.
    rows = rows_behind(client, slug, asked)
    whole = data["total"]
    assert distinct([row for row in rows if not row["reason"]]) == whole["statements"]
    assert len({row["initiative"] for row in rows if not row["reason"]}) == whole["records"]
    found = {row["rung"] for row in rows}
    if by_rung:
        assert (whole["low"], whole["high"]) == (None, None)
        for n, rung in enumerate(rungs or []):
            here = [row for row in rows if row["rung"] == rung]
            assert added(here) == (series[0]["low"][n], series[0]["high"][n])
    elif "rung=disbursed&rung=announced" in asked or "rung=announced&rung=disbursed" in asked:
        assert (whole["low"], whole["high"]) == (None, None)
    else:
        assert len(found) <= 1
        assert (whole["low"], whole["high"]) == (added(rows) if rows else (0, 0))
    # The ledger.
    lines = data["left_out"]
    for line in lines:
        if line["statements"]:
            behind = rows_behind(client, slug, asked, reason=line["code"])
            assert distinct(behind) == line["statements"], line
    matched = get_json(client, f"/initiatives.json?{asked}")["results"]
    assert whole["records"] + sum(line["records"] for line in lines) == len(matched)
    known = Funding.objects.filter(record__slug__in=[row["slug"] for row in matched])
    assert whole["statements"] + sum(line["statements"] for line in lines) == known.count()


def fewer(share: int) -> Any:
    """A share of the examples of the profile: each is a world and many requests."""
    return settings(max_examples=max(settings.default.max_examples // share, 1))


# --- One number, whatever the shape --------------------------------------------------------------


@given(world=worlds(), asked=questions(), slug=st.sampled_from(MONEY_CHARTS))
def test_a_chart_says_the_same_in_every_shape_and_in_its_rows(world, asked, slug):
    with stored(world):
        check_chart(Client(), slug, asked)


EXAMPLES = {
    "a whole that is all in a part which stands nowhere on the axis": World(
        (Place(blocs=("brics",)), Place()),
        (Said(0, Decimal(100), Decimal(150)), Said(1, Decimal(100), Decimal(100), part_of=0)),
    ),
    "a whole that is all in a part of no year": World(
        (Place(),),
        (Said(0, Decimal(100), None), Said(0, Decimal(100), Decimal(100), period="", part_of=0)),
    ),
    "a whole that is all in a part of another initiative": World(
        (Place(blocs=("brics",)), Place(blocs=("sco",))),
        (Said(0, Decimal(100), Decimal(150)), Said(1, Decimal(100), Decimal(150), part_of=0)),
    ),
    "shared with its part": World(
        (Place(blocs=("brics", "sco"), countries=("KEN", "BRA")), Place(blocs=("sco",))),
        (Said(0, Decimal(100), Decimal(150)), Said(0, Decimal(10), Decimal(90), part_of=0),
         Said(1, Decimal(20), None, part_of=0), Said(1, Decimal(1), None, part_of=2, period="2019-06")),
    ),
    "years of a part": World(
        (Place(), Place()),
        (Said(0, Decimal(1000), Decimal(1500)),
         Said(0, Decimal(10), Decimal(400), part_of=0, recurs="annually", period="2018/2020")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_so_it_does_where_a_whole_and_its_parts_stand_apart(name):
    slugs = ("year", "bloc", "country", "rung")
    with stored(EXAMPLES[name]):
        for slug, asked in itertools.product(slugs, (ALL, "q=quokka alba")):
            check_chart(Client(), f"funding-by-{slug}", asked, shapes=False)


# --- Reckoned again ------------------------------------------------------------------------------


def as_money(world: World) -> list[Money]:
    """What is published, as the rules take it."""
    return [
        Money(
            key=number,
            amount=None if said.low is None else Interval(said.low, said.high),
            currency="" if said.low is None else said.currency,
            rung=said.rung,
            period=PartialDate.parse(said.period) if said.period else None,
            recurs=said.recurs,
            restates=in_view(world, said.restates),
            part_of=in_view(world, said.part_of),
            out_of_scope=said.out_of_scope,
        )
        for number, said in enumerate(world.said)
        if world.places[said.home].published
    ]


def in_view(world: World, number: int | None) -> int | None:
    """The number, if it is of a published statement."""
    there = number is not None and world.places[world.said[number].home].published
    return number if there else None


def prices() -> dict[str, Any]:
    """The prices of the database, as the slow reckoning takes them."""
    used = ExchangeRate.objects.filter(currency__in=CURRENCIES)
    return {
        "rates": list(used.values_list("currency", "year", "per_usd")),
        "deflators": list(UsDeflator.objects.values_list("year", "index")),
        "base": BaseYear.current(),
    }


MEASURES = {
    "": "nominal",
    "measure=constant": "constant",
    **{f"currency={c}": c for c in CURRENCIES[1:]},
}


@given(world=worlds(), unit=st.sampled_from([*MEASURES]))
def test_the_total_of_each_rung_is_what_the_slow_reckoning_says(world, unit):
    """Of worlds in which nothing is superseded: restatements speak in the order of their rows."""
    world = replace(world, said=tuple(replace(s, superseded=False) for s in world.said))
    known = prices()
    with stored(world):
        data = chart(Client(), "funding-by-rung", f"{ALL}&{unit}")
        found = reading.bars(data)
        for rung in Rung:
            expected = reckon(
                as_money(world), MEASURES[unit], rung,
                worth=lambda money, measure: worth(money, measure, **known),
            )  # fmt: skip
            low, high, _records = found[str(rung.label)][0]
            if expected is None:
                assert (low, high) == (None, None)
            else:
                assert (cents(low), None if high is None else cents(high)) == (
                    expected.low * 100, None if expected.high is None else expected.high * 100
                )  # fmt: skip


@fewer(2)
@given(world=worlds(), unit=st.sampled_from([*MEASURES]))
def test_years_and_blocs_have_the_shares_that_the_rules_give(world, unit):
    world = replace(world, said=tuple(replace(s, superseded=False) for s in world.said))
    name, known = MEASURES[unit], prices()
    table = Prices([Rate(c, y, p, "", "") for c, y, p in known["rates"]],
                   [Deflator(y, i, "", "") for y, i in known["deflators"]], known["base"])  # fmt: skip
    measures = {"nominal": nominal_usd(table), "constant": constant_usd(table)}
    found = roll_up(as_money(world), measures.get(name) or stated_in(name), "disbursed")
    by_year: dict[str, list[Interval]] = defaultdict(list)
    by_bloc: dict[tuple[str, bool], list[Interval]] = defaultdict(list)
    for number, shares in found.counted.items():
        blocs = world.places[world.said[number].home].blocs
        for share in shares:
            if share.year:
                by_year[str(share.year)].append(share.amount)
            for bloc in blocs:
                by_bloc[bloc, len(blocs) > 1].append(share.amount)
    with stored(world):
        years = reading.bars(chart(Client(), "funding-by-year", f"{ALL}&{unit}"))
        assert {year: cents(low) for year, [(low, *_)] in years.items() if low is not None} == {
            year: total(amounts).low * 100 for year, amounts in by_year.items()
        }
        data = chart(Client(), "funding-by-bloc", f"{ALL}&{unit}")
        bars = {
            (label, "shared" in s["name"]): cents(s["low"][n])
            for n, label in enumerate(data["labels"]) for s in data["series"] if s["records"][n]
        }  # fmt: skip
        names = {slug: cast.Bloc.objects.get(slug=slug).short_name for slug in BLOCS}
        assert bars == {
            (names[bloc], shared): total(amounts).low * 100
            for (bloc, shared), amounts in by_bloc.items()
        }


@fewer(3)
@given(world=worlds(), unit=st.sampled_from([*MEASURES]))
def test_the_parts_of_the_whole_add_up_to_it(world, unit):
    """By initiative, each asked for alone: no money is in two of them, and none in neither."""
    client = Client()
    with stored(world):
        for slug in ("funding-by-rung", "funding-by-sector"):
            whole = chart(client, slug, f"{ALL}&{unit}")
            apart = [chart(client, slug, f"q=quokka {name}&{unit}") for name in NAMES]
            if slug == "funding-by-rung":
                for n in range(len(Rung)):
                    lows = [data["series"][0]["low"][n] or 0 for data in apart]
                    assert sum(map(cents, lows)) == cents(whole["series"][0]["low"][n] or 0)
            else:
                lows = [data["total"]["low"] for data in apart]
                assert sum(map(cents, lows)) == cents(whole["total"]["low"])
            for name in ("records", "statements"):
                assert sum(data["total"][name] for data in apart) == whole["total"][name]


# --- Never added ---------------------------------------------------------------------------------


@fewer(3)
@given(world=worlds(), unit=st.sampled_from([*MEASURES]))
def test_two_rungs_have_no_total_and_each_is_what_it_is_alone(world, unit):
    client = Client()
    with stored(world):
        for slug in ("funding-by-year", "funding-by-country", "funding-flows"):
            both = chart(client, slug, f"{ALL}&{unit}&rung=disbursed&rung=announced")
            assert (both["total"]["low"], both["total"]["high"]) == (None, None)
            for rung in ("disbursed", "announced"):
                alone = chart(client, slug, f"{ALL}&{unit}&rung={rung}")
                with_bars = {s["name"]: shown(alone, s) for s in alone["series"]}
                for series in both["series"]:
                    if series["name"].startswith(rung) and series["name"] in with_bars:
                        assert shown(both, series) == with_bars[series["name"]]


def shown(data: dict[str, Any], series: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """The bars of one series that count anything, by label."""
    return {
        label: (series["low"][n], series["high"][n], series["records"][n])
        for n, label in enumerate(data["labels"])
        if series["records"][n]
    }


# --- Saying it again -----------------------------------------------------------------------------


def numbers(client: Client, asked: str, charts: tuple[str, ...] = MONEY_CHARTS) -> dict[str, Any]:
    """Every chart of money, without the version of the data and how often it was said."""
    found = {}
    for slug in charts:
        data = chart(client, slug, asked)
        del data["data_version"]
        lines = {line["code"]: line["records"] for line in data["left_out"] if line["records"]}
        found[slug] = {**data, "left_out": lines}
    return found


@fewer(2)
@given(
    data=st.data(),
    world=worlds(),
    unit=st.sampled_from([*MEASURES]),
    how=st.sampled_from(["restated", "superseded"]),
)
def test_saying_the_same_again_changes_no_number(data, world, unit, how):
    client, asked = Client(), f"{ALL}&{unit}"
    with stored(world) as rows:
        row = data.draw(st.sampled_from(rows))
        charts = (
            "funding-by-rung",
            *data.draw(st.sets(st.sampled_from(MONEY_CHARTS[:8]), max_size=2)),
        )
        before = numbers(client, asked, charts)
        statements = chart(client, "funding-by-rung", ALL)
        if how == "superseded":
            again(row)
        else:
            Funding.objects.create(
                record=row.record, key="again", low=row.low, high=row.high, rung=row.rung,
                qualifier=row.qualifier, currency=row.currency, missing=row.missing,
                period=row.period, recurs=row.recurs, restates=row, words="the same",
                out_of_scope=row.out_of_scope,
            )  # fmt: skip
        recount([row.record_id])
        after = numbers(client, asked, charts)
        if row.restates_id is None:  # else another restatement may come to speak for the money
            assert after == before
        more = size(chart(client, "funding-by-rung", ALL)) - size(statements)
        assert more == (1 if row.record.state == "published" else 0)


def size(data: dict[str, Any]) -> int:
    """How many statements the ledger has, counted and left out."""
    return data["total"]["statements"] + sum(line["statements"] for line in data["left_out"])


def test_money_of_a_draft_is_in_no_number_and_in_no_ledger():
    client = Client()
    world = World((Place(), Place(published=False)), (Said(0, Decimal(5), Decimal(5)),))
    with stored(world):
        before = numbers(client, ALL)
    hidden = (
        *world.said,
        Said(1, Decimal(7), Decimal(9), part_of=0),
        Said(1, Decimal(3), Decimal(3)),
    )
    with stored(replace(world, said=hidden)):
        assert numbers(client, ALL) == before
        assert Initiative.objects.filter(slug="quokka-bruno", state="draft").exists()
