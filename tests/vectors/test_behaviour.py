"""Every observation of the real DLL: results, exceptions with class and cause, calls on the file, buffer
states."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.interop.compare import comparable, match_direct
from tests.vectors.deviations import BY_DEFAULT, FAITHFUL, Deviation
from tests.vectors.faces import SCALAR_FACES
from tests.vectors.program import NO_LIMITS, Observation, run
from tests.vectors.readback import condensed

BEHAVIOUR: list[dict[str, Any]] = json.loads((Path(__file__).parent / "behaviour.json").read_text())
NAMES = [b["name"] for b in BEHAVIOUR]
by_name = pytest.mark.parametrize("entry", BEHAVIOUR, ids=NAMES)


def seen_by(entry: dict[str, Any], **how: Any) -> Observation:
    seen = run(entry["args"], unicode=not entry["name"].startswith("ansi-"), **how)
    seen.lines = condensed(match_direct(comparable(entry["observed"]), comparable(seen.lines)))
    return seen


def same(entry: dict[str, Any], seen: Observation) -> bool:
    return seen.lines == comparable(entry["observed"]) and (seen.data or b"").hex() == entry.get("bytes", "")


def assert_deviates(entry: dict[str, Any], seen: Observation, deviation: Deviation) -> None:
    """Exactly as listed, and not as the DLL."""
    assert not same(entry, seen), f"{entry['name']} does not deviate any more: take it off the list"
    assert seen.lines == deviation.apply(comparable(entry["observed"]))
    assert (seen.data or b"").hex() == (entry.get("bytes", "") if deviation.data is None else deviation.data)


def test_all_observations_are_here() -> None:
    assert len(BEHAVIOUR) == 332 and len(set(NAMES)) == 332


def test_the_lists_of_deviations_name_observations_and_rules() -> None:
    for listed in (FAITHFUL, BY_DEFAULT):
        assert set(listed) <= set(NAMES)
        assert all(d.rule.startswith(("AR-", "10.")) and d.why for d in listed.values())


def test_the_two_questions_are_all_that_is_left_out() -> None:
    """AR-7: MFC asks GetBufferPtr before anything else (with a caller's buffer only whether the file is
    blocking)."""
    for entry in BEHAVIOUR:
        asked = [i for i, line in enumerate(entry["observed"]) if line.startswith("log GetBufferPtr")]
        assert asked in ([], [0], [0, 1])
        assert all(entry["observed"][i] == "log GetBufferPtr(cmd=3, n=0)" for i in asked)


@by_name
def test_faithful(entry: dict[str, Any]) -> None:
    for face in SCALAR_FACES:
        seen = seen_by(entry, face=face, **NO_LIMITS)
        if entry["name"] in FAITHFUL:
            assert_deviates(entry, seen, FAITHFUL[entry["name"]])
        else:
            assert seen.lines == comparable(entry["observed"])
            assert same(entry, seen)


@by_name
def test_by_default(entry: dict[str, Any]) -> None:
    seen = seen_by(entry, faithful=False)
    if entry["name"] in BY_DEFAULT:
        assert_deviates(entry, seen, BY_DEFAULT[entry["name"]])
    elif entry["name"] in FAITHFUL:
        assert_deviates(entry, seen, FAITHFUL[entry["name"]])
    else:
        assert seen.lines == comparable(entry["observed"])
        assert same(entry, seen)
