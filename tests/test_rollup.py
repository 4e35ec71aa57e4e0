"""Money is counted once: over any tree of parts, in any currencies, on any rungs, in any measure."""

from collections import Counter
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from initiatives.funding.account import Account, Basis
from initiatives.funding.measures import constant_usd, nominal_usd, stated_in
from initiatives.funding.prices import Deflator, Prices, Rate
from initiatives.funding.rollup import Money, Reason, Recurs, Share, add, roll_up
from initiatives.intervals import Interval, total
from initiatives.keeping import version_read
from partners.dates import PartialDate
from tests import cast

CURRENCIES = ["USD", "CNY", "EUR"]
RUNGS = ["announced", "disbursed"]
PERIODS = [
    *map(
        PartialDate.parse,
        ["2018", "2018/2020", "2019-06", "2013/..", "2018-36/2019", "2018-06/2021-05"],
    ),
    None,
]

# Made up so that a reader can reckon: 7 yuan are a dollar, and so is half a euro; the yuan has no
# rate of 2020, the euro none but of 2018. Dollars of 2018 are worth twice those of 2019.
RATES = [("CNY", 2018, "7"), ("CNY", 2019, "7"), ("EUR", 2018, "0.5"), ("JPY", 2018, "100")]
DEFLATORS = [(2018, 50), (2019, 100), (2020, 125)]


def prices(rates=RATES):
    return Prices(
        [Rate(code, year, Decimal(per_usd), "test", "test") for code, year, per_usd in rates],
        [Deflator(year, Decimal(index), "test", "test") for year, index in DEFLATORS],
        2019,
    )


MEASURES = {
    **{code: stated_in(code) for code in CURRENCIES},
    "nominal": nominal_usd(prices()),
    "constant": constant_usd(prices()),
}


def exactly(amount, high="same"):
    return Interval(Decimal(amount), Decimal(amount if high == "same" else high) if high else None)


def money(key, low=None, high="same", currency="USD", rung="disbursed", **fields):
    amount = None if low is None else exactly(low, high)
    return Money(key, amount, currency if amount else "", rung, **fields)


def count(statements, measure="USD", rung="disbursed"):
    return roll_up(statements, MEASURES[measure], rung)


def amount(found, key):
    """What a statement counts for, over all years."""
    return total(share.amount for share in found.counted[key])


def by_year(found, key):
    return {share.year: share.amount for share in found.counted[key] if share.year}


# --- Told as stories -----------------------------------------------------------------------------


def test_two_amounts_of_one_currency_and_rung_add_up():
    found = count([money(1, 100), money(2, 30)])
    assert found.total == exactly(130)
    assert found.left_out == {}


def test_two_currencies_are_never_added():
    both = [money(1, 100), money(2, 700, currency="CNY")]
    assert count(both).total == exactly(100)
    assert count(both).left_out == {2: Reason.OTHER_CURRENCY}
    assert count(both, "CNY").total == exactly(700)


def test_what_was_promised_is_never_added_to_what_was_paid():
    both = [money(1, 100, rung="announced"), money(2, 30)]
    assert count(both).total == exactly(30)
    assert count(both).left_out == {1: Reason.OTHER_RUNG}


def test_the_same_money_in_another_currency_counts_once():
    said = [money("cny", 200, currency="CNY"), money("eur", 26, currency="EUR", restates="cny"),
            money("usd", 29, restates="cny")]  # fmt: skip
    for currency, amount in (("CNY", 200), ("EUR", 26), ("USD", 29)):
        found = count(said, currency)
        assert found.total == exactly(amount)
        assert Counter(found.left_out.values()) == {Reason.RESTATED: 2}


def test_the_same_money_from_another_source_does_not_count_again():
    found = count([money(1, 100), money(2, 120, restates=1), money(3, 120, restates=2)])
    assert found.total == exactly(100)


def test_money_that_is_only_stated_in_another_currency_is_not_converted():
    said = [money("cny", 200, currency="CNY"), money("eur", 26, currency="EUR", restates="cny")]
    found = count(said)
    assert found.total == total([])
    assert found.left_out == {"cny": Reason.OTHER_CURRENCY, "eur": Reason.RESTATED}


