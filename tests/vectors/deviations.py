"""Observations of the real DLL that pysock does not reproduce, one by one, with the rule that says so.

The lists are exact: a test fails if an entry behaves as the DLL after all, or differs in another way than
told here.
Left out for all alike: that MFC asks `GetBufferPtr` twice (AR-7), and where the pointers of a direct
buffer stand
(AR-26); see tests/interop/compare.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Deviation:
    rule: str  # of spec/archive.md: AR-n, or 10.7 for its summary of choices
    why: str
    swap: dict[str, str] = field(default_factory=dict)  # the DLL's line: ours
    drop: tuple[str, ...] = ()  # lines of the DLL's that are not there, all of them
    at: int | None = None  # from this line on there is only `then`
    then: tuple[str, ...] = ()
    data: str | None = None  # hex of what is in the file, if it differs

    def apply(self, lines: list[str]) -> list[str]:
        lines = lines if self.at is None else [*lines[: self.at], *self.then]
        return [self.swap.get(line, line) for line in lines if line not in self.drop]


def exc(op: int, verb: str, cls: str, cause: int = -1, tail: str = "") -> str:
    return f"exc op={op} {verb} {cls} cause={cause} oserr=0{tail}"


_AFTER_CLOSE = (
    "MFC takes what fits into the old buffer and loses it, or crashes; here a closed archive says so"
)
_COM = "there is no COM; the real one crashes on a null pointer"
_TUNING = "m_nGrowSize and m_nHashSize tune MFC's memory; there is nothing here that they are a size of"
_FIELDS = "val op=0 fields doc=0000000000000000 flat=1 schema=0xffffffff"
_OPEN = "bUserBuf=0 nBufSize=128 bDirectBuffer=0 bBlocking=0"

# ---- faithful=True: what cannot or must not be imitated ----------------------------------------------
FAITHFUL: dict[str, Deviation] = {
    "store-after-close": Deviation(
        "AR-11",
        _AFTER_CLOSE,
        at=1,
        then=(f"val op=2 state nMode=0 {_OPEN} cur=0 max=0 mapcount=0", exc(3, "write", "ValueError")),
    ),
    "after-close-flush": Deviation("AR-11", _AFTER_CLOSE, at=0, then=(exc(1, "put", "ValueError"),)),
    "bytearray-load-huge-count": Deviation(
        "AR-187",
        "the stream is seen to be shorter than the count before any memory is asked for",
        at=0,
        then=(exc(0, "rser", "CArchiveException", 3),),
    ),
    "store-variant-dispatch-null": Deviation(
        "AR-160", _COM, at=0, then=(exc(0, "var", "CNotSupportedException"),)
    ),
    "store-variant-unknown-null": Deviation(
        "AR-160", _COM, at=0, then=(exc(0, "var", "CNotSupportedException"),)
    ),
    "fields-fresh-store": Deviation(
        "AR-29", _TUNING, {f"{_FIELDS} grow=16 hash=137 pMap=0 file=1": f"{_FIELDS} pMap=0 file=1"}
    ),
    "fields-fresh-load": Deviation(
        "AR-29", _TUNING, {f"{_FIELDS} grow=64 hash=137 pMap=0 file=1": f"{_FIELDS} pMap=0 file=1"}
    ),
    "failed-object-destroyed": Deviation(
        "AR-35",
        "the slot of the failed object still counts, and a Python object lives as long as a slot holds it",
        drop=("log ~CLabNode",),
    ),
}

# ---- the default settings: what differs by design (spec 10.7), besides the above ---------------------
_NO_READ_0 = ("log Read(0) -> 0",)
_ZERO = "a call of length 0 does nothing, or waits (AR-223): it is not made"
_COUNT = "above the default limit"
_FAILED = "after a load error the archive loads no more"
_NUL = "a NUL is a character of the line"
_REFUSED = exc(1, "robj", "CArchiveException", 1)
_A128 = "7800" * 128
_LONG_NUL = ("a" * 10 + "\0" + "b" * 200).encode("utf-16-le").hex()
_LOADING = "nMode=1 bUserBuf=0 nBufSize=4096 bDirectBuffer=0 bBlocking=0"

BY_DEFAULT: dict[str, Deviation] = {
    **{
        name: Deviation("AR-223", _ZERO, drop=_NO_READ_0)
        for name in (
            "plain-load-cross-buffer",
            "plain-load-short-read",
            "blocking-load",
            "blocking-load-chunks",
            "eof-then-bulk",
        )
    },
    "write-126-4": Deviation("AR-18", _ZERO, drop=("log Write(0)",)),
    "readcount-fffffeffffff": Deviation(
        "AR-180", _COUNT, at=0, then=(exc(0, "rcount", "ArchiveLimitError", 5, " limit=max_count"),)
    ),
    "readcount-ffffffffffff0000000001000000": Deviation(
        "AR-180", _COUNT, at=0, then=(exc(0, "rcount", "ArchiveLimitError", 5, " limit=max_count"),)
    ),
    "bytearray-load-huge-count": Deviation(
        "AR-180", _COUNT, at=0, then=(exc(0, "rser", "ArchiveLimitError", 5, " limit=max_count"),)
    ),
    "string-qword-length": Deviation(
        "AR-58",
        "a length above 32 bits is not cut, and is above the default limit (AR-179)",
        at=0,
        then=(exc(0, "rcstrA", "ArchiveLimitError", 5, " limit=max_string"),),
    ),
    "readstring-nul": Deviation(
        "AR-68", _NUL, {"val op=0 readstring ok=1 6100": "val op=0 readstring ok=1 610000006200"}
    ),
    "ansi-readstring-nul": Deviation(
        "AR-68", _NUL, {"val op=0 readstring ok=1 61": "val op=0 readstring ok=1 610062"}
    ),
    "readstring-nul-in-long-line": Deviation(
        "AR-68",
        _NUL,
        at=0,
        then=(
            f"val op=0 readstring ok=1 {_LONG_NUL}",
            "val op=1 readstring ok=1 6300",
            "val op=2 readstring ok=0 -",
            "val op=3 readstring ok=0 -",
        ),
    ),
    "readstring-128-eof": Deviation(
        "AR-67",
        "a last line of 128 characters is a line",
        {f"val op=0 readstring ok=0 {_A128}": f"val op=0 readstring ok=1 {_A128}"},
    ),
    "object-load-after-failure": Deviation("AR-190", _FAILED, {"val op=1 object null": _REFUSED}),
    "object-load-failed-stays-mapped": Deviation(
        "AR-190", _FAILED, {"val op=1 object #1:CLabNode(5,null)": _REFUSED}
    ),
    "map-after-wrong-class": Deviation(
        "AR-190",
        "what was loaded is dropped (AR-192), and " + _FAILED,
        at=1,
        then=(
            f"val op=1 state {_LOADING} cur=10 max=16 mapcount=0",
            exc(2, "robj", "CArchiveException", 1),
        ),
    ),
    "map-after-bad-schema": Deviation(
        "AR-190",
        "what was loaded is dropped (AR-192), and " + _FAILED,
        at=1,
        then=(
            f"val op=1 state {_LOADING} cur=10 max=16 mapcount=0",
            exc(2, "robj", "CArchiveException", 1),
        ),
    ),
    "map-after-abstract": Deviation(
        "AR-192",
        "what was loaded is dropped",
        at=1,
        then=(f"val op=1 state {_LOADING} cur=10 max=10 mapcount=0",),
    ),
    "failed-object-destroyed": Deviation(
        "AR-192",
        "what was loaded is dropped, when nothing refers to the exception any more",
        at=0,
        then=(
            exc(0, "robj", "CArchiveException", 5),
            "log ~CLabNode",
            f"val op=1 state {_LOADING} cur=20 max=20 mapcount=0",
        ),
    ),
    "store-timespan-negative-64": Deviation(
        "AR-152",
        "MFC cuts a span below -2**31 to its low 32 bits, another span",
        at=0,
        then=(exc(0, "ctimespan", "CInvalidArgException"),),
        data="",
    ),
    "store-variant-variant": Deviation(
        "AR-159",
        "MFC stores the type and loses the value",
        at=0,
        then=(exc(0, "var", "CNotSupportedException"),),
        data="",
    ),
    "eof-then-grown": Deviation(
        "AR-203",
        "after endOfFile a later read asks the file again",
        at=3,
        then=("log Read(126) -> 2", "val op=2 get4 0x4030201"),
    ),
    "file-name-scalar": Deviation(
        "AR-31",
        "the file's name is always told",
        {
            exc(0, "get", "CArchiveException", 3, " name="): exc(
                0, "get", "CArchiveException", 3, " name=F.bin"
            )
        },
    ),
    "file-name-string": Deviation(
        "AR-31",
        "the file's name is always told; no call of length 0",
        {
            exc(0, "rcstrA", "CArchiveException", 3, " name="): exc(
                0, "rcstrA", "CArchiveException", 3, " name=F.bin"
            )
        },
        drop=_NO_READ_0,
    ),
    "file-name-array": Deviation(
        "AR-31",
        "the file's name is always told; no call of length 0",
        {
            exc(0, "rser", "CArchiveException", 3, " name="): exc(
                0, "rser", "CArchiveException", 3, " name=F.bin"
            )
        },
        drop=_NO_READ_0,
    ),
    "file-name-full": Deviation(
        "AR-31",
        "the file's name is always told",
        {
            exc(0, "get", "CArchiveException", 8, " name="): exc(
                0, "get", "CArchiveException", 8, " name=F.bin"
            )
        },
    ),
    "ansi-stringarray-load-unicode": Deviation(
        "AR-60",
        "text that the code page lacks is refused: errors='strict'",
        at=1,
        then=(exc(1, "restore", "UnicodeEncodeError"),),
    ),
}
