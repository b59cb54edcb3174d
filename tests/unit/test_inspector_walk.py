"""The walk without definitions: covers every byte, numbers classes and objects as an archive does, and never
crashes, hangs or takes memory on the word of the input."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pysock import (
    BYTE,
    DOUBLE,
    LONG,
    CArchive,
    CByteArray,
    CMapStringToOb,
    CMapStringToString,
    CMemFile,
    CObArray,
    CObject,
    CObList,
    CStringA,
    CStringArray,
    CTime,
    CWordArray,
)
from pysock.inspector import Node, Walk, from_bytes, open_source
from pysock.inspector.scan import Scanner
from pysock.inspector.source import CHUNK

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
EXPECTED: dict[str, Any] = (
    json.loads((CORPUS / "expected.json").read_bytes())["files"] if CORPUS.exists() else {}
)
FILES = [name for name, file in EXPECTED.items() if file["bytes"]]
COMPLETE = [name for name in FILES if EXPECTED[name]["status"] == "complete"]
VECTORS = [
    bytes.fromhex(vector["hex"])
    for vector in json.loads((ROOT / "tests/vectors/vectors.json").read_bytes())
    if "hex" in vector
]
needs_corpus = pytest.mark.skipif(not FILES, reason="the real documents of ../shared/corpus are not here")
SECONDS = 20  # far beyond what a walk over some kilobytes takes, on however slow a machine


def walked(data: bytes, least: float = 0.7) -> tuple[list[Node], Walk]:
    """The segments, checked: they cover the data without gaps or overlaps, and so do their leaves."""
    walk = Walk(from_bytes(data), least=least)
    began, at, segments = time.process_time(), 0, []
    for segment in walk:
        assert segment.offset == at and segment.length > 0
        for leaf in segment.leaves():
            assert leaf.offset == at and leaf.length > 0
            at = leaf.end
        for _, node in segment.preorder():
            assert 0 < node.sure <= 1 and node.length > 0
            ends = [child.end for child in node.children]
            assert not ends or (node.children[0].offset == node.offset and ends[-1] == node.end)
        assert segment.end == at
        segments.append(segment)
    assert at == len(data)
    assert time.process_time() - began < SECONDS
    return segments, walk


def finds(segments: list[Node], kind: str) -> list[tuple[int, Any]]:
    return [(n.offset, n.value) for segment in segments for n in segment.children if n.kind == kind]


class CPoint3(CObject, schema=7):
    name = "a point"

    def Serialize(self, ar: CArchive) -> None:
        ar << self.name << DOUBLE(1.25) << DOUBLE(-3.5) << DOUBLE(0.1)


class CBox(CObject, schema=2):
    def Serialize(self, ar: CArchive) -> None:
        ar << LONG(-1) << self.corner << CStringA("the far corner") << self.corner << BYTE(9)


def stored(*values: Any, unicode: bool = True) -> bytes:
    file = CMemFile()
    with CArchive(file, CArchive.store, unicode=unicode) as ar:
        for value in values:
            ar << value
    return file.getvalue()


def box() -> CBox:
    made = CBox()
    made.corner = CPoint3()
    return made


def test_a_file_with_its_own_head() -> None:
    """Where archive data starts, the numbers of AR-75, strings of both kinds, the count before the tags."""
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        ar.Write(b"BOXES\x1a\x01\x00")
        ar << "The title of it all"
        ar.WriteCount(2)
        ar << box() << box()
    data = file.getvalue()
    segments, walk = walked(data)
    first = data.index(b"\xff\xff\x02\x00")
    assert walk.found.start == first and walk.found.archives == 1
    assert [segment.label for segment in segments] == [
        "before the first tag",
        "object #2 CBox",
        "object #4 CPoint3",
        "object #5 CBox",
        "object #6 CPoint3",
    ]
    assert finds(segments, "magic") == [(0, "BOXES")]
    assert finds(segments, "count") == [(first - 2, 2)]
    strings = [value for _, value in finds(segments, "string")]
    assert strings == ["The title of it all", "a point", "the far corner", "a point", "the far corner"]
    entries = {c.name: (c.schema, c.objects, c.first) for c in walk.found.classes.values()}
    assert entries["CBox"] == (2, 2, first)
    assert entries["CPoint3"] == (7, 2, data.index(b"\xff\xff\x07\x00"))
    records = [n for s in segments for n in s.children if n.kind == "class"]
    assert [node.label for node in records] == ["class #1 CBox, schema 2", "class #3 CPoint3, schema 7"]
    assert [(c.label, c.length, c.value) for c in records[0].children] == [
        ("new class", 2, 0xFFFF),
        ("schema", 2, 2),
        ("length of the name", 2, 4),
        ("class name", 4, "CBox"),
    ]


def test_collections_are_read_by_their_layout() -> None:
    """AR-118 to AR-127, with back references and nulls, nested."""
    inner, words = CStringArray(["one", "", "\u20ac" * 300]), CWordArray([1, 2, 65535])
    outer, named, texts = CObArray(), CMapStringToOb(), CMapStringToString()
    for each in (inner, None, words, inner, CByteArray(b"\x00\x80" * 700)):
        outer.Add(each)
    named.SetAt("key", outer)
    texts.SetAt("a", "b")
    data = stored(named, texts)
    segments, walk = walked(data)
    assert [segment.label for segment in segments] == [
        "object #2 CMapStringToOb",
        "object #12 CMapStringToString",
    ]
    nodes = segments[0].children
    assert [(n.kind, n.value) for n in nodes if n.kind in ("null", "tag")] == [("null", 0), ("tag", 6)]
    assert [n.label for n in nodes if n.kind == "class"] == [
        "class #1 CMapStringToOb, schema 0",
        "class #3 CObArray, schema 0",
        "class #5 CStringArray, schema 0",
        "class #7 CWordArray, schema 0",
        "class #9 CByteArray, schema 0",
    ]
    assert [n.value for n in nodes if n.kind == "string"] == ["key", "one", "", "\u20ac" * 300]
    assert [n.label for n in nodes if n.kind == "bytes"] == ["3 WORDs", "1400 bytes"]
    assert not [n for s in segments for n in s.children if n.kind == "unknown"], "all of it is known"
    assert {c.name: c.objects for c in walk.found.classes.values()} == {
        n: 1 for n in "CMapStringToOb CObArray CStringArray CWordArray CByteArray CMapStringToString".split()
    }
    assert {c.name for c in Walk(from_bytes(data)).survey().classes.values()} == {
        c.name for c in walk.found.classes.values()
    }


def test_a_collection_of_unknown_objects() -> None:
    """Behind an object nobody knows, the next tag is found again."""
    listed = CObList()
    for _ in range(3):
        listed.AddTail(box())
    segments, walk = walked(stored(listed))
    assert [segment.label for segment in segments[:3]] == [
        "object #2 CObList",
        "object #4 CBox",
        "object #6 CPoint3",
    ]
    assert [n.value for n in segments[0].children if n.kind == "count"] == [3]
    assert {c.name: c.objects for c in walk.found.classes.values()} == {"CObList": 1, "CBox": 3, "CPoint3": 3}


def test_times_are_found() -> None:
    segments, _ = walked(b"\x01\x02\x03" + stored(CTime(1700000000)) + b"\x04")
    assert finds(segments, "number") == [(3, "2023-11-14 22:13:20 UTC")]


def test_archives_one_after_the_other() -> None:
    """A class is recorded once in an archive (AR-86): its second record begins another one."""
    segments, walk = walked(stored(box()) + stored(box()))
    assert walk.found.archives == 2
    assert [s.label for s in segments] == ["object #2 CBox", "object #4 CPoint3"] * 2


def test_long_tags() -> None:
    """AR-88: classes from number 0x7FFF on."""
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        for _ in range(3):
            ar << CPoint3()
        ar._set_map_count(0x9000)
        ar << box() << box()
    data = file.getvalue()
    assert data.count(b"\xff\x7f\x00\x90\x00\x80") == 1
    source = from_bytes(data)
    scanner = Scanner(source)
    mark = scanner.next(0)
    for _ in range(2):
        assert mark is not None
        mark = scanner.next(mark.end)
    assert mark is not None
    scanner.numbers.count = 0x8FFF
    names = []
    while (mark := scanner.next(mark.end)) is not None:
        names.append((mark.entry.name, mark.entry.number))
    assert names == [("CBox", 0x9000), ("CPoint3", 1), ("CBox", 0x9000), ("CPoint3", 1)]


def test_what_lies_across_a_chunk_is_found() -> None:
    """Class records, tags and strings at every place around the end of what is read in one piece."""
    record = stored(CPoint3())[:13]
    for shift in range(-40, 3):
        data = bytes(CHUNK + shift) + record + b"\x0dHello, world.\x00\x01\x80" + bytes(50)
        segments, walk = walked(data)
        assert walk.found.start == CHUNK + shift
        assert walk.found.objects == 2
        assert [value for _, value in finds(segments, "string")] == ["Hello, world."]


def test_many_classes() -> None:
    """Beyond 1024 classes tags are not followed any more, and nothing grows."""
    records = b"".join(
        b"\xff\xff\x01\x00" + len(name).to_bytes(2, "little") + name
        for name in (b"CClass%d" % i for i in range(6000))
    )
    _, walk = walked(records + b"\x01\x80" * 100)
    assert walk.found.objects >= 6000 and len(walk.found.classes) == 4096 and walk.found.untold


def test_segments_are_of_bounded_size() -> None:
    strings = CStringArray(["x" * (i % 7) for i in range(10_000)])
    segments, walk = walked(stored(strings))
    assert len(segments) == 3 and max(len(s.children) for s in segments) == 4096
    assert segments[1].label == "object #2 CStringArray, continued"
    assert sum(n.kind == "string" for s in segments for n in s.children) == 10_000 and walk.found.objects == 1


def test_a_nest_of_collections_is_no_recursion_error() -> None:
    nest = b"\xff\xff\x00\x00\x07\x00CObList\x01\x00" + b"\x01\x80\x01\x00" * 5000
    _, walk = walked(nest)
    assert walk.found.objects == 5001


# --- real documents and hostile ones ----------------------------------------------------------------------

INEXACT = {"bends.ptb", "notes.ptb", "volume_swells.ptb", "v1_5.ptb"}  # two bytes of data look like a tag


@needs_corpus
@pytest.mark.parametrize("name", COMPLETE or ["(no corpus)"])
def test_real_documents_without_a_definition(name: str) -> None:
    """Classes and schemas as an independent reader found them, and (but for chance) the numbers of objects."""
    with open_source(str(CORPUS / name)) as source:
        _, walk = walked(source.read(0, source.size))
    found = list(walk.found.classes.values())
    assert [[c.name, c.schema] for c in found] == EXPECTED[name]["classes"]
    objects = {c.name: c.objects for c in found}
    if Path(name).name in INEXACT:
        wrong = sum(abs(objects[c] - n) for c, n in EXPECTED[name]["objects"].items())
        assert wrong <= 0.1 * sum(objects.values()) + 2
    else:
        assert objects == EXPECTED[name]["objects"]


@needs_corpus
@pytest.mark.parametrize("name", FILES or ["(no corpus)"])
def test_real_documents_cut_and_spoiled(name: str) -> None:
    data, rng = (CORPUS / name).read_bytes(), random.Random(name)
    for _ in range(12):
        walked(data[: rng.randrange(len(data) + 1)], 0.25)
        at = rng.randrange(len(data))
        walked(data[:at] + bytes([data[at] ^ rng.choice([1, 0x80, 0xFF])]) + data[at + 1 :])


def test_every_vector_whole_cut_and_spoiled() -> None:
    rng = random.Random(5)
    for data in VECTORS:
        if not 0 < len(data) < 100_000:
            continue
        walked(data, 0.25)
        at = rng.randrange(len(data))
        walked(data[:at])
        walked(data[:at] + bytes([data[at] ^ rng.choice([1, 0x80, 0xFF])]) + data[at + 1 :], 0.25)


PIECES = [
    b"\xff\xff\x01\x00\x04\x00CFoo",
    b"\xff\xff\x00\x00\x07\x00CObList\x05\x00",
    b"\xff\xff\x00\x00\x0a\x00CByteArray\xff\xff\xff\xff\xff\x7f",
    b"\xff\xff\x00\x00\x12\x00CMapStringToString\x05\x00",
    b"\xff\xff\xff\xff\xff\xff",
    b"\xff\xfe\xff\x03a\x00b\x00c\x00",
    b"\xff\xfe\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xff\x7f\xff\xff\xff\xff",
    b"\x01\x80",
    b"\x03\x80",
    b"\x05Hello",
    b"\x0a\x00\x00\x80" + bytes(8),
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=40), max_size=40), st.sampled_from([0.25, 0.7]))
def test_anything_at_all(pieces: list[bytes], least: float) -> None:
    walked(b"".join(pieces), least)


@pytest.mark.parametrize(
    "piece", [*PIECES, b"\x00", b"\xff", b"\x80", b"A", b"\x04AAAA\x00", b"ab\x03"], ids=bytes.hex
)
def test_much_of_the_same(piece: bytes) -> None:
    """Nothing is worse than linear: quadratic would take minutes here."""
    walked(piece * ((1 << 16) // len(piece)))
