# cython: language_level=3
# cython: binding=False, embedsignature=True, embedsignature.format=clinic
"""Addresses and the resolver: Python's address tuples, classic dotted numbers, host names (spec 6.2, 6.3)."""
import os
import socket
import threading

cimport cython
from libc.stdint cimport uint32_t
from libc.string cimport memcpy

from pysock._core.native cimport (
    AF_INET,
    AF_INET6,
    PS_ADDR_TEXT,
    PS_AF_UNIX,
    PS_WSA_NOT_ENOUGH_MEMORY,
    PS_WSAEAFNOSUPPORT,
    PS_WSAEFAULT,
    PS_WSAEINVAL,
    PS_WSAESOCKTNOSUPPORT,
    PS_WSAHOST_NOT_FOUND,
    PS_WSANO_DATA,
    PS_WSANO_RECOVERY,
    PS_WSATRY_AGAIN,
    PS_WSATYPE_NOT_FOUND,
    ps_addr,
    ps_addr_dotted,
    ps_addr_family,
    ps_addr_port,
    ps_addr_scope,
    ps_addr_set4,
    ps_addr_set6,
    ps_addr_set_unix,
    ps_addr_text,
    ps_error_from_errno,
)
from pysock._core.public cimport ps_public

# Resolver's failures in Winsock numbers (ER-8).
_GAI = {
    getattr(socket, name): code
    for name, code in (
        ("EAI_AGAIN", PS_WSATRY_AGAIN),
        ("EAI_BADFLAGS", PS_WSAEINVAL),
        ("EAI_FAIL", PS_WSANO_RECOVERY),
        ("EAI_FAMILY", PS_WSAEAFNOSUPPORT),
        ("EAI_MEMORY", PS_WSA_NOT_ENOUGH_MEMORY),
        ("EAI_NODATA", PS_WSANO_DATA),
        ("EAI_NONAME", PS_WSAHOST_NOT_FOUND),
        ("EAI_SERVICE", PS_WSATYPE_NOT_FOUND),
        ("EAI_SOCKTYPE", PS_WSAESOCKTNOSUPPORT),
        ("EAI_ADDRFAMILY", PS_WSAEAFNOSUPPORT),
        ("EAI_OVERFLOW", PS_WSAEFAULT),
    )
    if hasattr(socket, name)
}


cdef int port_number(object port, str argument="nSocketPort") except -1:
    """A port in 0..65535 (DV-16)."""
    cdef long n
    try:
        n = port
    except OverflowError:
        n = -1
    except TypeError:
        raise TypeError(f"{argument} must be an int, not {type(port).__name__}") from None
    if not 0 <= n <= 65535:
        raise ValueError(f"{argument} must be between 0 and 65535, not {port!r}")
    return n


cdef int inet_address(object host, int port, ps_addr *out) except -1:
    """1 and the address if `host` is a dotted number (NM-1), else 0."""
    cdef uint32_t number
    cdef bytes text
    if not isinstance(host, str):
        raise TypeError(f"the host address must be a str or None, not {type(host).__name__}")
    text = (<str>host).encode("utf-8", "surrogatepass")
    if not ps_addr_dotted(text, len(text), &number):
        return 0
    ps_addr_set4(out, number, port)
    return 1


cdef int resolve(object host, int port, int family, int kind, ps_addr *out) except -1:
    """Asks the system's resolver, without the GIL; the first answer.  0 or a Winsock number > 0."""
    if not host:
        return PS_WSAEINVAL                             # NM-6
    if "\0" in host:                                    # the resolver would look up what stands before it
        return PS_WSAHOST_NOT_FOUND
    try:
        found = socket.getaddrinfo(host, port, family, kind)
    except socket.gaierror as e:
        if e.errno == getattr(socket, "EAI_SYSTEM", None):
            return PS_WSANO_RECOVERY
        return _GAI.get(e.errno, PS_WSAHOST_NOT_FOUND)
    except UnicodeError:                                # no such name can exist: labels too long, lone surrogates
        return PS_WSAHOST_NOT_FOUND
    except OSError as e:
        return ps_error_from_errno(e.errno or 0)
    if not found:
        return PS_WSAHOST_NOT_FOUND
    any_address(found[0][4], found[0][0], out, "host")
    return 0


def resolve_name(host, port, family=AF_INET, kind=0):
    """The first address of a host name, as SockAddr, or the Winsock number of the failure (ER-8)."""
    cdef ps_addr a
    cdef int error = resolve(host, port_number(port), family, kind, &a)
    return error if error else SockAddr.of(&a)


cdef int resolve_in_thread(object host, int port, object answered) except -1:
    """Looks the name up in a thread of its own, which then calls `answered` with what resolve_name gives.
    Raises RuntimeError if there is no room for a thread."""
    threading.Thread(target=_look_up, args=(host, port, answered), name=f"pysock resolver of {host}",
                     daemon=True).start()
    return 0


def _look_up(host, port, answered):
    try:
        answer = resolve_name(host, port)
    except Exception:                                   # whatever it was, Connect must end
        answer = PS_WSAEINVAL
    answered(answer)


