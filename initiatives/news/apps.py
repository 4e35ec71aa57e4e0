from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NewsConfig(AppConfig):
    """Articles in, proposals out."""

    name = "initiatives.news"
    label = "news"
    verbose_name = _("News imports")
    default_auto_field = "django.db.models.BigAutoField"
