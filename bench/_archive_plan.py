"""What bench.archive runs: contenders, task sizes and the floors to reach.  Add a row to add a contender."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    """A module of impl/ (see impl/_base.py); the C++ limit is native/limit.cpp and always runs."""

    name: str
    kind: str  # peer or target
    module: str
    needs: str | None = None  # a Python module without which it is left out


@dataclass(frozen=True)
class Task:
    name: str
    full: int
    quick: int
    unit: str
    layout: str = ""  # the task whose bytes these are, if it is not a task of its own for native/limit.cpp


@dataclass(frozen=True)
class Floor:
    """Figures to reach, (write, read): ns per item, or ratios to the C++ limit.

    Nanoseconds are a machine's; peer tells what the best one took where these were set, so that the ratio
    to today's best peer can be judged on any other machine.
    """

    what: str
    task: str
    measure: str  # "ns", "to_limit" or "to_plain": to the contender pysock on the same task
    bound: tuple[float, float]
    peer: tuple[float, float]
    grain: str = "any"  # "one": only peers that also make a call per value are its measure
    target: str = "pysock"


TASKS = (
    Task("scalars", 1_000_000, 100_000, "scalar"),
    Task("records", 100_000, 20_000, "record of 5 fields"),
    Task("bulk", 10_000_000, 1_000_000, "pair of double and DWORD"),
    Task("graph", 200_000, 20_000, "object"),
    Task("messages", 200_000, 20_000, "object, read one by one as messages", "graph"),
    Task("pieces", 400_000, 40_000, "object, all of them one message", "graph"),
)

CONTENDERS = (
    Contender("struct", "peer", "py_struct"),
    Contender("struct_io", "peer", "py_struct_io"),
    Contender("struct_batch", "peer", "py_struct_batch"),
    Contender("array", "peer", "py_array"),
    Contender("numpy", "peer", "np_batch", "numpy"),
    Contender("qdatastream", "peer", "qt_stream", "PySide6.QtCore"),
    Contender("msgspec", "peer", "own_msgspec", "msgspec"),
    Contender("pickle5", "peer", "own_pickle"),
    Contender("pysock", "target", "pysock_archive", "pysock"),
    Contender("pysock_push", "target", "pysock_push", "pysock"),
)

FLOORS = (
    Floor("scalars, one call each, ns", "scalars", "ns", (18, 32), (49, 72), "one"),
    Floor("record of 5 fields, call per field, ns", "records", "ns", (95, 180), (224, 388)),
    Floor("bulk arrays into memory that exists, / C++", "bulk", "to_limit", (1.10, 1.10), (1.07, 1.04)),
    Floor("objects with class tags, ns", "graph", "ns", (250, 180), (450, 422)),
    # Writing is the same in both: nothing to show there but the noise.
    Floor(
        "messages that are complete, pushed / plain",
        "messages",
        "to_plain",
        (1.15, 1.15),
        (1, 1),
        "any",
        "pysock_push",
    ),
    Floor(
        "one message in 1-KiB pieces / whole", "pieces", "to_plain", (1.5, 3), (1, 1), "any", "pysock_push"
    ),
)
