"""Echo or sink on pysock.

--variant into: into one buffer of ours; bytes: a new object per read; spin: into, and the pump polls before
it sleeps.
"""

import _common

import pysock
from pysock import FD_ALL, IPPROTO_TCP, SOCK_STREAM, TCP_NODELAY

BUF = bytearray(256 * 1024)
live = set()
blocked = {}  # connection: what the system did not take of its answer


class Conn(pysock.CAsyncSocket):
    """Reads again only when what it read is sent, as the C limit does."""

    def send_rest(self, data):
        """Send until all is taken or the system says it would block, which is what arms OnSend."""
        while data and (taken := self.Send(data)) >= 0:
            data = data[taken:]
        if data:
            blocked[self] = data

    def OnSend(self, err):
        if self in blocked:
            self.send_rest(blocked.pop(self))
            if self not in blocked:
                self.OnReceive(0)  # one that came meanwhile was left unanswered

    def OnClose(self, err):
        live.discard(self)
        blocked.pop(self, None)
        self.Close()


class EchoInto(Conn):
    def OnReceive(self, err):
        if blocked and self in blocked:
            return
        n = self.Receive(BUF)
        if n > 0 and (taken := self.Send(BUF, n)) != n:
            self.send_rest(bytes(BUF[max(taken, 0) : n]))


class EchoBytes(Conn):
    def OnReceive(self, err):
        if blocked and self in blocked:
            return
        data = self.ReceiveBytes(65536)
        if data and (taken := self.Send(data)) != len(data):
            self.send_rest(data[max(taken, 0) :])


class SinkInto(Conn):
    def OnReceive(self, err):
        self.Receive(BUF)


class SinkBytes(Conn):
    def OnReceive(self, err):
        self.ReceiveBytes(len(BUF))


class Listener(pysock.CAsyncSocket):
    def OnAccept(self, err):
        c = accepted()
        while self.Accept(c):
            live.add(c)
            c = accepted()


a = _common.args(("into", "bytes", "spin"))
accepted = {
    ("echo", False): EchoInto,
    ("echo", True): EchoBytes,
    ("sink", False): SinkInto,
    ("sink", True): SinkBytes,
}[a.mode, a.variant == "bytes"]
ls = Listener()
ls.Create(0, SOCK_STREAM, FD_ALL, "127.0.0.1")
ls.SetSockOpt(TCP_NODELAY, 1, IPPROTO_TCP)  # accepted sockets inherit it
ls.Listen(4096)
_common.ready(ls.GetSockName()[1])
if a.variant == "spin":
    pysock.Pump.current().spin_us = 50
pysock.run()
