"""`python -m tests.interop.oracle PROGRAM.json [--ansi]`: one program on the DLL and on pysock, side by
side."""

import argparse
import json
from pathlib import Path

from tests.interop.compare import judge
from tests.interop.oracle import oracle
from tests.vectors.program import NO_LIMITS, run

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("program", type=Path)
parser.add_argument("--ansi", action="store_true", help="the ANSI build, mfc140.dll")
args = parser.parse_args()
program = json.loads(args.program.read_text())
real = oracle(unicode=not args.ansi).run([("program", program)])["program"]
ours = run(program, unicode=not args.ansi, **NO_LIMITS)
for who, seen in (("mfc", real), ("pysock", ours)):
    print(f"--- {who}", *seen.lines, sep="\n")
    if seen.data is not None:
        print("data", seen.data.hex() or "-")
verdict = judge(real, ours)
print("---", verdict.wrong or "the same", f"({verdict.rule})" if verdict.rule else "")
