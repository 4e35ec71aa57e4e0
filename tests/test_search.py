"""Text is found wherever it stands, whatever its case and accents, on either database."""

from __future__ import annotations

import random
from urllib.parse import urlencode

import pytest
from django.db import transaction

from initiatives.desk.undoing import undo
from initiatives.index import index
from initiatives.models import Evidence, Initiative, Participation, SearchState
from initiatives.search import PARTS, Query, catch_up, documents, found, words_of
from partners.history.changes import Change, data_version
from partners.history.moment import Moment, as_of
from partners.models import Organisation, OrganisationName
from tests import cast
from tests.documents import document, held, imported, initiative, step, summit
from tests.people import person
from tests.reading import get_json

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["read", "indexed"])
def kept(request):
    """Every search twice: by reading what is there, and by the index of the database."""
    return catch_up if request.param == "indexed" else lambda: None


def slugs(client, q, **more):
    return [
        row["slug"]
        for row in get_json(client, f"/initiatives.json?{urlencode({'q': q, **more})}")["results"]
    ]


def a_world():
    cast.initiative("title", title="Wombat São Paulo 一带一路 network", began="2019")
    named = cast.initiative("named", title="Another", aliases=["Wombat-Plan"], began="2024")
    told = cast.initiative("told", title="A third", summary="A wombat, of course.", began="2020")
    body = Organisation.objects.create(slug="wombat-lab", name="Wombat Laboratory", kind="company")
    OrganisationName.objects.create(organisation=body, name="Wombat Laboratory")
    Participation.objects.create(record=told, organisation=body, role="lead")
    article = "It was said that the wombats of Kenya sign."
    imported(document(initiative("said", title="A fourth", status=[step(quote=article)])))
    return named


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("wombat", "title told named said"),
        ("WOMB", "title told named said"),
        ("wombat laboratory", "told"),
        ("laboratory wombat", "told"),
        ("sao paulo", "title"),
        ("SÃO pau", "title"),
        ("一带", "title"),
        ("带一路", "title"),
        ("路一", ""),
        ("wombat-plan", "named"),
        ("wombats kenya", "said"),
        ("ombat", ""),
        ("wombat nothing-such", ""),
        ('wombat" OR "x', ""),
        ("NEAR(wombat)", ""),
        ("wombat*", "title told named said"),
        ("title:wombat", ""),
        ("wombat & ! | <-> '", "title told named said"),
        ("'; --", ""),
    ],
)
def test_what_is_looked_for_is_found(client, kept, q, expected):
    a_world()
    kept()
    assert sorted(slugs(client, q)) == sorted(expected.split())


def test_the_best_match_comes_first_and_then_the_latest(client, kept):
    a_world()
    kept()
    assert slugs(client, "wombat") == ["title", "named", "told", "said"]
    assert slugs(client, "wombat", sort="relevance") == slugs(client, "wombat")
    assert slugs(client, "wombat", sort="oldest")[0] == "title"
    assert client.get("/initiatives.json?sort=relevance").status_code == 400


def test_what_changes_is_found_at_once_and_what_is_gone_is_not(client, kept):
    named = a_world()
    kept()
    named.title, named.aliases = "A numbat", []
    named.save()
    assert "named" not in slugs(client, "wombat")
    assert slugs(client, "numbat") == ["named"]
    name = OrganisationName.objects.get(folded="wombat laboratory")
    name.name = "Quoll Laboratory"
    name.save()
    assert slugs(client, "quoll") == ["told"]
    Initiative.objects.get(slug="title").delete()
    assert "title" not in slugs(client, "wombat")


def test_rejected_passages_and_those_of_what_is_not_held_any_more_are_not_found(client, kept):
    a_world()
    kept()
    record = Initiative.objects.get(slug="said")
    cast.retire(record.steps.get())
    assert "said" not in slugs(client, "wombats")


def test_the_past_is_found_as_it_was(client, kept):
    named = a_world()
    made = Change.objects.get(number=data_version())
    kept()
    named.title, named.aliases = "A numbat", []
    named.save()
    kept()
    assert "named" not in slugs(client, "wombat")
    with as_of(Moment(made.number, made.at)):
        assert named.pk in found("wombat", index())


def test_what_was_said_is_found_as_it_was(client, kept):
    a_world()
    record = Initiative.objects.get(slug="said")
    [passage] = record.steps.get().carried.all()
    made = Change.objects.get(number=data_version())
    kept()
    Evidence.objects.filter(pk=passage.evidence_id).update(state=Evidence.State.REJECTED)
    assert "said" not in slugs(client, "wombats")
    with as_of(Moment(made.number, made.at)):
        assert set(found("wombats", index())) == {record.pk}


