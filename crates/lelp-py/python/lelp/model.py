"""Models that answer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lelp import _lelp
from lelp._inputs import as_list, columns_of, describe, single_matrix, threads_of
from lelp.errors import InputError

TEXTS = ("text", "text_pair", "optional_text_pair")


def load(folder: str | os.PathLike[str], *, threads: int | None = None) -> Model:
    """Loads the student or teacher in `folder`, of whatever kind.

    Answers do not depend on `threads`; None takes all cores.
    """
    return Model(folder, threads=threads)


class Model:
    """A model that gives each row a probability for each class.

    Rows are:

    - texts: a list, array, or pandas, Polars or Arrow column of strings; pairs as a list of tuples;
    - vectors: an array `[rows, width]`, for a model that reads one column of vectors;
    - a table: a pandas, Polars or Arrow table, or a dict of columns, with the names of the training data; for a model of
      texts a table of one column is that column, whatever its name.

    A model of pairs takes no rows without a second text, and one of single texts none with one.

    What offers Arrow's PyCapsule interface is read without a copy where its types are the model's.
    """

    def __init__(self, folder: str | os.PathLike[str], *, threads: int | None = None) -> None:
        self._folder = os.fspath(folder)
        self._threads = threads_of(threads, "threads")
        self._core = _lelp.Model(self._folder, self._threads)
        self._kinds = {name: kind for name, kind, _ in self._core.columns}
        self.reads_texts = all(kind in TEXTS for kind in self._kinds.values())

    @property
    def classes_(self) -> NDArray[Any]:
        """Names of the classes, in the order of the columns of `predict_proba`."""
        return np.array(self._core.labels, dtype=object)

    @property
    def kind(self) -> str:
        """Name of the kind of model."""
        return self._core.kind

    @property
    def columns(self) -> list[tuple[str, str, int | None]]:
        """What the model reads: name, kind, and the width of vectors."""
        return self._core.columns

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """Probabilities `[rows, classes]`."""
        return self._answer(X, True)

    def decision_function(self, X: Any) -> NDArray[np.float32]:
        """Logits `[rows, classes]`."""
        return self._answer(X, False)

    def predict(self, X: Any) -> NDArray[Any]:
        """The name of the most probable class of each row, the first among equals."""
        logits = self._answer(X, False)
        return self.classes_[np.argmax(logits, axis=1)]

    def _answer(self, X: Any, probabilities: bool) -> NDArray[np.float32]:
        if type(X) is list and self.reads_texts:
            return self._core.answer_texts(X, probabilities)
        if isinstance(X, str):
            raise InputError("one text was given, but rows are needed: put it into a list")
        if hasattr(X, "__arrow_c_stream__") and (table := _arrow_table(X)) is not None:
            return self._core.answer_arrow(table.__arrow_c_stream__(), probabilities)
        if isinstance(X, Mapping):
            return self._core.answer_columns(columns_of(X, self._kinds), probabilities)
        if hasattr(X, "columns") and hasattr(X, "__getitem__"):
            columns = {name: X[name] for name in X.columns}
            return self._core.answer_columns(columns_of(columns, self._kinds), probabilities)
        if self.reads_texts:
            return self._core.answer_texts(list_of_texts(X), probabilities)
        if list(self._kinds.values()) == ["vector"]:
            vectors = {next(iter(self._kinds)): single_matrix(X, "vectors")}
            return self._core.answer_columns(list(vectors.items()), probabilities)
        raise InputError(
            f"rows are {describe(X)}, but the model reads the columns {', '.join(self._kinds)}; give a table or a dict"
        )

    def __repr__(self) -> str:
        return f"lelp.load({self._folder!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": os.path.abspath(self._folder), "threads": self._threads}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["folder"], threads=state["threads"])  # type: ignore[misc]


def list_of_texts(texts: Any) -> list[Any]:
    """Texts as a list; an array of two columns is pairs."""
    if isinstance(texts, str):
        raise InputError("one text was given, but rows are needed: put it into a list")
    if isinstance(texts, np.ndarray) and texts.ndim != 1 and not (texts.ndim == 2 and texts.shape[1] == 2):
        raise InputError(f"texts are {describe(texts)}, but a shape [rows], or [rows, 2] for pairs, is needed")
    try:
        return as_list(texts)
    except TypeError:
        raise InputError(f"rows are {describe(texts)}, but a list, array or table is needed") from None


def _arrow_table(X: Any) -> Any:
    """`X`, where it is a table that gives an Arrow stream; a column on its own, and pandas without pyarrow, do not."""
    if type(X).__module__.split(".")[0] == "pandas":
        from importlib.util import find_spec

        return X if hasattr(X, "columns") and find_spec("pyarrow") else None
    is_table = hasattr(X, "columns") or hasattr(X, "column_names") or hasattr(X, "schema")
    return X if is_table else None
