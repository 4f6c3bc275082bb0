#!/usr/bin/env python3
"""Makes a small comparison to look at: queries of two classes with four topics each, and their recipe.

    python scripts/small_comparison.py FOLDER
    lelp compare --recipe FOLDER/recipe.toml --out FOLDER/run
    lelp report --run FOLDER/run --out FOLDER/report.html

The encoder is the one of two layers with random weights that `lelp-model` is tested with, so that nothing is fetched.
"""

import pathlib
import sys

TOPICS = [["card", "transfer"], ["pin", "money"], ["lost", "bank"], ["new", "fee"]]
FILLERS = ["where", "is", "my", "the", "please", "how"]
ENCODER = pathlib.Path(__file__).resolve().parent.parent / "crates/lelp-model/tests/goldens/encoder_bert"
RECIPE = """
trials = 3
seeds = 3

[[data]]
name = "queries"
path = "queries"

[[teachers]]
name = "small"
encoder = "{encoder}"

[[students]]
name = "n-gram"
student = "ngram"
buckets = 4096
width = 8
train = {{ epochs = 4 }}

[[methods]]
method = "ce"

[[methods]]
method = "kd"

[[methods]]
method = "lelp"

[[methods]]
method = "kmeans"

[[methods]]
method = "dkd"
"""


def query(row: int) -> str:
    label = row % 2
    topic = TOPICS[row // 2 % 4][label]
    filler = [FILLERS[(row * 7 + k * 5 + row // 11) % len(FILLERS)] for k in range(3)]
    return f"{filler[0]} {topic} {filler[1]} {topic} {filler[2]},{['card', 'other'][label]}"


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    (folder / "queries").mkdir(parents=True, exist_ok=True)
    for split, first, rows in [("train", 0, 400), ("validation", 1000, 100), ("test", 2000, 100)]:
        lines = ["text,label", *(query(row) for row in range(first, first + rows))]
        (folder / "queries" / f"{split}.csv").write_text("\n".join(lines) + "\n")
    (folder / "recipe.toml").write_text(RECIPE.format(encoder=ENCODER))


if __name__ == "__main__":
    main()
