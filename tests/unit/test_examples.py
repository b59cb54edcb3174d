"""The examples: documents built in code, real files, files broken on purpose, and the command line."""

import contextlib
import io
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import pysock

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
CORPUS = ROOT.parent / "shared" / "corpus"

sys.path.insert(0, str(EXAMPLES))
import hiersvr  # noqa: E402
import jwcad  # noqa: E402
import powertab  # noqa: E402
import records  # noqa: E402

sys.path.remove(str(EXAMPLES))

MODULES = {"powertab": powertab, "powertab-tunings": powertab, "jww": jwcad, "hiersvr": hiersvr}
ORACLE = (
    json.loads((CORPUS / "expected.json").read_bytes())
    if CORPUS.exists()
    else {"files": {}, "independent": []}
)
EXPECTED = ORACLE["files"]
COMPLETE = [name for name, file in EXPECTED.items() if file["status"] == "complete"]
BROKEN = [name for name, file in EXPECTED.items() if file["status"] == "error"]
needs_corpus = pytest.mark.skipif(not EXPECTED, reason="needs the real files in ../shared/corpus")


# --- documents built in code ------------------------------------------------------------------------------


def song(version: int) -> powertab.Document:
    """One of everything that a document of this version can hold, twice over where a tag differs then."""
    old = version <= 2

    def everything(number: int) -> powertab.Score:
        note = powertab.CLineData(where=3 << 5 | 12, symbols=[1, 2, 3])
        position = powertab.CPosition(position=number, symbols=[7], notes=[note])
        bar = dict(position=4) if old else dict(position=4, letter=65, description="Refrain “é”")
        chord = powertab.ChordName(key=3, formula=9)
        system = powertab.CSection(
            rect=pysock.CRect(1, -2, 3, 4),
            end_bar=200,
            directions=[powertab.CDirection(symbols=[1, 0xFFFF])],
            chord_texts=[powertab.CChordText(chord=chord)],
            rhythm_slashes=[powertab.CRhythmSlash(data=1 << 31)],
            staves=[powertab.CStaff(high=[position], low=[powertab.CPosition()])],
            bars=[powertab.CMusicBar(**bar)],
        )
        guitar = powertab.CGuitar(number=number, tuning=powertab.CTuning(name="Dropped D", notes=[64, 38]))
        values = dict(
            guitars=[guitar],
            chord_diagrams=[powertab.CChordDiagram(chord=chord, frets=[255, 3, 2, 0, 1, 0])],
            floating_texts=[
                powertab.CFloatingText(text="line 1\r\nline 2", font=powertab.Font(face="Arial"))
            ],
            guitar_ins=[powertab.CGuitarIn(data=257)],
            tempo_markers=[powertab.CTempoMarker(data=120, description="x" * 300)],  # a long string
            dynamics=[powertab.CDynamic(data=9)],
            alternate_endings=[powertab.CSectionSymbol(data=1)],
            systems=[system, powertab.CSection()],
        )
        if old:
            values["time_signatures"] = [powertab.CTimeSignature(data=4)]
            values["rehearsal_signs"] = [powertab.CRehearsalSign(letter=66, description="Bridge")]
        if version == 3:
            values["notes"] = "é"
        if version == 3:
            values["notes"] = "é"
        return powertab.Score(**values)

    header = powertab.OldSong if version <= 3 else powertab.Song
    body = powertab.OldBody if old else powertab.Body
    return powertab.Document(
        version=version,
        header=header(title="Title"),
        body=body(scores=[everything(0), everything(1)], line_spacing=9),
    )


def header_variants() -> Iterator[powertab.Document]:
    for release in (
        powertab.Audio(year=1999),
        powertab.Video(live=1),
        powertab.Bootleg(day=31),
        pysock.Record(),
    ):
        for author in (powertab.Author(composer="c"), pysock.Record()):
            header = powertab.Song(release=release, author=author, title="t", bass_notes="end")
            yield powertab.Document(header=header)
    yield powertab.Document(header=powertab.Lesson(title="t", artist="a", copyright="c"))


