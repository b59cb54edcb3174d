"""A document: objects that point to each other, saved as MFC saves them, and loaded again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from pysock import DWORD, CArchive, CArchiveException, CFile, CObject, CString

from .stage import Stage


class CStep(CObject, schema=1):
    """A step of a recipe, which may point to another one."""

    def __init__(self, minutes: int, text: str, next_step: CStep | None = None) -> None:
        self.minutes = minutes
        self.text = text
        self.next = next_step

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar << DWORD(self.minutes) << self.text << self.next
        else:
            self.minutes = ar.read(DWORD)
            self.text = ar.read(CString)
            self.next = ar.read(CStep)


_CODE = """
class CStep(CObject, schema=1):  # in C++: DECLARE_SERIAL, IMPLEMENT_SERIAL(CStep, CObject, 1)
    def Serialize(self, ar):
        if ar.IsStoring():
            ar << DWORD(self.minutes) << self.text << self.next
        else:
            self.minutes = ar.read(DWORD)
            ...
"""


def a_document(stage: Stage) -> None:
    """A document is saved, with the bytes that MFC saves, and loaded again."""
    stage.code(_CODE)
    bake = CStep(40, "bake")
    knead = CStep(5, "knead", bake)
    bake.next = knead  # a circle
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recipe.dat"
        with CFile(path, CFile.modeCreate | CFile.modeWrite) as file, CArchive(file, CArchive.store) as ar:
            ar << knead << bake
        data = path.read_bytes()
        stage.say(
            "archive", "ar << knead << bake", f"two objects, each pointing to the other: {len(data)} bytes"
        )
        stage.bytes(
            data,
            [
                (b"\xff\xff", "a class that was not met before"),
                (b"\x01\x00\x05\x00", "its schema 1; a name of 5 letters follows"),
                (b"CStep", "'CStep': class number 1, and its object is number 2"),
                (b"\x05\x00\x00\x00", "DWORD: 5 minutes"),
                (b"\xff\xfe\xff\x05", "a string of 5 UTF-16 units"),
                ("knead".encode("utf-16-le"), "'knead'"),
                (b"\x01\x80", "a new object of class 1: number 3"),
                (b"\x28\x00\x00\x00", "DWORD: 40 minutes"),
                (b"\xff\xfe\xff\x04" + "bake".encode("utf-16-le"), "'bake'"),
                (b"\x02\x00", "its next step: object 2, which was stored before"),
                (b"\x03\x00", "the second `<<`: object 3, which was stored, too"),
            ],
        )
        with CFile(path, CFile.modeRead) as file, CArchive(file, CArchive.load) as ar:
            first, second = ar.read(CStep), ar.read(CStep)
    assert first is not None and second is not None  # as null pointers would be
    stage.expect(first.text == "knead" and second.text == "bake", "the values come back")
    stage.expect(first.next is second and second.next is first, "and who points to whom")
    stage.say("archive", "ar.read(CStep), twice", "first.next is second, and second.next is first")


def a_broken_document(stage: Stage) -> None:
    """Broken and hostile files are errors that tell where, and take no memory."""
    begin = b"\xff\xff\x01\x00\x05\x00CStep\x05\x00\x00\x00"
    for data, what, cause in (
        (begin + b"\xff\xfe\xff\x05kn", "cut in the middle", CArchiveException.endOfFile),
        (b"\xff\xff\x01\x00\x05\x00CEvil" + bytes(20), "another class", CArchiveException.badClass),
        (begin + b"\xff\xfe\xff\xff\xff\xff\xf0\xff\xff\xff", "4 GiB of text", CArchiveException.badIndex),
    ):
        try:
            with CArchive(data, CArchive.load) as ar:
                ar.read(CStep)
        except CArchiveException as error:
            stage.expect(error.m_cause == cause, f"the cause of {error} is {cause}")
            stage.say("archive", what, str(error))
        else:
            stage.expect(False, f"{data.hex(' ')} is an error")


PARTS: list[Callable[[Stage], None]] = [a_document, a_broken_document]
