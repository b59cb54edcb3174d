"""The oracle: Microsoft's own MFC DLL, driven under Wine.

`Oracle.run([(name, program), ...])` gives for each program what the real DLL did: its values, its exceptions,
the calls it made on its file, and the bytes it stored.  See README.md in this folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from .script import Program, script_of

HERE = Path(__file__).parent
WINDOWS = sys.platform == "win32"
CC = "x86_64-w64-mingw32-gcc"
WHEELS = ("pywin32==304", "msvc-runtime==14.44.35112")  # MFC 14.16.27033; the C++ runtime
DLLS = ("mfc140u.dll", "mfc140.dll")
FAIL_AFTER = 300.0  # seconds without a result before a case counts as hung


class OracleMissing(Exception):
    """A tool is missing: what, and how to get it."""


@dataclass
class Observation:
    """What one program did: result lines as the driver prints them, and the bytes stored (None: a loading
    one)."""

    lines: list[str] = field(default_factory=list)
    data: bytes | None = None
    done: bool = False  # False: the process died or hung in this case


def cache_dir() -> Path:
    """Where the DLLs, the driver and the Wine prefix live: $PYSOCK_ORACLE_DIR, else
    ~/.cache/pysock-oracle."""
    return Path(os.environ.get("PYSOCK_ORACLE_DIR") or Path.home() / ".cache" / "pysock-oracle")


def wine() -> str:
    """Path of wine64, which Debian keeps outside of PATH; $WINE names another, or none."""
    chosen = os.environ.get("WINE")
    for candidate in (
        [chosen] if chosen else [shutil.which("wine64"), "/usr/lib/wine/wine64", shutil.which("wine")]
    ):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise OracleMissing("wine64 is not installed (Debian: apt install wine64)")


def _fetch_dlls(run: Path, wheels: Path) -> None:
    if all((run / d).exists() for d in DLLS):
        return
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    pip += [
        "--platform=win_amd64",
        "--python-version=311",
        "--implementation=cp",
        "--abi=cp311",
        "-d",
        str(wheels),
    ]
    got = subprocess.run([*pip, *WHEELS], capture_output=True, text=True)
    if got.returncode:
        raise OracleMissing(f"pip could not fetch {' and '.join(WHEELS)}: {got.stderr.strip()[-500:]}")
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as z:
            for entry in z.namelist():
                base = os.path.basename(entry).lower()
                if base in DLLS or (base.startswith(("vcruntime140", "msvcp140")) and base.endswith(".dll")):
                    _replace(run / base, z.read(entry))


def _replace(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}")  # another process may be building too
    part.write_bytes(data)
    part.replace(path)


def build(run: Path, exe: str, source: Path, *flags: str) -> None:
    """Cross-compiles `source` to `run / exe`, unless that was made from this very text."""
    sources = sorted(
        p for folder in {HERE, source.parent} for p in folder.iterdir() if p.suffix in (".c", ".h")
    )
    command = [CC, "-O1", "-Wall", "-Wextra", "-Werror", *flags, str(source)]
    command += ["-loleaut32", "-lole32", "-lws2_32", "-luser32", "-Wl,--stack,67108864"]
    digest = hashlib.sha256(repr(command).encode() + b"".join(p.read_bytes() for p in sources)).hexdigest()
    stamp = run / f"{exe}.sha256"
    if stamp.exists() and stamp.read_text() == digest:
        return
    if WINDOWS:  # tests/winlab: a Linux run has made it, by another path to the same sources
        if (run / exe).exists():
            return
        raise OracleMissing(f"{exe} is not in {run}: run tests/interop on Linux first")
    if not shutil.which(CC):
        raise OracleMissing(f"{CC} is not installed (Debian: apt install gcc-mingw-w64-x86-64)")
    part = run / f"{exe}.{os.getpid()}"
    subprocess.run([*command, "-o", str(part)], check=True)
    part.replace(run / exe)
    stamp.write_text(digest)


def wine_environment(root: Path, program: str) -> dict[str, str]:
    """The environment of a program under Wine, in a prefix of our own, which is made when it is not there.

    CAsyncSocket lives on window messages.  With the null driver Wine makes windows without a display.
    """
    prefix = root / "wine"
    env = dict(os.environ, WINEARCH="win64", WINEPREFIX=str(prefix))
    env.setdefault("WINEDEBUG", "-all")
    if not prefix.exists():
        part = root / f"wine.{os.getpid()}"
        run_in = {**env, "WINEPREFIX": str(part)}
        null_driver = ["reg", "add", r"HKCU\Software\Wine\Drivers", "/v", "Graphics", "/d", "null", "/f"]
        started = time.monotonic()
        silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([program, *null_driver], env=run_in, check=True, timeout=300, **silent)
        for option in (
            "-k",
            "-w",
        ):  # the desktop that is running knows no driver yet: end it, and wait for that
            subprocess.run([_wineserver(program), option], env=run_in, timeout=60, **silent)
        print(f"oracle: Wine prefix made in {time.monotonic() - started:.0f} s", file=sys.stderr)
        try:
            part.rename(prefix)
        except OSError:  # another process was faster
            shutil.rmtree(part, ignore_errors=True)
    return env


def _wineserver(program: str) -> str:
    for name in ("wineserver64", "wineserver"):
        if path := shutil.which(name, path=str(Path(program).resolve().parent)) or shutil.which(name):
            return path
    raise OracleMissing("wineserver is not installed (Debian: apt install wine64)")


def _parse(out: str, results: dict[str, Observation]) -> str | None:
    """Fills results; returns the name of the case that was begun and not ended."""
    name, seen = None, Observation()
    for line in out.splitlines():
        word, _, rest = line.partition(" ")
        if word == "case":
            name, seen = rest, Observation()
            results[name] = seen
        elif word == "data":
            seen.data = b"" if rest == "-" else bytes.fromhex(rest)
        elif word == "end":
            seen.done, name = True, None
        else:
            seen.lines.append(line.rstrip())
    return name


class Oracle:
    """One build of the DLL: `unicode` (mfc140u.dll) or not (mfc140.dll)."""

    def __init__(self, *, unicode: bool = True) -> None:
        self.unicode = unicode
        self.root = cache_dir()
        self.run_dir = self.root / "run"
        self.run_dir.mkdir(parents=True, exist_ok=True)
        (self.root / "wheels").mkdir(exist_ok=True)
        self.launcher = [] if WINDOWS else [wine()]
        _fetch_dlls(self.run_dir, self.root / "wheels")
        self.exe = "mfcoracle.exe" if unicode else "mfcansi.exe"
        build(self.run_dir, self.exe, HERE / "mfcoracle.c", *([] if unicode else ["-DLAB_ANSI"]))
        self.env = dict(os.environ) if WINDOWS else wine_environment(self.root, *self.launcher)

    def command(self, exe: str, *arguments: str) -> list[str]:
        """What starts a program of `run_dir`; under the Windows Python it shares that one's Wine."""
        return [*self.launcher, str(self.run_dir / exe) if WINDOWS else exe, *arguments]

    def _batch(self, script: str, timeout: float) -> tuple[str, str]:
        """Output and the reason why it is not complete ('' if it is)."""
        process = subprocess.Popen(
            self.command(self.exe),
            cwd=self.run_dir,
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="ascii",
            errors="replace",
        )
        try:
            out, err = process.communicate(script, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
            return out, "no answer"
        return out, err.strip()[-500:] if process.returncode else ""

    def run(
        self, cases: Iterable[tuple[str, Program]], *, timeout: float = FAIL_AFTER
    ) -> dict[str, Observation]:
        """Runs the programs, hundreds to a process; names must differ.

        A program on which the process dies or hangs is reported with `done=False`, and the rest is run in
        a new one.
        """
        todo: Sequence[tuple[str, Program]] = list(cases)
        results: dict[str, Observation] = {}
        while todo:
            lines = [
                line for name, program in todo for line in script_of(name, program, ansi=not self.unicode)
            ]
            out, failure = self._batch("\n".join(lines) + "\n", timeout)
            died_in = _parse(out, results)
            if not failure and died_in is None:
                break
            if died_in is None:  # between two cases: nothing a program could have done
                raise RuntimeError(f"{self.exe} failed: {failure}")
            results[died_in].lines.append(f"died {failure}".rstrip())
            todo = todo[[name for name, _ in todo].index(died_in) + 1 :]
        missing = [name for name, _ in todo if name not in results]
        if missing:
            raise RuntimeError(f"{self.exe} gave no result for {len(missing)} cases, first {missing[0]}")
        return results


@cache
def oracle(*, unicode: bool = True) -> Oracle:
    """The oracle of this process; raises OracleMissing where it cannot be had."""
    return Oracle(unicode=unicode)
