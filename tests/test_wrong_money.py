"""Wrong statements about money are rejected by name and place, and leave nothing behind.

The right ones that look unusual are kept: corrections of what was said before, parts of the money of
another initiative, and amounts given in words alone.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import transaction

from initiatives.funding.counting import miscounted
from initiatives.funding.models import Funding
from initiatives.models import Record
from initiatives.news.models import Proposal
from tests import reading
from tests.documents import (
    SAID,
    amount,
    document,
    facts,
    imported,
    in_words,
    initiative,
    money,
    part_of,
    problems,
    results,
    tables,
    the_document,
)

pytestmark = pytest.mark.django_db

HERE = "/records/0/funding/0"


def bad(*rows: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return initiative("bad", funding=list(rows), **fields)


def numbered(text: str) -> dict[str, Any]:
    """An amount whose low and high are a number that Python's writer of JSON does not write."""
    return amount(f"#{text}#", f"#{text}#")


def as_file(*records: Any, **changes: Any) -> bytes:
    text = json.dumps(document(*records, brief=SAID, **changes))
    return text.replace('"#', "").replace('#"', "").encode()


# --- Rejected by name and place ------------------------------------------------------------------

WRONG = {
    "negative": (bad(money(amount=amount(-5, 5))), f"{HERE}/amount/low", "-5 is less than 0"),
    "high below zero": (
        bad(money(amount=amount(0, -1))), f"{HERE}/amount/high", "-1 is less than 0",
    ),
    "low above high": (
        bad(money(amount=amount(10, 5))), f"{HERE}/amount/high", "must not exceed the high end",
    ),
    "no such currency": (
        bad(money(amount=amount(currency="XYZ"))),
        f"{HERE}/amount/currency", "unknown currency “XYZ”",
    ),
    "currency in small letters": (
        bad(money(amount=amount(currency="usd"))),
        f"{HERE}/amount/currency", "unknown currency “usd”",
    ),
    "no currency": (
        bad(money(amount=amount(currency=""))), f"{HERE}/amount/currency", "unknown currency “”",
    ),
    "no number but its name": (
        bad(money(amount=amount("NaN", 5))), f"{HERE}/amount/low", "'NaN' is not of type",
    ),
    "more than any computer has": (
        bad(money(amount=numbered("1e400"))), f"{HERE}/amount/low", "more than 15 digits",
    ),
    "less than any computer has": (
        bad(money(amount=numbered("1e-400"))), f"{HERE}/amount/low", "more than 2 decimals",
    ),
    "more than can be counted": (
        bad(money(amount=numbered("1e16"))), f"{HERE}/amount/low", "below 10,000,000,000,000,000",
    ),
    "a high end that cannot be counted": (
        bad(money(amount=amount(5, 10**17))), f"{HERE}/amount/high", "below 10,000,000,000,000,000",
    ),
    "parts of a cent": (
        bad(money(amount=amount(0.001, 5))), f"{HERE}/amount/low", "more than 2 decimals",
    ),
    "the year nought": (bad(money(period="0000")), f"{HERE}/period", "out of range"),
    "a year far away": (bad(money(period="3000")), f"{HERE}/period", "out of range"),
    "a thirteenth month": (bad(money(period="2018-13")), f"{HERE}/period", "“2018-13”"),
    "no leap year": (bad(money(period="2019-02-29")), f"{HERE}/period", "“2019-02-29”"),
    "a period upside down": (bad(money(period="2020/2018")), f"{HERE}/period", "ends before it"),
    "a period without ends": (bad(money(period="../..")), f"{HERE}/period", "at least one end"),
    "years in words": (bad(money(period="three years")), f"{HERE}/period", "is not a date"),
    "yearly for more years than can be counted": (
        bad(money(amount=amount(4 * 10**15, 4 * 10**15), period="2018/2020", recurs="annually")),
        f"{HERE}/period", "over 3 years the amount is more than Accord can count",
    ),
    "yearly up to more than can be counted": (
        bad(money(amount=amount(5, 4 * 10**15), period="2018-06/2021-05", recurs="annually")),
        f"{HERE}/period", "over 3 years",
    ),
    "part of itself": (bad(money(part_of="share")), f"{HERE}/part_of", "leads back to itself"),
    "part of its part": (
        bad(money("a", part_of="b"), money("b", part_of="a")), f"{HERE}/part_of", "leads back",
    ),
    "part of its part of its part": (
        bad(money("a", part_of="b"), money("b", part_of="c"), money("c", part_of="a")),
        f"{HERE}/part_of", "leads back to itself",
    ),
    "a whole restated by its part": (
        bad(money("a"), money("b", part_of="a"), money("c", restates="b", part_of="c2"),
            money("c2", restates="b")),
        "/records/0/funding", "part of itself",
    ),
    "restating each other": (
        bad(money("a", restates="b"), money("b", restates="a")), f"{HERE}/restates", "leads back",
    ),
    "part of what is not there": (
        bad(money(part_of="other")), f"{HERE}/part_of", "there is no funding “other”",
    ),
    "restating another rung": (
        bad(money("a", rung="disbursed", restates="b"), money("b")),
        f"{HERE}/restates", "two rungs cannot restate each other",
    ),
    "superseding another rung": (
        bad(money("a", rung="disbursed", supersedes="b"), money("b")),
        f"{HERE}/supersedes", "another rung is no correction",
    ),
    "superseding what is not there": (
        bad(money(supersedes="other")), f"{HERE}/supersedes", "there is no funding “other”",
    ),
    "superseding itself, which is not there": (
        bad(money(supersedes="share")), f"{HERE}/supersedes", "there is no funding “share”",
    ),
    "superseding each other": (
        bad(money("a", supersedes="b"), money("b", supersedes="a")),
        f"{HERE}/supersedes", "leads back to itself",
    ),
    "part of the money of a stranger": (
        bad(money(part_of={"record": "good", "funding": "share"})),
        f"{HERE}/part_of/record", "of which this initiative is no part",
    ),
    "part of the money of nobody": (
        bad(money(part_of={"record": "nowhere", "funding": "share"})),
        f"{HERE}/part_of/record", "of which this initiative is no part",
    ),
    "part of money that its whole has not": (
        bad(money(part_of={"record": "good", "funding": "other"}), part_of=[part_of("good")]),
        f"{HERE}/part_of/funding", "there is no funding “other” in “good”",
    ),
    "part of its own money by the name of its initiative": (
        bad(money(part_of={"record": "bad", "funding": "share"})), f"{HERE}/part_of", "leads back",
    ),
    "words that say no amount": (
        bad(money(amount=in_words("a great deal of money"))),
        f"{HERE}/amount/words", "is not understood",
    ),
    "words that say more": (
        bad(money(amount=in_words("USD 5 million by 2030"))),
        f"{HERE}/amount/words", "“by 2030” is not understood",
    ),
    "words below zero": (
        bad(money(amount=in_words("minus USD 5"))), f"{HERE}/amount/words", "not negative",
    ),
    "words without a currency": (
        bad(money(amount=in_words("5 million"))), f"{HERE}/amount/currency", "name no currency",
    ),
    "words of a year nought": (
        bad(money(amount=in_words("USD 5 million in 0000"))), f"{HERE}/amount/words", "out of range",
    ),
    "words of more money than can be counted": (
        bad(money(amount=in_words("USD 20,000 trillion"))), f"{HERE}/amount/low", "below 10,000",
    ),
    "words of another currency than given": (
        bad(money(amount=in_words("USD 5 million", "EUR"))),
        f"{HERE}/amount/currency", "say “USD”, not “EUR”",
    ),
    "words and an unknown currency": (
        bad(money(amount=in_words("5 million", "XYZ"))),
        f"{HERE}/amount/currency", "unknown currency “XYZ”",
    ),
    "words of another period than given": (
        bad(money(amount=in_words("USD 5 million in 2018"), period="2019")),
        f"{HERE}/period", "say “2018”, not “2019”",
    ),
    "words of a yearly amount that is given as one": (
        bad(money(amount=in_words("USD 5 million a year"), recurs="once")),
        f"{HERE}/recurs", "say “annually”, not “once”",
    ),
}  # fmt: skip


