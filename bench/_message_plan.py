"""What bench.messages runs: contenders, cells and the floors to reach.  Add a row to add a pair."""

from dataclasses import dataclass

LIMIT = "c_blocking"  # of request and answer, and of the stream
MANY_LIMIT = "c_epoll_echo"  # of the 1000 connections; it echoes bytes without reading the fields
RECORD = 26  # bytes: DWORD, WORD, LONG, LONGLONG, double

ASK, STREAM, MANY = "request and answer", "100,000 records one way", "1000 connections"
CELLS = (ASK, STREAM, MANY)


@dataclass(frozen=True)
class Contender:
    """A pair of server and client; its program is a C file in native/ or a script in pairs/."""

    name: str
    kind: str  # limit, peer or target
    command: str
    cells: tuple[str, ...]
    needs: str | None = None


@dataclass(frozen=True)
class Floor:
    """A ratio to reach: the target's figure to the best of the named rows, in the same round."""

    what: str
    cell: str
    measure: str  # per_s or p50_us
    against: tuple[str, ...]
    sense: str
    bound: float
    target: str = "pysock"


def loops(*kinds: str) -> tuple[str, ...]:
    return tuple(f"{loop}_{kind}" for loop in ("asyncio", "uvloop") for kind in kinds)


CONTENDERS = (
    Contender("c_blocking", "limit", "c_messages.c", (ASK, STREAM)),
    Contender("c_epoll_echo", "limit", "c_epoll_echo.c", (MANY,)),
    Contender("asyncio_streams", "peer", "loop_pair.py --variant asyncio:streams", CELLS),
    Contender("asyncio_batch", "peer", "loop_pair.py --variant asyncio:batch", (STREAM,)),
    Contender("asyncio_proto", "peer", "loop_pair.py --variant asyncio:proto", (ASK, MANY)),
    Contender("uvloop_streams", "peer", "loop_pair.py --variant uvloop:streams", CELLS, "uvloop"),
    Contender("uvloop_batch", "peer", "loop_pair.py --variant uvloop:batch", (STREAM,), "uvloop"),
    Contender("uvloop_proto", "peer", "loop_pair.py --variant uvloop:proto", (ASK, MANY), "uvloop"),
    Contender("pysock", "target", "pysock_pair.py", CELLS, "pysock"),
    Contender("pysock_spin", "target", "pysock_pair.py --variant spin", (ASK,), "pysock"),
    Contender("pysock_blocks", "target", "pysock_pair.py --variant blocks", (STREAM,), "pysock"),
)

FLOORS = (
    Floor("p50 of request and answer, / C", ASK, "p50_us", ("c_blocking",), "<=", 1.25),
    Floor("the same per second, / asyncio streams", ASK, "per_s", ("asyncio_streams",), ">=", 1.5),
    Floor(
        "the same per second, / uvloop's faster one",
        ASK,
        "per_s",
        ("uvloop_streams", "uvloop_proto"),
        ">=",
        1.3,
    ),
    Floor("records per second, / asyncio streams", STREAM, "per_s", ("asyncio_streams",), ">=", 5.0),
    Floor(
        "1000 connections, messages per second, / uvloop's faster one",
        MANY,
        "per_s",
        ("uvloop_streams", "uvloop_proto"),
        ">=",
        1.3,
    ),
)
