"""The stage page in a real browser, over a shared status in which a stage is written by hand."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.control.control_mapper import Waiting
from engine.control.mapping import DEFAULT
from engine.host.observer import SetStatus
from engine.host.rig_editor import RigEditor
from engine.host.shown import shown
from engine.host.stage_page import cards_of
from engine.processes.surface import SurfaceProcess
from engine.state.events import Event
from engine.state.shared_status import BANDS, IMAGES, SharedStatus
from engine.web.access import Access
from tests.test_screen import show as snapshot
from tests.test_songs import PARTS
from tests.web import free_port, until

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
BROWSER = os.environ.get("DOUBLEDROP_BROWSER") or shutil.which("chromium-headless-shell")
pytestmark = pytest.mark.skipif(not BROWSER, reason="there is no chromium-headless-shell")

SIZES = {"phone": (390, 844), "tablet": (820, 1180), "laptop": (1440, 900)}
SECRET = bytes(range(32))
MODULE = "engine.web.web_process"
RIG = '# mine\n[[slots]]\npreset = "downbeat-filter"  # the first\n'
HOSTILE = "<img src=x onerror=\"document.title='hit'\">"


def seen(**changed):
    """A stage that plays, with something in every corner of the page."""
    it = snapshot(
        waiting={"wet": Waiting("cc16", 0.7, 0.24)},
        events=[Event(1.0, "audio device back: USB Audio, 48000 Hz"), Event(2.0, HOSTILE)],
        **changed,
    )
    it = replace(it, route=f"{HOSTILE} → line-out", songs=SetStatus(PARTS, 1, 2))
    return shown(it, DEFAULT)


class Host:
    """The web process, and a desk that answers what it is asked to."""

    def __init__(self):
        self.port, self.status = free_port(), SharedStatus.create()
        web = {"address": "127.0.0.1", "port": self.port, "secret": SECRET.hex()}
        self.folder = tempfile.TemporaryDirectory()
        self.rig = Path(self.folder.name) / "rig.toml"
        self.rig.write_text(RIG)
        cards = cards_of(["downbeat-filter"])
        facts = {"web": web, "presets": cards, "takes": None, "rig": str(self.rig)}
        self.status.facts.put(json.dumps(facts).encode())
        self.asked, self.answers, self._stop = [], True, threading.Event()
        self.show()
        self.service = SurfaceProcess(
            MODULE, "page", self.status.path, lambda text: None, edit=self._edit
        )
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        until(lambda: self.service.is_serving)

    def show(self, **changed):
        self.status.status.put(json.dumps(seen(**changed)).encode())

    def link(self, role="play"):
        return f"http://127.0.0.1:{self.port}/#{Access(SECRET, self.port).token(role)}"

    def answer(self, command, **what):
        self.service.answer({"client": command.client, "id": command.id} | what)

    def _run(self):
        while not self._stop.wait(0.01):
            for command in self.service.commands():
                self.asked.append(command)
                if command.do == "turn":  # as a stage does
                    self.show(**{command.target: command.value})
                if self.answers:
                    self.answer(command, ack=True)
                    self.answer(command, heard=True)

    def _edit(self, asked):
        mistakes = RigEditor(self.rig).write(asked.rig, asked.before)
        self.service.answer({"request": asked.request, "mistakes": mistakes})

    def stop(self):
        self._stop.set()
        self._thread.join()
        self.service.stop()
        self.status.close()
        self.folder.cleanup()


@pytest.fixture(scope="module")
def host():
    it = Host()
    yield it
    it.stop()


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as it:
        browser = it.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(host, chromium, request):
    """A page that is in, and what it did."""
    size = SIZES[getattr(request, "param", "phone")]
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]})
    page, asked, faults = context.new_page(), [], []
    page.on("request", lambda one: asked.append(one.url))
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda said: said.type == "error" and faults.append(said.text))
    host.asked.clear()
    host.answers = True
    host.show()
    page.goto(host.link())
    page.wait_for_selector(".stage[data-live=true]")
    yield SimpleNamespace(page=page, asked=asked, faults=faults, host=host)
    context.close()


@pytest.mark.parametrize("opened", SIZES, indirect=True)
def test_everybody_can_use_it_at_every_size(opened, request):
    page, size = opened.page, request.node.callspec.params["opened"]
    rows = np.tile(np.arange(BANDS, dtype=np.uint8), (500, IMAGES))
    rows[:, 2 * BANDS :] = 230
    opened.host.status.put_rows(rows)
    page.locator(".images").scroll_into_view_if_needed()
    until(lambda: opened.host.service.looking == 1 or page.wait_for_timeout(50))
    page.wait_for_timeout(200)
    if folder := os.environ.get("DOUBLEDROP_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{size}.png", full_page=True)
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    sizes = page.eval_on_selector_all(
        "button, input", "all => all.map(e => [e.className, e.getBoundingClientRect().height])"
    )
    assert len(sizes) > 20
    assert all(height >= 48 for _, height in sizes)
    assert all(height >= 72 for name, height in sizes if "slot " in f"{name} " or "tall" in name)
    assert opened.faults == []
    own = (f"http://127.0.0.1:{opened.host.port}/", f"ws://127.0.0.1:{opened.host.port}/")
    assert all(url.startswith(own) for url in opened.asked)
    assert opened.host.asked == []  # to open it changes nothing


def test_words_from_outside_are_words(opened):
    assert HOSTILE in opened.page.inner_text(".messages")
    assert opened.page.title() == "doubledrop"
    assert opened.page.locator("img").count() == 0
    assert opened.page.url.endswith("/")  # the token is gone from what the browser shows


def test_what_is_asked_for_is_seen_to_be_sent_acknowledged_and_heard(opened):
    page, host = opened.page, opened.host
    host.answers = False
    page.locator("button", has_text="Tap").dispatch_event("pointerdown", {"button": 0})
    page.wait_for_selector("button[data-phase=sent]")
    (command,) = until(lambda: list(host.asked))
    assert (command.do, command.target) == ("press", "tap")
    host.answer(command, ack=True)
    page.wait_for_selector("button[data-phase=acknowledged]")
    host.answer(command, heard=True)
    page.wait_for_selector("button[data-phase=heard]")
    page.wait_for_selector("button[data-phase=heard]", state="detached")
    page.get_by_role("button", name="Slot 2").click()
    until(lambda: len(host.asked) == 2)
    host.answer(host.asked[1], error="slot 2 is empty", cure="The rig has 1 slot.")
    page.wait_for_selector("[role=alert]:has-text('The rig has 1 slot.')")


def test_a_slider_is_drawn_and_its_last_value_arrives(opened):
    slider = opened.page.get_by_role("slider", name="Level")
    slider.focus()
    for _ in range(10):
        opened.page.keyboard.press("ArrowLeft")
    until(lambda: opened.host.asked and opened.host.asked[-1].value == pytest.approx(0.75))
    assert {command.target for command in opened.host.asked} == {"level"}


def test_the_keys_are_those_of_the_terminal(opened):
    for key in (" ", "d", "f", "b", "k", "m", "c", "p", "3", "x", "Control+d"):
        opened.page.keyboard.press(key)
    wanted = ["tap", "downbeat", "follow", "bypass", "kill", "mute", "cancel", "panic", "slot3"]
    until(lambda: len(opened.host.asked) >= len(wanted))
    assert [command.target for command in opened.host.asked] == wanted


def test_the_lock_leaves_panic_and_is_slid_open(opened):
    page, host = opened.page, opened.host
    page.get_by_role("button", name="Lock").click()
    for key in ("1", " ", "b"):
        page.keyboard.press(key)
    page.locator(".slot").first.click(force=True)
    page.get_by_role("button", name="Panic").click()
    page.keyboard.press("p")
    until(lambda: len(host.asked) >= 2)
    assert [command.target for command in host.asked] == ["panic", "panic"]
    lock = page.get_by_role("slider", name="Slide to unlock")
    lock.fill("0.6")  # and let go
    until(lambda: lock.input_value() == "0" or page.wait_for_timeout(20))
    lock.fill("1")
    page.get_by_role("button", name="Lock").wait_for()
    page.keyboard.press("b")
    until(lambda: host.asked[-1].target == "bypass")


def test_a_page_that_was_away_comes_back_fresh_and_plays_nothing_it_was_told_meanwhile(opened):
    page, host = opened.page, opened.host
    pid = host.service.pid
    os.kill(pid, 9)
    page.wait_for_selector(".stage[data-live=false]")
    assert "trying again" in page.inner_text(".state")
    assert page.get_by_role("button", name="Panic").is_disabled()
    for key in ("b", "k", "1", " "):
        page.keyboard.press(key)
    host.show(bpm=99.0)
    page.wait_for_selector(".stage[data-live=true]", timeout=60000)
    page.wait_for_selector(".tempo strong:has-text('99.00')")
    page.keyboard.press("m")
    until(lambda: host.asked)
    assert [command.target for command in host.asked] == ["mute"]


def test_who_only_watches_can_press_nothing(opened):
    page = opened.page
    page.goto(opened.host.link("watch"))
    page.reload()
    page.wait_for_selector(".stage[data-live=true]")
    assert page.locator("button:enabled:not(.lock)").count() == 0
    assert page.locator("main input:enabled").count() == 0
    page.keyboard.press("p")
    page.wait_for_timeout(100)
    assert opened.host.asked == []


def test_who_edits_learns_controls_and_writes_the_rig(opened):
    page, host = opened.page, opened.host
    page.goto(host.link("edit"))
    page.reload()
    page.wait_for_selector(".stage[data-live=true]")
    page.get_by_role("button", name="MIDI learn").click()
    page.locator(".slider", has_text="Level").dispatch_event("pointerdown")
    until(lambda: host.asked and (host.asked[-1].do, host.asked[-1].target) == ("learn", "level"))
    page.get_by_role("button", name="touch what it is to move").click()
    page.get_by_role("button", name="Slot 1").click()
    until(lambda: (host.asked[-1].do, host.asked[-1].target) == ("press", "slot1"))
    page.get_by_text("Rig", exact=True).click()
    text = page.get_by_role("textbox", name="rig.toml")
    text.wait_for()
    assert text.input_value() == RIG
    text.fill(RIG + "[output]\nwet = 2.0\n")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("at most 1").wait_for()
    assert host.rig.read_text() == RIG
    text.fill(RIG + "[output]\nwet = 0.5\n")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved").wait_for()
    assert host.rig.read_text() == RIG + "[output]\nwet = 0.5\n"
    assert opened.faults == []


def test_a_set_is_gone_through(opened):
    page, host = opened.page, opened.host
    assert "one: drop" in page.inner_text(".songs")
    assert "one: break" in page.inner_text(".songs .coming")
    page.get_by_role("button", name="Next part").click()
    page.get_by_text("Songs", exact=True).click()
    page.get_by_role("button", name="two").click()
    page.keyboard.press("n")
    until(lambda: len(host.asked) >= 3)
    assert [command.target for command in host.asked] == ["part-next", "part4", "part-next"]


def test_presets_are_shown_with_their_cards(opened):
    page = opened.page
    page.get_by_text("Presets", exact=True).click()
    page.get_by_text("downbeat-filter").first.click()
    page.locator(".card img").first.wait_for()
    until(lambda: page.eval_on_selector(".card img", "e => e.naturalWidth") > 100)
    page.get_by_label("Card of downbeat-filter").wait_for()
    page.get_by_text("Takes", exact=True).click()
    page.get_by_text("No takes").wait_for()
    assert axe.Axe().run(page).violations_count == 0
    assert opened.faults == []