def written() -> dict[str, list[str]]:
    """What the database holds, without the imports themselves."""
    return {name: lines for name, lines in facts().items() if name not in ("outcome", "document")}


def what_only(*contents: bytes) -> dict[str, list[str]]:
    """What the database holds after these imports, which are then undone."""
    point = transaction.savepoint()
    imported(*contents)
    found = written()
    transaction.savepoint_rollback(point)
    return found


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_amount_rejects_its_record_by_name_and_nothing_else(case):
    record, place, reason = WRONG[case]
    good = initiative("good", funding=[money()])
    expected = what_only(as_file(good))
    run = imported(as_file(record, good))
    assert the_document(run).state == "done", the_document(run).error
    assert results(run) == {"bad": "rejected", "good": "created"}
    assert place in problems(run), problems(run)
    assert reason in problems(run)[place]
    assert all(where.startswith("/records/0/funding") for where in problems(run))
    assert written() == expected
    assert not list(miscounted())


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_file_with_what_is_no_number_at_all_is_no_json(number):
    before = tables()
    run = imported(as_file(bad(money(amount=numbered(number))), initiative("good")))
    assert the_document(run).state == "refused"
    assert f"{number} is not a number" in the_document(run).error
    assert tables() == before


def test_what_is_part_of_the_money_of_a_rejected_record_is_rejected_with_it():
    run = imported(
        document(
            initiative("part", part_of=[part_of("whole")],
                       funding=[money(part_of={"record": "whole", "funding": "share"})]),
            initiative("whole", sectors=["magic"], funding=[money()]),
            initiative("good", funding=[money()]),
        )
    )  # fmt: skip
    assert results(run) == {"part": "rejected", "whole": "rejected", "good": "created"}
    assert set(problems(run)) >= {"/records/0/funding/0/part_of/record", "/records/1/sectors/0"}
    assert (
        "“whole” of this file was rejected" in problems(run)["/records/0/funding/0/part_of/record"]
    )
    assert not Record.objects.filter(slug__in=["part", "whole"]).exists()


