"""The benchmarks still run, and what they count is right."""

import os
import re
import subprocess
import sys

from django.conf import settings


def test_money():
    server = os.environ["DATABASE_URL"]
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "money", "--size", "300", "--check"]
        + (["--database-url", server] if server.startswith("postgres") else []),
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    # A name, and a column for each size.
    lines = dict(re.findall(r"^(\S.*?)  +(.*)$", run.stdout, re.MULTILINE))
    assert lines["statements"].split() == ["75", "300"]
    for ledger in ("statements", "ledger"):
        small, large = lines[f"ratio: counting / SUM over the {ledger}"].split()
        assert float(small.replace(",", "")) > 1
        assert float(large.replace(",", "")) > 1
    assert float(lines["funding-by-year"].split()[0]) > 0
    assert lines["statements stored as counted otherwise"] == "0"
