"""python -m bench.sockets: echo, sink, churn and idle connections, against plain C and against peers."""

import dataclasses
import resource
import sys
from collections.abc import Callable

from . import _report
from ._entry import Options, Run
from ._plot import plot_sockets
from ._socket_plan import PLAN, Plan, cells
from ._socket_report import floors, report, summarize
from ._socket_run import Bench, Settings


def options() -> Options:
    p = Options("sockets", __doc__, "every floor touched once, one round, about a minute")
    p.either("--rounds", 3, 1, "of everything")
    p.over_sockets(duration=(0.6, 0.25), warmup=(0.15, 0.08))
    p.either("--retries", 2, 0, "tries to replace a noisy sample")
    p.add_argument(
        "--idle", type=int, default=10_000, help="idle connections (default 10000; 0: no such cell)"
    )
    return p


def idle_possible(wanted: int) -> int:
    """As many idle connections as files may be open."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = min(hard if hard != resource.RLIM_INFINITY else 1 << 20, 60_000)
    idle = min(wanted, max(files - 200, 0))
    if idle < wanted:
        _report.note(f"{idle} idle connections instead of {wanted}: the limit of open files is {hard}")
    if files < 1200:
        _report.note(f"cells of 1000 connections will fail: the limit of open files is {hard}")
    return idle


def main() -> int:
    run = Run(options(), PLAN.contenders)
    a = run.a
    idle = idle_possible(a.idle)
    every = {cell.name: cell for cell in cells(a.quick, idle)}
    todo = [every[name] for name in run.cells(every)]
    knobs = Settings(a.rounds, a.duration, a.warmup, a.retries, idle, a.server_cpu, a.load_cpu)
    bench = Bench(run.runners, knobs)
    bench.run(todo)
    return conclude(run, PLAN, bench, plot_sockets)


def conclude(run: Run, plan: Plan, bench: Bench, plot: Callable[[dict, str], None]) -> int:
    """From the samples to the exit code; bench.windows too."""
    summary = summarize(bench.samples, plan)
    return run.publish(
        lambda result: report(result, plan),
        plot,
        settings=dataclasses.asdict(bench.settings),
        summary=summary,
        floors=floors(summary, plan),
        errors=_report.errors(summary),
        samples=bench.samples,
    )


if __name__ == "__main__":
    sys.exit(main())
