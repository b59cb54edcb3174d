"""An archive that remembers every read: which bytes, as what, with which value, inside which other read.

It is a `CArchive` whose public reading members first note where they begin and afterwards where they end, so it
serves any `Serialize` and any `__mfc_load__`, whoever wrote them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial, wraps
from types import FrameType
from typing import Any

from pysock import CArchive, CObject, CRuntimeClass

from .fieldname import assigned_name, names_of
from .grammar import Tag, record_node, tag_at
from .node import CERTAIN, Node, Shown, covered, show
from .source import Source
from .walk import Found

_FIELDS = ("object", "record", "archive")  # nodes that stand for one object
_POINTERS = ("object", "tag", "null")
_VALUE = 32  # bytes
_SMALL = 4096  # bytes
MOST_NODES = 200_000  # of a tree; further reads are read but not shown
_NUMBERS = "BYTE CHAR bool BOOL WORD SHORT WCHAR LONG INT DWORD UINT LONGLONG ULONGLONG FLOAT DOUBLE".split()
_STRINGS = "CString CStringA CStringW".split()
_NAMED = {name: "number" for name in [*_NUMBERS, "bool_"]} | {name: "string" for name in _STRINGS}


class _Open:
    """A read that has begun: its node and what each child gave."""

    __slots__ = ("begun", "node", "results")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.results: list[tuple[Node, Any]] = []
        self.begun = (
            node.kind not in _FIELDS
        )  # whether declared fields that come next are those of another object


class TracingArchive(CArchive):
    """Loads from a Source, and builds `tree` while it does.

    Behind an exception the tree holds what was read until then.
    """

    def __init__(self, source: Source, offset: int = 0, **settings: Any) -> None:
        super().__init__(source.reader(offset), CArchive.load, **settings)
        self._source, self._base = source, offset
        self.tree = Node("archive", offset, 0)
        self.found = Found()
        self._open = [_Open(self.tree)]
        self._left = MOST_NODES
        self._classes: dict[int, tuple[str, int]] = {}  # number: name, schema
        self._field = ""  # what the next read is called

    # --- the tree ----------------------------------------------------------------------------------------

    @property
    def position(self) -> int:
        """Where in the source the next item begins."""
        return self._base + self.offset

    def traced(
        self, kind: str, label: str, frame: FrameType | None, read: Callable[..., Any], *arguments: Any
    ) -> Any:
        """Do a read and keep its node."""
        if self._left <= 0:
            return read(self, *arguments)
        self._left -= 1
        name, self._field = self._field or assigned_name(frame, local=kind != "object"), ""
        node = Node(kind, self.position, 0, f"{label} {name}" if name not in ("", label) else label)
        parent = self._open[-1]
        parent.results.append((node, None))
        here = _Open(node)
        self._open.append(here)
        done = False
        try:
            value = read(self, *arguments)
            done = True
        finally:
            self._open.pop()
            node.length = self.position - node.offset
            self._finish(here, value if done else None)
        parent.results[-1] = (_essence(node, name), value)
        return value

    def _trace_fields(self, obj: Any, fields: Any) -> None:
        """Declared fields call this in place of their compiled program."""
        if self._open[-1].begun:  # an element among others: it gets a node of its own
            self.traced("record", type(obj).__name__, None, lambda _: self._trace_fields(obj, fields))
            return
        self._open[-1].begun = True
        if self.m_pDocument is None:
            self.m_pDocument = obj  # the outermost record is where its parts look for their document
        values: dict[str, Any] = {}
        for field in fields:
            self._field = field.name
            values[field.name] = self.read(field.bind(values))
            if not field.computed:
                setattr(obj, field.name, values[field.name])

    def _finish(self, open_: _Open, value: Any) -> None:
        """A read is over: its children get the names that its result has for their values."""
        node, results = open_.node, open_.results
        for (child, _), name in zip(results, names_of(value, [each for _, each in results]), strict=True):
            if name and not child.label.endswith(f" {name}"):
                child.label = f"{child.label} {name}"
        children = [child for child, _ in results if child.length or child.children]
        if len(children) == 1 and not children[0].children and node.kind not in ("object", "archive"):
            only = children[0]
            same = (only.offset, only.length) == (node.offset, node.length) and only.kind not in _POINTERS
            if same and value is not None:
                children = []  # the same again
        if children:
            node.children = [*node.children, *children]
            node.children = covered(node.children, node.offset, node.end)
        if node.kind in _POINTERS or value is None or (node.children and not _is_value(node)):
            return
        if isinstance(value, bool | int | float | str | bytes):
            node.value = value
        elif node.length <= _SMALL:  # of the others the whole has to be made into text to show its beginning
            node.value = Shown(show(value))

    def finish(self, value: Any = None, error: BaseException | None = None) -> Node:
        """The whole tree, when the last read is over or has failed."""
        self.tree.length = self.position - self._base
        self._finish(self._open[0], value)
        self.tree.value = None
        if self._left <= 0:
            self.tree.label += f" (only the first {MOST_NODES:,} items are shown)"
        if error is not None:
            self.tree.children.append(Node("error", self.tree.end, 0, f"{type(error).__name__}: {error}"))
        return self.tree

    # --- the reads ---------------------------------------------------------------------------------------

    def read(self, T: Any, /) -> Any:
        frame = sys._getframe(1)
        if isinstance(T, CRuntimeClass) or (_is_class(T) and not hasattr(T, "__mfc_load__")):
            return self._pointer(frame, CArchive.read, T)
        name = type_name(T)
        kind = _NAMED.get(name, "record" if hasattr(T, "__mfc_plan__") else "member")
        return self.traced(kind, name, frame, CArchive.read, T)

    def ReadObject(self, pClass: Any = None, /) -> Any:
        return self._pointer(sys._getframe(1), CArchive.ReadObject, pClass)

    def read_list(self, T: Any, n: int, /) -> list[Any]:
        def read(_: CArchive) -> list[Any]:
            return [self.read(T) for _ in range(n)]

        values: list[Any] = self.traced("member", f"{n} {type_name(T)}", sys._getframe(1), read)
        return values

    def ReadClass(self, *arguments: Any, **named: Any) -> Any:
        tag = tag_at(self._source, self.position)
        if tag is not None and tag.is_record:
            self._classes[self._next] = (tag.name, tag.schema)
        read = partial(CArchive.ReadClass, **named)
        return self.traced("tag", "class", sys._getframe(1), read, *arguments)

    def __rshift__(self, other: Any, /) -> Any:
        def extract(_: CArchive) -> Any:
            CArchive.__rshift__(self, other)
            return other.value if hasattr(other, "value") else other

        name = type(other).__name__
        self.traced(_NAMED.get(name, "member"), name, None, extract)
        return self

    def _pointer(self, frame: FrameType, read: Callable[..., Any], *arguments: Any) -> Any:
        """A pointer: what its tag says is told apart here, as the archive reads it in one piece."""
        tag = tag_at(self._source, self.position)
        if tag is not None and tag.is_class:
            return self.traced("object", self._object_label(tag), frame, self._object, read, tag, *arguments)
        back = tag is not None and tag.index > 0
        label = f"back to object #{tag.index}" if tag and back else "null"
        return self.traced("tag" if back else "null", label, frame, read, *arguments)

    @property
    def _next(self) -> int:
        """The number that the next class or object gets."""
        return max(1, self._state()["mapcount"])

    def _object_label(self, tag: Tag) -> str:
        number = self._next + tag.is_record
        name = tag.name if tag.is_record else self._classes.get(tag.index, ("?", 0))[0]
        return f"object #{number} {name}"

    @staticmethod
    def _object(self: TracingArchive, read: Callable[..., Any], tag: Tag, *arguments: Any) -> Any:
        node = self._open[-1].node
        if tag.is_record:
            number = self._next
            self._classes[number] = (tag.name, tag.schema)
            node.children.append(record_node(tag, number))
        else:
            label = f"new object of class #{tag.index}"
            node.children.append(Node("tag", tag.offset, tag.length, label, tag.index))
        known = (tag.name, tag.schema) if tag.is_record else self._classes.get(tag.index)
        if known is not None:  # else the archive is about to refuse it
            self.found.add(*known, node.offset, CERTAIN)
        return read(self, *arguments)


def _is_value(node: Node) -> bool:
    """Whether it is short and of scalars, so that its value can stand beside its parts."""
    return node.length <= _VALUE and all(each.kind in ("number", "count", "bytes") for each in node.children)


def type_name(wire: Any) -> str:
    """What a wire type is called: a class by its name, a descriptor as it was written."""
    if name := getattr(wire, "__name__", ""):
        return str(name)
    written = show(wire, 40)
    return type(wire).__name__.strip("_") if written.startswith("<") else written


def _essence(node: Node, name: str) -> Node:
    """A type that does nothing but read a pointer or a record is shown as that."""
    if node.kind == "member" and len(node.children) == 1:
        (only,) = node.children
        if only.kind in (*_POINTERS, "record") and only.length == node.length:
            only.label += f" {name}" if name else ""
            return only
    return node


def _typed(name: str, kind: str, label: str) -> Callable[..., Any]:
    read = getattr(CArchive, name)

    def traced(self: TracingArchive, *arguments: Any, **named: Any) -> Any:
        wanted = partial(read, **named) if named else read
        return self.traced(kind, label, sys._getframe(1), wanted, *arguments)

    return wraps(read, updated=())(traced)


for _name in [*_NUMBERS, *_STRINGS]:
    setattr(TracingArchive, f"Read{_name}", _typed(f"Read{_name}", _NAMED[_name], _name))
for _name, _kind, _label in [
    ("Read", "bytes", "bytes"),
    ("EnsureRead", "bytes", "bytes"),
    ("ReadCount", "count", "count"),
    ("ReadStringLength", "count", "length of a string"),
    ("ReadString", "string", "line"),
    ("ReadLine", "string", "line"),
    ("read_array", "bytes", "array"),
    ("read_columns", "bytes", "columns"),
]:
    setattr(TracingArchive, _name, _typed(_name, _kind, _label))


def _is_class(wire: Any) -> bool:
    return isinstance(wire, type) and issubclass(wire, CObject)
