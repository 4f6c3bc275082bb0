"""Clusterings of scikit-learn and SciPy that ours are held against: writes clusters.json beside this file.

    pip install numpy scipy scikit-learn
    python crates/lelp/goldens/clusters.py
"""

import json
from pathlib import Path

import numpy
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import AgglomerativeClustering, KMeans

ROWS, WIDTH, CLUSTERS = 240, 5, 6


def main() -> None:
    random = numpy.random.default_rng(0)
    centres = random.normal(size=(CLUSTERS, WIDTH)) * 1.2
    points = centres[random.integers(CLUSTERS, size=ROWS)] + random.normal(size=(ROWS, WIDTH)) * 0.7  # they overlap
    points = numpy.round(points, 2).astype(numpy.float32)
    double = points.astype(numpy.float64)
    best = KMeans(CLUSTERS, n_init=100, random_state=0, tol=0, algorithm="lloyd").fit(double)
    ward = AgglomerativeClustering(CLUSTERS, linkage="ward").fit(double).labels_
    tree = linkage(double, "ward")
    cut = fcluster(tree, CLUSTERS, "maxclust")
    assert len(set(zip(ward, cut))) == CLUSTERS, "scikit-learn and SciPy cut the tree alike"
    numbers = {}
    golden = {
        "width": WIDTH,
        "clusters": CLUSTERS,
        "points": [round(float(x), 2) for x in points.ravel()],
        "kmeans_inertia": float(best.inertia_),
        "ward": [numbers.setdefault(label, len(numbers)) for label in ward.tolist()],
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
