"""The situations of tests/vectors/sockets.json, and what the two sides do in them.

One side logs its callbacks in a mode; the other, the peer, does steps.  Steps of a group come without a
pause; after each group the logging side comes to rest, with so many lines in its log.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

RECORDED = Path(__file__).parents[1] / "vectors" / "sockets.json"


@dataclass(frozen=True)
class Scenario:
    mode: str
    role: str  # of the side that logs: server or client
    groups: tuple[tuple[int, tuple[str, ...]], ...]  # (lines in the log afterwards, steps of the peer)


def server(mode: str, *groups: tuple[int, str]) -> Scenario:
    return Scenario(mode, "server", tuple((n, tuple(steps.split("; "))) for n, steps in groups))


def client(mode: str, *groups: tuple[int, str]) -> Scenario:
    return Scenario(mode, "client", tuple((n, tuple(steps.split("; "))) for n, steps in groups))


SCENARIOS = {
    "receive-full": server("full", (5, "connect"), (9, "send 10"), (13, "send 10"), (15, "close")),
    "receive-part": server("part", (5, "connect"), (11, "send 10"), (17, "send 10"), (19, "close")),
    "receive-one-byte": server("onebyte", (5, "connect"), (11, "send 3"), (17, "send 3"), (18, "close")),
    "receive-none": server("none", (5, "connect"), (6, "send 10"), (6, "send 10"), (6, "close")),
    "receive-peek": server("peek", (5, "connect"), (86, "send 4"), (86, "send 4"), (86, "close")),
    "receive-part-data-and-close": server("part", (13, "connect; send 10; close")),
    "receive-none-data-and-close": server("none", (6, "connect; send 10; close")),
    "receive-big": server("full", (33, "connect; send 100000"), (35, "close")),
    "close-in-onreceive": server("close", (5, "connect"), (8, "send 10"), (8, "try 10"), (8, "close")),
    "reset": server("full", (5, "connect"), (9, "send 10"), (13, "send 10"), (15, "reset")),
    "half-close": server(
        "full", (5, "connect"), (9, "send 10"), (13, "send 10"), (15, "shutdown"), (15, "close")
    ),
    "accept-two": server("full", (8, "connect; connect"), (12, "close; close")),
    "accept-none": server("noaccept", (3, "connect; connect"), (3, "close; close")),
    "out-of-band": server("full", (5, "connect"), (7, "urgent"), (9, "close")),
    "asyncselect-off": server("select0", (5, "connect"), (10, "send 10"), (10, "send 10"), (10, "close")),
    "echo": server(
        "echo", (5, "connect"), (7, "send 10; receive 10"), (9, "send 3; receive 3"), (10, "close")
    ),
    "idle": server("idle", (5, "connect"), (6, "send 10"), (6, "send 10"), (6, "close")),
    "connect": client("full", (4, "accept"), (6, "close")),
    "connect-greeting": client("full", (7, "accept; send 5"), (9, "close")),
    "connect-refused": client("full"),
    "send-flood": client("flood", (5, "accept"), (7, "drain"), (8, "close")),
}


def recorded() -> dict[str, list[str]]:
    """What the real classes did, by scenario, without the times."""
    logs = {
        case["name"]: [line[7:] for line in case["observed"]] for case in json.loads(RECORDED.read_text())
    }
    return {name: [line for line in log if line != "time is over"] for name, log in logs.items()}


FLOOD_LINE = re.compile(r"  s0 sent so far (\d+), last error (\d+)")


def comparable(name: str, log: list[str]) -> list[str]:
    """The log; of a flood without the amounts, and as if the system had taken all after one pause (EV-13)."""
    if name != "send-flood":
        return log
    out: list[str] = []
    for line in log:
        line = FLOOD_LINE.sub(lambda m: f"  s0 sent so far ..., last error {m[2]}", line)
        line = re.sub(r"received in all \d+", "received in all ...", line)
        if out[-2:] != ["s0 OnSend(0)", "  s0 sent so far ..., last error 10035"] or line != "s0 OnSend(0)":
            out.append(line)
        else:
            del out[-2:]
            out.append(line)
    return out
