"""What the entries share: their options, who takes part, and what becomes of the samples."""

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence

from . import _report
from ._server import two_cpus


class Options(argparse.ArgumentParser):
    """An entry's options; what --quick changes has two defaults."""

    def __init__(self, bench: str, doc: str | None, quick: str) -> None:
        super().__init__(prog=f"python -m bench.{bench}", description=doc, allow_abbrev=False)
        self.bench = bench
        self.sockets = False
        self.quick = "--quick" in sys.argv[1:]
        self.add_argument("--quick", action="store_true", help=quick)
        self.add_argument(
            "--json",
            metavar="FILE",
            nargs="?",
            const=f"bench-{bench}.json",
            help="every sample and the summary",
        )
        self.add_argument(
            "--plot", metavar="FILE.png", help="where the picture goes (default: beside the JSON)"
        )
        self.add_argument("--only", metavar="A,B", help="these contenders (limits are always added)")

    def either(self, option: str, full: float, quick: float, what: str) -> None:
        self.add_argument(
            option,
            type=type(full),
            metavar="N",
            default=quick if self.quick else full,
            help=f"{what} (default {full:g}, quick {quick:g})",
        )

    def over_sockets(self, duration: tuple[float, float], warmup: tuple[float, float]) -> None:
        """For a bench that needs a loopback and two CPUs: (full, quick) of each."""
        self.sockets = True
        self.either("--duration", *duration, "seconds measured per sample")
        self.either("--warmup", *warmup, "seconds before that")
        self.add_argument("--cells", metavar="REGEX", default="", help="cells whose name matches")
        self.add_argument(
            "--congestion", default="reno", metavar="NAME", help="'system': no network namespace, as it is"
        )
        self.add_argument("--server-cpu", type=int, help="default: the first CPU this process may use")
        self.add_argument("--load-cpu", type=int, help="default: the second one")
        self.add_argument("--list", action="store_true", help="print contenders and cells, measure nothing")


def listed(option: str | None, known: Sequence[str], what: str) -> list[str]:
    """The names an option lists, all known ones by default."""
    wanted = option.split(",") if option else list(known)
    if unknown := sorted(set(wanted) - set(known)):
        sys.exit(f"bench: no {what} {', '.join(unknown)}; there are {', '.join(known)}")
    return wanted


class Run:
    """One run of an entry: who takes part, and since when."""

    def __init__(self, options: Options, contenders: Sequence) -> None:
        self.bench = options.bench
        self.contenders = contenders
        self.a = a = options.parse_args()
        names = listed(a.only, [c.name for c in contenders], "contender")
        self.place = self.prepare() if options.sockets and not a.list else {}
        self.header = _report.header()
        wanted = [c for c in contenders if c.name in names or c.kind == "limit"]
        self.left_out = {c.name: f"no module {c.needs}" for c in wanted if not _report.installed(c.needs)}
        for name, why in self.left_out.items():
            _report.note(f"left out: {name}: {why}")
        self.runners = [c for c in wanted if c.name not in self.left_out]
        self.kinds = {c.name: c.kind for c in self.runners}

    def prepare(self) -> dict[str, str]:
        """A loopback, files and CPUs for a bench over sockets."""
        if sys.platform != "linux":
            sys.exit(
                f"bench.{self.bench}: the load generator and C limits stand on epoll and /proc: Linux only"
            )
        import resource  # neither is there on Windows, where bench.archive runs

        from . import _netns

        own = self.a.congestion != "system"
        loopback = _netns.private_loopback(f"bench.{self.bench}", self.a.congestion) if own else "system"
        _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.a.server_cpu, self.a.load_cpu = two_cpus(self.a.server_cpu, self.a.load_cpu)
        return {"loopback": loopback, "congestion_control": _netns.congestion_control()}

    def cells(self, names: Iterable[str]) -> list[str]:
        """Those asked for; with --list the end."""
        if self.a.list:
            print("contenders:", *(f"  {c.name} ({c.kind})" for c in self.contenders), sep="\n")
            print("cells:", *(f"  {name}" for name in names), sep="\n")
            sys.exit(0)
        return [name for name in names if re.search(self.a.cells, name)]

    def publish(self, report: Callable[[dict], str], plot: Callable[[dict, str], None], **found) -> int:
        """Print the report, write what is to be written; the exit code: 1 when ours or a limit failed."""
        result = {
            "bench": self.bench,
            "header": self.header,
            **self.place,
            "contenders": self.kinds,
            "left_out": self.left_out,
            **found,
        }
        print(report(result))
        if self.a.json:
            _report.write_json(self.a.json, result)
        if picture := _report.plot_path(self.a.json, self.a.plot):
            plot(result, picture)
        broken = any(self.kinds[name] != "peer" for _, name, _ in result["errors"])
        return 1 if broken or not result["samples"] else 0
