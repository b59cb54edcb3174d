"""Decoding by a definition: every byte of what it describes belongs to a node, named as the program names it."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pysock import (
    BYTE,
    DOUBLE,
    DWORD,
    LONG,
    WORD,
    CArchive,
    CMapStringToOb,
    CMemFile,
    CObArray,
    CObject,
    COleVariant,
    CPoint,
    CRect,
    CString,
    CStringArray,
    CTime,
    ObjRef,
    Record,
    array_of,
    by_value,
    count_of,
    field,
    fixed,
    list_of,
    map_of,
    raw,
    ref,
)
from pysock.inspector import InspectError, Node, decode, from_bytes, open_source
from pysock.inspector.schema import resolve

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
EXPECTED: dict[str, Any] = (
    json.loads((CORPUS / "expected.json").read_bytes())["files"] if CORPUS.exists() else {}
)
COMPLETE = [name for name, file in EXPECTED.items() if file["status"] == "complete"]
SCHEMAS = {
    "powertab": "powertab.py:Document",
    "powertab-tunings": "powertab.py:Tunings",
    "jww": "jwcad.py:Drawing",
    "hiersvr": "hiersvr.py:Document",
}
needs_corpus = pytest.mark.skipif(not COMPLETE, reason="the real documents of ../shared/corpus are not here")
each_file = pytest.mark.parametrize("name", COMPLETE or ["(no corpus)"])


class CInner(CObject, schema=1):
    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar << self.name << self.owner
        else:
            self.name = ar.ReadCString()
            self.owner = ar.ReadObject(COuter)


class COuter(CObject, schema=5):
    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar << WORD(7) << CPoint(1, 2) << self.inner << self.inner << None << DOUBLE(0.5)
            ar.WriteCount(2)
            ar << LONG(-1) << LONG(-2)
            ar.Write(b"raw")
        else:
            self.kind = ar.read(WORD)
            self.at = ar.read(CPoint)
            self.inner = ar.read(CInner)
            self.again = ar.read(CInner)
            box, number = ObjRef(CInner), DOUBLE()
            ar >> box >> number
            self.weight = number.value
            self.numbers = ar.read(list_of(LONG))
            self.rest = ar.EnsureRead(3)


def outer() -> bytes:
    made, inner = COuter(), CInner()
    made.inner, inner.name, inner.owner = inner, "inside", made
    file = CMemFile()
    with CArchive(file, CArchive.store, unicode=False) as ar:
        ar << made
    return file.getvalue()


def covers(nodes: list[Node], size: int) -> None:
    at = 0
    for node in nodes:
        assert node.offset == at
        for leaf in node.leaves():
            assert leaf.offset == at and (leaf.length > 0 or leaf.kind == "error")
            at = leaf.end
        for _, each in node.preorder():
            inside = each.children
            assert all(a.end == b.offset for a, b in pairwise(inside))
            assert not inside or (inside[0].offset, inside[-1].end) == (each.offset, each.end)
    assert at == size


def lines(nodes: list[Node]) -> list[str]:
    return [
        f"{'  ' * depth}{n.kind} {n.label}" + ("" if n.value is None else f" = {n.value!s}")
        for node in nodes
        for depth, n in node.preorder()
    ]


def test_a_hand_written_class_with_names_values_and_numbers() -> None:
    data = outer()
    decoded = decode(from_bytes(data), COuter)
    assert decoded.error is None
    covers(decoded.nodes, len(data))
    assert lines(decoded.nodes) == [
        "archive ",
        "  object object #2 COuter",
        "    class class #1 COuter, schema 5 = COuter",
        "      class new class = 65535",
        "      number schema = 5",
        "      count length of the name = 6",
        "      string class name = COuter",
        "    number WORD kind = 7",
        "    member CPoint at = CPoint(1, 2)",
        "    object object #4 CInner inner",
        "      class class #3 CInner, schema 1 = CInner",
        "        class new class = 65535",
        "        number schema = 1",
        "        count length of the name = 6",
        "        string class name = CInner",
        "      string CString name = inside",
        "      tag back to object #2 owner",
        "    tag back to object #4 again",
        "    null null",
        "    number DOUBLE = 0.5",
        "    member list_of(LONG) numbers = [-1, -2]",
        "      count count = 2",
        "      bytes array = array('i', [-1, -2])",
        "    bytes bytes rest = b'raw'",
    ]
    assert {c.name: (c.schema, c.objects) for c in decoded.found.classes.values()} == {
        "COuter": (5, 1),
        "CInner": (1, 1),
    }


class CMessage:
    """No CObject: its Serialize is called directly, message after message."""

    def Serialize(self, ar: CArchive) -> None:
        self.close = ar.ReadWORD()
        self.text = ar.ReadCString()


class Head(Record):
    mark: bytes = field(raw(4))
    n: int = field(count_of("sizes", WORD))
    sizes: list[int] = field(array_of(LONG, count="n"))


class CDeclared(CObject, schema=3):
    head: Head = field(Head)
    heads: list[Head] = field(array_of(Head))
    inner: CInner = field(by_value(CInner))
    next: CDeclared | None = field(ref())
    all: list[CDeclared] = field(array_of(ref("CDeclared")))
    when: CTime = field(CTime)
    newer: int = field(WORD, since=4)


def test_declared_fields() -> None:
    """They call the archive field by field when it wants to know."""
    inner = CInner()
    inner.name, inner.owner = "inside", None

    def head() -> Head:
        return Head(mark=b"HEAD", sizes=[1, 2])

    last = CDeclared(head=head(), inner=inner, when=CTime(5))
    first = CDeclared(head=head(), heads=[head(), head()], inner=inner, next=last, all=[last], when=CTime(6))
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        ar << first
    decoded = decode(from_bytes(file.getvalue()), CDeclared)
    assert decoded.error is None
    covers(decoded.nodes, len(file.getvalue()))
    assert not [leaf for leaf in decoded.nodes[0].leaves() if leaf.kind == "unknown"]
    shown = [line for line in lines(decoded.nodes) if not line.startswith(" " * 8)]
    assert shown[2:] == [
        "    class class #1 CDeclared, schema 3 = CDeclared",
        "      class new class = 65535",
        "      number schema = 3",
        "      count length of the name = 9",
        "      string class name = CDeclared",
        "    record Head head",
        "      member raw(4) mark = b'HEAD'",
        "      number WORD n = 2",
        "      member fixed(LONG, 2) sizes = [1, 2]",
        "    member array_of(Head) heads",
        "      count count = 2",
        "      record Head",
        "      record Head",
        "    member by_value(CInner) inner",
        "      string CString name = inside",
        "      null null owner",
        "    object object #3 CDeclared next",
        "      tag new object of class #1 = 1",
        "      record Head head",
        "      member array_of(Head) heads = []",
        "      member by_value(CInner) inner",
        "      null null next",
        "      member array_of(ref('CDeclared')) all = []",
        "      member CTime when = CTime(5)",
        "    member array_of(ref('CDeclared')) all",
        "      count count = 1",
        "      tag back to object #3",
        "    member CTime when = CTime(6)",
        "      number DWORD first = 2147483658",
        "      number LONGLONG _seconds = 6",
    ]


class Part(Record, schema_of=lambda ar: ar.m_pDocument.version):
    old: int = field(BYTE, until=1)
    new: int = field(WORD, since=2)


class Versioned(Record):
    version: int = field(BYTE)
    part: Part = field(Part)


def test_the_parts_of_a_record_ask_it_for_its_version() -> None:
    """It is the archive's document, of which the fields so far are set."""
    decoded = decode(from_bytes(b"\x01\x07" + b"\x02\x08\x00"), Versioned, repeat=True)
    assert decoded.error is None
    assert [line.strip() for line in lines(decoded.nodes) if "Part" in line] == [
        "record Part part = Part(old=7, new=0)",
        "record Part part = Part(old=0, new=8)",
    ]


