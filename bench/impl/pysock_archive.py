"""pysock: the archive's typed members, a call per value, and objects with a Serialize of their own.

CPython's quick way into a method of one argument is a bound one kept in a local; into one without arguments it is the
call in place. So storing does the one and loading the other.
"""

from array import array

from pysock import CArchive, CMemFile, CObject

from . import tasks
from ._base import Task


class Scalars(Task):
    def write(self):
        file = CMemFile()
        ar = CArchive(file, CArchive.store)
        w, d, q, f = ar.WriteWORD, ar.WriteDWORD, ar.WriteLONGLONG, ar.WriteDOUBLE
        for a, b, c, e in self.v:
            w(a)
            d(b)
            q(c)
            f(e)
        ar.Close()
        return file.getbuffer()

    def read(self, data):
        ar = CArchive(data, CArchive.load)
        out = []
        app = out.append
        for _ in range(len(data) // 22):
            app((ar.ReadWORD(), ar.ReadDWORD(), ar.ReadLONGLONG(), ar.ReadDOUBLE()))
        ar.Close()
        return out


class Records(Task):
    def write(self):
        file = CMemFile()
        ar = CArchive(file, CArchive.store, unicode=False)
        w, d, f, s = ar.WriteWORD, ar.WriteDWORD, ar.WriteDOUBLE, ar.WriteCString
        for i, x, y, flags, name in self.v:
            d(i)
            f(x)
            f(y)
            w(flags)
            s(name)
        ar.Close()
        return file.getbuffer()

    def read(self, data):
        ar = CArchive(data, CArchive.load, unicode=False)
        out = []
        app = out.append
        for _ in range(self.n):
            app((ar.ReadDWORD(), ar.ReadDOUBLE(), ar.ReadDOUBLE(), ar.ReadWORD(), ar.ReadCString()))
        ar.Close()
        return out


class Bulk(Task):
    """Into a file in memory that has its size already, and into arrays that exist."""

    grain = "batch"

    def __init__(self, v):
        self.d, self.u = v
        self.n = len(self.d)
        self.file = CMemFile()
        self.r = array("d", bytes(self.n * 8)), array("I", bytes(self.n * 4))

    def write(self):
        self.file.SeekToBegin()
        ar = CArchive(self.file, CArchive.store)
        ar.Write(self.d)
        ar.Write(self.u)
        ar.Close()
        return self.file

    def bytes_of(self, made):
        return made.getvalue()

    def read(self, data):
        ar = CArchive(data, CArchive.load)
        ar.Read(self.r[0])
        ar.Read(self.r[1])
        ar.Close()
        return self.r


class Point(CObject, schema=tasks.SCHEMA):
    __slots__ = ("id", "x", "y")

    def Serialize(self, ar):
        if ar.IsStoring():
            ar.WriteDWORD(self.id)
            ar.WriteDOUBLE(self.x)
            ar.WriteDOUBLE(self.y)
        else:
            self.id = ar.ReadDWORD()
            self.x = ar.ReadDOUBLE()
            self.y = ar.ReadDOUBLE()


class Label(CObject, schema=tasks.SCHEMA):
    __slots__ = ("id", "name")

    def Serialize(self, ar):
        if ar.IsStoring():
            ar.WriteDWORD(self.id)
            ar.WriteCString(self.name)
        else:
            self.id = ar.ReadDWORD()
            self.name = ar.ReadCString()


class Link(CObject, schema=tasks.SCHEMA):
    __slots__ = ("id", "to")

    def Serialize(self, ar):
        if ar.IsStoring():
            ar.WriteDWORD(self.id)
            ar.WriteObject(self.to)
        else:
            self.id = ar.ReadDWORD()
            self.to = ar.ReadObject()


class Graph(Task):
    def __init__(self, v):
        mine = []
        for o in v:
            match o:
                case tasks.Point():
                    new = Point()
                    new.x, new.y = o.x, o.y
                case tasks.Label():
                    new = Label()
                    new.name = o.name
                case tasks.Link():
                    new = Link()
                    new.to = mine[o.to.id]
            new.id = o.id
            mine.append(new)
        super().__init__(mine)

    def write(self):
        file = CMemFile()
        ar = CArchive(file, CArchive.store, unicode=False)
        ar.WriteDWORD(self.n)
        put = ar.WriteObject
        for o in self.v:
            put(o)
        ar.Close()
        return file.getbuffer()

    def read(self, data):
        ar = CArchive(data, CArchive.load, unicode=False, allow=(Point, Label, Link))
        get = ar.ReadObject
        out = [get() for _ in range(ar.ReadDWORD())]
        ar.Close()
        return out
