"""The Celery application: imports run as its tasks."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("accord")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Apps keep their tasks in tasks.py; `initiatives.news` is an app of its own and is found too.
app.autodiscover_tasks()
