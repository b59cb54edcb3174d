"""A connection between our CSocket and a real one, with a storing and a loading archive at each end.

Both ends run programs (tests/interop/oracle/README.md): one stores what a program says, the other loads it,
and says what it got.  An archive lives as long as the connection, so messages refer back to earlier ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from pysock import CArchive, CSocket, CSocketFile
from tests.interop.oracle.script import Op, Program, classes_script, expand, objects_script, script_line
from tests.interop.peers import ScriptPeer
from tests.vectors.program import NO_LIMITS, Runner
from tests.vectors.readback import mirror

PATIENCE_MS = 60_000
OPTIONS: dict[str, Any] = {"unicode": True, "faithful": False, "errors": "replace", **NO_LIMITS}


class OurEnd(Runner):
    """Runs the operations of a program on an archive over a socket."""

    def __init__(self, program: Program, *, face: str = "members", **options: Any) -> None:
        super().__init__(program, face=face, **{**OPTIONS, **options})

    def act(self, archive: CArchive, ops: Iterable[Op]) -> list[str]:
        """What the operations gave; an exception goes on to the caller."""
        self.archive = archive
        before = len(self.seen.lines)
        for op in expand(list(ops)):
            self.op_number += 1
            self.verb = script_line(op).split()[0]
            self.step(op)
        return values(self.seen.lines[before:])


def values(lines: Iterable[str]) -> list[str]:
    """Result lines without the number of the operation."""
    return [line.split(" ", 2)[2] if line.startswith("val op=") else line for line in lines]


def loading_ops(program: Program, ops: Iterable[Op]) -> list[Op]:
    return [back for op in expand(list(ops)) for back in mirror(program, op)]


class Connection:
    """`role` is ours: client or server.  The peer is led by commands, we act in this thread."""

    def __init__(
        self,
        peer: ScriptPeer,
        role: str,
        program: Program,
        *,
        buffer: int = 4096,
        loading: Program | None = None,
        **options: Any,
    ) -> None:
        self.peer = peer
        self.sock = CSocket()
        self.sock.SetTimeOut(PATIENCE_MS)
        peer.do("case connection", *classes_script(program))
        if role == "client":
            port = peer.listen()
            assert self.sock.Create(), self.sock.GetLastError()
            peer.start("accept", f"archives {buffer}")
            assert self.sock.Connect("127.0.0.1", port), self.sock.GetLastError()
            assert peer.finish() == ["val accept 1 error 0"]
        else:
            with CSocket() as listener:
                listener.SetTimeOut(PATIENCE_MS)
                assert listener.Create(0, lpszSocketAddress="127.0.0.1") and listener.Listen()
                peer.start(f"connect {listener.GetSockName()[1]}", f"archives {buffer}")
                assert listener.Accept(self.sock), listener.GetLastError()
            assert peer.finish() == ["val connect 1 error 0"]
        face = options.pop("face", "members")
        self.storing = OurEnd(program, face=face, **options)
        self.loading = OurEnd(loading or program, face=face, **options)
        self.file = CSocketFile(self.sock)
        self.out = self._archive(CArchive.store, buffer, self.storing)
        self.into = self._archive(CArchive.load, buffer, self.loading)

    def _archive(self, mode: int, buffer: int, end: OurEnd) -> CArchive:
        return CArchive(self.file, mode, buffer, registry=end.lab.registry, **end.options)

    def define(self, program: Program, objects: list[dict[str, Any]]) -> None:
        """Makes objects at both ends; `program` knows their classes."""
        self.peer.write(*objects_script({**program, "objects": objects}))
        self.storing.lab._make_objects(objects)

    def we_store(self, ops: list[Op], back: list[Op]) -> list[str]:
        """We store; what the real archive loaded."""
        self.peer.start("in", *map(script_line, expand(back)))
        self.storing.act(self.out, [*ops, ["Flush"]])
        return values(self.peer.finish())

    def it_stores(self, ops: list[Op], back: list[Op]) -> list[str]:
        """The real archive stores; what we loaded."""
        self.peer.start("out", *map(script_line, expand(ops)), "flush")
        got = self.loading.act(self.into, back)
        assert self.peer.finish() == []
        return got

    def close(self) -> None:
        self.out.Abort()
        self.into.Abort()
        self.sock.Close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
