"""Money is counted once: over any tree of parts, in any currencies, on any rungs."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initiatives.funding.rollup import Money, Reason, Recurs, Rung, roll_up
from initiatives.funding.tally import tally
from initiatives.intervals import Interval, total
from initiatives.models import Initiative
from partners.dates import PartialDate
from tests import cast

CURRENCIES = ["USD", "CNY", "EUR"]
RUNGS = ["announced", "disbursed"]
PERIODS = [
    *map(PartialDate.parse, ["2018", "2018/2020", "2019-06", "2013/..", "2018-36/2019"]),
    None,
]


def exactly(amount, high="same"):
    return Interval(Decimal(amount), Decimal(amount if high == "same" else high) if high else None)


def money(key, low=None, high="same", currency="USD", rung="disbursed", **fields):
    amount = None if low is None else exactly(low, high)
    return Money(key, amount, currency if amount else "", rung, **fields)


def count(statements, currency="USD", rung="disbursed"):
    return roll_up(statements, currency, rung)


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
    assert found.counted["part"].amount == exactly(30)
    assert found.counted["whole"].amount == exactly(70)


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
    assert count(tree).counted["whole-usd"].amount == exactly(70)
    assert count(tree, "CNY").total == exactly(700)


def test_a_restated_part_is_inside_its_whole():
    tree = [money("whole", 100), money("part", 210, currency="CNY", part_of="whole"),
            money("part-usd", 30, restates="part")]  # fmt: skip
    assert count(tree).total == exactly(100)
    assert count(tree).counted["part-usd"].amount == exactly(30)


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
        assert found.counted["a"].amount == exactly(80)


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
    assert found.counted[1].by_year == dict.fromkeys((2018, 2019, 2020), exactly(29))


def test_a_yearly_amount_for_nobody_knows_how_long_is_left_out():
    for period in (None, PartialDate.parse("2013/.."), PartialDate.parse("../2013")):
        found = count([money(1, 150, period=period, recurs=Recurs.ANNUALLY)])
        assert found.left_out == {1: Reason.UNBOUNDED_YEARS}


def test_an_amount_over_several_years_is_put_into_none_of_them():
    assert count([money(1, 9, period=PartialDate.parse("2018/2020"))]).counted[1].by_year == {}
    assert count([money(1, 9, period=PartialDate.parse("2018-33"))]).counted[1].by_year == {
        2018: exactly(9)
    }


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
@pytest.mark.parametrize("currency", ["USD", "CNY"])
def test_going_round_in_a_circle_is_an_error(circle, currency):
    with pytest.raises(ValueError, match="leads back to itself"):
        roll_up(circle, currency, "disbursed")


def test_a_very_long_chain_of_parts_is_counted():
    chain = [money(n, 5_000 - n, part_of=n - 1 if n else None) for n in range(5_000)]
    found = count(chain)
    assert found.total == exactly(5_000)
    assert total(c.amount for c in found.counted.values()) == exactly(5_000)


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


asked = {"currency": st.sampled_from(CURRENCIES), "rung": st.sampled_from(RUNGS)}


def whole_amount(statement):
    if statement.recurs == Recurs.ANNUALLY:
        return statement.amount.times(len(statement.years))
    return statement.amount


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


@given(forest=forests(), **asked)
def test_every_statement_is_counted_or_left_out_under_one_reason(forest, currency, rung):
    found = roll_up(forest, currency, rung)
    assert found.counted.keys() | found.left_out.keys() == {m.key for m in forest}
    assert not found.counted.keys() & found.left_out.keys()


@given(forest=forests(), **asked)
def test_no_total_mixes_currencies_or_rungs(forest, currency, rung):
    found = roll_up(forest, currency, rung)
    for key in found.counted:
        assert (forest[key].currency, forest[key].rung) == (currency, rung)
    # What is in another currency or on another rung might as well be a thousand times as much.
    grown = [
        m
        if (m.currency, m.rung) == (currency, rung) or m.amount is None
        else replace(m, amount=m.amount.times(1000))
        for m in forest
    ]
    assert roll_up(grown, currency, rung).total == found.total


@given(forest=forests(), **asked)
def test_what_is_counted_adds_up_to_the_total(forest, currency, rung):
    found = roll_up(forest, currency, rung)
    assert total(c.amount for c in found.counted.values()).low == found.total.low


@given(forest=forests(), **asked)
def test_the_same_money_is_counted_once(forest, currency, rung):
    by_key = {m.key: m for m in forest}
    counted = [origin(by_key[key], by_key) for key in roll_up(forest, currency, rung).counted]
    assert len(counted) == len(set(counted))


@given(forest=forests(), **asked)
def test_a_whole_and_its_parts_are_never_both_counted_in_full(forest, currency, rung):
    found = roll_up(forest, currency, rung)
    by_key = {m.key: m for m in forest}
    for key, counted in found.counted.items():
        inside = [
            other
            for other in found.counted
            if origin(by_key[key], by_key) in ancestors(other, forest)
        ]
        parts = sum((found.counted[k].amount.low for k in inside), Decimal(0))
        assert counted.amount.low + parts <= max(whole_amount(forest[key]).low, parts)


@given(forest=forests(relations=("part_of",)), **asked)
def test_a_tree_counts_the_larger_of_what_it_says_and_what_its_parts_say(forest, currency, rung):
    """The definition, the slow way: recursively, from the top."""
    here = {
        m.key: m
        for m in forest
        if (m.currency, m.rung, m.out_of_scope) == (currency, rung, False)
        and (m.recurs == Recurs.ONCE or m.years)
    }

    def whole_of(key):
        above = forest[key].part_of
        while above is not None and above not in here:
            above = forest[above].part_of
        return above

    def low(key):
        parts = sum((low(part) for part in here if whole_of(part) == key), Decimal(0))
        return max(whole_amount(here[key]).low, parts)

    expected = sum((low(key) for key in here if whole_of(key) is None), Decimal(0))
    assert roll_up(forest, currency, rung).total.low == expected


@given(st.lists(amounts(), min_size=1, max_size=5), amounts())
def test_a_bounded_whole_smaller_than_its_parts_is_disputed(parts, whole):
    tree = [Money("whole", whole, "USD", "signed")]
    tree += [Money(f"{n}", a, "USD", "signed", part_of="whole") for n, a in enumerate(parts)]
    found = roll_up(tree, "USD", "signed")
    least = sum(part.low for part in parts)
    if whole.high is not None and least > whole.high:
        assert found.disputed == {"whole"}
        assert found.total == total(parts)
    else:
        assert found.disputed == set()
        assert found.total == Interval(max(whole.low, least), whole.high)


@given(forests(), st.data())
def test_restating_money_never_changes_a_total_in_its_own_currency(forest, data):
    priced = [m for m in forest if m.amount]
    if not priced:
        return
    original = data.draw(st.sampled_from(priced))
    found = roll_up(forest, original.currency, original.rung)
    if found.left_out.get(original.key) is Reason.UNBOUNDED_YEARS:
        return  # there the restatement may be what makes it known
    again = replace(
        original,
        key=len(forest),
        amount=data.draw(amounts()),
        currency=data.draw(st.sampled_from(CURRENCIES)),
        restates=original.key,
        part_of=None,
    )
    after = roll_up([*forest, again], original.currency, original.rung)
    assert after.total == found.total
    assert after.counted == found.counted


@given(forest=forests(), random=st.randoms(use_true_random=False), **asked)
def test_the_order_of_the_statements_does_not_matter(forest, random, currency, rung):
    shuffled = list(forest)
    random.shuffle(shuffled)
    found, again = roll_up(forest, currency, rung), roll_up(shuffled, currency, rung)
    assert again.total == found.total
    assert again.counted == found.counted
    assert again.left_out == found.left_out
    assert again.disputed == found.disputed


@given(forest=forests(), **asked)
def test_what_is_put_into_years_is_all_of_it_or_nothing(forest, currency, rung):
    for counted in roll_up(forest, currency, rung).counted.values():
        if counted.by_year:
            assert total(counted.by_year.values()) == counted.amount


# --- Stored --------------------------------------------------------------------------------------


def tallied(record, currency="USD", rung="disbursed"):
    return tally(Initiative.objects.filter(pk=record.pk).values("pk"), currency, rung)


@pytest.mark.django_db
def test_a_superseded_amount_is_replaced_and_its_parts_and_restatements_follow():
    record = cast.initiative("superseded")
    whole = cast.money(record, "whole", 100)
    cast.money(record, "again", 100, restates=whole, words="the same in other words")
    cast.money(record, "part", 30, part_of=whole)
    assert tallied(record).total == exactly(100)
    cast.supersede(whole, low=Decimal(90), high=Decimal(90))
    found = tallied(record)
    assert found.total == exactly(90)
    assert found.statements == 3
    assert {reason for _, reason in found.left_out} == {Reason.RESTATED}


@pytest.mark.django_db
def test_a_retired_part_gives_its_share_back_to_the_whole():
    record = cast.initiative("retired")
    whole = cast.money(record, "whole", 100)
    part = cast.money(record, "part", 30, part_of=whole)
    cast.retire(part)
    found = tallied(record)
    assert [(c.funding, c.count.amount) for c in found.counted] == [(whole, exactly(100))]


@pytest.mark.django_db
@pytest.mark.parametrize("rung", Rung.values)
def test_the_tally_of_the_seeds_closes_on_every_rung(rung):
    for currency in ("USD", "EUR", "CNY", "AUD"):
        found = tally(Initiative.objects.published().values("pk"), currency, rung)
        assert found.statements > 0
        ledger = found.ledger()
        assert len(found.counted) + sum(line.statements for line in ledger) == found.statements
        assert len(found.counted_records()) + sum(line.records for line in ledger) == len(
            found.records
        )
