"""`Serialize` of an element that changes what it is in: the number of elements is in the stream already, so the
archive must not go on as if it were right, nor for ever."""

from collections.abc import Callable
from typing import Any

import pytest

from pysock import (
    WORD,
    CArchive,
    CArray,
    CList,
    CMap,
    CMapStringToOb,
    CMapWordToOb,
    CMemFile,
    CObArray,
    CObject,
    CObList,
    CTypedPtrArray,
    CTypedPtrList,
)


class Actor(CObject, schema=1):
    act: Callable[[], Any] | None = None

    def Serialize(self, ar: CArchive) -> None:
        if self.act is not None:
            self.act()


SEQUENCES: list[Any] = [
    CObArray,
    CObList,
    CArray[Actor],
    CList[Actor],
    CTypedPtrArray[CObArray, Actor],
    CTypedPtrList[CObList, Actor],
]
MAPS: list[Any] = [CMapStringToOb, CMapWordToOb, CMap[WORD, Actor]]


def store(whole: Any, **options: Any) -> bytes:
    file = CMemFile()
    with CArchive(file, CArchive.store, **options) as ar:
        whole.Serialize(ar)
    return file.getvalue()


def changed() -> Any:  # a new one each time: it keeps the last traceback alive
    return pytest.raises(RuntimeError, match="changed while they were stored: 3 were counted, there are")


sequences = pytest.mark.parametrize("kind", SEQUENCES, ids=lambda kind: kind.__name__)


@sequences
@pytest.mark.parametrize("actor", [0, 1, 2])
def test_elements_that_come(kind: Any, actor: int) -> None:
    parts = [Actor(), Actor(), Actor()]
    whole = kind(parts)
    parts[actor].act = lambda: whole.append(Actor())
    with changed():
        store(whole)


@sequences
@pytest.mark.parametrize("actor", [0, 1, 2])
def test_elements_that_go(kind: Any, actor: int) -> None:
    parts = [Actor(), Actor(), Actor()]
    whole = kind(parts)
    parts[actor].act = whole.clear
    with changed():
        store(whole)


@sequences
def test_a_list_without_an_end(kind: Any) -> None:
    whole = kind()

    def add() -> None:
        whole.append(Actor())
        whole[-1].act = add
        assert len(whole) < 100

    add()
    with pytest.raises(RuntimeError, match="1 were counted, there are 2"):
        store(whole)


def test_one_that_comes_behind_for_one_that_goes_before() -> None:
    """The length is right in the end, and yet one too few was met."""
    first, second, third = Actor(), Actor(), Actor()
    whole = CObList([first, second, third])

    def swap() -> None:
        whole.AddHead(Actor())
        whole.RemoveAt(whole.Find(second))

    first.act = swap
    with changed():
        store(whole)


@pytest.mark.parametrize("order", [None, "mfc9"])
@pytest.mark.parametrize("how", ["come", "go"])
@pytest.mark.parametrize("kind", MAPS, ids=lambda kind: kind.__name__)
def test_pairs(kind: Any, how: str, order: Any) -> None:
    keys: list[Any] = ["a", "b", "c"] if kind is CMapStringToOb else [1, 2, 3]
    for actor in keys:
        whole = kind({key: Actor() for key in keys})
        new = dict.fromkeys(["d"] if kind is CMapStringToOb else [4])
        whole[actor].act = whole.clear if how == "go" else lambda whole=whole, new=new: whole.update(new)
        with changed():
            store(whole, map_order=order)


@sequences
def test_a_value_that_is_replaced_is_the_new_one(kind: Any) -> None:
    """As in MFC, which looks at each when its turn comes."""
    first = Actor()
    whole = kind([first, Actor()])
    first.act = lambda: whole.__setitem__(1, None)
    whole_is_live = kind not in (CList[Actor],)  # which stores what it held in the beginning
    assert store(whole).endswith(b"\0\0") is whole_is_live
