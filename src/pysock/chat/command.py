"""`python -m pysock chat serve` and `chat join`."""

from __future__ import annotations

import argparse
import getpass
import logging
import signal
import socket
import sys
from dataclasses import replace
from typing import TextIO

from pysock import Pump, SocketException

from .connection import explain
from .discussion import Discussion
from .message import CMsg, Wire
from .server import WIRE, Server, log
from .terminal import Terminal
from .text import check_name

PORT = 8707


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `serve` and `join`."""
    parser.description = "A chat over the wire of Microsoft's samples CHATSRVR and CHATTER."
    commands = parser.add_subparsers(required=True, metavar="serve|join")

    serve = commands.add_parser("serve", help="serve a chat", description="Serve a chat until Ctrl-C.")
    serve.add_argument(
        "--host", default="127.0.0.1", help="address to serve; 0.0.0.0 is all (default %(default)s)"
    )
    serve.add_argument(
        "--port",
        type=port,
        default=PORT,
        help="0: a free one (default %(default)s)",
    )
    serve.add_argument(
        "--history",
        type=_count,
        default=100,
        metavar="N",
        help="lines told to who joins (default %(default)s)",
    )
    serve.add_argument(
        "--backlog",
        type=_count,
        default=5000,
        metavar="N",
        help="lines that may wait for a slow client; then it is cut off (default %(default)s)",
    )
    serve.add_argument(
        "--members", type=_count, default=500, metavar="N", help="at most (default %(default)s)"
    )
    serve.add_argument("-v", "--verbose", action="store_true", help="also print what is said")
    serve.set_defaults(run=_serve)

    join = commands.add_parser(
        "join",
        help="join a chat",
        description="Join a chat.  Each line typed is said; /quit, the end of the input or Ctrl-C leaves.",
        epilog="Exit status: 0 if you left, 1 if the server ended it, was lost, or was not there.",
    )
    join.add_argument("--name", type=name, help="who you are (default %(default)s)", default=_user())
    join.add_argument("--host", default="127.0.0.1", help="where the server is (default %(default)s)")
    join.add_argument("--port", type=port, default=PORT, help="(default %(default)s)")
    join.set_defaults(run=_join)

    for command in (serve, join):
        command.add_argument(
            "--ansi",
            type=_code_page,
            metavar="CODEPAGE",
            help="write text as an ANSI build does, and read such text, in this code page (else Unicode, cp1252)",
        )


def _serve(arguments: argparse.Namespace) -> int:
    server = Server(
        wire=replace(WIRE, ansi=arguments.ansi),
        discussion=Discussion(max_lines=arguments.backlog),
        history=arguments.history,
        max_members=arguments.members,
    )
    try:
        address = server.listen(arguments.port, _address(arguments.host))
    except (socket.gaierror, UnicodeError):
        return _failed(f"there is no host {arguments.host!r}")
    except SocketException as error:
        return _failed(f"cannot serve {arguments.host}:{arguments.port}: {explain(error.winerror)}")
    log_file = _log_to_stdout(logging.DEBUG if arguments.verbose else logging.INFO)
    print("serving a chat at {}:{}; Ctrl-C ends it".format(*address), flush=True)
    pump = Pump.current()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        try:
            pump.run()
        except KeyboardInterrupt:
            pass
        server.stop()
        pump.run_until(lambda: not server.members, server.grace + 1)
    finally:
        server.close_all()
        signal.signal(signal.SIGTERM, before)
    if log_file.failure is not None:
        raise log_file.failure
    return 0


def _address(host: str) -> str:
    """The system takes a name that is empty, of a variable that was not set perhaps, for all interfaces."""
    if not host:
        raise socket.gaierror
    return socket.gethostbyname(host)


def _join(arguments: argparse.Namespace) -> int:
    client = Terminal(arguments.name, sys.stdin, sys.stdout, wire=Wire(ansi=arguments.ansi))
    pump = Pump.current()
    try:
        try:
            client.join(arguments.host, arguments.port)
            pump.run_until(lambda: client.gone)
        except KeyboardInterrupt:
            client.leave()
            pump.run_until(lambda: client.gone, client.grace + 1)
    finally:
        client.end("left")
    if client.failure is not None:
        raise client.failure
    if client.reason == "left":
        return 0
    if not client.joined:
        return _failed(f"cannot join {arguments.host}:{arguments.port}: {client.reason}")
    return _failed(f"the chat is over: {client.reason}")


def _failed(why: str) -> int:
    print(f"pysock chat: {why}", file=sys.stderr)
    return 1


class _Log(logging.StreamHandler[TextIO]):
    """Ends the server, in good order, when nobody takes the log any more or its disk is full."""

    failure: OSError | None = None

    def handleError(self, record: logging.LogRecord) -> None:
        if isinstance(error := sys.exc_info()[1], OSError):
            if self.failure is None:
                self.failure = error
                Pump.current().stop()
        else:
            super().handleError(record)


def _log_to_stdout(level: int) -> _Log:
    handler = _Log(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    log.handlers[:] = [handler]
    log.setLevel(level)
    log.propagate = False
    return handler


def _user() -> str | None:
    """The user's name, if it can be one here."""
    try:
        return check_name(getpass.getuser())
    except (OSError, KeyError, ImportError, ValueError):
        return None


def name(text: str) -> str:
    """A name of the command line, for argparse."""
    try:
        return check_name(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def port(text: str) -> int:
    """A port of the command line, for argparse."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port is a number up to 65535, not {text!r}")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number from 1 on, not {text!r}")
    return int(text)


def _code_page(text: str) -> str:
    try:
        Wire(ansi=text).dump(CMsg("a"))
    except (LookupError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text
