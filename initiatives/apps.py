from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InitiativesConfig(AppConfig):
    """Initiatives, alliances and summits, and the evidence for what is said of them."""

    name = "initiatives"
    verbose_name = _("Initiatives")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the index know every dimension before it is first read."""
        from initiatives import filters  # noqa: F401
