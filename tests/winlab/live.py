"""The chat across systems: a server and a client in the Windows Python under Wine, the same in this one, talking.

python tests/winlab/live.py        # run by run.sh, with the Python that has this checkout installed
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

WINPYTHON = Path(__file__).parent / "winpython"
PYTHONS = {"Windows": [str(WINPYTHON)], "Linux": [sys.executable]}
PATIENCE = 90.0
TEXT = {"Windows": "from Windows: Grüße", "Linux": "from Linux: Привет"}


class Process:
    """A command whose output is read as it comes."""

    def __init__(self, system: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*PYTHONS[system], "-X", "utf8", "-m", "pysock", "chat", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.what = f"{system} {arguments[0]}"
        self.said = ""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line

    def wait_for(self, pattern: str) -> re.Match[str]:
        end = time.monotonic() + PATIENCE
        while (found := re.search(pattern, self.said)) is None:
            if time.monotonic() > end or self.process.poll() is not None:
                raise SystemExit(f"{self.what} never said {pattern!r}, but:\n{self.said}")
            time.sleep(0.02)
        return found

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(30)


def chat(server_system: str) -> None:
    server = Process(server_system, "serve", "--port", "0")
    clients: dict[str, Process] = {}
    try:
        port = server.wait_for(r"serving a chat at [\d.]+:(\d+)")[1]
        for system in PYTHONS:
            clients[system] = Process(system, "join", "--name", f"on-{system}", "--port", port)
            clients[system].wait_for(f"on-{system}: has joined")  # also when it could not even start
            server.wait_for(f"on-{system}")
        for system, client in clients.items():
            client.type(TEXT[system])
            for other in clients.values():
                if other is not client:
                    other.wait_for(f"on-{system}.*{re.escape(TEXT[system])}")
        for client in clients.values():
            client.type("/quit")
            code = client.process.wait(PATIENCE)
            if code:
                raise SystemExit(f"{client.what} ended with {code}:\n{client.said}")
    finally:
        for process in (*clients.values(), server):
            process.end()
    print(f"chat: {server_system} server, clients on {' and '.join(clients)}: all lines came")


if __name__ == "__main__":
    for system in PYTHONS:
        chat(system)
