"""The Python blocks of the archive pages run, in order, and print what the page says they print."""

import contextlib
import io
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ["first-mfc-file", "wire-format", "type-mapping", "hostile-input", "messages-without-hanging"]
# A block, and the output that may follow it after nothing but blank lines.
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n*```text\n(.*?)^```\n)?", re.M | re.S)


@pytest.mark.parametrize("page", PAGES)
def test_page_runs_as_printed(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    names: dict[str, object] = {"__name__": f"docs_{page.replace('-', '_')}"}
    blocks = list(BLOCK.finditer(text))
    assert len(blocks) == text.count("```python"), "a block that does not end"
    assert any(block[2] for block in blocks), "a page shows what its code prints"
    for block in blocks:
        line = text.count("\n", 0, block.start()) + 1
        code = "\n" * line + block[1]  # so that a traceback names the page's own lines
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(code, f"docs/{page}.md", "exec"), names)
        assert printed.getvalue() == (block[2] or ""), f"docs/{page}.md, block of line {line}"
    names.clear()  # functions of the page hold their globals, and so its archives


def test_pictures_are_what_the_script_draws(tmp_path: Path) -> None:
    (tmp_path / "draw.py").write_bytes((DOCS / "img" / "draw.py").read_bytes())
    path = tmp_path / "draw.py"
    exec(compile(path.read_bytes(), str(path), "exec"), {"__file__": str(path), "__name__": "draw"})
    drawn = {picture.name: picture.read_text("utf-8") for picture in tmp_path.glob("*.svg")}
    assert drawn == {picture.name: picture.read_text("utf-8") for picture in (DOCS / "img").glob("*.svg")}
