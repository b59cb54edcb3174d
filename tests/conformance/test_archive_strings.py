"""Cases ST and SR of the specification: counted strings, stored and loaded."""

import zlib
from typing import Any

import pytest

from pysock import ArchiveLimitError, CArchive, CArchiveException, CMemFile, CString, CStringA, CStringW

SHORT = [
    ("ST-01", CString, "", True, "FF FE FF 00"),
    ("ST-02", CString, "", False, "00"),
    ("ST-03", CString, "Hi", True, "FF FE FF 02 48 00 69 00"),
    ("ST-04", CString, "Hi", False, "02 48 69"),
    ("ST-05", CStringA, "Hi", True, "02 48 69"),
    ("ST-06", CStringW, "Hi", False, "FF FE FF 02 48 00 69 00"),
    ("ST-07", CString, "a\0b", True, "FF FE FF 03 61 00 00 00 62 00"),
    ("ST-08", CString, "a\0b", False, "03 61 00 62"),
    ("ST-09", CString, "é€", True, "FF FE FF 02 E9 00 AC 20"),
    ("ST-10", CString, "é€", False, "02 E9 80"),
    ("ST-11", CString, "\U0001f600", True, "FF FE FF 02 3D D8 00 DE"),
]
# case, characters, Unicode, what stands before them, total, CRC-32
LONG = [
    ("ST-12", 254, False, "FE", 255, 0x9A0BBF53),
    ("ST-13", 255, False, "FF FF 00", 258, 0x91B0189D),
    ("ST-14", 65533, False, "FF FD FF", 65536, 0xE753E957),
    ("ST-15", 65534, False, "FF FF FF FE FF 00 00", 65541, 0x2F7A1479),
    ("ST-16", 65535, False, "FF FF FF FF FF 00 00", 65542, 0x5339CEB1),
    ("ST-17", 254, True, "FF FE FF FE", 512, 0xBFD97175),
    ("ST-18", 255, True, "FF FE FF FF FF 00", 516, 0x7A7644A7),
    ("ST-19", 65533, True, "FF FE FF FF FD FF", 131072, 0x21FC8F12),
    ("ST-20", 65534, True, "FF FE FF FF FF FF FE FF 00 00", 131078, 0x535AA970),
]
LOADED: list[tuple[str, str, dict[str, Any], str]] = [
    ("SR-01", "FF FE FF 02 48 00 69 00", {"unicode": False}, "Hi"),
    ("SR-02", "02 48 69", {}, "Hi"),
    ("SR-03", "FF 02 00 48 69", {}, "Hi"),
    ("SR-04", "FF FF FF 02 00 00 00 48 69", {}, "Hi"),
    ("SR-05", "FF FE FF FF 02 00 48 00 69 00", {}, "Hi"),
    ("SR-06", "FF FF FF FF FF FF FF 02 00 00 00 00 00 00 00 48 69", {}, "Hi"),
    ("SR-07", "FF FE FF FF FE FF" + " 78 00" * 65534, {}, "x" * 65534),
    ("SR-11", "02 E9 80", {"encoding": "cp1252"}, "é€"),
    ("SR-12", "FF FE FF 01 00 D8", {}, "\ud800"),
    ("SR-15", "FF FF FF FF FF FF FF 03 00 00 00 01 00 00 00 61 62 63", {"bits": 64, "faithful": True}, "abc"),
]
REFUSED: list[tuple[str, str, dict[str, Any], int]] = [
    ("SR-08", "03 48 69", {}, 3),
    ("SR-09", "FF FE FF 02 48 00 69", {}, 3),
    ("SR-10", "FF", {}, 3),
    ("SR-14", "FF FF FF FF FF FF FF 00 00 00 80 00 00 00 00", {"bits": 32}, 1),
]
cases = pytest.mark.parametrize


def stored(value: Any, **options: Any) -> bytes:
    file = CMemFile()
    with CArchive(file, CArchive.store, **options) as ar:
        ar << value
    data: bytes = file.getvalue()
    return data


@cases("box,text,wide,data", [c[1:] for c in SHORT], ids=[c[0] for c in SHORT])
def test_short(box: Any, text: str, wide: bool, data: str) -> None:
    assert stored(box(text), unicode=wide) == bytes.fromhex(data)
    if box is CString:
        assert stored(text, unicode=wide) == bytes.fromhex(data)
    for T in (CString, CStringA, CStringW):  # AR-56: either kind into either type
        ar = CArchive(bytes.fromhex(data), CArchive.load)
        assert ar.read(T) == text
        assert ar.Read(1) == b""


