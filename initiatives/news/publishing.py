"""The publish gate: what a record lacks, and the verb that publishes it."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext

from initiatives.funding.counting import recount
from initiatives.models import Record, statement_models


class NotPublishable(Exception):
    """The record lacks evidence; `lacking` lists for what."""

    def __init__(self, lacking: list[str]) -> None:
        super().__init__("; ".join(lacking))
        self.lacking = lacking


def lacking_evidence(record: Record) -> list[str]:
    """What the record says without one accepted passage, in words; empty if it may be published."""
    lacking = []
    for model in statement_models():
        bare = model.objects.about(record).current().unsupported()
        lacking += [f"{model._meta.verbose_name}: {statement}" for statement in bare]
    return lacking


@transaction.atomic
def publish(record: Record) -> None:
    """Make the record readable to anyone; NotPublishable lists what has no evidence."""
    approve(record)
    recount([record.pk])


def approve(record: Record) -> None:
    """The same as `publish`, for a verb that counts the money of many records itself, at its end."""
    if record.state == Record.State.WITHDRAWN:
        raise NotPublishable([gettext("the record was withdrawn")])
    if lacking := lacking_evidence(record):
        raise NotPublishable(lacking)
    Record.objects.filter(pk=record.pk).update(state=Record.State.PUBLISHED)
    record.state = Record.State.PUBLISHED
