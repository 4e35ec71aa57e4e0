"""A date is as precise as it was said: never less, never more."""

import calendar
import datetime as dt
import re

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import translation
from edtf import parse_edtf
from hypothesis import given
from hypothesis import strategies as st

from initiatives.models import StatusStep
from partners.dates import PartialDate
from tests import cast

# --- What was said, and the days it may mean -----------------------------------------------------

SEASONS = {"21": (3, 5), "22": (6, 8), "23": (9, 11)}
QUARTERS = {"33": (1, 3), "34": (4, 6), "35": (7, 9), "36": (10, 12)}
years = st.integers(1000, 2999)
months = st.builds("{:04}-{:02}".format, years, st.integers(1, 12))
days = st.dates(dt.date(1000, 1, 1), dt.date(2999, 12, 31)).map(str)
seasons = st.builds("{:04}-{}".format, years, st.sampled_from([*SEASONS, "24"]))
quarters = st.builds("{:04}-{}".format, years, st.sampled_from([*QUARTERS]))
points = st.one_of(years.map(str), months, days, seasons, quarters)


def may_include(date, day):
    """Whether the day lies between the earliest and the latest that the date can mean."""
    return (date.earliest or dt.date.min) <= day <= (date.latest or dt.date.max)


@st.composite
def periods(draw):
    start, end = sorted((draw(points), draw(points)), key=lambda p: PartialDate.parse(p).earliest)
    if PartialDate.parse(end).latest < PartialDate.parse(start).earliest:
        start, end = end, start
    return draw(st.sampled_from([f"{start}/{end}", f"{start}/..", f"../{end}"]))


said = st.one_of(points, periods())


def last_day(year: int, month: int) -> dt.date:
    return dt.date(year, month, calendar.monthrange(year, month)[1])


@given(said)
def test_the_text_survives_and_the_first_day_is_not_after_the_last(text):
    date = PartialDate.parse(text)
    assert date.text == text
    assert PartialDate.parse(date.text) == date
    if date.earliest and date.latest:
        assert date.earliest <= date.latest
    else:
        assert ".." in text


@given(years)
def test_a_year_is_all_its_days(year):
    date = PartialDate.parse(str(year))
    assert (date.earliest, date.latest) == (dt.date(year, 1, 1), dt.date(year, 12, 31))
    assert date.year == year


@given(years, st.integers(1, 12))
def test_a_month_is_all_its_days(year, month):
    date = PartialDate.parse(f"{year}-{month:02}")
    assert (date.earliest, date.latest) == (dt.date(year, month, 1), last_day(year, month))


@given(days)
def test_a_day_is_itself(text):
    date = PartialDate.parse(text)
    assert date.earliest == date.latest == dt.date.fromisoformat(text)


@given(years, st.sampled_from([*SEASONS.items(), *QUARTERS.items()]))
def test_every_day_of_a_season_or_quarter_is_inside_and_no_other(year, named):
    code, (first, last) = named
    date = PartialDate.parse(f"{year}-{code}")
    assert may_include(date, dt.date(year, first, 1))
    assert may_include(date, last_day(year, last))
    assert not may_include(date, dt.date(year, first, 1) - dt.timedelta(days=1))
    assert not may_include(date, last_day(year, last) + dt.timedelta(days=1))


@given(st.one_of(years.map(str), months, days))
def test_a_date_of_the_calendar_is_what_edtf_says_it_is(text):
    by_the_library = parse_edtf(text)
    date = PartialDate.parse(text)
    assert date.earliest.timetuple()[:3] == by_the_library.lower_strict()[:3]
    assert date.latest.timetuple()[:3] == by_the_library.upper_strict()[:3]


def test_winter_goes_on_into_the_next_year():
    winter = PartialDate.parse("2023-24")
    assert may_include(winter, dt.date(2023, 12, 1))
    assert may_include(winter, dt.date(2024, 2, 29))
    assert not may_include(winter, dt.date(2024, 3, 1))
    assert winter.year is None


