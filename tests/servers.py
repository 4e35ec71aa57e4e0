"""Private servers for the tests: PostgreSQL and Redis, started for a run and gone after it.

As a program it runs the tests, or any command, on them:

    python -m tests.servers -- pytest -k bloc     a command, on PostgreSQL and Redis
    python -m tests.servers --both -- -k bloc     pytest on SQLite, then on PostgreSQL and Redis

What the machine lacks is skipped by name, with the command that installs it. With
ACCORD_REQUIRE_ALL=1 (as in .ci/run) that is a failure instead.
"""

import argparse
import ctypes
import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
INSTALL = {
    "PostgreSQL": "apt-get install postgresql",
    "Redis": "apt-get install redis-server",
    "Chromium": "apt-get install chromium fonts-dejavu-core fonts-noto-cjk",
}


class MissingError(Exception):
    """The machine lacks a program; the message names it and says how to install it."""

    def __init__(self, name: str) -> None:
        """Say which of INSTALL is missing."""
        super().__init__(f"{name} is not installed; {INSTALL[name]}")


def everything_required() -> bool:
    """Whether a missing program is a failure."""
    return os.environ.get("ACCORD_REQUIRE_ALL", "") not in ("", "0")


# --- Finding programs --------------------------------------------------------------------------


def postgresql_program(name: str) -> Path:
    """A program of PostgreSQL; Debian keeps the newest off the PATH."""
    found = [
        path
        for pattern in (
            "/usr/lib/postgresql/*/bin",
            "/usr/pgsql-*/bin",
            "/opt/homebrew/opt/postgresql*/bin",
        )
        for path in Path("/").glob(f"{pattern[1:]}/{name}")
    ]
    if found:
        return max(
            found, key=lambda path: [int(n) for n in path.parts[-3].split("-") if n.isdigit()]
        )
    on_path = shutil.which(name)
    if on_path:
        return Path(on_path).resolve()
    raise MissingError("PostgreSQL")


def redis_program() -> str:
    """The Redis server, or Valkey, which is the same to us."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if not found:
        raise MissingError("Redis")
    return found


def chromium_program() -> str:
    """The machine's own Chromium or Chrome."""
    for name in ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"):
        found = shutil.which(name) or shutil.which(name, path="/usr/bin:/usr/local/bin:/snap/bin")
        if found:
            return found
    raise MissingError("Chromium")


# --- Servers -----------------------------------------------------------------------------------


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL cluster of its own, as a DATABASE_URL; it listens on a private socket only."""
    initdb, postgres = postgresql_program("initdb"), postgresql_program("postgres")
    with _folder("accord-pg-") as folder:
        owner = _server_owner()
        if owner:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        user = owner.pw_name if owner else getpass.getuser()
        as_owner = _as_user(owner)
        data = folder / "data"
        subprocess.run(
            [initdb, "-D", data, "-A", "trust", "-U", user, "-E", "UTF8", "--no-sync",
             "--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C"],
            check=True, cwd=folder, stdout=subprocess.DEVNULL, **as_owner,
        )  # fmt: skip
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": folder,
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": 200,  # fifty at once, in each of several workers
        }
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        log = folder / "log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [postgres, "-D", data, *options],
                cwd=folder, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                process_group=0, preexec_fn=_die_with_parent(signal.SIGINT), **as_owner,
            )  # fmt: skip
        try:
            url = f"postgres://{quote(user)}@{quote(str(folder), safe='')}/postgres"
            _wait(server, lambda: _postgresql_answers(folder, user), log)
            yield url
        finally:
            _stop(server, signal.SIGINT)  # PostgreSQL's fast shutdown


@contextmanager
def redis() -> Iterator[str]:
    """A Redis server of its own on a free port of this machine, as a REDIS_URL."""
    program = redis_program()
    with _folder("accord-redis-") as folder:
        port = _free_port()
        log = folder / "log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                 "--appendonly", "no", "--dir", folder, "--databases", "64"],
                stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                process_group=0, preexec_fn=_die_with_parent(signal.SIGTERM),
            )  # fmt: skip
        try:
            _wait(server, lambda: _redis_answers(port), log)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            _stop(server, signal.SIGTERM)


@contextmanager
def _folder(prefix: str) -> Iterator[Path]:
    """A temporary folder with a short path: a socket's path may not be long."""
    short = "/tmp" if Path("/tmp").is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=short))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _server_owner() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody`."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


def _as_user(owner: pwd.struct_passwd | None) -> dict[str, Any]:
    """How subprocess is told to run a program as somebody else."""
    if owner is None:
        return {}
    env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": [], "env": env}


def _die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """A test run that is killed leaves no server behind (Linux)."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(1, number)


def _wait(server: subprocess.Popen[bytes], answers: Callable[[], bool], log: Path) -> None:
    """Wait until a server answers; if it does not, say what it said."""
    until = time.monotonic() + 30
    while server.poll() is None and time.monotonic() < until:
        if answers():
            return
        time.sleep(0.05)
    _stop(server, signal.SIGKILL)
    raise RuntimeError(f"{server.args!r} did not start:\n{log.read_text(errors='replace')}")


def _stop(server: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Stop a server and wait for its end."""
    if server.poll() is None:
        server.send_signal(number)
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _postgresql_answers(folder: Path, user: str) -> bool:
    import psycopg2

    try:
        psycopg2.connect(host=str(folder), user=user, dbname="postgres").close()
    except psycopg2.OperationalError:
        return False
    return True


def _redis_answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- As a program ------------------------------------------------------------------------------


def run_on_servers(command: list[str], skipped: list[str]) -> int:
    """Run a command with DATABASE_URL and REDIS_URL of private servers; its exit code."""
    with ExitStack() as stack:
        try:
            env = {"DATABASE_URL": stack.enter_context(postgresql())}
        except MissingError as error:
            skipped.append(f"the whole run on PostgreSQL: {error}")
            return 0
        try:
            env["REDIS_URL"] = stack.enter_context(redis())
        except MissingError as error:
            skipped.append(f"a real Redis in that run (the embedded queue took its place): {error}")
        return subprocess.run(command, env={**os.environ, **env}, cwd=ROOT, check=False).returncode


def main() -> int:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--both", action="store_true", help="pytest on SQLite first, then on servers"
    )
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    skipped: list[str] = []
    codes = {}
    if options.both:
        command = [sys.executable, "-m", "pytest", *options.command]
        say("Tests on SQLite and the embedded queue")
        env = {**os.environ, "DATABASE_URL": "", "REDIS_URL": ""}
        codes["SQLite"] = subprocess.run(command, env=env, cwd=ROOT, check=False).returncode
        say("The same tests on PostgreSQL and Redis")
        codes["PostgreSQL"] = run_on_servers(command, skipped)
    else:
        codes["the command"] = run_on_servers(options.command, skipped)
    try:
        chromium_program()
    except MissingError as error:
        if options.both:
            skipped.append(f"the tests in a browser: {error}")
    for reason in skipped:
        print(f"{'FAILED' if everything_required() else 'SKIPPED'}: {reason}", flush=True)
    for name, code in codes.items():
        if code:
            print(f"FAILED: {name} (exit code {code})", flush=True)
    if skipped and everything_required():
        return 1
    return max(codes.values(), default=0)


def say(title: str) -> None:
    """A heading between two runs."""
    print(f"\n##### {title}", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
