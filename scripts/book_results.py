#!/usr/bin/env python3
"""Puts the tables of comparisons into the book, each below its recipe and command.

    python scripts/book_results.py RUNS --machine "2 cores of an AMD EPYC (Zen 4, AVX-512)"

RUNS holds the folders of `lelp compare`, each called as its recipe in `recipes/`, all of them run on one machine. Of a run that was stopped before its end
the whole tables are copied, and the page says so.
"""

import argparse
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent


def whole_tables(run: pathlib.Path, summary: dict) -> str:
    """The tables in which every method has all its seeds, or a reason why not; of a stopped run without the tally."""

    def whole(table: dict) -> bool:
        done = [line for line in table["lines"] if line["seeds"] == summary["seeds"]]
        return len(done) + len(table["failed"]) == methods

    records = map(json.loads, (run / "results.jsonl").read_text().splitlines())
    # The last one extends those before.
    *_, last = (record for record in records if record["record"] == "recipe")
    methods = len(last["methods"])
    names = {" - ".join(table["setting"].values()) for table in summary["tables"] if whole(table)}
    recipe = last["recipe"]
    wanted = len(recipe["data"]) * len(recipe["teachers"]) * len(recipe["students"])
    text = (run / "tables.md").read_text().strip()
    if len(names) == wanted:
        return text
    sections = text.split("### ")[1:]
    kept = ["### " + section.strip() for section in sections if section.split("\n", 1)[0] in names]
    stopped = f"The run was stopped before its end: {len(names)} of {wanted} tables are whole, and stand here."
    return "\n\n".join([stopped, *kept])


def page(recipe: pathlib.Path, run: pathlib.Path, machine: str) -> str:
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
        f"{seconds / 60:.0f} minutes of training, on {machine} in a shared virtual machine: times a student and a text are "
        "those of a busy machine.",
        whole_tables(run, summary),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=pathlib.Path)
    parser.add_argument("--machine", required=True)
    arguments = parser.parse_args()
    for run in sorted(arguments.runs.iterdir()):
        recipe = ROOT / "recipes" / f"{run.name}.toml"
        if not (recipe.exists() and (run / "tables.md").exists()):
            continue
        text = page(recipe, run, arguments.machine)
        if "### " in text:
            (ROOT / "book/src/results" / f"{run.name}.md").write_text(text)
            print(run.name)
        else:
            print(f"{run.name}: no table is whole yet")


if __name__ == "__main__":
    main()