def test_a_circle_over_what_is_stored_is_rejected():
    """The second file makes the stored whole a part of a new row, which is a part of its part."""
    imported(document(initiative(funding=[money("a"), money("b", part_of="a")])))
    before = tables()
    run = imported(as_file(
        initiative(funding=[money("a", part_of="c"), money("c", part_of="b")]),
        initiative("good"), article="second-article",
    ))  # fmt: skip
    assert results(run) == {"test-programme": "rejected", "good": "created"}
    assert set(problems(run).values()) == {"it leads back to itself"}
    assert set(problems(run)) <= {f"{HERE}/part_of", "/records/0/funding/1/part_of"}
    assert tables()["funding.Funding"] == before["funding.Funding"]


def test_another_rung_of_what_is_stored_neither_restates_nor_supersedes_it():
    imported(document(initiative(funding=[money()])))
    for relation in ("restates", "supersedes"):
        run = imported(document(initiative(funding=[
            money("paid", rung="disbursed", **{relation: "share"})
        ]), article="second-article"))  # fmt: skip
        assert results(run) == {"test-programme": "rejected"}
        assert list(problems(run)) == [f"{HERE}/{relation}"]


# --- Corrections ---------------------------------------------------------------------------------


def said_of(client, slug: str = "test-programme") -> dict[str, Any]:
    """Key -> low of the statements that the record shows as holding now."""
    rows = reading.get_json(client, f"/initiatives/{slug}.json")["statements"]["funding"]
    return {
        row["values"]["key"]: float(row["values"]["low"]) for row in rows if not row["superseded"]
    }


