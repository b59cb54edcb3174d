"""How bench.sockets measures: servers as child processes on one CPU, the load generator on another."""

import contextlib
import json
import os
import re
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ._build import built
from ._report import note, number
from ._socket_plan import Cell, Contender

SERVERS = Path(__file__).parent / "servers"
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


def pinned(cpu: int | None):
    """For Popen's preexec_fn; this process has one thread, so running Python there is safe."""
    return None if cpu is None else lambda: os.sched_setaffinity(0, {cpu})


class Server:
    """A contender's process, listening."""

    def __init__(self, contender: Contender, mode: str, cpu: int | None) -> None:
        program, *options = contender.command.split()
        start = [built(program)] if program.endswith(".c") else [sys.executable, SERVERS / program]
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [*start, *options, "--mode", mode],
            stdout=subprocess.PIPE,
            stderr=self.errors,
            preexec_fn=pinned(cpu),
        )
        readable, _, _ = select.select([self.process.stdout], [], [], 20)
        line = self.process.stdout.readline().decode() if readable else ""
        if not line.startswith("READY "):
            raise RuntimeError(f"{contender.name} did not start: {self.stop() or 'no READY line in 20 s'}")
        self.port = int(line.split()[1])

    def stop(self) -> str:
        """End the process; return the end of what it said on stderr."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace").strip()[-400:]
        self.errors.close()
        return said


def load(server: Server, cell: Cell, settings: Settings) -> dict:
    """One sample: what loadgen printed, or {"error": ...}."""
    options = {
        "port": server.port,
        "pid": server.process.pid,
        "mode": cell.mode,
        "conns": cell.conns,
        "size": cell.size,
        "depth": cell.depth,
        "idle": settings.idle,
        "warmup": settings.warmup,
        "duration": settings.duration,
    }
    command = [str(built("loadgen.c")), *(word for k, v in options.items() for word in (f"--{k}", str(v)))]
    limit = settings.duration + settings.warmup + 30
    try:
        run = subprocess.run(
            command, capture_output=True, timeout=limit, preexec_fn=pinned(settings.load_cpu)
        )
    except subprocess.TimeoutExpired:
        return {"error": f"loadgen was not done after {limit:.0f} s"}
    if run.returncode:
        return {"error": run.stderr.decode(errors="replace").strip()[-200:] or f"exit code {run.returncode}"}
    return json.loads(run.stdout)


class Bench:
    """Runs cells; keeps a server per contender and mode alive between them."""

    def __init__(self, contenders: list[Contender], settings: Settings) -> None:
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
        key = (contender.name, mode)
        fresh = cell.mode == "idle"  # memory is counted from a server that has served nobody
        try:
            server = None if fresh else servers.get(key)
            if server is None:
                server = Server(contender, mode, self.settings.server_cpu)
                time.sleep(0.2 if fresh else 0)
            got = load(server, cell, self.settings)
        except RuntimeError as error:
            return {"error": str(error)}
        if fresh or "error" in got:
            servers.pop(key, None)
            said = server.stop()
            if "error" in got and said:
                got["error"] += f" (server: {said})"
        else:
            servers[key] = server
        many = cell.conns >= 1000 or fresh
        time.sleep(0.2 if many else 0.03)  # let the closed connections' work end
        return got


def value(sample: dict) -> float | None:
    """A sample's throughput: MB/s for a sink, else messages (for churn: connections) per second."""
    if "error" in sample:
        return None
    return sample["mb_per_s"] if sample["mode"] == "sink" else sample["msgs_per_s"]
