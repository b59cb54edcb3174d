"""Declared fields: a class says once, in wire order, what it is made of.

    class Stroke(CObject, schema=1):
        pen_width: int = field(WORD, default=1)
        points: list[CPoint] = field(array_of(POINT), default_factory=list)
        next: "Stroke | None" = field(ref(), default=None)

Both directions of `Serialize`, `__init__`, `__repr__` and, with `eq=True`, `==` follow from that. A hand-written
`Serialize` in the class or in one derived from it takes the place of the declared one; `super().Serialize(ar)` is that.
"""

from __future__ import annotations

import inspect
import threading
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from reprlib import recursive_repr
from typing import Any

from ._core.carchive import Record
from ._core.classes import RUNTIME_CLASS, CObject, ObjectType
from ._core.plan import Plan, construct
from ._core.wire import Box
from .elements import element
from .structs import _Longs
from .templates import _ByValue, _Fixed, _Raw, _Ref, _SequenceOf, fixed, raw, ref

__all__ = ["Field", "Record", "count_of", "field", "fields"]

_MISSING: Any = object()


class Field:
    """One declared field: what `field()` makes, and what `fields(cls)` lists."""

    __slots__ = ("computed", "default", "default_factory", "name", "owner", "since", "type", "until")

    name: str
    """The attribute."""
    type: Any
    """Its wire type: what `ar.read` takes alone, unless it is counted by a field; see `bind`."""
    since: int
    """The first schema that has it."""
    until: int | None
    """The last schema that has it; None: the newest has."""
    computed: bool
    """Whether it is the length of another field, and so cannot be set."""
    owner: Any
    """The class that declares it."""

    def __init__(self, wire: Any, default: Any, default_factory: Any, since: int, until: int | None) -> None:
        if default is not _MISSING and default_factory is not _MISSING:
            raise TypeError("give default or default_factory, not both")
        if isinstance(default, list | dict | set | bytearray):
            raise ValueError(
                f"all objects would share this default: give default_factory={type(default).__name__}"
            )
        if until is not None and until < since:
            raise ValueError(f"since={since} is after until={until}")
        self.type = wire
        self.default, self.default_factory = default, default_factory
        self.since, self.until = since, until
        self.computed = isinstance(wire, _CountOf)
        if self.computed and not (default is default_factory is _MISSING):
            raise TypeError("a count has no default: it is computed")

    def make_default(self) -> Any:
        """The value of an object that was given none: the declared default, else 0, "", [], None."""
        if self.default is not _MISSING:
            return self.default
        if self.default_factory is not _MISSING:
            return self.default_factory()
        wire = self.type
        if isinstance(wire, _ByValue):
            return wire.cls()
        if _is_record(wire):
            return wire()
        return element(wire).default()

    def bind(self, values: Mapping[str, Any]) -> Any:
        """The wire type for `ar.read`, where `values` has those fields of the object that came before."""
        wire = self.type
        if isinstance(wire, _CountOf):
            return wire.wire
        if isinstance(wire, _SequenceOf) and isinstance(wire.count, str):
            return fixed(wire.wire, values[wire.count])
        if isinstance(wire, _Raw) and isinstance(wire.count, str):
            return raw(values[wire.count])
        if isinstance(wire, _Ref):
            cls = _target(self)
            return wire if cls is CObject else ref(cls)
        return wire

    def __repr__(self) -> str:
        return f"<field {self.owner.__name__}.{self.name}: {getattr(self.type, '__name__', self.type)}>"


def field(
    wire: Any,
    *,
    default: Any = _MISSING,
    default_factory: Callable[[], Any] = _MISSING,
    since: int = 0,
    until: int | None = None,
    init: bool | None = None,
) -> Any:
    """Declare a field of the wire type `wire` in a class derived from CObject or Record (AR-210).

    `wire` is whatever `ar.read` takes alone: a scalar or string type, a value type, `array_of(T)`,
    `fixed(T, n)`, `map_of(K, V)`, `raw(n)`; `by_value(cls)` or a Record class for a part of the object; `ref(cls)`
    for a pointer; `count_of(name, T)` for the length of another field.

    `default` or `default_factory` say what the constructor takes for a value that is left out; without them that is
    0, "", [] or None. Fields that only some schemas have are neither stored nor loaded in others: `since` is
    the first, `until` the last schema with it; loading then gives the default.

    A type checker takes a field without a default for one that the constructor must be given, and one that is a
    `count_of` for an argument of it, unless `init=False` is said there; nowhere else does `init` have a use.
    """
    if init is not None and init is isinstance(wire, _CountOf):
        raise TypeError(
            "the constructor takes every field but counts: init=False is for count_of, and only that"
        )
    return Field(wire, default, default_factory, since, until)


