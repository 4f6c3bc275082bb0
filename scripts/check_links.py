#!/usr/bin/env python3
"""Follows the relative links of the documentation: README, CONTRIBUTING, CHANGELOG, the crates' documents and the book.

    python3 scripts/check_links.py

A link must lead to a file of this repository, and its anchor to a heading there. A page of the book may only lead to other
pages of the book, which are all there is once it is built, and every page stands in its summary.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BOOK = ROOT / "book/src"
LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+(?:\([^()]*\)[^()\s]*)*)(?:\s+\"[^\"]*\")?\)")
INCLUDE = re.compile(r"\{\{#include ([^}:]+)(?::(\w+))?\}\}")
DEFINITION = re.compile(r"^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)


def text_of(page: pathlib.Path) -> str:
    """A page without its code."""
    return re.sub(r"^(```+|~~~+).*?^\1\s*$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page: pathlib.Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and mdBook make them."""
    found: dict[str, int] = {}
    names = set()
    for heading in re.findall(r"^#{1,6}\s+(.+?)\s*#*$", text_of(page), flags=re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        count = found.get(name, 0)
        found[name] = count + 1
        names.add(f"{name}-{count}" if count else name)
    return names


def problem(page: pathlib.Path, target: str) -> str | None:
    """Why a link leads nowhere."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return None
    path, _, anchor = target.partition("#")
    led = (page.parent / path).resolve() if path else page
    if not led.is_relative_to(ROOT):
        return "leaves the repository"
    if not led.exists():
        return "there is no such file"
    if page.is_relative_to(BOOK) and not led.is_relative_to(BOOK):
        return "leaves the book, which does not have that file once it is built"
    if anchor and led.suffix == ".md" and anchor not in anchors(led):
        return f"there is no heading `{anchor}`"
    return None


def missing_include(page: pathlib.Path, path: str, anchor: str) -> str | None:
    """Why a page of the book cannot take in a part of another file."""
    included = (page.parent / path).resolve()
    if not included.is_relative_to(ROOT) or not included.is_file():
        return "there is no such file"
    if anchor and f"ANCHOR: {anchor} " not in included.read_text():
        return f"there is no anchor `{anchor}`"
    return None


def main() -> None:
    pages = [ROOT / name for name in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]]
    pages += sorted(BOOK.rglob("*.md")) + sorted(ROOT.glob("crates/*/*.md")) + sorted(ROOT.glob("crates/*/docs/*.md"))
    problems, links = [], 0
    for page in pages:
        # Inline code can hold brackets that are no link.
        text = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "code", text_of(page))
        for target in LINK.findall(text) + DEFINITION.findall(text):
            links += 1
            if wrong := problem(page, target):
                problems.append(f"{page.relative_to(ROOT)}: `{target}`: {wrong}")
        for path, anchor in INCLUDE.findall(text) if page.is_relative_to(BOOK) else []:
            if wrong := missing_include(page, path, anchor):
                problems.append(f"{page.relative_to(ROOT)}: `{path}`: {wrong}")
    summary = (BOOK / "SUMMARY.md").read_text()
    for page in sorted(BOOK.rglob("*.md")):
        name = page.relative_to(BOOK).as_posix()
        if name != "SUMMARY.md" and f"({name})" not in summary:
            problems.append(f"book/src/{name}: is not in SUMMARY.md, so that the book does not have it")
    if problems:
        sys.exit("\n".join(problems))
    print(f"{links} links on {len(pages)} pages lead somewhere", file=sys.stderr)


if __name__ == "__main__":
    main()
