"""Draws the pictures of wire-format.md: `python docs/img/draw.py` writes the .svg files beside it.

A picture is rows of byte cells; neighbouring bytes that belong together share a colour and a caption.
"""

from html import escape
from pathlib import Path

CELL, HEIGHT = 30, 28
INK, SOFT, PAPER = "#1f2328", "#57606a", "#ffffff"
COLORS = {
    "tag": "#ffd8a8",
    "class": "#ffec99",
    "length": "#a5d8ff",
    "mark": "#d0bfff",
    "data": "#e9ecef",
    "ref": "#b2f2bb",
    "bad": "#ffc9c9",
}


class Picture:
    def __init__(self, width: int, height: int, title: str) -> None:
        self.width, self.height = width, height
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img" font-family="Helvetica, Arial, sans-serif">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width}" height="{height}" rx="8" fill="{PAPER}"/>',
        ]

    def text(
        self, x: float, y: float, text: str, size: int = 12, anchor: str = "start", color: str = INK
    ) -> None:
        self.parts.append(
            f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{color}">'
            f"{escape(text)}</text>"
        )

    def box(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{COLORS[kind]}" stroke="{SOFT}"/>'
        )

    def hex(self, x: float, y: float, text: str) -> None:
        self.parts.append(
            f'<text x="{x}" y="{y}" font-size="13" text-anchor="middle" fill="{INK}" '
            f'font-family="Menlo, Consolas, DejaVu Sans Mono, monospace">{escape(text)}</text>'
        )

    def bytes(self, x: float, y: float, *groups: tuple[str, str, str]) -> list[float]:
        """A row of (hex bytes, colour, caption); gives the middle of each group."""
        middles = []
        for cells, kind, caption in groups:
            start = x
            for cell in cells.split():
                width = CELL * 1.6 if len(cell) > 2 else CELL
                self.box(x, y, width, HEIGHT, kind)
                self.hex(x + width / 2, y + 19, cell)
                x += width
            middles.append((start + x) / 2)
            for line, words in enumerate(caption.split("\n")):
                self.text(middles[-1], y + HEIGHT + 15 + 13 * line, words, 11, "middle", SOFT)
        return middles

    def arrow(self, path: str) -> None:
        self.parts.append(f'<path d="{path}" fill="none" stroke="{SOFT}" stroke-width="1.3"/>')

    def head(self, x: float, y: float, dx: int) -> None:
        """The tip of an arrow that points left (dx = -1) or right (dx = 1)."""
        self.parts.append(f'<path d="M{x} {y} l{-7 * dx} -4 v8 z" fill="{SOFT}"/>')

    def save(self, name: str) -> None:
        text = "\n".join([*self.parts, "</svg>", ""])
        (Path(__file__).parent / name).write_text(text, encoding="utf-8", newline="\n")


def tags() -> None:
    """Two nodes that point at each other, and the numbers they get."""
    p = Picture(780, 332, "Two objects that point at each other, byte by byte")
    p.text(20, 28, "ar << a, where a points at b and b points back at a", 14)
    first = p.bytes(
        20,
        62,
        ("FF FF", "tag", "new\nclass"),
        ("01 00", "class", "schema"),
        ("05 00", "length", "length\nof name"),
        ("43 4E 6F 64 65", "class", "CNode"),
        ("01 00 00 00", "data", "a.value (LONG)"),
    )
    second = p.bytes(
        50,
        160,
        ("01 80", "tag", "class 1,\nnew object"),
        ("02 00 00 00", "data", "b.value (LONG)"),
        ("02 00", "ref", "object 2,\nmet before"),
    )
    # Where each number is given: behind the bytes that caused it.
    for x, y, text in [(first[3] + 2.5 * CELL, 62, "1 = CNode, 2 = a"), (second[0] + CELL, 160, "3 = b")]:
        p.arrow(f"M{x} {y - 14} v14")
        p.text(x, y - 18, text, 11, "middle")
    p.text(50, 240, "The second row is a's pointer to b: b's whole body lies inside a's.", 12, color=SOFT)
    x, y, row = 580, 62, 26
    p.text(x, y - 18, "the archive's map", 14)
    for i, (number, what) in enumerate(
        [("0", "null"), ("1", "class CNode"), ("2", "object a"), ("3", "object b")]
    ):
        p.box(x, y + row * i, 34, row, "mark")
        p.box(x + 34, y + row * i, 130, row, "data")
        p.hex(x + 17, y + row * i + 18, number)
        p.text(x + 44, y + row * i + 18, what, 12)
    start, end = second[2] + CELL + 4, x - 4
    p.arrow(f"M{start} 174 C {start + 90} 174, {end - 90} {y + row * 2.5}, {end} {y + row * 2.5}")
    p.head(end, y + row * 2.5, 1)
    rules = [
        "One counter numbers classes and objects, from 1, in the order in which they are met.",
        "A class has its number once its record is read; an object before its body is read.",
        "So an object can point back at one that is still loading.",
    ]
    for i, rule in enumerate(rules):
        p.text(20, 270 + 20 * i, rule, 13)
    p.save("tags.svg")


