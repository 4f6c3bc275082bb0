"""A process of its own for long work: `python -m lelp._child OUTCOME COMMAND...` runs the command and leaves what became of it.

Training takes over a process: its threads, its signals, its memory. So Python starts another one, and this is its program.
"""

from __future__ import annotations

import json
import pathlib
import signal
import sys


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from lelp._lelp import run_to_end

    status, error = run_to_end(["lelp", *sys.argv[2:]])
    pathlib.Path(sys.argv[1]).write_text(json.dumps({"status": status, "error": error}))


if __name__ == "__main__":
    main()
