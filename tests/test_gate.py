"""The publish gate: what a record lacks, and publishing it."""

from __future__ import annotations

import pytest

from initiatives.models import Record
from initiatives.news.publishing import lacking
from tests import cast
from tests.people import client_of
from tests.test_entering import agreement, entered

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("taken_back")]


def test_an_editor_enters_and_a_chief_editor_publishes():
    record = entered(client_of("editor"))
    assert client_of().get("/initiatives/quokka-accord/").status_code == 404
    assert client_of("editor").post("/initiatives/quokka-accord/publish/").status_code == 403
    response = client_of("chief editor").post("/initiatives/quokka-accord/publish/")
    assert response["Location"] == "/initiatives/quokka-accord/"
    assert client_of().get("/initiatives/quokka-accord/").status_code == 200
    record.refresh_from_db()
    assert record.state == "published"


def test_a_chief_editor_publishes_what_is_entered_at_once():
    response = client_of("chief editor").post("/enter/", agreement(publish="1"))
    assert response["Location"] == "/initiatives/quokka-accord/"
    assert Record.objects.get(slug="quokka-accord").state == "published"


def test_publishing_is_refused_with_a_link_to_each_field_without_words():
    entered(client_of("editor"), **{"status-0-passage": "", "partners-3-passage": ""})
    response = client_of("chief editor").post("/initiatives/quokka-accord/publish/")
    assert response.status_code == 409
    text = response.content.decode()
    assert 'href="#partners-1-passage"' in text
    assert 'id="partners-1-passage"' in text
    assert 'href="#status-0-passage"' in text
    assert Record.objects.get(slug="quokka-accord").state == "in-review"


def test_dates_that_contradict_each_other_bar_publishing():
    record = entered(
        client_of("editor"),
        **{
            "status-1-status": "completed",
            "status-1-date": "2020",
            "status-1-passage": "Made up for a test.",
        },
    )
    lacks = [lack for lack in lacking(record) if lack.bars]
    assert [(lack.section, lack.anchor) for lack in lacks] == [("status", "status-1-date")]


def test_what_news_often_does_not_tell_is_a_remark():
    record = cast.initiative("bare", state="in-review", summary="Made up.", sectors=("computing",))
    lacks = lacking(record)
    assert not any(lack.bars for lack in lacks)
    assert {lack.section for lack in lacks} == {"status", "partners"}


def test_every_seed_record_passes_the_gate():
    assert Record.objects.exists()
    assert not Record.objects.exclude(state="published").exists()
    for record in Record.objects.all():
        assert not [lack for lack in lacking(record) if lack.bars]
