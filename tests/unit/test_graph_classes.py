"""Run-time classes, registries, the allow-list, limits on objects, and Serialize that misbehaves."""

from __future__ import annotations

import gc
import subprocess
import sys
import warnings
import weakref
from abc import abstractmethod
from typing import Any

import pytest

import pysock
from pysock import (
    RUNTIME_CLASS,
    VERSIONABLE_SCHEMA,
    ArchiveLimitError,
    CArchive,
    CArchiveException,
    CByteArray,
    ClassRegistry,
    CMemFile,
    CMemoryException,
    CNotSupportedException,
    CObArray,
    CObject,
    CRuntimeClass,
    CStringArray,
    default_registry,
)

LOAD, STORE = CArchive.load, CArchive.store
MINE = ClassRegistry()


class CLeaf(CObject, schema=1, registry=MINE):
    pass


class CSub(CLeaf, schema=1, registry=MINE):
    pass


class CNode(CObject, schema=1, registry=MINE):
    def __init__(self, next: Any = None) -> None:
        self.next = next

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar.WriteObject(self.next)
        else:
            self.next = ar.ReadObject(CNode)


def stored(*objects: Any, **options: Any) -> bytes:
    file = CMemFile()
    with CArchive(file, STORE, **options) as ar:
        for obj in objects:
            ar << obj
    data: bytes = file.getvalue()
    return data


def loading(data: bytes, **options: Any) -> CArchive:
    return CArchive(data, LOAD, **{"registry": MINE, **options})


class TestRuntimeClasses:
    def test_ar_114_what_it_tells(self) -> None:
        rc = RUNTIME_CLASS(CSub)
        assert isinstance(rc, CRuntimeClass)
        assert (rc.m_lpszClassName, rc.m_wSchema, rc.m_pBaseClass) == ("CSub", 1, RUNTIME_CLASS(CLeaf))
        assert rc.cls is CSub and rc.m_pfnCreateObject is not None and rc.m_nObjectSize == CSub.__basicsize__
        assert type(rc.CreateObject()) is CSub
        root = RUNTIME_CLASS(CObject)
        assert (root.m_lpszClassName, root.m_wSchema, root.m_pBaseClass) == ("CObject", 0xFFFF, None)
        assert root.m_pfnCreateObject is None
        with pytest.raises(TypeError):
            CRuntimeClass()
        with pytest.raises(TypeError):
            RUNTIME_CLASS(int)  # type: ignore[arg-type]

    def test_ar_116_kinds(self) -> None:
        assert (
            CSub().IsKindOf(CLeaf) and CSub().IsKindOf(RUNTIME_CLASS(CObject)) and not CLeaf().IsKindOf(CSub)
        )
        assert RUNTIME_CLASS(CSub).IsDerivedFrom(CSub) and not RUNTIME_CLASS(CLeaf).IsDerivedFrom(CSub)
        assert CSub().GetRuntimeClass() is RUNTIME_CLASS(CSub)
        assert CSub().IsSerializable() and not CObject().IsSerializable()

    def test_ar_115_the_three_levels(self) -> None:
        class CDynamicOnly(CLeaf):
            pass

        class CCreatable(CLeaf, dyncreate=True):
            pass

        class CPlain(CLeaf, dynamic=False):
            pass

        for cls in (CDynamicOnly, CCreatable):
            assert (
                RUNTIME_CLASS(cls).m_wSchema == 0xFFFF and RUNTIME_CLASS(cls).m_lpszClassName == cls.__name__
            )
            assert cls.__name__ not in MINE and cls.__name__ not in default_registry
        with pytest.raises(CMemoryException):
            RUNTIME_CLASS(CDynamicOnly).CreateObject()
        assert type(RUNTIME_CLASS(CCreatable).CreateObject()) is CCreatable
        assert RUNTIME_CLASS(CPlain) is RUNTIME_CLASS(CLeaf)
        assert stored(CPlain()) == stored(CLeaf())
        assert type(loading(stored(CPlain())).ReadObject(CLeaf)) is CLeaf

    def test_ar_205_keywords(self) -> None:
        r = ClassRegistry()
        both = [
            type("A", (CObject,), {}, schema=3, versionable=True, registry=r),
            type("B", (CObject,), {}, schema=VERSIONABLE_SCHEMA | 3, registry=r),
        ]
        assert [RUNTIME_CLASS(c).m_wSchema for c in both] == [VERSIONABLE_SCHEMA | 3] * 2
        for schema in (-1, 0x10000, "1"):
            with pytest.raises(ValueError):
                type("C", (CObject,), {}, registry=r, schema=schema)
        for name in ("", "A" * 64, "a b", "é"):
            with pytest.raises(ValueError):
                type("C", (CObject,), {}, registry=r, schema=1, name=name)
        for odd in (
            {"versionable": True},
            {"dynamic": False, "name": "X"},
            {"registry": r},
        ):
            with pytest.raises(TypeError):
                type("C", (CObject,), {}, **odd)
        with pytest.raises(TypeError):
            type("C", (CObject,), {}, schema=1, registry=r, nonsense=1)

    def test_ar_206_creation(self) -> None:
        r = ClassRegistry()

        class CMade(CObject, schema=1, registry=r):
            def __init__(self, needed: int) -> None:
                self.how = "init"

            def __mfc_init__(self) -> None:
                self.how = "mfc"

        made = CArchive(stored(CMade(1)), LOAD, registry=r).read(CMade)
        assert made is not None and made.how == "mfc"

    def test_ar_106_abstract_in_python(self) -> None:
        from abc import ABC

        r = ClassRegistry()

        class CShape(CObject, ABC, schema=1, registry=r):
            @abstractmethod
            def area(self) -> float: ...

        with pytest.raises(CMemoryException):
            CArchive(b"\xff\xff\1\0\6\0CShape", LOAD, registry=r).ReadObject(CShape)


