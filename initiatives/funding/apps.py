from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FundingConfig(AppConfig):
    """Money promised and paid."""

    name = "initiatives.funding"
    label = "funding"
    verbose_name = _("Funding")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the index know every dimension before it is first read."""
        from initiatives.funding import filters  # noqa: F401
