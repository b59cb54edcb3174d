"""python -m bench.messages: records over sockets, against plain C, and asyncio and uvloop with struct."""

import argparse
import dataclasses
import os
import re
import resource
import sys

from . import _netns, _report
from ._message_plan import CELLS, CONTENDERS
from ._message_report import errors, floors, report, summarize
from ._message_run import Settings, run
from ._plot import plot_messages


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(prog="python -m bench.messages", description=__doc__)
    p.add_argument("--quick", action="store_true", help="one short round of everything, about half a minute")
    p.add_argument(
        "--json", metavar="FILE", nargs="?", const="bench-messages.json", help="every sample and the summary"
    )
    p.add_argument("--plot", metavar="FILE.png", help="where the picture goes (default: beside the JSON)")
    p.add_argument("--only", metavar="A,B", help="these contenders (the limits are always added)")
    p.add_argument("--cells", metavar="REGEX", default="", help="cells whose name matches, e.g. 'request'")
    p.add_argument("--rounds", type=int, help="default 5, quick 1")
    p.add_argument("--duration", type=float, help="seconds measured per sample (default 1, quick 0.3)")
    p.add_argument("--warmup", type=float, help="seconds before that (default 0.2, quick 0.1)")
    p.add_argument("--records", type=int, default=100_000, help="records of the one-way stream")
    p.add_argument("--connections", type=int, default=1000, help="of the cell with many")
    p.add_argument(
        "--congestion", default="reno", metavar="NAME", help="'system': no network namespace, as it is"
    )
    p.add_argument("--list", action="store_true", help="print contenders and cells, measure nothing")
    return p.parse_args()


def settings(a: argparse.Namespace) -> Settings:
    """The options completed by what this machine offers."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        _report.note("one CPU for server and client: the figures will mean little")
    return Settings(
        rounds=a.rounds or (1 if a.quick else 5),
        duration=a.duration or (0.3 if a.quick else 1.0),
        warmup=a.warmup if a.warmup is not None else (0.1 if a.quick else 0.2),
        records=a.records,
        connections=a.connections,
        server_cpu=cpus[0] if len(cpus) > 1 else None,
        load_cpu=cpus[1] if len(cpus) > 1 else None,
    )


def main() -> int:
    if sys.platform != "linux":
        sys.exit("bench.messages: the load generator and the C limits stand on epoll and /proc: Linux only")
    a = arguments()
    if a.list:
        print("contenders:", *(f"  {c.name} ({c.kind})" for c in CONTENDERS), sep="\n")
        print("cells:", *(f"  {c}" for c in CELLS), sep="\n")
        return 0
    limits = {c.name for c in CONTENDERS if c.kind == "limit"}
    unknown = set((a.only or "pysock").split(",")) - {c.name for c in CONTENDERS}
    if unknown:
        sys.exit(f"bench.messages: no contender {', '.join(sorted(unknown))}; see --list")
    loopback = (
        "system" if a.congestion == "system" else _netns.private_loopback("bench.messages", a.congestion)
    )
    head = _report.header()
    knobs = settings(a)
    cells = [cell for cell in CELLS if re.search(a.cells, cell)]
    wanted = [c for c in CONTENDERS if not a.only or c.name in {*a.only.split(","), *limits}]
    left_out = {c.name: f"no module {c.needs}" for c in wanted if not _report.installed(c.needs)}
    for name, why in left_out.items():
        _report.note(f"left out: {name}: {why}")
    runners = [c for c in wanted if c.name not in left_out]
    samples = run(runners, cells, knobs)
    summary = summarize(samples)
    kinds = {c.name: c.kind for c in runners}
    result = {
        "bench": "messages",
        "header": head,
        "loopback": loopback,
        "congestion_control": _netns.congestion_control(),
        "settings": dataclasses.asdict(knobs),
        "contenders": kinds,
        "left_out": left_out,
        "summary": summary,
        "floors": floors(samples, summary),
        "samples": samples,
    }
    print(report(result))
    if a.json:
        _report.write_json(a.json, result)
    if picture := _report.plot_path(a.json, a.plot):
        plot_messages(result, picture)
    broken = any(kinds[name] != "peer" for _, name, _ in errors(summary))
    return 1 if broken or not cells else 0


if __name__ == "__main__":
    sys.exit(main())
