"""A fit on a local cluster of several raylets, one of which is killed in the middle."""

from __future__ import annotations

import pathlib
import threading
import time

import pytest
from test_shards import HEAD, read

import lelp
from lelp import shards

ray = pytest.importorskip("ray")
pytest.importorskip("sklearn")

import ray.cluster_utils  # noqa: E402

import lelp.ray as spread  # noqa: E402

SHARDS = 24


def read_slowly(source):
    time.sleep(0.3)
    return read(source)


def test_without_a_cluster_it_is_said(tmp_path):
    with pytest.raises(lelp.InputError, match="call `ray.init"):
        spread.write_shards([0], read, tmp_path)


@pytest.fixture()
def cluster(monkeypatch):
    # Workers of low priority would wait for whatever else runs here.
    monkeypatch.setenv("RAY_worker_niceness", "0")
    cluster = ray.cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    import conftest

    here = pathlib.Path(conftest.__file__).parent
    ray.init(address=cluster.address, runtime_env={"env_vars": {"PYTHONPATH": f"{here}:{path_of(lelp)}"}})
    yield cluster, nodes
    ray.shutdown()
    cluster.shutdown()


def path_of(module):
    return pathlib.Path(module.__file__).parents[1]


def test_a_node_that_dies_in_the_middle_changes_no_bit_of_the_fit(cluster, tmp_path):
    cluster, nodes = cluster
    killed = []

    def kill():
        while len(list(tmp_path.glob("shard-*"))) < SHARDS // 4:
            time.sleep(0.05)
        cluster.remove_node(nodes[0], allow_graceful=False)
        killed.append(len(list(tmp_path.glob("shard-*"))))

    killer = threading.Thread(target=kill)
    killer.start()
    rows = spread.write_shards(list(range(SHARDS)), read_slowly, tmp_path, stall_seconds=120)
    killer.join()
    assert killed[0] < SHARDS
    assert rows == sum(500 + 13 * shard for shard in range(SHARDS))

    fit = spread.fit(tmp_path, SHARDS, subclasses=2, head=HEAD)
    for shard in range(SHARDS):
        shards.write_part(tmp_path / "alone", shard, **read(shard))
    alone = shards.fit_parts(tmp_path / "alone", SHARDS, subclasses=2, head=HEAD)
    assert fit.fit_.to_bytes() == alone.fit_.to_bytes()
    assert spread.write_targets(tmp_path, SHARDS, fit) == rows
    shards.write_targets(tmp_path / "alone", 7, alone)
    name = f"shard-00007/{shards.TARGETS}"
    assert (tmp_path / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
    refusals(tmp_path)
    stalls(tmp_path)


def stalls(folder):
    def never(source):
        time.sleep(20)
        return read(source)

    with pytest.raises(lelp.SystemFailure, match="no task of 1 ended for 3 seconds"):
        spread.write_shards([0], never, folder / "stalled", stall_seconds=3)
    # What goes on must end before the cluster does.
    for thread in threading.enumerate():
        if thread.name == "lelp-ray":
            thread.join(60)


def refusals(folder):
    with pytest.raises(lelp.InputError, match="another data|another rows"):
        spread.write_shards([1], read, folder, stall_seconds=60)
