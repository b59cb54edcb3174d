"""`python -m pysock`: what pysock can do from the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pysock import __version__, demo


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m pysock", description="MFC's sockets and archives for Python."
    )
    parser.add_argument("--version", action="version", version=f"pysock {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo.add_parser(commands)
    arguments = parser.parse_args(argv)
    status: int = arguments.run(arguments)
    return status


if __name__ == "__main__":
    sys.exit(main())
