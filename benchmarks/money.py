"""Counting all money anew, beside one SUM over the same rows; and the charts over it."""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import time
from contextlib import ExitStack
from typing import Any

from benchmarks import statements
from benchmarks.database import add_server, in_fresh_process, own_database, say, server_of
from benchmarks.timing import by_tenths, seconds

SMALLER = 4  # the first of the two sizes is so many times smaller
SUMS = {
    "statements": "SELECT SUM(low), SUM(high) FROM funding_funding",
    "ledger": "SELECT SUM(low), SUM(high) FROM funding_entry WHERE measure = 'nominal'",
}
FILTERS = ("", "bloc=brics")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command line."""
    parser.add_argument("--size", type=int, default=20_000, help="statements (default 20000)")
    add_server(parser)
    parser.add_argument("--again", action="store_true", help="also count over the old ledger")
    parser.add_argument("--check", action="store_true", help="also compare the ledger with a count")
    parser.add_argument("--no-charts", action="store_true", help="leave out the charts")


def run(options: argparse.Namespace) -> int:
    """Fill, measure, fill more, measure again, print."""
    sizes = [max(options.size // SMALLER, 1), options.size]
    with ExitStack() as stack:
        server = stack.enter_context(server_of(options))
        kind = stack.enter_context(own_database(server))
        found = []
        before = 0
        for size in sizes:
            say(f"{kind}: {size:,} statements")
            in_fresh_process(prepare, before, size)
            large = size == sizes[-1]
            charts = large and not options.no_charts
            check = large and options.check
            found.append(in_fresh_process(measure, large and options.again, charts, check))
            before = size
        _print(kind, sizes, found)
    return 1 if found[-1].get("wrong") else 0


# --- Each in a process of its own ----------------------------------------------------------------


def prepare(first: int, last: int) -> None:
    """Statements from `first` to `last`, nothing counted."""
    import django
    from django.db import connection

    django.setup()
    from initiatives.funding.models import Entry, Place

    if first == 0:
        statements.load_reference()
    for model in (Entry, Place):
        model.objects.all()._raw_delete(model.objects.db)
    statements.fill(first, last, by_tenths("made", last))
    if connection.vendor == "postgresql":  # as its autovacuum does before long
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def measure(again: bool = False, charts: bool = False, check: bool = False) -> dict[str, Any]:
    """What counting everything costs, and the sums and the charts beside it."""
    import django

    django.setup()
    from django.db import connection

    from initiatives.funding.counting import miscounted, recount_all
    from initiatives.funding.models import Entry, Funding, Place

    initiatives = Funding.objects.order_by().values("record").distinct().count()
    found: dict[str, Any] = {}
    before = _peak()
    progress = by_tenths("counted", initiatives)
    counted = 0

    def told(more: int) -> None:
        nonlocal counted
        progress(counted := counted + more)

    worked = time.process_time()
    found["rebuild"] = seconds(lambda: recount_all(told))
    found["worked"] = time.process_time() - worked
    found["memory"] = _peak() - before
    if again:
        counted = 0
        found["again"] = seconds(lambda: recount_all(told))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    found["entries"], found["places"] = Entry.objects.count(), Place.objects.count()
    for name, sql in SUMS.items():
        found[name] = statistics.median(seconds(lambda sql=sql: _ask(sql)) for _ in range(5))
    if charts:
        found["charts"] = {query: _charts(query) for query in FILTERS}
    if check:
        found["wrong"] = sum(1 for _ in miscounted())
    return found


def _charts(query: str) -> dict[str, float]:
    from django.http import QueryDict

    from dashboards.charts import INITIATIVE_CHARTS
    from dashboards.lists import INITIATIVES
    from initiatives.selection import Selection

    found = {}
    for slug, build in INITIATIVE_CHARTS.items():
        selection = Selection(INITIATIVES.filters, QueryDict(query), INITIATIVES.records())
        found[slug] = seconds(lambda build=build, selection=selection: build(selection))
        say(f"  {slug} {query} {found[slug]:.3f} s")
    return found


def _ask(sql: str) -> Any:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def _peak() -> float:
    """The most memory this process has had, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


# --- The result ----------------------------------------------------------------------------------


def _print(kind: str, sizes: list[int], found: list[dict[str, Any]]) -> None:
    print(f"Money on {kind}, {os.cpu_count()} cores\n")
    _line("statements", [f"{size:,}" for size in sizes])
    _line("entries in the ledger", [f"{one['entries']:,}" for one in found])
    _line("places", [f"{one['places']:,}" for one in found])
    _line("counting everything, s", [f"{one['rebuild']:.2f}" for one in found])
    _line("  of that at work in this process", [f"{one['worked']:.2f}" for one in found])
    each = [one["rebuild"] / size * 1e6 for one, size in zip(found, sizes, strict=True)]
    _line("  each statement, microseconds", [f"{one:.0f}" for one in each])
    if "again" in found[-1]:
        _line("  over the old ledger, s", ["", f"{found[-1]['again']:.2f}"])
    _line("  more memory at the peak, MB", [f"{one['memory']:.0f}" for one in found])
    _line("one SUM over the statements, s", [f"{one['statements']:.4f}" for one in found])
    _line("one SUM over the ledger, s", [f"{one['ledger']:.4f}" for one in found])
    for name in SUMS:
        ratios = [f"{one['rebuild'] / one[name]:,.0f}" for one in found]
        _line(f"ratio: counting / SUM over the {name}", ratios)
    if charts := found[-1].get("charts"):
        unit = found[-1]["ledger"]
        print(f"\nCharts over {sizes[-1]:,}: seconds, and times one SUM over the ledger")
        _line("", [query or "all" for query in charts for _ in (0, 1)])
        for slug in charts[""]:
            cells = [(f"{one[slug]:.3f}", f"{one[slug] / unit:.1f}") for one in charts.values()]
            _line(slug, [cell for pair in cells for cell in pair])
    if "wrong" in found[-1]:
        _line("statements stored as counted otherwise", ["", f"{found[-1]['wrong']:,}"])
    sys.stdout.flush()


def _line(name: str, cells: list[str]) -> None:
    print(f"{name:<48}" + "".join(f"{cell:>13}" for cell in cells))
