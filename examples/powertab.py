"""Power Tab Editor documents (.ptb, 1.0 to 1.7) and its tuning dictionary (tunings.dat), read and written.

    python examples/powertab.py FILE [--json] [--write OUT]

Power Tab Editor is an ANSI build, so strings have one byte per character, in the code page of western
Windows.  A file is one archive.  It starts with fields of the document itself, then come lists of pointers to
objects, and those hold lists in turn.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import records
from records import Record, counted, objects, one_of, raw
from records import to_json as to_json

from pysock import BYTE, DWORD, LONG, WORD, CRect, CString, by_value, fixed

ARCHIVE: dict[str, Any] = dict(unicode=False, encoding="cp1252")  # how every Power Tab archive is opened
OLD = 2  # files up to this version (1.0 and 1.0.2) have the older layouts
SONG, LESSON = 0, 1  # file types
PUBLIC_AUDIO, PUBLIC_VIDEO, BOOTLEG, UNRELEASED = range(4)  # release types
KNOWN, TRADITIONAL = 0, 1  # author types
PROGRAM = {1: "1.0", 2: "1.0.2", 3: "1.5", 4: "1.7"}


# --- the pieces -----------------------------------------------------------------------------------------
# `schema=1` makes a class known to archives under its name, as IMPLEMENT_SERIAL(CGuitar, CObject, 1) does in
# C++.  Records without it occur only as members: `by_value`, without a tag.


class PowerTab(Record):
    """A record with one layout up to version 2 (`old`), and another since version 3 (`fields`)."""

    old: dict[str, Any] = {}
    newest = 4

    def layout(self, version: int) -> Iterator[tuple[str, Any]]:
        yield from (self.old if self.old and version <= OLD else self.fields).items()


class Font(PowerTab):
    fields = dict(
        face=CString,
        size=LONG,
        weight=LONG,
        italic=BYTE,
        underline=BYTE,
        strike_out=BYTE,
        color=DWORD,
    )


class CTuning(PowerTab, schema=1):
    fields = dict(name=CString, data=BYTE, notes=counted(BYTE, BYTE))  # MIDI notes, high string first


class ChordName(PowerTab):
    fields = dict(key=WORD, formula=BYTE, modifications=WORD, extra=BYTE)
    old = dict(fields, key=BYTE)


class CGuitar(PowerTab, schema=1):
    fields = dict(
        number=BYTE,
        description=CString,
        preset=BYTE,
        volume=BYTE,
        pan=BYTE,
        reverb=BYTE,
        chorus=BYTE,
        tremolo=BYTE,
        phaser=BYTE,
        capo=BYTE,
        tuning=by_value(CTuning),
    )


class CChordDiagram(PowerTab, schema=1):
    fields = dict(chord=by_value(ChordName), top_fret=BYTE, frets=counted(BYTE, BYTE))


class CFloatingText(PowerTab, schema=1):
    fields = dict(text=CString, rect=CRect, flags=BYTE, font=by_value(Font))


class CGuitarIn(PowerTab, schema=1):
    fields = dict(system=WORD, staff=BYTE, position=BYTE, data=WORD)


class CTempoMarker(PowerTab, schema=1):
    fields = dict(system=WORD, position=BYTE, data=DWORD, description=CString)


class CDynamic(PowerTab, schema=1):
    fields = dict(system=WORD, staff=BYTE, position=BYTE, data=WORD)
    old = dict(fields, data=BYTE)


class CSectionSymbol(PowerTab, schema=1):  # an alternate ending
    fields = dict(system=WORD, position=BYTE, data=DWORD)


class CTimeSignature(PowerTab, schema=1):
    fields = dict(system=WORD, position=BYTE, data=DWORD)


class CRehearsalSign(PowerTab, schema=1):
    fields = dict(system=WORD, position=BYTE, data=DWORD, letter=BYTE, description=CString)


class CDirection(PowerTab, schema=1):
    fields = dict(position=BYTE, symbols=counted(BYTE, WORD))


class CChordText(PowerTab, schema=1):
    fields = dict(position=BYTE, chord=by_value(ChordName))


class CRhythmSlash(PowerTab, schema=1):
    fields = dict(position=BYTE, beaming=BYTE, data=DWORD)


class CLineData(PowerTab, schema=1):  # a note
    fields = dict(where=BYTE, flags=WORD, symbols=counted(BYTE, DWORD))
    old = dict(fields, flags=BYTE)

    @property
    def string(self) -> int:
        """Counted from 0, the highest."""
        return self.where >> 5

    @property
    def fret(self) -> int:
        return self.where & 31


class CPosition(PowerTab, schema=1):
    fields = dict(
        position=BYTE,
        beaming=WORD,
        data=DWORD,
        symbols=counted(BYTE, DWORD),
        notes=objects(CLineData),
    )


class CStaff(PowerTab, schema=1):
    voices = dict(spacings=fixed(BYTE, 4), high=objects(CPosition), low=objects(CPosition))
    fields = dict(data=BYTE, **voices)
    old = dict(clef=BYTE, tablature_type=BYTE, **voices)


class CMusicBar(PowerTab, schema=1):
    fields = dict(
        position=BYTE,
        data=BYTE,
        key_signature=BYTE,
        time_signature=DWORD,
        pulses=BYTE,
        letter=BYTE,
        description=CString,
    )
    old = dict(position=BYTE, symbol=WORD)


class CSection(PowerTab, schema=1):  # a system
    spacings = dict(position_spacing=BYTE, slash_above=BYTE, slash_below=BYTE, extra_spacing=BYTE)
    lists = dict(
        directions=objects(CDirection),
        chord_texts=objects(CChordText),
        rhythm_slashes=objects(CRhythmSlash),
        staves=objects(CStaff),
        bars=objects(CMusicBar),
    )
    fields = dict(rect=CRect, end_bar=BYTE, **spacings, start_bar=by_value(CMusicBar), **lists)
    old = dict(rect=CRect, key=BYTE, end_bar=WORD, **spacings, **lists)


class Score(PowerTab):
    head = dict(
        guitars=objects(CGuitar),
        chord_diagrams=objects(CChordDiagram),
        floating_texts=objects(CFloatingText),
        guitar_ins=objects(CGuitarIn),
        tempo_markers=objects(CTempoMarker),
    )
    endings = dict(dynamics=objects(CDynamic), alternate_endings=objects(CSectionSymbol))
    fields = dict(**head, **endings, systems=objects(CSection))
    old = dict(
        **head,
        time_signatures=objects(CTimeSignature),
        **endings,
        rehearsal_signs=objects(CRehearsalSign),
        systems=objects(CSection),
    )


# --- the documents --------------------------------------------------------------------------------------


class AnnotatedScore(PowerTab):  # version 3 only
    fields = dict(transcriber=CString, notes=CString, score=by_value(Score))


class Document(PowerTab):
    """A whole .ptb file."""

    version = 4

    def layout(self, _: int) -> Iterator[tuple[str, Any]]:
        yield "marker", one_of(raw(4), [b"ptab"], "'ptab', which begins a Power Tab document")
        yield "version", one_of(WORD, PROGRAM, "a version of 1 to 4")
        yield from self.header() if self.version == 4 else self.old_header()
        if self.version <= OLD:
            yield "line_spacing", LONG
            yield "fonts", fixed(by_value(Font), 3)
            yield "scores", fixed(by_value(Score), 2)  # guitar, bass
            yield "fade", fixed(BYTE, 2)  # in, out: in measures
            return
        yield "scores", fixed(by_value(Score if self.version == 4 else AnnotatedScore), 2)
        yield "fonts", fixed(by_value(Font), 3)
        yield "line_spacing", LONG
        yield "fade", fixed(DWORD, 2)

    def old_header(self) -> Iterator[tuple[str, Any]]:
        """Versions 1 to 3."""
        yield "title", CString
        yield "artist", CString
        yield "released_on", BYTE
        yield "release_title", CString
        yield "live", BYTE
        yield "composer", CString
        yield "lyricist", CString
        yield "arranger", CString
        if self.version <= OLD:
            yield "transcriber", CString
        yield "year", WORD
        yield "author_type", BYTE
        yield "copyright", CString
        yield "lyrics", CString
        if self.version <= OLD:
            yield "notes", CString

    def header(self) -> Iterator[tuple[str, Any]]:
        """Version 4: what follows depends on what came before, four times."""
        yield "file_type", one_of(BYTE, (SONG, LESSON), "a file type, 0 or 1")
        if self.file_type == LESSON:
            yield "title", CString
            yield "subtitle", CString
            yield "style", WORD
            yield "level", BYTE
            yield "author", CString
            yield "notes", CString
            yield "copyright", CString
            return
        yield "content_type", BYTE
        yield "title", CString
        yield "artist", CString
        yield "release_type", one_of(BYTE, range(4), "a release type, 0 to 3")
        if self.release_type == PUBLIC_AUDIO:
            yield "audio_type", BYTE
            yield "release_title", CString
            yield "year", WORD
            yield "live", BYTE
        elif self.release_type == PUBLIC_VIDEO:
            yield "release_title", CString
            yield "live", BYTE
        elif self.release_type == BOOTLEG:
            yield "release_title", CString
            yield "month", WORD
            yield "day", WORD
            yield "year", WORD
        yield "author_type", one_of(BYTE, (KNOWN, TRADITIONAL), "an author type, 0 or 1")
        if self.author_type == KNOWN:  # else the song is traditional
            yield "composer", CString
            yield "lyricist", CString
        yield "arranger", CString
        yield "transcriber", CString
        yield "bass_transcriber", CString
        yield "copyright", CString
        yield "lyrics", CString
        yield "notes", CString
        yield "bass_notes", CString


class Tunings(PowerTab):
    """tunings.dat: a list of tunings and nothing else."""

    version = 4
    fields = dict(tunings=objects(CTuning))


def load(path: str | Path) -> Document | Tunings:
    if Path(path).suffix.lower() == ".dat":  # the dictionary has no marker by which to know it
        return records.load_document(Tunings, path, **ARCHIVE)
    return records.load_document(Document, path, **ARCHIVE)


def dumps(document: Document | Tunings) -> bytes:
    return records.dump_document(document, **ARCHIVE)


def save(document: Document | Tunings, path: str | Path) -> None:
    Path(path).write_bytes(dumps(document))


# --- a summary ------------------------------------------------------------------------------------------


def pitch(note: int) -> str:
    """MIDI note 64 is E4."""
    return f"{'C C# D D# E F F# G G# A A# B'.split()[note % 12]}{note // 12 - 1}"


def describe(tuning: CTuning) -> str:
    return f"{tuning.name}: {' '.join(map(pitch, tuning.notes))}"


def tablature(staff: CStaff, system: CSection) -> Iterator[str]:
    """One line per string, with only those positions at which something is."""
    strings = staff.data & 15 if hasattr(staff, "data") else staff.tablature_type
    columns = {bar.position: dict.fromkeys(range(strings), "|") for bar in system.bars}
    for position in staff.high + staff.low:
        column = columns.setdefault(position.position, {})
        column.update({note.string: str(note.fret) for note in position.notes})
    for string in range(strings):
        yield "|-" + "".join(columns[at].get(string, "").ljust(3, "-") for at in sorted(columns)) + "|"


def summary_of_score(name: str, score: Score) -> Iterator[str]:
    yield ""
    yield f"{name}: {len(score.systems)} systems, {len(score.chord_diagrams)} chord diagrams"
    for guitar in score.guitars:
        capo = f", capo {guitar.capo}" if guitar.capo else ""
        yield f"  {guitar.number + 1}. {guitar.description} ({describe(guitar.tuning)}{capo})"
    for marker in score.tempo_markers:
        yield f"  tempo {marker.data & 0xFFFF} in system {marker.system + 1}: {marker.description}"
    for number, system in enumerate(score.systems, 1):
        first = [system.start_bar] if hasattr(system, "start_bar") else []
        signs = [f"[{chr(bar.letter)}] {bar.description}" for bar in first + system.bars if has_sign(bar)]
        yield f"  system {number}" + "".join(f"  {sign}" for sign in signs)
        for staff in system.staves:
            yield from (f"    {line}" for line in tablature(staff, system))
            yield ""


def has_sign(bar: CMusicBar) -> bool:
    return hasattr(bar, "letter") and bar.letter != 127


def summary(document: Document | Tunings) -> str:
    if isinstance(document, Tunings):
        return "\n".join(map(describe, document.tunings))
    by = document.author if hasattr(document, "author") else document.artist  # a lesson has an author
    lines = [f"{document.title} - {by}"]
    for name in ("release_title", "year", "composer", "lyricist", "arranger", "transcriber", "copyright"):
        if value := getattr(document, name, None):
            lines.append(f"{name.replace('_', ' ')}: {value}")
    lines.append(f"Power Tab {PROGRAM[document.version]}")
    for name, score in zip(("Guitar", "Bass"), document.scores, strict=True):
        lines += summary_of_score(name, getattr(score, "score", score))  # version 3 has notes around it
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(records.main(load, dumps, to_json, summary))
