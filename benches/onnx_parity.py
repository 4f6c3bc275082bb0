"""Compares a classifier's exported ONNX graph in ONNX Runtime, transformers and lelp itself, value by value.

Set up, and run from the workspace root:
    pip install torch transformers tokenizers numpy safetensors onnxruntime
    cargo build --release --bin lelp
    python benches/onnx_parity.py FOLDER.. [--lelp target/release/lelp] [--texts FILE] [--batch 16]

A FOLDER is a Hugging Face sequence classifier, or a teacher of `lelp teach`. All goldens of crates/lelp-model are:
    python benches/onnx_parity.py crates/lelp-model/tests/goldens/{bert,roberta,xlm-roberta,distilbert,mpnet,albert}

Each text goes three ways: `lelp signals` (texts of one length together, nothing padded); the graph of `lelp export` in
ONNX Runtime, in batches padded on the right; `transformers` in f32 on the same batches. Prints the largest differences
of logits and of embeddings from those of transformers, and fails beyond 1e-4.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from safetensors.numpy import load_file
from tokenizers import Tokenizer
from transformers import AutoModel, AutoModelForSequenceClassification

TOLERANCE = 1e-4
TEXTS = [
    "my card is lost",
    "",
    "Where is my new PIN? It is not there, and the bank does not say why!",
    "a good film",
    "\u00e9t\u00e9 \u4e2d\u6587 \U0001f600 unknown words",
    "why " * 700,
    "money",
    "The fee was taken twice from my account last Friday, and nobody answers the phone; please give it back.",
]


def padded(folder: Path, texts: list[str], size: int, longest: int, padding: int):
    """Batches of ids, types and mask, padded on the right."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    for start in range(0, len(texts), size):
        rows = tokenizer.encode_batch(texts[start : start + size])
        width = max(len(row.ids) for row in rows)
        pad = lambda values, filler: values + [filler] * (width - len(values))
        yield {
            "input_ids": np.array([pad(row.ids, padding) for row in rows], np.int64),
            "token_type_ids": np.array([pad(row.type_ids, 0) for row in rows], np.int64),
            "attention_mask": np.array([pad([1] * len(row.ids), 0) for row in rows], np.int64),
        }


def with_torch(folder: Path, inputs: list[str]):
    """A function from a batch to (embedding, logits) by transformers, in f32."""
    own = folder / "teacher.json"
    tensors = lambda batch: {name: torch.tensor(batch[name]) for name in inputs}
    if not own.exists():
        model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
        last, seen = getattr(model.classifier, "out_proj", model.classifier), []
        last.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
        return lambda batch: (lambda logits: (seen.pop(), logits))(model(**tensors(batch)).logits)
    settings, head = json.loads(own.read_text()), load_file(folder / "head.safetensors")
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    layer = lambda x, name: x @ torch.tensor(head[f"{name}weight"]).T + torch.tensor(head[f"{name}bias"])

    def answer(batch):
        hidden = model(**tensors(batch)).last_hidden_state
        mask = torch.tensor(batch["attention_mask"])[:, :, None]
        pooled = {
            "cls": lambda: hidden[:, 0],
            "mean": lambda: (hidden * mask).sum(1) / mask.sum(1),
            "max": lambda: hidden.masked_fill(mask == 0, -torch.inf).max(1).values,
        }[settings["pooling"]]()
        if settings["normalize"]:
            pooled = torch.nn.functional.normalize(pooled)
        embedding = layer(pooled, "hidden.").relu() if "hidden.weight" in head else pooled
        outputs = layer(embedding, "")
        return embedding, outputs.unflatten(1, (len(settings["labels"]), -1)).logsumexp(2)

    return answer


def compare(folder: Path, lelp: Path, texts: list[str], size: int) -> bool:
    with tempfile.TemporaryDirectory() as work:
        graph, data, signals = (Path(work) / name for name in ("model.onnx", "texts.jsonl", "signals"))
        data.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        subprocess.run([lelp, "export", "--quiet", "--model", folder, "--out", graph], check=True)
        subprocess.run([lelp, "signals", "--quiet", "--teacher", folder, "--data", data, "--out", signals], check=True)
        parts = [load_file(part) for part in sorted(signals.glob("part-*.safetensors"))]
        ours = [np.concatenate([part[name] for part in parts]) for name in ("embeddings", "logits")]
        session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
        longest = int(session.get_modelmeta().custom_metadata_map["max_length"])
        inputs = [value.name for value in session.get_inputs()]
        answer = with_torch(folder, inputs)
        padding = json.loads((folder / "config.json").read_text()).get("pad_token_id") or 0
        exported, expected = [], []
        with torch.inference_mode():
            for batch in padded(folder, texts, size, longest, padding):
                exported.append(session.run(["embedding", "logits"], {name: batch[name] for name in inputs}))
                expected.append([value.numpy() for value in answer(batch)])
    rows = lambda batches: [np.concatenate(column) for column in zip(*batches)]
    exported, expected = rows(exported), rows(expected)
    differ = lambda left: [float(np.abs(a - b).max()) for a, b in zip(left, expected)]
    runtime, own = differ(exported), differ(ours)
    sound = max(runtime + own) <= TOLERANCE
    print(
        f"{folder}: {len(texts)} texts; ONNX Runtime: logits {runtime[1]:.1e}, embeddings {runtime[0]:.1e};"
        f" lelp: logits {own[1]:.1e}, embeddings {own[0]:.1e}; {'ok' if sound else 'TOO FAR'}"
    )
    return sound


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--lelp", type=Path, default=Path("target/release/lelp"))
    parser.add_argument("--texts", type=Path, help="a file with a text a line")
    parser.add_argument("--batch", type=int, default=16)
    arguments = parser.parse_args()
    texts = arguments.texts.read_text().splitlines() if arguments.texts else TEXTS
    results = [compare(folder, arguments.lelp.resolve(), texts, arguments.batch) for folder in arguments.folders]
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
