"""A loopback of our own: nobody else uses it, and every contender gets the same congestion control
(a system default of bbr paces even loopback, which makes the one-way stream measure the pacer)."""

import fcntl
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

from ._report import note

MARK = "PYSOCK_BENCH_NETNS"
CONTROL = Path("/proc/sys/net/ipv4/tcp_congestion_control")


def congestion_control() -> str:
    try:
        return CONTROL.read_text().strip()
    except OSError:
        return "unknown"


def bring_up() -> None:
    """Set the namespace's `lo` to up: SIOCSIFFLAGS with IFF_UP | IFF_RUNNING."""
    with socket.socket() as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))


def private_loopback(module: str, congestion: str) -> str:
    """Run `python -m module` again inside a network namespace; return which loopback this process has.

    As root, or as a user where unprivileged user namespaces are allowed; elsewhere the system's
    loopback serves, and the report says so.
    """
    if os.environ.get(MARK):
        bring_up()
        try:
            CONTROL.write_text(congestion)
        except OSError as error:  # /proc/sys is read-only in some containers
            note(f"congestion control stays {congestion_control()}: {error}")
        return "private"
    unshare = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
    trial = [*unshare, sys.executable, "-c", f"import {__name__} as netns; netns.bring_up()"]
    try:
        works = subprocess.run(trial, capture_output=True).returncode == 0
    except OSError:
        works = False
    if not works:
        note("no private network namespace here: using the system's loopback as it is")
        return "system"
    os.environ[MARK] = "1"
    os.execvp("unshare", [*unshare, sys.executable, "-m", module, *sys.argv[1:]])
