"""Tools a test may lack: it is skipped with a reason; with PYSOCK_REQUIRE=all (CI) it fails instead."""

from __future__ import annotations

import importlib
import os
import shutil
from types import ModuleType
from typing import NoReturn

import pytest


def lacks(what: str) -> NoReturn:
    """Skip the running test (or module, or fixture), or fail it where everything must be there."""
    if os.environ.get("PYSOCK_REQUIRE") == "all":
        pytest.fail(f"{what} is missing, and PYSOCK_REQUIRE=all", pytrace=False)
    pytest.skip(f"{what} is missing", allow_module_level=True)


def needs(module: str) -> ModuleType:
    """The imported module, as `uvloop = needs("uvloop")`."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        lacks(f"Python module {module} ({error})")


def needs_command(name: str) -> str:
    """The path of a program."""
    return shutil.which(name) or lacks(f"program {name}")
