#!/usr/bin/env python3
"""Puts the tables of comparisons into the book, each below its recipe and command.

    python scripts/book_results.py RUNS

RUNS holds the folders of `lelp compare`, each called as its recipe in `recipes/`. Only the tables are copied; a run that
was stopped before its end is marked.
"""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def page(recipe: pathlib.Path, run: pathlib.Path) -> str:
    lines = recipe.read_text().splitlines()
    comment = [line.removeprefix("#").removeprefix(" ") for line in lines[: lines.index("")]]
    what = [line for line in comment if not line.startswith("  ")]
    commands = [line.strip() for line in comment if line.startswith("  ")]
    summary = json.loads((run / "summary.json").read_text())
    seconds = sum(line["compute_seconds"] for table in summary["tables"] for line in table["lines"])
    parts = [
        f"# {what[0].rstrip('.')}",
        "\n".join(what[1:]),
        "```sh\n" + "\n".join(commands) + "\n```",
        f"{seconds / 60:.0f} minutes of training, on 2 cores of an AMD EPYC (Zen 3, AVX2) in a shared virtual machine: times a "
        "student and a text are those of a busy machine.",
        (run / "tables.md").read_text().strip(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def main() -> None:
    runs = pathlib.Path(sys.argv[1])
    for run in sorted(runs.iterdir()):
        recipe = ROOT / "recipes" / f"{run.name}.toml"
        if recipe.exists() and (run / "tables.md").exists():
            (ROOT / "book/src/results" / f"{run.name}.md").write_text(page(recipe, run))
            print(run.name)


if __name__ == "__main__":
    main()
