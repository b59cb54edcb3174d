"""The numbers programs written for MFC use: Windows' own for events, messages and errors on every system, the
platform's for options (PY-31)."""

import socket
from typing import Final

from pysock._core.sockets import (
    FIONBIO,
    FIONREAD,
    INVALID_SOCKET,
    SIOCATMARK,
    SO_DONTLINGER,
    SOCKET_ERROR,
)

FD_READ: Final = 0x01
FD_WRITE: Final = 0x02
FD_OOB: Final = 0x04
FD_ACCEPT: Final = 0x08
FD_CONNECT: Final = 0x10
FD_CLOSE: Final = 0x20
FD_ALL: Final = 0x3F  # the default mask of Create, Socket and Attach

MSG_OOB: Final = 1
MSG_PEEK: Final = 2
MSG_DONTROUTE: Final = 4

receives: Final = 0  # ShutDown's directions
sends: Final = 1
both: Final = 2

SOCK_STREAM: Final = int(socket.SOCK_STREAM)
SOCK_DGRAM: Final = int(socket.SOCK_DGRAM)
AF_INET: Final = int(socket.AF_INET)
AF_INET6: Final = int(socket.AF_INET6)
AF_UNIX: Final = int(getattr(socket, "AF_UNIX", -1))  # -1 where there is none
PF_INET: Final = AF_INET
PF_INET6: Final = AF_INET6
SOL_SOCKET: Final = socket.SOL_SOCKET
IPPROTO_TCP: Final = int(socket.IPPROTO_TCP)
TCP_NODELAY: Final = socket.TCP_NODELAY
SO_ACCEPTCONN: Final = socket.SO_ACCEPTCONN
SO_BROADCAST: Final = socket.SO_BROADCAST
SO_DEBUG: Final = socket.SO_DEBUG
SO_DONTROUTE: Final = socket.SO_DONTROUTE
SO_ERROR: Final = socket.SO_ERROR
SO_KEEPALIVE: Final = socket.SO_KEEPALIVE
SO_LINGER: Final = socket.SO_LINGER
SO_OOBINLINE: Final = socket.SO_OOBINLINE
SO_RCVBUF: Final = socket.SO_RCVBUF
SO_REUSEADDR: Final = socket.SO_REUSEADDR
SO_SNDBUF: Final = socket.SO_SNDBUF
SO_TYPE: Final = socket.SO_TYPE

WSA_NOT_ENOUGH_MEMORY: Final = 8
WSAEINTR: Final = 10004
WSAEBADF: Final = 10009
WSAEACCES: Final = 10013
WSAEFAULT: Final = 10014
WSAEINVAL: Final = 10022
WSAEMFILE: Final = 10024
WSAEWOULDBLOCK: Final = 10035
WSAEINPROGRESS: Final = 10036
WSAEALREADY: Final = 10037
WSAENOTSOCK: Final = 10038
WSAEDESTADDRREQ: Final = 10039
WSAEMSGSIZE: Final = 10040
WSAEPROTOTYPE: Final = 10041
WSAENOPROTOOPT: Final = 10042
WSAEPROTONOSUPPORT: Final = 10043
WSAESOCKTNOSUPPORT: Final = 10044
WSAEOPNOTSUPP: Final = 10045
WSAEPFNOSUPPORT: Final = 10046
WSAEAFNOSUPPORT: Final = 10047
WSAEADDRINUSE: Final = 10048
WSAEADDRNOTAVAIL: Final = 10049
WSAENETDOWN: Final = 10050
WSAENETUNREACH: Final = 10051
WSAENETRESET: Final = 10052
WSAECONNABORTED: Final = 10053
WSAECONNRESET: Final = 10054
WSAENOBUFS: Final = 10055
WSAEISCONN: Final = 10056
WSAENOTCONN: Final = 10057
WSAESHUTDOWN: Final = 10058
WSAETOOMANYREFS: Final = 10059
WSAETIMEDOUT: Final = 10060
WSAECONNREFUSED: Final = 10061
WSAELOOP: Final = 10062
WSAENAMETOOLONG: Final = 10063
WSAEHOSTDOWN: Final = 10064
WSAEHOSTUNREACH: Final = 10065
WSAEPROCLIM: Final = 10067
WSAEUSERS: Final = 10068
WSAEDQUOT: Final = 10069
WSASYSNOTREADY: Final = 10091
WSAVERNOTSUPPORTED: Final = 10092
WSANOTINITIALISED: Final = 10093
WSAEDISCON: Final = 10101
WSATYPE_NOT_FOUND: Final = 10109
WSAHOST_NOT_FOUND: Final = 11001
WSATRY_AGAIN: Final = 11002
WSANO_RECOVERY: Final = 11003
WSANO_DATA: Final = 11004

__all__ = sorted(name for name in globals() if name.isupper() or name in ("both", "receives", "sends"))
