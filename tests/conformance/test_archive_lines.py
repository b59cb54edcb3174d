"""Cases LN of the specification: text lines without a length."""

from typing import Any

import pytest

from pysock import CArchive, CMemFile, CString

cases = pytest.mark.parametrize
LINES: list[tuple[str, bytes, bool, list[tuple[str, bool]]]] = [
    ("LN-04", b"ab\r\nc", False, [("ab", True), ("c", True), ("", False)]),
    ("LN-05", b"ab\nc", False, [("ab", True), ("c", True)]),
    ("LN-06", b"\n", False, [("", True), ("", False)]),
    ("LN-07", b"ab\rXcd", False, [("abX", True), ("cd", True)]),
    ("LN-08", b"\r", False, [("", False)]),
    ("LN-09", b"a\r", False, [("a", True)]),
    ("LN-10-faithful", b"a\0b\nc", True, [("a", True), ("c", True)]),
    ("LN-10", b"a\0b\nc", False, [("a\0b", True), ("c", True)]),
    ("LN-11-faithful", b"a" * 128, True, [("a" * 128, False)]),
    ("LN-11", b"a" * 128, False, [("a" * 128, True), ("", False)]),
    ("LN-12", b"a" * 128 + b"\n", False, [("a" * 128, True), ("", False)]),
    ("LN-12-faithful", b"a" * 128 + b"\n", True, [("a" * 128, True), ("", False)]),
]


@cases(
    "wide,text,data",
    [
        pytest.param(True, "Hi\r\n", "48 00 69 00 0D 00 0A 00", id="LN-01"),
        pytest.param(False, "Hi\r\n", "48 69 0D 0A", id="LN-02"),
        pytest.param(True, "", "", id="LN-03"),
    ],
)
def test_stored(wide: bool, text: str, data: str) -> None:
    file = CMemFile()
    with CArchive(file, CArchive.store, unicode=wide) as ar:
        ar.WriteString(text)
    with CArchive(file, CArchive.store, unicode=not wide) as ar:  # AR-69: explicit override
        ar.WriteString(text, unicode=wide)
    assert file.getvalue() == bytes.fromhex(data) * 2


def test_ar_63_a_nul_ends_the_text() -> None:
    file = CMemFile()
    with CArchive(file, CArchive.store, unicode=False) as ar:
        ar.WriteString("ab\0cd")
    assert file.getvalue() == b"ab"


@cases("data,faithful,lines", [c[1:] for c in LINES], ids=[c[0] for c in LINES])
@cases("wide", [False, True], ids=["ansi", "unicode"])
def test_readstring(data: bytes, faithful: bool, lines: list[tuple[str, bool]], wide: bool) -> None:
    if wide:
        data = data.decode("ascii").encode("utf-16-le")
    for file in (data, CMemFile(data)):
        ar = CArchive(file, CArchive.load, 128, unicode=wide, faithful=faithful)
        for text, ok in lines:
            box = CString("before")
            assert ar.ReadString(box) is ok
            assert box.value == text


@cases(
    "data,calls",
    [
        pytest.param(b"abc\n", [(2, "ab"), (2, "c"), (2, None)], id="LN-13"),
        pytest.param(b"a\n", [(-8, "a\n")], id="LN-14"),
        pytest.param(b"a\rXb", [(-8, "aX"), (-8, "b")], id="LN-15"),
    ],
)
def test_readstring_with_a_number(data: bytes, calls: list[tuple[int, Any]]) -> None:
    ar = CArchive(data, CArchive.load, unicode=False)
    for most, text in calls:
        assert ar.ReadString(most) == text


def test_ar_202_lines_without_surprises() -> None:
    data = b"one\r\ntwo\n\nlone\rcr\na\0b\nlast"
    want = ["one", "two", "", "lone\rcr", "a\0b", "last"]
    assert list(CArchive(data, CArchive.load, unicode=False).lines()) == want
    wide = data.decode("ascii").encode("utf-16-le")
    assert list(CArchive(CMemFile(wide), CArchive.load, 128).lines()) == want
    ar = CArchive(b"x\n", CArchive.load, unicode=False)
    assert (ar.ReadLine(), ar.ReadLine(), ar.ReadLine()) == ("x", None, None)
