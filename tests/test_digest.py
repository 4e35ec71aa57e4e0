"""The daily mail of saved views: who gets it, what it says, and that it comes once."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
import threading
import time
from html import unescape
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.contrib.auth.models import User
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from dashboards.watching import addresses
from dashboards.watching.digest import HELD, PAUSE, send_due
from dashboards.watching.models import Mailing, SavedView
from dashboards.watching.tasks import send_digests
from partners.models import Bloc
from tests.conftest import environment_of_test, kill_group
from tests.documents import step
from tests.people import person
from tests.reading import body, page, plain
from tests.test_watching import QUOKKAS, quokka
from tests.watching import edit, mail_server, reader, save, saved

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2030, 5, 6, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def sends_mail(settings: Any) -> None:
    """A site that sends mail, from six o'clock on."""
    settings.SENDS_MAIL = True
    settings.DIGEST_HOUR = 6


def watching(name: str = "test-reader", address: str = QUOKKAS, called: str = "Quokkas") -> Client:
    """Somebody with an address who watches a view by mail."""
    client = reader(name, f"{name}@example.org")
    assert saved(client, address, called, mailed="on").mailed
    return client


def text_of(message: Any) -> str:
    return message.body


def html_of(message: Any) -> str:
    (alternative,) = message.alternatives
    assert alternative.mimetype == "text/html"
    return alternative.content


# --- What is mailed ------------------------------------------------------------------------------


def test_one_mail_says_what_changed_in_all_views_of_a_person():
    quokka("q1", step("signed", "2023"))
    me = watching()
    saved(me, "/initiatives/?q=wombat", "Wombats", mailed="on")
    saved(me, "/initiatives/?q=koala", "Koalas", mailed="on")
    saved(me, "/initiatives/", "Not mailed")
    quokka("q1", step("under-way", "2024", "Work began in 2024."), article="b")
    quokka("w1", title="Wombat one")
    assert send_due(NOON) == 1
    (message,) = mail.outbox
    assert message.to == ["test-reader@example.org"]
    assert message.subject == "Accord: 2 changes in 2 views"
    for text in (text_of(message), plain(html_of(message))):
        assert "Quokka q1: status signed → under way" in text
        assert "Work began in 2024." in text
        assert "Made up for a test: b, June 2024" in text
        assert "Wombat one: published" in text
        assert "Quokka q1: published" not in text  # that was before it was watched
        assert "Koalas" not in text
        assert "Not mailed" not in text
    links = re.findall(
        r'(?:href="|^ *|: )(https?://\S+?)(?="|\s)', html_of(message) + text_of(message), re.M
    )
    assert len(links) > 8
    for link in links:
        assert link.startswith("http://localhost/"), link
        address = unescape(link).removeprefix("http://localhost").partition("#")[0]
        assert me.get(address).status_code == 200, link


def test_a_mail_of_one_view_names_it():
    watching(called="Quokkas & <b>co</b>")
    quokka("q1")
    send_due(NOON)
    (message,) = mail.outbox
    assert message.subject == "Accord: 1 change in “Quokkas & <b>co</b>”"
    assert "Quokkas &amp; &lt;b&gt;co" in html_of(message)
    assert "Quokkas & <b>co</b>" in text_of(message)


def test_a_long_mail_is_cut_and_says_so(monkeypatch):
    monkeypatch.setattr("dashboards.watching.digest.MOST_IN_MAIL", 2)
    watching()
    for n in range(4):
        quokka(f"q{n}")
    send_due(NOON)
    (message,) = mail.outbox
    assert message.subject == "Accord: 2+ changes in “Quokkas”"
    assert text_of(message).count(": published") == 2
    assert "There are more changes than a mail holds" in text_of(message)


def test_nothing_changed_nothing_is_sent():
    watching()
    quokka("w1", title="Wombat")
    assert send_due(NOON) == 0
    assert mail.outbox == []


# --- To whom -------------------------------------------------------------------------------------


def test_only_people_who_are_active_and_have_an_address_get_mail():
    for name in ("one", "two", "three"):
        watching(name)
    User.objects.filter(username="two").update(is_active=False)
    User.objects.filter(username="three").update(email="")
    quokka("q1")
    assert send_due(NOON) == 1
    assert [message.to for message in mail.outbox] == [["one@example.org"]]


def test_mail_of_a_view_is_switched_off_and_on_again():
    me = watching()
    view = SavedView.objects.get()
    edit(me, view)
    quokka("q1")
    assert send_due(NOON) == 0
    edit(me, view, mailed="on")
    quokka("q2")
    assert send_due(NOON + DAY) == 1
    assert "q1" not in text_of(mail.outbox[0])


