"""A fit over more rows than one machine holds: files are the contract, so that any engine can do it.

Each shard of the data leaves a folder `shard-NNNNN`, written under another name and renamed, so that it is whole or not there:

    signals.json, part-NNNNN.safetensors    its signals (`lelp.Signals`), unless moments alone are kept
    moments.safetensors                     count, mean and scatter of each class: all that a fit needs
    shard.json                              its rows, settings, and a hash of what it was made of

A shard that is written again, by a task that was started anew, must be of the same rows and counts once. Moments merge in a
tree of fixed shape over the numbers of the shards: the same shards give the same bits, wherever they were made.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import shutil
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np

from lelp import _lelp
from lelp._inputs import float_matrix, labels_of, single_matrix
from lelp.errors import InputError
from lelp.signals_folder import SignalsWriter, map_tensors, write_whole

# Moments that one task of a cluster merges: a power of two, so that a task's tree is a part of the whole one.
FAN_IN = 16

MOMENTS = "moments.safetensors"
TARGETS = "targets.safetensors"


def shard_folder(folder: str | os.PathLike[str], shard: int) -> pathlib.Path:
    """The folder of a shard."""
    return pathlib.Path(folder) / f"shard-{shard:05}"


def write_part(
    folder: str | os.PathLike[str],
    shard: int,
    embeddings: Any,
    logits: Any,
    labels: Any = None,
    *,
    label_names: Sequence[str] | None = None,
    members: str = "teacher",
    teacher: str | None = None,
    keep_signals: bool = True,
    threads: int | None = 1,
) -> dict[str, Any]:
    """Writes the signals of a shard and its moments, and gives what `shard.json` says.

    Embeddings of float16 stay so. With `keep_signals=False` there are the moments alone: targets are then made of embeddings
    that are computed again, or in the same pass by a split that is there already.
    """
    if shard < 0:
        raise InputError(f"shard is {shard}, but must be 0 or more")
    embeddings, logits = float_matrix(embeddings, "embeddings"), single_matrix(logits, "logits")
    names = [str(name) for name in (label_names or range(logits.shape[1]))]
    if len(names) != logits.shape[1]:
        raise InputError(f"there are {len(names)} names for {logits.shape[1]} classes")
    codes = None if labels is None else labels_of(labels, len(logits))
    settings = {"width": embeddings.shape[1], "label_names": names, "members": members, "teacher": teacher}
    described = {"rows": len(logits), **settings, "data": _hash(embeddings, logits, codes)}
    target = shard_folder(folder, shard)
    if target.is_dir():
        return _same(target, described)
    statistics = _statistics(settings, threads)
    statistics.add(embeddings, logits, codes)
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    partial.mkdir(parents=True)
    try:
        if keep_signals:
            precision = "f16" if embeddings.dtype == np.float16 else "f32"
            rows = len(logits)
            writer = SignalsWriter(
                partial, names, embeddings.shape[1], rows, part_rows=rows, precision=precision, teacher=teacher
            )
            writer.write(embeddings, logits, codes)
            writer.finish()
        write_whole(partial / MOMENTS, statistics.moments())
        write_whole(partial / "shard.json", json.dumps(described).encode())
        try:
            os.rename(partial, target)
        except OSError:
            # Another task of the same shard was first.
            if not target.is_dir():
                raise
            return _same(target, described)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return described


def _hash(*arrays: Any) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        if array is not None:
            digest.update(f"{array.dtype} {array.shape}\n".encode())
            digest.update(memoryview(array).cast("B") if array.size else b"")
    return digest.hexdigest()


def _same(target: pathlib.Path, described: dict[str, Any]) -> dict[str, Any]:
    found = read_shard(target)
    for name, value in described.items():
        if found[name] != value:
            raise InputError(
                f"`{target}` was written before with another {name}: {found[name]} there, {value} now; a number is one shard's"
            )
    return found


def read_shard(target: pathlib.Path) -> dict[str, Any]:
    """What `shard.json` says."""
    try:
        return json.loads((target / "shard.json").read_text())
    except FileNotFoundError:
        raise InputError(f"`{target}` is not there, or not whole; write shard {target.name[6:]} again") from None


def _statistics(settings: dict[str, Any], threads: int | None = 1, **split: Any) -> _lelp.Statistics:
    if settings["members"] not in ("teacher", "label"):
        raise InputError(f"members are {settings['members']!r}, but must be 'teacher' or 'label'")
    seed, by_label = split.pop("seed", 0), settings["members"] == "label"
    sizes = (len(settings["label_names"]), settings["width"])
    return _lelp.Statistics("lelp", json.dumps(split), seed, *sizes, by_label, threads)


def merge(parts: Sequence[tuple[bytes, int]], settings: dict[str, Any]) -> tuple[bytes, int]:
    """Moments, each with its rows, merged in a binary tree over their order."""
    if len(parts) == 1:
        return parts[0]
    half = 1 << (len(parts) - 1).bit_length() - 1
    statistics = _statistics(settings)
    for moments, rows in (merge(parts[:half], settings), merge(parts[half:], settings)):
        statistics.merge_moments(moments, rows)
    return statistics.moments(), statistics.rows


def merge_node(folder: str | os.PathLike[str], level: int, place: int, shards: int) -> None:
    """Merges up to 16 moments of a level into one of the next, a file: level 0 are the shards."""
    folder = pathlib.Path(folder)
    below = -(-shards // FAN_IN**level)
    places = range(place * FAN_IN, min((place + 1) * FAN_IN, below))
    settings = settings_of(folder, shards)
    moments, rows = merge([moments_at(folder, level, child) for child in places], settings)
    target = _node(folder, level + 1, place)
    target.parent.mkdir(exist_ok=True)
    write_whole(target.with_suffix(".json"), json.dumps({"rows": rows}).encode())
    write_whole(target, moments)


def _node(folder: pathlib.Path, level: int, place: int) -> pathlib.Path:
    return folder / "merged" / f"{level}-{place:05}.safetensors"


def moments_at(folder: pathlib.Path, level: int, place: int) -> tuple[bytes, int]:
    """Moments of a node, and their rows."""
    if level == 0:
        target = shard_folder(folder, place)
        return (target / MOMENTS).read_bytes(), read_shard(target)["rows"]
    node = _node(folder, level, place)
    return node.read_bytes(), json.loads(node.with_suffix(".json").read_text())["rows"]


def levels(shards: int) -> int:
    """Levels of nodes above the shards."""
    count = 0
    while FAN_IN**count < shards:
        count += 1
    return count


def settings_of(folder: pathlib.Path, shards: int) -> dict[str, Any]:
    """The settings that all shards share, those of the first."""
    if shards < 1:
        raise InputError(f"there are {shards} shards, but a fit needs at least 1")
    found = read_shard(shard_folder(folder, 0))
    return {name: found[name] for name in ("width", "label_names", "members", "teacher")}


def check_shards(folder: str | os.PathLike[str], shards: int) -> dict[str, Any]:
    """Refuses a folder where one of the shards 0 to `shards - 1` is missing or of other settings, or where there are more."""
    folder = pathlib.Path(folder)
    settings = settings_of(folder, shards)
    for shard in range(shards):
        found = read_shard(shard_folder(folder, shard))
        for name, value in settings.items():
            if found[name] != value:
                raise InputError(f"shard {shard} has {name} {found[name]}, but shard 0 has {value}")
    if shard_folder(folder, shards).exists():
        raise InputError(f"`{shard_folder(folder, shards)}` is there, but there should be {shards} shards, from 0")
    return settings


def fit_parts(folder: str | os.PathLike[str], shards: int, **settings: Any) -> Any:
    """The `lelp.LELP` of shards 0 to `shards - 1`; `settings` are its parameters.

    Merged nodes that a cluster has left are not read: the fit is the same with them and without.
    """
    folder = pathlib.Path(folder)
    shared = check_shards(folder, shards)
    return fit_of(merge([moments_at(folder, 0, shard) for shard in range(shards)], shared), shared, settings)


def fit_of(merged: tuple[bytes, int], shared: dict[str, Any], settings: dict[str, Any]) -> Any:
    """The `lelp.LELP` of merged moments."""
    from lelp.sklearn import LELP

    split = LELP(**{**settings, "members": shared["members"]})
    return split.take_moments(*merged, label_names=shared["label_names"], width=shared["width"])


def write_targets(folder: str | os.PathLike[str], shard: int, split: Any) -> int:
    """Writes the targets of a shard beside its signals, and gives its rows."""
    target = shard_folder(folder, shard)
    path = target / "part-00000.safetensors"
    if not path.is_file():
        raise InputError(f"`{target}` holds moments alone; targets are made of its signals")
    tensors = map_tensors(path)
    split.save_targets(target / TARGETS, split.transform(tensors["embeddings"], logits=tensors["logits"]))
    return len(tensors["logits"])