def test_a_part_is_inside_its_whole():
    found = count([money("whole", 100), money("part", 30, part_of="whole")])
    assert found.total == exactly(100)
    assert amount(found, "part") == exactly(30)
    assert amount(found, "whole") == exactly(70)


def test_a_whole_that_is_all_in_its_parts_counts_through_them():
    found = count([money("whole", 17, None), money("telecom", 7, None, part_of="whole"),
                   money("trade", 10, None, part_of="whole"),
                   money("cities", "0.2", 1, part_of="whole")])  # fmt: skip
    assert found.total == exactly("17.2", None)
    assert found.left_out == {"whole": Reason.IN_PARTS}
    assert not found.disputed


def test_parts_that_exceed_a_bounded_whole_are_disputed_and_counted_as_they_are():
    found = count([money("whole", 100), money("a", 60, 80, part_of="whole"),
                   money("b", 70, part_of="whole")])  # fmt: skip
    assert found.disputed == {"whole"}
    assert found.total == exactly(130, 150)


def test_a_part_that_might_exceed_its_whole_is_not_disputed():
    found = count([money("whole", 100), money("part", 30, 200, part_of="whole")])
    assert found.disputed == set()
    assert found.total == exactly(100)


def test_a_part_of_a_restated_whole_is_inside_it_in_either_currency():
    tree = [money("whole", 700, currency="CNY"), money("whole-usd", 100, restates="whole"),
            money("part", 30, part_of="whole")]  # fmt: skip
    assert count(tree).total == exactly(100)
    assert amount(count(tree), "whole-usd") == exactly(70)
    assert count(tree, "CNY").total == exactly(700)


def test_a_restated_part_is_inside_its_whole():
    tree = [money("whole", 100), money("part", 210, currency="CNY", part_of="whole"),
            money("part-usd", 30, restates="part")]  # fmt: skip
    assert count(tree).total == exactly(100)
    assert amount(count(tree), "part-usd") == exactly(30)


def test_that_it_is_a_part_may_be_said_of_any_restatement():
    tree = [money("whole", 100), money("part", 210, currency="CNY"),
            money("part-eur", 28, currency="EUR", restates="part", part_of="whole"),
            money("part-usd", 30, restates="part")]  # fmt: skip
    assert count(tree).total == exactly(100)


def test_a_part_of_a_part_is_inside_the_whole_even_if_the_one_between_does_not_count():
    for between in (money("b", 50, rung="announced", part_of="a"), money("b", part_of="a"),
                    money("b", 350, currency="CNY", part_of="a"),
                    money("b", 50, part_of="a", out_of_scope=True)):  # fmt: skip
        found = count([money("a", 100), between, money("c", 20, part_of="b")])
        assert found.total == exactly(100)
        assert amount(found, "a") == exactly(80)


def test_a_part_on_another_rung_than_its_whole_counts_on_its_own_rung():
    tree = [money("whole", 100, rung="announced"), money("part", 30, part_of="whole")]
    assert count(tree).total == exactly(30)
    assert count(tree, rung="announced").total == exactly(100)


def test_a_part_of_a_programme_that_is_out_of_scope_counts_by_itself():
    found = count([money("all", 80_000, out_of_scope=True), money("ours", 5, part_of="all")])
    assert found.total == exactly(5)
    assert found.left_out == {"all": Reason.OUT_OF_SCOPE}


def test_what_restates_money_out_of_scope_is_out_of_scope():
    found = count([money("eur", 80, currency="EUR", out_of_scope=True),
                   money("usd", 91, restates="eur")])  # fmt: skip
    assert found.total == total([])
    assert found.left_out["usd"] is Reason.OUT_OF_SCOPE


def test_where_the_original_gives_no_amount_a_restatement_does():
    said = [money("vague"), money("usd", 30, restates="vague")]
    assert count(said).total == exactly(30)
    assert count(said).left_out == {"vague": Reason.NO_AMOUNT}
    assert count(said, "CNY").left_out == {
        "vague": Reason.NO_AMOUNT, "usd": Reason.OTHER_CURRENCY
    }  # fmt: skip


