"""Fixtures that every test may use."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import hypothesis
import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.commands import flush
from django.db import connection
from hypothesis.database import DirectoryBasedExampleDatabase
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from config import embedded_queue
from initiatives.desk import undoing
from initiatives.funding.counting import miscounted
from partners.history.changes import Change, data_version
from tests import cast, exports, servers
from tests.browsing import DESK, Trouble

# Generated input: more examples with HYPOTHESIS_PROFILE=thorough. What failed is tried again first.
for name, examples in (("quick", 50), ("thorough", 500)):
    hypothesis.settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        database=DirectoryBasedExampleDatabase(settings.BASE_DIR / "var" / "cache" / "hypothesis"),
    )
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# --- Browser: `page` comes from pytest-playwright ------------------------------------------------


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Drive the machine's own Chromium; without one, browser tests are skipped by name."""
    try:
        program = servers.chromium_program()
    except servers.MissingError as error:
        missing(error)
    return {
        **browser_type_launch_args,
        "executable_path": program,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    }


@pytest.fixture(scope="session")
def seeded_site(django_db_setup: None) -> Iterator[str]:
    """A server over the seed records, shared by all tests that only read (mark: django_db)."""
    server = LiveServer("localhost")
    yield server.url
    server.stop()


@pytest.fixture
def trouble(page: Page) -> Iterator[Trouble]:
    """Fails the test if a page it opened complained."""
    found = Trouble(page)
    yield found
    assert not found.found


@pytest.fixture(scope="module")
def shared_page(browser: Browser) -> Iterator[Page]:
    """One page for the tests that only look at many pages: it keeps its style sheets and scripts."""
    context = browser.new_context(reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.fixture
def site(seeded_site: str, page: Page, trouble: Trouble) -> str:
    """The shared site, opened at desk width without animations."""
    page.set_viewport_size(DESK)
    page.emulate_media(reduced_motion="reduce")
    return seeded_site


@pytest.fixture
def no_scripts(browser: Browser) -> Iterator[Page]:
    """A browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False, viewport=DESK)
    yield context.new_page()
    context.close()


def missing(error: servers.MissingError) -> None:
    """Skip what the machine cannot run, or fail where everything is required."""
    if servers.everything_required():
        pytest.fail(str(error), pytrace=False)
    pytest.skip(str(error))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they need, so that `-m "not browser"` leaves them out.

    Tests that really commit come last, for they leave an empty database behind. pytest-django
    sorts so too, but pytest then groups the tests of one browser together.
    """
    items.sort(key=really_commits)
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "page" in names or "browser" in names:
            item.add_marker(pytest.mark.browser)
        if "queue" in names:
            item.add_marker(pytest.mark.queue)


def really_commits(item: pytest.Item) -> bool:
    """Whether the test commits to the database instead of rolling back."""
    mark = item.get_closest_marker("django_db")
    names = {"transactional_db", "live_server", "seeded", "start_worker"}
    return bool(mark and mark.kwargs.get("transaction")) or bool(
        names & set(getattr(item, "fixturenames", ()))
    )


# --- Queue ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def queue_server() -> Iterator[str]:
    """The queue that the settings name: REDIS_URL's server, or an embedded one started here."""
    if not settings.REDIS_URL_IS_EMBEDDED:
        yield settings.REDIS_URL
        return
    try:
        embedded_queue.server_program()
    except embedded_queue.QueueError as error:
        pytest.skip(str(error))
    with embedded_queue.running(settings.QUEUE_SOCKET, settings.VAR_DIR / "queue.log"):
        yield settings.REDIS_URL


@pytest.fixture
def queue(queue_server: str) -> Iterator[str]:
    """An empty queue for one test. Without this fixture the embedded queue is down."""
    import redis

    with redis.Redis.from_url(queue_server) as client:
        client.flushdb()
        yield queue_server
        client.flushdb()


@pytest.fixture
def start_worker(
    queue: str, transactional_db: None, tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start real Celery workers on the test database and queue; they are killed after the test.

    `process.kill()` is a crash of the main process; the output is in tmp_path/worker-N.log.
    """
    workers: list[subprocess.Popen[bytes]] = []

    def start(*options: str, **env: str) -> subprocess.Popen[bytes]:
        log = tmp_path / f"worker-{len(workers)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "config", "worker", "--concurrency=1",
                 "--loglevel=INFO", "--without-gossip", "--without-mingle",
                 f"--hostname=test{len(workers)}-{os.getpid()}@%h", *options],
                cwd=settings.BASE_DIR,
                env=environment_of_test() | env,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                process_group=0,
                preexec_fn=embedded_queue.die_with_parent(),
            )  # fmt: skip
        workers.append(process)
        return process

    yield start
    for process in workers:
        kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """`kill -9` a process started with process_group=0, and its children."""
    try:
        os.killpg(process.pid, 9)
    except ProcessLookupError:
        pass
    process.wait()


def environment_of_test() -> dict[str, str]:
    """What another process needs to work on this test's database and queue."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{quote(str(database['NAME']))}"
    else:
        host = quote(database["HOST"], safe="")
        port = f":{database['PORT']}" if database["PORT"] else ""
        secret = f":{quote(database['PASSWORD'], safe='')}" if database["PASSWORD"] else ""
        url = f"postgres://{quote(database['USER'])}{secret}@{host}{port}/{database['NAME']}"
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": url,
        "REDIS_URL": "" if settings.REDIS_URL_IS_EMBEDDED else settings.REDIS_URL,
    }


@pytest.fixture(scope="session", autouse=True)
def history_is_flushed_last() -> None:
    """Emptying a table is no change to be kept: what keeps history goes after what it is of.

    On SQLite rows are deleted one by one, and each would become a change of its own.
    """
    original = flush.sql_flush

    def last(statement: str) -> int:
        ends = ("_version", "partners_change", "partners_dataversion")
        return max((n + 1 for n, end in enumerate(ends) if f'{end}"' in statement), default=0)

    def ordered(*args: Any, **kwargs: Any) -> list[str]:
        statements = original(*args, **kwargs)
        if connection.vendor != "sqlite":
            return statements
        return ["UPDATE partners_dataversion SET writing = 1", *sorted(statements, key=last)]

    flush.sql_flush = ordered


# --- Data ----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Every database test starts from the reference data and the seed records.

    Tests that really commit (`transactional_db`) leave an empty database behind; those ask for
    `seeded`.
    """
    with django_db_blocker.unblock():
        cast.load_reference()
        cast.import_seeds()


@pytest.fixture
def empty(transactional_db: None) -> None:
    """The reference data and nothing else, really committed.

    Without it the first test that commits would still find the seed records.
    """
    call_command("flush", interactive=False, verbosity=0)
    cast.load_reference()


@pytest.fixture
def seeded(empty: None) -> None:
    """The reference data and the seed records, really committed."""
    cast.import_seeds()


@pytest.fixture
def taken_back(db: None) -> Iterator[None]:
    """Whatever the test did is undone after it, and every row must be as it was before it."""
    before, number = exports.rows(), data_version()
    yield
    made = Change.objects.filter(number__gt=number).exclude(verb__in=undoing.FINAL)
    if made and not connection.needs_rollback:
        undoing.undo(made)
        assert exports.differing_rows(exports.rows(), before) == {}
        assert list(miscounted()) == []


@pytest.fixture(autouse=True)
def no_queue_by_accident(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the `queue` fixture nothing is sent, instead of waiting for a queue that is down."""
    if "queue" not in request.fixturenames:
        monkeypatch.setattr("initiatives.news.queue.send", lambda pk: False)
