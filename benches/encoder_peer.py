"""Compares the encoder with PyTorch and ONNX Runtime: every value, and the speed on the same texts in one run.

Set up, and run from the workspace root:
    pip install torch transformers tokenizers numpy pyarrow onnx onnxruntime
    python benches/encoder_peer.py DATA.parquet ENCODER_FOLDER [--rows 2000] [--threads 2] [--repeats 5] [--embed PROGRAM]

The folder is a Hugging Face encoder with mean pooling and normalisation, such as all-MiniLM-L6-v2. Rows:
    lelp                this crate's encoder, by its example `embed`
    lelp int8           the same with dense layers in 8 bits
    onnxruntime [int8]  the graph that PyTorch exports, [with dense layers in 8 bits: `quantize_dynamic`, a scale a column,] on the
                        very same batches as torch
    torch               transformers, f32, on the very same batches: texts of one length, nothing padded
    torch padded        transformers, f32, batches of 32 sorted by length and padded, as is usual
    lelp / torch in 32s the same, called with 32 texts at a time in the file's order: a service's view
Beside texts a second of the clock, texts a second of processor time: on a machine that others use the two differ. The contenders
take turns, so that what else the machine does falls on all of them; figures are medians of the repeats.
"""

import argparse
import json
import resource
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


class OnnxRuntime:
    """The graph of `peer` in ONNX Runtime, in f32 and in int8."""

    def __init__(self, peer: Torch, room: Path, threads: int) -> None:
        import onnxruntime
        from onnxruntime.quantization import QuantType, quantize_dynamic

        class Hidden(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.inner = peer.model

            def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
                return self.inner(input_ids=ids, attention_mask=mask).last_hidden_state

        some, axes = torch.ones(2, 8, dtype=torch.long), {0: "batch", 1: "tokens"}
        exact, lower = room / "f32.onnx", room / "int8.onnx"
        torch.onnx.export(
            Hidden().eval(), (some, some), str(exact), input_names=["ids", "mask"], output_names=["hidden"],
            dynamic_axes={"ids": axes, "mask": axes, "hidden": axes}, opset_version=17, dynamo=False,
        )
        quantize_dynamic(exact, lower, weight_type=QuantType.QInt8, per_channel=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.sessions = {
            name: onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            for name, path in [("f32", exact), ("int8", lower)]
        }
        self.tokenizer, self.width = peer.tokenizer, peer.model.config.hidden_size

    def embed(self, texts: list[str], precision: str) -> np.ndarray:
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]
        out = np.zeros((len(texts), self.width), np.float32)
        for batch in equal_batches(ids):
            rows = np.array([ids[row] for row in batch])
            [hidden] = self.sessions[precision].run(None, {"ids": rows, "mask": np.ones_like(rows)})
            mean = hidden.mean(1)
            out[batch] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return out


class Lelp:
    """The example `embed`, built with the release profile where no program is given."""

    def __init__(self, folder: Path, lines: Path, threads: int, program: str | None) -> None:
        if program is None:
            build = ["cargo", "build", "--release", "-p", "lelp-model", "--example", "embed", "--message-format", "json"]
            messages = subprocess.run(build, check=True, capture_output=True, text=True).stdout.splitlines()
            built = [json.loads(line).get("executable") for line in messages]
            program = [path for path in built if path][-1]
        self.command = [program, str(folder), str(lines), str(threads)]

    def speed(self, call: int, precision: str, rows: int) -> tuple[float, float]:
        """Examples per second of the second of two passes in one process: the first warms up; and of processor time."""
        before = processor_time(resource.RUSAGE_CHILDREN)
        run = subprocess.run([*self.command, "2", str(call), precision], check=True, capture_output=True, text=True)
        return float(run.stdout.split()[-1]), 2 * rows / (processor_time(resource.RUSAGE_CHILDREN) - before)

    def embed(self, width: int, precision: str) -> np.ndarray:
        with tempfile.NamedTemporaryFile() as out:
            subprocess.run([*self.command, "1", "0", precision, out.name], check=True, capture_output=True)
            return np.fromfile(out.name, np.float32).reshape(-1, width)


def processor_time(of: int) -> float:
    usage = resource.getrusage(of)
    return usage.ru_utime + usage.ru_stime


def timed(texts: list[str], work) -> tuple[float, float]:
    start, before = time.perf_counter(), processor_time(resource.RUSAGE_SELF)
    work()
    used = processor_time(resource.RUSAGE_SELF) - before
    return len(texts) / (time.perf_counter() - start), len(texts) / used


def cosines(found: np.ndarray, expected: np.ndarray) -> str:
    product = (found * expected).sum(1) / np.linalg.norm(found, axis=1) / np.linalg.norm(expected, axis=1)
    return f"mean {product.mean():.4f}, least {product.min():.4f}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--embed", help="the example `embed`, where it is built already")
    arguments = parser.parse_args()

    column = parquet.read_table(arguments.data, columns=["text"]).column("text")
    texts = [" ".join(text.splitlines()) for text in column.to_pylist()[: arguments.rows]]
    with tempfile.TemporaryDirectory() as room, tempfile.NamedTemporaryFile("w", suffix=".txt", newline="\n") as lines:
        lines.write("".join(f"{text}\n" for text in texts))
        lines.flush()
        peer = Torch(arguments.folder, arguments.threads)
        onnx = OnnxRuntime(peer, Path(room), arguments.threads)
        ours = Lelp(arguments.folder, Path(lines.name), arguments.threads, arguments.embed)
        expected = peer.embed(texts, padded=False)
        difference = np.abs(ours.embed(expected.shape[1], "f32") - expected).max()
        print(f"{len(texts)} texts, {expected.size} values, largest difference {difference:.2e}")
        print(f"cosine to f32: lelp int8 {cosines(ours.embed(expected.shape[1], 'int8'), expected)}")
        print(f"cosine to f32: onnxruntime int8 {cosines(onnx.embed(texts, 'int8'), expected)}")

        calls = [texts[at : at + CALL] for at in range(0, len(texts), CALL)]
        rows = len(texts)
        contenders = {
            "lelp": lambda: ours.speed(0, "f32", rows),
            "lelp int8": lambda: ours.speed(0, "int8", rows),
            "onnxruntime": lambda: timed(texts, lambda: onnx.embed(texts, "f32")),
            "onnxruntime int8": lambda: timed(texts, lambda: onnx.embed(texts, "int8")),
            "torch": lambda: timed(texts, lambda: peer.embed(texts, padded=False)),
            "torch padded": lambda: timed(texts, lambda: peer.embed(texts, padded=True)),
            f"lelp in {CALL}s": lambda: ours.speed(CALL, "f32", rows),
            f"torch in {CALL}s": lambda: timed(texts, lambda: [peer.embed(call, padded=True) for call in calls]),
        }
        speeds: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
        for _ in range(arguments.repeats):
            for name, speed in contenders.items():
                speeds[name].append(speed())
    clock = {name: [clock for clock, _ in values] for name, values in speeds.items()}
    for name, values in clock.items():
        spread = f"{min(values):.0f} to {max(values):.0f}"
        used = statistics.median(used for _, used in speeds[name])
        print(f"{name:16} {statistics.median(values):8.1f} examples/s  ({spread}), {used:8.1f} a second of processor time")
    # On a machine that others use, torch's threads wait for each other: the best runs compare better there.
    figures = {
        "medians": {name: statistics.median(values) for name, values in clock.items()},
        "best runs": {name: max(values) for name, values in clock.items()},
        "processor time": {name: statistics.median(used for _, used in values) for name, values in speeds.items()},
    }
    for figure, of in figures.items():
        ratios = [of["lelp"] / of["torch"], of["lelp"] / of["torch padded"]]
        ratios.append(of[f"lelp in {CALL}s"] / of[f"torch in {CALL}s"])
        ratios.append(of["lelp int8"] / of["onnxruntime int8"])
        print(
            f"{figure}: {ratios[0]:.2f} of torch, {ratios[1]:.2f} of padded, {ratios[2]:.2f} in calls of {CALL};"
            f" int8 {ratios[3]:.2f} of onnxruntime's"
        )


if __name__ == "__main__":
    main()
