"""Jw_cad drawings (.jww, versions 2 to 7), read and written.

    python examples/jwcad.py FILE [--json] [--write OUT]

Jw_cad is a CAD program from Japan, built with MFC.  Up to version 6 it was an ANSI build, so its strings are
in the Japanese code page; version 7 is a Unicode build.  A drawing is one archive: a large header of plain
fields, a list of figures, a list of block definitions, and (since version 7) images.
"""

import math
from collections import Counter
from pathlib import Path
from typing import Any

import records
from records import Owned, by_version, objects, one_of, transfer, version, version_in
from records import to_json as to_json

from pysock import (
    BYTE,
    DOUBLE,
    DWORD,
    WORD,
    CArchive,
    CString,
    CTime,
    Record,
    array_of,
    by_value,
    field,
    fixed,
    raw,
)

NEWEST = 700

P = fixed(DOUBLE, 2)  # a point: x and y in millimetres


# --- the header -----------------------------------------------------------------------------------------
# `since` is the first version of the program that writes a field; the archive's document tells the file's.


class Layer(Record):
    state: int = field(DWORD)
    protect: int = field(DWORD)


class Group(Record):
    state: int = field(DWORD)
    layer: int = field(DWORD)
    scale: float = field(DOUBLE)
    protect: int = field(DWORD)
    layers: list[Layer] = field(fixed(Layer, 16))


class Mark(Record, schema_of=version):  # a remembered view of the drawing
    scale: float = field(DOUBLE)
    origin: list[float] = field(P)
    group: int = field(DWORD, since=300)


class View(Record, schema_of=version):
    """Printer, grid, names of layers, shadows, what the screen shows."""

    printer_origin: list[float] = field(P)
    printer_scale: float = field(DOUBLE)
    printer_set: int = field(DWORD)
    grid_mode: int = field(DWORD)
    grid_minimum: float = field(DOUBLE)
    grid_spacing: list[float] = field(P)
    grid_origin: list[float] = field(P)
    layer_names: list[list[str]] = field(fixed(fixed(CString, 16), 16))
    group_names: list[str] = field(fixed(CString, 16))
    shadow_level: float = field(DOUBLE)
    latitude: float = field(DOUBLE)
    shadow_9_to_15h: int = field(DWORD)
    wall_shadow_level: float = field(DOUBLE)
    sky_level: float = field(DOUBLE, since=300)
    sky_radius: float = field(DOUBLE, since=300)
    unit_3d: int = field(DWORD)
    screen_scale: float = field(DOUBLE)
    screen_origin: list[float] = field(P)
    range_scale: float = field(DOUBLE)
    range_origin: list[float] = field(P)
    marks: list[Mark] = field(fixed(Mark, 4))
    more_marks: list[Mark] = field(fixed(Mark, 4), since=300)
    text_unused: list[float] = field(fixed(DOUBLE, 3), since=300)
    text_unused2: int = field(DWORD, since=300)
    text_unused3: list[float] = field(fixed(DOUBLE, 2), since=300)
    text_background_margin: float = field(DOUBLE, since=300)
    text_background_kind: int = field(DWORD, since=300)
    offsets: list[float] = field(fixed(DOUBLE, 10))
    offset_both_sides: float = field(DOUBLE)


class Pen(Record):
    color: int = field(DWORD)
    width: int = field(DWORD)


class PrinterPen(Pen):
    point_radius: float = field(DOUBLE)


class UserColor(Record):
    name: str = field(CString)
    pen: PrinterPen = field(PrinterPen)


class UserLine(Record):
    name: str = field(CString)
    segments: int = field(DWORD)
    pitches: list[float] = field(fixed(DOUBLE, 10))


class Pens(Record, schema_of=version):
    """Colours, line types and the order of drawing."""

    screen_pens: list[Pen] = field(fixed(Pen, 10))
    printer_pens: list[PrinterPen] = field(fixed(PrinterPen, 10))
    line_types: list[list[int]] = field(fixed(fixed(DWORD, 4), 8))
    random_lines: list[list[int]] = field(fixed(fixed(DWORD, 5), 5))
    double_lines: list[list[int]] = field(fixed(fixed(DWORD, 4), 4))
    draw_points: list[int] = field(fixed(DWORD, 2))  # on screen, on printer
    bitmaps_first: int = field(DWORD)
    reverse_draw: int = field(DWORD)
    reverse_search: int = field(DWORD)
    color_print: int = field(DWORD)
    layer_order: int = field(DWORD)
    color_order: int = field(DWORD)
    continuous_print: int = field(DWORD)
    common_gray: int = field(DWORD)
    print_display_only: int = field(DWORD)
    draw_time: int = field(DWORD, since=223)
    eye_init: int = field(DWORD, since=223)
    eye_heights: list[int] = field(fixed(DWORD, 3), since=223)
    eye_values: list[float] = field(fixed(DOUBLE, 5), since=223)
    last_dimensions: list[float] = field(fixed(DOUBLE, 4), since=225)
    solid_color: list[int] = field(fixed(DWORD, 2), since=230)
    user_screen_pens: list[Pen] = field(fixed(Pen, 257), since=420)
    user_colors: list[UserColor] = field(fixed(UserColor, 257), since=420)
    user_line_types: list[list[int]] = field(fixed(fixed(DWORD, 4), 33), since=420)
    user_lines: list[UserLine] = field(fixed(UserLine, 33), since=420)


