"""Writes the first seeds of the fuzzer, from the vectors: `python -m tests.fuzz.seeds FOLDER`.

tests/fuzz/corpus holds these and what long runs found since (see run.sh), made small by libFuzzer's -merge.
"""

import hashlib
import json
import sys
from pathlib import Path

from tests.fuzz.target import COLLECTIONS, TEXTS, VALUES, WAYS

VECTORS = Path(__file__).parents[1] / "vectors" / "vectors.json"
SMALL = 200
TYPED = 10  # where the typed values begin in WAYS
ARRAYS = TYPED + len(TEXTS + VALUES)
NAMES = {name: TYPED + i for i, name in enumerate(TEXTS + VALUES)} | {
    name: ARRAYS + 3 + i for i, name in enumerate(COLLECTIONS)
}


def way_of(vector: dict) -> int:
    name = vector["args"]["ops"][0][0] if vector["args"]["ops"] else "Write"
    if name == "Serialize":
        return NAMES[next(o for o in vector["args"]["objects"] if o["id"] == "c")["class"]]
    if name in ("WriteObject", "MapObject", "WriteObjects"):
        return 0
    if name in NAMES:
        return NAMES[name]
    return {
        "WriteClass": 2,
        "SerializeClass": 2,
        "WriteCount": 4,
        "AfxWriteStringLength": 5,
        "WriteString": 6,
    }.get(name, 9)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    assert NAMES["CMapStringToString"] == len(WAYS) - 1
    for vector in json.loads(VECTORS.read_text()):
        if vector["length"] > SMALL:
            continue
        data = bytes.fromhex(vector["hex"])
        for own in (b"CLabNode", b"CLabDword", b"CLabTree"):  # the target has a class of its own
            data = data.replace(len(own).to_bytes(2, "little") + own, b"\x05\0CNode")
        ansi = 8 if vector.get("build") == "ansi" else 0
        seed = bytes([way_of(vector), 32 | ansi]) + data
        (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)


if __name__ == "__main__":
    main()
