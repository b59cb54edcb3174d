"""MFC sockets and archives for Python."""

from importlib.metadata import version as _version

from pysock import constants
from pysock._core.errors import (
    SocketException,
    SocketUsageError,
    WrongThreadError,
    errno_of,
    winsock_error,
    winsock_name,
    winsock_text,
)
from pysock._core.names import SockAddr
from pysock._core.pump import Pump, quit, run
from pysock._core.sockets import CAsyncSocket, strict
from pysock.constants import *

__version__ = _version("pysock-mfc")

__all__ = [
    "CAsyncSocket",
    "Pump",
    "SockAddr",
    "SocketException",
    "SocketUsageError",
    "WrongThreadError",
    "constants",
    "errno_of",
    "quit",
    "run",
    "strict",
    "winsock_error",
    "winsock_name",
    "winsock_text",
]
__all__ += constants.__all__
