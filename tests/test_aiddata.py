"""A published list of 165 projects, imported: what is kept, what counts, and what it adds up to."""

from collections import Counter
from decimal import Decimal

import pytest

from initiatives.funding.counting import recount_all
from initiatives.funding.models import Funding
from initiatives.models import Participation
from tests.documents import imported, problems, results, tables
from tests.profiles import aiddata
from tests.reading import chart, get_json

pytest.importorskip("python_calamine", reason="python-calamine reads the sheet")

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not aiddata.FILE.exists(), reason=f"not here: {aiddata.FILE.name}"),
]

COMMITTED = "q=aiddata&rung=committed"


@pytest.fixture(scope="module")
def rows():
    return aiddata.rows(aiddata.FILE)


@pytest.fixture(scope="module")
def original():
    return aiddata.documents(aiddata.FILE, "original")


@pytest.fixture(scope="module")
def own_conversion():
    return aiddata.documents(aiddata.FILE, "own-conversion")


def money() -> list[Funding]:
    return list(
        Funding.objects.filter(record__slug__startswith="aiddata-").select_related("record")
    )


def cents(number: float) -> Decimal:
    """A number of a JSON answer, exactly."""
    return Decimal(repr(number)).quantize(aiddata.CENT)


def ledger(data: dict) -> dict[str, int]:
    """Code -> statements left out."""
    return {line["code"]: line["statements"] for line in data["left_out"]}


# --- The sheet, as far as the tests rest on it ---------------------------------------------------


def test_the_sheet_is_the_one_that_the_tests_know(rows):
    assert len(rows) == len({row[aiddata.ID] for row in rows}) == 165
    assert sum(row[aiddata.ORIGINAL] == "" for row in rows) == 87
    for column in (aiddata.CONSTANT, aiddata.NOMINAL, aiddata.CURRENCY):
        assert all((row[column] == "") == (row[aiddata.ORIGINAL] == "") for row in rows)
    assert len({row[aiddata.CURRENCY] for row in rows} - {""}) == 16
    assert sum(row[aiddata.UMBRELLA] == "Yes" for row in rows) == 2
    assert len(aiddata.recommended(rows)) == 153
    assert aiddata.total(aiddata.recommended(rows)) == aiddata.CONSTANT_TOTAL
    assert aiddata.total(aiddata.recommended(rows), aiddata.NOMINAL) == aiddata.NOMINAL_TOTAL


def test_no_title_description_or_comment_of_the_sheet_is_carried_over(rows, original):
    text = original.decode()
    for row in rows:
        for column in ("Title", "Description", "Staff Comments"):
            assert not row[column] or row[column] not in text


# --- What is kept --------------------------------------------------------------------------------


@pytest.mark.parametrize("amounts", ["original", "own-conversion"])
def test_all_165_projects_are_created_and_importing_again_changes_nothing(amounts):
    content = aiddata.documents(aiddata.FILE, amounts)
    run = imported(content)
    assert problems(run) == {}
    found = results(run)
    assert found.pop("huawei") in {"created", "updated", "unchanged"}
    assert Counter(found.values()) == {"created": 165}
    before = tables()
    assert set(results(imported(content)).values()) == {"unchanged"}
    assert tables() == before


def test_every_recipient_is_a_country_taking_part(client, original):
    imported(original)
    assert get_json(client, "/initiatives.json?q=aiddata")["count"] == 165
    hosts = dict(
        Participation.objects.filter(record__slug__startswith="aiddata-", role="host").values_list(
            "record__slug", "country__iso3"
        )
    )
    assert len(hosts) == 165
    assert None not in hosts.values()
    assert len(set(hosts.values())) == 64
    assert hosts["aiddata-62746"] == "NAM"  # whose two-letter code reads as "not available"


def test_amounts_are_kept_exactly_and_87_projects_say_that_none_was_found(rows, original):
    imported(original)
    kept = {m.record.slug: m for m in money()}
    assert len(kept) == 165
    for row in rows:
        found = kept[aiddata.key(row)]
        assert found.period.text == str(row[aiddata.YEAR])
        if row[aiddata.ORIGINAL] == "":
            assert (found.low, found.missing) == (None, "not found")
        else:
            assert found.low == found.high == aiddata.exact(row[aiddata.ORIGINAL])
            assert (found.currency_said or found.currency) == row[aiddata.CURRENCY]
    assert sum(m.missing == "not found" for m in kept.values()) == 87
    assert (kept["aiddata-73442"].low, kept["aiddata-73442"].currency) == (17_767_500_000, "XOF")
    assert kept["aiddata-69392"].low == Decimal("34035316.65")

    # A currency that the file uses for dollars is kept as said.
    [judged] = [m for m in kept.values() if m.currency_said]
    assert (judged.currency_said, judged.currency, judged.low) == ("AOR", "USD", 7_800_000)
    [row] = [row for row in rows if row[aiddata.CURRENCY] == "AOR"]
    assert row[aiddata.NOMINAL] == row[aiddata.ORIGINAL]


