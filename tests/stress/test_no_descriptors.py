"""EMFILE on accept: the client waits, the server neither dies nor spins, and serves it when it can."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

import pytest

pytestmark = [
    pytest.mark.stress,
    pytest.mark.sockets,
    pytest.mark.windows_lacks("a limit of descriptors to lower"),
]

SERVER = """
import resource, sys, time
import pysock

class Peer(pysock.CAsyncSocket):
    def OnReceive(self, nErrorCode):
        data = self.ReceiveBytes(100)
        if data:
            self.Send(data)
    def OnClose(self, nErrorCode):
        peers.discard(self)
        self.Close()

class Server(pysock.CAsyncSocket):
    calls = failures = 0
    def OnAccept(self, nErrorCode):
        Server.calls += 1
        peer = Peer()
        if self.Accept(peer):
            peers.add(peer)
        else:
            assert self.GetLastError() == pysock.WSAEMFILE, self.GetLastError()
            Server.failures += 1

class Commands(pysock.CAsyncSocket):
    def OnReceive(self, nErrorCode):
        global mark
        for command in self.ReceiveBytes(100).decode().split():
            if command == "mark":
                mark = time.process_time(), Server.calls
            elif command == "report":
                cpu, calls = time.process_time() - mark[0], Server.calls - mark[1]
                self.Send(f"{len(peers)} {Server.failures} {cpu} {calls}\\n".encode())
    def OnClose(self, nErrorCode):
        pysock.quit()

peers = set()
server = Server()
assert server.Create(0, lpszSocketAddress="127.0.0.1") and server.Listen(256)
commands = Commands()
print(*server.GetSockName(), flush=True)
import socket as plain
commands.Attach(plain.socket(fileno=int(sys.argv[1])))
import os
limit = max(int(name) for name in os.listdir("/proc/self/fd")) + 40 if os.path.isdir("/proc/self/fd") else 64
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
pysock.run()
for peer in list(peers):
    peer.Close()
server.Close()
commands.Close()
"""


def test_as_34_emfile_on_accept() -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(30)
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SERVER, str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    theirs.close()
    assert process.stdout is not None and process.stderr is not None
    host, port = process.stdout.readline().split()

    def report() -> tuple[int, int, float, int]:
        ours.sendall(b"report ")
        line = b""
        while not line.endswith(b"\n"):
            line += ours.recv(100)
        served, failures, cpu, calls = line.split()
        return int(served), int(failures), float(cpu), int(calls)

    def wait_for(happened: object) -> tuple[int, int, float, int]:
        deadline = time.monotonic() + 30
        while not happened(state := report()):  # type: ignore[operator]
            assert time.monotonic() < deadline, state
            time.sleep(0.01)
        return state

    clients = [socket.create_connection((host, int(port)), timeout=30) for _ in range(100)]
    try:
        ours.sendall(b"mark ")
        served, _, _, _ = wait_for(lambda state: state[1] > 0)
        assert 0 < served < 60, "the table is full"

        ours.sendall(b"mark ")
        time.sleep(1)
        still, _, cpu, calls = report()
        assert still == served
        assert cpu < 0.3, f"{cpu:.2f} s of CPU in a second of waiting"
        assert calls < 50, f"OnAccept came {calls} times in a second, for nothing"

        for client in clients:  # those already served still are
            client.sendall(b"hello")
        assert clients[0].recv(100) == b"hello"

        alive = list(clients)
        while alive:  # descriptors become free one by one, and everybody gets a turn
            client = alive.pop(0)
            assert client.recv(100) == b"hello" if client is not clients[0] else True
            client.close()
        wait_for(lambda state: state[0] == 0)
        with socket.create_connection((host, int(port)), timeout=30) as late:
            late.sendall(b"late")
            assert late.recv(100) == b"late"
    finally:
        for client in clients:
            client.close()
        ours.close()
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert errors == ""
