"""`manage.py import_news FILE...`: import news documents through the queue."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from initiatives.news.models import ImportDocument, ImportRun
from initiatives.news.requesting import request_import


class Command(BaseCommand):
    """Queue the files for the Celery worker, follow the work with a progress bar, say the result."""

    help = "Import news documents (accord.news/1) through the Celery worker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument(
            "--publish",
            action="store_true",
            help="publish records whose every value has evidence, without review",
        )
        parser.add_argument(
            "--no-wait", action="store_false", dest="wait", help="do not wait for the result"
        )
        parser.add_argument("--wait", action="store_true", default=True, help="(the default)")
        parser.add_argument(
            "--timeout", type=float, default=600, help="seconds to wait for a worker, default 600"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        run = request_import(_read(options["files"]), publish=options["publish"])
        self.stdout.write(f"Import {run} is queued: {run.documents.count()} documents.")
        if options["wait"]:
            self._follow(run, options["timeout"])

    def _follow(self, run: ImportRun, timeout: float) -> None:
        waited_until = time.monotonic() + timeout
        with tqdm(
            total=run.documents.count(), unit="document", file=sys.stderr, leave=False
        ) as bar:
            while True:
                run = ImportRun.objects.prefetch_related("documents").get(pk=run.pk)
                bar.update(run.done - bar.n)
                if run.finished:
                    break
                if time.monotonic() > waited_until:
                    raise CommandError(
                        "No worker has finished the import. Is one running? "
                        "(celery -A config worker; `make run` starts one). The documents stay queued."
                    )
                time.sleep(0.1)
        self._report(run)

    def _report(self, run: ImportRun) -> None:
        for document in run.documents.all():
            if document.state != ImportDocument.State.DONE:
                self.stderr.write(f"{document.name}: {document.state}: {document.error}")
            for outcome in document.outcomes.exclude(problems=[]):
                for problem in outcome.problems:
                    self.stderr.write(
                        f"{document.name}: {problem['place']}: {problem['reason']} "
                        f"(record {outcome.key or '?'})"
                    )
        counts = ", ".join(f"{n} {result}" for result, n in run.outcome_counts().items())
        self.stdout.write(f"Import {run}: {counts or 'no records'}.")
        if any(d.state != ImportDocument.State.DONE for d in run.documents.all()):
            raise CommandError("Not every document could be imported.")


def _read(paths: list[Path]) -> list[tuple[str, bytes]]:
    """Name and bytes of each file, one byte more than is allowed at the most."""
    found = []
    for path in paths:
        try:
            with path.open("rb") as file:
                found.append((path.name, file.read(settings.NEWS_MAX_BYTES + 1)))
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
    return found
