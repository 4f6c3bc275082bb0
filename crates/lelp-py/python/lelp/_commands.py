"""Runs commands of the library in a process of their own: progress comes through, errors are exceptions."""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterable, Mapping
from typing import IO, Any

from lelp import errors
from lelp._inputs import as_list, check_column, check_lengths, single_matrix
from lelp.errors import Defect, InputError, SystemFailure

# Options whose values stand in one argument, between commas; all others are given again for each value.
JOINED = {
    "labels",
    "missing_labels",
    "number_columns",
    "category_columns",
    "probability_columns",
    "logit_columns",
}
# Options that are on or off; any other is given, or is not.
SWITCHES = {"null_space", "balanced"}


def options(settings: Mapping[str, Any]) -> list[str]:
    """Keyword arguments as the command's options: `split_weight=0.3` is `--split-weight=0.3`."""
    arguments = []
    for name, value in settings.items():
        option = "--" + name.replace("_", "-")
        value = _plain(value)
        if value is None or (value is False and name not in SWITCHES):
            continue
        if isinstance(value, bool):
            arguments.append(f"{option}={'on' if value else 'off'}" if name in SWITCHES else option)
        elif isinstance(value, Mapping):
            _check_commas(name, value)
            arguments.append(f"{option}={','.join(f'{key}={weight}' for key, weight in value.items())}")
        elif isinstance(value, list) and name in JOINED:
            _check_commas(name, value)
            arguments.append(f"{option}={','.join(map(str, value))}")
        elif isinstance(value, list):
            arguments += [f"{option}={one}" for one in value]
        else:
            arguments.append(f"{option}={os.fspath(value) if isinstance(value, os.PathLike) else value}")
    return arguments


def _plain(value: Any) -> Any:
    """An option's value as Python's own type: whatever holds several of them as a list."""
    if isinstance(value, (str, bytes, Mapping, os.PathLike)):
        return value
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "__iter__") and hasattr(value, "__len__"):
        return as_list(value)
    return value


def _check_commas(name: str, values: Iterable[Any]) -> None:
    """Names stand between commas on their way to the command."""
    for value in values:
        if "," in str(value):
            raise InputError(f"{name} hold {value!r}, but a name with a comma cannot be given; rename it in the data")


def run(command: str, settings: Mapping[str, Any], *, progress: bool) -> str:
    """Runs a command and gives what it printed. Warnings are Python's; with `progress` the steps go to `sys.stderr`.

    On Ctrl-C the command is told to stop where it can be resumed, and the call ends at once.
    """
    with tempfile.TemporaryDirectory(prefix="lelp-") as folder:
        outcome = pathlib.Path(folder) / "outcome.json"
        arguments = [command, *options(settings), *([] if progress else ["--quiet"])]
        process = subprocess.Popen(  # its pipes are closed below; to wait for it would hold up Ctrl-C
            [sys.executable, "-m", "lelp._child", str(outcome), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            # A Ctrl-C at a terminal reaches us alone, once.
            start_new_session=True,
        )
        said: list[str] = []
        talk = threading.Thread(target=_relay, args=(process.stderr, said), daemon=True)
        talk.start()
        try:
            assert process.stdout is not None and process.stderr is not None
            printed = process.stdout.read()
            process.wait()
            talk.join()
            for pipe in (process.stdout, process.stderr):
                pipe.close()
        except BaseException:
            process.send_signal(signal.SIGINT)
            raise
        for warning in said:
            warnings.warn(as_keywords(warning), stacklevel=3)
        if not outcome.is_file():
            raise SystemFailure(f"the process that ran `{command}` was ended with status {process.returncode}")
        ended = json.loads(outcome.read_text())
    if ended["error"] is not None:
        kind, message = ended["error"]
        raise getattr(errors, kind)(as_keywords(message))
    if ended["status"] != 0:
        raise Defect(f"`{command}` ended with status {ended['status']} and no error")
    return printed


def as_keywords(message: str) -> str:
    """The same with options as the keyword arguments that they are here, and without what is said of the command line."""
    message = re.sub(r"\n+(Usage: |For more information, try )[^\n]*", "", message)
    message = re.sub(r"`--([a-z][a-z0-9-]*) ([^`\s]+)`", _as_keyword, message)
    return re.sub(r"(?<![\w-])--([a-z][a-z0-9-]*)", lambda option: option[1].replace("-", "_"), message)


def _as_keyword(option: re.Match[str]) -> str:
    """An option with its value: `class_weights="balanced"`, and numbers as they are."""
    name, value = option[1].replace("-", "_"), option[2]
    number = re.fullmatch(r"-?[0-9.]+", value)
    return f"`{name}={value}`" if number else f'`{name}="{value}"`'


def _relay(lines: IO[str], said: list[str]) -> None:
    """Hands on what the process says, and keeps its warnings in `said`; from its error on, the exception says it."""
    for line in lines:
        if line.startswith("warning: "):
            said.append(line.removeprefix("warning: ").rstrip())
        elif line.startswith("error: "):
            break
        elif line.strip():
            sys.stderr.write(line)
    for _ in lines:
        pass


def write_rows(data: Any, path: pathlib.Path) -> pathlib.Path:
    """Rows as a file that the command reads: `path` with the ending of the format."""
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError:
        pyarrow = None
    path.parent.mkdir(parents=True, exist_ok=True)
    if hasattr(data, "dtype") and getattr(data, "ndim", 1) == 1:
        raise InputError("data are one column, but a path, a table, or a dict of columns is needed")
    if pyarrow and (isinstance(data, Mapping) or hasattr(data, "__arrow_c_stream__")):
        file = path.with_suffix(".parquet")
        partial = path.with_suffix(".partial")
        parquet.write_table(_arrow_table(data, pyarrow), partial)
        os.replace(partial, file)
        return file
    if not isinstance(data, Mapping):
        if not hasattr(data, "columns"):
            raise InputError(
                f"data are {type(data).__qualname__}, but a path, a table, or a dict of columns is needed"
            )
        data = {name: data[name] for name in data.columns}
    columns = {name: as_list(values) for name, values in data.items()}
    check_lengths(columns)
    file = path.with_suffix(".jsonl")
    with open(file, "w", encoding="utf-8") as lines:
        for row in zip(*columns.values()):
            lines.write(json.dumps(dict(zip(columns, row)), ensure_ascii=False) + "\n")
    return file


def _arrow_table(data: Any, pyarrow: Any) -> Any:
    if isinstance(data, Mapping):
        columns = {}
        for name, values in data.items():
            check_column(values)
            if getattr(values, "ndim", 1) == 2:
                vectors = single_matrix(values, f"vectors of column `{name}`")
                values = pyarrow.FixedSizeListArray.from_arrays(vectors.ravel(), vectors.shape[1])
            columns[name] = values
        data = columns
    try:
        return pyarrow.table(data)
    except (ValueError, TypeError, KeyError, pyarrow.ArrowException) as error:
        raise InputError(f"the columns are no table: {error}") from None
