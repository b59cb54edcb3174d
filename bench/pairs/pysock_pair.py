"""CSocket, CSocketFile and a CArchive each way, a typed member a field; --variant blocks: struct over blocks;
spin: members, polling for 50 us before each sleep.

`serve` is a blocking CSocket server; `many` serves all its connections from OnReceive, on one thread.
"""

import time

import pysock
from pysock import IPPROTO_TCP, TCP_NODELAY, ArchiveEndOfFile, CArchive, CAsyncSocket, CSocket, CSocketFile

from ..servers._common import ready
from . import _record
from ._record import made

BLOCK = 2500  # records, about 64 KiB


def archives(sock):
    file = CSocketFile(sock)
    return CArchive(file, CArchive.load), CArchive(file, CArchive.store)


def serve_requests(into, out):
    while True:
        number = into.ReadDWORD()
        kind = into.ReadWORD()
        level = into.ReadLONG()
        when = into.ReadLONGLONG()
        value = into.ReadDOUBLE()
        out.WriteDWORD(number + 1)
        out.WriteWORD(kind ^ 1)
        out.WriteLONG(-level)
        out.WriteLONGLONG(when + 1)
        out.WriteDOUBLE(value + 1.0)
        out.Flush()


def serve_stream(into, out, count):
    total = 0
    for _ in range(count):
        number = into.ReadDWORD()
        _kind = into.ReadWORD()
        _level = into.ReadLONG()
        when = into.ReadLONGLONG()
        _value = into.ReadDOUBLE()
        total += number + when
    out.WriteULONGLONG(total & _record.MASK)
    out.Flush()


def serve_blocks(into, out, count):
    total, size = 0, _record.RECORD.size
    while count:
        n = min(count, BLOCK)
        for number, _kind, _level, when, _value in _record.RECORD.iter_unpack(into.Read(n * size)):
            total += number + when
        count -= n
    out.WriteULONGLONG(total & _record.MASK)
    out.Flush()


def serve():
    listening = CSocket()
    listening.Create(0, lpszSocketAddress="127.0.0.1")
    listening.SetSockOpt(TCP_NODELAY, 1, IPPROTO_TCP)
    listening.Listen(16)
    ready(listening.GetSockName()[1])
    while True:
        with CSocket() as sock:
            listening.Accept(sock)
            into, out = archives(sock)
            try:
                count = into.ReadDWORD()
                if count:
                    (serve_blocks if a.variant == "blocks" else serve_stream)(into, out, count)
                else:
                    serve_requests(into, out)
            except ArchiveEndOfFile:
                pass
            into.Abort()
            out.Abort()


class Served(CSocket):
    """One of many: every message that came with a notification is answered before the next one."""

    def open(self):
        self.archives = archives(self)

    def OnReceive(self, error):
        into, out = self.archives
        try:
            while True:
                out.WriteDWORD(into.ReadDWORD())
                out.WriteWORD(into.ReadWORD())
                out.WriteLONG(into.ReadLONG())
                out.WriteLONGLONG(into.ReadLONGLONG())
                out.WriteDOUBLE(into.ReadDOUBLE())
                if into.IsBufferEmpty():
                    break
            out.Flush()
        except pysock.CException:
            self.OnClose(0)

    def OnClose(self, error):
        if self in alive:
            alive.discard(self)
            for ar in self.archives:
                ar.Abort()
            self.Close()


class Listening(CAsyncSocket):
    def OnAccept(self, error):
        sock = Served()
        while self.Accept(sock):
            sock.open()
            alive.add(sock)
            sock = Served()


alive = set()


def serve_many():
    listening = Listening()
    listening.Create(0, lpszSocketAddress="127.0.0.1")
    listening.SetSockOpt(TCP_NODELAY, 1, IPPROTO_TCP)
    listening.Listen(4096)
    ready(listening.GetSockName()[1])
    pysock.run()


def connect(port, count):
    sock = CSocket()
    sock.Create()
    if not sock.Connect("127.0.0.1", port):
        raise SystemExit(f"Connect: {pysock.winsock_text(sock.GetLastError())}")
    sock.SetSockOpt(TCP_NODELAY, 1, IPPROTO_TCP)
    into, out = archives(sock)
    out.WriteDWORD(count)
    return sock, into, out


def ask(port, seconds, warmup):
    sock, into, out = connect(port, 0)
    watch, i = _record.Stopwatch(seconds, warmup), 0
    while watch.running():
        number, kind, level, when, value = made(i)
        out.WriteDWORD(number)
        out.WriteWORD(kind)
        out.WriteLONG(level)
        out.WriteLONGLONG(when)
        out.WriteDOUBLE(value)
        out.Flush()
        back = into.ReadDWORD(), into.ReadWORD(), into.ReadLONG(), into.ReadLONGLONG(), into.ReadDOUBLE()
        if back != _record.answer(number, kind, level, when, value):
            raise SystemExit("wrong answer")
        watch.took()
        i += 1
    into.Abort()
    out.Abort()
    sock.Close()
    watch.report()


def stream(port, count):
    expected = _record.expected_sum(count)
    sock, into, out = connect(port, count)
    before = time.perf_counter()
    if a.variant == "blocks":
        pack = _record.RECORD.pack
        for first in range(0, count, BLOCK):
            out.Write(b"".join([pack(*made(i)) for i in range(first, min(first + BLOCK, count))]))
    for i in range(0 if a.variant == "blocks" else count):
        number, kind, level, when, value = made(i)
        out.WriteDWORD(number)
        out.WriteWORD(kind)
        out.WriteLONG(level)
        out.WriteLONGLONG(when)
        out.WriteDOUBLE(value)
    out.Flush()
    back = into.ReadULONGLONG()
    took = time.perf_counter() - before
    into.Abort()
    out.Abort()
    sock.Close()
    _record.report_stream(count, took, back, expected)


a = _record.arguments(("members", "blocks", "spin"))
if a.variant == "spin":
    pysock.Pump.current().spin_us = 50
if a.task == "serve":
    serve()
elif a.task == "many":
    serve_many()
elif a.task == "ask":
    ask(a.port, a.seconds, a.warmup)
else:
    stream(a.port, a.count)
