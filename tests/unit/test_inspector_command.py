"""`pysock inspect` as a user meets it: what it prints, its exit status, its errors in one line."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from compound import compound
from needs import needs

from pysock import LONG, CArchive, CMemFile, CObject, CStringArray
from pysock import __main__ as pysock_command
from pysock.inspector import paint
from pysock.inspector.source import hex_digits

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus" / "files"
SCHEMA = """
from pysock import LONG, CArchive, CObject, CString

class CNode(CObject, schema=1, registry=False):
    def Serialize(self, ar):
        self.value = ar.read(LONG)
        self.name = ar.read(CString)
"""


def stored(*values: Any) -> bytes:
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        for value in values:
            ar << value
    return file.getvalue()


STRINGS = stored(CStringArray(["one", "two"]))


def inspect(*arguments: str) -> int:
    return pysock_command.main(["inspect", *arguments])


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "strings.bin"
    path.write_bytes(b"HEAD\x01\x00" + STRINGS)
    return str(path)


def test_the_text(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect(file) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines[0] == f"{file}: {6 + len(STRINGS)} bytes"
    assert "00000000  48 45 41 44" in out
    assert any(line.endswith('mark of the file format "HEAD"  80 %') for line in lines)
    assert "00000006  object #2 CStringArray  99 %" in lines
    assert any(line.endswith("class #1 CStringArray, schema 0  99 %") for line in lines)
    assert any(line.endswith('string "two"') for line in lines)
    assert "1 class, 1 object; the first tag is at byte 6 (0x6)" in lines
    assert lines[-1].split() == ["CStringArray", "0", "1", "0x6", "99", "%"]
    assert "\x1b" not in out


def test_every_byte_is_in_the_text(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect(file, "--all-bytes") == 0
    rows = [
        line[10:57]
        for line in capsys.readouterr().out.splitlines()
        if line[:8].isalnum() and line[8:10] == "  "
    ]
    digits = "".join(row for row in rows if hex_digits(row.strip()))
    assert bytes.fromhex(digits) == Path(file).read_bytes()


def test_long_items_are_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "long").write_bytes(stored(CStringArray(["x" * 5000])) + bytes(10_000))
    assert inspect(str(tmp_path / "long")) == 0
    short = capsys.readouterr().out
    assert "more bytes" in short and "5000 characters" in short and len(short) < 5000
    inspect(str(tmp_path / "long"), "--all-bytes")
    assert "more bytes" not in capsys.readouterr().out


def test_json(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect(file, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["name"], report["size"], report["start"]) == (file, 6 + len(STRINGS), 6)
    assert report["classes"] == [
        {"name": "CStringArray", "schema": 0, "objects": 1, "first": 6, "sure": 0.99}
    ]
    (_, array) = report["nodes"]
    assert array["label"] == "object #2 CStringArray"
    assert [n["value"] for n in array["children"] if n["kind"] == "string"] == ["one", "two"]
    inspect(file, "--json", "--classes")
    assert json.loads(capsys.readouterr().out) == report | {"nodes": []}


def test_classes(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect(file, "--classes") == 0
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_guesses_are_ranked_and_called_guesses(capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect("--guess", "00 01 05 48 65 6c 6c 6f 00 00 02 68 69 00") == 0
    out = capsys.readouterr().out
    head, ranked = out.split("the surest guesses")
    sureness = [int(line.split("%")[0]) for line in ranked.splitlines() if "%" in line]
    assert '"Hello"' in head and '"Hello"' in ranked
    assert sureness == sorted(sureness, reverse=True) and sureness and sureness[0] < 100


def test_hex_and_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect(STRINGS.hex(" ")) == 0
    from_hex = capsys.readouterr().out.splitlines()[1:]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(STRINGS)))
    assert inspect("-") == 0
    assert capsys.readouterr().out.splitlines()[1:] == from_hex
    assert inspect("0xff, 0xff, 0x01") == 1  # a tag without an end
    assert "no tag of an object found" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text, data",
    [
        ("ff:FF-01", b"\xff\xff\x01"),
        ("FFFF01", b"\xff\xff\x01"),
        ("0xff 0x1", None),
        ("xyz", None),
        ("f", None),
        ("", None),
    ],
)
def test_hex_digits(text: str, data: bytes | None) -> None:
    assert hex_digits(text) == data


def test_a_definition(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "inspect_schema.py").write_text(SCHEMA)
    spec = f"{tmp_path}/inspect_schema.py:CNode"
    assert inspect("05 00 00 00 02 68 69", "--schema", spec) == 0
    out = capsys.readouterr().out
    assert "LONG value 5" in out and 'CString name "hi"' in out
    assert inspect("00 05 00 00 00 02 68 69", "--schema", spec, "--at", "0x1", "--json") == 0
    assert [n["length"] for n in json.loads(capsys.readouterr().out)["nodes"]] == [1, 7]
    assert inspect("05 00 00 00 02 68", "--schema", spec) == 1
    out, err = capsys.readouterr()
    assert "LONG value 5" in out and len(err.splitlines()) == 1
    assert "does not fit" in err and "at byte 4" in err


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["{tmp}/none"], "No such file or directory"),
        (["{tmp}"], "Is a directory"),
        (["{tmp}/empty"], "empty, 0 bytes"),
        (["{tmp}/fine", "--schema", "no_such_module:C"], "ModuleNotFoundError"),
        (["{tmp}/fine", "--at", "99", "--schema", "pysock:CString"], "is behind its 2 bytes"),
        (["{tmp}/fine", "-o", "{tmp}/none/out"], "No such file or directory"),
        (["/dev/zero"], "neither a file nor a pipe"),
        (["a\0b"], "null byte"),
        (["FF F"], "neither a file nor whole hex digits"),
        (["{tmp}/fine", "--at", "1"], "--at tells how to read a --schema, and there is none"),
        (["{tmp}/fine", "--repeat"], "--repeat tells how to read a --schema, and there is none"),
        (["{tmp}/fine", "-o", "{tmp}/fine"], "is the input, too, and would be lost"),
        (["{tmp}/fine", "-o", "{tmp}/link"], "is the input, too, and would be lost"),
        (["{tmp}/fine", "-o", "{tmp}"], "Is a directory"),
    ],
)
@pytest.mark.windows_lacks("POSIX's words for what fails")
def test_errors_are_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "fine").write_bytes(b"ab")
    (tmp_path / "link").symlink_to("fine")
    assert inspect(*(argument.replace("{tmp}", str(tmp_path)) for argument in arguments)) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    assert err.startswith("pysock inspect: ") and said in err
    assert (tmp_path / "fine").read_bytes() == b"ab"
    assert {path.name for path in tmp_path.iterdir()} == {"empty", "fine", "link"}


@pytest.mark.parametrize(
    "wrong", [["--schema", "no_such_module:C"], ["--at", "1"]], ids=lambda wrong: wrong[0]
)
def test_the_output_stays_as_it_was_if_there_is_an_error(wrong: list[str], file: str, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("precious")
    assert inspect(file, "-o", str(tmp_path / "out"), *wrong) == 2
    assert (tmp_path / "out").read_text() == "precious"
    assert inspect(file, "-o", str(tmp_path / "out")) == 0
    assert "CStringArray" in (tmp_path / "out").read_text()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("how", [["--html"], ["--json"], []], ids=str)
def test_standard_input_is_not_written_over(how: list[str], file: str) -> None:
    before = Path(file).read_bytes()
    with open(file, "rb") as stdin:
        done = subprocess.run(
            [sys.executable, "-m", "pysock", "inspect", "-", "-o", file, *how],
            stdin=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (
        2,
        f"pysock inspect: {file}: is the input, too, and would be lost\n",
    )
    assert Path(file).read_bytes() == before


@pytest.mark.windows_lacks("POSIX's permissions")
def test_an_output_that_is_a_link_keeps_what_it_is(file: str, tmp_path: Path) -> None:
    (tmp_path / "out").touch(0o600)
    (tmp_path / "link").symlink_to("out")
    assert inspect(file, "-o", str(tmp_path / "link")) == 0
    assert (tmp_path / "link").is_symlink() and "CStringArray" in (tmp_path / "out").read_text()
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device here")
def test_an_output_that_is_full(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect(file, "-o", "/dev/full") == 2
    assert capsys.readouterr() == ("", "pysock inspect: /dev/full: No space left on device\n")


@pytest.mark.parametrize(
    "arguments", [["--encoding", "no-such"], ["--encoding", "hex"], ["--at", "-1"], ["--json", "--html"]]
)
def test_wrong_arguments(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        inspect("00", *arguments)
    assert caught.value.code == 2
    assert "usage: " in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes by name here")
def test_a_pipe_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(STRINGS,))
    writer.start()
    assert inspect(str(tmp_path / "pipe"), "--classes") == 0
    writer.join()
    assert "CStringArray" in capsys.readouterr().out


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    os.chmod(file, 0)
    assert inspect(file) == 2 and "Permission denied" in capsys.readouterr().err


def test_another_format_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect(b"PK\x03\x04".hex() + "00" * 20) == 1
    assert "this is a ZIP file" in capsys.readouterr().out


def test_other_encodings(capsys: pytest.CaptureFixture[str]) -> None:
    text = "\u57fa\u6e96\u7dda\u306e\u8a2d\u5b9a".encode("cp932")
    assert inspect((b"\x01\x00" + bytes([len(text)]) + text + b"\x00").hex(), "--encoding", "cp932") == 0
    assert "\u57fa\u6e96\u7dda" in capsys.readouterr().out


def test_nothing_reaches_the_terminal_but_text(capsys: pytest.CaptureFixture[str]) -> None:
    inspect(stored(CStringArray(["\x1b[2Jgone\x07", "\u202egnp.exe", "\ud800"])).hex())
    out = capsys.readouterr().out
    assert "gone" in out and all(line.isprintable() for line in out.splitlines())


# --- colours, pipes, terminals -----------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(params=["with Rich", "without Rich"])
def rich(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "with Rich":
        needs("rich")
    else:
        monkeypatch.setitem(sys.modules, "rich", None)
        monkeypatch.setitem(sys.modules, "rich.console", None)


@pytest.mark.usefixtures("rich")
def test_colour_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def colours(out: io.StringIO, how: str) -> bool:
        painter = paint.painter(out, how)
        painter.line(("string", "green"), ("plain", " [bold]not markup[/bold]"))
        painter.table(("name", " number"), [("[red]x[/red]", "1")])
        plain = out.getvalue()
        assert "[bold]not markup[/bold]" in plain and "[red]x[/red]" in plain
        return "\x1b[" in plain

    assert colours(Terminal(), "auto") and colours(io.StringIO(), "always")
    assert not colours(io.StringIO(), "auto") and not colours(Terminal(), "never")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colours(Terminal(), "auto") and colours(Terminal(), "always")


@pytest.mark.usefixtures("rich")
def test_lines_are_the_same_with_and_without_colour(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    import re

    inspect(file)
    plain = capsys.readouterr().out.splitlines()
    inspect(file, "--color=always")
    coloured = [re.sub(r"\x1b\[[\d;]*m", "", line).rstrip() for line in capsys.readouterr().out.splitlines()]
    end = plain.index("")  # the table behind it is drawn in another way
    assert coloured[:end] == plain[:end]


def test_a_progress_bar_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for out, size, shown in [
        (Terminal(), 1 << 30, True),
        (Terminal(), 1000, False),
        (io.StringIO(), 1 << 30, False),
    ]:
        with paint.Progress("name", size, out) as progress:
            progress(size // 2)
        assert ("50%" in out.getvalue()) == shown == out.getvalue().endswith("\x1b[K")


@pytest.mark.windows_lacks("EPIPE: a broken pipe is another error there")
def test_a_reader_that_has_enough(tmp_path: Path) -> None:
    with open(tmp_path / "large", "wb") as file:
        file.write(STRINGS)
        file.truncate(1 << 30)
    with subprocess.Popen(
        [sys.executable, "-m", "pysock", "inspect", str(tmp_path / "large")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout and process.stderr
        assert process.stdout.readline().endswith(b" bytes\n")
        process.stdout.close()
        assert process.stderr.read() == b""


LIMITED = """
import resource, sys
from pysock.__main__ import main
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20),) * 2)
sys.exit(main(["inspect", *sys.argv[1:]]))
"""


@pytest.mark.subprocess_memory
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("how", [["--classes"], ["--json"], ["--html"], ["--guess"]], ids=lambda how: how[0])
def test_large_files_in_constant_memory(how: list[str], tmp_path: Path) -> None:
    """A file of 256 MiB (PYSOCK_INSPECT_MIB for another size) within 64 MiB of address space, modules included."""
    size = int(os.environ.get("PYSOCK_INSPECT_MIB", "256")) << 20
    path = tmp_path / "large"
    with open(path, "wb") as file:
        file.write(b"\xff\xff\x01\x00\x05\x00CFirst")
        for at in range(size // 64, size, size // 64):
            file.seek(at)
            file.write(b"\x01\x80\x0cHello, world" + os.urandom(20_000))
        file.seek(size - 20)
        file.write(b"\xff\xff\x07\x00\x05\x00CLast")
        file.truncate(size)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path), "-o", str(tmp_path / "out"), *how],
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "CLast" in (tmp_path / "out").read_text()


# --- compound files -----------------------------------------------------------------------------------------


class CPage(CObject, schema=4):
    def Serialize(self, ar: CArchive) -> None:
        ar << LONG(self.number)


def page(number: int) -> CPage:
    made = CPage()
    made.number = number
    return made


def a_compound_file() -> bytes:
    contents = stored(CStringArray([f"line {i}" for i in range(700)]))
    return compound({"Contents": contents, "\x05Pages": stored(*map(page, range(700)))})


def test_compound_files_stream_by_stream(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    needs("olefile")
    (tmp_path / "doc").write_bytes(a_compound_file())
    assert inspect(str(tmp_path / "doc"), "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["format"] == "OLE compound file"
    found = {
        s["name"].split(":")[-1]: {c["name"]: c["objects"] for c in s["classes"]} for s in report["streams"]
    }
    assert found == {"Contents": {"CStringArray": 1}, "\\x05Pages": {"CPage": 700}}
    assert inspect(str(tmp_path / "doc"), "--classes") == 0
    assert capsys.readouterr().out.count("first tag is at byte 0") == 2
    assert inspect(str(tmp_path / "doc"), "--html", "-o", str(tmp_path / "page.html")) == 0
    assert '"kinds"' in (tmp_path / "page.html").read_text()


def test_without_olefile_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "olefile", None)
    (tmp_path / "doc").write_bytes(a_compound_file())
    assert inspect(str(tmp_path / "doc")) == 2
    assert "pip install 'pysock-mfc[ole]'" in capsys.readouterr().err


def test_broken_compound_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import random

    needs("olefile")
    whole, rng = a_compound_file(), random.Random(3)
    for i in range(60):
        at = rng.randrange(8, 2048)
        spoiled = (
            whole[: rng.randrange(8, len(whole))]
            if i % 3 == 0
            else whole[:at] + rng.randbytes(4) + whole[at + 4 :]
        )
        (tmp_path / "doc").write_bytes(spoiled)
        assert inspect(str(tmp_path / "doc"), "--json") in (0, 1, 2)
        assert len(capsys.readouterr().err.splitlines()) <= 1


# --- the corpus ---------------------------------------------------------------------------------------------

FILES = sorted(path for path in CORPUS.rglob("*") if path.is_file()) if CORPUS.exists() else []


@pytest.mark.skipif(not FILES, reason="the real documents of ../shared/corpus are not here")
@pytest.mark.parametrize("path", FILES or [Path("(no corpus)")], ids=lambda path: path.name)
def test_every_real_file_in_every_form(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for how in ([], ["--guess"], ["--json"], ["--classes"], ["--html"]):
        status = inspect(str(path), *how)
        out, err = capsys.readouterr()
        if path.stat().st_size == 0:
            assert (status, out) == (2, "") and "empty" in err
        else:
            assert err == "" and out
            assert status == (1 if path.name.startswith("invalid") else 0)