def test_a_statement_on_another_rung_does_not_silence_the_one_it_restates():
    said = [money(1, 100, rung="announced"), money(2, 100, restates=1)]
    assert count(said).total == count(said, rung="announced").total == exactly(100)


def test_what_is_pointed_at_but_not_there_changes_nothing():
    assert count([money(1, 5, restates="gone"), money(2, 7, part_of="gone")]).total == exactly(12)


def test_annually_from_2018_to_2020_is_three_years_of_money():
    yearly = money(1, 29, period=PartialDate.parse("2018/2020"), recurs=Recurs.ANNUALLY)
    found = count([yearly])
    assert found.total == exactly(87)
    assert by_year(found, 1) == dict.fromkeys((2018, 2019, 2020), exactly(29))


def test_a_yearly_amount_for_nobody_knows_how_long_is_left_out():
    for period in (None, PartialDate.parse("2013/.."), PartialDate.parse("../2013")):
        found = count([money(1, 150, period=period, recurs=Recurs.ANNUALLY)])
        assert found.left_out == {1: Reason.UNBOUNDED_YEARS}


def test_an_amount_over_several_years_is_put_into_none_of_them():
    assert by_year(count([money(1, 9, period=PartialDate.parse("2018/2020"))]), 1) == {}
    assert by_year(count([money(1, 9, period=PartialDate.parse("2018-33"))]), 1) == {
        2018: exactly(9)
    }


def test_yearly_amounts_from_june_2018_to_may_2021_are_three_years_of_money():
    yearly = money(1, 700, currency="CNY", period=PartialDate.parse("2018-06/2021-05"),
                   recurs=Recurs.ANNUALLY)  # fmt: skip
    assert by_year(count([yearly], "CNY"), 1) == dict.fromkeys((2018, 2019, 2020), exactly(700))
    for measure in ("nominal", "constant"):  # there is no rate of 2020, so none of it is known
        assert count([yearly], measure).left_out == {1: Reason.NO_RATE}
    shorter = replace(yearly, period=PartialDate.parse("2018-06/2020-05"))
    assert by_year(count([shorter], "nominal"), 1) == {2018: exactly(100), 2019: exactly(100)}
    assert by_year(count([shorter], "constant"), 1) == {2018: exactly(200), 2019: exactly(100)}


def test_amounts_in_several_currencies_add_up_in_dollars_of_the_year():
    year = PartialDate.parse("2018")
    said = [money(1, 100, period=year), money(2, 700, currency="CNY", period=year),
            money(3, 50, currency="EUR", period=year)]  # fmt: skip
    assert count(said, "nominal").total == exactly(300)
    assert count(said, "constant").total == exactly(600)
    assert count(said).total == exactly(100)


def test_an_amount_without_a_rate_is_left_out_and_never_nothing():
    for currency, period, reason in (("EUR", "2019", Reason.NO_RATE), ("XAU", "2018", Reason.NO_RATE),
                                     ("EUR", "2018/2019", Reason.UNDATED), ("EUR", None, Reason.UNDATED)):  # fmt: skip
        said = [money(1, 100, period=PartialDate.parse("2018")),
                money(2, 50, currency=currency, period=PartialDate.parse(period) if period else None)]  # fmt: skip
        found = count(said, "nominal")
        assert found.total == exactly(100)
        assert found.left_out == {2: reason}


def test_dollars_need_no_year_until_they_are_to_be_constant():
    said = [money(1, 100)]
    assert count(said, "nominal").total == exactly(100)
    assert count(said, "constant").left_out == {1: Reason.UNDATED}


def test_a_part_in_another_currency_is_inside_its_whole_once_both_are_converted():
    year = PartialDate.parse("2018")
    tree = [money("whole", 100, period=year),
            money("part", 210, currency="CNY", period=year, part_of="whole")]  # fmt: skip
    found = count(tree, "nominal")
    assert found.total == exactly(100)
    assert (amount(found, "part"), amount(found, "whole")) == (exactly(30), exactly(70))


