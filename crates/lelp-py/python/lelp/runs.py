"""Training from Python: `distill`, `signals`, `compare`, and their reports.

Each runs the command of the same name, with its options as keyword arguments (`split_weight=0.3` is `--split-weight 0.3`;
`lelp distill --help` has them all), in a process of its own.
"""

from __future__ import annotations

import contextlib
import html
import json
import os
import pathlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from lelp._commands import run, write_rows
from lelp._inputs import describe
from lelp.errors import InputError
from lelp.model import Model
from lelp.signals_folder import Signals


class Report:
    """A run as one HTML page, which a notebook shows inline."""

    def __init__(self, page: str) -> None:
        self.html = page

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the page to a file."""
        pathlib.Path(path).write_text(self.html, encoding="utf-8")

    def _repr_html_(self) -> str:
        # In a frame of its own, so that neither page's styles reach the other's.
        page = html.escape(self.html, quote=True)
        return f'<iframe srcdoc="{page}" style="width:100%;height:80vh;border:0" sandbox="allow-scripts"></iframe>'

    def __repr__(self) -> str:
        return f"<lelp report, {len(self.html):,} characters>"


def report(run_folder: str | os.PathLike[str], *, title: str | None = None) -> Report:
    """A run (the folder of a student or of a comparison) as one page."""
    with tempfile.TemporaryDirectory(prefix="lelp-") as folder:
        page = pathlib.Path(folder) / "report.html"
        run("report", {"run": run_folder, "out": page, "title": title}, progress=False)
        return Report(page.read_text(encoding="utf-8"))


class Distilled(Model):
    """A student that was trained here: it answers, and says how it was made."""

    @property
    def folder(self) -> pathlib.Path:
        """The student's folder."""
        return pathlib.Path(self._folder)

    @property
    def run(self) -> dict[str, Any]:
        """All settings, hashes and figures of the run, as in `run.json`."""
        return json.loads((self.folder / "run.json").read_text())

    @property
    def metrics(self) -> Any:
        """Every term of the loss and every figure in every epoch, as a data frame."""
        lines = (self.folder / "metrics.jsonl").read_text().splitlines()
        return frame([flat(json.loads(line)) for line in lines])

    def report(self, *, title: str | None = None) -> Report:
        """The run as one page."""
        return report(self.folder, title=title)


def distill(
    data: Any,
    *,
    out: str | os.PathLike[str] | None = None,
    validation: Any = None,
    test: Any = None,
    teacher: str | os.PathLike[str] | None = None,
    signals: str | os.PathLike[str] | Signals | None = None,
    method: str = "auto",
    progress: bool = True,
    **settings: Any,
) -> Distilled:
    """Trains a student, and loads it.

    `data` is a file, a folder with train, validation and test files, a table (pandas, Polars, Arrow) or a dict of columns;
    rows that are in memory are kept beside the student, in `OUT-data`, and take the place of those of an earlier call. Without
    `out` the student is in a folder for temporary files. `settings` are all other options of `lelp distill`: `subclasses=8`, `student="mlp"`, `number_columns=["price"]`.
    """
    folder = pathlib.Path(out if out is not None else tempfile.mkdtemp(prefix="lelp-student-"))
    if out is None:
        settings["overwrite"] = True
    given = {
        "teacher": teacher,
        "signals": signals.folder if isinstance(signals, Signals) else signals,
        "method": method,
        "out": folder,
    }
    try:
        with _data_path({"train": data, "validation": validation, "test": test}, folder) as rows:
            run("distill", {"data": rows, **given, **settings}, progress=progress)
    except BaseException:
        if out is None:
            for made in (folder, _room(folder)):
                shutil.rmtree(made, ignore_errors=True)
        raise
    return Distilled(folder, threads=settings.get("threads"))


# What says that a folder of rows was made here, and may be made anew.
MADE_HERE = ".made-by-lelp"


def _room(out: pathlib.Path) -> pathlib.Path:
    """The folder beside `out` in which rows are kept."""
    place = pathlib.Path(os.path.abspath(out))
    if not place.name:
        raise InputError(f"`{out}` is no folder that a student can be in")
    return place.with_name(place.name + "-data")


def _is_ours(room: pathlib.Path) -> bool:
    """Whether the folder was made here, and nothing else was put into it."""
    names = [path.name for path in room.iterdir()] if room.is_dir() else []
    return MADE_HERE in names and all(
        name == MADE_HERE or name.split(".")[0] in ("train", "validation", "test") for name in names
    )


