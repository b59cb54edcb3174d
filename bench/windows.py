"""python -m bench.windows: echo servers in the genuine Windows Python under Wine, pysock beside asyncio's loops.

The servers run there (tests/winlab), each with a Wine of its own, its processes together on one CPU; the load generator
is Linux's own program, on another.  Plain C with Winsock, under the same Wine, is the limit.

Every Winsock call asks the wineserver, a process: a message of 64 bytes costs anybody six requests to it for a recv and
a send, and its share of a wait.  They are most of the time, so ratios are smaller here than where system calls are
cheap; what plain C reaches tells how much smaller.
"""

import sys

from ._entry import Options, Run
from ._plot import plot_windows
from ._socket_run import Bench, Settings
from ._windows_plan import CELLS, IDLE, PLAN
from ._wine import header, under_wine
from .sockets import conclude


def options() -> Options:
    p = Options("windows", __doc__, "one short round of everything, about a minute")
    p.either("--rounds", 3, 1, "of everything")
    p.over_sockets(duration=(2.0, 0.5), warmup=(0.3, 0.2))
    return p


def main() -> int:
    run = Run(options(), PLAN.contenders)
    a = run.a
    names = run.cells([cell.name for cell in CELLS])
    run.header |= header()
    # No retries: Python and the wineserver wait for each other on their CPU, which looks like noise.
    knobs = Settings(a.rounds, a.duration, a.warmup, 0, IDLE, a.server_cpu, a.load_cpu)
    bench = Bench(run.runners, knobs, under_wine)
    bench.run([cell for cell in CELLS if cell.name in names])
    return conclude(run, PLAN, bench, plot_windows)


if __name__ == "__main__":
    sys.exit(main())
