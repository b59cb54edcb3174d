"""A display for Tk."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from needs import needs, needs_command
from windows_marks import WINE

# Ends with us, not before: Xlib ends a process whose server goes away, and Tk keeps its connection to the last.
_UNTIL_WE_END = '"$@" & read -r _; kill $!'
_servers: list[subprocess.Popen[bytes]] = []


@contextlib.contextmanager
def display() -> Iterator[None]:
    """An X server of our own, one for the process, unless there is one already, or none is needed."""
    needs("tkinter")
    if sys.platform not in ("win32", "darwin") and not os.environ.get("DISPLAY"):
        _start()
    yield


def new_root() -> Any:
    """A `tkinter.Tk`. Wine now and then fails to open Tcl's start-up file ("couldn't read file ...: Success"), and
    opens it the next time."""
    tkinter = needs("tkinter")
    for _ in range(4 if WINE else 0):
        with contextlib.suppress(tkinter.TclError):
            return tkinter.Tk()
    return tkinter.Tk()


def _start() -> None:
    reader, writer = os.pipe()
    xvfb = [needs_command("Xvfb"), "-displayfd", str(writer), "-screen", "0", "640x480x24"]
    server = subprocess.Popen(
        ["sh", "-c", _UNTIL_WE_END, "sh", *xvfb],
        pass_fds=[writer],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with open(reader) as file:
        number = file.readline().strip()
    assert number, "Xvfb did not start"
    _servers.append(server)
    os.environ["DISPLAY"] = f":{number}"
