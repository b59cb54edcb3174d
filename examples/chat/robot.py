"""A chat client without a face: it greets whoever joins.

python robot.py NAME [HOST [PORT]]
"""

import sys

import pysock
from pysock.chat import Client


class Robot(Client):
    def OnLine(self, line: str) -> None:
        name, _, text = line.partition(": ")
        if text == "has joined" and name != self.name:
            self.say(f"welcome, {name}")

    def OnGone(self, reason: str) -> None:
        print(f"over: {reason}")
        pysock.quit()


def main() -> None:
    name, host, port = (sys.argv[1:] + ["", "127.0.0.1", "8707"][len(sys.argv) - 1 :])[:3]
    robot = Robot(name)
    pysock.Pump.current().call_soon(lambda: robot.join(host, int(port)))
    pysock.run()


if __name__ == "__main__":
    main()