def drawing(version: int) -> jwcad.Drawing:
    """One of every figure, alone and in a block, and the variants that hang on a field."""

    def figures() -> list[jwcad.CData]:
        arrow, white = jwcad.CDataTen(pen_style=100), jwcad.CDataSolid(pen_color=10)
        arrow.arrow = jwcad.Arrow(code=3, scale=0.5)
        white.rgb = 0xFFFFFF
        return [
            jwcad.CDataSen(start=[0.0, 1.5], end=[-1e300, float("inf")]),
            jwcad.CDataEnko(radius=2.5, full_circle=1),
            jwcad.CDataTen(point=[1.0, 2.0]),
            arrow,
            jwcad.CDataMoji(font="游明朝", text="図面の文字"),
            jwcad.CDataSunpou(text=jwcad.CDataMoji(text="1,000")),
            jwcad.CDataSolid(pen_color=9),
            white,
            jwcad.CDataBlock(number=1),
        ]

    block = jwcad.CDataList(number=1, time=pysock.CTime(1_700_000_000), name="部品", figures=figures())
    images = dict(images=[jwcad.Image(name="a.bmp", data=b"BM\0\xff")]) if version >= 700 else {}
    return jwcad.Drawing(version=version, memo="覚え", figures=figures(), blocks=[block], **images)


def tree() -> hiersvr.Document:
    leaves = [hiersvr.CServerNode(name=name) for name in "abc"]
    children = [hiersvr.CServerNode(name="é", children=leaves), hiersvr.CServerNode()]
    return hiersvr.Document(root=hiersvr.CServerNode(name="root", children=children))


def round_trip(module: ModuleType, document: Any, path: Path) -> Any:
    data = module.dumps(document)
    module.save(document, path)
    assert path.read_bytes() == data
    again = module.load(path)
    assert module.to_json(again) == module.to_json(document)
    assert module.dumps(again) == data
    return again


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_a_song_comes_back(version: int, tmp_path: Path) -> None:
    again = round_trip(powertab, song(version), tmp_path / "song.ptb")
    assert again.version == version
    text = powertab.summary(again)
    assert "Dropped D: E4 D2" in text
    assert "12" in text


def test_every_header_comes_back(tmp_path: Path) -> None:
    for document in header_variants():
        round_trip(powertab, document, tmp_path / "song.ptb")


def test_tunings_come_back(tmp_path: Path) -> None:
    tunings = powertab.Tunings(tunings=[powertab.CTuning(name="Lute", notes=[67, 62]), powertab.CTuning()])
    again = round_trip(powertab, tunings, tmp_path / "tunings.dat")
    assert powertab.summary(again).startswith("Lute: G4 D4\n")


@pytest.mark.parametrize("version", [230, 351, 420, 600, 700])
def test_a_drawing_comes_back(version: int, tmp_path: Path) -> None:
    again = round_trip(jwcad, drawing(version), tmp_path / "plan.jww")
    assert "図面の文字" in jwcad.summary(again)
    # The class records carry the drawing's version as schema, as the program's own files do.
    data = jwcad.dumps(again)
    assert data.count(b"\xff\xff" + version.to_bytes(2, "little") + b"\x08\x00CDataSen") == 1


def test_a_tree_comes_back(tmp_path: Path) -> None:
    again = round_trip(hiersvr, tree(), tmp_path / "tree.hie")
    assert hiersvr.summary(again).split("\n")[:3] == ["root", "  é", "    a"]


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(TypeError, match="tune"):
        powertab.CGuitar(tune="Dropped D")


def test_a_record_of_another_kind_is_refused() -> None:
    for header in (powertab.Body(), powertab.Song(release=powertab.Author())):
        with pytest.raises(ValueError, match="is not in list"):
            powertab.dumps(powertab.Document(header=header))


