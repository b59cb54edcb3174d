"""Takes the pictures of the inspector's tour in a real Chromium.

python docs/img/shoot.py
"""

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests"))

from browser import Browser  # noqa: E402

from pysock.__main__ import main  # noqa: E402


def shoot(browser: Browser, name: str, arguments: list[str], scheme: str, label: str) -> None:
    main(["inspect", "house.skt", "--html", "-o", "page.html", *arguments])
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.events.clear()
    browser.open(Path("page.html").resolve())
    index = browser.run(f"nodes.find((n) => n.label.includes({label!r})).i")
    browser.mouse(f"#tree [data-n='{index}'] .l", click=True)
    browser.run("0")
    browser.screenshot(HERE / name)


with tempfile.TemporaryDirectory() as folder, Browser(shutil.which("chromium") or "chromium") as browser:
    os.chdir(folder)
    page = (HERE.parent / "whats-in-this-file.md").read_text(encoding="utf-8")
    for block in re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)[:2]:
        exec(block)
    browser.call(
        "Emulation.setDeviceMetricsOverride", width=1120, height=400, deviceScaleFactor=1, mobile=False
    )
    shoot(browser, "inspect-guess.png", [], "light", "count of objects")
    shoot(browser, "inspect-schema.png", ["--schema", "sketch.py:Sketch"], "dark", "points")
    os.chdir("/")
