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
from records import Owned, by_version, objects, one_of, variant, version, version_in
from records import to_json as to_json

from pysock import BYTE, DWORD, LONG, WORD, CRect, CString, Record, array_of, by_value, field, fixed, raw

ARCHIVE: dict[str, Any] = dict(unicode=False, encoding="cp1252")  # how every Power Tab archive is opened
PROGRAM = {1: "1.0", 2: "1.0.2", 3: "1.5", 4: "1.7"}
NO_SIGN = 127  # the letter of a bar without a rehearsal sign
WIDENED = by_version({1: BYTE, 3: WORD})


# --- the pieces -----------------------------------------------------------------------------------------
# `schema=1` makes a class known to archives under its name, as IMPLEMENT_SERIAL(CGuitar, CObject, 1) does in
# C++.  A `Record` occurs only as a member, without a tag.  All tags say schema 1, whatever the version, so
# classes that have changed say `schema_of=version`: then `since` and `until` are versions of the document.


class Font(Record):
    face: str = field(CString)
    size: int = field(LONG)
    weight: int = field(LONG)
    italic: int = field(BYTE)
    underline: int = field(BYTE)
    strike_out: int = field(BYTE)
    color: int = field(DWORD)


class CTuning(Owned, schema=1):
    name: str = field(CString)
    data: int = field(BYTE)
    notes: list[int] = field(array_of(BYTE, count=BYTE))  # MIDI notes, high string first


class ChordName(Record):
    key: int = field(WIDENED)
    formula: int = field(BYTE)
    modifications: int = field(WORD)
    extra: int = field(BYTE)


class CGuitar(Owned, schema=1):
    number: int = field(BYTE)
    description: str = field(CString)
    preset: int = field(BYTE)
    volume: int = field(BYTE)
    pan: int = field(BYTE)
    effects: list[int] = field(fixed(BYTE, 4))  # reverb, chorus, tremolo, phaser
    capo: int = field(BYTE)
    tuning: CTuning = field(by_value(CTuning))


class CChordDiagram(Owned, schema=1):
    chord: ChordName = field(ChordName)
    top_fret: int = field(BYTE)
    frets: list[int] = field(array_of(BYTE, count=BYTE))


class CFloatingText(Owned, schema=1):
    text: str = field(CString)
    rect: CRect = field(CRect)
    flags: int = field(BYTE)
    font: Font = field(Font)


class OnStaff(Owned):
    system: int = field(WORD)
    staff: int = field(BYTE)
    position: int = field(BYTE)


class CGuitarIn(OnStaff, schema=1):
    data: int = field(WORD)


class CDynamic(OnStaff, schema=1):
    data: int = field(WIDENED)


class InSystem(Owned):
    system: int = field(WORD)
    position: int = field(BYTE)
    data: int = field(DWORD)


class CSectionSymbol(InSystem, schema=1):  # an alternate ending
    __slots__ = ()


class CTimeSignature(InSystem, schema=1):
    __slots__ = ()


class CTempoMarker(InSystem, schema=1):
    description: str = field(CString)


class CRehearsalSign(InSystem, schema=1):
    letter: int = field(BYTE)
    description: str = field(CString)


class CDirection(Owned, schema=1):
    position: int = field(BYTE)
    symbols: list[int] = field(array_of(WORD, count=BYTE))


class CChordText(Owned, schema=1):
    position: int = field(BYTE)
    chord: ChordName = field(ChordName)


class CRhythmSlash(Owned, schema=1):
    position: int = field(BYTE)
    beaming: int = field(BYTE)
    data: int = field(DWORD)


class CLineData(Owned, schema=1):  # a note: the string, counted from 0, the highest, and the fret
    where: int = field(BYTE)
    flags: int = field(WIDENED)
    symbols: list[int] = field(array_of(DWORD, count=BYTE))

    string = property(lambda self: self.where >> 5)
    fret = property(lambda self: self.where & 31)


class CPosition(Owned, schema=1):
    position: int = field(BYTE)
    beaming: int = field(WORD)
    data: int = field(DWORD)
    symbols: list[int] = field(array_of(DWORD, count=BYTE))
    notes: list[CLineData] = field(objects(CLineData))


class CStaff(Owned, schema=1, schema_of=version):
    clef: int = field(BYTE, until=2)
    tablature_type: int = field(BYTE, until=2)
    data: int = field(BYTE, since=3)
    spacings: list[int] = field(fixed(BYTE, 4))
    high: list[CPosition] = field(objects(CPosition))
    low: list[CPosition] = field(objects(CPosition))

    strings = property(lambda self: self.tablature_type or self.data & 15)


class CMusicBar(Owned, schema=1, schema_of=version):
    position: int = field(BYTE)
    symbol: int = field(WORD, until=2)
    data: int = field(BYTE, since=3)
    key_signature: int = field(BYTE, since=3)
    time_signature: int = field(DWORD, since=3)
    pulses: int = field(BYTE, since=3)
    letter: int = field(BYTE, since=3, default=NO_SIGN)
    description: str = field(CString, since=3)


class CSection(Owned, schema=1, schema_of=version):  # a system
    rect: CRect = field(CRect)
    key: int = field(BYTE, until=2)
    end_bar: int = field(by_version({1: WORD, 3: BYTE}))
    spacings: list[int] = field(fixed(BYTE, 4))  # of positions, above and below slashes, extra
    start_bar: CMusicBar = field(by_value(CMusicBar), since=3)
    directions: list[CDirection] = field(objects(CDirection))
    chord_texts: list[CChordText] = field(objects(CChordText))
    rhythm_slashes: list[CRhythmSlash] = field(objects(CRhythmSlash))
    staves: list[CStaff] = field(objects(CStaff))
    bars: list[CMusicBar] = field(objects(CMusicBar))


