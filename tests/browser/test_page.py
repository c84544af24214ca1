"""The page in a browser: it loads and runs nothing, is accessible, fits a phone, and prints.

Debian's chromium is driven; where it is absent the tests are skipped, or fail if ALLOCATOR_BROWSER_REQUIRED is set.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from pypdf import PdfReader
from reviewed import DIGEST, EVIL, JAPANESE, hostile, reviewed

import allocator as al
from allocator.report.page import bargain as agreement
from allocator.report.page import frontier as curve
from allocator.report.page import page as html

ROOT = Path(__file__).parent.parent.parent
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        told = "there is no chromium: apt-get install chromium fonts-noto-cjk"
        if os.environ.get("ALLOCATOR_BROWSER_REQUIRED"):
            pytest.fail(told)
        pytest.skip(told)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of the US-Japan fund as reviewed, of four sectors with hostile texts, and of one where nothing fits."""
    case = al.read_case(ROOT / "examples" / "us-japan")
    rules = al.read_rules(ROOT / "constraints" / "us-japan-fund.yaml", as_of="2026-11-22")
    found = al.allocate(case, rules, al.DividendYield())
    agreed = al.bargain(case, rules, resolve=False)
    nothing = al.allocate(case, rules.replace("deployment-floor", at_least="$900 bn"), al.DividendYield())
    case = al.read_case(ROOT / "examples" / "sector-mix")
    rules = al.read_rules(ROOT / "constraints" / "sector-mix.yaml", as_of="2026-11-22")
    small = al.allocate(case, rules, al.DividendYield())
    traced = al.frontier(case, rules, al.DividendYield(), al.StrategicWeight(), gap=0.01)
    assert (found.status, nothing.status, small.status) == ("optimal", "infeasible", "optimal")
    folder = tmp_path_factory.mktemp("pages")
    made = {"example": reviewed(found.record), "hostile": hostile(small.record), "empty": reviewed(nothing.record)}
    written = {name: html(each) for name, each in made.items()}
    written |= {"bargain": agreement(agreed.record), "frontier": curve(traced.record)}
    for name, text in written.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in written}


class Seen:
    """What a page did that it should not do."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.troubles: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.troubles.append(message.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("dialog", lambda dialog: (self.troubles.append(dialog.message), dialog.dismiss()))


@contextmanager
def shown(browser: Browser, path: Path, **options: Any) -> Iterator[Seen]:
    """A page in a window of its own, 1280 pixels wide unless told."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
    seen = Seen(context.new_page())
    seen.page.goto(path.as_uri())
    yield seen
    context.close()


NAMES = ["example", "hostile", "empty", "bargain", "frontier"]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_quiet_and_asks_for_nothing(name: str, browser: Browser, pages: dict[str, Path]) -> None:
    with shown(browser, pages[name]) as seen:
        seen.page.wait_for_load_state("networkidle")
        assert seen.troubles == []
        assert [url for url in seen.requests if not url.startswith("data:")] == [pages[name].as_uri()]


def test_hostile_text_is_inert_and_shows(browser: Browser, pages: dict[str, Path]) -> None:
    with shown(browser, pages["hostile"]) as seen:
        assert seen.page.locator("script, img").count() == 0
        assert seen.page.locator("h1").inner_text() == EVIL
        assert seen.page.locator("#rule-1 .name").inner_text() == f"1. {EVIL}"
        assert seen.page.locator("a[href^='javascript' i]").count() == 0
        seen.page.locator("main").click()
        assert seen.troubles == []


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("example", "light"),
        ("example", "dark"),
        ("hostile", "light"),
        ("empty", "dark"),
        ("bargain", "light"),
        ("bargain", "dark"),
        ("frontier", "light"),
        ("frontier", "dark"),
    ],
)
def test_axe_finds_nothing_serious(name: str, scheme: str, browser: Browser, pages: dict[str, Path]) -> None:
    with shown(browser, pages[name], color_scheme=scheme) as seen:
        found = Axe().run(seen.page).response
        assert len(found["passes"]) > 20
        grave = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
        assert grave == [], json.dumps(grave, indent=1)


