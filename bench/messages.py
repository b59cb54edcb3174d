"""python -m bench.messages: records over sockets, against plain C, and asyncio and uvloop with struct."""

import dataclasses
import sys

from ._entry import Options, Run
from ._message_plan import CELLS, CONTENDERS
from ._message_report import floors, report, summarize
from ._message_run import Settings, measure_all
from ._plot import plot_messages
from ._report import errors


def options() -> Options:
    p = Options("messages", __doc__, "one short round of everything, about half a minute")
    p.either("--rounds", 5, 1, "of everything")
    p.over_sockets(duration=(1.0, 0.3), warmup=(0.2, 0.1))
    p.add_argument("--records", type=int, default=100_000, help="records of the one-way stream")
    p.add_argument("--connections", type=int, default=1000, help="of the cell with many")
    return p


def main() -> int:
    run = Run(options(), CONTENDERS)
    a, cells = run.a, run.cells(CELLS)
    knobs = Settings(a.rounds, a.duration, a.warmup, a.records, a.connections, a.server_cpu, a.load_cpu)
    samples = measure_all(run.runners, cells, knobs)
    summary = summarize(samples)
    return run.publish(
        report,
        plot_messages,
        settings=dataclasses.asdict(knobs),
        summary=summary,
        floors=floors(samples, summary),
        errors=errors(summary),
        samples=samples,
    )


if __name__ == "__main__":
    sys.exit(main())
