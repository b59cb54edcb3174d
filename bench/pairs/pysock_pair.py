"""CSocket, CSocketFile and a CArchive each way, a typed member a field; --variant blocks: struct over blocks.

`serve` is a blocking CSocket server; `many` serves all its connections from OnReceive, on one thread.
"""

import time

import _record
from _record import made

import pysock
from pysock import IPPROTO_TCP, TCP_NODELAY, ArchiveEndOfFile, CArchive, CAsyncSocket, CSocket, CSocketFile

BLOCK = 2500  # records, about 64 KiB


def archives(sock):
    file = CSocketFile(sock)
    return CArchive(file, CArchive.load), CArchive(file, CArchive.store)


def serve_requests(into, out):
    dword, word, long, longlong, double = read_members(into)
    put_dword, put_word, put_long, put_longlong, put_double = write_members(out)
    flush = out.Flush
    while True:
        number, kind, level, when, value = dword(), word(), long(), longlong(), double()
        put_dword(number + 1)
        put_word(kind ^ 1)
        put_long(-level)
        put_longlong(when + 1)
        put_double(value + 1.0)
        flush()


def serve_stream(into, out, count):
    dword, word, long, longlong, double = read_members(into)
    total = 0
    for _ in range(count):
        number, _kind, _level, when, _value = dword(), word(), long(), longlong(), double()
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


def read_members(ar):
    return ar.ReadDWORD, ar.ReadWORD, ar.ReadLONG, ar.ReadLONGLONG, ar.ReadDOUBLE


def write_members(ar):
    return ar.WriteDWORD, ar.WriteWORD, ar.WriteLONG, ar.WriteLONGLONG, ar.WriteDOUBLE


def serve():
    listening = CSocket()
    listening.Create(0, lpszSocketAddress="127.0.0.1")
    listening.SetSockOpt(TCP_NODELAY, 1, IPPROTO_TCP)
    listening.Listen(16)
    _record.ready(listening.GetSockName()[1])
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
        self.into, self.out = archives(self)
        self.members = (*read_members(self.into), *write_members(self.out), self.into.IsBufferEmpty)

    def OnReceive(self, error):
        dword, word, long, longlong, double, put1, put2, put3, put4, put5, empty = self.members
        try:
            while True:
                number, kind, level, when, value = dword(), word(), long(), longlong(), double()
                put1(number)
                put2(kind)
                put3(level)
                put4(when)
                put5(value)
                if empty():
                    break
            self.out.Flush()
        except pysock.CException:
            self.OnClose(0)

    def OnClose(self, error):
        if self in alive:
            alive.discard(self)
            self.into.Abort()
            self.out.Abort()
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
    _record.ready(listening.GetSockName()[1])
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
    dword, word, long, longlong, double = read_members(into)
    put_dword, put_word, put_long, put_longlong, put_double = write_members(out)
    flush, watch, i = out.Flush, _record.Stopwatch(seconds, warmup), 0
    while watch.running():
        number, kind, level, when, value = made(i)
        put_dword(number)
        put_word(kind)
        put_long(level)
        put_longlong(when)
        put_double(value)
        flush()
        if (dword(), word(), long(), longlong(), double()) != _record.answer(
            number, kind, level, when, value
        ):
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
    put_dword, put_word, put_long, put_longlong, put_double = write_members(out)
    before = time.perf_counter()
    if a.variant == "blocks":
        pack = _record.RECORD.pack
        for first in range(0, count, BLOCK):
            out.Write(b"".join([pack(*made(i)) for i in range(first, min(first + BLOCK, count))]))
    for i in range(0 if a.variant == "blocks" else count):
        number, kind, level, when, value = made(i)
        put_dword(number)
        put_word(kind)
        put_long(level)
        put_longlong(when)
        put_double(value)
    out.Flush()
    back = into.ReadULONGLONG()
    took = time.perf_counter() - before
    into.Abort()
    out.Abort()
    sock.Close()
    _record.report_stream(count, took, back, expected)


a = _record.arguments(("members", "blocks"))
if a.task == "serve":
    serve()
elif a.task == "many":
    serve_many()
elif a.task == "ask":
    ask(a.port, a.seconds, a.warmup)
else:
    stream(a.port, a.count)
