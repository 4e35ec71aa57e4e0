"""Partial dates: a date as precise as it was said, and no more.

News says "2024", "June 2024", "autumn 2013", "22-23 June 2022", "since 2013". Each is kept as its
EDTF text (ISO 8601-2, https://www.loc.gov/standards/datetime/), with the earliest and the latest
day it can mean. A first of January is never invented: it is only ever the *earliest* day.
"""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from babel.dates import format_date
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.expressions import OrderBy
from django.utils.translation import get_language, gettext, to_locale
from django.utils.translation import gettext_lazy as _
from edtf import EDTFParseException, parse_edtf
from edtf.parser import Date, Level2Season, Season

OPEN = ".."
FIRST_YEAR, LAST_YEAR = 1000, 2999
QUARTERS = {33: "Q1", 34: "Q2", 35: "Q3", 36: "Q4"}
WINTER = 24
SEASONS = {
    21: _("spring %(year)s"),
    22: _("summer %(year)s"),
    23: _("autumn %(year)s"),
    WINTER: _("winter %(year)s"),
}
MONTHS = range(1, 13)


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date or period as it was said.

    `text` is EDTF; `earliest` and `latest` are the first and last day it can mean, None where an
    interval is open at that end ("2013/.." is since 2013).
    """

    text: str
    earliest: dt.date | None
    latest: dt.date | None

    @staticmethod
    def parse(text: str) -> PartialDate:
        """The partial date that an EDTF text names; ValueError says what is wrong with the text.

        Understood are year, month, day, season (2013-23), quarter (2019-33), and intervals of
        these, open at one end where the other is known.
        """
        return _parse(text)

    @property
    def year(self) -> int | None:
        """The one calendar year it lies in; None where it may be several."""
        if self.earliest and self.latest and self.earliest.year == self.latest.year:
            return self.earliest.year
        return None

    def covering(self, other: PartialDate) -> PartialDate:
        """The shortest period that holds both, open where one of them is.

        ValueError if that is open at both ends: EDTF has no such period.
        """
        first, last = (
            (self, other)
            if (self.earliest or dt.date.min) <= (other.earliest or dt.date.min)
            else (other, self)
        )
        if self == other:
            return self
        start = first.text.partition("/")[0]
        ends = sorted((first, last), key=lambda date: date.latest or dt.date.max)
        return PartialDate.parse(f"{start}/{ends[-1].text.rpartition('/')[2]}")

    def __str__(self) -> str:
        return _in_words(self, get_language())


@lru_cache(maxsize=50_000)
def _parse(text: str) -> PartialDate:
    start, slash, end = text.partition("/")
    if not slash:
        return PartialDate(text, *_bounds(text))
    if start == end == OPEN:
        raise ValueError(gettext("a period needs at least one end"))
    earliest = None if start == OPEN else _bounds(start)[0]
    latest = None if end == OPEN else _bounds(end)[1]
    if earliest and latest and latest < earliest:
        raise ValueError(gettext("“%(text)s” ends before it starts") % {"text": text})
    return PartialDate(text, earliest, latest)


@lru_cache(maxsize=50_000)
def _bounds(text: str) -> tuple[dt.date, dt.date]:
    """First and last day of one EDTF date, season or quarter."""
    try:
        low, high = _calendar(text) or _edtf(text)
    except (EDTFParseException, TypeError, ValueError) as error:  # the library fails on ".."
        raise ValueError(
            gettext("“%(text)s” is not a date such as 2024, 2024-06, 2024-06-23 or 2013-23")
            % {"text": text}
        ) from error
    if not FIRST_YEAR <= low[0] <= high[0] <= LAST_YEAR:
        raise ValueError(gettext("the year of “%(text)s” is out of range") % {"text": text})
    if _month(text) == WINTER:  # the library's ends with the year
        return dt.date(*low), dt.date(low[0] + 1, 3, 1) - dt.timedelta(days=1)
    return dt.date(*low), dt.date(*high)


Day = tuple[int, int, int]


def _calendar(text: str) -> tuple[Day, Day] | None:
    """First and last day of a year, a month or a day, as nearly all dates are; else None.

    What the library says too, which takes milliseconds for each.
    """
    if not _ISO.fullmatch(text):
        return None
    if len(text) == len("2024-06-23"):
        day = dt.date.fromisoformat(text)
        found = (day.year, day.month, day.day)
        return found, found
    year = int(text[:4])
    if len(text) == len("2024"):
        return (year, 1, 1), (year, 12, 31)
    month = int(text[5:])
    if month not in MONTHS:
        return None
    return (year, month, 1), (year, month, monthrange(year, month)[1])


_ISO = re.compile(r"\d{4}(-\d{2}){0,2}", re.ASCII)


def _edtf(text: str) -> tuple[Day, Day]:
    parsed = parse_edtf(text)
    if type(parsed) not in (Date, Season, Level2Season) or text != text.strip():
        raise ValueError(text)
    if _month(text) not in (None, *MONTHS, *SEASONS, *QUARTERS):
        raise ValueError(text)
    return parsed.lower_strict()[:3], parsed.upper_strict()[:3]


def _month(text: str) -> int | None:
    """The month, season or quarter of an EDTF date as its number; None of a year."""
    _year, _, rest = text.removeprefix("-").partition("-")
    return int(rest[:2]) if rest else None


@lru_cache(maxsize=50_000)
def _in_words(date: PartialDate, language: str | None) -> str:
    """The date in the words of the language, which is the active one."""
    start, slash, end = date.text.partition("/")
    if not slash:
        return _say(start)
    if end == OPEN:
        return gettext("since %(date)s") % {"date": _say(start)}
    if start == OPEN:
        return gettext("until %(date)s") % {"date": _say(end)}
    if len(start) == len(end) == 10 and date.earliest and date.latest:
        return _say_days(date.earliest, date.latest)
    return f"{_say(start)}–{_say(end)}"


def _say(text: str) -> str:
    """One EDTF date in the words of the reader's language."""
    earliest, _latest = _bounds(text)
    month, year = _month(text), earliest.year
    if month is None:
        return text
    if len(text) == len("2024-06-23"):
        return format_date(earliest, "d MMMM y", locale=_locale())
    if month in SEASONS:
        return SEASONS[month] % {"year": year}
    if month in QUARTERS:
        return f"{QUARTERS[month]} {year}"
    return format_date(earliest, "MMMM y", locale=_locale())