class Score(Record, schema_of=version):
    transcriber: str = field(CString, since=3, until=3)
    notes: str = field(CString, since=3, until=3)
    guitars: list[CGuitar] = field(objects(CGuitar))
    chord_diagrams: list[CChordDiagram] = field(objects(CChordDiagram))
    floating_texts: list[CFloatingText] = field(objects(CFloatingText))
    guitar_ins: list[CGuitarIn] = field(objects(CGuitarIn))
    tempo_markers: list[CTempoMarker] = field(objects(CTempoMarker))
    time_signatures: list[CTimeSignature] = field(objects(CTimeSignature), until=2)
    dynamics: list[CDynamic] = field(objects(CDynamic))
    alternate_endings: list[CSectionSymbol] = field(objects(CSectionSymbol))
    rehearsal_signs: list[CRehearsalSign] = field(objects(CRehearsalSign), until=2)
    systems: list[CSection] = field(objects(CSection))


# --- the documents --------------------------------------------------------------------------------------
# In version 4 a number says which record is next, three times.  A `Record` without fields stands for nothing:
# an unreleased song, the author of a traditional one.


class Audio(Record):
    audio_type: int = field(BYTE)
    release_title: str = field(CString)
    year: int = field(WORD)
    live: int = field(BYTE)


class Video(Record):
    release_title: str = field(CString)
    live: int = field(BYTE)


class Bootleg(Record):
    release_title: str = field(CString)
    month: int = field(WORD)
    day: int = field(WORD)
    year: int = field(WORD)


class Author(Record):
    composer: str = field(CString)
    lyricist: str = field(CString)


class Song(Record):
    content_type: int = field(BYTE)
    title: str = field(CString)
    artist: str = field(CString)
    release: Record = field(variant(BYTE, [Audio, Video, Bootleg, Record], "a release type"))
    author: Record = field(variant(BYTE, [Author, Record], "an author type"))
    arranger: str = field(CString)
    transcriber: str = field(CString)
    bass_transcriber: str = field(CString)
    copyright: str = field(CString)
    lyrics: str = field(CString)
    notes: str = field(CString)
    bass_notes: str = field(CString)


class Lesson(Record):
    title: str = field(CString)
    subtitle: str = field(CString)
    style: int = field(WORD)
    level: int = field(BYTE)
    artist: str = field(CString)  # its author
    notes: str = field(CString)
    copyright: str = field(CString)


class OldSong(Record, schema_of=version):  # up to version 3
    title: str = field(CString)
    artist: str = field(CString)
    released_on: int = field(BYTE)
    release_title: str = field(CString)
    live: int = field(BYTE)
    composer: str = field(CString)
    lyricist: str = field(CString)
    arranger: str = field(CString)
    transcriber: str = field(CString, until=2)
    year: int = field(WORD)
    author_type: int = field(BYTE)
    copyright: str = field(CString)
    lyrics: str = field(CString)
    notes: str = field(CString, until=2)


class OldBody(Record):
    line_spacing: int = field(LONG)
    fonts: list[Font] = field(fixed(Font, 3))
    scores: list[Score] = field(fixed(Score, 2))  # guitar, bass
    fade: list[int] = field(fixed(BYTE, 2))  # in, out: in measures


class Body(Record):
    scores: list[Score] = field(fixed(Score, 2))
    fonts: list[Font] = field(fixed(Font, 3))
    line_spacing: int = field(LONG)
    fade: list[int] = field(fixed(DWORD, 2))


class Document(Record):  # a whole .ptb file
    marker: bytes = field(one_of(raw(4), [b"ptab"], "'ptab', which begins a Power Tab document"))
    version: int = field(version_in(WORD, PROGRAM, "a version of 1 to 4"), default=4)
    header: Song | Lesson | OldSong = field(
        by_version({1: OldSong, 4: variant(BYTE, [Song, Lesson], "a file type")})
    )
    body: OldBody | Body = field(by_version({1: OldBody, 3: Body}))


class Tunings(Record):  # tunings.dat: a list of tunings and nothing else
    tunings: list[CTuning] = field(objects(CTuning))


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
    columns = {bar.position: dict.fromkeys(range(staff.strings), "|") for bar in system.bars}
    for position in staff.high + staff.low:
        column = columns.setdefault(position.position, {})
        column.update({note.string: str(note.fret) for note in position.notes})
    for string in range(staff.strings):
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
        bars = [system.start_bar, *system.bars]
        signs = [f"[{chr(bar.letter)}] {bar.description}" for bar in bars if bar.letter != NO_SIGN]
        yield f"  system {number}" + "".join(f"  {sign}" for sign in signs)
        for staff in system.staves:
            yield from (f"    {line}" for line in tablature(staff, system))
            yield ""


def summary(document: Document | Tunings) -> str:
    if isinstance(document, Tunings):
        return "\n".join(map(describe, document.tunings))
    header = document.header
    parts = [header, getattr(header, "release", None), getattr(header, "author", None)]
    lines = [f"{header.title} - {header.artist}"]
    for name in ("release_title", "year", "composer", "lyricist", "arranger", "transcriber", "copyright"):
        lines += [
            f"{name.replace('_', ' ')}: {getattr(part, name)}" for part in parts if getattr(part, name, None)
        ]
    lines.append(f"Power Tab {PROGRAM[document.version]}")
    for name, score in zip(("Guitar", "Bass"), document.body.scores, strict=True):
        lines += summary_of_score(name, score)
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(records.main(load, dumps, to_json, summary))
