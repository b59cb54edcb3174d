"""An asyncio loop that drives the calling thread's pump, so that callbacks run between its own.

Any loop with `add_reader` (asyncio's own, uvloop) watches the pump's one descriptor.  For a loop without
(Windows' proactor) a helper thread watches it and calls the loop; callbacks still run in the loop's thread
only.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
import sys
import threading
from collections.abc import Callable

from pysock._embedding import Attachment, SignalWake, detach

__all__ = ["LoopAttachment", "attach", "detach"]


class LoopAttachment(Attachment):
    """The calling thread's pump in an asyncio event loop; made by :func:`attach`."""

    __module__ = "pysock.aio"

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.host = repr(loop)
        self._timer: asyncio.TimerHandle | None = None
        self._watcher: _Watcher | None = None
        self._wake: SignalWake | None = None
        super().__init__()

    def _open(self) -> None:
        self._fd = self.pump.fileno()
        try:
            self.loop.add_reader(self._fd, self._ready)
        except NotImplementedError:
            self._watcher = _Watcher(self.loop, self._fd, self._ready)
            return
        # Windows' selector loop sleeps through Ctrl-C; every other one is told of signals by itself.
        if sys.platform == "win32" and (wake := SignalWake.make()) is not None:
            self._wake = wake
            self.loop.add_reader(wake.fileno(), wake.drain)

    def _is_over(self) -> bool:
        return self.loop.is_closed()

    def _release(self) -> None:
        if self._watcher is not None:
            self._watcher.close()
        elif not self.loop.is_closed():
            self.loop.remove_reader(self._fd)
            if self._wake is not None:
                self.loop.remove_reader(self._wake.fileno())
        if self._wake is not None:
            self._wake.close()

    def _start_timer(self, milliseconds: int) -> None:
        self._timer = self.loop.call_later(milliseconds / 1000, self._due)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Watcher:
    """A thread that waits for one descriptor on behalf of a loop that cannot.

    It hands over and then stands still until the loop has dispatched: the descriptor stays readable until
    then, and looking at it meanwhile would only spin.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, fd: int, on_ready: Callable[[], None]) -> None:
        self._loop, self._fd, self._on_ready = loop, fd, on_ready
        self._go = threading.Semaphore(0)
        self._stop_reader, self._stop_writer = socket.socketpair()
        self._thread = threading.Thread(target=self._watch, name="pysock.aio", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._fd, selectors.EVENT_READ)
            selector.register(self._stop_reader, selectors.EVENT_READ)
            while all(key.fileobj is not self._stop_reader for key, _ in selector.select()):
                try:
                    self._loop.call_soon_threadsafe(self._hand_over)
                except RuntimeError:  # the loop is closed: nobody will dispatch any more
                    return
                self._go.acquire()

    def _hand_over(self) -> None:
        try:
            self._on_ready()
        finally:
            self._go.release()

    def close(self) -> None:
        self._stop_writer.send(b"\0")
        self._go.release()
        self._thread.join()
        self._stop_reader.close()
        self._stop_writer.close()


def attach(loop: asyncio.AbstractEventLoop | None = None) -> LoopAttachment:
    """Drive the calling thread's pump by an asyncio event loop.

    `loop` defaults to the running one; another must be given before it runs, and run in this thread.  Returns
    a handle with ``close()``, which is a context manager too; :func:`detach` closes it without the handle.

    Exceptions of callbacks go to `Pump.on_callback_error`, as everywhere; KeyboardInterrupt and SystemExit
    leave the loop's `run_forever()`.  `pysock.quit()` ends `pysock.run()` only, not this loop.

    Raises RuntimeError when no loop is running and none is given, or when the pump is attached already, to a loop that
    is not closed.
    [PY-25]
    """
    return LoopAttachment(asyncio.get_running_loop() if loop is None else loop)
