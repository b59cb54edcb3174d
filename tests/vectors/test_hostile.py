"""Hostile input: an MFC exception or a valid value, never anything else, and never more than 64 MiB or 2
seconds.

Every vector cut at every length and with every byte flipped; and the inputs of bombs.py.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.interop.compare import MFC_EXCEPTIONS, exception
from tests.vectors.program import run
from tests.vectors.readback import readback

HERE = Path(__file__).parent
VECTORS: list[dict[str, Any]] = json.loads((HERE / "vectors.json").read_text())
SMALL = 300
FLIPS = (0x01, 0x10, 0x80, 0xFF)
EDGES = (128, 253, 254, 255, 256, 257, 258, 4095, 4096, 4097, 65532, 65536, 65541, 65542, 131072, 131078)

by_name = pytest.mark.parametrize("vector", VECTORS, ids=[v["name"] for v in VECTORS])


def stored(vector: dict[str, Any]) -> bytes:
    data = run(vector["args"], unicode=vector.get("build") != "ansi").data
    assert data is not None
    return data


def load(vector: dict[str, Any], data: bytes, *, faithful: bool) -> None:
    program = readback(vector["args"], b"")
    program["data"] = data.hex()
    program["ops"] = [op for op in program["ops"] if op[0] != "restore"]
    seen = run(program, unicode=vector.get("build") != "ansi", faithful=faithful)
    for raised in filter(None, map(exception, seen.lines)):
        assert raised[1] in MFC_EXCEPTIONS, f"{raised[1]} at {data[:64].hex()}"


def cuts(n: int) -> list[int]:
    at = {*range(min(n, SMALL)), *(e + d for e in EDGES for d in (-1, 0, 1)), *range(max(0, n - 9), n)}
    return sorted(i for i in at if i < n)


@by_name
def test_cut_at_every_length(vector: dict[str, Any]) -> None:
    data = stored(vector)
    for n in cuts(len(data)):
        if len(data) < 40000 or n % 7 == 0 or n > len(data) - 4:  # each load of the biggest takes long
            load(vector, data[:n], faithful=n % 2 == 0)


@by_name
def test_every_byte_flipped(vector: dict[str, Any]) -> None:
    data = stored(vector)
    for i in range(min(len(data), SMALL if len(data) < 40000 else 24)):
        for j, flip in enumerate(FLIPS if len(data) <= SMALL else FLIPS[:1]):
            load(vector, data[:i] + bytes([data[i] ^ flip]) + data[i + 1 :], faithful=(i + j) % 2 == 0)


@pytest.mark.windows_lacks("fork, and RLIMIT_AS")
@pytest.mark.subprocess_memory
@pytest.mark.timeout(600)
def test_a_megabyte_never_costs_more_than_64_mebibytes_or_2_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """AR-171 to AR-192, with the default limits."""
    if sys.platform != "linux":
        pytest.skip("the limit on a process's memory is set and measured as Linux does it")
    done = subprocess.run(
        [sys.executable, "-m", "tests.vectors.bombs"], capture_output=True, text=True, cwd=HERE.parents[1]
    )
    assert done.returncode == 0, done.stderr[-3000:]
    results = [json.loads(line) for line in done.stdout.splitlines()]
    with capsys.disabled():
        what = Counter(result.split()[0] for _, result, _ in results)
        print(f"\n{len(results)} bombs: {dict(what)}; slowest {max(results, key=lambda r: r[2])}")
    assert len(results) > 1000
    bad = [r for r in results if r[1].startswith("FOREIGN") or r[1] == "CMemoryException" or r[2] > 2.0]
    assert not bad, f"{len(bad)}: {bad[:20]}"
