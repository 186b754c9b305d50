"""Takes docs/media/page.png: the stage page of a set on the demo feed, in a browser of the system.

``python -m tests.make_page_picture`` (Debian, Ubuntu: chromium-headless-shell).
"""

from __future__ import annotations

import io
import os
import shutil
from contextlib import suppress
from pathlib import Path

from PIL import Image
from playwright.sync_api import TimeoutError, sync_playwright

from engine.config.preset import load_preset
from tests.web import stage_with_page

PATH = Path(__file__).parent.parent / "docs" / "media" / "page.png"
BROWSER = os.environ.get("DOUBLEDROP_BROWSER") or shutil.which("chromium-headless-shell")
PRESETS = ("liquid-to-dancefloor", "dancefloor-to-liquid")
_TRIES, _CALLED = 40, 1500
_WANTED = ".stage:has(.state[data-alarm=false]) .slot.called"
_SECONDS = 14_000  # ms: two phrases, and the images are full


def main() -> None:
    models = [load_preset(name).model for name in PRESETS]
    with (
        stage_with_page(*models, names=PRESETS) as show,
        sync_playwright() as it,
    ):
        browser = it.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(show.page.links["play"])
        page.wait_for_selector(".stage[data-live=true]")
        page.wait_for_timeout(_SECONDS)
        for turn in range(_TRIES):  # a busy machine may be too late with it
            page.get_by_role("button", name=f"Slot {2 - turn % 2}").click()
            with suppress(TimeoutError):
                page.wait_for_selector(_WANTED, timeout=_CALLED)
                break
        data = io.BytesIO(page.screenshot())
        Image.open(data).convert("RGB").quantize(256).save(PATH, optimize=True)
        print(PATH)
        browser.close()


if __name__ == "__main__":
    main()
