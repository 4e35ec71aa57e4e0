"""Looking at a page in a real Chromium: what it complains about, what axe-core finds, whether it fits."""

from __future__ import annotations

import re

from django.conf import settings
from playwright.sync_api import ConsoleMessage, Page, ViewportSize

PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 900}
AXE = (settings.BASE_DIR / "node_modules" / "axe-core" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# The menu of a phone lies over what it hides, so it is looked at by itself.
OPEN_ALL = "for (const part of document.querySelectorAll('details:not(.menu)')) part.open = true"
CLEAR = "0,0,0,0"


class Trouble:
    """What a page complains about: console errors, exceptions, violations of the CSP."""

    def __init__(self, page: Page) -> None:
        self.found: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"exception: {error}"))

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium reports the status of a refused page as an error of its own.
        status = re.search(r"status of 40[034]", message.text)
        our_reading = "getImageData" in message.text
        if message.type in ("error", "warning") and not status and not our_reading:
            self.found.append(f"{message.type}: {message.text}")


def axe(page: Page, within: str = "html") -> list[str]:
    """What axe-core finds on the page as it stands, or in a part of it: the rule and the places."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE)
    found = page.evaluate(
        "([tags, within]) => axe.run(within === 'html' ? document : within,"
        " {runOnly: tags, resultTypes: ['violations'], preload: false})"
        ".then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.target.join(' '))]))",
        [RULES, within],
    )
    return [f"{rule}: {', '.join(places[:4])}" for rule, places in found]


def fits(page: Page) -> bool:
    """Whether nothing sticks out at the side, once the page has settled."""
    for _ in range(20):
        if page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        ):
            return True
        page.wait_for_timeout(100)
    return False
