"""Boxes, operators, bulk arrays, limits on values and the texts of errors."""

from __future__ import annotations

import ctypes
import datetime
import struct
import sys
from array import array
from typing import Any

import pytest

import pysock
from pysock import (
    BOOL,
    BYTE,
    CHAR,
    DOUBLE,
    DWORD,
    FLOAT,
    INT,
    LONG,
    LONGLONG,
    SHORT,
    UINT,
    ULONGLONG,
    WCHAR,
    WORD,
    ArchiveLimitError,
    CArchive,
    CArchiveException,
    CMemFile,
    CString,
    CStringA,
    bool_,
)

LOAD, STORE = CArchive.load, CArchive.store


def stored(work: Any, **options: Any) -> bytes:
    file = CMemFile()
    with CArchive(file, STORE, **options) as ar:
        work(ar)
    data: bytes = file.getvalue()
    return data


class TestBoxes:
    def test_equal_by_value_and_not_hashable(self) -> None:
        assert WORD(5) == WORD(5) == 5 and WORD(5) != WORD(6) and WORD(5) == DWORD(5)
        assert CString("a") == "a" and FLOAT(0.5) == 0.5 and bool_(2).value is True
        for box in (WORD(5), DOUBLE(1), CString("x")):
            with pytest.raises(TypeError, match="unhashable"):
                hash(box)

    def test_conversions(self) -> None:
        assert int(WORD(5)) == 5 and float(WORD(5)) == 5.0 and [1, 2][BYTE(1)] == 2
        assert int(DOUBLE(2.5)) == 2 and str(CString("x")) == "x" and len(CString("abc")) == 3
        assert not WORD() and not CString() and LONG(-1) and int(WCHAR("A")) == 65
        assert repr(SHORT(-2)) == "SHORT(-2)" and repr(CStringA(b"x")) == "CStringA(b'x')"
        with pytest.raises(TypeError):
            [1, 2][DOUBLE(1)]  # type: ignore[call-overload]

    def test_the_value_is_checked(self) -> None:
        box = WORD(5)
        box.value = 65535
        for bad in (65536, -1):
            with pytest.raises(OverflowError, match=r"WORD needs 0\.\.65535"):
                box.value = bad
        with pytest.raises(TypeError, match="WORD needs an int"):
            box.value = "5"  # type: ignore[assignment]
        assert box.value == 65535
        with pytest.raises(TypeError):
            CString(b"x")  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            pysock._core.wire.Box()
        assert FLOAT(0.1).value == struct.unpack("<f", struct.pack("<f", 0.1))[0]

    @pytest.mark.parametrize(
        "T,value,want",
        [(BYTE, 257, 1), (CHAR, 255, -1), (WORD, -1, 65535), (SHORT, 0x8000, -0x8000), (LONG, 2**32 - 1, -1),
         (INT, 2**31, -(2**31)), (DWORD, -1, 2**32 - 1), (UINT, 2**32, 0), (LONGLONG, 2**63, -(2**63)),
         (ULONGLONG, -1, 2**64 - 1), (BOOL, 2**32 + 5, 5), (bool_, 256, True), (WCHAR, 0x10041, "A")],
    )  # fmt: skip
    def test_wrap_cuts_as_cpp_does(self, T: Any, value: int, want: Any) -> None:
        assert T.wrap(value).value == want
        assert type(T.wrap(value)) is T


class TestOperators:
    def test_ar_201_a_class_is_not_a_box(self) -> None:
        ar = CArchive(bytes(10), LOAD)
        with pytest.raises(TypeError, match=r"x = WORD\(\); ar >> x"):
            ar >> WORD
        with pytest.raises(TypeError, match="needs a box"):
            ar >> 5
        assert ar.offset == 0

    @pytest.mark.parametrize(
        "value,hint",
        [(b"x", "ar.Write"), (WORD, "is a class"), (datetime.datetime(2020, 1, 1), "COleDateTime"),
         (1j, "no wire type"), ([1], "no wire type"), (ctypes.c_int(1), "no wire type")],
        ids=repr,
    )  # fmt: skip
    def test_ar_197_ar_198_no_wire_type(self, value: Any, hint: str) -> None:
        def work(ar: CArchive) -> None:
            with pytest.raises(TypeError, match=hint):
                ar << value
            with pytest.raises(TypeError):
                ar.write(value)

        assert stored(work) == b""

    def test_ar_199_only_a_width_that_is_said(self) -> None:
        class Number:
            def __index__(self) -> int:
                return 5

        def work(ar: CArchive) -> None:
            with pytest.raises(TypeError, match="width"):
                ar << Number()
            ar << WORD(Number())
            ar.WriteWORD(Number())
            ar.write(Number(), WORD)

        assert stored(work) == b"\5\0" * 3

    def test_types_that_say_how(self) -> None:
        class Pair:
            def __init__(self, a: int = 0, b: int = 0) -> None:
                self.a, self.b = a, b

            @classmethod
            def __mfc_load__(cls, ar: CArchive) -> Pair:
                return cls(ar.ReadBYTE(), ar.ReadBYTE())

            @classmethod
            def __mfc_store__(cls, ar: CArchive, value: Pair) -> None:
                ar.WriteBYTE(value.a)
                ar.WriteBYTE(value.b)

            def __mfc_extract__(self, ar: CArchive) -> None:
                self.a, self.b = ar.ReadBYTE(), ar.ReadBYTE()

        data = stored(lambda ar: (ar << Pair(1, 2), ar.write(Pair(3, 4)), ar.write(Pair(5, 6), Pair)))
        assert data == b"\1\2\3\4\5\6"
        ar = CArchive(data, LOAD)
        box = Pair()
        assert ar.read(Pair).b == 2 and ar >> box is ar and box.a == 3
        with pytest.raises(TypeError, match="not a wire type"):
            ar.read(int)


