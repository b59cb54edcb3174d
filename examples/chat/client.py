"""A chat client in a terminal: type a line to say it; `/quit`, the end of the input or Ctrl-C leaves.

    python client.py NAME [HOST [PORT]]

`pysock.chat.terminal.Terminal` is all of it; here it also rings the bell when it hears its name.
"""

import argparse
import sys

from pysock import Pump
from pysock.chat.command import name, port
from pysock.chat.terminal import Terminal


class Listener(Terminal):
    def OnLine(self, line: str) -> None:
        super().OnLine(line)
        speaker, _, text = line.partition(": ")
        if speaker != self.name and self.name in text:
            print("\a", end="", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", type=name, help="who you are")
    parser.add_argument("host", nargs="?", default="127.0.0.1")
    parser.add_argument("port", nargs="?", type=port, default=8707)
    arguments = parser.parse_args()
    client = Listener(arguments.name, sys.stdin, sys.stdout)
    client.join(arguments.host, arguments.port)  # OnJoined or OnGone tells how it went
    try:
        Pump.current().run_until(lambda: client.gone)
    except KeyboardInterrupt:
        client.leave()
        Pump.current().run_until(lambda: client.gone, client.grace + 1)
    print(f"over: {client.reason}")
    return 0 if client.reason == "left" else 1


if __name__ == "__main__":
    sys.exit(main())
