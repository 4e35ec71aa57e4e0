"""Records that are called like a title, beside comparing all names; real retellings among synthetic titles."""

from __future__ import annotations

import argparse
import os
import random
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.database import add_server, in_fresh_process, own_database, say, server_of
from benchmarks.statements import CHUNK, Batch
from benchmarks.timing import by_tenths, seconds
from benchmarks.titles import titles

if TYPE_CHECKING:
    from tests.retold import Retelling

ASKED = 300  # titles of each way in which they are changed
PLAINLY = 20  # names that are compared with all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command line."""
    parser.add_argument("--size", type=int, default=20_000, help="records (default 20000)")
    add_server(parser)


def run(options: argparse.Namespace) -> int:
    """Fill a database, ask it for retellings and for changed titles, print."""
    with ExitStack() as stack:
        server = stack.enter_context(server_of(options))
        kind = stack.enter_context(own_database(server))
        say(f"{kind}: {options.size:,} records")
        in_fresh_process(prepare, options.size)
        _print(kind, options.size, in_fresh_process(measure))
    return 0


# --- Each in a process of its own ----------------------------------------------------------------


def prepare(size: int) -> None:
    """So many synthetic records, and one for each title of the retellings."""
    _site()
    from django.core.management import call_command

    from initiatives.models import Initiative, Record
    from tests.retold import others, retellings

    call_command("migrate", verbosity=0)
    real = dict.fromkeys((row.title, row.also) for row in [*retellings(), *others()])
    stored = [*titles(size), *((title, [also] if also else []) for title, also in real)]
    told = by_tenths("made", len(stored))
    for begin in range(0, len(stored), CHUNK):
        batch = Batch()
        for key, (title, aliases) in enumerate(stored[begin : begin + CHUNK], begin + 1):
            record = {"slug": f"benchmark-{key}", "title": title, "aliases": aliases}
            batch.add(Record(pk=key, type="initiative", state="published", **record))
            batch.add(Initiative(record_ptr_id=key, kind="programme"))
        batch.write()
        told(begin + CHUNK)


def measure() -> dict[str, Any]:
    """What the names take, what asking takes, and which of the titles that are asked are found."""
    _site()
    from initiatives.desk.duplicates import alike
    from initiatives.desk.names import names_of
    from initiatives.models import Record
    from tests.retold import others, retellings

    before = _memory()
    found: dict[str, Any] = {"read": seconds(lambda: names_of("initiative"))}
    found["memory"] = _memory() - before
    took: list[float] = []

    def best(title: str) -> list[tuple[str, str]]:
        began = time.perf_counter()
        records = [one.record for one in alike(title, "initiative")]
        took.append(1000 * (time.perf_counter() - began))
        return [(record.title, (record.aliases or [""])[0]) for record in records]

    best("Whatever is asked first")
    kinds: dict[str, list[bool]] = defaultdict(list)
    for row in retellings():
        kind = row.kind if row.shares else "nothing shared"
        kinds[kind].append((row.title, row.also) in best(row.asked))
    for row in others():
        kinds["another"].append((row.title, row.also) in best(row.asked))
    found["kinds"] = kinds
    dice = random.Random(2)
    keys = dice.sample(range(1, Record.objects.count() + 1), ASKED)
    some = {r.pk: r.title for r in Record.objects.filter(pk__in=keys)}
    found["changed"] = {}
    for way, changed in CHANGED.items():
        there = [title in dict(best(changed(title, dice))) for title in some.values()]
        found["changed"][way] = sum(there) / len(there)
    found["ms"] = took
    sharing = [row for row in retellings() if row.shares]
    found["plain"], found["agree"] = _plainly(dice.sample(sharing, PLAINLY))
    return found


def _without_one(title: str, dice: random.Random) -> str:
    words = title.split()
    words.pop(dice.randrange(len(words)))
    return " ".join(words)


def _misspelt(title: str, dice: random.Random) -> str:
    """Without a letter of its longest word."""
    longest = max(title.split(), key=len)
    at = dice.randrange(1, len(longest))
    return title.replace(longest, longest[:at] + longest[at + 1 :])


CHANGED: dict[str, Callable[[str, random.Random], str]] = {
    "as it is": lambda title, dice: title,
    "in another order": lambda title, dice: " ".join(
        dice.sample(title.split(), len(title.split()))
    ),
    "a word less": _without_one,
    "a letter less": _misspelt,
}


def _plainly(asked: list[Retelling]) -> tuple[dict[str, float], list[bool]]:
    """Milliseconds to compare a title with all names, in C and by our rule; and of those that the
    rule would then show, whether each is shown.
    """
    from rapidfuzz import fuzz, process

    from initiatives.desk.duplicates import SHOWN, Described, alike, nearest
    from initiatives.desk.names import names_of
    from initiatives.desk.words import plain
    from initiatives.models import Record

    names = names_of("initiative")
    everything = names.everything()
    described = {key: Described(some) for key, some in everything.items()}
    flat = [name for some in everything.values() for name in some]
    keys = {names: key for key, names in everything.items()}
    took: dict[str, list[float]] = defaultdict(list)
    shown = []
    for row in asked:
        title = plain(row.asked)
        began = time.perf_counter()
        process.extract(title, flat, scorer=fuzz.token_sort_ratio, limit=SHOWN)
        took["token_sort_ratio"].append(1000 * (time.perf_counter() - began))
        weights = names.weights(word for name in [title, *flat] for word in name.split())
        began = time.perf_counter()
        best = [*nearest(Described((title,)), described, weights)][:SHOWN]
        took["our rule"].append(1000 * (time.perf_counter() - began))
        if (key := keys[row.stored]) in best:
            shown.append(key in {one.record.pk for one in alike(row.asked, Record.Type.INITIATIVE)})
    return {name: median(some) for name, some in took.items()}, shown


def _memory() -> float:
    """MB that this process has in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _site() -> None:
    import django

    django.setup()


# --- The result ----------------------------------------------------------------------------------


def _print(kind: str, size: int, found: dict[str, Any]) -> None:
    took = sorted(found["ms"])
    kinds = found["kinds"]
    another = kinds.pop("another")
    nothing = kinds.pop("nothing shared")
    sharing = [one for some in kinds.values() for one in some]
    print(f"Duplicates on {kind}, {os.cpu_count()} cores\n")
    for name, cell in {
        "records": f"{size:,}",
        "names read, s": f"{found['read']:.1f}",
        "  more memory, MB": f"{found['memory']:.0f}",
        "a title, ms, median": f"{median(took):.2f}",
        "  95 of 100 within": f"{took[95 * len(took) // 100]:.2f}",
        "a title with all names, ms, token_sort_ratio": f"{found['plain']['token_sort_ratio']:.0f}",
        "  by our rule": f"{found['plain']['our rule']:,.0f}",
        "  of what it finds in all, found": _found(found["agree"]),
        **{f"found of titles {way}": f"{share:.3f}" for way, share in found["changed"].items()},
        "found of retellings that share anything": _found(sharing),
        **{f"  {kind}": _found(some) for kind, some in sorted(kinds.items())},
        "found of those that share nothing": _found(nothing),
        "found of all": _found([*sharing, *nothing]),
        "shown though it is another": _found(another),
    }.items():
        print(f"{name:<48}{cell:>18}")
    sys.stdout.flush()


def _found(some: list[bool]) -> str:
    return f"{sum(some)} of {len(some)} {sum(some) / len(some):.3f}"
