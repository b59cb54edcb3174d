"""A chat server of one's own: `pysock chat serve` with commands for its members.

    python server.py [PORT]

A member that says `/who` or `/time` is answered by the server, to all, as everything in this protocol.
"""

import logging
import sys
import time

import pysock
from pysock.chat import CMsg, Member, Server


class Room(Server):
    def heard(self, member: Member, message: CMsg) -> None:
        super().heard(member, message)
        command = message.m_strText.rpartition(": ")[2]
        if command == "/who":
            self.say("server: here are " + ", ".join(sorted(m.name or m.address for m in self.members)))
        elif command == "/time":
            self.say(time.strftime("server: it is %H:%M:%S"))


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    room = Room()
    host, port = room.listen(int(sys.argv[1]) if len(sys.argv) > 1 else 8707, "127.0.0.1")
    print(f"the room is at {host}:{port}", flush=True)
    try:
        pysock.run()  # until Ctrl-C: it serves everybody, on this thread
    except KeyboardInterrupt:
        room.stop()
        pysock.Pump.current().run_until(lambda: not room.members, room.grace + 1)
    finally:
        room.close_all()


if __name__ == "__main__":
    main()