def ledger(client, query: str = "q=initiative test-programme&rung=announced") -> dict[str, int]:
    data = reading.chart(client, "funding-by-rung", query)
    return {line["code"]: line["statements"] for line in data["left_out"]}


def announced(client, query: str = "q=initiative test-programme") -> tuple:
    return reading.bars(reading.chart(client, "funding-by-rung", query))["announced"][0][:2]


def test_a_correction_in_the_same_file_replaces_what_it_corrects(client):
    content = document(initiative(funding=[
        money("new", amount(20, 20), supersedes="old"), money("old", amount(10, 10)),
    ]))  # fmt: skip
    assert results(imported(content)) == {"test-programme": "created"}
    assert said_of(client) == {"new": 20}
    assert announced(client) == (20, 20)
    assert ledger(client) == {"superseded": 1}
    old = Funding.objects.get(record__slug="test-programme", key="old")
    assert old.retired_at and old.superseded_by.get().key == "new"
    before = tables()
    assert results(imported(content)) == {"test-programme": "unchanged"}
    assert tables() == before


@pytest.mark.parametrize("key", ["share", "share-2025"])
def test_a_trusted_correction_in_a_later_file_replaces_what_it_corrects(client, key):
    imported(document(initiative(funding=[money(), money("part", amount(4, 4), part_of="share")])))
    later = document(initiative(funding=[money(key, amount(20, 20), supersedes="share")]),
                     article="second-article")  # fmt: skip
    assert results(imported(later)) == {"test-programme": "updated"}
    assert said_of(client) == {key: 20, "part": 4}
    assert announced(client) == (20, 20)
    assert ledger(client) == {"superseded": 1}
    old = Funding.objects.get(record__slug="test-programme", superseded_by__isnull=False)
    assert old.retired_at and old.low == 10
    before = tables()
    assert results(imported(later)) == {"test-programme": "unchanged"}
    assert tables() == before


def test_an_untrusted_correction_of_a_published_record_is_a_proposal(client):
    imported(document(initiative(funding=[money()])))
    later = document(initiative(funding=[money("new", amount(20, 20), supersedes="share")]),
                     article="second-article")  # fmt: skip
    for _ in range(2):
        assert results(imported(later, publish=False)) == {"test-programme": "proposed"}
        assert said_of(client) == {"share": 10}
        assert announced(client) == (10, 10)
        assert "superseded" not in ledger(client)
    [proposal] = Proposal.objects.filter(record__slug="test-programme")
    assert proposal.payload["supersedes"] == "share"


def test_a_correction_of_a_correction(client):
    for n, (key, before) in enumerate([("b", "a"), ("c", "b")]):
        rows = [money("a", amount(1, 1))] if n == 0 else []
        rows.append(money(key, amount(10 * n + 5, 10 * n + 5), supersedes=before))
        imported(document(initiative(funding=rows), article=f"article-{n}"))
    assert said_of(client) == {"c": 15}
    assert ledger(client) == {"superseded": 2}
    assert announced(client) == (15, 15)


# --- Parts of the money of another initiative ----------------------------------------------------


def whole(*rows: dict[str, Any]) -> dict[str, Any]:
    return initiative("whole", funding=list(rows) or [money("fund", amount(100, 100))])


def part(*rows: dict[str, Any], of: str = "whole", funding: str = "fund") -> dict[str, Any]:
    inside = money("grant", amount(30, 30), part_of={"record": of, "funding": funding})
    return initiative("part", part_of=[part_of(of)], funding=[inside, *rows])


