from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WatchingConfig(AppConfig):
    """Saved views, their changes as a feed and as mail."""

    name = "dashboards.watching"
    label = "watching"
    verbose_name = _("Saved views")
    default_auto_field = "django.db.models.BigAutoField"