@given(points, points)
def test_a_period_reaches_from_the_first_day_of_its_start_to_the_last_of_its_end(start, end):
    first, last = PartialDate.parse(start).earliest, PartialDate.parse(end).latest
    if last < first:
        with pytest.raises(ValueError, match="ends before it starts"):
            PartialDate.parse(f"{start}/{end}")
    else:
        period = PartialDate.parse(f"{start}/{end}")
        assert (period.earliest, period.latest) == (first, last)


def test_a_period_open_at_one_end_has_no_day_there():
    since, until = PartialDate.parse("2013/.."), PartialDate.parse("../2013-06")
    assert (since.earliest, since.latest) == (dt.date(2013, 1, 1), None)
    assert (until.earliest, until.latest) == (None, dt.date(2013, 6, 30))
    assert since.year is until.year is None
    assert may_include(since, dt.date(2999, 1, 1))
    assert not may_include(until, dt.date(2013, 7, 1))


# --- How it prints -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2024", "2024"),
        ("2024-06", "June 2024"),
        ("2024-06-23", "23 June 2024"),
        ("2013-23", "autumn 2013"),
        ("2013-24", "winter 2013"),
        ("2019-35", "Q3 2019"),
        ("2013/..", "since 2013"),
        ("../2024-02", "until February 2024"),
        ("2018/2020", "2018–2020"),
        ("2022-06-22/2022-06-23", "22–23 June 2022"),
        ("2013-23/2019-33", "autumn 2013–Q1 2019"),
    ],
)
def test_it_prints_as_it_was_said(text, words):
    with translation.override("en-gb"):
        assert str(PartialDate.parse(text)) == words


MONTH = "|".join(name for name in [*calendar.month_name, *calendar.month_abbr] if name)


@given(st.one_of(years.map(str), quarters, seasons))
def test_a_year_season_or_quarter_prints_no_month_and_no_day(text):
    with translation.override("en-gb"):
        words = str(PartialDate.parse(text))
    assert not re.search(MONTH, words)
    assert re.findall(r"\d+", words.replace("Q", "Q-").split("Q-")[-1])[-1] == text[:4]
    assert len(re.findall(r"\d{2,}", words)) == 1


@given(months)
def test_a_month_prints_no_day(text):
    with translation.override("en-gb"):
        words = str(PartialDate.parse(text))
    name, year = words.split()
    assert name == calendar.month_name[int(text[5:])]
    assert year == text[:4]


@given(said)
def test_no_first_of_january_is_invented(text):
    with translation.override("en-gb"):
        words = str(PartialDate.parse(text))
    if "-01-01" not in text:
        assert not re.search(r"(?<!\d)1 Jan", words)
    assert words.strip() == words != ""


@given(st.one_of(days, months), st.sampled_from(["zh-hans", "fr", "pt-br", "ar"]))
def test_it_prints_in_other_languages(text, language):
    with translation.override(language):
        assert str(PartialDate.parse(text))


# --- What is no date -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "24", "999", "20240", "y20240", "2024-13", "2024-00", "2024-6", "2024-02-30",
        "2023-02-29", "2024-06-31", "2024-06-00", "2024-23-01", "2024-25", "2019-37", "2019-41",
        "2024?", "2024~", "2024-XX", "199X", "[2013..2014]", "unknown", "open", "June 2024",
        "23/06/2024", "2024-06-23T10:00:00", " 2024", "2024 ", "2024\n", "2024\x00", "２０２４",
        "٢٠٢٤", "2024/", "/2024", "/", "2024/open", "2024/2025/2026", "2024--06", "2e3",
        "2024-06-23-01", "NaN", "<b>2024</b>", "9" * 500,
    ],
)  # fmt: skip
def test_what_is_no_date_is_refused_and_named(text):
    with pytest.raises(ValueError, match="is not a date such as"):
        PartialDate.parse(text)


