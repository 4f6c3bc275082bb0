"""The n-gram student beside fastText and PyTorch: same texts, features (words and word bigrams), width, batch.

    pip install fasttext numpy pyarrow torch      # and cargo, from the workspace root
    python benches/ngram_peer.py sst2/train.parquet --test sst2/test.parquet
    python benches/ngram_peer.py imdb/train.parquet --test imdb/test.parquet --max-tokens 30   # about 60 features a row

All programs run alternately in one go, each with two threads for training and one for prediction; the figures
are medians over the rounds. Texts are tokenised and lower-cased once, so that every program reads the same words.

- fastText learns hard labels without locks between its threads (Hogwild), one row at a time, and reads the file anew
  in each epoch. Its rate is the slope between runs of few and many epochs, so that building its dictionary does
  not count against it. `predict` is called from Python, text by text and with one list; the faster counts.
- PyTorch runs EmbeddingBag(sparse=True) and a linear layer on feature ids that are prepared beforehand.
- Buckets are so many that words and bigrams hardly share one: fastText has a dictionary beside its buckets, and with few of them
  would be compared at another accuracy. Learning rates are those of the best accuracy each after as many epochs (of 5, 10, 20,
  40 for SGD, .01 to .5 for Adagrad); all accuracies are printed.
- `lelp` runs as its own process, with exact minibatch gradients: median epoch, feature extraction apart (it is
  printed, too); prediction is from raw text.
"""

import argparse
import json
import re
import statistics
import subprocess
import tempfile
import time
import zlib
from pathlib import Path

import fasttext
import numpy as np
import pyarrow.parquet as parquet
import torch

BUCKETS_LOG2 = 20
EXAMPLE = "target/release/examples/ngram_speed"
WORDS = re.compile(r"\w+(?:['.]\w+)*|[^\w\s]")


def read(path, max_tokens):
    """Labels and tokenised, lower-cased texts."""
    table = parquet.read_table(path, columns=["text", "label"])
    texts = [" ".join(WORDS.findall(text.lower())[:max_tokens]) for text in table["text"].to_pylist()]
    return table["label"].to_pylist(), texts


def write_lines(path, labels, texts, separator):
    path.write_text("".join(f"{separator.format(label)}{text}\n" for label, text in zip(labels, texts)))


def run_lelp(binary, folder, optimizer, learning_rate, arguments):
    options = {
        "width": arguments.width,
        "hidden": 0,
        "log2_buckets": BUCKETS_LOG2,
        "threads": 2,
        "dropout": 0.0,
        "train": {
            "epochs": arguments.epochs,
            "batch": arguments.batch,
            "optimizer": optimizer,
            "learning_rate": learning_rate,
        },
    }
    command = [binary, folder / "train.tsv", folder / "test.tsv", folder / "model", json.dumps(options)]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def train_fasttext(folder, epochs, arguments):
    start = time.perf_counter()
    model = fasttext.train_supervised(
        input=str(folder / "train.ft"),
        dim=arguments.width,
        wordNgrams=2,
        bucket=1 << BUCKETS_LOG2,
        minCount=1,
        lr=0.5,
        epoch=epochs,
        thread=2,
        verbose=0,
    )
    return model, time.perf_counter() - start


def run_fasttext(folder, labels, texts, rows, arguments):
    _, few = train_fasttext(folder, 1, arguments)
    model, many = train_fasttext(folder, 1 + arguments.epochs, arguments)
    start = time.perf_counter()
    for text in texts:
        model.f.predict(text + "\n", 1, 0.0, "strict")
    single = (time.perf_counter() - start) / len(texts)
    start = time.perf_counter()
    found, _ = model.f.multilinePredict([text + "\n" for text in texts], 1, 0.0, "strict")
    listed = (time.perf_counter() - start) / len(texts)
    right = sum(int(answer[0].removeprefix("__label__")) == label for answer, label in zip(found, labels))
    model.save_model(str(folder / "fasttext.bin"))
    start = time.perf_counter()
    fasttext.FastText._FastText(model_path=str(folder / "fasttext.bin"))
    load = time.perf_counter() - start
    return {
        "train_examples_per_second": arguments.epochs * rows / (many - few),
        "predict_microseconds": 1e6 * min(single, listed),
        "load_milliseconds": 1e3 * load,
        "test_accuracy": right / len(labels),
    }


