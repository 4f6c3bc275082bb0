"""Holds rules from the fit alone against what splits gained: which data sets are worth a split?

    pip install numpy safetensors scikit-learn
    python benches/split_rules.py RUNS/*

RUNS are folders of `lelp compare` whose methods are kd, lelp and kmeans, with searched settings. For each data set it
prints what could be known before any student (of each class's members in the null space of the head, weighted by members):

- gap: share of the variance between 32 clusters, less that of a normal cloud of the same covariance;
- rank: effective rank, exp of the entropy of the spectrum;
- top 8: share of the variance along the 8 first principal directions;
- entropy: of the teacher's probabilities, in nats;

and what came of it: test accuracy of lelp and kmeans less that of kd. Then, for each rule, the share of pairs of a data
set where kmeans gained a point or more and one where it did not that the rule puts in the right order (0.5 is no rule).
"""

import argparse
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from sklearn.cluster import KMeans

CLUSTERS, DIRECTIONS, MOST_ROWS = 32, 32, 4096
RULES = ["gap", "rank", "top 8", "entropy"]


def between(points: np.ndarray) -> float:
    """Share of the variance of centred points between clusters."""
    clusters = min(CLUSTERS, len(points))
    return 1 - KMeans(clusters, n_init=2, random_state=0).fit(points).inertia_ / (points**2).sum()


def of_class(members: np.ndarray, draw: np.random.Generator) -> list[float]:
    members = members - members.mean(0)
    values, vectors = np.linalg.eigh(members.T @ members / len(members))
    shares = np.maximum(values[::-1], 0) / np.maximum(values, 0).sum()
    rank = np.exp(-(shares[shares > 0] * np.log(shares[shares > 0])).sum())
    points = members @ vectors[:, ::-1][:, :DIRECTIONS]
    cloud = draw.standard_normal(points.shape) * points.std(0)
    return [between(points) - between(cloud - cloud.mean(0)), rank, shares[:8].sum()]


def known_before(signals: Path) -> dict[str, float]:
    parts = [load_file(part) for part in sorted(signals.glob("part-*.safetensors"))]
    embeddings = np.concatenate([part["embeddings"] for part in parts]).astype(float)
    logits = np.concatenate([part["logits"] for part in parts]).astype(float)
    head = load_file(signals / "head.safetensors")["weight"].astype(float)
    _, sizes, read = np.linalg.svd(head - head.mean(0), full_matrices=False)
    read = read[sizes > 1e-6 * sizes[0]]
    embeddings -= embeddings @ read.T @ read
    draw = np.random.default_rng(0)
    answers, found, weights = logits.argmax(1), [], []
    for answer in np.unique(answers):
        members = embeddings[answers == answer]
        if len(members) > MOST_ROWS:
            members = members[draw.choice(len(members), MOST_ROWS, replace=False)]
        if len(members) > 1:
            found.append(of_class(members, draw))
            weights.append((answers == answer).sum())
    probabilities = np.exp(logits - logits.max(1, keepdims=True))
    probabilities /= probabilities.sum(1, keepdims=True)
    entropy = -(probabilities * np.log(np.maximum(probabilities, 1e-30))).sum(1).mean()
    return dict(zip(RULES, [*np.average(found, axis=0, weights=weights), entropy]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    rows = []
    for run in parser.parse_args().runs:
        for table in json.loads((run / "summary.json").read_text())["tables"]:
            accuracy = {line["method"]: line["accuracy"]["mean"] for line in table["lines"]}
            if not {"kd", "lelp", "kmeans"} <= accuracy.keys():
                continue
            setting = table["setting"]
            before = known_before(Path(table["teacher"]["signals"]))
            gains = {method: accuracy[method] - accuracy["kd"] for method in ["lelp", "kmeans"]}
            rows.append((f"{setting['data']}, {setting['teacher']}, {setting['student']}", before, gains))
    rows.sort(key=lambda row: -row[1]["gap"])
    print("| |", " | ".join(RULES), "| lelp - kd | kmeans - kd |\n|---|" + "---|" * 6)
    for name, before, gains in rows:
        known = " | ".join(f"{before[rule]:.3f}" for rule in RULES)
        print(f"| {name} | {known} | {100 * gains['lelp']:+.2f} | {100 * gains['kmeans']:+.2f} |")
    worth = [gains["kmeans"] >= 0.01 for _, _, gains in rows]
    for rule in RULES:
        values = [before[rule] for _, before, _ in rows]
        pairs = [(a, b) for a, yes in zip(values, worth) if yes for b, no in zip(values, worth) if not no]
        right = np.mean([a > b for a, b in pairs])
        print(f"\n{rule}: {max(right, 1 - right):.2f} of {len(pairs)} pairs, {'large' if right > 0.5 else 'small'} is worth it")


if __name__ == "__main__":
    main()