# --- what a stranger's file may hold ----------------------------------------------------------------------


def test_null_shared_and_circular_pointers_are_refused(tmp_path: Path) -> None:
    """Each would be a trap for code that walks the tree."""
    head = hiersvr.dumps(hiersvr.Document())[:-2]  # without the root's count of children
    node = b"\0\0" + b"\0" + b"\0" + b"\0\0"  # shape, key, name, hide
    new = b"\xff\xff\0\0\x0b\0CServerNode"
    cases = {
        "null": b"\1\0" + b"\0\0",
        "shared": b"\2\0" + new + node + b"\0\0" + b"\2\0",
        "circular": b"\1\0" + new + node + b"\1\0" + b"\2\0",
    }
    path = tmp_path / "bad.hie"
    for name, tail in cases.items():
        path.write_bytes(head + tail)
        with pytest.raises(pysock.CArchiveException, match="a new CServerNode") as caught:
            hiersvr.load(path)
        assert caught.value.offset is not None, name


def test_bytes_behind_the_document_are_refused(tmp_path: Path) -> None:
    for module, document in [(powertab, song(4)), (jwcad, drawing(700)), (hiersvr, tree())]:
        path = tmp_path / "long"
        data = module.dumps(document)
        path.write_bytes(data + b"\0")
        with pytest.raises(pysock.CArchiveException, match="end of the file") as caught:
            module.load(path)
        assert caught.value.offset == len(data)


