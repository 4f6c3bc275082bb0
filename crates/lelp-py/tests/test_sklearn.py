"""The estimators keep scikit-learn's manners, and the command's files."""

from __future__ import annotations

import importlib.util
import pickle

import numpy as np
import pytest
from conftest import lelp as command, read_rows

import lelp

sklearn = pytest.importorskip("sklearn")

from sklearn.base import clone  # noqa: E402
from sklearn.model_selection import cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

from lelp import LELP, DistilledClassifier, NgramClassifier  # noqa: E402


def expected_failures(estimator):
    """What a check asks that an estimator cannot give, and why."""
    if isinstance(estimator, LELP):
        why = "rows that come bit by bit need the teacher's logits or its head, and the check gives labels alone"
        return {"check_n_features_in_after_fitting": why}
    return {}


@parametrize_with_checks(
    [LELP(subclasses=1, null_space=False), DistilledClassifier(settings={"epochs": 60, "batch": 8})],
    expected_failed_checks=expected_failures,
)
def test_scikit_learn_finds_its_manners(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(3000, 12)).astype(np.float32)
    head = rng.normal(size=(2, 12)).astype(np.float32), rng.normal(size=2).astype(np.float32)
    return embeddings, embeddings @ head[0].T + head[1], head


def test_targets_sum_to_the_teachers_probabilities_and_collapse_to_its_logits(rows):
    embeddings, logits, head = rows
    split = LELP(subclasses=3, head=head).fit(embeddings)
    targets = split.transform(embeddings)
    assert targets.shape == (3000, 6) and targets.dtype == np.float32
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(targets.reshape(-1, 2, 3).sum(2), p, atol=1e-5)
    collapsed = split.collapse(np.log(targets + 1e-30))
    np.testing.assert_allclose(np.exp(collapsed), p, atol=1e-5)
    assert split.get_feature_names_out().tolist() == ["0_0", "0_1", "0_2", "1_0", "1_1", "1_2"]


def test_coordinates_of_the_members_of_a_class_have_mean_0_and_unit_mean_variance(rows):
    embeddings, logits, head = rows
    coordinates = LELP(subclasses=3, head=head).fit(embeddings).coordinates(embeddings)
    for c in range(2):
        own = coordinates[logits.argmax(1) == c, 3 * c : 3 * c + 3]
        np.testing.assert_allclose(own.mean(0), 0, atol=1e-5)
        np.testing.assert_allclose(own.var(0, ddof=1).mean(), 1, rtol=1e-5)


def test_how_rows_are_cut_changes_no_bit_of_the_fit_and_threads_neither(rows):
    embeddings, logits, head = rows
    whole = LELP(head=head).fit(embeddings, logits=logits).fit_.to_bytes()
    parts = LELP(head=head, n_jobs=1)
    for first in range(0, 3000, 700):
        parts.partial_fit(embeddings[first : first + 700], logits=logits[first : first + 700])
    assert parts.fit_.to_bytes() == whole
    assert pickle.loads(pickle.dumps(parts)).fit_.to_bytes() == whole


def test_merged_fits_are_the_fit_of_all_rows_to_rounding_also_after_pickle(rows):
    embeddings, logits, head = rows
    whole = LELP(subclasses=2, rotation="none", head=head).fit(embeddings)
    first, second = (clone(whole).fit(half) for half in (embeddings[:1700], embeddings[1700:]))
    merged = pickle.loads(pickle.dumps(first)).merge(pickle.loads(pickle.dumps(second)))
    for own, all_ in zip(merged.report()["classes"], whole.report()["classes"]):
        assert own["members"] == all_["members"]
        np.testing.assert_allclose(own["spectrum"], all_["spectrum"], rtol=1e-9)
    np.testing.assert_allclose(merged.transform(embeddings), whole.transform(embeddings), atol=1e-5)


def test_embeddings_of_every_float_give_targets_of_their_own_rounding(rows):
    embeddings, logits, head = rows
    half = embeddings.astype(np.float16)
    of_half = LELP(head=head).fit(half, logits=logits)
    of_single = LELP(head=head).fit(half.astype(np.float32), logits=logits)
    of_double = LELP(head=head).fit(half.astype(np.float64), logits=logits)
    assert of_half.fit_.to_bytes() == of_single.fit_.to_bytes() == of_double.fit_.to_bytes()
    np.testing.assert_array_equal(of_half.transform(half, logits=logits), of_single.transform(half, logits=logits))
    torch = pytest.importorskip("torch")
    brain = torch.from_numpy(embeddings).to(torch.bfloat16)
    of_brain = LELP(head=head).fit(brain, logits=logits)
    assert of_brain.fit_.to_bytes() == LELP(head=head).fit(brain.float().numpy(), logits=logits).fit_.to_bytes()


