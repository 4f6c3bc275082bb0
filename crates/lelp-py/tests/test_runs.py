"""Training from Python is the command's: same bytes, its errors as exceptions, its tables as frames."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import ENCODER, SMALL_NGRAM, lelp as command, read_rows

import lelp
from lelp._commands import as_keywords, options
from lelp.runs import to_toml

SMALL = {"buckets": 4096, "width": 8, "epochs": 3}


def optional(name):
    """A module, where it is installed."""
    return __import__(name) if importlib.util.find_spec(name) else None


def columns(path):
    rows = read_rows(path)
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_a_student_is_that_of_the_command_to_the_byte(queries, signals, tmp_path):
    arguments = ["--data", queries, "--signals", signals, "--method", "lelp", "--epochs", 3, *SMALL_NGRAM]
    command("distill", *arguments, "--out", tmp_path / "command")
    student = lelp.distill(queries, signals=signals, method="lelp", out=tmp_path / "python", progress=False, **SMALL)
    model = "model.safetensors"
    assert (tmp_path / "python" / model).read_bytes() == (tmp_path / "command" / model).read_bytes()
    assert student.run["settings"]["distill"]["method"] == "lelp"
    if pandas := optional("pandas"):
        assert isinstance(student.metrics, pandas.DataFrame) and student.metrics["epoch"].tolist() == [1, 2, 3]
    np.testing.assert_array_equal(student.predict_proba(["my card"]), lelp.load(student.folder).predict_proba(["my card"]))


def test_rows_in_memory_give_the_student_of_the_file_and_stay_beside_it(queries, signals, tmp_path):
    given = {"signals": signals, "method": "kd", "progress": False, **SMALL}
    of_file = lelp.distill(queries, out=tmp_path / "file", **given)
    of_rows = lelp.distill(columns(queries), out=tmp_path / "rows", **given)
    texts = columns(queries)["text"]
    np.testing.assert_array_equal(of_rows.predict_proba(texts), of_file.predict_proba(texts))
    assert len(list((tmp_path / "rows-data").glob("train.*"))) == 1


def test_splits_are_given_beside_each_other(queries, tmp_path):
    rows = columns(queries)
    half = {name: values[:100] for name, values in rows.items()}
    student = lelp.distill(rows, validation=half, out=tmp_path / "s", method="ce", progress=False, **SMALL)
    assert student.run["validation_rows"] == 100
    assert sorted(path.stem for path in (tmp_path / "s-data").glob("[tv]*")) == ["train", "validation"]


def test_rows_that_are_kept_take_the_place_of_their_own_kind_alone(queries, tmp_path):
    rows, given = columns(queries), {"method": "ce", "progress": False, **SMALL}
    foreign = tmp_path / "own-data"
    foreign.mkdir()
    (foreign / "train.csv").write_text("text,label\na,0\nb,1\n")
    for data in (foreign / "train.csv", rows):
        with pytest.raises(lelp.InputError, match="was not made by an earlier call"):
            lelp.distill(data, validation=foreign / "train.csv", out=tmp_path / "own", **given)
    assert [path.name for path in foreign.iterdir()] == ["train.csv"]
    # A call that is refused leaves the rows of the student that is there, and none where there was nothing.
    lelp.distill(rows, out=tmp_path / "s", **given)
    kept = {path.name: path.read_bytes() for path in (tmp_path / "s-data").iterdir()}
    fewer = {name: values[:50] for name, values in rows.items()}
    with pytest.raises(lelp.InputError, match="holds a model already"):
        lelp.distill(fewer, out=tmp_path / "s", **given)
    assert {path.name: path.read_bytes() for path in (tmp_path / "s-data").iterdir()} == kept
    with pytest.raises(lelp.InputError):
        lelp.distill(rows, out=tmp_path / "none", nonsense=1, **given)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own-data", "s", "s-data"]
    # So does one whose rows are wrong, or among those that are kept; and what a user put there is the user's.
    for wrong in [{"validation": tmp_path / "absent.csv"}, {"validation": [1, 2]}, {"test": {"text": ["a"], "label": []}}]:
        with pytest.raises(lelp.InputError):
            lelp.distill(rows, out=tmp_path / "s", overwrite=True, **wrong, **given)
        assert {path.name: path.read_bytes() for path in (tmp_path / "s-data").iterdir()} == kept
    (tmp_path / "s-data" / "notes.txt").write_text("mine")
    with pytest.raises(lelp.InputError, match="was not made by an earlier call"):
        lelp.distill(rows, out=tmp_path / "s", overwrite=True, **given)
    (tmp_path / "s-data" / "notes.txt").unlink()
    with pytest.raises(lelp.InputError, match="is no folder"):
        lelp.distill(rows, out="/", **given)
    lelp.distill(fewer, out=tmp_path / "s", overwrite=True, **given)
    assert {path.name: path.read_bytes() for path in (tmp_path / "s-data").iterdir()} != kept


def test_a_table_is_answered_by_the_names_of_the_training_data(queries, tmp_path):
    rows, given = columns(queries), {"method": "ce", "progress": False, **SMALL}
    named = {"review": rows["text"], "text": ["other"] * len(rows["text"]), "label": rows["label"]}
    student = lelp.distill(named, out=tmp_path / "s", text_column="review", **given)
    assert student.columns[0] == ("review", "text", None)
    expected = student.predict_proba(rows["text"])
    for table in (named, {"review": rows["text"], "label": rows["label"]}, {"text": rows["text"]}):
        np.testing.assert_array_equal(student.predict_proba(table), expected)
    pairs = {"premise": rows["text"], "hyp": rows["text"][::-1], "label": rows["label"]}
    both = lelp.distill(pairs, out=tmp_path / "p", text_column="premise", pair_column="hyp", **given)
    expected = both.predict_proba(list(zip(pairs["premise"], pairs["hyp"])))
    np.testing.assert_array_equal(both.predict_proba(pairs), expected)


def test_data_of_a_wrong_kind_are_refused_in_words(tmp_path):
    for data, says in [
        (None, "data are None"),
        (np.array(["a", "b"]), "data are one column"),
        ({"text": "ab", "label": [0, 1]}, "column `text` is one str|a column is one str"),
        ({"text": ["a"], "label": [0, 1]}, "no table|differ in length"),
    ]:
        with pytest.raises(lelp.InputError, match=says):
            lelp.distill(data, out=tmp_path / "s", progress=False)
    with pytest.raises(lelp.InputError, match="the recipe is list"):
        lelp.compare([], out=tmp_path / "run")
    with pytest.raises(lelp.InputError, match="a name with a comma"):
        options({"labels": ["good, fine", "bad"]})


def test_signals_are_those_of_the_command_and_read_row_by_row(teacher, queries, signals, work, tmp_path, monkeypatch):
    monkeypatch.setenv("LELP_CACHE", str(work / "cache"))
    own = lelp.signals(columns(queries), teacher=teacher, out=tmp_path / "signals", progress=False)
    stored = lelp.Signals(signals)
    assert (own.rows, own.classes, own.width) == (400, 2, stored.width)
    rows = np.array([399, 0, 7, 7])
    for tensor in ("embeddings", "logits", "labels"):
        np.testing.assert_array_equal(own.gather(rows, tensor), stored.gather(rows, tensor))
    weight, bias = stored.head
    logits = stored.gather(rows, "embeddings") @ weight.T + bias
    np.testing.assert_allclose(logits, stored.gather(rows, "logits"), atol=1e-4)
    with pytest.raises(lelp.InputError, match="rows must be in 0..400"):
        stored.gather([400], "logits")
    for wrong in (np.arange(400) == 200, [1.9]):
        with pytest.raises(lelp.InputError, match="their numbers are needed"):
            stored.gather(wrong, "logits")
    assert stored.gather([], "logits").shape == (0, 2)


def test_signals_that_python_writes_are_read_by_the_command_and_go_on_where_they_stopped(tmp_path):
    rng = np.random.default_rng(0)
    embeddings, logits = rng.normal(size=(50, 6)).astype(np.float16), rng.normal(size=(50, 2))
    given = {"precision": "f16", "part_rows": 20, "teacher": "t"}
    writer = lelp.SignalsWriter(tmp_path / "s", ["no", "yes"], 6, 50, **given)
    assert writer.next_rows() == range(0, 20)
    writer.write(embeddings[:20], logits[:20])
    with pytest.raises(lelp.InputError, match="20"):
        writer.write(embeddings[:7], logits[:7])
    with pytest.raises(lelp.InputError):
        lelp.Signals(tmp_path / "s")
    with pytest.raises(lelp.InputError, match="teacher"):
        lelp.SignalsWriter(tmp_path / "s", ["no", "yes"], 6, 50, **{**given, "teacher": "another"})
    with pytest.raises(lelp.InputError, match="nothing more can be written"):
        writer.write(embeddings[20:40], logits[20:40])
    writer = lelp.SignalsWriter(tmp_path / "s", ["no", "yes"], 6, 50, **given)
    while (rows := writer.next_rows()) is not None:
        assert rows.start >= 20
        writer.write(embeddings[rows.start : rows.stop], logits[rows.start : rows.stop])
    writer.finish()
    stored = lelp.Signals(tmp_path / "s")
    np.testing.assert_array_equal(stored.gather(range(50), "embeddings"), embeddings)
    command("fit", "--signals", tmp_path / "s", "--subclasses", 2, "--out", tmp_path / "fit.safetensors")
    with pytest.raises(lelp.InputError, match="nothing more can be written"):
        writer.write(embeddings, logits)


def test_errors_of_a_run_are_exceptions_without_options_of_the_command(queries, tmp_path):
    with pytest.raises(lelp.InputError) as refused:
        lelp.distill(queries, method="kd", out=tmp_path / "s", progress=False)
    with pytest.raises(lelp.InputError, match="nowhere"):
        lelp.distill(queries, signals="nowhere", method="kd", out=tmp_path / "s", progress=False)
    with pytest.raises(lelp.InputError, match="'no_such_setting'"):
        lelp.distill(queries, no_such_setting=3, out=tmp_path / "s", progress=False)
    with pytest.raises(lelp.InputError, match="dict of columns is needed"):
        lelp.distill(3, out=tmp_path / "s")
    with pytest.raises(lelp.InputError, match="differ in length|no table"):
        lelp.distill({"text": ["a"], "label": ["b", "c"]}, out=tmp_path / "s")
    assert str(refused.value)
    assert not (tmp_path / "s").exists()


def test_what_holds_several_values_is_a_list():
    assert options({"labels": np.array(["a", "b"])}) == options({"labels": dict(a=1, b=2).keys()}) == ["--labels=a,b"]
    assert options({"labels": {"b", "a"}, "int8": np.bool_(False), "epochs": np.int64(3)}) == ["--labels=a,b", "--epochs=3"]


def test_keywords_are_options():
    given = {
        "split_weight": 0.3, "null_space": False, "overwrite": True, "int8": False, "seed": None,
        "labels": ["a", "b"], "add": ["rkd", "crd"], "class_weights": {"yes": 2, "no": 0.5},
        "out": pathlib.Path("x"),
    }  # fmt: skip
    assert options(given) == [
        "--split-weight=0.3", "--null-space=off", "--overwrite", "--labels=a,b", "--add=rkd", "--add=crd",
        "--class-weights=yes=2,no=0.5", "--out=x",
    ]  # fmt: skip


def test_options_in_what_a_run_says_are_keywords():
    said = "try `--class-weights balanced` or `--epochs 9`, see `--method`; a--b and -- stay"
    assert as_keywords(said) == 'try `class_weights="balanced"` or `epochs=9`, see `method`; a--b and -- stay'
    said = "unexpected argument '--nonsense'\n\nUsage: lelp distill --out <DIR>\n\nFor more information, try '--help'."
    assert as_keywords(said) == "unexpected argument 'nonsense'"


def test_warnings_and_steps_of_a_run_come_through(queries, tmp_path, capsys):
    with pytest.warns(UserWarning, match="validation rows"):
        lelp.distill(queries, validation=queries, method="ce", out=tmp_path / "s", **SMALL)
    assert "epoch" in capsys.readouterr().err


def test_a_comparison_is_a_frame_and_a_page(queries, tmp_path, monkeypatch, work):
    pytest.importorskip("pandas")
    monkeypatch.setenv("LELP_CACHE", str(work / "cache"))
    lines = queries.read_text().splitlines(keepends=True)
    (tmp_path / "data").mkdir()
    for split, part in [("train", lines[:300]), ("validation", lines[300:350]), ("test", lines[350:])]:
        (tmp_path / "data" / f"{split}.jsonl").write_text("".join(part))
    recipe = {
        "trials": 1, "seeds": 2,
        "data": [{"name": "queries", "path": tmp_path / "data"}],
        "teachers": [{"name": "small", "encoder": ENCODER}],
        "students": [{"name": "n-gram", "student": "ngram", "buckets": 4096, "width": 8, "train": {"epochs": 2}}],
        "methods": [{"method": "kd"}, {"method": "lelp", "subclasses": 2}],
    }  # fmt: skip
    comparison = lelp.compare(recipe, out=tmp_path / "run", progress=False)
    assert comparison.table["method"].tolist() == ["kd", "lelp"]
    assert comparison.table["accuracy.mean"].between(0, 1).all()
    page = comparison.report(title="Two methods")
    assert "Two methods" in page.html and page._repr_html_().startswith("<iframe srcdoc=")
    page.save(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == page.html


def test_a_recipe_is_toml():
    tomllib = pytest.importorskip("tomllib")
    recipe = {"a": 1, "b": [{"c": "x \"y\"\n\\ é", "d": {"e f": 0.1, "g": True}}, {"h": []}]}
    assert tomllib.loads(to_toml(recipe)) == recipe
    with pytest.raises(lelp.InputError, match="NoneType"):
        to_toml({"a": None})


INTERRUPTED = """
import os, signal, sys, threading, time
import lelp
def interrupt():
    time.sleep(1.0)
    print(time.perf_counter(), flush=True)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt).start()
try:
    lelp.distill(sys.argv[1], method="ce", epochs=100000, patience=0, out=sys.argv[2], progress=False)
except KeyboardInterrupt:
    print(time.perf_counter(), flush=True)
"""


def test_ctrl_c_ends_a_run_at_once_and_its_process_with_it(queries, tmp_path):
    arguments = [sys.executable, "-c", INTERRUPTED, str(queries), str(tmp_path / "s")]
    sent, answered = map(float, subprocess.check_output(arguments, text=True).split())
    assert answered - sent < 0.1
    deadline = time.monotonic() + 10
    while alive(str(tmp_path / "s")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(str(tmp_path / "s"))


def alive(argument: str) -> list[int]:
    """Processes with this argument."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if argument.encode() in (process / "cmdline").read_bytes() and int(process.name) != os.getpid():
                found.append(int(process.name))
        except OSError:
            pass
    return found
