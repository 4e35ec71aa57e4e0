"""A file that is no news document is refused whole, says why, and changes nothing."""

import copy
import json
import os
import tracemalloc

import pytest
from django.conf import settings
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from initiatives.funding.models import Instrument
from initiatives.funding.rollup import Recurs, Rung
from initiatives.intervals import Qualifier
from initiatives.ladder import Status
from initiatives.missing import Missing
from initiatives.models import Initiative, KeyDate, Outcome, Participation, Summit
from initiatives.news import format
from initiatives.news.models import ImportDocument
from initiatives.news.tasks import import_document
from partners.models import Organisation
from tests.documents import (
    SAID,
    alliance,
    as_bytes,
    document,
    figure,
    imported,
    initiative,
    money,
    organisation,
    partner,
    problems,
    results,
    step,
    summit,
    tables,
    the_document,
)

pytestmark = pytest.mark.django_db

GOOD = as_bytes(document(initiative(partners=[partner()], status=[step()])))


def replaced(old: str, new: str) -> bytes:
    assert old.encode() in GOOD
    return GOOD.replace(old.encode(), new.encode(), 1)


def without(name: str) -> bytes:
    return as_bytes({k: v for k, v in json.loads(GOOD).items() if k != name})


REFUSED = {
    "empty": (b"", "not JSON"),
    "only spaces": (b" \n ", "not JSON"),
    "not JSON": (b"Dear editor, please find enclosed", "not JSON: Expecting value"),
    "cut off": (GOOD[: len(GOOD) // 2], "not JSON"),
    "two documents": (GOOD + GOOD, "not JSON: Extra data"),
    "a list": (b"[]", "“format”"),
    "another format": (replaced("accord.news/1", "accord.news/2"), "“accord.news/1”"),
    "no format": (without("format"), "“accord.news/1”"),
    "not a number": (replaced('"2024-06"', "NaN"), "NaN is not a number"),
    "infinite": (replaced('"2024-06"', "-Infinity"), "-Infinity is not a number"),
    "a number for a date": (replaced('"2024-06"', "1e400"), "/article/published"),
    "a number beyond all numbers": (replaced('"2024-06"', f"1e{'9' * 30}"), "out of range"),
    "an endless integer": (replaced('"2024-06"', "9" * 5000), "not JSON"),
    "a name twice": (replaced('"kind":', '"key": "other", "kind":'), "“key” stands twice"),
    "nested": (replaced('"2024-06"', "[" * 30 + "]" * 30), "nested too deeply"),
    "nested without end": (b"[" * 1_000_000, "nested too deeply"),
    "null character": (replaced("Made up", "Made\\u0000up"), "null character"),
    "raw null character": (replaced("Made up", "Made\0up"), "not JSON: Invalid control character"),
    "lone surrogate": (replaced("Made up", "Made \\ud800 up"), "lone surrogate"),
    "lone surrogate in a name": (replaced('"kind"', '"kind\\udfff"'), "lone surrogate"),
    "Latin-1": (replaced("Made up", "Erfunden für").decode().encode("latin-1"), "not UTF-8: byte"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "not UTF-8"),
    "a PDF": (b"%PDF-1.7\n\x93\xff\xfe", "not UTF-8"),
    "too large": (GOOD + b" " * settings.NEWS_MAX_BYTES, "5000000 bytes are read"),
    "no brief": (without("brief"), "'brief' is a required property"),
    "no records": (replaced('"records": [', '"records": [], "more": ['), "'more' was unexpected"),
    "no date": (replaced('"2024-06"', '"June 2024"'), "/article/published: “June 2024”"),
    "no calendar's date": (replaced('"2024-06"', '"2024-02-31"'), "/article/published"),
    "address with a script": (
        replaced('"language"', '"url": "javascript:alert(1)", "language"'), "/article/url",
    ),
    "key with a line break": (replaced('"test-article"', '"test-article\\n"'), "/article/key"),
    "a long language": (replaced('"en"', f'"en-{"x" * 50}"'), "/article/language"),
    "quote that is not in the brief": (
        as_bytes(document(initiative(partners=[partner("Words of nobody.")]), brief=SAID)),
        "/records/0/partners/0/quote: the quote “Words of nobody.” is not in the brief",
    ),
    "quote of one value that is not in the brief": (
        as_bytes(
            document(initiative(partners=[partner({"role": SAID, "a/b": "Nobody's."})]), brief=SAID)
        ),
        "/records/0/partners/0/quote/a~1b: the quote “Nobody's.” is not in the brief",
    ),
    "unknown country of the publisher": (
        as_bytes(document(initiative(), publisher={"name": "Gazette", "country": "Atlantis"})),
        "/publisher/country: unknown country “Atlantis”",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_news_document_is_refused_and_changes_nothing(client, case):
    content, words = REFUSED[case]
    before = tables()
    run = imported(content)
    refused = the_document(run)
    assert refused.state == ImportDocument.State.REFUSED
    assert words in refused.error
    assert len(refused.error) < 500
    assert tables() == before
    assert not results(run)
    page = client.get(run.get_absolute_url())
    assert page.status_code == 200
    assert "refused" in page.content.decode()


def test_a_refused_file_leaves_the_other_files_of_its_run_alone():
    run = imported(b"{", GOOD)
    assert [d.state for d in run.documents.order_by("pk")] == ["refused", "done"]
    assert results(run) == {"test-programme": "created"}


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD,
        replaced("Made up", "Made \\\\u0000 up"),
        replaced("Made up", "\\ud83c\\uddf0\\ud83c\\uddea 一带一路 \U0001f6f0"),
    ],
    ids=["byte order mark", "a backslash before u0000", "characters outside the basic plane"],
)
def test_these_are_read(content):
    assert results(imported(content)) == {"test-programme": "created"}


def test_spans_count_characters_not_bytes(client):
    said = "🛰 一带一路: Kenya joined the test programme."
    run = imported(document(initiative(partners=[partner(said)]), brief=f"🇰🇪 é {said} 🛰"))
    assert results(run) == {"test-programme": "created"}
    assert said in client.get("/initiatives/test-programme/").content.decode()


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("1e400", "more than 15 digits"),
        ("1e999999999", "more than 15 digits"),
        ("1" + "0" * 22, "more than 15 digits"),
        ("1234567890123456", "more than 15 digits"),
        ("99999999999999.99", "more than 15 digits"),
        ("0.001", "more than 2 decimals"),
        ("1." + "0" * 40 + "1", "more than 2 decimals"),
        ("-1", "-1 is less than 0"),
        ('"ten"', "is not of type 'number'"),
        ("true", "is not of type 'number'"),
    ],
)
def test_a_number_that_cannot_be_kept_rejects_its_record_alone(number, reason):
    content = as_bytes(
        document(initiative("bad", figures=[figure(low="NUMBER", high=None)]), initiative("good"))
    )
    run = imported(content.replace(b'"NUMBER"', number.encode()))
    assert results(run) == {"bad": "rejected", "good": "created"}
    assert reason in problems(run)["/records/0/figures/0/value/low"]