@cases("n,wide,prefix,total,crc", [c[1:] for c in LONG], ids=[c[0] for c in LONG])
@cases("size", [128, 4096])
def test_long(n: int, wide: bool, prefix: str, total: int, crc: int, size: int) -> None:
    data = stored("x" * n, unicode=wide)
    assert data.startswith(bytes.fromhex(prefix))
    assert (len(data), zlib.crc32(data)) == (total, crc)
    assert CArchive(data, CArchive.load).ReadCString() == "x" * n
    assert CArchive(CMemFile(data), CArchive.load, size).ReadCString() == "x" * n


@cases(
    "n,data",
    [
        pytest.param(0xFFFFFFFE, "FF FF FF FE FF FF FF", id="ST-21"),
        pytest.param(0xFFFFFFFF, "FF FF FF FF FF FF FF FF FF FF FF 00 00 00 00", id="ST-22"),
    ],
)
def test_prefix_alone(n: int, data: str) -> None:
    file = CMemFile()
    with CArchive(file, CArchive.store, bits=64) as ar:
        ar.WriteStringLength(n)
    assert file.getvalue() == bytes.fromhex(data)
    assert CArchive(bytes.fromhex(data), CArchive.load, bits=64).ReadStringLength() == (n, 1)


@cases("data,options,text", [c[1:] for c in LOADED], ids=[c[0] for c in LOADED])
def test_loaded(data: str, options: dict[str, Any], text: str) -> None:
    ar = CArchive(bytes.fromhex(data), CArchive.load, **options)
    assert ar.ReadCString() == text
    assert ar.Read(1) == b""


@cases("data,options,cause", [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED])
def test_refused(data: str, options: dict[str, Any], cause: int) -> None:
    with pytest.raises(CArchiveException) as caught:
        CArchive(bytes.fromhex(data), CArchive.load, **options).ReadCString()
    assert caught.value.m_cause == cause
    assert caught.value.offset == 0 or cause == 3


def test_sr_13_no_allocation_for_a_length() -> None:
    data = bytes.fromhex("FF FF FF FF FF FF FF FF FF FF 7F 00 00 00 00")
    with pytest.raises(ArchiveLimitError):
        CArchive(data, CArchive.load).ReadCString()
    with pytest.raises(EOFError):
        CArchive(data, CArchive.load, max_string=None).ReadCString()


@cases("data", ["FF 02 00 48 69", "FF FF FF 02 00 00 00 48 69", "FF FE FF FF 02 00 48 00 69 00"])
def test_ar_57_canonical_refuses_over_long_forms(data: str) -> None:
    with pytest.raises(CArchiveException, match="canonical"):
        CArchive(bytes.fromhex(data), CArchive.load, canonical=True).ReadCString()


def test_ar_60_every_byte_of_cp1252_survives() -> None:
    every = bytes(range(256))
    text = CArchive(b"\xff\x00\x01" + every, CArchive.load).ReadCStringA()
    assert [ord(text[hole]) for hole in (0x81, 0x8D, 0x8F, 0x90, 0x9D)] == [0x81, 0x8D, 0x8F, 0x90, 0x9D]
    assert stored(CStringA(text)) == b"\xff\x00\x01" + every


def test_ar_60_what_the_code_page_does_not_have() -> None:
    file = CMemFile()
    with CArchive(file, CArchive.store, unicode=False) as ar:
        with pytest.raises(UnicodeEncodeError):
            ar << "日本"
        assert ar.offset == 0
        ar.errors = "replace"
        ar << "日\U0001f600\ud83d"
    assert file.getvalue() == b"\x04????"  # one for a unit, two for a pair


@cases(
    "encoding,text",
    [("cp932", "日本語ﾃｽﾄ"), ("cp949", "한국어"), ("cp936", "中文"), ("utf-8", "é😀"), ("utf-16-le", "ab")],
)
def test_ar_60_other_code_pages(encoding: str, text: str) -> None:
    raw = text.encode(encoding)
    data = stored(text, unicode=False, encoding=encoding)
    assert data == bytes([len(raw)]) + raw
    assert CArchive(data, CArchive.load, encoding=encoding).ReadCString() == text


def test_bytes_go_into_a_cstringa_as_they_are() -> None:
    assert stored(CStringA(b"\x81\xff")) == b"\x02\x81\xff"