@pytest.mark.parametrize(
    "circle",
    [
        [money(1, 1, part_of=1)],
        [money(1, 1, restates=1)],
        [money(1, 1, part_of=2), money(2, 1, part_of=1)],
        [money(1, 1, restates=2), money(2, 1, restates=1)],
        [money(1, 1), money(2, 1, restates=1, part_of=1)],
        [money(1, 1, part_of=3), money(2, 1, restates=1), money(3, 1, part_of=2)],
        [money(n, 1, part_of=(n + 1) % 9) for n in range(9)],
        [money(0, 1), *(money(n, 1, restates=3 if n == 1 else n - 1) for n in (1, 2, 3))],
    ],
)
@pytest.mark.parametrize("measure", ["USD", "CNY", "nominal"])
def test_going_round_in_a_circle_is_an_error(circle, measure):
    with pytest.raises(ValueError, match="leads back to itself"):
        count(circle, measure)


def test_a_very_long_chain_of_parts_is_counted():
    chain = [money(n, 5_000 - n, part_of=n - 1 if n else None) for n in range(5_000)]
    found = count(chain)
    assert found.total == exactly(5_000)
    assert total(amount(found, key) for key in found.counted) == exactly(5_000)


# --- Over generated forests ----------------------------------------------------------------------

lows = st.integers(0, 500).map(Decimal)


@st.composite
def amounts(draw):
    low = draw(lows)
    more = draw(st.sampled_from(["exact", "open", "wider"]))
    high = {"exact": low, "open": None, "wider": low + draw(lows)}[more]
    return Interval(low, high)


@st.composite
def forests(draw, size=8, relations=("restates", "part_of")):
    """Some statements; each may restate or be part of one before it, so there is no circle."""
    found = []
    for key in range(draw(st.integers(1, size))):
        amount = draw(st.one_of(amounts(), amounts(), amounts(), st.none()))
        pointer = draw(st.sampled_from([None, *relations])) if key else None
        above = draw(st.integers(0, key - 1)) if pointer else None
        restated = pointer == "restates"
        found.append(
            Money(
                key=key,
                amount=amount,
                currency=draw(st.sampled_from(CURRENCIES)) if amount else "",
                rung=found[above].rung if restated else draw(st.sampled_from(RUNGS)),
                period=draw(st.sampled_from(PERIODS)),
                recurs=draw(st.sampled_from([Recurs.ONCE, Recurs.ONCE, Recurs.ANNUALLY])),
                restates=above if restated else None,
                part_of=above if pointer == "part_of" else None,
                out_of_scope=draw(st.integers(0, 7)) == 0,
            )
        )
    return found


asked = {"measure": st.sampled_from([*MEASURES]), "rung": st.sampled_from(RUNGS)}


def origin(statement, by_key):
    while statement.restates is not None:
        statement = by_key[statement.restates]
    return statement.key


def ancestors(key, forest):
    """The originals of every whole that the money of `key` is inside of, however far above."""
    by_key = {m.key: m for m in forest}
    above, todo = set(), {origin(by_key[key], by_key)}
    while todo:
        here = todo.pop()
        group = [m for m in forest if origin(m, by_key) == here]
        wholes = {origin(by_key[m.part_of], by_key) for m in group if m.part_of is not None}
        todo |= wholes - above
        above |= wholes
    return above


# --- The definitions, the slow way ---------------------------------------------------------------


