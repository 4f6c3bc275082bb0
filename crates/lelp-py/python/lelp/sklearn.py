"""Estimators in the manners of scikit-learn: `LELP`, `NgramClassifier`, `DistilledClassifier`."""

from __future__ import annotations

import json
import os
import pathlib
import secrets
import shutil
import tempfile
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from lelp import _lelp
from lelp._inputs import as_list, describe, float_matrix, is_missing, labels_of, single_matrix, threads_of
from lelp.errors import InputError
from lelp.model import Model
from lelp.runs import distill
from lelp.signals_folder import Signals, SignalsWriter, vector, write_whole


class LELP(TransformerMixin, BaseEstimator):
    """Targets over subclasses, which are found along linear directions of a teacher's embeddings (arXiv:2409.20449).

    `fit` takes embeddings `[rows, width]` and the teacher's logits; where logits are absent they are those of `head`, and
    where that is absent too, those of a logistic regression of `y` on the embeddings. `transform` gives soft labels
    `[rows, classes * subclasses]`, subclass s of class c in column `c * subclasses + s`, on which a student is trained;
    `collapse` turns the student's outputs into logits of classes.

    Parameters
    ----------
    subclasses : subclasses of each class (S).
    beta : width of the split within a class, in deviations of its coordinates: small is sharp.
    temperature : softens the teacher's probabilities.
    null_space : keep directions out of the space that the head reads.
    rotation : "random", "balanced" or "none": how directions of unequal variance are turned into each other.
    members : "teacher" or "label": who says which class a row belongs to.
    head : weight `[classes, width]` and bias `[classes]` of the teacher's last layer; for the fit it is estimated from the
        logits where None, and `transform` then needs logits too.
    random_state : seed of the rotation; None is 0.
    n_jobs : threads; None and -1 take all cores. Results do not depend on it.

    Attributes
    ----------
    fit_ : the split, as `lelp fit` writes it; `save` and `load` exchange files with the command.
    classes_ : names of the classes, where they are known.
    head_ : the head that logits are computed with where none are given; None where there is none.
    """

    def __init__(
        self,
        subclasses: int = 4,
        *,
        beta: float = 0.12,
        temperature: float = 1.0,
        null_space: bool = True,
        rotation: str = "random",
        members: str = "teacher",
        head: Any = None,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.subclasses = subclasses
        self.beta = beta
        self.temperature = temperature
        self.null_space = null_space
        self.rotation = rotation
        self.members = members
        self.head = head
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None, *, logits: Any = None) -> LELP:
        """Fits the split on embeddings `X`; `y` are the labels: in any names, which stand for the columns of the logits in
        their sorted order, or numbers of these columns."""
        self._reset()
        return self._add(X, y, logits)

    def partial_fit(self, X: Any, y: Any = None, *, logits: Any = None) -> LELP:
        """Adds rows to those before. How rows are cut into calls changes no bit of the fit.

        Without logits there must be a head: a logistic regression would need all rows.
        """
        if hasattr(self, "fit_") and not hasattr(self, "_statistics"):
            raise InputError("a split that was loaded has no statistics to add rows to: fit it on all rows")
        if not hasattr(self, "_statistics") and logits is None and self.head is None:
            raise InputError("rows that come bit by bit need the teacher's logits, or its head: neither is given")
        if not hasattr(self, "_statistics"):
            self._reset()
        self._check_settings(self._split_settings(), "they are now")
        return self._add(X, y, logits)

    def _check_settings(self, others: dict[str, Any], whose: str) -> None:
        """Refuses rows that are to be gathered in another way than those before."""
        before = getattr(self, "_gathered_with", others)
        for name, value in before.items():
            if others[name] != value:
                raise InputError(f"{name} was {value!r} when rows were gathered, but {whose} {others[name]!r}; fit anew")

    def _split_settings(self) -> dict[str, Any]:
        settings = {name: getattr(self, name) for name in ("subclasses", "null_space", "rotation", "members")}
        return {name: value.item() if hasattr(value, "item") else value for name, value in settings.items()}

    def merge(self, other: LELP) -> LELP:
        """Adds the rows of another estimator of the same settings, fitted elsewhere."""
        for own in (self, other):
            check_is_fitted(own)
            if not hasattr(own, "_statistics"):
                raise InputError("a split that was loaded has no statistics to merge")
        if other is self:
            raise InputError("an estimator has its own rows already")
        self._check_settings(other._gathered_with, "the other has")
        if self._named and other._named and list(self.classes_) != list(other.classes_):
            raise InputError(f"the classes are {list(self.classes_)}, but those of the other {list(other.classes_)}")
        self._statistics.merge(other._statistics)
        return self._refit()

    def transform(self, X: Any, *, logits: Any = None) -> NDArray[np.float32]:
        """Targets `[rows, classes * subclasses]`."""
        check_is_fitted(self)
        X = self._embeddings(X, reset=False)
        logits = self._logits(X, logits)
        return self.fit_.targets(X, logits, float(self.beta), float(self.temperature), threads_of(self.n_jobs, "n_jobs"))

    def fit_transform(self, X: Any, y: Any = None, *, logits: Any = None) -> NDArray[np.float32]:
        """`fit`, then `transform` of the same rows."""
        self.fit(X, y, logits=logits)
        return self.transform(X, logits=logits)

    def coordinates(self, X: Any) -> NDArray[np.float32]:
        """Coordinates `[rows, classes * subclasses]` along the directions, in the unit of each class."""
        check_is_fitted(self)
        return self.fit_.scores(self._embeddings(X, reset=False), threads_of(self.n_jobs, "n_jobs"))

    def collapse(self, outputs: Any) -> NDArray[np.float32]:
        """Logits of classes `[rows, classes]` of a student's outputs `[rows, classes * subclasses]`: log-sum-exp."""
        check_is_fitted(self)
        return _lelp.collapse(single_matrix(outputs, "outputs"), self.fit_.classes, self.fit_.per_class)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """`class_subclass` for each column of the targets."""
        check_is_fitted(self)
        return np.array(
            [f"{name}_{s}" for name in self.classes_ for s in range(self.fit_.per_class)], dtype=object
        )

    def report(self) -> dict[str, Any]:
        """Settings, and what was found in each class: members, variance, spectrum."""
        check_is_fitted(self)
        return json.loads(self.fit_.report())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the split to a file, the one that `lelp fit` would write."""
        check_is_fitted(self)
        write_whole(pathlib.Path(path), self.fit_.to_bytes())

    def save_targets(self, path: str | os.PathLike[str], targets: Any) -> None:
        """Writes targets of `transform` to a file, the one that `lelp targets` would write."""
        check_is_fitted(self)
        values = single_matrix(targets, "targets")
        sizes = (self.fit_.classes, self.fit_.per_class)
        content = _lelp.write_targets(values, *sizes, float(self.beta), float(self.temperature))
        write_whole(pathlib.Path(path), content)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, head: Any = None, **settings: Any) -> LELP:
        """Reads the file of a split. It transforms; to add rows it has no statistics."""
        fit = _lelp.Fit.from_bytes(pathlib.Path(path).read_bytes())
        found = json.loads(fit.report())["settings"]
        if found["split"] != "lelp":
            raise InputError(f"`{path}` holds a split of `{found['split']}`, but one of `lelp` is needed")
        known = {name: found[name] for name in ("subclasses", "null_space", "rotation") if name in found}
        loaded = cls(head=head, random_state=found.get("seed", 0), **{**known, **settings})
        loaded.head_ = _checked_head(head)
        loaded._take(fit)
        return loaded

    @classmethod
    def from_signals(cls, signals: Signals | str | os.PathLike[str], **settings: Any) -> LELP:
        """Fits on the signals in a folder, part by part: memory does not grow with rows."""
        signals = signals if isinstance(signals, Signals) else Signals(signals)
        split = cls(**{"head": signals.head, **settings})
        split._reset()
        split.classes_, split._named = np.array(signals.label_names, dtype=object), True
        split.n_features_in_ = signals.width
        for part in signals.parts():
            split._gather(part["embeddings"], part["logits"], part.get("labels"))
        return split._refit()

    def take_moments(self, moments: bytes, rows: int, *, label_names: list[str], width: int) -> LELP:
        """Fits on moments that were gathered and merged elsewhere (`lelp.shards`)."""
        self._reset()
        self.classes_, self._named = np.array(label_names, dtype=object), True
        self.n_features_in_ = width
        self._statistics = self._new_statistics(len(label_names), width)
        self._statistics.merge_moments(moments, rows)
        return self._refit()

    def _reset(self) -> None:
        for name in ("_statistics", "_gathered_with", "_seed", "classes_"):
            if hasattr(self, name):
                delattr(self, name)
        # Whether the classes have names, or are numbers of columns.
        self._named = False
        if self.members not in ("teacher", "label"):
            raise InputError(f"members are {self.members!r}, but must be 'teacher' or 'label'")
        self.head_ = _checked_head(self.head)

    def _embeddings(self, X: Any, *, reset: bool) -> NDArray[Any]:
        """Checked embeddings; what scikit-learn has no type for is converted first."""
        if hasattr(X, "detach"):
            X = float_matrix(X, "embeddings")
        dtypes = [np.float32, np.float16, np.float64]
        # What is not finite is refused further on, with its row.
        X = validate_data(self, X, reset=reset, dtype=dtypes, order="C", ensure_all_finite=False)
        return float_matrix(X, "embeddings")

    def _add(self, X: Any, y: Any, logits: Any) -> LELP:
        X = self._embeddings(X, reset=not hasattr(self, "_statistics"))
        answers = None if logits is None and self.head_ is None else self._logits(X, logits)
        if answers is not None:
            labels = None if y is None else self._labels_beside(y, len(X), answers.shape[1])
        elif y is None:
            raise InputError(
                "requires y to be passed, but the target y is None, where neither logits nor a head are given"
            )
        else:
            labels = self._labels_alone(y, len(X))
            self.head_ = _probe(X, labels)
            answers = self._logits(X, None)
        self._gather(X, answers, labels)
        return self._refit()

    def _labels_beside(self, y: Any, rows: int, classes: int) -> NDArray[np.int32]:
        """Labels beside logits of so many classes: numbers of these, or names by their place among the sorted ones."""
        y, missing = _labels_of(y, rows)
        if y.ndim != 1:
            return labels_of(y, rows)
        known = _known(y, missing)
        if known.dtype.kind in "fb" and (known == known.astype(np.int64)).all():
            known = known.astype(np.int64)
        if known.dtype.kind not in "iu" or self._named:
            return self._named_labels(known, missing, classes)
        codes = np.full(rows, -1)
        codes[~missing] = known
        return labels_of(codes, rows)

    def _labels_alone(self, y: Any, rows: int) -> NDArray[np.int32]:
        """Labels without logits: names by their place among the sorted ones."""
        y, missing = _labels_of(y, rows)
        if y.dtype == object and missing.any():
            raise InputError(f"row {np.flatnonzero(missing)[0]} has no label, which takes logits or a head")
        check_classification_targets(y)
        encoder = LabelEncoder().fit(y)
        if len(encoder.classes_) < 2:
            raise InputError(f"the labels have {len(encoder.classes_)} class, but a classifier has at least 2 classes")
        self.classes_, self._named = encoder.classes_, True
        return encoder.transform(y).astype(np.int32)

    def _named_labels(self, known: NDArray[Any], missing: NDArray[np.bool_], classes: int) -> NDArray[np.int32]:
        """Places of names among the sorted ones, which are as many as the classes; -1 for a missing one."""
        names = self.classes_ if self._named else np.unique(known)
        if len(names) != classes:
            raise InputError(
                f"the labels have {len(names)} names, but the teacher has {classes} classes; give numbers of its columns"
            )
        unknown = known[~np.isin(known, names)]
        if unknown.size:
            raise InputError(f"label {unknown.tolist()[0]!r} is none of the classes {names.tolist()}")
        self.classes_, self._named = names, True
        codes = np.full(len(missing), -1, np.int32)
        codes[~missing] = np.searchsorted(names, known)
        return codes

    def _logits(self, X: NDArray[Any], logits: Any) -> NDArray[np.float32]:
        if logits is not None:
            logits = single_matrix(logits, "logits")
            if len(logits) != len(X):
                raise InputError(f"there are {len(logits)} rows of logits for {len(X)} rows of embeddings")
            # One output is a sigmoid's: its two classes have the logits 0 and z.
            return np.hstack([np.zeros_like(logits), logits]) if logits.shape[1] == 1 else logits
        if self.head_ is None:
            raise InputError("no logits are given, and no head to compute them with")
        weight, bias = self.head_
        if weight.shape[1] != X.shape[1]:
            raise InputError(f"the head reads embeddings of width {weight.shape[1]}, but they have {X.shape[1]}")
        with np.errstate(invalid="ignore"):
            # What is not finite is refused further on, with its row.
            return np.ascontiguousarray(X.astype(np.float32, copy=False) @ weight.T + bias)

    def _gather(self, X: Any, logits: Any, labels: Any) -> None:
        X, logits = float_matrix(X, "embeddings"), single_matrix(logits, "logits")
        if not hasattr(self, "_statistics"):
            self._statistics = self._new_statistics(logits.shape[1], X.shape[1])
        self._statistics.add(X, logits, labels)

    def _new_statistics(self, classes: int, width: int) -> _lelp.Statistics:
        # Kept, so that the same is meant after pickle, and after a change of parameters.
        self._gathered_with = settings = getattr(self, "_gathered_with", None) or self._split_settings()
        self._seed = seed = getattr(self, "_seed", None) or _seed(self.random_state)
        split = json.dumps({name: value for name, value in settings.items() if name != "members"})
        by_label, threads = settings["members"] == "label", threads_of(self.n_jobs, "n_jobs")
        return _lelp.Statistics("lelp", split, seed, classes, width, by_label, threads)

    def _refit(self) -> LELP:
        fit = self._statistics.fit(*(self.head_ or (None, None)))
        if self._named:
            fit = fit.with_label_names([str(name) for name in self.classes_])
        self._take(fit)
        return self

    def _take(self, fit: _lelp.Fit) -> None:
        self.fit_ = fit
        if not hasattr(self, "classes_"):
            names = fit.label_names
            self.classes_ = np.arange(fit.classes) if names is None else np.array(names, dtype=object)
        self._n_features_out = fit.classes * fit.per_class

    def __getstate__(self) -> dict[str, Any]:
        """The state for pickle; statistics go as moments, so that rows can be added after it."""
        state = dict(super().__getstate__())
        if "fit_" in state:
            state["fit_"] = state["fit_"].to_bytes()
        if "_statistics" in state:
            state["_statistics"] = (state["_statistics"].moments(), state["_statistics"].rows)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        moments = state.pop("_statistics", None)
        fit = state.pop("fit_", None)
        super().__setstate__(state)
        if fit is not None:
            self.fit_ = _lelp.Fit.from_bytes(fit)
        if moments is not None:
            self._statistics = self._new_statistics(self.fit_.classes, self.n_features_in_)
            self._statistics.merge_moments(*moments)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = self.head is None
        tags.transformer_tags.preserves_dtype = ["float32"]
        tags.non_deterministic = False
        return tags


def _labels_of(y: Any, rows: int) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The labels of so many rows, and which of them are missing."""
    # (NumPy would make a word of a NaN among words.)
    mixed = isinstance(y, (list, tuple)) and any(map(is_missing, y))
    labels = np.array(y, dtype=object) if mixed else np.asarray(y)
    if len(labels) != rows:
        raise InputError(f"there are {len(labels)} labels for {rows} rows")
    if labels.ndim != 1 or labels.dtype.kind not in "Of":
        return labels, np.zeros(rows, bool)
    return labels, np.array([is_missing(label) for label in labels.tolist()], bool)


