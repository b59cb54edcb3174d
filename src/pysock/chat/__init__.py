"""Chat as Microsoft's CHATSRVR and CHATTER samples speak it: a server, clients, and what is on the wire.

Programs derive from `Server` or `Client`; `python -m pysock chat` uses them as they are.  docs/chat.md tells
more.
"""

from .client import Client
from .connection import Connection
from .discussion import Discussion
from .message import CMsg, Wire
from .server import Member, Server

__all__ = ["CMsg", "Client", "Connection", "Discussion", "Member", "Server", "Wire"]
