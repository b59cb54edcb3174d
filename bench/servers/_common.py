"""Shared by the echo servers: arguments, the listening socket, the READY line."""

import argparse
import mmap
import socket


def args(variants: tuple[str, ...] = ("",)) -> argparse.Namespace:
    p = argparse.ArgumentParser()
    p.add_argument("--mode", choices=("echo", "sink"), default="echo")
    p.add_argument("--variant", choices=variants, default=variants[0])
    return p.parse_args()


def buffer() -> memoryview:
    """What everybody receives into.  Whole pages, as in the C limit: a bytearray lies 16 bytes beside them, by luck of
    the heap sometimes elsewhere, and then the kernel's copies of 16 KiB and more take up to 1.4 times as long."""
    return memoryview(mmap.mmap(-1, 256 * 1024))


def listener() -> socket.socket:
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # Accepted sockets inherit TCP_NODELAY, so no contender pays a call per accept for it.
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.bind(("127.0.0.1", 0))
    s.listen(4096)
    s.setblocking(False)
    return s


def ready(port: int) -> None:
    print(f"READY {port}", flush=True)
