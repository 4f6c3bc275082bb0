"""Rows as people hold them in Python, on their way to a model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from lelp.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def describe(value: object) -> str:
    """Type and shape of what was given, for an error."""
    if isinstance(value, np.ndarray):
        return f"an array {list(value.shape)} of {value.dtype}"
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")


def float_matrix(value: Any, name: str) -> NDArray[Any]:
    """`value` as an array `[rows, width]` of float32 or float16 without gaps; copied only where it has to be.

    bfloat16 tensors and arrays, float64 and whole numbers become float32.
    """
    array = as_array(value, name)
    if array.ndim != 2:
        raise InputError(f"{name} are {describe(array)}, but a shape [rows, width] is needed")
    if array.dtype.kind == "O" or array.dtype.kind not in "fiub" and array.dtype.name != "bfloat16":
        raise InputError(f"{name} are {describe(array)}, but numbers are needed")
    if array.dtype not in (np.float32, np.float16):
        array = array.astype(np.float32)
    return np.ascontiguousarray(array)


def single_matrix(value: Any, name: str) -> NDArray[np.float32]:
    """As `float_matrix`, in float32."""
    return np.ascontiguousarray(float_matrix(value, name), dtype=np.float32)


def labels_of(value: Any, rows: int) -> NDArray[np.int32]:
    """`value` as int32 labels `[rows]`, -1 for none."""
    array = as_array(value, "labels")
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise InputError(f"labels are {describe(array)}, but whole numbers [{rows}] are needed")
    if array.shape[0] != rows:
        raise InputError(f"there are {array.shape[0]} labels for {rows} rows")
    if array.size and (array.min() < -1 or array.max() > np.iinfo(np.int32).max):
        raise InputError(f"labels are in {array.min()}..={array.max()}, but must be classes from 0, or -1 for none")
    return np.ascontiguousarray(array, dtype=np.int32)


def as_array(value: Any, name: str) -> NDArray[Any]:
    """A NumPy array that shares the memory of `value` where it can."""
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":
            # NumPy has no such type; its 16 bits are the upper half of a float32.
            import torch

            bits = value.contiguous().view(torch.int16).numpy().view(np.uint16)
            return (bits.astype(np.uint32) << 16).view(np.float32)
        return value.numpy()
    if hasattr(value, "tocsr"):
        raise InputError(f"{name} are sparse ({describe(value)}), but a dense array is needed; call `.toarray()`")
    try:
        return np.asarray(value)
    except (ValueError, TypeError) as error:
        raise InputError(f"{name} are no array: {error}") from None


def columns_of(rows: Mapping[str, Any], kinds: Mapping[str, str]) -> list[tuple[str, Any]]:
    """Columns by name as the native module takes them: lists, and arrays for vectors."""
    columns: list[tuple[str, Any]] = []
    for name, values in rows.items():
        if not isinstance(name, str):
            raise InputError(f"a column is called {name!r}, but names are strings")
        if kinds.get(name) == "vector":
            columns.append((name, single_matrix(_stacked(values, name), f"vectors of column `{name}`")))
        else:
            columns.append((name, [None if is_missing(value) else value for value in as_list(values)]))
    check_lengths(dict(columns))
    return columns


def as_list(values: Any) -> list[Any]:
    """The values of a column, whatever holds them, as a list of Python's own types."""
    check_column(values)
    for to_list in ("to_pylist", "tolist", "to_list"):
        if hasattr(values, to_list):
            return getattr(values, to_list)()
    return list(values)


def check_column(values: Any) -> None:
    """Refuses one string in the place of a column of them."""
    if isinstance(values, (str, bytes)):
        raise InputError(f"a column is one {type(values).__name__}, but a value for each row is needed: put it into a list")


def is_missing(value: Any) -> bool:
    """Whether a value is none: `None`, NaN, and what pandas has for both."""
    is_float = isinstance(value, (float, np.floating))
    return value is None or type(value).__name__ in ("NAType", "NaTType") or (is_float and value != value)


def threads_of(n_jobs: Any, name: str) -> int | None:
    """Threads by scikit-learn's rule: None takes all cores, -1 all, -2 all but one."""
    if n_jobs is None:
        return None
    if isinstance(n_jobs, bool) or not hasattr(n_jobs, "__index__") or n_jobs == 0:
        raise InputError(f"{name} is {n_jobs!r}, but must be a number of threads, or None for all cores")
    count, cores = int(n_jobs), os.cpu_count() or 1
    # More threads than this only cost: no result depends on their number.
    return min(count, max(64, 2 * cores)) if count > 0 else max(1, cores + 1 + count)


def check_lengths(columns: Mapping[str, Any]) -> None:
    """Refuses columns that differ in length."""
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"columns differ in length: {lengths}")


def _stacked(values: Any, name: str) -> Any:
    """A column of vectors as one array."""
    if isinstance(values, np.ndarray) and values.dtype != object:
        return values
    rows = [np.asarray(row, dtype=np.float32) for row in values]
    for row, vector in enumerate(rows):
        if vector.shape != rows[0].shape:
            raise InputError(
                f"row {row}: column `{name}` holds a vector {list(vector.shape)}, but {list(rows[0].shape)} in row 0"
            )
    return np.stack(rows) if rows else np.zeros((0, 1), np.float32)
