"""The archive tasks: the values, and the exact bytes that every "same bytes" contender makes.

Layouts, little-endian, as MFC's CArchive writes them:
  scalars  WORD, DWORD, LONGLONG, double in turn                       2+4+8+8 per group
  records  DWORD id, double x, double y, WORD flags, CString name (BYTE length, characters)
  bulk     the raw doubles, then the raw DWORDs
  graph    DWORD count, then that many WriteObject: class tag (FFFF schema namelen name the
           first time, 8000|index after, 7FFF + dword when the index is past 7FFE), then
           the object's fields; an object seen before is its index alone
Graph classes: Point(id DWORD, x double, y double); Label(id DWORD, name CString);
Link(id DWORD, to object).  Two Points, one Label, one Link in turn; every Link to the first object.
"""

import array

SCHEMA = 1


class Point:
    __slots__ = ("id", "x", "y")

    def __init__(self, id=0, x=0.0, y=0.0):
        self.id, self.x, self.y = id, x, y


class Label:
    __slots__ = ("id", "name")

    def __init__(self, id=0, name=""):
        self.id, self.name = id, name


class Link:
    __slots__ = ("id", "to")

    def __init__(self, id=0, to=None):
        self.id, self.to = id, to


def scalars(n):
    """[(word, dword, int64, double), ...], n values in groups of four."""
    return [
        (i * 7 & 0xFFFF, i * 2654435761 & 0xFFFFFFFF, i * 1000003 - 500000000000, i * 0.5 + 0.25)
        for i in range(n // 4)
    ]


def records(n):
    """[(id, x, y, flags, name), ...], names of 8 to 16 ASCII characters."""
    return [(i, i * 0.5, i * -0.25, i & 0xFFFF, (f"record-{i}" + "abcdefgh"[: i % 5])[:16]) for i in range(n)]


def bulk(n):
    """An array of n doubles and one of n DWORDs."""
    d = array.array("d", (i * 0.5 for i in range(1000))) * (n // 1000)
    u = array.array("I", (i * 2654435761 & 0xFFFFFFFF for i in range(1000))) * (n // 1000)
    return d, u


def graph(n):
    """n objects, as told above."""
    out = []
    for i in range(n):
        kind = i & 3
        if kind < 2:
            out.append(Point(i, i * 0.5, i * -0.25))
        elif kind == 2:
            out.append(Label(i, f"label-{i:06d}"))
        else:
            out.append(Link(i, out[0]))
    return out


messages = pieces = graph  # the same objects, read in other ways
