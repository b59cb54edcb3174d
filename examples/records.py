"""What the examples share: wire types that the library has no word for, and a command line.

A field's type is anything `ar.read` and `ar.write` take: a scalar such as WORD, a CString, a value type such
as CRect, `fixed(T, n)` for a C array, and so on.  Or it is an object with the methods `__mfc_load__` and
`__mfc_store__`, as the classes with small letters here: a list of objects that belong to it, a value out of a
few, a type that depends on the version of the document, a record that depends on the number before it.
"""

import argparse
import io
import json
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from pysock import (
    RUNTIME_CLASS,
    CArchive,
    CArchiveException,
    CMemFile,
    CObject,
    CRuntimeClass,
    Record,
    field,
    fields,
)


class Owned(CObject):
    """An object that belongs to one list of `objects`."""

    __slots__ = ("_owned",)  # set once it is in that list


T = TypeVar("T", bound=Owned)
R = TypeVar("R", bound=Record)


class objects(Generic[T]):
    """A list of pointers to objects that belong to it, as CObArray, CObList and their typed kin write it.

    In the stream a pointer may also be null, or lead to an object met before.  A tree has neither, and
    whoever walks one would stumble over them or walk in circles, so both are refused.
    """

    def __init__(self, cls: "type[T] | str") -> None:
        self.cls = cls  # or its name, where it does not exist yet

    def __mfc_default__(self) -> list[T]:
        return []

    def __mfc_load__(self, ar: CArchive) -> list[T]:
        # No memory is taken on the word of the count: the list grows only as objects arrive.
        return [self.element(ar) for _ in range(ar.ReadCount())]

    def element(self, ar: CArchive) -> T:
        start = ar.offset
        wanted: Any = (
            CRuntimeClass.FromName(self.cls) if isinstance(self.cls, str) else RUNTIME_CLASS(self.cls)
        )
        element: Any = ar.ReadObject(wanted)
        if element is None or hasattr(element, "_owned"):
            found = "null" if element is None else "one that is in a list already"
            raise refusal(ar, start, f"a new {wanted.m_lpszClassName}", found)
        element._owned = True
        return cast("T", element)

    def __mfc_store__(self, ar: CArchive, value: list[T]) -> None:
        ar.WriteCount(len(value))
        for element in value:
            ar.WriteObject(element)


class one_of:
    """A field that allows only some values; `what` tells them in an error message."""

    def __init__(self, type_: Any, values: Collection[Any], what: str) -> None:
        self.type, self.values, self.what = type_, values, what

    def __mfc_default__(self) -> Any:
        return next(iter(self.values))

    def __mfc_load__(self, ar: CArchive) -> Any:
        start = ar.offset
        value = ar.read(self.type)
        if value not in self.values:
            raise refusal(ar, start, self.what, repr(value))
        return value

    def __mfc_store__(self, ar: CArchive, value: Any) -> None:
        if value not in self.values:
            raise ValueError(f"{self.what} wanted, not {value!r}")
        ar.write(value, self.type)


class version_in(one_of):
    """The version of a document: from here on `version` knows it, before the rest of the document is loaded."""

    def __mfc_load__(self, ar: CArchive) -> Any:
        ar.m_pDocument.version = value = super().__mfc_load__(ar)
        return value


def version(ar: CArchive) -> int:
    """What `since` and `until` compare with in a class that says `schema_of=version`.

    A program that has one document asks it for the version; `m_pDocument` is MFC's place for it.
    """
    number: int = ar.m_pDocument.version
    return number


class by_version:
    """A field whose type has changed: `by_version({1: BYTE, 3: WORD})` is a BYTE, and since version 3 a WORD.

    What nobody has set is of the newest type.
    """

    def __init__(self, types: dict[int, Any]) -> None:
        self.types = types

    def of(self, ar: CArchive) -> Any:
        return self.types[max(since for since in self.types if since <= version(ar))]

    def __mfc_default__(self) -> Any:
        return field(self.types[max(self.types)]).make_default()

    def __mfc_load__(self, ar: CArchive) -> Any:
        return ar.read(self.of(ar))

    def __mfc_store__(self, ar: CArchive, value: Any) -> None:
        ar.write(value, self.of(ar))


