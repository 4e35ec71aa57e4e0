"""What pages are answered from is read when a process starts."""

from __future__ import annotations

import logging

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from dashboards import warming
from initiatives import index, public_articles
from initiatives.index import Index
from tests import documents

pytestmark = pytest.mark.django_db


def test_who_asks_first_finds_everything_read(client, monkeypatch):
    documents.imported(documents.document(documents.initiative(funding=[documents.money()])))
    for kept in (index._kept, public_articles._kept):
        monkeypatch.setattr(kept, "_held", {})
    warming.warm()
    monkeypatch.setattr(Index, "built", None)  # which nobody needs any more
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/initiatives/").status_code == 200
    assert len(asked) == 2, [query["sql"][:90] for query in asked]


def test_a_database_that_cannot_be_read_yet_keeps_no_process_from_starting(monkeypatch, caplog):
    def refuse():
        raise DatabaseError("no such table")

    monkeypatch.setattr(warming, "first_page", refuse)
    with caplog.at_level(logging.WARNING):
        warming.warm()
    assert "Nothing could be read ahead" in caplog.text
