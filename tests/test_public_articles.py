"""Which articles anyone may read is as the database says, right after writes by anyone, and in the past."""

from __future__ import annotations

import random

import pytest
from django.db import transaction

from initiatives.models import (
    Article,
    Evidence,
    Outcome,
    Participation,
    PartOf,
    Record,
    all_public_articles,
    statement_models,
)
from initiatives.public_articles import public_articles
from partners.history.changes import Change
from partners.history.moment import Moment, as_of
from tests import cast

pytestmark = pytest.mark.django_db


def by_the_database() -> set[int]:
    """Asked both ways: all at once, and of each article."""
    found = {row["evidence__article"] for row in all_public_articles()}
    assert found == set(Article.objects.published().values_list("pk", flat=True))
    return found


def carried(statement, key: str) -> Evidence:
    """A passage of an article of its own that carries the statement."""
    article = Article.objects.create(
        key=key, title=key, language="en", text="Panda.", publisher_missing="not applicable"
    )
    passage = Evidence.objects.create(
        article=article, start=0, end=5, words="Panda", made_by=Evidence.MadeBy.EDITOR
    )
    statement.carried.create(evidence=passage)
    return passage


def some_write(dice: random.Random, n: int) -> None:
    """One of the things that change who may read which article."""
    kind = dice.choice([k for k in statement_models() if k.objects.exists()])
    statement = dice.choice(list(kind.objects.order_by("pk")))
    passage = dice.choice(list(Evidence.objects.order_by("pk")))
    record = dice.choice(list(Record.objects.order_by("pk")))
    match n % 6:
        case 0:
            carried(statement, f"panda-{n}")
        case 1:
            states = set(Evidence.State.values) - {passage.state}
            Evidence.objects.filter(pk=passage.pk).update(state=dice.choice(sorted(states)))
        case 2:
            statement.carried.all().delete()
        case 3:
            Record.objects.filter(pk=record.pk).update(state="withdrawn")
        case 4:
            Record.objects.filter(pk=record.pk).update(state="published", merged_into=None)
        case 5:
            new = cast.initiative(f"panda-{n}", ("KEN",), title="Panda")
            carried(Participation.objects.get(record=new), f"article-{n}")


def test_after_any_writes_they_are_those_of_the_database():
    dice = random.Random(5)
    assert set(public_articles()) == by_the_database()
    for n in range(60):
        some_write(dice, n)
        if dice.random() < 0.7:
            assert set(public_articles()) == by_the_database(), n


@pytest.mark.parametrize("names", [PartOf, Outcome])
def test_what_names_a_record_that_is_withdrawn_is_no_longer_public(names):
    """The record that the statement is about stays as it is."""
    statement = names.objects.published().naming_published().earliest("pk")
    article = carried(statement, "panda").article
    assert article.pk in public_articles()
    named = getattr(statement, f"{names.NAMES}_id")
    Record.objects.filter(pk=named).update(state="withdrawn")
    assert article.pk not in public_articles()
    Record.objects.filter(pk=named).update(state="published")
    assert article.pk in public_articles()


def test_the_past_has_those_of_then_and_what_was_given_up_none():
    last = Change.objects.newest_first()[0]
    then = Moment(last.number, last.at)
    before = set(public_articles())
    passage = carried(Participation.objects.published().earliest("pk"), "panda")
    assert set(public_articles()) == {*before, passage.article_id}
    with as_of(then):
        assert set(public_articles()) == before
    with pytest.raises(RuntimeError), transaction.atomic():
        carried(Participation.objects.published().earliest("pk"), "given-up")
        raise RuntimeError
    assert set(public_articles()) == {*before, passage.article_id}


def test_the_list_the_first_page_and_the_api_count_them(client):
    carried(Participation.objects.published().earliest("pk"), "panda")
    count = len(by_the_database())
    assert client.get("/articles.json").json()["count"] == count
    assert client.get("/articles/").context["selection"].count == count
    assert client.get("/api/v1/articles/").json()["count"] == count
    headlines = client.get("/").context["headlines"]
    assert [h["value"] for h in headlines if h["url"] == "/articles/"] == [count]
    assert client.get("/articles.json?q=panda").json()["count"] == 1
