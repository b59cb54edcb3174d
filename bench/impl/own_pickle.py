"""pickle protocol 5: its own format, whole collections at once."""

import pickle

from ._base import Task


class Base(Task):
    same = False
    grain = "batch"

    def write(self):
        return pickle.dumps(self.v, 5)

    def read(self, data):
        return pickle.loads(data)


class Scalars(Base):
    pass


class Records(Base):
    pass


class Bulk(Base):
    def __init__(self, v):
        self.v = v
        self.n = len(v[0])


class Point:
    """The graph's objects again, with __reduce__: quicker than pickling the state of slots."""

    __slots__ = ("id", "x", "y")

    def __init__(self, id, x, y):
        self.id, self.x, self.y = id, x, y

    def __reduce__(self):
        return Point, (self.id, self.x, self.y)


class Label:
    __slots__ = ("id", "name")

    def __init__(self, id, name):
        self.id, self.name = id, name

    def __reduce__(self):
        return Label, (self.id, self.name)


class Link:
    __slots__ = ("id", "to")

    def __init__(self, id, to):
        self.id, self.to = id, to

    def __reduce__(self):
        return Link, (self.id, self.to)


class Graph(Base):
    def __init__(self, v):
        rows = []
        for o in v:
            kind = type(o).__name__
            if kind == "Point":
                rows.append(Point(o.id, o.x, o.y))
            elif kind == "Label":
                rows.append(Label(o.id, o.name))
            else:
                rows.append(Link(o.id, rows[o.to.id]))
        super().__init__(rows)
