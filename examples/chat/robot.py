"""A chat client without a face: it greets whoever joins.

python robot.py NAME [HOST [PORT]]
"""

import argparse

import pysock
from pysock.chat import Client
from pysock.chat.command import name, port


class Robot(Client):
    def OnLine(self, line: str) -> None:
        speaker, _, text = line.partition(": ")
        if text == "has joined" and speaker != self.name:
            self.say(f"welcome, {speaker}")

    def OnGone(self, reason: str) -> None:
        print(f"over: {reason}")
        pysock.quit()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", type=name, help="who you are")
    parser.add_argument("host", nargs="?", default="127.0.0.1")
    parser.add_argument("port", nargs="?", type=port, default=8707)
    arguments = parser.parse_args()
    robot = Robot(arguments.name)
    pysock.Pump.current().call_soon(lambda: robot.join(arguments.host, arguments.port))
    pysock.run()


if __name__ == "__main__":
    main()
