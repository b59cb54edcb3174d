"""`python -m pysock demo`: what the library does, shown on this machine in a few seconds, and checked.

A part of the demo is a function that gets the `Stage`; `PARTS` lists them in order.  Each prints what happens
and calls `stage.expect()` for everything it claims, so the demo ends well only if all of it really happened.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from typing import TextIO

import pysock

from . import declared, document, events, messages
from .stage import NotAsShown, Stage

PARTS: list[Callable[[Stage], None]] = [*document.PARTS, *declared.PARTS, *events.PARTS, *messages.PARTS]


def run(out: TextIO | None = None) -> int:
    """Play the demo; returns the exit status: 0 if everything it shows has really happened."""
    out = out or sys.stdout
    start = time.monotonic()
    stage = Stage(out, colour=out.isatty() and "NO_COLOR" not in os.environ)
    print(f"pysock {pysock.__version__} on {platform.system()}, notified by {stage.pump.mechanism}", file=out)
    try:
        for part in PARTS:
            stage.title(str(part.__doc__).rstrip("."))
            part(stage)
    except NotAsShown as failure:
        print(f"\nThe demo failed.  This did not happen: {failure}", file=out)
        return 1
    finally:
        stage.close()
    print(f"\nAll of this happened, and was checked, in {time.monotonic() - start:.1f} s.", file=out)
    print("`pysock chat serve` and, elsewhere, `pysock chat join`: the same for people.", file=out)
    return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command takes none."""
    parser.set_defaults(run=lambda arguments: run())