def test_a_deleted_view_is_not_mailed():
    me = watching()
    me.post(f"/views/{SavedView.objects.get().key}/delete/")
    quokka("q1")
    assert send_due(NOON) == 0


def test_without_a_mail_server_the_page_says_so_and_the_switch_is_off(settings):
    settings.SENDS_MAIL = False
    me = reader("one", "one@example.org")
    view = saved(me, QUOKKAS, mailed="on")
    assert not view.mailed
    text = page(me, f"/views/{view.key}/edit/")
    assert re.search(r'<input[^>]*name="mailed"[^>]*disabled', text)
    for address in (f"/views/{view.key}/edit/", "/views/", "/views/mail/"):
        assert "This site sends no mail." in page(me, address)
    assert me.post("/views/mail/", {"email": "x@example.org"}).status_code == 400
    quokka("q1")
    assert send_due(NOON) == 0


def test_without_an_address_the_switch_is_off_and_leads_to_the_page_that_sets_one():
    me = reader("one")
    view = saved(me, QUOKKAS, mailed="on")
    assert not view.mailed
    assert 'href="/views/mail/"' in page(me, f"/views/{view.key}/edit/").split("<main")[1]


def test_a_view_that_can_no_longer_be_read_is_told_of_once():
    brics = Bloc.objects.get(slug="brics")
    Bloc.objects.create(slug="test-bloc", name="Test", short_name="TB", source=brics.source)
    watching(address="/initiatives/?bloc=test-bloc")
    Bloc.objects.get(slug="test-bloc").delete()
    quokka("q1")
    assert send_due(NOON) == 1
    (message,) = mail.outbox
    assert message.subject == "Accord: a view that you watch can no longer be read"
    assert "bloc:" in text_of(message)
    assert "Quokka" not in text_of(message).replace("Quokkas", "")
    assert send_due(NOON + DAY) == 0


# --- Once ----------------------------------------------------------------------------------------


def test_it_comes_once_a_day_with_what_is_new_since_the_last():
    watching()
    quokka("q1")
    assert send_due(NOON) == 1
    quokka("q2")
    for later in (0, 1, 17):
        assert send_due(NOON + dt.timedelta(hours=later)) == 0
    assert send_due(NOON + dt.timedelta(hours=18)) == 1  # it is six again
    assert "q2" in text_of(mail.outbox[1])
    assert "q1" not in text_of(mail.outbox[1])
    assert send_due(NOON + DAY) == 0


class Down:
    """A mail server that is down, or takes nothing for some."""

    def __init__(self, monkeypatch: Any, *whom: str) -> None:
        self.whom = whom
        sending = mail.EmailMultiAlternatives.send

        def send(message: Any, *args: Any, **kwargs: Any) -> int:
            if not self.whom or message.to[0] in self.whom:
                raise ConnectionRefusedError("nobody answers")
            return sending(message, *args, **kwargs)

        monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", send)


def test_what_could_not_be_sent_is_sent_later_and_nothing_is_lost(monkeypatch):
    watching()
    quokka("q1")
    with monkeypatch.context() as patch:
        Down(patch)
        assert send_due(NOON) == 0
        assert send_due(NOON + PAUSE + dt.timedelta(minutes=1)) == 0
        quokka("q2")
    assert send_due(NOON + PAUSE + dt.timedelta(minutes=2)) == 0  # not at once again
    assert send_due(NOON + 3 * PAUSE) == 1
    (message,) = mail.outbox
    assert "Quokka q1: published" in text_of(message)
    assert "Quokka q2: published" in text_of(message)


def test_one_persons_failure_stops_nobody_else(monkeypatch):
    for name in ("one", "two", "three"):
        watching(name)
    quokka("q1")
    with monkeypatch.context() as patch:
        Down(patch, "two@example.org")
        assert send_due(NOON) == 2
    assert send_due(NOON + 3 * PAUSE) == 1
    assert sorted(message.to[0] for message in mail.outbox) == [
        "one@example.org", "three@example.org", "two@example.org",
    ]  # fmt: skip


def test_an_error_of_ours_for_one_person_stops_nobody_else(monkeypatch):
    for name in ("one", "two"):
        watching(name)
    quokka("q1")
    whole = mail.EmailMultiAlternatives.attach_alternative

    def broken(message: Any, *args: Any) -> None:
        if message.to == ["one@example.org"]:
            raise ZeroDivisionError
        whole(message, *args)

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.attach_alternative", broken)
    assert send_due(NOON) == 1
    assert mail.outbox[0].to == ["two@example.org"]


