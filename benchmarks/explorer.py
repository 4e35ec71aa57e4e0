"""Lists, facets, search and charts, beside raw SQL, Datasette and Django's admin over the same records."""

from __future__ import annotations

import argparse
import math
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks import raw, records, rivals
from benchmarks.database import add_server, in_fresh_process, own_database, say, server_of
from benchmarks.statements import load_reference
from benchmarks.timing import by_tenths, seconds

MIXED = 30
SHARE = 0.006  # of all records, what a typical question leaves
FACETS = ("bloc", "country", "sector", "kind", "status", "began")
PATIENCE = 20.0  # seconds that the repetitions of one measurement may take together


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command line."""
    parser.add_argument(
        "--size",
        type=int,
        action="append",
        help="initiatives (default 20000); several times: one after the other, and how costs grow",
    )
    add_server(parser)
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="leave the SQLite files there, and measure those that are there without filling them",
    )
    parser.add_argument("--no-rivals", action="store_true", help="without Datasette and admin")
    parser.add_argument("--no-money", action="store_true", help="without counting money")


def run(options: argparse.Namespace) -> int:
    """For each size fill a database and measure; print all side by side."""
    sizes = options.size or [20_000]
    if options.keep and (options.postgresql or options.database_url):
        raise SystemExit("--keep is for SQLite")
    found = []
    with ExitStack() as stack:
        server = stack.enter_context(server_of(options))
        for size in sizes:
            with own_database(server, options.keep and options.keep / f"{size}") as kind:
                say(f"{kind}: {size:,} initiatives")
                made = in_fresh_process(prepare, size, not options.no_money)
                one = in_fresh_process(measure, not options.no_money)
                one |= made
                if not options.no_rivals:
                    one |= in_fresh_process(measure_rivals, one["questions"], not server)
                if server:
                    one["two"] = _two_workers(one["questions"]["typical"])
            found.append(one)
    _print(kind, sizes, found)
    return 1 if any(one["disagreeing"] for one in found) else 0


# --- Each in a process of its own ----------------------------------------------------------------


def prepare(size: int, money: bool) -> dict[str, Any]:
    """So many initiatives, their money counted and their texts indexed; what is there is left."""
    _site()
    from django.core.management import call_command
    from django.db import connection

    from initiatives.funding.counting import recount_all
    from initiatives.funding.models import Entry
    from initiatives.models import Initiative
    from initiatives.search import catch_up

    call_command("migrate", verbosity=0)
    took = {}
    if not (there := Initiative.objects.count()):
        load_reference()
        took["filled"] = seconds(lambda: records.fill(size, by_tenths("made", size)))
    elif there != size:
        raise SystemExit(f"{there:,} initiatives are kept, not {size:,}: remove the folder")
    if money and not Entry.objects.exists():
        took["counted"] = seconds(lambda: recount_all(lambda more: None))
    took["texts"] = seconds(catch_up)
    if raw.LAST not in connection.introspection.table_names():
        took["flat"] = seconds(raw.make)
    say(f"  {', '.join(f'{name} {seconds:.0f} s' for name, seconds in took.items())}")
    return took


def measure(money: bool) -> dict[str, Any]:
    """Milliseconds of our pages, files and charts, and of raw SQL for the same."""
    client = _site()
    from initiatives.index import Index, index
    from initiatives.models import Initiative

    found: dict[str, Any] = {"index": seconds(index), "sets": _bytes_of_sets(index())}
    found["published"] = len(index().published("initiative"))
    questions, keys = _questions(index())
    found["questions"] = questions
    found["empty"] = _median(lambda: client.get("/benchmark/empty/"))
    found["pages"], found["first"], found["raw"], found["disagreeing"] = {}, {}, {}, []
    _get(client, "/summits/")  # whose templates are the same
    for name, asked in questions.items():
        address = f"/initiatives/?{urlencode(asked)}"
        found["first"][name] = 1000 * seconds(lambda address=address: _get(client, address))
        found["pages"][name] = _median(lambda address=address: _get(client, address))
        if name in keys:
            found["raw"][name] = _median(lambda name=name: raw.answer(keys[name]))
            found["disagreeing"] += _compare(asked, keys[name])
    found["selected"] = {name: _selected(asked) for name, asked in questions.items()}
    mixed = [f"/initiatives/?{urlencode(asked)}" for asked in _mixed(index())]
    once = [1000 * seconds(lambda address=address: _get(client, address)) for address in mixed]
    again = [_median(lambda address=address: _get(client, address), 3) for address in mixed]
    found["mixed"] = [sorted(took)[math.ceil(0.95 * len(took)) - 1] for took in (once, again)]
    address = f"/initiatives/?{urlencode(questions['typical'])}"
    tag = client.get(address)["ETag"]
    found["again"] = _median(lambda: client.get(address, headers={"If-None-Match": tag}))
    found["charts"] = _charts(client, questions["typical"], keys["typical"], money)
    found["built"] = seconds(lambda: Index.built((0, None)))
    one = Initiative.objects.published().order_by("pk").first()
    assert one is not None
    Initiative.objects.filter(pk=one.pk).update(title="Benchmark changed")
    found["after"] = 1000 * seconds(lambda: _get(client, address))
    return found


def measure_rivals(questions: dict[str, dict[str, str]], with_datasette: bool) -> dict[str, Any]:
    """Milliseconds of the same questions to Datasette, stock and tuned, and to the admin."""
    _site()
    found: dict[str, Any] = {"admin": {}}
    for name in ("landing", "one filter", "typical"):
        say(f"  admin, {name}")
        asked = questions[name]
        found["admin"][name] = _median(lambda asked=asked: rivals.admin_page(asked), 3)
    if with_datasette:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "accord.db"
            rivals.write_file(path)
            for name, suggest in (("stock", True), ("tuned", False)):
                say(f"  Datasette, {name}")
                took = rivals.datasette(path, questions, suggest)
                found[name] = {question: 1000 * seconds for question, seconds in took.items()}
    return found


def ask_often(address: str, times: int) -> float:
    """Seconds that one process takes for so many requests, its first not counted."""
    client = _site()
    _get(client, address)
    return seconds(lambda: [_get(client, address) for _ in range(times)])


def _two_workers(asked: dict[str, str]) -> float:
    """How many times as many requests a second two processes answer as one does."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    address, times = f"/initiatives/?{urlencode(asked)}", 100
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=fresh) as pool:
        alone = pool.submit(ask_often, address, times).result()
        both = [pool.submit(ask_often, address, times) for _ in range(2)]
        together = max(one.result() for one in both)
    return 2 * alone / together