class _CountOf:
    def __init__(self, name: str, wire: Any) -> None:
        self.name, self.wire = name, wire

    def __repr__(self) -> str:
        return f"count_of({self.name!r}, {self.wire.__name__})"


def count_of(name: str, wire: Any) -> Any:
    """The length of the field `name` as a number of the type `wire`, which stands before it::

        n: int = field(count_of("points", WORD), init=False)
        points: list[CPoint] = field(array_of(POINT, count="n"))

    The attribute is computed, so it is always right, and cannot be set; `init=False` tells type checkers so.
    """
    return _CountOf(name, wire)


def fields(cls: Any) -> tuple[Field, ...]:
    """The declared fields of a class or object in wire order, those of its bases first. TypeError if it has none.

    A base whose `Serialize` is hand-written is not part of that: what it stores is nobody's field.
    """
    plan = getattr(cls, "__mfc_plan__", None)
    if plan is None:
        raise TypeError(f"{cls!r} declares no fields")
    return typing.cast("tuple[Field, ...]", plan.fields)


# --- how fields become a class ------------------------------------------------------------------------------


def _declare(
    meta: type, name: str, bases: tuple[type, ...], namespace: dict[str, Any], keywords: dict[str, Any]
) -> tuple[type, ...]:
    """Make slots of the fields in a class body, and give the class what follows from them. Returns its bases."""
    equal, schema_of = keywords.pop("eq", False), keywords.pop("schema_of", None)
    tagged = keywords.pop("serialize_class", False)
    own = {key: value for key, value in namespace.items() if isinstance(value, Field)}
    if equal:
        namespace.setdefault("__eq__", _equal)
        namespace.setdefault("__hash__", None)
    _check_bases(name, bases)
    if not own:
        if schema_of is not None or tagged:
            keyword = "serialize_class" if tagged else "schema_of"
            raise TypeError(f"{keyword} is for classes with declared fields")
        return bases
    if tagged and not (issubclass(bases[0], CObject) and RUNTIME_CLASS(bases[0]).m_wSchema != 0xFFFF):
        raise TypeError(f"{name}: serialize_class is for a base with a schema, not for {bases[0].__name__}")
    _check_counts(name, own)
    slots = namespace.pop("__slots__", ())
    slots = [slots] if isinstance(slots, str) else list(slots)
    whole = namespace
    if _calls_super(namespace.get("Serialize")):
        namespace = {key: whole[key] for key in _SHARED if key in whole}
        whole["__slots__"], slots = tuple(slots), []
    for key, one in own.items():
        for base in bases:
            if any(key == inherited.name for inherited in _fields_of(base)):
                raise TypeError(f"{name}.{key} is a field of {base.__name__} already")
        one.name = key
        del whole[key]
        if isinstance(one.type, _CountOf):
            namespace[key] = _length_of(one.type.name)
        else:
            slots.append(key)
    namespace["__slots__"] = tuple(slots)
    plan = Plan(tuple(own.values()), _lower, schema_of, tagged)
    namespace["__mfc_plan__"] = plan
    namespace.setdefault("Serialize", plan)
    namespace.setdefault("__init__", _init)
    namespace["__signature__"] = _SIGNATURE
    namespace.setdefault("__repr__", _repr)
    if namespace is whole:
        return bases
    whole["__mfc_plan__"] = plan
    apart: Any = {"dynamic": False} if any(issubclass(base, CObject) for base in bases) else {}
    return (meta(name, bases, namespace, **apart),)


# what the class that holds the declared part of another has of that
_SHARED = ("__module__", "__qualname__", "__doc__", "__orig_bases__", "__annotations__", "__annotate_func__")


def _calls_super(serialize: Any) -> bool:
    """Whether a `Serialize` calls that of a base: the declared one, in a class between it and its bases."""
    return "__class__" in getattr(getattr(inspect.unwrap(serialize), "__code__", None), "co_freevars", ())


ObjectType._declare = _declare


def _check_bases(name: str, bases: tuple[type, ...]) -> None:
    declaring = [base for base in bases if _fields_of(base)]
    longest = max(declaring, key=lambda base: len(_fields_of(base)), default=None)
    for base in declaring:
        if _fields_of(base) != _fields_of(longest)[: len(_fields_of(base))]:
            both = f"{declaring[0].__name__} and {declaring[1].__name__}"
            raise TypeError(f"{name}: fields come from one base only, but {both} both declare some")


