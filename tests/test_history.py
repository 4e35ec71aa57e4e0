"""What was known when: versions of every row, reading the past, taking changes back."""

from __future__ import annotations

import json
import re

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from initiatives.desk.history import first_published, steps_of
from initiatives.desk.undoing import revert, undo, undo_run
from initiatives.funding.counting import miscounted
from initiatives.models import Initiative, Record, StatusStep
from initiatives.touched import records_by_change
from partners.dates import PartialDate
from partners.history.asking import moment_named
from partners.history.changes import (
    Change,
    Replayed,
    Verb,
    change,
    data_version,
    wrote_something,
)
from partners.history.moment import PastIsFixed, as_of
from partners.history.undoing import CannotUndo
from partners.history.versions import missing_triggers, versions
from tests import cast
from tests.documents import document, imported, initiative, money, partner, step
from tests.exports import differing, everything
from tests.people import person

pytestmark = pytest.mark.django_db


def when(number: int) -> str:
    return Change.objects.get(number=number).at.isoformat()


# --- Kept ----------------------------------------------------------------------------------------


def test_every_table_that_keeps_its_history_has_its_triggers():
    assert missing_triggers() == []


@pytest.mark.parametrize("model", list(versions()), ids=lambda model: model._meta.label)
def test_the_open_versions_are_the_rows(model):
    """Of every table, after the reference data and the seeds were loaded."""
    columns = [f.column for f in model._meta.local_concrete_fields]
    names = ", ".join(f'"{name}"' for name in columns)
    table, kept = model._meta.db_table, versions()[model]._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT {names} FROM "{table}" ORDER BY 1')
        rows = cursor.fetchall()
        cursor.execute(f'SELECT {names} FROM "{kept}" WHERE closed IS NULL ORDER BY "{columns[0]}"')
        assert cursor.fetchall() == rows


def test_a_row_written_without_a_change_is_a_change_of_its_own():
    before = data_version()
    cast.initiative("quokka")
    assert data_version() > before
    assert Change.objects.newest_first()[0].verb == Verb.DIRECT


def test_a_change_that_writes_nothing_is_none():
    before = data_version()
    with change(Verb.EDIT) as made:
        Record.objects.filter(slug="digital-silk-road").update(state="published")
    assert not made.kept
    assert data_version() == before
    assert not Change.objects.filter(number=made.number).exists()


def test_a_change_that_fails_leaves_nothing():
    before = data_version(), Change.objects.count()
    with pytest.raises(ZeroDivisionError), transaction.atomic(), change(Verb.EDIT):
        cast.initiative("quokka")
        raise ZeroDivisionError
    assert (data_version(), Change.objects.count()) == before
    assert not Record.objects.filter(slug="quokka").exists()


def test_one_form_makes_one_change():
    with change(Verb.EDIT, token="one") as made:
        cast.initiative("quokka")
    with pytest.raises(Replayed) as caught, change(Verb.EDIT, token="one"):
        cast.initiative("quokka-two")
    assert caught.value.first == made


# --- As of ---------------------------------------------------------------------------------------


def test_nothing_can_be_written_to_the_past():
    with as_of(moment_named("2026")), pytest.raises(PastIsFixed):
        Record.objects.update(title="Something else")


@pytest.mark.parametrize(
    ("made", "until", "not_until"),
    [
        ("12:00:00.000", "12:00:00", "11:59:59.999999"),
        ("12:00:00.120", "12:00:00.12", "12:00:00.119999"),
        ("12:00:00.999", "12:00:00.999", "12:00:00.998999"),
        ("12:00:00.000001", "12:00:00.000001", "12:00:00"),
    ],
)
def test_the_moment_of_a_change_is_after_it_however_its_time_was_written(made, until, not_until):
    number = data_version()
    cast.initiative("quokka")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM partners_change WHERE number > %s", [number + 1])
        cursor.execute(
            f"UPDATE partners_change SET at = '2020-01-01 {made}' WHERE number = {number + 1}"
        )
        cursor.execute(f"UPDATE partners_change SET at = '2019-01-01' WHERE number <= {number}")
    assert moment_named(f"2020-01-01T{until}Z").number == number + 1
    assert moment_named(f"2020-01-01T{not_until}Z").number == number


