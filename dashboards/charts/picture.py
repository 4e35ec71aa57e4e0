"""A chart as a picture that stands alone: SVG, 960 by 540, without style sheets or scripts.

It shows what the page shows: solid bars for the low bound, hatched ones up to the high, an arrow
where there is none, and in words the filter, the unit, the note and what is left out.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree as ET

from babel.numbers import format_compact_decimal
from django.conf import settings
from django.utils.translation import get_language, gettext, to_locale

from dashboards.charts.chart import Chart, Value, high, low
from dashboards.exports.cells import printable

WIDTH, HEIGHT = 960, 540
MARGIN = 28
SANS = "'Source Sans 3', 'Segoe UI', 'Noto Sans', 'Helvetica Neue', Arial, sans-serif"
SERIF = "Charter, Georgia, 'Noto Serif', 'DejaVu Serif', serif"
# How wide a letter is beside its size: of Latin on average, and of Chinese.
NARROW, WIDE = 0.58, 1.0
THINNEST = 3  # a bar of fewer pixels is not seen
GAP, STEM = 2, 7  # of an arrow, as static/js/chart_parts.js draws it
ARROW = GAP + STEM + 11
TICKS = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar in units of the chart: sure from `start` on, perhaps up to `most`; open: no end."""

    label: int
    series: int
    lane: int
    start: float
    sure: float
    gap: float
    most: float
    open: bool


@dataclass(frozen=True, slots=True)
class Box:
    """Where the bars are drawn."""

    left: float
    top: float
    right: float
    bottom: float


def picture(chart: Chart, words: str, source: str) -> bytes:
    """The chart as SVG; `words` is the filter, `source` says where the picture comes from."""
    return _Picture(chart, words, source).drawn()