def _check_counts(name: str, own: Mapping[str, Field]) -> None:
    """A count and what it counts must be of one class, name each other, and stand in this order."""
    seen = set()
    for key, one in own.items():
        seen.add(key)
        if isinstance(one.type, _CountOf):
            counted = own.get(one.type.name)
            if counted is None or one.type.name in seen:
                raise TypeError(f"{name}.{key} counts {one.type.name!r}, which is no field after it")
            if getattr(counted.type, "count", None) != key:
                raise TypeError(
                    f"{name}.{key} counts {one.type.name!r}, whose type does not say count={key!r}"
                )
        count = getattr(one.type, "count", None)
        if isinstance(count, str):
            counter = own[count].type if count in seen and count in own else None
            if not isinstance(counter, _CountOf) or counter.name != key:
                raise TypeError(
                    f"{name}.{key} is counted by {count!r}, which no field before it is with "
                    f"count_of({key!r}, ...)"
                )


def _fields_of(cls: Any) -> tuple[Field, ...]:
    return getattr(getattr(cls, "__mfc_plan__", None), "fields", ())


def _length_of(name: str) -> property:
    return property(lambda self: len(getattr(self, name)), doc=f"The length of `{name}`.")


def _init(self: Any, /, *unnamed: Any, **values: Any) -> None:
    """Give the fields their values by name, and those left out their defaults; then call `__post_init__`, if any."""
    if unnamed:
        names = ", ".join(f"{one.name}=..." for one in fields(self) if not one.computed)
        raise TypeError(f"{type(self).__name__} takes values by name: {type(self).__name__}({names})")
    construct(self, values)
    after = getattr(self, "__post_init__", None)
    if after is not None:
        after()


_init.__name__, _init.__qualname__ = "__init__", "Record.__init__"


class _Signature:
    """What `inspect.signature` and `help` show of a class whose constructor is made of its fields."""

    def __get__(self, obj: object, cls: Any) -> inspect.Signature:
        if cls.__init__ is not _init:
            raise AttributeError("__signature__")
        keyword = inspect.Parameter.KEYWORD_ONLY
        return inspect.Signature(
            [
                inspect.Parameter(one.name, keyword, default=one.make_default())
                for one in fields(cls)
                if not one.computed
            ]
        )


_SIGNATURE = _Signature()


class _Here(threading.local):
    """What this thread is in the middle of."""

    depth = 0

    def __init__(self) -> None:
        self.compared: set[tuple[int, int]] = set()


_here = _Here()
_DEEPEST_REPR = 30  # objects in each other: more is nothing to read, and a list may have thousands


@recursive_repr("...")
def _repr(self: Any) -> str:
    if _here.depth == _DEEPEST_REPR:
        return "..."
    _here.depth += 1
    try:
        shown = ", ".join(
            f"{one.name}={getattr(self, one.name, _UNSET)!r}"
            for one in type(self).__mfc_plan__.fields
            if not one.computed
        )
    finally:
        _here.depth -= 1
    return f"{type(self).__qualname__}({shown})"


class _Unset:
    def __repr__(self) -> str:
        return "<not set>"


_UNSET = _Unset()


def _equal(self: Any, other: Any) -> Any:
    """Field by field, and so on in the objects that are equal by their fields too.

    A chain of those may be long, so it is walked, not recursed into.
    """
    if type(other) is not type(self):
        return NotImplemented
    begun, added, waiting = _here.compared, [], [(self, other)]
    try:
        while waiting:
            pair = waiting.pop()
            key = id(pair[0]), id(pair[1])
            if key in begun:  # a cycle, and no difference so far: who began it has the rest to look at
                continue
            begun.add(key)
            added.append((key, pair))  # held, so that the numbers mean them
            for one, two in _parts(*pair):
                if type(one) is type(two) and _by_fields(type(one)):
                    waiting.append((one, two))
                elif not one == two:
                    return False
        return True
    finally:
        begun.difference_update(key for key, _ in added)


def _by_fields(cls: Any) -> bool:
    return cls.__eq__ is _equal


