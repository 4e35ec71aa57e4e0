"""How often the API may be asked: counted for all processes, and for nobody while nothing counts."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings as site
from django.test import Client

from dashboards.api import throttling
from tests.conftest import environment_of_test
from tests.people import client_of

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/blocs/"
DAY = 86_400


@pytest.fixture(autouse=True)
def rates(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three a day, five for who is signed in."""
    settings.API_RATES = {"anonymous": (3, DAY), "signed in": (5, DAY)}
    monkeypatch.setattr(throttling, "counter", throttling.Counter())


def answered(client: Client, times: int = 10, **how: Any) -> int:
    """How many of so many requests were answered; the others say when to ask again."""
    answers = [client.get(ADDRESS, **how) for _ in range(times)]
    for answer in answers:
        if answer.status_code == 429:
            assert 1 <= int(answer["Retry-After"]) <= DAY
            assert answer.json()["errors"].keys() == {"rate"}
            assert answer["Access-Control-Allow-Origin"] == "*"
    codes = [answer.status_code for answer in answers]
    assert sorted(codes) == codes and {*codes} <= {200, 429}
    return codes.count(200)


def test_an_address_may_ask_so_often_and_another_as_often(client, queue):
    assert answered(client) == 3
    assert answered(client, REMOTE_ADDR="192.0.2.7") == 3
    # One machine has a whole network of IPv6 addresses.
    assert answered(client, 2, REMOTE_ADDR="2001:db8::1") == 2
    assert answered(client, 2, REMOTE_ADDR="2001:db8::2") == 1


def test_whatever_is_asked_counts(client, queue):
    for address in ("/api/v1/", "/api/v1/initiatives/?contry=1", "/api/v1/blocs/nothing/"):
        assert client.get(address).status_code != 429
    assert client.post("/api/v1/blocs/").status_code == 429
    assert client.get("/initiatives.json").status_code == 200
    assert client.get("/api/v1/docs/").status_code == 200


def test_whoever_asks_whether_anything_has_changed_is_not_counted(client, queue):
    tag = client.get(ADDRESS)["ETag"]
    for _ in range(5):
        assert client.get(ADDRESS, headers={"If-None-Match": tag}).status_code == 304
    assert answered(client) == 2


def test_behind_a_proxy_the_address_is_the_one_that_it_adds(client, queue, settings):
    settings.TRUST_PROXY = True
    for _ in range(2):  # what a client says of itself before that does not help
        assert answered(client, 2, HTTP_X_FORWARDED_FOR="10.9.8.7, 192.0.2.1") in (2, 1)
    assert answered(client, 1, HTTP_X_FORWARDED_FOR="10.1.1.1, 192.0.2.1") == 0
    assert answered(client, HTTP_X_FORWARDED_FOR="10.9.8.7, 192.0.2.2") == 3


def test_who_is_signed_in_is_counted_as_a_person_wherever(client, queue):
    assert answered(client) == 3
    editor = client_of("editor")
    assert answered(editor, 3) == 3
    assert answered(editor, REMOTE_ADDR="192.0.2.7") == 2
    assert answered(client_of("administrator")) == 5


def test_no_limit_can_be_set(client, queue, settings):
    settings.API_RATES = {"anonymous": None, "signed in": None}
    assert answered(client, 20) == 20


def test_all_processes_count_together(queue):
    count = "import django; django.setup(); from dashboards.api.throttling import counter; print(counter.count('test', 86400))"  # fmt: skip
    found = [throttling.counter.count("test", DAY)]
    for _ in range(2):
        told = subprocess.run(
            [sys.executable, "-c", count],
            cwd=site.BASE_DIR, env=environment_of_test(), capture_output=True, text=True,
            check=True, timeout=60,
        )  # fmt: skip
        found.append(int(told.stdout))
    assert [*found, throttling.counter.count("test", DAY)] == [1, 2, 3, 4]


def test_the_queue_keeps_nothing_of_it_longer_than_the_window(client, queue):
    import redis

    client.get(ADDRESS)
    with redis.Redis.from_url(queue) as server:
        (key,) = server.keys("accord:*")
        assert 0 < server.ttl(key) <= DAY


def test_while_the_server_is_down_everybody_is_answered(
    client, queue, settings, monkeypatch, caplog
):
    """It is said once, and said again when the server has been there in between."""
    running = settings.CACHES

    def down() -> None:
        there = {**running["shared"], "LOCATION": "unix:///nobody/listens.sock"}
        settings.CACHES = {**running, "shared": there}

    monkeypatch.setattr(throttling, "PAUSE", 0)
    down()
    assert answered(client) == 10
    assert len([r for r in caplog.records if r.name == throttling.__name__]) == 1
    settings.CACHES = running
    assert answered(client) == 3
    down()
    assert answered(client) == 10
    assert len([r for r in caplog.records if r.name == throttling.__name__]) == 2


def test_a_server_that_hangs_is_not_waited_for_each_time(monkeypatch):
    asked = []

    def hangs(*what: Any) -> int:
        asked.append(what)
        raise throttling.RedisError("timed out")

    monkeypatch.setattr(throttling.counter, "_count", hangs)
    assert [throttling.counter.count("test", DAY) for _ in range(5)] == [0] * 5
    assert len(asked) == 1


@pytest.mark.parametrize(
    "text", ["", "many", "0/minute", "10", "10/fortnight", "-1/day", "1.5/day"]
)
def test_a_rate_that_is_none_stops_the_start(text):
    asked = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=site.BASE_DIR, env=environment_of_test() | {"DJANGO_SETTINGS_MODULE": "config.settings", "API_RATE": text},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert asked.returncode != 0
    assert "API_RATE must be like 120/minute" in asked.stderr
