"""Imports by real Celery workers, which crash, lose messages and meet each other."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from initiatives.derive import wrongly_derived
from initiatives.ladder import Status
from initiatives.models import Initiative, Record
from initiatives.news import queue as work
from initiatives.news.importing import import_content
from initiatives.news.models import ImportDocument, ImportOutcome, ImportRun
from initiatives.news.requesting import request_import
from initiatives.news.tasks import import_document, sweep
from tests import cast
from tests.conftest import environment_of_test, kill_group
from tests.documents import (
    as_bytes,
    document,
    facts,
    initiative,
    money,
    organisation,
    partner,
    results,
    step,
    tables,
    the_document,
)

SHORT = {"NEWS_LEASE_SECONDS": "1"}


@pytest.fixture(autouse=True)
def start_over(transactional_db):
    """A database with the reference data alone; called once more, the same again."""

    def emptied_database() -> None:
        call_command("flush", interactive=False, verbosity=0)
        cast.load_reference()

    emptied_database()
    return emptied_database


def until(condition: Callable[[], Any], within: float = 90) -> Any:
    """What the condition says once it says something; swept now and then, as a site's clock does."""
    began = swept = time.monotonic()
    while not (found := condition()):
        now = time.monotonic()
        assert now < began + within, f"not within {within} s"
        if now > swept + 1:
            swept = now
            sweep()
        time.sleep(0.05)
    return found


def finished(*runs: ImportRun) -> None:
    """Wait until the runs are finished."""
    until(lambda: all(ImportRun.objects.get(pk=run.pk).finished for run in runs))


def running(run: ImportRun) -> ImportDocument | None:
    """The document of the run that somebody works on."""
    return run.documents.filter(state=ImportDocument.State.RUNNING).first()


def files(*contents: dict) -> list[tuple[str, bytes]]:
    return [(f"document-{n}.json", as_bytes(content)) for n, content in enumerate(contents)]


LARGE = 320  # records


def large(records: int = LARGE) -> list[tuple[str, bytes]]:
    """A document that takes a worker some seconds."""
    rows = (
        initiative(
            f"test-{n}",
            partners=[partner(), partner(country="Brazil"), partner(organisation="test-bank")],
            status=[step()],
            funding=[money()],
        )
        for n in range(records)
    )
    return files(document(organisation(), *rows))


def test_the_command_imports_through_a_worker_and_says_what_became_of_it(start_worker, capsys):
    start_worker()
    call_command("import_news", *cast.SEEDS, "--publish", "--timeout=90")
    assert "created" in capsys.readouterr().out
    assert set(Record.objects.values_list("state", flat=True)) == {"published"}
    call_command("import_news", *cast.SEEDS, "--publish", "--timeout=90")
    output = capsys.readouterr()
    assert output.out.strip().endswith(f"{ImportOutcome.objects.count() // 2} unchanged.")


def test_the_command_names_what_was_rejected_and_fails_for_what_was_refused(
    start_worker, tmp_path, capsys
):
    start_worker()
    path, broken = tmp_path / "some.json", tmp_path / "broken.json"
    path.write_bytes(as_bytes(document(initiative("bad", sectors=["magic"]), initiative())))
    broken.write_bytes(b"{")
    call_command("import_news", path, "--timeout=90")
    output = capsys.readouterr()
    assert "1 created, 1 rejected." in output.out
    assert "some.json: /records/0/sectors/0: unknown sector “magic” (record bad)" in output.err
    with pytest.raises(Exception, match="Not every document could be imported"):
        call_command("import_news", path, broken, "--timeout=90")
    output = capsys.readouterr()
    assert "1 unchanged, 1 rejected." in output.out
    assert "broken.json: refused: the file is not JSON" in output.err


def test_without_a_worker_the_command_says_so_and_keeps_the_documents(queue):
    with pytest.raises(Exception, match="No worker has finished the import"):
        call_command("import_news", cast.SEEDS[0], "--timeout=0.5")
    assert ImportDocument.objects.get().state == ImportDocument.State.QUEUED


# --- Crashes -------------------------------------------------------------------------------------


