"""A process without a descriptor or handle left."""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections.abc import Iterator

import pytest

MOST = 3000  # sockets to take before it is said that there is no limit


@contextlib.contextmanager
def no_descriptors() -> Iterator[list[socket.socket]]:
    """Takes all there are; what it gives is closed one by one to have some again.

    POSIX lets a process lower its limit.  Windows has none but memory; a Wine has its Linux process's, which
    `tests/winlab/run.sh scarce` makes small.
    """
    hoard: list[socket.socket] = []
    with contextlib.ExitStack() as stack:
        stack.callback(lambda: [s.close() for s in hoard])
        if sys.platform != "win32":
            import resource

            before = resource.getrlimit(resource.RLIMIT_NOFILE)
            stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, before)
            resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        misses = 0
        while len(hoard) < MOST:
            try:
                hoard.append(socket.socket())
                misses = 0
            except OSError:
                misses += 1
                if misses == 3:
                    yield hoard
                    return
                time.sleep(0.05)  # what was closed before this may be free a little later (Wine)
        pytest.skip(f"more than {MOST} sockets are to be had: see tests/winlab/run.sh scarce")
