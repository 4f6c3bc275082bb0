"""Puts unlabelled texts behind the labelled ones of a training file, for distillation on both.

    pip install pyarrow
    python benches/add_unlabelled.py IMDB/train.parquet IMDB/unlabeled.parquet IMDB/test.parquet datasets/imdb-unlabelled

Files are Parquet with a column `text`, and labels in `label`.
"""

import argparse
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ["labelled", "unlabelled", "test", "target"]:
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()
    labelled = pq.read_table(arguments.labelled, columns=["text", "label"])
    texts = pq.read_table(arguments.unlabelled, columns=["text"])["text"]
    unlabelled = pa.table(
        {"text": texts.cast(labelled["text"].type), "label": pa.nulls(len(texts), labelled["label"].type)}
    )
    arguments.target.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.concat_tables([labelled, unlabelled]), arguments.target / "train.parquet")
    shutil.copy(arguments.test, arguments.target / "test.parquet")


if __name__ == "__main__":
    main()
