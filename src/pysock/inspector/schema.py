"""Reading a stream by a definition of the user's: `--schema module:Class`, or `path/to/file.py:Class`.

The definition is any of: a class derived from CObject (by pointer if the stream has its tag there, else its body
alone), a declared record, another class with a `Serialize`, a wire type or descriptor, or a function that takes the
archive.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

from pysock import RUNTIME_CLASS, CObject

from .errors import InspectError
from .grammar import tag_at
from .node import Node
from .source import Source
from .trace import TracingArchive
from .walk import Found


class Decoded:
    """What came of it: the tree covers the source from its beginning to its end."""

    def __init__(self, nodes: list[Node], found: Found, error: BaseException | None) -> None:
        self.nodes, self.found, self.error = nodes, found, error


def resolve(spec: str) -> Any:
    """What `module:Name` or `file.py:Name` stands for; InspectError if that cannot be had."""
    module_name, colon, name = spec.rpartition(":")
    if not colon or not module_name or not name:
        raise InspectError(f"--schema {spec}: wanted module:Class or file.py:Class")
    try:
        found: Any = _module(module_name)
    except Exception as error:  # whatever the user's module does on import
        raise InspectError(f"--schema {spec}: {type(error).__name__}: {error}") from None
    for part in name.split("."):
        if not hasattr(found, part):
            raise InspectError(f"--schema {spec}: {module_name} has no {part}")
        found = getattr(found, part)
    return found


def _module(name: str) -> Any:
    path = Path(name)
    folder = str(path.parent.resolve()) if path.suffix == ".py" else str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    if path.suffix != ".py":
        return importlib.import_module(name)
    if not path.exists():
        raise FileNotFoundError(f"no file {name}")
    loaded = sys.modules.get(path.stem)
    if loaded is not None and Path(getattr(loaded, "__file__", None) or "").resolve() == path.resolve():
        return loaded  # its classes are registered already
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{name} is no Python file")
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def decode(
    source: Source, wanted: Any, offset: int = 0, encoding: str = "cp1252", repeat: bool = False
) -> Decoded:
    """Read the source from an offset on, once or to its end; never raises for what is in the stream."""
    ar = TracingArchive(source, offset, allow="registered", encoding=encoding, errors="replace")
    error: BaseException | None = None
    value = None
    try:
        pointers = _is_object(wanted) and _tagged(source, wanted, offset)
        value = load(ar, wanted, pointers)
        while repeat and 0 < ar.offset and ar.position < source.size:
            before = ar.position
            load(ar, wanted, pointers)  # from the second on, a tag may be the number of a class or an object
            if ar.position == before:
                break
    except Exception as failure:  # of the stream, or of the user's code
        error = failure.with_traceback(None)  # which would keep everything alive that was loaded
    tree = ar.finish(value, error)
    ar.Abort()
    nodes = [Node("unknown", 0, offset, "before the definition begins")] if offset else []
    nodes.append(tree)
    if tree.end < source.size:
        nodes.append(
            Node("unknown", tree.end, source.size - tree.end, "behind what the definition describes")
        )
    return Decoded(nodes, ar.found, error)


def load(ar: TracingArchive, wanted: Any, pointer: bool) -> Any:
    """One value of what the user named; an object with its tag, or without."""
    ar.m_pDocument = None  # a value before it was a document of its own
    if _is_object(wanted) and not pointer:
        if hasattr(wanted, "__mfc_load__"):
            return ar.read(wanted)
        made: Any = wanted.__new__(wanted)  # as an archive makes it
        if hasattr(made, "__mfc_init__"):
            made.__mfc_init__()
        return _serialize(ar, made)
    if hasattr(wanted, "__mfc_load__") or _is_object(wanted):
        return ar.read(wanted)
    if isinstance(wanted, type) and hasattr(wanted, "Serialize"):
        return _serialize(ar, wanted())
    if isinstance(wanted, type) or not callable(wanted):
        return ar.read(wanted)  # a box such as WORD, or TypeError that says what is wanted
    return wanted(ar)


def _serialize(ar: TracingArchive, made: Any) -> Any:
    ar.m_pDocument = made  # where a document's parts look for it
    made.Serialize(ar)
    return made


def _is_object(wanted: Any) -> bool:
    return isinstance(wanted, type) and issubclass(wanted, CObject)


def _tagged(source: Source, wanted: type[CObject], offset: int) -> bool:
    """Whether the class's record, or that of a class derived from it, stands there."""
    tag = tag_at(source, offset)
    if tag is None or not tag.is_record:
        return False
    found = type(RUNTIME_CLASS(wanted)).FromName(tag.name)
    return found is not None and found.IsDerivedFrom(wanted)
