"""Sockets inside a Tk program: callbacks run in the Tk thread, from its `mainloop()`::

    root = tkinter.Tk()
    with pysock.tk.attach(root):
        build_window(root)  # makes its sockets where it likes
        root.mainloop()

Destroying the root detaches.
"""

from __future__ import annotations

import contextlib
import itertools
import tkinter
from collections.abc import Callable
from typing import Any

from pysock._embedding import Attachment, SignalWake, detach

__all__ = ["TkAttachment", "attach", "detach"]

_POLL_MS = 20  # where Tk cannot watch a descriptor
_TCL_DESCRIPTORS = 1024  # Tcl 8 watches by select() and aborts the process on a descriptor from here on
_number = itertools.count()


class TkAttachment(Attachment):
    """The calling thread's pump in a Tk main loop; made by :func:`attach`.  Destroying the root closes it."""

    nests = True

    def __init__(self, root: tkinter.Misc, poll_ms: int | None) -> None:
        self._root = root
        self._tk: Any = root.tk  # what it offers differs from system to system
        self._poll_ms = poll_ms
        self._after: dict[str, str] = {}  # our Tcl command -> the `after` event that will run it
        self._wake: SignalWake | None = None
        self.host = f"the main loop of {root!r}"
        super().__init__()

    def _open(self) -> None:
        self._fd = self.pump.fileno()
        # Commands of our own rather than root.after(): that reports KeyboardInterrupt and goes on.
        self._due_command = self._command(self._due)
        self._poll_command = self._command(self._poll)
        self._guard_command = self._command(self._look)
        self._gone_command = self._command(self.close)
        if self._poll_ms is None and not (
            hasattr(self._tk, "createfilehandler") and self._fd < _TCL_DESCRIPTORS
        ):
            self._poll_ms = _POLL_MS
        if self._poll_ms is not None:
            self._start(self._poll_command, self._poll_ms)
        else:
            self._watch(self._fd, self._ready)
            if (wake := SignalWake.make()) is not None:
                self._wake = wake
                self._watch(wake.fileno(), wake.drain)
        # A trace on the widget's Tcl command, not a binding: not every tkinter can take back one of several.
        self._tk.call("trace", "add", "command", str(self._root), "delete", self._gone_command)

    def _release(self) -> None:
        for command in list(self._after):
            self._cancel(command)
        with contextlib.suppress(tkinter.TclError):  # the root may be gone, and its commands with it
            self._tk.call("trace", "remove", "command", str(self._root), "delete", self._gone_command)
        for command in (self._due_command, self._poll_command, self._guard_command, self._gone_command):
            with contextlib.suppress(tkinter.TclError):
                self._tk.deletecommand(command)
        if self._poll_ms is None:
            self._tk.deletefilehandler(self._fd)
        if self._wake is not None:
            self._tk.deletefilehandler(self._wake.fileno())
            self._wake.close()

    def _start_timer(self, milliseconds: int) -> None:
        self._start(self._due_command, milliseconds)

    def _start_guard(self, milliseconds: int) -> None:
        self._start(self._guard_command, milliseconds)

    def _stop_timer(self) -> None:
        self._cancel(self._due_command)

    def _command(self, function: Callable[[], None]) -> str:
        def run(*_: object) -> None:
            self._after.pop(name, None)
            function()

        name = f"pysock{next(_number)}"
        self._tk.createcommand(name, run)
        return name

    def _watch(self, fd: int, function: Callable[[], None]) -> None:
        self._tk.createfilehandler(fd, tkinter.READABLE, lambda _fd, _mask: function())

    def _start(self, command: str, milliseconds: int) -> None:
        self._after[command] = str(self._tk.call("after", milliseconds, command))

    def _cancel(self, command: str) -> None:
        if (event := self._after.pop(command, None)) is not None:
            with contextlib.suppress(tkinter.TclError):
                self._tk.call("after", "cancel", event)

    def _poll(self) -> None:
        try:
            self._ready()
        finally:
            if not self.closed and self._poll_ms is not None:
                self._start(self._poll_command, self._poll_ms)


def attach(root: tkinter.Misc, *, poll_ms: int | None = None) -> TkAttachment:
    """Drive the calling thread's pump by the main loop of `root`, a `tkinter.Tk`.

    Where Tk can watch a descriptor (everywhere but on Windows) callbacks run as soon as there is something to
    do.  Otherwise, or when `poll_ms` is given, the pump is looked at every `poll_ms` milliseconds (20).

    Returns a handle with ``close()``, which is a context manager too; :func:`detach` closes it without the
    handle, and so does destroying `root`.

    Exceptions of callbacks go to `Pump.on_callback_error`, as everywhere; KeyboardInterrupt (Ctrl-C included,
    which Tk alone would sit out) and SystemExit leave `mainloop()`.

    Raises RuntimeError when the pump is attached already, ValueError when `poll_ms` is below 1.  [PY-25]
    """
    if poll_ms is not None and poll_ms < 1:
        raise ValueError(f"poll_ms must be at least 1, not {poll_ms}")
    return TkAttachment(root, poll_ms)
