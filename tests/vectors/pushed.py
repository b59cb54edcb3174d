"""The programs of the vectors on an archive that gets its bytes piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pysock import PENDING, CArchive, CMemFile, PushArchive
from tests.interop.oracle.script import Op, Program, data_of
from tests.vectors.program import Observation, Runner

NEVER, AT_ONCE = 1 << 60, -1  # is a read stopped in the middle, or begun again?


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[i : i + size] for i in range(0, len(data), size))


def patient(patience: int, **options: Any) -> PushArchive:
    archive = PushArchive(**options)
    archive._set_patience(patience)
    return archive


def pull(archive: PushArchive, source: Iterator[bytes], load: Callable[[CArchive], Any]) -> Any:
    """What `load` gives once enough has come; the end of `source` is the end of the stream."""
    while (value := archive.try_load(load)) is PENDING:
        piece = next(source, None)
        if piece is None:
            archive.eof()
        else:
            archive.feed(piece)
    return value


class PushedRunner(Runner):
    """Runs a loading program over pieces; what an operation says is taken back if it lacks bytes."""

    def __init__(self, program: Program, source: Iterator[bytes], patience: int, **how: Any) -> None:
        super().__init__(program, **how)
        self.source, self.patience = source, patience

    def open(self) -> None:
        self.file = CMemFile()
        self.push = patient(self.patience, registry=self.lab.registry, **self.options)
        self.archive = self.push.archive

    def step(self, op: Op) -> None:
        if op[0] == "restore":  # stores, by an archive of its own
            return super().step(op)
        lines, loaded = len(self.seen.lines), len(self.loaded)

        def load(ar: CArchive) -> None:
            del self.seen.lines[lines:], self.loaded[loaded:]
            Runner.step(self, op)

        return pull(self.push, self.source, load)

    def run(self) -> Observation:
        try:
            return super().run()
        finally:
            self.push.close()


def run_pushed(program: Program, source: Iterator[bytes], patience: int = NEVER, **how: Any) -> Observation:
    how = {"unicode": True, "faithful": True, "face": "members", **how}
    return PushedRunner(program, source, patience, **how).run()


def whole(program: Program) -> bytes:
    return bytes(data_of(program))
