"""Documents that real MFC programs wrote (../shared/corpus): written back identical, and refused cleanly
when spoiled.

What the documents hold is checked in tests/unit/test_examples.py, with the readers of examples/.
"""

import hashlib
import importlib
import json
import random
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import pysock

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
READERS = {"powertab": "powertab", "powertab-tunings": "powertab", "jww": "jwcad", "hiersvr": "hiersvr"}
EXPECTED: dict[str, Any] = (
    json.loads((CORPUS / "expected.json").read_bytes())["files"] if CORPUS.exists() else {}
)
COMPLETE = [name for name, file in EXPECTED.items() if file["status"] == "complete"]
CUTS, FLIPS = 150, 150

needs_corpus = pytest.mark.skipif(not EXPECTED, reason="the real documents of ../shared/corpus are not here")
each_file = pytest.mark.parametrize("name", COMPLETE or ["(no corpus)"])


def reader(name: str) -> ModuleType:
    sys.path.insert(0, str(ROOT / "examples"))
    try:
        return importlib.import_module(READERS[EXPECTED[name]["format"]])
    finally:
        sys.path.pop(0)


def load_bytes(module: ModuleType, data: bytes, folder: Path) -> Any:
    path = folder / "document"
    path.write_bytes(data)
    return module.load(path)


@needs_corpus
@each_file
def test_written_back_identical(name: str) -> None:
    module, data = reader(name), (CORPUS / name).read_bytes()
    assert hashlib.sha256(data).hexdigest() == EXPECTED[name]["sha256"]
    assert module.dumps(module.load(CORPUS / name)) == data


@needs_corpus
@each_file
def test_written_back_identical_by_save(name: str, tmp_path: Path) -> None:
    module = reader(name)
    module.save(module.load(CORPUS / name), tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (CORPUS / name).read_bytes()


@needs_corpus
@each_file
def test_cut_short_it_is_refused(name: str, tmp_path: Path) -> None:
    """Every byte of these documents is needed."""
    module, data = reader(name), (CORPUS / name).read_bytes()
    for n in sorted(
        {*range(min(len(data), 40)), *range(0, len(data), max(1, len(data) // CUTS)), len(data) - 1}
    ):
        with pytest.raises(pysock.CException):
            load_bytes(module, data[:n], tmp_path)


@needs_corpus
@each_file
def test_with_a_byte_changed_it_is_refused_or_another_document(name: str, tmp_path: Path) -> None:
    module, data = reader(name), (CORPUS / name).read_bytes()
    rng = random.Random(name)
    for _ in range(FLIPS):
        at = rng.randrange(len(data))
        spoiled = data[:at] + bytes([data[at] ^ rng.choice([1, 0x80, 0xFF])]) + data[at + 1 :]
        try:
            document = load_bytes(module, spoiled, tmp_path)
        except pysock.CException:
            continue
        module.dumps(document)
