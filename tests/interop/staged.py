"""Random programs of CAsyncSocket calls on the real classes and on ours: the same results, codes and notifications.

    python -m tests.interop.staged --seed 1 --count 100
    python -m tests.interop.staged --seed 1 --first 17 --count 1

A program is lines for peers/stage.h: sockets s0 to s7 of one thread do this and that; `on I EVENT COMMANDS` says what
a callback does (EVENT 0 to 5: OnReceive, OnSend, OnOutOfBandData, OnAccept, OnConnect, OnClose); `settle` dispatches
until nothing happens any more.  Sockets of one thread hear of things in the order in which the system tells them,
which is not the same everywhere, so the lines of each socket are compared, from one `settle` to the next.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Callable

import pysock
from pysock import FIONREAD, INVALID_SOCKET, IPPROTO_TCP, SO_ERROR, SO_LINGER, SOCK_STREAM, TCP_NODELAY
from tests.interop.logged import rest
from tests.interop.peers import Peer

SOCKETS, CALLS = 8, 12
EVENTS = ("OnReceive", "OnSend", "OnOutOfBandData", "OnAccept", "OnConnect", "OnClose")


class RealStage(Peer):
    """The real classes."""

    def __init__(self) -> None:
        super().__init__("stage")

    def play(self, name: str, program: list[str]) -> list[str]:
        self.write(f"case {name}", *program, "case over")
        self.wait_for(lambda: "case over" in self.lines, f"the end of {name}")
        begin, end = self.lines.index(f"case {name}"), self.lines.index("case over")
        said = self.lines[begin + 1 : end]
        self.lines.clear()
        return said


class Actor(pysock.CAsyncSocket):
    def __init__(self, stage: OurStage, number: int) -> None:
        super().__init__()
        self.stage, self.number = stage, number
        self.port = 0
        self.loose: int | None = None
        self.calls = [0] * len(EVENTS)
        self.todo = [""] * len(EVENTS)

    def called(self, event: int, error: int) -> None:
        self.stage.lines.append(f"s{self.number} {EVENTS[event]}({error})")
        self.calls[event] += 1
        if self.calls[event] <= CALLS:
            for command in filter(None, self.todo[event].split(";")):
                self.stage.do(command)

    def OnReceive(self, nErrorCode: int) -> None:
        self.called(0, nErrorCode)

    def OnSend(self, nErrorCode: int) -> None:
        self.called(1, nErrorCode)

    def OnOutOfBandData(self, nErrorCode: int) -> None:
        self.called(2, nErrorCode)

    def OnAccept(self, nErrorCode: int) -> None:
        self.called(3, nErrorCode)

    def OnConnect(self, nErrorCode: int) -> None:
        self.called(4, nErrorCode)

    def OnClose(self, nErrorCode: int) -> None:
        self.called(5, nErrorCode)


class Blocker(Actor, pysock.CSocket):
    def Create(self, nSocketPort: int = 0, nSocketType: int = SOCK_STREAM, *rest: object) -> bool:
        self.SetTimeOut(20_000)  # a program that hangs is a difference
        return pysock.CSocket.Create(self, nSocketPort, nSocketType, "127.0.0.1")


class OurStage:
    """The twin of peers/stage.h."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.actors: list[Actor] = []
        self.endless = False  # callbacks of the last program kept each other going, up to the limit

    def play(self, name: str, program: list[str]) -> list[str]:
        self.lines = []
        self.actors = [Actor(self, i) for i in range(SOCKETS)]
        try:
            for line in program:
                if line == "settle":
                    rest(0.02)
                    self.lines.append("settled")
                elif line.startswith("on "):
                    _, i, event, todo = line.split(" ", 3)
                    self.actors[int(i)].todo[int(event)] = todo
                else:
                    self.do(line)
        finally:
            self.endless = any(n > CALLS for a in self.actors for n in a.calls)
            self.close()
        return self.lines

    def close(self) -> None:
        for a in self.actors:
            a.Close()
            if a.loose is not None:
                assert a.Attach(a.loose)
                a.Close()
            a.todo = [""] * len(EVENTS)
        rest(0)

    def do(self, command: str) -> None:
        verb, *words = command.split()
        n = [*map(int, words), 0, 0, 0, 0]
        a, b = self.actors[n[0]], self.actors[n[1]] if 0 <= n[1] < SOCKETS else self.actors[0]
        target = {"create": a, "accept": b, "attach": self.actors[n[2] % SOCKETS]}.get(verb)
        if (
            (verb in ("select", "detach") and a.m_hSocket == INVALID_SOCKET)
            or (target is not None and target.m_hSocket != INVALID_SOCKET)
            or (verb == "attach" and a.loose is None)
        ):
            self.lines.append(f"  s{a.number} {verb}: not now")
            return
        getattr(self, f"do_{verb}")(a, b, n)

    def tell(self, a: Actor, verb: str, result: int, *, failed: bool) -> int:
        error = f" error {a.GetLastError()}" if failed else ""
        self.lines.append(f"  s{a.number} {verb} -> {int(result)}{error}")
        return result

    def do_csocket(self, a: Actor, b: Actor, n: list[int]) -> None:
        new = self.actors[a.number] = Blocker(self, a.number)
        new.todo = a.todo

    def do_create(self, a: Actor, b: Actor, n: list[int]) -> None:
        ok = a.Create(0, n[1], n[2], "127.0.0.1")
        if ok and n[1] == SOCK_STREAM:
            a.SetSockOpt(TCP_NODELAY, 1, IPPROTO_TCP)
        self.tell(a, "create", ok, failed=not ok)
        if name := ok and a.GetSockName():
            a.port = name[1]

    def do_listen(self, a: Actor, b: Actor, n: list[int]) -> None:
        ok = a.Listen()
        self.tell(a, "listen", ok, failed=not ok)

    def do_connect(self, a: Actor, b: Actor, n: list[int]) -> None:
        ok = a.Connect("127.0.0.1", b.port)
        self.tell(a, "connect", ok, failed=not ok)

    def do_accept(self, a: Actor, b: Actor, n: list[int]) -> None:
        ok = a.Accept(b)
        self.tell(a, "accept", ok, failed=not ok)

    def do_send(self, a: Actor, b: Actor, n: list[int]) -> None:
        r = a.Send(bytes(n[1]), None, n[2])
        self.tell(a, "send", r, failed=r < 0)

    def do_receive(self, a: Actor, b: Actor, n: list[int]) -> None:
        r = a.Receive(bytearray(n[1]), None, n[2])
        self.tell(a, "receive", r, failed=r < 0)

    def do_all(self, a: Actor, b: Actor, n: list[int]) -> None:
        while self.tell(a, "receive", r := a.Receive(bytearray(4096)), failed=r < 0) > 0:
            pass

    def do_sendto(self, a: Actor, b: Actor, n: list[int]) -> None:
        r = a.SendTo(bytes(n[2]), b.port, "127.0.0.1")
        self.tell(a, "sendto", r, failed=r < 0)

    def do_receivefrom(self, a: Actor, b: Actor, n: list[int]) -> None:
        r = a.ReceiveFrom(bytearray(n[1]))[0]
        self.tell(a, "receivefrom", r, failed=r < 0)

    def do_shutdown(self, a: Actor, b: Actor, n: list[int]) -> None:
        ok = a.ShutDown(n[1])
        self.tell(a, "shutdown", ok, failed=not ok)

    def do_select(self, a: Actor, b: Actor, n: list[int]) -> None:
        ok = a.AsyncSelect(n[1])
        self.tell(a, "select", ok, failed=not ok)

    def do_close(self, a: Actor, b: Actor, n: list[int]) -> None:
        a.Close()

    def do_reset(self, a: Actor, b: Actor, n: list[int]) -> None:
        a.SetSockOpt(SO_LINGER, (1, 0))
        a.Close()

    def do_detach(self, a: Actor, b: Actor, n: list[int]) -> None:
        a.loose = a.Detach()
        self.tell(a, "detach", 1, failed=False)

    def do_attach(self, a: Actor, b: Actor, n: list[int]) -> None:
        to = self.actors[n[2]]
        assert a.loose is not None
        ok = to.Attach(a.loose, n[1])
        self.tell(to, "attach", ok, failed=not ok)
        to.port = a.port
        a.loose = None

    def do_there(self, a: Actor, b: Actor, n: list[int]) -> None:
        r = a.IOCtl(FIONREAD)
        self.tell(a, "there", -1 if r is None else r, failed=r is None)

    def do_name(self, a: Actor, b: Actor, n: list[int]) -> None:
        name = a.GetSockName()
        self.tell(a, "name", name is not None, failed=name is None)

    def do_peer(self, a: Actor, b: Actor, n: list[int]) -> None:
        name = a.GetPeerName()
        self.tell(a, "peer", name is not None, failed=name is None)

    def do_lasterror(self, a: Actor, b: Actor, n: list[int]) -> None:
        r = a.GetSockOpt(SO_ERROR)
        self.tell(a, "lasterror", -1 if r is None else r, failed=r is None)