@pytest.mark.parametrize("text", ["0000", "0999", "3000", "9999", "-2024", "-2024-06"])
def test_a_year_that_news_cannot_mean_is_refused(text):
    with pytest.raises(ValueError, match=f"the year of “{text}” is out of range"):
        PartialDate.parse(text)


def test_a_period_open_at_both_ends_says_nothing_and_is_refused():
    with pytest.raises(ValueError, match="at least one end"):
        PartialDate.parse("../..")


@given(st.text(max_size=30))
def test_no_text_at_all_breaks_it(text):
    try:
        date = PartialDate.parse(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017
    else:
        assert date.text == text
        assert date.earliest or date.latest


# --- In the database -----------------------------------------------------------------------------


def columns(step):
    """What the table holds, past Django's conversions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date, date_earliest, date_latest FROM initiatives_statusstep WHERE id = %s",
            [step.pk],
        )
        text, earliest, latest = cursor.fetchone()
    return text, earliest and str(earliest), latest and str(latest)


@pytest.fixture
def record(db):
    return cast.initiative("dated")


def test_a_date_is_stored_with_the_days_it_may_mean(record):
    step = StatusStep.objects.create(
        record=record, status="signed", date=PartialDate.parse("2013-23")
    )
    assert columns(step) == ("2013-23", "2013-09-01", "2013-11-30")
    again = StatusStep.objects.get(pk=step.pk)
    assert again.date == PartialDate.parse("2013-23")
    assert again.date_latest == dt.date(2013, 11, 30)


def test_no_date_is_empty_in_the_table_and_none_in_python(record):
    for nothing in (None, ""):
        step = StatusStep.objects.create(
            record=record, status="signed" if nothing is None else "announced", date=nothing
        )
        assert columns(step) == ("", None, None)
        assert StatusStep.objects.get(pk=step.pk).date is None
    assert StatusStep.objects.filter(record=record, date="").count() == 2


def test_text_is_understood_when_it_is_saved(record):
    step = StatusStep.objects.create(record=record, status="signed", date="2024-06")
    assert columns(step) == ("2024-06", "2024-06-01", "2024-06-30")
    assert StatusStep.objects.filter(date=PartialDate.parse("2024-06"), record=record).exists()
    assert StatusStep.objects.filter(date="2024-06", record=record).exists()


def test_the_days_follow_when_the_date_changes(record):
    step = StatusStep.objects.create(record=record, status="signed", date="2024")
    step.date = PartialDate.parse("2025-02")
    step.save()
    assert columns(step) == ("2025-02", "2025-02-01", "2025-02-28")
    step.date = None
    step.save()
    assert columns(step) == ("", None, None)


def test_the_days_follow_update_or_create(record):
    StatusStep.objects.create(record=record, status="signed", date="2024")
    step, created = StatusStep.objects.update_or_create(
        record=record, status="signed", defaults={"date": PartialDate.parse("2013/..")}
    )
    assert not created
    assert columns(step) == ("2013/..", "2013-01-01", None)


def test_the_days_are_written_in_bulk_too(record):
    steps = StatusStep.objects.bulk_create(
        [
            StatusStep(record=record, status="signed", date="2024", fingerprint="a"),
            StatusStep(
                record=record,
                status="announced",
                date=PartialDate.parse("../2013"),
                fingerprint="b",
            ),
        ]
    )
    assert columns(steps[0]) == ("2024", "2024-01-01", "2024-12-31")
    assert columns(steps[1]) == ("../2013", None, "2013-12-31")


def test_a_bad_date_is_refused_before_anything_is_written(record):
    step = StatusStep(record=record, status="signed", date="2024-13")
    with pytest.raises(ValidationError, match="2024-13"):
        step.full_clean()
    with pytest.raises(ValidationError, match="2024-13"):
        step.save()
    assert step.pk is None
