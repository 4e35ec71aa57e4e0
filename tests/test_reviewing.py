"""Reviewing what imports propose: accepting, rejecting, editing, and what does not come back."""

from __future__ import annotations

import pytest

from dashboards.forms.reviewing import FIELDS, PayloadForm
from initiatives.desk.reviewing import accept, reject
from initiatives.desk.undoing import undo
from initiatives.funding.models import Entry
from initiatives.models import Article, Evidence, Initiative
from initiatives.news.models import Proposal
from partners.history.changes import Change, Replayed
from partners.models import Organisation
from tests.documents import (
    SAID,
    alliance,
    amount,
    document,
    figure,
    imported,
    in_words,
    initiative,
    money,
    organisation,
    part_of,
    partner,
    results,
    step,
    summit,
)
from tests.people import client_of, person
from tests.reading import body, get_json, page, plain, unnumbered

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("taken_back")]


def other(*records, **changes):
    return document(*records, article="second-article", **changes)


def a_differing_step() -> Proposal:
    """The record says announced 2023; a second article says 2024."""
    imported(document(initiative(status=[step(date="2023")])))
    imported(other(initiative(status=[step(date="2024", quote="It was 2024.")])))
    return Proposal.objects.get(record__slug="test-programme")


def steps() -> list[str]:
    record = Initiative.objects.get(slug="test-programme")
    return [str(step) for step in record.steps.current().order_by("pk")]


def pending(field: str) -> Proposal:
    return Proposal.objects.get(field=field, state="pending")


def test_an_accepted_statement_takes_the_place_of_the_old_one_with_its_passage():
    proposal = a_differing_step()
    decided = accept([proposal], person("editor"))
    assert decided.done == [proposal]
    assert not decided.refused
    record = Initiative.objects.get(slug="test-programme")
    assert steps() == ["announced 2024"]
    assert str(record.began) == "2024"
    new = record.steps.current().get()
    assert str(new.supersedes) == "announced 2023"
    assert new.supersedes.retired_because
    [carried] = new.carried.select_related("evidence")
    assert carried.evidence.words == "It was 2024."
    assert carried.evidence.state == "accepted"
    assert carried.evidence.made_by == Evidence.MadeBy.IMPORT
    proposal.refresh_from_db()
    assert (proposal.state, proposal.decided_by) == ("accepted", person("editor"))


def test_keeping_both_values_makes_them_disputed():
    accept([a_differing_step()], person("editor"), keep_both=True)
    assert steps() == ["announced 2023", "announced 2024"]
    assert Initiative.objects.get(slug="test-programme").began_disputed


def test_an_accepted_proposal_is_one_change_and_a_replayed_form_makes_no_second():
    proposal = a_differing_step()
    before = Change.objects.count()
    accept([proposal], person("editor"), token="one-form")
    with pytest.raises(Replayed):
        accept([proposal], person("editor"), token="one-form")
    assert Change.objects.count() == before + 1
    assert steps() == ["announced 2024"]


def test_what_was_decided_meanwhile_is_refused_with_words_and_writes_nothing():
    proposal = a_differing_step()
    reject([proposal], person("editor"), "outdated")
    before = Change.objects.count()
    decided = accept([proposal], person("editor"))
    assert "rejected" in str(decided.refused[0][1])
    assert not decided.done
    assert Change.objects.count() == before


def test_a_rejected_proposal_is_not_proposed_again_but_from_another_text_it_is():
    proposal = a_differing_step()
    decided = reject([proposal], person("editor"), "not-said", "It says 2023.")
    assert decided.change.why == "the passage does not say so: It says 2023."
    proposal.refresh_from_db()
    assert (proposal.state, proposal.reason) == ("rejected", "not-said")
    again = other(initiative(status=[step(date="2024", quote="It was 2024.")]))
    assert results(imported(again)) == {"test-programme": "unchanged"}
    assert Proposal.objects.count() == 1
    third = document(initiative(status=[step(date="2024", quote="Surely 2024.")]), article="third")
    assert results(imported(third)) == {"test-programme": "proposed"}
    assert Proposal.objects.filter(state="pending").count() == 1
    assert Proposal.objects.count() == 2


