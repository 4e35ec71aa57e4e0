"""What every statement counts for is stored with it: never late, never wrong, and counted again when
what it depends on changes.
"""

from __future__ import annotations

import io
import pkgutil
import shutil
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from initiatives.funding.counting import miscounted, recount, recount_all
from initiatives.funding.models import BaseYear, Entry, ExchangeRate, Funding, Place
from initiatives.funding.reference import load_prices
from initiatives.funding.rollup import Reason
from initiatives.models import Record
from initiatives.news.publishing import publish
from partners.history.changes import data_version
from tests import cast, reading
from tests.documents import document, imported, initiative, money, results, tables, the_document
from tests.test_account import again, fewer, stored, worlds

pytestmark = pytest.mark.django_db

REFERENCE = settings.BASE_DIR / "fixtures" / "reference"


def entries(**asked: Any) -> list[tuple[Any, ...]]:
    """The ledger without the numbers of its rows."""
    names = [f.attname for f in Entry._meta.concrete_fields if not f.primary_key]
    return sorted(Entry.objects.filter(**asked).values_list(*names), key=repr)


def spots() -> list[tuple[Any, ...]]:
    return sorted(Place.objects.values_list("statement", "axis", "value", "shared"))


def disbursed(client, asked: str) -> tuple[Any, Any]:
    data = reading.chart(client, "funding-by-rung", asked)
    return reading.bars(data)["disbursed"][0][:2]


def lines(client, asked: str, slug: str = "funding-by-rung") -> dict[str, int]:
    data = reading.chart(client, slug, asked)
    return {line["code"]: line["statements"] for line in data["left_out"]}


def quokka(name: str, **fields: Any) -> Any:
    fields.setdefault("summary", "Made up for a test.")
    return cast.initiative(f"quokka-{name}", title=f"Quokka {name}", **fields)


# --- In the transaction of the write -------------------------------------------------------------


def test_a_write_that_fails_afterwards_leaves_the_ledger_as_it_was():
    record = quokka("one")
    cast.money(record, "whole", 100)
    before = tables()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        cast.money(record, "more", 50)
        assert Entry.objects.filter(record=record).count() == 6
        raise ZeroDivisionError
    assert tables() == before


@pytest.mark.parametrize("step", ["importing.recount", "queue.finish"])
def test_an_import_that_fails_while_or_after_counting_writes_nothing(monkeypatch, step):
    imported(document(initiative(funding=[money("first")])))
    before = tables()

    original, failed = pkgutil.resolve_name(f"initiatives.news.{step}"), []

    def once(*args, **kwargs):
        """Fails the first time: the task then says through `finish` that it has failed."""
        if not failed:
            failed.append(step)
            raise ZeroDivisionError("on purpose")
        return original(*args, **kwargs)

    monkeypatch.setattr(f"initiatives.news.{step}", once)
    run = imported(document(initiative("other", funding=[money("second")]), article="second"))
    assert the_document(run).state == "failed"
    assert tables() == before
    monkeypatch.undo()
    again_ = imported(document(initiative("other", funding=[money("second")]), article="second"))
    assert results(again_) == {"other": "created"}
    assert not list(miscounted())


def test_counting_again_changes_nothing():
    everything = (entries(), spots())
    recount_all()
    assert (entries(), spots()) == everything
    for number in Record.objects.values_list("pk", flat=True):
        recount([number])
    assert (entries(), spots()) == everything


@fewer(5)
@given(world=worlds())
def test_counting_all_is_counting_each(world):
    with stored(world) as rows:
        each = (entries(), spots())
        recount_all()
        assert (entries(), spots()) == each
        recount([rows[0].record_id])
        assert (entries(), spots()) == each


CHANGES = ["retire", "supersede", "supersede by no part", "publish", "take back"]


@fewer(3)
@given(
    world=worlds(),
    changes=st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 8)), max_size=4),
)
def test_the_ledger_is_right_after_any_change(world, changes):
    """Who writes counts the initiative that was written to; what hangs together with it follows."""
    with stored(world) as rows:
        assert not list(miscounted())
        for what, number in changes:
            row = rows[number % len(rows)]
            row.refresh_from_db()
            states = {"publish": Record.State.PUBLISHED, "take back": Record.State.WITHDRAWN}
            if what in states:
                Record.objects.filter(pk=row.record_id).update(state=states[what])
                recount([row.record_id])
            elif row.retired_at:
                continue
            elif what == "retire":
                cast.retire(row)
            else:
                values = {"part_of": None} if "no part" in what else {}
                rows[number % len(rows)] = again(row, **values)
                recount([row.record_id])
            assert not list(miscounted()), (what, number)


