"""The package: its import, its command, its exceptions, Ctrl-C."""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import lelp as command

import lelp
from lelp import _lelp


def test_the_import_brings_nothing_that_is_not_used():
    names = "numpy pandas torch transformers sklearn ray pyarrow lelp._lelp".split()
    script = f"import sys, lelp; print([name for name in {names} if name in sys.modules], lelp.__version__)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"[] {_lelp.VERSION}\n"
    assert "load" in dir(lelp) and not hasattr(lelp, "nothing_of_the_kind")


def test_the_import_takes_less_than_100_milliseconds():
    script = "import time; start = time.perf_counter(); import lelp; print(time.perf_counter() - start)"
    run = lambda: float(subprocess.check_output([sys.executable, "-c", script]))  # noqa: E731
    assert min(run() for _ in range(5)) < 0.1


def test_the_command_is_that_of_the_program():
    assert command("--version").stdout == f"lelp {_lelp.VERSION}\n"
    script = pathlib.Path(sys.executable).parent / "lelp"
    assert subprocess.check_output([script, "--version"], text=True) == f"lelp {_lelp.VERSION}\n"
    assert command("distill", check=False).returncode == 2
    missing = command("predict", "--model", "nowhere", check=False)
    assert missing.returncode == 1 and "hint:" in missing.stderr


def test_ctrl_c_ends_the_command(text_student):
    reader = subprocess.Popen(
        [sys.executable, "-m", "lelp", "predict", "--model", text_student],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )
    reader.stdin.write("my card\n")
    reader.stdin.flush()
    assert reader.stdout.readline()
    reader.send_signal(signal.SIGINT)
    assert reader.wait(10) == -signal.SIGINT
    reader.communicate()


def test_exceptions_are_told_apart_by_who_has_to_act():
    assert issubclass(lelp.InputError, ValueError) and issubclass(lelp.InputError, lelp.LelpError)
    assert issubclass(lelp.SystemFailure, OSError) and issubclass(lelp.Defect, RuntimeError)
    with pytest.raises(lelp.InputError, match="no split is called `ward`"):
        _lelp.Statistics("ward", "{}", 0, 2, 4)
    status, error = _lelp.run_to_end(["lelp", "eval", "--model", "nowhere", "--data", "nothing.csv"])
    assert status == 1 and error[0] == "InputError" and "--" not in error[1]
    status, error = _lelp.run_to_end(["lelp", "distill", "--no-such-option"])
    assert status == 2 and error[0] == "InputError"


INTERRUPTED = """
import os, signal, threading, time
import numpy as np
from lelp import _lelp
rows = np.random.default_rng(0).normal(size=(80000, 768)).astype(np.float32)
logits = np.zeros((80000, 2), np.float32)
statistics = _lelp.Statistics("lelp", "{}", 0, 2, 768, threads=1)
start = time.perf_counter()
statistics.add(rows, logits)
whole = time.perf_counter() - start
def interrupt():
    time.sleep(whole / 4)
    sent.append(time.perf_counter())
    os.kill(os.getpid(), signal.SIGINT)
sent = []
threading.Thread(target=interrupt).start()
try:
    statistics.add(rows, logits)
except KeyboardInterrupt:
    print((time.perf_counter() - sent[0]) / whole)
"""


def test_ctrl_c_ends_a_long_call_in_its_midst_while_other_threads_run():
    shares = [float(subprocess.check_output([sys.executable, "-c", INTERRUPTED])) for _ in range(3)]
    assert min(shares) < 0.25, shares


def test_a_call_that_was_interrupted_or_refused_added_nothing():
    statistics = _lelp.Statistics("lelp", '{"subclasses": 2}', 0, 2, 4)
    rng = np.random.default_rng(0)
    rows, logits = rng.normal(size=(50, 4)).astype(np.float32), rng.normal(size=(50, 2)).astype(np.float32)
    statistics.add(rows, logits)
    before = statistics.moments()
    rows[49, 3] = np.inf
    with pytest.raises(lelp.InputError, match="embedding row 99, column 3 is inf"):
        statistics.add(rows, logits)
    assert (statistics.rows, statistics.moments()) == (50, before)


def test_arrays_of_objects_and_wrong_types_are_refused():
    statistics = _lelp.Statistics("lelp", "{}", 0, 2, 4)
    with pytest.raises(TypeError, match="float32 or float16"):
        statistics.add(np.zeros((2, 4), dtype=object), np.zeros((2, 2), np.float32))
    with pytest.raises(lelp.InputError, match="width of the signals: found 5, expected 4"):
        statistics.add(np.zeros((2, 5), np.float32), np.zeros((2, 2), np.float32))
    with pytest.raises(lelp.InputError, match="3 rows beside logits of 2 rows|found 12, expected 8"):
        statistics.add(np.zeros((3, 4), np.float32), np.zeros((2, 2), np.float32))


def test_threads_share_statistics():
    statistics = _lelp.Statistics("lelp", "{}", 0, 2, 8, threads=2)
    rng = np.random.default_rng(0)
    rows, logits = rng.normal(size=(3000, 8)).astype(np.float32), rng.normal(size=(3000, 2)).astype(np.float32)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: statistics.add(rows, logits), range(40)))
    assert statistics.rows == 120_000
    assert sum(found["members"] for found in json.loads(statistics.fit().report())["classes"]) == 120_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_statistics_go_on_in_a_forked_process():
    statistics = _lelp.Statistics("lelp", "{}", 0, 2, 8, threads=4)
    rng = np.random.default_rng(0)
    rows, logits = rng.normal(size=(9000, 8)).astype(np.float32), rng.normal(size=(9000, 2)).astype(np.float32)
    statistics.add(rows, logits)
    child = os.fork()
    if child == 0:
        statistics.add(rows, logits)
        statistics.fit()
        os._exit(0 if statistics.rows == 18000 else 1)
    deadline = time.monotonic() + 60
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
        time.sleep(0.01)
    if ended == (0, 0):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert ended == (child, 0)