def test_lists_of_records() -> None:
    data = (b"HEAD\x01\x00" + bytes(4)) * 3

    def load(ar: CArchive) -> None:
        ar.read_list(Head, 2)
        ar.read(Head)

    decoded = decode(from_bytes(data), load)
    assert decoded.error is None
    covers(decoded.nodes, len(data))
    records = [line.strip() for line in lines(decoded.nodes) if "record" in line]
    assert records == ["record Head"] * 3


def test_messages_one_after_the_other() -> None:
    data = b"\x00\x00\x02hi" * 3
    once = decode(from_bytes(data), CMessage)
    assert [node.label for node in once.nodes] == ["", "behind what the definition describes"]
    whole = decode(from_bytes(data), CMessage, repeat=True)
    covers(whole.nodes, len(data))
    assert lines(whole.nodes)[1:] == ["  number WORD close = 0", "  string CString text = hi"] * 3
    cut = decode(from_bytes(data[:-1]), CMessage, repeat=True)
    assert isinstance(cut.error, EOFError)


class CRepeated(CObject, schema=1):
    a: int = field(BYTE)


def test_objects_one_after_the_other() -> None:
    """From the second on, the class is a number in the tag; and an object may be one that came before, or none."""
    file = CMemFile()
    one = CRepeated(a=1)
    with CArchive(file, CArchive.store) as ar:
        for each in (one, CRepeated(a=2), one, None, CRepeated(a=3)):
            ar.WriteObject(each)
    decoded = decode(from_bytes(file.getvalue()), CRepeated, repeat=True)
    assert decoded.error is None
    covers(decoded.nodes, len(file.getvalue()))
    found = [line.strip() for line in lines(decoded.nodes)]
    assert [line for line in found if line.startswith(("object", "tag back", "null", "number BYTE"))] == [
        "object object #2 CRepeated",
        "number BYTE a = 1",
        "object object #3 CRepeated",
        "number BYTE a = 2",
        "tag back to object #2",
        "null null",
        "object object #4 CRepeated",
        "number BYTE a = 3",
    ]
    bodies = decode(from_bytes(b"\1\2\3"), CRepeated, repeat=True)
    assert [line.strip() for line in lines(bodies.nodes) if "BYTE" in line] == [
        f"number BYTE a = {n}" for n in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    "wanted, data, last",
    [
        (WORD, b"\x01\x02", "  number WORD = 513"),
        (CString, b"\x02ab", "  string CString = ab"),
        (CTime, b"\x00\xf1\x53\x65", "  member CTime"),
        (array_of(WORD), b"\x01\x00\x07\x00", None),
        (fixed(by_value(CInner), 1), b"\x00\x00\x00", "    null null owner"),
        (lambda ar: ar.ReadString(unicode=False), b"line\n", "  string line = line"),
    ],
    ids=["box", "string", "value", "array", "members", "function"],
)
def test_what_a_definition_may_be(wanted: Any, data: bytes, last: str | None) -> None:
    decoded = decode(from_bytes(data), wanted)
    assert decoded.error is None
    covers(decoded.nodes, len(data))
    assert last is None or any(line.startswith(last) for line in lines(decoded.nodes)), lines(decoded.nodes)


