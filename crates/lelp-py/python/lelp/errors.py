"""Exceptions, one for each kind of error: who has to act on it."""

from __future__ import annotations


class LelpError(Exception):
    """What every exception of this package is."""


class InputError(LelpError, ValueError):
    """The caller's data, files or settings are wrong."""


class SystemFailure(LelpError, OSError):
    """The surroundings failed: a full disk, no memory, no network, a cancelled run."""


class Defect(LelpError, RuntimeError):
    """This package is wrong; please report it."""
