"""The client's half of a chat, without a face: a terminal or a window derives from it."""

from __future__ import annotations

from pysock import WSAEINVAL, WSAEWOULDBLOCK

from .connection import Connection, explain
from .message import CMsg, Wire
from .text import check_name


class Client(Connection):
    """Joins a chat under a name.  Derived classes override `OnLine`, `OnJoined` and `OnGone`."""

    AsyncResolve = True  # a slow name server must not stop a window

    def __init__(self, name: str, *, wire: Wire | None = None) -> None:
        super().__init__(wire or Wire())
        self.name = check_name(name)
        self.joined = False
        self._leaving = False

    def OnLine(self, line: str) -> None:
        """Somebody has said something; it begins with a name."""

    def OnJoined(self) -> None:
        """The connection stands, and the others are told."""

    def join(self, host: str, port: int) -> None:
        """Connect; `OnJoined` or `OnGone` follows."""
        self.Create()
        if not self.Connect(host, port) and (error := self.GetLastError()) != WSAEWOULDBLOCK:
            self.OnConnect(error)

    def say(self, text: str) -> bool:
        """Tell all.  False if too much is unsent already: try again after `OnDrained`."""
        return self.send(CMsg(f"{self.name}: {text}"))

    def leave(self) -> None:
        """Tell all that we leave, after what is unsent; `OnGone` follows."""
        if not self.connected:
            self.end("left")
        elif self.unsent:
            self._leaving = True
        else:
            self.finish("left", CMsg(f"{self.name}: has left", close=True))

    def OnConnect(self, nErrorCode: int) -> None:
        if nErrorCode:
            self.end("no such host" if nErrorCode == WSAEINVAL else explain(nErrorCode))
        else:
            self.joined = True
            self.opened()
            self.say("has joined")
            self.OnJoined()

    def OnMessage(self, message: CMsg) -> None:
        for line in message.m_msgList:
            self.OnLine(line)
        if message.m_bClose:
            self.finish("the server closed the discussion")

    def OnDrained(self) -> None:
        if self._leaving:
            self._leaving = False
            self.leave()
