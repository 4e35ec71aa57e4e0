"""`manage.py recount`: count all money anew."""

from __future__ import annotations

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from initiatives.funding.counting import recount_all
from initiatives.funding.models import Entry, Funding
from partners.history.changes import Verb, change


class Command(BaseCommand):
    """Write the ledger of every statement about money anew, in one transaction."""

    help = "Count all money anew: after a change of the rules, the rates or the base year."

    def handle(self, *args: Any, **options: Any) -> None:
        """Count, with a progress bar."""
        began = time.monotonic()
        initiatives = Funding.objects.order_by().values("record").distinct().count()
        with tqdm(total=initiatives, unit="initiative", file=sys.stderr, leave=False) as bar:
            try:
                with change(Verb.RECOUNT):
                    recount_all(bar.update)
            except ValueError as error:
                raise CommandError(f"CONSTANT_USD_YEAR: {error}") from error
        self.stdout.write(
            f"{Entry.objects.count()} entries in the ledger of {Funding.objects.count()} statements, "
            f"{time.monotonic() - began:.1f} s."
        )
