"""python -m bench.archive: scalars, records, bulk arrays and objects, against plain C++ and against peers."""

import argparse
import os
import sys

from . import _report
from ._archive_plan import CONTENDERS, TASKS
from ._archive_report import floors, report, summarize
from ._archive_run import measure
from ._plot import plot_archive


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(prog="python -m bench.archive", description=__doc__)
    p.add_argument("--quick", action="store_true", help="smaller counts, one round, well under a minute")
    p.add_argument(
        "--json", metavar="FILE", nargs="?", const="bench-archive.json", help="every sample and the summary"
    )
    p.add_argument("--plot", metavar="FILE.png", help="where the picture goes (default: beside the JSON)")
    p.add_argument("--only", metavar="A,B", help="these contenders (the C++ limit always runs)")
    p.add_argument("--tasks", metavar="A,B", help="of " + ", ".join(t.name for t in TASKS))
    p.add_argument("--rounds", type=int, help="default 5, quick 1")
    p.add_argument(
        "--cpu", type=int, help="pin everything there (default: the last CPU this process may use)"
    )
    return p.parse_args()


def named(option: str | None, known: list[str], what: str) -> list[str]:
    """The names an option lists, all known ones by default."""
    wanted = option.split(",") if option else known
    if unknown := sorted(set(wanted) - set(known)):
        sys.exit(f"bench.archive: no {what} {', '.join(unknown)}; there are {', '.join(known)}")
    return wanted


def main() -> int:
    a = arguments()
    tasks = named(a.tasks, [t.name for t in TASKS], "task")
    names = named(a.only, [c.name for c in CONTENDERS], "contender")
    rounds = a.rounds if a.rounds is not None else 1 if a.quick else 5
    cpu = a.cpu
    if cpu is None and hasattr(os, "sched_getaffinity"):  # not on macOS
        cpu = max(os.sched_getaffinity(0))
    head = _report.header()
    wanted = [c for c in CONTENDERS if c.name in names]
    left_out = {c.name: f"no module {c.needs}" for c in wanted if not _report.installed(c.needs)}
    for name, why in left_out.items():
        _report.note(f"left out: {name}: {why}")
    runners = [c for c in wanted if c.name not in left_out]
    samples = {}
    for task in TASKS:
        if task.name in tasks:
            samples[task.name] = measure(
                task.name, task.quick if a.quick else task.full, runners, rounds, cpu
            )
            _report.note(f"{task.name}: done")
    summary = {name: summarize(s) for name, s in samples.items()}
    result = {
        "bench": "archive",
        "header": head,
        "settings": {"rounds": rounds, "quick": a.quick, "cpu": cpu},
        "contenders": {c.name: c.kind for c in runners},
        "left_out": left_out,
        "summary": summary,
        "floors": floors(summary),
        "samples": samples,
    }
    print(report(result))
    if a.json:
        _report.write_json(a.json, result)
    if picture := _report.plot_path(a.json, a.plot):
        plot_archive(result, picture)
    targets = {c.name for c in runners if c.kind == "target"}
    return 1 if any(targets & s["errors"].keys() for s in summary.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
