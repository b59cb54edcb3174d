"""What the examples share: records whose fields are listed once, and a command line.

MFC classes write their fields twice, in the two halves of `Serialize`.  Here a class lists them once, in wire
order, and `Record.Serialize` walks that list in either direction:

    class CGuitarIn(Record, schema=1):
        fields = dict(system=WORD, staff=BYTE, position=BYTE, data=WORD)

Where the layout depends on a version or on a field before it, a class has a generator `layout` instead.  It
is resumed only after the field it named has been loaded, so it can look at it:

    def layout(self, version):
        yield "style", BYTE
        if self.style == 100:
            yield "angle", DOUBLE

A field's type is anything `ar.read` and `ar.write` take: a scalar such as WORD, a CString, a value type such
as CRect, a CObject class (then the field is a pointer), `by_value` of one (a member, without a tag),
`fixed(T, n)` for a C array, or an object with the methods `__mfc_load__` and `__mfc_store__`, of which four
follow.
"""

import argparse
import io
import json
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pysock
from pysock import RUNTIME_CLASS, CArchive, CArchiveException, CMemFile, CObject, CRuntimeClass

T = TypeVar("T", bound=CObject)


class counted:
    """A list with its number of elements before it, as a BYTE or whatever else the program chose."""

    def __init__(self, count: Any, element: Any) -> None:
        self.count, self.element = count, element

    def __mfc_default__(self) -> list[Any]:
        return []

    def __mfc_load__(self, ar: CArchive) -> list[Any]:
        count = ar.read(self.count)
        ar.check_count(count)  # at once, if so many cannot follow
        return [ar.read(self.element) for _ in range(count)]

    def __mfc_store__(self, ar: CArchive, value: list[Any]) -> None:
        ar.write(len(value), self.count)
        for element in value:
            ar.write(element, self.element)


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
        element = ar.ReadObject(wanted)
        if element is None or hasattr(element, "_owned"):
            found = "null" if element is None else "one that is in a list already"
            raise refusal(ar, start, f"a new {wanted.m_lpszClassName}", found)
        element._owned = True  # type: ignore[attr-defined]
        return element

    def __mfc_store__(self, ar: CArchive, value: list[T]) -> None:
        ar.WriteCount(len(value))
        for element in value:
            ar.WriteObject(element)


class raw:
    """n bytes as they are."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __mfc_default__(self) -> bytes:
        return bytes(self.n)

    def __mfc_load__(self, ar: CArchive) -> bytes:
        return ar.EnsureRead(self.n)

    def __mfc_store__(self, ar: CArchive, value: bytes) -> None:
        ar.Write(value)


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


def default(type_: Any, version: int) -> Any:
    """The value of a field nobody has set: 0, "", [], or an empty record."""
    if isinstance(type_, type) and issubclass(type_, CObject):
        return None  # a pointer
    value = type_.__mfc_default__() if hasattr(type_, "__mfc_default__") else type_()
    for record in value if isinstance(value, list) else [value]:
        if isinstance(record, Record):  # made as an archive makes it, without its fields
            record.__init__(version)  # type: ignore[misc]
    return value if hasattr(type_, "__mfc_load__") else value.value  # WORD() is a box around 0


class Record(CObject):
    """A class whose `fields`, or whose `layout`, tell what it is made of."""

    fields: dict[str, Any] = {}
    newest = 0  # the version that a record built in code is for, unless another is given first

    def __init__(self, version: int | None = None, /, **values: Any) -> None:
        if version is None:
            version = values.get("version", self.newest)
        for name, type_ in self.layout(version):
            if name in values:
                value = values.pop(name)
            elif hasattr(type(self), name):  # a class attribute of that name is the default
                value = getattr(self, name)
            else:
                value = default(type_, version)
            setattr(self, name, value)
        if values:
            raise TypeError(f"{type(self).__name__} has no field {', '.join(values)}")

    if TYPE_CHECKING:  # what a type checker cannot see

        def __getattr__(self, name: str) -> Any: ...

    def layout(self, version: int) -> Iterator[tuple[str, Any]]:
        yield from self.fields.items()

    def Serialize(self, ar: CArchive) -> None:
        # A program that has one document asks it for the version; `m_pDocument` is MFC's place for it.
        for name, type_ in self.layout(ar.m_pDocument.version):
            if ar.IsStoring():
                ar.write(getattr(self, name), type_)
            else:
                setattr(self, name, ar.read(type_))


R = TypeVar("R", bound=Record | pysock.Record)


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


def dump_document(document: Record | pysock.Record, **settings: Any) -> bytes:
    """The bytes of a file that holds `document`."""
    file = CMemFile()
    with CArchive(file, CArchive.store, **settings) as ar:
        ar.m_pDocument = document
        document.Serialize(ar)
    return file.getvalue()


def to_json(value: Any) -> Any:
    """Records become objects that also tell their class; times are in seconds since 1970-01-01 UTC."""
    if isinstance(value, Record):
        fields = {name: to_json(field) for name, field in vars(value).items() if name != "_owned"}
        return {"class": type(value).__name__} | fields
    if isinstance(value, CObject | pysock.Record) and hasattr(value, "__mfc_plan__"):
        fields = {one.name: to_json(getattr(value, one.name)) for one in pysock.fields(value)}
        return {"class": type(value).__name__} | fields
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
