# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages in a real Chromium: axe finds nothing to complain of, nothing is wider than the window, nothing is blocked.

GATEWAY_SCREENSHOTS names a folder for a picture of every page.
"""

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.web.conftest import Site

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium"),
]
PAGES = ("/", "/received", "/sent", "/waiting", "/overdue", "/refused", "/search?q=x", "/partners", "/mail", "/x")
INSTALL = "type: pip install 'edms-gateway[browser]'"
WIDTHS = (1200, 320)
Found = TypeVar("Found")


def in_chromium(work: Callable[[Any], Found]) -> Found:  # Any: playwright may be absent
    """Return what *work* finds with a browser of its own, in a thread: its driver keeps an event loop running."""
    playwright = pytest.importorskip("playwright.sync_api", reason=INSTALL)

    def at_work() -> Found:
        with playwright.sync_playwright() as driver:
            chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            try:
                return work(chromium)
            finally:
                chromium.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(at_work).result()


def addresses(minsk: Site, moscow: Site) -> list[str]:
    sites = (minsk, moscow)
    return [
        *(site.address + path for site in sites for path in PAGES),
        f"{minsk.address}/partners/moscow",
        *(f"{minsk.address}/sent#{place}" for place in range(4)),
        f"{moscow.address}/received#0",
    ]


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_accessible_and_fits_the_window(minsk: Site, moscow: Site, language: str, width: int) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="pip install 'edms-gateway[browser]'"
    ).Axe()
    folder = os.environ.get("GATEWAY_SCREENSHOTS")

    def look(browser: Any) -> list[str]:
        found: list[str] = []
        page = browser.new_page(viewport={"width": width, "height": 800}, locale=language)
        page.on("console", lambda said: None if "404" in said.text else found.append(said.text))
        for position, address in enumerate(addresses(minsk, moscow)):
            address, _, row = address.partition("#")
            page.goto(address + ("&" if "?" in address else "?") + f"lang={language}")
            if row:
                page.locator("tbody th a").nth(int(row)).click()
            found += [f"{page.url}: {one['id']} {one['help']}" for one in axe.run(page).response["violations"]]
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                found.append(f"{page.url}: wider than {width}")
            if folder:
                page.screenshot(path=Path(folder) / f"{width}-{language}-{position:02}.png", full_page=True)
        return found

    assert in_chromium(look) == []


def test_a_keyboard_is_enough_to_reach_the_content_and_a_document(minsk: Site) -> None:
    def press(browser: Any) -> tuple[str, str]:
        page = browser.new_page()
        page.goto(f"{minsk.address}/sent?lang=en")
        page.keyboard.press("Tab")
        skip = page.evaluate("document.activeElement.textContent")
        page.keyboard.press("Enter")
        inside = page.evaluate("document.activeElement.id")
        for _ in range(20):
            page.keyboard.press("Tab")
            if "/documents/" in page.evaluate("document.activeElement.href || ''"):
                break
        page.keyboard.press("Enter")
        page.wait_for_url("**/documents/**")
        return skip, inside

    assert in_chromium(press) == ("Skip to the content", "content")
