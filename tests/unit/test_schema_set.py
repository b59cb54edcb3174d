"""CRuntimeClass.m_wSchema may be set: a program that stores an older format says so there, as in C++."""

import pytest

from pysock import (
    RUNTIME_CLASS,
    VERSIONABLE_SCHEMA,
    CArchive,
    CArchiveException,
    ClassRegistry,
    CMemFile,
    CObject,
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
