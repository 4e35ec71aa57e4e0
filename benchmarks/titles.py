"""Synthetic titles in the words of the field, with all that makes them hard to tell apart.

Plainly none of them is real: the partners are countries, the subjects and kinds are those of any
such title, and each is set in a place of invented syllables or numbered.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from benchmarks.statements import Lot

KINDS = [
    "Initiative",
    "Partnership",
    "Programme",
    "Program",
    "Fund",
    "Network",
    "Alliance",
    "Forum",
    "Agreement",
    "Summit",
    "Corridor",
    "Observatory",
    "Platform",
    "Project",
    "Dialogue",
    "Centre",
    "Center",
    "Consortium",
    "Strategy",
    "Framework",
    "Laboratory",
    "Facility",
    "Mechanism",
    "Commission",
    "Conference",
    "Coalition",
    "Compact",
    "Hub",
    "System",
    "Institute",
]
SUBJECTS = [
    "Digital",
    "Science",
    "Technology",
    "Innovation",
    "Research",
    "Satellite",
    "Space",
    "Lunar",
    "Energy",
    "Solar",
    "Hydrogen",
    "Nuclear",
    "Fusion",
    "Climate",
    "Ocean",
    "Polar",
    "Health",
    "Vaccine",
    "Genome",
    "Agriculture",
    "Water",
    "Cable",
    "Data",
    "Cyber",
    "Security",
    "Internet",
    "Computing",
    "Quantum",
    "Semiconductor",
    "Intelligence",
    "Mineral",
    "Transport",
    "Railway",
    "Trade",
    "Payment",
    "Development",
    "Infrastructure",
    "Connectivity",
    "Education",
    "University",
    "Industrial",
    "Economic",
]
SORTS = [
    "International",
    "Global",
    "Joint",
    "Asian",
    "African",
    "European",
    "Pacific",
    "Eurasian",
    "Mediterranean",
    "Arctic",
    "Regional",
    "Bilateral",
    "Strategic",
    "Open",
    "Green",
    "Smart",
    "New",
    "Advanced",
    "World",
    "United",
    "Integrated",
    "Sustainable",
]
PARTNERS = [
    "China",
    "India",
    "Brazil",
    "Russia",
    "Egypt",
    "Ethiopia",
    "Iran",
    "Indonesia",
    "Kenya",
    "Nigeria",
    "Ghana",
    "France",
    "Germany",
    "Japan",
    "Korea",
    "Singapore",
    "Thailand",
    "Vietnam",
    "Pakistan",
    "Kazakhstan",
    "Belarus",
    "Serbia",
    "Hungary",
    "Italy",
    "Spain",
    "Portugal",
    "Chile",
    "Argentina",
    "Mexico",
    "Canada",
    "Australia",
    "Israel",
    "Türkiye",
    "Morocco",
    "Algeria",
    "Tunisia",
    "Senegal",
    "BRICS",
    "ASEAN",
    "EU",
    "SCO",
    "Africa",
    "UK",
    "US",
    "UN",
]
SYLLABLES = [
    "ba",
    "de",
    "fi",
    "go",
    "ku",
    "la",
    "me",
    "ni",
    "po",
    "ru",
    "sa",
    "te",
    "vi",
    "zo",
    "cha",
    "dor",
    "lin",
    "mar",
    "ten",
    "wes",
]

Title = tuple[str, list[str]]  # with its other names


def titles(count: int, seed: int = 1) -> Iterator[Title]:
    """So many, the same in every run; every sixth has its initials as another name."""
    dice = random.Random(seed)
    lots = [
        Lot({w: 1 / (n + 2) for n, w in enumerate(some)})
        for some in (KINDS, SUBJECTS, SORTS, PARTNERS)
    ]

    def drawn(lot: int) -> str:
        return dice.choices(lots[lot].things, cum_weights=lots[lot].up_to)[0]

    def place() -> str:
        return "".join(dice.choices(SYLLABLES, k=dice.choice((2, 3, 3)))).capitalize()

    for _ in range(count):
        pair = f"{drawn(3)}-{drawn(3)}"
        name = dice.choice(
            (
                f"{pair} {drawn(1)} {drawn(0)}",
                f"{drawn(2)} {drawn(1)} {drawn(0)} of {place()}",
                f"{drawn(0)} for {drawn(2)} {drawn(1)} in {drawn(3)}",
                f"{pair} {drawn(0)} on {drawn(1)} and {drawn(1)}",
                f"{place()} {drawn(2)} {drawn(1)} {drawn(0)}",
                f"{dice.randrange(1, 30)}th {pair} {drawn(1)} {drawn(0)} {dice.randrange(2000, 2026)}",
                f"{pair} {drawn(2)} {drawn(0)} for {drawn(1)} and {drawn(1)} {place()} {place()}",
            )
        )
        initials = "".join(word[0] for word in name.split() if word[0].isupper())
        yield name, [initials] if dice.random() < 1 / 6 and len(initials) > 2 else []
