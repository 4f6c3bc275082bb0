"""Small files: `lelp shrink` beside fastText's `quantize`, on the same rows, in one run.

    pip install fasttext pyarrow
    python benches/shrink_peer.py target/release/lelp datasets/sst2 datasets/agnews_10k --seeds 3

Students learn from labels alone. Both sides use their defaults: ours words and word pairs in 2^18 buckets of width 32, with a
hidden layer; fastText words and word pairs in 2^18 buckets of width 32. Ours is made no larger than --size; fastText's is
quantised with its norm apart and trained again, with the most rows (`cutoff`) that stay below --size. Accuracies are of the test rows, which nothing is chosen on.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

import fasttext
import pyarrow.parquet as pq

CUTOFFS = [100_000, 50_000, 25_000, 12_000]


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

    def fit():
        return fasttext.train_supervised(str(train), wordNgrams=2, bucket=1 << 18, dim=32, epoch=5, lr=0.5, seed=seed, thread=1, verbose=0)

    def figures(model, file):
        model.save_model(str(file))
        answers = model.predict([text for text, _ in test])[0]
        right = sum(answer[0] == f"__label__{label}" for answer, (_, label) in zip(answers, test))
        return right / len(test), file.stat().st_size

    found = [figures(fit(), room / "peer.bin")]
    for cutoff in CUTOFFS:
        model = fit()
        model.quantize(input=str(train), qnorm=True, retrain=True, cutoff=cutoff, verbose=0)
        small = figures(model, room / "peer.ftz")
        if small[1] <= size:
            break
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
