"""The pages of imports, as anybody and as an editor sees them."""

import re
from unittest.mock import patch

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from initiatives.news.models import ImportDocument, ImportOutcome, ImportRun
from initiatives.news.requesting import request_import
from initiatives.news.tasks import import_document
from tests import cast
from tests.documents import as_bytes, document, imported, initiative, partner, tables
from tests.reading import plain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("taken_back")]


@pytest.fixture(autouse=True)
def groups(settings, tmp_path):
    """The groups and demo logins, as `make run` makes them."""
    settings.VAR_DIR = tmp_path
    settings.SITE_URL = "http://localhost"
    call_command("demo_users")


def login(client: Client, group: str) -> User:
    user = User.objects.create_user(f"test-{group}", password="a test's password")
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)
    return user


@pytest.fixture
def editor(client) -> User:
    return login(client, "editor")


def upload(*contents: bytes, name: str = "news.json") -> dict:
    return {"documents": [SimpleUploadedFile(name, content) for content in contents]}


GOOD = as_bytes(document(initiative()))


def text(response) -> str:
    return response.content.decode()


# --- Who may ask for an import -------------------------------------------------------------------


def test_anybody_sees_the_runs_and_no_form(client):
    run = ImportRun.objects.get()
    response = client.get("/imports/")
    assert response.status_code == 200
    assert f'href="{run.get_absolute_url()}"' in text(response)
    assert 'type="file"' not in text(response)
    shown = text(client.get(run.get_absolute_url()))
    for path in cast.SEEDS:
        assert path.name in shown


def test_nobody_uploads_without_the_right(client):
    assert client.post("/imports/", upload(GOOD)).status_code == 403
    client.force_login(User.objects.create_user("test-reader"))
    assert 'type="file"' not in text(client.get("/imports/"))
    assert client.post("/imports/", upload(GOOD)).status_code == 403
    assert ImportRun.objects.count() == 1


@pytest.mark.parametrize("group", ["editor", "chief editor"])
def test_who_edits_may_upload_and_see_drafts(client, group):
    user = login(client, group)
    assert user.has_perm("news.add_importrun")
    assert user.has_perm("initiatives.view_record")
    assert 'type="file"' in text(client.get("/imports/"))
    imported(GOOD, publish=False)
    assert client.get("/initiatives/test-programme/").status_code == 200
    assert Client().get("/initiatives/test-programme/").status_code == 404


@pytest.mark.parametrize("name", ["demo-editor", "demo-chief", "demo-admin"])
def test_the_demo_logins_log_in_and_may_import(client, name):
    passwords = dict(
        line.split() for line in (settings.VAR_DIR / "demo-logins.txt").read_text().splitlines()
        if line.startswith("demo-")
    )  # fmt: skip
    wrong = client.post("/login/", {"username": name, "password": "a guess"})
    assert wrong.status_code == 200
    assert 'type="file"' not in text(client.get("/imports/"))
    right = client.post("/login/?next=/imports/",
                        {"username": name, "password": passwords[name], "next": "/imports/"})  # fmt: skip
    assert right.status_code == 302
    assert 'type="file"' in text(client.get(right["Location"]))
    client.post("/logout/")
    assert 'type="file"' not in text(client.get("/imports/"))


def test_a_forged_form_is_refused(editor):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(editor)
    assert careful.post("/imports/", upload(GOOD)).status_code == 403
    token, *_others = re.findall(
        r'name="csrfmiddlewaretoken" value="([^"]+)"', text(careful.get("/imports/"))
    )
    assert (
        careful.post("/imports/", upload(GOOD) | {"csrfmiddlewaretoken": token}).status_code == 302
    )
    assert ImportRun.objects.count() == 2


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(client, editor, method):
    assert getattr(client, method)("/imports/").status_code == 405
    run = ImportRun.objects.get()
    assert getattr(client, method)(run.get_absolute_url()).status_code == 405
    assert client.post(run.get_absolute_url()).status_code == 405


# --- Uploading -----------------------------------------------------------------------------------


def test_an_upload_is_queued_and_leads_to_its_page(client, editor):
    response = client.post("/imports/", upload(GOOD, b"{"), follow=True)
    run = ImportRun.objects.latest("pk")
    assert response.redirect_chain == [(run.get_absolute_url(), 302)]
    assert "The import is queued." in text(response)
    assert run.requested_by == editor
    assert not run.publish
    assert [bytes(d.content) for d in run.documents.all()] == [GOOD, b"{"]
    assert "hx-get" in text(response)
    for waiting in run.documents.all():
        import_document(waiting.pk)
    shown = text(client.get(run.get_absolute_url()))
    assert "1 created" in shown
    assert "the file is not JSON" in shown
    assert "hx-get" not in shown


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "required"),
        (upload(b""), "empty"),
        (upload(b" " * (settings.NEWS_MAX_BYTES + 1)), "5000001 bytes; at most 5000000 are read"),
        ({"documents": "no file at all"}, "required"),
        (upload(GOOD, name="news.exe"), "news.exe is no news document"),
        (upload(GOOD, name="news.json.html"), "news.json.html is no news document"),
    ],
    ids=["nothing", "an empty file", "too large", "text", "a program", "a page"],
)
def test_a_wrong_upload_is_refused_with_a_message(client, editor, data, words):
    for file in data.get("documents", []):
        if hasattr(file, "seek"):
            file.seek(0)
    response = client.post("/imports/", data)
    assert response.status_code == 400
    assert words in text(response)
    assert 'type="file"' in text(response)
    assert ImportRun.objects.count() == 1


