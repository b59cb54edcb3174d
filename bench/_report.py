"""What the reports share: the machine's description, medians and ratios, tables, JSON."""

import datetime
import importlib.metadata
import importlib.util
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

PACKAGES = ("pysock-mfc", "uvloop", "numpy", "msgspec", "PySide6_Essentials", "matplotlib")


def note(*words: object) -> None:
    """Progress and remarks go to stderr; stdout holds the report alone."""
    print(*words, file=sys.stderr, flush=True)


def installed(module: str | None) -> bool:
    """Whether a contender's module can be imported (None: it needs nothing)."""
    if module is None:
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def header() -> dict:
    """Date, machine and versions of one run."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "loadavg": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "packages": versions,
    }


def header_line(head: dict) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in head["packages"].items())
    load = "unknown" if head["loadavg"] is None else f"{head['loadavg']:.2f}"
    return (
        f"{head['date']}; {head['system']}; Python {head['python']}; {head['cpus']} CPUs; "
        f"load average at start {load}. {packages or 'no optional package'}."
    )


def median(values: Iterable[float | None]) -> float | None:
    """The median of what is there; None when nothing is."""
    present = [value for value in values if value is not None]
    return statistics.median(present) if present else None


def per_round(
    ours: Sequence[dict],
    theirs: Sequence[dict],
    get: Callable[[dict], float | None],
    combine: Callable[[float, float], float] = lambda a, b: a / b,
) -> float | None:
    """The median over the rounds of ours / theirs: what disturbs a whole round cancels out."""
    pairs = [(get(a), get(b)) for a, b in zip(ours, theirs, strict=False)]
    return median(combine(a, b) for a, b in pairs if a and b)


def number(value: float | None) -> str:
    """Three significant figures or so, '-' for nothing."""
    if value is None:
        return "-"
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.3g}"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table with padded columns, readable as plain text too."""
    cells = [[str(c) for c in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(columns), *cells]) for i in range(len(columns))]

    def line(row: Sequence[str]) -> str:
        body = [row[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)]
        return "| " + " | ".join(body) + " |"

    rule = "|" + "|".join("-" * (w + 2) for w in widths) + "|"
    return "\n".join([line(columns), rule, *map(line, cells)]) + "\n"


def met(value: float | None, sense: str, bound: float) -> bool | None:
    """Whether a floor is reached; None when it was not measured."""
    if value is None:
        return None
    return value <= bound if sense == "<=" else value >= bound


def errors(summary: dict[str, dict[str, dict]]) -> list[tuple[str, str, str]]:
    """(cell, contender, what happened) of every sample that could not be taken."""
    return [
        (cell, name, what)
        for cell, row in summary.items()
        for name, entry in row.items()
        for what in entry["errors"]
    ]


def remarks(result: dict) -> list[str]:
    """Who was left out, and what went wrong."""
    return [
        *(f"- left out: {name}: {why}" for name, why in result["left_out"].items()),
        *(f"- error: {cell}: {name}: {what}" for cell, name, what in result["errors"]),
    ]


def verdict(state: bool | None) -> str:
    return {True: "yes", False: "NO", None: "not measured"}[state]


def write_json(path: str, result: dict) -> None:
    Path(path).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    note(f"wrote {path}")


def plot_path(json_path: str | None, plot: str | None) -> str | None:
    """Where the picture goes: where asked, else beside the JSON, else nowhere."""
    return plot or (str(Path(json_path).with_suffix(".png")) if json_path else None)