# --- What is asked -------------------------------------------------------------------------------


def _site() -> Any:
    """The site set up in this process, and somebody who reads it."""
    import django
    from django.conf import settings

    django.setup()
    settings.ROOT_URLCONF = "benchmarks.empty"
    settings.ALLOWED_HOSTS = ["*"]
    from django.test import Client

    return Client()


def _questions(index: Any) -> tuple[dict[str, dict[str, str]], dict[str, raw.Question]]:
    """What is asked by name: as parameters, and for raw SQL by key."""
    from initiatives.models import Sector
    from partners.models import Bloc, Country

    everything = index.published("initiative")
    countries, sectors = (index.counts(name, everything) for name in ("country", "sector"))
    wanted = SHARE * len(everything)
    country, sector = min(
        ((c, s) for c in countries for s in sectors),
        key=lambda pair: abs(
            len(index.sets["country"][pair[0]] & index.sets["sector"][pair[1]] & everything)
            - wanted
        ),
    )
    blocs = index.counts("bloc", everything)
    bloc = max(blocs, key=lambda pk: blocs[pk])
    asked = {
        "landing": {},
        "one filter": {"bloc": Bloc.objects.get(pk=bloc).slug},
        "typical": {
            "country": Country.objects.get(pk=country).iso3,
            "sector": Sector.objects.get(pk=sector).slug,
        },
        "search": {"q": records.COMMON_WORD},
    }
    keys = {
        "landing": (None, None, None),
        "one filter": (None, None, bloc),
        "typical": (country, sector, None),
    }
    return asked, keys


