"""AfxSocketInit and AfxSocketTerm: kept so that ported programs run; sockets start by themselves here
(DV-24)."""

from dataclasses import dataclass


@dataclass
class WSADATA:
    """What `AfxSocketInit` tells about the sockets below; versions as Winsock has them, low byte first."""

    wVersion: int = 0
    wHighVersion: int = 0
    szDescription: str = ""
    szSystemStatus: str = ""
    iMaxSockets: int = 0
    iMaxUdpDg: int = 0


_initialised = False


def AfxSocketInit(lpwsaData: WSADATA | None = None) -> bool:
    """Starts sockets for the process (AS-1).  Always True, as nothing needs starting; a repeated call does
    nothing and does not fill `lpwsaData` again."""
    global _initialised
    if lpwsaData is not None and not _initialised:
        lpwsaData.wVersion = 0x0101
        lpwsaData.wHighVersion = 0x0202
        lpwsaData.szDescription = "pysock"
        lpwsaData.szSystemStatus = "Running"
        lpwsaData.iMaxSockets = 32767
        lpwsaData.iMaxUdpDg = 65467
    _initialised = True
    return True


def AfxSocketTerm() -> None:
    """Undoes AfxSocketInit (AS-2)."""
    global _initialised
    _initialised = False
