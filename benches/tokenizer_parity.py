"""Asks a classifier's folder as a user of transformers does: `AutoTokenizer` on the folder itself, `lelp export`'s graph in
ONNX Runtime, and holds the probabilities against those of `lelp predict`, text by text, for short and long ones.

Set up, and run from the workspace root:
    pip install transformers onnxruntime numpy
    cargo build --release --bin lelp
    python benches/tokenizer_parity.py FOLDER.. [--lelp target/release/lelp] [--texts FILE]

A FOLDER is a teacher or an encoder student, or a Hugging Face sequence classifier. Nothing is padded and no length is named:
where a text is cut is what the folder says. Prints the largest difference, and fails beyond 1e-5.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from transformers import AutoTokenizer

TOLERANCE = 1e-5
TEXTS = [
    "my card is lost",
    "money",
    "Where is my new PIN? It is not there, and the bank does not say why!",
    "\u00e9t\u00e9 \u4e2d\u6587 \U0001f600 unknown words",
    "The fee was taken twice from my account last Friday, and nobody answers the phone. " * 20,
    "why " * 700,
]


def predicted(folder: Path, lelp: Path, texts: list[str]) -> np.ndarray:
    """Probabilities of `lelp predict`, `[texts, classes]`."""
    command = [lelp, "predict", "--quiet", "--model", folder, "--json", "--format", "jsonl", "-"]
    rows = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    answers = subprocess.run(command, input=rows, capture_output=True, text=True, check=True).stdout.splitlines()
    return np.array([list(json.loads(line)["probabilities"].values()) for line in answers])


def exported(folder: Path, lelp: Path, texts: list[str]) -> np.ndarray:
    """The same by the folder's own tokenizer and the exported graph."""
    with tempfile.TemporaryDirectory() as work:
        graph = Path(work) / "model.onnx"
        subprocess.run([lelp, "export", "--quiet", "--model", folder, "--out", graph], check=True)
        session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    tokenizer = AutoTokenizer.from_pretrained(folder)
    names = [value.name for value in session.get_inputs()]
    rows = []
    for text in texts:
        tokens = tokenizer(text, truncation=True, return_tensors="np", return_token_type_ids=True)
        (logits,) = session.run(["logits"], {name: tokens[name].astype(np.int64) for name in names})
        exponents = np.exp(logits[0].astype(np.float64) - logits[0].max())
        rows.append(exponents / exponents.sum())
    return np.array(rows)


def compare(folder: Path, lelp: Path, texts: list[str]) -> bool:
    differences = np.abs(predicted(folder, lelp, texts) - exported(folder, lelp, texts)).max(axis=1)
    worst = int(differences.argmax())
    sound = bool(differences[worst] <= TOLERANCE)
    verdict = "ok" if sound else f"TOO FAR, in text {worst}: {texts[worst][:60]!r}"
    print(f"{folder}: {len(texts)} texts, probabilities differ by {differences[worst]:.1e}; {verdict}")
    return sound


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--lelp", type=Path, default=Path("target/release/lelp"))
    parser.add_argument("--texts", type=Path, help="a file with a text a line")
    arguments = parser.parse_args()
    texts = arguments.texts.read_text().splitlines() if arguments.texts else TEXTS
    results = [compare(folder, arguments.lelp.resolve(), texts) for folder in arguments.folders]
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
