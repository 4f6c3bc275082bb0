"""Makes the query set that `lelp quickstart` carries: banking77 in two classes, "about a card" or not.

An example is about a card where the name of its intent holds the word "card". The 77 intents stay in
column `intent`; only checks with true fine labels use them.

    pip install pyarrow
    python scripts/bundle_banking77.py BANKING77_FOLDER crates/lelp-cli/data/banking77
"""

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

LABELS = ["other", "card"]


def main(source: Path, target: Path) -> None:
    for split in ["train", "validation", "test"]:
        table = pq.read_table(source / f"{split}.parquet")
        intents = table["label_name"].to_pylist()
        label = [int("card" in intent) for intent in intents]
        bundled = pa.table({
            "text": table["text"],
            "label": pa.array(label, pa.int32()),
            "label_name": pa.array([LABELS[one] for one in label]),
            "intent": pa.array(intents),
        })
        pq.write_table(bundled, target / f"{split}.parquet", compression="zstd", compression_level=19)
        print(f"{split}: {bundled.num_rows} rows, {sum(label)} about a card")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
