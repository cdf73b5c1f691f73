"""The pages in a real browser, against a real server on this machine."""

from __future__ import annotations

import csv
import io
import json
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import bibtexparser
import feedparser
import pytest
import rispy
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

from tests.searchapp.web.serving import served

pytestmark = pytest.mark.browser

PATIENCE = 20
"""Seconds that a page may take to appear."""

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
)
PAGES = (
    "/",
    "/?q=innovation",
    "/?q=innovation&country=CA&lang=en&year_from=2012&year_to=2020",
    "/?q=zzzz",
    "/?q=hub&year_from=1800",
    "/?q=" + "x" * 900,
    "/commitments/UK0066?lang=fr",
    "/commitments/JO0021",
    "/commitments/XX0001",
    "/commitments/UK0066/similar",
    "/commitments/JO0021/similar?per_country=false&limit=100",
    "/commitments/UK0066/similar?country=GB&lang=fr",
    "/overview",
    "/overview?q=innovation",
    "/overview?q=innovation&country=CA",
    "/?country=CA&sort=oldest",
    "/compare?id=UK0066&id=SEO0002&id=JO0021",
    "/compare?id=XX0001&id=CA0001&id=TW0003&id=UK0066&id=SEO0002&id=JO0021&lang=en",
    "/compare?id=UK0066&id=XX0002&id=JO0021",
    "/about",
    "/api/docs",
    "/nothing",
)
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
"""The rules of axe-core that follow from WCAG 2.2, levels A and AA."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of the application with the fake searcher."""
    with served() as address:
        yield address