def test_of_several_files_one_that_is_too_large_stops_all(client, editor):
    files = upload(GOOD, b" " * (settings.NEWS_MAX_BYTES + 1))
    assert client.post("/imports/", files).status_code == 400
    assert ImportRun.objects.count() == 1


def test_more_files_than_are_taken_at_once_are_refused(client, editor):
    files = upload(*[GOOD] * (settings.DATA_UPLOAD_MAX_NUMBER_FILES + 1))
    refused = client.post("/imports/", files)
    assert refused.status_code == 400
    assert "At most 20 files" in text(refused)
    assert ImportRun.objects.count() == 1


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n\x00", b"<script>alert(1)</script>", b"[" * 100_000, b"null", b"\xff\xfe{"],
    ids=["a picture", "a page", "deep", "nothing", "another encoding"],
)
def test_what_only_calls_itself_json_changes_nothing_and_says_why(client, editor, content):
    before = tables()
    page = client.post("/imports/", upload(content), follow=True)
    run = ImportRun.objects.latest("pk")
    assert page.redirect_chain == [(run.get_absolute_url(), 302)]
    import_document(run.documents.get().pk)
    shown = client.get(run.get_absolute_url())
    assert shown.status_code == 200
    assert "Refused: the file" in plain(text(shown))
    assert b"<script>alert" not in shown.content
    assert tables() == before


def test_a_hostile_file_name_is_shown_as_text(client, editor):
    name = '<img src=x onerror="alert(1)">.json'
    response = client.post("/imports/", upload(GOOD, name=name), follow=True)
    assert "<img" not in text(response)
    assert "&lt;img src=x" in text(response)


# --- Progress ------------------------------------------------------------------------------------


def test_a_run_goes_on_before_the_readers_eyes(client):
    run = request_import([("one.json", GOOD), ("two.json", GOOD)], publish=True)
    address = run.get_absolute_url()
    whole = text(client.get(address))
    assert "<html" in whole
    assert 'http-equiv="refresh"' in whole  # without JavaScript
    assert "0 of 2" in text(client.get("/imports/"))

    def fragment() -> str:
        part = text(client.get(address, headers={"HX-Request": "true"}))
        assert "<html" not in part
        return part

    assert f'hx-get="{address}"' in fragment()
    first, second = run.documents.all()
    import_document(first.pk)
    assert f'hx-get="{address}"' in fragment()
    assert "1 created" in fragment()
    import_document(second.pk)
    assert "hx-get" not in fragment()
    assert "1 unchanged" in fragment()
    assert 'http-equiv="refresh"' not in text(client.get(address))


def test_an_unknown_run_is_not_found(client):
    for address in ("/imports/999999/", "/imports/x/", "/imports/-1/", f"/imports/{'9' * 30}/"):
        assert client.get(address).status_code == 404


@pytest.mark.parametrize("page", ["0", "-1", "x", "999", ""])
def test_an_unknown_page_of_runs_is_the_nearest_one(client, page):
    assert client.get("/imports/", {"page": page}).status_code == 200


def test_a_failed_document_says_why(client):
    run = request_import([("one.json", GOOD)])
    run.documents.update(state=ImportDocument.State.FAILED, error="OSError: <no space left>")
    shown = text(client.get(run.get_absolute_url()))
    assert "OSError: &lt;no space left&gt;" in shown


def test_the_page_of_a_large_run_asks_the_database_no_more_often(
    client, django_assert_max_num_queries
):
    records = [initiative(f"test-{n}", partners=[partner()]) for n in range(20)]
    run = imported(document(*records), b"{", GOOD)
    assert ImportOutcome.objects.filter(document__run=run).count() == 21
    client.get("/organisations/")  # the first page after a change reads what it touched
    for address in (run.get_absolute_url(), "/imports/"):
        with django_assert_max_num_queries(12):
            client.get(address)


def test_whoever_may_not_import_is_refused_before_the_files_are_read(client):
    body = SimpleUploadedFile("a.json", b"{}" * 500_000)
    with patch("django.core.files.uploadhandler.FileUploadHandler.new_file") as new_file:
        refused = client.post("/imports/", {"documents": body})
    assert refused.status_code == 403
    assert not new_file.called


def test_a_run_of_many_documents_and_records_is_shown(client, editor):
    run = ImportRun.objects.create()
    for n in range(30):
        document = ImportDocument.objects.create(
            run=run, name=f"{n}.json", content=b"", state="done"
        )
        ImportOutcome.objects.bulk_create(
            ImportOutcome(document=document, place=f"/records/{m}", result="unchanged")
            for m in range(100)
        )
    shown = client.get(run.get_absolute_url())
    assert shown.status_code == 200
    assert "0.json" in shown.content.decode()
    assert "29.json" in client.get(f"{run.get_absolute_url()}?page=2").content.decode()