class _Picture:
    def __init__(self, chart: Chart, words: str, source: str) -> None:
        self.chart, self.words, self.source = chart, words, source
        self.lanes = 1 if chart.stacked else max(1, len(chart.series))
        self.colours = _colours()
        self.ink, self.soft, self.rule = (_token(n) for n in ("ink", "ink-soft", "grid"))
        self.root = ET.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "width": str(WIDTH),
                "height": str(HEIGHT),
                "viewBox": f"0 0 {WIDTH} {HEIGHT}",
                "role": "img",
                "aria-labelledby": "title",
                "font-family": SANS,
                "fill": self.ink,
            },
        )

    def drawn(self) -> bytes:
        chart = self.chart
        title = ET.SubElement(self.root, "title", {"id": "title"})
        title.text = printable(f"{chart.title}: {self.words}")
        self._hatches()
        self._rect(0, 0, WIDTH, HEIGHT, fill="#ffffff")
        top = self._lines(chart.title, 36, 22, 2, family=SERIF, weight="600")
        top = self._lines(self.words, top, 14, 2, fill=self.soft)
        unit = gettext("Unit: %(unit)s") % {"unit": chart.unit}
        if chart.intervals and chart.total and not chart.empty:
            unit += " · " + gettext("%(total)s in all") % {"total": chart.total_words}
        top = self._lines(unit, top, 13, 1, fill=self.soft)
        foot = self._foot()
        if chart.empty:
            self._lines(gettext("No bar to draw."), top + 30, 15, 1)
        else:
            top = self._key(top)
            self._plot(top + 2, foot - 10)
        ET.indent(self.root)
        return ET.tostring(self.root, "utf-8", xml_declaration=True)

    # --- Words ---

    def _foot(self) -> float:
        """The note, what is left out and the source, from below; where they begin."""
        chart = self.chart
        notes = [chart.note] if chart.note and not chart.empty else []
        if chart.left_out:
            notes.append(gettext("Left out: %(lines)s.") % {"lines": "; ".join(_left_out(chart))})
        shown = self._shown
        if shown < len(chart.labels) and not chart.empty:
            said = gettext("%(drawn)s of %(all)s are drawn; the data have them all.")
            notes.insert(0, said % {"drawn": shown, "all": len(chart.labels)})
        source = _wrapped(self.source, 11, 2)
        lines = [(line, 12.0) for line in _wrapped(" ".join(notes), 12, 3)]
        lines += [(line, 11.0) for line in source]
        height = sum(size * 1.35 for _line, size in lines)
        start = HEIGHT - 12 - height
        at = start
        for line, size in lines:
            at += size * 1.35
            self._text(line, MARGIN, at, size, fill=self.soft)
        return start

    def _lines(self, text: str, at: float, size: float, most: int, **style: str) -> float:
        """Text in lines from `at` on; where the next line stands."""
        for line in _wrapped(text, size, most):
            self._text(line, MARGIN, at, size, **style)
            at += size * 1.3
        return at

    def _key(self, at: float) -> float:
        """What the colours and hatches mean; where the drawing begins."""
        chart = self.chart
        bars = list(self._bars())
        entries: list[tuple[str, str]] = []
        if len(chart.series) > 1 or (chart.why and not chart.total):
            entries += [(s.name, self._colour(n)) for n, s in enumerate(chart.series)]
        if any(bar.gap or bar.open for bar in bars):
            entries.append((gettext("low bound"), self.soft))
        if any(bar.gap for bar in bars):
            entries.append((gettext("up to the high bound"), "url(#hatch-key)"))
        if any(bar.open for bar in bars):
            entries.append((gettext("no upper bound"), "arrow"))
        x = float(MARGIN)
        for name, fill in entries:
            width = 24 + _width(name, 12) + 18
            if x + width > WIDTH - MARGIN and x > MARGIN:
                x, at = float(MARGIN), at + 17
            if fill == "arrow":
                self._arrow(x, at - 4, 12, self.soft, upward=False)
            else:
                self._rect(x, at - 9, 17, 10, fill=fill)
            self._text(name, x + 24, at, 12, fill=self.soft)
            x += width
        return at + 10 if entries else at

    # --- Bars ---

    @property
    def _shown(self) -> int:
        """How many labels there is room for."""
        labels = len(self.chart.labels)
        most = min(self.chart.drawn or labels, labels)
        if not self.chart.horizontal:
            return most
        room = HEIGHT - 230
        return max(1, min(most, int(room / max(14, THINNEST * self.lanes + 5))))

    def _bars(self) -> Iterator[Bar]:
        """The bars of the labels that are drawn; stacked, first what is sure of each series."""
        series = self.chart.series
        for label in range(self._shown):
            values = [s.values[label] for s in series]
            ends = [_ends(value) for value in values]
            if not self.chart.stacked:
                for n, (sure, most, is_open) in enumerate(ends):
                    if values[n].amount is not None:
                        yield Bar(label, n, n, 0, sure, most - sure, most, is_open)
                continue
            start, reach = 0.0, sum(sure for sure, _most, _open in ends)
            for n, (sure, _most, _open) in enumerate(ends):
                if values[n].amount is not None:
                    yield Bar(label, n, 0, start, sure, 0, start + sure, False)
                    start += sure
            # What has no end stands at the end of the pile.
            for n, (sure, most, is_open) in sorted(enumerate(ends), key=lambda end: end[1][2]):
                if values[n].amount is not None and (most > sure or is_open):
                    yield Bar(label, n, 0, reach, 0, most - sure, reach + most - sure, is_open)
                    reach += most - sure

    def _plot(self, top: float, bottom: float) -> None:
        bars = list(self._bars())
        ticks = _ticks(max((bar.most for bar in bars), default=0), not self.chart.intervals)
        room = 1.08 if any(bar.open for bar in bars) else 1.0
        most = max(ticks[-1], max((bar.most for bar in bars), default=0) * room)
        if self.chart.horizontal:
            self._sideways(bars, ticks, most, top, bottom)
        else:
            self._upright(bars, ticks, most, top, bottom)

    def _sideways(
        self, bars: list[Bar], ticks: list[float], most: float, top: float, bottom: float
    ) -> None:
        labels = self.chart.labels[: self._shown]
        names = min(300, max(_width(label, 12) for label in labels) + 10)
        box = Box(MARGIN + names, top, WIDTH - MARGIN - ARROW, bottom - 18)
        scale = (box.right - box.left) / (most or 1)
        for tick in ticks:
            x = box.left + tick * scale
            self._line(x, box.top, x, box.bottom)
            self._text(_compact(tick), x, box.bottom + 14, 11, fill=self.soft, anchor="middle")
        each = (box.bottom - box.top) / len(labels)
        for n, label in enumerate(labels):
            middle = box.top + each * (n + 0.5)
            name = _shortened(label, 12, names - 8)
            self._text(name, box.left - 8, middle + 4, 12, anchor="end")
        thick = min(26.0, each * 0.8 / self.lanes)
        for bar in bars:
            y = box.top + each * (bar.label + 0.5) + thick * (bar.lane - self.lanes / 2)
            colour = self._colour(bar.series)
            x = box.left + bar.start * scale
            self._rect(x, y, bar.sure * scale, thick * 0.92, fill=colour)
            if bar.gap:
                self._hatched(x + bar.sure * scale, y, bar.gap * scale, thick * 0.92, bar.series)
            if bar.open:
                end = box.left + bar.most * scale
                self._arrow(end, y + thick * 0.46, thick, colour, upward=False)

    def _upright(
        self, bars: list[Bar], ticks: list[float], most: float, top: float, bottom: float
    ) -> None:
        labels = self.chart.labels[: self._shown]
        names = max(_width(_compact(tick), 11) for tick in ticks) + 8
        box = Box(MARGIN + names, top + ARROW, WIDTH - MARGIN, bottom - 18)
        scale = (box.bottom - box.top) / (most or 1)
        for tick in ticks:
            y = box.bottom - tick * scale
            self._line(box.left, y, box.right, y)
            self._text(_compact(tick), box.left - 8, y + 4, 11, fill=self.soft, anchor="end")
        each = (box.right - box.left) / len(labels)
        widest = max(_width(label, 11) for label in labels) + 8
        step = max(1, math.ceil(widest / each))
        for n in range(0, len(labels), step):
            x = box.left + each * (n + 0.5)
            self._text(labels[n], x, box.bottom + 14, 11, fill=self.soft, anchor="middle")
        thick = min(44.0, each * 0.8 / self.lanes)
        for bar in bars:
            x = box.left + each * (bar.label + 0.5) + thick * (bar.lane - self.lanes / 2)
            colour = self._colour(bar.series)
            y = box.bottom - (bar.start + bar.sure) * scale
            self._rect(x, y, thick * 0.92, bar.sure * scale, fill=colour)
            if bar.gap:
                height = bar.gap * scale
                self._hatched(x, y - height, thick * 0.92, height, bar.series)
            if bar.open:
                end = box.bottom - bar.most * scale
                self._arrow(x + thick * 0.46, end, thick, colour, upward=True)

    # --- Strokes ---

    def _hatches(self) -> None:
        """A hatch in the colour of each series, and one for the key."""
        defs = ET.SubElement(self.root, "defs")
        used = {f"hatch-{n}": self._colour(n) for n in range(len(self.chart.series))}
        for name, colour in {**used, "hatch-key": self.soft}.items():
            size = {"width": "6", "height": "6", "patternUnits": "userSpaceOnUse"}
            pattern = ET.SubElement(defs, "pattern", {"id": name, **size})
            ground = {"width": "6", "height": "6", "fill": colour, "fill-opacity": "0.14"}
            ET.SubElement(pattern, "rect", ground)
            lines = "M-1 1 1-1M0 6 6 0M5 7 7 5"
            ET.SubElement(pattern, "path", {"d": lines, "stroke": colour, "stroke-width": "1.6"})

    def _colour(self, series: int) -> str:
        return self.colours[series % len(self.colours)]

    def _rect(self, x: float, y: float, width: float, height: float, **style: str) -> None:
        if width > 0 and height > 0:
            self._add("rect", style, x=x, y=y, width=width, height=height)

    def _hatched(self, x: float, y: float, width: float, height: float, series: int) -> None:
        self._rect(x, y, width, height, fill=f"url(#hatch-{series})", stroke=self._colour(series))

    def _line(self, x1: float, y1: float, x2: float, y2: float) -> None:
        self._add("line", {"stroke": self.rule}, x1=x1, y1=y1, x2=x2, y2=y2)

    def _arrow(self, x: float, y: float, thick: float, colour: str, upward: bool) -> None:
        thick = min(thick, 26.0)
        neck, tip = GAP + STEM, GAP + STEM + max(6.0, min(thick * 0.55, 11.0))
        points = [
            *((GAP, -0.16), (neck, -0.16), (neck, -0.42), (tip, 0)),
            *((neck, 0.42), (neck, 0.16), (GAP, 0.16)),
        ]
        # Along the bar in pixels, across it in parts of its thickness.
        along, side = ((0, -1), (thick, 0)) if upward else ((1, 0), (0, thick))
        at = " ".join(
            f"{_n(x + a * along[0] + s * side[0])},{_n(y + a * along[1] + s * side[1])}"
            for a, s in points
        )
        self._add("polygon", {"points": at, "fill": colour})

    def _text(
        self,
        text: str,
        x: float,
        y: float,
        size: float,
        anchor: str = "",
        family: str = "",
        weight: str = "",
        fill: str = "",
    ) -> None:
        style = {
            "font-size": _n(size),
            "text-anchor": anchor,
            "font-family": family,
            "font-weight": weight,
            "fill": fill,
        }
        self._add("text", {k: v for k, v in style.items() if v}, x=x, y=y).text = printable(text)

    def _add(self, name: str, style: dict[str, str], **numbers: float) -> Any:
        places = {key: _n(value) for key, value in numbers.items()}
        return ET.SubElement(self.root, name, {**places, **style})


