"""Which files of the front-end packages are collected for serving."""

from collections.abc import Iterator
from typing import Any

from django.contrib.staticfiles.finders import FileSystemFinder

# Of the world's coast lines one scale is drawn; the others are large.
UNUSED = ["countries-10m.json", "countries-110m.json", "land-*.json"]


class NeededFiles(FileSystemFinder):
    """Finds what lies in STATICFILES_DIRS but for what no page asks for."""

    def list(self, ignore_patterns: Any) -> Iterator[Any]:
        yield from super().list([*(ignore_patterns or []), *UNUSED])