def test_money_of_another_initiative_is_counted_once_with_its_part(client):
    content = document(part(), whole())
    assert set(results(imported(content)).values()) == {"created"}
    assert announced(client, "q=initiative whole") == (70, 70)
    assert announced(client, "q=initiative part") == (30, 30)
    assert not list(miscounted())
    before = tables()
    assert set(results(imported(content)).values()) == {"unchanged"}
    assert tables() == before


def test_so_it_is_when_the_part_comes_in_a_later_file(client):
    imported(document(whole()))
    later = document(part(), article="second-article")
    assert results(imported(later)) == {"part": "created"}
    assert announced(client, "q=initiative whole") == (70, 70)
    assert results(imported(later)) == {"part": "unchanged"}


def test_a_part_may_have_a_row_with_the_key_of_its_whole(client):
    """`fund` of the part is part of `grant`, which is part of `fund` of the whole: no circle."""
    imported(document(whole()))
    own = money("fund", amount(5, 5), part_of="grant")
    later = document(part(own), article="second-article")
    run = imported(later)
    assert problems(run) == {}
    assert results(run) == {"part": "created"}
    assert announced(client, "q=initiative part") == (30, 30)
    assert results(imported(later)) == {"part": "unchanged"}


def test_a_part_of_its_own_money_is_not_a_part_of_the_whole_of_the_same_key():
    own = money("fund", amount(50, 50))
    before = part(own)
    before["funding"][0]["part_of"] = "fund"
    imported(document(whole(), before))
    run = imported(document(whole(), part(own), article="second-article"))
    [proposal] = Proposal.objects.filter(document__run=run)
    assert proposal.payload["part_of"] == {"record": "whole", "funding": "fund"}
    kept = Funding.objects.get(record__slug="part", key="grant")
    assert kept.part_of.record.slug == "part"
    assert {c.evidence.article.key for c in kept.carried.all()} == {"test-article"}


def test_a_part_of_the_money_of_a_duplicate_is_a_part_of_what_it_duplicates(client):
    """The whole is there already under another key, so nothing of it is written again."""
    imported(
        document(
            initiative("first", title="Initiative whole", funding=[money("fund", amount(100, 100))])
        )
    )
    run = imported(document(whole(), part(), initiative("good"), article="second-article"))
    assert the_document(run).state == "done", the_document(run).error
    assert results(run)["whole"] == "duplicate"
    assert results(run)["good"] == "created"
    assert results(run)["part"] in ("created", "rejected")
    if results(run)["part"] == "rejected":
        assert "/records/1/funding/0/part_of/record" in problems(run)


def test_a_correction_that_is_no_part_any_more_gives_the_whole_its_money_back(client):
    imported(document(whole(), part()))
    new = money("grant", amount(30, 30), supersedes="grant", part_of=None)
    later = document(initiative("part", part_of=[part_of("whole")], funding=[new]),
                     article="second-article")  # fmt: skip
    assert results(imported(later)) == {"part": "updated"}
    assert announced(client, "q=initiative part") == (30, 30)
    assert announced(client, "q=initiative whole") == (100, 100)
    assert not list(miscounted())


def said(*rows, article="test-article"):
    return document(
        initiative("test-programme", title="Panda", funding=list(rows)), article=article
    )


def test_a_correction_is_part_of_what_the_corrected_amount_was(client):
    imported(said(money("all", amount(100, 100)), money("some", amount(30, 30), part_of="all")))
    later = said(money("more", amount(40, 40), supersedes="some"), article="second-article")
    for _ in range(2):
        run = imported(later)
        assert announced(client, "q=panda") == (100, 100)
    assert results(run) == {"test-programme": "unchanged"}


def test_a_correction_restates_what_the_corrected_amount_did(client):
    imported(said(money("all", amount(100, 100)),
                  money("again", amount(90, 90, "EUR"), restates="all", period="2019")))  # fmt: skip
    imported(said(money("anew", amount(95, 95, "EUR"), supersedes="again", period="2019"),
                  article="second-article"))  # fmt: skip
    assert announced(client, "q=panda") == (100, 100)