CODES = dict(
    zip(
        (BYTE, CHAR, WORD, SHORT, LONG, INT, DWORD, UINT, LONGLONG, ULONGLONG, FLOAT, DOUBLE),
        "BbHhiiIIqQfd",
        strict=True,
    )
)


def wire_order(values: Any) -> bytes:
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()


class TestArrays:
    @pytest.mark.parametrize("T", CODES, ids=lambda T: T.__name__)
    @pytest.mark.parametrize("n", [0, 1, 5, 5000, 70000])
    def test_ar_214_there_and_back(self, T: Any, n: int) -> None:
        values = (
            array(CODES[T], range(n % 100)) * (n // 100 + 1)
            if n < 100
            else array(CODES[T], range(100)) * (n // 100)
        )
        count = (
            struct.pack("<H", len(values))
            if len(values) < 0xFFFF
            else struct.pack("<HI", 0xFFFF, len(values))
        )
        data = stored(lambda ar: ar.write_array(T, values))
        assert data == count + wire_order(values)
        for file in (data, CMemFile(data)):
            back = CArchive(file, LOAD).read_array(T)
            assert back == values and back.typecode == CODES[T]
        room = array(CODES[T], bytes(len(values) * values.itemsize))
        assert CArchive(CMemFile(data), LOAD).read_array(T, room) is room and room == values
        assert stored(lambda ar: ar.write_array(T, values, count=False)) == wire_order(values)
        assert CArchive(wire_order(values), LOAD).read_array(T, count=len(values)) == values

    @pytest.mark.parametrize(
        "buf",
        [array("I", [1, 2]), (ctypes.c_uint32.__ctype_le__ * 2)(1, 2), b"\1\0\0\0\2\0\0\0"],
        ids=["machine", "little-endian", "bytes"],
    )
    def test_ar_214_is_little_endian_on_every_machine(self, buf: Any) -> None:
        assert stored(lambda ar: ar.write_array(DWORD, buf, count=False)) == b"\1\0\0\0\2\0\0\0"
        out: Any = bytearray(8)
        if isinstance(buf, array):
            out = array("I", [0, 0])
        elif isinstance(buf, ctypes.Array):
            out = type(buf)()
        CArchive(b"\1\0\0\0\2\0\0\0", LOAD).read_array(DWORD, out, count=False)
        assert bytes(out) == bytes(buf)

    def test_ar_214_what_does_not_fit(self) -> None:
        def work(ar: CArchive) -> None:
            for T, buf, error in [
                (DWORD, array("H", [1]), TypeError),
                (DOUBLE, array("q", [1]), TypeError),
                (LONGLONG, array("d", [1]), TypeError),
                (DWORD, b"abc", ValueError),
                (WORD, memoryview(bytes(8))[::2], BufferError),
                (DWORD, [1, 2], TypeError),
                (CString, b"abcd", TypeError),
                (int, b"abcd", TypeError),
                *(
                    [(DWORD, (ctypes.c_uint32.__ctype_be__ * 2)(), TypeError)]
                    if sys.byteorder == "little"
                    else []
                ),
            ]:
                with pytest.raises(error):
                    ar.write_array(T, buf)

        assert stored(work) == b""
        data = b"\2\0\1\0\0\0\2\0\0\0"
        for out, error in [(bytearray(4), ValueError), (bytearray(12), ValueError), (bytes(8), BufferError)]:
            with pytest.raises(error):
                CArchive(data, LOAD).read_array(DWORD, out)
        with pytest.raises(TypeError):
            CArchive(data, LOAD).read_array(DWORD, count=False)
        with pytest.raises(ValueError):
            CArchive(data, LOAD).read_array(DWORD, count=-1)

    def test_ar_215_structures(self) -> None:
        layout = struct.Struct("<BxxxI")
        raw = layout.pack(1, 2) + layout.pack(3, 4)
        assert stored(lambda ar: ar.write_array(layout, raw)) == b"\2\0" + raw
        back = CArchive(b"\2\0" + raw, LOAD).read_array(layout)
        assert list(layout.iter_unpack(back)) == [(1, 2), (3, 4)]

        class POINT16(ctypes.LittleEndianStructure):
            _fields_ = [("x", ctypes.c_int16), ("y", ctypes.c_int16)]

        points = (POINT16 * 3)((1, 2), (3, 4), (5, 6))
        data = stored(lambda ar: ar.write_array(POINT16, points))
        assert data == struct.pack("<H6h", 3, 1, 2, 3, 4, 5, 6)
        room = (POINT16 * 3)()
        CArchive(data, LOAD).read_array(POINT16, room)
        assert [(p.x, p.y) for p in room] == [(1, 2), (3, 4), (5, 6)]

    def test_numpy_arrays(self) -> None:
        np = pytest.importorskip("numpy")
        values = np.arange(10000, dtype="<u4")
        data = stored(lambda ar: ar.write_array(DWORD, values, count=False))
        assert data == values.tobytes()
        out = np.zeros((100, 100), "<u4")
        assert CArchive(data, LOAD).read_array(DWORD, out, count=False) is out
        assert (out.ravel() == values).all()
        with pytest.raises(TypeError):
            stored(lambda ar: ar.write_array(DWORD, values.astype(">u4")))
        dtype = np.dtype([("a", "<u2"), ("b", "<u4")])
        records = np.array([(1, 2), (3, 4)], dtype)
        data = stored(lambda ar: ar.write_array(dtype, records))
        assert (np.frombuffer(CArchive(data, LOAD).read_array(dtype), dtype) == records).all()

    def test_a_short_array_is_endoffile(self) -> None:
        for file in (b"\5\0abc", CMemFile(b"\5\0abc")):
            with pytest.raises(EOFError) as caught:
                CArchive(file, LOAD).read_array(BYTE)
            assert caught.value.offset == 0


class Trickle:
    """A stream of unknown length; counts what was asked for at once."""

    most = 0

    def __init__(self, data: bytes, piece: int = 1000) -> None:
        self.data, self.at, self.piece = data, 0, piece

    def readinto(self, buffer: memoryview) -> int:
        self.most = max(self.most, len(buffer))
        got = self.data[self.at : self.at + min(len(buffer), self.piece)]
        buffer[: len(got)] = got
        self.at += len(got)
        return len(got)


class TestLimits:
    @pytest.mark.parametrize(
        "limit,data,call",
        [
            ("max_string", b"\x06abcdef", CArchive.ReadCString),
            ("max_string", b"\xff\xfe\xff\x06" + b"a\0" * 6, CArchive.ReadCString),
            ("max_string", b"\xff\x06\x00abcdef", CArchive.ReadCString),
            ("max_string", b"abcdef\n", lambda ar: ar.ReadString(unicode=False)),
            ("max_string", b"abcdef\n", lambda ar: ar.ReadLine(unicode=False)),
            ("max_count", b"\x06\0abcdef", lambda ar: ar.read_array(BYTE)),
            ("max_count", b"\x06\0abcdef", CArchive.ReadCount),
            ("max_total", b"\x06\0abcdef", lambda ar: ar.read_array(BYTE)),
        ],
    )
    def test_what_is_too_much(self, limit: str, data: bytes, call: Any) -> None:
        for file in (data, CMemFile(data), Trickle(data, 1)):
            with pytest.raises(ArchiveLimitError) as caught:
                call(CArchive(file, LOAD, **{limit: 5}))
            assert (caught.value.limit, caught.value.allowed, caught.value.m_cause) == (limit, 5, 5)
            call(CArchive(data, LOAD, **{limit: 8}))
            call(CArchive(data, LOAD, **{limit: None}))

    def test_limits_are_attributes(self) -> None:
        ar = CArchive(b"\x06abcdef\x06abcdef", LOAD, max_string=5)
        names = (
            "max_string",
            "max_count",
            "max_total",
            "max_objects",
            "max_classes",
            "max_depth",
            "max_dense",
        )
        values = (5, 1 << 24, 1 << 28, 1000000, 1024, 200, 65536)
        assert ar.limits == dict(zip(names, values, strict=True))
        with pytest.raises(ArchiveLimitError):
            ar.ReadCString()
        assert ar.offset == 1
        ar = CArchive(b"\x06abcdef", LOAD)
        ar.max_string = 5
        with pytest.raises(ArchiveLimitError):
            ar.ReadCString()
        ar = CArchive(b"\x06abcdef", LOAD)
        ar.max_string = None
        assert ar.max_string is None and ar.ReadCString() == "abcdef"

    def test_ar_181_the_budget_is_for_one_read(self) -> None:
        ar = CArchive(b"\3\0abc" * 10, LOAD, max_total=5)
        for _ in range(10):
            assert ar.read_array(BYTE).tobytes() == b"abc"

    @pytest.mark.parametrize(
        "head,call",
        [
            (b"\xff\xff\xff\x00\x00\xf0\x00", CArchive.ReadCString),
            (b"\xff\xff\x00\x00\xf0\x00", lambda ar: ar.read_array(DWORD)),
            (b"\xff\xff\x00\x00\xf0\x00", lambda ar: ar.EnsureRead(ar.ReadCount() * 4)),
        ],
    )
    def test_ar_188_nothing_is_allocated_on_a_word(self, head: bytes, call: Any) -> None:
        stream = Trickle(head + bytes(200000))
        with pytest.raises(EOFError):
            call(CArchive(stream, LOAD))
        assert stream.most < 600000

    def test_ar_188_long_items_from_a_stream(self) -> None:
        text = "x" * 300000
        data = stored(lambda ar: (ar.WriteCStringA(text), ar.write_array(DWORD, array("I", range(100000)))))
        ar = CArchive(Trickle(data, 777), LOAD)
        assert ar.ReadCString() == text
        assert ar.read_array(DWORD) == array("I", range(100000))
        assert CArchive(Trickle(data), LOAD).Read(len(data) + 5) == data

    def test_ar_187_check_count(self) -> None:
        ar = CArchive(bytes(100), LOAD)
        assert ar.check_count(25, 4) == 25
        assert ar.check_count(0, 4) == 0
        with pytest.raises(EOFError):
            ar.check_count(26, 4)
        for n in (1 << 25, 1 << 63, (1 << 64) - 1):
            with pytest.raises(ArchiveLimitError):
                ar.check_count(n, 4)
        with pytest.raises(EOFError):
            CArchive(bytes(100), LOAD, max_count=None, max_total=None).check_count(1 << 62, 8)
        assert CArchive(Trickle(b""), LOAD).check_count(1 << 20, 4) < 20000


class TestErrors:
    def test_offset_wanted_found(self) -> None:
        ar = CArchive(b"\1\2\3\4\5\6", LOAD)
        ar.ReadDWORD()
        with pytest.raises(EOFError) as caught:
            ar.ReadDWORD()
        e = caught.value
        assert isinstance(e, CArchiveException)
        assert (e.m_cause, e.offset, e.wanted, e.found) == (3, 4, "4 bytes", "2 bytes")
        assert str(e) == "endOfFile: wanted 4 bytes, found 2 bytes, at byte 4"
        assert ar.ReadWORD() == 0x0605

    def test_ar_59_a_cut_string_is_consumed(self) -> None:
        ar = CArchive(b"\5ab", LOAD)
        with pytest.raises(EOFError) as caught:
            ar.ReadCString()
        assert caught.value.offset == 0
        assert ar.offset == 3

    def test_negative_numbers(self) -> None:
        ar = CArchive(b"abc", LOAD)
        for call in (ar.Read, ar.EnsureRead):
            with pytest.raises(ValueError):
                call(-1)
        with pytest.raises((TypeError, BufferError)):
            ar.Read("x")
        with pytest.raises(BufferError):
            ar.Read(b"readonly")
        assert ar.Read(bytearray(2)) == 2 and ar.EnsureRead(1) == b"c" and ar.Read(5) == b""


@pytest.mark.parametrize("size", [3, 300])
def test_text_that_cannot_be_decoded_tells_where_it_stands(size: int) -> None:
    text = b"x" * (size - 1) + b"\x81"
    store = CMemFile()
    with CArchive(store, CArchive.store) as ar:
        ar.WriteDWORD(1)
        ar.WriteCStringA(text)
    first = len(store.getvalue()) - size
    with CArchive(store.getvalue(), CArchive.load, encoding="cp932") as ar:
        ar.ReadDWORD()
        with pytest.raises(UnicodeDecodeError, match=rf"in the text at byte {first} of the stream") as raised:
            ar.ReadCString()
        assert (raised.value.object, raised.value.start) == (text, size - 1)
    with CArchive(b"ab\nc\x81\n", CArchive.load, unicode=False, encoding="cp932") as ar:
        assert ar.ReadLine() == "ab"
        with pytest.raises(UnicodeDecodeError, match=r"at byte 3 of the stream"):
            ar.ReadLine()
