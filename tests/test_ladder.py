"""Where an initiative stands: what its steps, dated or not, say together."""

from hypothesis import given
from hypothesis import strategies as st

from initiatives.ladder import RANK, Status, beginning, status_now
from partners.dates import PartialDate

DATES = [
    "2009", "2013", "2013-06", "2013-06-16", "2013-23", "2013/..", "../2013", "2019-01", "2019",
    "2019-06-01/2019-06-03", "2024", "2024-12-31",
]  # fmt: skip
dates = st.sampled_from([*map(PartialDate.parse, DATES), None])
steps = st.lists(st.tuples(st.sampled_from(Status.values), dates), max_size=6)


def now(*told):
    """The status that steps lead to: pairs of status and EDTF date, "" where not dated."""
    return status_now([(status, PartialDate.parse(d) if d else None) for status, d in told])


def test_nothing_said_is_no_status():
    assert now() == ""
    assert beginning([]) == (None, False)
    assert beginning([("signed", None)]) == (None, False)


def test_the_latest_dated_step_counts():
    assert now(("announced", "2013"), ("signed", "2015-05"), ("under-way", "2018")) == "under-way"
    assert now(("completed", "2015"), ("under-way", "2018")) == "under-way"


def test_cancelled_after_it_was_signed_is_cancelled():
    assert now(("signed", "2015"), ("cancelled", "2016-03")) == "cancelled"


def test_taken_up_again_after_a_pause_is_under_way():
    assert now(("under-way", "2015"), ("suspended", "2019"), ("under-way", "2021")) == "under-way"


def test_of_two_steps_on_one_day_the_further_counts():
    assert now(("signed", "2022-06-23"), ("announced", "2022-06-23")) == "signed"


def test_announced_some_time_in_the_year_does_not_undo_what_was_signed_in_june():
    assert now(("announced", "2013"), ("signed", "2013-06")) == "signed"
    assert now(("signed", "2013"), ("announced", "2013-06")) == "signed"


def test_a_step_without_a_date_says_only_that_it_was_reached():
    assert now(("proposed", ""), ("signed", "2015")) == "signed"
    assert now(("completed", ""), ("signed", "2015")) == "completed"
    assert now(("announced", ""), ("proposed", "")) == "announced"


@given(steps, st.randoms(use_true_random=False))
def test_the_order_in_which_steps_were_heard_of_does_not_matter(told, random):
    shuffled = list(told)
    random.shuffle(shuffled)
    assert status_now(shuffled) == status_now(told)
    assert beginning(shuffled) == beginning(told)


@given(steps)
def test_the_status_is_one_of_those_said(told):
    assert status_now(told) in {status for status, _ in told} | ({""} if not told else set())


@given(steps, st.sampled_from(Status.values))
def test_a_step_surely_after_all_others_counts(told, status):
    told = [(s, d) for s, d in told if d]
    assert status_now([*told, (status, PartialDate.parse("2999"))]) == status


@given(steps, st.integers(0, 5))
def test_saying_a_step_twice_changes_nothing(told, n):
    assert status_now([*told, *told[n : n + 1]]) == status_now(told)


@given(steps, st.sampled_from(Status.values))
def test_an_undated_step_never_takes_a_status_back(told, status):
    before, after = status_now(told), status_now([*told, (status, None)])
    assert before == "" or RANK[after] >= RANK[before]


def began(*told):
    """The beginning as text, and whether it is disputed, of pairs of event and EDTF date."""
    date, disputed = beginning([(event, PartialDate.parse(d)) for event, d in told])
    return date.text, disputed


def test_it_began_with_its_earliest_step():
    assert began(("announced", "2018"), ("signed", "2013-23")) == ("2013-23", False)
    assert began(("announced", "2013-09-01"), ("under-way", "2013-23")) == ("2013-09-01", False)
    assert began(("announced", "2013"), ("signed", "../2001")) == ("2013", False)


def test_two_dates_of_one_event_are_disputed_and_both_covered():
    assert began(("held", "2016-05"), ("held", "2017")) == ("2016-05/2017", True)
    assert began(("held", "2017"), ("held", "2017")) == ("2017", False)
    assert began(("held", "2016-05"), ("planned", "2017")) == ("2016-05", False)


@given(steps)
def test_nothing_began_before_the_beginning(told):
    first, _disputed = beginning(told)
    started = [date.earliest for _, date in told if date and date.earliest]
    assert first is None if not started else first.earliest == min(started)


@given(dates, dates)
def test_a_covering_period_holds_both_dates(one, other):
    if one is None or other is None or not (one.earliest and other.earliest):
        return
    both = one.covering(other)
    for date in (one, other):
        assert both.earliest is None or (date.earliest and both.earliest <= date.earliest)
        assert both.latest is None or (date.latest and date.latest <= both.latest)
    assert both.earliest in (one.earliest, other.earliest)
    assert both.latest in (one.latest, other.latest)
