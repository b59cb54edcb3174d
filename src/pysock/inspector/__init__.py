"""The inspector: what is in a file that nobody has documented.

`pysock inspect FILE` on the command line; here what it is made of. `Walk` goes through a stream without
definitions, `decode` reads one by a definition; both give nodes (`Node`) that cover every byte.
"""

from .errors import InspectError
from .node import KINDS, Node
from .schema import Decoded, decode
from .source import Source, from_bytes, open_source
from .walk import Count, Found, Walk

__all__ = [
    "KINDS",
    "Count",
    "Decoded",
    "Found",
    "InspectError",
    "Node",
    "Source",
    "Walk",
    "decode",
    "from_bytes",
    "open_source",
]
