"""Documents of HIERSVR (.hie), Microsoft's sample of an OLE server, read and written: a tree of names.

    python examples/hiersvr.py FILE [--json] [--write OUT]

The smallest of the three examples: every field is declared, so there is no `Serialize` to write.
(HIERSVR is an ANSI build; the document shipped with it holds the class hierarchy of MFC 4.)
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from records import Owned, dump_document, load_document, main, objects, to_json

from pysock import BYTE, DWORD, LONG, WORD, CString, Record, by_value, field, fixed

ARCHIVE: dict[str, Any] = dict(unicode=False, encoding="cp1252")


class CServerNode(Owned, schema=0):
    """A name and the names below it.

    `schema=0` stands for DECLARE_SERIAL / IMPLEMENT_SERIAL: it enters the class into the registry, from which
    an archive takes it when the stream names it.
    """

    shape: int = field(WORD, default=0)
    link_key: str = field(CString, default="")
    name: str = field(CString, default="")
    hide_children: int = field(WORD, default=0)
    # A count, then that many pointers: each a tag, and behind the tag of a new object its fields.
    children: "list[CServerNode]" = field(objects("CServerNode"), default_factory=list)


class Document(Record):
    """The font in which the tree is drawn, its colour, and the root."""

    # A LOGFONT without its name: height, width, escapement, orientation, weight; then eight BYTEs.
    font: list[int] = field(fixed(LONG, 5), default_factory=lambda: [-13, 0, 0, 0, 400])
    font_style: list[int] = field(fixed(BYTE, 8))
    face: str = field(CString, default="Arial")
    color: int = field(DWORD, default=0)  # 0x00BBGGRR
    # The root is a member, not a pointer, so C++ calls its Serialize directly: no tag, no number.
    root: CServerNode = field(by_value(CServerNode), default_factory=CServerNode)


def load(path: str | Path) -> Document:
    return load_document(Document, path, **ARCHIVE)


def dumps(document: Document) -> bytes:
    return dump_document(document, **ARCHIVE)


def save(document: Document, path: str | Path) -> None:
    Path(path).write_bytes(dumps(document))


def summary(document: Document) -> str:
    def lines(node: CServerNode, indent: str) -> Iterator[str]:
        yield indent + node.name
        for child in node.children:
            yield from lines(child, indent + "  ")

    return "\n".join(lines(document.root, ""))


if __name__ == "__main__":
    raise SystemExit(main(load, dumps, to_json, summary))
