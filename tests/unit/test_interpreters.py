"""A second interpreter of the process: refused with a clear error, not a crash (docs/threads.md)."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import pysock  # the first interpreter has it
try:
    import _interpreters as interpreters  # 3.13 and later
    run = interpreters.exec
except ImportError:
    import _xxsubinterpreters as interpreters
    run = interpreters.run_string
second = interpreters.create()
told = run(second, '''
try:
    import pysock
except ImportError as error:
    print("refused:", error, flush=True)
''')
interpreters.destroy(second)
assert told is None, told  # no exception left the other interpreter
pysock.CMemFile()  # and here all is well
"""


def test_a_second_interpreter_is_refused() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("refused: ") and "interpreter" in done.stdout