class TestRegistries:
    def test_ar_205_a_name_again(self) -> None:
        r = ClassRegistry()
        first = type("CTwice", (CObject,), {}, schema=1, registry=r)
        with pytest.warns(RuntimeWarning, match="'CTwice' is registered again"):
            second = type("CTwice", (CObject,), {}, schema=1, registry=r)
        assert r.lookup("CTwice") is RUNTIME_CLASS(second)
        r.unregister(first)
        assert "CTwice" in r
        r.unregister(second)
        assert "CTwice" not in r
        assert r.register(first) is first and r.lookup(b"CTwice") is RUNTIME_CLASS(first)
        with pytest.raises(ValueError):
            r.register(CObject)

    def test_ar_100_own_classes_hide_the_library(self) -> None:
        r = ClassRegistry()
        assert r.lookup("CByteArray") is RUNTIME_CLASS(CByteArray)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            own = type("CByteArray", (CObject,), {}, schema=1, registry=r)
        assert r.lookup("CByteArray") is RUNTIME_CLASS(own)
        assert default_registry.lookup("CByteArray") is RUNTIME_CLASS(CByteArray)
        empty = ClassRegistry(library=False)
        assert len(empty) == 0 and list(empty) == [] and "CByteArray" not in empty
        assert {"CByteArray", "CObList"} <= set(ClassRegistry())
        assert CRuntimeClass.FromName("CObList") is RUNTIME_CLASS(pysock.CObList)
        assert CRuntimeClass.FromName("CNothing") is None

    def test_classes_without_a_registry(self) -> None:
        class CUnknown(CObject, schema=1, name="N" * 300, registry=False):
            pass

        data = stored(CUnknown())
        assert data == b"\xff\xff\1\0\x2c\1" + b"N" * 300
        with pytest.raises(CArchiveException) as caught:
            CArchive(data, LOAD, allow="registered").ReadObject()
        assert caught.value.m_cause == 6


