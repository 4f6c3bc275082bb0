"""Makes two coarse classes of a data set with many: even and odd label numbers, so that each class hides structure.

    pip install pyarrow
    python benches/coarse_labels.py BANKING77_FOLDER OUT_FOLDER
    lelp quickstart --data OUT_FOLDER --out comparison

The fine label stays in column `fine_label`.
"""

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def main(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for split in ["train", "validation", "test"]:
        table = pq.read_table(source / f"{split}.parquet")
        fine = table["label"]
        coarse = pc.bit_wise_and(fine, pa.scalar(1, pa.int32()))
        pq.write_table(pa.table({"text": table["text"], "label": coarse, "fine_label": fine}), target / f"{split}.parquet")
        print(f"{split}: {table.num_rows} rows, {pc.sum(coarse).as_py()} odd")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
