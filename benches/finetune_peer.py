"""Compares fine-tuning an encoder with an equally careful PyTorch script: speed and accuracy, in one run.

Set up, and run from the workspace root:
    pip install torch transformers tokenizers numpy pyarrow
    python benches/finetune_peer.py DATA_FOLDER ENCODER_FOLDER [--rows 20000] [--threads 2] [--rounds 1] [--shapes "all layers"]

DATA_FOLDER holds train.parquet and validation.parquet with columns text and label. PyTorch runs in f32 on the same
rows: transformers' BertForSequenceClassification, fused AdamW, gradients clipped to norm 1, dropout as the config
says, batches of 32 texts of like length (bucketed), padded to the longest. Both validate once, after the epoch; the
speed is of training alone. The two take turns; figures are medians of the rounds.
"""

import argparse
import json
import random
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as parquet
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForSequenceClassification, BertConfig, BertForSequenceClassification

BATCH, RATE, MAX_LENGTH = 32, 5e-5, 128
SHAPES = {
    "all layers": {},
    "2 lower layers": {"layers": 2},
    "4 layers of 256 from scratch": {"layers": 4, "scratch": {"width": 256, "heads": 4, "inner": 1024}},
}


def rows_of(folder: Path, split: str, limit: int | None) -> list[tuple[int, str]]:
    table = parquet.read_table(folder / f"{split}.parquet", columns=["label", "text"])
    rows = list(zip(table["label"].to_pylist(), (" ".join(text.split()) for text in table["text"].to_pylist())))
    random.Random(0).shuffle(rows)
    return rows[:limit]


def torch_model(folder: Path, shape: dict, classes: int) -> torch.nn.Module:
    if "scratch" in shape:
        sizes = shape["scratch"]
        config = BertConfig.from_pretrained(folder)
        config.update({"num_hidden_layers": shape["layers"], "hidden_size": sizes["width"],
                       "num_attention_heads": sizes["heads"], "intermediate_size": sizes["inner"],
                       "num_labels": classes})
        return BertForSequenceClassification(config)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=classes)
    if "layers" in shape:
        model.bert.encoder.layer = model.bert.encoder.layer[: shape["layers"]]
        model.config.num_hidden_layers = shape["layers"]
    return model


def padded(ids: list[list[int]]) -> dict[str, torch.Tensor]:
    longest = max(map(len, ids))
    return {
        "input_ids": torch.tensor([row + [0] * (longest - len(row)) for row in ids]),
        "attention_mask": torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids]),
    }


def bucketed(ids: list[list[int]], seed: int) -> list[list[int]]:
    """Batches of like length: shuffled, sorted within windows of 50 batches, and the batches shuffled."""
    order = list(range(len(ids)))
    shuffle = random.Random(seed)
    shuffle.shuffle(order)
    batches = []
    for start in range(0, len(order), 50 * BATCH):
        window = sorted(order[start : start + 50 * BATCH], key=lambda row: len(ids[row]))
        batches += [window[place : place + BATCH] for place in range(0, len(window), BATCH)]
    shuffle.shuffle(batches)
    return batches


def torch_run(folder: Path, shape: dict, train: list, test: list, threads: int) -> dict:
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_LENGTH)
    encode = lambda rows: [encoding.ids for encoding in tokenizer.encode_batch([text for _, text in rows])]
    ids, labels = encode(train), torch.tensor([label for label, _ in train])
    model = torch_model(folder, shape, int(labels.max()) + 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, fused=True)
    batches = bucketed(ids, 0)
    model.train()
    start = time.perf_counter()
    for step, batch in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - step / len(batches))
        logits = model(**padded([ids[row] for row in batch])).logits
        loss = torch.nn.functional.cross_entropy(logits, labels[batch])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    seconds = time.perf_counter() - start
    model.eval()
    test_ids, right = encode(test), 0
    with torch.inference_mode():
        for start_row in range(0, len(test), 64):
            rows = test_ids[start_row : start_row + 64]
            answer = model(**padded(rows)).logits.argmax(1)
            right += sum(int(a) == label for a, (label, _) in zip(answer, test[start_row : start_row + 64]))
    return {"examples_per_second": len(train) / seconds, "accuracy": right / len(test)}


def lelp_run(folder: Path, shape: dict, files: list[Path], threads: int) -> dict:
    options = {"threads": threads, "max_length": MAX_LENGTH, **shape}
    command = ["target/release/examples/encoder_speed", *map(str, files), str(folder), json.dumps(options)]
    figures = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {"examples_per_second": figures["train_examples_per_second"], "accuracy": figures["test_accuracy"]}


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("data", type=Path)
    arguments.add_argument("encoder", type=Path)
    arguments.add_argument("--rows", type=int, default=20_000)
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    given = arguments.parse_args()
    subprocess.run(["cargo", "build", "--release", "-p", "lelp-train", "--example", "encoder_speed"], check=True)
    train, test = rows_of(given.data, "train", given.rows), rows_of(given.data, "validation", None)
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / "train.tsv", Path(folder) / "test.tsv"]
        for file, rows in zip(files, [train, test]):
            file.write_text("".join(f"{label}\t{text}\n" for label, text in rows))
        for name in given.shapes:
            shape, found = SHAPES[name], {"lelp": [], "torch": []}
            for _ in range(given.rounds):
                found["lelp"].append(lelp_run(given.encoder, shape, files, given.threads))
                found["torch"].append(torch_run(given.encoder, shape, train, test, given.threads))
            middle = lambda who, what: statistics.median(run[what] for run in found[who])
            speeds = {who: middle(who, "examples_per_second") for who in found}
            print(f"{name}: lelp {speeds['lelp']:.0f} examples/s, torch {speeds['torch']:.0f}, "
                  f"ratio {speeds['lelp'] / speeds['torch']:.2f}; accuracy {middle('lelp', 'accuracy'):.4f} "
                  f"and {middle('torch', 'accuracy'):.4f}", flush=True)


if __name__ == "__main__":
    main()
