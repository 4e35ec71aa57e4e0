"""What an import writes, what it rejects and why, and what it never overwrites."""

import csv
import io

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.utils import timezone

from initiatives.models import (
    Article,
    Initiative,
    PartOf,
    Record,
    StatusStep,
)
from initiatives.news.models import ImportOutcome, ImportRun, Proposal
from partners.history.changes import data_version
from partners.models import Organisation
from tests import cast
from tests.documents import (
    SAID,
    alliance,
    amount,
    document,
    figure,
    held,
    imported,
    initiative,
    money,
    organisation,
    partner,
    problems,
    results,
    step,
    summit,
    tables,
    the_document,
)
from tests.people import client_of
from tests.reading import plain, unnumbered

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("taken_back")]


@pytest.fixture
def editor(client):
    """Somebody who may see drafts, logged in."""
    user = User.objects.create_user("test-editor")
    user.user_permissions.add(Permission.objects.get(codename="view_record"))
    client.force_login(user)
    return client


def page(client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def stated(client, path: str, kind: str) -> list[dict]:
    """The statements of one kind, from the record as JSON."""
    return client.get(f"{path}.json").json()["statements"][kind]


# --- The seeds, and importing twice --------------------------------------------------------------


def test_every_record_of_the_seeds_is_published_and_none_rejected(client):
    found = set(ImportOutcome.objects.values_list("result", flat=True))
    assert found <= {"created", "updated", "unchanged"}
    assert set(Record.objects.values_list("state", flat=True)) == {"published"}
    for record in Record.objects.all():
        assert record.title in client.get(record.get_absolute_url()).content.decode().replace(
            "&#x27;", "'"
        ).replace("&amp;", "&")


def test_importing_the_seeds_twice_changes_nothing_and_says_unchanged():
    before = tables()
    assert set(results(cast.import_seeds()).values()) == {"unchanged"}
    assert tables() == before


@pytest.mark.parametrize("publish", [True, False])
def test_importing_twice_says_unchanged(publish):
    content = document(
        organisation(aliases=["Bank of the test"], country="Kenya"),
        initiative(
            partners=[partner(), partner(organisation="Bank of the test", role="funder")],
            status=[step()],
            funding=[money(), money("again", restates="share")],
            figures=[figure()],
            blocs=[{"bloc": "BRICS", "quote": SAID}],
            labels=[{"label": "belt-and-road", "quote": SAID}],
        ),
        initiative("part", part_of=[{"record": "test-programme", "quote": SAID}]),
        alliance(dates=[{"event": "founded", "date": "2013-23", "quote": SAID}]),
        summit(outcomes=[{"record": "part", "verb": "adopted", "quote": SAID}]),
    )
    assert set(results(imported(content, publish=publish)).values()) == {"created"}
    before = tables()
    assert set(results(imported(content, publish=publish)).values()) == {"unchanged"}
    assert tables() == before


def test_two_articles_that_agree_are_two_sources_of_one_value(client):
    other = "In 2024 the test programme was announced, the gazette says."
    imported(document(initiative(status=[step()])))
    again = document(initiative(status=[step(quote=other)]), article="second-article")
    assert results(imported(again)) == {"test-programme": "updated"}
    [said] = stated(client, "/initiatives/test-programme", "statusstep")
    assert {e["article"] for e in said["evidence"]} == {"test-article", "second-article"}
    assert results(imported(again)) == {"test-programme": "unchanged"}


# --- Rejected by name and place ------------------------------------------------------------------

REJECTED = {
    "country": (
        initiative("bad", partners=[partner(country="Atlantis")]),
        "/records/0/partners/0/country", "unknown country “Atlantis”",
    ),
    "country code in small letters": (
        initiative("bad", partners=[partner(country="ken")]),
        "/records/0/partners/0/country", "unknown country “ken”",
    ),
    "bloc": (
        initiative("bad", blocs=[{"bloc": "BRICKS", "quote": SAID}]),
        "/records/0/blocs/0/bloc", "unknown bloc “BRICKS”",
    ),
    "organisation": (
        initiative("bad", partners=[partner(organisation="Nobody Ltd")]),
        "/records/0/partners/0/organisation", "unknown organisation “Nobody Ltd”",
    ),
    "currency": (
        initiative("bad", funding=[money(amount=amount(currency="US$"))]),
        "/records/0/funding/0/amount/currency", "unknown currency “US$”",
    ),
    "currency in small letters": (
        initiative("bad", funding=[money(amount=amount(currency="usd"))]),
        "/records/0/funding/0/amount/currency", "unknown currency “usd”",
    ),
    "field": (initiative("bad", contry="Kenya"), "/records/0", "'contry' was unexpected"),
    "field below": (
        initiative("bad", partners=[partner(contry="Kenya")]),
        "/records/0/partners/0", "'contry' was unexpected",
    ),
    "qualifier": (
        initiative("bad", funding=[money(amount=amount(qualifier="roughly"))]),
        "/records/0/funding/0/amount/qualifier", "unknown value “roughly”; known are exactly,",
    ),
    "sector": (
        initiative("bad", sectors=["computing", "magic"]),
        "/records/0/sectors/1", "unknown sector “magic”",
    ),
    "sector of money": (
        initiative("bad", funding=[money(sector="magic")]),
        "/records/0/funding/0/sector", "unknown sector “magic”",
    ),
    "label": (
        initiative("bad", labels=[{"label": "silk-highway", "quote": SAID}]),
        "/records/0/labels/0/label", "unknown label “silk-highway”",
    ),
    "initiative": (
        initiative("bad", part_of=[{"record": "nowhere", "quote": SAID}]),
        "/records/0/part_of/0/record", "unknown initiative “nowhere”",
    ),
    "an alliance in the place of an initiative": (
        initiative("bad", part_of=[{"record": "good-alliance", "quote": SAID}]),
        "/records/0/part_of/0/record", "unknown initiative “good-alliance”",
    ),
    "outcome": (
        summit("bad", outcomes=[{"record": "nowhere", "verb": "adopted", "quote": SAID}]),
        "/records/0/outcomes/0/record", "unknown initiative “nowhere”",
    ),
    "provider": (
        initiative("bad", funding=[money(provider={"country": "Atlantis"})]),
        "/records/0/funding/0/provider/country", "unknown country “Atlantis”",
    ),
    "country of an organisation": (
        organisation("bad", country="Atlantis"),
        "/records/0/country", "unknown country “Atlantis”",
    ),
    "parent of an organisation": (
        organisation("bad", parent="nobody"), "/records/0/parent", "unknown organisation “nobody”",
    ),
    "role": (
        initiative("bad", partners=[partner(country="Kenya", role="boss")]),
        "/records/0/partners/0/role", "unknown value “boss”",
    ),
    "type": ({"type": "treaty", "key": "bad"}, "/records/0/type", "unknown type “treaty”"),
    "no type": ({"key": "bad"}, "/records/0/type", "unknown type “”"),
    "no object": ("bad", "/records/0", "a record is an object"),
    "no title": (
        {k: v for k, v in initiative("bad").items() if k != "title"},
        "/records/0", "'title' is a required property",
    ),
    "capitals in the key": (initiative("Bad"), "/records/0/key", "'Bad' does not match"),
    "line break after the key": (initiative("bad\n"), "/records/0/key", "does not match"),
    "negative": (
        initiative("bad", funding=[money(amount=amount(-5, 5))]),
        "/records/0/funding/0/amount/low", "-5 is less than 0",
    ),
    "upside down": (
        initiative("bad", funding=[money(amount=amount(10, 5))]),
        "/records/0/funding/0/amount/high", "low end must not exceed the high end",
    ),
    "figure upside down": (
        initiative("bad", figures=[figure(10, 5)]),
        "/records/0/figures/0/value/high", "low end must not exceed the high end",
    ),
    "no calendar's day": (
        initiative("bad", status=[step(date="2023-02-29")]),
        "/records/0/status/0/date", "“2023-02-29”",
    ),
    "a date in words": (
        initiative("bad", status=[step(date="autumn 2013")]),
        "/records/0/status/0/date", "“autumn 2013” is not a date",
    ),
    "period upside down": (
        initiative("bad", funding=[money(period="2020/2018")]),
        "/records/0/funding/0/period", "ends before it starts",
    ),
    "ends before it began": (
        initiative("bad", partners=[partner(country="Kenya", since="2020", until="2019-06")]),
        "/records/0/partners/0/until", "ends before it began",
    ),
    "country and organisation": (
        initiative("bad", partners=[partner(country="Kenya", organisation="good-bank")]),
        "/records/0/partners/0", "a country or an organisation, not both",
    ),
    "provider of two kinds": (
        initiative("bad", funding=[money(provider={"country": "KEN", "organisation": "good-bank"})]),
        "/records/0/funding/0/provider", "",
    ),
    "nobody": (
        initiative("bad", partners=[{"role": "member", "quote": SAID}]),
        "/records/0/partners/0", "the partner is not named",
    ),
    "no quote": (
        initiative("bad", partners=[{"role": "member", "country": "Kenya"}]),
        "/records/0/partners/0", "'quote' is a required property",
    ),
    "empty quote": (
        initiative("bad", partners=[partner("")]), "/records/0/partners/0/quote", "",
    ),
    "quote of no value": (
        initiative("bad", partners=[partner({"colour": SAID})]),
        "/records/0/partners/0/quote/colour", "unknown value “colour”",
    ),
    "funding key twice": (
        initiative("bad", funding=[money(), money()]),
        "/records/0/funding", "a funding key stands twice",
    ),
    "money that restates what is not there": (
        initiative("bad", funding=[money(restates="other")]),
        "/records/0/funding/0/restates", "there is no funding “other” in this record",
    ),
    "money that restates itself": (
        initiative("bad", funding=[money(restates="share")]),
        "/records/0/funding/0/restates", "it leads back to itself",
    ),
    "money that is part of its part": (
        initiative("bad", funding=[money("a", part_of="b"), money("b", part_of="a")]),
        "/records/0/funding/1/part_of", "it leads back to itself",
    ),
    "money that is part of what restates it": (
        initiative("bad", funding=[money("a", restates="b"), money("b", part_of="a")]),
        "/records/0/funding", "part of itself",
    ),
    "two rungs": (
        initiative("bad", funding=[money("a"), money("b", rung="disbursed", restates="a")]),
        "/records/0/funding/1/restates", "two rungs cannot restate each other",
    ),
    "part of itself": (
        initiative("bad", part_of=[{"record": "bad", "quote": SAID}]),
        "/records/0/part_of/0/record", "it would be part of itself",
    ),
    "series without a letter": (
        summit("bad", series="***"), "/records/0/series", "the name “***” has no letter",
    ),
    "organisation without a letter": (
        organisation("bad", name="***"), "/records/0/name", "the name “***” has no letter",
    ),
    "ordinal that is no number": (
        summit("bad", ordinal="first"), "/records/0/ordinal", "'first' is not of type 'integer'",
    ),
    "alias of another organisation": (
        organisation("bad", aliases=["The bad bank", "UNESCO"]),
        "/records/0/aliases/1", "the name “UNESCO” already belongs to",
    ),
    "name of another organisation of the file": (
        organisation("bad", aliases=["Organisation good-bank"]),
        "/records/0/aliases/0", "another organisation of the file is called",
    ),
    "key of another kind of record": (
        alliance("digital-silk-road"),
        "/records/0/key", "already the key of another kind of record (initiative)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REJECTED)
def test_a_bad_record_is_rejected_by_place_and_the_good_ones_are_kept(editor, case):
    bad, place, reason = REJECTED[case]
    run = imported(
        document(bad, organisation("good-bank"), alliance("good-alliance"), initiative())
    )
    found = list(results(run).values())
    assert the_document(run).state == "done", the_document(run).error
    assert found == (["rejected", "created", "created", "created"])
    assert place in problems(run)
    assert reason in problems(run)[place]
    assert all(where.startswith("/records/0") for where in problems(run))
    shown = page(editor, run.get_absolute_url())
    assert f"<code>{place}</code>" in shown
    assert not Record.objects.filter(slug="bad").exists()


def test_a_good_bank_may_have_the_name_that_a_rejected_one_wanted():
    run = imported(document(organisation(), organisation("bad", kind="pub")))
    assert results(run) == {"test-bank": "created", "bad": "rejected"}


def test_what_refers_to_a_rejected_record_is_rejected_with_the_reason():
    run = imported(
        document(
            initiative("whole", sectors=["magic"]),
            initiative("part", part_of=[{"record": "whole", "quote": SAID}]),
            initiative("part-of-part", part_of=[{"record": "part", "quote": SAID}]),
            summit(outcomes=[{"record": "part-of-part", "verb": "adopted", "quote": SAID}]),
            organisation("bad-bank", country="Atlantis"),
            initiative("banked", funding=[money(provider={"organisation": "bad-bank"})]),
            initiative("alone"),
        )
    )
    assert results(run) == {
        **dict.fromkeys(["whole", "part", "part-of-part", "1st-test-summit"], "rejected"),
        **dict.fromkeys(["bad-bank", "banked"], "rejected"),
        "alone": "created",
    }
    assert problems(run) == {
        "/records/0/sectors/0": "unknown sector “magic”",
        "/records/1/part_of/0/record": "“whole” of this file was rejected",
        "/records/2/part_of/0/record": "“part” of this file was rejected",
        "/records/3/outcomes/0/record": "“part-of-part” of this file was rejected",
        "/records/4/country": "unknown country “Atlantis”",
        "/records/5/funding/0/provider/organisation": "“bad-bank” of this file was rejected",
    }


def test_a_circle_of_wholes_is_rejected_whole():
    run = imported(
        document(
            *(initiative(a, part_of=[{"record": b, "quote": SAID}]) for a, b in ("ab", "bc", "ca"))
        )
    )
    assert results(run) == dict.fromkeys("abc", "rejected")
    assert set(problems(run).values()) == {"it would be part of itself"}


def test_a_circle_over_what_is_stored_is_rejected():
    imported(document(initiative("a"), initiative("b", part_of=[{"record": "a", "quote": SAID}])))
    run = imported(document(initiative("a", part_of=[{"record": "b", "quote": SAID}]),
                            initiative("b")))  # fmt: skip
    assert results(run) == {"a": "rejected", "b": "unchanged"}


def test_a_circle_over_a_duplicate_is_rejected():
    imported(document(initiative("a", title="The same title")))
    run = imported(
        document(
            initiative("a2", title="The same title"),
            initiative("a", title="The same title", part_of=[{"record": "a2", "quote": SAID}]),
        )
    )
    assert results(run) == {"a2": "duplicate", "a": "rejected"}
    assert not PartOf.objects.filter(record__slug="a").exists()


def test_a_key_that_stands_twice_in_the_file_is_rejected_the_second_time():
    run = imported(document(initiative(), alliance("test-programme")))
    assert problems(run) == {"/records/1/key": "the key “test-programme” stands twice in the file"}


def test_a_summit_ordinal_is_given_once():
    first = summit(ordinal=1)
    run = imported(document(first, summit("another", ordinal=1, series="TEST  summit!")))
    assert results(run) == {"1st-test-summit": "created", "another": "rejected"}
    assert "is already number 1 of this series" in problems(run)["/records/1/ordinal"]
    run = imported(document(summit("third", ordinal=1), summit("fourth", ordinal=2)))
    assert results(run) == {"third": "rejected", "fourth": "created"}


def test_money_may_have_the_key_of_its_provider():
    given = money("test-bank", provider={"organisation": "test-bank"})
    run = imported(document(organisation(), initiative(funding=[given])))
    assert the_document(run).error == ""
    assert results(run) == {"test-bank": "created", "test-programme": "created"}


def test_an_organisation_is_found_by_its_key_before_any_name():
    run = imported(
        document(
            organisation("big-bank", name="Test bank"),
            organisation("test-bank", name="Another bank"),
            initiative(partners=[partner(organisation="test-bank")]),
        )
    )
    assert set(results(run).values()) == {"created"}
    record = Initiative.objects.get(slug="test-programme")
    assert record.participations.get().organisation.slug == "test-bank"


def test_rows_that_point_at_later_rows_are_kept():
    rows = [money("a", part_of="b"), money("b", restates="c"), money("c")]
    assert results(imported(document(initiative(funding=rows)))) == {"test-programme": "created"}


# --- Duplicates, contradictions and proposals ----------------------------------------------------


@pytest.mark.parametrize("again", [initiative, alliance, summit])
def test_the_same_title_under_another_key_is_a_duplicate(editor, again):
    imported(document(again("first-key", title="The same title")))
    before = tables()
    run = imported(document(again("second-key", title="the SAME title")))
    assert results(run) == {"second-key": "duplicate"}
    assert tables() == {**before, "initiatives.Article": tables()["initiatives.Article"]}
    first = Record.objects.get(slug="first-key")
    assert first.get_absolute_url() in page(editor, run.get_absolute_url())


def test_the_same_name_under_another_key_is_the_same_organisation():
    imported(document(organisation(aliases=["TB"])))
    run = imported(
        document(
            organisation("tb", name="T.B.", kind="company"),
            initiative(partners=[partner(organisation="tb")]),
        )
    )
    assert results(run)["tb"] == "created"  # “T.B.” folds to “t b”, which nobody is called
    run = imported(document(organisation("tb2", name="tb"),
                            initiative("other", partners=[partner(organisation="tb2")])))  # fmt: skip
    assert results(run) == {"tb2": "duplicate", "other": "created"}
    record = Initiative.objects.get(slug="other")
    assert record.participations.get().organisation.slug == "test-bank"


def test_a_differing_value_of_a_published_record_is_proposed_and_the_old_one_kept(editor):
    imported(document(initiative(status=[step(date="2023")], summary="As it was.")))
    before = unnumbered(page(Client(), "/initiatives/test-programme/"))
    other = document(
        initiative(status=[step(date="2024", quote="It was 2024.")], summary="As it is."),
        article="second-article",
    )
    run = imported(other)
    assert results(run) == {"test-programme": "proposed"}
    assert unnumbered(page(Client(), "/initiatives/test-programme/")) == before
    assert set(run_proposals(run)) == {
        ("summary", "As it was.", "As it is.", ""),
        ("statusstep", "announced 2023", "announced 2024", "It was 2024."),
    }
    shown = page(editor, run.get_absolute_url())
    assert "As it is." in shown
    assert "announced 2024" in shown
    again = imported(other)
    assert results(again) == {"test-programme": "proposed"}
    assert not run_proposals(again)
    assert Proposal.objects.filter(record__slug="test-programme").count() == 2


def test_a_proposal_gives_both_statements_in_full():
    imported(document(initiative(
        funding=[money(purpose="a cable")],
        partners=[partner(country="Kenya")],
        figures=[figure(date="2023")],
    )))  # fmt: skip
    run = imported(document(
        organisation(country="Kenya"),
        initiative(
            funding=[money(
                amount=amount(20, 20), rung="disbursed", purpose="two cables", period="2018",
                recurs="annually", provider={"country": "China"}, recipient={"organisation": "test-bank"}, sector="space",
            )],
            partners=[partner(country="Kenya", since="2018")],
            figures=[figure(20, 20, date="2023")],
        ),
        article="second-article",
    ))  # fmt: skip
    assert problems(run) == {}
    said = {field: (now, proposed) for field, now, proposed, _quote in run_proposals(run)}
    words = amount()["words"]
    bank = Organisation.objects.get(slug="test-bank").name
    assert said == {
        "funding": (
            f"{words} (USD, announced, what for a cable)",
            f"{words} (USD, disbursed, every year, from China, to {bank}, "
            "sector Space and satellite navigation, "
            "what for two cables, period 2018)",
        ),
        "participation": ("Kenya, member", "Kenya, member (since 2018)"),
        "figure": ("joint laboratories: ten (date 2023)", "joint laboratories: ten (date 2023)"),
    }
    proposal = Proposal.objects.get(document__run=run, field="funding")
    for address in ("/review/", f"/review/{proposal.pk}/"):
        shown = plain(page(client_of("editor"), address))
        assert said["funding"][0] in shown, address
        assert said["funding"][1] in shown, address


def run_proposals(run: ImportRun) -> list[tuple]:
    rows = Proposal.objects.filter(document__run=run)
    return list(rows.values_list("field", "now", "proposed", "quote"))


def test_what_an_editor_has_rejected_is_not_proposed_again():
    imported(document(initiative(status=[step(date="2023")])))
    other = document(initiative(status=[step(date="2024")]), article="second-article")
    imported(other)
    Proposal.objects.filter(record__slug="test-programme").update(
        state="rejected", reason="not-said"
    )
    assert results(imported(other)) == {"test-programme": "unchanged"}


def test_every_kind_of_difference_is_proposed():
    imported(document(
        organisation(country="Kenya"),
        initiative(aliases=["TP"], funding=[money()]),
        summit(ordinal=1),
    ))  # fmt: skip
    run = imported(
        document(
            organisation(country="Brazil", kind="company"),
            initiative(
                title="Another title", kind="project", aliases=["TP", "TPP"],
                sectors=["space"], funding=[money(amount=amount(20, 20))],
            ),
            summit(ordinal=2, series="Another series"),
            article="second-article",
        )
    )  # fmt: skip
    assert set(results(run).values()) == {"proposed"}
    assert {field for field, *_ in run_proposals(run)} == {
        "country", "kind", "title", "aliases", "sectors", "funding", "ordinal", "series",
    }  # fmt: skip
    assert Organisation.objects.get(slug="test-bank").country.iso3 == "KEN"


def test_an_empty_value_of_an_organisation_is_filled():
    imported(document(organisation(), organisation("parent-bank")))
    filled = document(organisation(country="Kenya", parent="parent-bank", aliases=["TB"]),
                      organisation("parent-bank"), article="second-article")  # fmt: skip
    assert results(imported(filled)) == {"test-bank": "updated", "parent-bank": "unchanged"}
    assert results(imported(filled)) == {"test-bank": "unchanged", "parent-bank": "unchanged"}


def test_money_that_restates_proposed_money_is_proposed_with_it():
    imported(document(initiative(funding=[money(amount=amount(10, 10))])))
    run = imported(
        document(
            initiative(funding=[money(amount=amount(20, 20)), money("euros", restates="share")]),
            article="second-article",
        )
    )
    assert results(run) == {"test-programme": "proposed"}
    assert [field for field, *_ in run_proposals(run)] == ["funding", "funding"]


def test_an_article_that_contradicts_itself_is_kept_so_and_marked_disputed(client):
    path = "/summits/1st-belt-and-road-forum/"
    dates = stated(client, path.rstrip("/"), "keydate")
    assert len({d["values"]["date"] for d in dates}) == len(dates) == 2
    assert all(d["disputed"] and d["evidence"] for d in dates)
    shown = page(client, path)
    assert shown.count('class="disputed"') >= 2
    assert 'class="disputed"' not in page(client, "/summits/2nd-belt-and-road-forum/")


def test_a_contradiction_within_one_article_keeps_both(client):
    content = document(summit(dates=[held("2023-05"), held("2023-06")]))
    imported(content)
    assert page(client, "/summits/1st-test-summit/").count('class="disputed"') >= 2
    assert [d["disputed"] for d in stated(client, "/summits/1st-test-summit", "keydate")] == [
        True
    ] * 2
    assert results(imported(content)) == {"1st-test-summit": "unchanged"}


def test_a_changed_brief_is_a_new_text_and_the_old_passages_stay(client):
    imported(document(initiative(status=[step()]), brief=SAID))
    [old] = stated(client, "/initiatives/test-programme", "statusstep")
    run = imported(document(initiative(status=[step()]), brief=f"First of all: {SAID}"))
    assert results(run) == {"test-programme": "updated"}
    texts = Article.objects.filter(key="test-article").order_by("recorded_at")
    assert [article.text for article in texts] == [SAID, f"First of all: {SAID}"]
    [new] = stated(client, "/initiatives/test-programme", "statusstep")
    assert len(new["evidence"]) == 2
    assert old["evidence"][0] in new["evidence"]
    for article in texts:
        assert SAID in page(client, article.get_absolute_url())


def test_a_retired_statement_does_not_come_back():
    content = document(initiative(status=[step()], partners=[partner()]))
    imported(content)
    StatusStep.objects.filter(record__slug="test-programme").update(
        retired_at=timezone.now(), retired_because="It was another programme."
    )
    before = tables()
    assert results(imported(content)) == {"test-programme": "unchanged"}
    assert tables() == before


def test_a_withdrawn_record_is_not_brought_back():
    imported(document(initiative()))
    Record.objects.filter(slug="test-programme").update(state="withdrawn")
    run = imported(document(initiative(), alliance()))
    assert results(run) == {"test-programme": "rejected", "test-alliance": "created"}
    assert problems(run) == {"/records/0/key": "the record was withdrawn"}


def test_the_data_version_grows_with_changes_only():
    content = document(initiative(status=[step()]))
    before = data_version()
    imported(content)
    after = data_version()
    assert after > before
    imported(content)
    imported(b"{")
    imported(document(initiative("bad", sectors=["magic"])))
    assert data_version() == after


# --- Who is not trusted does not publish ---------------------------------------------------------


def everywhere(client, word: str) -> list[str]:
    """Public pages that show the word."""
    addresses = [
        "/", "/initiatives/", "/initiatives.json", "/initiatives.csv", "/countries/KEN/",
        "/blocs/brics/", "/funding/", "/articles/", "/search/?q=unseen",
        "/charts/initiatives-by-country.json",
    ]  # fmt: skip
    return [address for address in addresses if word in page_or_csv(client, address)]


def page_or_csv(client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.getvalue().decode()


def unseen(**changes) -> dict:
    return document(
        initiative(
            title="Unseen programme",
            partners=[partner()],
            status=[step()],
            blocs=[{"bloc": "brics", "quote": SAID}],
            funding=[money()],
        ),
        article="unseen-article",
        **changes,
    )


def test_what_an_untrusted_import_brings_waits_in_review(editor):
    anonymous = Client()
    before = anonymous.get("/initiatives.json").json()["count"]
    money_before = anonymous.get("/charts/funding-by-rung.json").json()
    assert results(imported(unseen(), publish=False)) == {"test-programme": "created"}
    assert anonymous.get("/initiatives/test-programme/").status_code == 404
    assert anonymous.get("/initiatives/test-programme.json").status_code == 404
    assert everywhere(anonymous, "Unseen") == []
    assert everywhere(anonymous, "unseen-article") == []
    assert anonymous.get("/initiatives.json").json()["count"] == before
    assert anonymous.get("/charts/funding-by-rung.json").json()["total"] == money_before["total"]
    [article] = Article.objects.filter(key="unseen-article")
    assert anonymous.get(article.get_absolute_url()).status_code == 404
    shown = page(editor, "/initiatives/test-programme/")
    assert "Not published: in review." in shown
    assert "no accepted passage carries" in shown
    assert "announced 2024" in shown
    assert SAID in page(editor, article.get_absolute_url())


def test_organisations_and_outcomes_of_an_untrusted_import_are_not_public(editor):
    anonymous = Client()
    run = imported(
        document(
            organisation(name="Unseen bank", country="Kenya"),
            initiative(title="Unseen programme", partners=[partner(organisation="test-bank")]),
            initiative("unseen-two", title="Unseen two", sectors=["unseen-sector"]),
        ),
        publish=False,
    )
    assert everywhere(anonymous, "Unseen") == []
    assert anonymous.get("/organisations/test-bank/").status_code == 404
    for address in ("/organisations/", "/organisations.json", run.get_absolute_url()):
        assert "Unseen" not in page(anonymous, address)
    shown = page(editor, run.get_absolute_url())
    assert "Unseen bank" in shown
    assert "unseen-sector" in shown


def test_an_untrusted_import_adds_no_name_to_an_organisation(client):
    run = imported(
        document(organisation("casic", name="Unseen CASIC", aliases=["Unseen alias"])),
        publish=False,
    )
    assert results(run) == {"casic": "proposed"}
    assert "Unseen" not in client.get("/organisations/casic.json").content.decode()


def test_a_trusted_import_takes_over_the_key_of_a_draft(client):
    squatted = document(
        initiative(title="Squatted", status=[step(date="1999")], partners=[partner()])
    )
    imported(squatted, publish=False)
    run = imported(document(initiative(status=[step(date="2024")]), article="second-article"))
    assert results(run) == {"test-programme": "updated"}
    shown = client.get("/initiatives/test-programme.json").json()
    assert shown["title"] == initiative()["title"]
    assert [s["values"]["date"] for s in shown["statements"]["statusstep"]] == ["2024"]
    assert shown["statements"]["participation"] == []


def test_a_trusted_import_of_the_same_publishes_it(client):
    imported(unseen(), publish=False)
    assert results(imported(unseen())) == {"test-programme": "updated"}
    assert "Not published" not in page(client, "/initiatives/test-programme/")
    [said] = stated(client, "/initiatives/test-programme", "statusstep")
    assert [e["quote"] for e in said["evidence"]] == [SAID]
    assert results(imported(unseen())) == {"test-programme": "unchanged"}
    assert results(imported(unseen(), publish=False)) == {"test-programme": "unchanged"}


def test_an_untrusted_import_to_a_published_record_only_proposes(client):
    imported(unseen())
    before = unnumbered(page(client, "/initiatives/test-programme/"))
    articles = unnumbered(page(client, "/articles/"))
    more = document(
        initiative(
            title="Unseen programme",
            partners=[partner("Brazil joined.", country="Brazil")],  # a new value
            status=[step(quote="Another article says 2024 too.")],  # a new source of an old value
        ),
        article="second-article",
    )
    run = imported(more, publish=False)
    assert results(run) == {"test-programme": "proposed"}
    assert unnumbered(page(client, "/initiatives/test-programme/")) == before
    assert unnumbered(page(client, "/articles/")) == articles
    assert [field for field, *_ in run_proposals(run)] == ["participation"]


# --- Hostile text --------------------------------------------------------------------------------

SCRIPT = "<script>alert(1)</script>"


def test_a_script_in_a_text_is_shown_as_text(client):
    said = f"{SCRIPT} Kenya joined. <img src=x onerror=alert(1)>"
    run = imported(
        document(
            organisation(name=f"Bank {SCRIPT}", aliases=[f'"{SCRIPT}']),
            initiative(
                title=f"Title {SCRIPT}", summary=f"Summary {SCRIPT}", aliases=[f"Alias {SCRIPT}"],
                partners=[partner(said, organisation="test-bank", person=f"Person {SCRIPT}",
                                  claimant=f"Claimant {SCRIPT}")],
                funding=[money(purpose=f"Purpose {SCRIPT}", amount=amount(words=SCRIPT))],
                figures=[figure(what=f"What {SCRIPT}")],
            ),
            publisher={"name": f"Publisher {SCRIPT}", "url": "https://example.org/\"onclick='x'"},
        )
    )  # fmt: skip
    assert set(results(run).values()) == {"created"}
    [article] = Article.objects.filter(key="test-article")
    for address in (
        "/initiatives/test-programme/", "/initiatives/", "/organisations/test-bank/",
        "/organisations/", "/articles/", article.get_absolute_url(), run.get_absolute_url(),
        "/funding/", "/", "/search/?q=Title",
    ):  # fmt: skip
        shown = page(client, address)
        assert SCRIPT not in shown, address
        assert "<img src=x" not in shown, address
    assert "&lt;script&gt;alert(1)" in page(client, "/initiatives/test-programme/")


def test_an_outcome_shows_a_hostile_record_and_reason_as_text(editor):
    bad = initiative("bad", title=SCRIPT, sectors=[], partners=[partner(country=SCRIPT)])
    run = imported(document({**bad, SCRIPT: 1}, {**bad, "key": SCRIPT, "type": SCRIPT}))
    assert SCRIPT not in page(editor, run.get_absolute_url())


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_formula_in_a_title_is_text_in_a_spreadsheet(client, start):
    title = f'{start}HYPERLINK("https://example.org/?"&A1,"Open")'
    imported(document(initiative(title=title, partners=[partner()])))
    text = page_or_csv(client, "/initiatives.csv?country=KEN").removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["title"] for row in rows] == [f"'{title}"]
    assert not any(cell.startswith(start) for row in rows for cell in row.values())
    listed = client.get("/initiatives.json?country=KEN").json()["results"]
    assert [row["title"] for row in listed] == [title]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="how SQLite chooses an index")
def test_whether_a_title_is_there_is_asked_by_an_index():
    asked, params = Record.objects.called("Initiative").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {asked}", params)
        plan = " ".join(row[3] for row in cursor.fetchall())
    assert "record_called" in plan, plan
