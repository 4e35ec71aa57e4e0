"""How far the text index is, which `initiatives.search` keeps."""

from django.db import models


class SearchState(models.Model):
    """A single row: the number of the change up to which the text index has everything."""

    number = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.number)
