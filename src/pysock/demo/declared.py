"""The same document by a class that only says what it is made of, and one that arrives byte by byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pysock import (
    DWORD,
    PENDING,
    CArchive,
    ClassRegistry,
    CMemFile,
    CObject,
    CString,
    PushArchive,
    field,
    ref,
)

from . import document
from .stage import Stage

REGISTRY = ClassRegistry()  # in that of all programs, `document.CStep` is the CStep


class CStep(CObject, schema=1, registry=REGISTRY):
    """A step of a recipe, again."""

    minutes: int = field(DWORD)
    text: str = field(CString)
    next: CStep | None = field(ref(), default=None)


_CODE = """
class CStep(CObject, schema=1):
    minutes: int = field(DWORD)
    text: str = field(CString)
    next: CStep | None = field(ref(), default=None)
"""


def a_recipe(step: Callable[..., Any]) -> bytes:
    """The bytes of two steps in a circle."""
    knead, bake = step(minutes=5, text="knead"), step(minutes=40, text="bake")
    knead.next, bake.next = bake, knead
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        ar << knead
    return file.getvalue()


def a_declared_document(stage: Stage) -> None:
    """The same class with declared fields: no Serialize, the same bytes."""
    stage.code(_CODE)
    data = a_recipe(CStep)
    stage.expect(data == a_recipe(document.CStep), "declared and hand-written classes store the same bytes")
    stage.say("archive", "ar << knead", f"{len(data)} bytes, those of the Serialize in part 1")
    with CArchive(data, CArchive.load, registry=REGISTRY) as ar:
        knead = ar.read(CStep)
    assert knead is not None and knead.next is not None  # as null pointers would be
    stage.expect(knead.next.next is knead, "the circle comes back")
    stage.say("archive", "ar.read(CStep)", repr(knead))


def byte_by_byte(stage: Stage) -> None:
    """Bytes arrive one by one: PushArchive gives the object when it is complete."""
    stage.code("push = PushArchive(); push.feed(data); push.try_read(CStep)")
    data = a_recipe(CStep)
    tries: list[Any] = []
    with PushArchive(registry=REGISTRY) as push:
        for at in range(len(data)):
            push.feed(data[at : at + 1])
            tries.append(push.try_read(CStep))
    *waits, step = tries
    stage.expect(all(wait is PENDING for wait in waits), "nothing is given before the last byte")
    stage.say("push", f"try_read(), {len(waits)} times", "PENDING: nothing is lost, and nobody waits")
    stage.expect(step is not PENDING and step.next.next is step, "with the last byte the objects are there")
    stage.say(
        "push", "try_read(), once more", f"{step.text!r} and {step.next.text!r}, which point to each other"
    )


PARTS: list[Callable[[Stage], None]] = [a_declared_document, byte_by_byte]