@pytest.mark.parametrize("number", ["1e21", "9" * 15, "0.01", "9999999999999.99", "0"])
def test_a_number_is_kept_exactly(client, number):
    content = as_bytes(document(initiative(figures=[figure(low="NUMBER", high=None)])))
    content = content.replace(b'"NUMBER"', number.encode())
    assert results(imported(content)) == {"test-programme": "created"}
    assert results(imported(content)) == {"test-programme": "unchanged"}
    [stated] = client.get("/initiatives/test-programme.json").json()["statements"]["figure"]
    assert float(stated["values"]["low"]) == float(number)


def test_the_passage_of_a_date_is_words_and_no_date():
    said = {"status": SAID, "date": "in 2024"}
    signed = {"status": "signed", "date": "2024", "quote": said}
    run = imported(document(initiative(status=[signed])))
    assert problems(run) == {}
    assert results(run) == {"test-programme": "created"}


def test_of_a_file_of_100_megabytes_only_what_may_be_read_is_read(tmp_path, capsys):
    path = tmp_path / "large.json"
    path.write_bytes(GOOD)
    os.truncate(path, 100_000_000)
    before = tables()
    tracemalloc.start()
    call_command("import_news", path, "--no-wait")
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 * settings.NEWS_MAX_BYTES
    found = ImportDocument.objects.get(name="large.json")
    assert len(found.content) == settings.NEWS_MAX_BYTES + 1
    import_document(found.pk)
    found.refresh_from_db()
    assert found.state == ImportDocument.State.REFUSED
    assert "too large: at most 5000000 bytes are read" in found.error
    assert tables() == before


