"""A fit over shards: the same bits wherever they were made, each counted once, nothing half-written."""

from __future__ import annotations

import multiprocessing
import os
import pathlib

import numpy as np
import pytest

import lelp
from lelp import shards

pytest.importorskip("sklearn")

HEAD = np.random.default_rng(9).normal(size=(2, 10)).astype(np.float32), np.zeros(2, np.float32)


def read(source: int) -> dict[str, np.ndarray]:
    """Rows of a shard, the same whenever they are read."""
    rng = np.random.default_rng(source)
    embeddings = rng.normal(size=(500 + 13 * source, 10)).astype(np.float32)
    return {"embeddings": embeddings, "logits": embeddings @ HEAD[0].T}


def write_all(folder: pathlib.Path, count: int, **settings: object) -> int:
    return sum(shards.write_part(folder, shard, **read(shard), **settings)["rows"] for shard in range(count))


def test_moments_of_any_number_of_shards_fit_as_all_rows_do(tmp_path):
    # From 4096 rows of a class on, the products of further blocks are of single precision.
    for count, rounding in [(1, 1e-9), (2, 1e-9), (5, 1e-9), (17, 1e-6)]:
        folder = tmp_path / f"{count}"
        rows = write_all(folder, count)
        fit = shards.fit_parts(folder, count, subclasses=2, rotation="none", head=HEAD)
        parts = [read(shard) for shard in range(count)]
        whole = lelp.LELP(2, rotation="none", head=HEAD)
        whole.fit(np.vstack([part["embeddings"] for part in parts]), logits=np.vstack([part["logits"] for part in parts]))
        assert rows == sum(own["members"] for own in fit.report()["classes"])
        for own, all_ in zip(fit.report()["classes"], whole.report()["classes"]):
            assert own["members"] == all_["members"]
            np.testing.assert_allclose(own["spectrum"], all_["spectrum"], rtol=rounding)


def test_a_tree_of_nodes_gives_the_bits_of_the_tree_in_memory(tmp_path):
    count = 37
    write_all(tmp_path, count, keep_signals=False)
    alone = shards.fit_parts(tmp_path, count, subclasses=2, head=HEAD)
    for level in range(shards.levels(count)):
        for place in range(-(-count // shards.FAN_IN ** (level + 1))):
            shards.merge_node(tmp_path, level, place, count)
    top = shards.moments_at(tmp_path, shards.levels(count), 0)
    shared = shards.settings_of(tmp_path, count)
    spread = shards.fit_of(top, shared, {"subclasses": 2, "head": HEAD})
    assert spread.fit_.to_bytes() == alone.fit_.to_bytes()


def test_a_shard_counts_once_and_another_of_its_number_is_refused(tmp_path):
    first = shards.write_part(tmp_path, 0, **read(0))
    before = (tmp_path / "shard-00000" / shards.MOMENTS).stat().st_mtime_ns
    assert shards.write_part(tmp_path, 0, **read(0)) == first
    assert (tmp_path / "shard-00000" / shards.MOMENTS).stat().st_mtime_ns == before
    with pytest.raises(lelp.InputError, match="another rows: 500 there, 513 now"):
        shards.write_part(tmp_path, 0, **read(1))
    other = {**read(0), "embeddings": read(0)["embeddings"] + 1}
    with pytest.raises(lelp.InputError, match="another data"):
        shards.write_part(tmp_path, 0, **other)
    with pytest.raises(lelp.InputError, match="another teacher"):
        shards.write_part(tmp_path, 0, **read(0), teacher="b")


def test_a_lost_shard_is_named_and_one_too_many_too(tmp_path):
    write_all(tmp_path, 4)
    with pytest.raises(lelp.InputError, match="shard-00004` is not there, or not whole"):
        shards.fit_parts(tmp_path, 5)
    with pytest.raises(lelp.InputError, match="there should be 3 shards"):
        shards.fit_parts(tmp_path, 3)
    os.remove(tmp_path / "shard-00002/shard.json")
    with pytest.raises(lelp.InputError, match="write shard 00002 again"):
        shards.fit_parts(tmp_path, 4)


def test_a_refused_shard_leaves_nothing_behind(tmp_path):
    bad = read(0)
    bad["embeddings"][33, 4] = np.nan
    with pytest.raises(lelp.InputError, match="row 33, column 4 is NaN"):
        shards.write_part(tmp_path, 0, **bad)
    with pytest.raises(lelp.InputError, match="1 names for 2 classes"):
        shards.write_part(tmp_path, 0, **read(0), label_names=["a"])
    assert list(tmp_path.iterdir()) == []


def write_one(folder: pathlib.Path) -> None:
    shards.write_part(folder, 0, **read(0))


def test_tasks_of_one_shard_side_by_side_leave_it_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    tasks = [context.Process(target=write_one, args=(tmp_path,)) for _ in range(3)]
    [task.start() for task in tasks]
    [task.join() for task in tasks]
    assert [task.exitcode for task in tasks] == [0, 0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["shard-00000"]


def test_signals_of_a_shard_and_its_targets_are_files_of_the_command(tmp_path):
    write_all(tmp_path, 3, label_names=["no", "yes"])
    split = shards.fit_parts(tmp_path, 3, subclasses=2, head=HEAD)
    assert shards.write_targets(tmp_path, 1, split) == 513
    signals = lelp.Signals(tmp_path / "shard-00001")
    assert (signals.rows, signals.label_names) == (513, ["no", "yes"])
    split.save(tmp_path / "fit.safetensors")
    from conftest import lelp as command

    command("targets", "--signals", signals.folder, "--fit", tmp_path / "fit.safetensors", "--out", tmp_path / "t")
    assert (tmp_path / "t").read_bytes() == (tmp_path / "shard-00001" / shards.TARGETS).read_bytes()
    shards.write_part(tmp_path / "light", 0, **read(0), keep_signals=False)
    with pytest.raises(lelp.InputError, match="moments alone"):
        shards.write_targets(tmp_path / "light", 0, split)
