"""Texts as the DLL holds them: UTF-16 units, and Windows's own code page 1252."""


def windows1252(data: bytes) -> str:
    """The five holes of Python's cp1252 are C1 controls in Windows's."""
    return "".join(
        chr(b) if b in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes([b]).decode("cp1252") for b in data
    )


_TO_1252 = {windows1252(bytes([b])): b for b in range(256)}


def to_1252(text: str) -> bytes:
    """As MFC converts: what is not in the code page becomes `?`, two for a surrogate pair."""
    return bytes(
        b for c in text for b in ([_TO_1252[c]] if c in _TO_1252 else b"?" * (1 + (ord(c) > 0xFFFF)))
    )


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")
