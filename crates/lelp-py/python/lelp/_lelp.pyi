"""
The native part of `lelp`.
"""

from _typeshed import Incomplete, SupportsGetItem
from os import PathLike
from typing import Final, SupportsFloat, SupportsIndex, final

__all__ = ["VERSION", "Fit", "Model", "SignalsWriter", "Statistics", "check_signals", "collapse", "read_targets", "run", "run_to_end", "write_targets"]

VERSION: Final[str]
"""
Version of the package and of the command.
"""

@final
class Fit:
    """
    A fitted split.
    """
    @property
    def classes(self, /) -> int:
        """
        Number of classes.
        """
    @staticmethod
    def from_bytes(bytes: bytes) -> Fit:
        """
        Reads the bytes of a file of `lelp fit`.
        """
    @property
    def label_names(self, /) -> list[str] | None:
        """
        Names of the classes, where it has them.
        """
    @property
    def per_class(self, /) -> int:
        """
        Subclasses of each class.
        """
    def report(self, /) -> str:
        """
        Settings and what was found in each class, as JSON.
        """
    def scores(self, /, embeddings: "object", threads: SupportsIndex | None = None) -> Incomplete:
        """
        Scores `[rows, classes * per_class]`: coordinates along directions, in the unit of each class.
        """
    def targets(self, /, embeddings: "object", logits: "object", beta: SupportsFloat | SupportsIndex, temperature: SupportsFloat | SupportsIndex, threads: SupportsIndex | None = None) -> Incomplete:
        """
        Targets `[rows, classes * per_class]`.
        """
    def to_bytes(self, /) -> bytes:
        """
        The bytes of such a file.
        """
    def with_label_names(self, /, names: SupportsGetItem[int, str]) -> Fit:
        """
        The same with names of the classes.
        """

@final
class Model:
    """
    A model of any kind, loaded from its folder.
    """
    def __new__(cls, /, folder: str | PathLike[str], threads: SupportsIndex | None = None) -> Model:
        """
        Loads the model in `folder`.
        """
    def __repr__(self, /) -> str: ...
    def answer_arrow(self, /, stream: "object", probabilities: bool = False) -> Incomplete:
        """
        As `answer_texts`, of an Arrow stream: what `__arrow_c_stream__` gives.
        """
    def answer_columns(self, /, columns: "list[tuple[str, object]]", probabilities: bool = False) -> Incomplete:
        """
        As `answer_texts`, of columns `(name, values)`: lists, or an array `[rows, width]` of float32 for vectors.
        """
    def answer_texts(self, /, texts: "list[str] | list[tuple[str, str]]", probabilities: bool = False) -> Incomplete:
        """
        Logits `[rows, classes]` of texts, or of pairs of texts; probabilities where these are asked for.
        """
    @property
    def columns(self, /) -> list[tuple[str, str, int | None]]:
        """
        Names and kinds of the columns that the model reads, and the width of each that is a vector.
        """
    @property
    def kind(self, /) -> str:
        """
        Name of the kind of model.
        """
    @property
    def labels(self, /) -> list[str]:
        """
        Names of the classes, in the order of the logits.
        """

@final
class SignalsWriter:
    """
    Writes a signals folder part by part; what a stopped run has written whole stays.
    """
    def __new__(cls, /, folder: str | PathLike[str], label_names: SupportsGetItem[int, str], width: SupportsIndex, rows: SupportsIndex, part_rows: SupportsIndex, half: bool = False, teacher: str | None = None, data: str | None = None, overwrite: bool = False) -> SignalsWriter:
        """
        Begins signals, or goes on with those of the same description. `teacher` and `data` are hashes, where they are known.
        """
    def close(self, /) -> None:
        """
        Lets others write to the folder; what is written stays, and another writer goes on with it.
        """
    def finish(self, /) -> None:
        """
        Marks the signals as complete; an error where parts are missing.
        """
    def next_rows(self, /) -> tuple[int, int] | None:
        """
        First row of the next part, and the row behind its last; None when all parts are there.
        """
    def write(self, /, embeddings: "object", logits: "object", labels: "object | None" = None) -> None:
        """
        Writes the next part, of exactly the rows of `next_rows`; `labels` hold -1 for none.
        """
    def write_head(self, /, weight: "object", bias: "object") -> None:
        """
        Writes the teacher's head: weight `[classes, width]`, bias `[classes]`.
        """

@final
class Statistics:
    """
    Statistics of signals, gathered in any number of calls.
    """
    def __new__(cls, /, split: str, settings: str, seed: SupportsIndex, classes: SupportsIndex, width: SupportsIndex, members_by_label: bool = False, threads: SupportsIndex | None = None) -> Statistics:
        """
        Statistics of no rows, for the split `split` with its `settings`, a JSON object.
        """
    def add(self, /, embeddings: "object", logits: "object", labels: "object | None" = None) -> None:
        """
        Adds rows; `labels` hold -1 for none. Nothing is added where a row is refused.
        """
    def fit(self, /, head_weight: "object | None" = None, head_bias: "object | None" = None) -> Fit:
        """
        The fit of the rows so far; without a head it is estimated.
        """
    def merge(self, /, other: Statistics) -> None:
        """
        Adds the rows of other statistics of the same split.
        """
    def merge_moments(self, /, moments: bytes, rows: SupportsIndex) -> None:
        """
        Adds the rows of moments, the bytes of a file.
        """
    def moments(self, /) -> bytes:
        """
        The moments as the bytes of a file.
        """
    @property
    def rows(self, /) -> int:
        """
        Rows that were added or merged.
        """

def check_signals(folder: str | PathLike[str]) -> None:
    """
    Opens a signals folder and checks every part and value.
    """

def collapse(outputs: "object", classes: SupportsIndex, per_class: SupportsIndex) -> Incomplete:
    """
    Log-sum-exp over the subclasses of each class: outputs `[rows, classes * per_class]` to logits `[rows, classes]`.
    """

def read_targets(bytes: bytes) -> "tuple[object, int, int, float, float]":
    """
    What such bytes hold: targets, classes, subclasses of each, beta and temperature.
    """

def run(arguments: SupportsGetItem[int, str]) -> int:
    """
    Runs the command with these arguments, the program's name first, and gives the exit status.
    """

def run_to_end(arguments: SupportsGetItem[int, str]) -> tuple[int, tuple[str, str] | None]:
    """
    As `run`; gives status, and class and message of the error where there was one.
    """

def write_targets(targets: "object", classes: SupportsIndex, per_class: SupportsIndex, beta: SupportsFloat | SupportsIndex, temperature: SupportsFloat | SupportsIndex) -> bytes:
    """
    Targets as the bytes of a file of `lelp targets`.
    """
