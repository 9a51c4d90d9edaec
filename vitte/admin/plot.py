"""Plots, drawn on the server as SVG: bars of what was counted, lines of what was measured.

A plot is a figure with its name, what it comes to, the picture, and the numbers
themselves as a table to open: the picture says nothing that the table does not.
Colours are classes of the style sheet, so that light and dark are its affair.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from vitte.admin import page
from vitte.admin.html import NOTHING, Child, Html, tag

WIDTH: Final = 600
HEIGHT: Final = 120
GAP: Final = 0.2
"""So much of a bar's place stays free."""


class Line(Struct, frozen=True, kw_only=True):
    """One series: its name, and a value a step, None where nobody knows."""

    name: str
    values: Sequence[float | None]


class Plot(Struct, frozen=True, kw_only=True):
    """What one figure shows."""

    title: str
    kind: str
    lines: Sequence[Line]
    steps: Sequence[str]
    sum_up: str
    written: Callable[[float], str]
    none: str
    numbers: str
    when: str


def draw(plot: Plot) -> Html:
    """The figure."""
    known = [value for line in plot.lines for value in line.values if value is not None]
    if not known:
        return _figure(plot, page.empty(plot.none))
    top = ceiling(_highest(plot))
    drawn = _bars(plot, top) if plot.kind == "bars" else _lines(plot, top)
    picture = tag(
        "svg",
        tag("title", f"{plot.title}: {plot.sum_up}"),
        [
            tag("line", x1=0, x2=WIDTH, y1=height, y2=height, class_="grid")
            for height in (0.5, HEIGHT / 2, HEIGHT - 0.5)
        ],
        drawn,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{plot.title}: {plot.sum_up}",
    )
    scale = tag("p", tag("span", plot.written(top)), tag("span", "0"), class_="scale", aria_hidden="true")  # fmt: skip
    ends = tag("p", tag("span", plot.steps[0]), tag("span", plot.steps[-1]), class_="ends", aria_hidden="true")  # fmt: skip
    return _figure(plot, tag("div", scale, picture, class_="picture"), ends, _legend(plot), _numbers(plot))  # fmt: skip


def ceiling(highest: float) -> float:
    """The next of 1, 2, 5, 10, 20 … above: where an axis ends."""
    if highest <= 0:
        return 1.0
    ten = 10.0 ** math.floor(math.log10(highest))
    return next(ten * step for step in (1, 2, 5, 10) if ten * step >= highest * 0.999999)


def _highest(plot: Plot) -> float:
    columns = zip(*(line.values for line in plot.lines), strict=True)
    together = sum if plot.kind == "bars" else max
    return max(together([value or 0 for value in column]) for column in columns)


def _bars(plot: Plot, top: float) -> list[Html]:
    """Bars upon one another, a series a colour."""
    width = WIDTH / len(plot.steps)
    floors = [float(HEIGHT)] * len(plot.steps)
    drawn: list[Html] = []
    for number, line in enumerate(plot.lines, 1):
        for step, value in enumerate(line.values):
            if value:
                height = max(1.0, HEIGHT * value / top)
                floors[step] -= height
                drawn.append(
                    tag(
                        "rect",
                        x=_short((step + GAP / 2) * width),
                        y=_short(floors[step]),
                        width=_short(width * (1 - GAP)),
                        height=_short(height),
                        class_=f"fill-{number}",
                    )
                )
    return drawn


def _lines(plot: Plot, top: float) -> list[Html]:
    """Lines, each with a gap where nobody knows."""
    width = WIDTH / len(plot.steps)
    return [
        tag("path", d=_path(line.values, width, top), class_=f"stroke-{number}")
        for number, line in enumerate(plot.lines, 1)
    ]


def _path(values: Sequence[float | None], width: float, top: float) -> str:
    words: list[str] = []
    for step, value in enumerate(values):
        if value is None:
            continue
        joined = step > 0 and values[step - 1] is not None
        height = _short(HEIGHT * (1 - value / top))
        # A step that stands alone is drawn as a short line: a point alone would not be seen.
        start = _short(step * width)
        words.append(f"{'L' if joined else 'M'}{start} {height}H{_short((step + 1) * width)}")
    return "".join(words)


def _short(value: float) -> str:
    return f"{value:.1f}"


def _figure(plot: Plot, *parts: Child) -> Html:
    caption = tag("figcaption", tag("b", plot.title), " ", tag("span", plot.sum_up, class_="quiet"))
    return tag("figure", caption, *parts, class_="card plot")


def _legend(plot: Plot) -> Html:
    if len(plot.lines) == 1:
        return NOTHING
    names = [
        tag("li", tag("span", class_=f"key fill-{number}"), line.name)
        for number, line in enumerate(plot.lines, 1)
    ]
    return tag("ul", names, class_="legend")


def _numbers(plot: Plot) -> Html:
    rows: list[list[Child]] = [
        [when, *("–" if value is None else plot.written(value) for value in column)]
        for when, *column in zip(plot.steps, *(line.values for line in plot.lines), strict=True)
        if any(column)
    ]
    if not rows:
        return NOTHING
    table = page.table([plot.when, *(line.name for line in plot.lines)], rows)
    return tag("details", tag("summary", plot.numbers), table)
