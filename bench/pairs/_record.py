"""The record, the command line and the measuring of the clients; native/c_messages.c tells the protocol."""

import argparse
import json
import struct
import time

RECORD = struct.Struct("<IHiqd")
COUNT = struct.Struct("<I")
SUM = struct.Struct("<Q")
MASK = (1 << 64) - 1


def made(i: int) -> tuple[int, int, int, int, float]:
    return i, i & 0xFFFF, -(i & 0xFFFFF), i << 20, i * 0.5


def answer(number: int, kind: int, level: int, when: int, value: float) -> tuple[int, int, int, int, float]:
    return number + 1, kind ^ 1, -level, when + 1, value + 1.0


def arguments(variants: tuple[str, ...]) -> argparse.Namespace:
    p = argparse.ArgumentParser()
    p.add_argument("--variant", choices=variants, default=variants[0])
    sub = p.add_subparsers(dest="task", required=True)
    sub.add_parser("serve")
    # bench.sockets' load generator sends records to be echoed: decoded and encoded again
    many = sub.add_parser("many")
    many.add_argument("--mode")
    asking = sub.add_parser("ask")
    asking.add_argument("port", type=int)
    asking.add_argument("seconds", type=float)
    asking.add_argument("warmup", type=float)
    streaming = sub.add_parser("stream")
    streaming.add_argument("port", type=int)
    streaming.add_argument("count", type=int)
    return p.parse_args()


def expected_sum(count: int) -> int:
    return sum(i + (i << 20) for i in range(count)) & MASK


class Stopwatch:
    """Round trips of one connection: `while watch.running(): ...; watch.took()`."""

    def __init__(self, seconds: float, warmup: float) -> None:
        self.seconds = seconds
        self.start = time.perf_counter() + warmup
        self.end = self.start + seconds
        self.times: list[float] = []
        self.before = 0.0

    def running(self) -> bool:
        self.before = time.perf_counter()
        return self.before < self.end

    def took(self) -> None:
        if self.before >= self.start:
            self.times.append(time.perf_counter() - self.before)

    def report(self) -> None:
        t = sorted(self.times)
        print(
            json.dumps(
                {
                    "per_s": len(t) / self.seconds,
                    "p50_us": t[len(t) // 2] * 1e6,
                    "p99_us": t[len(t) * 99 // 100] * 1e6,
                }
            )
        )


def report_stream(count: int, seconds: float, back: int, expected: int) -> None:
    if back != expected:
        raise SystemExit(f"the server's sum is {back}, not {expected}")
    print(json.dumps({"per_s": count / seconds}))