@pytest.mark.parametrize("in_one_file", [True, False])
def test_what_was_corrected_is_not_corrected_a_second_time(client, in_one_file):
    first = money("first", amount(100, 100))
    second = money("second", amount(120, 120), supersedes="first")
    third = money("third", amount(130, 130), supersedes="first")
    files = [[first], [second, third]] if in_one_file else [[first], [second], [third]]
    runs = [imported(said(*rows, article=f"article-{n}")) for n, rows in enumerate(files)]
    [(place, reason)] = problems(runs[-1]).items()
    assert place.endswith("/supersedes")
    assert "second" in reason
    assert announced(client, "q=panda") == ((100, 100) if in_one_file else (120, 120))


def test_what_restates_the_old_amount_does_not_speak_for_the_new_one(client):
    imported(said(money("yuan", amount(680, 680, "CNY")),
                  money("dollars", amount(100, 100), restates="yuan")))  # fmt: skip
    assert announced(client, "q=panda") == (100, 100)  # undated yuan are not converted
    imported(said(money("yuan", amount(1360, 1360, "CNY"), supersedes="yuan"),
                  article="second-article"))  # fmt: skip
    assert announced(client, "q=panda") == (None, None)
    assert announced(client, "q=panda&currency=CNY") == (1360, 1360)


def test_a_correction_in_two_currencies_corrects_both(client):
    imported(said(money("fund", amount=in_words("CNY 680 (USD 100)"))))
    imported(said(money("fund", amount=in_words("CNY 1360 (USD 200)"), supersedes="fund"),
                  article="second-article"))  # fmt: skip
    assert announced(client, "q=panda") == (200, 200)
    assert announced(client, "q=panda&currency=CNY") == (1360, 1360)
    assert not list(miscounted())


def test_a_later_rung_does_not_correct_an_earlier_one_of_the_same_key(client):
    imported(said(money("all", amount(100, 100))))
    run = imported(said(money("all", amount(100, 100), rung="disbursed", supersedes="all"),
                        article="second-article"))  # fmt: skip
    assert [*problems(run)] == ["/records/0/funding/0/supersedes"]
    assert announced(client, "q=panda") == (100, 100)


def test_a_circle_through_a_correction_rejects_its_record_with_the_place():
    imported(said(money("all", amount(100, 100)), money("some", amount(50, 50), part_of="all")))
    run = imported(said(money("new", amount(50, 50), restates="some", supersedes="all"),
                        article="second-article"))  # fmt: skip
    assert results(run) == {"test-programme": "rejected"}
    assert [*problems(run)] == ["/records/0/funding"]


# --- Amounts in words ----------------------------------------------------------------------------


def values_of(client, slug: str = "test-programme") -> dict[str, dict[str, Any]]:
    rows = reading.get_json(client, f"/initiatives/{slug}.json")["statements"]["funding"]
    return {row["values"]["key"]: row["values"] for row in rows}


def test_words_of_two_currencies_are_two_statements_of_one_amount(client):
    content = document(initiative(funding=[
        money("fund", in_words("EUR 80 billion (US$91 billion)"), period="2018")
    ]))  # fmt: skip
    assert results(imported(content)) == {"test-programme": "created"}
    found = values_of(client)
    assert {key: (float(row["low"]), row["currency"], row["restates"]) for key, row in found.items()} == {
        "fund": (80e9, "EUR", None), "fund-in-usd": (91e9, "USD", "fund")
    }  # fmt: skip
    assert {row["words"] for row in found.values()} >= {"EUR 80 billion (US$91 billion)"}
    data = reading.chart(client, "funding-by-rung", "q=initiative test-programme")
    assert [(line["code"], line["statements"]) for line in data["left_out"]] == [("restated", 1)]
    before = tables()
    assert results(imported(content)) == {"test-programme": "unchanged"}
    assert tables() == before