def spoiled(data: bytes) -> Iterator[bytes]:
    """Cut and altered at places spread over the whole file, the first 64 bytes each."""
    places = sorted({*range(64), *range(0, len(data), max(1, len(data) // 100))} & set(range(len(data))))
    for at in places:
        yield data[:at]
        for value in (0, 0x7F, 0xFF, data[at] ^ 1):
            yield data[:at] + bytes([value]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("module", "suffix", "document"),
    [
        (powertab, ".ptb", song(4)),
        (powertab, ".ptb", song(2)),
        (jwcad, ".jww", drawing(600)),
        (hiersvr, ".hie", tree()),
    ],
    ids=["powertab-4", "powertab-2", "jwcad", "hiersvr"],
)
def test_a_spoiled_file_is_a_document_or_one_clear_line(
    module: ModuleType, suffix: str, document: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"spoiled{suffix}"
    for number, data in enumerate(spoiled(module.dumps(document))):
        path.write_bytes(data)
        flags = ["--json"] if number % 2 else ["--write", str(tmp_path / "again")]
        code, out, err = run(module, [str(path), *flags], monkeypatch)
        assert code in (0, 1)
        if code:
            assert err.count("\n") == 1
            assert "byte" in err or "codec can't encode" in err
            assert not out or "--write" in flags


def run(module: ModuleType, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> tuple[int, str, str]:
    """The command line, in this process: exit code, standard output and standard error."""
    monkeypatch.setattr(sys, "argv", ["example", *arguments])
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = records.main(module.load, module.dumps, module.to_json, module.summary)
    return code, out.getvalue(), err.getvalue()


def test_nesting_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = b"\0\0" + b"\0" + b"\0" + b"\0\0" + b"\1\0"
    data = (
        hiersvr.dumps(hiersvr.Document())[:-2]
        + b"\1\0\xff\xff\0\0\x0b\0CServerNode"
        + (node + b"\1\x80") * 100_000
    )
    path = tmp_path / "deep.hie"
    path.write_bytes(data)
    code, _, err = run(hiersvr, [str(path)], monkeypatch)
    assert code == 1
    assert "max_depth" in err


def test_nesting_that_can_be_loaded_can_be_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = hiersvr.CServerNode(name="deepest")
    for _ in range(100):
        root = hiersvr.CServerNode(name="node", children=[root])
    path = tmp_path / "deep.hie"
    hiersvr.save(hiersvr.Document(root=root), path)
    for flag in ([], ["--json"]):
        code, out, _ = run(hiersvr, [str(path), *flag], monkeypatch)
        assert code == 0
        assert "deepest" in out


def test_the_scripts_run_as_told(tmp_path: Path) -> None:
    path, out = tmp_path / "tree.hie", tmp_path / "again.hie"
    hiersvr.save(tree(), path)
    command = [sys.executable, "-X", "utf8", str(EXAMPLES / "hiersvr.py")]
    done = subprocess.run([*command, path, "--write", out], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.startswith("root\n")
    assert out.read_bytes() == path.read_bytes()
    done = subprocess.run(
        [*command, tmp_path / "missing.hie"], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 1
    assert "missing.hie" in done.stderr
    assert "Traceback" not in done.stderr


# --- real files -------------------------------------------------------------------------------------------


def walk(value: Any) -> Iterator[Any]:
    """All records below a value, in the order of the file."""
    if hasattr(value, "__mfc_plan__"):
        yield value
        value = [getattr(value, one.name) for one in pysock.fields(value)]
    if isinstance(value, list):
        for element in value:
            yield from walk(element)


def powertab_info(document: powertab.Document) -> dict[str, Any]:
    header, scores = document.header, document.body.scores
    release = getattr(header, "release", header)
    author = getattr(header, "author", header)
    found: dict[type, list[Any]] = {}
    for record in walk(scores):
        found.setdefault(type(record), []).append(record)

    def of(cls: type) -> list[Any]:
        return found.get(cls, [])

    guitars = [guitar for score in scores for guitar in score.guitars]
    bars = [bar for score in scores for system in score.systems for bar in system.bars]
    signs = [bar for bar in bars if bar.letter != powertab.NO_SIGN] + of(powertab.CRehearsalSign)
    return {
        "alternate_endings": len(of(powertab.CSectionSymbol)),
        "arranger": header.arranger,
        "artist": header.artist,
        "bars": len(bars),
        "chord_diagrams": len(of(powertab.CChordDiagram)),
        "chord_positions": [text.position for text in of(powertab.CChordText)],
        "chord_texts": len(of(powertab.CChordText)),
        "composer": getattr(author, "composer", None),
        "copyright": header.copyright,
        "directions": len(of(powertab.CDirection)),
        "dynamics": len(of(powertab.CDynamic)),
        "fade": document.body.fade,
        "floating_texts": [text.text for text in of(powertab.CFloatingText)],
        "fonts": [[font.face, font.size] for font in document.body.fonts],
        "guitar_ins": len(of(powertab.CGuitarIn)),
        "guitars": [
            [g.number, g.description, g.preset, g.capo, g.tuning.name, g.tuning.notes] for g in guitars
        ],
        "guitars_per_score": [len(score.guitars) for score in scores],
        "line_spacing": document.body.line_spacing,
        "lyricist": getattr(author, "lyricist", None),
        "lyrics": header.lyrics,
        "note_frets": [[note.string, note.fret] for note in of(powertab.CLineData)][:40],
        "notes": len(of(powertab.CLineData)),
        "positions": len(of(powertab.CPosition)),
        "rehearsal_signs": [[chr(sign.letter), sign.description] for sign in signs],
        "release_title": getattr(release, "release_title", None),
        "rhythm_slashes": len(of(powertab.CRhythmSlash)),
        "staves": len(of(powertab.CStaff)),
        "systems_per_score": [len(score.systems) for score in scores],
        "tempo_bpm": [marker.data & 0xFFFF for marker in of(powertab.CTempoMarker)],
        "tempo_markers": [[m.system, m.position, m.data, m.description] for m in of(powertab.CTempoMarker)],
        "title": header.title,
        "transcriber": None if document.version == 3 else header.transcriber,
        "version": document.version,
        "year": getattr(release, "year", None),
    }


def tunings_info(document: powertab.Tunings) -> dict[str, Any]:
    tunings = [[tuning.name, tuning.notes] for tuning in document.tunings]
    names = {name for name, _ in tunings}
    return {"first": tunings[0], "last": tunings[-1], "names": len(names), "tunings": len(tunings)}


def jww_info(document: jwcad.Drawing) -> dict[str, Any]:
    def kinds(figures: list[Any]) -> list[str]:
        return [type(figure).__name__ for figure in figures]

    lines = [figure for figure in document.figures if isinstance(figure, jwcad.CDataSen)]
    texts = [figure.text for figure in document.figures if isinstance(figure, jwcad.CDataMoji)]
    return {
        "block_sizes": [len(block.figures) for block in document.blocks],
        "blocks": [[b.number, b.name, b.time.GetTime(), kinds(b.figures)] for b in document.blocks],
        "figures": len(document.figures),
        "first_line": [round(number, 6) for number in lines[0].start + lines[0].end] if lines else None,
        "first_texts": texts[:5],
        "group": document.group,
        "group_names": [name for name in document.view.group_names if name],
        "images": [[image.name, len(image.data)] for image in document.images],
        "kinds": Counter(kinds(document.figures)),
        "layer_names": [name for names in document.view.layer_names for name in names if name][:8],
        "memo": document.memo,
        "paper": document.paper,
        "scale0": document.groups[0].scale,
        "texts": len(texts),
        "version": document.version,
    }


def hiersvr_info(document: hiersvr.Document) -> dict[str, Any]:
    def depth(node: hiersvr.CServerNode) -> int:
        return max((1 + depth(child) for child in node.children), default=0)

    lines = hiersvr.summary(document).split("\n")
    root = document.root
    return {
        "color": document.color,
        "depth": depth(root),
        "face": document.face,
        "font_height": document.font[0],
        "last": lines[-1].strip(),
        "nodes": len(lines),
        "root": [root.link_key, root.name],
        "top": [child.name for child in root.children],
    }


INFO = {"powertab": powertab_info, "powertab-tunings": tunings_info, "jww": jww_info, "hiersvr": hiersvr_info}


@needs_corpus
@pytest.mark.parametrize("name", COMPLETE)
def test_a_real_file_has_the_expected_values_and_comes_back(name: str) -> None:
    expected = EXPECTED[name]
    module = MODULES[expected["format"]]
    document = module.load(CORPUS / name)
    info = INFO[expected["format"]](document)
    assert info == {key: value for key, value in expected["info"].items() if key != "header_bytes"}
    assert module.dumps(document) == (CORPUS / name).read_bytes()
    json.dumps(module.to_json(document))
    assert module.summary(document)


@needs_corpus
@pytest.mark.parametrize(("name", "where", "value"), ORACLE["independent"])
def test_values_that_the_formats_own_projects_state(name: str, where: str, value: Any) -> None:
    info: Any = INFO[EXPECTED[name]["format"]](MODULES[EXPECTED[name]["format"]].load(CORPUS / name))
    for step in where.split("."):
        info = info[int(step) if isinstance(info, list) else step]
    assert info == value


@needs_corpus
@pytest.mark.parametrize("name", BROKEN)
def test_a_file_broken_on_purpose_is_refused_in_one_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = run(MODULES[EXPECTED[name]["format"]], [str(CORPUS / name)], monkeypatch)
    assert (code, out, err.count("\n")) == (1, "", 1)
    where = {
        "emptyfile": "byte 0",
        "invalidfilemarker": "byte 0",
        "invalidfileversion": "byte 4",
        "invalidfiletype": "byte 6",
    }
    assert where[Path(name).stem] in err
    if "empty" in name:
        assert "endOfFile" in err


def test_the_corpus_is_tested_or_seen_to_be_absent() -> None:
    if not EXPECTED:
        pytest.skip("the real files of ../shared/corpus are absent")
    assert len(COMPLETE) >= 26
    assert len(BROKEN) == 4
