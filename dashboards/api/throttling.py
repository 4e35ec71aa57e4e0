"""How often one may ask: counted on the server of the queue, for all processes of the site.

The site reads on without that server, and so does the API, which then counts nobody.
"""

from __future__ import annotations

import logging
import math
import time
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.core.cache import caches
from redis import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from dashboards.views.account import client_address

log = logging.getLogger(__name__)
# For so many seconds a server that did not answer is not asked again.
PAUSE = 5


class Counter:
    """Counts what is asked within a window of time."""

    def __init__(self) -> None:
        self.ask_again = 0.0

    def count(self, key: str, seconds: int) -> int:
        """How often it was counted in those seconds, this time included; 0 if nobody counts."""
        if time.monotonic() < self.ask_again:
            return 0
        try:
            found = self._count(key, seconds)
        except RedisError as error:
            if not self.ask_again:
                log.warning("The API counts nobody until its server answers again: %s", error)
            self.ask_again = time.monotonic() + PAUSE
            return 0
        self.ask_again = 0.0
        return found

    def _count(self, key: str, seconds: int) -> int:
        cache = caches["shared"]
        if cache.add(key, 1, seconds):
            return 1
        try:
            return cache.incr(key)
        except ValueError:  # its time ended between the two
            return 1


counter = Counter()


class Rate(BaseThrottle):
    """So many requests in a window of time: of a person who is signed in, else of an address."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether it is not too many."""
        # The API knows nobody; who is signed in to the site is known by its session alone.
        user = auth.get_user(request._request)
        if user.is_authenticated:
            rate, who = settings.API_RATES["signed in"], f"user:{user.pk}"
        else:
            rate, who = settings.API_RATES["anonymous"], f"address:{client_address(request)}"
        if rate is None:
            return True
        most, seconds = rate
        now = time.time()
        self.left = seconds - now % seconds
        return counter.count(f"{who}:{seconds}:{now // seconds:.0f}", seconds) <= most

    def wait(self) -> int:
        """Seconds until the next window."""
        return math.ceil(self.left)