def test_who_died_at_work_is_followed_by_another_when_the_hold_ends():
    watching()
    quokka("q1")
    Mailing.objects.update(holder="dead", held_until=NOON + HELD)
    assert send_due(NOON + HELD / 2) == 0
    assert send_due(NOON + HELD) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_mail_to_each(seeded, settings):
    """Through a real conversation with a mail server, by threads with connections of their own."""
    for name in ("one", "two", "three"):
        watching(name)
    quokka("q1")
    with mail_server() as (sink, url):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(url.rpartition(":")[2])
        start = threading.Barrier(4)
        sent: list[int] = []

        def work() -> None:
            try:
                start.wait(10)
                sent.append(send_due(NOON))
            finally:
                connection.close()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sum(sent) == 3
        assert sorted(str(m["To"]) for m in sink.mails) == [
            "one@example.org", "three@example.org", "two@example.org",
        ]  # fmt: skip
        message = sink.mails[0]
        assert message["Subject"] == "Accord: 1 change in “Quokkas”"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert re.fullmatch(
            r" ?<http://localhost/views/unsubscribe/[^>]+/>", message["List-Unsubscribe"]
        )
        assert re.fullmatch(r"<views-\d+-\d+-\d+@localhost>", message["Message-ID"])
        parts = {part.get_content_type(): part.get_content() for part in message.iter_parts()}
        assert list(parts) == ["text/plain", "text/html"]
        for part in parts.values():
            assert "Quokka q1: published" in part
        # A server that refuses one of them now: that one is sent later.
        quokka("q2")
        sink.mails.clear()
        sink.refused = {"two@example.org"}
        assert send_due(NOON + DAY) == 2
        sink.refused = set()
        assert send_due(NOON + DAY + 2 * PAUSE) == 1
        assert sorted(str(m["To"]) for m in sink.mails) == [
            "one@example.org", "three@example.org", "two@example.org",
        ]  # fmt: skip


def test_the_clock_has_a_real_worker_send_it(seeded, start_worker, tmp_path):
    """Beat, queue, worker and mail server, each a process or a server of its own."""
    watching()
    quokka("q1")
    with mail_server() as (sink, url):
        env = {"EMAIL_URL": url, "DIGEST_HOUR": "0", "DIGEST_EVERY": "1"}
        start_worker(**env)
        log = tmp_path / "beat.log"
        with log.open("wb") as output:
            clock = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "config", "beat", "--loglevel=INFO",
                 f"--schedule={tmp_path / 'beat'}", "--pidfile="],
                cwd=site_settings.BASE_DIR, env=environment_of_test() | env,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, process_group=0,
            )  # fmt: skip
        try:
            end = time.monotonic() + 90
            while not sink.mails:
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.2)
            time.sleep(4)  # it is asked again and again
        finally:
            kill_group(clock)
        (message,) = sink.mails
        assert message["To"] == "test-reader@example.org"
    mailing = Mailing.objects.get()
    assert mailing.day == timezone.now().date()
    assert mailing.holder == ""


def test_the_task_forgets_what_was_deleted_long_ago():
    me = reader()
    view = saved(me, QUOKKAS)
    me.post(f"/views/{view.key}/delete/")
    send_digests()
    assert SavedView.objects.filter(pk=view.pk).exists()
    SavedView.objects.update(deleted_at=timezone.now() - 31 * DAY)
    send_digests()
    assert not SavedView.objects.filter(pk=view.pk).exists()


def test_it_asks_little_where_nothing_is_due(django_assert_max_num_queries):
    for n in range(5):
        watching(f"reader-{n}")
    send_due(NOON)
    with django_assert_max_num_queries(1):
        send_due(NOON)


# --- Ending it -----------------------------------------------------------------------------------


def way_out() -> str:
    """The address in the header of the last mail, without the host."""
    header = mail.outbox[-1].extra_headers["List-Unsubscribe"]
    return header.removeprefix("<http://localhost").removesuffix(">")


