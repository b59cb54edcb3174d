"""The inspector's page in a real browser: pointing at a node lights its bytes, and the reverse."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from needs import needs_command

from pysock import LONG, CArchive, CMemFile, CObject, CObList, CString, array_of
from pysock.inspector import Walk, decode, from_bytes
from pysock.inspector.htmlout import Page

pytestmark = pytest.mark.browser


class CLeaf(CObject, schema=3):
    """Hostile text in it must stay text."""

    name = '</script><script>document.title = "taken over"</script><img src=https://example.invalid/x>'

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar << self.name << LONG(7)
        else:
            self.name = ar.read(CString)
            self.number = ar.read(LONG)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    program = needs_command("chromium")
    from browser import Browser

    with Browser(program) as it:
        yield it


def stored() -> bytes:
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        leaves = CObList()
        for _ in range(30):
            leaves.AddTail(CLeaf())
        ar << leaves
    return file.getvalue()


def shown(browser: Any, folder: Path, data: bytes, schema: Any = None) -> None:
    source = from_bytes(data, "some/where/<b>file</b>.bin")
    page = Page(source.name)
    if schema is None:
        walk = Walk(source)
        page.add(source, walk, walk.found)
    else:
        decoded = decode(source, schema)
        page.add(source, decoded.nodes, decoded.found)
    out = io.StringIO()
    page.write(out)
    (folder / "page.html").write_text(out.getvalue(), encoding="utf-8")
    browser.events.clear()
    browser.open(folder / "page.html")


LIT = "[...document.querySelectorAll('#hex .b.lit')].map((b) => Number(b.dataset.o))"
LIT_ROW = "[...document.querySelectorAll('#tree .lit .l')].map((l) => l.textContent)"


def row_of(browser: Any, label: str) -> tuple[str, int, int]:
    """The first row with that label: its selector, and the node's offset and length."""
    index, offset, length = browser.run(
        f"(() => {{ const n = nodes.find((n) => n.label === {label!r}); return [n.i, n.offset, n.length]; }})()"
    )
    return f"#tree [data-n='{index}'] .l", offset, length


def test_pointing_at_a_node_lights_its_bytes_and_the_reverse(browser: Any, tmp_path: Path) -> None:
    shown(browser, tmp_path, stored(), CObList)
    selector, offset, length = row_of(browser, "LONG number")
    browser.mouse(selector)
    assert browser.run(LIT) == list(range(offset, offset + length)) and length == 4
    assert browser.run(LIT_ROW) == ["LONG number"]
    browser.mouse(f"#hex .b[data-o='{offset + 2}']")
    assert browser.run(LIT_ROW) == ["LONG number"]
    assert "LONG number" in browser.run("document.getElementById('path').textContent")
    browser.mouse("#hex .c[data-o='0']")
    assert browser.run(LIT) == list(range(row_of(browser, "class #1 CObList, schema 0")[2]))[:2]
    browser.mouse("#search")
    assert browser.run(LIT) == [] and browser.run(LIT_ROW) == []


def test_a_click_keeps_it_and_shows_the_other_side(browser: Any, tmp_path: Path) -> None:
    data = stored()
    shown(browser, tmp_path, data, CObList)
    browser.run("hex.scrollTop = hex.scrollHeight")
    browser.mouse(f"#hex .b[data-o='{len(data) - 1}']", click=True)
    browser.mouse("#search")
    assert browser.run("[...document.querySelectorAll('#tree .pin .l')].map((l) => l.textContent)") == [
        "LONG number"
    ]
    assert browser.run("tree.scrollTop") > 0
    browser.run("(hex.scrollTop = 0, tree.focus())")
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="Home", windowsVirtualKeyCode=36)
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="End", windowsVirtualKeyCode=35)
    assert browser.run("hex.scrollTop") > 0, "the bytes of the last node come into view"


def test_nothing_is_loaded_and_nothing_of_the_file_is_run(browser: Any, tmp_path: Path) -> None:
    for schema in (None, CObList):
        shown(browser, tmp_path, stored(), schema)
        assert browser.run("document.title") == "b>.bin - pysock inspect"
        assert browser.run("document.querySelectorAll('img, link, iframe').length") == 0
        methods = [event.get("method") for event in browser.events]
        assert "Runtime.exceptionThrown" not in methods
        asked = [
            e["params"]["request"]["url"]
            for e in browser.events
            if e.get("method") == "Network.requestWillBeSent"
        ]
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_readable_in_dark_and_light(browser: Any, tmp_path: Path, scheme: str) -> None:
    """WCAG's contrast of at least 4.5 between every colour of text and what is behind it."""
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    shown(browser, tmp_path, stored(), CObList)
    script = """(() => {
      const probe = document.body.appendChild(document.createElement('i'));
      const rgb = (c) => { probe.style.color = c; return getComputedStyle(probe).color.match(/\\d+/g).map(Number); };
      return [...data.kinds, 'text', 'faint', 'lit-text', 'back', 'panel', 'lit'].map((n) => [n, rgb(`var(--${n})`)]);
    })()"""
    colours = dict(browser.run(script))

    def light(colour: list[int]) -> float:
        parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    def contrast(one: str, other: str) -> float:
        low, high = sorted((light(colours[one]), light(colours[other])))
        return (high + 0.05) / (low + 0.05)

    assert (light(colours["back"]) < 0.1) == (scheme == "dark")
    for name in colours.keys() - {"back", "panel", "lit", "lit-text"}:
        assert contrast(name, "back") >= 4.5, name
    assert contrast("faint", "panel") >= 4.5 and contrast("lit-text", "lit") >= 4.5


def test_long_files_draw_only_what_is_in_view(browser: Any, tmp_path: Path) -> None:
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        ar.write([bytes([i % 256]) for i in range(5000)] and list(range(200)) * 25, array_of(LONG))
        ar.Write(bytes(3 << 20))
    shown(browser, tmp_path, file.getvalue())
    assert browser.run("document.querySelectorAll('#hex .row').length") < 120
    browser.run("hex.scrollTop = hex.scrollHeight")
    assert re.search(r"more bytes are not in this page", browser.run("hex.textContent"))
    assert browser.run("document.querySelectorAll('#hex .row').length") < 120


def test_the_button_changes_the_colours(browser: Any, tmp_path: Path) -> None:
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}])
    shown(browser, tmp_path, stored())
    before = browser.run("getComputedStyle(document.body).backgroundColor")
    browser.mouse("#theme", click=True)
    assert browser.run("getComputedStyle(document.body).backgroundColor") != before


def test_several_streams_in_one_page(browser: Any, tmp_path: Path) -> None:
    page = Page("compound.doc")
    for data in (b"\x05first" + bytes(30), stored()):
        walk = Walk(from_bytes(data, f"stream of {len(data)}"))
        page.add(walk.source, walk, walk.found)
    out = io.StringIO()
    page.write(out)
    (tmp_path / "page.html").write_text(out.getvalue(), encoding="utf-8")
    browser.events.clear()
    browser.open(tmp_path / "page.html")
    assert not browser.run("document.getElementById('part').hidden")
    assert "CLeaf" not in browser.run("tree.textContent")
    browser.run(
        "(() => { const p = document.getElementById('part'); p.value = 1; p.dispatchEvent(new Event('change')); })()"
    )
    assert "CLeaf" in browser.run("tree.textContent") and "CLeaf" in browser.run("hex.textContent")