def test_a_second_text_adds_nothing_while_the_same_value_waits():
    a_differing_step()
    third = document(initiative(status=[step(date="2024", quote="Surely 2024.")]), article="third")
    assert results(imported(third)) == {"test-programme": "proposed"}
    assert Proposal.objects.count() == 1


def test_a_trusted_import_of_the_same_text_does_not_write_what_was_rejected():
    imported(document(initiative()))
    said = other(initiative(partners=[partner("Brazil joined.", country="Brazil")]))
    imported(said, publish=False)
    reject([pending("participation")], person("editor"), "not-said")
    assert results(imported(said)) == {"test-programme": "unchanged"}
    assert not Initiative.objects.get(slug="test-programme").participations.exists()


def test_a_trusted_import_of_the_same_text_leaves_descriptions_that_were_rejected():
    imported(document(organisation(), initiative()), publish=False)
    said = other(
        organisation(country="Kenya"), initiative(title="Another title", sectors=["space"])
    )
    imported(said, publish=False)
    reject(Proposal.objects.filter(state="pending"), person("editor"), "not-said")
    assert Proposal.objects.filter(state="rejected").count() == 3
    imported(said)
    record = Initiative.objects.get(slug="test-programme")
    assert record.title == "Initiative test-programme"
    assert [sector.slug for sector in record.sectors.all()] == ["computing"]
    assert Organisation.objects.get(slug="test-bank").country is None


def test_every_kind_of_description_can_be_accepted():
    imported(document(
        organisation(country="Kenya"), organisation("parent-bank"),
        initiative(aliases=["TP"]), summit(ordinal=1),
    ))  # fmt: skip
    imported(other(
        organisation(country="Brazil", kind="company", name="Another bank"),
        initiative(title="Another title", kind="project", aliases=["TPP"], sectors=["space"],
                   summary="As it is."),
        summit(ordinal=2, series="Another series"),
    ))  # fmt: skip
    decided = accept(Proposal.objects.all(), person("editor"))
    assert not decided.refused
    bank = Organisation.objects.get(slug="test-bank")
    assert (bank.country.iso3, bank.kind, bank.name) == ("BRA", "company", "Another bank")
    assert bank == Organisation.objects.named("Another bank")
    record = Initiative.objects.get(slug="test-programme")
    assert (record.title, record.kind, record.summary) == ("Another title", "project", "As it is.")
    assert record.aliases == ["TP", "TPP"]
    assert [sector.slug for sector in record.sectors.all()] == ["space"]
    assert record.search_text.startswith("another title")
    meeting = Proposal.objects.filter(field="series").get().record.summit
    assert (meeting.ordinal, meeting.series.name) == (2, "Another series")


def test_accepted_money_is_counted_once_and_keeps_what_it_is_part_of():
    parts = [money("whole", amount(100, 100)), money("share", amount(10, 10), part_of="whole")]
    imported(document(initiative(funding=parts)))
    imported(other(initiative(funding=[money("share", amount(20.5, 20.5))])))
    decided = accept([pending("funding")], person("editor"))
    assert not decided.refused
    record = Initiative.objects.get(slug="test-programme")
    share = record.funding.current().get(key="share")
    assert (share.low, share.part_of.key, share.supersedes.low) == (20.5, "whole", 10)
    counted = record.funding.current().filter(entries__measure="nominal", entries__reason="")
    assert {f.key for f in counted} == {"whole", "share"}


def test_money_that_restates_proposed_money_waits_for_it():
    imported(document(initiative(funding=[money(amount=amount(10, 10))])))
    imported(
        other(initiative(funding=[money("base"), money("euros", amount(9, 9), restates="base")])),
        publish=False,
    )
    base, euros = Proposal.objects.order_by("pk")
    assert "base" in str(accept([euros], person("editor")).refused[0][1])
    assert len(accept([base, euros], person("editor")).done) == 2


