"""msgspec Structs as MessagePack arrays: its own format.  Graph links stay indexes (no identity)."""

import msgspec

from ._base import Task


class Rec(msgspec.Struct, array_like=True, gc=False):
    id: int
    x: float
    y: float
    flags: int
    name: str


class Point(msgspec.Struct, array_like=True, tag="Point", gc=False):
    id: int
    x: float
    y: float


class Label(msgspec.Struct, array_like=True, tag="Label", gc=False):
    id: int
    name: str


class Link(msgspec.Struct, array_like=True, tag="Link", gc=False):
    id: int
    to: int


class Base(Task):
    same = False
    grain = "batch"

    def __init__(self, v):
        super().__init__(v)
        self.enc, self.dec = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(self.type)

    def write(self):
        return self.enc.encode(self.v)

    def read(self, data):
        return self.dec.decode(data)


class Scalars(Base):
    type = list[tuple[int, int, int, float]]


class Records(Base):
    type = list[Rec]

    def __init__(self, v):
        super().__init__([Rec(*r) for r in v])

    def values_of(self, result):
        return [(x.id, x.x, x.y, x.flags, x.name) for x in result]


class Graph(Base):
    type = list[Point | Label | Link]

    def __init__(self, v):
        rows = []
        for o in v:
            kind = type(o).__name__
            if kind == "Point":
                rows.append(Point(o.id, o.x, o.y))
            elif kind == "Label":
                rows.append(Label(o.id, o.name))
            else:
                rows.append(Link(o.id, o.to.id))
        super().__init__(rows)
