"""How bench.sockets measures: servers as child processes on one CPU, the load generator on another."""

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ._report import note, number
from ._server import Server, loadgen, measure, program
from ._socket_plan import Cell, Contender

NOISY = 0.05  # share of the window lost to other work above which a sample is taken again


@dataclass(frozen=True)
class Settings:
    """The knobs of one run: seconds, counts, and CPU numbers (None: not pinned)."""

    rounds: int
    duration: float
    warmup: float
    retries: int
    idle: int
    server_cpu: int | None
    load_cpu: int | None


Start = Callable[[Contender, str, int | None], Server]


def native(contender: Contender, mode: str, cpu: int | None) -> Server:
    """A contender's server, to echo or to sink."""
    return Server(contender.name, [*program(contender.command, "servers"), "--mode", mode], cpu)


def load(server: Server, cell: Cell, settings: Settings) -> dict:
    """One sample: what loadgen printed, or {"error": ...}."""
    command = loadgen(
        server,
        mode=cell.mode,
        conns=cell.conns,
        size=cell.size,
        depth=cell.depth,
        idle=settings.idle,
        warmup=settings.warmup,
        duration=settings.duration,
    )
    return measure(command, settings.load_cpu, settings.duration + settings.warmup)


class Bench:
    """Runs cells; keeps a server per contender and mode alive between them."""

    def __init__(self, contenders: list[Contender], settings: Settings, start: Start = native) -> None:
        self.start = start
        self.contenders = contenders
        self.settings = settings
        self.samples: dict[str, dict[str, list[dict]]] = {}

    @contextlib.contextmanager
    def serving(self) -> Iterator[dict[tuple[str, str], Server]]:
        servers: dict[tuple[str, str], Server] = {}
        try:
            yield servers
        finally:
            for server in servers.values():
                server.stop()

    def run(self, cells: list[Cell]) -> dict[str, dict[str, list[dict]]]:
        """Every cell, every round, contenders taking turns: {cell: {contender: [sample per round]}}."""
        with self.serving() as servers:
            for cell in cells:
                row = self.samples[cell.name] = {}
                for _ in range(self.settings.rounds):
                    for contender in self.contenders:
                        if re.search(contender.cells, cell.name):
                            sample = self.sample(contender, cell, servers)
                            row.setdefault(contender.name, []).append(sample)
                last = ", ".join(f"{name} {number(value(got[-1]))}" for name, got in row.items())
                note(f"{cell.name}: {last}")
        return self.samples

    def sample(self, contender: Contender, cell: Cell, servers: dict[tuple[str, str], Server]) -> dict:
        """The cleanest of 1 + retries tries; an error only when every try failed."""
        best: dict = {"error": "not tried"}
        for _ in range(1 + self.settings.retries):
            got = self.attempt(contender, cell, servers)
            if "error" in best or got.get("wait_frac", 2.0) < best["wait_frac"]:
                best = got
            if best.get("wait_frac", 1.0) <= NOISY:
                break
        return best

    def attempt(self, contender: Contender, cell: Cell, servers: dict[tuple[str, str], Server]) -> dict:
        mode = "sink" if cell.mode == "sink" else "echo"
        fresh = cell.mode == "idle"  # memory is counted from a server that has served nobody
        key = (contender.name, cell.mode if fresh else mode)
        try:
            if key not in servers:
                servers[key] = self.start(contender, mode, self.settings.server_cpu)
                time.sleep(0.2 if fresh else 0)
            got = load(servers[key], cell, self.settings)
        except RuntimeError as error:
            return {"error": str(error)}
        if fresh or "error" in got:
            said = servers.pop(key).stop()
            if "error" in got and said:
                got["error"] += f" (server: {said})"
        many = cell.conns >= 1000 or fresh
        time.sleep(0.2 if many else 0.03)  # let the closed connections' work end
        return got


def value(sample: dict) -> float | None:
    """A sample's throughput: MB/s for a sink, else messages (for churn: connections) per second."""
    if "error" in sample:
        return None
    return sample["mb_per_s"] if sample["mode"] == "sink" else sample["msgs_per_s"]
