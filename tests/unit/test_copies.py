"""copy, deepcopy and pickle, of whatever a user may have in an object of his own."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from pysock import (
    BYTE,
    DOUBLE,
    RUNTIME_CLASS,
    WCHAR,
    WORD,
    CArray,
    CByteArray,
    CList,
    CMap,
    CMapStringToOb,
    CMapStringToString,
    CObArray,
    CObject,
    CObList,
    CString,
    CStringA,
    CStringList,
    ObjRef,
    bool_,
    field,
)


class Bytes(CByteArray):
    note: Any = "of the class"


class Objects(CObArray):
    note: Any = "of the class"


class Texts(CStringList):
    note: Any = "of the class"


class Names(CMapStringToString):
    note: Any = "of the class"


class Stars(CArray[WORD]):  # type: ignore[type-arg]
    note: Any = "of the class"


class Index(CMap[WORD, CString]):  # type: ignore[type-arg]
    note: Any = "of the class"


class Titled(CObList):
    """Its constructor cannot be called without arguments."""

    title: str = field(CString)

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title


class Guarded(CObArray):
    """Says itself what its state is."""

    lock: Any = None
    note: Any = None

    def __getstate__(self) -> Any:
        return {"note": self.note}


FILLED: list[tuple[Any, Any]] = [
    (Bytes, [1, 2]),
    (Objects, [None, None]),
    (Texts, ["a", "b"]),
    (Names, {"a": "b"}),
    (Stars, [5, 6]),
    (Index, {1: "a"}),
]


def pickled(value: Any) -> Any:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL):
        assert type(pickle.loads(pickle.dumps(value, protocol))) is type(value)
    return pickle.loads(pickle.dumps(value))


WAYS = pytest.mark.parametrize(
    "twin_of", [copy.copy, copy.deepcopy, pickled], ids=["copy", "deepcopy", "pickle"]
)


@WAYS
@pytest.mark.parametrize("kind, elements", FILLED, ids=lambda x: getattr(x, "__name__", ""))
def test_attributes_of_a_subclass_come_along(twin_of: Callable[[Any], Any], kind: Any, elements: Any) -> None:
    whole = kind(elements)
    whole.note = ["of the object"]
    twin = twin_of(whole)
    assert type(twin) is kind and twin == whole and twin.note == ["of the object"]
    assert (twin.note is whole.note) is (twin_of is copy.copy)
    twin.clear()
    assert whole == elements


@WAYS
def test_declared_fields_of_a_collection_come_along(twin_of: Callable[[Any], Any]) -> None:
    whole = Titled("stars")
    whole.append(None)
    twin = twin_of(whole)
    assert twin.title == "stars" and list(twin) == [None]


@WAYS
def test_a_state_of_ones_own_does_not_lose_the_elements(twin_of: Callable[[Any], Any]) -> None:
    whole = Guarded([None])
    whole.lock, whole.note = object(), "n"
    twin = twin_of(whole)
    assert list(twin) == [None] and twin.note == "n" and twin.lock is None


@pytest.mark.parametrize("twin_of", [copy.deepcopy, pickled], ids=["deepcopy", "pickle"])
def test_an_attribute_may_lead_back_to_the_collection(twin_of: Callable[[Any], Any]) -> None:
    for whole in (Objects(), Texts(), Names()):
        whole.note = whole
        twin = twin_of(whole)
        assert twin.note is twin and twin is not whole


@WAYS
@pytest.mark.parametrize(
    "box",
    [WORD(5), BYTE(), DOUBLE(0.5), bool_(True), WCHAR("\ud800"), CString("x"), CStringA(b"\xff")],
    ids=repr,
)
def test_ar_193_boxes(twin_of: Callable[[Any], Any], box: Any) -> None:
    twin = twin_of(box)
    assert type(twin) is type(box) and twin == box and twin is not box
    assert type(twin.value) is type(box.value)


@WAYS
def test_ar_114_there_is_one_run_time_class(twin_of: Callable[[Any], Any]) -> None:
    assert twin_of(RUNTIME_CLASS(CObArray)) is RUNTIME_CLASS(CObArray)
    twin = twin_of(ObjRef(CObArray))
    assert twin.value is None and repr(twin) == repr(ObjRef(CObArray))


def test_plain_copies_of_lists_are_of_their_type() -> None:
    for whole in (CList[WORD]([1]), CMapStringToOb({"a": None}), CObject()):
        assert type(copy.copy(whole)) is type(whole)