def _mixed(index: Any) -> list[dict[str, str]]:
    """Filters of one to three kinds, the same in every run."""
    from initiatives.models import Initiative, Sector
    from partners.models import Bloc, Country

    drawn = random.Random(2)
    taking_part = Country.objects.filter(pk__in=index.sets["country"])
    values = {
        "bloc": list(Bloc.objects.order_by("slug").values_list("slug", flat=True)),
        "country": list(taking_part.order_by("iso3").values_list("iso3", flat=True)),
        "sector": list(Sector.objects.order_by("slug").values_list("slug", flat=True)),
        "kind": Initiative.Kind.values,
        "began": [str(year) for year in range(2000, 2025)],
        "not_country": ["CHN", "USA", "IND"],
        "q": records.WORDS.things[:40],
    }
    return [
        {
            name: drawn.choice(values[name])
            for name in drawn.sample(list(values), drawn.randint(1, 3))
        }
        for _ in range(MIXED)
    ]


def _selected(asked: dict[str, str]) -> int:
    return _selection(asked).count


def _selection(asked: dict[str, str]) -> Any:
    from django.http import QueryDict

    from dashboards.lists import INITIATIVES
    from initiatives.selection import Selection

    return Selection(INITIATIVES.filters, QueryDict(urlencode(asked)), INITIATIVES.records())


def _compare(asked: dict[str, str], question: raw.Question) -> list[str]:
    """Where the page and raw SQL say different things."""
    from initiatives.facets import facet

    selection, by_sql = _selection(asked), raw.answer(question)
    wrong = []
    if selection.count != by_sql["count"]:
        wrong.append(f"{asked}: {selection.count} records, {by_sql['count']} by SQL")
    if selection.ordered(0, raw.SHOWN) != by_sql["keys"]:
        wrong.append(f"{asked}: other records first")
    for name in FACETS:
        counted = {c.value: c.count for c in facet(selection, name).choices if c.count}
        # Values have different names here and there; their counts must be the same.
        by_name = by_sql["year" if name == "began" else name]
        if sorted(counted.values()) != sorted(by_name.values()):
            wrong.append(f"{asked}: {name} counted {counted}, {by_name} by SQL")
    return wrong


def _charts(
    client: Any, asked: dict[str, str], question: raw.Question, money: bool
) -> dict[str, tuple[float, float, float, float, float, float, int]]:
    """By chart, ms: of all, first and again, and by SQL; the same of the typical filter; and the
    bytes of all as a browser gets them.
    """
    found = {}
    for slug in raw.CHARTS:
        if slug.startswith("funding") and not money:
            continue
        address = f"/charts/{slug}.json"
        narrowed = f"{address}?{urlencode(asked)}"
        found[slug] = (
            1000 * seconds(lambda address=address: _get(client, address)),
            _median(lambda address=address: _get(client, address)),
            _median(lambda slug=slug: raw.chart(slug), 3),
            1000 * seconds(lambda narrowed=narrowed: _get(client, narrowed)),
            _median(lambda narrowed=narrowed: _get(client, narrowed)),
            _median(lambda slug=slug: raw.chart(slug, *question[:2]), 3),
            len(client.get(address, headers={"Accept-Encoding": "gzip, br"}).content),
        )
    return found


def _get(client: Any, address: str) -> bytes:
    response = client.get(address)
    assert response.status_code == 200, (address, response.status_code)
    return response.content


def _bytes_of_sets(index: Any) -> int:
    """What the index holds: its sets as they would be written, and its arrays."""
    sets = sum(len(s.serialize()) for sets in index.sets.values() for s in sets.values())
    return sets + sum(column.nbytes for column in vars(index.beginnings).values())


