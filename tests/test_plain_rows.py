"""Many rows written at once are those that Django would write one by one."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from initiatives.funding.plain_rows import AT_ONCE, insert_new
from initiatives.models import Article, Publisher, Record, Summit, SummitSeries
from partners.dates import PartialDate
from partners.history.versions import versions
from partners.models import Organisation, OrganisationName
from tests import cast

HOSTILE = [
    "\\N", "\\.", "", "a\tb", "a\nb", "a\r\nb", "back\\slash", "\\t", '"quoted", with; marks',
    "'; DROP TABLE initiatives_record; --", "%s %(x)s", "𝒳 emoji 🛰 一带一路", " ", "NULL", "\\\\N",
]  # fmt: skip
pytestmark = pytest.mark.django_db


def stored(model, key: int) -> dict:
    """A row as the database has it, without its number."""
    (row,) = model.objects.filter(pk=key).values()
    return {name: value for name, value in row.items() if name not in ("id", "recorded_at")}


def organisation(name: str, slug: str) -> Organisation:
    return Organisation(slug=slug, name=name, country=cast.country("KEN"))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_is_stored_as_it_is(text):
    name = OrganisationName(name=text, folded=f"quokka {text}")
    keeper = organisation("Quokka Works", "quokka-works")
    insert_new(Organisation, [keeper])
    name.organisation = keeper
    insert_new(OrganisationName, [name])
    again = OrganisationName.objects.get(pk=name.pk)
    assert (again.name, again.folded, again.organisation) == (text, f"quokka {text}", keeper)


class Texts(TestCase):
    """Of generated texts, on the database of the run."""

    @given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), max_size=6))
    def test_all_are_stored_as_they_are_and_in_their_order(self, texts):
        new = [Publisher(name=f"{n} {text}"[:200], url="") for n, text in enumerate(texts)]
        insert_new(Publisher, new)
        rows = Publisher.objects.filter(pk__in=[p.pk for p in new]).order_by("pk")
        assert [row.name for row in rows] == [publisher.name for publisher in new]


def test_a_row_is_the_same_as_that_which_django_writes():
    def both(slug: str) -> tuple[Summit, Summit]:
        series, _ = SummitSeries.objects.get_or_create(slug="quokka", defaults={"name": "Quokka"})
        return tuple(
            Summit(
                slug=f"{slug}-{n}", title="Quokka Summit", aliases=["Q", 'two "words"', "一带"],
                began=PartialDate.parse("2024-06"), series=series, ordinal=n + 1,
                state="published", type="summit",
            )
            for n in range(2)
        )  # fmt: skip

    ours, theirs = both("quokka-summit")
    ours.fill_in()
    insert_new(Record, [ours])
    ours.record_ptr_id = ours.id
    insert_new(Summit, [ours])
    theirs.save()
    differing = {"slug", "ordinal", "record_ptr_id", "created_at", "changed_at"}
    mine, django = stored(Summit, ours.pk), stored(Summit, theirs.pk)
    assert {k: v for k, v in mine.items() if k not in differing} == {
        k: v for k, v in django.items() if k not in differing
    }
    assert not ours._state.adding


def test_what_points_at_a_row_that_is_written_before_it_has_its_number():
    keeper = organisation("Quokka Works", "quokka-works")
    name = OrganisationName(organisation=keeper, name="Quokka", folded="quokka")
    insert_new(Organisation, [keeper])
    insert_new(OrganisationName, [name])
    assert name.organisation_id == keeper.pk
    assert OrganisationName.objects.get(folded="quokka").organisation == keeper


def test_numbers_are_never_given_twice_even_if_the_last_row_is_gone():
    first = Publisher(name="Quokka Post")
    insert_new(Publisher, [first])
    Publisher.objects.filter(pk=first.pk).delete()
    after = [Publisher(name="Quokka Times"), Publisher(name="Quokka Mail")]
    insert_new(Publisher, after)
    by_django = Publisher.objects.create(name="Quokka Star")
    numbers = [first.pk, *(p.pk for p in after), by_django.pk]
    assert numbers == sorted(set(numbers))


def test_each_row_is_kept_by_the_history():
    new = [organisation(f"Quokka {n}", f"quokka-{n}") for n in range(3)]
    insert_new(Organisation, new)
    twin = versions()[Organisation]
    assert twin.objects.filter(row__in=[o.pk for o in new], closed=None).count() == 3


def test_more_rows_than_one_statement_takes():
    new = [Publisher(name=f"Quokka {n}") for n in range(AT_ONCE + 3)]
    insert_new(Publisher, new)
    assert Publisher.objects.filter(name__startswith="Quokka ").count() == AT_ONCE + 3
    assert len({publisher.pk for publisher in new}) == AT_ONCE + 3


def test_nothing_to_write_asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        insert_new(Publisher, [])


def test_what_the_database_forbids_is_refused_whole():
    twice = [organisation("Quokka", "quokka"), organisation("Other", "quokka")]
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_new(Organisation, twice)
    assert not Organisation.objects.filter(slug="quokka").exists()


def test_an_article_of_a_large_text_is_stored_whole():
    text = "Wombat tunnels.\n\tAnd quokkas.\\ " * 5_000
    article = Article(key="quokka", title="Quokka", language="en", text=text)
    article.publisher_missing = article.published_missing = "unknown"
    insert_new(Article, [article])
    assert Article.objects.get(pk=article.pk).text == text
