"""Long sequences of rows of which only what is shown is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from django.db import models

from dashboards.exports.cells import CHUNK


class ByRecord(Sequence[Any]):
    """Rows that belong to records, record by record.

    `records` are the keys of the records in their order, `counts` says how many rows each has, and
    `read` finds the rows of some records.
    """

    def __init__(
        self,
        records: np.ndarray,
        counts: np.ndarray,
        read: Callable[[list[int]], Iterable[models.Model]],
    ) -> None:
        self._records, self._read = records, read
        self._ends = np.cumsum(counts)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, asked: Any) -> Any:
        start, stop, _step = asked.indices(len(self))
        if start >= stop:
            return []
        first = int(np.searchsorted(self._ends, start, side="right"))
        last = int(np.searchsorted(self._ends, stop, side="left"))
        before = int(self._ends[first - 1]) if first else 0
        rows = list(self._of(self._records[first : last + 1]))
        return rows[start - before : stop - before]

    def __iter__(self) -> Iterator[Any]:
        for n in range(0, len(self._records), CHUNK):
            yield from self._of(self._records[n : n + CHUNK])

    def _of(self, records: np.ndarray) -> Iterator[models.Model]:
        keys = records.tolist()
        found = defaultdict(list)
        for row in self._read(keys):
            found[row.record_id].append(row)  # type: ignore[attr-defined]
        for key in keys:
            yield from found[key]