def test_dark_is_dark_and_paper_is_white(browser: Browser, pages: dict[str, Path]) -> None:
    with shown(browser, pages["example"], color_scheme="dark") as seen:
        background = "getComputedStyle(document.body).backgroundColor"
        assert seen.page.evaluate(background) == "rgb(18, 23, 30)"
        seen.page.emulate_media(media="print", color_scheme="dark")
        assert seen.page.evaluate(background) == "rgb(255, 255, 255)"
        assert seen.page.evaluate("getComputedStyle(document.body).color") == "rgb(27, 36, 48)"


@pytest.mark.parametrize("width", [320, 375])
@pytest.mark.parametrize("name", NAMES)
def test_a_phone_does_not_scroll_sideways(name: str, width: int, browser: Browser, pages: dict[str, Path]) -> None:
    with shown(browser, pages[name], viewport={"width": width, "height": 667}) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [320, 375, 800, 1280])
@pytest.mark.parametrize("name", ["example", "hostile"])
def test_texts_of_pictures_stand_apart_and_inside(
    name: str, width: int, browser: Browser, pages: dict[str, Path]
) -> None:
    """Letters are the reader's own, and not those that the texts were measured with."""
    troubles = """() => [...document.querySelectorAll("svg.picture")].filter(svg => svg.checkVisibility()).flatMap(svg => {
        const whole = svg.getBoundingClientRect();
        const texts = [...svg.querySelectorAll("text")].map(text => [text.textContent, text.getBoundingClientRect()]);
        const out = texts.filter(([, box]) => box.left < whole.left - 1 || box.right > whole.right + 1);
        const over = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
            && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.45 * a.height;
        const met = texts.filter(([, box], i) => texts.slice(i + 1).some(([, other]) => over(box, other)));
        return [...out, ...met].map(([text]) => text);
    })"""
    with shown(browser, pages[name], viewport={"width": width, "height": 667}) as seen:
        kinds = seen.page.locator("svg.picture").evaluate_all(
            "all => all.filter(svg => svg.checkVisibility()).map(svg => svg.classList[1])"
        )
        assert set(kinds) == {"narrow" if width <= 800 else "wide"}
        assert len(kinds) >= 3
        assert seen.page.locator(f"svg.picture.{kinds[0]} text").count() > 40
        assert seen.page.evaluate(troubles) == []


@pytest.mark.parametrize("width", [320, 375, 800, 1280])
def test_letters_of_pictures_can_be_read(width: int, browser: Browser, pages: dict[str, Path]) -> None:
    with shown(browser, pages["example"], viewport={"width": width, "height": 667}) as seen:
        scales = seen.page.locator("svg.picture").evaluate_all(
            "all => all.filter(svg => svg.checkVisibility()).map(svg => svg.getScreenCTM().a * 9)"
        )
    assert all(9.5 <= scale <= 16 for scale in scales), scales


def test_pictures_turn_dark_and_print_light(browser: Browser, pages: dict[str, Path]) -> None:
    fills = """() => ["text", "path"].map(tag => getComputedStyle(
        document.querySelector(`svg.picture.wide ${tag}[fill]:not([fill=none])`)).fill)"""
    with shown(browser, pages["example"], color_scheme="dark") as seen:
        assert seen.page.evaluate(fills) == ["rgb(164, 175, 189)", "rgb(125, 180, 240)"]
        seen.page.emulate_media(media="print", color_scheme="dark")
        assert seen.page.evaluate(fills) == ["rgb(85, 96, 110)", "rgb(23, 80, 143)"]


