"""Which files of the front-end packages are collected for serving."""

from django.contrib.staticfiles.apps import StaticFilesConfig


class StaticFiles(StaticFilesConfig):
    """Leaves out what no page asks for: of the world's coast lines only one scale is drawn."""

    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        "countries-10m.json",
        "countries-110m.json",
        "land-*.json",
    ]