class TestAllow:
    """AR-186."""

    def load(self, obj: CObject, cls: Any = None, **options: Any) -> Any:
        return loading(stored(obj), **options).ReadObject(cls)

    def refused(self, obj: CObject, cls: Any = None, **options: Any) -> None:
        with pytest.raises(CArchiveException, match="allow=") as caught:
            self.load(obj, cls, **options)
        assert caught.value.m_cause == 6

    def test_by_default(self) -> None:
        assert type(self.load(CSub(), CLeaf)) is CSub
        assert type(self.load(CByteArray(b"ab"))) is CByteArray
        self.refused(CLeaf())
        array = CObArray()
        array.Add(CLeaf())
        self.refused(array)

    def test_all_that_is_registered(self) -> None:
        assert type(self.load(CLeaf(), allow="registered")) is CLeaf
        array = CObArray()
        array.Add(CLeaf())
        assert type(self.load(array, allow="registered")[0]) is CLeaf

    def test_a_list(self) -> None:
        assert type(self.load(CSub(), allow={CLeaf})) is CSub
        assert type(self.load(CStringArray(), allow=[RUNTIME_CLASS(CLeaf)])) is CStringArray
        self.refused(CNode(), allow={CLeaf})
        self.refused(CLeaf(), CLeaf, allow={CSub})
        self.refused(CLeaf(), CLeaf, allow=())

    def test_also_for_classes_that_are_mapped_already(self) -> None:
        data = stored(CLeaf(), CLeaf())
        ar = loading(data)
        assert ar.ReadObject(CLeaf) is not None
        with pytest.raises(CArchiveException, match="allow="):
            ar.ReadObject()


class TestLimits:
    def test_ar_184_depth(self) -> None:
        head = b"\xff\xff\1\0\5\0CNode"
        deep = head + b"\1\x80" * 199 + b"\0\0"
        assert loading(deep).ReadObject(CNode) is not None
        for data, options in [
            (head + b"\1\x80" * 200 + b"\0\0", {}),
            (head + b"\1\x80" * 5 + b"\0\0", {"max_depth": 5}),
            (head + b"\1\x80" * 100000, {"max_depth": None}),
        ]:
            with pytest.raises(ArchiveLimitError) as caught:
                loading(data, **options).ReadObject(CNode)
            assert caught.value.limit == "max_depth"
            assert set(caught.value.in_class) == {"CNode"}

    def test_deep_objects_cannot_be_stored_either(self) -> None:
        node = None
        for _ in range(100000):
            node = CNode(node)
        with pytest.raises(RecursionError):
            stored(node)
        while node is not None:  # taken apart by hand: Python would recurse
            node = node.next

    @pytest.mark.parametrize("limit,n", [("max_objects", 5), ("max_dense", 3)])
    def test_objects(self, limit: str, n: int) -> None:
        data = stored(*[CLeaf() for _ in range(10)])
        ar = loading(data, **{limit: n})
        with pytest.raises(ArchiveLimitError) as caught:
            for _ in range(10):
                ar.ReadObject(CLeaf)
        assert caught.value.limit == limit
        ar = loading(data, **{limit: None})
        assert all(ar.ReadObject(CLeaf) for _ in range(10))

    def test_ar_183_classes(self) -> None:
        with pytest.raises(ArchiveLimitError, match="max_classes"):
            ar = loading(b"\xff\xff\1\0\5\0CLeaf" * 6, max_classes=5)
            for _ in range(6):
                ar.ReadObject(CLeaf)

    def test_ar_181_the_budget_covers_what_is_nested(self) -> None:
        r = ClassRegistry()

        class CBulky(CObject, schema=1, registry=r):
            def Serialize(self, ar: CArchive) -> None:
                if ar.IsStoring():
                    ar.Write(bytes(1000))
                else:
                    for _ in range(10):
                        ar.EnsureRead(100)

        data = stored(CBulky(), CBulky())
        for file in (data, CMemFile(data)):
            ar = CArchive(file, LOAD, registry=r, max_total=1020)
            assert ar.ReadObject(CBulky) and ar.ReadObject(CBulky)  # each has a budget of its own
            ar = CArchive(
                file if isinstance(file, bytes) else CMemFile(data), LOAD, registry=r, max_total=500
            )
            with pytest.raises(ArchiveLimitError, match="max_total"):
                ar.ReadObject(CBulky)
            with pytest.raises(CArchiveException, match="failed before"):
                ar.ReadBYTE()

    def test_ar_185_names(self) -> None:
        for name in (b"", b"a b\0", b"CLeaf\0", b"\xff\xff"):
            with pytest.raises(CArchiveException) as caught:
                loading(b"\xff\xff\1\0" + len(name).to_bytes(2, "little") + name).ReadObject(CLeaf)
            assert caught.value.m_cause == 6

    def test_ar_204_an_unknown_class_is_told(self) -> None:
        ar = loading(b"\0\0\xff\xff\7\0\4\0CZzz")
        ar.ReadObject()
        with pytest.raises(CArchiveException) as caught:
            ar.ReadObject()
        e: Any = caught.value
        assert (e.offset, e.class_name, e.class_schema) == (2, "CZzz", 7)
        assert "CZzz, schema 7" in str(e)


