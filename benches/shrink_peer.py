"""Small files: `lelp shrink` beside fastText's `quantize`, on the same rows, in one run.

    pip install fasttext pyarrow
    python benches/shrink_peer.py target/release/lelp datasets/sst2 datasets/agnews_10k --seeds 3

Students learn from labels alone. Both sides use their defaults: ours words and word pairs in 2^18 buckets of width 32, with a
hidden layer; fastText words and word pairs in 2^18 buckets of width 32. Ours is made no larger than --size; fastText's is
quantised with its norm apart and trained again, with about the most rows (`cutoff`) that stay below --size. Each side learns
once a seed, and what it learned is made smaller. Accuracies are of the test rows, which nothing is chosen on. Quantising takes
fastText some 20 seconds a seed, most of it for its codebooks.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

import fasttext
import pyarrow.parquet as pq

# Bytes of a kept row and its word in fastText's quantised file, about: the first guess.
ROW_BYTES = 32
# Of the size, what a quantised file takes at least before it counts as the largest one below it.
NEAR = 0.95


def lines(file):
    table = pq.read_table(file, columns=["text", "label"]).to_pydict()
    return [(" ".join(text.lower().split()), label) for text, label in zip(table["text"], table["label"])]


def lelp(program, *arguments):
    return subprocess.run([program, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def ours(program, data, seed, size, room):
    student, small = room / "student", room / "small"
    lelp(program, "distill", "--data", data, "--method", "ce", "--student", "ngram", "--seed", seed, "--out", student, "--overwrite")
    lelp(program, "shrink", "--model", student, "--data", data, "--max-size", size, "--seed", seed, "--out", small, "--overwrite")
    found = []
    for folder in (student, small):
        report = json.loads(lelp(program, "eval", "--model", folder, "--data", data / "test.parquet", "--json"))
        files = ["model.safetensors", "config.json"]
        found.append((report["accuracy"], sum((folder / file).stat().st_size for file in files)))
    return found


def peer(data, seed, size, room):
    train, test = room / "train.txt", lines(data / "test.parquet")
    train.write_text("".join(f"__label__{label} {text}\n" for text, label in lines(data / "train.parquet")))

    def figures(model, file):
        model.save_model(str(file))
        answers = model.predict([text for text, _ in test])[0]
        right = sum(answer[0] == f"__label__{label}" for answer, (_, label) in zip(answers, test))
        return right / len(test), file.stat().st_size

    full = room / "peer.bin"
    settings = {"wordNgrams": 2, "bucket": 1 << 18, "dim": 32, "epoch": 5, "lr": 0.5, "seed": seed}
    found = [figures(fasttext.train_supervised(str(train), thread=1, verbose=0, **settings), full)]
    cutoff, small = size // ROW_BYTES, None
    for _ in range(4):
        model = fasttext.load_model(str(full))
        # It asks for the texts again, as it learns once more from them with the rows that stay.
        model.quantize(input=str(train), qnorm=True, retrain=True, epoch=5, lr=0.5, thread=1, cutoff=cutoff, verbose=0)
        tried = figures(model, room / "peer.ftz")
        if tried[1] <= size:
            small = tried
            if tried[1] > NEAR * size:
                break
        cutoff = int(cutoff * (NEAR + 1) / 2 * size / tried[1])
    return [*found, small]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the command `lelp`")
    parser.add_argument("data", type=pathlib.Path, nargs="+", help="folders with train, validation and test Parquet files")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--size", type=int, default=1_600_000, help="bytes")
    arguments = parser.parse_args()
    print("data set | model | seeds | accuracy | smaller | points lost | MB | smaller")
    for data in arguments.data:
        for name, run in [("lelp", lambda *rest: ours(arguments.program, *rest)), ("fastText", peer)]:
            with tempfile.TemporaryDirectory() as room:
                runs = [run(data, seed, arguments.size, pathlib.Path(room)) for seed in range(arguments.seeds)]
            mean = lambda place, part: sum(found[place][part] for found in runs) / len(runs)
            full, small = mean(0, 0), mean(1, 0)
            print(f"{data.name} | {name} | {len(runs)} | {full:.4f} | {small:.4f} | {100 * (full - small):.2f} | {mean(0, 1) / 1e6:.2f} | {mean(1, 1) / 1e6:.2f}", flush=True)


if __name__ == "__main__":
    main()