class Author:
    """Writes a random program.

    Left out is what is known to end in Wine's own ways: data that is unread when a connection is reset, ends of
    receiving (ShutDown 0, 2), urgent bytes in between of other reading.
    """

    def __init__(self, seed: str) -> None:
        self.rng = random.Random(seed)
        self.lines: list[str] = []
        self.urgent = self.rng.random() < 0.15
        self.over = False  # an end is closed

    def mask(self) -> int:
        return self.rng.choice([63, 63, 63, 63, 1, 2, 3, 32, 33, 35, 62, 0])

    def size(self) -> int:
        return self.rng.choice([0, 1, 2, 4, 10, 50, 100, 1000, 4096, 20000])

    def end(self, i: int, *, inside: bool = False) -> str:
        """Something for one end of a connection to do, also inside of a callback."""
        r = self.rng
        if self.urgent:
            return f"send {i} {self.size()} 0" if r.random() < 0.5 else f"send {i} 1 1"
        kinds: list[tuple[int, Callable[[], str]]] = [
            (8, lambda: f"receive {i} {self.size() or 3} {r.choice([0, 0, 0, 2])}"),
            (3, lambda: f"all {i}"),
            (0 if inside else 3, lambda: f"select {i} {self.mask()}"),
            (1, lambda: f"there {i}"),
            (1, lambda: f"peer {i}"),
            (1, lambda: f"name {i}"),
            (1, lambda: f"lasterror {i}"),
            (0 if self.over else 8, lambda: f"send {i} {self.size()} 0"),
            (0 if self.over else 2, lambda: f"shutdown {i} 1"),
        ]
        return r.choices([k for _, k in kinds], [w for w, _ in kinds])[0]()

    def handlers(self, i: int) -> None:
        r = self.rng
        if self.urgent:
            self.lines += [f"on {i} 0 all {i}", f"on {i} 2 receive {i} 1 1"]
            return
        for event, chance in ((0, 0.7), (4, 0.3)):
            if r.random() < chance:
                other = r.choice([1, 2])
                todo = [
                    self.end(i if r.random() < 0.85 else other, inside=True)
                    for _ in range(r.choice([1, 1, 2]))
                ]
                if event == 0 and r.random() < 0.5:
                    todo = [r.choice([f"all {i}", f"receive {i} 4 0", f"receive {i} 1000 0"])]
                self.lines.append(f"on {i} {event} {';'.join(todo)}")

    def streams(self) -> list[str]:
        """s0 listens, s1 connects, s2 is accepted; perhaps s3 and s4 too."""
        r, add = self.rng, self.lines.append
        add(f"create 0 1 {r.choice([63, 63, 63, 8, 43])}")
        add("listen 0")
        add(f"create 1 1 {63 if self.urgent else self.mask()}")
        self.handlers(1)
        self.handlers(2)
        early = r.random() < 0.5
        if early:
            add("on 0 3 accept 0 2" + (f";{self.end(2, inside=True)}" if r.random() < 0.3 else ""))
        add("connect 1 0")
        add("settle")
        if not early or r.random() < 0.2:
            if r.random() < 0.4:
                add(self.end(1))
                add("settle")
            add("accept 0 2")
            add("settle")
        for _ in range(r.randrange(3, 12)):
            i = r.choice([1, 2])
            roll = r.random()
            if roll < 0.06 and not self.urgent:
                self.lines += [
                    f"detach {i}",
                    f"attach {i} {self.mask()} {i + 4}",
                    f"on {i + 4} 0 all {i + 4}",
                ]
            elif roll < 0.1:
                self.lines += ["create 3 1 63", "connect 3 0", "settle", "accept 0 4"]
            elif roll < 0.14:
                odd = [
                    "connect 1 0",
                    "listen 1",
                    "accept 1 6",
                    "close 0",
                    "send 0 5 0",
                    "receive 0 5 0",
                    "accept 0 6",
                ]
                add(
                    r.choice(
                        [*odd, "create 7 1 63", "send 7 1 0", "receive 7 1 0", f"shutdown 0 {r.randrange(3)}"]
                    )
                )
            elif roll < 0.2 and not self.over:
                self.over = True
                self.lines += ["all 1", "all 2", "settle", f"{r.choice(['close', 'reset'])} {i}"]
            else:
                add(self.end(i))
            if r.random() < 0.7 or self.urgent or self.lines[-1].startswith(("receive", "all")):
                add("settle")
        add("settle")
        return self.lines

    def blocking(self) -> list[str]:
        """s1 and s2 are CSockets, perhaps s0 too; nothing is asked for that would have to wait for this very thread."""
        r, add = self.rng, self.lines.append
        self.lines += [f"csocket {i}" for i in (0, 1, 2)[r.randrange(2) :]] + ["create 0 1 63", "listen 0"]
        handles = {i: r.choice([0, 0, 4, 1000]) for i in (1, 2)}  # bytes a Receive in OnReceive takes
        for i, n in handles.items():
            if n:
                add(f"on {i} 0 receive {i} {n} 0")
        self.lines += ["create 1 1 63", "connect 1 0", "settle", "accept 0 2"]
        if r.random() < 0.6:
            add("settle")
        there = {1: 0, 2: 0}
        shut: set[int] = set()
        for _ in range(r.randrange(4, 14)):
            i = r.choice([1, 2])
            other = 3 - i
            roll = r.random()
            if roll < 0.45 and i not in shut:
                n = self.size()
                add(f"send {i} {n} 0")
                there[other] += n
            elif roll < 0.9 and (there[i] or other in shut):
                n = self.size() or 3
                flags = r.choice([0, 0, 0, 2])
                add(f"receive {i} {n} {flags}")
                if not flags:
                    there[i] -= min(n, there[i])
            elif roll < 0.95 and not shut:
                add(f"shutdown {i} 1")
                shut.add(i)
            else:
                add(r.choice([f"there {i}", f"peer {i}", f"connect {i} 0", f"listen {i}", f"accept {i} 6"]))
            if r.random() < 0.6:
                add("settle")
                there = {i: 0 if handles[i] else there[i] for i in (1, 2)}
        add("settle")
        return self.lines

    def datagrams(self) -> list[str]:
        """s0, s1, s2 are datagram sockets."""
        r, add = self.rng, self.lines.append
        for i in range(3):
            add(f"create {i} 2 {self.mask()}")
            if r.random() < 0.5:
                verb = r.choice(
                    [f"receivefrom {i} 4", f"receivefrom {i} 100", f"receive {i} 100 0", f"receive {i} 4 2"]
                )
                add(f"on {i} 0 {verb}")
        add("settle")
        for _ in range(r.randrange(4, 14)):
            i, j, n = r.randrange(3), r.randrange(3), self.size()
            verbs = [f"sendto {i} {j} {n % 1500}"] * 3 + [
                f"receivefrom {i} {n}",
                f"receive {i} {n} {r.choice([0, 0, 2])}",
            ]
            verbs += [
                f"send {i} {n % 1500} 0",
                f"select {i} {self.mask()}",
                f"there {i}",
                f"peer {i}",
                f"name {i}",
            ]
            verbs += [f"connect {i} {j}", f"listen {i}", f"accept {i} 7", f"lasterror {i}"]
            add(r.choice(verbs))
            if r.random() < 0.7:
                add("settle")
        add("settle")
        return self.lines