@pytest.mark.parametrize("overtaken", [False, True], ids=["behind", "beyond"])
def test_what_is_written_while_a_search_is_answered_is_in_the_next(kept, overtaken):
    record = cast.initiative("lynx", title="Lynx")
    if kept:
        catch_up()
    before = index()
    Initiative.objects.filter(pk=record.pk).update(title="Zebra")
    if overtaken:
        catch_up()  # the text index is of a later version than the answer
    assert set(found("lynx", before)) == {record.pk}
    assert set(found("zebra", before)) == set()
    assert set(found("lynx", index())) == set()
    assert set(found("zebra", index())) == {record.pk}


def test_what_was_taken_back_is_not_found(client, kept):
    a_world()
    kept()
    made = Change.objects.filter(verb="import").newest_first()[0]
    undo([made], person("chief editor"), "a test")
    assert "said" not in slugs(client, "wombat")


def test_catching_up_reads_only_what_was_touched():
    a_world()
    everything = catch_up()
    assert everything >= Initiative.objects.count()
    assert catch_up() == 0
    cast.initiative("one-more", title="One more")
    assert 1 <= catch_up() < everything
    assert SearchState.objects.get().number == data_version()


def test_what_a_change_that_was_given_up_wrote_is_not_found(client):
    a_world()
    catch_up()
    with pytest.raises(RuntimeError), transaction.atomic():
        cast.initiative("given-up", title="Numbat")
        assert slugs(client, "numbat") == ["given-up"]
        raise RuntimeError
    assert slugs(client, "numbat") == []


def test_the_index_and_reading_find_the_same_words_of_the_seeds():
    catch_up()
    texts = [d for d in documents() if d.title]
    dice = random.Random(3)
    words = sorted({word for d in texts for part in PARTS for word in d.part(part)})
    for _ in range(150):
        q = " ".join(w[: dice.choice([1, 3, 9])] for w in dice.sample(words, dice.choice([1, 2])))
        parts = PARTS[: dice.choice([1, 2, 4])]
        expected = {d.record for d in texts if Query(q).matches(d, parts)}
        assert set(found(q, index(), tuple(parts))) == expected, (q, parts)


def test_ideographs_are_words_each():
    assert words_of("5G 网络, Ünïted") == ["5g", "网", "络", "united"]


@pytest.mark.parametrize(
    ("q", "text", "expected"),
    [
        ("sao", "In São Paulo", "In [São] Paulo"),
        ("pau", "São Paulo, again Paulo.", "São [Paulo], again [Paulo]."),
        ("一带", "一带一路 (5G)", "[一][带][一]路 (5G)"),
        ("x", "nothing here", "nothing here"),
        ("5g 网", "5G网络", "[5G][网]络"),
    ],
)
def test_what_is_looked_for_is_marked(q, text, expected):
    pieces = Query(q).pieces(text)
    assert "".join(f"[{piece}]" if found else piece for piece, found in pieces) == expected


def test_a_list_shows_the_words_and_the_sentence_that_has_them(client):
    a_world()
    cast.initiative("evil", title="Wombat <script>alert(1)</script>")
    text = client.get("/initiatives/?q=wombat").content.decode()
    assert "<mark>Wombat</mark> São Paulo" in text
    assert (
        '<q class="table__said">It was said that the <mark>wombats</mark> of Kenya sign.</q>'
        in text
    )
    assert "<script>alert" not in text


def test_what_names_a_record_that_is_withdrawn_is_not_found_by_its_words(client, kept):
    named = "The meeting adopted the Quoll Plan."
    imported(document(initiative("plan", title="A plan", status=[step()])))
    meeting = summit(
        dates=[held("2024-06")], outcomes=[{"record": "plan", "verb": "adopted", "quote": named}]
    )
    imported(document(meeting, article="second"))
    address = "/summits.json?q=quoll"
    kept()
    assert get_json(client, address)["count"] == 1
    plan = Initiative.objects.get(slug="plan")
    plan.state = "withdrawn"
    plan.save()
    assert get_json(client, address)["count"] == 0
    kept()
    assert get_json(client, address)["count"] == 0
    plan.state = "published"
    plan.save()
    assert get_json(client, address)["count"] == 1


def test_words_of_any_length_can_be_kept_and_looked_for(client, kept):
    cast.initiative("long", title="Long", summary="x" * 3000 + " wombat")
    kept()
    assert slugs(client, "wombat") == ["long"]
    assert slugs(client, "x" * 199) == ["long"]
    assert slugs(client, "\u327c" * 200) == []  # which folds to 3,000 bytes
    many = " ".join(f"w{n}" for n in range(1400))
    cast.initiative("many", title="Many", summary=many[:5000])
    kept()
    assert slugs(client, "w700") == ["many"]
