"""What docs/threads.md says of free-threaded Python, on such a Python."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig

import pytest

PROGRAM = """
import sys, warnings
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    import pysock
assert sys._is_gil_enabled()
assert any("pysock._core" in str(w.message) for w in told if w.category is RuntimeWarning), told
"""


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="needs a free-threaded Python")
def test_importing_turns_the_gil_on_again_and_says_so() -> None:
    env = {name: value for name, value in os.environ.items() if name != "PYTHON_GIL"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, env=env
    )
    assert done.returncode == 0, done.stderr
