"""The chart: for each load its first figure and its CPU time, a bar per subject, as one SVG file that
reads well on light and on dark ground."""

import html

from report import LABELS

WIDTH, PANEL, GAP, NAME, BAR = 1040, 500, 40, 100, 270
LINE, TITLE, SPACE = 18, 26, 22

STYLE = """
svg { font: 12px system-ui, sans-serif; background: #fff }
text { fill: #1b1f24 } .quiet { fill: #59636e }
.title { font-weight: 600 } .number { font-variant-numeric: tabular-nums }
.bar { fill: #a9b4c0 } .own { fill: #0b6e6e } .spread { stroke: #1b1f24; stroke-width: 1 }
@media (prefers-color-scheme: dark) {
  svg { background: #14181c } text { fill: #e6eaee } .quiet { fill: #9aa5b1 }
  .bar { fill: #55606c } .own { fill: #35b5b0 } .spread { stroke: #e6eaee }
}
"""


def draw(blocks, subtitle):
    """`blocks` as Results.blocks() returns them. Returns the SVG's text."""
    parts, y = [], 64
    for load, lines in blocks.items():
        first = next(iter(next(iter(lines.values()))))
        cpu = next((metric for line in lines.values() for metric in line
                    if metric.startswith("cpu_")), None)
        parts.append(f'<text class="title" x="0" y="{y}">{html.escape(load)}</text>')
        for column, metric in enumerate(dict.fromkeys((first, cpu))):
            if metric:
                parts.append(_panel(column * (PANEL + GAP), y + TITLE, metric, lines))
        y += TITLE + LINE * (len(lines) + 1) + SPACE
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-20 0 {WIDTH + 40} {y}" '
            f'width="{WIDTH + 40}" height="{y}" role="img" aria-label="script/bench">'
            f"<style>{STYLE}</style>"
            '<text class="title" x="0" y="24" style="font-size:16px">script/bench</text>'
            f'<text class="quiet" x="0" y="42">{html.escape(subtitle)}</text>')
    return head + "\n".join(parts) + "</svg>\n"


def _panel(x, y, metric, lines):
    most = max((line[metric]["max"] for line in lines.values() if metric in line), default=0) or 1
    parts = [f'<text class="quiet" x="{x + NAME}" y="{y}">'
             f"{html.escape(LABELS.get(metric, metric))}</text>"]
    for number, (subject, line) in enumerate(lines.items()):
        top = y + 8 + number * LINE
        parts.append(f'<text x="{x}" y="{top + 11}">{html.escape(subject)}</text>')
        row = line.get(metric)
        if row is None:
            continue
        width = {key: row[key] / most * BAR for key in ("median", "min", "max")}
        kind = "own" if subject == "berth" else "bar"
        parts.append(f'<rect class="{kind}" x="{x + NAME}" y="{top}" height="14" rx="2" '
                     f'width="{max(width["median"], 1):.1f}"/>')
        if row["max"] > row["min"]:
            parts.append(f'<path class="spread" d="M{x + NAME + width["min"]:.1f} {top + 7}'
                         f'H{x + NAME + width["max"]:.1f}"/>')
        parts.append(f'<text class="number" x="{x + NAME + width["max"] + 8:.1f}" y="{top + 11}">'
                     f"{_short(row['median'])}</text>")
    return "\n".join(parts)


def _short(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
