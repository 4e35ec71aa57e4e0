"""What the database itself refuses, and what is derived from what was said."""

import datetime as dt

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from initiatives.derive import wrongly_derived
from initiatives.funding.models import Funding
from initiatives.models import (
    Article,
    Evidence,
    Figure,
    Framework,
    Initiative,
    Participation,
    PartOf,
    Record,
    StatusStep,
)
from partners.dates import PartialDate
from partners.models import Bloc, Membership, Organisation
from tests import cast

pytestmark = pytest.mark.django_db

TEXT = "🛰 Kenya joined the test programme. Brazil – “o Brasil” – did not."


def passage(article: Article, start: int, end: int, words: str | None = None) -> Evidence:
    return Evidence(
        article=article,
        start=start,
        end=end,
        words=article.text[start:end] if words is None else words,
        made_by=Evidence.MadeBy.EDITOR,
    )


def refused(write, *args, **kwargs) -> str:
    """Why the database refuses it."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        write(*args, **kwargs)
    return str(caught.value)


# --- Passages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["🛰", "Kenya", "“o Brasil” –", TEXT])
def test_a_passage_at_its_place_is_kept(words):
    start = TEXT.index(words)
    passage(cast.article(TEXT), start, start + len(words)).save()


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (2, 7, "KENYA"),
        (2, 7, "Brazi"),
        (3, 8, "Kenya"),
        (2, 7, "Kenya joined"),
        (2, 12, "Kenya"),
        (len(TEXT) - 3, len(TEXT) + 2, "not. "),
        (len(TEXT) - 4, len(TEXT) + 1, "not."),
        (10_000, 10_005, "Kenya"),
        (10_000, 10_000, ""),
        (5, 5, ""),
        (7, 2, "Kenya"),
        (-3, 2, "Kenya"),
        (-1, 0, "."),
    ],
    ids=str,
)
def test_the_database_refuses_words_that_do_not_stand_there(start, end, words):
    refused(passage(cast.article(TEXT), start, end, words).save)
    assert not Evidence.objects.filter(article__key="test-article").exists()


def test_the_database_refuses_them_in_bulk_and_in_raw_sql_too():
    article = cast.article(TEXT)
    wrong = passage(article, 2, 7, "Kenia")
    assert "do not stand" in refused(Evidence.objects.bulk_create, [wrong])
    right = passage(article, 2, 7)
    right.save()
    for change in ({"words": "Kenia"}, {"start": 3, "end": 8}, {"end": 6}, {"end": 2, "words": ""}):
        refused(Evidence.objects.filter(pk=right.pk).update, **change)
    another = Article.objects.create(key="another", title="Test", language="en", text="Short.")
    refused(Evidence.objects.filter(pk=right.pk).update, article=another)
    with connection.cursor() as cursor:
        refused(
            cursor.execute,
            "UPDATE initiatives_evidence SET words = 'Kenia' WHERE id = %s",
            [right.pk],
        )
    right.refresh_from_db()
    assert right.words == "Kenya"


def test_the_same_passage_is_marked_once_for_each_claimant():
    article = cast.article(TEXT)
    passage(article, 2, 7).save()
    refused(passage(article, 2, 7).save)
    said = passage(article, 2, 7)
    said.claimant = "A minister"
    said.save()


def test_a_text_does_not_change_once_a_passage_points_into_it():
    article = cast.article(TEXT)
    Article.objects.filter(pk=article.pk).update(text=TEXT.lower())
    Article.objects.filter(pk=article.pk).update(text=TEXT)
    passage(article, 2, 7).save()
    for text in (TEXT.lower(), "", f"{TEXT} "):
        assert "does not change" in refused(Article.objects.filter(pk=article.pk).update, text=text)
    with connection.cursor() as cursor:
        refused(cursor.execute, "UPDATE initiatives_article SET text = upper(text)")
    Article.objects.filter(pk=article.pk).update(title="Another title", text=TEXT)


def test_an_article_with_passages_is_not_deleted():
    passage(cast.article(TEXT), 2, 7).save()
    refused(Article.objects.get(key="test-article").delete)


def test_the_passages_of_the_seeds_stand_in_their_articles(client):
    for evidence in Evidence.objects.select_related("article"):
        assert evidence.article.text[evidence.start : evidence.end] == evidence.words
    for article in Article.objects.all():
        assert client.get(article.get_absolute_url()).status_code == 200


# --- Statements ----------------------------------------------------------------------------------


@pytest.fixture
def programme() -> Initiative:
    return cast.initiative("test-programme", countries=("KEN",), blocs=("brics",), began="2024")


@pytest.mark.parametrize(("low", "high"), [(10, 5), (-1, 5), (None, 5)])
def test_a_quantity_is_an_interval(programme, low, high):
    refused(cast.money, programme, "share", low, high)
    refused(
        Figure.objects.create,
        record=programme, key="labs", what="labs", unit="labs", low=low, high=high,
        qualifier="between",
    )  # fmt: skip


@pytest.mark.parametrize(
    "fields",
    [
        {"currency": ""},
        {"missing": "undisclosed"},
        {"provider_country": "KEN", "provider_organisation": "unesco"},
        {"recipient_country": "KEN", "recipient_organisation": "unesco"},
    ],
    ids=str,
)
def test_money_is_of_one_currency_and_of_one_party_on_each_side(programme, fields):
    for name in fields:
        if name.endswith("country"):
            fields = fields | {name: cast.country(fields[name])}
        elif name.endswith("organisation"):
            fields = fields | {name: Organisation.objects.get(slug=fields[name])}
    refused(cast.money, programme, "share", 10, **fields)


def test_money_that_is_missing_says_why(programme):
    refused(Funding.objects.create, record=programme, key="share", rung="announced")
    cast.money(programme, "share", None, missing="undisclosed")


def test_money_is_neither_part_nor_restatement_of_itself(programme):
    row = Funding.objects.filter(pk=cast.money(programme, "share", 10).pk)
    refused(row.update, part_of=row.get())
    refused(row.update, restates=row.get())


def test_an_initiative_is_not_part_of_itself(programme):
    refused(PartOf.objects.create, record=programme, whole=programme)


def test_somebody_takes_part_and_not_two_at_once(programme):
    refused(Participation.objects.create, record=programme, role="member")
    refused(
        Participation.objects.create, record=programme, role="member",
        country=cast.country("BRA"), organisation=Organisation.objects.first(),
    )  # fmt: skip
    Participation.objects.create(record=programme, role="member", person="A. Tester")


@pytest.mark.parametrize(
    ("since", "until", "fine"),
    [
        ("2020", "2019", False),
        ("2020-06", "2020-05-31", False),
        ("2020", "2020-05-31", True),
        ("2020-06", "2020", True),
        ("2013/..", "2012", False),
    ],
)
def test_nobody_leaves_before_joining(programme, since, until, fine):
    period = {"since": PartialDate.parse(since), "until": PartialDate.parse(until)}
    bloc, country = Bloc.objects.get(slug="asean"), cast.country("KEN")
    taking_part = {"record": programme, "country": country, "role": "lead"}
    if fine:
        Participation.objects.create(**taking_part, **period)
        Membership.objects.create(bloc=bloc, country=country, role="observer", **period)
    else:
        refused(Participation.objects.create, **taking_part, **period)
        refused(Membership.objects.create, bloc=bloc, country=country, role="observer", **period)


def test_the_same_is_said_once_until_it_is_retired(programme):
    said = Framework.objects.get(record=programme)
    with pytest.raises(IntegrityError), transaction.atomic():
        Framework.objects.create(record=programme, bloc=said.bloc)
    Framework.objects.filter(pk=said.pk).update(retired_at=timezone.now())
    Framework.objects.create(record=programme, bloc=said.bloc)


def test_nothing_is_retired_before_it_was_recorded(programme):
    refused(
        StatusStep.objects.filter(record=programme).update,
        retired_at=timezone.now() - dt.timedelta(days=1),
    )


# --- Derived columns -----------------------------------------------------------------------------


def test_what_is_derived_is_right_for_all_seeds(capsys):
    assert Record.objects.exists()
    assert list(wrongly_derived()) == []
    call_command("verify")
    assert capsys.readouterr().out == "Every derived value is right.\n"


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Initiative, {"status": "cancelled"}),
        (Initiative, {"began": "1999"}),
        (Initiative, {"began_latest": dt.date(1999, 1, 1)}),
        (Initiative, {"search_text": "something else"}),
        (StatusStep, {"date_earliest": None}),
        (StatusStep, {"status": "cancelled"}),
        (Participation, {"fingerprint": "0" * 64}),
    ],
    ids=str,
)
def test_verify_names_a_column_that_was_tampered_with(programme, capsys, model, change):
    rows = model.objects.filter(
        **{"slug" if model is Initiative else "record__slug": "test-programme"}
    )
    assert rows.update(**change) == 1
    with pytest.raises(CommandError, match="wrong"):
        call_command("verify")
    lines = capsys.readouterr().err.splitlines()
    column = next(iter(change))
    # A changed step is no longer what its fingerprint says, nor what the initiative derives.
    expected = {"status", "fingerprint"} if model is StatusStep and column == "status" else {column}
    assert expected <= {line.rsplit(": ", 1)[1].removesuffix(" is wrong") for line in lines}
    assert any(f"{rows.get().pk} (" in line for line in lines)
