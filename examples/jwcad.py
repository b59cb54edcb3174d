"""Jw_cad drawings (.jww, versions 6 and 7), read and written.

    python examples/jwcad.py FILE [--json] [--write OUT]

Jw_cad is a CAD program from Japan, built with MFC.  Up to version 6 it was an ANSI build, so its strings are
in the Japanese code page; version 7 is a Unicode build.  A drawing is one archive: a large header of plain
fields, a list of figures, a list of block definitions, and (since version 7) images.
"""

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import records
from records import Record, counted, objects, one_of, raw
from records import to_json as to_json

from pysock import (
    BYTE,
    DOUBLE,
    DWORD,
    RUNTIME_CLASS,
    VERSIONABLE_SCHEMA,
    WORD,
    CArchive,
    CString,
    CTime,
    by_value,
    fixed,
)

NEWEST = 700


P = fixed(DOUBLE, 2)  # a point: x and y in millimetres


# --- the header -----------------------------------------------------------------------------------------


class Part(Record):
    newest = NEWEST


class Layer(Part):
    fields = dict(state=DWORD, protect=DWORD)


class Group(Part):
    fields = dict(state=DWORD, layer=DWORD, scale=DOUBLE, protect=DWORD, layers=fixed(by_value(Layer), 16))


class Mark(Part):
    """A remembered view of the drawing."""

    def layout(self, version: int) -> Iterator[tuple[str, Any]]:
        yield "scale", DOUBLE
        yield "origin", P
        if version >= 300:
            yield "group", DWORD


class Pen(Part):
    fields = dict(color=DWORD, width=DWORD)


class PrinterPen(Part):
    fields = dict(color=DWORD, width=DWORD, point_radius=DOUBLE)


class UserColor(Part):
    fields = dict(name=CString, color=DWORD, width=DWORD, point_radius=DOUBLE)


class UserLine(Part):
    fields = dict(name=CString, segments=DWORD, pitches=fixed(DOUBLE, 10))


class TextKind(Part):
    fields = dict(width=DOUBLE, height=DOUBLE, spacing=DOUBLE, color=DWORD)


# --- figures --------------------------------------------------------------------------------------------
# The class records of a drawing carry the program's data version, 600 or 700, as their schema.  A class that
# accepts any schema is `versionable`; what it then reads depends on the version of the drawing.


class CData(Part, schema=NEWEST, versionable=True):
    """What every figure begins with."""

    shape: dict[str, Any] = {}

    def layout(self, version: int) -> Iterator[tuple[str, Any]]:
        yield "curve", DWORD
        yield "pen_style", BYTE
        yield "pen_color", WORD
        if version >= 351:
            yield "pen_width", WORD
        yield "layer", WORD
        yield "group", WORD
        yield "flags", WORD
        yield from self.shape.items()


class CDataSen(CData, schema=NEWEST, versionable=True):
    """A line (sen)."""

    shape = dict(start=P, end=P)


class CDataEnko(CData, schema=NEWEST, versionable=True):
    """An arc (enko), of a circle or of an ellipse."""

    shape = dict(
        center=P,
        radius=DOUBLE,
        start_angle=DOUBLE,
        arc_angle=DOUBLE,
        tilt=DOUBLE,
        flatness=DOUBLE,
        full_circle=DWORD,
    )


class CDataTen(CData, schema=NEWEST, versionable=True):
    """A point (ten)."""

    def layout(self, version: int) -> Iterator[tuple[str, Any]]:
        yield from super().layout(version)
        yield "point", P
        yield "temporary", DWORD
        if self.pen_style == 100:  # an arrow or another mark instead of a dot
            yield "code", DWORD
            yield "angle", DOUBLE
            yield "scale", DOUBLE


class CDataMoji(CData, schema=NEWEST, versionable=True):
    """A text (moji)."""

    shape = dict(
        start=P,
        end=P,
        kind=DWORD,
        width=DOUBLE,
        height=DOUBLE,
        spacing=DOUBLE,
        angle=DOUBLE,
        font=CString,
        text=CString,
    )


class CDataSunpou(CData, schema=NEWEST, versionable=True):
    """A dimension (sunpou): a line and a text, and since 4.20 its extension lines and end points."""

    def layout(self, version: int) -> Iterator[tuple[str, Any]]:
        yield from super().layout(version)
        yield "line", by_value(CDataSen)
        yield "text", by_value(CDataMoji)
        if version >= 420:
            yield "mode", WORD
            yield "extensions", fixed(by_value(CDataSen), 2)
            yield "points", fixed(by_value(CDataTen), 4)


class CDataSolid(CData, schema=NEWEST, versionable=True):
    """A filled area of three or four corners."""

    def layout(self, version: int) -> Iterator[tuple[str, Any]]:
        yield from super().layout(version)
        yield "corners", fixed(P, 4)  # start, end, second, third
        if self.pen_color == 10:
            yield "rgb", DWORD


class CDataBlock(CData, schema=NEWEST, versionable=True):
    """An insertion of a block."""

    shape = dict(origin=P, scale_x=DOUBLE, scale_y=DOUBLE, angle=DOUBLE, number=DWORD)


class CDataList(CData, schema=NEWEST, versionable=True):
    """The definition of a block: a named list of figures."""

    # The list may hold figures of any class that derives from CData.
    shape = dict(number=DWORD, referenced=DWORD, time=CTime, name=CString, figures=objects(CData))


# --- the drawing ----------------------------------------------------------------------------------------


class ImageData:
    """The bytes of an image file behind their number; `EnsureRead` takes memory only for bytes that exist."""

    @staticmethod
    def __mfc_load__(ar: CArchive) -> bytes:
        return ar.EnsureRead(ar.ReadDWORD())

    @staticmethod
    def __mfc_store__(ar: CArchive, value: bytes) -> None:
        ar.WriteDWORD(len(value))
        ar.Write(value)