def worth(statement, measure, rates=RATES, deflators=DEFLATORS, base=2019):
    """The whole amount of a statement in a measure, by hand; None if that cannot be said."""
    if statement.amount is None:
        return None
    years = [statement.period.year if statement.period else None]
    if statement.recurs == Recurs.ANNUALLY:
        period = statement.period
        if not period or not period.earliest or not period.latest:
            return None
        first, last = period.earliest, period.latest
        months = (last.year * 12 + last.month) - (first.year * 12 + first.month) + 1
        years = [first.year + n for n in range((months + 11) // 12)]
    ends = [statement.amount.low, statement.amount.high]
    found = [Decimal(0), Decimal(0)]
    per_usd = {(code, year): Decimal(rate) for code, year, rate in rates}
    index = {year: Decimal(level) for year, level in deflators}
    for year in years:
        for n, end in enumerate(ends):
            if end is None or found[n] is None:
                found[n] = None
                continue
            if measure not in ("nominal", "constant"):
                if statement.currency != measure:
                    return None
            elif statement.currency != "USD":
                if (statement.currency, year) not in per_usd:
                    return None
                end = end / per_usd[statement.currency, year]
            if measure == "constant":
                if year not in index:
                    return None
                end = end * index[base] / index[year]
            found[n] += end.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return Interval(*found)


def reckon(forest, measure, rung, worth=worth):
    """The total of a forest, recursively from the top; None if nothing counts.

    Of the same money the original speaks, or the first restatement that can. A whole is worth the
    larger of its own low and what its parts are worth; at most its own high if that is bounded and
    its parts can be inside it, else what its parts are at most.
    """
    by_key = {m.key: m for m in forest}
    groups = {}
    for m in sorted(forest, key=lambda m: (m.restates is not None, m.key)):
        groups.setdefault(origin(m, by_key), []).append(m)
    spoken = {}
    for first, group in groups.items():
        able = [
            amount
            for m in group
            if m.rung == rung and not m.out_of_scope and not by_key[first].out_of_scope
            if (amount := worth(m, measure)) is not None
        ]
        if able:
            spoken[first] = able[0]

    def whole_of(first):
        above = [origin(by_key[m.part_of], by_key) for m in groups[first] if m.part_of is not None]
        if not above:
            return None
        return above[0] if above[0] in spoken else whole_of(above[0])

    parts = {first: [part for part in spoken if whole_of(part) == first] for first in spoken}

    def bounds(first):
        own, inside = spoken[first], [bounds(part) for part in parts[first]]
        least = sum((low for low, _high in inside), Decimal(0))
        most = [high for _low, high in inside]
        if own.high is not None and least > own.high:
            return least, None if None in most else sum(most, Decimal(0))
        return max(own.low, least), own.high

    roots = [bounds(first) for first in spoken if whole_of(first) is None]
    if not roots:
        return None
    open_ = any(high is None for _low, high in roots)
    return Interval(
        sum((low for low, _high in roots), Decimal(0)),
        None if open_ else sum((high for _low, high in roots), Decimal(0)),
    )


@given(forest=forests(size=12), **asked)
def test_the_total_is_what_the_slow_definition_says(forest, measure, rung):
    assert count(forest, measure, rung).total == (reckon(forest, measure, rung) or total([]))


@given(forest=forests(size=12, relations=("part_of", "part_of", "part_of")), **asked)
def test_so_it_is_of_deep_trees(forest, measure, rung):
    same = [m if m.amount is None else replace(m, rung=rung, out_of_scope=False) for m in forest]
    assert count(same, measure, rung).total == (reckon(same, measure, rung) or total([]))


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        # A part that is open, in a part that is open, inside 100.
        ([(100, 100, None), (20, None, 0), (10, None, 1)], (100, 100)),
        # What is open stays open, whatever is bounded inside it.
        ([(10, None, None), (20, 30, 0)], (20, None)),
        # A whole that its parts exceed, inside 100 that they do not.
        ([(100, 100, None), (10, 10, 0), (20, 50, 1), (30, None, 1)], (100, 100)),
        # A whole that its parts exceed, and one of these is a bounded whole of an open part.
        ([(10, 10, None), (20, 40, 0), (5, None, 1)], (20, 40)),
        ([(10, 10, None), (20, None, 0)], (20, None)),
        # Between the lows of the parts and the high of the whole.
        ([(0, 100, None), (20, 30, 0), (20, 90, 0)], (40, 100)),
    ],
)
def test_trees_told_by_hand(tree, expected):
    forest = [money(n, low, high, part_of=above) for n, (low, high, above) in enumerate(tree)]
    assert count(forest).total == exactly(*expected) == reckon(forest, "USD", "disbursed")


# --- Counted once, and everything counted or left out --------------------------------------------


@given(forest=forests(), **asked)
def test_every_statement_is_counted_or_left_out_under_one_reason(forest, measure, rung):
    found = count(forest, measure, rung)
    assert found.counted.keys() | found.left_out.keys() == {m.key for m in forest}
    assert not found.counted.keys() & found.left_out.keys()
    assert found.left_open.keys() <= found.left_out.keys()
    assert all(found.counted.values())


