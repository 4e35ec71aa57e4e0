"""Run the whole of Accord on this machine: `make run`, or `python -m config.serve`.

It starts the embedded queue (unless REDIS_URL names a server), brings the database up to date,
starts the site, a Celery worker and its clock, queues the seed records for that worker, and
stops everything again on Ctrl-C, or when one of them ends by itself. It is for trying Accord
and working on it; the Procfile has the processes for a real installation.
"""

import fcntl
import hashlib
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from config import embedded_queue

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
# Seconds until the site must answer, and until a child that was asked to stop is killed.
READY_WITHIN = 60.0
STOP_WITHIN = {"worker": 15.0}
STOP_WITHIN_OTHERWISE = 8.0


class CannotServeError(Exception):
    """Why the site is not served, said so that the reader can mend it."""


class StoppedError(BaseException):
    """Somebody asked us to stop; no error, so not to be caught by accident."""


@dataclass
class Child:
    """A process of ours, which leads a process group of its own."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path | None
    # Signals go to the main process alone: a Celery worker whose children get them too loses jobs.
    signal_group: bool = False

    def ended(self) -> str | None:
        """How it ended, if it has."""
        code = self.process.poll()
        if code is None:
            return None
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def ask(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        if self.process.poll() is not None:
            return
        if self.signal_group:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)

    def kill(self) -> None:
        """Kill what is left of it and of its own children."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        if self.log is None or not self.log.exists():
            return ""
        words = self.log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(["", f"The end of {self.log}:", *words]) if words else ""


