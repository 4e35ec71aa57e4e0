"""What is kept of many questions: the answers to those asked last."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboards.templatetags import facets
from initiatives.index import index
from initiatives.keeping import Lately
from tests import cast


def test_of_many_questions_those_asked_last_are_answered_without_looking():
    looked: list[int] = []
    lately: Lately[int] = Lately(3)
    for question in (1, 2, 3, 1, 4, 1, 2):
        assert lately.ask(question, lambda q=question: looked.append(q) or 10 * q) == 10 * question
    assert looked == [1, 2, 3, 4, 2]
    assert len(lately) == 3


def test_nothing_is_a_good_answer():
    lately: Lately[None] = Lately(3)
    assert lately.ask("what", lambda: None) is None
    assert lately.ask("what", lambda: pytest.fail("asked again")) is None


def test_many_threads_may_ask_at_once():
    lately: Lately[int] = Lately(5)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            asked = [n % 40 for n in range(8_000)]
            assert list(pool.map(lambda n: lately.ask(n, lambda: n), asked)) == asked
    finally:
        sys.setswitchinterval(before)
    assert len(lately) == 5


@pytest.mark.django_db
def test_however_a_chart_is_asked_for_only_so_many_answers_are_kept(client, monkeypatch):
    monkeypatch.setattr("initiatives.index.MOST_WRITTEN", 4)
    cast.initiative("panda")  # an index of another version
    for n in range(12):
        columns = "&".join(["columns=url"] * n + ["columns=kind"])
        assert client.get(f"/charts/timeline.json?{columns}").status_code == 200
    assert len(index().written) == 4


@pytest.mark.django_db
def test_what_strangers_send_as_a_choice_is_drawn_and_not_kept(client):
    cast.initiative("panda")
    client.get("/initiatives/")
    before = [cache.cache_info().currsize for cache in (facets._known_choice, facets._known_box)]
    for n in range(5):
        page = client.get(f"/initiatives/?kind={chr(39) * 50}{n}&not_kind=<b>{n}")
        assert page.status_code == 400
        assert f"&lt;b&gt;{n}" in page.content.decode()
    after = [cache.cache_info().currsize for cache in (facets._known_choice, facets._known_box)]
    assert after == before
