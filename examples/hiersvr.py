"""Documents of HIERSVR (.hie), Microsoft's sample of an OLE server, read and written: a tree of names.

    python examples/hiersvr.py FILE [--json] [--write OUT]

The smallest of the three examples, and the one written as in C++: `Serialize` is one method with two halves.
(HIERSVR is an ANSI build; the document shipped with it holds the class hierarchy of MFC 4.)
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from records import main, objects, refusal

from pysock import BYTE, DWORD, LONG, WORD, CArchive, CMemFile, CObject, CString

ARCHIVE: dict[str, Any] = dict(unicode=False, encoding="cp1252")


class CServerNode(CObject, schema=0):
    """A name and the names below it.

    `schema=0` stands for DECLARE_SERIAL / IMPLEMENT_SERIAL: it enters the class into the registry, from which
    `ReadObject` takes it when the archive names it.
    """

    def __init__(self, name: str = "", children: "list[CServerNode] | None" = None) -> None:
        # Not called on loading: there, `Serialize` sets every field.
        self.shape = 0
        self.link_key = ""
        self.name = name
        self.hide_children = 0
        self.children = children or []

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar << WORD(self.shape) << self.link_key << self.name << WORD(self.hide_children)
            ar.write(self.children, objects(CServerNode))
        else:
            self.shape = ar.read(WORD)
            self.link_key = ar.read(CString)
            self.name = ar.read(CString)
            self.hide_children = ar.read(WORD)
            # A count, then that many pointers: each a tag, and behind the tag of a new object its fields.
            self.children = ar.read(objects(CServerNode))


class Document:
    """The font in which the tree is drawn, its colour, and the root."""

    def __init__(self, root: CServerNode | None = None) -> None:
        # A LOGFONT without its name: height, width, escapement, orientation, weight; then eight BYTEs.
        self.font = [-13, 0, 0, 0, 400] + [0] * 8
        self.face = "Arial"
        self.color = 0  # 0x00BBGGRR
        self.root = root or CServerNode()

    def Serialize(self, ar: CArchive) -> None:
        types = [LONG] * 5 + [BYTE] * 8
        if ar.IsStoring():
            for value, type_ in zip(self.font, types, strict=True):
                ar.write(value, type_)
            ar << self.face << DWORD(self.color)
        else:
            self.font = [ar.read(type_) for type_ in types]
            self.face = ar.read(CString)
            self.color = ar.read(DWORD)
        # The root is a member, not a pointer, so C++ calls its Serialize directly: no tag, no number.
        self.root.Serialize(ar)


def load(path: str | Path) -> Document:
    document = Document()
    with open(path, "rb") as file, CArchive(file, CArchive.load, **ARCHIVE) as ar:
        document.Serialize(ar)
        # MFC ignores what follows a document.  We would lose it when saving, so we had better say so.
        end = ar.offset
        if ar.Read(1):
            raise refusal(ar, end, "the end of the file", "more bytes")
    return document


def dumps(document: Document) -> bytes:
    file = CMemFile()
    with CArchive(file, CArchive.store, **ARCHIVE) as ar:
        document.Serialize(ar)
    return file.getvalue()


def save(document: Document, path: str | Path) -> None:
    Path(path).write_bytes(dumps(document))


def to_json(document: Document) -> dict[str, Any]:
    def node(it: CServerNode) -> dict[str, Any]:
        fields = {name: value for name, value in vars(it).items() if name != "_owned"}
        return fields | {"children": [node(child) for child in it.children]}

    return vars(document) | {"root": node(document.root)}


def summary(document: Document) -> str:
    def lines(node: CServerNode, indent: str) -> Iterator[str]:
        yield indent + node.name
        for child in node.children:
            yield from lines(child, indent + "  ")

    return "\n".join(lines(document.root, ""))


if __name__ == "__main__":
    raise SystemExit(main(load, dumps, to_json, summary))
