"""Money in memory is what the ledger in the database says, also right after writes by anyone."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from initiatives.desk.merging import Choices, merge
from initiatives.desk.undoing import undo
from initiatives.desk.withdrawing import withdraw
from initiatives.funding import account as accounts
from initiatives.funding.account import UNPLACED, Account, Bar, Basis, Ledger, LeftOut
from initiatives.funding.columns import ENTRIES, PLACES, Entries, Places, Rows
from initiatives.funding.counting import recount, recount_all
from initiatives.funding.models import Axis, Entry, ExchangeRate, Funding, Place
from initiatives.funding.rollup import Reason, Rung
from initiatives.funding.standing import FLOW, YEAR
from initiatives.intervals import Interval
from initiatives.keeping import Kept, version_read
from initiatives.models import Initiative, Sector
from partners.history.changes import Change, change
from partners.history.moment import Moment, as_of
from tests import cast
from tests.documents import document, imported, initiative, money
from tests.people import person
from tests.test_account import again, fewer, stored, worlds

pytestmark = pytest.mark.django_db

AXES = [YEAR, *Axis.values, FLOW]
EVERY_RUNG = tuple(Rung.values)


# --- The same as built anew ------------------------------------------------------------------------


def content(found: Entries | Places) -> list[tuple[Any, ...]]:
    """All rows, with the names of what is numbered; `first` as it leads to them."""
    if isinstance(found, Places):
        names = [found.named(code) for code in found.rows.columns["code"].tolist()]
        return sorted((owner, *names[n]) for n, owner in enumerate(owners(found.rows)))
    currencies = list(found.currencies)
    rows = []
    for table in (found.rows, found.parts):
        columns = {name: column.tolist() for name, column in table.columns.items()}
        columns["currency"] = [currencies[code] for code in columns["currency"]]
        assert owners(table) == columns["record"]
        rows.append(list(zip(*columns.values(), strict=True)))
    return rows


def owners(rows: Rows) -> list[int]:
    return np.repeat(np.arange(len(rows.first) - 1), np.diff(rows.first)).tolist()


def as_built_anew() -> None:
    """Every measure and axis is what a first reading of the database gives."""
    version = version_read()
    for measure, kept in ENTRIES.items():
        now, anew = kept.at(version), Entries.read(measure, {})
        assert content(now) == content(anew)
        keys = np.arange(int(now.rows.columns["record"].max(initial=0)) + 9)
        assert now.statements(keys).tolist() == anew.statements(keys).tolist()
    for axis, places in PLACES.items():
        assert content(places.at(version)) == content(Places.read(axis, {}))


def some_write(dice: random.Random, n: int) -> None:
    """One of the things that change what money counts for, or where it stands."""
    record = dice.choice(list(Initiative.objects.published().order_by("pk")))
    said = dice.choice(list(Funding.objects.current().order_by("pk")))
    match n % 12:
        case 0:
            made = cast.initiative(f"panda-{n}", ("KEN", "BRA"), ("brics",), ("space",))
            cast.money(made, "whole", 100, 150, period="2018", currency=dice.choice(["USD", "CNY"]))
        case 1:
            other = cast.initiative(f"panda-part-{n}", ("KEN",))
            cast.money(other, "part", 7, 9, part_of=said, period="2019", rung=said.rung)
        case 2:
            cast.supersede(
                said, low=Decimal(dice.randrange(1, 99)), high=None, qualifier="at-least"
            )
        case 3:
            record.sectors.set(Sector.objects.order_by("pk")[n % 5 : n % 5 + 2])
            recount([record.pk])
        case 4:
            withdraw(record, person("chief editor"), "a test")
        case 5:
            imported(document(initiative(f"panda-{n}", funding=[money("first")]), article=f"a-{n}"))
        case 6:
            cast.retire(said)
        case 7:
            ExchangeRate.objects.filter(currency="CNY").update(per_usd=Decimal(5 + n))
            recount_all()
        case 8:
            pair = [cast.initiative(f"panda-{n}-{i}", ("KEN",), kind="project") for i in range(2)]
            for one in pair:
                cast.money(one, f"m-{one.pk}", 5 + one.pk)
            merge(*pair, Choices(), person("chief editor"), "a test")
        case 9:
            made = Change.objects.newest_first().exclude(verb="undo").first()
            if made and made.stands and made.verb in ("direct", "withdraw"):
                undo([made], person("chief editor"), "a test")
        case 10:
            with connection.cursor() as cursor:  # by hand, past every model
                cursor.execute(
                    "UPDATE funding_entry SET low = 1, high = 123456789 "
                    "WHERE record_id = %s AND reason = ''", [said.record_id]
                )  # fmt: skip
        case 11:
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM funding_place WHERE statement_id = %s", [said.pk])


def test_after_any_writes_the_columns_are_as_if_read_anew():
    dice = random.Random(7)
    as_built_anew()
    for n in range(36):
        some_write(dice, n)
        if dice.random() < 0.7:
            as_built_anew()
    as_built_anew()


rows_of_owners = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 300)), max_size=25)


@given(rows_of_owners, rows_of_owners, st.sets(st.integers(0, 15)))
def test_rows_of_some_owners_are_replaced_and_those_of_others_stay(before, after, gone):
    def table(pairs: list[tuple[int, int]], kind: str) -> Rows:
        pairs = sorted(pairs)
        values = np.array(
            [value % (256 if kind == "u1" else 301) for _, value in pairs], dtype=kind
        )
        return Rows.of_owners(np.array([o for o, _ in pairs], dtype=int), {"value": values})

    fresh = [(owner, value) for owner, value in after if owner in gone]
    found = table(before, "u1").with_others(np.array(sorted(gone), dtype=int), table(fresh, "u2"))
    kept = [(owner, value % 256) for owner, value in before if owner not in gone]
    expected = table(kept + fresh, "u2")
    assert sorted(zip(owners(found), found.columns["value"].tolist(), strict=True)) == sorted(
        zip(owners(expected), expected.columns["value"].tolist(), strict=True)
    )
    for owner in range(20):
        chosen, count = found.of(np.array([owner]))
        there, first = found.first_of(np.array([owner]))
        assert len(chosen) == count[0] == owners(expected).count(owner)
        assert (bool(there[0]), len(first)) == (count[0] > 0, min(count[0], 1))


# --- A plain reckoning over the stored rows --------------------------------------------------------


class Plainly:
    """What an account must say, row by row."""

    def __init__(self, records: set[int], basis: Basis) -> None:
        self.records, self.basis = records, basis
        self.entries = list(Entry.objects.filter(record__in=records, measure=basis.measure))
        self.places: dict[tuple[str, int], list[tuple[str, bool]]] = defaultdict(list)
        for place in Place.objects.filter(statement__record__in=records):
            self.places[place.axis, place.statement_id].append((place.value, place.shared))

    def stands(self, axis: str, entry: Entry) -> list[tuple[str, bool]]:
        if not axis:
            return [("", False)]
        if axis == YEAR:
            return [(str(entry.year), False)] if entry.year else []
        if axis == FLOW:
            said = Funding.objects.get(pk=entry.statement_id)
            ends = [getattr(p, "iso3", None) or getattr(p, "slug", "")
                    for p in (said.provider, said.recipient)]  # fmt: skip
            return [(">".join(ends), False)] if any(ends) else []
        return self.places[axis, entry.statement_id]

    def asked(self, entry: Entry) -> bool:
        return entry.rung in self.basis.rungs and entry.currency == self.basis.currency

    def bars(self, axis: str) -> list[Bar]:
        groups = defaultdict(list)
        for entry in self.entries:
            if self.asked(entry) and not entry.reason:
                for place in self.stands(axis, entry):
                    groups[entry.rung, *place].append(entry)
        return [
            Bar(key, rung, shared, added(entries), len({e.record_id for e in entries}),
                len({e.statement_id for e in entries}))
            for (rung, key, shared), entries in groups.items()
        ]  # fmt: skip

    def totals(self, axis: str) -> dict[str, Interval]:
        groups = defaultdict(list)
        for entry in self.entries:
            if self.asked(entry) and entry.low is not None and self.stands(axis, entry):
                groups[entry.rung].append(entry)
        return {rung: added(e) for rung, e in groups.items() if any(not x.reason for x in e)}

    def reason(self, axis: str, entry: Entry) -> str:
        if entry.reason in ("unpublished", "superseded"):
            return entry.reason
        if entry.rung not in self.basis.rungs:
            return "other-rung"
        if entry.reason in ("out-of-scope", "no-amount"):
            return entry.reason
        if entry.currency != self.basis.currency:
            return "other-currency"
        return entry.reason or ("" if self.stands(axis, entry) else UNPLACED[axis].value)

    def ledger(self, axis: str) -> Ledger:
        why = [(self.reason(axis, entry), entry) for entry in self.entries]
        order = [*Reason.values, ""]
        last = dict.fromkeys(self.records, "no-money")
        for reason, entry in why:
            last[entry.record_id] = max(last[entry.record_id], reason, key=order.index)

        def line(reason: str) -> tuple[int, int]:
            said = {entry.statement_id for found, entry in why if found == reason}
            return list(last.values()).count(reason), len(said)

        lines = [LeftOut(Reason(reason), *line(reason)) for reason in Reason.values]
        return Ledger(*line(""), [one for one in lines if one.records or one.statements])


def added(entries: list[Entry]) -> Interval:
    """What they add up to; a high that is in that of a whole among them only once."""
    wholes = {entry.statement_id for entry in entries}
    twice = sum(entry.spread for entry in entries if entry.inside_id in wholes)
    high = None
    if all(entry.high is not None for entry in entries):
        high = Decimal(sum(entry.high or 0 for entry in entries) - twice) / 100
    return Interval(Decimal(sum(entry.low or 0 for entry in entries)) / 100, high)


def check(records: set[int], basis: Basis) -> None:
    """An account from memory says what the plain reckoning says, on every axis."""
    found = Account(BitMap(records), basis, version_read())
    plainly = Plainly(records, basis)
    for axis in AXES:
        by_bar = {(bar.key, bar.rung, bar.shared): bar for bar in found.bars(axis)}
        assert by_bar == {(b.key, b.rung, b.shared): b for b in plainly.bars(axis)}
        for key in {bar.key for bar in by_bar.values()}:
            behind(found, found.at(axis, key), axis, key=key)
    for axis in ("", *AXES):
        assert found.totals(axis) == plainly.totals(axis)
        ledger = found.ledger(axis)
        assert ledger == plainly.ledger(axis)
        for line in ledger.left_out:
            behind(found, found.left_out(line.reason, axis), axis, reason=line.reason)
        counting = found.priced(axis).filter(rung__in=found.totals(axis))
        behind(found, counting, axis)
    assert found.sizes() == {bar.rung: (bar.records, bar.statements) for bar in plainly.bars("")}
    assert found.disputed == sum(e.disputed and plainly.asked(e) for e in plainly.entries)
    assert found.reasons(records) == {
        entry.statement_id: Reason(reason)
        for entry in plainly.entries if (reason := plainly.reason("", entry))
    }  # fmt: skip


def behind(found: Account, rows: Any, axis: str, **which: str) -> None:
    """Memory knows how many rows of which initiative the database has behind a number."""
    here = defaultdict(int)
    for record in rows.values_list("record", flat=True):
        here[record] += 1
    records, counts = found.behind(axis, **which)
    assert dict(zip(records.tolist(), counts.tolist(), strict=True)) == here


BASES = [
    Basis(),
    Basis("constant"),
    Basis("stated", "CNY"),
    Basis("stated", "USD", ("announced", "disbursed")),
    Basis("nominal", "USD", EVERY_RUNG),
    Basis("stated", "XXX"),
]


@fewer(2)
@given(world=worlds(), basis=st.sampled_from(BASES), but=st.integers(0, 5))
def test_an_account_is_what_plain_reckoning_over_the_rows_gives(world, basis, but):
    with stored(world) as rows:
        records = {row.record_id for row in rows}
        some = records - {sorted(records)[but]} if but < len(records) else records
        check(some, basis)
        again(rows[0], words="said otherwise")
        recount([rows[0].record_id])
        check(some, basis)


def test_sums_beyond_the_integers_of_the_machine_are_exact():
    records = [cast.initiative(f"panda-{n}", blocs=("brics",)) for n in range(4)]
    most = 10**16 - 10**6
    for record in records:
        for n in range(8):
            cast.money(record, f"m-{n}", most - 10**6 * n, period="2018", currency="CNY")
    basis = Basis("stated", "CNY")
    check({record.pk for record in records}, basis)
    found = Account(BitMap(r.pk for r in records), basis, version_read())
    exact = Decimal(4 * sum(most - 10**6 * n for n in range(8)))
    assert exact * 100 > 2**63
    assert found.totals() == {"disbursed": Interval(exact, exact)}
    assert [bar.amount for bar in found.bars(Axis.BLOC)] == [Interval(exact, exact)]


@pytest.mark.parametrize("basis", BASES, ids=str)
def test_of_no_initiatives_and_of_ones_without_money_there_is_nothing(basis):
    check(set(), basis)
    check({cast.initiative("panda").pk}, basis)
    strange = Account(BitMap([10**6]), basis, version_read())
    assert (strange.matched, strange.bars(YEAR), strange.statements) == (1, [], 0)


def published() -> set[int]:
    return set(Initiative.objects.published().values_list("pk", flat=True))


def test_all_that_is_published_is_reckoned_as_plainly():
    for basis in BASES:
        check(published(), basis)


# --- At any time, by anyone ------------------------------------------------------------------------


def total(*records: Initiative, rung: str = "disbursed") -> Any:
    found = Account(BitMap(r.pk for r in records), Basis(rungs=(rung,)), version_read())
    return found.totals().get(rung)


def exactly(units: int) -> Interval:
    return Interval(Decimal(units), Decimal(units))


def test_an_account_of_the_past_is_what_counted_then():
    record = cast.initiative("panda")
    said = cast.money(record, "whole", 100)
    then = Moment(*version_read())
    cast.supersede(said, low=Decimal(90), high=Decimal(90))
    for _ in range(2):
        assert total(record) == exactly(90)
        with as_of(then):
            assert total(record) == exactly(100)
            check({record.pk}, Basis())
            as_built_anew()


def test_what_a_change_that_was_given_up_wrote_is_never_counted():
    record = cast.initiative("panda")
    cast.money(record, "first", 100)
    assert total(record) == exactly(100)
    with pytest.raises(RuntimeError), transaction.atomic():
        cast.money(record, "more", 50)
        assert total(record) == exactly(150)
        raise RuntimeError
    assert total(record) == exactly(100)
    cast.money(record, "other", 7)  # under the numbers that were given up
    assert total(record) == exactly(107)


def test_inside_a_change_what_it_wrote_is_counted():
    record = cast.initiative("panda")
    with change("manage", None):
        cast.money(record, "first", 100)
        assert total(record) == exactly(100)
        cast.money(record, "more", 50)
        assert total(record) == exactly(150)
    assert total(record) == exactly(150)


@pytest.mark.django_db(transaction=True)
def test_what_another_connection_writes_by_hand_counts_at_once(empty):
    record = cast.initiative("panda")
    cast.money(record, "first", 100)
    assert total(record) == exactly(100)

    def elsewhere() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("UPDATE funding_entry SET low = 4200, high = 4200")
        finally:
            connection.close()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(timeout=60)
    assert total(record) == exactly(42)


# --- What is kept ----------------------------------------------------------------------------------


def test_an_account_that_is_up_to_date_asks_the_database_nothing(django_assert_num_queries):
    members, version = BitMap(published()), version_read()

    def ask() -> None:
        found = Account(members, Basis(), version)
        for axis in AXES:
            found.bars(axis), found.totals(axis), found.ledger(axis)
        found.sizes(), found.disputed, found.statements

    ask()
    with django_assert_num_queries(0):
        ask()


def test_an_answer_is_found_once_until_money_changes(monkeypatch):
    monkeypatch.setattr(accounts, "WORTH_KEEPING", 0)
    one, other = (cast.initiative(f"panda-{n}", sectors=("space",)) for n in range(2))
    cast.money(one, "first", 100)
    cast.money(other, "first", 100)

    def sectors(*records: Initiative, rung: str = "disbursed") -> Any:
        members = BitMap(r.pk for r in records)
        return Account(members, Basis(rungs=(rung,)), version_read()).bars(Axis.SECTOR)

    before = sectors(one)
    assert sectors(one) is before
    assert sectors(one, other) != before
    assert sectors(one, rung="announced") == []
    one.summary = "no money in this"
    one.save()
    assert sectors(one) is before
    one.sectors.set(Sector.objects.filter(slug="health"))
    recount([one.pk])
    assert [bar.key for bar in sectors(one)] == ["health"]
    cast.money(one, "more", 1)
    assert [bar.amount for bar in sectors(one)] == [exactly(101)]


def test_two_versions_are_kept_and_the_present_is_one_of_them():
    numbers = list(Change.objects.values_list("number", "at"))[-6:]
    kept: Kept[Entries] = ENTRIES["nominal"]
    present = kept.at(version_read())
    for number, at in numbers:
        with as_of(Moment(number, at)):
            kept.at(version_read())
    assert len(kept) == 2
    assert kept.at(version_read()) is present
