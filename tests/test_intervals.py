"""A quantity is as exact as it was said."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from initiatives.intervals import NOTHING, Interval, total
from tests import cast

amounts = st.decimals(0, 10**15, places=2)


@st.composite
def intervals(draw):
    low = draw(amounts)
    return Interval(low, draw(st.one_of(st.none(), amounts.map(lambda more: low + more))))


@given(intervals(), intervals(), intervals())
def test_adding_does_not_depend_on_the_order(a, b, c):
    assert a + b == b + a
    assert (a + b) + c == a + (b + c) == total([c, b, a])
    assert a + NOTHING == a


@given(st.lists(intervals()))
def test_a_sum_is_open_as_soon_as_one_of_it_is(parts):
    whole = total(parts)
    assert whole.low == sum(part.low for part in parts)
    if any(part.high is None for part in parts):
        assert whole.high is None
    else:
        assert whole.high == sum(part.high for part in parts)


@given(intervals(), st.integers(1, 40))
def test_instalments_add_up(amount, years):
    assert amount.times(years) == total([amount] * years)


def test_nothing_adds_up_to_nothing():
    assert total([]) == Interval(Decimal(0), Decimal(0))


@pytest.mark.parametrize(
    ("low", "high", "complaint"),
    [
        ("-1", None, "negative"),
        ("-0.01", "5", "negative"),
        ("5", "4", "must not exceed"),
        ("NaN", None, "finite"),
        ("0", "NaN", "finite"),
        ("Infinity", None, "finite"),
        ("0", "Infinity", "finite"),
        ("sNaN", None, "finite"),
    ],
)
def test_what_is_no_quantity_is_refused(low, high, complaint):
    with pytest.raises(ValueError, match=complaint):
        Interval(Decimal(low), None if high is None else Decimal(high))


@pytest.mark.django_db
@pytest.mark.parametrize(("low", "high"), [(-1, None), (5, 4), (None, 4)])
def test_the_database_holds_no_such_quantity(low, high):
    record = cast.initiative("funded")
    with pytest.raises((IntegrityError, ValidationError)), transaction.atomic():
        cast.money(record, "wrong", low, high, qualifier="between")
    assert not record.funding.exists()


@pytest.mark.django_db
def test_an_amount_and_the_reason_for_having_none_exclude_each_other():
    record = cast.initiative("funded")
    with pytest.raises(IntegrityError), transaction.atomic():
        cast.money(record, "both", 5, missing="undisclosed")
    with pytest.raises(IntegrityError), transaction.atomic():
        cast.money(record, "neither", None, missing="")
    with pytest.raises(IntegrityError), transaction.atomic():
        cast.money(record, "no-currency", 5, currency="")
