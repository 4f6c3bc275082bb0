"""Signals on disk: all that a teacher says about a data set, written once."""

from __future__ import annotations

import json
import os
import pathlib
import secrets
import weakref
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lelp import _lelp
from lelp._inputs import as_array, describe, float_matrix, labels_of, single_matrix
from lelp.errors import InputError

# Rows of a part, as the command writes it.
PART_ROWS = 2048

DTYPES = {"F16": np.float16, "F32": np.float32, "F64": np.float64, "I32": np.int32, "U64": np.uint64}


def map_tensors(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """The tensors of a safetensors file, mapped and not copied."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    start, tensors = 8 + length, {}
    for name, entry in header.items():
        if name != "__metadata__":
            offset, shape = start + entry["data_offsets"][0], tuple(entry["shape"])
            dtype = DTYPES[entry["dtype"]]
            empty = 0 in shape
            tensors[name] = np.zeros(shape, dtype) if empty else np.memmap(path, dtype, "r", offset, shape)
    return tensors


class Signals:
    """The signals in a folder, mapped: the system keeps in memory what is read.

    Every part and value is checked when the folder is opened.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = pathlib.Path(folder)
        _lelp.check_signals(self.folder)
        description = json.loads((self.folder / "signals.json").read_text())
        self.rows: int = description["rows"]
        self.width: int = description["width"]
        self.label_names: list[str] = description["label_names"]
        self._part_rows: int = description["part_rows"]
        self._parts: dict[int, dict[str, NDArray[Any]]] = {}

    @property
    def classes(self) -> int:
        """Columns of the logits."""
        return len(self.label_names)

    @property
    def head(self) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """Weight `[classes, width]` and bias `[classes]` of the teacher's head, where it is known."""
        path = self.folder / "head.safetensors"
        if not path.is_file():
            return None
        tensors = map_tensors(path)
        return np.array(tensors["weight"]), np.array(tensors["bias"])

    def __len__(self) -> int:
        return self.rows

    def part(self, part: int) -> dict[str, NDArray[Any]]:
        """The tensors of a part: `embeddings` `[n, width]`, `logits` `[n, classes]`, `row` `[n]`, perhaps `labels`."""
        if part not in self._parts:
            self._parts[part] = map_tensors(self.folder / f"part-{part:05}.safetensors")
        return self._parts[part]

    def parts(self) -> Iterator[dict[str, NDArray[Any]]]:
        """All parts in order."""
        for part in range(-(-self.rows // self._part_rows)):
            yield self.part(part)

    def gather(self, rows: Sequence[int] | NDArray[Any], tensor: str) -> NDArray[Any]:
        """The values of some rows, in the order given."""
        places = np.asarray(rows)
        if places.size and places.dtype.kind not in "iu":
            raise InputError(f"rows are {describe(places)}, but their numbers are needed; of a mask, `np.flatnonzero(mask)`")
        if places.ndim != 1 or (places.size and not (0 <= places.min() and places.max() < self.rows)):
            raise InputError(f"rows must be in 0..{self.rows}, but are {rows!r}")
        places = places.astype(np.int64)
        part_of, place = np.divmod(places, self._part_rows)
        first = self.part(0)[tensor]
        gathered = np.empty((len(places), *first.shape[1:]), first.dtype)
        for part in np.unique(part_of):
            here = part_of == part
            gathered[here] = self.part(int(part))[tensor][place[here]]
        return gathered

    def has_labels(self) -> bool:
        """Whether there are labels; -1 stands for none."""
        return "labels" in self.part(0)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_parts": {}}

    def __repr__(self) -> str:
        return f"<signals in {str(self.folder)!r}: {self.rows} rows, {self.classes} classes, width {self.width}>"


class SignalsWriter:
    """Writes a signals folder part by part; a run that was cut off goes on where it stopped.

    Every part has `part_rows` rows but the last. `teacher` and `data` are hashes of what answered and of what it read: a
    folder of others is refused. Another process that writes to the folder is an error; an earlier writer of this one
    is closed.
    """

    _open: ClassVar[weakref.WeakValueDictionary[str, SignalsWriter]] = weakref.WeakValueDictionary()

    def __init__(
        self,
        folder: str | os.PathLike[str],
        label_names: Sequence[str],
        width: int,
        rows: int,
        *,
        part_rows: int = PART_ROWS,
        precision: str = "f32",
        teacher: str | None = None,
        data: str | None = None,
        overwrite: bool = False,
    ) -> None:
        if precision not in ("f16", "f32"):
            raise InputError(f"precision is {precision!r}, but must be 'f16' or 'f32'")
        names = [str(name) for name in label_names]
        half = precision == "f16"
        place = os.path.realpath(folder)
        earlier = self._open.get(place)
        if earlier is not None:
            earlier.close()
        self._writer = _lelp.SignalsWriter(
            os.fspath(folder), names, width, rows, part_rows, half, teacher, data, overwrite
        )
        self._open[place] = self

    def next_rows(self) -> range | None:
        """The rows of the next part; None when all are there."""
        rows = self._writer.next_rows()
        return None if rows is None else range(*rows)

    def write(self, embeddings: Any, logits: Any, labels: Any = None) -> None:
        """Writes the next part: exactly the rows of `next_rows`."""
        logits, wanted = single_matrix(logits, "logits"), self.next_rows()
        if wanted is not None and len(logits) != len(wanted):
            raise InputError(f"there are {len(logits)} rows, but the next part is rows {wanted.start}..{wanted.stop}")
        if labels is not None:
            labels = labels_of(labels, len(logits))
        self._writer.write(float_matrix(embeddings, "embeddings"), logits, labels)

    def write_head(self, weight: Any, bias: Any) -> None:
        """Writes the teacher's head: weight `[classes, width]`, bias `[classes]`."""
        self._writer.write_head(single_matrix(weight, "the head's weight"), vector(bias, "the head's bias"))

    def close(self) -> None:
        """Lets others write to the folder; what is written stays, and another writer goes on with it."""
        self._writer.close()

    def finish(self) -> None:
        """Marks the signals as complete."""
        self._writer.finish()


def vector(value: Any, name: str) -> NDArray[np.float32]:
    """`value` as float32 `[n]`."""
    array = as_array(value, name)
    if array.ndim != 1:
        raise InputError(f"{name} is {describe(array)}, but a shape [classes] is needed")
    return single_matrix(array[None, :], name)[0]


def write_whole(path: pathlib.Path, content: bytes) -> None:
    """Writes a file under another name and renames it: whole or not at all."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with open(partial, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
