"""Small data, and models that the command of the wheel trains on it."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
ENCODER = ROOT / "crates/lelp-model/tests/goldens/encoder_bert"
TOPICS = [["card", "transfer"], ["pin", "money"], ["lost", "bank"], ["new", "fee"]]
FILLERS = ["where", "is", "my", "the", "please", "how"]


def lelp(*arguments: object, check: bool = True, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs the command as the wheel installed it."""
    command = [sys.executable, "-m", "lelp", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload]
    assert not check or done.returncode == 0, done.stderr
    return done


def query(row: int) -> dict[str, object]:
    """A query that one of two teams answers, by its topic word."""
    label = row % 2
    topic = TOPICS[row // 2 % 4][label]
    filler = [FILLERS[(row * 7 + k * 5 + row // 11) % len(FILLERS)] for k in range(3)]
    text = f"{filler[0]} {topic} {filler[1]} {topic} {filler[2]}"
    return {"text": text, "label": ["card", "other"][label]}


def write_rows(path: pathlib.Path, rows: list[dict[str, object]]) -> pathlib.Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def answers(model: object, data: object, *options: object) -> np.ndarray:
    """Probabilities that the command gives to a file."""
    lines = lelp("predict", "--model", model, data, "--json", *options).stdout.splitlines()
    return np.array([list(json.loads(line)["probabilities"].values()) for line in lines])


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return tmp_path_factory.mktemp("lelp")


@pytest.fixture(scope="session")
def queries(work: pathlib.Path) -> pathlib.Path:
    return write_rows(work / "queries.jsonl", [query(row) for row in range(400)])


def distill(data: pathlib.Path, out: pathlib.Path, *options: object) -> pathlib.Path:
    lelp("distill", "--data", data, "--method", "ce", "--epochs", 2, "--out", out, *options)
    return out


SMALL_NGRAM = ["--buckets", 4096, "--width", 8]


@pytest.fixture(scope="session")
def text_student(queries: pathlib.Path, work: pathlib.Path) -> pathlib.Path:
    return distill(queries, work / "text-student", *SMALL_NGRAM)


@pytest.fixture(scope="session")
def pairs(work: pathlib.Path) -> pathlib.Path:
    rows = [{**query(row), "text_pair": query(row * 3)["text"]} for row in range(200)]
    return write_rows(work / "pairs.jsonl", rows)


@pytest.fixture(scope="session")
def pair_student(pairs: pathlib.Path, work: pathlib.Path) -> pathlib.Path:
    return distill(pairs, work / "pair-student", *SMALL_NGRAM)


@pytest.fixture(scope="session")
def vectors(work: pathlib.Path) -> pathlib.Path:
    points = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    rows = [{"point": point.tolist(), "label": ["low", "high"][int(point[0] > 0)]} for point in points]
    return write_rows(work / "vectors.jsonl", rows)


@pytest.fixture(scope="session")
def vector_student(vectors: pathlib.Path, work: pathlib.Path) -> pathlib.Path:
    return distill(vectors, work / "vector-student", "--student", "mlp", "--vector-column", "point")


@pytest.fixture(scope="session")
def table(work: pathlib.Path) -> pathlib.Path:
    def row(place: int) -> dict[str, object]:
        price = None if place % 7 == 0 else place % 13 / 2
        country = None if place % 11 == 0 else ["de", "fr", "it"][place % 3]
        return {**query(place), "price": price, "country": country}

    return write_rows(work / "table.jsonl", [row(place) for place in range(200)])


TABLE_COLUMNS = ["--text-column", "text", "--number-columns", "price", "--category-columns", "country"]


@pytest.fixture(scope="session")
def dated(work: pathlib.Path) -> pathlib.Path:
    rows = [{"day": f"2025-{row * 37 % 12 + 1:02}-{row * 17 % 28 + 1:02}"} for row in range(200)]
    return write_rows(work / "dated.jsonl", [{**row, "label": str(row["day"] > "2025-06")} for row in rows])


@pytest.fixture(scope="session")
def dated_student(dated: pathlib.Path, work: pathlib.Path) -> pathlib.Path:
    return distill(dated, work / "dated-student", "--student", "mlp", "--column-types", "day=date")


@pytest.fixture(scope="session")
def table_student(table: pathlib.Path, work: pathlib.Path) -> pathlib.Path:
    return distill(table, work / "table-student", *SMALL_NGRAM, *TABLE_COLUMNS)


@pytest.fixture(scope="session")
def teacher(queries: pathlib.Path, work: pathlib.Path) -> pathlib.Path:
    """A head on an encoder of two layers with random weights."""
    out = work / "teacher"
    environment = {**os.environ, "LELP_CACHE": str(work / "cache")}
    options = ["--hidden", 0, "--epochs", 5]
    lelp("teach", "--encoder", ENCODER, "--data", queries, "--out", out, *options, env=environment)
    return out


@pytest.fixture(scope="session")
def signals(teacher: pathlib.Path, queries: pathlib.Path, work: pathlib.Path) -> pathlib.Path:
    out = work / "signals"
    environment = {**os.environ, "LELP_CACHE": str(work / "cache")}
    lelp("signals", "--teacher", teacher, "--data", queries, "--out", out, env=environment)
    return out


def read_rows(path: pathlib.Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]
