"""Sentences of long texts, one a line in random order: unlabelled texts for a student of sentences.

    pip install pyarrow
    python benches/sentences.py IMDB/unlabeled.parquet datasets/imdb-sentences.txt --most 400000

The file is Parquet with a column `text`. Sentences of fewer than 3 or more than 40 words are left out, and repeated ones.
"""

import argparse
import random
import re
from pathlib import Path

import pyarrow.parquet as pq

END = re.compile(r"(?<=[.!?])[\"')]*\s+|<br\s*/?>|\n+")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--most", type=int, help="sentences to keep")
    arguments = parser.parse_args()
    sentences = {}
    for text in pq.read_table(arguments.source, columns=["text"])["text"].to_pylist():
        for sentence in END.split(text):
            words = sentence.split()
            if 3 <= len(words) <= 40:
                sentences[" ".join(words)] = None
    sentences = list(sentences)
    random.Random(0).shuffle(sentences)
    arguments.target.write_text("".join(f"{sentence}\n" for sentence in sentences[: arguments.most]))


if __name__ == "__main__":
    main()
