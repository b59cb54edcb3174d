"""`python -m pysock` and `pysock`: the table of commands, and the manners of each."""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
from importlib.metadata import entry_points
from types import SimpleNamespace

import pytest

import pysock
from pysock import __main__ as command


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "pysock", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_help_names_every_command_and_its_purpose() -> None:
    done = run("--help")
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith("usage: python -m pysock ")
    for name, (_, purpose) in command.COMMANDS.items():
        assert re.search(rf"^ +{name} +{re.escape(purpose[:20])}", done.stdout, re.M)


@pytest.mark.parametrize("name", command.COMMANDS)
def test_each_command_has_help(name: str) -> None:
    done = run(name, "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith(f"usage: python -m pysock {name} ")


def test_version() -> None:
    assert run("--version").stdout == f"pysock {pysock.__version__}\n"


def test_what_is_no_command() -> None:
    wrong = run("no-such-command")
    assert wrong.returncode == 2 and "no-such-command" in wrong.stderr
    assert run().returncode == 2


def test_only_the_command_that_is_used_is_imported() -> None:
    program = (
        "import sys; from pysock import __main__ as m\n"
        "try: m.main(['demo', '--help'])\n"
        "except SystemExit: print(sorted(n for n, _ in m.COMMANDS.values() if n in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "['pysock.demo']", done.stderr


def test_it_is_installed_as_a_command() -> None:
    (entry,) = entry_points(group="console_scripts", name="pysock")
    assert entry.load() is command.main


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A command of our own, whose `run` tests set."""
    module = SimpleNamespace(run=lambda arguments: 0)

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--number", type=int, default=0)
        parser.set_defaults(run=lambda arguments: module.run(arguments))

    module.add_arguments = add_arguments
    monkeypatch.setitem(sys.modules, "made_up_command", module)
    monkeypatch.setitem(command.COMMANDS, "made-up", ("made_up_command", "nothing"))
    return module


def test_the_status_is_that_of_the_command(made_up: SimpleNamespace) -> None:
    made_up.run = lambda arguments: arguments.number
    assert command.main(["made-up", "--number", "7"]) == 7


def test_ctrl_c_is_no_traceback(made_up: SimpleNamespace) -> None:
    made_up.run = lambda arguments: signal.raise_signal(signal.SIGINT)
    assert command.main(["made-up"]) == 130


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device here")
@pytest.mark.parametrize("words", [["demo"], ["inspect", "ff ff 01 00"]], ids=lambda words: words[0])
def test_a_full_disk_is_one_line(words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pysock", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (2, f"pysock {words[0]}: No space left on device\n")


@pytest.mark.windows_lacks("a shell of POSIX")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_traceback(closed: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m pysock demo {closed}', sys.executable],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_failed_is_named(made_up: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    made_up.run = lambda arguments: open("no/such/file")
    assert command.main(["made-up"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("pysock made-up: no/such/file: ") and err.count("\n") == 1


@pytest.mark.windows_lacks("EPIPE: a broken pipe is another error there")
def test_a_reader_that_has_enough_is_no_traceback() -> None:
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from pysock import __main__ as m, demo; demo.run = lambda: print('x' * 10**6); m.main(['demo'])",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout and process.stderr
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
