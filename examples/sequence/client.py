"""The client's half of the sequence of operations; docs/sequence.md goes through it statement by statement.

    python client.py HOST PORT TEXT...

Sends each text with its number, and prints the answer.
"""

import sys

from pysock import CArchive, CSocket, CSocketFile


def main() -> None:
    if len(sys.argv) < 4:
        raise SystemExit(__doc__)
    host, port, *texts = sys.argv[1:]
    with CSocket() as sock:
        if not (sock.Create() and sock.Connect(host, int(port))):  # waits
            raise SystemExit(f"cannot connect: {CSocket.GetLastError()}")
        file = CSocketFile(sock)
        with CArchive(file, CArchive.load) as ar_in, CArchive(file, CArchive.store) as ar_out:
            for number, text in enumerate(texts):
                ar_out.WriteDWORD(number)
                ar_out.WriteCString(text)
                ar_out.Flush()  # now it is sent
                assert ar_in.ReadDWORD() == number  # waits
                print(ar_in.ReadCString())
        file.Close()


if __name__ == "__main__":
    main()
