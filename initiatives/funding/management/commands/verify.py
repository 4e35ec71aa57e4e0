"""`manage.py verify`: whether what is derived says what it is derived from."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from initiatives.derive import wrongly_derived
from initiatives.funding.counting import miscounted
from initiatives.funding.models import BaseYear, Funding
from partners.history.versions import missing_triggers


class Command(BaseCommand):
    """Name every derived value that differs, and end with an error if there is one."""

    help = "Check that all that is derived equals what it is derived from; changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare all records and statements, and count all money again."""
        found = 0
        for row, column in wrongly_derived():
            found += 1
            self.stderr.write(f"{row._meta.label} {row.pk} ({row}): {column} is wrong")
        if BaseYear.current() != settings.CONSTANT_USD_YEAR:
            found += 1
            self.stderr.write(
                f"Constant dollars are of {BaseYear.current()}, CONSTANT_USD_YEAR says "
                f"{settings.CONSTANT_USD_YEAR}: run load_reference"
            )
        for table in missing_triggers():
            found += 1
            self.stderr.write(f"{table}: its history is not kept, its triggers are missing")
        for statement, what in miscounted():
            found += 1
            self.stderr.write(f"{Funding._meta.label} {statement}: its {what} is wrong")
        if found:
            raise CommandError(
                f"{found} values are wrong. `manage.py recount` counts all money anew."
            )
        self.stdout.write("Every derived value is right.")
