"""What should be looked at again: ended without a report, one source only, not confirmed for long."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from initiatives.desk.follow_up import (
    CannotConfirm,
    confirm,
    days_confirmed,
    ended_unreported,
    last_confirmed,
    months_ago,
    not_confirmed_for,
    resting_on_one_source,
)
from initiatives.desk.undoing import undo
from initiatives.models import (
    Article,
    Evidence,
    Initiative,
    KeyDate,
    Participation,
    Publisher,
    Record,
    Statement,
    StatusStep,
    Summit,
    SummitSeries,
)
from partners.dates import PartialDate
from partners.history.changes import Change, Verb
from tests import cast, reading
from tests.documents import facts
from tests.people import client_of, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("taken_back")]

TODAY = timezone.localdate


def quokka(name: str, **fields: Any) -> Initiative:
    return cast.initiative(f"quokka-{name}", title=f"Quokka {name}", **fields)


def said_on(
    statement: Statement, day: str, text: str = "", by: str = "", state: str = "accepted"
) -> Any:
    """An article of that day says so."""
    text = text or f"Only this article of {day} says it, about {statement} ({statement.pk})."
    publisher = Publisher.objects.get_or_create(name=by)[0] if by else None
    article = Article.objects.create(
        key=f"article-{Article.objects.count()}", title=f"Article of {day}", language="en",
        text=text, published=PartialDate.parse(day) if day else None, publisher=publisher,
    )  # fmt: skip
    passage = Evidence.objects.create(
        article=article, start=0, end=len(text), words=text, made_by="editor", state=state
    )
    statement.carries_model().objects.create(statement=statement, evidence=passage)
    return statement


def step(record: Initiative, status: str, date: str) -> StatusStep:
    made = StatusStep.objects.create(record=record, status=status, date=PartialDate.parse(date))
    Initiative.objects.filter(pk=record.pk).update(status=status)
    return made


def quokkas() -> Any:
    return Record.objects.published().filter(slug__startswith="quokka")


def ended() -> dict[str, tuple[str, str]]:
    """The day and words of the quokkas that ended without a report."""
    found = ended_unreported(quokkas(), days_confirmed(quokkas()))
    slugs = dict(Record.objects.values_list("pk", "slug"))
    return {slugs[e.record]: (e.day.isoformat(), e.what) for e in found}


# --- Last confirmed ------------------------------------------------------------------------------


def test_a_record_was_last_confirmed_by_its_latest_article_or_by_an_editor():
    record = quokka("one")
    assert last_confirmed(record) is None
    said_on(step(record, "signed", "2019"), "2020-05-04")
    said_on(step(record, "announced", "2018"), "2018")
    said_on(step(record, "proposed", "2017"), "2023", state="proposed")
    assert last_confirmed(record) == dt.date(2020, 5, 4)
    Record.objects.filter(pk=record.pk).update(confirmed_on=dt.date(2021, 1, 1))
    assert last_confirmed(record) == dt.date(2021, 1, 1)


def test_an_article_of_this_year_confirms_today_and_not_in_december():
    record = quokka("one")
    said_on(step(record, "signed", "2019"), str(TODAY().year))
    assert last_confirmed(record) == TODAY()


def test_an_editor_confirms_a_record_and_it_leaves_the_queue_until_that_is_undone():
    record = quokka("one")
    before = facts()
    client = client_of("editor")
    address = "/review/follow-up/unconfirmed/?q=quokka&months=12"
    text = reading.page(client, address)
    assert "Quokka one" in text
    form = text.split("/review/follow-up/confirm/quokka-one/")[1].split("</form>")[0]
    token = re.search(r'name="token" value="([\w-]+)"', form)[1]
    for _twice in range(2):
        answer = client.post(
            "/review/follow-up/confirm/quokka-one/",
            {"token": token, "why": "read their page", "next": address},
        )
        assert answer["Location"] == address
    assert "Nothing to follow up here" in reading.page(client, address)
    (made,) = Change.objects.filter(verb=Verb.CONFIRM)
    assert (made.why, made.about) == ("read their page", "Quokka one")
    assert last_confirmed(record) == TODAY()
    undo([made], person("chief editor"))
    assert facts() == before


def test_confirming_leads_only_to_addresses_of_our_own_and_names_what_is_wrong():
    quokka("one")
    client = client_of("editor")
    address = "/review/follow-up/confirm/quokka-one/"
    refused = client.post(address, {"next": "/"})
    assert refused.status_code == 400
    assert "token: " in refused.content.decode()
    answer = client.post(address, {"token": "t", "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/initiatives/quokka-one/"
    for n, name in enumerate(("follow_up", "review", "//elsewhere.example/", "proposal")):
        answer = client.post(address, {"token": f"n{n}", "next": name})
        assert answer["Location"] == "/initiatives/quokka-one/"
    assert client.post("/review/follow-up/confirm/none/", {"token": "u"}).status_code == 404


def test_a_withdrawn_record_is_not_confirmed():
    record = quokka("one", state="withdrawn")
    with pytest.raises(CannotConfirm, match="Quokka one"):
        confirm(record, None)
    answer = client_of("editor").post("/review/follow-up/confirm/quokka-one/", {"token": "t"})
    assert answer.status_code == 400
    assert not Change.objects.filter(verb=Verb.CONFIRM).exists()


def test_records_not_confirmed_for_long_come_the_longest_first():
    never, old, new = quokka("never"), quokka("old"), quokka("new")
    said_on(step(old, "signed", "2019"), "2019-05")
    said_on(step(new, "signed", "2019"), TODAY().isoformat())
    late = not_confirmed_for(12, quokkas(), days_confirmed(quokkas()))
    assert late == [(never.pk, None), (old.pk, dt.date(2019, 5, 31))]
    assert months_ago(12) == TODAY().replace(year=TODAY().year - 1) or TODAY().day == 29
    assert months_ago(100_000) == dt.date.min


# --- Planned ends --------------------------------------------------------------------------------


def test_a_completion_that_was_planned_and_never_reported_is_listed():
    planned, reported, past = quokka("planned"), quokka("reported"), quokka("past")
    said_on(step(planned, "completed", "2022-06"), "2020")
    said_on(step(reported, "completed", "2022-06"), "2020")
    said_on(step(reported, "under-way", "2021"), "2023")
    said_on(step(past, "completed", "2022-06"), "2022-07")
    assert ended() == {"quokka-planned": ("2022-06-30", "planned to be completed")}
    Record.objects.filter(pk=planned.pk).update(confirmed_on=dt.date(2022, 7, 1))
    assert ended() == {}


def test_a_meeting_that_was_planned_and_not_heard_of_again_is_listed():
    series = SummitSeries.objects.create(name="Quokkas", slug="quokkas")
    for slug, date in (("quokka-past", "2021-03"), ("quokka-to-come", "2999")):
        summit = Summit.objects.create(slug=slug, title=slug, series=series, state="published")
        said = KeyDate.objects.create(record=summit, event="planned", date=PartialDate.parse(date))
        said_on(said, "2020")
    assert ended() == {"quokka-past": ("2021-03-31", "planned to be held")}


def test_money_that_ran_out_is_an_end_and_a_year_of_money_is_none():
    period, year, done = quokka("period"), quokka("year"), quokka("done")
    said_on(cast.money(period, "a", 10, period="2018/2020"), "2017")
    cast.money(year, "a", 10, period="2020")
    cast.money(done, "a", 10, period="2018/2020")
    step(done, "completed", "2020")
    assert ended() == {"quokka-period": ("2020-12-31", "money planned until")}


def test_the_last_period_of_what_is_not_completed_is_its_end():
    record = quokka("one")
    cast.money(record, "a", 10, period="2018/2020")
    Participation.objects.create(
        record=record, country=cast.country("KEN"), role="member", until=PartialDate.parse("2022")
    )
    assert ended() == {"quokka-one": ("2022-12-31", "last partner")}
    later = Participation.objects.create(
        record=record, country=cast.country("CHN"), role="member", until=PartialDate.parse("2999")
    )
    assert ended() == {}
    cast.retire(later)
    Record.objects.filter(pk=record.pk).update(state="draft")
    assert ended() == {}


# --- One source ----------------------------------------------------------------------------------


def test_values_of_one_independent_source_are_listed():
    record = quokka("one")
    alone, copied, printed, two, none = (
        step(record, status, "2019")
        for status in ("announced", "signed", "under-way", "completed", "proposed")
    )
    text = "The quokkas signed their agreement on a sunny day in the capital, said the agency."
    said_on(alone, "2020", by="A")
    said_on(said_on(copied, "2020", text, by="A"), "2020", f"Agency. {text}", by="B")
    said_on(said_on(printed, "2020", by="A"), "2021", "Something else entirely.", by="A")
    said_on(said_on(two, "2020", by="A"), "2021", "Another house has seen them too.", by="B")
    assert none.carried.count() == 0
    assert resting_on_one_source(StatusStep, quokkas()) == [alone.pk, copied.pk, printed.pk]


@pytest.mark.parametrize("value", ["status", "money", "partners"])
def test_each_key_value_has_its_queue(value):
    record = quokka("one", countries=("KEN",))
    rows = {
        "status": step(record, "signed", "2019"),
        "money": cast.money(record, "a", 10, words="ten quokka dollars"),
        "partners": record.participations.get(),
    }
    for said in rows.values():
        said_on(said, "2020")
    client = client_of("editor")
    data = reading.page(client, f"/review/follow-up/one-source/?q=quokka&value={value}")
    shown = next(row for row in reading.table(data) if "Quokka one" in row[0])
    assert {"status": "Signed: 2019", "money": "ten quokka dollars", "partners": "Kenya"}[
        value
    ] in shown[1]
    assert shown[2] == "31 December 2020"


# --- The page ------------------------------------------------------------------------------------


def test_queues_are_counted_filtered_and_paged():
    for n in range(60):
        quokka(f"n{n:02}", blocs=("brics",) if n < 55 else (), sectors=("space",))
    client = client_of("editor")
    everything = Record.objects.published().count()
    text = reading.page(
        client, "/review/follow-up/unconfirmed/?months=1200&bloc=brics&sector=space"
    )
    assert 55 <= reading.stated_count(text) < everything
    assert len(reading.table(text)) == 50
    assert 'rel="next"' in text
    assert "run under BRICS" in text
    assert "/initiatives/quokka-n00/edit/" not in text  # it is published
    text = reading.page(client_of("chief editor"), "/review/follow-up/unconfirmed/?q=quokka")
    assert 'href="/initiatives/quokka-n00/edit/"' in text


def test_who_is_logged_in_and_may_not_edit_is_not_sent_to_log_in():
    quokka("one")
    refused = client_of("editor", "ann").get("/initiatives/quokka-one/edit/")
    assert refused.status_code == 403
    text = reading.plain(reading.body(refused))
    assert "You are logged in as ann" in text
    assert "log in and come back" not in text


def test_a_queue_takes_as_many_queries_for_many_records_as_for_few():
    client = client_of("editor")

    def queries(queue: str) -> int:
        client.get("/initiatives/")  # the first page after a change reads what it touched
        with CaptureQueriesContext(connection) as asked:
            reading.page(client, f"/review/follow-up/{queue}/?q=quokka")
        return len(asked)

    def some(numbers: range) -> None:
        for n in numbers:
            record = quokka(f"n{n}", countries=("KEN",))
            said_on(step(record, "completed", "2021"), "2020")

    some(range(2))
    few = {queue: queries(queue) for queue in ("ended", "one-source", "unconfirmed")}
    some(range(2, 12))
    assert {queue: queries(queue) for queue in few} == few
    assert max(few.values()) <= 45


@pytest.mark.parametrize("wrong", ["months=0", "months=x", "value=wombat", "bloc=wombat"])
def test_what_is_not_understood_is_named_and_selects_nothing(wrong):
    quokka("one")
    text = reading.page(client_of("editor"), f"/review/follow-up/unconfirmed/?{wrong}", status=400)
    assert f'role="alert">{wrong.split("=")[0]}: ' in text
    assert "Quokka one" not in text
    assert client_of("editor").get("/review/follow-up/wombat/").status_code == 302
