"""What Windows lacks and where Wine is not Windows: each such test says so itself, and why.

    @pytest.mark.windows_lacks("fork")                           # skipped on every Windows
    @pytest.mark.wine_differs("SIOCATMARK is always 1")          # must fail under Wine, and run on Windows
    @pytest.mark.wine_differs("...", run=False)                  # the same, where failing would take too long

`python -m pytest --windows-marks` lists them all with their reasons, on any system.
"""

from __future__ import annotations

import ctypes
import sys

import pytest

WINDOWS = sys.platform == "win32"
if sys.platform == "win32":
    WINE = hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")
else:
    WINE = False


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--windows-marks", action="store_true", help="list what Windows and Wine leave out, and end"
    )


def _marks(item: pytest.Item) -> list[str]:
    found = [f"Windows lacks {mark.args[0]}" for mark in item.iter_markers("windows_lacks")]
    return found + [f"Wine differs: {mark.args[0]}" for mark in item.iter_markers("wine_differs")]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--windows-marks"):
        items[:] = [item for item in items if _marks(item)]
        return
    for item in items if WINDOWS else ():
        for mark in item.iter_markers("windows_lacks"):
            item.add_marker(pytest.mark.skip(reason=f"Windows lacks {mark.args[0]}"))
        for mark in item.iter_markers("wine_differs") if WINE else ():
            run = mark.kwargs.get("run", True)
            item.add_marker(pytest.mark.xfail(reason=f"Wine differs: {mark.args[0]}", run=run, strict=True))


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    if not session.config.getoption("--windows-marks"):
        return None
    for item in session.items:
        print(f"{item.nodeid}: {'; '.join(_marks(item))}")
    return True
