"""Compares the encoder with PyTorch: every value, and the speed on the same texts in one run.

Set up, and run from the workspace root:
    pip install torch transformers tokenizers numpy pyarrow
    python benches/encoder_peer.py DATA.parquet ENCODER_FOLDER [--rows 2000] [--threads 2] [--repeats 5]

The folder is a Hugging Face encoder with mean pooling and normalisation, such as all-MiniLM-L6-v2. Rows:
    lelp                this crate's encoder, by its example `embed`
    torch               transformers, f32, on the very same batches: texts of one length, nothing padded
    torch padded        transformers, f32, batches of 32 sorted by length and padded, as is usual
    lelp / torch in 32s the same, called with 32 texts at a time in the file's order: a service's view
The contenders take turns, so that what else the machine does falls on all of them; figures are medians of the repeats.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import torch
from tokenizers import Tokenizer
from transformers import AutoModel

TOKEN_BUDGET = 512  # of lelp's batches
CALL = 32


class Torch:
    """transformers in f32 with its own choice of attention."""

    def __init__(self, folder: Path, threads: int) -> None:
        torch.set_num_threads(threads)
        self.model = AutoModel.from_pretrained(folder, add_pooling_layer=False).eval()
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        settings = folder / "sentence_bert_config.json"
        limit = json.loads(settings.read_text())["max_seq_length"] if settings.exists() else 512
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(limit)

    def embed(self, texts: list[str], padded: bool) -> np.ndarray:
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]
        out = np.zeros((len(texts), self.model.config.hidden_size), np.float32)
        with torch.inference_mode():
            for batch in padded_batches(ids) if padded else equal_batches(ids):
                out[batch] = self.run([ids[row] for row in batch])
        return out

    def run(self, ids: list[list[int]]) -> np.ndarray:
        longest = max(map(len, ids))
        if all(len(row) == longest for row in ids):
            mean = self.model(input_ids=torch.tensor(ids)).last_hidden_state.mean(1)
        else:
            pad = self.model.config.pad_token_id
            mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
            rows = torch.tensor([row + [pad] * (longest - len(row)) for row in ids])
            hidden = self.model(input_ids=rows, attention_mask=mask).last_hidden_state
            weight = mask.unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * weight).sum(1) / weight.sum(1)
        return torch.nn.functional.normalize(mean, dim=1).numpy()


def equal_batches(ids: list[list[int]]) -> list[list[int]]:
    """lelp's own batches."""
    groups: dict[int, list[int]] = {}
    for row, tokens in enumerate(ids):
        groups.setdefault(len(tokens), []).append(row)
    batches = []
    for length in sorted(groups, reverse=True):
        step = max(1, TOKEN_BUDGET // length)
        batches += [groups[length][at : at + step] for at in range(0, len(groups[length]), step)]
    return batches


def padded_batches(ids: list[list[int]]) -> list[list[int]]:
    order = sorted(range(len(ids)), key=lambda row: -len(ids[row]))
    return [order[at : at + 32] for at in range(0, len(order), 32)]


class Lelp:
    """The example `embed`, built with the release profile."""

    def __init__(self, folder: Path, lines: Path, threads: int) -> None:
        build = ["cargo", "build", "--release", "-p", "lelp-model", "--example", "embed", "--message-format", "json"]
        messages = subprocess.run(build, check=True, capture_output=True, text=True).stdout.splitlines()
        built = [json.loads(line).get("executable") for line in messages]
        self.command = [[path for path in built if path][-1], str(folder), str(lines), str(threads)]

    def speed(self, call: int) -> float:
        """Examples per second of the second of two passes in one process: the first warms up."""
        run = subprocess.run([*self.command, "2", str(call)], check=True, capture_output=True, text=True)
        return float(run.stdout.split()[-1])

    def embed(self, width: int) -> np.ndarray:
        with tempfile.NamedTemporaryFile() as out:
            subprocess.run([*self.command, "1", "0", out.name], check=True, capture_output=True)
            return np.fromfile(out.name, np.float32).reshape(-1, width)


def timed(texts: list[str], work) -> float:
    start = time.perf_counter()
    work()
    return len(texts) / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()

    column = parquet.read_table(arguments.data, columns=["text"]).column("text")
    texts = [" ".join(text.splitlines()) for text in column.to_pylist()[: arguments.rows]]
    with tempfile.NamedTemporaryFile("w", suffix=".txt", newline="\n") as lines:
        lines.write("".join(f"{text}\n" for text in texts))
        lines.flush()
        peer = Torch(arguments.folder, arguments.threads)
        ours = Lelp(arguments.folder, Path(lines.name), arguments.threads)
        expected = peer.embed(texts, padded=False)
        difference = np.abs(ours.embed(expected.shape[1]) - expected).max()
        print(f"{len(texts)} texts, {expected.size} values, largest difference {difference:.2e}")

        calls = [texts[at : at + CALL] for at in range(0, len(texts), CALL)]
        contenders = {
            "lelp": lambda: ours.speed(0),
            "torch": lambda: timed(texts, lambda: peer.embed(texts, padded=False)),
            "torch padded": lambda: timed(texts, lambda: peer.embed(texts, padded=True)),
            f"lelp in {CALL}s": lambda: ours.speed(CALL),
            f"torch in {CALL}s": lambda: timed(texts, lambda: [peer.embed(call, padded=True) for call in calls]),
        }
        speeds: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(arguments.repeats):
            for name, speed in contenders.items():
                speeds[name].append(speed())
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    for name, median in medians.items():
        spread = f"{min(speeds[name]):.0f} to {max(speeds[name]):.0f}"
        print(f"{name:16} {median:8.1f} examples/s  ({spread})")
    # On a machine that others use, torch's threads wait for each other: the best runs compare better there.
    bests = {name: max(values) for name, values in speeds.items()}
    for figure, of in [("medians", medians), ("best runs", bests)]:
        ratios = [of["lelp"] / of["torch"], of["lelp"] / of["torch padded"]]
        ratios.append(of[f"lelp in {CALL}s"] / of[f"torch in {CALL}s"])
        print(f"{figure}: {ratios[0]:.2f} of torch, {ratios[1]:.2f} of padded, {ratios[2]:.2f} in calls of {CALL}")


if __name__ == "__main__":
    main()