def program(seed: str) -> list[str]:
    author = Author(seed)
    return author.rng.choice([author.streams, author.streams, author.blocking, author.datagrams])()


def portions(lines: list[str]) -> list[dict[str, list[str]]]:
    """The lines of each socket between one `settle` and the next."""
    out: list[dict[str, list[str]]] = [{}]
    for line in lines:
        if line == "settled":
            out.append({})
        else:
            out[-1].setdefault(line.split()[0], []).append(line)
    return out


RULES = [
    # EV-19, EV-31: Wine tells a reset as an end of the stream
    (re.compile(r"(s\d+ OnClose)\((10054|10053)\)"), r"\1(0)"),
    (re.compile(r"(  s\d+ receive) -> -1 error (10054|10053)"), r"\1 -> 0"),
    # EV-31: Wine's Send on a stream that was never connected
    (re.compile(r"(  s\d+ send -> -1 error) (10054|10057|10022)"), r"\1 10057"),
    (re.compile(r"(  s[12] listen -> 0 error) (10056|10022)"), r"\1 10056"),  # AS-29: one of the two
    (re.compile(r"(  s\d+ lasterror -> ).*"), r"\1"),
    (re.compile(r"(  s[1-7] shutdown -> ).*"), r"\1"),  # of a connection that was reset
]


