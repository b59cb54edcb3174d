"""The native layer as MSVC would take it, as far as that can be told without MSVC: clang with its rules, and a look for
GNU's extensions.  MSVC itself sees the code in the release workflow."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from needs import lacks, needs_command

NATIVE = Path(__file__).resolve().parents[2] / "src" / "_core" / "native"
HEADERS = Path("/usr/share/mingw-w64/include")
# Compiled on Windows; the others never meet MSVC.
BUILD = re.findall(r"if\(WIN32\)(.*?)else", (NATIVE / "sources.cmake").read_text(), re.S)[0]
SOURCES = re.findall(r"\w+\.c\b", BUILD)
GUARDED = ("ps_build.h", "ps_bytes.h", "ps_thread.h")  # ask for the compiler before they use what it has
GNU = {
    "attribute": r"__attribute__",
    "builtin": r"__builtin_",
    "statement expression": r"\(\{",
    "typeof": r"\btypeof\b|__typeof__",
    "case range": r"\bcase\s+\w+\s*\.\.\.",
    "designated range": r"\[\s*\w+\s*\.\.\.",
}
# By MSVC's rules these headers of mingw do not parse, nor do clang's intrinsics beside mingw's declarations of them.
STDLIB = """#include <stddef.h>
void *malloc(size_t), *calloc(size_t, size_t), *realloc(void *, size_t), free(void *);
char *getenv(const char *);
"""
PROCESS = """#include <stdint.h>
uintptr_t _beginthreadex(void *, unsigned, unsigned(__stdcall *)(void *), void *, unsigned, unsigned *);
"""
INTRINSICS = (
    "MMINTRIN_H",
    "XMMINTRIN_H",
    "EMMINTRIN_H",
    "X86INTRIN_H",
    "IMMINTRIN_H",
    "INTRIN_H",
    "INTRIN_H_",
)


def code(path: Path) -> str:
    """Without comments and strings."""
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"', " ", path.read_text(encoding="utf-8"), flags=re.S)


def windows_files() -> list[Path]:
    return sorted([*(NATIVE / name for name in SOURCES), *NATIVE.glob("*.h")])


def test_the_list_of_sources_is_the_builds() -> None:
    assert {"plat_winsock.c", "poll_windows.c", "poll_wsapoll.c", "ps_events.c"} <= set(SOURCES)


@pytest.mark.parametrize("path", windows_files(), ids=lambda path: path.name)
def test_no_extensions_of_gnu(path: Path) -> None:
    if path.name in GUARDED:
        assert re.search(r"#\s*if.*(_MSC_VER|__has_builtin|__BYTE_ORDER__)", path.read_text(encoding="utf-8"))
        return
    found = [what for what, pattern in GNU.items() if re.search(pattern, code(path))]
    assert not found


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("target", ["x86_64-pc-windows-msvc", "x86_64-w64-windows-gnu"])
def test_clang_takes_it(name: str, target: str, tmp_path: Path) -> None:
    """C11 without extensions or variable-length arrays, by MSVC's rules and by mingw's."""
    clang = needs_command("clang")
    if not HEADERS.exists():
        lacks("mingw-w64's headers (Debian: apt install mingw-w64-common)")
    command = [clang, f"--target={target}", "-std=c11", "-fms-extensions", "-fsyntax-only", "-D_UCRT"]
    if target.endswith("msvc"):
        (tmp_path / "stdlib.h").write_text(STDLIB)
        (tmp_path / "process.h").write_text(PROCESS)
        command += ["-fms-compatibility", "-isystem", str(tmp_path), *(f"-D__{name}" for name in INTRINSICS)]
    command += ["-isystem", str(HEADERS), "-Wall", "-Wextra", "-Wpedantic", "-Wgnu", "-Wvla", "-Werror"]
    done = subprocess.run([*command, str(NATIVE / name)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