class TestFailures:
    def test_in_which_class(self) -> None:
        with pytest.raises(EOFError) as caught:
            loading(stored(CNode(CNode()))[:-2]).ReadObject(CNode)
        assert caught.value.in_class == ("CNode", "CNode")
        assert "inside CNode > CNode" in str(caught.value)

    def test_ar_190_nothing_after_a_failure(self) -> None:
        r = ClassRegistry()

        class CRaises(CObject, schema=1, registry=r):
            def Serialize(self, ar: CArchive) -> None:
                if ar.IsLoading():
                    raise KeyError("mine")

        data = stored(CRaises()) + bytes(8)
        ar = CArchive(data, LOAD, registry=r)
        with pytest.raises(KeyError, match="mine"):
            ar.ReadObject(CRaises)
        for call in (ar.ReadBYTE, ar.ReadObject, lambda: ar.Read(1), lambda: ar.ReadClass(CRaises)):
            with pytest.raises(CArchiveException) as caught:
                call()
            assert caught.value.m_cause == 1
        ar.Close()

    def test_ar_203_the_end_between_objects_is_no_failure(self) -> None:
        file = CMemFile(stored(CLeaf()))
        ar = loading(file)  # type: ignore[arg-type]
        assert ar.ReadObject(CLeaf) is not None
        with pytest.raises(EOFError):
            ar.ReadObject(CLeaf)
        with pytest.raises(EOFError):  # it asks again
            ar.ReadObject(CLeaf)

    def test_ar_192_nothing_half_loaded_is_kept(self) -> None:
        made: list[weakref.ref[Any]] = []
        r = ClassRegistry()

        class CSpy(CNode, schema=1, registry=r):
            def __mfc_init__(self) -> None:
                made.append(weakref.ref(self))

        ar = CArchive(b"\xff\xff\1\0\4\0CSpy\1\x80\1\x80\xff", LOAD, registry=r)
        with pytest.raises(EOFError):
            ar.ReadObject(CSpy)
        gc.collect()
        assert len(made) == 3 and not any(ref() for ref in made)

    @pytest.mark.parametrize("how", ["Close", "Abort"])
    def test_serialize_closes_the_archive(self, how: str) -> None:
        r = ClassRegistry()

        class CCloses(CObject, schema=1, registry=r):
            def Serialize(self, ar: CArchive) -> None:
                getattr(ar, how)()

        file = CMemFile()
        ar = CArchive(file, STORE)
        ar << CCloses()
        with pytest.raises(ValueError, match="closed"):
            ar << CCloses()
        data = b"\xff\xff\1\0\7\0CCloses" * 2
        ar = CArchive(data, LOAD, registry=r)
        assert type(ar.ReadObject(CCloses)) is CCloses
        with pytest.raises(ValueError, match="closed"):
            ar.ReadObject(CCloses)

    def test_creation_closes_the_archive(self) -> None:
        r = ClassRegistry()

        class CCloses(CObject, schema=1, registry=r):
            def __mfc_init__(self) -> None:
                ar.Abort()

        ar = CArchive(b"\xff\xff\1\0\7\0CCloses", LOAD, registry=r)
        with pytest.raises(ValueError, match="closed"):
            ar.ReadObject(CCloses)

    def test_a_new_that_makes_something_else(self) -> None:
        r = ClassRegistry()

        class COdd(CObject, schema=1, registry=r):
            def __new__(cls) -> Any:
                return 5

        with pytest.raises(TypeError, match="made a int"):
            CArchive(b"\xff\xff\1\0\4\0COdd", LOAD, registry=r).ReadObject(COdd)

    def test_a_serialize_that_swallows_errors_cannot_go_on(self) -> None:
        r = ClassRegistry()

        class CGreedy(CObject, schema=1, registry=r):
            def Serialize(self, ar: CArchive) -> None:
                for _ in range(1000):
                    try:
                        ar.ReadDWORD()
                    except CArchiveException:
                        pass

        ar = CArchive(b"\xff\xff\1\0\7\0CGreedy" + bytes(1000), LOAD, registry=r, max_total=100)
        ar.ReadObject(CGreedy)
        with pytest.raises(CArchiveException):
            ar.ReadBYTE()


