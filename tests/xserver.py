"""A display for Tk."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

from needs import needs, needs_command


@contextlib.contextmanager
def display() -> Iterator[None]:
    """An X server of our own, unless there is one already, or none is needed."""
    needs("tkinter")
    if sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY"):
        yield
        return
    reader, writer = os.pipe()
    command = [needs_command("Xvfb"), "-displayfd", str(writer), "-screen", "0", "640x480x24"]
    server = subprocess.Popen(
        command, pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(writer)
    with open(reader) as file:
        number = file.readline().strip()
    assert number, "Xvfb did not start"
    os.environ["DISPLAY"] = f":{number}"
    try:
        yield
    finally:
        del os.environ["DISPLAY"]
        server.terminate()
        server.wait(10)
