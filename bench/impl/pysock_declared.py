"""pysock with declared fields: a class says its fields once; whole lists in one call."""

from pysock import (
    DOUBLE,
    DWORD,
    WORD,
    CArchive,
    CMemFile,
    CObject,
    CString,
    Record,
    field,
    ref,
)

from . import tasks
from ._base import Task


class Rec(Record):
    id: int = field(DWORD)
    x: float = field(DOUBLE)
    y: float = field(DOUBLE)
    flags: int = field(WORD)
    name: str = field(CString)


class Point(CObject, schema=tasks.SCHEMA):
    id: int = field(DWORD)
    x: float = field(DOUBLE)
    y: float = field(DOUBLE)


class Label(CObject, schema=tasks.SCHEMA):
    id: int = field(DWORD)
    name: str = field(CString)


class Link(CObject, schema=tasks.SCHEMA):
    id: int = field(DWORD)
    to: CObject | None = field(ref())


class Records(Task):
    grain = "batch"

    def __init__(self, v):
        super().__init__([Rec(id=i, x=x, y=y, flags=f, name=s) for i, x, y, f, s in v])

    def write(self):
        file = CMemFile()
        ar = CArchive(file, CArchive.store, unicode=False)
        ar.write_list(self.v)
        ar.Close()
        return file.getvalue()

    def read(self, data):
        ar = CArchive(data, CArchive.load, unicode=False)
        out = ar.read_list(Rec, self.n)
        ar.Close()
        return out

    def values_of(self, result):
        return [(r.id, r.x, r.y, r.flags, r.name) for r in result]


class Columns(Records):
    def read(self, data):
        ar = CArchive(data, CArchive.load, unicode=False)
        out = ar.read_columns(Rec, self.n)
        ar.Close()
        return out

    def values_of(self, result):
        return zip(*(list(column) for column in result.values()), strict=True)


class Graph(Task):
    grain = "batch"

    def __init__(self, v):
        mine = []
        for o in v:
            match o:
                case tasks.Point():
                    mine.append(Point(id=o.id, x=o.x, y=o.y))
                case tasks.Label():
                    mine.append(Label(id=o.id, name=o.name))
                case tasks.Link():
                    mine.append(Link(id=o.id, to=mine[o.to.id]))
        super().__init__(mine)

    def write(self):
        file = CMemFile()
        ar = CArchive(file, CArchive.store, unicode=False)
        ar.WriteDWORD(self.n)
        ar.write_list(self.v, CObject)
        ar.Close()
        return file.getvalue()

    def read(self, data):
        ar = CArchive(data, CArchive.load, unicode=False, allow=(Point, Label, Link))
        out = ar.read_list(CObject, ar.ReadDWORD())
        ar.Close()
        return out
