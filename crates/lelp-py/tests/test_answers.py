"""A model answers in Python as the command does, whatever its rows come in."""

from __future__ import annotations

import concurrent.futures
import datetime
import multiprocessing
import pickle

import numpy as np
import pytest
from conftest import TABLE_COLUMNS, answers, read_rows

import lelp


def frames(rows: list[dict[str, object]]) -> list[object]:
    """The rows in every kind of table that is installed, and as columns."""
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    tables: list[object] = [columns]
    try:
        import pandas

        tables.append(pandas.DataFrame(columns))
    except ImportError:
        pass
    try:
        import polars

        tables.append(polars.DataFrame(columns))
    except ImportError:
        pass
    try:
        import pyarrow

        tables.append(pyarrow.table(columns))
        tables.append(pyarrow.concat_tables([pyarrow.table(columns).slice(0, 70), pyarrow.table(columns).slice(70)]))
    except ImportError:
        pass
    return tables


def test_texts_are_answered_as_by_the_command(text_student, queries):
    expected = answers(text_student, queries)
    model = lelp.load(text_student)
    texts = [row["text"] for row in read_rows(queries)]
    assert (model.kind, model.classes_.tolist()) == ("ngram", ["card", "other"])
    for rows in [texts, np.array(texts), np.array(texts, dtype=object), tuple(texts), *frames(read_rows(queries))]:
        probabilities = model.predict_proba(rows)
        assert (probabilities.shape, probabilities.dtype) == ((400, 2), np.float32)
        np.testing.assert_array_equal(probabilities, expected.astype(np.float32))
    labels = model.predict(texts)
    assert labels.tolist() == model.classes_[expected.argmax(1)].tolist()
    logits = model.decision_function(texts)
    np.testing.assert_allclose(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), expected, atol=1e-6)


def test_a_column_of_dates_is_asked_as_dates_or_as_it_was_written(dated_student, dated):
    expected = answers(dated_student, dated).astype(np.float32)
    model = lelp.load(dated_student)
    rows = [{"day": row["day"]} for row in read_rows(dated)]
    dates = [{"day": datetime.date.fromisoformat(row["day"])} for row in rows]
    for table in [*frames(rows), *frames(dates)]:
        np.testing.assert_array_equal(model.predict_proba(table), expected)
    with pytest.raises(lelp.InputError, match="row 1: column `day` holds `2`, but a date as 2026-11-30 is needed"):
        model.predict_proba({"day": ["2025-01-01", 2]})


def test_a_column_of_texts_on_its_own_is_rows(text_student, queries):
    model = lelp.load(text_student)
    texts = [row["text"] for row in read_rows(queries)][:9]
    expected = model.predict_proba(texts)
    for package, column in [("pandas", "Series"), ("polars", "Series"), ("pyarrow", "array")]:
        module = pytest.importorskip(package)
        np.testing.assert_array_equal(model.predict_proba(getattr(module, column)(texts)), expected)


def test_one_text_is_answered_as_among_others_and_none_as_none(text_student):
    model = lelp.load(text_student)
    both = model.predict_proba(["where is my card", "naïve 你好 \U0001f600"])
    np.testing.assert_array_equal(model.predict_proba(["where is my card"]), both[:1])
    np.testing.assert_array_equal(model.predict_proba(["naïve 你好 \U0001f600"]), both[1:])
    assert model.predict_proba([]).shape == (0, 2)
    assert model.predict_proba({"text": []}).shape == (0, 2)
    assert model.predict([]).shape == (0,)


def test_pairs_vectors_and_tables_are_answered_as_by_the_command(
    pair_student, pairs, vector_student, vectors, table_student, table
):
    for student, data, options in [
        (pair_student, pairs, []),
        (vector_student, vectors, ["--vector-column", "point"]),
        (table_student, table, TABLE_COLUMNS),
    ]:
        expected = answers(student, data, *options).astype(np.float32)
        model = lelp.load(student)
        for rows in frames(read_rows(data)):
            np.testing.assert_array_equal(model.predict_proba(rows), expected, str(type(rows)))
    texts = [(row["text"], row["text_pair"]) for row in read_rows(pairs)]
    for rows in [texts, np.array(texts)]:
        np.testing.assert_array_equal(
            lelp.load(pair_student).predict_proba(rows), answers(pair_student, pairs).astype(np.float32)
        )
    points = np.array([row["point"] for row in read_rows(vectors)])
    expected = answers(vector_student, vectors, "--vector-column", "point").astype(np.float32)
    for array in [points, points.astype(np.float32), np.asfortranarray(points), points.tolist()]:
        np.testing.assert_array_equal(lelp.load(vector_student).predict_proba(array), expected)


