"""The Python in the pages of the documentation runs, as it stands there."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from needs import needs
from xserver import display

DOCS = Path(__file__).resolve().parents[2] / "docs"

# Page -> modules it imports that may be missing.
PAGES = {
    "first-server.md": [],
    "sequence.md": [],
    "chat.md": [],
    "porting-from-mfc.md": [],
    "windows.md": [],
    "embedding.md": ["PySide6.QtCore", "tkinter"],
}

RUN = """
import pathlib, re, sys
path = sys.argv[1]
text = pathlib.Path(path).read_text(encoding="utf-8")
names = {"__name__": "__main__"}
for block in re.finditer(r"^```python\\n(.*?)^```", text, re.M | re.S):
    lines = text.count("\\n", 0, block.start(1))  # so that a traceback names the line of the page
    exec(compile("\\n" * lines + block[1], path, "exec"), names)
    print(f"ran line {lines + 1}", flush=True)
"""


@pytest.mark.sockets
@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=[pytest.mark.adapters] if needed else []) for page, needed in PAGES.items()],
)
def test_examples_run(page: str) -> None:
    modules = PAGES[page]
    for module in modules:
        needs(module)
    with display() if "tkinter" in modules else contextlib.nullcontext():
        done = subprocess.run(
            [sys.executable, "-W", "error", "-W", "ignore::ResourceWarning", "-c", RUN, str(DOCS / page)],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    blocks = len(re.findall(r"^```python$", (DOCS / page).read_text(encoding="utf-8"), re.M))
    assert len(re.findall(r"^ran line ", done.stdout, re.M)) == blocks > 0


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages(page: str) -> None:
    for target in re.findall(r"\]\(([\w/-]+\.md)", (DOCS / page).read_text(encoding="utf-8")):
        assert (DOCS / target).exists(), f"{page} links to {target}"