@pytest.mark.parametrize(
    "asked", ["yesterday", "2999", "2024-13-01", "2013/..", "2024-10-23T25:00"]
)
@pytest.mark.parametrize(
    "address",
    ["/initiatives/", "/initiatives.json", "/initiatives.csv", "/initiatives/digital-silk-road/",
     "/initiatives/digital-silk-road.json", "/charts/funding-by-year.json", "/funding/", "/",
     "/countries/CHN/", "/blocs/brics.json", "/funding/rows.json", "/search/"],
)  # fmt: skip
def test_what_is_no_moment_of_the_past_is_refused_by_name(client, address, asked):
    response = client.get(address, {"as_of": asked, **({"q": "x"} if "search" in address else {})})
    assert response.status_code == 400
    assert b"as_of" in response.content


def test_before_anything_was_known_the_site_is_empty(client):
    assert client.get("/initiatives.json?as_of=1999").json()["count"] == 0
    assert client.get("/initiatives/digital-silk-road/?as_of=1999").status_code == 404


def test_a_page_of_the_past_says_so_and_leads_on_into_the_past(client):
    number = data_version()
    cast.initiative("quokka", title="Quokka programme")
    asked = when(number)
    page = client.get("/initiatives/", {"as_of": asked}).content.decode()
    assert "Quokka" not in page
    assert "As Accord knew it on" in page
    assert "/initiatives/digital-silk-road/?as_of=" in page
    assert "as known on" in client.get("/initiatives.json", {"as_of": asked}).json()["query"]


def script():
    """Thirty changes of every kind that an import or an editor makes."""
    user = person("chief editor")
    yield "import", lambda: imported(document(initiative("t1", status=[step(date="2019")])))
    yield (
        "money",
        lambda: imported(document(initiative("t1", funding=[money("first")]), article="second")),
    )
    for n in range(2, 8):
        yield (
            f"another {n}",
            lambda n=n: imported(
                document(
                    initiative(f"t{n}", status=[step(date=f"{2010 + n}")], funding=[money("m")]),
                    article=f"article-{n}",
                )
            ),
        )
    for n in range(2, 8):
        yield f"retitled {n}", lambda n=n: edit(user, f"t{n}", title=f"Retitled {n}")
    for n in range(2, 6):
        yield f"stepped {n}", lambda n=n: restep(user, f"t{n}")
    for n in (3, 5):
        yield f"withdrawn {n}", lambda n=n: edit(user, f"t{n}", state="withdrawn")
    for n in range(2, 6):
        yield f"sectors {n}", lambda n=n: sectors(user, f"t{n}", "space")
    yield "undone", lambda: undo([Change.objects.newest_first()[0]], user)
    yield "undone again", lambda: undo([Change.objects.newest_first()[0]], user)
    yield "organisation", lambda: organise(user)
    yield (
        "partner",
        lambda: imported(
            document(initiative("t1", partners=[partner(country="Kenya")]), article="third")
        ),
    )
    yield (
        "reverted",
        lambda: revert(
            Record.objects.get(slug="t2"), first_published(Record.objects.get(slug="t2")), user
        ),
    )
    yield (
        "money gone",
        lambda: (
            undo([Change.objects.filter(verb=Verb.IMPORT).order_by("number")[2]], user)
            if False
            else edit(user, "t1", summary="Another summary.")
        ),
    )


def edit(user, slug, **values):
    from initiatives.funding.counting import recount

    with change(Verb.EDIT, user):
        Record.objects.filter(slug=slug).update(**values)
        recount([Record.objects.get(slug=slug).pk])


def sectors(user, slug, *slugs):
    from initiatives.funding.counting import recount

    with change(Verb.EDIT, user):
        record = Record.objects.get(slug=slug)
        record.sectors.set([cast.sector(s) for s in slugs])
        recount([record.pk])


def restep(user, slug):
    from initiatives.derive import derive

    with change(Verb.EDIT, user):
        record = Initiative.objects.get(slug=slug)
        cast_step = record.steps.get()
        cast_step.retired_because = "corrected"
        cast_step.retired_at = Change.objects.newest_first()[0].at
        cast_step.recorded_at = min(cast_step.recorded_at, cast_step.retired_at)
        cast_step.save()
        new = StatusStep.objects.create(
            record=record, status="signed", date=PartialDate.parse("2020-06"), supersedes=cast_step
        )
        cast.carry(new)
        derive(record)


def organise(user):
    from initiatives.funding.counting import recount
    from initiatives.funding.places import standing_through
    from partners.models import Organisation

    with change(Verb.MANAGE, user):
        organisation = Organisation.objects.get(slug="rostec")
        organisation.name = "Rostec, renamed"
        organisation.country = cast.country("KEN")
        organisation.save()
        recount(standing_through(organisation))