def test_where_it_stops_is_told() -> None:
    data = outer()
    for cut in range(len(data)):
        decoded = decode(from_bytes(data[:cut]), COuter)
        assert decoded.error is not None
        covers(decoded.nodes, cut)
        assert decoded.nodes[0].children[-1].kind == "error"


def test_an_error_of_the_definition_itself_is_told() -> None:
    def broken(ar: CArchive) -> None:
        ar.ReadWORD()
        raise KeyError("no such thing")

    decoded = decode(from_bytes(b"\x01\x02\x03"), broken)
    assert isinstance(decoded.error, KeyError)
    covers(decoded.nodes, 3)


WANTED = [
    COuter,
    CDeclared,
    Head,
    CMessage,
    CObArray,
    CMapStringToOb,
    COleVariant,
    CStringArray,
    array_of(Head),
    array_of(ref(CDeclared)),
    map_of(CString, CTime),
]
PIECES = [
    b"\xff\xff\x05\x00\x06\x00COuter",
    b"\xff\xff\x03\x00\x09\x00CDeclared",
    b"\x01\x80",
    b"\x02\x00",
    b"\x02hi",
]


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES) | st.binary(max_size=12), max_size=30),
    st.sampled_from(WANTED),
    st.booleans(),
)
def test_anything_at_all(pieces: list[bytes], wanted: Any, repeat: bool) -> None:
    """Whatever is in the stream, and whatever the definition does with it: a tree that covers it."""
    data = b"".join(pieces)
    covers(decode(from_bytes(data), wanted, repeat=repeat).nodes, len(data))


