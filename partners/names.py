"""Names of partners, made comparable. Nothing is guessed: a name matches exactly or not at all."""

from __future__ import annotations

import re
import unicodedata


class UnknownName(ValueError):
    """No country, bloc or organisation goes by that name; the message says which name."""


def fold(name: str) -> str:
    """`name` without case, accents and punctuation, its words one space apart.

    Letters of every script are kept, so that "一带一路" folds to itself.
    """
    kept = unicodedata.normalize("NFKD", name.casefold())
    if not kept.isascii():
        kept = "".join(c for c in kept if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", kept.replace("'", "").replace("’", "")))