cdef int any_address(object address, int family, ps_addr *out, str argument) except -1:
    """A SOCKADDR argument: SockAddr, or Python's address for the family: (host, port), (host, port, flow,
    scope), path.

    Hosts here are numbers; names go through the forms that resolve.
    """
    if isinstance(address, SockAddr):
        out[0] = (<SockAddr>address)._a
        return 0
    if family == PS_AF_UNIX:
        _unix_address(address, out, argument)
        return 0
    if family != AF_INET and family != AF_INET6:
        raise ValueError(f"{argument}: no addresses are known for family {family}; pass a SockAddr")
    if not isinstance(address, tuple):
        raise TypeError(f"{argument} must be an address tuple or SockAddr, not {type(address).__name__}")
    if len(address) < 2 or len(address) > (2 if family == AF_INET else 4):
        raise ValueError(f"{argument}: {address!r} is not an address of this family")
    port = port_number(address[1], argument)
    if family == AF_INET:
        if not inet_address(address[0] or "0.0.0.0", port, out):
            raise ValueError(f"{argument}: {address[0]!r} is not a dotted number")
        return 0
    host, flow, scope = address[0] or "::", 0, 0
    if len(address) > 2:
        flow = address[2]
    if len(address) > 3:
        scope = address[3]
    if not isinstance(host, str):
        raise TypeError(f"{argument}: the host must be a str, not {type(host).__name__}")
    host, _, zone = (<str>host).partition("%")
    if zone and not scope:
        scope = int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)
    text = (<str>host).encode("utf-8", "surrogatepass")
    if b"\0" in text or not ps_addr_set6(out, text, port, flow, scope):
        raise ValueError(f"{argument}: {address[0]!r} is not an IPv6 number")
    return 0


cdef int _unix_address(object path, ps_addr *out, str argument) except -1:
    cdef bytes raw
    if isinstance(path, tuple):                         # what GetSockName gives
        path = path[0]
    if not isinstance(path, (str, bytes, os.PathLike)):
        raise TypeError(f"{argument} must be a path or SockAddr, not {type(path).__name__}")
    raw = os.fsencode(path)
    if not raw:
        raise ValueError(f"{argument}: the path is empty")
    if not ps_addr_set_unix(out, raw, len(raw)):
        raise ValueError(f"{argument}: the path is longer than a UNIX-domain address")
    return 0


cdef object _text(const ps_addr *a):
    cdef char text[PS_ADDR_TEXT]
    cdef int n = ps_addr_text(a, text)
    if ps_addr_family(a) != PS_AF_UNIX:
        return text[:n].decode("ascii")
    if n and not text[0]:                               # abstract: bytes, as in the socket module
        return text[:n]
    return os.fsdecode(text[:n])


cdef tuple host_and_port(const ps_addr *a):
    return _text(a), ps_addr_port(a)


@cython.final
cdef class SockAddr:
    """A socket address of any family, as the system has it.

    ``SockAddr(family, address)``, where `address` is what the socket module uses for the family.
    """

    def __init__(self, int family, address):
        any_address(address, family, &self._a, "address")

    @staticmethod
    cdef SockAddr of(const ps_addr *a):
        cdef SockAddr self = SockAddr.__new__(SockAddr)
        self._a = a[0]
        return self

    @staticmethod
    def from_bytes(bytes raw not None):
        """From a C SOCKADDR as bytes."""
        cdef SockAddr self = SockAddr.__new__(SockAddr)
        if not 2 <= len(raw) <= <Py_ssize_t>sizeof(self._a.ss):
            raise ValueError(f"a SOCKADDR has 2 to {sizeof(self._a.ss)} bytes, not {len(raw)}")
        memcpy(&self._a.ss, <char *>raw, len(raw))
        self._a.len = <int>len(raw)
        return self

    def __reduce__(self):
        return _sock_addr, (bytes(self),)

    def __bytes__(self):
        return (<char *>&self._a.ss)[:self._a.len]

    @property
    def family(self):
        """AF_INET, AF_INET6, AF_UNIX ..."""
        return ps_addr_family(&self._a)

    @property
    def host(self):
        """The address as numeric text, or the path."""
        return _text(&self._a)

    @property
    def port(self):
        """The port; 0 for families without."""
        return ps_addr_port(&self._a)

    @property
    def address(self):
        """As the socket module has it: (host, port), (host, port, flow, scope) or a path."""
        cdef uint32_t flow, scope
        if ps_addr_family(&self._a) == AF_INET:
            return self.host, self.port
        if ps_addr_family(&self._a) == AF_INET6:
            ps_addr_scope(&self._a, &flow, &scope)
            return self.host, self.port, flow, scope
        return self.host

    def __eq__(self, other):
        if not isinstance(other, SockAddr):
            return NotImplemented
        return bytes(self) == bytes(other)

    def __hash__(self):
        return hash(bytes(self))

    def __repr__(self):
        return f"SockAddr({self.family}, {self.address!r})"


def _sock_addr(bytes raw not None):
    """For pickle, which finds functions of modules only."""
    return SockAddr.from_bytes(raw)


ps_public(SockAddr)
