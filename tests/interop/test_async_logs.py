"""CAsyncSocket's notifications: the calls that the real one makes in the same situations, in the same order.

Where ours differ on purpose it is listed in DEVIATIONS, and must be exactly so.  What differs from run
to run, because the system takes another amount of a flood at a time (EV-13), is left out by `comparable`.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Protocol

import pytest

from tests.interop.logged import OurLog, rest
from tests.interop.peers import LogPeer
from tests.interop.scenarios import SCENARIOS, Scenario, comparable, recorded
from tests.interop.stepping import OurSteps, PlainSteps, Steps

pytestmark = pytest.mark.sockets

RECORDED = recorded()


@dataclass(frozen=True)
class Deviation:
    """Lines of the real log that ours has otherwise, by which rule and why."""

    rule: str
    why: str
    real: tuple[str, ...]
    ours: tuple[str, ...]
    race: bool = False  # the real one, too, is seen doing as we do


CALL = ("s1 OnReceive(0) call 1",)
ALL_OF_BIG = (*["  s1 Receive(4096, flags=0) -> 4096"] * 24, "  s1 Receive(4096, flags=0) -> 1696",
              "  s1 Receive(4096, flags=0) -> -1", "  s1   error 10035")  # fmt: skip
FOUR = ("  s1 Receive(4, flags=0) -> 4",)
SEND = ("s1 OnSend(0)",)


def send_first(*read: str) -> Deviation:
    return Deviation(
        "TC-63 EV-30",
        "data lies there when a connection is accepted: Wine tells of the data first. No order is promised;"
        " that sending is possible we know without asking the system",
        (*read, *SEND),
        (*SEND, *read),
        race=True,
    )


DEVIATIONS = {
    "receive-part-data-and-close": send_first(*CALL, *FOUR),
    "receive-none-data-and-close": send_first(*CALL),
    "receive-big": send_first(*CALL, *ALL_OF_BIG),
    "reset": Deviation(
        "DV-2 EV-19",
        "Wine's Winsock tells of a reset as of a close; Windows and we say WSAECONNRESET",
        ("s1 OnClose(0), received in all 20", "  s1 Receive(4096, flags=0) -> 0"),
        (
            "s1 OnClose(10054), received in all 20",
            "  s1 Receive(4096, flags=0) -> -1",
            "  s1   error 10054",
        ),
    ),
    "asyncselect-off": Deviation(
        "DV-3 EV-23",
        "queued when its event left the mask: dispatched by MFC, which promises nothing; dropped by us",
        ("s1 OnReceive(0) call 2", "  s1 Receive(4, flags=0) -> 4"),
        (),
        race=True,
    ),
}


def deviating(name: str, log: list[str]) -> list[str]:
    """The real log with the lines of a deviation as we have them."""
    if name not in DEVIATIONS:
        return log
    d = DEVIATIONS[name]
    places = [i for i in range(len(log)) if tuple(log[i : i + len(d.real)]) == d.real]
    assert len(places) == 1, f"{d.rule}: the real log of {name} has no such lines"
    return [*log[: places[0]], *d.ours, *log[places[0] + len(d.real) :]]


def real_logs(name: str) -> list[list[str]]:
    """The real one goes with the recorded log; where messages and calls race, it may also do as we do."""
    log = comparable(name, RECORDED[name])
    return [log, deviating(name, log)] if name in DEVIATIONS and DEVIATIONS[name].race else [log]


def by_socket(log: list[str]) -> list[str]:
    """The log of each socket; with two sockets, whose notification is posted first may be chance."""
    return sorted(log, key=lambda line: line.split()[0])


class LoggingSide(Protocol):
    port: int

    def log(self) -> list[str]: ...
    def settle(self, lines: int) -> None: ...
    def close(self) -> None: ...


def play(scenario: Scenario, side: type[OurLog] | type[LogPeer], peer: Steps) -> list[str]:
    """The log of one side in a scenario."""
    with contextlib.ExitStack() as stack:
        stack.callback(peer.end)
        port = None
        if scenario.role == "client":
            port = peer.listen() if scenario.groups else closed_port()
        logging: LoggingSide = side(scenario.mode, port)
        stack.callback(logging.close)
        peer.port = logging.port
        peer.all_sent = lambda: any(line.endswith("last error 0") for line in logging.log())
        logging.settle(2)
        for lines, steps in scenario.groups or ((3, ()),):
            for step in steps:
                peer.step(step)
            logging.settle(lines)
            rest()  # our own side, when the other is a real one
        return list(logging.log())


def closed_port() -> int:
    peer = PlainSteps()
    port = peer.listen()
    peer.end()
    return port


def names(role: str) -> list[str]:
    return [name for name, scenario in SCENARIOS.items() if scenario.role == role]


@pytest.mark.parametrize("steps", [PlainSteps, OurSteps], ids=["plain-peer", "our-peer"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_ours_does_what_is_recorded_of_the_real_one(name: str, steps: type[Steps]) -> None:
    log = play(SCENARIOS[name], OurLog, steps())
    real = deviating(name, comparable(name, RECORDED[name]))
    if steps is OurSteps:  # whose own notifications run the pump between two steps
        assert by_socket(comparable(name, log)) == by_socket(real)
    else:
        assert comparable(name, log) == real


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", names("server"))
def test_our_client_with_the_real_server(real_peers: None, name: str) -> None:
    peer = OurSteps()
    log = play(SCENARIOS[name], LogPeer, peer)
    assert by_socket(comparable(name, log)) in map(by_socket, real_logs(name))
    for link in peer.gone:
        assert link.events[:2] == ["OnConnect(0)", "OnSend(0)"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", names("client"))
def test_the_real_client_with_our_server(real_peers: None, name: str) -> None:
    peer = OurSteps()
    log = play(SCENARIOS[name], LogPeer, peer)
    assert by_socket(comparable(name, log)) in map(by_socket, real_logs(name))
    for link in peer.gone:
        assert link.events[:1] == ["OnSend(0)"]


def test_every_recorded_log_is_played() -> None:
    sockets = {name for name in RECORDED if not name.startswith("csocket-")}
    assert sockets == set(SCENARIOS)
    assert set(DEVIATIONS) <= sockets
