"""vectors.json and behaviour.json are what the real DLL does: every entry is run on it again."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.interop.oracle import Observation, Oracle, oracle
from tests.vectors.readback import condensed, readback

VECTORS = Path(__file__).parents[1] / "vectors"


def load(name: str) -> list[dict[str, Any]]:
    return json.loads((VECTORS / name).read_text())


def is_ansi(entry: dict[str, Any]) -> bool:
    return entry["name"].startswith("ansi-")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("unicode", [True, False], ids=["mfc140u", "mfc140"])
def test_vectors_are_what_the_dll_writes(real_dll: Oracle, unicode: bool) -> None:
    mine = [
        v for v in load("vectors.json") if (not is_ansi(v) if unicode else is_ansi(v) or "ansi_build" in v)
    ]
    seen = oracle(unicode=unicode).run([(v["name"], v["args"]) for v in mine])
    wrong = [v["name"] for v in mine if not _same_bytes(v, seen[v["name"]])]
    assert len(mine) == 369 and not wrong


def _same_bytes(vector: dict[str, Any], seen: Observation) -> bool:
    if not seen.done or seen.data is None or any(line.startswith("exc") for line in seen.lines):
        return False
    if "hex" in vector:
        return seen.data.hex() == vector["hex"]
    return hashlib.sha256(seen.data).hexdigest() == vector["sha256"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("unicode", [True, False], ids=["mfc140u", "mfc140"])
def test_observations_are_what_the_dll_does(real_dll: Oracle, unicode: bool) -> None:
    mine = [b for b in load("behaviour.json") if is_ansi(b) != unicode]
    seen = oracle(unicode=unicode).run([(b["name"], b["args"]) for b in mine])
    wrong = {
        b["name"]: seen[b["name"]].lines
        for b in mine
        if condensed(seen[b["name"]].lines) != b["observed"]
        or (seen[b["name"]].data or b"").hex() != b.get("bytes", "")
    }
    assert mine and not wrong


@pytest.mark.timeout(300)
@pytest.mark.parametrize("unicode", [True, False], ids=["mfc140u", "mfc140"])
def test_vectors_are_read_back_as_recorded(real_dll: Oracle, unicode: bool) -> None:
    mine = [v for v in load("vectors.json") if is_ansi(v) != unicode]
    dll = oracle(unicode=unicode)
    stored = dll.run([(v["name"], v["args"]) for v in mine])
    seen = dll.run([(v["name"], readback(v["args"], stored[v["name"]].data or b"")) for v in mine])
    recorded = {r["name"]: r["observed"] for r in load("readback.json")}
    wrong = [v["name"] for v in mine if condensed(seen[v["name"]].lines) != recorded[v["name"]]]
    assert mine and not wrong