def _parts(one: Any, two: Any) -> Iterator[tuple[Any, Any]]:
    """What has to be equal for two objects of a class to be: the values of their fields, of lists of objects those."""
    for each in type(one).__mfc_plan__.fields:
        mine, yours = getattr(one, each.name, _UNSET), getattr(two, each.name, _UNSET)
        if type(mine) is type(yours) is list and len(mine) == len(yours) and _of_objects(each.type):
            yield from ((x, y) for x, y in zip(mine, yours, strict=True) if x is not y)
        else:
            yield mine, yours


def _of_objects(wire: Any) -> bool:
    of = getattr(wire, "wire", None)
    return isinstance(of, _Ref | _ByValue) or (isinstance(of, type) and issubclass(of, CObject | Record))


# --- what a plan is told ------------------------------------------------------------------------------------


def _is_record(wire: Any) -> bool:
    return isinstance(wire, type) and issubclass(wire, Record)


def _lower(one: Field) -> tuple[Any, ...]:
    """A field's wire type in the plan's words."""
    wire = one.type
    if isinstance(wire, _CountOf):
        return "count", wire.wire, wire.name
    if isinstance(wire, _Ref):
        return "ref", _target(one)
    if isinstance(wire, _SequenceOf):
        inner = _lower_element(wire.wire, one)
        if inner is not None:
            return "list", wire.count, inner
    if isinstance(wire, _Fixed):
        inner = _lower_element(wire.wire, one)
        if inner is not None:
            return "list", wire.count, inner
    if isinstance(wire, _Raw):
        return "raw", wire.count if wire.length is None else wire.length
    if isinstance(wire, type) and wire in _PYTHON:
        raise TypeError(f"{one!r}: say which width it has, for example field({_PYTHON[wire]})")
    known = _lower_element(wire, one)
    if known is not None:
        return known
    if hasattr(wire, "__mfc_load__") and hasattr(wire, "__mfc_store__"):
        return "wire", wire
    raise TypeError(f"{one!r}: {wire!r} is no wire type")


_PYTHON = {int: "INT", float: "DOUBLE", bool: "bool_", str: "CString"}


def _lower_element(wire: Any, one: Field) -> tuple[Any, ...] | None:
    """The same for what may also be an element; None for what the plan leaves to the type itself."""
    if isinstance(wire, _Ref):
        return "ref", wire.resolved(_names(one))
    if isinstance(wire, _ByValue):
        return "inline", wire.cls, 1
    if not isinstance(wire, type):
        return None
    if wire in _PYTHON:
        from ._core import wire as boxes

        wire = getattr(boxes, _PYTHON[wire])
    if issubclass(wire, Box):
        return "kind", wire
    if issubclass(wire, Record):
        plan = wire.__dict__.get("__mfc_plan__")
        return "inline", wire, max(1, plan.least) if plan is not None else 1
    if issubclass(wire, _Longs):
        return "longs", wire, [_member(wire, name) for name in wire._names]
    if issubclass(wire, CObject) and not hasattr(wire, "__mfc_load__"):
        return "ref", wire
    return None


def _member(cls: type, name: str) -> Any:
    return next(base.__dict__[name] for base in cls.__mro__ if name in base.__dict__)


def _names(one: Field) -> Mapping[str, Any]:
    """The names that a class body could use, as far as they can be seen later."""
    module = inspect.getmodule(one.owner)
    return {**(vars(module) if module else {}), one.owner.__name__: one.owner}


def _target(one: Field) -> type[CObject]:
    """The class of a pointer field."""
    cls: type[CObject] = one.type.resolved(_names(one)) if one.type.target is not None else _annotated(one)
    return cls


def _annotated(one: Field) -> type[CObject]:
    """The class of a pointer field, from its annotation: `CFoo | None`, as text or not."""
    given = inspect.get_annotations(one.owner).get(one.name)
    if given is None:
        return CObject
    if isinstance(given, str):
        try:
            given = eval(given.strip("'\""), {}, dict(_names(one)))
        except Exception as error:
            raise NameError(
                f"{one!r}: cannot tell the class from the annotation {given!r}: {error}"
            ) from error
    if isinstance(given, typing.ForwardRef):
        given = given.__forward_arg__
    if isinstance(given, types.UnionType) or typing.get_origin(given) is typing.Union:
        parts = [part for part in typing.get_args(given) if part is not types.NoneType]
    else:
        parts = [given]
    cls = typing.get_origin(parts[0]) or parts[0]
    if len(parts) == 1 and isinstance(cls, type) and issubclass(cls, CObject):
        return cls
    if len(parts) == 1 and cls in (Any, object):
        return CObject
    raise TypeError(f"{one!r}: its annotation is no CObject class: say ref(cls)")
