"""A fit that spreads over a cluster with Ray Data.

The driver sees a line a shard. What a shard leaves are the files of `lelp.shards`, on storage that all nodes share; a task that
is started anew, since its node died, finds the shard there or writes it, and never counts it twice.
"""

from __future__ import annotations

import os
import pathlib
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import ray
import ray.data

from lelp import shards as files
from lelp.errors import InputError, SystemFailure

# Seconds without a finished shard after which a run counts as stalled.
STALL_SECONDS = 1800.0


def write_shards(
    sources: Sequence[Any],
    read: Callable[[Any], dict[str, Any]],
    folder: str | os.PathLike[str],
    *,
    stall_seconds: float = STALL_SECONDS,
    num_cpus: float = 1,
    num_gpus: float = 0,
    **settings: Any,
) -> int:
    """Writes a shard for each of `sources`, numbered in their order, and gives the rows of all.

    `read(source)` runs on a worker and gives `embeddings`, `logits` and perhaps `labels`: it reads rows, or asks a teacher. It
    must give the same rows when it is called again. `settings` are those of `lelp.write_part`.
    """
    folder = os.path.abspath(folder)

    def write(row: dict[str, Any]) -> dict[str, Any]:
        described = files.write_part(folder, row["shard"], **read(row["source"]), **settings)
        return {"shard": row["shard"], "rows": described["rows"]}

    rows = [{"shard": shard, "source": source} for shard, source in enumerate(sources)]
    done = _spread(rows, write, stall_seconds, num_cpus=num_cpus, num_gpus=num_gpus)
    return sum(line["rows"] for line in done)


def fit(
    folder: str | os.PathLike[str], shards: int, *, stall_seconds: float = STALL_SECONDS, **settings: Any
) -> Any:
    """The `lelp.LELP` of all shards; moments are merged on the workers, 16 at a time, in a tree of fixed shape."""
    folder = os.path.abspath(folder)
    shared = files.check_shards(folder, shards)
    for level in range(files.levels(shards)):
        nodes = -(-shards // files.FAN_IN ** (level + 1))

        def merge(row: dict[str, Any], level: int = level) -> dict[str, Any]:
            files.merge_node(folder, level, row["place"], shards)
            return row

        list(_spread([{"place": place} for place in range(nodes)], merge, stall_seconds))
    return files.fit_of(files.moments_at(pathlib.Path(folder), files.levels(shards), 0), shared, settings)


def write_targets(
    folder: str | os.PathLike[str], shards: int, split: Any, *, stall_seconds: float = STALL_SECONDS
) -> int:
    """Writes the targets of every shard beside its signals, and gives the rows of all."""
    folder = os.path.abspath(folder)

    def write(row: dict[str, Any]) -> dict[str, Any]:
        return {"rows": files.write_targets(folder, row["shard"], split)}

    done = _spread([{"shard": shard} for shard in range(shards)], write, stall_seconds)
    return sum(line["rows"] for line in done)


def _spread(
    rows: list[dict[str, Any]], work: Callable[[dict[str, Any]], dict[str, Any]], stall_seconds: float, **resources: Any
) -> Iterator[dict[str, Any]]:
    """What `work` gives for each of `rows`, one task a row, as they end."""
    if not ray.is_initialized():
        raise InputError("Ray is not there: call `ray.init()`, with the address of the cluster, first")
    if not rows:
        raise InputError("there are 0 shards, but at least 1 is needed")
    results: queue.Queue[Any] = queue.Queue()

    def task(row: dict[str, Any]) -> dict[str, Any]:
        try:
            return work(row)
        except InputError as error:
            # To try again would not help, and an exception loses its class on the way.
            return {"refused": str(error)}

    def run() -> None:
        try:
            dataset = ray.data.from_items(rows, override_num_blocks=len(rows)).map(task, **resources)
            for line in dataset.iter_rows():
                results.put(line)
            results.put(None)
        except BaseException as error:
            results.put(error)

    threading.Thread(target=run, name="lelp-ray", daemon=True).start()
    for _ in range(len(rows) + 1):
        try:
            result = results.get(timeout=stall_seconds)
        except queue.Empty:
            raise SystemFailure(
                f"no task of {len(rows)} ended for {stall_seconds:g} seconds; what is written stays, and the same call goes on"
            ) from None
        if result is None:
            return
        if isinstance(result, BaseException):
            raise result
        if "refused" in result:
            raise InputError(result["refused"])
        yield result
