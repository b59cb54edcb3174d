"""Runs the machine-readable programs of the vectors on pysock.

A program (`args` in vectors.json and behaviour.json, or made by tests/interop/generate.py) is what the
driver of
the oracle runs on the real DLL; `run` does the same with pysock and writes down what happened in the driver's
words, so that the two can be compared line by line.  tests/interop/oracle/README.md has the vocabulary.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pysock
from pysock import CArchive, CMemFile
from pysock.maporder import HashKey
from tests.interop.oracle.script import SCALARS, Op, Program, bits_of, data_of, expand, script_line
from tests.vectors.codepage import to_1252, utf16, windows1252
from tests.vectors.faces import Face
from tests.vectors.labclasses import SHOWN, Lab, read_string
from tests.vectors.logfile import LogFile

BOXES = {
    "char": "CHAR",
    "bool": "bool_",
    "short": "SHORT",
    "wchar_t": "WCHAR",
    "int": "INT",
    "float": "FLOAT",
    "double": "DOUBLE",
}
UNSET = 0xEEEEEEEE
UNSIGNED = {1: "BYTE", 2: "WORD", 4: "DWORD", 8: "ULONGLONG"}
VARIANT_CODES = {
    2: "<h",
    3: "<i",
    4: "<f",
    5: "<d",
    6: "<q",
    7: "<d",
    10: "<I",
    11: "<H",
    16: "<b",
    17: "<B",
    18: "<H",
    19: "<I",
    20: "<q",
    21: "<Q",
}
NO_LIMITS = dict.fromkeys(
    ["max_string", "max_count", "max_total", "max_objects", "max_classes", "max_depth"]
)  # as MFC: none  # fmt: skip


@dataclass
class Observation:
    """What a program did: the driver's lines, and the bytes that are in the file (None: a loading
    program)."""

    lines: list[str] = field(default_factory=list)
    data: bytes | None = None
    messages: list[str] = field(default_factory=list)  # of the exceptions, in order


def run(
    program: Program, *, unicode: bool = True, faithful: bool = True, face: str = "members", **options: Any
) -> Observation:
    """Runs one program; `options` go to CArchive."""
    return Runner(program, unicode=unicode, faithful=faithful, face=face, **options).run()


class Runner:
    def __init__(self, program: Program, *, unicode: bool, faithful: bool, face: str, **options: Any) -> None:
        self.program = program
        self.settings = program.get("settings", {})
        self.unicode = unicode
        self.options = {
            "unicode": unicode,
            "faithful": faithful,
            "errors": "replace" if faithful else "strict",
            "map_order": "mfc9",
            "bits": 64,  # the oracle is
            "allow": "registered",
            **options,
        }
        self.face = Face(face)
        self.tchars: Callable[[str], bytes] = utf16 if unicode else to_1252
        self.seen = Observation()
        self.running = True
        self.lab = Lab(program, self.face, self.died if "logdtor" in self.settings else None)
        self.lab.tchars = self.tchars
        self.loaded: list[Any] = []
        self.op_number = -1
        self.verb = ""
        self.file: Any = None
        self.archive: CArchive | None = None

    # ---- what is written down ------------------------------------------------------------------------------
    def say(self, text: str) -> None:
        self.seen.lines.append(text.rstrip())

    def val(self, text: str) -> None:
        self.say(f"val op={self.op_number} {text}")

    def log(self, text: str) -> None:
        if "nolog" not in self.settings:
            self.say(text)

    def died(self, cls: str) -> None:
        if self.running:
            self.log(f"log ~{cls}")

    def exception_line(self, e: Exception) -> str:
        name = "CArchiveException" if isinstance(e, pysock.ArchiveEndOfFile) else type(e).__name__
        os_error = e.m_lOsError if isinstance(e, pysock.CFileException) else 0
        line = (
            f"exc op={self.op_number} {self.verb} {name} cause={getattr(e, 'm_cause', -1)} oserr={os_error}"
        )
        if isinstance(e, pysock.ArchiveLimitError):
            line += f" limit={e.limit}"
        if "withname" in self.settings:
            line += f" name={getattr(e, 'm_strFileName', '')}"
        return line

    # ---- running -------------------------------------------------------------------------------------
    def run(self) -> Observation:
        ops = list(expand(self.program["ops"]))
        self.verb = script_line(ops[0]).split()[0] if ops else "end"
        stop = self.failed(self.open)
        for op in ops:
            self.op_number += 1
            self.verb = script_line(op).split()[0]
            if not stop:
                stop = self.failed(lambda op=op: self.step(op)) and "keepgoing" not in self.settings
        self.op_number, self.verb, self.running = 9999, "end", False
        if self.archive is not None:
            if not stop:
                self.failed(self.archive.Close)
            self.archive.Abort()
        if not self.settings.get("mode", 0) & 1 and self.file is not None:
            self.seen.data = bytes(self.file.data) if isinstance(self.file, LogFile) else self.file.getvalue()
        return self.seen

    def failed(self, call: Callable[[], object]) -> bool:
        try:
            call()
        except Exception as e:
            self.say(self.exception_line(e))
            self.seen.messages.append(str(e))
            return True
        return False

    def open(self) -> None:
        s, data = self.settings, data_of(self.program)
        mode = s.get("mode", 0)
        if s.get("file") == "plain":
            self.file = LogFile(
                self.log, data if mode & 1 else b"", s.get("chunk", 0), blocking="blocking" in s
            )
        else:
            self.file = CMemFile(data) if mode & 1 else CMemFile()
        buffer = bytearray(s["ubuf"]) if "ubuf" in s else None
        self.archive = self.archive_over(
            None if "nofile" in s else self.file, mode, s.get("buf", 4096), buffer
        )

    def archive_over(self, file: Any, mode: int, size: int = 4096, buffer: Any = None) -> CArchive:
        return CArchive(file, mode, size, buffer, registry=self.lab.registry, **self.options)

    @property
    def ar(self) -> CArchive:
        assert self.archive is not None
        return self.archive

    def step(self, op: Op) -> None:
        name, *args = op
        if name == "line":
            verb, *rest = args[0].split()
            getattr(self, "line_" + verb)(*rest)
        elif name in SCALARS:
            self.put_scalar(name, args[0])
        elif name.startswith(">>") and name[2:] in SCALARS:
            self.get_scalar(name[2:])
        elif name == "~CArchive":
            self.destroy()
        else:
            getattr(self, "op_" + name.replace(">>", "get_").replace(".", "_"))(*args)

    # ---- scalars, strings, bytes ---------------------------------------------------------------------
    def put_scalar(self, name: str, value: Any) -> None:
        width, code = SCALARS[name]
        box = BOXES.get(name, name)
        if name in ("float", "double"):
            raw = bits_of(name, value).to_bytes(width, "little")
            value = struct.unpack("<" + code, raw)[0]
            if name == "float" and value != value and not raw[2] & 0x40:
                # a Python float cannot hold a signalling NaN of 32 bits; the bulk interface can (AR-45)
                self.ar.write_array(getattr(pysock, box), raw, count=False)
                return
        elif name == "bool":
            value = bool(value)
        self.face.put(self.ar, box, value)

    def get_scalar(self, name: str) -> None:
        width, code = SCALARS[name]
        box = BOXES.get(name, name)
        raw = self.face.get_raw(self.ar, box)
        if raw is None:
            value = self.face.get(self.ar, box)
            if name == "wchar_t":
                value = ord(value)
            if name == "bool":
                assert isinstance(value, bool)
            raw = struct.pack("<" + code, value)
        self.val(f"get{width} 0x{int.from_bytes(raw, 'little'):x}")

    def op_get(self, width: int) -> None:
        if width in UNSIGNED:
            self.val(f"get{width} 0x{self.face.get(self.ar, UNSIGNED[width]):x}")
        else:
            self.ar.FillBuffer(width)

    def op_CStringA(self, d: dict[str, Any]) -> None:
        raw = bytes([d["byte"]]) * d["times"] if "times" in d else bytes.fromhex(d["hex"])
        self.face.put(self.ar, "CStringA", raw if self.face.name == "operators" else windows1252(raw))

    def op_CStringW(self, d: dict[str, Any]) -> None:
        text = chr(d["unit"]) * d["times"] if "times" in d else d["text"]
        self.face.put(self.ar, "CStringW", text)

    def op_get_CStringA(self) -> None:
        raw = to_1252(self.face.get(self.ar, "CStringA"))
        self.val(f"cstringA len={len(raw)} {raw[:SHOWN].hex() or '-'}")

    def op_get_CStringW(self) -> None:
        raw = utf16(self.face.get(self.ar, "CStringW"))
        self.val(f"cstringW len={len(raw) // 2} {raw[:SHOWN].hex() or '-'}")

    def op_WriteString(self, text: str | None) -> None:
        self.ar.WriteString(text)

    def op_ReadString(self) -> None:
        ok, text = read_string(self.ar)
        self.val(f"readstring ok={int(ok)} {self.tchars(text).hex() or '-'}")

    def op_ReadStringBuf(self, n_max: int) -> None:
        """The driver's buffer is full of AA; what MFC stored is followed by a NUL."""
        size = abs(n_max) + 1
        text = self.ar.ReadString(n_max)
        width = len(self.tchars("x"))
        raw = b"" if text is None else self.tchars(text) + bytes(width)
        shown = raw.ljust(size * width, bytes([0xAA])).hex()
        self.val(f"readstringbuf {'NULL' if text is None else 'ptr'} {shown}")

    def op_AfxWriteStringLength(self, n: int, wide: int) -> None:
        self.ar.WriteStringLength(n, bool(wide))

    def op_AfxReadStringLength(self) -> None:
        n, width = self.ar.ReadStringLength()
        self.val(f"strlen {n} charsize={width}")

    def op_WriteCount(self, n: int) -> None:
        self.ar.WriteCount(n)

    def op_ReadCount(self) -> None:
        self.val(f"count {self.ar.ReadCount()}")

    def op_Write(self, what: Any) -> None:
        self.ar.Write(
            bytes([what["byte"]]) * what["times"] if isinstance(what, dict) else bytes.fromhex(what)
        )

    def op_Read(self, n: int) -> None:
        self.show_read(n, self.ar.Read(n))

    def show_read(self, n: int, got: bytes) -> None:
        self.val(f"read want={n} got={len(got)} {('' if len(got) > SHOWN else got.hex()) or '-'}")

    # ---- objects -------------------------------------------------------------------------------------
    def op_WriteObject(self, ident: str | None) -> None:
        self.face.put_object(self.ar, self.lab.objects[ident] if ident else None)

    def op_WriteObjects(self, prefix: str, first: int, last: int) -> None:
        for i in range(first, last):
            self.face.put_object(self.ar, self.lab.objects[f"{prefix}#{i}"])

    def op_ReadObject(self, cls: str | None) -> None:
        self.loaded.append(obj := self.face.get_object(self.ar, self.lab.class_of(cls)))
        self.val(f"object {self.lab.describe(obj)}")

    def op_WriteClass(self, cls: str) -> None:
        self.ar.WriteClass(self.lab.class_of(cls))

    def op_ReadClass(self, cls: str | None) -> None:
        schema, tag = pysock.UINT(UNSET), pysock.DWORD(UNSET)
        got = self.ar.ReadClass(self.lab.class_of(cls), schema, tag)
        self.val(
            f"class {got.m_lpszClassName if got else 'NULL'} schema=0x{schema.value:x} tag=0x{tag.value:x}"
        )

    def op_SerializeClass(self, cls: str) -> None:
        self.ar.SerializeClass(self.lab.class_of(cls))

    def op_GetObjectSchema(self) -> None:
        self.val(f"schema 0x{self.ar.GetObjectSchema():x}")

    def op_MapObject(self, ident: str | None) -> None:
        self.ar.MapObject(self.lab.objects[ident] if ident else None)

    def op_Serialize(self, ident: str) -> None:
        self.lab.objects[ident].Serialize(self.ar)

    def op_SerializeNew(self, cls: str) -> None:
        obj = self.lab.class_of(cls)()
        obj.Serialize(self.ar)
        self.loaded.append(obj)
        self.val(f"serialized <{obj.GetRuntimeClass().m_lpszClassName}>")

    def op_restore(self, how: str = "") -> None:
        """Store what was loaded again, in order; `ser`: without tags."""
        out = CMemFile()
        with self.archive_over(out, 0) as again:
            for obj in self.loaded:
                if how == "ser":
                    obj.Serialize(again)
                else:
                    again.WriteObject(obj)
        self.val(f"restored {out.getvalue().hex() or '-'}")

    # ---- value types ---------------------------------------------------------------------------------
    def op_SIZE(self, cx: int, cy: int) -> None:
        self.face.put_value(self.ar, pysock.CSize(cx, cy))

    def op_POINT(self, x: int, y: int) -> None:
        self.face.put_value(self.ar, pysock.CPoint(x, y))

    def op_RECT(self, *sides: int) -> None:
        self.face.put_value(self.ar, pysock.CRect(*sides))

    def get_longs(self, cls: str) -> None:
        got = self.face.get_value(self.ar, cls)
        raw = struct.pack(f"<{len(got)}i", *got)
        self.show_read(len(raw), raw)

    def op_get_SIZE(self) -> None:
        self.get_longs("CSize")

    def op_get_POINT(self) -> None:
        self.get_longs("CPoint")

    def op_get_RECT(self) -> None:
        self.get_longs("CRect")

    def op_CTime(self, seconds: int) -> None:
        self.face.put_value(self.ar, pysock.CTime(seconds))

    def op_get_CTime(self) -> None:
        self.val(f"ctime {self.face.get_value(self.ar, 'CTime').value}")

    def op_CTimeSpan(self, seconds: int) -> None:
        self.face.put_value(self.ar, pysock.CTimeSpan(seconds))

    def op_get_CTimeSpan(self) -> None:
        self.val(f"ctimespan {self.face.get_value(self.ar, 'CTimeSpan').value}")

    def op_CTime_Serialize64(self, seconds: int) -> None:
        pysock.CTime(seconds).Serialize64(self.ar)

    def op_CTimeSpan_Serialize64(self, seconds: int) -> None:
        pysock.CTimeSpan(seconds).Serialize64(self.ar)

    def op_get_CTime_Serialize64(self) -> None:
        t = pysock.CTime()
        t.Serialize64(self.ar)
        self.val(f"ctime64 {t.value}")

    def op_get_CTimeSpan_Serialize64(self) -> None:
        t = pysock.CTimeSpan()
        t.Serialize64(self.ar)
        self.val(f"ctimespan64 {t.value}")

    def op_COleDateTime(self, days: float, status: int) -> None:
        self.face.put_value(self.ar, pysock.COleDateTime(days, status=status))

    def op_COleDateTimeSpan(self, days: float, status: int) -> None:
        self.face.put_value(self.ar, pysock.COleDateTimeSpan(days, status=status))

    def get_date(self, cls: str, verb: str) -> None:
        got = self.face.get_value(self.ar, cls)
        self.val(f"{verb} 0x{bits_of('double', got.value):x} status={got.m_status}")

    def op_get_COleDateTime(self) -> None:
        self.get_date("COleDateTime", "rodt")

    def op_get_COleDateTimeSpan(self) -> None:
        self.get_date("COleDateTimeSpan", "rodts")

    def op_COleCurrency(self, amount: int, status: int) -> None:
        cy = pysock.COleCurrency(status=status)
        cy.m_cur = amount
        self.face.put_value(self.ar, cy)

    def op_get_COleCurrency(self) -> None:
        got = self.face.get_value(self.ar, "COleCurrency")
        self.val(f"ocy {got.m_cur} status={got.m_status}")

    def op_CComBSTR(self, text: str | None) -> None:
        self.face.put_value(self.ar, pysock.CComBSTR(text) if text is not None else pysock.CComBSTR())

    def op_get_CComBSTR(self) -> None:
        got = self.face.get_value(self.ar, "CComBSTR")
        text = got if isinstance(got, str) or got is None else got.value
        self.val(f"bstr {'ptr' if text else 'NULL'} {utf16(text or '').hex() or '-'}")

    def op_COleVariant(self, vt: int, value: Any) -> None:
        self.face.put_value(self.ar, self.variant(vt, value))

    def variant(self, vt: int, value: Any) -> Any:
        if not isinstance(value, dict) or "array" in value or "raw16" in value:
            return pysock.COleVariant(None, vt)  # no value, or one that MFC does not store
        if "text" in value:
            return pysock.COleVariant(value["text"], vt)
        if "bytes" in value:
            return pysock.COleVariant(bytes.fromhex(value["bytes"]), vt)
        if vt not in VARIANT_CODES:
            return pysock.COleVariant(None, vt)
        code = VARIANT_CODES[vt]
        raw = value["bits"].to_bytes(struct.calcsize(code), "little")
        if vt == pysock.VARENUM.VT_BOOL and raw not in (b"\0\0", b"\xff\xff"):  # only a stream holds such
            return CArchive(struct.pack("<H", vt) + raw, CArchive.load).read(pysock.COleVariant)
        (number,) = struct.unpack(code, raw)
        return pysock.COleVariant(
            pysock.COleCurrency.from_cy(number) if vt == pysock.VARENUM.VT_CY else number, vt
        )

    def op_get_COleVariant(self) -> None:
        got = self.face.get_value(self.ar, "COleVariant")
        if got.vt == pysock.VARENUM.VT_BSTR:
            self.val(f"variant vt=8 bits=0x0 {got.raw.hex() or '-'}")
        else:
            self.val(f"variant vt={got.vt} bits=0x{int.from_bytes(got.raw, 'little'):x}")

    def line_rvarp(self) -> None:
        got = self.ar.read(pysock.COleVariant)
        self.val(f"variant vt={got.vt} {'NULL' if got.value is None else 'ptr'}")

    # ---- both directions -----------------------------------------------------------------------------
    def op_Flush(self) -> None:
        self.ar.Flush()

    def op_Close(self) -> None:
        self.ar.Close()

    def op_Abort(self) -> None:
        self.ar.Abort()

    def destroy(self) -> None:
        """What C++ leaves to the destructor Python leaves to `with` (AR-209)."""
        if not self.ar.m_nMode & CArchive.bNoFlushOnDelete:
            self.ar.Close()
        self.ar.Abort()

    def op_state(self) -> None:
        s = self.ar._state()
        self.val(
            "state "
            + " ".join(
                f"{k}={s[k]}"
                for k in (
                    "nMode",
                    "bUserBuf",
                    "nBufSize",
                    "bDirectBuffer",
                    "bBlocking",
                    "cur",
                    "max",
                    "mapcount",
                )
            )
        )

    def line_fields(self) -> None:
        s = self.ar._state()
        self.val(
            f"fields doc={self.ar.m_pDocument or 0:016x} flat={int(self.ar.m_bForceFlat)} "
            f"schema=0x{s['schema']:x} pMap={int(s['mapcount'] != 0)} "
            f"file={int(self.ar.GetFile() is not None)}"
        )

    def line_setschema(self, n: str) -> None:
        self.ar.SetObjectSchema(int(n, 0))

    def line_setcount(self, n: str) -> None:
        self.ar._set_map_count(int(n, 0))

    def line_pos(self) -> None:
        f = self.file
        at, length = (f.at, len(f.data)) if isinstance(f, LogFile) else (f.GetPosition(), f.GetLength())
        self.val(f"pos {at} len {length}")

    def line_rstrneg(self, n: str) -> None:
        self.op_ReadStringBuf(-int(n))

    def line_rclassn(self, cls: str) -> None:
        got = self.ar.ReadClass(self.lab.class_of(cls))
        self.val(f"class {got.m_lpszClassName if got else 'NULL'}")

    def line_ser(self, ident: str) -> None:
        self.op_Serialize(ident)

    def line_keep(self, ident: str) -> None:
        self.loaded.append(self.lab.objects[ident])

    def line_grow(self, data: str) -> None:
        self.file.data += bytes.fromhex(data)

    # ---- functions, and the CMemFile itself ----------------------------------------------------------
    def line_hashw(self, data: str) -> None:
        text = bytes.fromhex(data).decode("utf-16-le", "surrogatepass").rstrip("\0")
        self.val(f"hash {HashKey(text)}")

    def line_hasha(self, data: str) -> None:
        self.val(f"hash {HashKey(bytes.fromhex(data).rstrip(bytes(1)))}")

    def line_isderived(self, cls: str, base: str) -> None:
        one, two = (pysock.RUNTIME_CLASS(self.lab.class_of(c)) for c in (cls, base))
        self.val(f"derived {int(one.IsDerivedFrom(two))}")

    def line_mfread(self, n: str) -> None:
        got = self.file.Read(int(n))
        self.val(f"mfread {len(got)} {got.hex() or '-'}")

    def line_mfwrite(self, data: str) -> None:
        self.file.Write(bytes.fromhex(data))

    def line_mfseek(self, offset: str, origin: str) -> None:
        self.val(f"seek {self.file.Seek(int(offset), int(origin))}")

    def line_mflock(self) -> None:
        self.file.LockRange(0, 1)

    def line_mfunlock(self) -> None:
        self.file.UnlockRange(0, 1)

    def line_mfdup(self) -> None:
        self.file.Duplicate()