def test_wrong_rows_are_refused_with_what_is_there_and_what_is_needed(
    text_student, pair_student, vector_student, table_student
):
    def refusal(student, rows):
        with pytest.raises(lelp.InputError) as refused:
            lelp.load(student).predict_proba(rows)
        message = str(refused.value)
        assert "--" not in message, message
        return message

    assert refusal(text_student, ["a", 3]) == "row 1: column `text` holds int, but a string is needed"
    assert refusal(text_student, ["a", ("b", "c")]) == "row 1 is a pair, but row 0 is a text"
    single = "the rows have a second text, but the model was made of single texts; leave it out"
    assert refusal(text_student, [("a", "b")]) == single
    assert refusal(text_student, {"text": ["a"], "text_pair": ["b"]}) == single
    assert refusal(text_student, ["a", None]) == "row 1: column `text` is missing, but a string is needed"
    assert refusal(text_student, ["a", float("nan")]) == "row 1: column `text` is missing, but a string is needed"
    assert refusal(text_student, {"text": "a film"}).startswith("a column is one str")
    for lone in (["\ud800"], ["a", "b \ud800"]):
        assert "no Unicode that can be written as UTF-8" in refusal(text_student, lone)
    for single in (["a"], ["a", "b"], {"text": ["a"], "text_par": ["b"]}):
        assert "have no second text (column `text_pair`)" in refusal(pair_student, single)
    assert "put it into a list" in refusal(text_student, "where is my card")
    assert "[2, 2, 2] of float64" in refusal(text_student, np.zeros((2, 2, 2)))
    assert "there is no column `text` (a text)" in refusal(text_student, {"a": ["x"], "b": ["y"]})
    assert "vector of 3 numbers" in refusal(vector_student, np.zeros((2, 3)))
    nan = np.zeros((9, 4))
    nan[7, 2] = np.nan
    assert refusal(vector_student, nan) == "row 7: column `point` holds NaN, but numbers must be finite"
    assert "an array [4] of float64" in refusal(vector_student, np.zeros(4))
    assert "object" in refusal(vector_student, np.zeros((2, 4), dtype=object))
    price = {"text": ["a", "b"], "price": [1.0, "x"], "country": ["de", None]}
    assert refusal(table_student, price) == "row 1: column `price` holds str, but a number, or None is needed"
    assert "columns text, price, country" in refusal(table_student, ["a"])
    assert "differ in length" in refusal(table_student, {**price, "price": [1.0]})
    with pytest.raises(lelp.InputError, match="there is no folder `nowhere`"):
        lelp.load("nowhere")
    with pytest.raises(lelp.InputError, match="threads is 0"):
        lelp.load(text_student, threads=0)


def test_pairs_are_tuples_or_lists_and_a_missing_category_is_none(pair_student, table_student, table):
    pairs = [("a b", "c"), ("d", "e f")]
    model = lelp.load(pair_student)
    np.testing.assert_array_equal(model.predict_proba([list(pair) for pair in pairs]), model.predict_proba(pairs))
    model = lelp.load(table_student)
    rows = read_rows(table)[:3]
    columns = {name: [row.get(name) for row in rows] for name, _, _ in model.columns}
    kind = next(name for name, kind, _ in model.columns if kind == "category")
    none, nan = ({**columns, kind: [missing, *columns[kind][1:]]} for missing in (None, float("nan")))
    np.testing.assert_array_equal(model.predict_proba(nan), model.predict_proba(none))


def test_arrow_values_of_another_type_are_refused_by_row_and_column(table_student):
    pyarrow = pytest.importorskip("pyarrow")
    model = lelp.load(table_student)
    columns = {"text": ["a", "b"], "price": [1, 2], "country": ["de", "de"]}
    narrow = pyarrow.table({**columns, "price": pyarrow.array([1, 2], pyarrow.int8())})
    np.testing.assert_array_equal(model.predict_proba(narrow), model.predict_proba(columns))
    words = pyarrow.table({**columns, "country": pyarrow.array(["de", "de"]).dictionary_encode()})
    np.testing.assert_array_equal(model.predict_proba(words), model.predict_proba(columns))
    for column, values, found in [
        ("text", [None, "b"], "row 0: column `text` is empty (null) here"),
        ("price", ["1", "2"], "row 0: column `price` holds a string, but a number is needed"),
        ("price", [1.0, float("nan")], "row 1: column `price` holds NaN, but numbers must be finite"),
        ("country", [1.5, 2.0], "row 0: column `country` holds a fraction"),
    ]:
        with pytest.raises(lelp.InputError) as refused:
            model.predict_proba(pyarrow.table({**columns, column: pyarrow.array(values)}))
        assert found in str(refused.value)


def test_a_model_is_pickled_as_its_folder_and_answers_the_same(text_student):
    model = lelp.load(text_student, threads=1)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(["my card"]), model.predict_proba(["my card"]))


def test_threads_share_a_model(text_student, queries):
    model = lelp.load(text_student, threads=2)
    texts = [row["text"] for row in read_rows(queries)]
    expected = [model.predict_proba([text]) for text in texts]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        one_by_one = list(pool.map(lambda text: model.predict_proba([text]), texts * 4))
        together = list(pool.map(model.predict_proba, [texts] * 16))
    for found, wanted in zip(one_by_one, expected * 4):
        np.testing.assert_array_equal(found, wanted)
    for found in together:
        np.testing.assert_array_equal(found, np.concatenate(expected))


def answer_in_child(model, texts, pipe):
    pipe.send(model.predict_proba(texts))


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="no fork here")
@pytest.mark.parametrize("student", ["text_student", "teacher"])
def test_a_forked_process_answers_with_the_model_of_its_parent(student, request, queries):
    model = lelp.load(request.getfixturevalue(student), threads=2)
    texts = [row["text"] for row in read_rows(queries)][:50]
    expected = model.predict_proba(texts)
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    child = context.Process(target=answer_in_child, args=(model, texts, there))
    child.start()
    assert here.poll(60), "the child hangs"
    np.testing.assert_array_equal(here.recv(), expected)
    child.join(10)
    assert child.exitcode == 0
