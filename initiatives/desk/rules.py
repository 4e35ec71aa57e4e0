"""The rules that hold whichever verb wrote: asked after rows were put back as they were."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext

from initiatives.models import PartOf, Record, statement_models
from initiatives.news.publishing import lacking
from partners.history.undoing import CannotUndo, Conflict
from partners.models import Organisation


def check_rules(records: set[int], barred: set[str]) -> None:
    """CannotUndo if the records would break a rule that every other verb keeps.

    `barred` holds what kept those that were published before from being published already then.
    """
    conflicts = [Conflict(words) for words in sorted(barred_from_publishing(records) - barred)]
    conflicts += [*_circles(records), *_chosen_twice(records)]
    if conflicts:
        raise CannotUndo(conflicts)


def barred_from_publishing(records: set[int]) -> set[str]:
    """What keeps the published ones of the records from being published, in words."""
    found = set()
    for record in Record.objects.published().filter(pk__in=records):
        words = gettext("“%(record)s” is published, and %(what)s")
        there = record.concrete()
        lacks = [lack.what for lack in lacking(there) if lack.bars]
        found |= {words % {"record": record, "what": what} for what in lacks}
        for kind in statement_models():
            if kind.NAMES and isinstance(there, kind.record_model()):
                named = kind.objects.about(record).current()
                for statement in named.filter(**{f"{kind.NAMES}__state": Record.State.WITHDRAWN}):
                    what = gettext("%(what)s was withdrawn") % {"what": statement}
                    found.add(words % {"record": record, "what": what})
    return found


def _circles(records: set[int]) -> Iterator[Conflict]:
    """Records that would be part of themselves, or merged into each other."""
    for record in Record.objects.filter(pk__in=records):
        for goes_on in (_wholes, _merged):
            seen: set[int] = set()
            todo = goes_on({record.pk})
            while todo - seen:
                seen |= todo
                todo = goes_on(todo)
            if record.pk in seen:
                words = gettext("“%(record)s” would lead back to itself")
                yield Conflict(words % {"record": record})
    parents = dict(Organisation.objects.exclude(parent=None).values_list("pk", "parent"))
    for pk in parents:
        above, passed = parents.get(pk), {pk}
        while above is not None and above not in passed:
            passed.add(above)
            above = parents.get(above)
        if above is not None:
            words = gettext("“%(record)s” would lead back to itself")
            yield Conflict(words % {"record": Organisation.objects.get(pk=pk)})


def _wholes(records: set[int]) -> set[int]:
    named = PartOf.objects.current().filter(record__in=records)
    return set(named.values_list("whole", flat=True))


def _merged(records: set[int]) -> set[int]:
    into = Record.objects.filter(pk__in=records).values_list("merged_into", flat=True)
    return {pk for pk in into if pk is not None}


def _chosen_twice(records: set[int]) -> Iterator[Conflict]:
    """Slots of which two values would be the one that Accord goes by."""
    for kind in statement_models():
        chosen = kind.objects.current().filter(record__in=records).exclude(chosen_because="")
        slots = [(statement.record_id, statement.slot) for statement in chosen]
        for statement in chosen:
            if slots.count((statement.record_id, statement.slot)) > 1:
                words = gettext("two values would be chosen: %(what)s")
                yield Conflict(words % {"what": statement})
