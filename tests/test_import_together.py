"""What one record of a document does to another: all is decided first, then written together."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from initiatives.derive import wrongly_derived
from initiatives.desk.reviewing import judge_passages
from initiatives.funding.models import Funding
from initiatives.models import (
    Evidence,
    Initiative,
    SummitSeries,
)
from initiatives.news.publishing import lacking
from partners.models import Organisation
from tests.documents import (
    amount,
    document,
    imported,
    initiative,
    money,
    organisation,
    part_of,
    partner,
    problems,
    results,
    step,
    summit,
    tables,
    the_document,
)
from tests.people import person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("taken_back")]


def test_the_questions_of_an_import_do_not_grow_with_its_records():
    def asked(records: int, key: str) -> tuple[int, int]:
        rows = [partner(), partner(country="Brazil"), partner(organisation="test-bank")]
        several = [
            initiative(
                f"{key}-{n}", title=f"{key} {n}", partners=rows, status=[step()], funding=[money()]
            )
            for n in range(records)
        ]
        content = document(organisation(), *several, article=key)
        with CaptureQueriesContext(connection) as first:
            assert "created" in results(imported(content)).values()
        with CaptureQueriesContext(connection) as again:
            assert set(results(imported(content)).values()) == {"unchanged"}
        return len(first), len(again)

    asked(1, "test-first")  # which also brings the bank
    assert asked(2, "test-few") == asked(12, "test-many")


@pytest.mark.parametrize("publish", [True, False])
def test_what_only_a_new_row_points_at_is_written_with_it(publish):
    """Money of a part that comes before its whole in the file, and a parent after its office."""
    content = document(
        organisation("test-office", name="Test office", parent="test-ministry"),
        organisation("test-ministry", name="Test ministry", kind="ministry"),
        initiative(
            "part",
            part_of=[part_of("whole")],
            partners=[partner(organisation="test-office")],
            funding=[
                money("b", amount(3, 3), restates="a"),
                money("a", amount(3, 3), part_of={"record": "whole", "funding": "fund"}),
            ],
        ),
        initiative("whole", funding=[money("fund", amount(10, 10))]),
    )
    assert set(results(imported(content, publish=publish)).values()) == {"created"}
    assert Organisation.objects.get(slug="test-office").parent.slug == "test-ministry"
    a, b, fund = Funding.objects.filter(record__slug__in=["part", "whole"]).order_by("key")
    assert (b.restates, a.part_of, b.record, a.record_id) == (a, fund, a.record, b.record_id)
    assert fund.record.slug == "whole"
    assert {row.fingerprint for row in (a, b, fund)} == {
        row.make_fingerprint() for row in (a, b, fund)
    }
    assert list(wrongly_derived()) == []
    before = tables()
    assert set(results(imported(content, publish=publish)).values()) == {"unchanged"}
    assert tables() == before


def test_a_new_record_that_lacks_its_words_waits_and_says_why():
    """Its statement has a passage, and its end lies before its beginning."""
    steps = [step("announced", "2024"), step("completed", "2020")]
    run = imported(document(initiative(status=steps)))
    assert results(run) == {"test-programme": "created"}
    record = Initiative.objects.get(slug="test-programme")
    assert (record.state, record.status) == ("in-review", "announced")
    assert "is dated before" in problems(run)["/records/0"]
    assert "is dated before" in " ".join(lack.what for lack in lacking(record))


def test_what_nobody_supported_of_a_draft_goes_though_a_later_record_accepts_its_passage():
    said, later = "Kenya takes part.", "Kenya joined in 2012."
    brief = f"{said} {later}"
    first = initiative("quokka", partners=[partner(said, country="Kenya", since="2010")])
    imported(document(first, brief=brief), publish=False)
    taken_over = initiative("quokka", partners=[partner(later, country="Kenya", since="2012")])
    other = initiative("numbat", title="Numbat", partners=[partner(said, country="Kenya")])
    imported(document(taken_over, other, brief=brief))
    parts = Initiative.objects.get(slug="quokka").participations.order_by("pk")
    assert [(str(part.since), part.retired_because) for part in parts] == [
        ("2010", "replaced by a trusted import"),
        ("2012", ""),
    ]


def test_rows_of_a_record_keep_their_order_whatever_they_point_at():
    inside = money("inside", amount(2, 2), part_of={"record": "whole", "funding": "fund"})
    run = imported(
        document(
            initiative("part", part_of=[part_of("whole")], funding=[inside, money("beside")]),
            initiative(
                "whole",
                title="Whole",
                funding=[money("fund"), money("again", restates="fund"), money("more")],
            ),
        )
    )
    assert set(results(run).values()) == {"created"}
    for slug, keys in {"part": ["inside", "beside"], "whole": ["fund", "again", "more"]}.items():
        rows = Funding.objects.filter(record__slug=slug).order_by("pk")
        assert [row.key for row in rows] == keys


def test_money_of_a_key_that_stands_twice_is_looked_for_in_the_first():
    inside = money("a", part_of={"record": "w", "funding": "b"})
    run = imported(
        document(
            initiative("w", funding=[money("a")]),
            initiative("w", title="Twin", funding=[money("b")]),
            initiative("v", title="V", part_of=[part_of("w")], funding=[inside]),
        )
    )
    assert the_document(run).state == "done"
    assert "there is no funding “b”" in problems(run)["/records/2/funding/0/part_of/funding"]


def test_money_that_leads_back_to_itself_over_two_relations_is_rejected():
    rows = [money("a", supersedes="b", part_of=None), money("b", amount(20, 20), part_of="a")]
    run = imported(document(initiative(funding=rows)))
    assert the_document(run).state == "done"
    assert problems(run) == {"/records/0/funding": "an amount would be part of itself"}


@pytest.mark.parametrize("key", ["quokka", "numbat"], ids=["of a draft", "of a new record"])
def test_words_that_an_editor_rejected_carry_nothing_for_a_trusted_import_either(key):
    rejected, said = "Kenya takes part.", "It began in 2012."
    brief = f"{rejected} {said}"
    untrusted = initiative("quokka", partners=[partner(rejected, country="Kenya")])
    imported(document(untrusted, brief=brief), publish=False)
    judge_passages(Evidence.objects.filter(words=rejected), "rejected", person("editor"))
    trusted = initiative(
        key,
        title=key.title(),
        partners=[partner(rejected, country="Kenya", since="2010")],
        status=[step(date="2012", quote=said)],
    )
    run = imported(document(trusted, brief=brief))
    record = Initiative.objects.get(slug=key)
    assert (record.state, problems(run)) == ("published", {})
    assert not record.participations.current()
    if key == "numbat":
        [gone] = record.participations.all()
        assert gone.retired_because == "no accepted passage carries it"
    assert str(record.began) == "2012"
    assert list(wrongly_derived()) == []


def test_a_series_in_other_capitals_or_accents_is_the_same_series():
    other = summit("2nd-test-summit", title="2nd Test Summit", series="Tést summit", ordinal=2)
    content = document(summit(series="Test Summit"), other)
    assert set(results(imported(content)).values()) == {"created"}
    assert SummitSeries.objects.filter(slug="test-summit").count() == 1
    before = tables()
    assert set(results(imported(content)).values()) == {"unchanged"}
    assert tables() == before


def test_a_name_that_nobody_has_is_looked_for_once_however_often_it_is_said():
    def asked(rows: int) -> int:
        nobody = [partner(country="Nowhere"), partner(organisation="nobody")] * rows
        content = document(initiative(partners=nobody), article=f"nobody-{rows}")
        with CaptureQueriesContext(connection) as queries:
            run = imported(content)
        assert "unknown country “Nowhere”" in problems(run).values()
        assert "unknown organisation “nobody”" in problems(run).values()
        return len(queries)

    assert asked(1) == asked(20)


def test_a_number_that_is_no_integer_is_named_as_it_was_written():
    run = imported(document(summit(ordinal=1.5)))
    assert problems(run) == {"/records/0/ordinal": "1.5 is not of type 'integer'"}


def test_texts_that_databases_have_marks_of_their_own_for_are_kept_as_they_are():
    odd = ["\\N", "\\.", "a\tb", "a\\tb", "two\nlines", "\"quoted\", 'both'", "%s %(x)s", "\\\\"]
    rows = [
        initiative(
            f"odd-{n}", title=f"Quokka {n} {text}", summary=f"{text} is {text}", aliases=[text],
            partners=[partner()],
        )
        for n, text in enumerate(odd)
    ]  # fmt: skip
    content = document(*rows)
    assert set(results(imported(content)).values()) == {"created"}
    for n, text in enumerate(odd):
        record = Initiative.objects.get(slug=f"odd-{n}")
        assert record.title == f"Quokka {n} {text}"
        assert (record.summary, record.aliases) == (f"{text} is {text}", [text])
    assert set(results(imported(content)).values()) == {"unchanged"}
