"""PySide6 QDataStream: CArchive's nearest living relative with a Python binding.

PySide6 6.12's QDataStream.write* return None without taking a reference, so on Python before
3.12 (None not yet immortal) some hundred thousand writes abort the interpreter.  To measure it
at all, None is given references to spare here.
"""

import ctypes
import sys

if sys.version_info < (3, 12):
    ctypes.c_ssize_t.from_address(id(None)).value += 1 << 40

from PySide6.QtCore import QByteArray, QDataStream, QIODevice

from ._base import Task

LE = QDataStream.ByteOrder.LittleEndian


def writer():
    b = QByteArray()
    s = QDataStream(b, QIODevice.OpenModeFlag.WriteOnly)
    s.setByteOrder(LE)
    return b, s


class Base(Task):
    def __init__(self, v):
        super().__init__(v)
        self.src = None

    def reader(self, data):
        self.keep = QByteArray(bytes(data) if not isinstance(data, bytes) else data)
        s = QDataStream(self.keep)
        s.setByteOrder(LE)
        return s


class Scalars(Base):
    def write(self):
        b, s = writer()
        w, d, q, f = s.writeUInt16, s.writeUInt32, s.writeInt64, s.writeDouble
        for a, i, c, e in self.v:
            w(a)
            d(i)
            q(c)
            f(e)
        return b.data()

    def read(self, data):
        s = self.reader(data)
        w, d, q, f = s.readUInt16, s.readUInt32, s.readInt64, s.readDouble
        out = []
        app = out.append
        for _ in range(len(data) // 22):
            app((w(), d(), q(), f()))
        return out


class Records(Base):
    def write(self):
        b, s = writer()
        w, d, f, c, raw = s.writeUInt16, s.writeUInt32, s.writeDouble, s.writeUInt8, s.writeRawData
        for i, x, y, fl, name in self.v:
            d(i)
            f(x)
            f(y)
            w(fl)
            n = name.encode()
            c(len(n))
            raw(n)
        return b.data()

    def read(self, data):
        s = self.reader(data)
        w, d, f, c, raw = s.readUInt16, s.readUInt32, s.readDouble, s.readUInt8, s.readRawData
        out = []
        app = out.append
        for _ in range(self.n):
            app((d(), f(), f(), w(), raw(c()).decode()))
        return out


class Bulk(Base):
    grain = "batch"

    def __init__(self, v):
        self.d, self.u = v
        self.n = len(self.d)

    def write(self):
        b, s = writer()
        s.writeRawData(self.d)
        s.writeRawData(self.u)
        self.b = b
        return memoryview(b.data())

    def read(self, data):
        s = QDataStream(self.b)
        return s.readRawData(self.n * 8), s.readRawData(self.n * 4)
