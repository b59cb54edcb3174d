"""A chat server of one's own: `pysock chat serve` with commands for its members.

    python server.py [PORT]

A member that says `/who` or `/time` is answered by the server, to all, as everything in this protocol.
"""

import argparse
import logging
import sys
import time

import pysock
from pysock.chat import CMsg, Member, Server
from pysock.chat.command import port


class Room(Server):
    def heard(self, member: Member, message: CMsg) -> None:
        super().heard(member, message)
        command = message.m_strText.rpartition(": ")[2]
        if command == "/who":
            self.say("server: here are " + ", ".join(sorted(m.name or m.address for m in self.members)))
        elif command == "/time":
            self.say(time.strftime("server: it is %H:%M:%S"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", nargs="?", type=port, default=8707)
    wanted = parser.parse_args().port
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    room = Room()
    try:
        address = room.listen(wanted, "127.0.0.1")
    except pysock.SocketException as error:
        sys.exit(f"cannot serve port {wanted}: {error}")
    print("the room is at {}:{}".format(*address), flush=True)
    try:
        pysock.run()  # until Ctrl-C: it serves everybody, on this thread
    except KeyboardInterrupt:
        room.stop()
        pysock.Pump.current().run_until(lambda: not room.members, room.grace + 1)
    finally:
        room.close_all()


if __name__ == "__main__":
    main()
