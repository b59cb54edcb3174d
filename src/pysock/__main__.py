"""`pysock`, or `python -m pysock`: what pysock can do from the command line."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from pysock import __version__

# Each names a module, imported when the command is used.  Its `add_arguments(parser)` declares the command's
# arguments and sets `run`, which takes the parsed ones and returns the exit status.
COMMANDS = {
    "demo": ("pysock.demo", "see what the library does, on this machine and in a few seconds"),
    "chat": ("pysock.chat.command", "serve a chat or join one, over the wire of Microsoft's chat samples"),
    "inspect": ("pysock.inspector.command", "see what is in a file that nobody has documented"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 failed, 2 wrong arguments, 130 after Ctrl-C."""
    words = sys.argv[1:] if argv is None else list(argv)
    as_module = os.path.basename(sys.argv[0]) == "__main__.py"
    parser = argparse.ArgumentParser(
        prog="python -m pysock" if as_module else "pysock",
        description="MFC's sockets and archives for Python: the same bytes, the same notifications.",
    )
    parser.add_argument("--version", action="version", version=f"pysock {__version__}")
    commands = parser.add_subparsers(
        required=True,
        dest="command",
        metavar="COMMAND",
        title="commands",
        description="COMMAND --help tells more about it.",
    )
    for name, (module, purpose) in COMMANDS.items():
        command = commands.add_parser(name, help=purpose, description=purpose[0].upper() + purpose[1:] + ".")
        if name in words:
            import_module(module).add_arguments(command)
    arguments = parser.parse_args(words)
    return _guarded(arguments)


def _guarded(arguments: argparse.Namespace) -> int:
    """Run it, with the manners of a command: quiet about Ctrl-C, and about a reader that has enough; one line
    about a disk that is full."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # text from elsewhere, on whatever terminal
            stream.reconfigure(errors="backslashreplace")
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `pysock ... | head`
        _drop_stdout()
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        print(f"pysock {arguments.command}: {where}{error.strerror or error}", file=sys.stderr)
        try:
            sys.stdout.flush()
        except OSError:
            _drop_stdout()
        return 2
    return status


def _open_streams() -> None:
    """A stream that was closed (`pysock ... >&-`, or a program without a console) is None, and its number would go to
    the next socket."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))


def _drop_stdout() -> None:
    """What could not be written must not be tried again at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