@contextlib.contextmanager
def _data_path(splits: Mapping[str, Any], out: pathlib.Path) -> Iterator[pathlib.Path]:
    """The path of the training file, or of a folder with all splits. Where the work with it fails, what was there before is there
    again."""
    given = {name: data for name, data in splits.items() if data is not None}
    if "train" not in given:
        raise InputError("data are None, but a path, a table, or a dict of columns is needed")
    paths = {name: pathlib.Path(data) for name, data in given.items() if isinstance(data, (str, os.PathLike))}
    if list(given) == ["train"] and paths:
        yield paths["train"]
        return
    room = _room(out)
    if room.is_symlink() or (room.exists() and not _is_ours(room)):
        raise InputError(f"`{room}` is there already and was not made by an earlier call; move it, or take another `out`")
    mark = secrets.token_hex(8)
    new, old = (room.with_name(f".{room.name}.{mark}.{end}") for end in ("new", "old"))
    placed = False
    try:
        new.mkdir(parents=True)
        (new / MADE_HERE).touch()
        for name, data in given.items():
            if name not in paths:
                write_rows(data, new / name)
            elif paths[name].is_file():
                shutil.copyfile(paths[name], new / f"{name}{paths[name].suffix}")
            else:
                raise InputError(f"`{paths[name]}` is no file; beside other splits each is a file or a table")
        if room.exists():
            os.replace(room, old)
        os.replace(new, room)
        placed = True
        files = sorted(path for path in room.iterdir() if path.name != MADE_HERE)
        yield files[0] if len(files) == 1 else room
    except BaseException as error:
        if old.exists():
            shutil.rmtree(room, ignore_errors=True)
            os.replace(old, room)
        elif placed and isinstance(error, InputError):
            shutil.rmtree(room, ignore_errors=True)
        raise
    finally:
        for left in (new, old):
            shutil.rmtree(left, ignore_errors=True)


def signals(
    data: Any,
    *,
    out: str | os.PathLike[str],
    teacher: str | os.PathLike[str] | None = None,
    progress: bool = True,
    **settings: Any,
) -> Signals:
    """Runs a teacher over rows and stores its embeddings and logits in `out`; a run that was stopped goes on.

    `settings` are all other options of `lelp signals`.
    """
    folder = pathlib.Path(out)
    with _data_path({"train": data}, folder) as rows:
        run("signals", {"data": rows, "teacher": teacher, "out": folder, **settings}, progress=progress)
    return Signals(folder)


class Comparison:
    """A finished comparison."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = pathlib.Path(folder)
        self.summary: dict[str, Any] = json.loads((self.folder / "summary.json").read_text())

    @property
    def table(self) -> Any:
        """A row for each method in each setting, as a data frame; nested figures as `accuracy.mean`."""
        rows = [
            {**table["setting"], **flat({key: value for key, value in line.items() if key not in ("distill", "train")})}
            for table in self.summary["tables"]
            for line in table["lines"]
        ]
        return frame(rows)

    def report(self, *, title: str | None = None) -> Report:
        """The comparison as one page."""
        return report(self.folder, title=title)

    def _repr_markdown_(self) -> str:
        return (self.folder / "tables.md").read_text(encoding="utf-8")


def compare(
    recipe: Mapping[str, Any] | str | os.PathLike[str],
    *,
    out: str | os.PathLike[str],
    progress: bool = True,
    **settings: Any,
) -> Comparison:
    """Compares methods over data sets, teachers, students and seeds; what was stopped goes on.

    `recipe` is a TOML file, or the same as a dict, whose paths are relative to the folder one is in.
    """
    folder = pathlib.Path(out)
    if isinstance(recipe, Mapping):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "recipe.toml"
        path.write_text(to_toml(recipe), encoding="utf-8")
        settings.setdefault("data", os.getcwd())
    elif isinstance(recipe, (str, os.PathLike)):
        path = pathlib.Path(recipe)
    else:
        raise InputError(f"the recipe is {describe(recipe)}, but a TOML file or a dict is needed")
    run("compare", {"recipe": path, "out": folder, **settings}, progress=progress)
    return Comparison(folder)


def to_toml(recipe: Mapping[str, Any]) -> str:
    """A recipe as TOML: one line a key, tables inline."""
    return "".join(f"{json.dumps(str(key))} = {_toml_value(value)}\n" for key, value in recipe.items())


def _toml_value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {_toml_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, (str, bool, int)):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, float):
        return repr(value)
    raise InputError(f"a recipe holds strings, numbers, booleans, lists and dicts, but no {type(value).__qualname__}")


def flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"a": {"b": 1}}` as `{"a.b": 1}`."""
    columns: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            columns.update(flat(value, f"{prefix}{key}."))
        else:
            columns[prefix + key] = value
    return columns


def frame(rows: list[dict[str, Any]]) -> Any:
    """Rows as a data frame of pandas, or of Polars where that alone is installed."""
    try:
        import pandas

        return pandas.DataFrame(rows)
    except ImportError:
        pass
    try:
        import polars

        return polars.DataFrame(rows, infer_schema_length=None, strict=False)
    except ImportError:
        raise InputError("a data frame needs pandas or Polars, and neither is installed") from None
