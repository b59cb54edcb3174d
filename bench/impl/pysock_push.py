"""pysock's PushArchive: messages that are complete already, and a long one in small pieces."""

from pysock import DWORD, CObject, PushArchive

from . import pysock_archive
from .pysock_archive import Label, Link, Point, load_all

PIECE = 1024


class Messages(pysock_archive.Messages):
    def read(self, data):
        with PushArchive(unicode=False, allow=(Point, Label, Link)) as push:
            push.feed(data)
            get = push.try_read
            return [get(CObject) for _ in range(get(DWORD))]


class Pieces(pysock_archive.Pieces):
    def read(self, data):
        with PushArchive(unicode=False, allow=(Point, Label, Link)) as push:
            for at in range(0, len(data), PIECE):
                push.feed(data[at : at + PIECE])
                value = push.try_load(load_all)
            return value
