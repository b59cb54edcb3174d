"""Whatever is stored is loaded back the same, and to the last byte: Hypothesis chooses what and over which
file."""

from __future__ import annotations

import io
import math
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pysock
from pysock import CArchive, CMemFile

WIDTHS = {
    "BYTE": (8, False),
    "CHAR": (8, True),
    "WORD": (16, False),
    "SHORT": (16, True),
    "LONG": (32, True),
    "INT": (32, True),
    "BOOL": (32, True),
    "DWORD": (32, False),
    "UINT": (32, False),
    "LONGLONG": (64, True),
    "ULONGLONG": (64, False),
}
FORMATS = {
    "BYTE": "B",
    "CHAR": "b",
    "WORD": "<H",
    "SHORT": "<h",
    "LONG": "<i",
    "INT": "<i",
    "BOOL": "<i",
    "DWORD": "<I",
    "UINT": "<I",
    "LONGLONG": "<q",
    "ULONGLONG": "<Q",
    "FLOAT": "<f",
    "DOUBLE": "<d",
}
TEXT = st.text(st.characters(codec=None, categories=None))  # lone surrogates too
CP1252 = st.text(st.sampled_from([chr(i) for i in range(128)] + ["€", "é", "ß", "\x81", "ÿ", "Œ"]))


def integers(name: str) -> st.SearchStrategy[int]:
    bits, signed = WIDTHS[name]
    low = -(1 << (bits - 1)) if signed else 0
    return st.integers(low, low + (1 << bits) - 1)


def values() -> st.SearchStrategy[tuple[str, Any]]:
    kinds = [st.tuples(st.just(name), integers(name)) for name in WIDTHS]
    kinds += [
        st.tuples(st.just("DOUBLE"), st.floats()),
        st.tuples(st.just("FLOAT"), st.floats(width=32)),
        st.tuples(st.just("bool_"), st.booleans()),
        st.tuples(st.just("WCHAR"), st.characters(codec=None, categories=None, max_codepoint=0xFFFF)),
        st.tuples(st.just("CString"), TEXT),
        st.tuples(st.just("CStringW"), TEXT),
        st.tuples(st.just("CStringA"), CP1252),
    ]
    return st.one_of(kinds)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, float):
        return type(b) is float and (
            struct.pack("<d", a) == struct.pack("<d", b) or (math.isnan(a) and math.isnan(b))
        )
    return type(a) is type(b) and a == b


def as_loaded(name: str, value: Any) -> Any:
    """Two surrogates that make a pair are one character when loaded."""
    if name in ("CString", "CStringW"):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return value


class Trickle(io.RawIOBase):
    """A binary file that gives a few bytes a read."""

    def __init__(self, data: bytes, most: int) -> None:
        self.data, self.most, self.at = data, most, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = (0, self.at, len(self.data))[whence] + offset
        return self.at

    def readinto(self, buffer: Any) -> int:
        piece = self.data[self.at : self.at + min(self.most, len(buffer))]
        buffer[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)


def stored(items: list[tuple[str, Any]], size: int) -> bytes:
    out = CMemFile()
    with CArchive(out, CArchive.store, size) as ar:
        for name, value in items:
            ar.write(value, getattr(pysock, name))
    return out.getvalue()


@given(
    items=st.lists(values(), max_size=20),
    size=st.sampled_from([0, 128, 129, 200, 4096]),
    most=st.integers(1, 300),
)
def test_any_sequence_over_any_file(items: list[tuple[str, Any]], size: int, most: int) -> None:
    data = stored(items, size)
    for source in (data, io.BytesIO(data), CMemFile(data), Trickle(data, most)):
        with CArchive(source, CArchive.load, size) as ar:
            for name, value in items:
                assert same(ar.read(getattr(pysock, name)), as_loaded(name, value)), name
            assert ar.Read(1) == b"" and ar.IsBufferEmpty()


@given(items=st.lists(values(), max_size=12))
def test_members_operators_and_types_write_the_same(items: list[tuple[str, Any]]) -> None:
    members, operators = CMemFile(), CMemFile()
    with CArchive(members, CArchive.store) as a, CArchive(operators, CArchive.store) as b:
        for name, value in items:
            getattr(a, "Write" + name.rstrip("_"))(value)
            b << getattr(pysock, name)(value)
    assert members.getvalue() == operators.getvalue() == stored(items, 4096)


@pytest.mark.parametrize("name", list(FORMATS))
@given(data=st.data())
def test_scalars_are_little_endian_and_nothing_else(name: str, data: st.DataObject) -> None:
    if name in WIDTHS:
        value: Any = data.draw(integers(name))
    else:
        value = data.draw(st.floats(width=32 if name == "FLOAT" else 64, allow_nan=False))
    assert stored([(name, value)], 128) == struct.pack(FORMATS[name], value)


@pytest.mark.parametrize("name", list(FORMATS))
@given(data=st.data())
def test_arrays_are_their_scalars_one_after_another(name: str, data: st.DataObject) -> None:
    element = (
        integers(name) if name in WIDTHS else st.floats(width=32 if name == "FLOAT" else 64, allow_nan=False)
    )
    array = data.draw(st.lists(element, max_size=80))
    raw = b"".join(struct.pack(FORMATS[name], v) for v in array)
    out = CMemFile()
    with CArchive(out, CArchive.store, 128) as ar:
        ar.write_array(getattr(pysock, name), raw)
    assert out.getvalue() == struct.pack("<H", len(array)) + raw
    with CArchive(out.getvalue(), CArchive.load, 128) as ar:
        assert list(ar.read_array(getattr(pysock, name))) == array
    room = bytearray(len(raw))
    with CArchive(raw, CArchive.load, 128) as ar:
        ar.read_array(getattr(pysock, name), room, count=False)
    assert room == raw


@given(n=st.one_of(st.integers(0, 70000), st.integers(0, 2**64 - 1)))
def test_counts(n: int) -> None:
    out = CMemFile()
    with CArchive(out, CArchive.store, bits=64) as ar:
        ar.WriteCount(n)
    with CArchive(out.getvalue(), CArchive.load, bits=64, max_count=None) as ar:
        assert ar.ReadCount() == n
        assert ar.Read(1) == b""


@given(
    lines=st.lists(
        st.text(st.characters(codec=None, categories=None, exclude_characters="\r\n\0"), max_size=300),
        max_size=8,
    ),
    wide=st.booleans(),
)
@settings(max_examples=60)
def test_lines(lines: list[str], wide: bool) -> None:
    if not wide:
        lines = [line.encode("cp1252", "replace").decode("cp1252") for line in lines]
    lines = [as_loaded("CString", line) for line in lines]
    out = CMemFile()
    with CArchive(out, CArchive.store, unicode=wide) as ar:
        for line in lines:
            ar.WriteString(line + "\r\n")
    with CArchive(out.getvalue(), CArchive.load, unicode=wide) as ar:
        assert list(ar.lines()) == lines


@given(
    pieces=st.lists(st.binary(max_size=700), max_size=10),
    size=st.sampled_from([128, 131, 4096]),
    takes=st.lists(st.integers(0, 500), max_size=30),
)
def test_raw_bytes(pieces: list[bytes], size: int, takes: list[int]) -> None:
    whole = b"".join(pieces)
    out = CMemFile()
    with CArchive(out, CArchive.store, size) as ar:
        for piece in pieces:
            ar.Write(piece)
    assert out.getvalue() == whole
    with CArchive(io.BytesIO(whole), CArchive.load, size) as ar:
        at = 0
        for n in takes:
            got = ar.Read(n)
            assert got == whole[at : at + n]
            at += len(got)