def feature_ids(texts):
    """Hashed words and bigrams: flat ids and the start of each row."""
    mask, ids, starts = (1 << BUCKETS_LOG2) - 1, [], [0]
    for text in texts:
        words = text.split()
        ids.extend(zlib.crc32(word.encode()) & mask for word in words)
        ids.extend(zlib.crc32(f"{a}\t{b}".encode()) & mask for a, b in zip(words, words[1:]))
        starts.append(len(ids))
    return np.array(ids, dtype=np.int64), np.array(starts, dtype=np.int64)


def run_torch(optimizer, ids, starts, labels, classes, arguments):
    """Examples a second over at most `--torch-seconds` of one epoch."""
    bag = torch.nn.EmbeddingBag(1 << BUCKETS_LOG2, arguments.width, mode="mean", sparse=True)
    linear = torch.nn.Linear(arguments.width, classes)
    parameters = [*bag.parameters(), *linear.parameters()]
    kind = {"sgd": torch.optim.SGD, "adagrad": torch.optim.Adagrad}[optimizer]
    descent = kind(parameters, lr=0.05)
    order = np.random.default_rng(0).permutation(len(labels))
    labels = torch.tensor(labels)
    done, start = 0, time.perf_counter()
    for first in range(0, len(order), arguments.batch):
        rows = order[first : first + arguments.batch]
        flat = np.concatenate([ids[starts[row] : starts[row + 1]] for row in rows])
        lengths = starts[rows + 1] - starts[rows]
        offsets = np.cumsum(lengths) - lengths
        descent.zero_grad()
        outputs = linear(bag(torch.from_numpy(flat), torch.from_numpy(offsets)))
        torch.nn.functional.cross_entropy(outputs, labels[rows]).backward()
        descent.step()
        done += len(rows)
        if time.perf_counter() - start > arguments.torch_seconds:
            break
    return {"train_examples_per_second": done / (time.perf_counter() - start)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--max-tokens", type=int, default=1000)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--torch-seconds", type=float, default=10)
    parser.add_argument("--torch-threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--binary", help="a built example `ngram_speed`; without it cargo builds one")
    arguments = parser.parse_args()
    if arguments.binary is None:
        subprocess.run(["cargo", "build", "--release", "-p", "lelp-train", "--example", "ngram_speed"], check=True)
        arguments.binary = EXAMPLE
    torch.set_num_threads(arguments.torch_threads)
    torch.manual_seed(0)

    labels, texts = read(arguments.train, arguments.max_tokens)
    test_labels, test_texts = read(arguments.test, arguments.max_tokens)
    ids, starts = feature_ids(texts)
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_lines(folder / "train.tsv", labels, texts, "{}\t")
        write_lines(folder / "test.tsv", test_labels, test_texts, "{}\t")
        write_lines(folder / "train.ft", labels, texts, "__label__{} ")
        programs = {
            "lelp sgd": lambda: run_lelp(arguments.binary, folder, "sgd", 10.0, arguments),
            "lelp adagrad": lambda: run_lelp(arguments.binary, folder, "adagrad", 0.02, arguments),
            "fasttext": lambda: run_fasttext(folder, test_labels, test_texts, len(texts), arguments),
            "torch sgd": lambda: run_torch("sgd", ids, starts, labels, max(labels) + 1, arguments),
            "torch adagrad": lambda: run_torch("adagrad", ids, starts, labels, max(labels) + 1, arguments),
        }
        for _ in range(arguments.rounds):
            for program, run in programs.items():
                for figure, value in run().items():
                    if isinstance(value, float):
                        results.setdefault(program, {}).setdefault(figure, []).append(value)

    medians = {p: {f: statistics.median(values) for f, values in r.items()} for p, r in results.items()}
    print(f"{len(texts)} rows, {len(ids) / len(texts):.1f} features a row, width {arguments.width}, "
          f"batch {arguments.batch}, 2^{BUCKETS_LOG2} buckets, medians of {arguments.rounds} rounds")
    for program, figures in medians.items():
        print(f"{program:14}", "  ".join(f"{figure} {value:,.4g}" if value < 1e4 else f"{figure} {value:,.0f}"
                                         for figure, value in figures.items()))
    for ours, peer, goal in [
        ("lelp sgd", "fasttext", 1), ("lelp adagrad", "fasttext", 1),
        ("lelp sgd", "torch sgd", 2), ("lelp adagrad", "torch adagrad", 5),
    ]:
        pairs = zip(*(results[p]["train_examples_per_second"] for p in (ours, peer)))
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"training, {ours} / {peer}: {ratio:.2f} (goal {goal})")
    ratio = medians["fasttext"]["predict_microseconds"] / medians["lelp adagrad"]["predict_microseconds"]
    print(f"prediction, lelp / fasttext: {ratio:.2f} (goal 1)")


if __name__ == "__main__":
    main()
