"""Prints the figures as tables."""

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import datetime

from bench.figures import Bench, Figure
from bench.rounds import Side
from config import ROOT

_MARKS = {True: "holds", False: "DOES NOT HOLD", None: ""}
_COLUMNS = (
    ("rate", "requests/s", "{:.0f}"),
    ("p50", "p50 ms", "{:.1f}"),
    ("p99", "p99 ms", "{:.1f}"),
    ("server_cpu", "server ms/req", "{:.2f}"),
    ("database_cpu", "database ms/req", "{:.2f}"),
    ("bytes_each", "bytes", "{:.0f}"),
    ("load_share", "load's own cpu", "{:.0%}"),
)


def print_report(kind: str, bench: Bench, rounds: int, seconds: float) -> None:
    """Prints the ratios with their goals, then the absolute figures: medians, in brackets extremes."""
    print()
    print(
        f"{kind}, {bench.rows:,} orders, {bench.connections} connections, {rounds} rounds of"
        f" {seconds:g} s each; {datetime.now().astimezone():%Y-%m-%d %H:%M}, commit {_commit()},"
        f" Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    _table(("figure", "found", "extremes", "asked", ""), [_line(each) for each in bench.figures])
    print()
    heads = ("", "side", *(head for _, head, _ in _COLUMNS))
    _table(heads, [(name, side.name, *_absolutes(side)) for name, side in bench.sides])
    for note in bench.notes:
        print(note)


def _line(figure: Figure) -> tuple[str, ...]:
    extremes = f"{figure.lowest:.2f} – {figure.highest:.2f}"
    return figure.name, f"{figure.found:.2f}", extremes, figure.goal, _MARKS[figure.holds]


def _absolutes(side: Side) -> list[str]:
    return [
        f"{form.format(side.middle(name))} ({form.format(min(side.all_of(name)))}–"
        f"{form.format(max(side.all_of(name)))})"
        for name, _, form in _COLUMNS
    ]


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
    for line in (heads, ["-" * width for width in widths], *lines):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print(f"| {' | '.join(cells)} |")


def _commit() -> str:
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or "unknown"
