"""Memory of this process, in bytes, and its descriptors, as its system tells it."""

from __future__ import annotations

import ctypes
import os
import sys

import pytest

if sys.platform == "win32":

    class _Counters(ctypes.Structure):
        _fields_ = [("cb", ctypes.c_uint32), ("faults", ctypes.c_uint32)] + [
            (name, ctypes.c_size_t)
            for name in ("peak", "resident", "a", "b", "c", "d", "pagefile", "peak_pagefile")
        ]

    def _counters() -> _Counters:
        counters = _Counters(cb=ctypes.sizeof(_Counters))
        ask = ctypes.WinDLL("kernel32", use_last_error=True).K32GetProcessMemoryInfo
        ask.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32]
        if not ask(-1, ctypes.byref(counters), counters.cb):
            raise ctypes.WinError(ctypes.get_last_error())
        return counters

    def resident() -> int:
        """What is in memory now."""
        return int(_counters().resident)

    def most_resident() -> int:
        """The most that ever was."""
        return int(_counters().peak)

else:
    import resource

    def resident() -> int:
        """What is in memory now."""
        if not os.path.exists("/proc/self/statm"):
            pytest.skip("no /proc to read memory from")
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def most_resident() -> int:
        """The most that ever was."""
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def descriptors() -> int:
    """How many descriptors this process has open (under Wine, those of the Linux process); 0 where that cannot be told.

    Not Windows' count of handles: the AFD poller keeps one for each 32 sockets there ever were at a time.
    """
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
