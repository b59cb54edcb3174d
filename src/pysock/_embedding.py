"""What the adapters share: a pump that is driven by somebody else's event loop.

A host loop has to do two things for a pump: call `dispatch()` whenever `fileno()` is readable, and call it
again at `next_deadline()`.  A timer set outside of `dispatch()` makes `fileno()` readable too, so the
deadline is looked at after every dispatch and nowhere else.
"""

from __future__ import annotations

import contextlib
import math
import signal
import socket
import threading
import time
from types import TracebackType
from typing import Self

from pysock._core.pump import Pump

_GUARD_MS = 20

_here = threading.local()  # .attachment: the one of this thread's pump


class Attachment:
    """A pump driven by another event loop, from `attach()` until :meth:`close` or the end of its ``with``
    block.

    It belongs to the thread that made it.  Closing it touches no socket: they wait until the pump is driven
    again, by another `attach()` or by `pump.run()`.
    """

    host = "an event loop"  # for messages
    nests = False  # may a callback run the host's loop itself, as a modal dialog does?

    def __init__(self) -> None:
        if (other := current()) is not None and other._is_over():
            other.close()  # nobody did, and nobody drives the pump by it any more
        elif other is not None:
            raise RuntimeError(f"this thread's pump is already driven by {other.host}; close that first")
        self.pump = Pump.current()
        self.closed = False
        self._deadline: float | None = None  # what the host's timer is set to
        self._depth = 0  # of dispatches under way
        self._guarding = False  # is the guard's timer running?
        self._open()
        _here.attachment = self
        self._set_timer()

    def close(self) -> None:
        """Take everything out of the host loop again.  A second call does nothing."""
        if self.closed:
            return
        self.closed = True
        if getattr(_here, "attachment", None) is self:
            del _here.attachment
        self._stop_timer()
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__} {'closed' if self.closed else self.host}>"

    # What a host has to provide.

    def _is_over(self) -> bool:
        """Has the host's loop come to its end, for good?"""
        return False

    def _open(self) -> None:
        """Have `_ready` called whenever `self.pump.fileno()` is readable."""
        raise NotImplementedError

    def _release(self) -> None:
        """Undo `_open`."""
        raise NotImplementedError

    def _start_timer(self, milliseconds: int) -> None:
        """Have `_due` called once, after that time."""
        raise NotImplementedError

    def _stop_timer(self) -> None:
        """Forget the timer; there may be none."""
        raise NotImplementedError

    def _start_guard(self, milliseconds: int) -> None:
        """Have `_look` called once, after that time; for hosts that nest."""
        raise NotImplementedError

    # What the host calls.

    def _ready(self) -> None:
        if self.closed:  # a call that was already on its way
            return
        if self.nests and not self._guarding:
            self._guarding = True
            self._start_guard(_GUARD_MS)
        self._depth += 1
        try:
            self.pump.dispatch(64 if self._depth == 1 else 1024)
        finally:
            self._depth -= 1
            if not self.closed:  # a callback may have closed us
                self._set_timer()

    def _look(self) -> None:
        """The guard.

        A callback that runs the host's loop holds up the dispatch it was called from, and the pump, which
        takes that dispatch to be at work, does not ask for another one.  So while it lasts, we look.
        """
        self._guarding = False
        if self._depth:
            self._ready()

    def _due(self) -> None:
        self._deadline = None
        self._ready()

    def _set_timer(self) -> None:
        deadline = self.pump.next_deadline()
        if deadline == self._deadline:
            return
        if self._deadline is not None:
            self._stop_timer()
        self._deadline = deadline
        if deadline is not None:  # rounded up: a timer never fires early, and none of 0.3 ms spins
            self._start_timer(max(0, math.ceil((deadline - time.monotonic()) * 1000)))


def current() -> Attachment | None:
    """The attachment of the calling thread's pump.  (After a fork the pump is a new one, and has none.)"""
    attachment: Attachment | None = getattr(_here, "attachment", None)
    return attachment if attachment is not None and attachment.pump is Pump.current() else None


def detach() -> bool:
    """Close the attachment of the calling thread's pump, if it has one.  Returns whether it had."""
    if (attachment := current()) is None:
        return False
    attachment.close()
    return True


class SignalWake:
    """A descriptor that becomes readable when a signal has come.

    A toolkit's loop sleeps in C and repeats an interrupted wait, so Python's handlers would not run, and
    Ctrl-C would do nothing, until something else happened.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)

    @classmethod
    def make(cls) -> SignalWake | None:
        """One, if signals arrive in this thread and nobody else is listening for them already."""
        if threading.current_thread() is not threading.main_thread():
            return None
        if (taken := signal.set_wakeup_fd(-1)) != -1:
            signal.set_wakeup_fd(taken)
            return None
        return cls()

    def fileno(self) -> int:
        return self._reader.fileno()

    def drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._reader.recv(4096):
                pass

    def close(self) -> None:
        ours = self._writer.fileno()
        if (now := signal.set_wakeup_fd(-1)) not in (-1, ours):
            signal.set_wakeup_fd(now)  # somebody took over meanwhile
        self._reader.close()
        self._writer.close()
