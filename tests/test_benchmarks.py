"""The benchmarks still run, and what they count is right."""

import os
import re
import subprocess
import sys

from django.conf import settings


def run(*options, sqlite=False):
    """What a benchmark prints: lines of a name, and a column for each size."""
    server = "" if sqlite else os.environ["DATABASE_URL"]
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", *options]
        + (["--database-url", server] if server.startswith("postgres") else []),
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr + ran.stdout
    return re.findall(r"^ *(\S.*?)  +(.*)$", ran.stdout, re.MULTILINE)


def test_explorer_agrees_with_sql_and_asks_the_others_the_same():
    lines = run("explorer", "--size", "100", "--size", "300")
    counted = dict(lines)
    assert counted["initiatives"].split() == ["100", "300"]
    assert float(counted["an empty view"].split()[0]) > 0
    assert [name for name, _ in lines].count("page") == 4
    assert float(counted["admin"].split()[1]) > 0
    if "sqlite" in os.environ["DATABASE_URL"]:
        assert float(counted["Datasette, tuned"].split()[1]) > 0
    assert float(counted["typical page at 300 : at 100"]) > 0
    assert len(counted["funding-by-year"].split()) == 9


def test_explorer_measures_again_what_it_kept(tmp_path):
    asked = ("explorer", "--size", "60", "--no-rivals", "--no-money", "--keep", str(tmp_path))
    run(*asked, sqlite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["60"]
    assert dict(run(*asked, sqlite=True))["initiatives"] == "60"


def test_imports():
    lines = dict(run("imports", "--size", "3"))
    assert lines["records made"] == lines["records unchanged"] == "15"
    assert int(lines["rows of them"]) > 100
    assert float(lines["the same rows plainly, s"]) > 0


def test_duplicates():
    lines = dict(run("duplicates", "--size", "500"))
    assert lines["records"] == "500"
    assert float(lines["a title, ms, median"]) > 0
    assert float(lines["found of titles as it is"]) > 0.99
    assert float(lines["found of retellings that share anything"].split()[-1]) > 0.94
    assert float(lines["of what it finds in all, found"].split()[-1]) > 0.95


def test_money():
    lines = dict(run("money", "--size", "300", "--check"))
    assert lines["statements"].split() == ["75", "300"]
    for ledger in ("statements", "ledger"):
        small, large = lines[f"ratio: counting / SUM over the {ledger}"].split()
        assert float(small.replace(",", "")) > 1
        assert float(large.replace(",", "")) > 1
    assert float(lines["funding-by-year"].split()[0]) > 0
    assert lines["statements stored as counted otherwise"] == "0"