def test_after_kill_9_in_mid_import_a_new_worker_ends_with_the_same_records(
    start_worker, start_over
):
    undisturbed = request_import(large(), publish=True)
    worker = start_worker()
    finished(undisturbed)
    kill_group(worker)
    expected = facts()
    assert len(expected["record"]) == LARGE
    done = the_document(undisturbed)
    takes = (done.finished_at - done.started_at).total_seconds()
    start_over()

    run = request_import(large(), publish=True)
    # A fifth: on a busy machine the next import may take a fraction of what the last one took.
    for attempt, share in ((1, 0.0), (2, 0.2)):
        worker = start_worker(**SHORT)
        until(lambda attempt=attempt: running(run) and the_document(run).attempts == attempt)
        time.sleep(share * takes)  # how far it is nobody can see from outside
        kill_group(worker)
        assert running(run), "the import was over before the worker could be killed"
        assert not Record.objects.exists()
    start_worker(**SHORT)
    finished(run)
    assert facts() == expected
    assert the_document(run).attempts == 3
    assert list(wrongly_derived()) == []


def test_a_document_that_kills_its_workers_is_given_up_and_leaves_nothing(start_worker):
    run = request_import(large(), publish=True)
    before = tables()
    start_worker(**SHORT)
    for attempt in range(1, work.MOST_ATTEMPTS + 1):
        until(lambda attempt=attempt: running(run) and the_document(run).attempts == attempt)
        _host, pid, _mark = the_document(run).owner.split(":")
        os.kill(int(pid), 9)
    finished(run)
    given_up = the_document(run)
    assert given_up.state == ImportDocument.State.FAILED
    assert given_up.error == f"given up after {work.MOST_ATTEMPTS} attempts that did not end"
    assert tables() == before
    later = request_import(files(document(initiative())), publish=True)
    finished(later)
    assert results(later) == {"test-programme": "created"}


def test_what_no_message_reached_is_found_by_the_sweeper(start_worker, queue):
    run = request_import(files(document(initiative())), publish=True)
    emptied(queue)
    start_worker()
    finished(run)
    assert results(run) == {"test-programme": "created"}


def test_what_a_dead_worker_held_is_taken_over_though_its_message_was_lost(start_worker, queue):
    run = request_import(files(document(initiative())), publish=True)
    emptied(queue)
    dead = work.claim(the_document(run).pk, "dead")
    assert dead.state == ImportDocument.State.RUNNING
    start_worker()
    sweep()
    lease_runs_out(dead)
    finished(run)
    assert results(run) == {"test-programme": "created"}
    assert the_document(run).attempts == 2


def emptied(address: str) -> None:
    """Lose every message."""
    with redis.Redis.from_url(address) as client:
        assert client.llen("celery")
        client.flushdb()


def lease_runs_out(document: ImportDocument) -> None:
    ImportDocument.objects.filter(pk=document.pk).update(lease_until="2001-01-01T00:00Z")


# --- Several workers -----------------------------------------------------------------------------


def test_one_who_lost_the_lease_writes_nothing(monkeypatch):
    run = request_import(files(document(initiative())), publish=True)
    slow = work.claim(the_document(run).pk, "slow")
    assert work.claim(slow.pk, "early") is None
    lease_runs_out(slow)
    quick = work.claim(slow.pk, "quick")
    before = tables()
    with pytest.raises(work.LostLease):
        import_content(slow, "slow")
    assert tables() == before
    import_content(quick, "quick")
    after = tables()
    for owner, late in (("slow", slow), ("quick", quick)):
        with pytest.raises(work.LostLease):
            import_content(late, owner)
        work.give_back(late, owner)
    assert tables() == after
    assert the_document(run).state == ImportDocument.State.DONE
    assert work.claim(slow.pk, "late") is None


def test_a_living_import_is_not_taken_over_however_long_it_takes(start_worker):
    lease = 0.05  # seconds
    for _worker in range(2):
        start_worker(NEWS_LEASE_SECONDS=str(lease))
    run = request_import(large(), publish=True)
    finished(run)
    done = the_document(run)
    assert (done.finished_at - done.started_at).total_seconds() > 5 * lease
    assert (done.state, done.attempts) == (ImportDocument.State.DONE, 1)
    assert Record.objects.count() == LARGE


