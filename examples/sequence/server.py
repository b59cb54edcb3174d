"""The server's half of the sequence of operations; docs/sequence.md goes through it statement by statement.

    python server.py [PORT]

Serves one client after another until it is interrupted; each is asked nothing and told twice what it sent.
"""

import sys

from pysock import CArchive, CArchiveException, CFileException, CSocket, CSocketFile


def serve_one(listening: CSocket) -> None:
    with CSocket() as connected:
        if not listening.Accept(connected):  # waits
            raise SystemExit(f"Accept failed: {CSocket.GetLastError()}")
        file = CSocketFile(connected)
        ar_in = CArchive(file, CArchive.load)
        ar_out = CArchive(file, CArchive.store)
        try:
            while True:
                number = ar_in.ReadDWORD()  # waits
                text = ar_in.ReadCString()
                print(f"{number}: {text}", flush=True)
                ar_out.WriteDWORD(number)
                ar_out.WriteCString(f"{text} {text}")
                ar_out.Flush()  # now it is sent
        except EOFError:
            print("the client has closed", flush=True)
        except (CArchiveException, CFileException) as e:  # garbage, or the connection broke
            print(f"lost the client: {e}", flush=True)
        finally:  # archives, then file, then socket
            ar_out.Abort()
            ar_in.Abort()
            file.Close()


def main() -> None:
    if not all(given.isdecimal() for given in sys.argv[1:]):
        raise SystemExit(__doc__)
    with CSocket() as listening:
        if not listening.Create(int(sys.argv[1]) if len(sys.argv) > 1 else 0):
            raise SystemExit(f"Create failed: {CSocket.GetLastError()}")
        listening.Listen()
        print(f"listening on port {listening.GetSockName()[1]}", flush=True)
        try:
            while True:
                serve_one(listening)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
