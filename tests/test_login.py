"""Logging in: who is kept out and for how long, where it leads, and what a session is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from tests import people
from tests.people import PASSWORD, client_of
from tests.reading import body, plain
from tests.test_setup import environment, manage

pytestmark = pytest.mark.django_db

LOGINS = ("/login/", "/admin/login/")
HERE, THERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture(autouse=True)
def ada() -> User:
    return people.person("editor", "ada")


@pytest.fixture
def ben() -> User:
    return people.person("editor", "ben")


def try_login(password: str, name: str = "ada", at: str = "/login/", **client):
    """The answer to one attempt from a browser of its own."""
    meta = {"REMOTE_ADDR": HERE, **client}
    return Client(**meta).post(at, {"username": name, "password": password, "next": "/"})


def guess(times: int = 5, **attempt):
    """The answers to so many wrong passwords."""
    return [try_login(f"wrong {n}", **attempt) for n in range(times)]


# --- Guessing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", LOGINS)
def test_after_five_wrong_passwords_the_right_one_is_refused_too(at):
    assert [answer.status_code for answer in guess(4, at=at)] == [200] * 4
    guess(1, at=at)
    refused = try_login(PASSWORD, at=at)
    assert refused.status_code == 429
    assert "_auth_user_id" not in refused.client.session


def test_the_page_of_a_locked_account_says_when_to_try_again():
    guess()
    refused = try_login(PASSWORD)
    until = AccessAttempt.objects.get().attempt_time + settings.AXES_COOLOFF_TIME
    said = plain(body(refused))
    assert f"possible again in 15 minutes, at {until:%H:%M} UTC" in said
    assert 0 < int(refused["Retry-After"]) <= 15 * 60 + 1
    assert "Content-Security-Policy" in refused.headers


def test_the_time_that_the_page_names_is_kept_whatever_is_tried_meanwhile():
    guess()
    then = AccessAttempt.objects.get().attempt_time
    guess(3)
    assert AccessAttempt.objects.get().attempt_time == then
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14, seconds=50))
    assert "again in 1 minute, at" in plain(body(try_login(PASSWORD)))
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
    assert try_login(PASSWORD).status_code == 302


def test_nobody_else_is_locked_out(ben):
    guess()
    assert try_login(PASSWORD, name="ben").status_code == 302
    assert try_login(PASSWORD, REMOTE_ADDR=THERE).status_code == 302
    assert try_login(PASSWORD).status_code == 429


def test_the_site_and_the_admin_count_together():
    guess(3)
    guess(2, at="/admin/login/")
    assert try_login(PASSWORD).status_code == 429


def test_another_browser_does_not_get_five_more_guesses():
    for n in range(5):
        guess(1, HTTP_USER_AGENT=f"browser {n}")
    assert try_login(PASSWORD, HTTP_USER_AGENT="browser 6").status_code == 429


def test_success_forgets_the_wrong_passwords_before_it():
    guess(4)
    assert try_login(PASSWORD).status_code == 302
    assert [answer.status_code for answer in guess(4)] == [200] * 4
    assert try_login(PASSWORD).status_code == 302


def test_whoever_is_logged_in_stays_so_while_others_guess(ada):
    inside = client_of("editor", "ada")
    guess(8)
    assert inside.get("/password/").status_code == 200


def test_an_account_that_does_not_exist_is_answered_like_one_that_does():
    known, unknown = guess(1)[0], guess(1, name="nobody")[0]
    assert plain(body(known)).replace("ada", "") == plain(body(unknown)).replace("nobody", "")
    guess(4), guess(4, name="nobody")
    assert try_login(PASSWORD).status_code == try_login(PASSWORD, name="nobody").status_code == 429


def test_the_passwords_that_were_tried_are_not_kept():
    guess(2)
    kept = AccessAttempt.objects.values_list().get()
    assert not [value for value in kept if "wrong" in str(value)]


# --- Addresses -----------------------------------------------------------------------------------


def test_what_a_client_says_of_its_address_is_not_believed():
    for n in range(5):
        guess(1, HTTP_X_FORWARDED_FOR=f"203.0.113.{n}")
    assert try_login(PASSWORD, HTTP_X_FORWARDED_FOR=THERE).status_code == 429


def test_behind_a_trusted_proxy_the_address_is_the_one_that_the_proxy_added(settings):
    settings.TRUST_PROXY = True
    proxy = {"REMOTE_ADDR": "127.0.0.1"}
    for n in range(5):
        guess(1, HTTP_X_FORWARDED_FOR=f"203.0.113.{n}, {HERE}", **proxy)
    assert try_login(PASSWORD, HTTP_X_FORWARDED_FOR=f"{THERE}, {HERE}", **proxy).status_code == 429
    assert try_login(PASSWORD, HTTP_X_FORWARDED_FOR=f"{HERE}, {THERE}", **proxy).status_code == 302


@pytest.mark.parametrize("said", ["", "unknown", "192.0.2.1:4711", "<script>", "1.2.3.4, "])
def test_an_address_that_cannot_be_read_is_the_one_of_the_connection(settings, said):
    settings.TRUST_PROXY = True
    guess(HTTP_X_FORWARDED_FOR=said)
    assert AccessAttempt.objects.get().ip_address == HERE


def test_an_ipv6_client_cannot_go_on_from_the_next_address_of_its_network():
    for n in range(5):
        guess(1, REMOTE_ADDR=f"2001:db8:0:1::{n}")
    assert try_login(PASSWORD, REMOTE_ADDR="2001:db8:0:1::ffff").status_code == 429
    assert try_login(PASSWORD, REMOTE_ADDR="2001:db8:0:2::1").status_code == 302


def test_an_ipv4_address_written_as_ipv6_is_the_same_address():
    guess(REMOTE_ADDR=f"::ffff:{HERE}")
    assert try_login(PASSWORD).status_code == 429
    assert try_login(PASSWORD, REMOTE_ADDR=f"::ffff:{THERE}").status_code == 302


def test_a_server_that_knows_no_address_still_counts():
    guess(REMOTE_ADDR="")
    assert try_login(PASSWORD, REMOTE_ADDR="").status_code == 429
    assert try_login(PASSWORD).status_code == 302


# --- Where it leads ------------------------------------------------------------------------------

ELSEWHERE = (
    "//evil.example/",
    "https://evil.example/",
    "http://evil.example/imports/",
    "javascript:alert(1)",
    "/\\evil.example/",
    "\\\\evil.example",
    "https:evil.example",
    " //evil.example",
    "\t//evil.example",
    "data:text/html,x",
    "//testserver@evil.example/",
)


@pytest.mark.parametrize("at", LOGINS)
@pytest.mark.parametrize("there", ELSEWHERE)
def test_logging_in_leads_to_our_own_pages_only(at, there):
    data = {"username": "ada", "password": PASSWORD, "next": there}
    answers = [
        Client().post(at, data),
        Client().post(at, data, query_params={"next": there}),
        client_of("editor", "ada").get(at, {"next": there}),
    ]
    for answer in answers:
        assert "evil" not in answer.get("Location", "")
        assert answer.get("Location", "/").startswith("/")
        assert not answer.get("Location", "/").startswith("//")


@pytest.mark.parametrize("there", ELSEWHERE)
def test_logging_out_leads_to_our_own_pages_only(there):
    for at in ("/logout/", "/admin/logout/"):
        answer = client_of("editor", "ada").post(at, {"next": there})
        assert "evil" not in answer.get("Location", "")
        assert not answer.get("Location", "/").startswith("//")


@pytest.mark.parametrize("there", ["/imports/", "/initiatives/?country=KEN&q=a"])
def test_logging_in_leads_back_to_where_one_was(there):
    answer = Client().post("/login/", {"username": "ada", "password": PASSWORD, "next": there})
    assert answer["Location"] == there


def test_a_link_cannot_log_anybody_out():
    inside = client_of("editor", "ada")
    assert inside.get("/logout/").status_code == 405
    assert inside.get("/password/").status_code == 200


# --- Sessions and cookies ------------------------------------------------------------------------


def test_the_cookies_of_a_session_are_for_this_site_and_end_with_the_browser():
    careful = Client(enforce_csrf_checks=True)
    token = careful.get("/login/").cookies["csrftoken"].value
    answer = careful.post(
        "/login/", {"username": "ada", "password": PASSWORD, "csrfmiddlewaretoken": token}
    )
    assert answer.status_code == 302
    session = answer.cookies["sessionid"]
    assert session["httponly"]
    assert session["samesite"] == "Lax"
    assert session["max-age"] == session["expires"] == session["domain"] == ""
    assert answer.cookies["csrftoken"]["httponly"]
    assert answer.cookies["csrftoken"]["samesite"] == "Lax"


def test_a_session_ends_after_a_working_day():
    inside = client_of("editor", "ada")
    session = inside.session
    assert timedelta(hours=11) < session.get_expiry_date() - timezone.now() <= timedelta(hours=12)
    Session.objects.filter(pk=session.session_key).update(expire_date=timezone.now())
    assert inside.get("/password/")["Location"] == "/login/?next=/password/"


def test_over_https_no_cookie_leaves_this_host_or_https(tmp_path):
    said = manage(
        "shell",
        "-c",
        "from django.conf import settings as s; print('cookies', s.SESSION_COOKIE_NAME, "
        "s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_NAME, s.CSRF_COOKIE_SECURE)",
        env=environment(tmp_path),
    )
    assert "cookies __Host-session True __Host-csrf True" in said.stdout
    assert not settings.SESSION_COOKIE_SECURE  # on http://localhost they would be lost
    assert settings.SESSION_COOKIE_NAME == "sessionid"


def test_logging_in_begins_a_new_session():
    """So that a session that somebody else planted is worth nothing."""
    planted = Client()
    planted.session["planted"] = True
    before = planted.session.session_key
    planted.post("/login/", {"username": "ada", "password": PASSWORD})
    assert planted.session.session_key != before


# --- Passwords -----------------------------------------------------------------------------------


def change(client: Client, new: str, old: str = PASSWORD):
    form = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post("/password/", form)


def test_whoever_is_logged_in_finds_the_way_to_a_new_password():
    assert 'href="/password/"' in body(client_of("editor", "ada").get("/"))
    assert 'href="/password/"' not in body(Client().get("/"))
    assert Client().get("/password/")["Location"] == "/login/?next=/password/"


def test_a_changed_password_is_the_one_to_log_in_with():
    here, elsewhere = client_of("editor", "ada"), client_of("editor", "ada")
    answer = change(here, "correct-horse-battery")
    assert answer["Location"] == "/"
    assert "Your password has been changed." in body(here.get("/"))
    assert here.get("/password/").status_code == 200
    assert elsewhere.get("/password/").status_code == 302  # logged out there
    assert try_login(PASSWORD).status_code == 200
    assert try_login("correct-horse-battery").status_code == 302


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("short-pass1", "at least 12 characters"),
        ("839201948572", "entirely numeric"),
        ("1qaz2wsx3edc", "too common"),
        ("ada-lovelace-ada", "too similar"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(ada, new, why):
    User.objects.filter(pk=ada.pk).update(first_name="ada-lovelace-ada")
    answer = change(client_of("editor", "ada"), new)
    assert answer.status_code == 200
    assert why in plain(body(answer))
    assert try_login(PASSWORD).status_code == 302


def test_the_old_password_is_asked_for():
    answer = change(client_of("editor", "ada"), "correct-horse-battery", old="a guess of it")
    assert "old password was entered incorrectly" in plain(body(answer))
    assert try_login(PASSWORD).status_code == 302


# --- Roles ---------------------------------------------------------------------------------------


def test_the_groups_are_made_without_demo_users():
    Group.objects.all().delete()
    call_command("make_roles")
    first = set(Group.objects.values_list("name", "permissions__codename"))
    assert {name for name, _right in first} == {"editor", "chief editor", "administrator"}
    assert not User.objects.filter(username__startswith="demo-").exists()
    call_command("make_roles")
    assert set(Group.objects.values_list("name", "permissions__codename")) == first


def test_rights_that_a_role_no_longer_has_are_taken_back_and_others_are_left():
    call_command("make_roles")
    editor = Group.objects.get(name="editor")
    editor.permissions.add(*Permission.objects.filter(codename__in=["change_bloc", "view_user"]))
    call_command("make_roles")
    held = set(editor.permissions.values_list("codename", flat=True))
    assert "change_bloc" not in held
    assert "view_user" in held
