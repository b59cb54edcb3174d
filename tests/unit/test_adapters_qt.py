"""pysock.qt in real Qt 6: PySide6 in this process, PyQt6 in one of its own (two copies of Qt do not mix)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from embedding_cases import EmbeddingCases, Host, Line
from needs import needs

import pysock
import pysock.qt

pytestmark = [pytest.mark.adapters, pytest.mark.sockets]


class QtHost(Host):
    def __init__(self, core: Any) -> None:
        self.core = core
        self.loop: Any = None

    def attach(self) -> pysock.qt.QtAttachment:
        return pysock.qt.attach()

    def call_later(self, milliseconds: int, function: Callable[[], object]) -> None:
        self.core.QTimer.singleShot(milliseconds, function)

    def run(self) -> None:
        self.core.QCoreApplication.exec()

    def stop(self) -> None:
        self.core.QCoreApplication.quit()


@pytest.fixture(scope="module")
def app() -> Any:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    core = needs("PySide6.QtCore")
    return core.QCoreApplication.instance() or core.QCoreApplication([])


class TestQt(EmbeddingCases):
    @pytest.fixture
    def host(self, app: Any) -> QtHost:
        return QtHost(needs("PySide6.QtCore"))

    def test_a_modal_loop_inside_a_callback(self, host: QtHost, line: Line) -> None:
        recorder, theirs = line
        modal = host.core.QEventLoop()
        depth: list[bytes] = []

        def on_receive() -> None:
            depth.append(recorder.data)
            if len(depth) == 1:
                theirs.send(b"y")
                modal.exec()  # as QDialog.exec() does
            else:
                modal.quit()

        recorder.on_receive = on_receive
        with host.attach():
            theirs.send(b"x")
            assert host.run_until(lambda: len(depth) == 2)
            recorder.on_receive = None
            theirs.send(b"z")
            assert host.run_until(lambda: recorder.data == b"xyz")
        assert depth == [b"x", b"xy"]

    def test_a_modal_loop_sees_what_is_queued_behind_its_callback(
        self, host: QtHost, pump: pysock.Pump, line: Line
    ) -> None:
        """Work that was there before the dialog opened, and what Qt's own timers add while it is open."""
        recorder, theirs = line
        modal = host.core.QEventLoop()
        ran: list[str] = []

        def open_dialog() -> None:
            ran.append("opened")
            host.core.QTimer.singleShot(10, lambda: pump.call_soon(lambda: ran.append("posted")))
            host.core.QTimer.singleShot(20, lambda: pump.set_timer(1, lambda: ran.append("timer"), once=True))
            host.core.QTimer.singleShot(5000, modal.quit)
            modal.exec()
            ran.append("closed")

        def watch() -> None:
            if {"behind", "posted", "timer"} <= set(ran) and recorder.data:
                modal.quit()
            elif "closed" not in ran:
                host.core.QTimer.singleShot(2, watch)

        with host.attach():
            theirs.send(b"x")
            pump.call_soon(open_dialog)
            pump.call_soon(lambda: ran.append("behind"))
            host.core.QTimer.singleShot(2, watch)
            assert host.run_until(lambda: "closed" in ran)
        assert recorder.data == b"x"
        assert ran == ["opened", "behind", "posted", "timer", "closed"]

    def test_exit_status(self, host: QtHost, pump: pysock.Pump) -> None:
        def leave() -> None:
            raise SystemExit(3)

        with pytest.raises(SystemExit) as caught, host.attach():
            pump.call_soon(leave)
            sys.exit(host.core.QCoreApplication.exec())
        assert caught.value.code == 3


@pytest.mark.parametrize("binding", ["PySide6", "PyQt6"])
def test_the_binding_that_is_imported_is_taken(binding: str) -> None:
    needs(f"{binding}.QtCore") if binding == "PySide6" else _needs_elsewhere("PyQt6.QtCore")
    program = f"""
import socket, sys
import pysock, pysock.qt
assert not any(name.startswith(("PySide", "PyQt")) for name in sys.modules), "Qt is imported too early"
from {binding}.QtCore import QCoreApplication
try:
    pysock.qt.attach()
except RuntimeError as error:
    assert "QCoreApplication" in str(error)
app = QCoreApplication([])
ours, theirs = socket.socketpair()

class Reader(pysock.CAsyncSocket):
    def OnReceive(self, nErrorCode):
        print(self.ReceiveBytes(100))
        self.Close()
        raise KeyboardInterrupt

reader = Reader()
reader.Attach(ours)
pysock.Pump.current().set_timer(10, lambda: theirs.send(b"hello"), once=True)
try:
    with pysock.qt.attach():
        sys.exit(app.exec())
except KeyboardInterrupt:
    print("KeyboardInterrupt")
theirs.close()
loaded = [name for name in ("PySide6", "PyQt6") if name + ".QtCore" in sys.modules]
print(*loaded)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n") == ["b'hello'", "KeyboardInterrupt", binding, ""]


def _needs_elsewhere(module: str) -> None:
    """As needs(), without loading a second Qt here."""
    from importlib.util import find_spec

    from needs import lacks

    if find_spec(module.partition(".")[0]) is None:
        lacks(f"Python module {module}")
