"""Observations of the real DLL that pysock does not reproduce, one by one, with the rule that says so.

The lists are exact: a test fails if an entry behaves as the DLL after all, or differs in another way.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Deviation:
    rule: str  # of spec/archive.md: AR-n, or 10.7 for its summary of choices
    why: str
    lines: dict[str, str | None] = field(default_factory=dict)  # the DLL's line: ours (None: no line)
    after: int | None = None  # from this line on ours are `then`
    then: list[str] = field(default_factory=list)
    data: str | None = None  # what is in the file, if it differs


# ---- faithful=True: what cannot or must not be imitated ---------------------------------------------------------
FAITHFUL: dict[str, Deviation] = {}

# ---- the default settings: what differs by design (spec 10.7) -----------------------------------------------------
BY_DEFAULT: dict[str, Deviation] = {}
