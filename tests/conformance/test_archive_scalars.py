"""Cases SC and CN of the specification: scalars, plain Python values and counts, stored and loaded."""

import math
import struct
from typing import Any

import pytest

import pysock
from pysock import CArchive, CMemFile

# case, wire type, value, bytes
BOXES = [
    ("SC-01", "BYTE", 0, "00"),
    ("SC-02", "BYTE", 255, "FF"),
    ("SC-03", "CHAR", -1, "FF"),
    ("SC-04", "WORD", 0x1234, "34 12"),
    ("SC-05", "WORD", 65535, "FF FF"),
    ("SC-06", "SHORT", -2, "FE FF"),
    ("SC-07", "WCHAR", "A", "41 00"),
    ("SC-08", "INT", 305419896, "78 56 34 12"),
    ("SC-09", "INT", -1, "FF FF FF FF"),
    ("SC-10", "LONG", -2147483648, "00 00 00 80"),
    ("SC-11", "UINT", 4294967295, "FF FF FF FF"),
    ("SC-12", "DWORD", 0xDEADBEEF, "EF BE AD DE"),
    ("SC-13", "LONGLONG", -2, "FE FF FF FF FF FF FF FF"),
    ("SC-14", "LONGLONG", 0x0102030405060708, "08 07 06 05 04 03 02 01"),
    ("SC-15", "ULONGLONG", 2**64 - 1, "FF FF FF FF FF FF FF FF"),
    ("SC-16", "FLOAT", 1.0, "00 00 80 3F"),
    ("SC-17", "FLOAT", -0.5, "00 00 00 BF"),
    ("SC-18", "DOUBLE", 1.0, "00 00 00 00 00 00 F0 3F"),
    ("SC-19", "DOUBLE", -0.0, "00 00 00 00 00 00 00 80"),
    ("SC-20", "DOUBLE", 0.1, "9A 99 99 99 99 99 B9 3F"),
    ("SC-21", "DOUBLE", math.inf, "00 00 00 00 00 00 F0 7F"),
    ("SC-22", "bool_", True, "01"),
    ("SC-23", "bool_", False, "00"),
    ("SC-24", "BOOL", True, "01 00 00 00"),
]
PLAIN = [
    ("SC-25", 5, "05 00 00 00"),
    ("SC-26", -5, "FB FF FF FF"),
    ("SC-27", True, "01"),
    ("SC-28", 1.5, "00 00 00 00 00 00 F8 3F"),
]
COUNTS = [
    ("CN-01", 0, 32, "00 00"),
    ("CN-02", 1, 32, "01 00"),
    ("CN-03", 0xFFFE, 32, "FE FF"),
    ("CN-04", 0xFFFF, 32, "FF FF FF FF 00 00"),
    ("CN-05", 0x10000, 32, "FF FF 00 00 01 00"),
    ("CN-06", 0xFFFFFFFE, 32, "FF FF FE FF FF FF"),
    ("CN-07", 0xFFFFFFFF, 32, "FF FF FF FF FF FF"),
    ("CN-08", 0xFFFFFFFF, 64, "FF FF FF FF FF FF FF FF FF FF 00 00 00 00"),
    ("CN-09", 0x100000000, 64, "FF FF FF FF FF FF 00 00 00 00 01 00 00 00"),
]
cases = pytest.mark.parametrize


def stored(*values: Any, **options: Any) -> str:
    file = CMemFile()
    with CArchive(file, CArchive.store, **options) as ar:
        for value in values:
            ar << value
    return file.getvalue().hex(" ").upper()


def loading(data: str, **options: Any) -> CArchive:
    return CArchive(bytes.fromhex(data), CArchive.load, **options)


@cases("name,value,data", [c[1:] for c in BOXES], ids=[c[0] for c in BOXES])
def test_every_way_to_store_and_load(name: str, value: Any, data: str) -> None:
    T = getattr(pysock, name)
    assert stored(T(value)) == data

    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        getattr(ar, "Write" + name.rstrip("_"))(value)
        ar.write(value, T)
        ar.write(T(value), T)
    assert file.getvalue() == bytes.fromhex(data) * 3

    box = T()
    ar = loading(data * 3)
    for got in (ar.read(T), getattr(ar, "Read" + name.rstrip("_"))(), (ar >> box, box.value)[1]):
        assert got == value and math.copysign(1, float(T(got))) == math.copysign(1, float(T(value)))
    assert ar.Read(1) == b""


@cases("value,data", [c[1:] for c in PLAIN], ids=[c[0] for c in PLAIN])
def test_plain_values(value: Any, data: str) -> None:
    assert stored(value) == data


def test_sc_29_no_padding() -> None:
    assert stored(pysock.BYTE(1), pysock.WORD(2), pysock.DWORD(3)) == "01 02 00 03 00 00 00"


@cases(
    "store",
    [
        pytest.param(lambda ar: ar << 2**31, id="SC-30"),
        pytest.param(lambda ar: ar << -(2**31) - 1, id="SC-30-low"),
        pytest.param(lambda ar: ar.WriteWORD(65536), id="SC-31"),
        pytest.param(lambda ar: ar << pysock.WORD(65536), id="SC-31-box"),
        pytest.param(lambda ar: ar.WriteBYTE(-1), id="AR-194-BYTE"),
        pytest.param(lambda ar: ar.WriteULONGLONG(2**64), id="AR-194-ULONGLONG"),
        pytest.param(lambda ar: ar.WriteLONGLONG(2**63), id="AR-194-LONGLONG"),
        pytest.param(lambda ar: ar.WriteFLOAT(1e39), id="AR-194-FLOAT"),
        pytest.param(lambda ar: ar.WriteCount(2**32), id="AR-194-count"),
    ],
)
def test_a_value_that_does_not_fit(store: Any) -> None:
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        with pytest.raises(OverflowError):
            store(ar)
        assert ar.offset == 0
    assert file.getvalue() == b""


def test_sc_32_any_nonzero_byte_is_true() -> None:
    assert loading("02").read(pysock.bool_) is True


@cases("n,bits,data", [c[1:] for c in COUNTS], ids=[c[0] for c in COUNTS])
def test_counts(n: int, bits: Any, data: str) -> None:
    file = CMemFile()
    with CArchive(file, CArchive.store, bits=bits) as ar:
        ar.WriteCount(n)
    assert file.getvalue() == bytes.fromhex(data)
    assert loading(data, bits=bits, max_count=None).ReadCount() == n


def test_cn_10_over_long_count() -> None:
    assert loading("FF FF 05 00 00 00").ReadCount() == 5
    with pytest.raises(pysock.CArchiveException, match="canonical"):
        loading("FF FF 05 00 00 00", canonical=True).ReadCount()


def test_ar_180_a_count_above_the_limit() -> None:
    with pytest.raises(pysock.ArchiveLimitError) as caught:
        loading("FF FF 00 00 00 80").ReadCount()
    assert caught.value.limit == "max_count"


def test_ar_45_nan_payloads() -> None:
    """A quiet NaN keeps its payload through typed reads, a signalling one through bulk reads."""
    quiet, signalling = struct.pack("<Q", 0x7FF8000000ABCDEF), struct.pack("<Q", 0x7FF0000000ABCDEF)
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        ar.WriteDOUBLE(CArchive(quiet, CArchive.load).ReadDOUBLE())
        ar.write_array(
            pysock.DOUBLE, CArchive(signalling, CArchive.load).read_array(pysock.DOUBLE, count=1), False
        )
    assert file.getvalue() == quiet + signalling