@contextmanager
def chromium(profile: Path, *, javascript: bool = True) -> Iterator[WebDriver]:
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not browser or not driver:
        pytest.skip("needs chromium and chromedriver (Debian: apt-get install chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if not javascript:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    window = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield window
    finally:
        window.quit()


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


def wait_for_text(window: WebDriver, selector: str, text: str) -> None:
    """Wait until the page, or the next one if it is being loaded, shows this text in its first such element."""
    gone = (NoSuchElementException, StaleElementReferenceException)
    WebDriverWait(window, PATIENCE, ignored_exceptions=gone).until(
        lambda page: page.find_element(By.CSS_SELECTOR, selector).text == text,
        f"{selector} never showed {text!r}",
    )


def wait_for_status(window: WebDriver, text: str) -> None:
    wait_for_text(window, "[role=status]", text)


def strengths(total: int) -> str:
    return f"1 strong, 2 fair, {total - 3} weak"


def search_read_filter_and_go_back(window: WebDriver, server: str) -> None:
    window.get(server)
    window.find_element(By.NAME, "q").send_keys("innovation", Keys.ENTER)
    wait_for_status(window, f"23 commitments found: {strengths(23)}; showing 1\u201310.")

    window.find_element(By.LINK_TEXT, "Incubadoras para la participación ciudadana").click()
    wait_for_text(window, "h1[lang=es]", "Incubadoras para la participación ciudadana")
    window.back()
    wait_for_text(window, "h1", "Results for “innovation”")
    assert window.find_element(By.NAME, "q").get_attribute("value") == "innovation"

    window.find_element(By.CSS_SELECTOR, "label[for=country-CA]").click()
    window.find_element(By.NAME, "year_to").send_keys("2015")
    window.find_element(By.CSS_SELECTOR, ".filters button").click()
    wait_for_status(window, f"11 commitments found: {strengths(11)}; showing 1\u201310.")
    window.find_element(By.PARTIAL_LINK_TEXT, "Country: Canada").click()
    wait_for_status(window, f"12 commitments found: {strengths(12)}; showing 1\u201310.")

    window.find_element(By.LINK_TEXT, "Next →").click()
    wait_for_status(window, f"12 commitments found: {strengths(12)}; showing 11\u201312.")
    window.find_element(By.CSS_SELECTOR, "label[for=mode-keyword]").click()
    window.find_element(By.CSS_SELECTOR, ".search button").click()
    WebDriverWait(window, PATIENCE).until(lambda page: "mode=keyword" in page.current_url)
    wait_for_status(window, f"12 commitments found: {strengths(12)}; showing 1\u201310.")
    assert window.find_element(By.NAME, "year_to").get_attribute("value") == "2015"


def test_one_can_search_read_filter_and_go_back(window: WebDriver, server: str) -> None:
    search_read_filter_and_go_back(window, server)


def test_the_same_works_without_javascript(tmp_path: Path, server: str) -> None:
    with chromium(tmp_path, javascript=False) as window:
        window.get("data:text/html,<title>off</title><script>document.title='on'</script>")
        assert window.title == "off"
        search_read_filter_and_go_back(window, server)
        downloads = tmp_path / "downloads"
        downloads.mkdir()
        tick_compare_and_take_away(window, server, downloads)


def tick_compare_and_take_away(window: WebDriver, server: str, downloads: Path) -> None:
    window.execute_cdp_cmd("Page.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
    window.get(f"{server}/?q=innovation")
    for rank in (1, 2, 4):
        window.find_element(By.ID, f"compare-{rank}").send_keys(Keys.SPACE)
    window.find_element(By.CSS_SELECTOR, ".compare-form button").click()
    wait_for_text(window, "h1", "3 commitments side by side")
    titles = [head.text for head in window.find_elements(By.CSS_SELECTOR, ".side .title")]
    assert titles[1:] == ["Incubadoras para la participación ciudadana", "公众参与创新中心"]
    window.find_element(By.LINK_TEXT, "Leave out SEO0002").click()
    wait_for_text(window, "h1", "2 commitments side by side")
    window.find_element(By.LINK_TEXT, "CSV").click()
    window.get(f"{server}/?q=innovation&country=CA")
    for name in ("CSV", "JSON Lines", "RIS", "BibTeX"):
        window.find_element(By.CSS_SELECTOR, ".take").find_element(By.LINK_TEXT, name).click()
    names = {f"concord-innovation.{form}" for form in ("csv", "jsonl", "ris", "bib")}
    names.add("concord-compare-uk0066-tw0003.csv")
    WebDriverWait(window, PATIENCE).until(lambda _: {one.name for one in downloads.iterdir()} == names)


def test_one_can_tick_compare_and_take_away(window: WebDriver, server: str, tmp_path: Path) -> None:
    tick_compare_and_take_away(window, server, tmp_path)


@pytest.mark.parametrize("width", [320, 360, 768, 1280, 1440])
def test_no_page_scrolls_sideways(window: WebDriver, server: str, width: int) -> None:
    window.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    )
    try:
        for page in PAGES:
            window.get(server + page)
            window.execute_script("document.querySelectorAll('details').forEach(one => one.open = true)")
            wide = window.execute_script(
                "return [...document.querySelectorAll('body *')].filter(one => !one.closest('.unseen, .scroller > *')"
                " && one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 90))"
            )
            assert wide == [], page
            assert window.execute_script("return document.documentElement.scrollWidth") <= width, page
    finally:
        window.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_no_page_makes_the_browser_complain(window: WebDriver, server: str) -> None:
    window.get_log("browser")
    for page in PAGES:
        window.get(server + page)
        messages = [entry["message"] for entry in window.get_log("browser")]
        expected = "the server responded with a status of 4"  # Chromium's own note of a 400 or 404 page
        assert [message for message in messages if expected not in message] == [], page


def test_a_hostile_document_runs_nothing_and_fetches_nothing(window: WebDriver, server: str) -> None:
    window.get(f"{server}/commitments/XX0001")
    assert window.execute_script("return document.scripts.length") == 0
    fetched = window.execute_script("return performance.getEntriesByType('resource').map(one => one.name)")
    assert {address.removeprefix(server) for address in fetched} <= {"/static/concord.css", "/static/icon.svg"}


def test_the_first_tab_stop_is_the_skip_link_which_becomes_visible_and_works(window: WebDriver, server: str) -> None:
    window.get(f"{server}/about")
    window.switch_to.active_element.send_keys(Keys.TAB)
    link = window.switch_to.active_element
    assert link.text == "Skip to content"
    assert link.location["y"] >= 0
    link.send_keys(Keys.ENTER)
    assert window.switch_to.active_element.get_attribute("id") == "main"


def test_modes_can_be_chosen_with_the_keyboard_and_show_their_focus(window: WebDriver, server: str) -> None:
    window.get(server)
    field = window.find_element(By.NAME, "q")
    field.send_keys(Keys.TAB, Keys.TAB)
    window.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert window.switch_to.active_element.get_attribute("id") == "mode-semantic"
    explanations = window.find_elements(By.CSS_SELECTOR, ".explanation")
    assert [one.get_attribute("id") for one in explanations if one.is_displayed()] == ["about-semantic"]
    label = window.find_element(By.CSS_SELECTOR, "label[for=mode-semantic]")
    assert label.value_of_css_property("outline-style") == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_violation_of_wcag(window: WebDriver, server: str, width: int, scheme: str) -> None:
    axe = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    found = {}
    with emulated(window, width=width, scheme=scheme):
        for url in PAGES:
            window.get(server + url)
            window.execute_script(axe)
            window.execute_script("document.querySelectorAll('details').forEach(one => one.open = true)")
            answer = window.execute_async_script(
                "axe.run(document, {runOnly: {type: 'tag', values: arguments[0]}}).then(arguments[1])", WCAG
            )
            assert answer["passes"], url
            found[url] = [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in answer["violations"]]
    assert found == {url: [] for url in PAGES}


@contextmanager
def emulated(window: WebDriver, *, width: int, scheme: str) -> Iterator[None]:
    """Make pages this wide, in a light or dark scheme."""
    window.execute_cdp_cmd(  # type: ignore[no-untyped-call]  # selenium leaves it so
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        window.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})  # type: ignore[no-untyped-call]