def _known(labels: NDArray[Any], missing: NDArray[np.bool_]) -> NDArray[Any]:
    """The labels that are there, in the type that they have without the missing ones, which made floats of whole numbers."""
    if not missing.any():
        return labels
    known = np.array(labels[~missing].tolist())
    return known.astype(np.int64) if known.dtype.kind == "f" and (known == np.round(known)).all() else known


def _seed(random_state: Any) -> int:
    """A seed, by scientists' ways of giving one; None is 0, so that a fit can be repeated."""
    if hasattr(random_state, "randint"):
        return int(random_state.randint(2**31))
    if random_state is None:
        return 0
    if isinstance(random_state, bool) or not hasattr(random_state, "__index__") or random_state < 0:
        raise InputError(f"random_state is {random_state!r}, but must be a whole number of 0 or more")
    return int(random_state)


def _checked_head(head: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    if head is None:
        return None
    try:
        weight, bias = head
    except (TypeError, ValueError):
        raise InputError(f"head is {describe(head)}, but weight [classes, width] and bias [classes] are needed") from None
    weight = single_matrix(weight, "the head's weight")
    bias = vector(bias, "the head's bias")
    if len(bias) != len(weight):
        raise InputError(f"the head has {len(weight)} rows of weights, but {len(bias)} biases")
    if len(bias) == 1:
        # One output is a sigmoid's: its two classes have the logits 0 and z.
        weight, bias = np.vstack([np.zeros_like(weight), weight]), np.concatenate([[np.float32(0)], bias])
    return weight, bias


def _probe(X: NDArray[Any], labels: NDArray[np.int32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A logistic regression on the embeddings, as a head."""
    bad = np.flatnonzero(~np.isfinite(X).all(axis=1))
    if bad.size:
        raise InputError(f"embedding row {bad[0]} holds NaN or inf, but must be finite")
    probe = LogisticRegression(max_iter=1000).fit(X.astype(np.float64), labels)
    head = _checked_head((probe.coef_.astype(np.float32), probe.intercept_.astype(np.float32)))
    assert head is not None
    return head


class DistilledClassifier(ClassifierMixin, BaseEstimator):
    """A small student, trained on labels or on what a teacher says.

    `fit(X, y)` learns from labels, `fit(X, teacher_proba=...)` from a teacher's probabilities, with `embeddings` beside them
    from all methods that split classes. Rows are texts, pairs of texts (in any list, array or column of them), an array of
    vectors, or a table whose text, number and category columns are named in `settings`. `y` may be given beside a teacher; None,
    NaN and -1 are no label.

    Parameters
    ----------
    method : as `lelp distill --method`; None is "kd" with a teacher and "ce" without.
    student : as `lelp distill --student`; None is "mlp" for vectors and "ngram" for all else.
    settings : further options of `lelp distill`, as `{"subclasses": 8, "number_columns": ["price"]}`.
    random_state : seed; None is 0.
    n_jobs : threads; None and -1 take all cores.
    progress : whether the steps are told on `sys.stderr`.

    Attributes
    ----------
    classes_ : the classes, sorted.
    student_ : the student, a `lelp.Model`.
    """

    def __init__(
        self,
        method: str | None = None,
        *,
        student: str | None = None,
        settings: Any = None,
        random_state: int = 0,
        n_jobs: int | None = None,
        progress: bool = False,
    ) -> None:
        self.method = method
        self.student = student
        self.settings = settings
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.progress = progress

    def fit(self, X: Any, y: Any = None, *, teacher_proba: Any = None, embeddings: Any = None) -> DistilledClassifier:
        """Trains the student; columns of `teacher_proba` are the classes, in the order of the sorted labels."""
        if y is None and teacher_proba is None:
            raise InputError("requires y to be passed, but the target y is None, and so is teacher_proba")
        columns, vectors = self._rows(X, reset=True)
        if not columns:
            raise InputError("X has no columns")
        rows = len(next(iter(columns.values())))
        proba = None if teacher_proba is None else single_matrix(teacher_proba, "the teacher's probabilities")
        codes = self._codes(y, rows, proba)
        with tempfile.TemporaryDirectory(prefix="lelp-") as room:
            folder = pathlib.Path(room)
            settings = self._options(vectors)
            settings |= {"seed": _seed(self.random_state), "threads": threads_of(self.n_jobs, "n_jobs")}
            names = [f"{place}" for place in range(len(self.classes_))]
            # A code that is no label is a missing one in any format.
            labels = ["" if code < 0 else names[code] for code in codes]
            settings |= {"labels": names, "missing_labels": [""], "label_column": LABEL}
            if proba is not None:
                settings["signals"] = _signals_of(proba, embeddings, codes, names, folder / "signals")
            method = self.method or ("ce" if proba is None else "kd")
            given = {**columns, LABEL: labels}
            try:
                distilled = distill(given, out=folder / "student", method=method, progress=self.progress, **settings)
            except InputError as error:
                if proba is not None and embeddings is None and "embeddings have width 1 and" in str(error):
                    raise InputError(f"method `{method}` splits classes by the teacher's embeddings: give `embeddings`") from None
                raise
            self._files = {path.name: path.read_bytes() for path in distilled.folder.iterdir() if path.is_file()}
        return self._load()

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """Probabilities `[rows, classes]`."""
        check_is_fitted(self)
        columns, _ = self._rows(X, reset=False)
        return self.student_.predict_proba(columns)

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each row."""
        check_is_fitted(self)
        columns, _ = self._rows(X, reset=False)
        return self.classes_[np.argmax(self.student_.decision_function(columns), axis=1)]

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Writes the student's folder, for `lelp.load` and the command; its classes are numbered. A folder that is there stays."""
        check_is_fitted(self)
        target = pathlib.Path(folder)
        if target.exists():
            raise InputError(f"`{target}` exists already; take another folder, or remove it")
        partial = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
        partial.mkdir(parents=True)
        try:
            for name, content in self._files.items():
                (partial / name).write_bytes(content)
            os.rename(partial, target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _rows(self, X: Any, *, reset: bool) -> tuple[dict[str, Any], bool]:
        """Rows as columns, and whether they are vectors alone."""
        if hasattr(X, "columns") and not isinstance(X, np.ndarray) and (named := self._named_columns()):
            for name in named:
                if name not in _column_names(X):
                    raise InputError(f"there is no column `{name}`; there are {_column_names(X)}")
            return {name: X[name] for name in named}, False
        # (A sparse matrix may be a dict as well.)
        if isinstance(X, dict) and not hasattr(X, "tocsr"):
            return X, False
        texts = _texts_of(X)
        if texts is not None and (texts or (not reset and self.student_.reads_texts)):
            if texts and isinstance(texts[0], tuple):
                return {"text": [first for first, _ in texts], "text_pair": [second for _, second in texts]}, False
            return {"text": texts}, False
        X = validate_data(self, X, reset=reset, dtype=[np.float32, np.float64], order="C")
        return {"vector": X.astype(np.float32)}, True

    def _named_columns(self) -> list[str]:
        settings = self.settings or {}
        names = [settings.get(option) for option in ("text_column", "pair_column", "vector_column")]
        for option in ("number_columns", "category_columns"):
            several = settings.get(option)
            names += [] if several is None else [several] if isinstance(several, str) else as_list(several)
        return list(dict.fromkeys([*filter(None, names), *(settings.get("column_types") or {})]))

    def _options(self, vectors: bool) -> dict[str, Any]:
        options = dict(self.settings or {})
        for name in OWN_OPTIONS & options.keys():
            raise InputError(f"settings hold `{name}`, which the estimator gives itself; {OWN_ARGUMENTS}")
        student = self.student or ("mlp" if vectors else None)
        if student:
            options["student"] = student
        if vectors:
            options["vector_column"] = "vector"
        return options

    def _codes(self, y: Any, rows: int, proba: Any) -> NDArray[np.int64]:
        """The place of each label among the classes; -1 for none."""
        if proba is not None and len(proba) != rows:
            raise InputError(f"there are {len(proba)} rows of probabilities for {rows} rows")
        if y is None:
            self.classes_ = np.arange(proba.shape[1])
            return np.full(rows, -1)
        labels, missing = _labels_of(y, rows)
        if labels.ndim == 2 and labels.shape[1] == 1:
            labels, missing = _labels_of(column_or_1d(labels, warn=True), rows)
        if proba is None:
            # Without a teacher every row has a label; NaN among numbers is refused by scikit-learn's own check.
            if labels.dtype == object and missing.any():
                raise InputError(f"row {np.flatnonzero(missing)[0]} has no label, and there is no teacher to learn from")
            missing = np.zeros(rows, bool)
        elif _known(labels, missing).dtype.kind in "if":
            missing |= np.array([not is_missing(label) and label == -1 for label in labels.tolist()], bool)
        known = _known(labels, missing)
        check_classification_targets(known)
        self.classes_ = np.unique(known)
        wanted = 2 if proba is None else proba.shape[1]
        if len(self.classes_) < wanted or (proba is not None and len(self.classes_) > wanted):
            raise InputError(
                f"the labels have {len(self.classes_)} class{'' if len(self.classes_) == 1 else 'es'}, "
                f"but {'a classifier has at least 2' if proba is None else f'the teacher has {wanted}'}"
                f"{' (-1 is no label)' if missing.any() and known.dtype.kind == 'i' else ''}"
            )
        codes = np.full(rows, -1)
        codes[~missing] = np.searchsorted(self.classes_, known)
        return codes

    def _load(self) -> DistilledClassifier:
        with tempfile.TemporaryDirectory(prefix="lelp-") as room:
            for name, content in self._files.items():
                (pathlib.Path(room) / name).write_bytes(content)
            self.student_ = Model(room, threads=threads_of(self.n_jobs, "n_jobs"))
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "student_"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "_files" in state:
            self._load()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        return tags


class NgramClassifier(DistilledClassifier):
    """A student of hashed words, word pairs and columns, which answers a short text in microseconds."""

    def __init__(
        self,
        method: str | None = None,
        *,
        student: str = "ngram",
        settings: Any = None,
        random_state: int = 0,
        n_jobs: int | None = None,
        progress: bool = False,
    ) -> None:
        super().__init__(
            method, student=student, settings=settings, random_state=random_state, n_jobs=n_jobs, progress=progress
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # Rows are texts.
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags


# The column of labels in the files that are made here.
LABEL = "lelp label"


# Options of `lelp distill` that an estimator gives itself.
OWN_OPTIONS = {
    "data", "validation", "test", "out", "overwrite", "teacher", "signals", "method", "student", "seed", "threads", "labels",
    "label_column", "missing_labels", "progress",
}  # fmt: skip
OWN_ARGUMENTS = "its arguments are method, student, random_state and n_jobs, and those of `fit`"


def _column_names(table: Any) -> list[Any]:
    return list(table.column_names if hasattr(table, "column_names") else table.columns)


def _texts_of(X: Any) -> list[Any] | None:
    """Texts, or pairs of texts as tuples, of whatever holds them; none where rows are something else."""
    if isinstance(X, str):
        raise InputError("one text was given, but rows are needed: put it into a list")
    if hasattr(X, "tocsr"):
        return None
    if isinstance(X, np.ndarray):
        if X.dtype.kind not in "OUT" or X.ndim not in (1, 2) or (X.ndim == 2 and X.shape[1] not in (1, 2)):
            return None
        rows = X.ravel().tolist() if X.ndim == 2 and X.shape[1] == 1 else X.tolist()
    elif hasattr(X, "column_names") or hasattr(X, "columns"):
        if len(_column_names(X)) != 1:
            return None
        rows = as_list(X[_column_names(X)[0]])
    elif hasattr(X, "__len__") and hasattr(X, "__iter__"):
        rows = as_list(X)
    else:
        return None
    first = next((row for row in rows if not is_missing(row)), None)
    pair = isinstance(first, (tuple, list)) and len(first) == 2 and isinstance(first[0], str)
    if rows and not pair and not isinstance(first, str):
        return None
    missing = next((place for place, row in enumerate(rows) if is_missing(row)), None)
    if missing is not None:
        raise InputError(f"row {missing}: the text is missing")
    if pair and all(isinstance(row, (tuple, list)) and len(row) == 2 for row in rows):
        return [tuple(row) for row in rows]
    return rows


def _signals_of(proba: Any, embeddings: Any, codes: Any, names: list[str], folder: pathlib.Path) -> pathlib.Path:
    """Signals of a teacher's probabilities; without embeddings they are empty ones, which only `kd` and its like take."""
    bad = np.flatnonzero(~((proba >= 0).all(axis=1) & (np.abs(proba.sum(axis=1) - 1) < 1e-2)))
    if bad.size:
        raise InputError(f"row {bad[0]} of the teacher's probabilities is {proba[bad[0]].tolist()}, which are none")
    logits = np.log(np.maximum(proba, np.finfo(np.float32).tiny))
    logits -= logits.mean(axis=1, keepdims=True)
    known = embeddings is not None
    width_one = np.zeros((len(proba), 1), np.float32)
    embedded = float_matrix(embeddings, "embeddings") if known else width_one
    if len(embedded) != len(proba):
        raise InputError(f"there are {len(embedded)} rows of embeddings for {len(proba)} rows of probabilities")
    precision = "f16" if embedded.dtype == np.float16 else "f32"
    writer = SignalsWriter(folder, names, embedded.shape[1], len(proba), precision=precision)
    while (rows := writer.next_rows()) is not None:
        part = slice(rows.start, rows.stop)
        writer.write(embedded[part], logits[part], codes[part])
    writer.finish()
    return folder