@given(forest=forests(), **asked)
def test_no_total_mixes_currencies_or_rungs(forest, measure, rung):
    found = count(forest, measure, rung)
    for key in found.counted:
        assert forest[key].rung == rung
        assert measure not in CURRENCIES or forest[key].currency == measure
    # What is in another currency or on another rung might as well be a thousand times as much.
    here = [m.rung == rung and measure in (m.currency, "nominal", "constant") for m in forest]
    grown = [
        m if same or m.amount is None else replace(m, amount=m.amount.times(1000))
        for m, same in zip(forest, here, strict=True)
    ]
    again = count(grown, measure, rung)
    assert again.total == found.total
    assert again.counted == found.counted


@given(
    forest=forests(),
    rung=st.sampled_from(RUNGS),
    code=st.sampled_from(["CNY", "EUR", "JPY"]),
    factor=st.sampled_from(["0.001", "3", "100000"]),
    make=st.sampled_from([nominal_usd, constant_usd]),
)
def test_the_rate_of_a_currency_that_nobody_uses_changes_nothing(forest, rung, code, factor, make):
    unused = [
        m if (m.currency, m.rung) != (code, rung) else replace(m, currency="XAU") for m in forest
    ]
    changed = [
        (c, year, Decimal(rate) * Decimal(factor) if c == code else rate) for c, year, rate in RATES
    ]
    before = roll_up(unused, make(prices()), rung)
    for other in (changed, [row for row in RATES if row[0] != code]):
        after = roll_up(unused, make(prices(other)), rung)
        assert after.total == before.total
        assert after.counted == before.counted
        assert after.left_out == before.left_out


@given(forest=forests(), **asked)
def test_what_is_counted_adds_up_to_the_total(forest, measure, rung):
    found = count(forest, measure, rung)
    assert total(amount(found, key) for key in found.counted).low == found.total.low


@given(forest=forests(), **asked)
def test_the_same_money_is_counted_once(forest, measure, rung):
    by_key = {m.key: m for m in forest}
    counted = [origin(by_key[key], by_key) for key in count(forest, measure, rung).counted]
    assert len(counted) == len(set(counted))


@given(forest=forests(), **asked)
def test_a_whole_and_its_parts_are_never_both_counted_in_full(forest, measure, rung):
    found = count(forest, measure, rung)
    by_key = {m.key: m for m in forest}
    for key in found.counted:
        inside = [
            other
            for other in found.counted
            if origin(by_key[key], by_key) in ancestors(other, forest)
        ]
        parts = sum((amount(found, k).low for k in inside), Decimal(0))
        assert amount(found, key).low + parts <= max(worth(forest[key], measure).low, parts)


@given(st.lists(amounts(), min_size=1, max_size=5), amounts())
def test_a_bounded_whole_smaller_than_its_parts_is_disputed(parts, whole):
    tree = [Money("whole", whole, "USD", "signed")]
    tree += [Money(f"{n}", a, "USD", "signed", part_of="whole") for n, a in enumerate(parts)]
    found = count(tree, "USD", "signed")
    least = sum(part.low for part in parts)
    if whole.high is not None and least > whole.high:
        assert found.disputed == {"whole"}
        assert found.total == total(parts)
    else:
        assert found.disputed == set()
        assert found.total == Interval(max(whole.low, least), whole.high)


# --- Shares: true by themselves, and together ----------------------------------------------------


def all_shares(found):
    counted = [(key, share) for key, shares in found.counted.items() for share in shares]
    return [*counted, *found.left_open.items()]


