#!/usr/bin/env python3
"""Opens the demo page of `lelp-web` in Chromium, types texts, and holds what it shows against `lelp predict`.

    scripts/build_web PAGE
    python scripts/student_in_browser.py PAGE --student STUDENT --lelp target/debug/lelp --texts FILE --screenshots DIR

PAGE is the folder that `scripts/build_web` makes, STUDENT that of an n-gram or static student, FILE has a text a line. Fails on any
difference beyond 1e-5, any console message of error level, any request beyond the loopback address, and a page that scrolls
sideways on a phone. Needs the Python package `playwright` and Chromium (`--chromium PATH`).
"""

import argparse
import functools
import http.server
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading

from playwright.sync_api import sync_playwright

OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
TOLERANCE = 1e-5
ANSWERS = """async (texts) => {
  const { Student } = await import("./lelp.js");
  const student = await Student.load("lelp_web.wasm", "student");
  const start = performance.now();
  const found = texts.map((text) => Object.fromEntries(student.classify(text).map((a) => [a.label, a.probability])));
  return { found, microseconds: (1000 * (performance.now() - start)) / texts.length };
}"""


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def serve(folder):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}/"


def check(browser, address, texts, expected, faults, screenshots):
    for name, (width, height), scheme in [("desktop", (1280, 900), "light"), ("phone", (375, 812), "dark")]:
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        page.on("console", lambda message: message.type == "error" and "calibration.json" not in message.location["url"] and faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: request.url.startswith(address) or faults.append(f"request of {request.url}"))
        page.goto(address)
        page.wait_for_selector("textarea:enabled")
        for text, row in list(zip(texts, expected))[:20]:
            page.fill("textarea", "")
            page.type("textarea", text)
            label = max(row, key=row.get)
            shown = page.locator(".row").first.inner_text().split("\n")
            if shown != [label, f"{100 * row[label]:.1f}%"]:
                faults.append(f"{name}: {text!r} shows {shown}, not {label} {row[label]}")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{name}: the page scrolls sideways")
        if screenshots:
            page.screenshot(path=str(screenshots / f"student-{name}.png"))
    answers = page.evaluate(ANSWERS, texts)
    worst = max(abs(found[label] - row[label]) for found, row in zip(answers["found"], expected) for label in row)
    if worst > TOLERANCE:
        faults.append(f"a probability is {worst:.1e} away from that of `lelp predict`")
    return worst, answers["microseconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("--student", type=pathlib.Path, required=True)
    parser.add_argument("--lelp", type=pathlib.Path, default=pathlib.Path("target/debug/lelp"))
    parser.add_argument("--texts", type=pathlib.Path, required=True)
    parser.add_argument("--screenshots", type=pathlib.Path)
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    arguments = parser.parse_args()
    texts = arguments.texts.read_text(encoding="utf-8").splitlines()
    predict = [arguments.lelp, "--quiet", "predict", "--model", arguments.student, "--json", "-"]
    said = subprocess.run(predict, input="\n".join(texts) + "\n", check=True, capture_output=True, text=True).stdout
    expected = [json.loads(line)["probabilities"] for line in said.splitlines()]
    faults = []
    with tempfile.TemporaryDirectory() as work, sync_playwright() as playwright:
        shutil.copytree(arguments.page, work, dirs_exist_ok=True)
        shutil.copytree(arguments.student, pathlib.Path(work) / "student", dirs_exist_ok=True)
        server, address = serve(work)
        browser = playwright.chromium.launch(executable_path=arguments.chromium, args=OPTIONS)
        worst, microseconds = check(browser, address, texts, expected, faults, arguments.screenshots)
        browser.close()
        server.shutdown()
    size = (arguments.page / "lelp_web.wasm").stat().st_size
    lengths = statistics.mean(map(len, texts))
    print(f"{len(texts)} texts of {lengths:.0f} characters: largest difference {worst:.1e}, {microseconds:.1f} us a text; program {size} bytes")
    for fault in faults:
        print(f"fault: {fault}", file=sys.stderr)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
