"""The scripts of the book run."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import ENCODER, ROOT


def run(script: str, *arguments: object) -> str:
    command = [sys.executable, str(ROOT / "examples" / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_digits_are_distilled():
    pytest.importorskip("sklearn")
    lines = run("python_digits.py").splitlines()
    assert lines[0].startswith("targets (898, 10), teacher 0.9")
    figures = {method: float(figure) for method, figure in map(str.split, lines[1:])}
    assert list(figures) == ["ce", "kd", "lelp"] and min(figures.values()) > 0.8


def test_a_transformer_is_distilled(queries, tmp_path):
    for module in ("torch", "transformers", "sklearn"):
        pytest.importorskip(module)
    # A checkpoint with a pooler, as those of the hub have.
    from transformers import AutoModel, AutoTokenizer

    AutoModel.from_pretrained(ENCODER).save_pretrained(tmp_path / "model")
    AutoTokenizer.from_pretrained(ENCODER).save_pretrained(tmp_path / "model")
    printed = run("python_transformers.py", tmp_path / "model", queries, tmp_path, 4)
    assert printed.splitlines()[-1].split(": ")[0] == "n-grams"
    assert (tmp_path / "student/README.md").is_file() and (tmp_path / "report.html").is_file()
