"""The architecture, held by tests: imports go down only, and what is exported exists and is documented."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "src" / "_core"

# A room may import rooms of its own stack with a lower rank. `native` and `fast` declare C for one stack each.
EVENTS = {"native": 0, "errors": 1, "arguments": 1, "names": 2, "events": 2, "pump": 3, "options": 4}
BYTES = {"errors": 0, "fast": 1, "collect": 1, "classes": 2, "text": 2, "memfile": 2, "stream": 2, "wire": 2}
EVENTS["public"] = BYTES["public"] = 0  # the third door, for both
EVENTS |= {"sockets": 5, "blocking": 6}
BYTES |= {"buffer": 3, "archive": 4, "bulk": 5, "transact": 6, "graph": 7}
BYTES |= {"items": 8, "carchive": 8, "plan": 9, "push": 9}
# The one compiled room above both: a socket of the events stack becomes a file (`stream`) of the bytes stack.
BOTH = {**EVENTS, **BYTES, "link": 7}
DOORS = ("native.pxd", "fast.pxd", "public.pxd")  # each stack has one door to its C
IMPORT = re.compile(r"^\s*(?:from\s+(\S+)\s+)?c?import\s+(\S.*)$", re.M)


def imported_rooms(text: str) -> set[str]:
    """The rooms of pysock._core that a source file names in its import lines."""
    found = set()
    for source, names in IMPORT.findall(text):
        for path in [source] if source else re.split(r"\s*,\s*", names):
            if path in (".", "pysock._core"):
                found.update(re.findall(r"\w+", names.split(" as ")[0]))
            elif match := re.match(r"(?:\.|pysock\._core\.)(\w+)", path):
                found.add(match[1])
            elif path.startswith("pysock"):
                found.add(path)
    return found


@pytest.mark.parametrize("path", sorted(CORE.glob("*.p[yx]*")), ids=lambda p: p.name)
def test_imports_go_down_only(path: Path) -> None:
    room = path.stem
    if room == "__init__" or path.suffix not in (".pyx", ".pxd"):
        pytest.skip("not a compiled room")
    stack = EVENTS if room in EVENTS else BYTES if room in BYTES else BOTH
    assert room in stack, f"{path.name}: give the new room a rank in this test"
    for target in imported_rooms(path.read_text(encoding="utf-8")) - {room}:
        assert target in stack, f"{path.name} imports {target}, which is not in its stack"
        assert stack[target] < stack[room], f"{path.name} imports {target}, which is above it"


@pytest.mark.parametrize("path", sorted((CORE / "native").glob("*.[ch]")), ids=lambda p: p.name)
def test_native_code_knows_no_python(path: Path) -> None:
    assert "Python.h" not in re.findall(r'#\s*include\s*[<"](.+?)[>"]', path.read_text(encoding="utf-8"))


def test_only_the_doors_declare_our_c() -> None:
    for path in CORE.glob("*.p[yx]*"):
        ours = re.findall(
            r'cdef extern from "((?:ps_|pyfast|pypublic)\w*\.h)"', path.read_text(encoding="utf-8")
        )
        assert path.name in DOORS or not ours, path.name


def test_no_exported_class_says_that_it_lives_in_the_compiled_half() -> None:
    import pysock

    for name in pysock.__all__:
        value = getattr(pysock, name)
        if isinstance(value, type):
            assert "_core" not in value.__module__, f"{value!r} should be pysock.{name}"
            assert getattr(importlib.import_module(value.__module__), value.__name__) is value


def test_everything_exported_exists_and_is_documented() -> None:
    import pysock

    for name in pysock.__all__:
        value = getattr(pysock, name)
        if isinstance(value, type) or callable(value):
            assert value.__doc__, f"pysock.{name} has no docstring"


@pytest.mark.parametrize(
    "name",
    ["CArchive", "CAsyncSocket", "CMemFile", "CSocket", "CSocketFile", "CString", "PushArchive", "WORD"],
)
def test_help_shows_how_a_compiled_class_is_called(name: str) -> None:
    """From the first lines of its docstring; that they are true is for stubtest to say."""
    import pysock

    assert inspect.signature(getattr(pysock, name)).parameters
