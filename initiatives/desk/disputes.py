"""Disputed values: statements that contradict each other, and the verb that decides between them.

A dispute stays visible when it is decided; what is derived then goes by the chosen statement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F
from django.utils.translation import gettext

from initiatives.derive import derive
from initiatives.funding.counting import recount
from initiatives.models import Record, Statement, disputed_slots, statement_models
from partners.history.changes import Change, Verb, change


class NotDisputed(ValueError):
    """The statement does not stand any more, or nothing contradicts it."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """Statements of one kind that contradict each other about one record."""

    record: Record
    statements: list[Statement]

    @property
    def decided(self) -> bool:
        """Whether one of them was chosen."""
        return any(statement.chosen_because for statement in self.statements)


def choose(statement: Statement, because: str, by: Any, token: str | None = None) -> Change:
    """Go by this one of several statements that contradict each other; the change.

    ValueError without a reason, NotDisputed if nothing contradicts the statement any more; Replayed
    if the form was sent before.
    """
    because = because.strip()
    if not because:
        raise ValueError(gettext("say why Accord goes by this one"))
    model = type(statement)
    about = str(statement.record)
    with change(Verb.DECIDE, by, about=about, why=because, token=token) as made:
        standing = model.objects.current().filter(record=statement.record_id)
        rivals = [other for other in standing if other.slot == statement.slot]
        if len(rivals) < 2 or statement not in rivals:
            raise NotDisputed(gettext("nothing contradicts it any more"))
        for rival in rivals:
            reason = because[:500] if rival == statement else ""
            if rival.chosen_because != reason:
                rival.chosen_because = reason
                rival.save(update_fields=["chosen_because"])
        derive(Record.objects.get(pk=statement.record_id).concrete())
        recount([statement.record_id])
    return made


def disputes(record: Record | None = None) -> Iterator[Dispute]:
    """Every dispute about records that were not withdrawn, or about one record.

    Two queries for each kind of statement, and three for the evidence of those in dispute.
    """
    for model in statement_models():
        standing = model.objects.current().exclude(record__state=Record.State.WITHDRAWN)
        if record is not None:
            standing = standing.filter(record=record.pk)
        several = (
            standing.order_by()
            .values("record", *model.SLOT)
            .annotate(n=Count("pk"))
            .filter(n__gt=1)
            .values("record")
        )
        rows = standing.filter(record__in=list(several.values_list("record", flat=True)))
        yield from _by_slot(rows.with_evidence().select_related("record", *_pointers(model)))


def _by_slot(statements: Any) -> Iterator[Dispute]:
    by_record: dict[int, list[Statement]] = defaultdict(list)
    for statement in statements.order_by(F("record__title"), "record", "pk"):
        by_record[statement.record_id].append(statement)
    for rows in by_record.values():
        slots = disputed_slots(rows)
        by_slot: dict[tuple, list[Statement]] = defaultdict(list)
        for row in rows:
            if row.slot in slots:
                by_slot[row.slot].append(row)
        for rivals in by_slot.values():
            yield Dispute(rivals[0].record, rivals)


def _pointers(model: type[Statement]) -> list[str]:
    """What a statement of that kind points at, to be read with it."""
    fields = [model._meta.get_field(name) for name in model.VALUES]
    return [field.name for field in fields if field.is_relation]