class Image(Part):
    data = b""
    fields = dict(name=CString, data=ImageData)


class Drawing(Part):
    """A whole .jww file.  The names are ours; the publisher's description of the format has none."""

    version = NEWEST

    def layout(self, _: int) -> Iterator[tuple[str, Any]]:
        yield "magic", one_of(raw(8), [b"JwwData."], "'JwwData.', which begins a Jw_cad drawing")
        yield "version", one_of(DWORD, range(200, 800), "a version of 200 to 799")
        yield "memo", CString
        yield "paper", DWORD
        yield "group", DWORD
        yield "groups", fixed(by_value(Group), 16)
        yield "unused", fixed(DWORD, 14)
        yield "dimension_settings", fixed(DWORD, 5)
        yield "unused2", DWORD
        yield "line_width", DWORD
        yield from self.view()
        yield from self.pens()
        yield from self.texts()
        yield "figures", objects(CData)
        yield "blocks", objects(CDataList)
        if self.version >= 700:
            yield "images", counted(DWORD, by_value(Image))

    def view(self) -> Iterator[tuple[str, Any]]:
        """Printer, grid, names of layers, shadows, what the screen shows."""
        yield "printer_origin", P
        yield "printer_scale", DOUBLE
        yield "printer_set", DWORD
        yield "grid_mode", DWORD
        yield "grid_minimum", DOUBLE
        yield "grid_spacing", P
        yield "grid_origin", P
        yield "layer_names", fixed(fixed(CString, 16), 16)
        yield "group_names", fixed(CString, 16)
        yield "shadow_level", DOUBLE
        yield "latitude", DOUBLE
        yield "shadow_9_to_15h", DWORD
        yield "wall_shadow_level", DOUBLE
        if self.version >= 300:
            yield "sky_level", DOUBLE
            yield "sky_radius", DOUBLE
        yield "unit_3d", DWORD
        yield "screen_scale", DOUBLE
        yield "screen_origin", P
        yield "range_scale", DOUBLE
        yield "range_origin", P
        yield "marks", fixed(by_value(Mark), 8 if self.version >= 300 else 4)
        if self.version >= 300:
            yield "text_unused", fixed(DOUBLE, 3)
            yield "text_unused2", DWORD
            yield "text_unused3", fixed(DOUBLE, 2)
            yield "text_background_margin", DOUBLE
            yield "text_background_kind", DWORD
        yield "offsets", fixed(DOUBLE, 10)
        yield "offset_both_sides", DOUBLE

    def pens(self) -> Iterator[tuple[str, Any]]:
        """Colours, line types and the order of drawing."""
        yield "screen_pens", fixed(by_value(Pen), 10)
        yield "printer_pens", fixed(by_value(PrinterPen), 10)
        yield "line_types", fixed(fixed(DWORD, 4), 8)
        yield "random_lines", fixed(fixed(DWORD, 5), 5)
        yield "double_lines", fixed(fixed(DWORD, 4), 4)
        yield "draw_points", fixed(DWORD, 2)  # on screen, on printer
        yield "bitmaps_first", DWORD
        yield "reverse_draw", DWORD
        yield "reverse_search", DWORD
        yield "color_print", DWORD
        yield "layer_order", DWORD
        yield "color_order", DWORD
        yield "continuous_print", DWORD
        yield "common_gray", DWORD
        yield "print_display_only", DWORD
        if self.version >= 223:
            yield "draw_time", DWORD
            yield "eye_init", DWORD
            yield "eye_heights", fixed(DWORD, 3)
            yield "eye_values", fixed(DOUBLE, 5)
        if self.version >= 225:
            yield "last_dimensions", fixed(DOUBLE, 4)
        if self.version >= 230:
            yield "solid_color", fixed(DWORD, 2)
        if self.version >= 420:
            yield "user_screen_pens", fixed(by_value(Pen), 257)
            yield "user_colors", fixed(by_value(UserColor), 257)
            yield "user_line_types", fixed(fixed(DWORD, 4), 33)
            yield "user_lines", fixed(by_value(UserLine), 33)

    def texts(self) -> Iterator[tuple[str, Any]]:
        """The ten kinds of text, and the settings for the next one."""
        yield "text_kinds", fixed(by_value(TextKind), 10)
        yield "text", by_value(TextKind)
        yield "text_kind", DWORD
        yield "text_line_gap", DOUBLE
        yield "text_line_count", DOUBLE
        yield "text_offset_on", DWORD
        yield "text_offsets_x", fixed(DOUBLE, 3)
        yield "text_offsets_y", fixed(DOUBLE, 3)


def settings(version: int) -> dict[str, Any]:
    """How the archive of a drawing is opened.

    `unicode` matters for storing only, as a stored string tells of which kind it is.  Jw_cad keeps the CTime
    of Visual C++ 6, which has four bytes: hence the profile.
    """
    return dict(unicode=version >= 700, encoding="cp932", errors="surrogateescape", profile="mfc6")


def load(path: str | Path) -> Drawing:
    return records.load_document(Drawing, path, **settings(NEWEST))


def dumps(drawing: Drawing) -> bytes:
    for cls in CData.__subclasses__():  # what the class records say, as C++ programs set it
        RUNTIME_CLASS(cls).m_wSchema = VERSIONABLE_SCHEMA | drawing.version
    return records.dump_document(drawing, **settings(drawing.version))


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
    name = drawing.layer_names[group][layer] if group < 16 and layer < 16 else ""
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
    lines += [f"image {image.name}: {len(image.data)} bytes" for image in getattr(drawing, "images", [])]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(records.main(load, dumps, to_json, summary))
