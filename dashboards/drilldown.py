"""The rows behind one number of a chart: a bar, its total, or a line of its ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
from django.db.models import BigIntegerField, Case, Exists, F, OuterRef, QuerySet, Value, When
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from dashboards.amounts import between
from dashboards.charts.chart import Line, number
from dashboards.charts.money import BY_RUNG, KINDS, basis_of, ledger_lines, rows_link, title_of
from dashboards.charts.names import names_on
from dashboards.columns import Column, attribute, edtf
from dashboards.exports.formats import Twin, twins
from dashboards.reading import ByRecord
from dashboards.statement_rows import funding_row, quantity
from initiatives.funding.account import Account, Basis, Ledger, unit
from initiatives.funding.measures import MeasureName
from initiatives.funding.models import PARTIES, Axis, BaseYear, Entry, Funding, Place, UsDeflator
from initiatives.funding.rollup import Reason, Recurs, Rung
from initiatives.intervals import Interval
from initiatives.selection import Selection

LONGEST = 300
SPLIT_AXES = {*Axis.values}


class NothingBehindIt(LookupError):
    """There is no such chart, or nothing in it stands there; `name` is the parameter at fault."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


class Drilldown:
    """The entries behind a number of the chart `chart`; of all that counts without bar or reason.

    NothingBehindIt if the chart has no such bar or line.
    """

    def __init__(self, selection: Selection, chart: str, bar: str = "", reason: str = "") -> None:
        self.selection, self.slug, self.bar = selection, chart, bar
        basis = basis_of(selection)
        if chart == BY_RUNG:
            self.axis = ""
            basis = Basis(basis.measure, basis.currency, tuple(Rung.values))
        elif chart in KINDS:
            self.axis = KINDS[chart].axis
        else:
            raise NothingBehindIt("chart", gettext("There is no chart of money of this name."))
        self.account = Account(selection.members, basis, selection.index.version)
        self.reason = self._known(reason)
        # No database is asked about what no key can be; PostgreSQL refuses a null character.
        if bar and (reason or not self.axis or not bar.isprintable() or len(bar) > LONGEST):
            raise NothingBehindIt("bar", gettext("The chart has no such bar."))
        if (bar or reason) and not self.entries:
            name = "bar" if bar else "reason"
            raise NothingBehindIt(name, gettext("Nothing stands there."))

    def _known(self, reason: str) -> Reason | None:
        if not reason:
            return None
        if reason not in Reason.values:
            raise NothingBehindIt("reason", gettext("There is no such reason."))
        return Reason(reason)

    @cached_property
    def entries(self) -> ByRecord:
        """The entries with what a row shows of each, by initiative, in the order of the list."""
        records, counts = self.account.behind(self.axis, self.bar, self.reason or "")
        order = self.selection.index.in_order(BitMap(records))
        return ByRecord(order, counts[np.searchsorted(records, order)], self._of)

    def _of(self, records: list[int]) -> QuerySet[Entry]:
        """The entries of some of the initiatives."""
        parts = Entry.objects.of(records).exclude(inside=None).order_by()
        # Beside them only initiatives matter that what they say is part of.
        holding = BitMap(parts.values_list("inside__record", flat=True).distinct())
        account = self.account.among(BitMap(records) | holding)
        if self.reason:
            chosen = account.left_out(self.reason, self.axis)
        elif self.bar:
            chosen = account.at(self.axis, self.bar)
        else:
            # Where nothing counts, what wholes may have left makes no total.
            chosen = account.priced(self.axis).filter(rung__in=self.account.totals(self.axis))
        chosen = chosen.annotate(shared=self._shared("statement"))
        if self.reason:
            overlap: Any = Value(0, BigIntegerField())
        else:
            wholes = chosen.filter(statement=OuterRef("inside"), shared=OuterRef("shared"))
            if not self.bar:
                wholes = chosen.filter(statement=OuterRef("inside"))
            overlap = Case(
                When(Exists(wholes), then=F("spread")),
                default=0,
                output_field=BigIntegerField(),
            )
        return (
            chosen.annotate(overlap=overlap)
            .filter(record__in=records)
            .select_related(
                "statement__record",
                *(f"statement__{party}" for party in PARTIES),
                "statement__restates",
                "statement__part_of__record",
                "inside",
                "rate",
            )
            .order_by("statement", "year")
        )

    def _shared(self, statement: str) -> Exists | Value:
        """Whether the statement stands under several values of the axis."""
        if self.axis not in SPLIT_AXES:
            return Value(False)
        return Exists(
            Place.objects.filter(statement=OuterRef(statement), axis=self.axis, shared=True)
        )

    @property
    def unit(self) -> str:
        """What its amounts are in."""
        return unit(self.account.basis)

    @property
    def label(self) -> str:
        """What is looked at: the bar by its name, the line of the ledger, or the total."""
        if self.reason:
            return str(self.reason.label)
        if self.bar:
            return names_on(self.axis, [self.bar]).get(self.bar, self.bar)
        return gettext("all that counts")

    @property
    def title(self) -> str:
        """The number in words: "Disbursed by year: 2018"."""
        return f"{title_of(self.slug, self.account.basis)}: {self.label}"

    @cached_property
    def sums(self) -> list[dict[str, Any]]:
        """What the rows add up to, by rung; shared money apart, where it is one bar's."""
        if self.reason:
            return []
        if self.bar:
            bars = [bar for bar in self.account.bars(self.axis) if bar.key == self.bar]
            found = [(bar.rung, bar.shared, bar.amount) for bar in bars]
        else:
            found = [(r, False, amount) for r, amount in self.account.totals(self.axis).items()]
        return [
            {
                "rung": Rung(rung).label,
                "shared": shared,
                "amount": amount,
                "words": between(amount, self.unit),
            }
            for rung, shared, amount in sorted(found, key=lambda row: row[:2])
        ]

    @cached_property
    def _ledger(self) -> Ledger:
        return self.account.ledger(self.axis)

    @property
    def counted(self) -> dict[str, int]:
        """How many initiatives and statements count."""
        return {"records": self._ledger.records, "statements": self._ledger.statements}

    @property
    def matched(self) -> dict[str, int]:
        """All that the filter matched: what counts and what is left out."""
        lines = self._ledger.left_out
        return {
            "records": self._ledger.records + sum(line.records for line in lines),
            "statements": self._ledger.statements + sum(line.statements for line in lines),
        }

    @property
    def twins(self) -> list[Twin]:
        """The same rows in other shapes."""
        which = {"bar": self.bar} if self.bar else {}
        if self.reason:
            which = {"reason": self.reason.value}
        query = rows_link(self.slug, self.selection, **which).partition("?")[2]
        return twins(reverse("funding_rows"), query, ("json", "csv"))

    @cached_property
    def left_out(self) -> list[Line]:
        """The lines of the ledger beside the number, each with its rows."""
        return ledger_lines(self.slug, self.selection, self._ledger)

    @property
    def formula(self) -> list[str | Promise]:
        """How the number came to be, step by step, in words."""
        basis = self.account.basis
        steps: list[Any] = [
            _("Take the statements of the published initiatives that the filter matches.")
        ]
        steps.append(
            _("Keep those on the rung %(rungs)s; a rung is never added to another.")
            % {"rungs": ", ".join(str(Rung(rung).label) for rung in basis.rungs)}
        )
        steps.append(_("Of the same money stated several times, count it once."))
        if basis.measure == MeasureName.STATED:
            steps.append(_("Keep amounts in %(currency)s.") % {"currency": basis.currency})
        else:
            steps.append(
                _(
                    "Take US dollars as they are. Convert other currencies at the average rate of the amount’s own year; without a rate it is left out."
                )
            )
        if basis.measure == MeasureName.CONSTANT:
            steps.append(
                _(
                    "Bring each to %(unit)s: times the US GDP deflator of that year, by that of its own."
                )
                % {"unit": self.unit}
            )
        steps.append(
            _("Of an amount with parts, count each part and what is surely left of the whole.")
        )
        steps.append(
            _(
                "Add the lows; add the highs, less what a part has in common with its whole (open if one is open)."
            )
        )
        return steps

    def explained(self, entries: Iterable[Entry]) -> list[dict[str, Any]]:
        """The entries as rows of the page, with how each came to its amount."""
        entries = list(entries)
        statements = {
            row.pk: row
            for row in Funding.objects.filter(pk__in=[e.statement_id for e in entries])
            .select_related("record", *PARTIES, "restates", "part_of__record")
            .with_evidence()
        }
        parts = _parts_of(statements)
        factors = self._deflators(entries)
        found = []
        for entry in entries:
            statement = statements[entry.statement_id]
            amount = entry.amount
            counts = between(amount, self.unit) if amount and not entry.reason else ""
            if entry.reason and not self.reason:
                counts = str(Reason(entry.reason).label).capitalize()
            found.append(
                {
                    "record": statement.record,
                    "amount": counts,
                    "shared": entry.shared,  # type: ignore[attr-defined]
                    "row": funding_row(statement),
                    "how": list(self._how(entry, statement, parts[statement.pk], factors)),
                }
            )
        return found

    def _deflators(self, entries: list[Entry]) -> dict[int, Decimal]:
        if self.account.basis.measure != MeasureName.CONSTANT:
            return {}
        return dict(UsDeflator.objects.values_list("year", "index"))

    def _how(
        self,
        entry: Entry,
        statement: Funding,
        parts: list[Funding],
        deflators: dict[int, Decimal],
    ) -> Iterator[str]:
        """How the entry came to its amount: year, rate, deflator, parts."""
        if entry.disputed:
            yield gettext("disputed: its parts add up to more than it may be")
        if entry.low is None:
            return
        if statement.recurs == Recurs.ANNUALLY and entry.year:
            yield gettext("%(amount)s, of %(year)s") % {
                "amount": quantity(statement, statement.currency), "year": entry.year,
            }  # fmt: skip
        if entry.rate:
            yield gettext("÷ %(rate)s %(currency)s for one US dollar in %(year)s (%(source)s, %(vintage)s)") % {
                "rate": f"{entry.rate.per_usd.normalize():f}", "currency": entry.rate.currency,
                "year": entry.rate.year, "source": entry.rate.source, "vintage": entry.rate.vintage,
            }  # fmt: skip
        if entry.year in deflators:
            yield gettext("× %(base)s / %(index)s, the US GDP deflators") % {
                "base": f"{deflators[BaseYear.current()].normalize():f}",
                "index": f"{deflators[entry.year].normalize():f}",
            }  # fmt: skip
        if parts and entry.reason:
            yield gettext("nothing is surely left of it beside its parts")
        elif parts:
            yield gettext("what is left of it beside its parts")
        for part in parts:
            if part.record_id != statement.record_id:
                yield gettext("its part “%(words)s” counts under %(record)s") % {
                    "words": part, "record": part.record,
                }  # fmt: skip
        if overlap := entry.overlap:  # type: ignore[attr-defined]
            held = between(Interval(Decimal(overlap) / 100, Decimal(overlap) / 100), self.unit)
            yield gettext("%(amount)s of its high are already in what its whole has left") % {
                "amount": held
            }