GOT = re.compile(r"  s\d+ (receive) -> (\d+)$")


def merged(lines: list[str]) -> list[str]:
    """One OnReceive with all it led to instead of several: how much each reads depends on when the other side's next
    piece comes, and two that wait in the queue are one here (DV-4).  Before OnClose it may find nothing (DC-11)."""
    out: list[str] = []
    total, told = 0, False
    for line in [*lines, ""]:
        if " OnReceive(" in line:
            told = True
        elif (found := GOT.match(line)) and told and found[2] != "0":
            total += int(found[2])
        elif not (found and told and found[2] == "0"):
            if told and (total or " OnClose(" not in line):
                out.append(f"OnReceive, {total}")
            total, told = 0, False
            if line:
                out.append(line)
    return out


class Reader:
    """Leaves out what is Wine's, and what the rules leave open or decide otherwise."""

    def __init__(self, program: list[str]) -> None:
        self.selects = any(line.startswith(("select", "attach")) for line in program)
        self.datagrams = program[0].startswith("create 0 2")
        self.seen: set[str] = set()

    def plain(self, lines: list[str]) -> list[str]:
        out: list[str] = []
        for line in lines:
            for pattern, same in RULES:
                line = pattern.sub(same, line)
            if " OnClose(" in line:  # EV-17: once; EV-20: AsyncSelect tells again what is true
                if self.selects or line in self.seen:
                    continue
                self.seen.add(line)
            if " OnOutOfBandData(" in line and out[-2:-1] == [line]:
                continue  # EV-4: again, as long as the byte is unread
            if " OnSend(" not in line:  # its place is open (EV-27, EV-30), and DV-4 makes one of two
                out.append(line)
        out = merged(out)
        if not (self.selects or self.datagrams) and any(" OnSend(" in line for line in lines):
            out.append("OnSend")
        return out


def difference(program: list[str], real: list[str], ours: list[str]) -> str | None:
    for_real, for_ours = Reader(program), Reader(program)
    for n, (x, y) in enumerate(zip(portions(real), portions(ours), strict=True)):
        for who in sorted(x.keys() | y.keys()):
            if for_real.plain(x.get(who, [])) != for_ours.plain(y.get(who, [])):
                return f"portion {n}, {who}:\n  real: {x.get(who)}\n  ours: {y.get(who)}"
    return None


def compare(seed: int, first: int, count: int) -> list[str]:
    """What differs, in so many programs of a seed."""
    differ = []
    with RealStage() as real:
        ours = OurStage()
        for n in range(first, first + count):
            text = program(f"{seed}:{n}")
            found = difference(text, real.play(str(n), text), ours.play(str(n), text))
            if found and not ours.endless:
                differ.append("\n  ".join([f"--- {seed}:{n} {found}", *text]))
                print(differ[-1], flush=True)
    return differ


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--first", type=int, default=0)
    p.add_argument("--count", type=int, default=100)
    a = p.parse_args()
    wrong = compare(a.seed, a.first, a.count)
    print(f"{a.count} programs, {len(wrong)} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
