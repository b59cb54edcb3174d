"""MFC's sockets and archives for Python: the same bytes, the same notifications."""

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
from pysock.afxsock import WSADATA, AfxSocketInit, AfxSocketTerm
from pysock.constants import *  # noqa: F403

__version__ = _version("pysock-mfc")

__all__ = [
    "WSADATA",
    "AfxSocketInit",
    "AfxSocketTerm",
    "CAsyncSocket",
    "Pump",
    "SockAddr",
    "SocketException",
    "SocketUsageError",
    "WrongThreadError",
    "errno_of",
    "quit",
    "run",
    "strict",
    "winsock_error",
    "winsock_name",
    "winsock_text",
]
__all__ += constants.__all__
