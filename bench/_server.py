"""What every bench over sockets does alike: a server that listens, a client beside it, a CPU for each."""

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ._build import built
from ._report import note

ROOT = Path(__file__).parents[1]
PATIENCE = 60  # seconds until a server listens (a Windows is set up for those under Wine), or ends


def two_cpus(server: int | None = None, client: int | None = None) -> tuple[int | None, int | None]:
    """The server's CPU and the client's: those asked for, else the first ones; (None, None) where there is but one."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2 and None in (server, client):
        note("one CPU for server and client: throughput and latency will mean little")
        return None, None
    server = server if server is not None else next(c for c in cpus if c != client)
    return server, client if client is not None else next(c for c in cpus if c != server)


def pinned(cpu: int | None):
    """For preexec_fn, None where nothing is to be pinned; this process has one thread, so Python may run there."""
    return None if cpu is None else lambda: os.sched_setaffinity(0, {cpu})


def program(command: str, folder: str) -> list[str]:
    """How a contender is started: a C file of native/, which is built, or a script of the folder."""
    name, *options = command.split()
    if name.endswith(".c"):
        return [str(built(name)), *options]
    return [sys.executable, *script(name, folder), *options]


def script(name: str, folder: str) -> list[str]:
    return ["-m", f"bench.{folder}.{name.removesuffix('.py')}"]


class Server:
    """A process that has printed READY and its port."""

    def __init__(self, name: str, command: Sequence[str], cpu: int | None) -> None:
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            preexec_fn=pinned(cpu),
        )
        readable, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline().decode() if readable else ""
        if not line.startswith("READY "):
            why = self.stop() or f"no READY line in {PATIENCE} s"
            raise RuntimeError(f"{name} did not start: {why}")
        self.port = int(line.split()[1])

    def pids(self) -> list[int]:
        """The processes whose CPU time and memory are the server's."""
        return [self.process.pid]

    def stop(self) -> str:
        """End the process; return the end of what it said on stderr."""
        self.process.terminate()  # not kill: what runs under Wine ends its Wine
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace").strip()[-400:]
        self.errors.close()
        return said


def loadgen(server: Server, **options: object) -> list[str]:
    """The load generator's command line."""
    words = [str(built("loadgen.c")), "--port", str(server.port)]
    words += [word for pid in server.pids() for word in ("--pid", str(pid))]
    return words + [word for name, value in options.items() for word in (f"--{name}", str(value))]


def measure(command: list[str], cpu: int | None, seconds: float) -> dict:
    """What a client that measures for so long printed as JSON, or {"error": ...}."""
    limit = seconds + 60
    try:
        run = subprocess.run(
            command,
            capture_output=True,
            cwd=ROOT,
            text=True,
            errors="replace",
            timeout=limit,
            preexec_fn=pinned(cpu),
        )
    except subprocess.TimeoutExpired:
        return {"error": f"the client was not done after {limit:.0f} s"}
    if run.returncode:
        return {"error": run.stderr.strip()[-300:] or f"exit code {run.returncode}"}
    return json.loads(run.stdout)