def _parts_of(statements: Iterable[int]) -> dict[int, list[Funding]]:
    """The published parts of some statements."""
    found: dict[int, list[Funding]] = defaultdict(list)
    rows = Funding.objects.published().filter(part_of__in=list(statements))
    for part in rows.select_related("record"):
        assert part.part_of_id is not None
        found[part.part_of_id].append(part)
    return found


def _money(name: str) -> Callable[[Any], int | float | None]:
    """Reads cents as units; None where nothing counts, or where open."""

    def read(entry: Any) -> int | float | None:
        cents = getattr(entry, name)
        return None if cents is None else number(Decimal(cents) / 100)

    return read


def _stated(name: str) -> Callable[[Any], int | float | None]:
    """Reads one end of the amount as stated."""

    def read(entry: Any) -> int | float | None:
        value = getattr(entry.statement, name)
        return None if value is None else number(value)

    return read


COLUMNS = [
    Column("initiative", "slug of the initiative", attribute("statement.record.slug")),
    Column("title", "its title", attribute("statement.record.title")),
    Column("statement", "key of the statement within the initiative", attribute("statement.key")),
    Column("rung", "rung of the money", attribute("rung")),
    Column("year", "the year it counts in; empty where it is no single one", attribute("year")),
    Column("low", "low bound of what it counts for, in the unit", _money("low")),
    Column("high", "high bound of what it counts for; empty where open", _money("high")),
    Column(
        "overlap",
        "what of its high is already in what is left of its whole, among these rows",
        _money("overlap"),
    ),
    Column("reason", "why it is left out; empty where it counts", attribute("reason")),
    Column("disputed", "whether its parts add up to more than it may be", attribute("disputed")),
    Column("shared", "whether it stands under several bars, not split", attribute("shared")),
    Column("stated_low", "low bound as stated", _stated("low")),
    Column("stated_high", "high bound as stated; empty where open", _stated("high")),
    Column("stated_currency", "currency as understood", attribute("statement.currency")),
    Column("words", "the amount in the words it was said in", attribute("statement.words")),
    Column(
        "recurs", "once, or annually: the amount is of each year", attribute("statement.recurs")
    ),
    Column("period", "the period it was stated for", lambda entry: edtf("period")(entry.statement)),
    Column(
        "rate",
        "units of the currency for one US dollar",
        lambda e: e.rate and float(e.rate.per_usd),
    ),
    Column("rate_source", "who says so", attribute("rate.source")),
    Column("rate_vintage", "in which edition", attribute("rate.vintage")),
]
