"""How bench.archive measures: a process per contender and task, turns within each round, CPU time."""

import json
import subprocess
import sys
import threading

from ._archive_plan import TASKS, Contender
from ._build import built
from ._server import ROOT, pinned

TIMES = 3  # in a row, for one sample; the limit too, so that caches are as warm for all


class Worker:
    """A contender's process; `made` is what it said about the bytes it made."""

    def __init__(self, contender: Contender, task: str, n: int, cpu: int | None) -> None:
        self.contender = contender
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench._archive_worker", contender.module, task, str(n)],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=pinned(cpu),
        )
        self.made = self.read()

    def read(self, timeout: float = 120) -> dict:
        watchdog = threading.Timer(timeout, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        return json.loads(line) if line else {"error": f"no answer; exit code {self.process.wait()}"}

    def time(self, direction: str) -> dict:
        try:
            self.process.stdin.write(f"{direction} {TIMES}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it is gone; read() tells how
        return self.read()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def limit(task: str, n: int, cpu: int | None) -> dict:
    """One sample of the C++ limit, in a process of its own."""
    command = [str(built("limit.cpp")), LAYOUTS.get(task, task), str(n), str(TIMES)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=pinned(cpu))
    return json.loads(run.stdout)


def faults(made: dict, task: str, cpu: int | None) -> str | None:
    """What is wrong with a contender's bytes or values, None when they are right."""
    if "error" in made:
        return made["error"]
    if not made["ok"]:
        return "bytes differ or other values came back"
    if made["hash"] and made["hash"] != limit(task, made["n"], cpu)["hash"]:
        return "bytes differ from the C++ limit's"
    return None


LAYOUTS = {task.name: task.layout for task in TASKS if task.layout}


def measure(task: str, n: int, contenders: list[Contender], rounds: int, cpu: int | None) -> dict:
    """{"n", "limit": [sample per round], "contenders": {name: made + seconds (_warm: per item) | error}}"""
    result: dict = {"n": n, "limit": [], "contenders": {}}
    workers = []
    try:
        for contender in contenders:
            worker = Worker(contender, task, n, cpu)
            workers.append(worker)
            if "skip" in worker.made:
                continue
            entry = result["contenders"][contender.name] = {"kind": contender.kind} | worker.made
            entry |= {d + warm: [] for d in ("write", "read") for warm in ("", "_warm")}
            if fault := faults(worker.made, task, cpu):
                entry["error"] = fault
        running = [
            w for w in workers if "error" not in result["contenders"].get(w.contender.name, {"error": 0})
        ]
        for count in range(rounds + 1):  # the first is a warm-up
            best = limit(task, n, cpu)
            if count:
                result["limit"].append(best)
            for worker in running:
                entry = result["contenders"][worker.contender.name]
                for direction in ("write", "read"):
                    if "error" in entry:
                        break
                    sample = worker.time(direction)
                    if "error" in sample:
                        entry["error"] = sample["error"]
                    elif count:
                        entry[direction].append(sample["cpu"])
                        entry[f"{direction}_warm"].append(sample["warm"])
    finally:
        for worker in workers:
            worker.stop()
    return result