class TextKind(Record):
    width: float = field(DOUBLE)
    height: float = field(DOUBLE)
    spacing: float = field(DOUBLE)
    color: int = field(DWORD)


class Texts(Record):
    """The ten kinds of text, and the settings for the next one."""

    kinds: list[TextKind] = field(fixed(TextKind, 10))
    next: TextKind = field(TextKind)
    kind: int = field(DWORD)
    line_gap: float = field(DOUBLE)
    line_count: float = field(DOUBLE)
    offset_on: int = field(DWORD)
    offsets_x: list[float] = field(fixed(DOUBLE, 3))
    offsets_y: list[float] = field(fixed(DOUBLE, 3))


# --- figures --------------------------------------------------------------------------------------------
# The class records of a drawing carry the program's data version, 600 or 700, as their schema.  A class that
# accepts any schema is `versionable`; what it then reads depends on the version of the drawing.


class CData(Owned, schema=NEWEST, versionable=True, schema_of=version):
    """What every figure begins with."""

    curve: int = field(DWORD)
    pen_style: int = field(BYTE)
    pen_color: int = field(WORD)
    pen_width: int = field(WORD, since=351)
    layer: int = field(WORD)
    group: int = field(WORD)
    flags: int = field(WORD)


class CDataSen(CData, schema=NEWEST, versionable=True):  # a line
    start: list[float] = field(P)
    end: list[float] = field(P)


class CDataEnko(CData, schema=NEWEST, versionable=True):  # an arc, of a circle or of an ellipse
    center: list[float] = field(P)
    radius: float = field(DOUBLE)
    start_angle: float = field(DOUBLE)
    arc_angle: float = field(DOUBLE)
    tilt: float = field(DOUBLE)
    flatness: float = field(DOUBLE)
    full_circle: int = field(DWORD)


class Arrow(Record):
    code: int = field(DWORD)
    angle: float = field(DOUBLE)
    scale: float = field(DOUBLE)


class CDataTen(CData, schema=NEWEST, versionable=True):
    """A point.  Some have an arrow or another mark instead of a dot.

    That hangs on a field before it, so it is no declared field: here `Serialize` is written by hand, and calls
    the declared part.
    """

    __slots__ = ("arrow",)

    point: list[float] = field(P)
    temporary: int = field(DWORD)

    def Serialize(self, ar: CArchive) -> None:
        super().Serialize(ar)
        if self.pen_style == 100:
            transfer(ar, self, "arrow", Arrow)


class CDataMoji(CData, schema=NEWEST, versionable=True):  # a text
    start: list[float] = field(P)
    end: list[float] = field(P)
    kind: int = field(DWORD)
    width: float = field(DOUBLE)
    height: float = field(DOUBLE)
    spacing: float = field(DOUBLE)
    angle: float = field(DOUBLE)
    font: str = field(CString)
    text: str = field(CString)


class CDataSunpou(CData, schema=NEWEST, versionable=True):
    """A dimension: a line and a text, and since 4.20 its extension lines and end points."""

    line: CDataSen = field(by_value(CDataSen))
    text: CDataMoji = field(by_value(CDataMoji))
    mode: int = field(WORD, since=420)
    extensions: list[CDataSen] = field(fixed(by_value(CDataSen), 2), since=420)
    points: list[CDataTen] = field(fixed(by_value(CDataTen), 4), since=420)


class CDataSolid(CData, schema=NEWEST, versionable=True):  # a filled area of three or four corners
    __slots__ = ("rgb",)

    corners: list[list[float]] = field(fixed(P, 4))  # start, end, second, third

    def Serialize(self, ar: CArchive) -> None:
        super().Serialize(ar)
        if self.pen_color == 10:
            transfer(ar, self, "rgb", DWORD)


class CDataBlock(CData, schema=NEWEST, versionable=True):  # an insertion of a block
    origin: list[float] = field(P)
    scale_x: float = field(DOUBLE)
    scale_y: float = field(DOUBLE)
    angle: float = field(DOUBLE)
    number: int = field(DWORD)


