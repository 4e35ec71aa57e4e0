"""Where facts were said: publishers, their articles, and passages of those articles.

Evidence knows no statement. Statements point down at the passages that carry them, so that
imports keep their one direction.
"""

from __future__ import annotations

import hashlib

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Length
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from initiatives.missing import Missing
from partners.dates import DayOf, IndexOfDays, PartialDateField
from partners.history.moment import address_of
from partners.models import Country


class Publisher(models.Model):
    """Who prints articles."""

    name = models.CharField(_("name"), max_length=500, unique=True)
    country = models.ForeignKey(Country, models.SET_NULL, null=True, blank=True)
    url = models.URLField(_("address"), max_length=1000, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ArticleQuerySet(models.QuerySet["Article"]):
    """Questions about articles."""

    def published(self) -> ArticleQuerySet:
        """What anyone may read: those of which a passage carries something published."""
        from initiatives.models.statements import public_passages

        return self.filter(Exists(public_passages().filter(article=OuterRef("pk"))))


class Article(models.Model):
    """An article and the text that passages point into.

    For imported news that text is our own brief of the article. What an editor pastes is `copied`:
    the article's own words, of which readers see the passages alone.
    """

    key = models.SlugField(_("key"), max_length=100)
    title = models.CharField(_("title"), max_length=500)
    author = models.CharField(_("author"), max_length=500, blank=True)
    url = models.URLField(_("address"), max_length=1000, blank=True)
    publisher = models.ForeignKey(
        Publisher, models.PROTECT, null=True, blank=True, related_name="articles"
    )
    publisher_missing = models.CharField(max_length=16, choices=Missing, blank=True)
    published = PartialDateField(_("published"))
    published_earliest = DayOf("published", "earliest")
    published_latest = DayOf("published", "latest")
    published_missing = models.CharField(max_length=16, choices=Missing, blank=True)
    language = models.CharField(_("language"), max_length=20)
    text = models.TextField(_("text"))
    text_hash = models.CharField(max_length=64, editable=False)
    copied = models.BooleanField(_("the article’s own words"), default=False)
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        ordering = ["title"]
        indexes = [
            # As their list is ordered.
            IndexOfDays(
                F("published_earliest").desc(nulls_last=True), "title", "id", name="article_newest"
            )
        ]
        constraints = [
            # A changed text is a new row: passages of the old one stay where they are.
            models.UniqueConstraint(fields=["key", "text_hash"], name="article_text_once"),
            models.CheckConstraint(
                condition=Q(publisher=None) | Q(publisher_missing=""),
                name="article_publisher_known_or_missing",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args, **kwargs) -> None:
        self.text_hash = hash_text(self.text)
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return address_of("article", self.pk)


def hash_text(text: str) -> str:
    """SHA-256 of the text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


class Evidence(models.Model):
    """A passage: words of an article, where they stand, who said them, who marked them.

    The database itself refuses a passage whose words are not those of the article at that span
    (triggers of migration 0002).
    """

    class MadeBy(models.TextChoices):
        EDITOR = "editor", _("editor")
        IMPORT = "import", _("import")
        EXTRACTOR = "extractor", _("extractor")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        ACCEPTED = "accepted", _("accepted")
        REJECTED = "rejected", _("rejected")

    article = models.ForeignKey(Article, models.PROTECT, related_name="passages")
    start = models.PositiveIntegerField(help_text=_("first character, counted from 0"))
    end = models.PositiveIntegerField(help_text=_("the character after the last"))
    words = models.TextField(_("words"))
    claimant = models.CharField(
        _("claimant"),
        max_length=500,
        blank=True,
        help_text=_("who said it, apart from who printed it"),
    )
    made_by = models.CharField(max_length=10, choices=MadeBy)
    maker = models.CharField(
        max_length=100, blank=True, help_text=_("the editor, format or extractor, with its version")
    )
    state = models.CharField(max_length=10, choices=State, default=State.ACCEPTED)
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["article", "start"]
        verbose_name_plural = _("evidence")
        constraints = [
            models.UniqueConstraint(
                fields=["article", "start", "end", "claimant"], name="passage_once"
            ),
            models.CheckConstraint(condition=Q(start__lt=F("end")), name="passage_not_empty"),
            models.CheckConstraint(
                condition=Q(end=F("start") + Length("words")), name="passage_as_long_as_its_words"
            ),
        ]

    def __str__(self) -> str:
        return f"“{self.words}”"

    def get_absolute_url(self) -> str:
        return f"{self.article.get_absolute_url()}#passage-{self.pk}"
