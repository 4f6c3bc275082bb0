"""Makes data sets of vectors, numbers and categories from what Python packages carry.

    pip install pyarrow==26.0.1 scikit-learn==1.9.1
    python benches/table_data.py digits datasets/digits-even-odd
    python benches/table_data.py breast-cancer datasets/breast-cancer
    python benches/table_data.py pairs SICK_FOLDER datasets/sick-columns

`digits`: 1,797 handwritten digits of 8 x 8 pixels (Alpaydin and Kaynak 1998) as one vector column `pixels`, in two
classes, even and odd; the digit stays in column `digit` as a fine label.
`breast-cancer`: 569 tumours (Wolberg, Street and Mangasarian 1995) in 30 number columns.
`pairs`: a data set of pairs of texts with what an engineer would put beside them: numbers `words`, `words_pair` and
`shared` (words that stand in both), categories `first` and `first_pair` (the first word of each text).

Splits of the first two are drawn at random, 60, 15 and 25 in 100 rows of each class, with one fixed seed.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20240930


def splits(strata: np.ndarray) -> dict[str, np.ndarray]:
    """Rows of each split, the same shares of every stratum."""
    random = np.random.default_rng(SEED)
    parts: dict[str, list[np.ndarray]] = {"train": [], "validation": [], "test": []}
    for value in np.unique(strata):
        rows = random.permutation(np.flatnonzero(strata == value))
        first, second = round(0.6 * len(rows)), round(0.75 * len(rows))
        for part, chosen in zip(parts.values(), np.split(rows, [first, second])):
            part.append(chosen)
    return {name: np.sort(np.concatenate(part)) for name, part in parts.items()}


def digits() -> tuple[pa.Table, np.ndarray]:
    from sklearn.datasets import load_digits

    data = load_digits()
    pixels = pa.FixedSizeListArray.from_arrays(pa.array(data.data.astype(np.float32).ravel()), data.data.shape[1])
    label = pa.array(["even" if digit % 2 == 0 else "odd" for digit in data.target])
    return pa.table({"pixels": pixels, "label": label, "digit": pa.array(data.target.astype(np.int32))}), data.target


def breast_cancer() -> tuple[pa.Table, np.ndarray]:
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    columns = {name.replace(" ", "_"): data.data[:, place] for place, name in enumerate(data.feature_names)}
    label = pa.array([str(data.target_names[target]) for target in data.target])
    return pa.table({**columns, "label": label}), data.target


def with_columns(table: pa.Table) -> pa.Table:
    """A table of pairs with numbers and categories of its texts."""
    pairs = [
        (first.lower().split(), second.lower().split())
        for first, second in zip(table["text"].to_pylist(), table["text_pair"].to_pylist())
    ]
    columns = {
        "words": pa.array([len(first) for first, _ in pairs], pa.int32()),
        "words_pair": pa.array([len(second) for _, second in pairs], pa.int32()),
        "shared": pa.array([len(set(first) & set(second)) for first, second in pairs], pa.int32()),
        "first": pa.array([first[0] if first else None for first, _ in pairs], pa.string()),
        "first_pair": pa.array([second[0] if second else None for _, second in pairs], pa.string()),
    }
    for name, values in columns.items():
        table = table.append_column(name, values)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind in ["digits", "breast-cancer"]:
        kinds.add_parser(kind).add_argument("target", type=Path)
    pairs = kinds.add_parser("pairs")
    pairs.add_argument("source", type=Path)
    pairs.add_argument("target", type=Path)
    arguments = parser.parse_args()
    arguments.target.mkdir(parents=True, exist_ok=True)
    if arguments.kind == "pairs":
        tables = {name: pq.read_table(arguments.source / f"{name}.parquet") for name in ["train", "validation", "test"]}
        tables = {name: with_columns(table) for name, table in tables.items()}
    else:
        table, strata = {"digits": digits, "breast-cancer": breast_cancer}[arguments.kind]()
        tables = {name: table.take(pa.array(rows)) for name, rows in splits(strata).items()}
    for name, table in tables.items():
        pq.write_table(table, arguments.target / f"{name}.parquet")
        counts = ", ".join(f"{count['values']}: {count['counts']}" for count in table["label"].value_counts().to_pylist())
        print(f"{name}: {table.num_rows} rows, {counts}")


if __name__ == "__main__":
    main()
