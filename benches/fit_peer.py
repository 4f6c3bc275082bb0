"""The fit beside scikit-learn's PCA of each class, on the same data, in one run.

    pip install numpy scikit-learn
    python benches/fit_peer.py            # needs cargo; LELP_BENCH_ROWS sets the rows (200000)

Runs `cargo bench -p lelp --bench fit`, which writes its data to a temporary folder (600 MB), then PCA
with `svd_solver` full, covariance_eigh and randomized for each class, then the bench again, and prints
the ratios to the mean of the two. Both sides use all cores; on a busy machine, repeat and compare ratios.
Unset variables that choose a kernel for OpenBLAS, so that NumPy runs at its best.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
from sklearn.decomposition import PCA

WIDTH = 768
SUBCLASSES = 8
SOLVERS = sys.argv[1:] or ["randomized", "covariance_eigh", "full"]


def bench(folder: str | None) -> float:
    """Seconds of moments and fit, the check of the signals included, as the Rust bench reports them."""
    environment = dict(os.environ, LELP_BENCH_SAMPLES=os.environ.get("LELP_BENCH_SAMPLES", "3"))
    if folder:
        environment["LELP_BENCH_EXPORT"] = folder
    command = ["cargo", "bench", "-q", "-p", "lelp", "--bench", "fit"]
    text = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    print(text)
    return float(re.search(r"^moments and fit +([0-9.]+) s", text, re.M)[1])


def peer(solver: str, embeddings: numpy.ndarray, classes: numpy.ndarray) -> float:
    """Seconds of a PCA of each class; the rows of a class are gathered inside, as ours are."""
    start = time.perf_counter()
    for label in (0, 1):
        PCA(SUBCLASSES, svd_solver=solver, random_state=0).fit(embeddings[classes == label])
    return time.perf_counter() - start


def check(spectra: numpy.ndarray, embeddings: numpy.ndarray, classes: numpy.ndarray) -> None:
    """Our variances are NumPy's, in f64, of the embeddings less the one column that the head reads."""
    for label in (0, 1):
        covariance = numpy.cov(embeddings[classes == label, 1:].astype(numpy.float64), rowvar=False)
        expected = numpy.linalg.eigvalsh(covariance)[::-1]
        worst = abs(spectra[label] - expected).max() / expected[0]
        print(f"class {label}: variances differ from NumPy's by at most {worst:.1e} of the largest")
        assert worst < 1e-6


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        before = bench(folder)
        embeddings = numpy.fromfile(Path(folder) / "embeddings.f32", numpy.float32).reshape(-1, WIDTH)
        classes = numpy.fromfile(Path(folder) / "classes.u8", numpy.uint8)
        spectra = numpy.fromfile(Path(folder) / "spectra.f64", numpy.float64).reshape(2, WIDTH - 1)
        check(spectra, embeddings, classes)
        peers = {solver: peer(solver, embeddings, classes) for solver in SOLVERS}
        ours = (before + bench(None)) / 2
    print(f"ours, checks and moments and fit: {ours:.2f} s (before {before:.2f} s)")
    for solver, seconds in peers.items():
        print(f"scikit-learn PCA {solver:16} {seconds:7.2f} s   {seconds / ours:5.1f} times ours")


if __name__ == "__main__":
    main()
