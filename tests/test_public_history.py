"""What strangers read of the past of a record, and of the articles it rests on: only what was public.

What was written of a draft, or while a record was not published, is for editors; so is the rest of
an article of which passages are quoted.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from initiatives.models import Article, Initiative
from partners.history.changes import Change, Verb, change, data_version
from tests import cast
from tests.documents import (
    SAID,
    amount,
    document,
    imported,
    initiative,
    money,
    part_of,
    problems,
    step,
)
from tests.people import client_of, person
from tests.reading import body, csv_rows, get_json, page, plain
from tests.test_entering import EDIT, JOINED, PAID, SIGNED, entered, published
from tests.test_undo_rules import HISTORY, edited, merged, sent, undone

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("taken_back")]

SECRET = "never name the minister"
ADDRESS = "/initiatives/quokka-accord/"


@pytest.fixture
def chief() -> Any:
    return client_of("chief editor")


@pytest.fixture
def editor() -> Any:
    return client_of("editor")


def told(client: Any, record: str) -> str:
    """All that the history of a record says, on its pages and as JSON."""
    twin = get_json(client, f"{record}history.json")
    return page(client, f"{record}history/") + json.dumps(twin, ensure_ascii=False)


def numbers(client: Any, record: str) -> list[int]:
    """The changes that the history of a record tells of, as JSON; its page tells of the same."""
    found = [row["data_version"] for row in get_json(client, f"{record}history.json")["results"]]
    shown = page(client, f"{record}history/")
    assert [n for n in found if f'id="change-{n}"' in shown] == found
    assert shown.count('class="history__change') == len(found)
    return found


# --- What was written while it was not public ----------------------------------------------------


@pytest.mark.parametrize(("kept", "other"), [("t1", "quokka-accord"), ("quokka-accord", "t1")])
def test_what_was_written_of_a_draft_stays_with_editors_when_it_is_merged_with_what_is_public(
    client, chief, editor, kept, other
):
    imported(document(initiative("t1", kind="agreement", status=[step(date="2023")])))
    entered(editor, why=f"first: {SECRET}")
    edited(editor, EDIT, summary=f"A draft: {SECRET}.", why=SECRET)
    edited(editor, EDIT, summary="What anyone may read.")
    number = merged(chief, kept, other)
    assert SECRET not in told(client, f"/initiatives/{kept}/")
    assert number in numbers(client, f"/initiatives/{kept}/")
    assert SECRET in told(editor, ADDRESS)
    if other == "quokka-accord":  # as such it never was public
        for address in (ADDRESS, HISTORY, f"{HISTORY.rstrip('/')}.json"):
            assert client.get(address).status_code == 404, address


def test_what_is_written_after_a_publication_was_taken_back_is_not_public(client, chief, editor):
    """Nor afterwards: when it is withdrawn, or published again."""
    entered(editor)
    first = sent(chief, f"{ADDRESS}publish/")
    back = undone(chief, first)
    assert client.get(ADDRESS).status_code == client.get(HISTORY).status_code == 404
    hidden = edited(editor, EDIT, summary=f"Thoughts: {SECRET}.", why=SECRET)
    rid = edited(editor, EDIT, summary="What anyone may read.")
    again = sent(chief, f"{ADDRESS}publish/")
    assert numbers(client, ADDRESS) == [again, back, first]
    assert SECRET not in told(client, ADDRESS)
    assert SECRET in told(editor, ADDRESS)
    assert {hidden, rid} < set(numbers(editor, ADDRESS))
    for pair in ((first, hidden), (hidden, again)):
        asked = dict(zip(("from", "to"), pair, strict=True))
        assert client.get(HISTORY, asked).status_code == 400
        assert editor.get(HISTORY, asked).status_code == 200
    assert SECRET not in page(client, f"{HISTORY}?from={first}&to={again}")
    gone = sent(chief, f"{ADDRESS}withdraw/", why="It was a hoax.")
    assert numbers(client, ADDRESS) == [gone, again, back, first]


def test_the_past_of_a_draft_is_not_read_as_of_then(client, chief, editor):
    entered(editor, summary=f"A draft: {SECRET}.")
    drafted = Change.objects.get(number=data_version()).at.isoformat()
    edited(editor, EDIT, summary="What anyone may read.")
    sent(chief, f"{ADDRESS}publish/")
    for address in (ADDRESS, f"{ADDRESS.rstrip('/')}.json"):
        assert client.get(address, {"as_of": drafted}).status_code == 404, address
    assert SECRET in body(editor.get(ADDRESS, {"as_of": drafted}))


def test_what_is_changed_of_a_withdrawn_record_is_not_public(client, chief):
    record = published()
    gone = sent(chief, f"{ADDRESS}withdraw/", why="It was a hoax.")
    with change(Verb.EDIT, person("chief editor"), why=SECRET):
        Initiative.objects.filter(pk=record.pk).update(summary=f"Of a hoax: {SECRET}.")
    hidden = data_version()
    assert SECRET not in told(client, ADDRESS)
    assert numbers(client, ADDRESS)[0] == gone
    assert SECRET in told(chief, ADDRESS)
    assert numbers(chief, ADDRESS)[:2] == [hidden, gone]


def test_the_changes_of_the_whole_site_are_for_editors(client, editor):
    published(why=SECRET)
    for address in ("/changes/", f"/changes/{data_version()}/"):
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer["Location"] == f"/login/?next={address}"
        assert editor.get(address).status_code == 200
    assert "Quokka accord" in page(editor, "/changes/")


def test_money_of_a_draft_is_not_named_where_public_money_is_part_of_it(client, chief, editor):
    """However it came to be part of it; here by an import, and then as the draft is merged."""
    hundred = amount(100, 100, words=f"100 dollars, {SECRET}")
    for slug in ("hidden", "hidden-too"):
        drafted = initiative(slug, title=f"Draft {slug}", funding=[money("whole", hundred)])
        imported(document(drafted, article=slug), publish=False)
    part = money("part", part_of={"record": "hidden", "funding": "whole"})
    said = initiative("t1", part_of=[part_of("hidden")], funding=[part])
    assert problems(imported(document(said))) == {}
    [public] = Initiative.objects.get(slug="t1").funding.all()
    assert public.part_of.record.slug == "hidden"
    number = merged(chief, "hidden-too", "hidden")
    public.refresh_from_db()
    assert public.part_of.record.slug == "hidden-too"
    assert number in numbers(client, "/initiatives/t1/")
    given = [told(client, "/initiatives/t1/"), page(client, "/initiatives/t1/")]
    given += [json.dumps(get_json(client, "/initiatives/t1.json"))]
    for hidden in (SECRET, "Draft hidden"):
        assert not [text for text in given if hidden in text]
        assert hidden in told(editor, "/initiatives/t1/")


# --- Withdrawn and merged ------------------------------------------------------------------------


def test_a_withdrawn_page_names_the_change_that_withdrew_it_and_why(client, chief):
    """Not a later one that happened to touch it: here what it is part of is merged."""
    whole = initiative("t1", part_of=[part_of("t2")])
    imported(document(whole, initiative("t2"), initiative("t3")))
    wendy = client_of("chief editor", "wendy")
    number = sent(wendy, "/initiatives/t1/withdraw/", why="It was a hoax.")
    merged(chief, "t3", "t2")
    day = Change.objects.get(number=number).at
    text = plain(page(client, "/initiatives/t1/"))
    assert f"Withdrawn, {day.day} {day:%B %Y}" in text
    assert "It was a hoax." in text
    assert "/changes/" not in page(client, "/initiatives/t1/")
    assert f'href="/changes/{number}/"' in page(chief, "/initiatives/t1/")
    history = get_json(client, "/initiatives/t1/history.json")["results"]
    [told_of] = [row for row in history if row["data_version"] == number]
    assert (told_of["verb"], told_of["by"], told_of["why"]) == (
        "withdraw", "wendy", "It was a hoax.",
    )  # fmt: skip


def test_a_record_withdrawn_twice_names_the_second_time(client, chief):
    published()
    first = sent(chief, f"{ADDRESS}withdraw/", why="It was a hoax.")
    undone(chief, first)
    second = sent(chief, f"{ADDRESS}withdraw/", why="It was one after all.")
    text = page(chief, ADDRESS)
    assert f'href="/changes/{second}/"' in text
    assert f'href="/changes/{first}/"' not in text
    assert "It was one after all." in page(client, ADDRESS)


def test_a_merged_page_leads_on_to_the_end_of_the_chain(client, chief):
    for slug in ("t1", "t2", "t3"):
        cast.initiative(slug, title=f"Quokka {slug}", summary="Made up.")
    merged(chief, "t2", "t1")
    number = merged(chief, "t3", "t2")
    for slug in ("t1", "t2"):
        text = page(client, f"/initiatives/{slug}/")
        assert "Merged into another record" in text
        assert 'href="/initiatives/t3/">Quokka t3</a>' in text
        said = get_json(client, f"/initiatives/{slug}.json")
        assert said["state"] == "withdrawn"
        assert said["merged_into"].endswith("/initiatives/t3/")
    assert "merged" in told(client, "/initiatives/t1/")
    then = {"as_of": Change.objects.get(number=number - 1).at.isoformat()}
    assert client.get("/initiatives/t1.json", then).json()["merged_into"].startswith("http")
    assert 'href="/initiatives/t2/' in body(client.get("/initiatives/t1/", then))


def test_the_reason_why_a_draft_was_withdrawn_is_not_read_as_of_then(client, chief, editor):
    entered(editor)
    number = sent(chief, f"{ADDRESS}withdraw/", why=SECRET)
    then = {"as_of": Change.objects.get(number=number).at.isoformat()}
    undone(chief, number)
    sent(chief, f"{ADDRESS}publish/")
    assert client.get(ADDRESS, then).status_code == 404
    assert SECRET not in told(client, ADDRESS)


# --- Who and when --------------------------------------------------------------------------------


def test_a_history_says_who_and_when_even_if_the_account_is_gone(client):
    published()
    ada = person("chief editor", "ada")
    ada.first_name, ada.last_name = "Ada", "Quokka"
    ada.save()
    number = edited(client_of("chief editor", "ada"), EDIT, summary="As it is now.")
    for _with_and_without_account in range(2):
        [first, *_rest] = get_json(client, f"{HISTORY.rstrip('/')}.json")["results"]
        assert (first["data_version"], first["by"]) == (number, "Ada Quokka")
        assert first["at"] == Change.objects.get(number=number).at.isoformat()
        assert "by Ada Quokka" in page(client, HISTORY)
        if ada.pk:
            ada.delete()


def test_what_the_machine_wrote_is_by_nobody(client):
    imported(document(initiative("t1")))
    [only] = get_json(client, "/initiatives/t1/history.json")["results"]
    assert (only["verb"], only["by"]) == ("import", None)


# --- Articles ------------------------------------------------------------------------------------


def read_by(client: Any, article: Article) -> str:
    return plain(page(client, article.get_absolute_url()))


def test_of_a_pasted_article_strangers_read_the_quoted_passages_alone(client, editor):
    published()
    article = Article.objects.get(title="Quokkas sign")
    assert article.copied
    shown = read_by(client, article)
    for quoted in (SIGNED, PAID):
        assert f"“{quoted}”" in shown
    assert "What is quoted of it" in shown
    assert "In our own words" not in shown
    for unquoted in ("Made up for a test. Kenya", "Made up for a test. […]", "The Quokka Bank"):
        assert unquoted not in shown
    assert "The Quokka Bank joined in 2025." in read_by(editor, article)
    # Nor is the rest given away anywhere else.
    given = [page(client, ADDRESS), page(client, "/search/?q=joined"), told(client, ADDRESS)]
    given += [json.dumps(get_json(client, a)) for a in (f"{ADDRESS[:-1]}.json", "/articles.json")]
    given += [json.dumps(csv_rows(client, "/articles.csv"))]
    assert not [text for text in given if "Quokka Bank" in text]
    assert client.get(f"{article.get_absolute_url()}text/").status_code in (302, 403)


def test_passages_of_a_pasted_article_that_only_a_draft_rests_on_stay_hidden(client, editor, chief):
    published()
    article = Article.objects.get(title="Quokkas sign")
    bank = {"who": "Quokka Bank", "role": "funder", "new": "on", "new-kind": "bank"}
    typed = {f"partners-4-{name}": value for name, value in bank.items()}
    typed |= {"partners-4-passage": JOINED, "not_a_duplicate": "on"}
    draft = "/initiatives/quokka-accord-2/"
    entered(editor, **typed)
    assert client.get(draft).status_code == 404
    assert "The Quokka Bank" not in read_by(client, article)
    sent(chief, f"{draft}publish/")
    assert "“The Quokka Bank joined in 2025.”" in read_by(client, article)
    undone(chief, data_version())
    assert "The Quokka Bank" not in read_by(client, article)


def test_passages_of_what_is_no_longer_held_stay_readable(client, chief):
    """The record as it was then still says what it stated, and on what that rested."""
    published()
    then = {"as_of": Change.objects.get(number=data_version()).at.isoformat()}
    edited(chief, EDIT, **{"money-0-gone": "on", "why": "It was not paid."})
    assert PAID in read_by(client, Article.objects.get(title="Quokkas sign"))
    assert PAID in body(client.get(ADDRESS, then))


def test_the_article_of_a_draft_is_not_public(client, editor):
    entered(editor)
    article = Article.objects.get(title="Quokkas sign")
    assert client.get(article.get_absolute_url()).status_code == 404
    assert "The Quokka Bank joined" in read_by(editor, article)
    for text in (
        json.dumps(get_json(client, "/articles.json")),
        page(client, "/articles/?q=quokkas"),
        page(client, "/search/?q=quokkas+sign"),
    ):
        assert "Quokkas sign" not in text


def test_the_article_of_a_withdrawn_record_is_not_public_any_more(client, chief):
    published()
    article = Article.objects.get(title="Quokkas sign")
    sent(chief, f"{ADDRESS}withdraw/", why="It was a hoax.")
    assert client.get(article.get_absolute_url()).status_code == 404


def test_our_own_words_about_an_article_are_read_whole(client):
    brief = f"{SAID} Nothing rests on this sentence."
    imported(document(initiative("t1", status=[step()]), brief=brief))
    article = Article.objects.get(key="test-article", text=brief)
    shown = read_by(client, article)
    assert "In our own words" in shown
    assert "Nothing rests on this sentence." in shown


def test_a_passage_that_says_nothing_but_what_a_draft_is_called_stays_hidden(client, editor):
    named = "The programme is part of the Quokka Plan."
    imported(document(initiative("quokka-plan", title="Quokka Plan")), publish=False)
    part = initiative("t1", status=[step()], part_of=[part_of("quokka-plan", named)])
    imported(document(part, article="second"))
    article = Article.objects.get(key="second")
    Article.objects.filter(pk=article.pk).update(copied=True)
    assert f"“{SAID}”" in read_by(client, article)
    assert "Quokka Plan" not in read_by(client, article)
    assert "Quokka Plan" in read_by(editor, article)
