"""`pysock inspect`: look at a file nobody has documented.

Exit status: 0 something of an archive was found (or the definition fitted); 1 nothing was, or the definition did not
fit; 2 the input could not be read, or the output not be written.
"""

from __future__ import annotations

import argparse
import codecs
import contextlib
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from . import jsonout, ole, text
from .errors import InspectError
from .htmlout import Page
from .magic import foreign
from .node import Node, show
from .paint import Painter, Progress, painter
from .schema import decode, resolve
from .source import Source, open_source
from .walk import Found, Walk

SURE, GUESS = 0.7, 0.25  # the least sureness of what is shown, without and with --guess


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `pysock inspect`."""
    parser.add_argument("file", metavar="FILE", help="a file's name, - for standard input, or hex digits")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="everything that was found, as JSON")
    how.add_argument("--html", action="store_true", help="one page for a browser: hex beside the tree")
    parser.add_argument("--classes", action="store_true", help="only the inventory of classes")
    parser.add_argument("--guess", action="store_true", help="show less sure guesses, too, and rank them")
    parser.add_argument(
        "--schema", metavar="MODULE:CLASS", help="decode by this definition (also FILE.py:CLASS)"
    )
    parser.add_argument("--at", metavar="OFFSET", type=_offset, help="where the schema begins")
    parser.add_argument("--repeat", action="store_true", help="read the schema again up to the end")
    parser.add_argument(
        "--encoding", type=_encoding, default="cp1252", help="code page of one-byte text (%(default)s)"
    )
    parser.add_argument("--all-bytes", action="store_true", help="show long items whole in the hex view")
    parser.add_argument("--color", choices=["auto", "always", "never"], default="auto")
    parser.add_argument("-o", "--output", metavar="OUT", help="write there, not to standard output")
    parser.set_defaults(run=run)


def _offset(digits: str) -> int:
    number = int(digits, 0)
    if number < 0:
        raise ValueError
    return number


def _encoding(name: str) -> str:
    try:
        b"a\x80".decode(name, "replace")  # a few codecs know no way around what they cannot decode
        return codecs.lookup(name).name
    except (LookupError, UnicodeError):
        raise argparse.ArgumentTypeError(f"{name!r} is no code page that Python knows") from None


def run(arguments: argparse.Namespace) -> int:
    """Inspect as told; returns the exit status."""
    try:
        schema = _schema(arguments)
        with open_source(arguments.file) as source, _output(arguments) as out:
            return Inspection(arguments, schema, source, out).run()
    except InspectError as error:
        print(f"pysock inspect: {error}", file=sys.stderr)
        return 2


def _schema(arguments: argparse.Namespace) -> Any:
    if arguments.schema is not None:
        return resolve(arguments.schema)
    for name, given in (("--at", arguments.at is not None), ("--repeat", arguments.repeat)):
        if given:
            raise InspectError(f"{name} tells how to read a --schema, and there is none")
    return None


@contextlib.contextmanager
def _output(arguments: argparse.Namespace) -> Iterator[TextIO]:
    """Standard output, or a file that is there only once it is whole."""
    path = arguments.output
    if path is None:
        yield sys.stdout
        return
    if _same_file(arguments.file, path):
        raise InspectError(f"{path}: is the input, too, and would be lost")
    try:
        if os.path.exists(path) and not os.path.isfile(path):  # a device or a pipe cannot be replaced
            with _writer(path, "w") as file:
                yield file
            return
        target = os.path.realpath(path)  # what a link points to, not the link
        part = f"{target}.{os.getpid()}.part"
        try:
            with _writer(part, "x") as file:
                yield file
            if os.path.exists(target):
                shutil.copymode(target, part)
            os.replace(part, target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)
    except OSError as error:
        raise InspectError(f"{path}: {error.strerror or error}") from None


def _writer(path: str, mode: str) -> TextIO:
    return open(path, mode, encoding="utf-8", errors="backslashreplace")  # type: ignore[return-value]


def _same_file(given: str, path: str) -> bool:
    try:
        return os.path.samefile(0 if given == "-" else given, path)
    except (OSError, ValueError):  # one of them is not there, or cannot be a name
        return False


class Inspection:
    """One run of the command over a source, or over each stream of a compound file."""

    def __init__(self, arguments: argparse.Namespace, schema: Any, source: Source, out: TextIO) -> None:
        self.arguments, self.schema, self.source, self.out = arguments, schema, source, out
        self.at = arguments.at or 0
        self.fits = True  # as far as the definition was tried
        self.something = False  # of an archive was found, or a definition was tried

    def run(self) -> int:
        if self.source.size == 0:
            raise InspectError(f"{self.source.name}: empty, 0 bytes")
        if self.at > self.source.size:
            raise InspectError(f"{self.source.name}: --at {self.at} is behind its {self.source.size} bytes")
        if self.arguments.html:
            page = Page(self.source.name)
            for source in self.sources():
                segments, found = self.look(source)
                page.add(source, segments, found)
            page.write(self.out)
        elif self.arguments.json:
            self._json()
        else:
            paint = painter(self.out, self.arguments.color)
            for source in self.sources():
                self._text(source, paint)
        return 0 if self.fits and self.something else 1

    def sources(self) -> Iterator[Source]:
        """The file, or the streams in it."""
        if ole.is_compound(self.source):
            yield from ole.streams(self.source)
        else:
            yield self.source

    def look(self, source: Source) -> tuple[Iterable[Node], Found]:
        """The nodes of a source, and what is counted while they are taken."""
        if self.schema is not None:
            decoded = decode(source, self.schema, self.at, self.arguments.encoding, self.arguments.repeat)
            if decoded.error is not None:
                self.fits = False
                print(
                    f"pysock inspect: {source.name}: {self.arguments.schema} does not fit: "
                    f"{type(decoded.error).__name__}: {show_line(decoded.error)}",
                    file=sys.stderr,
                )
            self.something = True
            return decoded.nodes, decoded.found
        scrolls = self.out.isatty() and not self.arguments.classes  # there the report itself shows progress
        progress = Progress(source.name, 0 if scrolls else source.size)
        least = GUESS if self.arguments.guess else SURE
        walk = Walk(source, least=least, encoding=self.arguments.encoding, progress=progress)
        if self.arguments.classes:
            with progress:
                found = walk.survey()
            self.something |= found.objects > 0
            return (), found
        return self._counted(walk, progress), walk.found

    def _counted(self, walk: Walk, progress: Progress) -> Iterator[Node]:
        with progress:
            for segment in walk:
                self.something |= any(child.kind == "string" for child in segment.children)
                yield segment
        self.something |= walk.found.objects > 0

    def _json(self) -> None:
        if not ole.is_compound(self.source):
            self._document(self.source)
            return
        self.out.write(
            f'{{"name": {jsonout.text(self.source.name)}, "format": "OLE compound file", "streams": ['
        )
        between = "\n"
        for source in self.sources():
            self.out.write(between)
            self._document(source)
            between = ","
        self.out.write("]}\n")

    def _document(self, source: Source) -> None:
        segments, found = self.look(source)
        jsonout.write(self.out, source.name, source.size, () if self.arguments.classes else segments, found)

    def _text(self, source: Source, paint: Painter) -> None:
        paint.line(("title", f"{show_line(source.name)}: {source.size:,} bytes"))
        if (what := foreign(source)) is not None and not ole.is_compound(source):
            paint.line(("error", f"this is {what}, hardly an archive"))
        segments, found = self.look(source)
        ranking = text.Ranking()
        if self.arguments.guess:
            segments = ranking.watch(segments)
        if not self.arguments.classes:
            text.hex_view(source, segments, paint, self.arguments.all_bytes)
            paint.line()
        paint.line(("title", summary(found)))
        text.inventory(found, paint)
        if self.arguments.guess and not self.arguments.classes:
            paint.line()
            paint.line(("title", "the surest guesses"))
            ranking.report(paint)


def summary(found: Found) -> str:
    """One line about what there is."""
    if not found.objects:
        return "no tag of an object found"
    classes = f"{len(found.classes):,} class{'es' * (len(found.classes) != 1)}"
    objects = f"{found.objects:,} object{'s' * (found.objects != 1)}"
    several = f" in {found.archives} archives one after the other" if found.archives > 1 else ""
    return f"{classes}, {objects}{several}; the first tag is at byte {found.start:,} ({found.start:#x})"


def show_line(text: object) -> str:
    """Text in one line without control characters."""
    return show(str(text), 400)[1:].rpartition('"')[0]