def test_two_imports_about_one_record_do_not_miss_what_the_other_says():
    finished_here = request_import(files(document(initiative())), publish=True)
    import_document(the_document(finished_here).pk)
    steps = (step("announced", "2012"), step("proposed", "2010"))
    run = request_import(
        files(*(document(initiative(status=[s]), article=s["status"]) for s in steps)), publish=True
    )
    first, second = run.documents.all()
    other = threading.Thread(target=in_another_connection, args=(second.pk,))
    claimed = work.claim(first.pk, "first")
    with transaction.atomic():
        import_content(claimed, "first")
        other.start()
        other.join(1)  # it waits for us
    other.join()
    assert {d.state for d in run.documents.all()} == {"done"}
    assert list(wrongly_derived()) == []
    record = Initiative.objects.get(slug="test-programme")
    assert (record.status, str(record.began)) == ("announced", "2010")


def in_another_connection(pk: int) -> None:
    try:
        import_document(pk)
    finally:
        connection.close()


def overlapping() -> list[tuple[str, bytes]]:
    """Articles that each say something else about the same records."""
    said = ("Kenya", "Brazil", "India", "China", "Egypt", "Ghana", "Peru")
    return files(
        *(
            document(
                organisation(aliases=["TB"], country="Kenya"),
                *(
                    initiative(
                        f"shared-{n}",
                        partners=[
                            partner(f"{country} joined.", country=country),
                            partner(f"{country} and the bank.", organisation="TB", role="funder"),
                        ],
                        status=[step(status, f"20{10 + number}")],
                    )
                    for n in range(3)
                ),
                article=f"article-{number}",
            )
            for number, (country, status) in enumerate(zip(said, Status.values, strict=True))
        )
    )


def test_two_workers_with_the_same_documents_twice_write_everything_once(start_worker, start_over):
    alone = request_import(overlapping(), publish=True)
    start_worker()
    finished(alone)
    expected = content_of_records()
    assert {d.state for d in alone.documents.all()} == {"done"}
    start_over()

    start_worker()
    runs = [request_import(overlapping(), publish=True) for _ in range(2)]
    finished(*runs)
    assert {d.state for run in runs for d in run.documents.all()} == {"done"}
    assert content_of_records() == expected
    assert list(wrongly_derived()) == []
    assert ImportOutcome.objects.count() == 2 * 7 * 4
    created = ImportOutcome.objects.filter(result="created").values_list("key", flat=True)
    assert sorted(created) == ["shared-0", "shared-1", "shared-2", "test-bank"]


def content_of_records() -> dict[str, list[str]]:
    return {kind: rows for kind, rows in facts().items() if kind not in ("outcome", "document")}


# --- No queue ------------------------------------------------------------------------------------


def test_with_the_queue_down_a_request_is_quick_and_nothing_is_lost(tmp_path):
    paths = []
    for n in range(60):
        paths.append(tmp_path / f"document-{n}.json")
        paths[-1].write_bytes(as_bytes(document(initiative(f"test-{n}"), article=f"article-{n}")))
    env = environment_of_test() | {"REDIS_URL": f"unix://{tmp_path}/nobody-listens.sock"}
    began = time.monotonic()
    result = subprocess.run(
        [sys.executable, "manage.py", "import_news", "--no-wait", *paths],
        cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "60 documents" in result.stdout
    assert time.monotonic() - began < 20
    assert ImportDocument.objects.filter(state=ImportDocument.State.QUEUED).count() == 60


def test_what_was_requested_while_the_queue_was_down_is_imported_later(
    start_worker, queue, monkeypatch
):
    with monkeypatch.context() as down:
        down.setattr(work, "send", lambda pk: False)
        run = request_import(files(document(initiative())), publish=True)
    start_worker()
    finished(run)
    assert results(run) == {"test-programme": "created"}
