"""`manage.py load_reference`: countries, blocs, sectors, labels and prices of fixtures/reference/."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from initiatives.funding.counting import recount_all
from initiatives.funding.models import BaseYear
from initiatives.funding.reference import load_prices
from initiatives.models import Label, Sector
from partners.history.changes import Verb, change
from partners.reference import load_bloc, load_countries


class Command(BaseCommand):
    """Bring the reference data to what the files say. Running it twice changes nothing."""

    help = "Load countries, blocs, sectors, labels, exchange rates and deflators."

    def handle(self, *args: Any, **options: Any) -> None:
        with change(Verb.LOAD, about="fixtures/reference"):
            self._load()

    def _load(self) -> None:
        folder = settings.BASE_DIR / "fixtures" / "reference"
        try:
            countries = load_countries(folder / "countries.json")
            blocs = [load_bloc(path) for path in sorted((folder / "blocs").glob("*.json"))]
            prices_changed = load_prices(folder)
        except (ValueError, KeyError, OSError) as error:
            raise CommandError(f"fixtures/reference: {error}") from error
        for model, name in ((Sector, "sectors"), (Label, "labels")):
            for row in json.loads((folder / f"{name}.json").read_text())[name]:
                model._default_manager.update_or_create(
                    slug=row["slug"], defaults={"name": row["name"]}
                )
        self.stdout.write(f"Reference data: {countries} countries, {len(blocs)} blocs.")
        if prices_changed or BaseYear.current() != settings.CONSTANT_USD_YEAR:
            try:
                recount_all()
            except ValueError as error:
                raise CommandError(f"CONSTANT_USD_YEAR: {error}") from error
            self.stdout.write("Prices have changed: all money was counted anew.")