@given(st.lists(amounts(), min_size=1, max_size=5), amounts())
def test_a_part_alone_is_at_most_what_its_whole_leaves_it(parts, whole):
    tree = [Money(-1, whole, "USD", "signed")]
    tree += [Money(n, part, "USD", "signed", part_of=-1) for n, part in enumerate(parts)]
    found = count(tree, "USD", "signed")
    least = sum(part.low for part in parts)
    for n, part in enumerate(parts):
        [share] = found.counted[n]
        most = part.high
        if whole.high is not None and least <= whole.high:
            left = whole.high - least + part.low  # if every other part is as low as it may be
            most = left if most is None else min(most, left)
        assert share.amount == Interval(part.low, most)
    if not found.disputed:
        rest = dict(all_shares(found))[-1].amount
        assert rest.low == max(whole.low - least, 0)
        assert rest.high == (None if whole.high is None else whole.high - least)


@given(forest=forests(size=10), chosen=st.lists(st.booleans(), min_size=40, max_size=40), **asked)
def test_some_shares_together_are_never_outside_what_they_are_one_by_one(
    forest, chosen, measure, rung
):
    found = count(forest, measure, rung)
    shares = all_shares(found)
    assert add(shares) == found.total
    some = [pair for pair, there in zip(shares, chosen, strict=False) if there]
    together, apart = add(some), total(share.amount for _key, share in some)
    assert together.low == apart.low
    assert (together.high is None) == (apart.high is None)
    assert together.high is None or together.low <= together.high <= apart.high
    for _key, share in shares:
        high = share.amount.high
        assert share.spread >= 0
        assert high is None or share.spread <= high - share.amount.low
        assert share.inside is not None or not share.spread
    # Without the rest of its whole nothing is taken off a part.
    parts = [(key, share) for key, share in some if share.inside not in {k for k, _ in some}]
    assert add(parts) == total(share.amount for _key, share in parts)


@given(forest=forests(size=10), **asked)
def test_a_share_is_never_more_than_was_stated(forest, measure, rung):
    found = count(forest, measure, rung)
    for key in found.counted:
        stated, counted = worth(forest[key], measure), amount(found, key)
        assert counted.low <= stated.low
        assert stated.high is None or (counted.high is not None and counted.high <= stated.high)


def test_nothing_added_up_is_nothing():
    assert add([]) == total([])
    assert add([("a", Share(None, exactly(1, None)))]) == exactly(1, None)


# --- Saying it again -----------------------------------------------------------------------------


def speaks(forest, statement, measure, rung):
    """Whether the money of the statement counts already, by the statement that was there first."""
    by_key = {m.key: m for m in forest}
    first = origin(statement, by_key)
    group = [m for m in forest if origin(m, by_key) == first and not by_key[first].out_of_scope]
    return any(
        m.rung == rung and not m.out_of_scope and worth(m, measure) is not None for m in group
    )


@given(forest=forests(), data=st.data(), **asked)
def test_restating_money_changes_no_total_where_the_money_counts_already(
    forest, data, measure, rung
):
    """In any currency, amount and period; else only where the original and every earlier
    restatement of it have no amount in that measure, and then only if this one has.
    """
    original = data.draw(st.sampled_from(forest))
    again = Money(
        key=len(forest),
        amount=data.draw(st.one_of(amounts(), st.none())),
        currency=data.draw(st.sampled_from([*CURRENCIES, "XAU"])),
        rung=original.rung,
        period=data.draw(st.sampled_from(PERIODS)),
        recurs=data.draw(st.sampled_from(Recurs.values)),
        restates=original.key,
        out_of_scope=data.draw(st.booleans()),
    )
    found, after = count(forest, measure, rung), count([*forest, again], measure, rung)
    counts = not again.out_of_scope and worth(again, measure) is not None
    if original.rung != rung or speaks(forest, original, measure, rung) or not counts:
        assert after.total == found.total
        assert after.counted == found.counted
        assert after.left_open == found.left_open
        assert after.disputed == found.disputed
    assert after.total == (reckon([*forest, again], measure, rung) or total([]))
    assert again.key in after.left_out or again.key in after.counted


