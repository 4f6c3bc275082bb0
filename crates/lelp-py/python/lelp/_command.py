"""The `lelp` command as Python installs it: the whole of it is in the native module."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Runs the command with the arguments of this process, and ends the process with its status."""
    # Python's own handlers only note a signal, for an interpreter that is not running here.
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    from lelp._lelp import run

    sys.exit(run(["lelp", *sys.argv[1:]]))