def test_files_are_those_of_the_command_to_the_bit_both_ways(signals, tmp_path):
    command("fit", "--signals", signals, "--subclasses", 3, "--seed", 5, "--out", tmp_path / "fit.safetensors")
    command("targets", "--signals", signals, "--fit", tmp_path / "fit.safetensors", "--out", tmp_path / "t.safetensors")
    split = LELP.from_signals(signals, subclasses=3, random_state=5)
    split.save(tmp_path / "own.safetensors")
    assert (tmp_path / "own.safetensors").read_bytes() == (tmp_path / "fit.safetensors").read_bytes()
    stored = lelp.Signals(signals)
    embeddings = stored.gather(range(len(stored)), "embeddings")
    logits = stored.gather(range(len(stored)), "logits")
    loaded = LELP.load(tmp_path / "fit.safetensors", head=stored.head)
    assert loaded.get_params()["subclasses"] == 3 and loaded.classes_.tolist() == ["card", "other"]
    targets = loaded.transform(embeddings, logits=logits)
    loaded.save_targets(tmp_path / "own-t.safetensors", targets)
    assert (tmp_path / "own-t.safetensors").read_bytes() == (tmp_path / "t.safetensors").read_bytes()
    whole = LELP(3, random_state=5, head=stored.head).fit(embeddings, logits=logits)
    np.testing.assert_array_equal(whole.transform(embeddings, logits=logits), targets)
    command("targets", "--signals", signals, "--fit", tmp_path / "own.safetensors", "--out", tmp_path / "t2.safetensors")
    assert (tmp_path / "t2.safetensors").read_bytes() == (tmp_path / "t.safetensors").read_bytes()


def test_logits_are_routed_through_a_pipeline_and_frames_come_out(rows):
    embeddings, logits, head = rows
    pandas = pytest.importorskip("pandas")
    with sklearn.config_context(enable_metadata_routing=True):
        split = LELP(2).set_fit_request(logits=True).set_transform_request(logits=True)
        pipeline = make_pipeline(StandardScaler(), split).set_output(transform="pandas")
        targets = pipeline.fit(embeddings, logits=logits).transform(embeddings, logits=logits)
    assert isinstance(targets, pandas.DataFrame) and list(targets.columns) == ["0_0", "0_1", "1_0", "1_1"]
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-5)


def test_a_loaded_split_adds_no_rows_and_other_classes_do_not_merge(rows, tmp_path):
    embeddings, logits, head = rows
    names = np.where(logits[:, 1] > logits[:, 0], "b", "a")
    split = LELP(subclasses=2, members="label").fit(embeddings, names, logits=logits)
    by_number = LELP(subclasses=2, members="label").fit(embeddings, (names == "b").astype(int), logits=logits)
    assert split.classes_.tolist() == ["a", "b"]
    np.testing.assert_array_equal(split.transform(embeddings, logits=logits), by_number.transform(embeddings, logits=logits))
    split.save(tmp_path / "split.safetensors")
    loaded = LELP.load(tmp_path / "split.safetensors")
    for change in (lambda: loaded.partial_fit(embeddings, logits=logits), lambda: split.merge(loaded)):
        with pytest.raises(lelp.InputError, match="has no statistics"):
            change()
    other = LELP(subclasses=2, members="label").fit(embeddings, np.where(names == "b", "c", "b"), logits=logits)
    with pytest.raises(lelp.InputError, match="those of the other"):
        split.merge(other)
    for merged, says in [(split, "its own rows"), (LELP(subclasses=2).fit(embeddings, logits=logits), "members was 'label'")]:
        with pytest.raises(lelp.InputError, match=says):
            split.merge(merged)
    with pytest.raises(lelp.InputError, match="subclasses was 2 when rows were gathered, but they are now 3"):
        clone(split).fit(embeddings, names, logits=logits).set_params(subclasses=3).partial_fit(embeddings, logits=logits)
    drawn = LELP(subclasses=2, random_state=np.random.RandomState(3)).fit(embeddings, logits=logits)
    again = pickle.loads(pickle.dumps(drawn))
    for one in (drawn, again):
        one.partial_fit(embeddings[::-1], logits=logits[::-1])
    np.testing.assert_array_equal(drawn.transform(embeddings, logits=logits), again.transform(embeddings, logits=logits))
    with pytest.raises(lelp.InputError, match="is none of the classes"):
        split.partial_fit(embeddings[:2], ["a", "d"], logits=logits[:2])
    with pytest.raises(lelp.InputError, match="have 1 names, but the teacher has 2"):
        LELP().fit(embeddings[:9], ["a"] * 9, logits=logits[:9])


