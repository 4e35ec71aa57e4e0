"""Missing is a value: four different reasons why something is not there."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Missing(models.TextChoices):
    """Why a value is not there."""

    UNDISCLOSED = "undisclosed", _("undisclosed")  # the source says that it is not told
    NOT_FOUND = "not found", _("not found")  # someone looked
    NOT_LOOKED = "not looked", _("not looked")  # nobody did
    NOT_APPLICABLE = "not applicable", _("not applicable")