@given(forest=forests(), data=st.data(), **asked)
def test_superseding_by_the_same_value_changes_no_total(forest, data, measure, rung):
    """The new row comes after all others, and what pointed at the old one points at it."""
    old = data.draw(st.sampled_from(forest))
    now = {old.key: len(forest)}
    after = [
        replace(
            m,
            key=now.get(m.key, m.key),
            restates=now.get(m.restates, m.restates),
            part_of=now.get(m.part_of, m.part_of),
        )
        for m in forest
    ]
    # A restatement that is superseded comes after the others of the same money: who speaks then
    # may be another of them. The money of an original is always its own.
    if old.restates is None:
        before = count(forest, measure, rung)
        found = count(sorted(after, key=lambda m: m.key), measure, rung)
        assert found.total == before.total
        assert len(found.counted) == len(before.counted)
        assert Counter(found.left_out.values()) == Counter(before.left_out.values())


@given(forest=forests(), random=st.randoms(use_true_random=False), **asked)
def test_the_order_of_the_statements_does_not_matter(forest, random, measure, rung):
    shuffled = list(forest)
    random.shuffle(shuffled)
    found, again = count(forest, measure, rung), count(shuffled, measure, rung)
    assert again.total == found.total
    assert again.counted == found.counted
    assert again.left_out == found.left_out
    assert again.left_open == found.left_open
    assert again.disputed == found.disputed


# --- Without a rate ------------------------------------------------------------------------------


@given(
    forest=forests(size=10),
    rung=st.sampled_from(RUNGS),
    measure=st.sampled_from(["nominal", "constant"]),
)
def test_what_has_no_rate_might_as_well_have_no_amount(forest, rung, measure):
    """Its place in a tree stays, so that its parts are inside what it is inside of."""
    found = count(forest, measure, rung)
    silent = {
        m.key
        for m in forest
        if m.rung == rung and m.amount is not None and worth(m, measure) is None
    }
    assert not silent & found.counted.keys()
    for key in silent:
        assert found.left_out[key] in {
            Reason.NO_RATE, Reason.UNDATED, Reason.UNBOUNDED_YEARS, Reason.OUT_OF_SCOPE,
            Reason.RESTATED,
        }  # fmt: skip
    without = [replace(m, amount=None, currency="") if m.key in silent else m for m in forest]
    after = count(without, measure, rung)
    assert after.total == found.total
    assert after.counted == found.counted


@given(forest=forests(relations=()), rung=st.sampled_from(RUNGS))
def test_statements_without_a_rate_may_be_taken_away_where_nothing_hangs_on_them(forest, rung):
    found = count(forest, "nominal", rung)
    rated = [m for m in forest if found.left_out.get(m.key) not in (Reason.NO_RATE, Reason.UNDATED)]
    assert count(rated, "nominal", rung).total == found.total
    for m in forest:
        if m.rung == rung and m.amount and m.currency == "EUR" and not m.out_of_scope:
            year = m.period.year if m.period else None
            if m.recurs == Recurs.ONCE and year != 2018:
                assert found.left_out[m.key] is (Reason.NO_RATE if year else Reason.UNDATED)


# --- Stored --------------------------------------------------------------------------------------


def account(record, currency="USD", rung="disbursed"):
    return Account(BitMap([record.pk]), Basis("stated", currency, (rung,)), version_read())


def stored_total(record):
    return account(record).totals()["disbursed"]


@pytest.mark.django_db
def test_a_superseded_amount_is_replaced_and_its_parts_and_restatements_follow():
    record = cast.initiative("superseded")
    whole = cast.money(record, "whole", 100)
    cast.money(record, "again", 100, restates=whole, words="the same in other words")
    cast.money(record, "part", 30, part_of=whole)
    assert stored_total(record) == exactly(100)
    cast.supersede(whole, low=Decimal(90), high=Decimal(90))
    assert stored_total(record) == exactly(90)
    ledger = account(record).ledger()
    assert ledger.statements == 2
    assert {line.reason: line.statements for line in ledger.left_out} == {
        Reason.SUPERSEDED: 1, Reason.RESTATED: 1
    }  # fmt: skip


@pytest.mark.django_db
def test_a_retired_part_gives_its_share_back_to_the_whole():
    record = cast.initiative("retired")
    whole = cast.money(record, "whole", 100)
    part = cast.money(record, "part", 30, part_of=whole)
    cast.retire(part)
    counted = account(record).counted()
    assert [(entry.statement, entry.amount) for entry in counted] == [(whole, exactly(100))]