def test_a_proposal_for_a_withdrawn_record_is_refused_and_the_rest_of_the_batch_is_done():
    proposal = a_differing_step()
    imported(document(initiative("another")))
    imported(other(initiative("another", summary="As it is.")))
    Initiative.objects.filter(slug="test-programme").update(state="withdrawn")
    decided = accept(Proposal.objects.all(), person("editor"))
    assert [p.pk for p, _why in decided.refused] == [proposal.pk]
    assert "withdrawn" in str(decided.refused[0][1])
    assert Initiative.objects.get(slug="another").summary == "As it is."


def test_an_initiative_cannot_become_part_of_itself_by_accepting():
    imported(document(initiative("whole"), initiative("part", part_of=[part_of("whole")])))
    imported(other(initiative("whole", summary="x", part_of=[part_of("third")]),
                   initiative("third")), publish=False)  # fmt: skip
    proposal = pending("partof")
    proposal.payload["record"] = "part"
    proposal.save()
    assert "part of itself" in str(accept([proposal], person("editor")).refused[0][1])


def test_what_an_editor_has_changed_is_accepted_as_changed_and_says_so():
    proposal = a_differing_step()
    row = {**proposal.payload, "date": "2024-06"}
    accept([proposal], person("editor"), edited={proposal.pk: row})
    assert steps() == ["announced June 2024"]
    proposal.refresh_from_db()
    assert "announced June 2024" in proposal.remark
    again = other(initiative(status=[step(date="2024", quote="It was 2024.")]))
    assert results(imported(again)) == {"test-programme": "unchanged"}


def test_a_wrong_edit_names_its_field_and_changes_nothing():
    proposal = a_differing_step()
    row = {**proposal.payload, "date": "2024-13"}
    [(_proposal, refusal)] = accept([proposal], person("editor"), edited={proposal.pk: row}).refused
    assert [problem.place for problem in refusal.problems] == ["/date"]
    assert steps() == ["announced 2023"]


def test_decisions_can_be_undone_to_the_state_before():
    imported(document(initiative(status=[step(date="2023")], funding=[money()])))
    imported(other(initiative(status=[step(date="2024")], funding=[money(amount=amount(2, 2))],
                              summary="As it is.", sectors=["space"])))  # fmt: skip

    def state() -> tuple:
        record = get_json(client_of("editor"), "/initiatives/test-programme.json")
        proposals = Proposal.objects.order_by("pk").values()
        entries = Entry.objects.filter(record__slug="test-programme").order_by("statement", "pk")
        counted = [
            *entries.values_list(
                "statement", "measure", "currency", "rung", "low", "high", "reason"
            )
        ]
        return unnumbered(record), list(proposals), sorted(map(str, counted))

    before = state()
    for decide in (accept, lambda all_of_them, by: reject(all_of_them, by, "outdated")):
        decided = decide(Proposal.objects.all(), person("editor"))
        assert not decided.refused
        assert state() != before
        undo([Change.objects.get(pk=decided.change.pk)], person("chief editor"), "a slip")
        assert state() == before


# --- Through the address -------------------------------------------------------------------------


def test_the_queue_and_a_proposal_show_both_values_and_the_sentence_in_its_article():
    proposal = a_differing_step()
    editor = client_of("editor")
    shown = page(editor, "/review/?record=test-programme&field=statusstep")
    assert "announced 2024" in shown
    assert "announced 2024" not in page(editor, "/review/?field=funding")
    shown = page(editor, f"/review/{proposal.pk}/")
    assert "announced 2023" in shown
    assert "<mark>It was 2024.</mark>" in shown
    assert f'href="{Article.objects.get(key="second-article").get_absolute_url()}"' in shown


def test_strangers_are_sent_to_the_login_and_an_unknown_filter_is_named():
    assert client_of().get("/review/").status_code == 302
    shown = page(client_of("editor"), "/review/?run=nothing", 400)
    assert "run" in shown


