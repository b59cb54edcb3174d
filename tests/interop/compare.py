"""Does pysock agree with the real DLL?  What may differ, and by which rule of the specification.

Both sides are lines in the driver's words and, when storing, bytes.  Nothing else is tolerated than what is
named here; every use of a tolerance is counted by its name.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from tests.interop.oracle import Observation as Real
from tests.interop.oracle.script import Program
from tests.vectors.program import Observation as Ours

MFC_EXCEPTIONS = {
    "CArchiveException",
    "CFileException",
    "CNotSupportedException",
    "CMemoryException",
    "CInvalidArgException",
    "ArchiveLimitError",
}
SEEN_TOO_SHORT = "AR-187: the stream is seen to be too short for what it announces"
_EXC = re.compile(r"exc op=(-?\d+) (\S+) (\S+) cause=(-?\d+)")
_DIRECT = re.compile(r" (bUserBuf|bDirectBuffer|cur|max)=-?\d+")


def comparable(lines: list[str]) -> list[str]:
    """The driver's lines without what is not behaviour.

    - `GetBufferPtr`: MFC's way to ask the questions of AR-7; pysock reads `m_bBlocking` and knows CMemFile.
    - the SEH code of an exception.
    - of a direct buffer (AR-26, an optimisation of MFC's) where the pointers stand.
    """
    out = []
    for line in lines:
        if line.startswith("log GetBufferPtr"):
            continue
        line = re.sub(r" code=[0-9a-f]+", "", line)
        if " state " in line and "bDirectBuffer=1" in line:
            line = _DIRECT.sub("", line)
        out.append(line)
    return out


def match_direct(real: list[str], ours: list[str]) -> list[str]:
    """Our state lines cut as the real ones are."""
    cut = [" cur=" not in line for line in real if " state " in line]
    out, n = [], 0
    for line in ours:
        if " state " in line:
            line = _DIRECT.sub("", line) if n < len(cut) and cut[n] else line
            n += 1
        out.append(line)
    return out


def exception(line: str) -> tuple[str, str, str] | None:
    """(operation, class, cause) of an `exc` line."""
    m = _EXC.match(line)
    return (m[1], m[3], m[4]) if m else None


def tolerated(real: str, ours: str, message: str) -> str | None:
    """Name of the rule by which these two lines may differ; after such a difference nothing more is compared.

    `message` is that of our exception, if the line is one.  The programs are run without limits.
    """
    them, us = exception(real), exception(ours)
    if us and us[1] == "ArchiveLimitError":
        return "AR-189: a size above 2**63 - 1 is an error at once"
    if us and us[1:] == ("CArchiveException", "6") and _unprintable_name(message):
        return "AR-185: class names are printable; MFC compares up to the first NUL"
    if "ACCESS_VIOLATION" in real:
        return "MFC crashes" if us is None or us[1] in MFC_EXCEPTIONS else None
    if them is None:
        return None
    if us is None or us[0] != them[0]:
        return None
    if them[1] == "CMemoryException" and us[1:] == ("CArchiveException", "3"):
        return SEEN_TOO_SHORT
    if them[1] == "COleException" and us[1] == "CNotSupportedException":
        return "AR-160: object variants"
    return None


def _unprintable_name(message: str) -> bool:
    found = re.search(r"found (.*), schema \d+", message, re.DOTALL)
    return found is not None and any(not "!" <= c <= "~" for c in found[1])


def _huge(message: str) -> bool:
    """More was announced than the driver lets the DLL have."""
    wanted = re.search(r"wanted (\d+) bytes", message)
    return wanted is not None and int(wanted[1]) > 64 << 20


def best_fit(real: str, ours: str) -> bool:
    """AR-60: 'a substitute such as ?': Windows's table has look-alikes, ours is always `?`."""
    a, b = real.split(), ours.split()
    if len(a) != 5 or len(b) != 5 or a[2] != "cstringA" or a[:4] != b[:4] or len(a[4]) != len(b[4]):
        return False
    pairs = [(a[4][i : i + 2], b[4][i : i + 2]) for i in range(0, len(a[4]), 2)]
    return all(x == y or y == "3f" for x, y in pairs)


class Verdict:
    """`wrong`: what differs (None: nothing); `rule`: the tolerance that was used, if any."""

    def __init__(self, wrong: str | None = None, rule: str | None = None) -> None:
        self.wrong, self.rule = wrong, rule


def _results(lines: list[str]) -> list[str]:
    """Values and exceptions, whatever file they came from."""
    return [
        x for x in comparable(lines) if not x.startswith("log") and " state " not in x and " pos " not in x
    ]


def same_results(real: Real, ours: Ours) -> bool:
    return _results(real.lines) == _results(ours.lines)


def judge_results(real: Real, ours: Ours) -> Verdict:
    """As `judge`, of the results alone."""
    return judge(replace(real, lines=_results(real.lines)), replace(ours, lines=_results(ours.lines)))


def quieted(real: str, ours: str) -> bool:
    """AR-45: a signalling NaN of 32 bits becomes quiet in a Python float; bulk arrays keep it."""
    a, b = (re.fullmatch(r"(val op=\d+ get4) 0x([0-9a-f]+)", line) for line in (real, ours))
    if not a or not b or a[1] != b[1]:
        return False
    bits = int(a[2], 16)
    return bits & 0x7F800000 == 0x7F800000 and bits & 0x7FFFFF != 0 and bits | 0x400000 == int(b[2], 16)


def _pieces(real: str, ours: str) -> bool:
    """AR-188: what is asked for at once grows with what has come, from 64 KiB."""
    a, b = (re.match(r"log Read\((\d+)\)", line) for line in (real, ours))
    return a is not None and b is not None and int(a[1]) > int(b[1]) >= 1 << 15


def _no_memory(real: str, ours: str) -> str | None:
    """MFC takes memory for all that is announced before it reads; ours grows with what comes, up to the end."""
    them, us = exception(real), exception(ours)
    if them and us and them[:2] == (us[0], "CMemoryException") and us[1] == "CArchiveException":
        return "AR-188: memory grows with what arrives"
    return None


def judge(real: Real, ours: Ours) -> Verdict:
    theirs = comparable(real.lines)
    mine = match_direct(theirs, comparable(ours.lines))
    rule = None
    for i in range(max(len(theirs), len(mine))):
        a = theirs[i] if i < len(theirs) else "(nothing)"
        b = mine[i] if i < len(mine) else "(nothing)"
        if a == b and not b.startswith("exc"):
            continue
        if (a != b and a.startswith("died")) or (a == "(nothing)" and not real.done):
            foreign = [x for x in map(exception, mine) if x and x[1] not in MFC_EXCEPTIONS]
            return Verdict(f"MFC died, and we raised {foreign[0]}" if foreign else None, "MFC dies")
        if a != b and best_fit(a, b):
            rule = "AR-60: best fit"
            continue
        if a != b and quieted(a, b):
            rule = "AR-45: a signalling NaN of 32 bits"
            continue
        raised = sum(line.startswith("exc") for line in mine[:i])
        outcome = next((line for line in mine[i:] if not line.startswith("log")), "")
        message = ours.messages[raised] if outcome.startswith("exc") else ""  # of the operation at hand
        if _huge(message):
            return Verdict(
                None, "AR-171: no memory for what is announced; how far MFC has read then is not compared"
            )
        if a == b:
            continue
        rule = tolerated(a, b, message) or _no_memory(a, outcome)
        if not rule and _pieces(a, b) and same_results(real, ours):
            rule = "AR-188: a long read over a file of unknown length is made in pieces"
        return Verdict(None, rule) if rule else Verdict(f"line {i}\n  real: {a}\n  ours: {b}")
    if real.data != ours.data:
        return Verdict(f"stored bytes\n  real: {_hex(real.data)}\n  ours: {_hex(ours.data)}")
    return Verdict(None, rule)


def _hex(data: bytes | None) -> str:
    return "none" if data is None else f"{len(data)}: {data[:400].hex()}"


def explain(name: str, program: Program, real: Real, ours: Ours, verdict: Verdict, **how: Any) -> str:
    import json

    text = json.dumps(program)
    return "\n".join(
        [
            f"--- {name} {how or ''}: {verdict.wrong}",
            f"program: {text if len(text) < 6000 else text[:6000] + ' ...'}",
            "real:",
            *("  " + line[:300] for line in real.lines[-12:]),
            "ours:",
            *("  " + line[:300] for line in ours.lines[-12:]),
        ]
    )
