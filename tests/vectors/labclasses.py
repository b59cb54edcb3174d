"""The classes and objects of a program, made in pysock: what labclass.h is for the driver of the oracle."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from typing import Any

import pysock
from pysock import CArchive, ClassRegistry, CObject, CString
from tests.interop.oracle.script import Program
from tests.vectors.codepage import to_1252, utf16, windows1252
from tests.vectors.faces import Face

SHOWN = 512  # bytes of a long text that are printed
EMBEDDED = [
    "CByteArray", "CWordArray", "CDWordArray", "CStringArray", "CObArray",
    "CStringList", "CObList", "CMapWordToOb", "CMapStringToOb", "CMapStringToString",
]  # field letters 0..9  # fmt: skip
NUMBERS = {"b": "BYTE", "w": "WORD", "d": "DWORD", "q": "ULONGLONG"}
LINKS = {"node": 1, "tree": 2, "late": 1}
Specs = dict[str, dict[str, Any]]


def own_fields(specs: Specs, name: str) -> Iterator[tuple[str, str, int]]:
    """(letter, declaring class, place in it) in wire order; `B` stands for the base's fields."""
    for i, letter in enumerate(specs[name]["kind"].removeprefix("fields=")):
        if letter == "B":
            yield from own_fields(specs, specs[name]["base"])
        else:
            yield letter, name, i