def test_one_click_ends_it_without_a_login():
    watching()
    quokka("q1")
    send_due(NOON)
    # What reads mail may follow links; only the form ends it. It has no cookie and no token.
    stranger = Client(enforce_csrf_checks=True)
    assert "Mail no changes of views to test-reader any more?" in plain(page(stranger, way_out()))
    quokka("q2")
    assert send_due(NOON + DAY) == 1
    answer = stranger.post(way_out(), {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert "Accord mails nothing more to test-reader." in plain(body(answer))
    quokka("q3")
    assert send_due(NOON + 2 * DAY) == 0
    assert stranger.post(way_out()).status_code == 200  # twice is no harm


@pytest.mark.parametrize("token", ["1", "1:x", "%00", "x" * 500, "MQ:abc"])
def test_a_token_that_was_not_signed_ends_nothing(client, token):
    watching()
    assert client.post(f"/views/unsubscribe/{token}/").status_code == 404
    assert SavedView.objects.get().mailed


# --- The address ---------------------------------------------------------------------------------


def link() -> str:
    """The link in the last mail, without the host."""
    found = re.search(r"http://localhost(/views/mail/\S+)", text_of(mail.outbox[-1]))
    assert found
    return found[1]


def address_of(name: str = "test-reader") -> str:
    return User.objects.get(username=name).email


def test_an_address_is_confirmed_by_the_link_that_is_mailed_there(client):
    me = reader()
    me.post("/views/mail/", {"email": "New@example.org"})
    assert mail.outbox[-1].to == ["New@example.org"]
    assert address_of() == ""
    # Without a login: the link may be opened elsewhere. Only the form confirms.
    assert "Mail the changes of the views of test-reader to New@example.org?" in plain(
        page(client, link())
    )
    assert address_of() == ""
    assert client.post(link()).status_code == 200
    assert address_of() == "New@example.org"
    assert "Mail goes to New@example.org." in plain(page(me, "/views/mail/"))
    # Once.
    assert client.post(link()).status_code == 400
    # Now mail can be switched on.
    assert saved(me, QUOKKAS, mailed="on").mailed


def test_an_old_link_confirms_nothing(client, monkeypatch):
    reader().post("/views/mail/", {"email": "new@example.org"})
    monkeypatch.setattr(addresses, "HOLDS", dt.timedelta(seconds=-1))
    assert client.post(link()).status_code == 400
    assert address_of() == ""


def test_nobody_confirms_what_was_not_signed(client):
    me = reader()
    me.post("/views/mail/", {"email": "new@example.org"})
    token = link().split("/")[3]
    for wrong in ("x", token[:-1], token + "x", token.replace(":", ";"), way_out_of(me)):
        assert client.post(f"/views/mail/{wrong}/").status_code in (400, 404)
    assert address_of() == ""


def way_out_of(client: Client) -> str:
    """A token that is good for something else."""
    from dashboards.watching.digest import unsubscribe_path

    return unsubscribe_path(User.objects.get(username="test-reader")).split("/")[3]


def test_no_letter_box_is_filled(client):
    me = reader()
    assert me.post("/views/mail/", {"email": "a@example.org"}).status_code == 302
    response = me.post("/views/mail/", {"email": "b@example.org"})
    assert response.status_code == 429
    assert "Try again after" in plain(body(response))
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    "email",
    [
        "nobody",
        "a@b",
        "a@example.org\nBcc: b@example.org",
        "x" * 250 + "@example.org",
        "a@\x00.org",
    ],
)
def test_what_is_no_address_is_refused(email):
    response = reader().post("/views/mail/", {"email": email})
    assert response.status_code == 400
    assert re.search(r'<input[^>]*name="email"[^>]*aria-invalid="true"', body(response))
    assert mail.outbox == []


def test_a_mail_server_that_is_down_is_said(monkeypatch):
    me = reader()
    Down(monkeypatch)
    monkeypatch.setattr("dashboards.watching.addresses.send_mail", refuse)
    response = me.post("/views/mail/", {"email": "new@example.org"})
    assert response.status_code == 503
    assert "could not be mailed" in plain(body(response))


def refuse(*_args: Any) -> None:
    raise ConnectionRefusedError


def test_an_address_can_be_taken_away():
    me = watching()
    me.post("/views/mail/", {"email": ""})
    assert address_of() == ""
    quokka("q1")
    assert send_due(NOON) == 0


def test_an_address_that_an_administrator_typed_is_good(client):
    person("editor")
    User.objects.filter(username="test-editor").update(email="editor@example.org")
    client.force_login(User.objects.get(username="test-editor"))
    assert save(client, QUOKKAS, mailed="on").status_code == 302
    quokka("q1")
    send_due(NOON)
    assert mail.outbox[0].to == ["editor@example.org"]