def test_japanese_shows_in_letters_and_not_in_boxes(browser: Browser, pages: dict[str, Path]) -> None:
    with shown(browser, pages["example"]) as seen:
        title = seen.page.locator("p[lang=ja]", has_text=JAPANESE)
        assert title.is_visible()

        def drawn(text: str) -> tuple[bytes, float]:
            title.evaluate("(p, text) => { p.innerHTML = '<span></span>'; p.firstChild.textContent = text; }", text)
            span = title.locator("span")
            return span.screenshot(), span.bounding_box()["width"]  # type: ignore[index]

        title.evaluate("p => p.id = 'title'")
        title = seen.page.locator("#title")
        first, wide = drawn("基金基金")
        second, same = drawn("米国米国")
        # A letter that no font has is one box for all, and mostly narrower than the square of a real one.
        assert first != second
        assert wide == same == pytest.approx(4 * 16, rel=0.02)


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_it_prints(paper: str, browser: Browser, pages: dict[str, Path]) -> None:
    with shown(browser, pages["example"], color_scheme="dark") as seen:
        found = PdfReader(io.BytesIO(seen.page.pdf(format=paper)))
    size = [round(float(side)) for side in (found.pages[0].mediabox.width, found.pages[0].mediabox.height)]
    assert size == pytest.approx({"A4": [595, 842], "Letter": [612, 792]}[paper], abs=1)
    assert 12 <= len(found.pages) <= 26
    # Fonts have one letter for "ff" and "fi".
    texts = [unicodedata.normalize("NFKC", page.extract_text()) for page in found.pages]
    (sign_off,) = (text for text in texts if "Sign-off" in text)
    for told in ("example/owner-a", "example/owner-b", "Signature", DIGEST):
        assert told in sign_off.replace("\n", "")
    assert f"1 / {len(texts)}" in texts[0]
    assert "Skip to the summary" not in "".join(texts)
    assert all(len(text) > 100 for text in texts[:-1]), "a page is empty"
    rules = [text for text in texts if "The fund invests in companies" in text or "Lines are not too volatile" in text]
    assert all("Limit" in text for text in rules), "the header of the table stands on each of its pages"


def test_it_reads_the_same_without_javascript(browser: Browser, pages: dict[str, Path]) -> None:
    told = []
    for allowed in (True, False):
        with shown(browser, pages["example"], java_script_enabled=allowed) as seen:
            told.append(seen.page.locator("body").inner_text())
            assert seen.page.locator("#certificate-heading").is_visible()
    assert told[0] == told[1]


def test_the_keyboard_reaches_the_summary_first(browser: Browser, pages: dict[str, Path]) -> None:
    with shown(browser, pages["example"]) as seen:
        seen.page.keyboard.press("Tab")
        skip = seen.page.locator(":focus")
        assert skip.inner_text() == "Skip to the summary"
        assert skip.bounding_box()["x"] == 0  # type: ignore[index]
        seen.page.keyboard.press("Enter")
        assert seen.page.url.endswith("#summary")


def test_the_bargain_prints_with_room_to_sign(browser: Browser, pages: dict[str, Path]) -> None:
    with shown(browser, pages["bargain"], color_scheme="dark") as seen:
        found = PdfReader(io.BytesIO(seen.page.pdf(format="A4")))
    texts = [unicodedata.normalize("NFKC", page.extract_text()) for page in found.pages]
    assert 5 <= len(texts) <= 12
    assert "What each owner gets, and would have otherwise" in texts[0]
    (sign_off,) = (text for text in texts if "agree to the amounts above" in text)
    assert sign_off.count("Signature") == 2
    assert all(len(text) > 100 for text in texts[:-1]), "a page is empty"


def test_markers_of_the_bargain_follow_the_colours_of_the_page(browser: Browser, pages: dict[str, Path]) -> None:
    with shown(browser, pages["bargain"], color_scheme="dark") as seen:
        uses = seen.page.locator(".picture.wide use")
        assert uses.count() >= 8
        colours = uses.evaluate_all("all => all.map(use => getComputedStyle(use).stroke)")
        assert "rgb(125, 180, 240)" in colours
        assert "rgb(23, 80, 143)" not in colours
