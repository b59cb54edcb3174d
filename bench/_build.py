"""Builds the C and C++ parts once, into the user's cache folder, named by what they were built from."""

import atexit
import functools
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

NATIVE = Path(__file__).parent / "native"
FLAGS = ("-O2", "-Wall", "-Wextra", "-Wno-unused-result", "-Wno-sign-compare")
COMPILERS = {  # by how the source's name ends: variable, default, libraries and suffix of the program
    "winsock_echo.c": ("WINCC", "x86_64-w64-mingw32-gcc", ("-lws2_32",), ".exe"),
    ".c": ("CC", "cc", (), ""),
    ".cpp": ("CXX", "c++", (), ""),
}


@functools.cache
def cache_folder() -> Path:
    """$PYSOCK_BENCH_CACHE, else the user's cache folder, else a fresh temporary one.

    Never a guessable name in a folder that others may write to: what lies there is executed.
    """
    if named := os.environ.get("PYSOCK_BENCH_CACHE"):
        folder = Path(named)
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pysock-bench"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
    except OSError:
        pass
    temporary = tempfile.mkdtemp(prefix="pysock-bench-")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return Path(temporary)


@functools.cache
def built(name: str) -> Path:
    """The program made from native/NAME, which is compiled when this very text was not yet."""
    source = NATIVE / name
    variable, default, libraries, suffix = next(how for end, how in COMPILERS.items() if name.endswith(end))
    compiler = shlex.split(os.environ.get(variable, default))
    recipe = repr((compiler, FLAGS, libraries)).encode() + source.read_bytes()
    program = cache_folder() / f"{source.stem}-{hashlib.sha256(recipe).hexdigest()[:16]}{suffix}"
    if program.exists():
        return program
    partial = program.with_name(f"{os.getpid()}-{program.name}")
    try:
        subprocess.run([*compiler, *FLAGS, "-o", str(partial), str(source), *libraries], check=True)
    except FileNotFoundError:
        raise SystemExit(
            f"bench: no {compiler[0]} to build {name} with; install a compiler or set {variable}"
        ) from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"bench: {name} did not compile (see above, exit code {error.returncode})") from None
    partial.replace(program)  # whole or not at all, also when two runs build at once
    return program