def test_yearly_words_are_years_of_money(client):
    content = document(initiative(funding=[
        money("fund", in_words("200 million renminbi annually from 2018 to 2020"))
    ]))  # fmt: skip
    imported(content)
    row = values_of(client)["fund"]
    assert (row["currency"], row["recurs"], row["period"]) == ("CNY", "annually", "2018/2020")
    assert announced(client, "q=initiative test-programme&currency=CNY") == (600_000_000,) * 2
    assert results(imported(content)) == {"test-programme": "unchanged"}


def test_what_the_words_say_too_may_be_given(client):
    imported(document(initiative(funding=[
        money("fund", in_words("200 million renminbi annually from 2018 to 2020", "CNY"),
              recurs="annually", period="2018/2020"),
        money("more", in_words("more than USD 10 billion")),
        money("bare", in_words("5 million", "KES")),
    ])))  # fmt: skip
    found = values_of(client)
    assert (float(found["more"]["low"]), found["more"]["high"]) == (10e9, None)
    assert found["more"]["qualifier"] == "more-than"
    assert found["bare"]["currency"] == "KES"


@pytest.mark.parametrize(
    ("printed", "given", "currency", "said"),
    [("Australia", "", "AUD", "$"), ("United States", "", "USD", "$"), ("Australia", "USD", "USD", "$"),
     ("", "NZD", "NZD", "$")],
)  # fmt: skip
def test_a_sign_means_the_currency_of_where_it_was_printed(client, printed, given, currency, said):
    publisher = (
        {"name": "Test gazette", "country": printed} if printed else {"missing": "not found"}
    )
    words = in_words("$100m", given) if given else in_words("$100m")
    content = document(initiative(funding=[money("fund", words)]), publisher=publisher)
    run = imported(content)
    assert results(run) == {"test-programme": "created"}, (the_document(run).error, problems(run))
    row = Funding.objects.get(record__slug="test-programme")
    assert (row.low, row.currency, row.currency_said) == (100_000_000, currency, said)
    assert results(imported(content)) == {"test-programme": "unchanged"}


def test_words_with_a_long_key_are_stored_or_rejected_by_name():
    """The row that restates them gets a key of its own, which must fit as well."""
    key = "k" * 100
    run = imported(document(initiative("good"),
                            bad(money(key, in_words("EUR 80 billion (US$91 billion)")))))  # fmt: skip
    assert the_document(run).state == "done", the_document(run).error
    assert results(run)["good"] == "created"
    if results(run)["bad"] == "rejected":
        assert all(place.startswith("/records/1/funding/0") for place in problems(run))
    else:
        assert all(len(row.key) <= 100 for row in Funding.objects.filter(record__slug="bad"))


def test_words_are_kept_to_the_cent_or_rejected():
    """A number in digits may have no more than 15: some databases keep no more."""
    run = imported(document(bad(money(amount=in_words("USD 1,234,567,890,123,456.78")))))
    if results(run)["bad"] == "rejected":
        assert f"{HERE}/amount/words" in problems(run) or f"{HERE}/amount/low" in problems(run)
    else:
        row = Funding.objects.get(record__slug="bad")
        assert f"{row.low:.2f}" == "1234567890123456.78"
        entry = row.entries.get(measure="stated")
        assert entry.low == 123456789012345678


def test_a_fortune_in_a_currency_that_was_worth_much_is_counted_or_rejected():
    """One US dollar was 0.00015 of today's reais in 1991: few reais are more cents than there are."""
    content = as_file(
        bad(money(amount=numbered("9e15") | {"currency": "BRL"}, period="1991")), initiative("good")
    )
    run = imported(content)
    assert the_document(run).state == "done", the_document(run).error
    assert results(run)["good"] == "created"
    assert not list(miscounted())