class variant:
    """A number, and behind it the record it stands for: a `switch` in C++, a union of classes here."""

    def __init__(self, number: Any, records: list[type[Record]], what: str) -> None:
        self.number = one_of(number, range(len(records)), f"{what} below {len(records)}")
        self.records = records

    def __mfc_default__(self) -> Record:
        return self.records[0]()

    def __mfc_load__(self, ar: CArchive) -> Record:
        record: Record = ar.read(self.records[self.number.__mfc_load__(ar)])
        return record

    def __mfc_store__(self, ar: CArchive, value: Record) -> None:
        self.number.__mfc_store__(ar, self.records.index(type(value)))
        ar.write(value)


def transfer(ar: CArchive, owner: Any, name: str, type_: Any) -> None:
    """An attribute in either direction, for a `Serialize` written by hand."""
    if ar.IsStoring():
        ar.write(getattr(owner, name), type_)
    else:
        setattr(owner, name, ar.read(type_))


def refusal(ar: CArchive, offset: int, wanted: str, found: str) -> CArchiveException:
    """What a program throws that does not like what it loads; in C++ by AfxThrowArchiveException."""
    cause = CArchiveException.genericException
    return CArchiveException(cause, ar.m_strFileName, offset=offset, wanted=wanted, found=found)


def load_document(cls: type[R], path: str | Path, **settings: Any) -> R:
    """The document of class `cls` that the whole file holds; `settings` are those of CArchive."""
    document = cls.__new__(cls)
    with open(path, "rb") as file, CArchive(file, CArchive.load, **settings) as ar:
        ar.m_pDocument = document
        document.Serialize(ar)
        # MFC ignores what follows a document.  We would lose it when saving, so we had better say so.
        end = ar.offset
        if ar.Read(1):
            raise refusal(ar, end, "the end of the file", "more bytes")
    return document


def dump_document(document: Record, **settings: Any) -> bytes:
    """The bytes of a file that holds `document`."""
    file = CMemFile()
    with CArchive(file, CArchive.store, **settings) as ar:
        ar.m_pDocument = document
        document.Serialize(ar)
    return file.getvalue()


def to_json(value: Any) -> Any:
    """Records become objects that also tell their class; times are in seconds since 1970-01-01 UTC."""
    if type(value) is Record:  # without fields
        return None
    if hasattr(value, "__mfc_plan__"):
        names = dict.fromkeys([one.name for one in fields(value)] + [*type(value).__slots__])
        members = {
            name: to_json(getattr(value, name)) for name in names if name != "_owned" and hasattr(value, name)
        }
        return {"class": type(value).__name__} | members
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return [to_json(element) for element in value]
    return to_json(value.value) if hasattr(value, "value") else value  # CRect and CTime have a value


def main(
    load: Callable[[str], Any],
    dumps: Callable[[Any], bytes],
    to_json: Callable[[Any], Any],
    summary: Callable[[Any], str],
) -> int:
    """The command line of every example: FILE [--json] [--write OUT]."""
    parser = argparse.ArgumentParser(
        description=sys.modules["__main__"].__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file")
    parser.add_argument("--json", action="store_true", help="print everything as JSON, not a summary")
    parser.add_argument("--write", metavar="OUT", help="also store the document again, into OUT")
    args = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # the terminal may lack characters of the file
    try:
        document = load(args.file)
        print(json.dumps(to_json(document), indent=1, ensure_ascii=False) if args.json else summary(document))
        if args.write:
            Path(args.write).write_bytes(dumps(document))
    except (CArchiveException, OSError, UnicodeError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return 0