def test_each_of_thirty_states_can_be_read_afterwards_as_it_was(client):
    taken = {}
    for name, make in script():
        before = data_version()
        make()
        assert data_version() > before, name
        taken[data_version()] = everything(client)
    assert len(taken) >= 30
    for number, then in taken.items():
        assert differing(everything(client, when(number)), then) == [], number


# --- Taking back ---------------------------------------------------------------------------------


def test_every_change_can_be_taken_back_to_the_state_before(client):
    user = person("chief editor")
    after = everything(client)
    for name, make in script():
        before, number = after, data_version()
        make()
        after = everything(client)
        made = list(Change.objects.filter(number__gt=number))
        undone = undo(made, user, why="a test")
        assert differing(everything(client), before) == [], name
        assert list(miscounted()) == []
        undo([undone], user)
        assert differing(everything(client), after) == [], name
        assert list(miscounted()) == []


def test_a_whole_import_run_can_be_taken_back(client):
    before = everything(client)
    counts = {m: m._base_manager.count() for m in versions()}
    run = cast.import_files(
        *(
            (
                f"{n}.json",
                json.dumps(
                    document(initiative(f"t{n}", funding=[money("m")]), article=f"a{n}")
                ).encode(),
            )
            for n in range(3)
        )
    )
    assert differing(everything(client), before)
    undo_run(run, person("chief editor"))
    assert differing(everything(client), before) == []
    assert {m: m._base_manager.count() for m in versions()} == counts
    with pytest.raises(CannotUndo):
        undo_run(run)


def test_what_later_changes_built_on_is_not_taken_back_but_named():
    run = imported(document(initiative("t1")))
    user = person("chief editor")
    edit(user, "t1", title="Another title")
    later = data_version()
    with pytest.raises(CannotUndo) as caught:
        undo_run(run, user)
    assert any(conflict.number == later for conflict in caught.value.conflicts)
    assert str(later) in str(caught.value)
    assert Record.objects.filter(slug="t1").exists()
    undo([Change.objects.get(number=later)], user)
    undo_run(run, user)
    assert not Record.objects.filter(slug="t1").exists()


def test_two_changes_of_different_values_can_be_taken_back_in_any_order(client):
    user = person("chief editor")
    imported(document(initiative("t1", status=[step(date="2019")])))
    edit(user, "t1", title="Another title")
    first = Change.objects.get(number=data_version())
    edit(user, "t1", summary="Another summary.")
    undo([first], user)
    record = Record.objects.get(slug="t1")
    assert record.title != "Another title"
    assert record.summary == "Another summary."


def test_a_reverted_record_says_again_what_it_said(client):
    user = person("chief editor")
    imported(document(initiative("t1", status=[step(date="2019")], funding=[money("m")])))
    number = data_version()
    said = client.get("/initiatives/t1.json").json()
    edit(user, "t1", title="Another title")
    restep(user, "t1")
    sectors(user, "t1", "space")
    revert(Record.objects.get(slug="t1"), number, user, why="it was right")
    again = client.get("/initiatives/t1.json").json()
    for name in ("changed", "data_version"):
        assert said.pop(name) != again.pop(name)
    assert again == said
    assert list(miscounted()) == []


def test_the_steps_of_a_change_are_said_in_words():
    user = person("chief editor")
    imported(document(initiative("t1", status=[step(date="2019")])))
    edit(user, "t1", title="Another title")
    record = Record.objects.get(slug="t1")
    (difference,) = steps_of(record, [data_version()])[data_version()]
    assert (difference.what, difference.after) == ("title", "Another title")
    restep(user, "t1")
    said = {(d.what, d.before, d.after) for d in steps_of(record, [data_version()])[data_version()]}
    assert ("status", "announced 2019", "no longer held: corrected") in said
    assert ("status", "", "signed June 2020") in said


@pytest.mark.skipif(connection.vendor != "sqlite", reason="how SQLite chooses an index")
def test_what_a_change_touched_is_found_without_reading_whole_tables():
    number = data_version()
    with CaptureQueriesContext(connection) as captured:
        records_by_change(number - 1, number)
        wrote_something(number)
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            plan = " ".join(row[3] for row in cursor.fetchall())
            assert not re.search(r"SCAN \w+_version", plan), (query["sql"], plan)
