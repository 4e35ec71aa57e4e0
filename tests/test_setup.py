"""Set-up and production settings: what a fresh installation meets, each in a process of its own."""

import http.client
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from config import embedded_queue

ROOT = settings.BASE_DIR


def environment(var: Path, **changes: str) -> dict[str, str]:
    """The environment of a new installation whose files lie in `var`."""
    inherited = {k: v for k, v in os.environ.items() if k != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    return inherited | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "SITE_URL": "https://accord.example.org",
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "DEBUG": "0",
        "STATIC_FROM_SOURCE": "0",
        "VAR_DIR": str(var),
        **changes,
    }


def manage(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "SECRET_KEY is not set"),
        ("short", "too short"),
        ("x" * 60, "well known"),
        ("django-insecure-" + "abcdefghij" * 6, "well known"),
    ],
)
def test_a_missing_or_weak_secret_key_is_refused(tmp_path: Path, key: str, reason: str) -> None:
    result = manage("check", env=environment(tmp_path, SECRET_KEY=key))
    assert result.returncode != 0
    assert reason in result.stderr.splitlines()[-1]


def test_a_secret_key_may_begin_with_a_dollar_sign(tmp_path: Path) -> None:
    """Django's own generator makes such keys; elsewhere "$NAME" means another variable."""
    key = "$" + secrets.token_urlsafe(50)
    assert manage("check", env=environment(tmp_path, SECRET_KEY=key)).returncode == 0


def test_only_sqlite_and_postgresql_are_taken(tmp_path: Path) -> None:
    result = manage("check", env=environment(tmp_path, DATABASE_URL="mysql://u@h/n"))
    assert "Accord runs on sqlite:/// and postgres://" in result.stderr


def test_production_settings_pass_djangos_deployment_check(tmp_path: Path) -> None:
    result = manage("check", "--deploy", "--fail-level", "WARNING", env=environment(tmp_path))
    assert result.returncode == 0, result.stderr


def test_production_serves_a_page_and_all_it_links_to(tmp_path: Path) -> None:
    env = environment(tmp_path, TRUST_PROXY="1")
    for command in (["migrate", "--verbosity=0"], ["collectstatic", "--noinput"]):
        result = manage(*command, env=env)
        assert result.returncode == 0, result.stderr
    names = json.loads((tmp_path / "static" / "staticfiles.json").read_text())["paths"]
    chart = names["vendor/chartjs/chart.umd.min.js"]
    assert re.fullmatch(r"vendor/chartjs/chart\.umd\.min\.[0-9a-f]{12}\.js", chart)
    assert (tmp_path / "static" / f"{chart}.br").exists()

    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}",
         "--worker-class=gthread", "--no-control-socket"],
        cwd=ROOT, env=env, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def get(path: str, scheme: str = "https") -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        headers = {"Host": "accord.example.org", "X-Forwarded-Proto": scheme}
        connection.request("GET", path, headers=headers)
        return connection.getresponse()

    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        assert get("/login/", scheme="http").headers["Location"] == (
            "https://accord.example.org/login/"
        )
        assert get("/").status == 200
        page = get("/login/")
        assert page.status == 200
        assert page.headers["Strict-Transport-Security"]
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        links = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.read().decode())
        assert links
        for link in links:
            file = get(link)
            assert file.status == 200, link
            assert "immutable" in file.headers["Cache-Control"], link
    finally:
        server.terminate()
        server.wait(timeout=30)


def test_lock_files_pin_every_package_and_name_no_registry() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        blocks = re.split(r"\n(?=\S)", text.strip())
        assert all("==" in block and "--hash=sha256:" in block for block in blocks)
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert not [path for path, package in packages.items() if "resolved" in package]
    assert all("integrity" in package for path, package in packages.items() if path)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


# --- make run ------------------------------------------------------------------------------------


def serve(var: Path, port: int) -> subprocess.Popen[str]:
    """`make run` without the set-up."""
    env = environment(var, PORT=str(port))
    del env["SITE_URL"]
    return subprocess.Popen(
        [sys.executable, "-m", "config.serve"],
        cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip


def processes_of(var: Path) -> Iterator[str]:
    """Command lines of the processes that work in `var` (Linux)."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"VAR_DIR={var}\0".encode() in (folder / "environ").read_bytes():
                yield (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue


def test_a_busy_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = serve(tmp_path, port)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert f"port {port} is in use" in output
    assert not list(tmp_path.iterdir())


@pytest.mark.queue
def test_the_site_starts_imports_through_the_worker_and_stops_cleanly(tmp_path: Path) -> None:
    try:
        embedded_queue.server_program()
    except embedded_queue.QueueError as error:
        pytest.skip(str(error))
    port = free_port()
    process = serve(tmp_path, port)
    assert process.stdout
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            if "Stop with Ctrl-C" in line:
                break
        output = "".join(lines)
        assert f"Accord is running at http://localhost:{port}/" in output
        assert re.search(r"administrator +demo-admin +\S+", output)
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10).close()
        log = (tmp_path / "log" / "worker.log").read_text()
        assert "import_document" in log
        assert "succeeded" in log
        logins = tmp_path / "demo-logins.txt"
        assert logins.stat().st_mode & 0o777 == 0o600
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    assert time.monotonic() - began < 15
    assert not (tmp_path / "queue.sock").exists()
    assert not list(processes_of(tmp_path))