def test_a_file_that_is_not_there_is_named_and_nothing_is_queued(tmp_path):
    before = ImportDocument.objects.count()
    good = tmp_path / "good.json"
    good.write_bytes(GOOD)
    for path in (tmp_path / "missing.json", tmp_path):
        with pytest.raises(Exception, match=path.name):
            call_command("import_news", good, path)
    assert ImportDocument.objects.count() == before


# --- The schema and the models say the same ------------------------------------------------------

SCHEMA = json.loads((settings.BASE_DIR / "fixtures" / "news.schema.json").read_text())["$defs"]


def enum(definition: str, name: str) -> set[str]:
    field = SCHEMA[definition]["properties"][name]
    return set(field.get("items", field)["enum"])


@pytest.mark.parametrize(
    ("allowed", "choices"),
    [
        (enum("status", "status"), Status),
        (enum("partner", "role"), Participation.Role),
        (enum("funding", "rung"), Rung),
        (enum("funding", "instruments"), Instrument),
        (enum("funding", "recurs"), Recurs),
        (enum("initiative", "kind"), Initiative.Kind),
        (enum("organisation", "kind"), Organisation.Kind),
        (enum("outcome", "verb"), Outcome.Verb),
        (enum("key_date", "event"), KeyDate.Event),
        (enum("missing", "missing"), Missing),
        (set(SCHEMA["qualifier"]["enum"]), Qualifier),
    ],
    ids=lambda value: getattr(value, "__qualname__", ""),
)
def test_the_schema_allows_what_the_models_know(allowed, choices):
    assert allowed == set(choices.values)


def test_the_example_of_the_readme_can_be_imported():
    text = (settings.BASE_DIR / "fixtures" / "news" / "README.md").read_text()
    example = text.partition("```json\n")[2].partition("```")[0]
    found = results(imported(example.encode()))
    assert found
    assert "rejected" not in found.values()


def test_every_kind_of_record_can_be_imported():
    run = imported(document(initiative(), alliance(), summit()))
    assert set(results(run).values()) == {"created"}


# --- Two validators, one form --------------------------------------------------------------------

SOUND = {
    "initiative": initiative(
        aliases=["Test"],
        partners=[partner()],
        status=[step()],
        funding=[money()],
        figures=[figure()],
    ),
    "alliance": alliance(),
    "summit": summit(),
    "organisation": organisation(),
}
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(["", "a-b", "A", "a\n", "2024", "unspecified", [], {}, [[]], [""], {"low": 1}]),
)


@given(st.sampled_from(sorted(SOUND)), st.data())
def test_what_is_found_sound_has_no_problem_and_the_other_way_round(type_, data):
    record = copy.deepcopy(SOUND[type_])
    for _change in range(data.draw(st.integers(0, 2))):
        part = record
        name = data.draw(st.sampled_from(sorted(part)))
        while data.draw(st.booleans()) and isinstance(part[name], dict | list) and part[name]:
            part = part[name]
            names = range(len(part)) if isinstance(part, list) else sorted(part)
            name = data.draw(st.sampled_from(list(names)))
        if data.draw(st.booleans()) and isinstance(part, dict) and len(part) > 1:
            del part[name]
        else:
            # A copy: a later change may go into it, and what is sampled is drawn again.
            part[name] = copy.deepcopy(data.draw(odd))
    record.setdefault("type", type_)
    problems = list(format._validator(type_).iter_errors(record))
    assert format._gate(type_).is_valid(record) == (not problems), problems


def test_an_ordinal_of_one_point_naught_is_one():
    run = imported(
        as_bytes(document(summit(ordinal=1))).replace(b'"ordinal": 1', b'"ordinal": 1.0')
    )
    assert results(run) == {"1st-test-summit": "created"}
    assert Summit.objects.get(slug="1st-test-summit").ordinal == 1
    assert results(imported(document(summit(ordinal=1)))) == {"1st-test-summit": "unchanged"}
