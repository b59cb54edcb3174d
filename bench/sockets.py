"""python -m bench.sockets: echo, sink, churn and idle connections, against plain C and against peers."""

import argparse
import dataclasses
import os
import re
import resource
import sys

from . import _netns, _report
from ._plot import plot_sockets
from ._socket_plan import CONTENDERS, LIMIT, cells
from ._socket_report import errors, floors, report, summarize
from ._socket_run import Bench, Settings


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(prog="python -m bench.sockets", description=__doc__)
    p.add_argument("--quick", action="store_true", help="every floor touched once, one round, about a minute")
    p.add_argument(
        "--json", metavar="FILE", nargs="?", const="bench-sockets.json", help="every sample and the summary"
    )
    p.add_argument("--plot", metavar="FILE.png", help="where the picture goes (default: beside the JSON)")
    p.add_argument("--only", metavar="A,B", help=f"these contenders ({LIMIT} is always added)")
    p.add_argument("--cells", metavar="REGEX", default="", help="cells whose name matches, e.g. '64B|idle'")
    p.add_argument("--rounds", type=int, help="default 3, quick 1")
    p.add_argument("--duration", type=float, help="seconds measured per sample (default 0.6, quick 0.25)")
    p.add_argument("--warmup", type=float, help="seconds before that (default 0.15, quick 0.08)")
    p.add_argument("--retries", type=int, help="tries to replace a noisy sample (default 2, quick 0)")
    p.add_argument(
        "--idle", type=int, default=10000, help="idle connections (default 10000; 0: no such cell)"
    )
    p.add_argument(
        "--congestion", default="reno", metavar="NAME", help="'system': no network namespace, as it is"
    )
    p.add_argument("--server-cpu", type=int, help="default: the first CPU this process may use")
    p.add_argument("--load-cpu", type=int, help="default: the second one")
    p.add_argument("--list", action="store_true", help="print contenders and cells, measure nothing")
    return p.parse_args()


def settings(a: argparse.Namespace) -> Settings:
    """The options completed by what this machine offers."""

    def choose(given, quick, full):
        return given if given is not None else quick if a.quick else full

    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    files = min(hard if hard != resource.RLIM_INFINITY else 1 << 20, 60_000)
    idle = min(a.idle, max(files - 200, 0))
    if idle < a.idle:
        _report.note(f"{idle} idle connections instead of {a.idle}: the limit of open files is {hard}")
    if files < 1200:
        _report.note(f"cells of 1000 connections will fail: the limit of open files is {hard}")
    cpus = sorted(os.sched_getaffinity(0))
    server, load = a.server_cpu, a.load_cpu
    if len(cpus) < 2 and None in (server, load):
        _report.note("one CPU for server and load generator: throughput and latency will mean little")
    elif server is None or load is None:
        server = server if server is not None else next(c for c in cpus if c != load)
        load = load if load is not None else next(c for c in cpus if c != server)
    return Settings(
        rounds=choose(a.rounds, 1, 3),
        duration=choose(a.duration, 0.25, 0.6),
        warmup=choose(a.warmup, 0.08, 0.15),
        retries=choose(a.retries, 0, 2),
        idle=idle,
        server_cpu=server,
        load_cpu=load,
    )


def main() -> int:
    if sys.platform != "linux":
        sys.exit("bench.sockets: the load generator and the C limit stand on epoll and /proc: Linux only")
    a = arguments()
    if a.list:
        print("contenders:", *(f"  {c.name} ({c.kind})" for c in CONTENDERS), sep="\n")
        print("cells:", *(f"  {c.name}" for c in cells(a.quick, a.idle)), sep="\n")
        return 0
    unknown = set((a.only or LIMIT).split(",")) - {c.name for c in CONTENDERS}
    if unknown:
        sys.exit(f"bench.sockets: no contender {', '.join(sorted(unknown))}; see --list")
    loopback = (
        "system" if a.congestion == "system" else _netns.private_loopback("bench.sockets", a.congestion)
    )
    head = _report.header()
    knobs = settings(a)
    todo = [cell for cell in cells(a.quick, knobs.idle) if re.search(a.cells, cell.name)]
    wanted = [c for c in CONTENDERS if not a.only or c.name in {*a.only.split(","), LIMIT}]
    left_out = {c.name: f"no module {c.needs}" for c in wanted if not _report.installed(c.needs)}
    for name, why in left_out.items():
        _report.note(f"left out: {name}: {why}")
    runners = [c for c in wanted if c.name not in left_out]
    kinds = {c.name: c.kind for c in runners}
    samples = Bench(runners, knobs).run(todo)
    summary = summarize(samples, kinds)
    result = {
        "bench": "sockets",
        "header": head,
        "loopback": loopback,
        "congestion_control": _netns.congestion_control(),
        "settings": dataclasses.asdict(knobs),
        "contenders": kinds,
        "left_out": left_out,
        "summary": summary,
        "floors": floors(summary),
        "samples": samples,
    }
    print(report(result))
    if a.json:
        _report.write_json(a.json, result)
    if picture := _report.plot_path(a.json, a.plot):
        plot_sockets(result, picture)
    broken = any(kinds[name] != "peer" for _, name, _ in errors(summary))
    return 1 if broken or not todo else 0


if __name__ == "__main__":
    sys.exit(main())