def _say_days(earliest: dt.date, latest: dt.date) -> str:
    """Some days as one: "22–23 June 2022", "30 April – 2 May 2019"."""
    end = format_date(latest, "d MMMM y", locale=_locale())
    if earliest.year != latest.year:
        return f"{format_date(earliest, 'd MMMM y', locale=_locale())} – {end}"
    if earliest.month != latest.month:
        return f"{format_date(earliest, 'd MMMM', locale=_locale())} – {end}"
    return f"{earliest.day}–{end}"


def _locale() -> str:
    return to_locale(get_language() or "en")


class PartialDateInput(forms.CharField):
    """A date in a form: shown and typed as its EDTF text."""

    def prepare_value(self, value: Any) -> Any:
        return value.text if isinstance(value, PartialDate) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


if TYPE_CHECKING:
    TextColumn = models.CharField[PartialDate | str | None, PartialDate | None]
else:
    TextColumn = models.CharField


class PartialDateField(TextColumn):
    """A column that holds a PartialDate as its EDTF text; empty text is None, "not known"."""

    description = _("date as precise as it was said (EDTF)")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 60)
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", None)
        super().__init__(*args, **kwargs)

    def from_db_value(self, value: str, expression: Any, connection: Any) -> PartialDate | None:
        return PartialDate.parse(value) if value else None

    def to_python(self, value: Any) -> PartialDate | None:
        if not value or isinstance(value, PartialDate):
            return value or None
        try:
            return PartialDate.parse(str(value))
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error

    def get_prep_value(self, value: Any) -> str:
        if isinstance(value, str) and value:
            value = self.to_python(value)
        return value.text if value else ""

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj))

    def clean(self, value: Any, model_instance: models.Model | None) -> PartialDate | None:
        parsed = self.to_python(value)
        if parsed is None and not self.blank:
            raise ValidationError(self.error_messages["blank"], code="blank")
        return parsed

    def formfield(self, **kwargs: Any) -> Any:
        kwargs.setdefault("help_text", _("2024, 2024-06, 2024-06-23, 2013-23 (autumn) or a/b"))
        return super().formfield(**{"form_class": PartialDateInput, **kwargs})


class DayOf(models.DateField):
    """The earliest or latest day of a PartialDateField of the same row, kept for the database.

    It is written with the row and never set by hand.
    """

    def __init__(self, of: str = "", end: str = "earliest", **kwargs: Any) -> None:
        self.of, self.end = of, end
        kwargs.update(null=True, blank=True, editable=False)
        super().__init__(**kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "of": self.of, "end": self.end}

    def day(self, row: models.Model) -> dt.date | None:
        """The day that the date of the row says."""
        source = row._meta.get_field(self.of)
        assert isinstance(source, PartialDateField)
        value = source.to_python(getattr(row, self.of))
        return getattr(value, self.end) if value else None

    def pre_save(self, model_instance: models.Model, add: bool) -> dt.date | None:
        day = self.day(model_instance)
        setattr(model_instance, self.attname, day)
        return day


class IndexOfDays(models.Index):
    """An index of days, the latest first and those that are not known last, as lists have them."""

    def create_sql(self, model: Any, schema_editor: Any, *args: Any, **kwargs: Any) -> Any:
        """For SQLite without the words for it: it refuses them, and does so anyway."""
        if schema_editor.connection.vendor != "sqlite":
            return super().create_sql(model, schema_editor, *args, **kwargs)
        plain = models.Index(
            *(
                OrderBy(one.expression, descending=True) if isinstance(one, OrderBy) else one
                for one in self.expressions
            ),
            name=self.name,
        )
        return plain.create_sql(model, schema_editor, *args, **kwargs)
