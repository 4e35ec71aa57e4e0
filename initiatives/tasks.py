"""Celery tasks: they look at what is there and may run twice."""

from celery import shared_task

from initiatives.search import catch_up


@shared_task(name="initiatives.tasks.catch_up_search")
def catch_up_search() -> int:
    """Bring the text index up to the last change; how many records were read for it."""
    return catch_up()
