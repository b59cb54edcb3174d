"""What goes over the wire: `CMsg`, and a `Wire` that turns messages into bytes and bytes into messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pysock import ArchiveEndOfFile, ArchiveLimitError, CArchive, CMemFile, CObject, CStringList


class CMsg(CObject, dynamic=False):
    """One message.  A client says something in `m_strText`; the server tells all that was said since its last
    message in `m_msgList`.  `m_bClose` goes with the last message of either: the sender is about to close.

    Both ends call `Serialize` themselves, without WriteObject, so neither tag nor class name is sent.
    """

    def __init__(self, text: str = "", *, lines: Iterable[str] = (), close: bool = False) -> None:
        self.m_bClose = close
        self.m_strText = text
        self.m_msgList = CStringList(lines)

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar.WriteWORD(self.m_bClose)
            ar.WriteCString(self.m_strText)
        else:
            self.m_bClose = ar.ReadWORD() != 0
            self.m_strText = ar.ReadCString()
            self.m_msgList = CStringList()  # loading appends, and by_value(CMsg) makes one without __init__
        self.m_msgList.Serialize(ar)

    def __repr__(self) -> str:
        return f"CMsg({self.m_strText!r}, lines={list(self.m_msgList)!r}, close={self.m_bClose})"


@dataclass(frozen=True)
class Wire:
    """How messages are written, and what is accepted of a peer.

    The text of a Unicode build is written, or that of an ANSI build with the code page `ansi`; read are both.
    """

    ansi: str | None = None
    max_text: int = 64 * 1024  # characters of one string
    max_lines: int = 16 * 1024  # strings of one list
    max_message: int = 1 << 20  # bytes of all

    def dump(self, message: CMsg) -> bytes:
        """The bytes of a message."""
        file = CMemFile()
        with CArchive(
            file, CArchive.store, unicode=self.ansi is None, encoding=self.ansi or "cp1252", errors="replace"
        ) as archive:
            message.Serialize(archive)
        return file.getvalue()

    def load(self, data: bytearray) -> list[CMsg]:
        """Take the messages that are complete out of `data`; the beginning of the next one stays.

        CArchiveException if it cannot be a message, however it goes on; an ArchiveLimitError if it is or says
        that it will be too large.
        """
        messages: list[CMsg] = []
        # The half message is loaded anew with each piece of it.  That is bounded by `max_message`, and most come
        # whole.  A PushArchive would spare it, but by a thread for each long message that stops in the middle:
        # a stranger could have as many as he has connections.
        taken = 0
        with CArchive(
            bytes(data),
            CArchive.load,
            encoding=self.ansi or "cp1252",
            errors="replace",
            max_string=self.max_text,
            max_count=self.max_lines,
        ) as archive:
            while taken < len(data):
                message = CMsg()
                try:
                    message.Serialize(archive)
                except ArchiveEndOfFile:
                    break
                messages.append(message)
                taken = archive.offset
        del data[:taken]
        if len(data) > self.max_message:
            raise ArchiveLimitError(
                "max_message", self.max_message, f"{len(data)} bytes of a message without its end"
            )
        return messages
