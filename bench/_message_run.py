"""How bench.messages measures: a server on one CPU, its own client (or the load generator) on another."""

import json
import select
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ._build import built
from ._message_plan import ASK, MANY, RECORD, STREAM, Contender
from ._report import note, number

PAIRS = Path(__file__).parent / "pairs"


@dataclass(frozen=True)
class Settings:
    """The knobs of one run: seconds, counts, and CPU numbers (None: not pinned)."""

    rounds: int
    duration: float
    warmup: float
    records: int
    connections: int
    server_cpu: int | None
    load_cpu: int | None


def program(contender: Contender) -> list[str]:
    name, *options = contender.command.split()
    start = [str(built(name))] if name.endswith(".c") else [sys.executable, str(PAIRS / name)]
    return [*start, *options]


def on_cpu(cpu: int | None) -> list[str]:
    return [] if cpu is None else ["taskset", "-c", str(cpu)]


class Server:
    """A server process, listening; a context manager."""

    def __init__(self, contender: Contender, cell: str, cpu: int | None) -> None:
        task = ["serve"] if cell != MANY else [] if contender.kind == "limit" else ["many"]
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [*on_cpu(cpu), *program(contender), *task], stdout=subprocess.PIPE, stderr=self.errors
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


def client(contender: Contender, cell: str, server: Server, settings: Settings) -> list[str]:
    if cell == ASK:
        return [*program(contender), "ask", str(server.port), str(settings.duration), str(settings.warmup)]
    if cell == STREAM:
        return [*program(contender), "stream", str(server.port), str(settings.records)]
    options = {
        "port": server.port,
        "pid": server.process.pid,
        "mode": "echo",
        "conns": settings.connections,
        "size": RECORD,
        "depth": 1,
        "ping": RECORD,
        "warmup": settings.warmup,
        "duration": settings.duration,
    }
    return [str(built("loadgen.c")), *(word for k, v in options.items() for word in (f"--{k}", str(v)))]


def sample(contender: Contender, cell: str, settings: Settings) -> dict:
    """{"per_s", perhaps "p50_us", "p99_us", "cpu_us"} or {"error"}."""
    try:
        server = Server(contender, cell, settings.server_cpu)
    except RuntimeError as error:
        return {"error": str(error)}
    command = [*on_cpu(settings.load_cpu), *client(contender, cell, server, settings)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=60 + settings.duration)
    except subprocess.TimeoutExpired:
        return {"error": f"the client was not done after {60 + settings.duration:.0f} s; {server.stop()}"}
    said = server.stop()
    if run.returncode:
        return {"error": f"{run.stderr.strip()[-300:]} (server: {said})"}
    got = json.loads(run.stdout)
    if cell != MANY:
        return got
    return {
        "per_s": got["msgs_per_s"],
        "p50_us": got["lat_us"]["p50"],
        "p99_us": got["lat_us"]["p99"],
        "cpu_us": got["server_us_per_msg"],
        "noise": got["wait_frac"],
    }


def run(
    contenders: list[Contender], cells: list[str], settings: Settings
) -> dict[str, dict[str, list[dict]]]:
    """Every cell, every round, contenders taking turns: {cell: {contender: [sample per round]}}."""
    samples: dict[str, dict[str, list[dict]]] = {}
    for cell in cells:
        row = samples[cell] = {c.name: [] for c in contenders if cell in c.cells}
        for _ in range(settings.rounds):
            for contender in contenders:
                if contender.name in row:
                    row[contender.name].append(sample(contender, cell, settings))
        last = ", ".join(f"{name} {number(got[-1].get('per_s'))}" for name, got in row.items())
        note(f"{cell}: {last}")
    return samples
