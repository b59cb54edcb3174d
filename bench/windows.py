"""python -m bench.windows: the echo servers in the genuine Windows Python under Wine, pysock beside asyncio's loops.

The servers run there (tests/winlab), each with a Wine of its own; the load generator is Linux's own program.  What Wine
adds to every system call burdens both sides alike: ratios count, figures do not.  Two are taken: messages a second, and
the CPU time of a message, in Python and in its Wine together, which does not mind a busy machine.

A message costs at least nine requests to the wineserver, whoever sends it: a recv, a send, its share of a wait, and
what Wine asks besides.  They are most of the time, so ratios are smaller here than where system calls are cheap.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import signal
import socket
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from . import _report
from ._build import built

ROOT = Path(__file__).resolve().parents[1]
WINPYTHON = ROOT / "tests" / "winlab" / "winpython"
SERVERS = Path("bench") / "servers"
PEERS = {
    "selector": "loop_echo.py --variant selector:proto",
    "selector, buffered": "loop_echo.py --variant selector:buf",
    "proactor": "loop_echo.py --variant proactor:proto",
    "proactor, buffered": "loop_echo.py --variant proactor:buf",
}
OURS = {"windows": "pysock_echo.py --variant into", "wsapoll": "pysock_echo.py --variant into"}
ECHO = (10, 200)  # connections that are all busy
FLOOR = 2.0  # pysock's throughput over the better loop's
GROWTH = 1.5  # cost of an event with 1,000 connections watched over that with 10
SHORT = 0.3  # seconds
BUSY = 10  # of the watched ones, when growth is measured


class Server:
    """A server under Wine: its port, and what it has cost so far."""

    def __init__(self, pid: int, port: int) -> None:
        self.port = port
        mark = f"/run/{pid}-".encode()  # in the name of its own Wine prefix
        self.processes = [path for path in Path("/proc").glob("[0-9]*") if mark in _prefix(path)]

    def cpu(self) -> float:
        """Seconds, of all its processes: Python's own and the wineserver's count."""
        ticks = 0
        for path in self.processes:
            with contextlib.suppress(OSError):
                fields = (path / "stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def _prefix(process: Path) -> bytes:
    try:
        environment = (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return b""
    return next((entry for entry in environment if entry.startswith(b"WINEPREFIX=")), b"")


@contextlib.contextmanager
def serving(name: str, command: str) -> Iterator[Server]:
    script, *options = command.split()
    poller = {"PYSOCK_POLLER": name} if name in OURS else {}
    process = subprocess.Popen(
        [WINPYTHON, SERVERS / script, *options],
        cwd=ROOT,
        env={**os.environ, **poller},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        readable, _, _ = select.select([process.stdout], [], [], 60)
        line = process.stdout.readline().decode() if readable else ""
        if not line.startswith("READY "):
            raise SystemExit(f"bench.windows: {name} did not start: {line!r}")
        yield Server(process.pid, int(line.split()[1]))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def watching(server: Server, count: int) -> Iterator[None]:
    """That many idle connections, of which the server knows."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            quiet = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            quiet.sendall(b"x")
            assert quiet.recv(1) == b"x"
        yield


def load(server: Server, conns: int, seconds: float) -> tuple[float, float]:
    """Messages of 64 bytes, there and back: how many, and the server's seconds of CPU, connecting included."""
    options = {
        "port": server.port,
        "size": 64,
        "conns": conns,
        "duration": seconds,
        "warmup": 0,
        "mode": "echo",
    }
    command = [str(built("loadgen.c")), *(word for k, v in options.items() for word in (f"--{k}", str(v)))]
    before = server.cpu()
    done = subprocess.run(command, capture_output=True, timeout=seconds + 120)
    if done.returncode:
        raise SystemExit(f"bench.windows: loadgen: {done.stderr.decode().strip()}")
    return json.loads(done.stdout)["msgs"], server.cpu() - before


def sample(server: Server, conns: int, seconds: float) -> dict[str, float]:
    """Messages a second, and microseconds of CPU for one: a long run less a short one, so connecting does not count."""
    few, little = load(server, conns, SHORT)
    many, much = load(server, conns, SHORT + seconds)
    messages = max(many - few, 1)
    return {"rate": messages / seconds, "cpu_us": (much - little) * 1e6 / messages}


def main() -> int:
    p = argparse.ArgumentParser(prog="python -m bench.windows", description=__doc__)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--duration", type=float, default=2.0, help="seconds measured per sample")
    p.add_argument("--json", metavar="FILE")
    a = p.parse_args()
    head = _report.header()
    print(_report.header_line(head))
    samples: dict[str, dict[str, list[dict[str, float]]]] = {}
    for turn in range(a.rounds):  # everybody in turn, so that a busy machine is everybody's
        for name, command in {**PEERS, **OURS}.items():
            with serving(name, command) as server:
                row = samples.setdefault(name, {})
                for conns in ECHO:
                    row.setdefault(f"echo x{conns}", []).append(sample(server, conns, a.duration))
                if name in OURS:
                    for watched in (BUSY, 1000):
                        with watching(server, watched - BUSY):
                            got = sample(server, BUSY, a.duration)
                        row.setdefault(f"{BUSY} busy of {watched}", []).append(got)
            told = ", ".join(
                f"{cell} {v[-1]['rate']:.0f}/s {v[-1]['cpu_us']:.0f} us" for cell, v in row.items()
            )
            _report.note(f"round {turn + 1}: {name}: {told}")

    def median(name: str, cell: str, what: str) -> float:
        return statistics.median(one[what] for one in samples[name][cell])

    def least(cell: str, what: str, sign: int) -> str:
        return min(PEERS, key=lambda name: sign * median(name, cell, what))

    verdicts = []
    for conns in ECHO:
        cell = f"echo x{conns}"
        quickest, cheapest = least(cell, "rate", -1), least(cell, "cpu_us", 1)
        for name in OURS:
            rate, cpu = median(name, cell, "rate"), median(name, cell, "cpu_us")
            more = rate / median(quickest, cell, "rate")
            less = median(cheapest, cell, "cpu_us") / cpu
            print(
                f"64 B {cell}: pysock {name} {rate:.0f}/s, {more:.2f} times asyncio's {quickest};"
                f" {cpu:.0f} us of CPU a message, {less:.2f} times less than asyncio's {cheapest}"
            )
            if name == "windows":
                verdicts.append((f"{cell}: throughput at least {FLOOR} times asyncio's", more >= FLOOR))
                verdicts.append((f"{cell}: CPU at least {FLOOR} times less than asyncio's", less >= FLOOR))
    for name in OURS:
        few, many = f"{BUSY} busy of {BUSY}", f"{BUSY} busy of 1000"
        growth = median(name, many, "cpu_us") / median(name, few, "cpu_us")
        print(f"pysock {name}: CPU of a message among 1,000 connections: {growth:.2f} of that among {BUSY}")
        if name == "windows":
            verdicts.append((f"it grows at most {GROWTH} times", growth <= GROWTH))
    for what, reached in verdicts:
        print(f"{'reached' if reached else 'MISSED'}: {what}")
    if a.json:
        _report.write_json(a.json, {"bench": "windows", "header": head, "samples": samples})
    return 0


if __name__ == "__main__":
    sys.exit(main())
