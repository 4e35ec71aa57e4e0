"""The data version: one number that grows with every change that a reader could notice."""

from django.db import models
from django.db.models import F


class DataVersion(models.Model):
    """A single row. Every verb that writes bumps it inside its own transaction."""

    number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.number)

    @classmethod
    def current(cls) -> int:
        """The number now; 0 before the first change."""
        return cls.objects.filter(pk=1).values_list("number", flat=True).first() or 0

    @classmethod
    def lock(cls) -> None:
        """Hold back other writers until this transaction ends.

        For a verb that decides by what it reads: two of them at once could each miss what the
        other is about to write. SQLite lets only one write in any case.
        """
        cls.objects.get_or_create(pk=1)
        cls.objects.select_for_update().get(pk=1)

    @classmethod
    def bump(cls) -> None:
        """Count one more change. Concurrent writers wait for each other here, at their end."""
        if not cls.objects.filter(pk=1).update(number=F("number") + 1):
            cls.objects.create(pk=1, number=1)
