"""Every vector and real document in pieces: the same values, exceptions and causes as whole (AR-217 to AR-221)."""

import importlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from stress_kit import PERCENT, scaled

import pysock
from pysock import CArchive
from tests.vectors.program import NO_LIMITS, run
from tests.vectors.pushed import AT_ONCE, NEVER, patient, pieces, pull, run_pushed
from tests.vectors.readback import condensed, readback
from tests.vectors.test_corpus import COMPLETE, CORPUS, EXPECTED, READERS, ROOT, needs_corpus
from tests.vectors.test_vectors import VECTORS, is_unicode

by_name = pytest.mark.parametrize("vector", VECTORS, ids=[v["name"] for v in VECTORS])
each_file = pytest.mark.parametrize("name", COMPLETE or ["(no corpus)"])
SMALL = 600
EDGES = (2, 5, 128, 254, 255, 256, 4096, 65535, 65541, 131078)


def loading(vector: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    data = run(vector["args"], unicode=is_unicode(vector)).data
    assert data is not None
    return readback(vector["args"], data), data


def splits(n: int) -> list[int]:
    """Every point in a small one; in a long one those where something changes."""
    if n <= SMALL:
        return list(range(n + 1))
    return [i for i in sorted({*EDGES, n // 3, n - 3, n - 1, n}) if i <= n]


def piece(n: int) -> int:
    """Single bytes; of a long one more at a time where less than the full size is asked for."""
    return 1 if n <= SMALL else 100 // PERCENT


def two(data: bytes, at: int) -> Iterator[bytes]:
    return iter([data[:at], data[at:]])


@by_name
def test_byte_by_byte(vector: dict[str, Any]) -> None:
    program, data = loading(vector)
    how = {"unicode": is_unicode(vector), **NO_LIMITS}
    want = condensed(run(program, **how).lines)
    for patience in (NEVER, AT_ONCE):
        assert condensed(run_pushed(program, pieces(data, piece(len(data))), patience, **how).lines) == want


@by_name
def test_at_every_split_point(vector: dict[str, Any]) -> None:
    program, data = loading(vector)
    how = {"unicode": is_unicode(vector), "faithful": False}
    want = condensed(run(program, **how).lines)
    for i, at in enumerate(splits(len(data))):
        patience = AT_ONCE if i % 8 == 0 else NEVER
        assert condensed(run_pushed(program, two(data, at), patience, **how).lines) == want, f"split at {at}"


@by_name
def test_cut_it_fails_as_whole(vector: dict[str, Any]) -> None:
    program, data = loading(vector)
    program["ops"] = [op for op in program["ops"] if op[0] != "restore"]
    how = {"unicode": is_unicode(vector), "faithful": False}
    for i, n in enumerate(splits(len(data))[:-1:3]):
        cut = dict(program, data=data[:n].hex())
        want = run(cut, **how)
        patience = AT_ONCE if i % 8 == 0 else NEVER
        seen = run_pushed(cut, pieces(data[:n], 1 + i % 7 if n < 5000 else 1024), patience, **how)
        assert (seen.lines, seen.messages) == (want.lines, want.messages), f"cut at {n}"


# --- documents ------------------------------------------------------------------------------------------


def document(name: str) -> tuple[Any, dict[str, Any], Any]:
    """How examples/ would load a file of the corpus: its function, the archive's settings, the way back."""
    sys.path.insert(0, str(ROOT / "examples"))
    try:
        module = importlib.import_module(READERS[EXPECTED[name]["format"]])
    finally:
        sys.path.pop(0)
    cls = {"jww": "Drawing", "powertab-tunings": "Tunings"}.get(EXPECTED[name]["format"], "Document")
    settings = module.settings(module.NEWEST) if cls == "Drawing" else module.ARCHIVE

    def load(ar: CArchive) -> Any:
        ar.m_pDocument = loaded = getattr(module, cls)()
        loaded.Serialize(ar)
        assert ar.Read(1) == b"", "this is the end, which only eof() tells"
        return loaded

    return load, settings, module.dumps


@needs_corpus
@each_file
def test_document_byte_by_byte(name: str) -> None:
    load, settings, dumps = document(name)
    data = (CORPUS / name).read_bytes()
    for patience, size in ((AT_ONCE, 1), (2000, 1), (NEVER, 1 if len(data) < 1000 else 97)):
        assert dumps(pull(patient(patience, **settings), pieces(data, size), load)) == data


@needs_corpus
@each_file
def test_document_at_every_split_point(name: str) -> None:
    load, settings, dumps = document(name)
    data = (CORPUS / name).read_bytes()
    for i, at in enumerate(range(0, len(data) + 1, max(1, len(data) // scaled(500)))):
        source = two(data, at)
        patience = AT_ONCE if i % 4 == 0 else NEVER
        assert dumps(pull(patient(patience, **settings), source, load)) == data, f"split at {at}"


@needs_corpus
@each_file
def test_cut_document_fails_as_whole(name: str) -> None:
    load, settings, _ = document(name)
    data = (CORPUS / name).read_bytes()
    for n in range(0, len(data), max(1, len(data) // 60)):
        with pytest.raises(pysock.CException) as want, CArchive(data[:n], CArchive.load, **settings) as ar:
            load(ar)
        with pytest.raises(pysock.CException) as seen:
            pull(patient(1000, **settings), pieces(data[:n], 50), load)
        assert type(seen.value) is type(want.value) and str(seen.value) == str(want.value)
