"""python -m bench.archive: scalars, records, bulk arrays and objects, against plain C++ and against peers."""

import os
import sys

from . import _report
from ._archive_plan import CONTENDERS, TASKS
from ._archive_report import errors, floors, report, summarize
from ._archive_run import measure
from ._entry import Options, Run, listed
from ._plot import plot_archive


def options() -> Options:
    p = Options("archive", __doc__, "smaller counts, one round, well under a minute")
    p.either("--rounds", 5, 1, "of everything")
    p.add_argument("--tasks", metavar="A,B", help="of " + ", ".join(t.name for t in TASKS))
    p.add_argument(
        "--cpu", type=int, help="pin everything there (default: the last CPU this process may use)"
    )
    return p


def main() -> int:
    run = Run(options(), CONTENDERS)
    a = run.a
    tasks = listed(a.tasks, [t.name for t in TASKS], "task")
    cpu = a.cpu
    if cpu is None and hasattr(os, "sched_getaffinity"):  # not on macOS
        cpu = max(os.sched_getaffinity(0))
    samples = {}
    for task in TASKS:
        if task.name in tasks:
            count = task.quick if a.quick else task.full
            samples[task.name] = measure(task.name, count, run.runners, a.rounds, cpu)
            _report.note(f"{task.name}: done")
    summary = {name: summarize(s) for name, s in samples.items()}
    return run.publish(
        report,
        plot_archive,
        settings={"rounds": a.rounds, "quick": a.quick, "cpu": cpu},
        summary=summary,
        floors=floors(summary),
        errors=errors(summary),
        samples=samples,
    )


if __name__ == "__main__":
    sys.exit(main())
