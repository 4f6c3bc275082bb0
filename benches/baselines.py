"""What a user would try first, on the same rows and in the same table as `lelp compare`: fastText and scikit-learn.

    pip install fasttext-wheel pyarrow scikit-learn
    python benches/baselines.py datasets/trec6 datasets/sst2 --runs runs/evidence

Each set is a folder with train, validation and test files (Parquet). Where it has no validation file a tenth of the
training rows is held out. Settings are chosen on the validation rows; the test rows are read once:

- fastText: words and word pairs, with and without character n-grams 3 to 5; 5 epochs at rate .5, 25 at .1 and at .5.
- scikit-learn: `TfidfVectorizer(ngram_range=(1, 2))`, `LogisticRegression(C)` for C in 1 (its default) to 100; the default
  has a line of its own.

With --runs the methods of a finished comparison stand beside them: sets are matched by the comparison's paths. With --against
each line has its difference to that method of the comparison and the p of a paired t-test over the test rows, of which each
counts by the share of seeds that have it right; no p is corrected. Pairs of texts are joined by a space, as neither program
reads pairs.
"""

import argparse
import itertools
import json
import re
import statistics
import tempfile
from pathlib import Path

import fasttext
import numpy as np
import pyarrow.parquet as parquet
from scipy.stats import ttest_1samp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

WORDS = re.compile(r"\w+(?:['.]\w+)*|[^\w\s]")


def read(path):
    """Texts and labels of the rows that have a label."""
    table = parquet.read_table(path)
    texts = table["text"].to_pylist()
    if "text_pair" in table.column_names:
        texts = [f"{text} {pair}" for text, pair in zip(texts, table["text_pair"].to_pylist())]
    rows = [(text, label) for text, label in zip(texts, table["label"].to_pylist()) if label is not None and label != -1]
    return [text for text, _ in rows], [label for _, label in rows]


def read_set(folder):
    train, test = read(folder / "train.parquet"), read(folder / "test.parquet")
    if (folder / "validation.parquet").exists():
        return train, read(folder / "validation.parquet"), test
    held_out = [[values[9::10] for values in train], [[v for i, v in enumerate(values) if i % 10 != 9] for values in train]]
    return held_out[1], held_out[0], test


def right(found, labels):
    """Which rows are answered rightly."""
    return np.array([a == b for a, b in zip(found, labels)], float)


class FastText:
    name = "fastText"
    settings = [
        {"epoch": epoch, "lr": rate, **characters}
        for (epoch, rate), characters in itertools.product([(5, 0.5), (25, 0.1), (25, 0.5)], [{}, {"minn": 3, "maxn": 5}])
    ]

    def __init__(self, train):
        self.folder = tempfile.TemporaryDirectory()
        lines = (f"__label__{label} {self.clean(text)}\n" for text, label in zip(*train))
        self.path = Path(self.folder.name) / "train.txt"
        self.path.write_text("".join(lines))

    @staticmethod
    def clean(text):
        return " ".join(WORDS.findall(text.lower()))

    def fit(self, settings, seed):
        return fasttext.train_supervised(
            input=str(self.path), dim=64, wordNgrams=2, bucket=1 << 18, minCount=1, thread=1, seed=seed, verbose=0, **settings
        )

    def answers(self, model, texts):
        found, _ = model.f.multilinePredict([self.clean(text) + "\n" for text in texts], 1, 0.0, "strict")
        return [int(answer[0].removeprefix("__label__")) for answer in found]


class Sklearn:
    name = "tf-idf + LR (scikit-learn)"
    settings = [{"C": c} for c in (1.0, 3.0, 10.0, 30.0, 100.0)]

    def __init__(self, train):
        self.vectorizer = TfidfVectorizer(ngram_range=(1, 2))
        self.matrix, self.labels = self.vectorizer.fit_transform(train[0]), train[1]

    def fit(self, settings, _seed):
        return LogisticRegression(max_iter=1000, **settings).fit(self.matrix, self.labels)

    def answers(self, model, texts):
        return model.predict(self.vectorizer.transform(texts)).tolist()


class Default(Sklearn):
    name = "tf-idf + LR (C 1, the default)"
    settings = Sklearn.settings[:1]


def run(program, sets, seeds):
    train, validation, test = sets
    own = program(train)
    if len(own.settings) > 1:
        scores = [right(own.answers(own.fit(one, 1000), validation[0]), validation[1]).mean() for one in own.settings]
        best = own.settings[scores.index(max(scores))]
    else:
        best = own.settings[0]
    seeds = seeds if program is FastText else 1
    found = [right(own.answers(own.fit(best, seed), test[0]), test[1]) for seed in range(seeds)]
    return found, ", ".join(f"{name} {value}" for name, value in best.items())


def of_comparison(runs, folder):
    """Which rows the methods of a comparison have right on this set, by teacher and student."""
    lines = [json.loads(line) for line in (runs / "results.jsonl").read_text().splitlines()]
    teachers = [line for line in lines if line["record"] == "teacher"]
    names = {line["data"] for line in teachers if Path(line["path"]).name == folder.name}
    methods = {}
    for line in lines:
        if line["record"] == "student" and line["data"] in names:
            key = f"{line['method']} ({line['teacher']}, {line['student']})"
            # A digit of base 16 is four rows, the first of them its highest bit.
            bits = [int(bit) for digit in line["correct"]["bits"] for bit in f"{int(digit, 16):04b}"]
            methods.setdefault(key, {})[line["seed"]] = np.array(bits[: line["correct"]["rows"]], float)
    return {name: list(by_seed.values()) for name, by_seed in methods.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--runs", type=Path, help="folder of a finished comparison")
    parser.add_argument("--against", metavar="METHOD", help="a method of the comparison that each line is held against")
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    for folder in arguments.sets:
        sets = read_set(folder)
        results = {name: (found, "") for name, found in (of_comparison(arguments.runs, folder) if arguments.runs else {}).items()}
        for program in (FastText, Sklearn, Default):
            results[program.name] = run(program, sets, arguments.seeds)
        print(f"{folder.name}: {len(sets[0][0])} training, {len(sets[1][0])} validation, {len(sets[2][0])} test rows\n")
        against = arguments.against
        columns = ["", "test accuracy", *([f"- {against}", "p rows"] if against else []), "settings"]
        print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
        held = [np.mean(found, 0) for name, (found, _) in results.items() if name.startswith(f"{against} (")]
        for name, (found, settings) in sorted(results.items(), key=lambda item: -np.mean(item[1][0])):
            accuracies = [float(rows.mean()) for rows in found]
            deviation = statistics.stdev(accuracies) if len(found) > 1 else 0.0
            cells = [name, f"{np.mean(accuracies):.4f} ({deviation:.4f})"]
            if against:
                difference = np.mean(found, 0) - held[0] if len(held) == 1 else np.zeros(1)
                told = difference.any()
                cells += [f"{difference.mean():+.4f}", f"{ttest_1samp(difference, 0).pvalue:.3f}"] if told else ["", ""]
            print(f"| {' | '.join([*cells, settings])} |")
        print(flush=True)


if __name__ == "__main__":
    main()
