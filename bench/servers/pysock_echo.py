"""Echo or sink server on pysock.  As in the C limit, what a peer does not take stops the reading.

--variant into: into one buffer; bytes: a new object for each read; spin: into, polling before it sleeps.
"""

import pysock
from pysock import FD_ALL, IPPROTO_TCP, SOCK_STREAM, TCP_NODELAY

from . import _common

a = _common.args(("into", "bytes", "spin"))
BUF = _common.buffer()
live = set()


def later(err):
    """Stands in for OnReceive while bytes wait to be sent: what is not read stays announced."""


class Conn(pysock.CAsyncSocket):
    rest = b""

    def flush(self, rest):
        while rest and (k := self.Send(rest)) >= 0:  # until it would block: only then does OnSend follow
            rest = rest[k:]
        return rest

    def keep(self, rest):
        if rest := self.flush(rest):
            self.rest = bytes(rest)
            self.OnReceive = later

    def OnSend(self, err):
        if self.rest:
            self.rest = self.flush(self.rest)
            if not self.rest:
                del self.OnReceive
                self.OnReceive(0)

    def OnClose(self, err):
        live.discard(self)
        self.Close()


class Into(Conn):
    def OnReceive(self, err):
        n = self.Receive(BUF)
        if n > 0 and (k := self.Send(BUF, n)) < n:
            self.keep(BUF[max(k, 0) : n])


class Bytes(Conn):
    def OnReceive(self, err):
        if data := self.ReceiveBytes(65536):
            if (k := self.Send(data)) < len(data):
                self.keep(data[max(k, 0) :])


class Sink(Conn):
    def OnReceive(self, err):
        self.Receive(BUF)


class SinkBytes(Conn):
    def OnReceive(self, err):
        self.ReceiveBytes(262144)


class Listener(pysock.CAsyncSocket):
    def OnAccept(self, err):
        c = Served()
        while self.Accept(c):
            live.add(c)
            c = Served()


Served = {
    ("echo", "into"): Into,
    ("echo", "spin"): Into,
    ("echo", "bytes"): Bytes,
    ("sink", "into"): Sink,
    ("sink", "spin"): Sink,
    ("sink", "bytes"): SinkBytes,
}[a.mode, a.variant]
ls = Listener()
ls.Create(0, SOCK_STREAM, FD_ALL, "127.0.0.1")
ls.SetSockOpt(TCP_NODELAY, 1, IPPROTO_TCP)  # accepted sockets inherit it
ls.Listen(4096)
_common.ready(ls.GetSockName()[1])
if a.variant == "spin":
    pysock.Pump.current().spin_us = 50
pysock.run()