def test_a_tag_of_no_class_is_no_object() -> None:
    decoded = decode(from_bytes(b"\x01\x00\x05\x80"), CObArray)
    assert decoded.error is not None and "badIndex" in str(decoded.error)
    covers(decoded.nodes, 4)
    assert (decoded.found.objects, decoded.found.start, decoded.found.classes) == (0, None, {})


def test_a_place_to_begin() -> None:
    decoded = decode(from_bytes(b"HEAD" + outer()), COuter, 4)
    assert decoded.error is None and decoded.nodes[0].length == 4
    covers(decoded.nodes, 4 + len(outer()))
    assert "object #2 COuter" in lines(decoded.nodes)[2]


def test_of_a_flood_only_the_first_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pysock.inspector.trace.MOST_NODES", 50)
    decoded = decode(from_bytes(bytes(1000)), BYTE, repeat=True)
    assert decoded.error is None and len(lines(decoded.nodes)) < 60
    assert "only the first 50 items" in decoded.nodes[0].label
    covers(decoded.nodes, 1000)


@needs_corpus
@each_file
def test_real_documents_by_their_definitions(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No byte is left unexplained."""
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    encoding = "cp932" if "/jww/" in name else "cp1252"
    wanted = resolve(f"{ROOT / 'examples'}/{SCHEMAS[EXPECTED[name]['format']]}")
    with open_source(str(CORPUS / name)) as source:
        decoded = decode(source, wanted, encoding=encoding)
        assert decoded.error is None, decoded.error
        covers(decoded.nodes, source.size)
    assert len(decoded.nodes) == 1
    assert not [leaf for leaf in decoded.nodes[0].leaves() if leaf.kind == "unknown"]
    assert {c.name: c.objects for c in decoded.found.classes.values()} == EXPECTED[name]["objects"]
    assert [[c.name, c.schema] for c in decoded.found.classes.values()] == EXPECTED[name]["classes"]


@needs_corpus
@each_file
def test_real_documents_spoiled(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    wanted = resolve(f"{ROOT / 'examples'}/{SCHEMAS[EXPECTED[name]['format']]}")
    data, rng = (CORPUS / name).read_bytes(), random.Random(name)
    for _ in range(10):
        at = rng.randrange(len(data))
        for spoiled in (
            data[:at],
            data[:at] + bytes([data[at] ^ rng.choice([1, 0x80, 0xFF])]) + data[at + 1 :],
        ):
            covers(decode(from_bytes(spoiled), wanted).nodes, len(spoiled))


def test_definitions_that_cannot_be_had(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0")
    (tmp_path / "fine.py").write_text("class C:\n  x = 1\n")
    for spec, said in [
        ("nocolon", "wanted module:Class"),
        ("no_such_module_at_all:X", "ModuleNotFoundError"),
        ("pysock:NoSuchClass", "has no NoSuchClass"),
        (f"{tmp_path}/none.py:X", "no file"),
        (f"{tmp_path}/broken.py:X", "ZeroDivisionError"),
        (f"{tmp_path}/fine.py:C.y", "has no y"),
    ]:
        with pytest.raises(InspectError, match=said):
            resolve(spec)
    assert resolve(f"{tmp_path}/fine.py:C.x") == 1
    assert resolve("pysock:CStringArray").__name__ == "CStringArray"
    error = decode(from_bytes(b"\x01\x02"), resolve(f"{tmp_path}/fine.py:C")).error
    assert isinstance(error, TypeError)


def test_rects_and_dwords_have_their_values() -> None:
    decoded = decode(from_bytes(bytes(range(20))), lambda ar: (ar.read(CRect), ar.read(DWORD)))
    covers(decoded.nodes, 20)
    assert decoded.nodes[0].children[-1].value == 0x13121110
