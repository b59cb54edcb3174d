"""CRuntimeClass.m_wSchema may be set: a program that stores an older format says so there, as in C++."""

from typing import Any

import pytest

from pysock import (
    BYTE,
    RUNTIME_CLASS,
    VERSIONABLE_SCHEMA,
    CArchive,
    CArchiveException,
    ClassRegistry,
    CMemFile,
    CObject,
    field,
)

registry = ClassRegistry()


class CThing(CObject, schema=3, registry=registry):
    pass


class CPlain(CObject):
    pass


@pytest.fixture(autouse=True)
def schema_put_back():
    yield
    RUNTIME_CLASS(CThing).m_wSchema = 3


def stored() -> bytes:
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        ar << CThing()
    return file.getvalue()


def test_ar_89_records_carry_the_schema_that_was_set() -> None:
    assert stored().hex() == "ffff03000600" + b"CThing".hex()
    RUNTIME_CLASS(CThing).m_wSchema = VERSIONABLE_SCHEMA | 2
    assert RUNTIME_CLASS(CThing).m_wSchema == 0x80000002
    assert stored().hex() == "ffff02000600" + b"CThing".hex()


def test_ar_102_loading_compares_with_the_schema_that_was_set() -> None:
    data = stored()
    RUNTIME_CLASS(CThing).m_wSchema = 2
    with CArchive(data, CArchive.load, registry=registry) as ar, pytest.raises(CArchiveException) as caught:
        ar.read(CThing)
    assert caught.value.m_cause == CArchiveException.badSchema
    RUNTIME_CLASS(CThing).m_wSchema = VERSIONABLE_SCHEMA | 2
    with CArchive(data, CArchive.load, registry=registry) as ar:
        assert isinstance(ar.read(CThing), CThing)


@pytest.mark.parametrize("schema", [-1, 0x10000, 0x80010000, "3", None])
def test_other_values_are_refused(schema: object) -> None:
    with pytest.raises(ValueError, match="schema"):
        RUNTIME_CLASS(CThing).m_wSchema = schema
    assert RUNTIME_CLASS(CThing).m_wSchema == 3


def test_a_class_without_a_schema_has_none_to_set() -> None:
    with pytest.raises(ValueError, match="CPlain"):
        RUNTIME_CLASS(CPlain).m_wSchema = 1


class CVersioned(CObject, schema=VERSIONABLE_SCHEMA | 3, registry=registry, eq=True):
    a: int = field(BYTE)
    b: int = field(BYTE, since=2)
    c: int = field(BYTE, since=3)


class CTagged(CVersioned, schema=5, registry=registry, eq=True, serialize_class=True):
    d: int = field(BYTE)


def stored_with(*objects: CObject, **options: Any) -> bytes:
    file = CMemFile()
    with CArchive(file, CArchive.store, **options) as ar:
        for one in objects:
            ar << one
    return file.getvalue()


def loading(data: bytes, **options: Any) -> CArchive:
    return CArchive(data, CArchive.load, registry=registry, **options)


def test_ar_89_an_archive_has_schemas_of_its_own() -> None:
    one, other = CVersioned(a=1, b=2, c=3), CVersioned(a=4, b=5, c=6)
    name = b"CVersioned"
    for schema, bodies in ((1, (b"\1", b"\4")), (2, (b"\1\2", b"\4\5")), (3, (b"\1\2\3", b"\4\5\6"))):
        data = stored_with(one, other, schemas={CVersioned: schema})
        assert data == b"\xff\xff%c\0\x0a\0" % schema + name + bodies[0] + b"\1\x80" + bodies[1]
        with loading(data) as ar:
            assert [ar.read(CVersioned).a, ar.read(CVersioned).a] == [1, 4]
    assert stored_with(one, other) == data and RUNTIME_CLASS(CVersioned).m_wSchema == VERSIONABLE_SCHEMA | 3


def test_ar_89_bases_with_a_tag_and_fields_without_one() -> None:
    data = stored_with(CTagged(a=1, b=2, d=4), schemas={RUNTIME_CLASS(CVersioned): 2, CTagged: 7})
    assert data[:15] == b"\xff\xff\7\0\7\0CTagged\xff\xff" and data.endswith(b"\2\0\x0a\0CVersioned\1\2\4")
    file = CMemFile()
    with CArchive(file, CArchive.store, schemas={CVersioned: 1}) as ar:
        CVersioned(a=1, b=2).Serialize(ar)
    assert file.getvalue() == b"\1"


def test_ar_102_loading_compares_with_the_archives_schema() -> None:
    data = stored()
    with (
        loading(data, schemas={CThing: 2}) as ar,
        pytest.raises(CArchiveException, match="schema 2 of CThing") as told,
    ):
        ar.read(CThing)
    assert told.value.m_cause == CArchiveException.badSchema
    with loading(data, schemas={CThing: VERSIONABLE_SCHEMA | 2}) as ar:
        assert isinstance(ar.read(CThing), CThing)
    old = stored_with(CThing(), CThing(), schemas={CThing: 2})
    with loading(old, schemas={CThing: 2}) as ar:
        assert isinstance(ar.read(CThing), CThing) and isinstance(ar.read(CThing), CThing)
    with loading(old) as ar, pytest.raises(CArchiveException, match="badSchema"):
        ar.read(CThing)


def test_schemas_of_an_archive_are_looked_at() -> None:
    ar = loading(b"", schemas={CVersioned: 2, CThing: VERSIONABLE_SCHEMA | 1})
    assert ar.schemas == {RUNTIME_CLASS(CVersioned): 2, RUNTIME_CLASS(CThing): 1}
    assert loading(b"").schemas == {}
    with pytest.raises(ValueError, match="CPlain was declared without a schema"):
        loading(b"", schemas={CPlain: 1})
    for bad in (-1, 0x10000, "1", None):
        with pytest.raises(ValueError, match="schema must be"):
            loading(b"", schemas={CThing: bad})
    with pytest.raises(TypeError, match="need a class derived from CObject"):
        loading(b"", schemas={int: 1})
