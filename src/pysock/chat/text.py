"""Names and lines of strangers: what may be one, and what may go to a terminal."""

from __future__ import annotations

from unicodedata import category

MAX_NAME = 40  # characters


def check_name(name: str) -> str:
    """The name without blanks around it; ValueError says why it cannot be one."""
    name = name.strip()
    if not name:
        raise ValueError("a name must not be empty")
    if len(name) > MAX_NAME:
        raise ValueError(f"a name has at most {MAX_NAME} characters, not {len(name)}")
    if ":" in name or harmless(name) != name:
        raise ValueError(f"a name has no colon and no control characters, unlike {name!r}")
    return name


def name_in(text: str) -> str:
    """The name that a text begins with, as in `ann: hello`."""
    return harmless(text.partition(":")[0][:MAX_NAME])


def harmless(text: str) -> str:
    """The text with a sign in place of each control character: none can move a terminal's cursor, or begin a
    line that seems to be somebody else's."""
    return "".join("\ufffd" if category(c) in ("Cc", "Cs") else c for c in text)


def shown(line: str) -> str:
    """A line of the discussion, which may consist of several, as a terminal or a window shows it."""
    return "\n    ".join(harmless(part) for part in line.replace("\t", " ").splitlines())
