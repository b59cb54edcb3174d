"""Differential fuzzing: random programs on Microsoft's DLL and on pysock.

    python -m tests.interop.fuzz --seed 1 --count 10000
    python -m tests.interop.fuzz --replay failure.json

Each seed number gives up to six programs: one that stores, one that loads what was stored, two that load it
spoiled (bytes changed, classes changed, another class asked for), and two that load anything from anything. Bytes,
values, exceptions with their causes, calls on the file and bytes consumed must be the same.  A difference is made
smaller, printed and kept as a file.
"""

from __future__ import annotations

import argparse
import collections
import copy
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.interop.compare import SEEN_TOO_SHORT, Verdict, explain, judge, judge_results
from tests.interop.generate import Generator
from tests.interop.oracle import Observation as Real
from tests.interop.oracle import oracle
from tests.interop.oracle.script import Program
from tests.vectors.faces import FACES, SCALAR_FACES
from tests.vectors.program import NO_LIMITS, run
from tests.vectors.program import Observation as Ours

BLOCK = 400  # seed numbers to a batch
ANSI_EVERY = 4
DETAILED = 5  # so many differences are made small and shown whole; each costs some starts of Wine


class Case:
    """One program of one seed number."""

    def __init__(self, seed: str, kind: str, program: Program, *, ansi: bool, face: str) -> None:
        self.name = f"{seed}:{kind}".replace(" ", "_")
        self.kind, self.program, self.ansi, self.face = kind, program, ansi, face

    def ours(self, program: Program | None = None) -> Ours:
        return run(program or self.program, unicode=not self.ansi, face=self.face, **NO_LIMITS)

    def judge(self, real: Real) -> Verdict:
        ours = self.ours()
        verdict = judge(real, ours)
        if verdict.wrong and self.kind != "store" and any(" cause=3 " in line for line in ours.lines):
            # a file whose end is known is refused earlier than by MFC (AR-187), one that does not tell is not
            settings = {**self.program["settings"], "file": "plain", "blocking": 1, "nolog": 1}
            if not judge_results(real, self.ours({**self.program, "settings": settings})).wrong:
                return Verdict(None, SEEN_TOO_SHORT)
        return verdict


class Campaign:
    def __init__(
        self, seed: int, *, faces: tuple[str, ...] = FACES, keep: Path | None = None, small: bool = True
    ) -> None:
        self.seed, self.faces, self.keep, self.small = seed, faces, keep, small
        self.compared: collections.Counter[str] = collections.Counter()
        self.rules: collections.Counter[str] = collections.Counter()
        self.failures: list[str] = []

    def run(self, first: int, count: int) -> None:
        for start in range(first, first + count, BLOCK):
            numbers = range(start, min(start + BLOCK, first + count))
            for ansi in (False, True):
                self.block([n for n in numbers if (n % ANSI_EVERY == 0) == ansi], ansi=ansi)

    def block(self, numbers: list[int], *, ansi: bool) -> None:
        gens = {n: Generator(f"{self.seed}:{n}", ansi=ansi) for n in numbers}

        def case(n: int, kind: str, program: Program) -> Case:
            fitting = [
                f for f in self.faces if f in SCALAR_FACES or program["settings"].get("file") != "plain"
            ]
            face = gens[n].rng.choice(fitting)
            return Case(f"{self.seed}:{n}", kind, program, ansi=ansi, face=face)

        stores = {n: case(n, "store", g.storing()) for n, g in gens.items()}
        real = self.compare(stores.values(), ansi=ansi)
        loads = {}
        for n, c in stores.items():
            stored = real.get(c.name)
            if (
                stored
                and stored.data is not None
                and not any(line.startswith("exc") for line in stored.lines)
            ):
                loads[n] = case(n, "load", gens[n].loading(c.program, stored.data))
        spoiled = [
            case(n, f"spoiled{i}", gens[n].spoiled(c.program)) for n, c in loads.items() for i in range(2)
        ]
        stray = []
        for n, c in stores.items():
            stored = real.get(c.name)
            data = (stored.data if stored else None) or b""
            stray += [case(n, f"stray{i}", gens[n].stray(c.program, data)) for i in range(2)]
        self.compare([*loads.values(), *spoiled, *stray], ansi=ansi)

    def compare(self, cases: Any, *, ansi: bool) -> dict[str, Real]:
        cases = list(cases)
        real = oracle(unicode=not ansi).run([(c.name, c.program) for c in cases]) if cases else {}
        for c in cases:
            verdict = c.judge(real[c.name])
            self.compared[c.kind.rstrip("01")] += 1
            if verdict.rule:
                self.rules[verdict.rule] += 1
            if verdict.wrong:
                self.failed(c, verdict)
        return real

    def failed(self, case: Case, first: Verdict) -> None:
        if len(self.failures) >= DETAILED:
            self.failures.append(f"--- {case.name} (ansi={case.ansi}, face={case.face}): {first.wrong}")
            print(self.failures[-1], file=sys.stderr, flush=True)
            return
        small = smaller(case) if self.small else case
        real = oracle(unicode=not case.ansi).run([(small.name, small.program)])[small.name]
        ours = small.ours()
        verdict = small.judge(real)
        if not verdict.wrong:
            verdict = Verdict(f"only at first, not when repeated: {first.wrong}")
        report = explain(small.name, small.program, real, ours, verdict, ansi=case.ansi, face=case.face)
        self.failures.append(report)
        print(report, file=sys.stderr, flush=True)
        if self.keep:
            self.keep.mkdir(parents=True, exist_ok=True)
            path = self.keep / (small.name.replace(":", "-") + ".json")
            path.write_text(json.dumps({"ansi": case.ansi, "face": case.face, "program": small.program}))

    def summary(self) -> str:
        total = sum(self.compared.values())
        kinds = ", ".join(f"{n} {k}" for k, n in sorted(self.compared.items()))
        rules = "".join(f"\n  {n:5} by rule: {r}" for r, n in self.rules.most_common())
        differ = len(self.failures)
        return f"{total} random programs compared with the real DLL ({kinds}), {differ} differ{rules}"