def test_the_two_kinds_of_marks_look_different(window: WebDriver, server: str) -> None:
    window.get(f"{server}/?q=innovation")
    looks = [
        tuple(
            window.find_element(By.CSS_SELECTOR, f".passage mark.{kind}").value_of_css_property(name)
            for name in ("background-color", "font-weight", "text-decoration-line")
        )
        for kind in ("word", "semantic")
    ]
    assert all(word != semantic for word, semantic in zip(*looks, strict=True))


@pytest.mark.parametrize(("scheme", "paper"), [("light", "rgba(251, 250, 246, 1)"), ("dark", "rgba(20, 24, 27, 1)")])
def test_the_page_follows_the_readers_colour_scheme(window: WebDriver, server: str, scheme: str, paper: str) -> None:
    window.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    window.get(server)
    assert window.find_element(By.TAG_NAME, "body").value_of_css_property("background-color") == paper


def read_compare_and_take_away(window: WebDriver, server: str, downloads: Path) -> None:
    window.get(f"{server}/compare?id=UK0066&id=SEO0002&id=JO0021")
    wait_for_text(window, "h1", "3 commitments side by side")
    assert len(window.find_elements(By.CSS_SELECTOR, "table.side thead th[scope=col]")) == 4

    window.find_element(By.LINK_TEXT, "Français").click()
    WebDriverWait(window, PATIENCE).until(lambda page: "ui=fr" in page.current_url)
    assert window.find_element(By.TAG_NAME, "html").get_attribute("lang") == "fr"
    window.find_element(By.CSS_SELECTOR, "table.side .title a[lang=es]").click()
    wait_for_text(window, "h1[lang=es]", "Incubadoras para la participación ciudadana")
    assert window.find_element(By.TAG_NAME, "html").get_attribute("lang") == "fr"
    window.find_element(By.CSS_SELECTOR, "section[aria-labelledby=similar] h3 a").click()
    WebDriverWait(window, PATIENCE).until(lambda page: "SEO0002" not in page.current_url)

    window.get(f"{server}/overview?q=innovation")
    window.find_element(By.CSS_SELECTOR, "table.heat td a").click()
    WebDriverWait(window, PATIENCE).until(lambda page: "policy_area=" in page.current_url)
    window.get(f"{server}/?q=innovation&country=CA")
    for ending, read in READERS.items():
        window.find_element(By.CSS_SELECTOR, f".take a[download][href*='format={ending}']").click()
        file = downloads / f"concord-innovation.{ending}"
        WebDriverWait(window, PATIENCE).until(lambda _: file.exists())  # noqa: B023 (asked at once)
        assert read(file.read_text(encoding="utf-8-sig")) == 18, ending
    assert len(feedparser.parse(only_feed(window)).entries) > 0


READERS: dict[str, Callable[[str], int]] = {
    "csv": lambda text: len(list(csv.DictReader(io.StringIO(text)))),
    "jsonl": lambda text: len([json.loads(line) for line in text.splitlines()]),
    "ris": lambda text: len(rispy.loads(text)),
    "bib": lambda text: len(bibtexparser.parse_string(text).entries),
}
"""How many records a file that was taken away has, by its ending, as a library for the format reads it."""


def only_feed(window: WebDriver) -> bytes:
    address = window.find_element(By.CSS_SELECTOR, "link[type='application/atom+xml']").get_attribute("href")
    with urllib.request.urlopen(str(address)) as response:  # noqa: S310 (an address of our own)
        body: bytes = response.read()
    return body


@pytest.mark.parametrize("javascript", [True, False])
def test_one_can_read_compare_switch_languages_and_take_away(tmp_path: Path, server: str, *, javascript: bool) -> None:
    downloads = tmp_path / "downloads"
    with chromium(tmp_path / "profile", javascript=javascript) as window:
        window.execute_cdp_cmd(  # type: ignore[no-untyped-call]
            "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)}
        )
        read_compare_and_take_away(window, server, downloads)