class Lab:
    """Classes in a registry of their own, and the objects of one program."""

    def __init__(self, program: Program, face: Face, on_death: Callable[[str], None] | None = None) -> None:
        """`on_death` hears the class names of own objects that go."""
        self.face = face
        self._on_death = on_death
        self.registry = ClassRegistry()
        self.specs: Specs = {}
        self.classes: dict[str, Any] = {}
        self.objects: dict[str, Any] = {}
        self._numbers = 0
        for spec in program.get("classes", []):
            self.specs[spec["name"]] = spec
            self.classes[spec["name"]] = self._make_class(spec)
        self._make_objects(program.get("objects", []))

    def class_of(self, name: str | None) -> Any:
        if name in (None, "-"):
            return None
        return self.classes.get(name) or getattr(pysock, name)

    # ---- classes -------------------------------------------------------------------------------------
    def _make_class(self, spec: dict[str, Any]) -> Any:
        base = self.classes[spec["base"]] if "base" in spec else CObject
        registry = (
            self.registry if len(spec["name"]) <= 63 else False
        )  # longer ones can be stored, not found (AR-91)
        keywords: dict[str, Any] = {"schema": spec["schema"], "name": spec["name"], "registry": registry}
        if spec["schema"] == 0xFFFF:  # DECLARE_DYNCREATE
            keywords = {"name": spec["name"], "dyncreate": True}
        if spec.get("flag") == "abstract":
            keywords["abstract"] = True
        lab = self

        def Serialize(obj: Any, ar: CArchive) -> None:
            lab._serialize(spec, obj, ar)

        body: dict[str, Any] = {
            "spec": spec,
            "Serialize": Serialize,
            "value": 0,
            "text": "",
            "links": (),
            "seen": None,
        }
        body["number"] = 0  # in describe()
        if self._on_death:
            body["__del__"] = lambda obj, tell=self._on_death: tell(spec["name"])
        cls: Any = types.new_class("Lab", (base,), keywords, lambda namespace: namespace.update(body))
        if spec.get("flag") == "unregistered":
            self.registry.unregister(cls)
        return cls

    def _serialize(self, spec: dict[str, Any], obj: Any, ar: CArchive) -> None:
        if spec["kind"].startswith("fields="):
            self._serialize_fields(spec, obj, ar)
        elif ar.IsLoading():
            self._load(spec["kind"], obj, ar)
        else:
            self._store(spec["kind"], obj, ar)

    def _store(self, kind: str, obj: Any, ar: CArchive) -> None:
        if kind not in ("empty", "late", "schema2"):
            self.face.put(ar, "DWORD", obj.value)
        for i in range(LINKS.get(kind, 0)):
            self.face.put_object(ar, obj.links[i] if i < len(obj.links) else None)
        if kind == "named":
            self.face.put(ar, "CStringW", obj.text)

    def _load(self, kind: str, obj: Any, ar: CArchive) -> None:
        if kind in ("ver", "schema2"):
            obj.seen = ar.GetObjectSchema()
        if kind == "schema2":
            obj.value = ar.GetObjectSchema()  # asks twice
        elif kind not in ("empty", "late"):
            obj.value = self.face.get(ar, "DWORD")
        for i in range(LINKS.get(kind, 0)):
            obj.links = (*obj.links[:i], self.face.get_object(ar, None))
        if kind == "late":
            obj.seen = ar.GetObjectSchema()  # asks after its child was read
        if kind == "named":
            obj.text = self.face.get(ar, "CStringW")

    def _serialize_fields(self, spec: dict[str, Any], obj: Any, ar: CArchive) -> None:
        name = spec["name"]
        if "vals" not in obj.__dict__:
            obj.vals = {}
        for i, letter in enumerate(spec["kind"].removeprefix("fields=")):
            if letter == "B":
                super(self.classes[name], obj).Serialize(ar)
            elif ar.IsLoading():
                obj.vals[name, i] = self._load_field(ar, letter, name)
            else:
                self._store_field(ar, letter, name, obj.vals.get((name, i)))

    def _load_field(self, ar: CArchive, letter: str, owner: str) -> Any:
        if letter in NUMBERS:
            return self.face.get(ar, NUMBERS[letter])
        if letter == "A":
            return to_1252(self.face.get(ar, "CStringA"))
        if letter == "W":
            return self.face.get(ar, "CStringW")
        if letter in "ok":
            return self.face.get_object(ar, self.classes[owner] if letter == "k" else None)
        if letter == "c":
            return ar.ReadCount()
        if letter == "v":
            return ar.GetObjectSchema()
        if letter == "S":
            return ar.SerializeClass(self.classes[owner])
        if letter == "L":
            return read_string(ar)
        if letter == "r":
            return ar.Read(self.face.get(ar, "WORD"))
        embedded = getattr(pysock, EMBEDDED[int(letter)])()
        embedded.Serialize(ar)
        return embedded

    def _store_field(self, ar: CArchive, letter: str, owner: str, value: Any) -> None:
        if letter in NUMBERS:
            self.face.put(ar, NUMBERS[letter], value or 0)
        elif letter == "A":
            self.face.put(ar, "CStringA", windows1252(value or b""))
        elif letter == "W":
            self.face.put(ar, "CStringW", value or "")
        elif letter in "ok":
            self.face.put_object(ar, value)
        elif letter == "c":
            ar.WriteCount(value or 0)
        elif letter == "S":
            ar.SerializeClass(self.classes[owner])
        elif letter == "L":
            ar.WriteString("\n" if value is None else value[1])
        elif letter == "r":
            self.face.put(ar, "WORD", len(value or b""))
            ar.Write(value or b"")
        elif letter != "v":
            (getattr(pysock, EMBEDDED[int(letter)])() if value is None else value).Serialize(ar)

    # ---- objects -------------------------------------------------------------------------------------
    def _make_objects(self, objects: list[dict[str, Any]]) -> None:
        for o in objects:
            for i in range(o.get("many", 0)):
                self.objects[f"{o['id']}#{i}"] = item = self.classes[o["class"]]()
                item.value = i
            if "many" not in o:
                self.objects[o["id"]] = self.class_of(o["class"])()
        for o in objects:
            if "elements" in o:
                self._fill_collection(self.objects[o["id"]], o["class"], o["elements"])
            elif "many" not in o:
                self._fill_own(self.objects[o["id"]], o)

    def _fill_own(self, item: Any, o: dict[str, Any]) -> None:
        item.value, item.text = o.get("value", 0), o.get("text", "")
        item.links = tuple(self._by_id(x) for x in o.get("links", []))
        item.vals = {}
        if "fields" in o:
            for (letter, owner, i), v in zip(own_fields(self.specs, o["class"]), o["fields"], strict=True):
                if v is not None:
                    item.vals[owner, i] = self._field_value(letter, v)

    def _field_value(self, letter: str, v: Any) -> Any:
        if letter in "Ar":
            return bytes.fromhex(v)
        if letter == "L":
            return (True, v)
        return self.objects[v] if letter in "ok" or letter.isdigit() else v

    def _by_id(self, ident: str | None) -> Any:
        return self.objects[ident] if ident else None

    def _fill_collection(self, item: Any, cls: str, elements: Any) -> None:
        if isinstance(elements, dict):
            width = {"CByteArray": 8, "CWordArray": 16, "CDWordArray": 32}[cls]
            elements = [i % (1 << width) for i in range(elements["range"])]
        for e in elements:
            if cls in ("CMapWordToOb", "CMapStringToOb"):
                item.SetAt(e[0], self._by_id(e[1]))
            elif cls == "CMapStringToString":
                item.SetAt(e[0], e[1])
            elif cls in ("CObArray", "CObList"):
                (item.append if cls == "CObList" else item.Add)(
                    self._by_id(e)
                )  # AddTail of a list adds its elements
            elif cls == "CStringList":
                item.AddTail(e)
            else:
                item.Add(e)

    # ---- an object graph in one line: #n:Class(fields) at first sight, @n again ----------------------
    def describe(self, obj: Any) -> str:
        if obj is None:
            return "null"
        if not hasattr(obj, "spec"):
            return f"<{obj.GetRuntimeClass().m_lpszClassName}>"
        if obj.number:
            return f"@{obj.number}"
        self._numbers += 1
        obj.number = self._numbers
        kind = obj.spec["kind"]
        inner = self._describe_fields(obj) if kind.startswith("fields=") else self._describe_kind(obj, kind)
        return f"#{obj.number}:{obj.spec['name']}({inner})"

    def _describe_kind(self, obj: Any, kind: str) -> str:
        out = "" if kind == "empty" else str(obj.value)
        if obj.seen is not None:
            out += f",schema={obj.seen}"
        if kind == "named":
            out += f",utf16={utf16(obj.text).hex() or '-'}"
        for i in range(LINKS.get(kind, 0)):
            out += "," + self.describe(obj.links[i] if i < len(obj.links) else None)
        return out

    def _describe_fields(self, obj: Any) -> str:
        vals = obj.__dict__.get("vals", {})
        return ",".join(
            f"{letter}={self._describe_field(letter, vals.get((owner, i)))}"
            for letter, owner, i in own_fields(self.specs, obj.spec["name"])
        )

    def _describe_field(self, letter: str, v: Any) -> str:
        if letter in "bwdqcv":
            return str(v or 0)
        if letter in "Ar":
            return f"{(v or b'')[:SHOWN].hex() or '-'}/{len(v or b'')}"
        if letter == "W":
            raw = utf16(v or "")
            return f"{raw[:SHOWN].hex() or '-'}/{len(raw) // 2}"
        if letter == "L":
            ok, text = v or (False, "")
            return f"{int(ok)}:{self.tchars(text)[:SHOWN].hex() or '-'}"
        if letter in "ok":
            return self.describe(v)
        if letter == "S":
            return ""
        return "none" if v is None else self.describe(v)

    tchars: Any = staticmethod(utf16)  # text as the build's own TCHARs; an ANSI run sets another


def read_string(ar: CArchive) -> tuple[bool, str]:
    """BOOL CArchive::ReadString(CString&)."""
    line = CString()
    return ar.ReadString(line), line.value
