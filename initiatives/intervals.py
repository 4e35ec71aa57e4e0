"""Intervals: a quantity as exactly as it was said.

"More than 10 billion" is [10 bn, open), "several hundred million" is [200 m, 1 bn), "about 5" is 5
with its qualifier and no made-up band. Used by figures and, with a currency, by funding.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Qualifier(models.TextChoices):
    """How exactly a quantity was said."""

    EXACTLY = "exactly", _("exactly")
    AT_LEAST = "at-least", _("at least")
    MORE_THAN = "more-than", _("more than")
    UP_TO = "up-to", _("up to")
    ABOUT = "about", _("about")
    BETWEEN = "between", _("between")
    UNSPECIFIED = "unspecified", _("as stated")


@dataclass(frozen=True, slots=True)
class Interval:
    """low <= true value <= high; high None is open. ValueError if low < 0 or low > high."""

    low: Decimal
    high: Decimal | None

    def __post_init__(self) -> None:
        if not self.low.is_finite() or (self.high is not None and not self.high.is_finite()):
            raise ValueError(_("an amount must be a finite number"))
        if self.low < 0:
            raise ValueError(_("an amount must not be negative"))
        if self.high is not None and self.high < self.low:
            raise ValueError(_("the low end must not exceed the high end"))

    def __add__(self, other: Interval) -> Interval:
        """The sum: open as soon as one part is open."""
        both = self.high is not None and other.high is not None
        return Interval(self.low + other.low, self.high + other.high if both else None)  # type: ignore[operator]

    def times(self, count: int) -> Interval:
        """`count` equal instalments."""
        return Interval(self.low * count, None if self.high is None else self.high * count)


NOTHING = Interval(Decimal(0), Decimal(0))


def total(intervals: Iterable[Interval]) -> Interval:
    """The sum of all, [0, 0] of none."""
    return sum(intervals, start=NOTHING)


class IntervalFields(models.Model):
    """Columns of a quantity: low, high, qualifier and the words it was said in."""

    low = models.DecimalField(
        _("low"),
        max_digits=24,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    high = models.DecimalField(
        _("high"),
        max_digits=24,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("empty: open"),
    )
    qualifier = models.CharField(_("qualifier"), max_length=12, choices=Qualifier)
    words = models.CharField(_("words as said"), max_length=500, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(low=None) | Q(low__gte=0), name="%(class)s_low_not_negative"
            ),
            models.CheckConstraint(
                # A comparison with nothing is neither true nor false, and would pass.
                condition=Q(high=None) | Q(low__isnull=False, low__lte=F("high")),
                name="%(class)s_low_within_high",
            ),
        ]

    @property
    def interval(self) -> Interval | None:
        """The quantity; None where no quantity was given."""
        return None if self.low is None else Interval(self.low, self.high)
