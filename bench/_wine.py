"""Servers in the Windows Python (tests/winlab), or in a Windows program: each with a Wine of its own."""

import json
import platform
import subprocess
from pathlib import Path

from ._build import built
from ._server import ROOT, Server, script
from ._socket_plan import Contender

WINPYTHON = str(ROOT / "tests" / "winlab" / "winpython")
# stdout is handed over by name: unlike a console, a pipe is not a child's by itself
RUN = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:], stdout=sys.stdout))"
TELL = """
import ctypes, importlib.metadata, json, platform
wine = ctypes.WinDLL("ntdll").wine_get_version
wine.restype = ctypes.c_char_p
print(json.dumps([wine().decode(), platform.python_version(), importlib.metadata.version("pysock-mfc")]))
"""


class WineServer(Server):
    """Its costs are those of all processes of its Wine: Python's own and the wineserver's count."""

    def pids(self) -> list[int]:
        mark = f"/run/{self.process.pid}-".encode()  # in the name of its own Wine prefix
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if mark in _prefix(path)]


def _prefix(process: Path) -> bytes:
    try:
        environment = (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return b""
    return next((entry for entry in environment if entry.startswith(b"WINEPREFIX=")), b"")


def under_wine(contender: Contender, mode: str, cpu: int | None) -> Server:
    words = contender.command.split()
    setting = [word for word in words if "=" in word]
    name, *options = words[len(setting) :]
    what = ["-c", RUN, str(built(name))] if name.endswith(".c") else script(name, "servers")
    return WineServer(contender.name, ["env", *setting, WINPYTHON, *what, *options, "--mode", mode], cpu)


def header() -> dict:
    """What of a report's header is otherwise under Wine; the end of the run where there is no pysock in it."""
    told = subprocess.run([WINPYTHON, "-c", TELL], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if told.returncode:
        raise SystemExit(f"bench.windows: {told.stderr.strip()[-400:]}\nsee tests/winlab/README.md")
    wine, python, ours = json.loads(told.stdout)
    return {
        "system": f"Wine {wine} on {platform.system()} {platform.release()}",
        "python": f"{python} for Windows",
        "packages": {"pysock-mfc": ours},
    }