def smaller(case: Case) -> Case:
    """The same difference with fewer operations and objects, as far as single steps lead."""
    for _ in range(20):
        variants = [
            Case(f"v{i}", case.kind, p, ansi=case.ansi, face=case.face)
            for i, p in enumerate(cuts(case.program))
        ]
        if not variants:
            break
        real = oracle(unicode=not case.ansi).run([(v.name, v.program) for v in variants])
        found = next((v for v in variants if v.judge(real[v.name]).wrong), None)
        if found is None:
            break
        found.name = case.name
        case = found
    return case


def cuts(program: Program) -> Iterator[Program]:
    ops = program["ops"]
    half = len(ops) // 2
    for keep in (
        [ops[:half], ops[half:], *(ops[:i] + ops[i + 1 :] for i in range(len(ops)))] if len(ops) > 1 else []
    ):
        yield {**program, "ops": keep}
    for key in program.get("settings", {}):
        if key != "mode":
            yield {**program, "settings": {k: v for k, v in program["settings"].items() if k != key}}
    for i, o in enumerate(program.get("objects", [])):
        for field in ("elements", "links"):
            for j in range(len(o[field]) if isinstance(o.get(field), list) else 0):
                less = copy.deepcopy(program)
                del less["objects"][i][field][j]
                yield less


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--first", type=int, default=0, help="first seed number")
    p.add_argument("--count", type=int, default=2000, help="seed numbers")
    p.add_argument("--keep", type=Path, default=Path("build/fuzz-failures"), help="folder for what differs")
    p.add_argument("--no-minimise", action="store_true")
    p.add_argument("--replay", type=Path, help="run one kept file again")
    a = p.parse_args()
    if a.replay:
        kept = json.loads(a.replay.read_text())
        case = Case("replay", "replay", kept["program"], ansi=kept["ansi"], face=kept["face"])
        real = oracle(unicode=not case.ansi).run([(case.name, case.program)])[case.name]
        ours = case.ours()
        verdict = case.judge(real)
        print(explain(case.name, case.program, real, ours, verdict))
        return 1 if verdict.wrong else 0
    started = time.monotonic()
    campaign = Campaign(a.seed, keep=a.keep, small=not a.no_minimise)
    campaign.run(a.first, a.count)
    print(f"seed {a.seed}: {campaign.summary()}\n{time.monotonic() - started:.0f} s")
    return 1 if campaign.failures else 0


if __name__ == "__main__":
    sys.exit(main())