class CDataList(CData, schema=NEWEST, versionable=True):  # the definition of a block
    number: int = field(DWORD)
    referenced: int = field(DWORD)
    time: CTime = field(CTime)
    name: str = field(CString)
    figures: list[CData] = field(objects(CData))  # of any class that derives from CData


# --- the drawing ----------------------------------------------------------------------------------------


class Image(Record):
    name: str = field(CString)
    data: bytes = field(raw(DWORD))


class Drawing(Record):
    """A whole .jww file.  The names are ours; the publisher's description of the format has none."""

    magic: bytes = field(one_of(raw(8), [b"JwwData."], "'JwwData.', which begins a Jw_cad drawing"))
    version: int = field(version_in(DWORD, range(200, 800), "a version of 200 to 799"), default=NEWEST)
    memo: str = field(CString)
    paper: int = field(DWORD)
    group: int = field(DWORD)
    groups: list[Group] = field(fixed(Group, 16))
    unused: list[int] = field(fixed(DWORD, 14))
    dimension_settings: list[int] = field(fixed(DWORD, 5))
    unused2: int = field(DWORD)
    line_width: int = field(DWORD)
    view: View = field(View)
    pens: Pens = field(Pens)
    texts: Texts = field(Texts)
    figures: list[CData] = field(objects(CData))
    blocks: list[CDataList] = field(objects(CDataList))
    images: list[Image] = field(by_version({200: fixed(Image, 0), 700: array_of(Image, count=DWORD)}))


def settings(version: int) -> dict[str, Any]:
    """How the archive of a drawing is opened.

    `unicode` matters for storing only, as a stored string tells of which kind it is.  Jw_cad keeps the CTime
    of Visual C++ 6, which has four bytes: hence the profile.
    """
    return dict(unicode=version >= 700, encoding="cp932", errors="surrogateescape", profile="mfc6")


def load(path: str | Path) -> Drawing:
    return records.load_document(Drawing, path, **settings(NEWEST))


def dumps(drawing: Drawing) -> bytes:
    figures = (CDataSen, CDataEnko, CDataTen, CDataMoji, CDataSunpou, CDataSolid, CDataBlock, CDataList)
    schemas = dict.fromkeys(figures, drawing.version)  # what the class records say
    return records.dump_document(drawing, schemas=schemas, **settings(drawing.version))


def save(drawing: Drawing, path: str | Path) -> None:
    Path(path).write_bytes(dumps(drawing))


# --- a summary ------------------------------------------------------------------------------------------

PAPERS = dict(enumerate(["A0", "A1", "A2", "A3", "A4"])) | {8: "2A", 9: "3A", 10: "4A", 11: "5A"}
NAMES = dict(
    CDataSen="lines",
    CDataEnko="arcs",
    CDataTen="points",
    CDataMoji="texts",
    CDataSunpou="dimensions",
    CDataSolid="solids",
    CDataBlock="insertions",
)


def kinds(figures: list[CData]) -> str:
    counts = Counter(type(figure).__name__ for figure in figures)
    return ", ".join(f"{n} {NAMES.get(name, name)}" for name, n in counts.items()) or "nothing"


def layer_name(drawing: Drawing, group: int, layer: int) -> str:
    name = drawing.view.layer_names[group][layer] if group < 16 and layer < 16 else ""
    return f"{group:X}-{layer:X} {name}".rstrip()


def summary(drawing: Drawing) -> str:
    lines = [f"Jw_cad drawing, version {drawing.version / 100:.2f}"]
    lines.append(f"paper {PAPERS.get(drawing.paper, drawing.paper)}, scale 1:{drawing.groups[0].scale:g}")
    if drawing.memo:
        lines.append(f"memo: {drawing.memo}")
    lines.append(kinds(drawing.figures))
    layers: dict[tuple[int, int], list[CData]] = {}
    for figure in drawing.figures:
        layers.setdefault((figure.group, figure.layer), []).append(figure)
    lines += [f"  layer {layer_name(drawing, *at)}: {kinds(layers[at])}" for at in sorted(layers)]
    drawn = [figure for figure in drawing.figures if isinstance(figure, CDataSen)]
    if drawn:
        length = math.fsum(math.dist(line.start, line.end) for line in drawn)
        lines.append(f"length of all lines: {length:.1f} mm")
    lines += [f"text: {text.text}" for text in drawing.figures if isinstance(text, CDataMoji)]
    for block in drawing.blocks:
        name = block.name.partition("@@")[0]  # behind it are marks of the program's own
        saved = block.time.to_datetime()
        lines.append(f"block {block.number}: {name} of {saved:%Y-%m-%d %H:%M} UTC: {kinds(block.figures)}")
    lines += [f"image {image.name}: {len(image.data)} bytes" for image in drawing.images]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(records.main(load, dumps, to_json, summary))