class Site:
    """The processes of one run, started in order and stopped in the opposite one."""

    def __init__(self, logs: Path) -> None:
        """Keep the logs of this run, and only of this run, in the folder `logs`."""
        self.logs = logs
        self.children: list[Child] = []
        self.socket: Path | None = None
        self._busy = False
        self._stop_asked = False
        self._stopping = False
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir(parents=True)

    def listen_to_signals(self) -> None:
        """From now on Ctrl-C, SIGTERM and a closed terminal stop the site."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._stopping:  # a second Ctrl-C: no more patience
            for child in self.children:
                child.kill()
        elif self._busy:
            self._stop_asked = True
        else:
            raise StoppedError

    @contextmanager
    def _undisturbed(self) -> Iterator[None]:
        """A signal waits until the block is over, so that no process is started and forgotten."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False
        if self._stop_asked:
            raise StoppedError

    def adopt_queue(self, path: Path) -> None:
        """Start the embedded queue."""
        log = self.logs / "queue.log"
        with self._undisturbed():
            self.children.append(Child("queue", embedded_queue.start(path, log), log))
            self.socket = path

    def start(
        self, name: str, *arguments: str, log: bool = True, signal_group: bool = False
    ) -> Child:
        """Start `python ARGUMENTS` in the checkout."""
        path = self.logs / f"{name}.log" if log else None
        with self._undisturbed():
            output = path.open("wb") if path else None
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                process_group=0,
                preexec_fn=embedded_queue.die_with_parent(),
            )
            if output:
                output.close()
            child = Child(name, process, path, signal_group)
            self.children.append(child)
        return child

    def check(self) -> None:
        """Refuse to go on when a process has ended by itself."""
        for child in self.children:
            how = child.ended()
            if how is not None:
                raise CannotServeError(
                    f"the {child.name} process ended by itself ({how}).{child.last_words()}"
                )

    def wait_for(self, child: Child) -> None:
        """Wait until a process that is meant to end has done so well."""
        while child.ended() is None:
            self.check()
            time.sleep(0.05)
        if child.process.returncode != 0:
            self.check()
        self.children.remove(child)

    def wait_until_answering(self, address: str) -> None:
        """Wait until the site and what it needs are well."""
        until = time.monotonic() + READY_WITHIN
        trouble = ""
        while time.monotonic() < until:
            self.check()
            try:
                urllib.request.urlopen(address, timeout=5).close()  # noqa: S310
                return
            except urllib.error.HTTPError as error:
                trouble = f"{error} {error.read(500).decode(errors='replace')}"
                if error.code < 500:
                    return
            except OSError as error:
                trouble = str(error)
            time.sleep(0.05)
        raise CannotServeError(f"{address} does not answer well: {trouble}")

    def watch(self) -> None:
        """Stay until asked to stop or until a process ends."""
        while True:
            self.check()
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop what runs, the newest first and the queue last; leave no process."""
        self._stopping = True
        queue = [child for child in self.children if child.name == "queue"]
        others = [child for child in self.children if child.name != "queue"]
        for group in (others[::-1], queue):
            for child in group:
                child.ask(signal.SIGTERM)
            for child in group:
                try:
                    child.process.wait(STOP_WITHIN.get(child.name, STOP_WITHIN_OTHERWISE))
                except subprocess.TimeoutExpired:
                    say(f"the {child.name} process did not stop in time and is killed.")
                child.kill()
                child.process.wait()
        if self.socket:
            self.socket.unlink(missing_ok=True)


def say(text: str = "") -> None:
    """Tell the person at the terminal."""
    print(text, flush=True)


def port_to_use() -> int:
    """PORT, which must be free: checked before anything is started."""
    text = os.environ.get("PORT") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise CannotServeError(f"PORT must be a number from 1 to 65535, not {text!r}.")
    port = int(text)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError as error:
            raise CannotServeError(
                f"port {port} needs more rights than you have; try PORT=8000."
            ) from error
        except OSError as error:
            raise CannotServeError(
                f"port {port} is in use by another program. Stop that, or take another port: "
                f"PORT={port + 1 if port < 65535 else 8000} make run"
            ) from error
    return port


@contextmanager
def only_one(var: Path, address: str) -> Iterator[None]:
    """Hold the checkout: two runs would share one database and one queue."""
    with (var / "serve.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise CannotServeError(
                f"Accord already runs from this folder: {lock.read().strip()}"
            ) from error
        lock.truncate(0)
        lock.write(f"{address} (process {os.getpid()})\n")
        lock.flush()
        yield


def check_server(url: str) -> None:
    """A queue server that was named must answer."""
    import redis

    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        parts = urlsplit(url)
        where = parts.path if parts.scheme == "unix" else f"{parts.hostname}:{parts.port or 6379}"
        raise CannotServeError(f"no Redis answers at REDIS_URL ({where}): {error}") from error


def migrate() -> bool:
    """Bring the database up to date; whether there was anything to do."""
    from django.core.management import call_command
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connection)
        if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        say("Preparing the database ...")
        call_command("migrate", verbosity=0, interactive=False)
    except DatabaseError as error:
        raise CannotServeError(f"the database cannot be used: {error}".strip()) from error
    return True


def seed_files() -> list[Path]:
    """The news files that come with Accord."""
    folder = ROOT / "fixtures" / "news"
    return sorted(p for p in folder.glob("*.json") if not p.name.endswith("schema.json"))


def fingerprint() -> str:
    """What the reference data and seed records are, and which database they go into."""
    from django.conf import settings

    digest = hashlib.sha256()
    database = settings.DATABASES["default"]
    digest.update(repr([database[key] for key in ("ENGINE", "NAME", "HOST", "PORT")]).encode())
    reference = sorted((ROOT / "fixtures" / "reference").rglob("*.json"))
    for path in [*reference, *seed_files()]:
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def load_data(site: Site) -> None:
    """Load the reference data, then queue the seed records for the worker and wait for it."""
    from django.core.management import CommandError, call_command

    say("Loading the reference data ...")
    try:
        call_command("load_reference", verbosity=0, stdout=io.StringIO())
    except CommandError as error:
        raise CannotServeError(str(error)) from error
    site.check()
    files = [str(path.relative_to(ROOT)) for path in seed_files()]
    if files:
        say("Importing the seed records through the queue ...")
        command = ("manage.py", "import_news", *files, "--publish", "--wait")
        site.wait_for(site.start("import", *command, log=False))


def serve() -> None:
    """Start everything, say where it is, and stay until it is stopped."""
    port = port_to_use()
    address = f"http://localhost:{port}"
    # A local run is plain http on this port, whatever .env says of the real site.
    os.environ.setdefault("SITE_URL", address)
    os.environ["STATIC_FROM_SOURCE"] = "1"
    os.environ["PYTHONUNBUFFERED"] = "1"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    try:
        var, debug = settings.VAR_DIR, settings.DEBUG
    except ImproperlyConfigured as error:
        raise CannotServeError(str(error)) from error

    # Without a mail server mails are files in var/mail.
    os.environ.setdefault("EMAIL_URL", "filemail://")
    with only_one(var, address):
        site = Site(var / "log")
        site.listen_to_signals()
        try:
            run(site, port, address, var, debug)
        except StoppedError:
            say("\nStopping ...")
        finally:
            site.stop()
    say("Stopped.")


def run(site: Site, port: int, address: str, var: Path, debug: bool) -> None:
    """Start the processes, prepare the data, and watch."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    if settings.REDIS_URL_IS_EMBEDDED:
        site.adopt_queue(settings.QUEUE_SOCKET)
    else:
        check_server(settings.REDIS_URL)
    django.setup()
    migrated = migrate()

    # These take a second to load; meanwhile the data is prepared here.
    celery = ("-m", "celery", "-A", "config")
    site.start(
        "worker", *celery, "worker", "--concurrency=2", "--loglevel=INFO", "--without-gossip",
        "--without-mingle", "--hostname=accord@%h",
    )  # fmt: skip
    site.start("clock", *celery, "beat", "--loglevel=INFO")
    if debug:
        site.start("web", "manage.py", "runserver", f"{HOST}:{port}", log=False, signal_group=True)
    else:
        site.start(
            "web", "-m", "gunicorn", "config.wsgi", f"--bind={HOST}:{port}", "--workers=2",
            "--worker-class=gthread", "--threads=4", "--graceful-timeout=5", "--log-level=warning",
            f"--access-logfile={site.logs / 'access.log'}", "--no-control-socket", log=False,
        )  # fmt: skip

    logins = io.StringIO()
    call_command("demo_users", stdout=logins)
    stamp, wanted = var / "data.stamp", fingerprint()
    if migrated or not stamp.exists() or stamp.read_text() != wanted:
        stamp.unlink(missing_ok=True)
        load_data(site)
        stamp.write_text(wanted)
    site.wait_until_answering(f"http://{HOST}:{port}/healthz")

    say()
    say(f"Accord is running at {address}/")
    say()
    say(logins.getvalue().rstrip())
    say()
    say(f"Logs are in {site.logs}. Stop with Ctrl-C.")
    site.watch()


def main() -> int:
    """Serve; the exit code is 0 when somebody stopped us and 1 when something failed."""
    try:
        serve()
    except (CannotServeError, embedded_queue.QueueError) as error:
        print(f"accord: {error}", file=sys.stderr, flush=True)
        return 1
    except StoppedError:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