def test_umbrellas_and_rows_not_recommended_are_kept_with_their_reason(rows, original):
    imported(original)
    reasons = Counter(m.out_of_scope for m in money() if m.out_of_scope)
    assert reasons == {aiddata.UMBRELLA_REASON: 2, aiddata.NOT_RECOMMENDED_REASON: 10}
    pledged = {m.record.slug for m in money() if m.rung == "announced"}
    assert pledged == {aiddata.key(row) for row in rows if row[aiddata.STATUS] == aiddata.PLEDGE}
    assert all(m.out_of_scope for m in money() if m.record.slug in pledged)


# --- What it adds up to --------------------------------------------------------------------------


def test_the_sum_of_recommended_projects_is_the_file_s_own_to_the_cent(
    client, rows, own_conversion
):
    imported(own_conversion)
    recommended = aiddata.recommended(rows)
    own_total = aiddata.total(recommended)
    assert own_total == aiddata.CONSTANT_TOTAL
    for slug in ("funding-by-country", "funding-by-year"):
        data = chart(client, slug, COMMITTED + "&currency=USD")
        assert data["unit"] == "USD"
        assert cents(data["total"]["low"]) == cents(data["total"]["high"]) == own_total
        assert data["total"]["records"] == data["total"]["statements"] == 72

    [series] = data["series"]
    for n, year in enumerate(data["labels"]):
        of_year = [row for row in recommended if row[aiddata.YEAR] == int(year)]
        stated = [row for row in of_year if row[aiddata.CONSTANT] != ""]
        assert series["records"][n] == len(stated)
        if stated:  # every row was rounded to the cent by itself
            off = abs(cents(series["low"][n]) - aiddata.total(stated))
            assert off <= aiddata.CENT * (len(stated) + 1) / 2

    # The ledger closes over all that is not a pledge.
    data = chart(client, "funding-by-country", COMMITTED)
    assert cents(data["total"]["low"]) == own_total
    assert ledger(data) == {"out-of-scope": 2, "no-amount": 81}
    assert data["total"]["statements"] + 2 + 81 == 165 - 10


def test_only_what_is_stated_in_dollars_counts_in_dollars(client, rows, original):
    imported(original)
    data = chart(client, "funding-by-country", COMMITTED + "&currency=USD")
    in_dollars = [
        row for row in aiddata.recommended(rows) if row[aiddata.CURRENCY] in ("USD", "AOR")
    ]
    assert cents(data["total"]["low"]) == aiddata.total(in_dollars, aiddata.ORIGINAL)
    assert data["total"]["statements"] == len(in_dollars) == 50


# --- Converted by us -----------------------------------------------------------------------------


def ours(client, asked: str) -> tuple[Decimal, dict[str, Decimal]]:
    """Our total of the recommended rows, and by year."""
    data = chart(client, "funding-by-year", f"{COMMITTED}{asked}")
    lows = data["series"][0]["low"]
    by_year = {y: cents(low) for y, low in zip(data["labels"], lows, strict=True) if low}
    assert sum(by_year.values()) == cents(data["total"]["low"])
    return cents(data["total"]["low"]), by_year


def test_in_dollars_of_the_year_our_rates_are_within_2_percent_of_the_file(client, original):
    imported(original)
    total, _by_year = ours(client, "")
    assert abs(total / aiddata.NOMINAL_TOTAL - 1) < Decimal("0.02")


def test_in_constant_dollars_we_differ_from_the_file_by_the_deflator_alone(
    client, rows, original, settings
):
    """The file's prices are China's at China's exchange rate; ours are those of the United States.

    Its factor of a year, the same for every currency, follows China's deflator and the yuan. With
    that factor our nominal dollars come to its total; with the US deflator they are an eighth
    less, nearly all of it for commitments before 2010.
    """
    settings.CONSTANT_USD_YEAR = 2017
    imported(original)
    recount_all()
    nominal, by_year = ours(client, "")
    constant, constant_by_year = ours(client, "&measure=constant")

    recommended = aiddata.recommended(rows)
    factor = {}
    for year in by_year:
        of_year = [row for row in recommended if str(row[aiddata.YEAR]) == year]
        factor[year] = aiddata.total(of_year) / aiddata.total(of_year, aiddata.NOMINAL)
    by_its_prices = sum(amount * factor[year] for year, amount in by_year.items())

    assert abs(by_its_prices / aiddata.CONSTANT_TOTAL - 1) < Decimal("0.02")
    assert Decimal("0.86") < constant / aiddata.CONSTANT_TOTAL < Decimal("0.89")
    early = [year for year in by_year if year < "2010"]
    gap = aiddata.CONSTANT_TOTAL - constant
    of_early = sum(by_year[y] * factor[y] for y in early) - sum(constant_by_year[y] for y in early)
    assert of_early / gap > Decimal("0.85")
    assert nominal < constant