def test_accepting_through_the_page_opens_the_next_and_offers_to_undo():
    proposal = a_differing_step()
    imported(document(initiative("another")))
    imported(other(initiative("another", summary="As it is.")))
    following = Proposal.objects.get(record__slug="another")
    chief = client_of("chief editor")
    answer = chief.post(f"/review/{proposal.pk}/", {"decision": "accept", "token": "x"})
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"/review/{following.pk}/?done=")
    assert "accepted:" in page(chief, answer["Location"])
    again = chief.post(f"/review/{proposal.pk}/", {"decision": "accept", "token": "x"})
    assert again["Location"].startswith(f"/review/{following.pk}/?done=")
    assert steps() == ["announced 2024"]


def test_rejecting_needs_a_reason_and_the_decision_stays_visible_to_whoever_submitted():
    proposal = a_differing_step()
    run = proposal.document.run
    run.requested_by = person("editor", "submitter")
    run.save()
    editor = client_of("editor")
    asked = {"decision": "reject", "reason": ""}
    assert "This field is required" in body(editor.post(f"/review/{proposal.pk}/", asked))
    answer = editor.post(
        f"/review/{proposal.pk}/",
        {"decision": "reject", "reason": "unreliable", "remark": "A blog."},
    )
    assert answer.status_code == 302
    for address in ("/review/?state=rejected", f"/review/{proposal.pk}/", run.get_absolute_url()):
        shown = page(editor, address)
        assert "the source is not reliable on this" in shown, address
        assert "A blog." in shown, address
    assert "A blog." in page(client_of("editor", "submitter"), run.get_absolute_url())
    assert "A blog." not in page(client_of(), run.get_absolute_url())


def test_edit_and_accept_understands_dates_as_typed_and_names_the_field_of_a_mistake():
    proposal = a_differing_step()
    editor = client_of("editor")
    typed = {"decision": "edit", "as-status": "signed", "as-date": "sometime"}
    answer = editor.post(f"/review/{proposal.pk}/", typed)
    assert answer.status_code == 400
    assert 'id="id_as-date_error"' in body(answer)
    assert 'value="sometime"' in body(answer)
    typed["as-date"] = "June 2024"
    assert editor.post(f"/review/{proposal.pk}/", typed).status_code == 302
    assert steps() == ["announced 2023", "signed June 2024"]


def test_an_amount_is_edited_as_people_write_it():
    imported(document(initiative(funding=[money()])))
    imported(other(initiative(funding=[money(amount=amount(20, 20))])))
    proposal = pending("funding")
    editor = client_of("editor")
    typed = {"decision": "edit", "as-amount": "at least 7bn XXQ", "as-rung": "announced",
             "as-recurs": "once"}  # fmt: skip
    answer = editor.post(f"/review/{proposal.pk}/", typed)
    assert answer.status_code == 400
    assert 'id="id_as-amount_error"' in body(answer)
    typed["as-amount"] = "at least 7bn USD"
    assert editor.post(f"/review/{proposal.pk}/", typed).status_code == 302
    [share] = Initiative.objects.get(slug="test-programme").funding.current()
    assert (share.low, share.high, share.currency) == (7_000_000_000, None, "USD")


def test_an_amount_that_was_read_from_words_stays_when_something_else_is_edited():
    imported(document(initiative(funding=[money()])))
    said = money(amount=in_words("more than USD 20.5 million"))
    imported(other(initiative(funding=[said])))
    proposal = pending("funding")
    typed = {"decision": "edit", "as-amount": "more than USD 20.5 million", "as-purpose": "a cable",
             "as-rung": "announced", "as-recurs": "once"}  # fmt: skip
    assert client_of("editor").post(f"/review/{proposal.pk}/", typed).status_code == 302
    [share] = Initiative.objects.get(slug="test-programme").funding.current()
    assert (share.low, share.high, share.purpose) == (20_500_000, None, "a cable")


def test_a_form_without_a_decision_decides_nothing():
    proposal = a_differing_step()
    editor = client_of("editor")
    for decision in ("", "undo"):
        assert editor.post(f"/review/{proposal.pk}/", {"decision": decision}).status_code == 400
        asked = {"decision": decision, "proposal": proposal.pk, "reason": "other"}
        assert editor.post("/review/", asked).status_code == 400
    proposal.refresh_from_db()
    assert proposal.state == "pending"


