"""Sockets inside a Qt 6 program: callbacks run in the Qt thread, from its event loop::

    app = QApplication(sys.argv)
    with pysock.qt.attach():
        window = MainWindow()          # makes its sockets where it likes
        window.show()
        sys.exit(app.exec())

Works with PySide6 and PyQt6: the one that is imported already, else the first that can be.  Qt is not
imported before :func:`attach` is called.
"""

from __future__ import annotations

import importlib
import signal
import sys
from types import FrameType
from typing import Any

from pysock._embedding import Attachment, SignalWake, detach

__all__ = ["QtAttachment", "attach", "detach"]

_BINDINGS = ("PySide6", "PyQt6")


class QtAttachment(Attachment):
    """The calling thread's pump in this thread's Qt event loop; made by :func:`attach`."""

    host = "Qt's event loop"
    nests = True

    def __init__(self, core: Any) -> None:
        self._core = core
        self._error: BaseException | None = None  # KeyboardInterrupt or SystemExit, for whoever closes us
        self._dispatching = False
        super().__init__()

    def _open(self) -> None:
        core = self._core
        self._notifier = self._watch(self.pump.fileno(), self._on_ready)
        self._timer = self._single_shot(self._on_due)
        self._timer.setTimerType(core.Qt.TimerType.PreciseTimer)  # the default one may be 5 % late
        self._guard = self._single_shot(self._on_guard)
        self._wake: SignalWake | None = None
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler and (wake := SignalWake.make()):
            self._wake = wake
            self._wake_notifier = self._watch(wake.fileno(), self._on_signal)
            signal.signal(signal.SIGINT, self._on_interrupt)

    def _watch(self, fd: int, slot: Any) -> Any:
        notifier = self._core.QSocketNotifier(fd, self._core.QSocketNotifier.Type.Read)
        notifier.activated.connect(slot)
        return notifier

    def _single_shot(self, slot: Any) -> Any:
        timer = self._core.QTimer()
        timer.setSingleShot(True)
        timer.timeout.connect(slot)
        return timer

    def _release(self) -> None:
        self._notifier.setEnabled(False)
        self._guard.stop()
        if self._wake is not None:
            self._wake_notifier.setEnabled(False)
            if signal.getsignal(signal.SIGINT) == self._on_interrupt:
                signal.signal(signal.SIGINT, signal.default_int_handler)
            self._wake.close()

    def _start_timer(self, milliseconds: int) -> None:
        self._timer.start(milliseconds)

    def _stop_timer(self) -> None:
        self._timer.stop()

    def _start_guard(self, milliseconds: int) -> None:
        self._guard.start(milliseconds)

    def close(self) -> None:
        """Take everything out of the Qt loop; raise the KeyboardInterrupt or SystemExit that ended it."""
        super().close()
        error, self._error = self._error, None
        if error is not None:
            raise error

    # Slots.  Nothing may leave them: PyQt6 would abort, PySide6 print KeyboardInterrupt and go on.

    def _on_ready(self, *_: object) -> None:
        self._guarded(self._ready)

    def _on_due(self) -> None:
        self._guarded(self._due)

    def _on_guard(self) -> None:
        self._guarded(self._look)

    def _on_signal(self, *_: object) -> None:
        # Entering this function has run the handler: signals are looked at between two instructions.
        if self._wake is not None and not self.closed:
            self._wake.drain()

    def _guarded(self, step: Any) -> None:
        outer, self._dispatching = self._dispatching, True
        try:
            step()
        except (KeyboardInterrupt, SystemExit) as error:
            self._leave(error)
        finally:
            self._dispatching = outer

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        """Ctrl-C.  Raises as usual in our callbacks and outside of Qt's loop; else it ends that loop."""
        if self._dispatching or self._core.QThread.currentThread().loopLevel() == 0:
            raise KeyboardInterrupt
        self._leave(KeyboardInterrupt())

    def _leave(self, error: BaseException) -> None:
        self._error = error
        if isinstance(error, KeyboardInterrupt):
            status = 130
        else:
            status = error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else 1
        self._core.QCoreApplication.exit(status)


def _import_core() -> Any:
    for name in [name for name in _BINDINGS if f"{name}.QtCore" in sys.modules] or _BINDINGS:
        try:
            return importlib.import_module(f"{name}.QtCore")
        except ImportError:
            continue
    raise ImportError(
        f"neither {' nor '.join(_BINDINGS)} can be imported; `pip install PySide6-Essentials` is enough"
    )


def attach() -> QtAttachment:
    """Drive the calling thread's pump by this thread's Qt event loop.

    Returns a handle with ``close()``, which is a context manager too; :func:`detach` closes it without the
    handle.

    Exceptions of callbacks go to `Pump.on_callback_error`, as everywhere.  KeyboardInterrupt (Ctrl-C
    included, which Qt alone would ignore) and SystemExit make the running `exec()` return with a status other
    than 0 and are raised by ``close()``, so at the end of the ``with`` block.

    Raises RuntimeError when there is no QCoreApplication yet or when the pump is attached already,
    ImportError when there is no Qt 6 for Python.  [PY-25]
    """
    core = _import_core()
    if core.QCoreApplication.instance() is None:
        raise RuntimeError("make the QApplication (or QCoreApplication) before pysock.qt.attach()")
    return QtAttachment(core)