def test_missing_labels_are_no_class_and_whole_floats_are_whole_numbers(rows):
    embeddings, logits, head = rows
    numbers = (logits[:, 1] > logits[:, 0]).astype(int)
    given = {"embeddings": embeddings, "logits": logits}
    some = np.where(np.arange(len(numbers)) % 3 == 0, -1, numbers)
    usual = LELP(subclasses=2, members="label").fit(given["embeddings"], some, logits=logits)
    words = [None if label < 0 else "ab"[label] for label in some]
    floats = np.where(some < 0, np.nan, some)
    for labels in (words, [float("nan") if word is None else word for word in words], floats, np.where(some < 0, -1.0, some)):
        again = LELP(subclasses=2, members="label").fit(embeddings, labels, logits=logits)
        assert len(again.classes_) == 2
        np.testing.assert_array_equal(again.transform(embeddings, logits=logits), usual.transform(embeddings, logits=logits))
    with pytest.raises(lelp.InputError, match="row 0 has no label"):
        LELP().fit(embeddings, words)


def test_one_column_of_logits_is_a_sigmoids(rows):
    embeddings, logits, head = rows
    one = (logits[:, 1:] - logits[:, :1]).astype(np.float32)
    two = np.hstack([np.zeros_like(one), one])
    split = LELP(subclasses=2).fit(embeddings, logits=one)
    np.testing.assert_array_equal(split.transform(embeddings, logits=one), split.transform(embeddings, logits=two))


def test_scientists_ways_of_giving_threads_seeds_and_heads(rows):
    embeddings, logits, (weight, bias) = rows
    usual = LELP(head=(weight, bias)).fit(embeddings).transform(embeddings)
    for settings in ({"n_jobs": -1}, {"n_jobs": -5}, {"random_state": None}, {"head": (weight, tuple(bias))}):
        again = LELP(**{"head": (weight, bias), **settings}).fit(embeddings).transform(embeddings)
        np.testing.assert_array_equal(again, usual)
    LELP(random_state=np.random.RandomState(0), head=(weight, bias)).fit(embeddings)
    for settings in ({"n_jobs": 0}, {"random_state": -1}, {"head": (weight, 3.0)}):
        with pytest.raises(lelp.InputError):
            LELP(**{"head": (weight, bias), **settings}).fit(embeddings)


def test_wrong_input_says_what_is_there_and_what_is_needed(rows):
    embeddings, logits, head = rows

    def refusal(call, *arguments, **named):
        with pytest.raises(lelp.InputError) as refused:
            call(*arguments, **named)
        return str(refused.value)

    nan = embeddings.copy()
    nan[17, 3] = np.nan
    assert refusal(LELP(head=head).fit, nan, logits=logits).startswith("embedding row 17, column 3 is NaN")
    assert "row 17" in refusal(LELP().fit, nan, logits.argmax(1))
    assert "2999 rows of logits for 3000 rows" in refusal(LELP().fit, embeddings, logits=logits[1:])
    assert "neither is given" in refusal(LELP().partial_fit, embeddings)
    assert "width 12, but they have 11" in refusal(LELP(head=head).fit, embeddings[:, 1:])
    assert "'teacher' or 'label'" in refusal(LELP(members="both", head=head).fit, embeddings)
    assert "beta is -1" in refusal(LELP(head=head, beta=-1).fit(embeddings).transform, embeddings)
    assert "unknown variant `left`" in refusal(LELP(head=head, rotation="left").fit, embeddings)
    assert "labels are in -5..=0" in refusal(LELP(head=head).fit, embeddings, np.full(3000, -5) * (np.arange(3000) > 9))
    proba = np.full((4, 2), 0.4)
    assert "row 0 of the teacher's probabilities" in refusal(NgramClassifier().fit, list("abcd"), teacher_proba=proba)
    assert "4 rows of probabilities for 3 rows" in refusal(NgramClassifier().fit, list("abc"), teacher_proba=proba)


@pytest.fixture(scope="module")
def texts(queries):
    rows = read_rows(queries)
    return [row["text"] for row in rows], np.array([row["label"] for row in rows])


def test_a_student_learns_from_labels_or_from_a_teacher_and_is_pickled_and_saved(texts, tmp_path):
    X, y = texts
    small = {"buckets": 4096, "width": 8, "epochs": 5}
    of_labels = NgramClassifier(settings=small).fit(X, y)
    assert of_labels.classes_.tolist() == ["card", "other"] and of_labels.score(X, y) > 0.95
    again = pickle.loads(pickle.dumps(of_labels))
    np.testing.assert_array_equal(again.predict_proba(X), of_labels.predict_proba(X))
    np.testing.assert_array_equal(clone(of_labels).fit(X, y).predict_proba(X), of_labels.predict_proba(X))
    proba = 0.2 + 0.6 * np.eye(2)[(y == "other").astype(int)]
    of_teacher = NgramClassifier(settings=small).fit(X, teacher_proba=proba)
    assert (of_teacher.predict(X) == (y == "other")).mean() > 0.95
    assert of_teacher.predict_proba(X).max() < of_labels.predict_proba(X).max()
    embeddings = np.random.default_rng(0).normal(size=(len(X), 6)).astype(np.float32)
    split = NgramClassifier("lelp", settings={**small, "subclasses": 2})
    assert split.fit(X, y, teacher_proba=proba, embeddings=embeddings).score(X, y) > 0.95
    of_labels.save(tmp_path / "student")
    np.testing.assert_array_equal(lelp.load(tmp_path / "student").predict_proba(X), of_labels.predict_proba(X))