class TestIdentity:
    def test_ar_41_what_is_mapped_stays_alive(self) -> None:
        file = CMemFile()
        with CArchive(file, STORE) as ar:
            for _ in range(1000):
                ar << CLeaf()  # each would land on the address of the last
        assert len(file.getvalue()) == 11 + 999 * 2

    def test_ar_77_equal_is_not_the_same(self) -> None:
        class CEqual(CObject, schema=1, registry=False):
            def __eq__(self, other: object) -> bool:
                return True

            __hash__ = None  # type: ignore[assignment]

        a = CEqual()
        assert stored(a, CEqual(), a) == b"\xff\xff\1\0\6\0CEqual" + b"\1\x80" + b"\2\0"

    def test_the_map_goes_with_the_archive(self) -> None:
        leaf = CLeaf()
        ref = weakref.ref(leaf)
        ar = CArchive(CMemFile(), STORE)
        ar << leaf
        del leaf
        assert ref() is not None
        ar.Close()
        assert ref() is None

    def test_an_archive_in_a_cycle_is_collected(self) -> None:
        class Holder(CLeaf, schema=1, registry=False):
            ar: Any = None

        for file, mode in (
            (CMemFile(bytes(10)), LOAD),
            (CMemFile(bytearray(10)), LOAD),
            (bytearray(10), LOAD),
        ):
            holder = Holder()
            holder.ar = CArchive(file, mode)
            holder.ar.MapObject(holder)
            ref = weakref.ref(holder)
            del holder, file
            gc.collect()
            assert ref() is None


def test_ar_29_late_parameters() -> None:
    for mode, name, other in (
        (LOAD, "SetLoadParams", "SetStoreParams"),
        (STORE, "SetStoreParams", "SetLoadParams"),
    ):
        ar = CArchive(CMemFile(), mode)
        getattr(ar, name)()
        with pytest.raises(pysock.CInvalidArgException):
            getattr(ar, other)()
        ar.MapObject(None)
        with pytest.raises(pysock.CInvalidArgException):
            getattr(ar, name)()
        ar.Abort()


def test_what_is_no_object() -> None:
    with CArchive(CMemFile(), STORE) as ar:
        for bad in (5, "x", object(), CLeaf):
            for call in (ar.WriteObject, ar.MapObject):
                with pytest.raises(TypeError):
                    call(bad)
        with pytest.raises(TypeError):
            ar.WriteClass(int)  # type: ignore[arg-type]
        with pytest.raises(CArchiveException) as caught:
            ar.WriteClass(None)
        assert caught.value.m_cause == 6
        ar.write(None, CLeaf)
        ar.write(CSub(), CLeaf)
        with pytest.raises(TypeError, match="need a CSub"):
            ar.write(CLeaf(), CSub)


def test_reading_a_plain_object() -> None:
    """AR-112: for a plain CObject* no class is asked for."""
    assert type(loading(stored(CLeaf()), allow="registered").read(CObject)) is CLeaf
    with pytest.raises(CNotSupportedException):
        loading(stored(CLeaf())).ReadObject(CObject)


def test_a_subclass_of_the_archive() -> None:
    class Counting(CArchive):
        count = 0

        def ReadBYTE(self) -> int:
            self.count += 1
            return super().ReadBYTE()

    ar = Counting(b"\1\2", LOAD)
    assert ar.ReadBYTE() == 1 and ar.read(pysock.BYTE) == 2 and ar.count == 1


def test_left_open_at_exit() -> None:
    code = "from pysock import *\nar = CArchive(b'abc', CArchive.load)\nbr = CArchive(CMemFile(), 0)\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
