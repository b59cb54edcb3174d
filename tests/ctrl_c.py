"""Ctrl-C by program: `press()` here, and in a process of one's own `PRESS` with `own_console()`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

WINDOWS = sys.platform == "win32"


def press() -> None:
    """To this process.  On Windows Python's handler is called as Windows would call it, in another thread than the
    main one; a true CTRL_C_EVENT would reach all who share the console."""
    if WINDOWS:
        signal.raise_signal(signal.SIGINT)
    else:
        os.kill(os.getpid(), signal.SIGINT)


PRESS = "os.kill(0, signal.CTRL_C_EVENT)" if WINDOWS else "os.kill(os.getpid(), signal.SIGINT)"


def own_console() -> dict[str, Any]:
    """For subprocess.Popen: nobody else is there to hear its Ctrl-C."""
    return {"creationflags": subprocess.CREATE_NEW_CONSOLE} if sys.platform == "win32" else {}