@pytest.mark.parametrize("field", list(FIELDS))
def test_every_kind_of_proposal_has_a_page_and_can_be_accepted_as_it_stands_in_the_form(field):
    proposal = one_of_each()[field]
    editor = client_of("editor")
    shown = page(editor, f"/review/{proposal.pk}/")
    assert "Edit and accept" in shown
    form = PayloadForm(proposal)
    typed = {f"as-{name}": form[name].value() for name in form.fields}
    typed = {name: "" if value is None else value for name, value in typed.items()}
    answer = editor.post(f"/review/{proposal.pk}/", {"decision": "edit", **typed})
    assert answer.status_code == 302, plain(body(answer))
    proposal.refresh_from_db()
    assert (proposal.state, proposal.remark) == ("accepted", "")


def one_of_each() -> dict[str, Proposal]:
    imported(document(
        organisation(country="Kenya"), organisation("parent-bank"), initiative("whole"),
        initiative(status=[step(date="2023")]), alliance(), summit(ordinal=1),
    ))  # fmt: skip
    imported(
        other(
            organisation(country="Brazil", kind="company", name="Another bank", parent="parent-bank"),
            initiative(
                title="Another title", kind="project", aliases=["TPP"], sectors=["space"],
                summary="As it is.", status=[step()], partners=[partner()], funding=[money()],
                figures=[figure()], blocs=[{"bloc": "BRICS", "quote": SAID}],
                labels=[{"label": "belt-and-road", "quote": SAID}], part_of=[part_of("whole")],
            ),
            alliance(dates=[{"event": "founded", "date": "2020", "quote": SAID}]),
            summit(ordinal=2, series="Another series",
                   outcomes=[{"record": "whole", "verb": "adopted", "quote": SAID}]),
        ),
        publish=False,
    )  # fmt: skip
    found = {proposal.field: proposal for proposal in Proposal.objects.order_by("pk")}
    assert set(found) == set(FIELDS)
    return found


def test_a_batch_does_what_it_can_and_says_what_it_could_not():
    stale = a_differing_step()
    imported(document(initiative("another")))
    imported(other(initiative("another", summary="As it is.")))
    Initiative.objects.filter(slug="test-programme").update(state="withdrawn")
    editor = client_of("editor")
    numbers = list(Proposal.objects.values_list("pk", flat=True))
    assert editor.post("/review/", {"decision": "accept"}).status_code == 400
    before = Change.objects.count()
    answer = editor.post("/review/", {"decision": "accept", "proposal": numbers}, follow=True)
    assert "the record was withdrawn" in body(answer)
    assert Change.objects.count() == before + 1
    stale.refresh_from_db()
    assert stale.state == "pending"
    assert Initiative.objects.get(slug="another").summary == "As it is."
    assert editor.post("/review/", {"decision": "reject", "proposal": numbers}).status_code == 400


def test_passages_of_a_draft_are_accepted_and_what_rests_on_a_rejected_one_goes():
    partners = [partner(), partner("Brazil joined.", country="Brazil")]
    said = initiative(partners=partners, status=[step()])
    imported(document(said), publish=False)
    editor = client_of("editor")
    shown = page(editor, "/review/drafts/")
    assert "Brazil joined." in shown
    good, bad = (Evidence.objects.get(words=words) for words in (SAID, "Brazil joined."))
    assert editor.post("/review/drafts/", {"decision": "accept"}).status_code == 400
    editor.post("/review/drafts/", {"decision": "accept", "passage": good.pk})
    editor.post("/review/drafts/", {"decision": "reject", "passage": bad.pk})
    record = Initiative.objects.get(slug="test-programme")
    assert steps() == ["announced 2024"]
    assert [str(p) for p in record.participations.current()] == ["Kenya, member"]
    good.refresh_from_db()
    assert good.state == "accepted"
    assert "Publish" not in page(editor, "/review/drafts/")
    assert f"{record.get_absolute_url()}publish/" in page(
        client_of("chief editor"), "/review/drafts/"
    )