def _median(work: Callable[[], Any], times: int = 15) -> float:
    """Milliseconds, the middle of several times; of fewer where it takes long."""
    work()
    took: list[float] = []
    while len(took) < times and (not took or sum(took) < PATIENCE):
        took.append(seconds(work))
    return 1000 * statistics.median(took)


# --- The result ----------------------------------------------------------------------------------


def _print(kind: str, sizes: list[int], found: list[dict[str, Any]]) -> None:
    print(
        f"The explorer on {kind}, {os.cpu_count()} cores: milliseconds, and ratios within this run\n"
    )
    _line("initiatives", [f"{size:,}" for size in sizes])
    _line("published", [f"{one['published']:,}" for one in found])
    _line("index read, s", [f"{one['index']:.2f}" for one in found])
    _line("index in memory, MB", [f"{one['sets'] / 1e6:.1f}" for one in found])
    _line("an empty view", [f"{one['empty']:.2f}" for one in found])
    for name in found[0]["pages"]:
        print(f"\n{name}: {urlencode(found[-1]['questions'][name]) or 'all'}")
        _line("  records", [f"{one['selected'][name]:,}" for one in found])
        _line("  page", [f"{one['pages'][name]:.1f}" for one in found])
        _line("  page, asked for the first time", [f"{one['first'][name]:.1f}" for one in found])
        for rival in ("raw", "admin", "tuned", "stock"):
            if any(name in one.get(rival, {}) for one in found):
                _line(f"  {NAMES[rival]}", [f"{one[rival][name]:.1f}" for one in found])
                _line(f"    page : {NAMES[rival]}", [_ratio(one, name, rival) for one in found])
    print()
    for n, which in enumerate(("first", "pages")):
        name = f"{MIXED} mixed filters, p95{', asked for the first time' if n == 0 else ''}"
        _line(name, [f"{one['mixed'][n]:.1f}" for one in found])
        ratios = [f"{one['mixed'][n] / one[which]['typical']:.1f}" for one in found]
        _line("  : typical page, likewise", ratios)
    _line("nothing changed (304)", [f"{one['again']:.2f}" for one in found])
    _line("  : empty view", [f"{one['again'] / one['empty']:.1f}" for one in found])
    _line("typical page after an edit", [f"{one['after']:.1f}" for one in found])
    _line("index built anew", [f"{1000 * one['built']:.0f}" for one in found])
    if "two" in found[0]:
        _line("two workers : one", [f"{one['two']:.2f}" for one in found])
    if len(found) > 1:
        grown = found[-1]["pages"]["typical"] / found[0]["pages"]["typical"]
        _line(f"typical page at {sizes[-1]:,} : at {sizes[0]:,}", [f"{grown:.1f}"])
    print(
        "\nCharts, all and typical filter: ms first and again, SQL over the tables as they are by each,"
        " bytes as a browser gets them (Brotli)"
    )
    for slug in found[-1]["charts"]:
        for one in found:
            *measured, size = one["charts"][slug]
            cells = []
            for first, again, sql in (measured[:3], measured[3:]):
                cells += [
                    f"{first:.1f}",
                    f"{again:.1f}",
                    f"{sql / first:.0f}",
                    f"{sql / again:.0f}",
                ]
            _line(f"  {slug}", [*cells, f"{size:,}"])
    for wrong in (wrong for one in found for wrong in one["disagreeing"]):
        print(f"DISAGREES: {wrong}")
    sys.stdout.flush()


NAMES = {"raw": "raw SQL", "admin": "admin", "tuned": "Datasette, tuned", "stock": "Datasette"}


def _ratio(one: dict[str, Any], name: str, rival: str) -> str:
    ours, theirs = one["pages"][name], one[rival][name]
    return f"{ours / theirs:.1f} x" if ours > theirs else f"1/{theirs / ours:.0f}"


def _line(name: str, cells: list[str]) -> None:
    print(f"{name:<48}" + "".join(f"{cell:>13}" for cell in cells))
