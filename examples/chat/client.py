"""A chat client in a terminal: type a line to say it; `/quit`, the end of the input or Ctrl-C leaves.

    python client.py NAME [HOST [PORT]]

`pysock.chat.terminal.Terminal` is all of it; here it also rings the bell when it hears its name.
"""

import sys

from pysock import Pump
from pysock.chat.terminal import Terminal


class Listener(Terminal):
    def OnLine(self, line: str) -> None:
        super().OnLine(line)
        speaker, _, text = line.partition(": ")
        if speaker != self.name and self.name in text:
            print("\a", end="", flush=True)


def main() -> None:
    name, host, port = (sys.argv[1:] + ["", "127.0.0.1", "8707"][len(sys.argv) - 1 :])[:3]
    client = Listener(name, sys.stdin, sys.stdout)
    client.join(host, int(port))  # OnJoined or OnGone tells how it went
    try:
        Pump.current().run_until(lambda: client.gone)
    except KeyboardInterrupt:
        client.leave()
        Pump.current().run_until(lambda: client.gone, client.grace + 1)
    print(f"over: {client.reason}")


if __name__ == "__main__":
    main()