def _ends(value: Value) -> tuple[float, float, bool]:
    """The low end, how far it is drawn, and whether it goes on."""
    sure, most = low(value.amount), high(value.amount)
    if sure is None:
        return 0.0, 0.0, False
    return float(sure), float(sure if most is None else most), most is None


def _left_out(chart: Chart) -> Iterator[str]:
    for line in chart.left_out:
        count = line.records if line.statements is None else line.statements
        if count:
            yield f"{line.reason} ({count})"


def _ticks(most: float, whole: bool) -> list[float]:
    """Round numbers from 0 to beyond `most`, a handful."""
    if most <= 0:
        return [0.0, 1.0]
    rough = most / (TICKS - 1)
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(m * size for m in (1, 2, 2.5, 5, 10) if m * size >= rough * 0.999)
    if whole:
        step = max(1.0, math.ceil(step))
    return [n * step for n in range(math.ceil(most / step - 1e-9) + 1)]


def _compact(value: float) -> str:
    locale = to_locale(get_language() or "en")
    return format_compact_decimal(value, format_type="short", locale=locale, fraction_digits=1)


def _width(text: str, size: float) -> float:
    """About how wide the text is."""
    return size * sum(
        WIDE if unicodedata.east_asian_width(letter) in "WF" else NARROW for letter in text
    )


def _wrapped(text: str, size: float, most: int) -> list[str]:
    """The text in at most so many lines, the last one shortened."""
    room = WIDTH - 2 * MARGIN
    lines: list[str] = []
    words = printable(text).split()
    while words and len(lines) < most - 1:
        line = words.pop(0)
        while words and _width(f"{line} {words[0]}", size) <= room:
            line += f" {words.pop(0)}"
        lines.append(_shortened(line, size, room))
    if words:
        lines.append(_shortened(" ".join(words), size, room))
    return lines


def _shortened(text: str, size: float, room: float) -> str:
    if _width(text, size) <= room:
        return text
    while text and _width(f"{text}…", size) > room:
        text = text[: min(len(text) - 1, int(room / size / NARROW) + 1)]
    return f"{text.rstrip()}…"


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


@lru_cache
def _tokens() -> dict[str, str]:
    """The colours of the site on paper, from the style sheet that declares them."""
    sheet = (settings.BASE_DIR / "static" / "css" / "tokens.css").read_text()
    return dict(re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}),", sheet))


def _token(name: str) -> str:
    return _tokens()[name]


def _colours() -> list[str]:
    names: Iterable[str] = (f"series-{n}" for n in range(1, 9))
    return [_token(name) for name in names]
