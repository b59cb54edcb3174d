"""Shared by the echo servers: arguments, the listening socket, the READY line."""

import argparse
import socket


def args(variants: tuple[str, ...] = ("",)) -> argparse.Namespace:
    p = argparse.ArgumentParser()
    p.add_argument("--mode", choices=("echo", "sink"), default="echo")
    p.add_argument("--variant", choices=variants, default=variants[0])
    return p.parse_args()


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