def test_texts_come_in_any_container_and_index(texts):
    words, labels = texts
    settings = {"buckets": 4096, "width": 8, "epochs": 2}
    usual = NgramClassifier(settings=settings).fit(words, labels)
    containers = [np.array(words), np.array(words, dtype=object)[:, None], tuple(words)]
    if importlib.util.find_spec("pandas"):
        import pandas

        series = pandas.Series(words, index=np.arange(len(words))[::-1] + 7)
        containers += [series, series.to_frame("anything")]
        scores = cross_val_score(NgramClassifier(settings=settings), series, pandas.Series(labels), cv=3)
        assert np.isfinite(scores).all()
    if importlib.util.find_spec("pyarrow"):
        import pyarrow

        containers += [pyarrow.array(words), pyarrow.chunked_array([words]), pyarrow.table({"t": words})]
    for held in containers:
        np.testing.assert_array_equal(usual.predict_proba(held), usual.predict_proba(words), err_msg=str(type(held)))
        again = NgramClassifier(settings=settings).fit(held, labels)
        np.testing.assert_array_equal(again.predict_proba(words[:9]), usual.predict_proba(words[:9]), err_msg=str(type(held)))
    assert usual.predict([]).shape == (0,)
    for wrong, says in [("a text", "put it into a list"), (["a", None], "row 1: the text is missing")]:
        with pytest.raises(lelp.InputError, match=says):
            usual.predict(wrong)
    pairs = [(word, "b") for word in words]
    both = NgramClassifier(settings=settings).fit(pairs, labels)
    np.testing.assert_array_equal(both.predict_proba(np.array(pairs)), both.predict_proba([list(pair) for pair in pairs]))


def test_labels_that_are_missing_and_settings_of_the_estimator(texts, tmp_path):
    words, labels = texts
    settings = {"buckets": 4096, "width": 8, "epochs": 2}
    proba = np.eye(2)[(np.asarray(labels) == sorted(set(labels))[1]).astype(int)]
    fitted = []
    for none in (None, float("nan")):
        some = [none if row % 3 == 0 else label for row, label in enumerate(labels)]
        fitted.append(NgramClassifier(settings=settings).fit(words, some, teacher_proba=proba))
        assert fitted[-1].classes_.tolist() == sorted(set(labels))
    np.testing.assert_array_equal(fitted[0].predict_proba(words[:9]), fitted[1].predict_proba(words[:9]))
    codes = (proba[:, 1] > 0).astype(int)
    for some in (np.where(codes == 0, 0.0, 1.0), [None if row % 3 == 0 else -1 if row % 3 == 1 else c for row, c in enumerate(codes)]):
        assert NgramClassifier(settings=settings).fit(words, some, teacher_proba=proba).classes_.tolist() == [0, 1]
    fitted[0].save(tmp_path / "s")
    with pytest.raises(lelp.InputError, match="exists already"):
        fitted[0].save(tmp_path / "s")
    for own in ("seed", "threads", "out", "method", "labels"):
        with pytest.raises(lelp.InputError, match=f"settings hold `{own}`"):
            NgramClassifier(settings={own: 1}).fit(words, labels)
    for X, y, says in [(words, [None, *labels[1:]], "row 0 has no label"), ({}, labels, "X has no columns")]:
        with pytest.raises(lelp.InputError, match=says):
            NgramClassifier(settings=settings).fit(X, y)
    with pytest.raises(lelp.InputError, match="give `embeddings`"):
        NgramClassifier("lelp", settings=settings).fit(words, teacher_proba=proba)
    with pytest.raises(lelp.InputError, match="-1 is no label"):
        NgramClassifier(settings=settings).fit(words, np.where(proba[:, 0] > 0, -1, 1), teacher_proba=proba)


def test_a_student_reads_vectors_and_tables(tmp_path):
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    points = rng.normal(size=(300, 3))
    y = (points[:, 0] > 0).astype(int)
    assert DistilledClassifier(settings={"epochs": 30}).fit(points, y).score(points, y) > 0.95
    table = pandas.DataFrame({"price": points[:, 0], "kind": rng.choice(["a", "b"], 300), "unused": 0})
    columns = {"number_columns": ["price"], "category_columns": ["kind"], "epochs": 20}
    assert DistilledClassifier(settings=columns).fit(table, y).score(table, y) > 0.8
