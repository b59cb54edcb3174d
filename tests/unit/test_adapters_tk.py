"""pysock.tk in real Tk, on an X server of its own: by descriptor, and by polling as on Windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from embedding_cases import EmbeddingCases, Host, Line
from needs import needs
from xserver import display, new_root

import pysock

pytestmark = [pytest.mark.adapters, pytest.mark.sockets]


class TkHost(Host):
    def __init__(self, root: Any, poll_ms: int | None) -> None:
        self.root = root
        self.poll_ms = poll_ms

    def attach(self) -> Any:
        from pysock import tk

        return tk.attach(self.root, poll_ms=self.poll_ms)

    def call_later(self, milliseconds: int, function: Callable[[], object]) -> None:
        self.root.after(milliseconds, function)

    def run(self) -> None:
        self.root.mainloop()

    def stop(self) -> None:
        self.root.quit()


@pytest.fixture(scope="module")
def x_server() -> Iterator[None]:
    with display():
        yield


_roots: list[Any] = []  # Tcl aborts the process when one is collected in another thread, as later tests might


@pytest.fixture
def root(x_server: None) -> Iterator[Any]:
    tkinter = needs("tkinter")
    root = new_root()
    _roots.append(root)
    root.withdraw()
    yield root
    try:
        root.destroy()
    except tkinter.TclError:  # the test did
        pass


class TestTk(EmbeddingCases):
    @pytest.fixture(params=[None, 3], ids=["descriptor", "polling"])
    def host(self, root: Any, request: pytest.FixtureRequest) -> TkHost:
        return TkHost(root, request.param)

    def test_update_inside_a_callback(self, host: TkHost, pump: pysock.Pump, line: Line) -> None:
        recorder, theirs = line
        seen: list[bytes] = []
        ran: list[str] = []

        def on_receive() -> None:
            seen.append(recorder.data)
            if len(seen) == 1:
                theirs.send(b"y")
                host.root.after(5, lambda: pump.call_soon(lambda: ran.append("posted")))
                variable = needs("tkinter").BooleanVar(host.root)
                host.root.after(100, lambda: variable.set(True))
                host.root.wait_variable(variable)  # as a dialog does
                ran.append("closed")

        recorder.on_receive = on_receive
        with host.attach():
            theirs.send(b"x")
            assert host.run_until(lambda: recorder.data == b"xy" and "closed" in ran)
        assert seen == [b"x", b"xy"]
        assert ran == ["posted", "closed"]

    def test_destroying_the_root_detaches(self, host: TkHost, line: Line) -> None:
        recorder, theirs = line
        handle = host.attach()
        host.call_later(5, host.root.destroy)
        host.run()
        assert handle.closed
        theirs.send(b"x")
        pump = pysock.Pump.current()
        assert pump.run_until(lambda: recorder.data == b"x", 5)

    def test_no_commands_are_left_in_tcl(self, host: TkHost) -> None:
        def commands() -> list[str]:
            return sorted(
                name for name in host.root.tk.splitlist(host.root.tk.call("info", "commands", "pysock*"))
            )

        timer = pysock.Pump.current().set_timer(1000, lambda: None)
        with host.attach():
            assert commands()
            assert host.root.tk.call("after", "info")
        pysock.Pump.current().kill_timer(timer)
        assert not commands()
        assert not host.root.tk.call("after", "info")


def test_poll_ms_is_checked(root: Any) -> None:
    from pysock import tk

    with pytest.raises(ValueError, match="poll_ms"):
        tk.attach(root, poll_ms=0)
