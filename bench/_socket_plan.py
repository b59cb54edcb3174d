"""What bench.sockets runs: contenders, cells and the floors to reach.  Add a row to add a server."""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Contender:
    """One server: a native program, or a script in servers/.  It is given `--mode echo|sink` and any
    options, binds loopback port 0, prints `READY <port>` and serves until it is killed."""

    name: str
    kind: str  # limit, peer or target
    command: str
    needs: str | None = None  # a module without which it is left out
    cells: str = ""  # a regular expression: the cells it takes part in


@dataclass(frozen=True)
class Cell:
    """One workload; mode is loadgen's."""

    name: str
    mode: str
    conns: int
    size: int
    depth: int = 1


@dataclass(frozen=True)
class Floor:
    """A figure to reach, in the worst of the cells it names."""

    what: str
    measure: str  # a key of the summary
    cells: str
    sense: str
    bound: float
    target: str = "pysock_into"


@dataclass(frozen=True)
class Plan:
    """What is compared, and with whom."""

    bench: str
    contenders: tuple[Contender, ...]
    floors: tuple[Floor, ...]
    limit: str  # every ratio "to C" is to this row, in the same round
    baseline: str  # shown beside the floors
    peers: dict[str, str] = field(default_factory=lambda: {"peer": ""})  # "best NAME" is of those that match
    processes: bool = False  # a server is several, which wait for one another on their CPU: looks like noise


ONE = r"^echo 64B x1$"  # spinning changes what one connection sees, and burns CPU in all others

CONTENDERS = (
    Contender("c_epoll_echo", "limit", "c_epoll_echo.c"),
    Contender("c_epoll_spin", "limit", "c_epoll_echo.c --spin-us 50", cells=ONE),
    Contender("raw_epoll", "peer", "raw_echo.py"),
    Contender("asyncio_proto", "peer", "loop_echo.py --variant asyncio:proto"),
    Contender("asyncio_buf", "peer", "loop_echo.py --variant asyncio:buf"),
    Contender("uvloop_proto", "peer", "loop_echo.py --variant uvloop:proto", "uvloop"),
    Contender("uvloop_buf", "peer", "loop_echo.py --variant uvloop:buf", "uvloop"),
    Contender("pysock_into", "target", "pysock_echo.py --variant into", "pysock"),
    Contender("pysock_bytes", "target", "pysock_echo.py --variant bytes", "pysock"),
    Contender("pysock_spin", "target", "pysock_echo.py --variant spin", "pysock", ONE),
)

FLOORS = (
    Floor("CPU per message, 64 B x 10..1000, / C", "cpu_to_limit", r"^echo 64B x(10|100|1000)$", "<=", 1.10),
    Floor(
        "the same, 1 KiB x 100 and 16 KiB x 10", "cpu_to_limit", r"^echo (1KiB x100|16KiB x10)$", "<=", 1.06
    ),
    Floor(
        "throughput, 64 B and 1 KiB x 10..1000, / C",
        "to_limit",
        r"^echo (64B|1KiB) x(10|100|1000)$",
        ">=",
        0.95,
    ),
    Floor("CPU, 64 KiB echo and sink, / C", "cpu_to_limit", r"^(echo|sink) 64KiB x\d+$", "<=", 1.05),
    Floor("CPU per connect + 64 B + close, / C", "cpu_to_limit", r"^churn", "<=", 1.10),
    Floor("CPU above C per 64 B message, us", "cpu_above_limit_us", r"^echo 64B x(10|100|1000)$", "<=", 0.20),
    Floor("bytes per idle connection", "idle_bytes", r"^idle", "<=", 500),
    Floor("CPU per 64 B message among idle ones, / C", "cpu_to_limit", r"^idle", "<=", 1.10),
    Floor("p50 of one connection, spinning, / C", "p50_to_limit", ONE, "<=", 0.40, "pysock_spin"),
)


def cells(quick: bool, idle: int) -> list[Cell]:
    """All cells, or with quick those that touch every floor once."""
    sizes = {"64B": 64, "1KiB": 1024, "16KiB": 16384, "64KiB": 65536}
    every = [
        *(Cell(f"echo {s} x{n}", "echo", n, size) for s, size in sizes.items() for n in (1, 10, 100, 1000)),
        Cell("echo 64B x1 depth 16", "echo", 1, 64, 16),
        Cell("echo 64B x10 depth 16", "echo", 10, 64, 16),
        Cell("churn x16", "churn", 16, 64),
        Cell("sink 64KiB x1", "sink", 1, 65536),
        Cell("sink 64KiB x10", "sink", 10, 65536),
    ]
    if idle:
        every.append(Cell(f"idle {idle}, echo 64B x10", "idle", 10, 64))
    some = r"echo (64B x(1|10|1000)|1KiB x100|16KiB x10|64KiB x10)$|churn|sink 64KiB x1$|idle"
    return [cell for cell in every if re.match(some, cell.name)] if quick else every


PLAN = Plan("sockets", CONTENDERS, FLOORS, "c_epoll_echo", "uvloop_proto")
