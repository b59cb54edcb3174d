"""One contender on one task, in a process of its own: python -m bench._archive_worker MODULE TASK N.

Says what it made, as one JSON line; then for each line `write TIMES` or `read TIMES` on stdin does that so
many times in a row and says the median of the CPU seconds, as native/limit.cpp does; and `warm`, the seconds per
item when an archive of FEW items is made or read again and again: the same work in memory that the process has had
before, where the kernel has no new pages to clear.
"""

import gc
import importlib
import json
import statistics
import sys
import time

from .impl import tasks

FEW = 10_000


def say(**words) -> None:
    print(json.dumps(words), flush=True)


def fnv(data) -> str:
    """The hash that native/limit.cpp prints: FNV-1a over 8-byte steps, then bytes."""
    m = memoryview(data).cast("B")
    h, whole = 1469598103934665603, len(m) // 8 * 8
    for part in (m[:whole].cast("Q"), m[whole:]):
        for v in part:
            h = ((h ^ v) * 1099511628211) & 0xFFFFFFFFFFFFFFFF
    return f"{h:016x}"


def flat(objects) -> list[tuple]:
    """The graph's objects as tuples; a link by the number of its target."""
    out = []
    for o in objects:
        match type(o).__name__:
            case "Point":
                out.append(("Point", o.id, o.x, o.y))
            case "Label":
                out.append(("Label", o.id, o.name))
            case _:
                out.append(("Link", o.id, o.to if isinstance(o.to, int) else o.to.id))
    return out


def correct(task: str, values, contender, raw, back) -> bool:
    """Whether the values came back, and for bulk in the same layout also whether the bytes are right."""
    if task == "bulk":
        d, u = (v.tobytes() for v in values)
        if contender.same and bytes(raw) != d + u:
            return False
        return memoryview(back[0]).tobytes() == d and memoryview(back[1]).tobytes() == u
    got = contender.values_of(back)
    if task == "graph":
        return flat(got) == flat(values)
    return [tuple(x) for x in got] == values


def prepare(module: str, task: str, n: int):
    """The contender with its bytes, checked, and one of FEW items; None when it does not do this task."""
    cls = getattr(importlib.import_module(f".impl.{module}", __package__), task.capitalize(), None)
    if cls is None:
        say(skip=True)
        return None
    n //= cls.scale
    values = getattr(tasks, task)(n)
    contender = cls(values)
    raw = contender.bytes_of(contender.write())
    few_n = FEW // cls.scale
    few = cls(getattr(tasks, task)(few_n))
    size = memoryview(raw).nbytes
    say(
        ok=correct(task, values, contender, raw, contender.read(raw)),
        bytes=size,
        n=n,
        hash=fnv(raw) if cls.same and task != "bulk" else None,
        same=cls.same,
        grain=cls.grain,
    )
    return contender, raw, few, few.bytes_of(few.write()), few_n


def timed(contender, direction: str, raw, times: int) -> float:
    """The median of the CPU seconds: what other work takes from us does not count."""
    clock = time.process_time_ns
    took = []
    gc.collect()
    gc.disable()
    for _ in range(times):
        start = clock()
        result = contender.write() if direction == "write" else contender.read(raw)
        took.append(clock() - start)
        del result
    gc.enable()
    return statistics.median(took) / 1e9


def serve(contender, raw, few, few_raw, few_n) -> None:
    for line in sys.stdin:
        direction, times = line.split()
        warm = timed(few, direction, few_raw, 10 * int(times)) / few_n
        say(cpu=timed(contender, direction, raw, int(times)), warm=warm)


def main() -> None:
    module, task, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
    try:
        ready = prepare(module, task, n)
    except Exception as error:  # told to the bench, which prints it and goes on with the others
        say(error=f"{type(error).__name__}: {error}"[:300])
        return
    if ready:
        serve(*ready)


if __name__ == "__main__":
    main()
