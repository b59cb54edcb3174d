"""examples/sequence: both programs, as a user starts them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "sequence"

pytestmark = pytest.mark.sockets


def test_server_and_two_clients():
    server = subprocess.Popen(
        [sys.executable, "-W", "error", str(EXAMPLES / "server.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        port = server.stdout.readline().split()[-1]
        for texts in (["one", "two"], ["grüße"]):
            done = subprocess.run(
                [sys.executable, "-W", "error", str(EXAMPLES / "client.py"), "127.0.0.1", port, *texts],
                capture_output=True,
                text=True,
                timeout=60,
                encoding="utf-8",
                env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            )
            assert done.stdout.splitlines() == [f"{text} {text}" for text in texts], done.stderr
            assert done.stderr == ""
    finally:
        server.kill()
        out, err = server.communicate(timeout=60)
    assert out.count("the client has closed") >= 1
    assert err == ""
