"""Distil a classifier with few classes into a small, fast one.

>>> import lelp
>>> student = lelp.load("student")  # doctest: +SKIP
>>> student.predict_proba(["where is my card?"])  # doctest: +SKIP

Everything is imported when it is first used: `import lelp` costs a few milliseconds.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lelp._lelp import VERSION as __version__
    from lelp.errors import Defect, InputError, LelpError, SystemFailure
    from lelp.model import Model, load
    from lelp.runs import Comparison, Distilled, Report, compare, distill, report, signals
    from lelp.shards import write_part
    from lelp.signals_folder import Signals, SignalsWriter
    from lelp.sklearn import LELP, DistilledClassifier, NgramClassifier

# Where each public name is defined.
_HOME = {
    "Comparison": "lelp.runs",
    "Defect": "lelp.errors",
    "Distilled": "lelp.runs",
    "DistilledClassifier": "lelp.sklearn",
    "InputError": "lelp.errors",
    "LELP": "lelp.sklearn",
    "LelpError": "lelp.errors",
    "Model": "lelp.model",
    "NgramClassifier": "lelp.sklearn",
    "Report": "lelp.runs",
    "Signals": "lelp.signals_folder",
    "SignalsWriter": "lelp.signals_folder",
    "SystemFailure": "lelp.errors",
    "compare": "lelp.runs",
    "distill": "lelp.runs",
    "load": "lelp.model",
    "report": "lelp.runs",
    "signals": "lelp.runs",
    "write_part": "lelp.shards",
}

# Modules that are imported when they are first named.
_MODULES = ("ray", "shards", "sklearn", "torch", "transformers")

__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> object:
    if name == "__version__":
        value = _import_module("lelp._lelp").VERSION
    elif name in _HOME:
        value = getattr(_import_module(_HOME[name]), name)
    elif name in _MODULES:
        try:
            value = _import_module(f"lelp.{name}")
        except ModuleNotFoundError as error:
            raise AttributeError(f"`lelp.{name}` needs `{error.name}`, which is not installed") from error
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
