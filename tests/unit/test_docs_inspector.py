"""The tour of the inspector: its commands and its Python run, in order, and print what the page says they print.

    python tests/unit/test_docs_inspector.py

writes what they print into the page.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from pysock.__main__ import main

PAGE = Path(__file__).resolve().parents[2] / "docs" / "whats-in-this-file.md"
BLOCK = re.compile(
    r"^```console\n\$ pysock (?P<command>.*?)\n(?P<said>.*?)^```\n"
    r"|^```python\n(?P<code>.*?)^```\n(?:\n```text\n(?P<printed>.*?)^```\n)?",
    re.M | re.S,
)


def ran(page: str) -> str:
    """The page with what its blocks really print."""
    names: dict[str, object] = {"__name__": "docs_inspector"}

    def run(block: re.Match[str]) -> str:
        group = "said" if block["command"] else "printed"
        with contextlib.redirect_stdout(io.StringIO()) as out:
            if block["command"]:
                main(shlex.split(block["command"]))
            else:
                exec(block["code"], names)
        if block[group] is None:
            assert out.getvalue() == "", "the page does not show what this prints"
            return block[0]
        start, end = block.start(group) - block.start(), block.end(group) - block.start()
        text = "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())
        return block[0][:start] + text + block[0][end:]

    return BLOCK.sub(run, page)


def test_the_tour_prints_what_it_says(tmp_path: Path) -> None:
    """In a process of its own, as other pages have classes of the same names."""
    page = PAGE.read_text(encoding="utf-8")
    assert len(BLOCK.findall(page)) == 7
    done = subprocess.run(
        [sys.executable, __file__, "-"],
        cwd=tmp_path,
        input=page,
        capture_output=True,
        encoding="utf-8",
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == page


def test_the_pictures_are_there() -> None:
    for name in re.findall(r"\]\((img/.*?)\)", PAGE.read_text(encoding="utf-8")):
        assert (PAGE.parent / name).read_bytes().startswith(b"\x89PNG")


if __name__ == "__main__":
    if sys.argv[1:] == ["-"]:
        sys.stdin.reconfigure(encoding="utf-8")
        sys.stdout.reconfigure(encoding="utf-8")
        sys.stdout.write(ran(sys.stdin.read()))
    else:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            PAGE.write_text(ran(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
