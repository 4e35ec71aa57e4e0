"""The site: settings, addresses, the job queue and the server. No app imports from here."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
