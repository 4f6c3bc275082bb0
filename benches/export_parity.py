"""Holds what `lelp export` writes of a model against `lelp predict`, on every row of a file.

Set up, and run from the workspace root:
    pip install onnx onnxruntime numpy pyarrow safetensors tokenizers torch transformers
    cargo build --release --bin lelp
    python benches/export_parity.py --data queries/test.csv student small [--lelp target/release/lelp] [--batch 32]

Each FOLDER is a student or teacher. Its ONNX graph goes through ONNX's checker and runs in ONNX Runtime; a folder for
`transformers`, where there can be one, in the pipeline `text-classification`, which imports `lelp.transformers` (with the
wheel's `python` folder on PYTHONPATH) where the student has subclasses; the safetensors are read and their classes counted.
Prints the largest difference of a probability, and fails beyond 1e-4. Vectors are read from a Parquet file alone.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors import safe_open

sys.path.append(str(Path(__file__).parent.parent / "examples"))
from ngram_features import Reader, batch  # noqa: E402

TOLERANCE = 1e-4


def softmax(logits):
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)


def ngram_inputs(metadata, rows):
    reader = Reader(metadata)
    ids, offsets = batch([reader(row.get("text", ""), row.get("text_pair"), row.get("columns")) for row in rows])
    return {"input_ids": np.array(ids, np.int64), "offsets": np.array(offsets, np.int64)}


def token_inputs(metadata, folder, rows, names):
    """Tokens of the tokenizer in the folder, cut, and padded on the right."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(int(metadata["max_length"]))
    pairs = [(row["text"], row["text_pair"]) if "text_pair" in row else row["text"] for row in rows]
    tokens, padding = tokenizer.encode_batch(pairs), json.loads((folder / "config.json").read_text()).get("pad_token_id") or 0
    width = max(len(row.ids) for row in tokens)
    padded = lambda of, filler: np.array([of(row) + [filler] * (width - len(row.ids)) for row in tokens], np.int64)
    inputs = {
        "input_ids": padded(lambda row: row.ids, padding),
        "token_type_ids": padded(lambda row: row.type_ids, 0),
        "attention_mask": padded(lambda row: [1] * len(row.ids), 0),
    }
    return {name: values for name, values in inputs.items() if name in names}


def column_inputs(metadata, folder, rows, vectors, names):
    inputs = token_inputs(metadata, folder / "encoder", rows, names) if "max_length" in metadata else {}
    for column in json.loads(metadata["columns"]):
        name, kind = column["name"], column["kind"]
        values = [row.get("columns", {}).get(name) for row in rows]
        if kind == "vector":
            inputs[name] = np.array(vectors[name], np.float32)
        elif kind == "number":
            inputs[name] = np.array([np.nan if value is None else value for value in values], np.float32)
        elif kind == "category":
            places = {word: place for place, word in enumerate(column["words"], 1)}
            inputs[name] = np.array([places.get(value, 0) for value in values], np.int64)
    return inputs


def with_onnx(graph, folder, rows, table, size):
    onnx.checker.check_model(str(graph), full_check=True)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    metadata, names = session.get_modelmeta().custom_metadata_map, [value.name for value in session.get_inputs()]
    if "pieces" in metadata:
        sys.exit(f"{folder}: nothing here reads the pieces of words of static embeddings")
    logits = []
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        vectors = {name: column[start : start + size] for name, column in table.items()}
        if metadata["kind"] == "ngram":
            inputs = ngram_inputs(metadata, part)
        elif metadata["kind"] == "mlp":
            inputs = column_inputs(metadata, folder, part, vectors, names)
        else:
            inputs = token_inputs(metadata, folder, part, names)
        logits.append(session.run(["logits"], inputs)[0])
    return json.loads(metadata["labels"]), softmax(np.concatenate(logits))


def with_transformers(out, rows, labels, size):
    import transformers

    if json.loads((out / "config.json").read_text())["model_type"] == "lelp-subclass":
        import lelp.transformers  # noqa: F401
    pipeline = transformers.pipeline("text-classification", model=str(out), batch_size=size, top_k=None, device="cpu")
    asked = [{"text": row["text"], "text_pair": row["text_pair"]} if "text_pair" in row else row["text"] for row in rows]
    answers = [{answer["label"]: answer["score"] for answer in row} for row in pipeline(asked, truncation=True)]
    return np.array([[row[label] for label in labels] for row in answers])


def compare(folder, arguments):
    lelp = str(arguments.lelp.resolve())
    predict = [lelp, "--quiet", "predict", "--model", str(folder), str(arguments.data), "--json"]
    said = subprocess.run(predict, check=True, capture_output=True, text=True).stdout
    rows = [json.loads(line) for line in said.splitlines()]
    table = {}
    if arguments.data.suffix == ".parquet":
        import pyarrow.parquet

        columns = pyarrow.parquet.read_table(arguments.data).to_pydict()
        table = {name: values for name, values in columns.items() if isinstance(values[0], list)}
    found = {}
    with tempfile.TemporaryDirectory() as work:
        write = lambda format, name: subprocess.run(
            [lelp, "--quiet", "export", "--model", str(folder), "--format", format, "--out", str(Path(work) / name)], capture_output=True
        ).returncode == 0  # fmt: skip
        assert write("onnx", "model.onnx") and write("safetensors", "model.safetensors")
        labels, found["ONNX Runtime"] = with_onnx(Path(work) / "model.onnx", folder, rows, table, arguments.batch)
        with safe_open(Path(work) / "model.safetensors", "np") as file:
            outputs = len(file.get_tensor("output.bias"))
            assert outputs == len(labels) * int(file.metadata()["subclasses"])
        if write("transformers", "folder"):
            found["transformers"] = with_transformers(Path(work) / "folder", rows, labels, arguments.batch)
    expected = np.array([[row["probabilities"][label] for label in labels] for row in rows])
    worst = {name: float(np.abs(probabilities - expected).max()) for name, probabilities in found.items()}
    sound = max(worst.values()) <= TOLERANCE
    listed = ", ".join(f"{name} {difference:.1e}" for name, difference in worst.items())
    print(f"{folder}: {len(rows)} rows; {listed}; {'ok' if sound else 'TOO FAR'}")
    return sound


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--lelp", type=Path, default=Path("target/release/lelp"))
    parser.add_argument("--batch", type=int, default=32)
    arguments = parser.parse_args()
    results = [compare(folder, arguments) for folder in arguments.folders]
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
