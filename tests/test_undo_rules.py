"""What undoing and bringing back refuse, each time with its reason, and what they leave alone then.

What one may do by hand one may not do by taking back either: circles, holes in what is published,
the same thing twice.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from initiatives.desk.reviewing import accept
from initiatives.funding.counting import recount
from initiatives.models import Evidence, Initiative, Participation, PartOf, Record, StatusStep
from initiatives.news.models import Proposal
from initiatives.news.publishing import lacking
from partners.history.changes import Change, Verb, change, data_version
from partners.models import Organisation
from tests import cast
from tests.documents import (
    document,
    imported,
    initiative,
    organisation,
    part_of,
    partner,
    step,
    summit,
)
from tests.exports import differing_rows, rows
from tests.people import client_of, person
from tests.reading import body, get_json, page, plain
from tests.test_entering import EDIT, PAID, SIGNED, entered, mistakes, published, sheet_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("taken_back")]

ADDRESS = EDIT.removesuffix("edit/")
HISTORY = f"{ADDRESS}history/"


@pytest.fixture
def chief() -> Any:
    return client_of("chief editor")


@pytest.fixture
def editor() -> Any:
    return client_of("editor")


def sent(client: Any, address: str, **form: Any) -> int:
    """The number of the change that the form made."""
    before = data_version()
    response = client.post(address, {"token": uuid.uuid4().hex, **form})
    assert response.status_code == 302, plain(body(response))[:2000]
    assert data_version() == before + 1
    return data_version()


def refused(client: Any, address: str, **form: Any) -> str:
    """What the page says that refuses the form, once it is sure that nothing was written."""
    before, changes = rows(), list(Change.objects.values_list())
    response = client.post(address, {"token": uuid.uuid4().hex, **form})
    assert response.status_code == 409, plain(body(response))[:2000]
    assert differing_rows(rows(), before) == {}
    assert list(Change.objects.values_list()) == changes
    return plain(body(response))


def edited(client: Any, address: str, **typed: Any) -> int:
    """The number of the change by which a sheet was saved with other words."""
    before = data_version()
    response = client.post(address, sheet_of(client, address) | typed)
    assert response.status_code == 302, mistakes(response)
    assert data_version() == before + 1
    return data_version()


def undone(client: Any, number: int) -> int:
    return sent(client, f"/changes/{number}/undo/")


def not_undone(client: Any, number: int) -> str:
    return refused(client, f"/changes/{number}/undo/")


def merged(chief: Any, kept: str, other: str) -> int:
    chosen = {"why": "the same", "take_title": "kept", "take_summary": "kept", "take_kind": "kept"}
    return sent(chief, f"/review/duplicates/{kept}/{other}/merge/", **chosen)


def other(*records: Any) -> dict[str, Any]:
    return document(*records, article="second-article")


def disputed() -> list[StatusStep]:
    """The two steps of t1, announced at two times."""
    imported(document(initiative("t1", status=[step(date="2023")])))
    imported(other(initiative("t1", status=[step(date="2024", quote="It was 2024.")])))
    accept(Proposal.objects.filter(record__slug="t1"), person("editor"), keep_both=True)
    return list(StatusStep.objects.filter(record__slug="t1").order_by("pk"))


# --- Circles -------------------------------------------------------------------------------------


def test_two_records_are_not_merged_into_each_other(client, chief):
    cast.initiative("t1", title="Quokka one", summary="Made up.")
    cast.initiative("t2", title="Quokka two", summary="Made up.")
    back = undone(chief, merged(chief, "t1", "t2"))
    merged(chief, "t2", "t1")
    assert "would lead back to itself" in not_undone(chief, back)
    assert 'href="/initiatives/t2/">Quokka two' in page(client, "/initiatives/t1/")
    assert "Quokka two" in page(client, "/initiatives/t2/")
    assert get_json(client, "/initiatives/t1.json")["merged_into"].endswith("/initiatives/t2/")


def parts() -> set[tuple[str, str]]:
    standing = PartOf.objects.current().filter(record__slug__in=["t1", "t2"])
    return set(standing.values_list("record__slug", "whole__slug"))


@pytest.mark.parametrize("way", ["undo", "revert"])
def test_an_initiative_does_not_come_to_be_part_of_its_own_part(chief, way):
    imported(document(initiative("t1", part_of=[part_of("t2")]), initiative("t2")))
    then = data_version()
    number = edited(chief, "/initiatives/t1/edit/", **{"part_of-0-gone": "on", "why": "no part"})
    imported(other(initiative("t2", part_of=[part_of("t1")])))
    assert parts() == {("t2", "t1")}
    if way == "undo":
        said = not_undone(chief, number)
    else:
        said = refused(chief, "/initiatives/t1/revert/", number=then)
    assert "“Initiative t1” would lead back to itself" in said
    assert parts() == {("t2", "t1")}


def test_an_organisation_does_not_come_to_belong_to_its_own_subsidiary(client, chief):
    slugs = ("quokka-one", "quokka-two")
    taking_part = [partner(organisation=f"Organisation {slug}") for slug in slugs]
    imported(document(*map(organisation, slugs), initiative("t1", partners=taking_part)))
    one, two = (Organisation.objects.get(slug=slug) for slug in slugs)
    with change(Verb.MANAGE, person("administrator")) as made:
        one.parent = two
        one.save()
    back = undone(chief, made.number)
    with change(Verb.MANAGE, person("administrator")):
        two.parent = Organisation.objects.get(pk=one.pk)
        two.save()
    assert "“Organisation quokka-one” would lead back to itself" in not_undone(chief, back)
    for slug in slugs:
        assert client.get(f"/organisations/{slug}/").status_code == 200


def test_money_does_not_come_to_be_part_of_itself(client, chief):
    one, two = cast.initiative("t1"), cast.initiative("t2")
    small, large = cast.money(one, "small", 10), cast.money(two, "large", 20)

    def inside(part: Any, whole: Any) -> int:
        with change(Verb.EDIT, person("chief editor")) as made:
            part.part_of = whole
            part.save()
            recount([one.pk, two.pk])
        return made.number

    back = undone(chief, inside(small, large))
    small.refresh_from_db()
    inside(large, small)
    assert "money would be part of itself" in not_undone(chief, back)
    for slug in ("t1", "t2"):
        assert client.get(f"/initiatives/{slug}/").status_code == 200


# --- The same thing twice ------------------------------------------------------------------------


def test_a_run_that_was_imported_anew_after_it_was_undone_is_not_brought_back_beside_it(chief):
    content = document(initiative("t1", status=[step()], partners=[partner()]), organisation())
    run = imported(content)
    back = sent(chief, f"/imports/{run.pk}/undo/")
    imported(content)
    said = not_undone(chief, back)
    assert "something written since stands where this would be put back" in said
    assert Record.objects.filter(slug="t1").count() == 1


def test_a_partner_that_was_stated_anew_is_not_stated_twice(chief):
    published()
    india = {"partners-8-who": "India", "partners-8-role": "funder", "partners-8-passage": PAID}
    back = undone(chief, edited(chief, EDIT, **india))
    edited(chief, EDIT, **india)
    assert "something written since stands where this would be put back" in not_undone(chief, back)
    said = Participation.objects.filter(record__slug="quokka-accord", country__iso3="IND")
    assert said.count() == 1


def test_two_summits_do_not_come_to_be_the_same_of_a_series(chief):
    imported(document(summit("s1", ordinal=1), summit("s2", ordinal=2)))
    number = edited(chief, "/summits/s1/edit/", ordinal="3")
    edited(chief, "/summits/s2/edit/", ordinal="1")
    said = not_undone(chief, number)
    assert "something written since stands where this would be put back" in said


def test_two_values_are_not_both_the_one_that_accord_goes_by(client, chief):
    first, second = disputed()

    def chosen(said: StatusStep) -> int:
        asked = {"kind": "statusstep", "statement": said.pk, "because": "the ministry says so"}
        return sent(chief, "/review/disputes/", **asked)

    back = undone(chief, chosen(first))
    chosen(second)
    assert "two values would be chosen" in not_undone(chief, back)
    said = get_json(client, "/initiatives/t1.json")["statements"]["statusstep"]
    assert [s["chosen_because"] for s in said] == [None, "the ministry says so"]
    assert get_json(client, "/initiatives/t1.json")["began"] == "2024"


# --- Bringing back -------------------------------------------------------------------------------


def test_a_record_that_was_merged_away_is_not_brought_back_by_itself(client, chief):
    imported(document(initiative("t1"), initiative("t2", partners=[partner()])))
    then = data_version()
    number = merged(chief, "t1", "t2")
    said = refused(chief, "/initiatives/t2/revert/", number=then)
    assert "it was merged into another record: take the merge back instead" in said
    undone(chief, number)
    assert get_json(client, "/initiatives/t2.json")["statements"]["participation"]


def test_a_record_is_not_brought_back_to_when_it_was_not_there(client, chief):
    run = imported(document(initiative("t1")))
    gone = sent(chief, f"/imports/{run.pk}/undo/")
    assert client.get("/initiatives/t1/").status_code == 404
    undone(chief, gone)
    said = refused(chief, "/initiatives/t1/revert/", number=gone)
    assert "the record was not there then" in said
    assert client.get("/initiatives/t1/").status_code == 200


def test_a_record_does_not_come_to_name_what_was_merged_away_since(chief):
    whole = initiative("t1", part_of=[part_of("t2")])
    imported(document(whole, initiative("t2"), initiative("t3")))
    then = data_version()
    edited(chief, "/initiatives/t1/edit/", title="Another title")
    merged(chief, "t3", "t2")
    said = refused(chief, "/initiatives/t1/revert/", number=then)
    assert "“Initiative t2” was withdrawn" in said or "Initiative t2 was withdrawn" in said
    assert parts() == {("t1", "t3")}


# --- What is published ---------------------------------------------------------------------------


def test_an_editor_does_not_take_back_what_was_published_since_but_a_chief_editor_may(
    client, chief, editor
):
    record = entered(editor)
    number = edited(editor, EDIT, title="Quokka accord, renamed")
    sent(chief, f"{record.get_absolute_url()}publish/")
    said = not_undone(editor, number)
    assert "has been published since: a chief editor can take it back" in said
    assert get_json(client, "/initiatives/quokka-accord.json")["title"] == "Quokka accord, renamed"
    undone(chief, number)
    assert get_json(client, "/initiatives/quokka-accord.json")["title"] == "Quokka accord"


@pytest.mark.parametrize(
    "decision", [{"decision": "accept"}, {"decision": "reject", "reason": "unreliable"}]
)
def test_an_editor_takes_back_a_decision_on_a_published_record(client, editor, decision):
    imported(document(initiative("t1", status=[step(date="2023")])))
    imported(other(initiative("t1", status=[step(date="2024", quote="It was 2024.")])))
    proposal = Proposal.objects.get(record__slug="t1")
    number = sent(editor, f"/review/{proposal.pk}/", **decision)
    proposal.refresh_from_db()
    assert proposal.state != "pending"
    undone(editor, number)
    proposal.refresh_from_db()
    assert proposal.state == "pending"
    assert get_json(client, "/initiatives/t1.json")["began"] == "2023"


def test_an_editor_takes_back_a_choice_between_values_of_a_published_record(client, editor):
    first, _second = disputed()
    asked = {"kind": "statusstep", "statement": first.pk, "because": "the ministry says so"}
    number = sent(editor, "/review/disputes/", **asked)
    assert get_json(client, "/initiatives/t1.json")["began"] == "2023"
    undone(editor, number)
    assert get_json(client, "/initiatives/t1.json")["began"] == "2023/2024"


def test_what_is_published_does_not_lose_the_passages_that_carry_it(client, chief, editor):
    imported(document(initiative("t1", status=[step(date="2023")])), publish=False)
    waiting = list(Evidence.objects.filter(state="proposed").values_list("pk", flat=True))
    number = sent(editor, "/review/drafts/", decision="accept", passage=waiting)
    sent(chief, "/initiatives/t1/publish/")
    for client_of_one in (editor, chief):
        said = not_undone(client_of_one, number)
        assert "“Initiative t1” is published, and no accepted passage carries" in said
    assert get_json(client, "/initiatives/t1.json")["began"] == "2023"


def test_passages_of_a_draft_stay_accepted_while_something_published_rests_on_them(
    client, chief, editor
):
    imported(document(initiative("t1", status=[step()])), publish=False)
    waiting = list(Evidence.objects.filter(state="proposed").values_list("pk", flat=True))
    number = sent(editor, "/review/drafts/", decision="accept", passage=waiting)
    imported(document(initiative("t2", status=[step()])))
    assert "“Initiative t2” is published, and no accepted passage carries" in not_undone(
        chief, number
    )
    assert get_json(client, "/initiatives/t2.json")["began"] == "2024"


def test_what_lost_its_passages_as_a_draft_is_not_published_by_undoing(client, chief, editor):
    entered(editor)
    back = undone(chief, sent(chief, "/initiatives/quokka-accord/publish/"))
    number = edited(editor, EDIT, **{"status-0-passage": ""})
    assert "is published, and no accepted passage carries" in not_undone(chief, back)
    assert client.get("/initiatives/quokka-accord/").status_code == 404
    undone(editor, number)
    undone(chief, back)
    assert client.get("/initiatives/quokka-accord/").status_code == 200


def test_a_version_that_could_not_be_published_is_not_brought_back(client, chief, editor):
    entered(editor, **{"status-0-passage": ""})
    then = data_version()
    edited(editor, EDIT, **{"status-0-passage": SIGNED})
    sent(chief, "/initiatives/quokka-accord/publish/")
    said = refused(chief, "/initiatives/quokka-accord/revert/", number=then)
    assert "is published, and no accepted passage carries" in said
    assert get_json(client, "/initiatives/quokka-accord.json")["status"] == "signed"


@pytest.mark.parametrize("typed", [{"summary": "Filled in."}, {"summary": "", "kind": "fund"}])
def test_a_hole_that_was_there_before_does_not_keep_a_change_from_being_undone(chief, typed):
    """Neither the hole that the change had filled, nor another that stands open all the time."""
    published()
    Initiative.objects.filter(slug="quokka-accord").update(summary="")
    undone(chief, edited(chief, EDIT, **typed))
    record = Initiative.objects.get(slug="quokka-accord")
    assert (record.summary, record.kind, record.state) == ("", "agreement", "published")
    assert "the summary is missing" in map(str, lacking(record))


def test_a_hole_that_came_since_does_not_keep_an_older_change_from_being_undone(chief):
    published()
    number = edited(chief, EDIT, kind="fund")
    Initiative.objects.filter(slug="quokka-accord").update(summary="")
    undone(chief, number)
    record = Initiative.objects.get(slug="quokka-accord")
    assert (record.summary, record.kind, record.state) == ("", "agreement", "published")


# --- Runs and their decisions --------------------------------------------------------------------


def proposing(slug: str, article: str) -> Any:
    """A run that proposes another date for a record than it has."""
    said = initiative(slug, status=[step(date="2024", quote=f"{slug}: 2024.")])
    run = imported(document(said, article=article))
    assert Proposal.objects.filter(document__run=run).count() == 1
    return run


def began(client: Any) -> list[str]:
    return [get_json(client, f"/initiatives/{slug}.json")["began"] for slug in ("t1", "t2")]


@pytest.fixture
def dated(client: Any) -> None:
    imported(document(*(initiative(slug, status=[step(date="2023")]) for slug in ("t1", "t2"))))


@pytest.mark.parametrize(
    "decision", [{"decision": "accept"}, {"decision": "reject", "reason": "unreliable"}]
)
def test_a_run_is_taken_back_with_what_was_decided_on_its_proposals(
    client, chief, editor, dated, decision
):
    before = rows()
    run = proposing("t1", "second")
    number = sent(editor, "/review/", proposal=Proposal.objects.get().pk, **decision)
    back = sent(chief, f"/imports/{run.pk}/undo/")
    assert differing_rows(rows(), before) == {}
    assert began(client) == ["2023", "2023"]
    assert Change.objects.get(number=number).undone_by_id == back


def test_a_batch_that_decided_proposals_of_two_runs_is_not_taken_back_with_one(
    client, chief, editor, dated
):
    first, second = proposing("t1", "second"), proposing("t2", "third")
    both = list(Proposal.objects.values_list("pk", flat=True))
    number = sent(editor, "/review/", proposal=both, decision="accept")
    assert began(client) == ["2024", "2024"]
    said = refused(chief, f"/imports/{first.pk}/undo/")
    assert f"change {number}" in said
    assert began(client) == ["2024", "2024"]
    undone(chief, number)
    sent(chief, f"/imports/{first.pk}/undo/")
    assert [p.document.run for p in Proposal.objects.all()] == [second]


# --- Once, and never -----------------------------------------------------------------------------


def test_what_was_taken_back_is_not_taken_back_again(chief):
    published()
    number = edited(chief, EDIT, summary="A mistake.")
    undone(chief, number)
    assert f"change {number} was taken back already" in not_undone(chief, number)
    assert f'action="/changes/{number}/undo/"' not in page(chief, HISTORY)
    assert f'action="/changes/{number}/undo/"' not in page(chief, f"/changes/{number}/")


@pytest.mark.parametrize("verb", [Verb.LOAD, Verb.RECOUNT])
def test_what_was_loaded_or_counted_is_never_undone(chief, verb):
    if verb == Verb.RECOUNT:
        with change(Verb.RECOUNT):
            cast.money(cast.initiative("t1"), "m", 10)
    number = Change.objects.filter(verb=verb).latest("number").number
    assert "what was loaded or counted is not undone" in not_undone(chief, number)
    assert "Undo this change" not in page(chief, f"/changes/{number}/")
