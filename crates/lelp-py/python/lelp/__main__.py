"""`python -m lelp` is the command."""

from lelp._command import main

main()
