"""A server in the Windows Python (tests/winlab), or a Windows program, with a Wine of its own."""

from pathlib import Path

from ._build import built
from ._server import Server
from ._socket_plan import Contender

ROOT = Path(__file__).parents[1]
WINPYTHON = ROOT / "tests" / "winlab" / "winpython"
# stdout is handed over explicitly: unlike a console, a pipe is not a child's by itself
RUN = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:], stdout=sys.stdout))"


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
    what = (
        ["-c", RUN, str(built(name))]
        if name.endswith(".c")
        else [str(Path(__file__).parent / "servers" / name)]
    )
    return WineServer(contender.name, ["env", *setting, str(WINPYTHON), *what, *options, "--mode", mode], cpu)
