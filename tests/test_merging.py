"""Two records that are one thing become one: nothing is lost, nothing counts twice."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from initiatives.derive import wrongly_derived
from initiatives.desk.merging import CannotMerge, Choices, merge
from initiatives.desk.models import NotTheSame
from initiatives.desk.undoing import undo
from initiatives.funding.counting import miscounted
from initiatives.funding.models import Funding
from initiatives.models import (
    Initiative,
    Outcome,
    Participation,
    PartOf,
    Record,
    StatusStep,
    Summit,
    SummitSeries,
)
from initiatives.news.models import Proposal
from partners.dates import PartialDate
from partners.history.changes import Change, Replayed, Verb
from tests import cast, reading
from tests.documents import (
    amount,
    document,
    facts,
    imported,
    initiative,
    money,
    part_of,
    partner,
    results,
    tables,
)
from tests.people import client_of, person
from tests.test_account import fewer, stored, worlds

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("taken_back")]


def quokka(name: str, **fields: Any) -> Initiative:
    fields.setdefault("summary", "Made up for a test.")
    return cast.initiative(f"quokka-{name}", title=f"Quokka {name}", **fields)


def merged(kept: Record, other: Record, *of_other: str, **same_money: Any) -> Record:
    """The kept record after the merge."""
    choices = Choices(frozenset(of_other), same_money.get("same_money", {}))
    merge(kept, other, choices, person("chief editor"), "the same thing")
    in_order()
    for record in (kept, other):
        record.refresh_from_db()
    return kept


def in_order() -> None:
    """What is derived and counted is what the statements give."""
    assert list(wrongly_derived()) == []
    assert list(miscounted()) == []


def announced(client: Any, *slugs: str) -> tuple[Any, Any]:
    """Low and high of what is announced for initiatives together."""
    data = reading.chart(client, "funding-by-rung", reading.query(q="quokka"))
    return reading.bars(data)["announced"][0][:2] if "announced" in reading.bars(data) else (0, 0)


# --- What is said --------------------------------------------------------------------------------


def test_the_kept_record_has_what_both_had_and_the_other_points_to_it():
    one = quokka("one", countries=("KEN",), sectors=("computing",), began="2020")
    two = quokka("two", countries=("CHN",), sectors=("space",), began="2019")
    kept = merged(one, two)
    assert {str(c.iso3) for c in kept.countries_now} == {"KEN", "CHN"}
    assert {s.slug for s in kept.sectors.all()} == {"computing", "space"}
    assert kept.aliases == ["Quokka two"]
    assert kept.began.text == "2019/2020"  # announced twice: disputed, and covered
    assert (two.state, two.merged_into_id, two.withdrawn_because) == (
        Record.State.WITHDRAWN,
        kept.pk,
        "the same thing",
    )


def test_what_both_said_is_said_once_by_the_passages_of_both():
    one, two = quokka("one"), quokka("two")
    first = Participation.objects.create(record=one, country=cast.country("KEN"), role="member")
    second = Participation.objects.create(record=two, country=cast.country("KEN"), role="member")
    cast.carry(first, "Test article")
    cast.carry(second, "words of this test")
    kept = merged(one, two)
    (only,) = kept.participations.current()
    assert only == first
    assert {c.evidence.words for c in only.carried.all()} == {"Test article", "words of this test"}
    second.refresh_from_db()
    assert second.record_id == kept.pk
    assert second.retired_because


def test_what_was_said_before_is_carried_over_too():
    one, two = quokka("one"), quokka("two", began="2019")
    old = StatusStep.objects.get(record=two)
    new = cast.supersede(old, date=PartialDate.parse("2018"))
    kept = merged(one, two)
    assert set(StatusStep.objects.about(kept)) == {old, new}
    assert kept.began.text == "2018"


def test_text_is_taken_from_the_record_that_was_chosen():
    one, two = quokka("one", kind="fund"), quokka("two", kind="network", aliases=["Q two", "Qone"])
    kept = merged(one, two, "title", "kind")
    assert (kept.title, kept.kind) == ("Quokka two", "network")
    assert kept.aliases == ["Quokka one", "Q two", "Qone"]
    assert kept.slug == "quokka-one"
    assert list(Initiative.objects.published().mentioning("quokka one")) == [kept]


def test_the_kept_record_is_confirmed_when_the_later_of_the_two_was():
    one = quokka("one", confirmed_on=dt.date(2024, 1, 1))
    two = quokka("two", confirmed_on=dt.date(2025, 1, 1))
    assert merged(one, two).confirmed_on == dt.date(2025, 1, 1)


def meeting(name: str, series: str, ordinal: int | None) -> Summit:
    row, _ = SummitSeries.objects.get_or_create(name=series, defaults={"slug": series.lower()})
    return Summit.objects.create(
        slug=name, title=f"Meeting {name}", series=row, ordinal=ordinal, state="published"
    )


def test_a_summit_takes_the_number_of_the_one_it_is_merged_with():
    one, two = meeting("m-one", "Quokkas", None), meeting("m-two", "Quokkas", 7)
    kept = merged(one, two, "series", "ordinal")
    assert (kept.series.name, kept.ordinal) == ("Quokkas", 7)


def test_a_number_that_a_third_summit_has_is_refused():
    one, two = meeting("m-one", "Quokkas", None), meeting("m-two", "Wombats", 7)
    meeting("m-three", "Quokkas", 7)
    with pytest.raises(CannotMerge, match="Meeting m-three"):
        merged(one, two, "ordinal")


# --- What others say -----------------------------------------------------------------------------


def test_what_others_say_of_the_other_they_say_of_the_kept_one_once():
    one, two, part, both = (quokka(name) for name in ("one", "two", "part", "both"))
    PartOf.objects.create(record=part, whole=two)
    PartOf.objects.create(record=both, whole=one)
    PartOf.objects.create(record=both, whole=two)
    summit = meeting("m-one", "Quokkas", 1)
    Outcome.objects.create(record=summit, initiative=two, verb="adopted")
    kept = merged(one, two)
    said = PartOf.objects.current().values_list("record__slug", "whole__slug")
    assert sorted(p for p in said if p[0].startswith("quokka")) == [
        ("quokka-both", "quokka-one"),
        ("quokka-part", "quokka-one"),
    ]
    assert [o.initiative_id for o in summit.outcomes.current()] == [kept.pk]


def test_a_part_that_is_merged_with_its_whole_is_not_part_of_itself():
    one, two = quokka("one", countries=("KEN",)), quokka("two")
    PartOf.objects.create(record=two, whole=one)
    kept = merged(one, two)
    assert not PartOf.objects.current().filter(record=kept).exists()
    three = quokka("three")
    PartOf.objects.create(record=kept, whole=three)
    merged(kept, three)
    assert not PartOf.objects.current().filter(record=kept).exists()


def test_records_that_would_be_part_of_themselves_are_not_merged():
    one, middle, two = quokka("one"), quokka("middle"), quokka("two")
    PartOf.objects.create(record=two, whole=middle)
    PartOf.objects.create(record=middle, whole=one)
    before = tables()
    for kept, other in ((one, two), (two, one)):
        with pytest.raises(CannotMerge, match="Quokka middle"):
            merged(kept, other)
    assert tables() == before


def test_proposals_wait_at_the_kept_record_and_what_is_proposed_of_both_waits_once():
    imported(document(initiative("quokka-one"), initiative("quokka-two")))
    again = document(
        initiative("quokka-one", summary="Another summary."),
        initiative("quokka-two", summary="Another summary.", kind="fund"),
        article="later",
    )
    imported(again)
    one, two = (Initiative.objects.get(slug=f"quokka-{n}") for n in ("one", "two"))
    merged(one, two)
    waiting = Proposal.objects.filter(state="pending", record=one)
    assert sorted(waiting.values_list("field", flat=True)) == ["kind", "summary"]
    (left,) = Proposal.objects.filter(record=two)
    assert (left.state, left.reason) == ("rejected", "known")


def test_what_was_set_apart_from_the_other_is_set_apart_from_the_kept_one():
    third, one, two = quokka("third"), quokka("one"), quokka("two")
    NotTheSame.objects.create(first=third, second=two)
    NotTheSame.objects.create(first=one, second=two)
    kept = merged(one, two)
    assert list(NotTheSame.objects.values_list("first", "second")) == [(third.pk, kept.pk)]


# --- Money ---------------------------------------------------------------------------------------


def test_different_money_adds_up_to_the_same_after_as_before(client):
    one, two = quokka("one"), quokka("two")
    cast.money(one, "share", 100, rung="announced", period="2020")
    cast.money(two, "share", 30, rung="announced", period="2021")
    cast.money(two, "more", 7, 9, rung="announced", qualifier="between", period="2021")
    before = announced(client)
    assert before == (137, 139)
    kept = merged(one, two)
    assert announced(client) == before
    assert sorted(f.key for f in kept.funding.current()) == ["more", "share", "share-2"]


def test_what_both_said_counts_once_under_whatever_key(client):
    one, two = quokka("one"), quokka("two")
    for record, key in ((one, "share"), (two, "share"), (one, "a"), (two, "b")):
        low = 100 if key == "share" else 20
        cast.money(record, key, low, rung="announced", period="2020")
    assert announced(client) == (240, 240)
    kept = merged(one, two)
    assert announced(client) == (120, 120)
    assert sorted(f.key for f in kept.funding.current()) == ["a", "share"]


def test_money_that_is_chosen_as_the_same_in_other_words_counts_once(client):
    one, two = quokka("one"), quokka("two")
    first = cast.money(one, "share", 100, rung="announced", period="2020")
    second = cast.money(two, "budget", 100, rung="announced", period="2020", words="a hundred")
    merged(one, two, same_money={second.pk: first.pk})
    assert announced(client) == (100, 100)
    assert Funding.objects.current().get(key="budget").restates == first


def test_parts_and_restatements_stay_what_they_are(client):
    one, two = quokka("one"), quokka("two")
    cast.money(one, "whole", 50, rung="announced", period="2020")
    whole = cast.money(two, "whole", 100, rung="announced", period="2020")
    cast.money(two, "part", 30, rung="announced", period="2020", part_of=whole)
    cast.money(two, "again", 100, rung="announced", period="2020", restates=whole, words="again")
    assert announced(client) == (150, 150)
    kept = merged(one, two)
    assert announced(client) == (150, 150)
    standing = {f.key: f for f in kept.funding.current()}
    assert standing["part"].part_of == standing["again"].restates == standing["whole-2"]


def test_parts_of_an_amount_that_both_said_are_parts_of_the_one_that_stays(client):
    one, two, third = quokka("one"), quokka("two"), quokka("third")
    cast.money(one, "a", 100, rung="announced", period="2020")
    whole = cast.money(two, "b", 100, rung="announced", period="2020")
    cast.money(two, "part", 30, rung="announced", period="2020", part_of=whole)
    PartOf.objects.create(record=third, whole=two)
    cast.money(third, "part", 20, rung="announced", period="2020", part_of=whole)
    kept = merged(one, two)
    assert announced(client) == (100, 100)
    assert {f.part_of.key for f in Funding.objects.current().filter(key__startswith="part")} == {
        "a"
    }
    assert not Funding.objects.current().filter(part_of__retired_at__isnull=False).exists()
    assert kept.funding.current().count() == 2


def test_a_restatement_of_a_corrected_amount_does_not_count_after_the_correction_was_said_by_both(
    client,
):
    one, two = quokka("one"), quokka("two")
    cast.money(one, "a", 100, rung="announced", period="2020")
    old = cast.money(two, "b", 90, rung="announced", period="2020", words="100 USD")
    cast.money(two, "again", 90, rung="announced", period="2020", restates=old, words="again")
    cast.supersede(old, low=100, high=100)
    assert announced(client)[0] == 200
    merged(one, two)
    assert announced(client)[0] == 100


def test_money_of_a_part_that_is_merged_with_its_whole_stays_a_part(client):
    one, two = quokka("one"), quokka("two")
    PartOf.objects.create(record=two, whole=one)
    whole = cast.money(one, "share", 100, rung="announced", period="2020")
    cast.money(two, "share", 30, rung="announced", period="2020", part_of=whole)
    kept = merged(one, two)
    assert announced(client) == (100, 100)
    assert {f.key: f.part_of and f.part_of.key for f in kept.funding.current()} == {
        "share": None,
        "share-2": "share",
    }


@fewer(4)
@given(world=worlds(), chosen=st.tuples(st.integers(0, 4), st.integers(0, 4)))
def test_nothing_that_was_said_once_is_lost_or_doubled_in_any_little_world(world, chosen):
    with stored(world) as rows:
        in_words_of_its_own(rows)
        records = list(Initiative.objects.filter(title__startswith="Quokka").order_by("pk"))
        kept, other = (records[n % len(records)] for n in chosen)
        before = totals()
        try:
            merged(kept, other)
        except CannotMerge:
            return
        assert totals() == before


def in_words_of_its_own(rows: list[Funding]) -> None:
    """Let no two say the same; keys are those of other initiatives too."""
    for row in Funding.objects.filter(record__in=[row.record_id for row in rows]).order_by("pk"):
        before = Funding.objects.filter(record=row.record_id, pk__lt=row.pk)
        same = before.filter(supersedes=None).count()
        row.words = f"said {row.pk}"
        row.key = row.supersedes.key if row.supersedes else f"s{same}"
        row.save()


def totals() -> list[Any]:
    """What the charts add up to, for each rung and in each measure."""
    asked = [
        {"rung": rung, **unit}
        for rung in ("announced", "disbursed")
        for unit in ({}, {"measure": "constant"}, {"currency": "CNY"})
    ]
    found = [
        reading.chart(Client(), "funding-by-year", reading.query(q="quokka", **query))["total"]
        for query in asked
    ]
    return [(total["low"], total["high"]) for total in found]


# --- What is refused -----------------------------------------------------------------------------


def test_a_draft_without_evidence_is_not_published_by_merging_it():
    one = quokka("one")
    two = quokka("two", state="draft", countries=("KEN",))
    before = tables()
    for kept, other in ((one, two), (two, one)):
        with pytest.raises(CannotMerge) as refused:
            merged(kept, other)
        assert refused.value.reasons == ["No accepted passage carries participation: Kenya, member"]
    assert tables() == before
    cast.carry(two.participations.get())
    assert merged(two, one).state == Record.State.PUBLISHED


def test_a_draft_may_say_without_evidence_what_the_published_record_says_with_it():
    one = quokka("one", countries=("KEN",))
    cast.carry(one.participations.get())
    two = quokka("two", state="draft", countries=("KEN",))
    assert merged(one, two).participations.current().count() == 1


def test_a_draft_is_not_published_by_merging_it_without_a_summary():
    one, two = quokka("one"), quokka("two", state="draft", countries=("KEN",), summary="")
    cast.carry(two.participations.get())
    before = tables()
    with pytest.raises(CannotMerge) as refused:
        merged(two, one)
    assert refused.value.reasons == ["the summary is missing"]
    with pytest.raises(CannotMerge, match="the summary is missing"):
        merged(one, two, "summary")
    assert tables() == before
    assert merged(two, one, "summary").state == Record.State.PUBLISHED


def test_a_merge_does_not_put_dates_of_a_published_record_out_of_order():
    one, two = quokka("one"), quokka("two")
    for record, status, date in ((one, "signed", "2019"), (two, "announced", "2020")):
        said = StatusStep.objects.create(record=record, status=status, date=PartialDate.parse(date))
        cast.carry(said)
        cast.derive(record)
    before = tables()
    with pytest.raises(CannotMerge, match="is dated before"):
        merged(one, two)
    assert tables() == before


def test_two_drafts_become_one_draft():
    one = quokka("one", state="draft", countries=("KEN",))
    two = quokka("two", state="in-review", countries=("CHN",))
    kept = merged(one, two)
    assert (kept.state, kept.participations.current().count()) == (Record.State.DRAFT, 2)


def test_records_of_two_types_and_withdrawn_ones_are_not_merged():
    one, two, three = quokka("one"), quokka("two"), quokka("three")
    with pytest.raises(CannotMerge, match="itself"):
        merged(one, one)
    with pytest.raises(CannotMerge, match="types"):
        merged(one, meeting("m-one", "Quokkas", 1))
    merged(one, two)
    with pytest.raises(CannotMerge, match="Quokka two.*withdrawn"):
        merged(three, two)


def test_a_form_that_is_sent_twice_merges_once():
    one, two = quokka("one"), quokka("two")
    by = person("chief editor")
    made = merge(one, two, Choices(), by, "same", token="t")
    with pytest.raises(Replayed) as again:
        merge(one, two, Choices(), by, "same", token="t")
    assert again.value.first == made
    assert Change.objects.filter(verb=Verb.MERGE).count() == 1
    assert (made.why, made.about) == ("same", "Quokka two into Quokka one")


# --- Afterwards ----------------------------------------------------------------------------------


def test_a_merged_record_leads_to_the_end_of_the_chain():
    one, two, three = quokka("one"), quokka("two"), quokka("three")
    merged(two, one)
    merged(three, two)
    assert Initiative.objects.get(pk=one.pk).merged_at_last.pk == three.pk
    assert three.merged_at_last == three


def test_importing_the_document_of_a_merged_record_again_changes_nothing():
    first = document(
        initiative("quokka-one", title="Quokka one", partners=[partner(country="Kenya")],
                   funding=[money("share")]),
    )  # fmt: skip
    second = document(
        initiative("quokka-two", title="Quokka two", kind="fund", sectors=["space"],
                   summary="Other words.", partners=[partner(country="Brazil")],
                   part_of=[part_of("quokka-one")],
                   funding=[money("share", amount(20, 20, words="twenty dollars")),
                            money("again", amount(20, 20, words="a score"), restates="share")]),
        article="second",
    )  # fmt: skip
    third = document(initiative("quokka-three", part_of=[part_of("quokka-two")]), article="third")
    for content in (first, second, third):
        imported(content)
    one, two = (Initiative.objects.get(slug=f"quokka-{n}") for n in ("one", "two"))
    merged(one, two)
    before = tables()
    for content in (first, second, third):
        assert set(results(imported(content)).values()) == {"unchanged"}
    assert tables() == before


def test_news_of_a_merged_record_goes_to_the_one_it_was_merged_into():
    imported(document(initiative("quokka-one"), initiative("quokka-two")))
    one, two = (Initiative.objects.get(slug=f"quokka-{n}") for n in ("one", "two"))
    merged(one, two)
    run = imported(
        document(
            initiative("quokka-two", partners=[partner(country="Brazil")]),
            initiative("quokka-four", part_of=[part_of("quokka-two")]),
            article="later",
        )
    )
    assert results(run) == {"quokka-two": "updated", "quokka-four": "created"}
    assert [c.iso3 for c in one.countries_now] == ["BRA"]
    assert PartOf.objects.current().get(record__slug="quokka-four").whole_id == one.pk
    assert not Proposal.objects.exists()
    in_order()


def test_a_document_that_names_a_merged_record_by_both_keys_says_each_thing_once():
    imported(document(initiative("quokka-one"), initiative("quokka-two")))
    one, two = (Initiative.objects.get(slug=f"quokka-{n}") for n in ("one", "two"))
    merged(one, two)
    brazil, kenya = (partner(country=name) for name in ("Brazil", "Kenya"))
    content = document(
        initiative("quokka-one", partners=[brazil]),
        initiative("quokka-two", partners=[brazil, kenya]),
        article="later",
    )
    assert results(imported(content)) == {"quokka-one": "updated", "quokka-two": "updated"}
    assert sorted(c.iso3 for c in one.countries_now) == ["BRA", "KEN"]
    said = one.participations.current()
    assert [part.carried.count() for part in said] == [1, 1]
    assert set(results(imported(content)).values()) == {"unchanged"}
    in_order()


# --- Taking it back ------------------------------------------------------------------------------


def exported(*slugs: str) -> list[Any]:
    """What the site gives away of some initiatives, without the number of the data version."""
    client = client_of("editor")
    lists = [reading.get_json(client, f"/{n}.json") for n in ("initiatives", "summits")]
    records = [reading.get_json(client, f"/initiatives/{slug}.json") for slug in slugs]
    rows = reading.csv_rows(client, "/initiatives.csv")
    charts = [reading.chart(client, slug) for slug in reading.CHARTS]
    return [*map(reading.unnumbered, [*lists, *records, *charts]), rows]


def test_a_merge_that_is_undone_leaves_everything_as_it_was():
    one = quokka("one", countries=("KEN",), blocs=("brics",), began="2020", aliases=["Q1"])
    two = quokka("two", countries=("KEN", "CHN"), sectors=("space",), began="2019", kind="fund")
    third = quokka("third")
    for record in (one, two):
        for part in record.participations.all():
            cast.carry(part)
    PartOf.objects.create(record=third, whole=two)
    PartOf.objects.create(record=two, whole=one)
    cast.money(one, "share", 100, rung="announced", period="2020")
    whole = cast.money(two, "share", 30, rung="announced", period="2021")
    cast.money(two, "same", 100, rung="announced", period="2020")
    cast.money(third, "part", 3, rung="announced", period="2021", part_of=whole)
    NotTheSame.objects.create(first=two, second=third)
    Outcome.objects.create(record=meeting("m", "Quokkas", 1), initiative=two, verb="funded")
    slugs = [f"quokka-{n}" for n in ("one", "two", "third")]
    before, said = exported(*slugs), facts()
    by = person("chief editor")
    made = merge(one, two, Choices(frozenset({"title", "kind"})), by, "same")
    assert exported(*slugs) != before
    undo([made], by)
    assert exported(*slugs) == before
    assert facts() == said
    assert NotTheSame.objects.values_list("first", "second").get() == (two.pk, third.pk)
    in_order()
