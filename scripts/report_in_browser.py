#!/usr/bin/env python3
"""Opens a page of `lelp report` in Chromium and checks what a reader would see.

    python scripts/report_in_browser.py report.html --screenshots DIR

Fails on any console message of error level, any request to a network, a chart that is not drawn, a label that the
pointer or the keyboard does not bring up, and a page that scrolls sideways on a phone. Needs the Python package
`playwright` and Chromium (`--chromium PATH`; the package's own browser is not needed).
"""

import argparse
import pathlib
import re
import shutil
import sys

from playwright.sync_api import TimeoutError, sync_playwright

OPTIONS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]
VIEWS = {"desktop": (1280, 900), "phone": (375, 812)}
SCHEMES = ["light", "dark"]
# Milliseconds: a page has megabytes of script, and machines that run checks are busy.
PATIENCE = 180_000


class Page:
    """A page that is watched for errors and for requests."""

    def __init__(self, browser, address, view, scheme, faults):
        width, height = VIEWS[view]
        self.name = f"{view}, {scheme}"
        self.faults = faults
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme,
            has_touch=view == "phone", device_scale_factor=2 if view == "phone" else 1,
        )
        context.set_default_timeout(PATIENCE)
        self.page = context.new_page()
        self.page.on("console", lambda message: message.type == "error" and self.fault(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.fault(f"error: {error}"))
        self.page.on("request", self.requested)
        self.page.on("dialog", self.asked)
        self.address = address
        self.page.goto(address)
        self.page.wait_for_function("[...document.querySelectorAll('.drawing')].filter(p => p.offsetParent).every(p => p.querySelector('svg.main-svg'))")

    def requested(self, request):
        # Pictures that the library makes are data; whatever else is asked for comes from somewhere.
        if request.url != self.address and not request.url.startswith("data:"):
            self.fault(f"request of {request.url}")

    def asked(self, dialog):
        # A page of ours asks nothing: a text of a user has become a script.
        self.fault(f"dialog: {dialog.message}")
        dialog.dismiss()

    def fault(self, what):
        self.faults.append(f"{self.name}: {what}")

    def check_charts(self):
        """Every chart has marks of some size; those that a choice hides are shown one after the other."""
        for chooser in self.page.locator(".choose select").all():
            for place in range(chooser.locator("option").count()):
                chooser.select_option(index=place)
                self.page.wait_for_timeout(50)
                self.check_drawn()
            chooser.select_option(index=0)
        return self.check_drawn()

    def check_drawn(self):
        charts = self.page.locator("figure.chart:not([hidden]) .drawing").all()
        for chart in charts:
            heading = chart.get_attribute("aria-label").split(":")[0]
            box = chart.locator("svg.main-svg").first.bounding_box()
            if box is None or box["width"] < 100 or box["height"] < 100:
                self.fault(f"`{heading}` is not drawn: {box}")
            marks = chart.locator(".point path, .points path, .js-line, .heatmaplayer image").count()
            if marks == 0:
                self.fault(f"`{heading}` has no marks")
        return len(charts)

    def check_width(self):
        wide, seen = self.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        if wide > seen:
            self.fault(f"the page is {wide} pixels wide and the view {seen}")

    def check_pointer(self):
        """Pointing at a mark of the map shows its text."""
        chart = self.chart("Map by")
        if chart is None:
            return
        chart.scroll_into_view_if_needed()
        self.page.evaluate("scrollBy(0, -80)")
        for mark in chart.locator(".scatterlayer .points path").all()[:30]:
            box = mark.bounding_box()
            self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            self.page.wait_for_timeout(120)
            label = chart.locator(".hoverlayer .hovertext text").all_text_contents()
            told = chart.locator("xpath=../p[contains(@class, 'told')]").inner_text()
            if label and len(told) > 10:
                self.same(label, told)
                return
        self.fault("no mark of the map tells its text")

    def same(self, label, told):
        letters = lambda text: re.sub(r"\W", "", text)
        if letters("".join(label))[:20] not in letters(told):
            self.fault(f"the label says {label}, the line below {told!r}")

    def check_keyboard(self):
        """Arrow keys move over the points of every chart, and Escape leaves it."""
        for chart in self.page.locator("figure.chart:not([hidden]) .drawing").all():
            heading = chart.get_attribute("aria-label").split(":")[0]
            line = chart.locator("xpath=../p[contains(@class, 'told')]")
            chart.focus()
            told = set()
            for key in ["ArrowRight", "ArrowRight", "End", "Home", "ArrowDown", "ArrowLeft"]:
                self.page.keyboard.press(key)
                told.add(line.inner_text())
            if not all(told):
                self.fault(f"`{heading}` tells nothing to the keyboard: {told}")
            try:
                # The library draws a label some time after the key.
                chart.locator(".hoverlayer .hovertext").first.wait_for(state="attached", timeout=10_000)
            except TimeoutError:
                self.fault(f"`{heading}` shows no label to the keyboard")
            self.page.keyboard.press("Escape")
            if self.page.evaluate("document.activeElement !== document.body"):
                self.fault(f"Escape does not leave `{heading}`")

    def chart(self, heading):
        found = self.page.locator(f'.drawing[aria-label^="{heading}"]')
        return found.first if found.count() else None

    def screenshot(self, folder, name, full=True):
        if folder:
            self.page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
            self.page.wait_for_timeout(200)
            self.page.screenshot(path=folder / f"{name}.png", full_page=full)


def check(browser, address, folder, faults):
    charts = 0
    for view in VIEWS:
        for scheme in SCHEMES:
            page = Page(browser, address, view, scheme, faults)
            charts = page.check_charts()
            page.check_width()
            page.check_pointer()
            page.check_keyboard()
            page.page.mouse.move(0, 0)
            page.screenshot(folder, f"{view}-{scheme}")
            if (view, scheme) == ("desktop", "light"):
                check_paper(page, folder)
            page.page.context.close()
    return charts


def check_paper(page, folder):
    """In print every chart is drawn within the sheet, and dark on white."""
    pdf = page.page.pdf(format="A4", path=folder / "print.pdf" if folder else None)
    if len(pdf) < 10_000:
        page.fault(f"the print has {len(pdf)} bytes")
    page.page.set_viewport_size({"width": 720, "height": 1000})
    page.page.emulate_media(media="print")
    page.page.wait_for_timeout(500)
    page.check_drawn()
    page.check_width()
    page.screenshot(folder, "print")
    page.page.emulate_media(media="screen")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("report", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path, help="folder for pictures of the page")
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("chromium-browser"))
    arguments = parser.parse_args()
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    faults = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.chromium, args=OPTIONS)
        charts = check(browser, arguments.report.resolve().as_uri(), arguments.screenshots, faults)
        browser.close()
    for fault in dict.fromkeys(faults):
        print(fault, file=sys.stderr)
    print(f"{arguments.report}: {charts} charts at once, {len(set(faults))} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
