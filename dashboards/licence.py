"""The licence of the data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence: its short name, its SPDX identifier, its full name and where it is read."""

    name: str
    spdx: str
    title: str
    url: str


LICENCE = Licence(
    "CC BY 4.0",
    "CC-BY-4.0",
    "Creative Commons Attribution 4.0 International",
    "https://creativecommons.org/licenses/by/4.0/",
)