def words() -> None:
    """What the first WORD of a pointer says."""
    p = Picture(780, 168, "The first WORD of a pointer and what it says")
    p.text(20, 28, "the first WORD where a pointer is stored", 14)
    columns = [
        (90, "0000", "data", "null"),
        (150, "0001 - 7FFE", "ref", "an object met before:\nthis is its number"),
        (120, "7FFF", "mark", "big number:\nsee below"),
        (80, "8000", "bad", "never"),
        (150, "8001 - FFFE", "tag", "a new object follows;\nclass = low 15 bits"),
        (150, "FFFF", "class", "a class record, then\na new object of it"),
    ]
    x = 20
    for width, numbers, kind, caption in columns:
        p.box(x, 44, width, HEIGHT, kind)
        p.hex(x + width / 2, 63, numbers)
        for line, text in enumerate(caption.split("\n")):
            p.text(x + width / 2, 90 + 14 * line, text, 11, "middle", SOFT)
        x += width
    p.text(
        20,
        130,
        "7FFF is followed by a DWORD: the number itself for an object, 80000000 + number for a class.",
        13,
    )
    p.text(20, 151, "Writers use it from number 7FFF on, that is, after 32766 classes and objects.", 13)
    p.save("words.svg")


def strings() -> None:
    """The forms of a counted string."""
    p = Picture(600, 452, "The forms of a string")
    rows = [
        (
            "CStringA, or CString of an ANSI build: “Hi”",
            [("02", "length", "BYTE"), ("48 69", "data", "code page")],
        ),
        (
            "CStringW, or CString of a Unicode build: “Hi”",
            [
                ("FF FE FF", "mark", "UTF-16"),
                ("02", "length", "BYTE"),
                ("48 00 69 00", "data", "UTF-16LE"),
            ],
        ),
        (
            "255 to 65533 units: FF, then a WORD",
            [("FF FF 00", "length", "255"), ("78 78 78 ...", "data", "255 bytes")],
        ),
        (
            "65534 units or more: FF, FFFF, then a DWORD",
            [("FF FF FF FE FF 00 00", "length", "65534"), ("78 78 78 ...", "data", "65534 bytes")],
        ),
        (
            "2³² - 1 units or more (64-bit programs): FF, FFFF, FFFFFFFF, then a QWORD",
            [
                ("FF FF FF FF FF FF FF FF FF FF FF 00 00 00 00", "length", "4294967295"),
                ("78 ...", "data", ""),
            ],
        ),
    ]
    for i, (title, groups) in enumerate(rows):
        y = 18 + 78 * i
        p.text(20, y + 10, title, 13)
        p.bytes(20, y + 18, *groups)
    p.text(20, 424, "The marker goes in front of every length form; the length then counts 16-bit units.", 13)
    p.text(20, 442, "Nothing ends a string: no NUL, no padding.", 13)
    p.save("strings.svg")


def counts() -> None:
    """The forms of a count."""
    p = Picture(780, 112, "The forms of a count")
    x = 20
    for title, cells, caption in [
        ("up to 65534", "03 00", "WORD"),
        ("from 65535 on", "FF FF FF FF 00 00", "FFFF, DWORD"),
        ("from 2³² - 1 on (64-bit)", "FF FF FF FF FF FF FF ... 00", "FFFF, FFFFFFFF, QWORD"),
    ]:
        p.text(x, 28, title, 13)
        p.bytes(x, 40, (cells, "length", caption))
        x += 30 * len(cells.split()) + 60
    p.save("counts.svg")


for draw in (tags, words, strings, counts):
    draw()
