"""The wheel beside its peers, in turns in one process: LELP's targets beside scikit-learn's, a text's answer beside others'.

    pip install target/wheels/lelp-*.whl scikit-learn [fasttext] [model2vec]
    python benches/python_peer.py targets [--rows 200000] [--width 768] [--repeats 3]
    python benches/python_peer.py answers STUDENT TRAIN.tsv [--model2vec FOLDER]

`targets`: per-class `PCA(svd_solver="covariance_eigh")`, projection and softmax of scikit-learn against `LELP.fit` and
`transform` on the same float32 rows; the memory is the highest of each beyond its input, in processes of their own.
`answers`: one text at a time, `predict_proba` of a student against `predict` of a fastText model that is trained on the lines
`label<TAB>text` of TRAIN.tsv, and `predict_proba` of a Model2Vec classifier. Times are the best of the turns; ratios are printed.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

SUBCLASSES = 8


def signals(rows: int, width: int) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Embeddings of falling variance, logits and head of two classes."""
    rng = np.random.default_rng(0)
    embeddings = np.empty((rows, width), np.float32)
    scale = np.linspace(2, 0.1, width, dtype=np.float32)
    for first in range(0, rows, 10_000):
        part = embeddings[first : first + 10_000]
        part[:] = rng.standard_normal(part.shape, dtype=np.float32) * scale
    head = rng.standard_normal((2, width), dtype=np.float32) / 20, np.zeros(2, np.float32)
    return embeddings, embeddings @ head[0].T + head[1], head


def ours(embeddings, logits, head):
    from lelp import LELP

    split = LELP(SUBCLASSES, head=head, rotation="none").fit(embeddings, logits=logits)
    return split.transform(embeddings, logits=logits)


def theirs(embeddings, logits, head):
    from sklearn.decomposition import PCA

    shifted = np.exp(logits - logits.max(1, keepdims=True))
    p = shifted / shifted.sum(1, keepdims=True)
    members = logits.argmax(1)
    targets = np.empty((len(embeddings), 2 * SUBCLASSES), np.float32)
    direction = (head[0][1] - head[0][0]) / np.linalg.norm(head[0][1] - head[0][0])
    for c in range(2):
        own = embeddings[members == c]
        own -= np.outer(own @ direction, direction)  # out of what the head reads
        pca = PCA(SUBCLASSES, svd_solver="covariance_eigh").fit(own)
        u = (embeddings - pca.mean_) @ pca.components_.T / np.sqrt(pca.explained_variance_.mean())
        u = np.exp((u - u.max(1, keepdims=True)) / 0.12)
        targets[:, c * SUBCLASSES : (c + 1) * SUBCLASSES] = p[:, c : c + 1] * u / u.sum(1, keepdims=True)
    return targets


def beyond_input(work: str, rows: int, width: int) -> float:
    """The highest memory of a process that does the work, over that of one that has its input, as a share of the input."""

    def peak(then: str) -> int:
        code = f"import sys; sys.path.insert(0, {str(pathlib.Path(__file__).parent)!r}); import python_peer as peer\n"
        code += f"given = peer.signals({rows}, {width})\nimport lelp.sklearn, sklearn.decomposition\n{then}\n"
        # (`ru_maxrss` would begin with what this process has.)
        code += "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"
        return int(subprocess.check_output([sys.executable, "-c", code]))

    return (peak(f"peer.{work}(*given)") - peak("")) * 1024 / (rows * width * 4)


def turns(works: dict[str, object], repeats: int) -> dict[str, float]:
    """The best time of each, in turns."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - start)
    return {name: min(of) for name, of in times.items()}


def targets(options: argparse.Namespace) -> None:
    given = signals(options.rows, options.width)
    best = turns({"lelp": lambda: ours(*given), "scikit-learn": lambda: theirs(*given)}, options.repeats)
    print(f"{options.rows} x {options.width}, 2 classes, {SUBCLASSES} subclasses, {os.cpu_count()} cores")
    for name, seconds in best.items():
        print(f"{name:>14} {seconds:.2f} s")
    print(f"scikit-learn / lelp: {best['scikit-learn'] / best['lelp']:.2f}")
    for name, work in [("lelp", "ours"), ("scikit-learn", "theirs")]:
        print(f"{name:>14} memory beyond the input: {beyond_input(work, options.rows, options.width):.3f} of it")


def answers(options: argparse.Namespace) -> None:
    import lelp

    lines = [line.split("\t", 1) for line in pathlib.Path(options.train).read_text().splitlines()]
    texts = [text for _, text in lines[:2000]]
    student = lelp.load(options.student)
    works = {"lelp predict_proba": lambda: [student.predict_proba([text]) for text in texts]}
    try:
        import fasttext
    except ImportError:
        print("fasttext is not installed", file=sys.stderr)
    else:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.writelines(f"__label__{label} {text}\n" for label, text in lines)
            file.flush()
            model = fasttext.train_supervised(file.name, wordNgrams=2, epoch=5, verbose=0)
        # What `model.predict` does with one text; its own wrapper asks NumPy 2 for what that refuses.
        works["fastText predict"] = lambda: [model.f.predict(text + "\n", 1, 0.0, "strict") for text in texts]
    if options.model2vec:
        from model2vec.inference import StaticModelPipeline

        pipeline = StaticModelPipeline.from_pretrained(options.model2vec)
        works["Model2Vec predict_proba"] = lambda: [pipeline.predict_proba([text]) for text in texts]
    best = turns(works, options.repeats)
    for name, seconds in best.items():
        print(f"{name:>24} {seconds / len(texts) * 1e6:.1f} us a text, {statistics.mean(map(len, texts)):.0f} characters")
    for name, seconds in best.items():
        print(f"{name} / lelp: {seconds / best['lelp predict_proba']:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("targets")
    one.add_argument("--rows", type=int, default=200_000)
    one.add_argument("--width", type=int, default=768)
    one.set_defaults(run=targets)
    other = commands.add_parser("answers")
    other.add_argument("student")
    other.add_argument("train")
    other.add_argument("--model2vec")
    other.set_defaults(run=answers)
    for command in (one, other):
        command.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