def test_the_queries_of_counting_do_not_grow_with_the_statements(django_assert_max_num_queries):
    record = quokka("many")
    cast.money(record, "first", 1, period="2018", currency="CNY")

    def queries_after(*numbers: int) -> int:
        for n in numbers:
            Funding.objects.create(
                record=record, key=f"s{n}", low=n, high=n, qualifier="exactly", currency="CNY",
                rung="disbursed", words=str(n), recurs="annually",
                period=cast.PartialDate.parse("2018/2020"),
            )  # fmt: skip
        with CaptureQueriesContext(connection) as found:
            recount([record.pk])
        return len(found)

    assert queries_after(0) == queries_after(*range(1, 30))
    with django_assert_max_num_queries(15):
        recount([record.pk])


# --- Verified and mended -------------------------------------------------------------------------


def verify() -> str:
    """What `manage.py verify` complains of."""
    errors = io.StringIO()
    try:
        call_command("verify", stdout=io.StringIO(), stderr=errors)
    except CommandError as error:
        assert "manage.py recount" in str(error)
        assert errors.getvalue()
    else:
        assert not errors.getvalue()
    return errors.getvalue()


TAMPERED = {
    "another amount": lambda e, p: e.filter(measure="nominal").update(low=F("low") - 1),
    "no upper bound": lambda e, p: e.filter(measure="constant").update(high=None),
    "another year": lambda e, p: e.update(year=2001),
    "another reason": lambda e, p: e.filter(measure="stated").update(reason=Reason.RESTATED),
    "an overlap": lambda e, p: e.update(spread=1),
    "disputed": lambda e, p: e.update(disputed=True),
    "another rate": lambda e, p: e.filter(measure="nominal").update(
        rate=ExchangeRate.objects.filter(currency="EUR").first()
    ),
    "an entry is missing": lambda e, p: e.filter(measure="constant").delete(),
    "an entry too many": lambda e, p: Entry.objects.create(
        statement=e.first().statement, record=e.first().record, measure="stated", currency="CNY",
        rung="disbursed", low=5, high=5, year=1999,
    ),
    "another country": lambda e, p: p.filter(axis="country").update(value="BRA"),
    "shared": lambda e, p: p.filter(axis="country").update(shared=True),
    "a place is missing": lambda e, p: p.filter(axis="sector").delete(),
    "a place too many": lambda e, p: Place.objects.create(
        statement=e.first().statement, axis="bloc", value="brics"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TAMPERED)
def test_verify_names_what_is_wrong_and_recount_mends_it(case):
    record = quokka("one", countries=("KEN",), sectors=("space",))
    right = cast.money(record, "right", 1, period="2018")
    wrong = cast.money(record, "wrong", 700, currency="CNY", period="2018")
    assert verify() == ""
    before, version = (entries(), spots()), data_version()
    TAMPERED[case](Entry.objects.filter(statement=wrong), Place.objects.filter(statement=wrong))
    [line] = verify().splitlines()
    what = (
        "ledger" if "place" not in case and case not in ("another country", "shared") else "places"
    )
    assert f"funding.Funding {wrong.pk}" in line
    assert what in line
    assert str(right.pk) not in line.split()
    call_command("recount", stdout=io.StringIO(), stderr=io.StringIO())
    assert verify() == ""
    assert (entries(), spots()) == before
    assert data_version() > version


# --- Parts of another initiative's money ---------------------------------------------------------


@pytest.fixture
def whole():
    return cast.money(quokka("whole"), "fund", 100, 120, qualifier="between")


def a_part(whole, state="published", **fields: Any) -> Funding:
    record = quokka("part", state=state)
    return cast.carry(cast.money(record, "grant", 30, part_of=whole, **fields))


def test_a_part_in_another_initiative_is_counted_once(client, whole):
    a_part(whole)
    assert disbursed(client, "q=quokka") == (100, 120)
    # Asked for alone, each has its own share.
    assert disbursed(client, "q=quokka whole") == (70, 90)
    assert disbursed(client, "q=quokka part") == (30, 30)
    rows = reading.get_json(client, "/funding/rows.json?q=quokka part&chart=funding-by-rung")
    assert [row["initiative"] for row in rows["results"]] == ["quokka-part"]


def test_a_part_of_a_draft_changes_no_public_number_until_it_is_published(client, whole):
    before = reading.unnumbered(reading.chart(client, "funding-by-rung", "q=quokka"))
    part = a_part(whole, state="draft")
    assert reading.unnumbered(reading.chart(client, "funding-by-rung", "q=quokka")) == before
    assert disbursed(client, "q=quokka whole") == (100, 120)
    assert not list(miscounted())
    publish(part.record)
    assert disbursed(client, "q=quokka whole") == (70, 90)
    assert disbursed(client, "q=quokka") == (100, 120)
    assert not list(miscounted())


def test_a_part_of_the_money_of_a_draft_counts_by_itself_until_that_is_published(client, whole):
    a_part(whole)
    Record.objects.filter(pk=whole.record_id).update(state="in_review")
    recount([whole.record_id])
    assert disbursed(client, "q=quokka") == (30, 30)
    cast.carry(whole)
    publish(Record.objects.get(pk=whole.record_id))
    assert disbursed(client, "q=quokka") == (100, 120)
    assert not list(miscounted())


def test_a_retired_part_gives_its_share_back_to_the_whole_of_another_initiative(client, whole):
    part = a_part(whole)
    assert disbursed(client, "q=quokka whole") == (70, 90)
    cast.retire(part)
    assert disbursed(client, "q=quokka whole") == (100, 120)
    assert not list(miscounted())


def test_so_does_a_part_that_is_corrected_to_be_none(client, whole):
    part = a_part(whole)
    cast.supersede(part, part_of=None)
    assert disbursed(client, "q=quokka whole") == (100, 120)
    assert disbursed(client, "q=quokka") == (130, 150)
    assert not list(miscounted())


def test_a_whole_that_is_corrected_keeps_its_part_in_the_other_initiative(client, whole):
    a_part(whole)
    cast.supersede(whole, low=Decimal(50), high=Decimal(50))
    assert disbursed(client, "q=quokka whole") == (20, 20)
    assert disbursed(client, "q=quokka") == (50, 50)
    assert not list(miscounted())


def test_parts_of_parts_over_three_initiatives(client, whole):
    middle = a_part(whole)
    cast.money(quokka("inner"), "bit", 10, part_of=middle)
    assert disbursed(client, "q=quokka") == (100, 120)
    shares = [disbursed(client, f"q=quokka {name}")[0] for name in ("whole", "part", "inner")]
    assert shares == [70, 20, 10]
    cast.supersede(whole, low=Decimal(90), high=Decimal(90))
    assert disbursed(client, "q=quokka whole")[0] == 60
    assert not list(miscounted())


# --- Corrected and taken back --------------------------------------------------------------------


def test_of_three_values_one_after_the_other_the_last_counts(client):
    record = quokka("one")
    first = cast.money(record, "fund", 10)
    cast.money(record, "part", 4, part_of=first)
    second = cast.supersede(first, low=Decimal(20), high=Decimal(20))
    third = cast.supersede(second, low=Decimal(30), high=Decimal(30))
    assert disbursed(client, "q=quokka") == (30, 30)
    assert lines(client, "q=quokka") == {"superseded": 2}
    # The last is taken back: none of them holds, and the part counts by itself.
    cast.retire(third)
    assert disbursed(client, "q=quokka") == (4, 4)
    assert lines(client, "q=quokka") == {}
    assert not list(miscounted())


def test_what_is_taken_back_is_in_no_ledger(client):
    record = quokka("one")
    cast.retire(cast.money(record, "gone", 10))
    assert not Entry.objects.filter(record=record).exists()
    assert not Place.objects.filter(statement__record=record).exists()
    data = reading.chart(client, "funding-by-rung", "q=quokka")
    assert [(line["code"], line["records"]) for line in data["left_out"]] == [("no-money", 1)]


# --- Prices --------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """A copy of the reference data, to be changed."""
    shutil.copytree(REFERENCE, tmp_path / "fixtures" / "reference")
    return tmp_path / "fixtures" / "reference"


def change(folder, test, new) -> int:
    """Change, or take away, the lines of rates whose currency and year pass; how many."""
    path = folder / "rates.csv"
    header, *rows = path.read_text().splitlines()
    found, count = [header], 0
    for row in rows:
        currency, year, rest = row.split(",", 2)
        if test(currency, int(year)):
            count += 1
            if new is None:
                continue
            row = ",".join((currency, year, new, rest.partition(",")[2]))
        found.append(row)
    path.write_text("\n".join(found) + "\n")
    return count


@pytest.fixture
def priced():
    record = quokka("one")
    for currency in ("CNY", "EUR", "USD"):
        for year in ("2018", "2019"):
            cast.money(record, f"{currency.lower()}-{year}", 700, currency=currency, period=year)
    cast.money(record, "yearly", 70, currency="CNY", period="2018/2019", recurs="annually")
    return record


def test_prices_that_are_the_same_change_nothing(folder):
    before = tables()
    assert load_prices(folder) is False
    assert tables() == before


def test_a_changed_rate_changes_exactly_the_amounts_of_its_currency_and_year(folder, priced):
    before = dict(Entry.objects.values_list("pk", "statement")), entries()
    assert change(folder, lambda currency, year: (currency, year) == ("CNY", 2018), "5") == 1
    assert load_prices(folder) is True
    recount_all()
    after = entries()
    columns = [f.attname for f in Entry._meta.concrete_fields if not f.primary_key]
    changed = {
        (
            row[columns.index("statement_id")],
            row[columns.index("measure")],
            row[columns.index("year")],
        )
        for row in set(before[1]) ^ set(after)
    }
    expected = {
        (entry.statement_id, entry.measure, 2018)
        for entry in Entry.objects.filter(
            statement__currency="CNY", year=2018, low__isnull=False
        ).exclude(measure="stated")
    }
    assert changed == expected
    ours = Entry.objects.get(statement__record=priced, statement__key="cny-2018", measure="nominal")
    assert (ours.low, ours.rate.per_usd) == (140_00, 5)
    assert load_prices(folder) is False


def test_without_its_rates_money_is_not_converted_and_never_nothing(client, folder, priced):
    asked = "q=quokka"
    low = disbursed(client, asked)[0]
    kept = {}
    for currency in ("EUR", "USD"):
        rows = Entry.objects.filter(record=priced, measure="nominal", statement__currency=currency)
        kept[currency] = sum(rows.values_list("low", flat=True))
    assert change(folder, lambda currency, year: currency == "CNY", None) > 20
    assert load_prices(folder) is True
    recount_all()
    assert lines(client, asked) == {"no-rate": 3}
    assert reading.cents(disbursed(client, asked)[0]) == sum(kept.values()) < reading.cents(low)
    silent = Entry.objects.filter(statement__currency="CNY").exclude(measure="stated")
    assert set(silent.values_list("low", "high", "rate")) == {(None, None, None)}
    assert not Entry.objects.filter(record=priced, low=0).exists()
    # As stated it is what it was, and the rates may come back.
    assert disbursed(client, f"{asked}&currency=CNY") == (1540, 1540)
    load_prices(REFERENCE)
    recount_all()
    assert disbursed(client, asked)[0] == low


def load_reference() -> str:
    out = io.StringIO()
    call_command("load_reference", stdout=out)
    return out.getvalue()


def test_another_base_year_counts_everything_anew(client, settings, priced):
    asked = "q=quokka&measure=constant"
    before = reading.chart(client, "funding-by-year", asked)
    nominal = reading.chart(client, "funding-by-year", "q=quokka")
    assert before["unit"] == f"USD ({settings.CONSTANT_USD_YEAR})"
    settings.CONSTANT_USD_YEAR = 2018
    # Until everything is counted anew, the numbers and their unit are those of the old year.
    assert reading.chart(client, "funding-by-year", asked) == before
    cast.money(priced, "later", 1, period="2019")
    assert reading.chart(client, "funding-by-year", asked)["unit"] == before["unit"]
    cast.retire(Funding.objects.get(record=priced, key="later"))
    assert "counted anew" in load_reference()
    assert BaseYear.current() == 2018
    after = reading.chart(client, "funding-by-year", asked)
    assert after["unit"] == "USD (2018)"
    assert reading.bars(after)["2018"] == reading.bars(nominal)["2018"]
    assert reading.bars(after)["2019"] != reading.bars(nominal)["2019"]
    assert verify() == ""
    assert "counted anew" not in load_reference()


def test_changed_prices_in_the_folder_are_loaded_and_counted(client, settings, folder, priced):
    change(folder, lambda currency, year: (currency, year) == ("CNY", 2019), "10")
    version = data_version()
    settings.BASE_DIR = folder.parent.parent
    assert "counted anew" in load_reference()
    assert verify() == ""
    entry = Entry.objects.get(
        statement__record=priced, statement__key="cny-2019", measure="nominal"
    )
    assert entry.low == 70_00
    # Whoever has the old numbers can tell.
    assert data_version() > version
