"""Echo or sink server on pysock.

--variant into: into the caller's buffer; bytes: a new object for each read; spin: into, polling before it
sleeps.
"""

import _common

import pysock
from pysock import FD_ALL, IPPROTO_TCP, SOCK_STREAM, TCP_NODELAY

a = _common.args(("into", "bytes", "spin"))
SINK = a.mode == "sink"
BUF = bytearray(256 * 1024)
VIEW = memoryview(BUF)
live = set()


class Conn(pysock.CAsyncSocket):
    pend = None

    def OnReceive(self, err):
        if a.variant == "bytes":
            data = self.ReceiveBytes(65536)
            n = len(data) if data else 0
            k = 0 if SINK or n <= 0 else self.Send(data)
        else:
            n = self.Receive(BUF)
            if n <= 0 or SINK:
                return
            data = BUF
            k = self.Send(BUF, n)
        if 0 <= k < n:  # until it would block: only then does OnSend follow
            while k < n and (more := self.Send(VIEW[k:n] if data is BUF else data[k:])) >= 0:
                k += more
        if k < n:
            self.pend = bytearray(data[max(k, 0) : n])

    def OnSend(self, err):
        while self.pend and (k := self.Send(self.pend)) >= 0:
            del self.pend[:k]

    def OnClose(self, err):
        live.discard(self)
        self.Close()


class Listener(pysock.CAsyncSocket):
    def OnAccept(self, err):
        c = Conn()
        while self.Accept(c):
            live.add(c)
            c = Conn()


ls = Listener()
ls.Create(0, SOCK_STREAM, FD_ALL, "127.0.0.1")
ls.SetSockOpt(TCP_NODELAY, 1, IPPROTO_TCP)  # accepted sockets inherit it
ls.Listen(4096)
_common.ready(ls.GetSockName()[1])
if a.variant == "spin":
    pysock.Pump.current().spin_us = 50
pysock.run()
